/* Handles that are none, that are no more, and handles that work where descriptors are short and signals many. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "hostile.h"

static const char *const VIP[] = { "192.0.2.10" };
static const int32_t KEY[] = { LVSARP_ARP_IGNORE }, LEVEL[] = { 0 };

/* Every function that takes a handle, with all else right: -EBADF, and nothing is done. Returns how many there are. */
static int all_refuse(struct lvsarp_host *bad, const char *what)
{
    const struct {
        const char *function;
        int rc;
    } calls[] = {
#define CALL(function, arguments) \
    { #function, (prepare(), judge(__FILE__, __LINE__, #function, #arguments, -EBADF, function arguments)) }
        CALL(lvsarp_snapshot, (bad, see_text, NULL)),
        CALL(lvsarp_lock_timeout, (bad, 0)),
        CALL(lvsarp_get, (bad, "lo", &out.levels)),
        CALL(lvsarp_read, (bad, "lo", LVSARP_ARP_IGNORE, &out.value)),
        CALL(lvsarp_set, (bad, "lo", LVSARP_ARP_IGNORE, 1)),
        CALL(lvsarp_set_many, (bad, "lo", KEY, LEVEL, 1, LVSARP_VIA_AUTO)),
        CALL(lvsarp_interface_each, (bad, see_interface, NULL)),
        CALL(lvsarp_vip_each, (bad, "lo", see_address, NULL)),
        CALL(lvsarp_address_each, (bad, NULL, see_address, NULL)),
        CALL(lvsarp_vip_bind, (bad, "192.0.2.10", "lo", NULL)),
        CALL(lvsarp_vip_bind_many, (bad, VIP, 1, NULL, out.changed)),
        CALL(lvsarp_vip_unbind, (bad, "192.0.2.10", "lo")),
        CALL(lvsarp_vip_unbind_many, (bad, VIP, 1, "lo", out.changed)),
        CALL(lvsarp_prefix_bind, (bad, "198.51.100.0/24", "lo")),
        CALL(lvsarp_prefix_unbind, (bad, "198.51.100.0/24", "lo")),
        CALL(lvsarp_prefix_each, (bad, see_prefix, NULL)),
        CALL(lvsarp_plan, (bad, VIP, 1, NULL, see_step, NULL)),
        CALL(lvsarp_apply, (bad, VIP, 1, NULL)),
        CALL(lvsarp_plan_undo, (bad, see_step, NULL)),
        CALL(lvsarp_undo, (bad)),
        CALL(lvsarp_check, (bad, VIP, 1, see_finding, NULL)),
        CALL(lvsarp_persist, (bad, VIP, 1, NULL, NULL)),
        CALL(lvsarp_unpersist, (bad, NULL)),
        CALL(lvsarp_restore, (bad, NULL)),
        CALL(lvsarp_boot, (bad, VIP, 1, NULL, 0, &NO_REHEARSAL, see_finding, NULL)),
        CALL(lvsarp_boot_level_each, (bad, see_level, NULL)),
        CALL(lvsarp_boot_rehearsed, (bad)),
        CALL(lvsarp_probe, (bad, VIP, 1, "eth0", &QUICK_PROBE, see_responder, NULL)),
        CALL(lvsarp_probe_open, (bad, VIP, 1, "eth0", NULL, &out.prober)),
        CALL(lvsarp_listen_open, (bad, VIP, 1, "eth0", NULL, &out.listener)),
        CALL(lvsarp_audit, (bad, *VIP, "192.0.2.12", "eth0", &QUICK_AUDIT, &out.audit)),
        CALL(lvsarp_audit_open, (bad, *VIP, "192.0.2.12", "eth0", NULL, &out.auditor)),
        CALL(lvsarp_watch_open, (bad, VIP, 1, NULL, NULL, &out.watcher)),
        CALL(lvsarp_announce, (bad, VIP, 1, "eth0", NULL)),
        CALL(lvsarp_promote, (bad, VIP, 1, "eth0", NULL)),
        CALL(lvsarp_demote, (bad, VIP, 1, "eth0", NULL)),
        CALL(lvsarp_would_reply, (bad, "192.0.2.10", "192.0.2.1", "eth0", 0, &out.decision, see_note, NULL)),
        CALL(lvsarp_would_announce, (bad, "192.0.2.1", "eth0", NULL, 0, &out.decision, see_note, NULL)),
        CALL(lvsarp_assume, (bad, "all", LVSARP_ARP_IGNORE, 1)),
        CALL(lvsarp_changed, (bad)),
        CALL(lvsarp_rolled_back, (bad)),
        CALL(lvsarp_step_each, (bad, see_step, NULL)),
        CALL(lvsarp_finding_each, (bad, see_finding, NULL)),
        CALL(lvsarp_verdict_each, (bad, see_verdict, NULL)),
    };
    expect_message(__FILE__, __LINE__, what, lvsarp_message(bad), 1024);
    EXPECT(lvsarp_hint(bad) != NULL && lvsarp_kind(bad) != NULL && lvsarp_boot_loader(bad) != NULL,
           "the hint, the kind or the loader of %s is NULL", what);
    lvsarp_close(bad);
    return (int)(sizeof calls / sizeof *calls);
}

/* The same of the handles for an event loop. */
static int all_in_a_loop_refuse(void *bad, const char *what)
{
    struct lvsarp_prober *p = bad;
    struct lvsarp_listener *l = bad;
    struct lvsarp_auditor *a = bad;
    struct lvsarp_watcher *w = bad;
    const struct {
        const char *function;
        int rc;
    } calls[] = {
        CALL(lvsarp_probe_start, (p)),
        CALL(lvsarp_probe_fd, (p)),
        CALL(lvsarp_probe_dispatch, (p, see_responder, NULL)),
        CALL(lvsarp_probe_lost, (p)),
        CALL(lvsarp_listen_fd, (l)),
        CALL(lvsarp_listen_dispatch, (l, see_heard, NULL)),
        CALL(lvsarp_listen_lost, (l)),
        CALL(lvsarp_audit_start, (a)),
        CALL(lvsarp_audit_fd, (a)),
        CALL(lvsarp_audit_dispatch, (a, &out.audit)),
        CALL(lvsarp_watch_fd, (w)),
        CALL(lvsarp_watch_dispatch, (w, see_event, NULL)),
    };
    const char *const texts[] = { lvsarp_probe_message(p), lvsarp_listen_message(l), lvsarp_audit_message(a),
                                  lvsarp_watch_message(w) };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_message(__FILE__, __LINE__, what, texts[i], 1024);
    lvsarp_probe_close(p);
    lvsarp_listen_close(l);
    lvsarp_audit_close(a);
    lvsarp_watch_close(w);
    return (int)(sizeof calls / sizeof *calls);
}

/* A handle of one kind is none of another: nothing of a host can be closed or asked as a probe. */
static void handles_of_another_kind(void)
{
    open_all_in_a_loop();
    all_in_a_loop_refuse(h, "a host as another handle");
    EXPECT(lvsarp_lock_timeout(h, LVSARP_LOCK_TIMEOUT) == 0, "%s", lvsarp_message(h));
    void *const others[] = { prober, listener, auditor, watcher };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        all_refuse(others[i], "another handle as a host");
    EXPECT(lvsarp_probe_start((void *)listener) == -EBADF && lvsarp_audit_start((void *)prober) == -EBADF,
           "a listener can be started, or a prober audits");
    EXPECT(lvsarp_probe_fd(prober) >= 0 && lvsarp_listen_fd(listener) >= 0 && lvsarp_audit_fd(auditor) >= 0 &&
               lvsarp_watch_fd(watcher) >= 0,
           "a handle does not work any more");
    close_all_in_a_loop();
}

void handles(void)
{
    size_t *zeroes = calloc(1, 65536);
    if (zeroes == NULL)
        exit(2);
    int tried = all_refuse((struct lvsarp_host *)(void *)zeroes, "a handle of zeroes");
    EXPECT(tried == 44, "%d functions take a handle", tried);
    tried = all_in_a_loop_refuse(zeroes, "a handle of zeroes");
    EXPECT(tried == 12, "%d functions take a handle for an event loop", tried);
    for (size_t i = 0; i < 65536 / sizeof *zeroes; i++)
        EXPECT(zeroes[i] == 0, "word %zu of a handle of zeroes was written", i);
    free(zeroes);
    for (size_t shift = 1; shift < sizeof(void *); shift++) {
        all_refuse((struct lvsarp_host *)(void *)((char *)h + shift), "a pointer into a handle");
        all_in_a_loop_refuse((char *)h + shift, "a pointer into a handle");
    }
    all_refuse((struct lvsarp_host *)(void *)1, "the address 1");
    all_in_a_loop_refuse((void *)1, "the address 1");
    handles_of_another_kind();
    EXPECT(lvsarp_lock_timeout(h, 1) == 0, "the handle itself does not work any more: %s", lvsarp_message(h));
}

void closed(void)
{
    struct lvsarp_host *gone = must_open(NULL);
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(gone, "lo", &levels) == 0, "%s", lvsarp_message(gone));
    lvsarp_close(gone);
    all_refuse(gone, "a closed handle");
    lvsarp_close(gone);
    lvsarp_close(gone);
    /* Another one that was opened meanwhile is not closed with it, unless it lies in the same place. */
    struct lvsarp_host *other = must_open(NULL);
    if (other != gone)
        lvsarp_close(gone);
    EXPECT(lvsarp_get(other, "lo", &levels) == 0, "%s", lvsarp_message(other));
    lvsarp_close(other);
    /* What is freed stays readable. */
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_MMAP_THRESHOLD, INT_MAX);
    open_all_in_a_loop();
    close_all_in_a_loop();
    all_in_a_loop_refuse(prober, "a closed prober");
    all_in_a_loop_refuse(listener, "a closed listener");
    all_in_a_loop_refuse(auditor, "a closed auditor");
    all_in_a_loop_refuse(watcher, "a closed watcher");
}

