/* A system call that does nothing and that nothing else makes: strace shows where what is counted begins and ends. */
#ifndef MARKER_H
#define MARKER_H

#include <unistd.h>

#include "step.h"

static inline void marker(void)
{
	if (write(-1, "marker", 6) >= 0)
		fail("marker");
}

#endif
