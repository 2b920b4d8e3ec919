/*
 * NULL in every place of every function. The test's driver compares this table with the header: no place may be
 * missing.
 */
#include "hostile.h"

static const char *const VIP[] = { "192.0.2.10" };
static const char *const HOLE[] = { "192.0.2.10", NULL };
static const int32_t KEY[] = { LVSARP_ARP_IGNORE };
static const int32_t LEVEL[] = { 0 };
static const struct lvsarp_apply_options APPLY = LVSARP_APPLY_OPTIONS_INIT;
static const struct lvsarp_bind_options BIND = LVSARP_BIND_OPTIONS_INIT;
static const struct lvsarp_persist_options PERSIST = LVSARP_PERSIST_OPTIONS_INIT;
static const struct lvsarp_boot_options BOOT = LVSARP_BOOT_OPTIONS_INIT;
static const char *const NAMES[] = { "eth7" };
static const char *const NAMELESS[] = { "eth7", NULL };
/* Any place that is not NULL, for arg. */
static int count;
/* All at once: the first one that is looked at is refused. */
#define NOBODY ((struct lvsarp_host *)NULL)

static void without_a_handle(void)
{
    size_t length;
    char *json = snapshot_text(h, &length);

    TRY(0, lvsarp_open, (NULL, &out.host));
    TRY(-EINVAL, lvsarp_open, ("nowhere", NULL));
    TRY(0, lvsarp_open_message, (NULL, &out.host, out.message, sizeof out.message));
    TRY(-EINVAL, lvsarp_open_message, ("nowhere", NULL, out.message, sizeof out.message));
    TRY(-ENOENT, lvsarp_open_message, ("nowhere", &out.host, NULL, 0));
    TRY(-ENOENT, lvsarp_open_message, ("nowhere", &out.host, NULL, 100));
    TRY(-EINVAL, lvsarp_open_message, (NULL, NULL, NULL, 0));
    TRY(-EINVAL, lvsarp_open_snapshot, (NULL, 2, &out.host, out.message, sizeof out.message));
    TRY(-EINVAL, lvsarp_open_snapshot, (json, length, NULL, out.message, sizeof out.message));
    TRY(0, lvsarp_open_snapshot, (json, length, &out.host, NULL, 0));
    TRY(-EINVAL, lvsarp_open_snapshot, (NULL, 0, NULL, NULL, 0));
    free(json);

    puts("lvsarp_close(NULL)");
    lvsarp_close(NULL);
    EXPECT(TRY_TEXT(lvsarp_message, (NULL))[0] != 0, "it says nothing");
    TRY_TEXT(lvsarp_hint, (NULL));
    TRY_TEXT(lvsarp_kind, (NULL));
    TRY_TEXT(lvsarp_boot_loader, (NULL));
    EXPECT(TRY_TEXT(lvsarp_strerror, (-EINVAL))[0] != 0, "it says nothing");
    EXPECT(strchr(TRY_TEXT(lvsarp_version, ()), '.') != NULL, "it is no version");

    TRY(0, lvsarp_meaning_of, (LVSARP_ARP_IGNORE, 1, NULL, &out.meaning));
    TRY(-EINVAL, lvsarp_meaning_of, (LVSARP_ARP_IGNORE, 1, "en", NULL));
    TRY(0, lvsarp_meaning_each, (LVSARP_ARP_IGNORE, NULL, see_meaning, &count));
    TRY(-EINVAL, lvsarp_meaning_each, (LVSARP_ARP_IGNORE, "en", NULL, &count));
    TRY(0, lvsarp_meaning_each, (LVSARP_ARP_IGNORE, "en", see_meaning, NULL));
    TRY(-EINVAL, lvsarp_key_each, (NULL, &count));
    TRY(0, lvsarp_key_each, (see_key, NULL));
    TRY(-EINVAL, lvsarp_key_find, (NULL));
}

