/* What a first user does: open, look at lo, close. Says which library it runs with. */
#include <lvsarp.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct lvsarp_host *h = NULL;
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    int rc = lvsarp_open(NULL, &h);

    if (rc < 0) {
        fprintf(stderr, "%s\n", lvsarp_strerror(rc));
        return 1;
    }
    rc = lvsarp_get(h, "lo", &levels);
    if (rc < 0)
        fprintf(stderr, "%s\n", lvsarp_message(h));
    if (lvsarp_get(h, "not/a/name", &levels) >= 0)
        rc = 1;
    lvsarp_close(h);
    if (strcmp(lvsarp_version(), LVSARP_VERSION) != 0)
        rc = 1;
    printf("%s\n", lvsarp_version());
    return rc != 0;
}
