/*
 * What a handle costs, and that it is all given back:
 *     lifetime here COUNT | named NETNS COUNT | get COUNT | ask COUNT | what-if COUNT
 *                                                              memory, descriptors and threads do not grow
 *     lifetime loops COUNT                                     the same of handles for an event loop
 *     lifetime steady NETNS COUNT                              the last calls take no longer than the first
 *     lifetime descriptors NETNS                               close-on-exec, and how many
 *     lifetime trace [NETNS]                                   marks on stderr, to be read with strace
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "loop.h"

/* How much the resident set may grow over all rounds. A leak of 26 bytes a round would be more in 10,000. */
#define RSS_MAY_GROW_KB 256
#define WARM_UP 200

static int entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    if (directory == NULL)
        exit(2);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

struct costs {
    long rss_kb;
    int descriptors, threads;
};

static struct costs costs_now(void)
{
    struct costs costs = { 0, entries("/proc/self/fd"), entries("/proc/self/task") };
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        exit(2);
    fclose(file);
    costs.rss_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return costs;
}

/* Both are asked for once with each handle, so that everything that is opened late is opened. */
static void use(struct lvsarp_host *h)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(h, "lo", &levels) == 0, "%s", lvsarp_message(h));
}

static void open_and_close(const char *netns, int unused)
{
    (void)unused;
    struct lvsarp_host *h = must_open(netns);
    use(h);
    lvsarp_close(h);
}

static struct lvsarp_host *kept;

static void get(const char *unused, int round)
{
    (void)unused;
    static const char *const names[] = { "lo", "eth0", "all", "default", "nowhere" };
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    int rc = lvsarp_get(kept, names[round % 5], &levels);
    EXPECT(rc == (round % 5 == 4 ? -ENODEV : 0), "get %s: %d", names[round % 5], rc);
}

static int see_note(const struct lvsarp_note *note, void *arg)
{
    *(int *)arg += 1;
    return note->text[0] == 0;
}

/* Questions of all kinds, some of which are refused, and on a recorded handle also what if. */
static void ask(const char *recorded, int round)
{
    static const char *const names[] = { "lo", "eth0", "eth1", "nowhere" };
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    const char *on = names[round % 4];
    int notes = 0, expected = round % 4 == 3 ? -ENODEV : 0;
    uint32_t flags = recorded == NULL && round % 2 ? LVSARP_VERIFY : 0;
    int rc = lvsarp_would_reply(kept, "192.0.2.11", "192.0.2.1", on, flags, &decision, see_note, &notes);
    EXPECT(rc == expected && (rc < 0 || notes > 0), "would_reply on %s: %d", on, rc);
    const char *source = round % 3 ? "192.0.2.11" : NULL;
    rc = lvsarp_would_announce(kept, "192.0.2.1", on, source, flags, &decision, see_note, &notes);
    EXPECT(rc == expected, "would_announce on %s: %d", on, rc);
    if (recorded != NULL) {
        rc = lvsarp_assume(kept, on, LVSARP_ARP_IGNORE, round % 9);
        EXPECT(rc == expected, "assume on %s: %d", on, rc);
    }
}

static int hear(const struct lvsarp_heard *heard, void *arg) { return (void)heard, (void)arg, 0; }
static int happen(const struct lvsarp_event *event, void *arg) { return (void)event, (void)arg, 0; }

static struct lvsarp_prober *prober;
static struct lvsarp_listener *listener;
static struct lvsarp_auditor *auditor;
static struct lvsarp_watcher *watcher;

static void open_loops(void)
{
    static const char *const vips[] = { "192.0.2.10" };
    static const struct lvsarp_probe_options probe = { sizeof probe, 1, 1, 0, 0, "" };
    static const struct lvsarp_audit_options audit = { sizeof audit, 1, 1, 0, 0 };
    EXPECT(lvsarp_probe_open(kept, vips, 1, "eth0", &probe, &prober) == 0, "%s", lvsarp_message(kept));
    EXPECT(lvsarp_listen_open(kept, vips, 1, "eth0", NULL, &listener) == 0, "%s", lvsarp_message(kept));
    EXPECT(lvsarp_audit_open(kept, vips[0], "192.0.2.12", "eth0", &audit, &auditor) == 0, "%s", lvsarp_message(kept));
    EXPECT(lvsarp_watch_open(kept, vips, 1, NULL, NULL, &watcher) == 0, "%s", lvsarp_message(kept));
}

static void close_loops(void)
{
    lvsarp_probe_close(prober);
    lvsarp_listen_close(listener);
    lvsarp_audit_close(auditor);
    lvsarp_watch_close(watcher);
}

