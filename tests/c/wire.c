/*
 * What is on the wire, seen from C: `wire PART...`, each on the host that the test makes for it (test_c_wire.py).
 * While a probe, a listener or an audit is started, asked for its descriptor and dispatched, nothing may be allocated:
 * malloc() and its kin are counted here.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "loop.h"

#define VIP "192.0.2.10"     /* on lo of three real servers, of which one is silent */
#define OWNED "192.0.2.20"   /* on eth0 of one host, as on a director */
#define NOWHERE "192.0.2.30"
#define HEALTHY "192.0.2.11"
#define LEAKY "192.0.2.12"
#define HOLE "192.0.2.13"
#define GONE "192.0.2.14"

static unsigned long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size) { return allocations++, __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return allocations++, __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return allocations++, __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return allocations++, __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size)
{
    allocations++;
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

static struct lvsarp_host *h;

/* What a walk saw. */
struct seen {
    int count;
    int duplicates;
    char first[24];
};

static int see_responder(const struct lvsarp_responder *it, void *arg)
{
    struct seen *seen = arg;
    if (seen->count++ == 0)
        strcpy(seen->first, it->mac);
    seen->duplicates += (it->flags & LVSARP_DUPLICATE) != 0;
    EXPECT(it->count > 0 && strcmp(it->mac, it->source) == 0 && !(it->flags & LVSARP_OURS), "%s", it->mac);
    EXPECT(it->delay < UINT64_C(20000000), "%llu us", (unsigned long long)it->delay);
    return 0;
}

static void probe(void)
{
    const char *const vips[] = { VIP, OWNED, NOWHERE }, *const owned[] = { OWNED };
    struct lvsarp_probe_options options = LVSARP_PROBE_OPTIONS_INIT;
    struct seen seen = { 0, 0, "" };
    options.timeout = 300;
    int rc = lvsarp_probe(h, vips, 2, "eth0", &options, see_responder, &seen);
    EXPECT(rc == 1 && seen.count == 3 && seen.duplicates == 2, "%d, %d responders, %d duplicates: %s", rc, seen.count,
           seen.duplicates, lvsarp_message(h));

    /* One who answers alone is right where no director is named, or that one; not where another one is. */
    seen = (struct seen){ 0, 0, "" };
    rc = lvsarp_probe(h, owned, 1, "eth0", &options, see_responder, &seen);
    EXPECT(rc == 0 && seen.count == 1, "%d, %d responders", rc, seen.count);
    snprintf(options.directors, sizeof options.directors, "02:00:00:00:00:99, %s", seen.first);
    EXPECT(lvsarp_probe(h, owned, 1, "eth0", &options, NULL, NULL) == 0, "a director is wrong");
    strcpy(options.directors, "02:00:00:00:00:99");
    EXPECT(lvsarp_probe(h, owned, 1, "eth0", &options, NULL, NULL) == 1, "anybody is a director");
    options.directors[0] = 0;

    /* In a loop, again and again. */
    struct lvsarp_prober *p;
    unsigned long before = allocations;
    EXPECT(lvsarp_probe_open(h, vips, 3, "eth0", &options, &p) == 0, "%s", lvsarp_message(h));
    EXPECT(allocations > before, "allocations are not counted");
    before = allocations;
    for (int round = 0; round < 2; round++) {
        seen = (struct seen){ 0, 0, "" };
        EXPECT(lvsarp_probe_dispatch(p, see_responder, &seen) == -EAGAIN, "there is a result before the start");
        EXPECT(lvsarp_probe_start(p) == 0, "%s", lvsarp_probe_message(p));
        rc = probe_round(p, see_responder, &seen);
        EXPECT(rc == 2 && seen.count == 3 && seen.duplicates == 2, "%d, %d responders, %d duplicates: %s", rc,
               seen.count, seen.duplicates, lvsarp_probe_message(p));
        EXPECT(lvsarp_probe_dispatch(p, see_responder, &seen) == -EAGAIN, "there is a second result");
        EXPECT(lvsarp_probe_lost(p) == 0, "%d answers were lost", lvsarp_probe_lost(p));
    }
    EXPECT(allocations == before, "a probe allocated %lu times after it was opened", allocations - before);
    lvsarp_probe_close(p);
}

static int see_heard(const struct lvsarp_heard *it, void *arg)
{
    EXPECT(strcmp(it->vip, VIP) == 0 && strcmp(it->interface, "eth0") == 0 && it->mac[0] != 0, "%s", it->vip);
    EXPECT(it->time / 1000000000 - time(NULL) < 60 && time(NULL) - it->time / 1000000000 < 60, "the time is wrong");
    *(int *)arg |= it->kind == LVSARP_HEARD_REQUEST && strncmp(it->target, "192.0.2.", 8) == 0 ? 1 : 0;
    return 0;
}

/* Somebody sends requests that carry the VIP all the time. */
static void listen(void)
{
    const char *const vips[] = { VIP };
    struct lvsarp_listener *l;
    int hijacked = 0;
    EXPECT(lvsarp_listen_open(h, vips, 1, "eth0", NULL, &l) == 0, "%s", lvsarp_message(h));
    unsigned long before = allocations;
    while (!hijacked && failures == 0) {
        int fd = lvsarp_listen_fd(l);
        await(&fd, 1);
        int rc = lvsarp_listen_dispatch(l, see_heard, &hijacked);
        EXPECT(rc >= 0, "%d: %s", rc, lvsarp_listen_message(l));
    }
    EXPECT(allocations == before, "a listener allocated %lu times", allocations - before);
    EXPECT(lvsarp_listen_lost(l) == 0, "%d frames were lost", lvsarp_listen_lost(l));
    lvsarp_listen_close(l);
}

/* All four states, first one by one, then all at once in one loop. */
static void audit(void)
{
    static const struct {
        const char *real_server;
        uint32_t port;
        int state;
    } hosts[] = {
        { HEALTHY, 80, LVSARP_AUDIT_HEALTHY }, { HEALTHY, 0, LVSARP_AUDIT_HEALTHY },  { LEAKY, 0, LVSARP_AUDIT_LEAKS },
        { HOLE, 0, LVSARP_AUDIT_BLACK_HOLE },  { GONE, 0, LVSARP_AUDIT_DOWN },        { HEALTHY, 81, LVSARP_AUDIT_DOWN },
    };
    enum { COUNT = sizeof hosts / sizeof *hosts };
    struct lvsarp_auditor *auditors[COUNT];
    int descriptors[COUNT];
    for (int i = 0; i < COUNT; i++) {
        struct lvsarp_audit_options options = LVSARP_AUDIT_OPTIONS_INIT;
        struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
        options.port = hosts[i].port;
        int rc = lvsarp_audit(h, VIP, hosts[i].real_server, "eth0", &options, &result);
        EXPECT(rc == hosts[i].state && result.state == rc, "%s:%u is %d: %s%s", hosts[i].real_server, hosts[i].port, rc,
               lvsarp_message(h), result.reasons);
        EXPECT(strcmp(result.vip, VIP) == 0 && strcmp(result.real_server, hosts[i].real_server) == 0, "the names");
        size_t length = strlen(result.reasons);
        EXPECT(length > 0 && result.reasons[length - 1] != '\n', "the reasons of %s", hosts[i].real_server);
        EXPECT((result.from_vip == LVSARP_ANSWER_ACCEPTED) == (rc <= LVSARP_AUDIT_LEAKS), "what came back");
        EXPECT((result.mac[0] == 0) == (strcmp(hosts[i].real_server, GONE) == 0), "the MAC address %s", result.mac);
        EXPECT((result.answered > 0) == (rc == LVSARP_AUDIT_LEAKS), "it answered %u times", result.answered);
        EXPECT(lvsarp_audit_open(h, VIP, hosts[i].real_server, "eth0", &options, &auditors[i]) == 0, "%s",
               lvsarp_message(h));
        descriptors[i] = lvsarp_audit_fd(auditors[i]);
    }
    unsigned long before = allocations;
    for (int i = 0; i < COUNT; i++)
        EXPECT(lvsarp_audit_start(auditors[i]) == 0, "%s", lvsarp_audit_message(auditors[i]));
    for (int left = COUNT; left > 0;) {
        struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
        int i = await(descriptors, COUNT), rc = lvsarp_audit_dispatch(auditors[i], &result);
        if (rc == -EAGAIN)
            continue;
        EXPECT(rc == hosts[i].state, "%s:%u is %d in a loop: %s", hosts[i].real_server, hosts[i].port, rc,
               result.reasons);
        descriptors[i] = -1;
        left--;
    }
    EXPECT(allocations == before, "an audit allocated %lu times after it was opened", allocations - before);
    for (int i = 0; i < COUNT; i++)
        lvsarp_audit_close(auditors[i]);
}

/* Which kinds of events came, by bits. */
static int see_event(const struct lvsarp_event *it, void *arg)
{
    *(unsigned *)arg |= 1u << it->kind;
    EXPECT(it->message[0] != 0 && it->time > 0, "an event without a message");
    if (it->kind == LVSARP_EVENT_VIP_REMOVED)
        EXPECT(strcmp(it->vip, VIP) == 0 && strcmp(it->scope, "lo") == 0 && it->has == LVSARP_HAS_OLD, "%s", it->message);
    if (it->kind == LVSARP_EVENT_LEVEL_CHANGED && strcmp(it->scope, "all") == 0)
        EXPECT(it->key == LVSARP_ARP_IGNORE && it->has == (LVSARP_HAS_OLD | LVSARP_HAS_NEW) &&
                   strcmp(it->old_value, it->new_value) != 0,
               "%s", it->message);
    if (it->silent == 0)
        EXPECT(it->finding[0] != 0 && it->finding_message[0] != 0, "not silent, and no finding");
    return 0;
}

static void await_events(struct lvsarp_watcher *w, unsigned kinds)
{
    unsigned seen = 0;
    while ((seen & kinds) != kinds && failures == 0) {
        int fd = lvsarp_watch_fd(w);
        await(&fd, 1);
        EXPECT(lvsarp_watch_dispatch(w, see_event, &seen) >= 0, "%s", lvsarp_watch_message(w));
    }
}

/* On a real server: one loop over a watch and an audit of another one. */
static void watch(void)
{
    const char *const vips[] = { VIP };
    struct lvsarp_watch_options options = LVSARP_WATCH_OPTIONS_INIT;
    struct lvsarp_watcher *w;
    struct lvsarp_auditor *a;
    struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
    options.interval = 20;
    EXPECT(lvsarp_apply(h, vips, 1, NULL) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_watch_open(h, vips, 1, NULL, &options, &w) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_audit_open(h, VIP, HOLE, "eth0", NULL, &a) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_audit_start(a) == 0, "%s", lvsarp_audit_message(a));
    EXPECT(lvsarp_vip_unbind(h, VIP, "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    EXPECT(lvsarp_set(h, "all", LVSARP_ARP_IGNORE, 3) == 0, "%s", lvsarp_message(h));
    unsigned seen = 0, both = 1u << LVSARP_EVENT_VIP_REMOVED | 1u << LVSARP_EVENT_LEVEL_CHANGED;
    int state = -EAGAIN;
    while (((seen & both) != both || state == -EAGAIN) && failures == 0) {
        int descriptors[] = { lvsarp_watch_fd(w), lvsarp_audit_fd(a) };
        if (await(descriptors, 2) == 0)
            EXPECT(lvsarp_watch_dispatch(w, see_event, &seen) >= 0, "%s", lvsarp_watch_message(w));
        else if (state == -EAGAIN)
            state = lvsarp_audit_dispatch(a, &result);
    }
    EXPECT(state == LVSARP_AUDIT_BLACK_HOLE, "%d: %s%s", state, lvsarp_audit_message(a), result.reasons);
    lvsarp_audit_close(a);
    lvsarp_watch_close(w);

    /* With a repair it is silent again, also after the next attack; what the apply did can be undone. */
    options.flags = LVSARP_REPAIR;
    options.per_minute = 100;
    EXPECT(lvsarp_watch_open(h, vips, 1, NULL, &options, &w) == 0, "%s", lvsarp_message(h));
    await_events(w, 1u << LVSARP_EVENT_REPAIRED);
    EXPECT(lvsarp_check(h, vips, 1, NULL, NULL) == 0, "it is not silent after a repair");
    EXPECT(lvsarp_vip_unbind(h, VIP, "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    await_events(w, 1u << LVSARP_EVENT_VIP_REMOVED | 1u << LVSARP_EVENT_REPAIRED);
    EXPECT(lvsarp_check(h, vips, 1, NULL, NULL) == 0, "it is not silent after a second repair");
    lvsarp_watch_close(w);
    EXPECT(lvsarp_undo(h) == 0, "%s", lvsarp_message(h));
}

/* On which device the VIP is, as a letter each. */
static int see_address(const struct lvsarp_address *it, void *arg)
{
    if (strcmp(it->local, VIP) == 0)
        strncat(arg, it->dev, 1);
    return 0;
}

static void expect_on(const char *devices)
{
    char found[8] = "";
    EXPECT(lvsarp_address_each(h, NULL, see_address, found) == 0, "%s", lvsarp_message(h));
    EXPECT(strcmp(found, devices) == 0, "the VIP is on '%s', not on '%s'", found, devices);
}

static int see_step(const struct lvsarp_step *it, void *arg)
{
    EXPECT(it->act[0] != 0 && it->thing[0] != 0 && it->reason[0] != 0, "an empty step");
    *(int *)arg += 1;
    return 0;
}

/* On a host that begins as a silent real server. */
static void roles(void)
{
    const char *const vips[] = { VIP };
    struct lvsarp_role_options dry_run = { sizeof dry_run, 0, LVSARP_DRY_RUN, "" };
    struct lvsarp_announce_options once = { sizeof once, 1, 0, LVSARP_FORM_REPLY, 0 };
    int steps = 0;
    EXPECT(lvsarp_apply(h, vips, 1, NULL) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_announce(h, vips, 1, "eth0", &once) == -ECANCELED, "a real server announced");
    EXPECT(strcmp(lvsarp_kind(h), "refused") == 0 && lvsarp_message(h)[0] != 0, "%s", lvsarp_message(h));

    EXPECT(lvsarp_promote(h, vips, 1, "eth0", &dry_run) == 0 && lvsarp_changed(h) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_step_each(h, see_step, &steps) == 0 && steps >= 2, "%d steps", steps);
    expect_on("l");
    EXPECT(lvsarp_promote(h, vips, 1, "eth0", NULL) == 0 && lvsarp_changed(h) >= 2, "%s", lvsarp_message(h));
    expect_on("e");
    EXPECT(lvsarp_promote(h, vips, 1, "eth0", NULL) == 0 && lvsarp_changed(h) == 0, "%s", lvsarp_message(h));
    once.flags = LVSARP_DRY_RUN;
    once.count = 7;
    EXPECT(lvsarp_announce(h, vips, 1, "eth0", &once) == 7, "%s", lvsarp_message(h));
    once.flags = 0;
    once.count = 1;
    EXPECT(lvsarp_announce(h, vips, 1, "eth0", &once) == 1, "%s", lvsarp_message(h));
    once.form = LVSARP_FORM_BOTH;
    EXPECT(lvsarp_announce(h, vips, 1, "eth0", &once) == 2, "%s", lvsarp_message(h));

    EXPECT(lvsarp_demote(h, vips, 1, "eth0", NULL) == 0 && lvsarp_changed(h) >= 2, "%s", lvsarp_message(h));
    steps = 0;
    EXPECT(lvsarp_step_each(h, see_step, &steps) == 0 && steps == lvsarp_changed(h), "%d steps", steps);
    expect_on("l");
    EXPECT(lvsarp_check(h, vips, 1, NULL, NULL) == 0, "it is not silent after it was demoted");
    EXPECT(lvsarp_undo(h) == 0, "%s", lvsarp_message(h));
    expect_on("");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {
        { "probe", probe }, { "listen", listen }, { "audit", audit }, { "watch", watch }, { "roles", roles },
    };
    h = must_open(NULL);
    for (int i = 1; i < argc; i++)
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            if (strcmp(argv[i], parts[j].name) == 0)
                parts[j].run();
    lvsarp_close(h);
    return finish();
}
