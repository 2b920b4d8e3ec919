/* How a program takes turns with its peers: one line on standard input is one measured step, one line of figures is its answer. */
#ifndef STEP_H
#define STEP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void fail(const char *what)
{
	perror(what);
	exit(2);
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The step gets the line and leaves a check value (what it saw), so that the caller can tell that all peers did the same work. */
static inline int take_turns(void (*step)(const char *line, double *ns, int64_t *seen))
{
	char line[64];

	while (fgets(line, sizeof line, stdin)) {
		double ns = 0;
		int64_t seen = 0;

		line[strcspn(line, "\n")] = 0;
		step(line, &ns, &seen);
		printf("%.1f %lld\n", ns, (long long)seen);
		fflush(stdout);
	}
	return 0;
}

#endif
