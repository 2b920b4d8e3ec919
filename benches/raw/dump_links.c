/* The limit for a snapshot: the dumps that it needs, and the shortest walk that finds arp_ignore and arp_announce. */
#define _GNU_SOURCE
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>

#include "route_socket.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif
#ifndef NLM_F_DUMP_INTR
#define NLM_F_DUMP_INTR 0x10
#endif

enum { ARP_ANNOUNCE = IPV4_DEVCONF_ARP_ANNOUNCE - 1, ARP_IGNORE = IPV4_DEVCONF_ARP_IGNORE - 1 };

static int fd, skip_stats;
static uint32_t seq;
static int64_t links, levels;

static const struct rtattr *find(const struct rtattr *a, int len, unsigned type)
{
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	return NULL;
}

static void link_levels(const struct nlmsghdr *h)
{
	const struct rtattr *a = IFLA_RTA((const struct ifinfomsg *)NLMSG_DATA(h));
	const int32_t *conf;

	links++;
	a = find(a, IFLA_PAYLOAD(h), IFLA_AF_SPEC);
	if (a)
		a = find(RTA_DATA(a), RTA_PAYLOAD(a), AF_INET);
	if (a)
		a = find(RTA_DATA(a), RTA_PAYLOAD(a), IFLA_INET_CONF);
	if (!a || RTA_PAYLOAD(a) < 4 * (ARP_IGNORE + 1))
		return;
	conf = RTA_DATA(a);
	levels += conf[ARP_IGNORE] + conf[ARP_ANNOUNCE];
}

static void dump(const void *request, size_t len)
{
	for (;;) {
		if (send(fd, request, len, 0) < 0)
			fail("send");
		for (;;) {
			int n = (int)receive(fd);
			const struct nlmsghdr *h = (const void *)answer;

			for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
				if (h->nlmsg_flags & NLM_F_DUMP_INTR)
					fail("interrupted dump: something else changes this namespace");
				if (h->nlmsg_type == NLMSG_DONE)
					return;
				if (h->nlmsg_type == NLMSG_ERROR)
					expect_no_error(h);
				else if (h->nlmsg_type == RTM_NEWLINK)
					link_levels(h);
			}
		}
	}
}

/*
 * With an IFLA_EXT_MASK the kernel walks all links twice, first for the size of the largest (rtnl_calcit()); on the other hand this one saves it
 * from adding up the counters of every processor for every link. Which is faster depends on the number of processors.
 */
static void dump_links(void)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		struct rtattr a;
		uint32_t mask;
	} r = { { sizeof r, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, ++seq, 0 },
		{ 0 }, { 8, IFLA_EXT_MASK }, RTEXT_FILTER_SKIP_STATS };

	if (!skip_stats)
		r.h.nlmsg_len -= 8;
	dump(&r, r.h.nlmsg_len);
}

static void dump_addresses(unsigned char family)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg i;
	} r = { { sizeof r, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, ++seq, 0 }, { .ifa_family = family } };

	dump(&r, sizeof r);
}

/* IPv4: all routes. IPv6: the local ones. */
static void dump_routes(unsigned char family)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
	} r = { { sizeof r, RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, ++seq, 0 },
		{ .rtm_family = family } };

	if (family == AF_INET6) {
		r.m.rtm_table = RT_TABLE_LOCAL;
		r.m.rtm_type = RTN_LOCAL;
	}
	dump(&r, sizeof r);
}

/* Rules, proxy entries and qdiscs: each with its own header, of which only the family matters, and of a proxy entry the flag. */
static void dump_other(unsigned short type, unsigned char family, unsigned char flag)
{
	struct {
		struct nlmsghdr h;
		unsigned char body[20];
	} r = { { 0, type, NLM_F_REQUEST | NLM_F_DUMP, ++seq, 0 }, { family } };

	r.body[10] = flag;
	r.h.nlmsg_len = sizeof r.h + (type == RTM_GETQDISC ? 20 : 12);
	dump(&r, r.h.nlmsg_len);
}

/* "links": the link dump alone. "all": also addresses, routes, rules, qdiscs and proxy entries, as a snapshot takes them. */
static void step(const char *line, double *ns, int64_t *seen)
{
	uint64_t start = now_ns();

	links = levels = 0;
	dump_links();
	if (!strcmp(line, "all")) {
		dump_addresses(AF_INET);
		dump_addresses(AF_INET6);
		dump_routes(AF_INET);
		dump_other(RTM_GETRULE, AF_INET, 0);
		dump_other(RTM_GETQDISC, AF_UNSPEC, 0);
		dump_other(RTM_GETNEIGH, AF_INET, NTF_PROXY);
		dump_routes(AF_INET6);
	}
	*ns = (double)(now_ns() - start);
	*seen = links * 1000 + levels;
}

int main(int argc, char **argv)
{
	skip_stats = argc == 2 && !strcmp(argv[1], "skip-stats");
	if (argc != 1 + skip_stats) {
		fputs("usage: dump_links [skip-stats]\n", stderr);
		return 2;
	}
	fd = route_socket();
	return take_turns(step);
}
