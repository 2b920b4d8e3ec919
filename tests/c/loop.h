/* An event loop as small as it can be: wait until one of a few descriptors is readable. */
#ifndef LOOP_H
#define LOOP_H

#include <poll.h>

#include "expect.h"

/* No wait of a test takes longer. */
#define PATIENCE_MS 20000

/* Waits until a descriptor is readable; which one of them it is. */
static inline int await(const int *descriptors, int count)
{
    struct pollfd waited[8];
    for (int i = 0; i < count && i < 8; i++)
        waited[i] = (struct pollfd){ .fd = descriptors[i], .events = POLLIN, .revents = 0 };
    if (poll(waited, (nfds_t)count, PATIENCE_MS) <= 0) {
        fprintf(stderr, "nothing happened in %d ms\n", PATIENCE_MS);
        exit(1);
    }
    for (int i = 0; i < count; i++)
        if (waited[i].revents != 0)
            return i;
    return -1;
}

/* Dispatches whenever there is something to do until the round has ended: what the dispatch returned then. */
static inline int probe_round(struct lvsarp_prober *p, lvsarp_responder_cb cb, void *arg)
{
    int rc = -EAGAIN, fd = lvsarp_probe_fd(p);
    while (rc == -EAGAIN) {
        await(&fd, 1);
        rc = lvsarp_probe_dispatch(p, cb, arg);
    }
    return rc;
}

static inline int audit_round(struct lvsarp_auditor *a, struct lvsarp_audit_result *result)
{
    int rc = -EAGAIN, fd = lvsarp_audit_fd(a);
    while (rc == -EAGAIN) {
        await(&fd, 1);
        rc = lvsarp_audit_dispatch(a, result);
    }
    return rc;
}

#endif
