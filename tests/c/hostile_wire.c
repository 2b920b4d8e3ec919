/*
 * What only liblvsarp-full has for the wire and for event loops: NULL in every place, numbers at the ends of their
 * ranges and beyond, every size of every struct.
 */
#include <limits.h>

#include "hostile.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define DAY 86400000

static const char *const VIP[] = { "192.0.2.10" };
static const char *const HOLE[] = { "192.0.2.10", NULL };
/* Nobody is at these on the test's wire, so the answers are known: one VIP without a responder, a real server that is down. */
#define REAL_SERVER "192.0.2.12"
const struct lvsarp_probe_options QUICK_PROBE = { sizeof QUICK_PROBE, 1, 0, 0, 0, "" };
const struct lvsarp_audit_options QUICK_AUDIT = { sizeof QUICK_AUDIT, 1, 0, 0, 0 };
static const struct lvsarp_probe_options LONG_PROBE = { sizeof LONG_PROBE, DAY, 0, 0, 0, "" };
static const struct lvsarp_audit_options LONG_AUDIT = { sizeof LONG_AUDIT, DAY, 0, 0, 0 };
static const struct lvsarp_listen_options LISTEN = LVSARP_LISTEN_OPTIONS_INIT;
static const struct lvsarp_watch_options REPAIR = { sizeof REPAIR, 0, LVSARP_REPAIR, 0, 0 };
static const struct lvsarp_apply_options APPLY = LVSARP_APPLY_OPTIONS_INIT;
static const struct lvsarp_announce_options ANNOUNCE = LVSARP_ANNOUNCE_OPTIONS_INIT;
const struct lvsarp_role_options ROLE_DRY_RUN = { sizeof ROLE_DRY_RUN, 0, LVSARP_DRY_RUN, "" };
/* Any place that is not NULL, for arg. */
static int count;
/* What asks the wire or changes something needs a live host. */
#define LIVE(answer) (recorded ? -EROFS : (answer))

struct lvsarp_prober *prober;
struct lvsarp_listener *listener;
struct lvsarp_auditor *auditor;
struct lvsarp_watcher *watcher;

void open_all_in_a_loop(void)
{
    EXPECT(lvsarp_probe_open(h, VIP, 1, "eth0", &LONG_PROBE, &prober) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_listen_open(h, VIP, 1, "eth0", NULL, &listener) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_audit_open(h, VIP[0], REAL_SERVER, "eth0", &LONG_AUDIT, &auditor) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_watch_open(h, VIP, 1, NULL, NULL, &watcher) == 0, "%s", lvsarp_message(h));
}

void close_all_in_a_loop(void)
{
    lvsarp_probe_close(prober);
    lvsarp_listen_close(listener);
    lvsarp_audit_close(auditor);
    lvsarp_watch_close(watcher);
}

