/* What the hostile programs share: an expectation that fails says where and why, and the program ends with 1. */
#ifndef EXPECT_H
#define EXPECT_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lvsarp.h>

/* No more than this many failures are printed. */
#define SHOWN 30

static int failures;

static inline void unexpected(const char *file, int line, const char *condition, const char *format, ...)
{
    if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) >= SHOWN)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s:%d: not %s: %s\n", file, line, condition, text);
}

/* EXPECT(condition, format, ...): the rest is printed where the condition does not hold. */
#define EXPECT(condition, ...) ((condition) ? (void)0 : unexpected(__FILE__, __LINE__, #condition, __VA_ARGS__))

/* The program's exit status. */
static inline int finish(void)
{
    if (failures > SHOWN)
        fprintf(stderr, "and %d more\n", failures - SHOWN);
    return failures != 0;
}

/* A handle on the calling thread's namespace, or on a named one; without it nothing can be tested. */
static inline struct lvsarp_host *must_open(const char *netns)
{
    struct lvsarp_host *h = NULL;
    char message[1024] = "";
    int rc = lvsarp_open_message(netns, &h, message, sizeof message);
    if (rc != 0 || h == NULL) {
        fprintf(stderr, "lvsarp_open(%s) returned %d: %s\n", netns ? netns : "NULL", rc, message);
        exit(2);
    }
    return h;
}

/* A copy with not one byte behind it, so that valgrind and AddressSanitizer see a read beyond its end. */
static inline char *exact_copy(const void *data, size_t length)
{
    char *copy = malloc(length != 0 ? length : 1);
    if (copy == NULL)
        exit(2);
    memcpy(copy, data, length);
    return copy;
}

/* The next number of a sequence that is the same in every run (xorshift64*). */
static inline uint32_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static inline double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
