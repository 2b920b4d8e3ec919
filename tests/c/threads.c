/*
 * Several threads at once:
 *     threads two [SECONDS [NETNS]]      two threads, two handles, one namespace: every answer is as if it were alone
 *     threads one [SECONDS]              two threads on one handle, against the contract: 0 or -EBUSY, none is wrong
 *     threads cancel [SECONDS [NETNS]]   a thread that is cancelled in the middle of a call, many times: it ends first
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "expect.h"

static double deadline;

struct worker {
    struct lvsarp_host *h;
    const char *netns;
    const char *iface;   /* nobody else sets its levels */
    const char *vips[3]; /* nobody else binds them */
    long rounds, busy, in;
};

struct sight {
    const struct worker *worker;
    int found[3];
    int others;
};

static int see_address(const struct lvsarp_address *address, void *arg)
{
    struct sight *sight = arg;
    int mine = 0;
    for (int i = 0; i < 3; i++)
        if (strcmp(address->local, sight->worker->vips[i]) == 0) {
            mine = 1;
            sight->found[i]++;
            EXPECT(address->prefixlen == 32 && address->family == 2 && strcmp(address->dev, "lo") == 0, "%s on %s",
                   address->local, address->dev);
        }
    sight->others += !mine;
    return 0;
}

static int see_verdict(const struct lvsarp_verdict *verdict, void *arg)
{
    const struct worker *worker = arg;
    EXPECT(strcmp(verdict->vip, worker->vips[0]) == 0, "a verdict on %s", verdict->vip);
    return 0;
}

static int count_finding(const struct lvsarp_finding *finding, void *arg)
{
    *(int *)arg += finding->severity >= LVSARP_SEVERITY_ERROR;
    return 0;
}

static void expect_bound(struct worker *w, int first, int second, int third)
{
    struct sight sight = { w, { 0, 0, 0 }, 0 };
    EXPECT(lvsarp_vip_each(w->h, "lo", see_address, &sight) == 0, "%s", lvsarp_message(w->h));
    EXPECT(sight.found[0] == first && sight.found[1] == second && sight.found[2] == third, "%d, %d, %d", sight.found[0],
           sight.found[1], sight.found[2]);
    /* The kernel walks the list without a lock: one that is removed and bound again meanwhile may be seen twice. */
    EXPECT(sight.others <= 6, "%d other addresses", sight.others);
}

