/* Callbacks: how a walk ends, what may be called from one, and what becomes of a handle that is closed in one. */
#define _GNU_SOURCE
#include <limits.h>

#include "loop.h"
#include "own_root.h"

static const char *const VIP[] = { "192.0.2.10" };

/* What a callback is told to do, and what it saw. */
struct script {
    struct lvsarp_host *own;   /* the handle of the walk; NULL for the tables */
    struct lvsarp_host *other; /* another handle */
    int stop_at;               /* returns `answer` at this call, 0 before */
    int answer;
    int close_at; /* closes its own handle at this call; 0 for never */
    int nested;   /* calls the library on both handles */
    size_t size;  /* the size that every struct must say it has */
    int calls;
};

static int never(const struct lvsarp_finding *finding, void *arg)
{
    (void)finding;
    *(int *)arg += 1;
    return 0;
}

static int never_note(const struct lvsarp_note *note, void *arg)
{
    (void)note;
    *(int *)arg += 1;
    return 0;
}

static int never_level(const struct lvsarp_boot_level *level, void *arg)
{
    (void)level;
    *(int *)arg += 1;
    return 0;
}

/* The handle of the walk is in a call: nothing gets in, and asking why is harmless. */
static void own_handle_is_busy(struct lvsarp_host *h)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    int32_t value = 99, changed[1] = { 99 }, key = LVSARP_ARP_IGNORE, level = 1;
    int called = 0;
    EXPECT(lvsarp_get(h, "lo", &levels) == -EBUSY && levels.arp_ignore.known == 0, "get");
    EXPECT(lvsarp_read(h, "lo", key, &value) == -EBUSY && value == 99, "read");
    EXPECT(lvsarp_set(h, "lo", key, 1) == -EBUSY, "set");
    EXPECT(lvsarp_set_many(h, "lo", &key, &level, 1, LVSARP_VIA_AUTO) == -EBUSY, "set_many");
    EXPECT(lvsarp_lock_timeout(h, 0) == -EBUSY, "lock_timeout");
    EXPECT(lvsarp_vip_bind(h, "192.0.2.99", "lo", NULL) == -EBUSY, "vip_bind");
    EXPECT(lvsarp_vip_bind_many(h, VIP, 1, NULL, changed) == -EBUSY && changed[0] == 99, "vip_bind_many");
    EXPECT(lvsarp_vip_unbind(h, "192.0.2.10", "lo") == -EBUSY, "vip_unbind");
    EXPECT(lvsarp_vip_unbind_many(h, VIP, 1, "lo", changed) == -EBUSY && changed[0] == 99, "vip_unbind_many");
    EXPECT(lvsarp_prefix_bind(h, "203.0.113.0/24", "lo") == -EBUSY, "prefix_bind");
    EXPECT(lvsarp_prefix_unbind(h, "198.51.100.0/24", "lo") == -EBUSY, "prefix_unbind");
    EXPECT(lvsarp_check(h, VIP, 1, never, &called) == -EBUSY && called == 0, "check");
    EXPECT(lvsarp_plan(h, VIP, 1, NULL, NULL, NULL) == -EBUSY, "plan");
    EXPECT(lvsarp_apply(h, VIP, 1, NULL) == -EBUSY, "apply");
    EXPECT(lvsarp_plan_undo(h, NULL, NULL) == -EBUSY, "plan of undo");
    EXPECT(lvsarp_undo(h) == -EBUSY, "undo");
    EXPECT(lvsarp_persist(h, VIP, 1, NULL, NULL) == -EBUSY && lvsarp_unpersist(h, NULL) == -EBUSY, "persist");
    EXPECT(lvsarp_restore(h, NULL) == -EBUSY, "restore");
    EXPECT(lvsarp_boot(h, VIP, 1, NULL, 0, NULL, never, &called) == -EBUSY && called == 0, "boot");
    EXPECT(lvsarp_boot_level_each(h, never_level, &called) == -EBUSY && called == 0, "boot_level_each");
    EXPECT(lvsarp_boot_rehearsed(h) == -EBUSY && lvsarp_boot_loader(h)[0] == 0, "the loader in a call");
    struct lvsarp_prober *p = NULL;
    struct lvsarp_listener *l = NULL;
    struct lvsarp_auditor *a = NULL;
    struct lvsarp_watcher *w = NULL;
    EXPECT(lvsarp_probe(h, VIP, 1, "eth0", NULL, NULL, NULL) == -EBUSY, "probe");
    EXPECT(lvsarp_probe_open(h, VIP, 1, "eth0", NULL, &p) == -EBUSY && p == NULL, "probe_open");
    EXPECT(lvsarp_listen_open(h, VIP, 1, "eth0", NULL, &l) == -EBUSY && l == NULL, "listen_open");
    EXPECT(lvsarp_audit(h, VIP[0], "192.0.2.12", "eth0", NULL, NULL) == -EBUSY, "audit");
    EXPECT(lvsarp_audit_open(h, VIP[0], "192.0.2.12", "eth0", NULL, &a) == -EBUSY && a == NULL, "audit_open");
    EXPECT(lvsarp_watch_open(h, VIP, 1, NULL, NULL, &w) == -EBUSY && w == NULL, "watch_open");
    EXPECT(lvsarp_announce(h, VIP, 1, "eth0", NULL) == -EBUSY, "announce");
    EXPECT(lvsarp_promote(h, VIP, 1, "eth0", NULL) == -EBUSY && lvsarp_demote(h, VIP, 1, "eth0", NULL) == -EBUSY,
           "promote and demote");
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    EXPECT(lvsarp_would_reply(h, "192.0.2.10", "192.0.2.1", "eth0", 0, &decision, never_note, &called) == -EBUSY &&
               lvsarp_would_announce(h, "192.0.2.1", "eth0", NULL, 0, &decision, never_note, &called) == -EBUSY,
           "would_reply and would_announce");
    EXPECT(called == 0 && decision.question[0] == 0, "would_reply called back or answered");
    EXPECT(lvsarp_assume(h, "all", LVSARP_ARP_IGNORE, 1) == -EBUSY, "assume");
    EXPECT(lvsarp_changed(h) == -EBUSY && lvsarp_rolled_back(h) == -EBUSY, "changed and rolled_back");
    EXPECT(lvsarp_finding_each(h, never, &called) == -EBUSY && called == 0, "finding_each");
    EXPECT(lvsarp_message(h) != NULL && lvsarp_message(h)[0] != 0, "the message in a call");
    EXPECT(lvsarp_hint(h) != NULL && lvsarp_kind(h) != NULL, "the hint and the kind in a call");
}

