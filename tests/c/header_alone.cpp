// The header alone, twice, in C++11.
#include <lvsarp.h>
#include <lvsarp.h>

static int on_finding(const struct lvsarp_finding *finding, void *arg)
{
    *static_cast<int32_t *>(arg) += finding->severity == LVSARP_SEVERITY_ERROR;
    return 0;
}

int main()
{
    const char *vips[] = { "192.0.2.10" };
    lvsarp_levels levels = LVSARP_LEVELS_INIT;
    lvsarp_apply_options apply = LVSARP_APPLY_OPTIONS_INIT;
    lvsarp_bind_options bind = LVSARP_BIND_OPTIONS_INIT;
    lvsarp_persist_options persist = LVSARP_PERSIST_OPTIONS_INIT;
    lvsarp_boot_options boot = LVSARP_BOOT_OPTIONS_INIT;
    lvsarp_meaning meaning = LVSARP_MEANING_INIT;
    lvsarp_decision decision = LVSARP_DECISION_INIT;
    lvsarp_host *h = nullptr;
    int32_t errors = 0;

    static_cast<void>(levels);
    static_cast<void>(bind);
    static_cast<void>(persist);
    static_cast<void>(boot);
    static_cast<void>(meaning);
    static_cast<void>(decision);
    if (lvsarp_open(nullptr, &h) == 0 && lvsarp_plan(h, vips, 1, &apply, nullptr, nullptr) == 0)
        lvsarp_check(h, vips, 1, on_finding, &errors);
    lvsarp_close(h);
    return errors != 0 || LVSARP_FOREVER != UINT32_MAX;
}
