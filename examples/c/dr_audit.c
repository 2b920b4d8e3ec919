/*
 * dr_audit: is an LVS-DR real server silent for a VIP, and does it accept it? Asked from the director, on the wire.
 *
 *     dr_audit [-n NETNS] -i IFACE -r RIP [-p PORT] [-t MILLISECONDS] VIP
 *
 * Prints one line and exits as keepalived's MISC_CHECK and ldirectord's external check want it: 0 healthy, 1 not, or it could not be told. It runs on
 * the director, or wherever the interface IFACE is on the real server's link; RIP is the real server's own address. Without -p it asks with ICMP echo.
 * It needs CAP_NET_RAW, and liblvsarp-full.
 */
#define _POSIX_C_SOURCE 200809L
#include <lvsarp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number of the command line that is in a range; one that is not is refused by the library. */
static uint32_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    return *text == '\0' || *end != '\0' || value == 0 || value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

int main(int argc, char **argv)
{
    static const char *const words[] = { "healthy", "leaks", "black hole", "down" };
    struct lvsarp_audit_options options = LVSARP_AUDIT_OPTIONS_INIT;
    struct lvsarp_audit_result result = LVSARP_AUDIT_RESULT_INIT;
    const char *netns = NULL, *iface = NULL, *real_server = NULL;
    int right = 1;
    for (int option; (option = getopt(argc, argv, "n:i:r:p:t:")) != -1;) {
        if (option == 'n')
            netns = optarg;
        else if (option == 'i')
            iface = optarg;
        else if (option == 'r')
            real_server = optarg;
        else if (option == 'p')
            options.port = number(optarg);
        else if (option == 't')
            options.timeout = number(optarg);
        else
            right = 0;
    }
    if (!right || iface == NULL || real_server == NULL || optind + 1 != argc) {
        fprintf(stderr, "usage: %s [-n NETNS] -i IFACE -r RIP [-p PORT] [-t MILLISECONDS] VIP\n", argv[0]);
        return 1;
    }
    char message[600];
    struct lvsarp_host *h;
    if (lvsarp_open_message(netns, &h, message, sizeof(message)) < 0) {
        puts(message);
        return 1;
    }
    int state = lvsarp_audit(h, argv[optind], real_server, iface, &options, &result);
    if (state < 0)
        puts(lvsarp_message(h));
    else /* the first reason is the most important one */
        printf("%s: %.*s\n", words[state], (int)strcspn(result.reasons, "\n"), result.reasons);
    lvsarp_close(h);
    return state != LVSARP_AUDIT_HEALTHY;
}