/* Rounds on handles that are kept; every twentieth time they are opened again. */
static void loops(const char *unused, int round)
{
    (void)unused;
    EXPECT(lvsarp_probe_start(prober) == 0 && probe_round(prober, NULL, NULL) == 1, "%s", lvsarp_probe_message(prober));
    EXPECT(lvsarp_audit_start(auditor) == 0 && audit_round(auditor, NULL) == LVSARP_AUDIT_DOWN, "%s",
           lvsarp_audit_message(auditor));
    EXPECT(lvsarp_listen_dispatch(listener, hear, NULL) == 0, "%s", lvsarp_listen_message(listener));
    EXPECT(lvsarp_watch_dispatch(watcher, happen, NULL) == 0, "%s", lvsarp_watch_message(watcher));
    if (round % 20 == 19) {
        close_loops();
        open_loops();
    }
}

static int open_recorded(const char *json, size_t length, void *out)
{
    return lvsarp_open_snapshot(json, length, out, NULL, 0);
}

static void rounds(const char *what, int count, void (*once)(const char *, int), const char *netns)
{
    for (int i = 0; i < WARM_UP && i < count; i++)
        once(netns, i);
    struct costs before = costs_now();
    double start = seconds();
    for (int i = 0; i < count; i++)
        once(netns, i);
    double took = seconds() - start;
    struct costs after = costs_now();
    EXPECT(after.descriptors == before.descriptors, "%d descriptors, then %d", before.descriptors, after.descriptors);
    EXPECT(after.threads == 1 && before.threads == 1, "%d threads, then %d", before.threads, after.threads);
    EXPECT(after.rss_kb - before.rss_kb <= RSS_MAY_GROW_KB, "%ld kB, then %ld kB", before.rss_kb, after.rss_kb);
    printf("%d times %s: %.1f us each, resident %ld kB, %+ld kB\n", count, what, took / count * 1e6, after.rss_kb,
           after.rss_kb - before.rss_kb);
}

/* The shortest of a few times: another process that was busy for a while does not count. */
static double shortest(const double *times, int count)
{
    double least = times[0];
    for (int i = 1; i < count; i++)
        if (times[i] < least)
            least = times[i];
    return least * 1e6;
}

static int see_json(const char *json, size_t length, void *arg)
{
    (void)json;
    (void)arg;
    return length == 0;
}

static const char *const VIP[] = { "192.0.2.10" };
static int32_t value;
static int call_read(struct lvsarp_host *h, int i) { return (void)i, lvsarp_read(h, "all", LVSARP_RP_FILTER, &value); }
static int call_set(struct lvsarp_host *h, int i) { return lvsarp_set(h, "all", LVSARP_ARP_IGNORE, i % 2); }
static int call_set_own(struct lvsarp_host *h, int i) { return lvsarp_set(h, "eth0", LVSARP_ARP_IGNORE, i % 2); }
static int call_check(struct lvsarp_host *h, int i) { return (void)i, lvsarp_check(h, VIP, 1, NULL, NULL) - 1; }
static int call_reply(struct lvsarp_host *h, int i)
{
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    return (void)i, lvsarp_would_reply(h, VIP[0], "192.0.2.1", "eth0", LVSARP_VERIFY, &decision, NULL, NULL);
}
static int call_snapshot(struct lvsarp_host *h, int i) { return (void)i, lvsarp_snapshot(h, see_json, NULL); }

/* What a call leaves behind in the kernel would make the next ones slower. */
static void steady(const char *netns, int count)
{
    static const struct {
        const char *name;
        int (*call)(struct lvsarp_host *, int);
        int share; /* of the count */
    } calls[] = {
        { "set eth0", call_set_own, 1 }, { "read", call_read, 1 },          { "set", call_set, 1 },
        { "check", call_check, 2 },      { "snapshot", call_snapshot, 10 }, { "would_reply", call_reply, 2 },
    };
    double *times = calloc((size_t)count, sizeof *times);
    struct lvsarp_host *h = must_open(netns);
    if (times == NULL || count < 100)
        exit(2);
    for (size_t at = 0; at < sizeof calls / sizeof *calls; at++) {
        int rounds = count / calls[at].share;
        for (int i = 0; i < rounds; i++) {
            double start = seconds();
            int rc = calls[at].call(h, i);
            times[i] = seconds() - start;
            EXPECT(rc == 0, "%s: %d, %s", calls[at].name, rc, lvsarp_message(h));
        }
        double first = shortest(times, 20), last = shortest(times + rounds - 20, 20);
        /* A busy machine can spoil twenty calls in a row, but not a hundred at five times. */
        for (int more = 0; more < 5 && last >= 4 * first + 50; more++) {
            usleep(200000);
            for (int i = 0; i < 20; i++) {
                double start = seconds();
                EXPECT(calls[at].call(h, i) == 0, "%s: %s", calls[at].name, lvsarp_message(h));
                times[i] = seconds() - start;
            }
            last = shortest(times, 20);
        }
        EXPECT(last < 4 * first + 50, "%s took %.0f us at first and %.0f us after %d calls", calls[at].name, first,
               last, rounds);
        printf("%d times %s of %s: %.0f us at first, %.0f us at last\n", rounds, calls[at].name, netns, first, last);
    }
    free(times);
    lvsarp_close(h);
}

