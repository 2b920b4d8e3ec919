/*
 * dr_check: is this LVS-DR real server silent in ARP for its VIPs?
 *
 *     dr_check [-n NETNS] [-i SECONDS] [VIP...]
 *
 * Prints one line and exits as keepalived's MISC_CHECK and ldirectord's external check want it: 0 healthy, 1 not, or it could not be told.
 * It looks at the host that it runs on, or at the namespace NETNS: from a director run it on the real server (ssh, NRPE).
 * Without a VIP it checks those that are bound. With -i it keeps running, checks every SECONDS, and prints a line whenever the verdict changes.
 */
#define _POSIX_C_SOURCE 200809L
#include <lvsarp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Keeps the first finding, which is the most important one; returning non-zero would end the walk. */
static int first_finding(const struct lvsarp_finding *finding, void *arg)
{
    char *line = arg;
    if (line[0] == '\0' && finding->severity <= LVSARP_SEVERITY_UNKNOWN)
        snprintf(line, 600, "%s", finding->message);
    return 0;
}

static int check(struct lvsarp_host *h, const char *const *vips, size_t n, char *line)
{
    line[0] = '\0';
    int rc = lvsarp_check(h, n > 0 ? vips : NULL, n, first_finding, line);
    if (rc < 0)
        snprintf(line, 600, "%s", lvsarp_message(h));
    else if (rc == 0)
        strcpy(line, "silent in ARP");
    return rc != 0;
}

int main(int argc, char **argv)
{
    const char *netns = NULL;
    unsigned interval = 0;
    for (int option; (option = getopt(argc, argv, "n:i:")) != -1;) {
        if (option == 'n') {
            netns = optarg;
        } else if (option == 'i') {
            interval = (unsigned)strtoul(optarg, NULL, 10);
        } else {
            fprintf(stderr, "usage: %s [-n NETNS] [-i SECONDS] [VIP...]\n", argv[0]);
            return 1;
        }
    }
    const char *const *vips = (const char *const *)(argv + optind);
    size_t n = (size_t)(argc - optind);
    char line[600], last[600] = "";
    struct lvsarp_host *h;
    int rc = lvsarp_open_message(netns, &h, line, sizeof(line));
    if (rc < 0) {
        puts(line);
        return 1;
    }
    int status = check(h, vips, n, line);
    puts(line);
    while (interval > 0) {
        fflush(stdout);
        strcpy(last, line);
        nanosleep(&(struct timespec){ .tv_sec = interval }, NULL);
        status = check(h, vips, n, line);
        if (strcmp(line, last) != 0)
            puts(line);
    }
    lvsarp_close(h);
    return status;
}
