/* A handle on both sides of a fork: each side gets its own answers, and nothing goes through an exec. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

static const char *const VIP[] = { "192.0.2.10" };

/* Runs something in a child and expects that it ends well. */
static pid_t in_child(void (*body)(struct lvsarp_host *), struct lvsarp_host *h)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        exit(2);
    if (child == 0) {
        failures = 0;
        body(h);
        lvsarp_close(h);
        exit(finish());
    }
    return child;
}

static void expect_end(pid_t child, const char *what)
{
    int status = 0;
    EXPECT(waitpid(child, &status, 0) == child, "no child for %s", what);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: the child ended with %#x", what, status);
}

static int count_address(const struct lvsarp_address *address, void *arg)
{
    (void)address;
    *(int *)arg += 1;
    return 0;
}

static int bound(struct lvsarp_host *h)
{
    int count = 0;
    EXPECT(lvsarp_vip_each(h, "lo", count_address, &count) == 0, "%s", lvsarp_message(h));
    return count;
}

/* Each answer has a shape of its own: one that belongs to another question, or to the other process, would not fit. */
static void look(struct lvsarp_host *h)
{
    for (int i = 0; i < 300; i++) {
        struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
        EXPECT(lvsarp_get(h, "eth0", &levels) == 0 && levels.arp_ignore.own == 3, "%s", lvsarp_message(h));
        EXPECT(lvsarp_set(h, "eth0", LVSARP_ARP_IGNORE, 3) == 0 && lvsarp_changed(h) == 0, "%s", lvsarp_message(h));
        EXPECT(lvsarp_check(h, VIP, 1, NULL, NULL) == 1, "%s", lvsarp_message(h));
        EXPECT(lvsarp_vip_unbind(h, "192.0.2.10", "lo") == 0 && lvsarp_changed(h) == 0, "%s", lvsarp_message(h));
        EXPECT(lvsarp_vip_unbind(h, "192.0.2.10", "nowhere") == -ENODEV, "%s", lvsarp_message(h));
        EXPECT(bound(h) == 0, "something is bound");
    }
}

/* Both apply and undo the same VIP: the lock makes them take turns, also on two copies of one handle. */
static void apply_and_undo(struct lvsarp_host *h)
{
    for (int i = 0; i < 10; i++) {
        int rc = lvsarp_apply(h, VIP, 1, NULL);
        EXPECT(rc == 0, "apply: %d, %s", rc, lvsarp_message(h));
        rc = lvsarp_undo(h);
        EXPECT(rc == 0, "undo: %d, %s", rc, lvsarp_message(h));
    }
}

static void bind_two(struct lvsarp_host *h)
{
    const char *const vips[] = { "192.0.2.30", "192.0.2.31" };
    int32_t changed[2] = { 9, 9 };
    EXPECT(lvsarp_vip_bind_many(h, vips, 2, NULL, changed) == 0 && changed[0] == 1 && changed[1] == 1, "%s",
           lvsarp_message(h));
}