static void other_handle_works(struct lvsarp_host *h)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    int called = 0;
    EXPECT(lvsarp_get(h, "lo", &levels) == 0 && levels.arp_ignore.known != 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_vip_bind(h, "192.0.2.77", "lo", NULL) == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    EXPECT(lvsarp_check(h, VIP, 1, never, &called) >= 0 && called > 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_vip_unbind(h, "192.0.2.77", "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
}

static int act(struct script *script, size_t size)
{
    script->calls++;
    EXPECT(size == script->size, "a struct of %zu bytes, not %zu", size, script->size);
    if (script->nested) {
        other_handle_works(script->other);
        if (script->own != NULL)
            own_handle_is_busy(script->own);
    }
    if (script->calls == script->close_at) {
        lvsarp_close(script->own);
        lvsarp_close(script->own);
        own_handle_is_busy(script->own);
    }
    return script->calls == script->stop_at ? script->answer : 0;
}

/* One callback and one walk of each kind. The walk is given arg as it is. */
#define WALK(name, type, call)                                                                     \
    static int cb_##name(const struct lvsarp_##type *it, void *arg) { return act(arg, it->size); } \
    static int walk_##name(struct lvsarp_host *h, void *arg)                                       \
    {                                                                                              \
        (void)h;                                                                                   \
        return call;                                                                               \
    }
WALK(interfaces, interface, lvsarp_interface_each(h, cb_interfaces, arg))
WALK(vips, address, lvsarp_vip_each(h, "lo", cb_vips, arg))
WALK(addresses, address, lvsarp_address_each(h, NULL, cb_addresses, arg))
WALK(prefixes, prefix, lvsarp_prefix_each(h, cb_prefixes, arg))
WALK(plan, step, lvsarp_plan(h, VIP, 1, NULL, cb_plan, arg))
WALK(steps, step, (lvsarp_plan(h, VIP, 1, NULL, NULL, NULL), lvsarp_step_each(h, cb_steps, arg)))
WALK(check, finding, lvsarp_check(h, VIP, 1, cb_check, arg))
WALK(findings, finding, (lvsarp_check(h, VIP, 1, NULL, NULL), lvsarp_finding_each(h, cb_findings, arg)))
WALK(verdicts, verdict, (lvsarp_check(h, VIP, 1, NULL, NULL), lvsarp_verdict_each(h, cb_verdicts, arg)))
WALK(boot, finding, lvsarp_boot(h, VIP, 1, NULL, 0, NULL, cb_boot, arg))
WALK(boot_levels, boot_level,
     (lvsarp_boot(h, VIP, 1, NULL, 0, NULL, NULL, NULL), lvsarp_boot_level_each(h, cb_boot_levels, arg)))
WALK(meanings, meaning, lvsarp_meaning_each(LVSARP_ARP_IGNORE, NULL, cb_meanings, arg))
WALK(keys, key, lvsarp_key_each(cb_keys, arg))
static struct lvsarp_decision decision = LVSARP_DECISION_INIT;
WALK(reply, note, lvsarp_would_reply(h, "192.0.2.20", "192.0.2.1", "eth0", 0, &decision, cb_reply, arg))
WALK(announce, note, lvsarp_would_announce(h, "192.0.2.1", "eth0", NULL, 0, &decision, cb_announce, arg))
/* Both are on lo, and eth1 answers on the wire who asks with no sender. */
static const char *const ANSWERED[] = { "192.0.2.20", "192.0.2.21" };
static const struct lvsarp_probe_options ASKING = { sizeof ASKING, 30, 1, LVSARP_SENDER_UNSPECIFIED, 0, "" };
WALK(probe, responder, lvsarp_probe(h, ANSWERED, 2, "eth0", &ASKING, cb_probe, arg))
static int cb_snapshot(const char *json, size_t length, void *arg)
{
    EXPECT(length > 2 && json[0] == '{' && json[length - 1] == '}', "%zu bytes", length);
    return act(arg, 0);
}
static int walk_snapshot(struct lvsarp_host *h, void *arg) { return lvsarp_snapshot(h, cb_snapshot, arg); }

static const struct walk {
    const char *name;
    int (*walk)(struct lvsarp_host *, void *);
    size_t size;
    int has_handle;
    int at_end; /* what the function returns where no callback ended it */
    int items;  /* how many there are at least */
} WALKS[] = {
    { "snapshot", walk_snapshot, 0, 1, 0, 1 },
    { "interface_each", walk_interfaces, sizeof(struct lvsarp_interface), 1, 0, 2 },
    { "vip_each", walk_vips, sizeof(struct lvsarp_address), 1, 0, 2 },
    { "address_each", walk_addresses, sizeof(struct lvsarp_address), 1, 0, 3 },
    { "prefix_each", walk_prefixes, sizeof(struct lvsarp_prefix), 1, 0, 2 },
    { "plan", walk_plan, sizeof(struct lvsarp_step), 1, 0, 2 },
    { "step_each", walk_steps, sizeof(struct lvsarp_step), 1, 0, 2 },
    { "check", walk_check, sizeof(struct lvsarp_finding), 1, 1, 2 },
    { "finding_each", walk_findings, sizeof(struct lvsarp_finding), 1, 0, 2 },
    { "verdict_each", walk_verdicts, sizeof(struct lvsarp_verdict), 1, 0, 2 },
    { "boot", walk_boot, sizeof(struct lvsarp_finding), 1, 1, 2 },
    { "boot_level_each", walk_boot_levels, sizeof(struct lvsarp_boot_level), 1, 0, 8 },
    { "would_reply", walk_reply, sizeof(struct lvsarp_note), 1, 0, 2 },
    { "would_announce", walk_announce, sizeof(struct lvsarp_note), 1, 0, 2 },
    { "probe", walk_probe, sizeof(struct lvsarp_responder), 1, 0, 2 },
    { "meaning_each", walk_meanings, sizeof(struct lvsarp_meaning), 0, 0, 5 },
    { "key_each", walk_keys, sizeof(struct lvsarp_key), 0, 0, 20 },
};

static struct script script_for(const struct walk *walk, struct lvsarp_host *own, struct lvsarp_host *other)
{
    struct script script;
    memset(&script, 0, sizeof script);
    script.own = walk->has_handle ? own : NULL;
    script.other = other;
    script.size = walk->size;
    return script;
}

static void one_walk(const struct walk *walk, struct lvsarp_host *h, struct lvsarp_host *other)
{
    struct script script = script_for(walk, h, other);
    int rc = walk->walk(h, &script);
    EXPECT(rc == walk->at_end, "%s returned %d, %s", walk->name, rc, lvsarp_message(h));
    EXPECT(script.calls >= walk->items, "%s called back %d times", walk->name, script.calls);
    int all = script.calls;

    /* A value other than 0 ends the walk there and then, and comes back as it is, whatever it is. */
    const int answers[] = { 1, -1, 2, 7, -EINVAL, -EBUSY, INT_MAX, INT_MIN };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (int at = 1; at <= all; at += at < 3 || at == all ? 1 : all - at) {
            script = script_for(walk, h, other);
            script.stop_at = at;
            script.answer = answers[i];
            rc = walk->walk(h, &script);
            EXPECT(rc == answers[i] && script.calls == at, "%s returned %d after %d calls, not %d after %d", walk->name,
                   rc, script.calls, answers[i], at);
            EXPECT(lvsarp_message(h)[0] == 0, "%s was ended and left \"%s\"", walk->name, lvsarp_message(h));
        }
    }

    /* Calls from the callback, on another handle and on its own. */
    script = script_for(walk, h, other);
    script.nested = 1;
    rc = walk->walk(h, &script);
    EXPECT(rc == walk->at_end && script.calls == all, "%s returned %d after %d calls, not %d", walk->name, rc,
           script.calls, all);
    EXPECT(lvsarp_message(h)[0] == 0, "%s left the message of a nested call: %s", walk->name, lvsarp_message(h));
}

/* Closed in a callback, a handle lives until its call ends: the walk goes on, and its result comes back. */
static void closed_in_a_walk(const struct walk *walk, struct lvsarp_host *other)
{
    for (int stop = 0; stop < 2; stop++) {
        for (int at = 1; at <= 2 && at <= walk->items; at++) {
            struct lvsarp_host *h = must_open(NULL);
            struct script script = script_for(walk, h, other);
            script.close_at = at;
            script.stop_at = stop ? at : 0;
            script.answer = 33;
            int rc = walk->walk(h, &script);
            EXPECT(rc == (stop ? 33 : walk->at_end), "%s, closed at call %d, returned %d", walk->name, at, rc);
            EXPECT(stop ? script.calls == at : script.calls >= walk->items,
                   "%s, closed at call %d, called back %d times", walk->name, at, script.calls);
        }
    }
}

/* Walks within walks, each on a handle of its own. */
struct tower {
    struct lvsarp_host *floors[4];
    int at;
    int tops;
};

static int climb(const struct lvsarp_key *key, void *arg);

static int climb_interface(const struct lvsarp_interface *interface, void *arg)
{
    struct tower *tower = arg;
    EXPECT(interface->name[0] != 0, "an interface without a name");
    int rc = 0;
    if (tower->at == 4) {
        tower->tops++;
        /* From the top, every handle below is busy. */
        for (int i = 0; i < 4; i++)
            EXPECT(lvsarp_changed(tower->floors[i]) == -EBUSY, "floor %d", i);
    } else {
        tower->at++;
        rc = lvsarp_interface_each(tower->floors[tower->at - 1], climb_interface, tower);
        tower->at--;
    }
    return rc;
}

static int climb(const struct lvsarp_key *key, void *arg)
{
    (void)key;
    return climb_interface(&(struct lvsarp_interface){ .name = "ground" }, arg);
}

static void nested_walks(void)
{
    struct tower tower = { { NULL }, 0, 0 };
    for (int i = 0; i < 4; i++)
        tower.floors[i] = must_open(NULL);
    EXPECT(lvsarp_key_each(climb, &tower) == 0, "a walk in a walk");
    EXPECT(tower.at == 0 && tower.tops >= 20 * 16, "%d and %d", tower.at, tower.tops);
    for (int i = 0; i < 4; i++)
        lvsarp_close(tower.floors[i]);
}

/* What a callback of a handle for an event loop does, and how often it was called. */
struct in_loop {
    void *own;
    int calls, close_at, answer;
};

static int tell(struct in_loop *loop, int busy, const char *message, void (*close)(void *))
{
    loop->calls++;
    EXPECT(busy == -EBUSY && message[0] != 0, "a handle in a call returns %d and says \"%s\"", busy, message);
    if (loop->calls == loop->close_at)
        close(loop->own);
    return loop->answer;
}

static int in_listen_again(const struct lvsarp_heard *heard, void *arg) { return (void)heard, (void)arg, 0; }
static int in_watch_again(const struct lvsarp_event *event, void *arg) { return (void)event, (void)arg, 0; }
#define IN_LOOP(name, type, busy)                                                                        \
    static void close_##name(void *it) { lvsarp_##name##_close(it); }                                    \
    static int in_##name(const struct lvsarp_##type *it, void *arg)                                      \
    {                                                                                                    \
        struct in_loop *loop = arg;                                                                      \
        EXPECT(it->size == sizeof *it, "%zu bytes", it->size);                                           \
        return tell(loop, busy, lvsarp_##name##_message(loop->own), close_##name);                       \
    }
IN_LOOP(probe, responder, lvsarp_probe_start(loop->own) + lvsarp_probe_fd(loop->own) - lvsarp_probe_lost(loop->own))
IN_LOOP(listen, heard, lvsarp_listen_dispatch(loop->own, in_listen_again, loop))
IN_LOOP(watch, event, lvsarp_watch_dispatch(loop->own, in_watch_again, loop))

/* A probe's walk ends where the callback says so; what was heard and what happened is handed out whole. Whoever has
 * closed the handle is not called again: what arg points to may be gone. */
static void in_loops(struct lvsarp_host *h, int close_at, int answer)
{
    const int calls = close_at != 0 ? 1 : 2, in_a_walk = answer != 0 ? 1 : calls;
    struct in_loop loop = { NULL, 0, close_at, answer };
    struct lvsarp_prober *p = NULL;
    EXPECT(lvsarp_probe_open(h, ANSWERED, 2, "eth0", &ASKING, &p) == 0 && lvsarp_probe_start(p) == 0, "%s",
           lvsarp_message(h));
    loop.own = p;
    int rc = probe_round(p, in_probe, &loop);
    EXPECT(rc == answer && loop.calls == in_a_walk, "a probe: %d after %d calls", rc, loop.calls);
    if (close_at == 0)
        lvsarp_probe_close(p);

    /* A request and a reply, both of which eth0 hears. */
    const struct lvsarp_announce_options once = { sizeof once, 1, 0, LVSARP_FORM_BOTH, LVSARP_FORCE };
    struct lvsarp_listener *l = NULL;
    loop = (struct in_loop){ NULL, 0, close_at, answer };
    EXPECT(lvsarp_listen_open(h, ANSWERED, 1, "eth0", NULL, &l) == 0, "%s", lvsarp_message(h));
    loop.own = l;
    EXPECT(lvsarp_announce(h, ANSWERED, 1, "eth1", &once) == 2, "%s", lvsarp_message(h));
    int fd = lvsarp_listen_fd(l);
    await(&fd, 1);
    rc = lvsarp_listen_dispatch(l, in_listen, &loop);
    EXPECT(rc == (answer != 0 ? answer : 2) && loop.calls == calls, "a listener: %d after %d calls", rc, loop.calls);
    if (close_at == 0)
        lvsarp_listen_close(l);

    struct lvsarp_watcher *w = NULL;
    loop = (struct in_loop){ NULL, 0, close_at, answer };
    EXPECT(lvsarp_watch_open(h, ANSWERED, 2, NULL, NULL, &w) == 0, "%s", lvsarp_message(h));
    loop.own = w;
    EXPECT(lvsarp_vip_unbind_many(h, ANSWERED, 2, "lo", NULL) == 0, "%s", lvsarp_message(h));
    fd = lvsarp_watch_fd(w);
    await(&fd, 1);
    rc = lvsarp_watch_dispatch(w, in_watch, &loop);
    EXPECT(rc == (answer != 0 ? answer : 2) && loop.calls == calls, "a watch: %d after %d calls", rc, loop.calls);
    if (close_at == 0)
        lvsarp_watch_close(w);
    EXPECT(lvsarp_vip_bind_many(h, ANSWERED, 2, NULL, NULL) == 0, "%s", lvsarp_message(h));
}

int main(void)
{
    enter_own_root();
    struct lvsarp_host *h = must_open(NULL), *other = must_open(NULL);
    /* Two of each: 192.0.2.10 is what the plans and checks are about, and is missing. */
    const char *const vips[] = { "192.0.2.20", "192.0.2.21" };
    EXPECT(lvsarp_vip_bind_many(h, vips, 2, NULL, NULL) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_prefix_bind(h, "198.51.100.0/24", "lo") == 0 && lvsarp_prefix_bind(h, "2001:db8:1::/64", "lo") == 0,
           "%s", lvsarp_message(h));
    for (size_t i = 0; i < sizeof WALKS / sizeof *WALKS; i++) {
        one_walk(&WALKS[i], h, other);
        if (WALKS[i].has_handle)
            closed_in_a_walk(&WALKS[i], other);
    }
    nested_walks();
    in_loops(h, 0, 0);
    in_loops(h, 0, 77);
    in_loops(h, 1, 0);
    in_loops(h, 1, -5);
    lvsarp_vip_unbind_many(h, vips, 2, "lo", NULL);
    lvsarp_prefix_unbind(h, "198.51.100.0/24", "lo");
    lvsarp_prefix_unbind(h, "2001:db8:1::/64", "lo");
    lvsarp_close(h);
    lvsarp_close(other);
    return finish();
}
