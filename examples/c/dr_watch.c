/*
 * dr_watch: watches this host and audits several real servers at once, in one event loop with poll().
 *
 *     dr_watch [-i IFACE] [-p PORT] [-s SECONDS] [-R] VIP [RIP...]
 *
 * Prints a line for everything that happens to the VIP on this host; with -R it is mended at once. Audits the VIP on each real server RIP behind IFACE every
 * SECONDS, all of them at the same time, and prints a line whenever one of them changes its state, or why it cannot be audited. Ends on SIGTERM or
 * SIGINT. Needs CAP_NET_RAW for the audits, CAP_NET_ADMIN for -R, and liblvsarp-full. No descriptor here has a timeout but the one for the audits.
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

/* How the real servers are audited. */
struct question {
    struct lvsarp_host *h;
    const char *vip, *iface;
    struct lvsarp_audit_options options;
};

struct real_server {
    const char *address;
    struct lvsarp_auditor *audit; /* NULL where it could not be opened */
    int goes_on;
    int state;  /* -1 before the first result */
    int failed; /* the errno that was said, 0 for none */
};

/* A number of the command line from 1 to most; 0 for anything else. */
static uint32_t number(const char *text, uint32_t most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    return *end != '\0' || value > most ? 0 : (uint32_t)value;
}

static int say_event(const struct lvsarp_event *event, void *arg)
{
    (void)arg;
    printf("%s%s%s%s\n", event->message, event->by[0] ? ", by " : "", event->by, event->silent == 0 ? " (not silent)" : "");
    return 0;
}

/* Says once why a real server cannot be audited. One on an interface that is gone is closed: if it comes back with its name, it is another one. */
static void failed(struct real_server *server, int rc, const char *message)
{
    if (rc != server->failed)
        printf("%s: %s\n", server->address, message);
    server->failed = rc;
    server->state = -1;
    if (rc == -ENODEV) {
        lvsarp_audit_close(server->audit);
        server->audit = NULL;
    }
}

/* Begins an audit of each real server, unless the last one still goes on. */
static void start(const struct question *question, struct real_server *servers, int count)
{
    for (struct real_server *server = servers; server < servers + count; server++) {
        int rc = 0;
        if (server->goes_on)
            continue;
        if (server->audit == NULL)
            rc = lvsarp_audit_open(question->h, question->vip, server->address, question->iface, &question->options, &server->audit);
        if (rc < 0) {
            failed(server, rc, lvsarp_message(question->h));
            continue;
        }
        rc = lvsarp_audit_start(server->audit);
        server->goes_on = rc == 0;
        if (rc < 0)
            failed(server, rc, lvsarp_audit_message(server->audit));
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
    if (state < 0) {
        failed(server, state, lvsarp_audit_message(server->audit));
        return;
    }
    if (state != server->state)
        printf("%s: %s: %.*s\n", server->address, words[state], (int)strcspn(result.reasons, "\n"), result.reasons);
    server->state = state;
    server->failed = 0;
}

static void run(struct lvsarp_watcher *watch, const struct question *question, struct real_server *servers, int count, int signals, int timer)
{
    struct pollfd waited[3 + MOST] = {
        { .fd = signals, .events = POLLIN },
        { .fd = timer, .events = POLLIN },
        { .fd = lvsarp_watch_fd(watch), .events = POLLIN },
    };
    start(question, servers, count);
    for (;;) {
        /* Without an audit it is negative, and poll() passes it over. */
        for (int i = 0; i < count; i++)
            waited[3 + i] = (struct pollfd){ .fd = lvsarp_audit_fd(servers[i].audit), .events = POLLIN };
        fflush(stdout);
        if (poll(waited, (nfds_t)(3 + count), -1) < 0)
            continue;
        if (waited[0].revents != 0)
            return;
        uint64_t times;
        if (waited[1].revents != 0 && read(timer, &times, sizeof(times)) > 0)
            start(question, servers, count);
        if (waited[2].revents != 0 && lvsarp_watch_dispatch(watch, say_event, NULL) < 0)
            printf("watch: %s\n", lvsarp_watch_message(watch));
        for (int i = 0; i < count; i++)
            if (waited[3 + i].revents != 0 && servers[i].audit != NULL)
                dispatch(&servers[i]);
    }
}

int main(int argc, char **argv)
{
    struct question question = { .iface = "eth0", .options = LVSARP_AUDIT_OPTIONS_INIT };
    struct lvsarp_watch_options options = LVSARP_WATCH_OPTIONS_INIT;
    uint32_t seconds = 5;
    int right = 1;
    for (int option; (option = getopt(argc, argv, "i:p:s:R")) != -1;) {
        if (option == 'i')
            question.iface = optarg;
        else if (option == 'p')
            right &= (question.options.port = number(optarg, 65535)) > 0;
        else if (option == 's')
            right &= (seconds = number(optarg, 86400)) > 0;
        else if (option == 'R')
            options.flags = LVSARP_REPAIR;
        else
            right = 0;
    }
    int count = argc - optind - 1;
    if (!right || count < 0 || count > MOST) {
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
    struct lvsarp_watcher *watch = NULL;
    struct real_server servers[MOST] = { 0 };
    const char *const vips[] = { question.vip = argv[optind] };
    char message[600];
    if (signals < 0 || timer < 0 || timerfd_settime(timer, 0, &every, NULL) < 0) {
        perror("cannot begin");
        return 1;
    }
    if (lvsarp_open_message(NULL, &question.h, message, sizeof(message)) < 0) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    struct lvsarp_host *h = question.h;
    int rc = lvsarp_watch_open(h, vips, 1, NULL, &options, &watch);
    for (int i = 0; i < count && rc == 0; i++) {
        servers[i] = (struct real_server){ .address = argv[optind + 1 + i], .state = -1 };
        rc = lvsarp_audit_open(h, question.vip, servers[i].address, question.iface, &question.options, &servers[i].audit);
    }
    if (rc < 0)
        fprintf(stderr, "%s\n%s\n", lvsarp_message(h), lvsarp_hint(h));
    else
        run(watch, &question, servers, count, signals, timer);
    for (int i = 0; i < count; i++)
        lvsarp_audit_close(servers[i].audit);
    lvsarp_watch_close(watch);
    lvsarp_close(h);
    return rc < 0;
}