static void one_round(struct worker *w)
{
    struct lvsarp_host *h = w->h;
    int ignore = (int)(w->rounds % 9), announce = (int)(w->rounds % 3), findings = 0;
    EXPECT(lvsarp_set(h, w->iface, LVSARP_ARP_IGNORE, ignore) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_set(h, w->iface, LVSARP_ARP_ANNOUNCE, announce) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_set(h, w->iface, LVSARP_ARP_IGNORE, ignore) == 0 && lvsarp_changed(h) == 0, "set twice");
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(h, w->iface, &levels) == 0, "%s", lvsarp_message(h));
    EXPECT(levels.arp_ignore.own == ignore && levels.arp_announce.own == announce, "%d and %d, not %d and %d",
           levels.arp_ignore.own, levels.arp_announce.own, ignore, announce);
    EXPECT(lvsarp_get(h, "nowhere", &levels) == -ENODEV && strstr(lvsarp_message(h), "nowhere") != NULL, "%s",
           lvsarp_message(h));

    int32_t changed[3] = { 9, 9, 9 };
    EXPECT(lvsarp_vip_bind(h, w->vips[0], "lo", NULL) == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    expect_bound(w, 1, 0, 0);
    EXPECT(lvsarp_vip_bind_many(h, w->vips, 3, NULL, changed) == 0, "%s", lvsarp_message(h));
    EXPECT(changed[0] == 0 && changed[1] == 1 && changed[2] == 1, "%d, %d, %d", changed[0], changed[1], changed[2]);
    expect_bound(w, 1, 1, 1);
    int rc = lvsarp_check(h, w->vips, 1, count_finding, &findings);
    EXPECT(rc == 0 || rc == 1, "check: %d, %s", rc, lvsarp_message(h));
    EXPECT(rc == 0 || findings > 0, "not silent, and nothing says why");
    EXPECT(lvsarp_verdict_each(h, see_verdict, w) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_vip_unbind(h, w->vips[1], "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    expect_bound(w, 1, 0, 1);
    EXPECT(lvsarp_vip_unbind_many(h, w->vips, 3, "lo", changed) == 0, "%s", lvsarp_message(h));
    EXPECT(changed[0] == 1 && changed[1] == 0 && changed[2] == 1, "%d, %d, %d", changed[0], changed[1], changed[2]);
    EXPECT(lvsarp_check(h, w->vips, 1, NULL, NULL) == 1, "it is gone, and not missed");
}

static void *alone(void *arg)
{
    struct worker *w = arg;
    for (; seconds() < deadline || w->rounds == 0; w->rounds++) {
        /* Opened in this thread from time to time: by name this starts another one. */
        if (w->rounds % 64 == 0) {
            lvsarp_close(w->h);
            w->h = must_open(w->netns);
        }
        one_round(w);
    }
    EXPECT(lvsarp_set(w->h, w->iface, LVSARP_ARP_IGNORE, 0) == 0 &&
               lvsarp_set(w->h, w->iface, LVSARP_ARP_ANNOUNCE, 0) == 0,
           "%s", lvsarp_message(w->h));
    lvsarp_close(w->h);
    return NULL;
}

/* Right where it is 0, and nothing but 0 and -EBUSY. */
static int let_in(struct worker *w, int rc, const char *what)
{
    EXPECT(rc == 0 || rc == -EBUSY, "%s: %d", what, rc);
    w->busy += rc == -EBUSY;
    w->in += rc == 0;
    return rc == 0;
}

static int only_names(const struct lvsarp_interface *interface, void *arg)
{
    EXPECT(interface->name[0] != 0, "no name");
    *(int *)arg += 1;
    return 0;
}

static void *together(void *arg)
{
    struct worker *w = arg;
    for (; seconds() < deadline || w->rounds == 0; w->rounds++) {
        struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
        if (let_in(w, lvsarp_get(w->h, "eth0", &levels), "get"))
            EXPECT(levels.arp_ignore.own == 3 && levels.arp_announce.own == 1, "%d, %d", levels.arp_ignore.own,
                   levels.arp_announce.own);
        else
            EXPECT(levels.arp_ignore.known == 0, "a call that did not get in wrote");
        int32_t value = 99;
        if (let_in(w, lvsarp_read(w->h, "eth1", LVSARP_ARP_IGNORE, &value), "read"))
            EXPECT(value == 5, "%d", value);
        else
            EXPECT(value == 99, "a call that did not get in wrote");
        let_in(w, lvsarp_set(w->h, "eth0", LVSARP_ARP_IGNORE, 3), "set");
        int names = 0;
        if (let_in(w, lvsarp_interface_each(w->h, only_names, &names), "interface_each"))
            EXPECT(names >= 3, "%d interfaces", names);
        let_in(w, lvsarp_vip_unbind(w->h, w->vips[0], "lo"), "vip_unbind");
        int rc = lvsarp_check(w->h, w->vips, 1, NULL, NULL);
        EXPECT(rc == 1 || rc == -EBUSY, "check: %d", rc);
        EXPECT(lvsarp_message(w->h) != NULL && lvsarp_hint(w->h) != NULL, "no message");
        /* Out of step with the other one, which gets in meanwhile. */
        const struct timespec pause = { 0, 1000 * (w->rounds % 7) };
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Never ends by itself. It can be cancelled anywhere; the library lets that happen at the end of its functions only. */
static void *cancelled(void *arg)
{
    struct worker *w = arg;
    for (;; w->rounds++) {
        struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
        EXPECT(lvsarp_get(w->h, "eth0", &levels) == 0, "%s", lvsarp_message(w->h));
        EXPECT(lvsarp_check(w->h, w->vips, 1, NULL, NULL) >= 0, "%s", lvsarp_message(w->h));
        EXPECT(lvsarp_vip_bind_many(w->h, w->vips, 3, NULL, NULL) == 0, "%s", lvsarp_message(w->h));
        EXPECT(lvsarp_vip_unbind_many(w->h, w->vips, 3, "lo", NULL) == 0, "%s", lvsarp_message(w->h));
        if (w->rounds % 16 == 0) {
            EXPECT(lvsarp_apply(w->h, w->vips, 1, NULL) == 0, "%s", lvsarp_message(w->h));
            EXPECT(lvsarp_undo(w->h) == 0, "%s", lvsarp_message(w->h));
        }
        pthread_testcancel();
    }
    return NULL;
}

static void cancel(struct worker *w)
{
    uint64_t state = 4711;
    long times = 0;
    for (; seconds() < deadline || times == 0; times++) {
        pthread_t thread;
        void *result = NULL;
        if (pthread_create(&thread, NULL, cancelled, w) != 0)
            exit(2);
        const struct timespec pause = { 0, next_random(&state) % 2000000 };
        nanosleep(&pause, NULL);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        EXPECT(result == PTHREAD_CANCELED, "the thread ended with %p", result);
        /* The handle is free, and no call was left in the middle. */
        expect_bound(w, 0, 0, 0);
        EXPECT(lvsarp_undo(w->h) == 0 && lvsarp_changed(w->h) == 0, "%s", lvsarp_message(w->h));
    }
    printf("cancelled %ld times\n", times);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int one = strcmp(argv[1], "one") == 0;
    const char *netns = argc > 3 ? argv[3] : NULL;
    struct worker workers[2] = { { NULL, netns, "eth0", { "192.0.2.50", "192.0.2.51", "192.0.2.52" }, 0, 0, 0 },
                                 { NULL, netns, "eth1", { "192.0.2.60", "192.0.2.61", "192.0.2.62" }, 0, 0, 0 } };
    struct lvsarp_host *h = must_open(netns);
    if (one) {
        EXPECT(lvsarp_set(h, "eth0", LVSARP_ARP_IGNORE, 3) == 0 && lvsarp_set(h, "eth0", LVSARP_ARP_ANNOUNCE, 1) == 0,
               "%s", lvsarp_message(h));
        EXPECT(lvsarp_set(h, "eth1", LVSARP_ARP_IGNORE, 5) == 0, "%s", lvsarp_message(h));
        workers[0].h = workers[1].h = h;
    }
    /*
     * What std finds out once, such as whether there is statx(), it finds out here: race detectors do not see atomics.
     * 
     */
    EXPECT(lvsarp_check(h, workers[0].vips, 1, NULL, NULL) == 1, "%s", lvsarp_message(h));
    double start = seconds();
    deadline = start + (argc > 2 ? atof(argv[2]) : 5);
    if (strcmp(argv[1], "cancel") == 0) {
        workers[0].h = h;
        cancel(&workers[0]);
        lvsarp_close(h);
        return finish();
    }
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, one ? together : alone, &workers[i]) != 0)
            return 2;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("%.1f s: %ld and %ld rounds, %ld times busy\n", seconds() - start, workers[0].rounds, workers[1].rounds,
           workers[0].busy + workers[1].busy);
    EXPECT(!one || (workers[0].in > 0 && workers[1].in > 0), "one of the threads never got in: %ld, %ld", workers[0].in,
           workers[1].in);
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(h, "eth0", &levels) == 0 && levels.arp_ignore.own == (one ? 3 : 0), "%s", lvsarp_message(h));
    lvsarp_close(h);
    return finish();
}
