/*
 * dr_agent: makes this host a silent LVS-DR real server while it runs.
 *
 *     dr_agent [-n NETNS] [-i SECONDS] VIP...
 *
 * An event loop with epoll: applies on start, checks every interval and applies again where the host is not silent any more (levels first, as always),
 * checks at once on SIGHUP, and undoes on SIGTERM or SIGINT. Exits 0 where it left the host as it found it.
 */
#define _GNU_SOURCE
#include <lvsarp.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct agent {
    struct lvsarp_host *host;
    const char *const *vips;
    size_t n;
};

static void say(const char *what, const char *text)
{
    printf("%s: %s\n", what, text);
    fflush(stdout);
}

static int say_step(const struct lvsarp_step *step, void *what)
{
    printf("%s: %s %s\n", (const char *)what, step->act, step->thing);
    return 0;
}

static int say_finding(const struct lvsarp_finding *finding, void *what)
{
    if (finding->severity <= LVSARP_SEVERITY_UNKNOWN)
        say(what, finding->message);
    return 0;
}

/* What undo left alone because somebody else changed it meanwhile is a warning. */
static int say_left_alone(const struct lvsarp_finding *finding, void *left)
{
    say("undo", finding->message);
    *(int *)left = 1;
    return 0;
}

/* A failed call has put back what it had done, so the loop may go on and try again. */
static int failed(struct agent *agent, const char *what)
{
    say(what, lvsarp_message(agent->host));
    if (lvsarp_hint(agent->host)[0] != '\0')
        say(what, lvsarp_hint(agent->host));
    return -1;
}

static int apply(struct agent *agent)
{
    if (lvsarp_apply(agent->host, agent->vips, agent->n, NULL) < 0)
        return failed(agent, "apply");
    lvsarp_step_each(agent->host, say_step, "apply");
    say("apply", "silent");
    return 0;
}

static int repair(struct agent *agent)
{
    int rc = lvsarp_check(agent->host, agent->vips, agent->n, say_finding, "check");
    if (rc < 0)
        return failed(agent, "check");
    return rc > 0 ? apply(agent) : 0;
}

static int undo(struct agent *agent)
{
    if (lvsarp_undo(agent->host) < 0)
        return failed(agent, "undo");
    int left = 0;
    lvsarp_step_each(agent->host, say_step, "undo");
    lvsarp_finding_each(agent->host, say_left_alone, &left);
    say("undo", left ? "something was left" : "done");
    return left ? -1 : 0;
}

/* Adds a descriptor to the loop; its number is what the loop gets back. */
static int watch(int loop, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return fd < 0 ? -1 : epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static int run(struct agent *agent, long interval)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    int loop = epoll_create1(EPOLL_CLOEXEC);
    int signal = signalfd(-1, &signals, SFD_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec every = { { interval, 0 }, { interval, 0 } };
    if (loop < 0 || watch(loop, signal) < 0 || watch(loop, timer) < 0 || timerfd_settime(timer, 0, &every, NULL) < 0) {
        say("loop", strerror(errno));
        return 1;
    }
    if (apply(agent) < 0)
        return 1;
    for (;;) {
        struct epoll_event event;
        if (epoll_wait(loop, &event, 1, -1) < 0)
            continue;
        if (event.data.fd == signal) {
            struct signalfd_siginfo got;
            if (read(signal, &got, sizeof(got)) == sizeof(got) && got.ssi_signo != SIGHUP)
                return undo(agent) < 0;
        } else {
            uint64_t times;
            if (read(timer, &times, sizeof(times)) < 0)
                continue;
        }
        repair(agent);
    }
}

int main(int argc, char **argv)
{
    const char *netns = NULL;
    long interval = 1;
    for (int option; (option = getopt(argc, argv, "n:i:")) != -1;) {
        if (option == 'n')
            netns = optarg;
        else if (option == 'i')
            interval = strtol(optarg, NULL, 10);
        else
            interval = 0;
    }
    if (interval < 1 || optind == argc) {
        fprintf(stderr, "usage: %s [-n NETNS] [-i SECONDS] VIP...\n", argv[0]);
        return 2;
    }
    struct agent agent = { NULL, (const char *const *)(argv + optind), (size_t)(argc - optind) };
    char message[600];
    if (lvsarp_open_message(netns, &agent.host, message, sizeof(message)) < 0) {
        say("open", message);
        return 1;
    }
    int status = run(&agent, interval);
    lvsarp_close(agent.host);
    return status;
}
