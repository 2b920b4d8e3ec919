/*
 * liblvsarp's side of the comparison.
 *
 *     c_library levels IFACE               "merged": what is in force; "own": the interface's own values
 *     c_library check VIP                  "kept": on the handle that is open; "each": opened and closed around it; "apply", "undo"
 *     c_library bind FIRST COUNT           "bind", "unbind"
 *     c_library start IFACE                "open": open and close; "first": with a first lvsarp_get() between them
 *     c_library trace IFACE open|first     one such step between two markers, for strace
 *     c_library once IFACE                 a process that reads the levels and ends
 *     c_library version
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <lvsarp.h>
#include <unistd.h>

#include "marker.h"
#include "step.h"

enum { GETS = 2000 };

static struct lvsarp_host *host;
static const char *name;
static const char **vips;
static size_t count;
static int32_t *changed;

static void expect(const char *what, int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, lvsarp_strerror(rc), host ? lvsarp_message(host) : "");
	exit(2);
}

static void open_host(void)
{
	int rc = lvsarp_open(NULL, &host);

	expect("lvsarp_open", rc);
}

static void close_host(void)
{
	lvsarp_close(host);
	host = NULL;
}

static struct lvsarp_levels get(void)
{
	struct lvsarp_levels levels = LVSARP_LEVELS_INIT;

	expect("lvsarp_get", lvsarp_get(host, name, &levels));
	if (!(levels.arp_ignore.known & levels.arp_announce.known & LVSARP_KNOWN_EFFECTIVE)) {
		fputs("a level is absent\n", stderr);
		exit(2);
	}
	return levels;
}

static int64_t own(struct lvsarp_levels levels)
{
	return levels.arp_ignore.own * 10 + levels.arp_announce.own;
}

static void levels_step(const char *line, double *ns, int64_t *seen)
{
	struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
	uint64_t start = now_ns();

	for (int k = 0; k < GETS; k++)
		levels = get();
	*ns = (double)(now_ns() - start) / GETS;
	*seen = !strcmp(line, "own") ? own(levels) : levels.arp_ignore.effective * 10 + levels.arp_announce.effective;
}

static int check(void)
{
	int rc = lvsarp_check(host, vips, count, NULL, NULL);

	expect("lvsarp_check", rc);
	return rc;
}

static void check_step(const char *line, double *ns, int64_t *seen)
{
	struct lvsarp_host *kept = host;
	uint64_t start = now_ns();

	if (!strcmp(line, "kept")) {
		*seen = check();
	} else if (!strcmp(line, "each")) {
		open_host();
		*seen = check();
		close_host();
	} else if (!strcmp(line, "apply")) {
		expect("lvsarp_apply", lvsarp_apply(host, vips, count, NULL));
	} else {
		expect("lvsarp_undo", lvsarp_undo(host));
	}
	*ns = (double)(now_ns() - start);
	host = kept;
}

static void bind_step(const char *line, double *ns, int64_t *seen)
{
	uint64_t start = now_ns();

	if (!strcmp(line, "bind"))
		expect("lvsarp_vip_bind_many", lvsarp_vip_bind_many(host, vips, count, NULL, changed));
	else
		expect("lvsarp_vip_unbind_many", lvsarp_vip_unbind_many(host, vips, count, "lo", changed));
	*ns = (double)(now_ns() - start);
	*seen = 0;
	for (size_t k = 0; k < count; k++)
		*seen += changed[k];
}

static void start_step(const char *line, double *ns, int64_t *seen)
{
	uint64_t start = now_ns();

	open_host();
	*seen = !strcmp(line, "first") ? own(get()) : 0;
	close_host();
	*ns = (double)(now_ns() - start);
}

static void make_vips(const char *first, size_t n)
{
	uint32_t start = ntohl(inet_addr(first));
	char (*text)[16] = calloc(n, sizeof *text);

	vips = calloc(n, sizeof *vips);
	changed = calloc(n, sizeof *changed);
	if (!text || !vips || !changed)
		fail("calloc");
	for (size_t k = 0; k < n; k++) {
		struct in_addr address = { htonl(start + (uint32_t)k) };

		vips[k] = inet_ntop(AF_INET, &address, text[k], sizeof text[k]);
	}
	count = n;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	double ns;
	int64_t seen;

	if (argc == 2 && !strcmp(argv[1], "version")) {
		puts(lvsarp_version());
		return 0;
	}
	name = argv[argc > 2 ? 2 : 0];
	if (!strcmp(mode, "trace") && argc == 4) {
		marker();
		start_step(argv[3], &ns, &seen);
		marker();
		return 0;
	}
	if (!strcmp(mode, "once")) {
		start_step("first", &ns, &seen);
		printf("%lld\n", (long long)seen);
		return 0;
	}
	if (!strcmp(mode, "start"))
		return take_turns(start_step);
	if (!strcmp(mode, "levels")) {
		open_host();
		return take_turns(levels_step);
	}
	if (!strcmp(mode, "check")) {
		make_vips(argv[2], 1);
		open_host();
		return take_turns(check_step);
	}
	if (!strcmp(mode, "bind") && argc == 4) {
		make_vips(argv[2], strtoul(argv[3], NULL, 10));
		open_host();
		return take_turns(bind_step);
	}
	fputs("usage: c_library levels IFACE | check VIP | bind FIRST COUNT | start IFACE | trace IFACE open|first | once IFACE | version\n", stderr);
	return 2;
}