static void without_descriptors(void)
{
    struct lvsarp_host *kept = must_open(NULL);
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    /* What it opens once and keeps, it has now. */
    EXPECT(lvsarp_get(kept, "lo", &levels) == 0, "%s", lvsarp_message(kept));
    EXPECT(lvsarp_apply(kept, VIP, 1, NULL) == 0 && lvsarp_undo(kept) == 0, "%s", lvsarp_message(kept));
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct rlimit old, limit;
    getrlimit(RLIMIT_NOFILE, &old);
    int refused = 0, opened = 0;
    /* From none free to as many as it takes: each step of opening fails once. */
    for (int room = 0; room < 8; room++) {
        limit = old;
        limit.rlim_cur = (rlim_t)(fd + room);
        setrlimit(RLIMIT_NOFILE, &limit);
        note("room for %d descriptors", room);
        struct lvsarp_host *host = kept;
        char message[256];
        int rc = lvsarp_open_message(NULL, &host, message, sizeof message);
        EXPECT(rc == 0 || rc == -EMFILE, "%d with room for %d", rc, room);
        EXPECT((rc == 0) == (host != NULL), "%d and %p", rc, (void *)host);
        if (rc == -EMFILE)
            expect_message(__FILE__, __LINE__, "lvsarp_open_message()", message, sizeof message);
        rc == 0 ? opened++ : refused++;
        lvsarp_close(host);
        /* What is kept open needs no more. */
        EXPECT(lvsarp_get(kept, "lo", &levels) == 0, "%s", lvsarp_message(kept));
        rc = lvsarp_check(kept, NULL, 0, see_finding, NULL);
        EXPECT(rc == 0 || rc == 1 || rc == -EMFILE, "check: %d, %s", rc, lvsarp_message(kept));
        rc = lvsarp_boot(kept, VIP, 1, NULL, 0, &NO_REHEARSAL, see_finding, NULL);
        EXPECT(rc == 1 || rc == -EMFILE, "boot: %d, %s", rc, lvsarp_message(kept));
        int persisted = lvsarp_persist(kept, VIP, 1, NULL, NULL);
        EXPECT(persisted == 0 || persisted == -EMFILE, "persist: %d, %s", persisted, lvsarp_message(kept));
        EXPECT(persisted == 0 || lvsarp_rolled_back(kept) >= 0, "persist left something: %s", lvsarp_message(kept));
        rc = lvsarp_apply(kept, VIP, 1, NULL);
        EXPECT(rc == 0 || rc == -EMFILE, "apply: %d, %s", rc, lvsarp_message(kept));
        setrlimit(RLIMIT_NOFILE, &old);
        if (rc == -EMFILE)
            EXPECT(lvsarp_check(kept, VIP, 1, NULL, NULL) == 1, "an apply that failed left something");
        EXPECT(lvsarp_undo(kept) == 0, "%s", lvsarp_message(kept));
        EXPECT(lvsarp_unpersist(kept, NULL) == 0, "%s", lvsarp_message(kept));
        EXPECT((lvsarp_changed(kept) > 0) == (persisted == 0), "persist returned %d, and %d was there", persisted,
               lvsarp_changed(kept));
    }
    EXPECT(refused > 0 && opened > 0, "%d refused, %d opened", refused, opened);
    close(fd);
    lvsarp_close(kept);
}

