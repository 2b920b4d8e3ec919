/* The header alone, twice, in C99: it needs nothing before it, and its _INITs leave no member out. */
#include <lvsarp.h>
#include <lvsarp.h>

static int on_finding(const struct lvsarp_finding *finding, void *arg)
{
    *(int32_t *)arg += finding->severity == LVSARP_SEVERITY_ERROR;
    return 0;
}

int main(void)
{
    const char *vips[] = { "192.0.2.10" };
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    struct lvsarp_apply_options apply = LVSARP_APPLY_OPTIONS_INIT;
    struct lvsarp_bind_options bind = LVSARP_BIND_OPTIONS_INIT;
    struct lvsarp_persist_options persist = LVSARP_PERSIST_OPTIONS_INIT;
    struct lvsarp_boot_options boot = LVSARP_BOOT_OPTIONS_INIT;
    struct lvsarp_meaning meaning = LVSARP_MEANING_INIT;
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    struct lvsarp_host *h = NULL;
    int32_t errors = 0;

    (void)levels;
    (void)bind;
    (void)persist;
    (void)boot;
    (void)meaning;
    (void)decision;
    if (lvsarp_open(NULL, &h) == 0 && lvsarp_plan(h, vips, 1, &apply, NULL, NULL) == 0)
        lvsarp_check(h, vips, 1, on_finding, &errors);
    lvsarp_close(h);
    return errors != 0 || LVSARP_FOREVER != UINT32_MAX;
}
