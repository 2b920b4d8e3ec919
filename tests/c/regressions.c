/* Bugs that were found and mended, one a function: `regressions NAME`. */
#define _GNU_SOURCE
#include "loop.h"
#include <fcntl.h>
#include <lvsarp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLDS(condition) EXPECT(condition, "see the test of that name")

static const char *const VIPS[] = { "198.51.100.10", "198.51.100.11" };

static int count(const struct lvsarp_address *address, void *n)
{
    (void)address;
    ++*(int *)n;
    return 0;
}

static int hear(const struct lvsarp_heard *heard, void *n)
{
    (void)heard;
    ++*(int *)n;
    return 0;
}

static int vips_on(struct lvsarp_host *h, const char *dev)
{
    int n = 0;
    HOLDS(lvsarp_vip_each(h, dev, count, &n) == 0);
    return n;
}

/* lo has the first VIP; label lo:5 belongs to another address, so that the second cannot be bound. */
static void a_failed_ioctl_bind_puts_back_what_it_replaced(void)
{
    struct lvsarp_host *h = must_open(NULL);
    struct lvsarp_bind_options options = LVSARP_BIND_OPTIONS_INIT;
    options.method = LVSARP_METHOD_IOCTL;
    strcpy(options.label, "lo:5");
    HOLDS(vips_on(h, "lo") == 2);
    HOLDS(lvsarp_vip_bind_many(h, VIPS, 2, &options, NULL) == -EINVAL);
    HOLDS(lvsarp_rolled_back(h) == 0);
    HOLDS(lvsarp_vip_bind_many(h, VIPS, 1, &options, NULL) == -EINVAL);
    HOLDS(vips_on(h, "lo") == 2);
    lvsarp_close(h);
}

/* small0 lost its IPv6 part: an address of that family is not there, and that is all. */
static void removing_where_there_is_no_ipv6_is_no_half_removal(void)
{
    struct lvsarp_host *h = must_open(NULL);
    const char *both[] = { VIPS[0], "2001:db8::10" };
    int32_t changed[2] = { 7, 7 };
    HOLDS(lvsarp_vip_unbind_many(h, both, 2, "small0", changed) == 0);
    HOLDS(changed[0] == 1 && changed[1] == 0 && lvsarp_changed(h) == 1);
    lvsarp_close(h);
}

static atomic_bool stop;

static void *apply_and_undo(void *arg)
{
    struct lvsarp_host *h = must_open(NULL);
    (void)arg;
    HOLDS(lvsarp_lock_timeout(h, 500) == 0);
    while (!stop) {
        HOLDS(lvsarp_apply(h, VIPS, 1, NULL) == 0);
        HOLDS(lvsarp_undo(h) == 0);
    }
    lvsarp_close(h);
    return NULL;
}

static void a_child_that_was_forked_during_an_apply_does_not_keep_the_lock(void)
{
    pthread_t thread;
    pid_t children[60];
    size_t n = 0;
    HOLDS(pthread_create(&thread, NULL, apply_and_undo, NULL) == 0);
    for (; n < sizeof(children) / sizeof(*children); n++) {
        usleep(3000);
        children[n] = fork();
        if (children[n] == 0) {
            pause();
            _exit(0);
        }
    }
    stop = true;
    pthread_join(thread, NULL);
    struct lvsarp_host *h = must_open(NULL);
    HOLDS(lvsarp_lock_timeout(h, 0) == 0 && lvsarp_apply(h, VIPS, 1, NULL) == 0 && lvsarp_undo(h) == 0);
    lvsarp_close(h);
    while (n-- > 0) {
        kill(children[n], SIGKILL);
        waitpid(children[n], NULL, 0);
    }
}

static void *check_for_ever(void *h)
{
    for (;;)
        lvsarp_check(h, VIPS, 1, NULL, NULL);
    return NULL;
}

static void a_thread_may_be_cancelled_between_two_calls(void)
{
    struct lvsarp_host *h = must_open(NULL);
    pthread_t thread;
    HOLDS(pthread_create(&thread, NULL, check_for_ever, h) == 0);
    usleep(50000);
    HOLDS(pthread_cancel(thread) == 0);
    /* The loop has no cancellation point of its own. */
    usleep(50000);
    HOLDS(lvsarp_message(h) != NULL);
    _exit(finish());
}

/* In a PID namespace of its own the child may have the parent's number. */
static void a_child_in_another_pid_namespace_has_a_socket_of_its_own(void)
{
    struct lvsarp_host *h = must_open(NULL);
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    HOLDS(unshare(CLONE_NEWPID) == 0);
    pid_t first = fork(); /* number 1 there */
    if (first == 0) {
        HOLDS(getpid() == 1 && lvsarp_check(h, VIPS, 1, NULL, NULL) >= 0);
        pid_t second = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
        if (second == 0 && getpid() != 1)
            _exit(9);
        for (int i = 0; i < 200; i++)
            HOLDS(lvsarp_check(h, VIPS, 1, NULL, NULL) >= 0 && lvsarp_get(h, "lo", &levels) == 0);
        if (second == 0)
            _exit(0);
        int status = 1;
        HOLDS(waitpid(second, &status, 0) == second);
        _exit(status == 0 ? 0 : 1);
    }
    int status = 1;
    HOLDS(waitpid(first, &status, 0) == first && status == 0);
    lvsarp_close(h);
}