static volatile sig_atomic_t signals_seen;

static void count_signal(int number)
{
    (void)number;
    signals_seen++;
}

/* A signal every 100 microseconds, with a handler that restarts nothing. */
static void among_signals(void)
{
    struct sigaction action, now;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal;
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &often, NULL);
    double end = seconds() + 0.5;
    int rounds = 0;
    for (; seconds() < end || rounds < 3; rounds++) {
        struct lvsarp_host *host = NULL;
        int rc = lvsarp_open("/proc/self/ns/net", &host);
        EXPECT(rc == 0, "open among signals: %d", rc);
        if (rc != 0)
            break;
        struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
        EXPECT(lvsarp_get(host, "lo", &levels) == 0, "%s", lvsarp_message(host));
        EXPECT(lvsarp_apply(host, VIP, 1, NULL) == 0, "%s", lvsarp_message(host));
        EXPECT(lvsarp_check(host, VIP, 1, NULL, NULL) == 0, "%s", lvsarp_message(host));
        EXPECT(lvsarp_undo(host) == 0, "%s", lvsarp_message(host));
        lvsarp_close(host);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, NULL, &now);
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < 32; number++)
        EXPECT(sigismember(&blocked, number) == 0, "signal %d is blocked", number);
    EXPECT(now.sa_handler == count_signal, "the handler is another one");
    EXPECT(signals_seen > rounds, "only %d signals in %d rounds", (int)signals_seen, rounds);
}

void limits(void)
{
    without_descriptors();
    among_signals();
}
