/* The limit for binding: RTM_NEWADDR and RTM_DELADDR of N /32 on lo, 128 messages a send, one acknowledgement for each send. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <net/if.h>

#include "route_socket.h"

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

enum { PER_SEND = 128 };

struct attr32 {
	struct rtattr a;
	uint32_t v;
};

struct message {
	struct nlmsghdr h;
	struct ifaddrmsg i;
	struct attr32 local, address;
};

static int fd;
static uint32_t first, count, lo, seq;
static struct message batch[PER_SEND];

static void wait_for(uint32_t last)
{
	for (;;) {
		int n = (int)receive(fd);
		const struct nlmsghdr *h = (const void *)answer;

		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			expect_no_error(h);
			if (h->nlmsg_seq == last)
				return;
		}
	}
}

static void send_batch(uint16_t type, uint32_t from, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		struct message *m = &batch[k];
		uint32_t address = htonl(from + k);

		memset(m, 0, sizeof *m);
		m->h.nlmsg_len = sizeof *m;
		m->h.nlmsg_type = type;
		m->h.nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0) | (k == n - 1 ? NLM_F_ACK : 0);
		m->h.nlmsg_seq = ++seq;
		m->i.ifa_family = AF_INET;
		m->i.ifa_prefixlen = 32;
		m->i.ifa_index = lo;
		m->local = (struct attr32){ { 8, IFA_LOCAL }, address };
		m->address = (struct attr32){ { 8, IFA_ADDRESS }, address };
	}
	if (send(fd, batch, n * sizeof batch[0], 0) < 0)
		fail("send");
	wait_for(seq);
}

static void step(const char *line, double *ns, int64_t *seen)
{
	uint16_t type = !strcmp(line, "bind") ? RTM_NEWADDR : RTM_DELADDR;
	uint64_t start = now_ns();

	for (uint32_t k = 0; k < count; k += PER_SEND)
		send_batch(type, first + k, count - k < PER_SEND ? count - k : PER_SEND);
	*ns = (double)(now_ns() - start);
	*seen = count;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: batch_addresses FIRST COUNT\n", stderr);
		return 2;
	}
	first = ntohl(inet_addr(argv[1]));
	count = (uint32_t)strtoul(argv[2], NULL, 10);
	lo = if_nametoindex("lo");
	if (!lo)
		fail("lo");
	fd = route_socket();
	return take_turns(step);
}
