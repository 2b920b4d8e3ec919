/* Frames that are no answer: random ones, and answers that break exactly one rule, as fast as the interface takes them.
 *
 *   hostile IFACE SECONDS SEED ASKER_MAC ASKER VIP ASKER6 VIP6
 *
 * Every MAC address that they tell of begins with 06, so that whoever believes one of them can be seen to. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static uint64_t state;

static uint32_t dice(uint32_t sides) { /* xorshift64* */
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ull) >> 32) % sides;
}

static uint8_t asker_mac[6], asker[4], vip[4], asker6[16], vip6[16];

static void liar(uint8_t *mac) {
    mac[0] = 6, mac[1] = 0, mac[2] = 0, mac[3] = 0, mac[4] = 0, mac[5] = (uint8_t)dice(256);
}

static size_t ethernet(uint8_t *frame, uint16_t type) {
    memcpy(frame, asker_mac, 6), liar(frame + 6);
    frame[12] = (uint8_t)(type >> 8), frame[13] = (uint8_t)type;
    return 14;
}

/* An answer as the asker waits for it: 42 bytes. */
static size_t reply(uint8_t *frame) {
    static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 2};
    ethernet(frame, 0x0806);
    memcpy(frame + 14, head, 8), memcpy(frame + 22, frame + 6, 6), memcpy(frame + 28, vip, 4);
    memcpy(frame + 32, asker_mac, 6), memcpy(frame + 38, asker, 4);
    return 42;
}

/* The same of IPv6: 86 bytes. Nobody looks at the checksum. */
static size_t advertisement(uint8_t *frame) {
    memset(frame, 0, 86);
    ethernet(frame, 0x86dd);
    frame[14] = 0x60, frame[19] = 32, frame[20] = 58, frame[21] = 255;
    memcpy(frame + 22, vip6, 16), memcpy(frame + 38, asker6, 16);
    frame[54] = 136, frame[58] = 0x60, memcpy(frame + 62, vip6, 16);
    frame[78] = 2, frame[79] = 1, memcpy(frame + 80, frame + 6, 6);
    return 86;
}

static size_t tag(uint8_t *frame, size_t length, uint16_t type) {
    memmove(frame + 16, frame + 12, length - 12);
    frame[12] = (uint8_t)(type >> 8), frame[13] = (uint8_t)type, frame[14] = 0, frame[15] = (uint8_t)(1 + dice(255));
    return length + 4;
}

static size_t noise(uint8_t *frame) {
    size_t length = 14 + dice(1500);
    for (size_t i = 0; i < length; i++)
        frame[i] = (uint8_t)dice(256);
    if (dice(2))
        memcpy(frame, asker_mac, 6);
    if (dice(2))
        frame[12] = 8, frame[13] = 6;
    return length;
}

static size_t nearly_reply(uint8_t *frame) {
    size_t length = reply(frame);
    switch (dice(16)) {
    case 0: frame[21] = (uint8_t)(3 + dice(253)); break;         /* another operation */
    case 1: frame[20] = (uint8_t)(1 + dice(255)); break;
    case 2: frame[21] = 1; break;                                /* a request for the asker */
    case 3: frame[15] = (uint8_t)(7 + dice(249)); break;         /* other hardware */
    case 4: frame[16] = (uint8_t)(9 + dice(247)); break;         /* another protocol */
    case 5: frame[18] = (uint8_t)(7 + dice(249)); break;         /* other lengths */
    case 6: frame[19] = (uint8_t)(5 + dice(251)); break;
    case 7: memset(frame + 22, 0, 6); break;                     /* nobody's MAC */
    case 8: frame[31] ^= (uint8_t)(1 + dice(255)); break;        /* another sender */
    case 9: frame[37] ^= (uint8_t)(1 + dice(255)); break;        /* for another MAC */
    case 10: frame[41] ^= (uint8_t)(1 + dice(255)); break;       /* for another address */
    case 11: memset(frame, 0xff, 6), memset(frame + 32, 0xff, 6); break; /* to everybody and for everybody */
    case 12: length = 14 + dice(28); break;                      /* cut off */
    case 13: length = tag(frame, length, 0x8100); break;         /* in a VLAN */
    case 14: length = tag(frame, tag(frame, length, 0x8100), 0x88a8); break;
    default: frame[0] |= 1; break;                               /* to a group */
    }
    return length;
}

static size_t nearly_advertisement(uint8_t *frame) {
    size_t length = advertisement(frame);
    switch (dice(16)) {
    case 0: frame[14] = 0x40; break;
    case 1: frame[18] = 1; break;                                /* longer than the frame */
    case 2: frame[19] = (uint8_t)dice(24); break;                /* shorter than an advertisement */
    case 3: frame[20] = 17; break;
    case 4: frame[21] = (uint8_t)dice(255); break;               /* from behind a router */
    case 5: frame[54] = (uint8_t)(137 + dice(100)); break;
    case 6: frame[54] = 135; break;
    case 7: frame[55] = 1; break;
    case 8: frame[58] = 0x20; break;                             /* nobody asked, says it */
    case 9: frame[62] = 0xff; break;
    case 10: frame[77] ^= (uint8_t)(1 + dice(255)); break;       /* another target */
    case 11: frame[53] ^= (uint8_t)(1 + dice(255)); break;       /* to another address */
    case 12: frame[79] = 0; break;                               /* an option without end */
    case 13: frame[79] = (uint8_t)(2 + dice(254)); break;
    case 14: length = 14 + dice(72); break;
    default: length = tag(frame, length, 0x8100); break;
    }
    return length;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    unsigned mac[6];
    if (argc != 9 || sscanf(argv[4], "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6 ||
        inet_pton(AF_INET, argv[5], asker) != 1 || inet_pton(AF_INET, argv[6], vip) != 1 ||
        inet_pton(AF_INET6, argv[7], asker6) != 1 || inet_pton(AF_INET6, argv[8], vip6) != 1)
        return 2;
    for (int i = 0; i < 6; i++)
        asker_mac[i] = (uint8_t)mac[i];
    state = 88172645463325252ull + strtoull(argv[3], NULL, 10);
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0)
        return perror("socket"), 1;
    static uint8_t frame[2048];
    static size_t (*const makers[])(uint8_t *) = {noise, nearly_reply, nearly_reply, nearly_advertisement};
    unsigned long sent = 0;
    for (double end = now() + strtod(argv[2], NULL); now() < end;)
        for (int i = 0; i < 64; i++) {
            size_t length = makers[dice(4)](frame);
            if (send(fd, frame, length, 0) >= 0)
                sent++;
            else if (errno != ENOBUFS && errno != EINVAL)
                return perror("send"), 1;
        }
    printf("%lu\n", sent);
    return 0;
}