/* Each one that is open and was not before is close-on-exec. Returns how many. */
static int opened_since(const char *was, const char *when)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || was[fd])
            continue;
        count++;
        char link[64], target[256] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, target, sizeof target - 1);
        target[length > 0 ? length : 0] = 0;
        EXPECT(flags & FD_CLOEXEC, "descriptor %d, %s, is not close-on-exec %s", fd, target, when);
    }
    return count;
}

static int each_interface(const struct lvsarp_interface *interface, void *arg)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(arg, interface->name, &levels) == 0, "%s", lvsarp_message(arg));
    return 0;
}

static void descriptors(const char *netns)
{
    const char *const places[] = { NULL, netns };
    for (int i = 0; i < 2; i++) {
        char was[256];
        for (int fd = 0; fd < 256; fd++)
            was[fd] = fcntl(fd, F_GETFD) >= 0;
        struct lvsarp_host *h = must_open(places[i]), *other = must_open(places[i]);
        int open = opened_since(was, "after opening");
        lvsarp_close(other);
        /* All interfaces, more than are kept; then everything else that may open something. */
        other = must_open(places[i]);
        EXPECT(lvsarp_interface_each(other, each_interface, h) == 0, "%s", lvsarp_message(other));
        lvsarp_close(other);
        int used = 0;
        for (int round = 0; round < 2; round++) {
            EXPECT(lvsarp_apply(h, VIP, 1, NULL) == 0, "%s", lvsarp_message(h));
            EXPECT(lvsarp_check(h, NULL, 0, NULL, NULL) == 0, "%s", lvsarp_message(h));
            EXPECT(lvsarp_undo(h) == 0, "%s", lvsarp_message(h));
            int now = opened_since(was, "after everything");
            EXPECT(round == 0 || now == used, "%d descriptors, then %d", used, now);
            used = now;
        }
        /*
         * Namespace, directory, socket and little more; then two files for each of eight interfaces and of all, and a
         * few for the checks.
         */
        EXPECT(open >= 4 && open <= 10 && open % 2 == 0, "two handles have %d descriptors", open);
        EXPECT(used > 3 && used <= 32, "a handle has %d descriptors after it read all interfaces", used);
        lvsarp_close(h);
        EXPECT(opened_since(was, "after closing") == 0, "something is left open");
        printf("%s: %d descriptors for a handle, %d after everything\n", i ? "named" : "here", open / 2, used);
    }
}

/* A system call of its own at each border: strace shows what lies between. */
static void mark(const char *text)
{
    if (write(2, text, strlen(text)) < 0)
        exit(2);
}

static void trace(const char *netns)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    mark("open");
    struct lvsarp_host *h = NULL;
    int rc = lvsarp_open(netns, &h);
    mark("opened");
    EXPECT(rc == 0, "%d", rc);
    rc = lvsarp_get(h, "eth0", &levels);
    EXPECT(rc == 0, "%d", rc);
    mark("get");
    rc = lvsarp_get(h, "eth0", &levels);
    mark("got");
    EXPECT(rc == 0, "%d", rc);
    mark("close");
    lvsarp_close(h);
    mark("closed");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "here") == 0 && argc == 3) {
        rounds("opened, used and closed", atoi(argv[2]), open_and_close, NULL);
    } else if (strcmp(what, "named") == 0 && argc == 4) {
        rounds("opened by name, used and closed", atoi(argv[3]), open_and_close, argv[2]);
    } else if (strcmp(what, "get") == 0 && argc == 3) {
        kept = must_open(NULL);
        rounds("read on a kept handle", atoi(argv[2]), get, NULL);
        lvsarp_close(kept);
    } else if (strcmp(what, "ask") == 0 && argc == 3) {
        kept = must_open(NULL);
        rounds("asked on a kept handle", atoi(argv[2]), ask, NULL);
        lvsarp_close(kept);
    } else if (strcmp(what, "loops") == 0 && argc == 3) {
        kept = must_open(NULL);
        open_loops();
        rounds("asked in a loop", atoi(argv[2]), loops, NULL);
        close_loops();
        lvsarp_close(kept);
    } else if (strcmp(what, "what-if") == 0 && argc == 3) {
        struct lvsarp_host *live = must_open(NULL);
        EXPECT(lvsarp_snapshot(live, open_recorded, &kept) == 0, "%s", lvsarp_message(live));
        lvsarp_close(live);
        rounds("asked and assumed on a recorded handle", atoi(argv[2]), ask, "recorded");
        lvsarp_close(kept);
    } else if (strcmp(what, "steady") == 0 && argc == 4) {
        steady(argv[2], atoi(argv[3]));
    } else if (strcmp(what, "descriptors") == 0 && argc == 3) {
        descriptors(argv[2]);
    } else if (strcmp(what, "trace") == 0) {
        trace(argc > 2 ? argv[2] : NULL);
    } else {
        fprintf(stderr, "see the top of lifetime.c\n");
        return 2;
    }
    return finish();
}