static void looking(void)
{
    TRY(-EINVAL, lvsarp_snapshot, (NULL, see_text, &count));
    TRY(-EINVAL, lvsarp_snapshot, (h, NULL, &count));
    TRY(0, lvsarp_snapshot, (h, see_text, NULL));
    TRY(-EINVAL, lvsarp_lock_timeout, (NULL, LVSARP_LOCK_TIMEOUT));
    TRY(-EINVAL, lvsarp_get, (NULL, "lo", &out.levels));
    TRY(-EINVAL, lvsarp_get, (h, NULL, &out.levels));
    TRY(-EINVAL, lvsarp_get, (h, "lo", NULL));
    TRY(-EINVAL, lvsarp_get, (NOBODY, NULL, NULL));
    TRY(-EINVAL, lvsarp_read, (NULL, "lo", LVSARP_ARP_IGNORE, &out.value));
    TRY(-EINVAL, lvsarp_read, (h, NULL, LVSARP_ARP_IGNORE, &out.value));
    TRY(-EINVAL, lvsarp_read, (h, "lo", LVSARP_ARP_IGNORE, NULL));
    TRY(-EINVAL, lvsarp_interface_each, (NULL, see_interface, &count));
    TRY(-EINVAL, lvsarp_interface_each, (h, NULL, &count));
    TRY(0, lvsarp_interface_each, (h, see_interface, NULL));
    TRY(-EINVAL, lvsarp_vip_each, (NULL, "lo", see_address, &count));
    TRY(-EINVAL, lvsarp_vip_each, (h, NULL, see_address, &count));
    TRY(-EINVAL, lvsarp_vip_each, (h, "lo", NULL, &count));
    TRY(0, lvsarp_vip_each, (h, "lo", see_address, NULL));
    TRY(-EINVAL, lvsarp_address_each, (NULL, "lo", see_address, &count));
    TRY(0, lvsarp_address_each, (h, NULL, see_address, &count));
    TRY(-EINVAL, lvsarp_address_each, (h, "lo", NULL, &count));
    TRY(0, lvsarp_address_each, (h, "lo", see_address, NULL));
    TRY(-EINVAL, lvsarp_prefix_each, (NULL, see_prefix, &count));
    TRY(-EINVAL, lvsarp_prefix_each, (h, NULL, &count));
    TRY(0, lvsarp_prefix_each, (h, see_prefix, NULL));
    TRY(-EINVAL, lvsarp_changed, (NULL));
    TRY(-EINVAL, lvsarp_rolled_back, (NULL));
    TRY(-EINVAL, lvsarp_step_each, (NULL, see_step, &count));
    TRY(-EINVAL, lvsarp_step_each, (h, NULL, &count));
    TRY(0, lvsarp_step_each, (h, see_step, NULL));
    TRY(-EINVAL, lvsarp_finding_each, (NULL, see_finding, &count));
    TRY(-EINVAL, lvsarp_finding_each, (h, NULL, &count));
    TRY(0, lvsarp_finding_each, (h, see_finding, NULL));
    TRY(-EINVAL, lvsarp_verdict_each, (NULL, see_verdict, &count));
    TRY(-EINVAL, lvsarp_verdict_each, (h, NULL, &count));
    TRY(0, lvsarp_verdict_each, (h, see_verdict, NULL));
}