static void nulls_with_a_host(void)
{
    TRY(-EINVAL, lvsarp_probe, (NULL, VIP, 1, "eth0", &QUICK_PROBE, see_responder, &count));
    TRY(-EINVAL, lvsarp_probe, (h, NULL, 1, "eth0", &QUICK_PROBE, see_responder, &count));
    TRY(-EINVAL, lvsarp_probe, (h, HOLE, 2, "eth0", &QUICK_PROBE, see_responder, &count));
    TRY(-EINVAL, lvsarp_probe, (h, VIP, 1, NULL, &QUICK_PROBE, see_responder, &count));
    TRY(LIVE(1), lvsarp_probe, (h, VIP, 1, "eth0", NULL, see_responder, &count));
    TRY(LIVE(1), lvsarp_probe, (h, VIP, 1, "eth0", &QUICK_PROBE, NULL, &count));
    TRY(LIVE(1), lvsarp_probe, (h, VIP, 1, "eth0", &QUICK_PROBE, see_responder, NULL));
    TRY(-EINVAL, lvsarp_probe_open, (NULL, VIP, 1, "eth0", &QUICK_PROBE, &out.prober));
    TRY(-EINVAL, lvsarp_probe_open, (h, NULL, 1, "eth0", &QUICK_PROBE, &out.prober));
    TRY(-EINVAL, lvsarp_probe_open, (h, HOLE, 2, "eth0", &QUICK_PROBE, &out.prober));
    TRY(-EINVAL, lvsarp_probe_open, (h, VIP, 1, NULL, &QUICK_PROBE, &out.prober));
    TRY(LIVE(0), lvsarp_probe_open, (h, VIP, 1, "eth0", NULL, &out.prober));
    TRY(-EINVAL, lvsarp_probe_open, (h, VIP, 1, "eth0", &QUICK_PROBE, NULL));
    TRY(-EINVAL, lvsarp_listen_open, (NULL, VIP, 1, "eth0", &LISTEN, &out.listener));
    TRY(-EINVAL, lvsarp_listen_open, (h, NULL, 1, "eth0", &LISTEN, &out.listener));
    TRY(-EINVAL, lvsarp_listen_open, (h, HOLE, 2, "eth0", &LISTEN, &out.listener));
    TRY(-EINVAL, lvsarp_listen_open, (h, VIP, 1, NULL, &LISTEN, &out.listener));
    TRY(LIVE(0), lvsarp_listen_open, (h, VIP, 1, "eth0", NULL, &out.listener));
    TRY(-EINVAL, lvsarp_listen_open, (h, VIP, 1, "eth0", &LISTEN, NULL));
    TRY(-EINVAL, lvsarp_audit, (NULL, "192.0.2.10", REAL_SERVER, "eth0", &QUICK_AUDIT, &out.audit));
    TRY(-EINVAL, lvsarp_audit, (h, NULL, REAL_SERVER, "eth0", &QUICK_AUDIT, &out.audit));
    TRY(-EINVAL, lvsarp_audit, (h, "192.0.2.10", NULL, "eth0", &QUICK_AUDIT, &out.audit));
    TRY(-EINVAL, lvsarp_audit, (h, "192.0.2.10", REAL_SERVER, NULL, &QUICK_AUDIT, &out.audit));
    TRY(LIVE(LVSARP_AUDIT_DOWN), lvsarp_audit, (h, "192.0.2.10", REAL_SERVER, "eth0", NULL, &out.audit));
    TRY(LIVE(LVSARP_AUDIT_DOWN), lvsarp_audit, (h, "192.0.2.10", REAL_SERVER, "eth0", &QUICK_AUDIT, NULL));
    TRY(-EINVAL, lvsarp_audit_open, (NULL, "192.0.2.10", REAL_SERVER, "eth0", &QUICK_AUDIT, &out.auditor));
    TRY(-EINVAL, lvsarp_audit_open, (h, NULL, REAL_SERVER, "eth0", &QUICK_AUDIT, &out.auditor));
    TRY(-EINVAL, lvsarp_audit_open, (h, "192.0.2.10", NULL, "eth0", &QUICK_AUDIT, &out.auditor));
    TRY(-EINVAL, lvsarp_audit_open, (h, "192.0.2.10", REAL_SERVER, NULL, &QUICK_AUDIT, &out.auditor));
    TRY(LIVE(0), lvsarp_audit_open, (h, "192.0.2.10", REAL_SERVER, "eth0", NULL, &out.auditor));
    TRY(-EINVAL, lvsarp_audit_open, (h, "192.0.2.10", REAL_SERVER, "eth0", &QUICK_AUDIT, NULL));
    TRY(-EINVAL, lvsarp_watch_open, (NULL, VIP, 1, &APPLY, &REPAIR, &out.watcher));
    TRY(-EINVAL, lvsarp_watch_open, (h, NULL, 1, &APPLY, &REPAIR, &out.watcher));
    TRY(-EINVAL, lvsarp_watch_open, (h, HOLE, 2, &APPLY, &REPAIR, &out.watcher));
    TRY(LIVE(0), lvsarp_watch_open, (h, VIP, 1, NULL, &REPAIR, &out.watcher));
    TRY(-EINVAL, lvsarp_watch_open, (h, VIP, 1, &APPLY, NULL, &out.watcher));
    TRY(LIVE(0), lvsarp_watch_open, (h, VIP, 1, NULL, NULL, &out.watcher));
    TRY(-EINVAL, lvsarp_watch_open, (h, VIP, 1, &APPLY, &REPAIR, NULL));
    TRY(-EINVAL, lvsarp_announce, (NULL, VIP, 1, "eth0", &ANNOUNCE));
    TRY(-EINVAL, lvsarp_announce, (h, NULL, 1, "eth0", &ANNOUNCE));
    TRY(-EINVAL, lvsarp_announce, (h, HOLE, 2, "eth0", &ANNOUNCE));
    TRY(-EINVAL, lvsarp_announce, (h, VIP, 1, NULL, &ANNOUNCE));
    TRY(LIVE(-ECANCELED), lvsarp_announce, (h, VIP, 1, "eth0", NULL));
    TRY(-EINVAL, lvsarp_promote, (NULL, VIP, 1, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_promote, (h, NULL, 1, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_promote, (h, HOLE, 2, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_promote, (h, VIP, 1, NULL, &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_demote, (NULL, VIP, 1, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_demote, (h, NULL, 1, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_demote, (h, HOLE, 2, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_demote, (h, VIP, 1, NULL, &ROLE_DRY_RUN));
    TRY(LIVE(0), lvsarp_demote, (h, VIP, 1, "eth0", NULL));
    TRY(LIVE(0), lvsarp_promote, (h, VIP, 1, "eth0", NULL));
    TRY(LIVE(0), lvsarp_undo, (h));
}

static void nulls_in_a_loop(void)
{
    open_all_in_a_loop();
    TRY(-EINVAL, lvsarp_probe_start, (NULL));
    TRY(0, lvsarp_probe_start, (prober));
    TRY(-EINVAL, lvsarp_probe_fd, (NULL));
    TRY(-EINVAL, lvsarp_probe_lost, (NULL));
    TRY(-EINVAL, lvsarp_probe_dispatch, (NULL, see_responder, &count));
    TRY(-EAGAIN, lvsarp_probe_dispatch, (prober, NULL, &count));
    TRY(-EAGAIN, lvsarp_probe_dispatch, (prober, see_responder, NULL));
    TRY(-EINVAL, lvsarp_listen_fd, (NULL));
    TRY(-EINVAL, lvsarp_listen_lost, (NULL));
    TRY(-EINVAL, lvsarp_listen_dispatch, (NULL, see_heard, &count));
    TRY(-EINVAL, lvsarp_listen_dispatch, (listener, NULL, &count));
    TRY(0, lvsarp_listen_dispatch, (listener, see_heard, NULL));
    TRY(-EINVAL, lvsarp_audit_start, (NULL));
    TRY(0, lvsarp_audit_start, (auditor));
    TRY(-EINVAL, lvsarp_audit_fd, (NULL));
    TRY(-EINVAL, lvsarp_audit_dispatch, (NULL, &out.audit));
    TRY(-EAGAIN, lvsarp_audit_dispatch, (auditor, NULL));
    TRY(-EINVAL, lvsarp_watch_fd, (NULL));
    TRY(-EINVAL, lvsarp_watch_dispatch, (NULL, see_event, &count));
    TRY(-EINVAL, lvsarp_watch_dispatch, (watcher, NULL, &count));
    TRY(0, lvsarp_watch_dispatch, (watcher, see_event, NULL));
    EXPECT(TRY_TEXT(lvsarp_probe_message, (NULL))[0] != 0, "it says nothing");
    EXPECT(TRY_TEXT(lvsarp_listen_message, (NULL))[0] != 0, "it says nothing");
    EXPECT(TRY_TEXT(lvsarp_audit_message, (NULL))[0] != 0, "it says nothing");
    EXPECT(TRY_TEXT(lvsarp_watch_message, (NULL))[0] != 0, "it says nothing");
    close_all_in_a_loop();
    puts("lvsarp_probe_close(NULL)\nlvsarp_listen_close(NULL)\nlvsarp_audit_close(NULL)\nlvsarp_watch_close(NULL)");
    lvsarp_probe_close(NULL);
    lvsarp_listen_close(NULL);
    lvsarp_audit_close(NULL);
    lvsarp_watch_close(NULL);
}

void nulls_on_the_wire(void)
{
    nulls_with_a_host();
    if (!recorded)
        nulls_in_a_loop();
}

/* A member that is set to a number, and what the call returns then: one that is out of range is refused, on a recorded namespace any. */
#define RANGE(options, member, is_right, answer, function, arguments) \
    (options.member = number, TRY(LIVE((is_right) ? (answer) : -EINVAL), function, arguments), options.member = 0)
/* The same where C's numbers stand for a choice, which is looked at first. */
#define CHOICE(options, member, is_right, answer, function, arguments)                        \
    (options.member = of, TRY((is_right) ? LIVE(answer) : -EINVAL, function, arguments), options.member = 0)

static void numbers_of_options(int32_t of)
{
    const uint32_t number = (uint32_t)of;
    struct lvsarp_probe_options probe = LVSARP_PROBE_OPTIONS_INIT;
    RANGE(probe, timeout, number <= DAY, 0, lvsarp_probe_open, (h, VIP, 1, "eth0", &probe, &out.prober));
    RANGE(probe, requests, number <= 1000, 0, lvsarp_probe_open, (h, VIP, 1, "eth0", &probe, &out.prober));
    RANGE(probe, most, number <= 65536, 0, lvsarp_probe_open, (h, VIP, 1, "eth0", &probe, &out.prober));
    CHOICE(probe, sender, number <= 2, 0, lvsarp_probe_open, (h, VIP, 1, "eth0", &probe, &out.prober));
    if (number > DAY) {
        probe.timeout = number;
        TRY(LIVE(-EINVAL), lvsarp_probe, (h, VIP, 1, "eth0", &probe, see_responder, NULL));
    }

    struct lvsarp_listen_options listen = LVSARP_LISTEN_OPTIONS_INIT;
    listen.flags = number;
    TRY(number == 0 ? LIVE(0) : -EINVAL, lvsarp_listen_open, (h, VIP, 1, "eth0", &listen, &out.listener));
    listen.flags = 0;
    listen.reserved = number;
    TRY(number == 0 ? LIVE(0) : -EINVAL, lvsarp_listen_open, (h, VIP, 1, "eth0", &listen, &out.listener));

    struct lvsarp_audit_options audit = LVSARP_AUDIT_OPTIONS_INIT;
    RANGE(audit, timeout, number <= DAY, 0, lvsarp_audit_open, (h, *VIP, REAL_SERVER, "eth0", &audit, &out.auditor));
    RANGE(audit, tries, number <= 1000, 0, lvsarp_audit_open, (h, *VIP, REAL_SERVER, "eth0", &audit, &out.auditor));
    audit.port = number;
    TRY(number <= 65535 ? LIVE(0) : -EINVAL, lvsarp_audit_open, (h, *VIP, REAL_SERVER, "eth0", &audit, &out.auditor));
    audit.port = 0;
    audit.reserved = number;
    TRY(number == 0 ? LIVE(0) : -EINVAL, lvsarp_audit_open, (h, *VIP, REAL_SERVER, "eth0", &audit, &out.auditor));

    struct lvsarp_watch_options watch = LVSARP_WATCH_OPTIONS_INIT;
    int right = number == 0 || (number >= 10 && number <= DAY);
    RANGE(watch, interval, right, 0, lvsarp_watch_open, (h, VIP, 1, NULL, &watch, &out.watcher));
    RANGE(watch, per_minute, number <= 6000, 0, lvsarp_watch_open, (h, VIP, 1, NULL, &watch, &out.watcher));
    watch.flags = number;
    TRY(number <= 1 ? LIVE(0) : -EINVAL, lvsarp_watch_open, (h, VIP, 1, NULL, &watch, &out.watcher));
    watch.flags = 0;
    watch.reserved = number;
    TRY(number == 0 ? LIVE(0) : -EINVAL, lvsarp_watch_open, (h, VIP, 1, NULL, &watch, &out.watcher));

    /* The VIP is not on the interface, so the right ones are refused as well. */
    struct lvsarp_announce_options announce = LVSARP_ANNOUNCE_OPTIONS_INIT;
    RANGE(announce, count, number <= 1000, -ECANCELED, lvsarp_announce, (h, VIP, 1, "eth0", &announce));
    RANGE(announce, interval, number <= DAY, -ECANCELED, lvsarp_announce, (h, VIP, 1, "eth0", &announce));
    CHOICE(announce, form, number <= 2, -ECANCELED, lvsarp_announce, (h, VIP, 1, "eth0", &announce));
    /* By force both forms are sent. */
    announce.count = 1;
    announce.flags = number;
    int answer = (number & LVSARP_FORCE) != 0 ? 2 : -ECANCELED;
    TRY((number & ~(LVSARP_FORCE | LVSARP_DRY_RUN)) == 0 ? LIVE(answer) : -EINVAL, lvsarp_announce, (h, VIP, 1, "eth0", &announce));

    struct lvsarp_role_options role = ROLE_DRY_RUN;
    CHOICE(role, scope, number == 0, 0, lvsarp_promote, (h, VIP, 1, "eth0", &role));
    CHOICE(role, scope, number <= 1, 0, lvsarp_demote, (h, VIP, 1, "eth0", &role));
    role.flags = number;
    if (number != 0) {
        TRY(number == LVSARP_DRY_RUN ? LIVE(0) : -EINVAL, lvsarp_promote, (h, VIP, 1, "eth0", &role));
        TRY(number == LVSARP_DRY_RUN ? LIVE(0) : -EINVAL, lvsarp_demote, (h, VIP, 1, "eth0", &role));
    }
}

static void counts(size_t n, const char *const *vips)
{
    TRY(-EINVAL, lvsarp_probe, (h, vips, n, "eth0", &QUICK_PROBE, see_responder, NULL));
    TRY(-EINVAL, lvsarp_probe_open, (h, vips, n, "eth0", NULL, &out.prober));
    TRY(-EINVAL, lvsarp_listen_open, (h, vips, n, "eth0", NULL, &out.listener));
    TRY(-EINVAL, lvsarp_announce, (h, vips, n, "eth0", NULL));
    TRY(-EINVAL, lvsarp_promote, (h, vips, n, "eth0", &ROLE_DRY_RUN));
    TRY(-EINVAL, lvsarp_demote, (h, vips, n, "eth0", &ROLE_DRY_RUN));
    if (n != 0 || vips != NULL)
        TRY(-EINVAL, lvsarp_watch_open, (h, vips, n, NULL, NULL, &out.watcher));
}

void numbers_on_the_wire(void)
{
    /* Few: to close a packet socket takes the kernel some milliseconds (net/packet/af_packet.c: packet_release()). */
    const int32_t ends[] = {
        INT_MIN, -1, 0, 1, 2, 3, 8, 9, 10, 1000, 1001, 6000, 6001, 65535, 65536, 65537, DAY, DAY + 1, INT_MAX
    };
    for (size_t i = 0; i < LENGTH(ends); i++) {
        note("number %d", ends[i]);
        numbers_of_options(ends[i]);
    }
    const size_t huge[] = {
        SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 4 + 1, SIZE_MAX / 8 + 1
    };
    for (size_t i = 0; i < LENGTH(huge); i++) {
        note("n %zu", huge[i]);
        counts(huge[i], VIP);
        counts(huge[i], NULL);
    }
    const char *const none[] = { NULL };
    note("n %zu and an item that is NULL", (size_t)1 << 40);
    counts((size_t)1 << 40, none);
    note("");
    /* Of nothing there is nothing to ask. */
    counts(0, VIP);
    counts(0, NULL);
}

/* A call with options of some size, which opens something or only plans: 0, and what it opened is closed. */
#define WITH(name, type, call)                    \
    int name(const void *options)                 \
    {                                             \
        struct type *made = NULL;                 \
        int rc = call;                            \
        EXPECT((rc == 0) == (made != NULL), #name); \
        close_##name(made);                       \
        return rc;                                \
    }
#define close_probe_with lvsarp_probe_close
#define close_listen_with lvsarp_listen_close
#define close_audit_with lvsarp_audit_close
#define close_watch_with lvsarp_watch_close
static WITH(probe_with, lvsarp_prober, lvsarp_probe_open(h, VIP, 1, "eth0", options, &made))
WITH(listen_with, lvsarp_listener, lvsarp_listen_open(h, VIP, 1, "eth0", options, &made))
static WITH(audit_with, lvsarp_auditor, lvsarp_audit_open(h, VIP[0], REAL_SERVER, "eth0", options, &made))
static WITH(watch_with, lvsarp_watcher, lvsarp_watch_open(h, VIP, 1, NULL, options, &made))

static int announce_with(const void *options)
{
    int rc = lvsarp_announce(h, VIP, 1, "eth0", options);
    return rc == -ECANCELED ? 0 : rc;
}

static int demote_with(const void *options)
{
    int rc = lvsarp_demote(h, VIP, 1, "eth0", options);
    if (rc == 0)
        lvsarp_undo(h);
    return rc;
}

static int audit_into(void *result)
{
    int rc = lvsarp_audit(h, VIP[0], REAL_SERVER, "eth0", &QUICK_AUDIT, result);
    return rc == LVSARP_AUDIT_DOWN ? 0 : rc;
}

void structs_on_the_wire(void)
{
    an_input("probe_options", sizeof(struct lvsarp_probe_options), 1, 1, probe_with);
    an_input("listen_options", sizeof(struct lvsarp_listen_options), 1, 1, listen_with);
    an_input("audit_options", sizeof(struct lvsarp_audit_options), 1, 1, audit_with);
    an_input("watch_options", sizeof(struct lvsarp_watch_options), 1, 1, watch_with);
    an_input("announce_options", sizeof(struct lvsarp_announce_options), 1, 1, announce_with);
    an_input("role_options", sizeof(struct lvsarp_role_options), 1, 1, demote_with);
    if (recorded)
        return;
    struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
    TRY(LVSARP_AUDIT_DOWN, lvsarp_audit, (h, VIP[0], REAL_SERVER, "eth0", &QUICK_AUDIT, &result));
    EXPECT(result.reasons[0] != 0, "no reason");
    an_output("audit_result", sizeof result, 1, &result, audit_into);
}