static void apply(struct lvsarp_host *h)
{
    EXPECT(lvsarp_apply(h, VIP, 1, NULL) == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
}

static void undo(struct lvsarp_host *h)
{
    EXPECT(lvsarp_undo(h) == 0 && lvsarp_changed(h) > 0, "%s", lvsarp_message(h));
}

static void fork_again(struct lvsarp_host *h)
{
    EXPECT(bound(h) == 0, "something is bound");
    expect_end(in_child(look, h), "a grandchild");
    EXPECT(bound(h) == 0, "something is bound");
}

/* Both at the same time. */
static void together(void (*body)(struct lvsarp_host *), struct lvsarp_host *h, const char *what)
{
    pid_t child = in_child(body, h);
    body(h);
    expect_end(child, what);
}

/* A handle that is closed in the child is still the parent's. */
static void nothing(struct lvsarp_host *h) { (void)h; }

static void both_sides(const char *netns)
{
    struct lvsarp_host *h = must_open(netns);
    EXPECT(lvsarp_set(h, "eth0", LVSARP_ARP_IGNORE, 3) == 0, "%s", lvsarp_message(h));
    expect_end(in_child(nothing, h), "closing in the child");
    together(look, h, "looking");
    expect_end(in_child(fork_again, h), "a fork in a fork");
    /* What one of them does the other one sees, and can take back. */
    expect_end(in_child(bind_two, h), "binding in the child");
    EXPECT(bound(h) == 2, "the parent sees %d addresses", bound(h));
    EXPECT(lvsarp_vip_unbind(h, "192.0.2.30", "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    EXPECT(lvsarp_vip_unbind(h, "192.0.2.31", "lo") == 0 && lvsarp_changed(h) == 1, "%s", lvsarp_message(h));
    expect_end(in_child(apply, h), "apply in the child");
    EXPECT(lvsarp_check(h, VIP, 1, NULL, NULL) == 0, "%s", lvsarp_message(h));
    expect_end(in_child(undo, h), "undo in another child");
    EXPECT(bound(h) == 0, "undo left something");
    apply(h);
    expect_end(in_child(undo, h), "undo in the child of what the parent did");
    together(apply_and_undo, h, "apply and undo");
    EXPECT(lvsarp_undo(h) == 0 && bound(h) == 0, "%s", lvsarp_message(h));
    int32_t level = 99;
    EXPECT(lvsarp_read(h, "eth0", LVSARP_ARP_IGNORE, &level) == 0 && level == 3, "it is %d", level);
    EXPECT(lvsarp_set(h, "eth0", LVSARP_ARP_IGNORE, 0) == 0, "%s", lvsarp_message(h));
    lvsarp_close(h);
}

/* Another thread is in the handle when the process forks: nobody will ever leave it in the child. */
static sem_t inside, leave;

static int stay(const struct lvsarp_interface *interface, void *arg)
{
    (void)interface;
    (void)arg;
    sem_post(&inside);
    while (sem_wait(&leave) != 0)
        ;
    return 7;
}

static void *walk(void *h)
{
    EXPECT(lvsarp_interface_each(h, stay, NULL) == 7, "the walk");
    return NULL;
}

static void busy_for_ever(struct lvsarp_host *h)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    for (int i = 0; i < 3; i++) {
        EXPECT(lvsarp_get(h, "lo", &levels) == -EBUSY, "the handle is free in the child");
        EXPECT(lvsarp_message(h)[0] != 0 && lvsarp_hint(h) != NULL, "no message");
    }
    /* A new one works, and closing the old one is no more than useless. */
    struct lvsarp_host *own = must_open(NULL);
    EXPECT(lvsarp_get(own, "lo", &levels) == 0, "%s", lvsarp_message(own));
    lvsarp_close(own);
    lvsarp_close(h);
    /* What the other thread's stack held is lost with it, and nobody may count that: exec forgets it. */
    if (finish() == 0)
        execl("/bin/true", "true", (char *)NULL);
    _exit(1);
}

static void in_a_call(void)
{
    struct lvsarp_host *h = must_open(NULL);
    pthread_t thread;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    if (pthread_create(&thread, NULL, walk, h) != 0)
        exit(2);
    while (sem_wait(&inside) != 0)
        ;
    expect_end(in_child(busy_for_ever, h), "a handle that was in a call");
    sem_post(&leave);
    pthread_join(thread, NULL);
    EXPECT(bound(h) == 0, "the parent's handle: %s", lvsarp_message(h));
    lvsarp_close(h);
}

/* Handles for an event loop belong to the process that opened them. */
static struct lvsarp_prober *prober;
static struct lvsarp_listener *listener;
static struct lvsarp_auditor *auditor;
static struct lvsarp_watcher *watcher;

static int hear(const struct lvsarp_heard *heard, void *arg) { return (void)heard, (void)arg, 0; }
static int happen(const struct lvsarp_event *event, void *arg) { return (void)event, (void)arg, 0; }

static void refused_in_the_child(struct lvsarp_host *h)
{
    (void)h;
    EXPECT(lvsarp_probe_start(prober) == -EINVAL && strstr(lvsarp_probe_message(prober), "fork") != NULL, "%s",
           lvsarp_probe_message(prober));
    EXPECT(lvsarp_probe_dispatch(prober, NULL, NULL) == -EINVAL, "%s", lvsarp_probe_message(prober));
    EXPECT(lvsarp_listen_dispatch(listener, hear, NULL) == -EINVAL &&
               strstr(lvsarp_listen_message(listener), "fork") != NULL,
           "%s", lvsarp_listen_message(listener));
    EXPECT(lvsarp_audit_start(auditor) == -EINVAL && strstr(lvsarp_audit_message(auditor), "fork") != NULL, "%s",
           lvsarp_audit_message(auditor));
    EXPECT(lvsarp_audit_dispatch(auditor, NULL) == -EINVAL, "%s", lvsarp_audit_message(auditor));
    EXPECT(lvsarp_watch_dispatch(watcher, happen, NULL) == -EINVAL &&
               strstr(lvsarp_watch_message(watcher), "fork") != NULL,
           "%s", lvsarp_watch_message(watcher));
    lvsarp_probe_close(prober);
    lvsarp_listen_close(listener);
    lvsarp_audit_close(auditor);
    lvsarp_watch_close(watcher);
}

static void in_a_loop(void)
{
    const struct lvsarp_probe_options probe = { sizeof probe, 50, 0, 0, 0, "" };
    const struct lvsarp_audit_options audit = { sizeof audit, 50, 0, 0, 0 };
    struct lvsarp_host *h = must_open(NULL);
    EXPECT(lvsarp_probe_open(h, VIP, 1, "eth0", &probe, &prober) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_listen_open(h, VIP, 1, "eth0", NULL, &listener) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_audit_open(h, VIP[0], "192.0.2.12", "eth0", &audit, &auditor) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_watch_open(h, VIP, 1, NULL, NULL, &watcher) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_probe_start(prober) == 0 && lvsarp_audit_start(auditor) == 0, "%s", lvsarp_probe_message(prober));
    /* In the middle of a round, and what the child does with its copies does not touch it. */
    expect_end(in_child(refused_in_the_child, h), "handles for an event loop");
    EXPECT(probe_round(prober, NULL, NULL) == 1, "%s", lvsarp_probe_message(prober));
    EXPECT(audit_round(auditor, NULL) == LVSARP_AUDIT_DOWN, "%s", lvsarp_audit_message(auditor));
    EXPECT(lvsarp_vip_bind(h, VIP[0], "lo", NULL) == 0, "%s", lvsarp_message(h));
    int fd = lvsarp_watch_fd(watcher);
    await(&fd, 1);
    EXPECT(lvsarp_watch_dispatch(watcher, happen, NULL) == 1, "%s", lvsarp_watch_message(watcher));
    EXPECT(lvsarp_vip_unbind(h, VIP[0], "lo") == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_listen_dispatch(listener, hear, NULL) == 0, "%s", lvsarp_listen_message(listener));
    /* The host may be closed before them. */
    lvsarp_close(h);
    EXPECT(lvsarp_probe_start(prober) == 0, "%s", lvsarp_probe_message(prober));
    lvsarp_probe_close(prober);
    lvsarp_listen_close(listener);
    lvsarp_audit_close(auditor);
    lvsarp_watch_close(watcher);
}

/* What an exec leaves open: standard input, output and error. */
static void count_descriptors(void)
{
    for (int fd = 3; fd < 1024; fd++)
        EXPECT(fcntl(fd, F_GETFD) < 0, "descriptor %d came through exec", fd);
}

static const char *self;

static void exec_self(struct lvsarp_host *h)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    EXPECT(lvsarp_get(h, "eth0", &levels) == 0, "%s", lvsarp_message(h));
    execl(self, self, "descriptors", (char *)NULL);
    EXPECT(0, "exec: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1 && strcmp(argv[1], "descriptors") == 0) {
        count_descriptors();
        return finish();
    }
    /* What the caller of this program left open is not the library's. */
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    both_sides(NULL);
    if (argc > 1)
        both_sides(argv[1]);
    struct lvsarp_host *h = must_open(NULL);
    expect_end(in_child(exec_self, h), "exec");
    lvsarp_close(h);
    in_a_call();
    in_a_loop();
    return finish();
}