static void changing(void)
{
    TRY(-EINVAL, lvsarp_set, (NULL, "lo", LVSARP_ARP_IGNORE, 0));
    TRY(-EINVAL, lvsarp_set, (h, NULL, LVSARP_ARP_IGNORE, 0));
    TRY(-EINVAL, lvsarp_set_many, (NULL, "lo", KEY, LEVEL, 1, LVSARP_VIA_AUTO));
    TRY(-EINVAL, lvsarp_set_many, (h, NULL, KEY, LEVEL, 1, LVSARP_VIA_AUTO));
    TRY(-EINVAL, lvsarp_set_many, (h, "lo", NULL, LEVEL, 1, LVSARP_VIA_AUTO));
    TRY(-EINVAL, lvsarp_set_many, (h, "lo", KEY, NULL, 1, LVSARP_VIA_AUTO));
    TRY(-EINVAL, lvsarp_vip_bind, (NULL, "192.0.2.10", "lo", "lo:0"));
    TRY(-EINVAL, lvsarp_vip_bind, (h, NULL, "lo", "lo:0"));
    TRY(-EINVAL, lvsarp_vip_bind, (h, "192.0.2.10", NULL, "lo:0"));
    TRY(CHANGES, lvsarp_vip_bind, (h, "192.0.2.10", "lo", NULL));
    TRY(-EINVAL, lvsarp_vip_bind_many, (NULL, VIP, 1, &BIND, out.changed));
    TRY(-EINVAL, lvsarp_vip_bind_many, (h, NULL, 1, &BIND, out.changed));
    TRY(-EINVAL, lvsarp_vip_bind_many, (h, HOLE, 2, &BIND, out.changed));
    TRY(CHANGES, lvsarp_vip_bind_many, (h, VIP, 1, NULL, out.changed));
    TRY(CHANGES, lvsarp_vip_bind_many, (h, VIP, 1, &BIND, NULL));
    TRY(-EINVAL, lvsarp_vip_unbind, (NULL, "192.0.2.10", "lo"));
    TRY(-EINVAL, lvsarp_vip_unbind, (h, NULL, "lo"));
    TRY(-EINVAL, lvsarp_vip_unbind, (h, "192.0.2.10", NULL));
    TRY(-EINVAL, lvsarp_vip_unbind_many, (NULL, VIP, 1, "lo", out.changed));
    TRY(-EINVAL, lvsarp_vip_unbind_many, (h, NULL, 1, "lo", out.changed));
    TRY(-EINVAL, lvsarp_vip_unbind_many, (h, HOLE, 2, "lo", out.changed));
    TRY(-EINVAL, lvsarp_vip_unbind_many, (h, VIP, 1, NULL, out.changed));
    TRY(CHANGES, lvsarp_vip_unbind_many, (h, VIP, 1, "lo", NULL));
    TRY(-EINVAL, lvsarp_prefix_bind, (NULL, "198.51.100.0/24", "lo"));
    TRY(-EINVAL, lvsarp_prefix_bind, (h, NULL, "lo"));
    TRY(-EINVAL, lvsarp_prefix_bind, (h, "198.51.100.0/24", NULL));
    TRY(-EINVAL, lvsarp_prefix_unbind, (NULL, "198.51.100.0/24", "lo"));
    TRY(-EINVAL, lvsarp_prefix_unbind, (h, NULL, "lo"));
    TRY(-EINVAL, lvsarp_prefix_unbind, (h, "198.51.100.0/24", NULL));
}

static void as_a_whole(void)
{
    TRY(-EINVAL, lvsarp_plan, (NULL, VIP, 1, &APPLY, see_step, &count));
    TRY(-EINVAL, lvsarp_plan, (h, NULL, 1, &APPLY, see_step, &count));
    TRY(-EINVAL, lvsarp_plan, (h, HOLE, 2, &APPLY, see_step, &count));
    TRY(0, lvsarp_plan, (h, VIP, 1, NULL, see_step, &count));
    TRY(0, lvsarp_plan, (h, VIP, 1, &APPLY, NULL, &count));
    TRY(0, lvsarp_plan, (h, VIP, 1, &APPLY, see_step, NULL));
    TRY(-EINVAL, lvsarp_apply, (NULL, VIP, 1, &APPLY));
    TRY(-EINVAL, lvsarp_apply, (h, NULL, 1, &APPLY));
    TRY(-EINVAL, lvsarp_apply, (h, HOLE, 2, &APPLY));
    TRY(CHANGES, lvsarp_apply, (h, VIP, 1, NULL));
    TRY(-EINVAL, lvsarp_plan_undo, (NULL, see_step, &count));
    TRY(CHANGES, lvsarp_plan_undo, (h, NULL, &count));
    TRY(CHANGES, lvsarp_plan_undo, (h, see_step, NULL));
    TRY(-EINVAL, lvsarp_undo, (NULL));
    TRY(CHANGES, lvsarp_undo, (h));
    TRY(-EINVAL, lvsarp_check, (NULL, VIP, 1, see_finding, &count));
    TRY(-EINVAL, lvsarp_check, (h, NULL, 1, see_finding, &count));
    TRY(-EINVAL, lvsarp_check, (h, HOLE, 2, see_finding, &count));
    /* The VIP is not bound, so it is missing. */
    TRY(1, lvsarp_check, (h, VIP, 1, NULL, &count));
    TRY(1, lvsarp_check, (h, VIP, 1, see_finding, NULL));
    EXPECT(count > 0, "no callback was called");
}

