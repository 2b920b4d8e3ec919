/* The rtnetlink socket that the raw programs share: as little as the kernel allows. */
#ifndef ROUTE_SOCKET_H
#define ROUTE_SOCKET_H

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "step.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static char answer[65536];

static inline int route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int one = 1;

	if (fd < 0)
		fail("socket");
	/* With strict checking the kernel filters a route dump by table, instead of sending all of them. */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one) < 0)
		fail("NETLINK_GET_STRICT_CHK");
	return fd;
}

static inline ssize_t receive(int fd)
{
	ssize_t n;

	do
		n = recv(fd, answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fail("recv");
	return n;
}

/* An NLMSG_ERROR that is not an acknowledgement ends the program: a failed run must not look fast. */
static inline void expect_no_error(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	if (e->error) {
		errno = -e->error;
		fail("answer");
	}
}

#endif