static void a_pipe_is_no_namespace_and_is_not_waited_for(void)
{
    struct lvsarp_host *h = NULL;
    HOLDS(mkfifo("/run/pipe", 0600) == 0);
    alarm(5);
    HOLDS(lvsarp_open("/run/pipe", &h) < 0 && h == NULL);
}

static int keep(const struct lvsarp_finding *finding, void *arg)
{
    (void)arg;
    return finding->code[0] == '\0' ? -1 : 0;
}

static void looking_at_the_outcome_leaves_the_message(void)
{
    struct lvsarp_host *h = must_open(NULL);
    HOLDS(lvsarp_apply(h, VIPS, 1, &(struct lvsarp_apply_options){ .size = 1 }) == -EINVAL);
    HOLDS(lvsarp_changed(h) == 0 && lvsarp_finding_each(h, keep, NULL) == 0 && lvsarp_rolled_back(h) == 0);
    HOLDS(strstr(lvsarp_message(h), "options of 1 bytes") != NULL);
    HOLDS(strcmp(lvsarp_kind(h), "invalid-input") == 0);
    lvsarp_close(h);
}

static void an_open_that_fails_says_what_to_do(void)
{
    struct lvsarp_host *h = NULL;
    char message[600];
    HOLDS(lvsarp_open_message("rs9", &h, message, sizeof(message)) == -ENOENT);
    HOLDS(strcmp(message, "cannot open network namespace \"rs9\": there is no /run/netns/rs9") == 0);
    char cut[8] = "???????";
    HOLDS(lvsarp_open_message("rs9", &h, cut, sizeof(cut)) == -ENOENT && strcmp(cut, "cannot ") == 0);
}

/* Another user's umask must not hide the journal from those who check without privilege. */
static void the_journal_is_readable_whatever_the_umask(void)
{
    struct stat directory;
    struct lvsarp_host *h = must_open(NULL);
    umask(077);
    HOLDS(lvsarp_apply(h, VIPS, 1, NULL) == 0);
    HOLDS(stat("/run/lvsarp", &directory) == 0 && (directory.st_mode & 0777) == 0755);
    HOLDS(system("test -z \"$(find /run/lvsarp -name '*.json' ! -perm 644)\"") == 0);
    HOLDS(lvsarp_undo(h) == 0);
    lvsarp_close(h);
}

/* The kernel tells a packet socket that its interface went down, and no more when it is removed then. */
static void a_listener_on_an_interface_that_is_gone_says_so_in_every_call(void)
{
    struct lvsarp_host *h = must_open(NULL);
    struct lvsarp_listener *l = NULL;
    int frames = 0;
    HOLDS(lvsarp_listen_open(h, VIPS, 2, "eth0", NULL, &l) == 0);
    int fd = lvsarp_listen_fd(l);
    HOLDS(system("ip link set eth0 down") == 0);
    await(&fd, 1);
    HOLDS(lvsarp_listen_dispatch(l, hear, &frames) == -ENETDOWN);
    HOLDS(lvsarp_listen_dispatch(l, hear, &frames) == 0);
    HOLDS(system("ip link del eth0") == 0);
    for (int call = 0; call < 3; call++) {
        await(&fd, 1);
        HOLDS(lvsarp_listen_dispatch(l, hear, &frames) == -ENODEV);
        HOLDS(strcmp(lvsarp_listen_message(l), "cannot listen on eth0: No such device") == 0);
    }
    HOLDS(frames == 0);
    lvsarp_listen_close(l);
    lvsarp_close(h);
}

#define BUG(name) { #name, name }
static const struct {
    const char *name;
    void (*run)(void);
} BUGS[] = {
    BUG(a_failed_ioctl_bind_puts_back_what_it_replaced),
    BUG(removing_where_there_is_no_ipv6_is_no_half_removal),
    BUG(a_child_that_was_forked_during_an_apply_does_not_keep_the_lock),
    BUG(a_thread_may_be_cancelled_between_two_calls),
    BUG(a_child_in_another_pid_namespace_has_a_socket_of_its_own),
    BUG(a_pipe_is_no_namespace_and_is_not_waited_for),
    BUG(looking_at_the_outcome_leaves_the_message),
    BUG(an_open_that_fails_says_what_to_do),
    BUG(the_journal_is_readable_whatever_the_umask),
    BUG(a_listener_on_an_interface_that_is_gone_says_so_in_every_call),
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(BUGS) / sizeof(*BUGS); i++) {
        if (argc < 2) {
            puts(BUGS[i].name);
        } else if (strcmp(argv[1], BUGS[i].name) == 0) {
            BUGS[i].run();
            return finish();
        }
    }
    return argc < 2 ? 0 : 2;
}