static void the_next_boot(void)
{
    TRY(-EINVAL, lvsarp_persist, (NULL, VIP, 1, &APPLY, &PERSIST));
    TRY(-EINVAL, lvsarp_persist, (h, NULL, 1, &APPLY, &PERSIST));
    TRY(-EINVAL, lvsarp_persist, (h, HOLE, 2, &APPLY, &PERSIST));
    TRY(CHANGES, lvsarp_persist, (h, VIP, 1, NULL, &PERSIST));
    TRY(CHANGES, lvsarp_persist, (h, VIP, 1, &APPLY, NULL));
    TRY(-EINVAL, lvsarp_boot, (NULL, VIP, 1, NAMES, 1, &BOOT, see_finding, &count));
    TRY(-EINVAL, lvsarp_boot, (h, NULL, 1, NAMES, 1, &BOOT, see_finding, &count));
    TRY(-EINVAL, lvsarp_boot, (h, HOLE, 2, NAMES, 1, &BOOT, see_finding, &count));
    TRY(-EINVAL, lvsarp_boot, (h, VIP, 1, NULL, 1, &BOOT, see_finding, &count));
    TRY(-EINVAL, lvsarp_boot, (h, VIP, 1, NAMELESS, 2, &BOOT, see_finding, &count));
    TRY(-EINVAL, lvsarp_boot_level_each, (NULL, see_level, &count));
    TRY(-EINVAL, lvsarp_boot_rehearsed, (NULL));
    TRY(-EINVAL, lvsarp_unpersist, (NULL, &PERSIST));
    TRY(CHANGES, lvsarp_unpersist, (h, NULL));
    TRY(-EINVAL, lvsarp_restore, (NULL, "/"));
    TRY(CHANGES, lvsarp_restore, (h, NULL));
    /* No file says anything, so the VIP will be answered for. */
    TRY(1, lvsarp_boot, (h, VIP, 1, NAMES, 1, NULL, see_finding, &count));
    TRY(1, lvsarp_boot, (h, VIP, 1, NAMES, 1, &BOOT, NULL, &count));
    TRY(1, lvsarp_boot, (h, VIP, 1, NAMES, 1, &BOOT, see_finding, NULL));
    TRY(-EINVAL, lvsarp_boot_level_each, (h, NULL, &count));
    TRY(0, lvsarp_boot_level_each, (h, see_level, NULL));
    TRY(0, lvsarp_boot_rehearsed, (h));
    EXPECT(TRY_TEXT(lvsarp_boot_loader, (h))[0] != 0, "no loader");
    /* It is about the last call, and that is another one now. */
    lvsarp_check(h, VIP, 1, NULL, NULL);
    EXPECT(TRY_TEXT(lvsarp_boot_loader, (h))[0] == 0, "a loader of no boot");
}

static void questions(void)
{
    struct lvsarp_decision *decision = &out.decision;

    TRY(-EINVAL, lvsarp_would_reply, (NULL, "192.0.2.10", "192.0.2.1", "eth0", 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_reply, (h, NULL, "192.0.2.1", "eth0", 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_reply, (h, "192.0.2.10", NULL, "eth0", 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", NULL, 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", 0, NULL, see_note, &count));
    TRY(0, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", 0, decision, NULL, &count));
    TRY(0, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", 0, decision, see_note, NULL));
    TRY(-EINVAL, lvsarp_would_reply, (NOBODY, NULL, NULL, NULL, 0, NULL, NULL, NULL));
    TRY(-EINVAL, lvsarp_would_reply, (h, NULL, NULL, NULL, UINT32_MAX, NULL, NULL, NULL));
    TRY(-EINVAL, lvsarp_would_announce, (NULL, "192.0.2.1", "eth0", "192.0.2.10", 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_announce, (h, NULL, "eth0", "192.0.2.10", 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_announce, (h, "192.0.2.1", NULL, "192.0.2.10", 0, decision, see_note, &count));
    TRY(0, lvsarp_would_announce, (h, "192.0.2.1", "eth0", NULL, 0, decision, see_note, &count));
    TRY(-EINVAL, lvsarp_would_announce, (h, "192.0.2.1", "eth0", "192.0.2.10", 0, NULL, see_note, &count));
    TRY(0, lvsarp_would_announce, (h, "192.0.2.1", "eth0", "192.0.2.10", 0, decision, NULL, &count));
    TRY(0, lvsarp_would_announce, (h, "192.0.2.1", "eth0", "192.0.2.10", 0, decision, see_note, NULL));
    TRY(-EINVAL, lvsarp_would_announce, (NOBODY, NULL, NULL, NULL, 0, NULL, NULL, NULL));
    TRY(-EINVAL, lvsarp_assume, (NULL, "all", LVSARP_ARP_IGNORE, 1));
    TRY(-EINVAL, lvsarp_assume, (h, NULL, LVSARP_ARP_IGNORE, 1));
}

void nulls(void)
{
    without_a_handle();
    looking();
    changing();
    as_a_whole();
    the_next_boot();
    questions();
    nulls_on_the_wire();
}
