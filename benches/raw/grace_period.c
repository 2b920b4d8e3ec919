/* What waiting for packets in flight costs: one RCU grace period, by membarrier(). */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "step.h"

static void step(const char *line, double *ns, int64_t *seen)
{
	uint64_t start = now_ns();

	(void)line;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		fail("membarrier");
	*ns = (double)(now_ns() - start);
	*seen = 0;
}

int main(void)
{
	return take_turns(step);
}
