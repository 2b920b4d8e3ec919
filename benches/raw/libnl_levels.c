/*
 * The own levels of one interface as a program with libnl-route-3 reads them; what conf/all holds does not come over netlink.
 *
 *     libnl_levels levels IFACE TIMES      "refill": nl_cache_refill() of all links; "one": rtnl_link_get_kernel() of this one; TIMES a step
 *     libnl_levels start IFACE             any line: socket, connect, link cache, the levels, and everything freed
 *     libnl_levels trace IFACE             one such step between two markers, for strace
 *     libnl_levels once IFACE              a process that does so and ends
 */
#define _GNU_SOURCE
#include <linux/ip.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>

#include "marker.h"
#include "step.h"

static struct nl_sock *sk;
static struct nl_cache *cache;
static const char *name;
static unsigned long times;

static void expect(const char *what, int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, nl_geterror(rc));
	exit(2);
}

static void open_cache(void)
{
	sk = nl_socket_alloc();
	if (!sk)
		fail("nl_socket_alloc");
	expect("nl_connect", nl_connect(sk, NETLINK_ROUTE));
	expect("rtnl_link_alloc_cache", rtnl_link_alloc_cache(sk, AF_UNSPEC, &cache));
}

static void free_cache(void)
{
	nl_cache_free(cache);
	nl_socket_free(sk);
}

static int64_t own(struct rtnl_link *link)
{
	uint32_t ignore, announce;

	if (!link) {
		fprintf(stderr, "there is no %s\n", name);
		exit(2);
	}
	expect("arp_ignore", rtnl_link_inet_get_conf(link, IPV4_DEVCONF_ARP_IGNORE, &ignore));
	expect("arp_announce", rtnl_link_inet_get_conf(link, IPV4_DEVCONF_ARP_ANNOUNCE, &announce));
	rtnl_link_put(link);
	return (int32_t)ignore * 10 + (int32_t)announce;
}

static int64_t one(void)
{
	struct rtnl_link *link = NULL;

	expect("rtnl_link_get_kernel", rtnl_link_get_kernel(sk, 0, name, &link));
	return own(link);
}

static int64_t refill(void)
{
	expect("nl_cache_refill", nl_cache_refill(sk, cache));
	return own(rtnl_link_get_by_name(cache, name));
}

static void levels_step(const char *line, double *ns, int64_t *seen)
{
	int alone = !strcmp(line, "one");
	uint64_t start = now_ns();

	for (unsigned long k = 0; k < times; k++)
		*seen = alone ? one() : refill();
	*ns = (double)(now_ns() - start) / (double)times;
}

static void start_step(const char *line, double *ns, int64_t *seen)
{
	uint64_t start = now_ns();

	(void)line;
	open_cache();
	*seen = own(rtnl_link_get_by_name(cache, name));
	free_cache();
	*ns = (double)(now_ns() - start);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	double ns;
	int64_t seen;

	name = argv[argc > 2 ? 2 : 0];
	if (!strcmp(mode, "trace")) {
		marker();
		start_step("", &ns, &seen);
		marker();
		return 0;
	}
	if (!strcmp(mode, "once")) {
		start_step("", &ns, &seen);
		printf("%lld\n", (long long)seen);
		return 0;
	}
	if (!strcmp(mode, "start"))
		return take_turns(start_step);
	if (!strcmp(mode, "levels") && argc == 4) {
		times = strtoul(argv[3], NULL, 10);
		open_cache();
		return take_turns(levels_step);
	}
	fputs("usage: libnl_levels levels IFACE TIMES | start IFACE | trace IFACE | once IFACE\n", stderr);
	return 2;
}
