/*
 * dr_watch: watches this host and audits several real servers at once, in one event loop with poll().
 *
 *     dr_watch [-i IFACE] [-p PORT] [-s SECONDS] [-R] VIP [RIP...]
 *
 * Prints a line for everything that happens to the VIP on this host; with -R it is mended at once. Audits the VIP on each real server RIP behind IFACE every
 * SECONDS, all of them at the same time, and prints a line whenever one of them changes its state. Ends on SIGTERM or SIGINT. Needs CAP_NET_RAW for
 * the audits, CAP_NET_ADMIN for -R, and liblvsarp-full. No descriptor here has a timeout but the one that begins the audits.
 */
#define _GNU_SOURCE
#include <lvsarp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MOST 64

struct real_server {
    const char *address;
    struct lvsarp_auditor *audit;
    int goes_on;
    int state; /* -1 before the first result */
};

static int say_event(const struct lvsarp_event *event, void *arg)
{
    (void)arg;
    printf("%s%s%s%s\n", event->message, event->by[0] ? ", by " : "", event->by, event->silent == 0 ? " (not silent)" : "");
    return 0;
}

/* Begins an audit of each real server, unless the last one still goes on. */
static void start(struct real_server *servers, int count)
{
    for (int i = 0; i < count; i++) {
        if (servers[i].goes_on)
            continue;
        servers[i].goes_on = lvsarp_audit_start(servers[i].audit) == 0;
        if (!servers[i].goes_on)
            printf("%s: %s\n", servers[i].address, lvsarp_audit_message(servers[i].audit));
    }
}

static void dispatch(struct real_server *server)
{
    static const char *const words[] = { "healthy", "leaks", "black hole", "down" };
    struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
    int state = lvsarp_audit_dispatch(server->audit, &result);
    if (state == -EAGAIN)
        return;
    server->goes_on = 0;
    if (state < 0)
        printf("%s: %s\n", server->address, lvsarp_audit_message(server->audit));
    else if (state != server->state)
        printf("%s: %s: %.*s\n", server->address, words[state], (int)strcspn(result.reasons, "\n"), result.reasons);
    server->state = state < 0 ? -1 : state;
}

static void run(struct lvsarp_watcher *watch, struct real_server *servers, int count, int signals, int timer)
{
    struct pollfd waited[3 + MOST] = {
        { .fd = signals, .events = POLLIN },
        { .fd = timer, .events = POLLIN },
        { .fd = lvsarp_watch_fd(watch), .events = POLLIN },
    };
    for (int i = 0; i < count; i++)
        waited[3 + i] = (struct pollfd){ .fd = lvsarp_audit_fd(servers[i].audit), .events = POLLIN };
    start(servers, count);
    for (;;) {
        fflush(stdout);
        if (poll(waited, (nfds_t)(3 + count), -1) < 0)
            continue;
        if (waited[0].revents != 0)
            return;
        uint64_t times;
        if (waited[1].revents != 0 && read(timer, &times, sizeof(times)) > 0)
            start(servers, count);
        if (waited[2].revents != 0 && lvsarp_watch_dispatch(watch, say_event, NULL) < 0)
            printf("watch: %s\n", lvsarp_watch_message(watch));
        for (int i = 0; i < count; i++)
            if (waited[3 + i].revents != 0)
                dispatch(&servers[i]);
    }
}

int main(int argc, char **argv)
{
    struct lvsarp_audit_options audit = LVSARP_AUDIT_OPTIONS_INIT;
    struct lvsarp_watch_options options = LVSARP_WATCH_OPTIONS_INIT;
    const char *iface = "eth0";
    long seconds = 5;
    for (int option; (option = getopt(argc, argv, "i:p:s:R")) != -1;) {
        if (option == 'i')
            iface = optarg;
        else if (option == 'p')
            audit.port = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 's')
            seconds = strtol(optarg, NULL, 10);
        else if (option == 'R')
            options.flags = LVSARP_REPAIR;
        else
            seconds = 0;
    }
    int count = argc - optind - 1;
    if (seconds < 1 || count < 0 || count > MOST) {
        fprintf(stderr, "usage: %s [-i IFACE] [-p PORT] [-s SECONDS] [-R] VIP [RIP...]\n", argv[0]);
        return 2;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec every = { { seconds, 0 }, { seconds, 0 } };
    struct lvsarp_host *h = NULL;
    struct lvsarp_watcher *watch = NULL;
    struct real_server servers[MOST] = { 0 };
    const char *const vips[] = { argv[optind] };
    if (signals < 0 || timer < 0 || timerfd_settime(timer, 0, &every, NULL) < 0 || lvsarp_open(NULL, &h) < 0) {
        perror("cannot begin");
        return 1;
    }
    int rc = lvsarp_watch_open(h, vips, 1, NULL, &options, &watch);
    for (int i = 0; i < count && rc == 0; i++) {
        servers[i] = (struct real_server){ argv[optind + 1 + i], NULL, 0, -1 };
        rc = lvsarp_audit_open(h, vips[0], servers[i].address, iface, &audit, &servers[i].audit);
    }
    if (rc < 0)
        fprintf(stderr, "%s\n%s\n", lvsarp_message(h), lvsarp_hint(h));
    else
        run(watch, servers, count, signals, timer);
    for (int i = 0; i < count; i++)
        lvsarp_audit_close(servers[i].audit);
    lvsarp_watch_close(watch);
    lvsarp_close(h);
    return rc < 0;
}
