/* The sections of the hostile program, and the one way in which all of them try a call. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "expect.h"

/* The handle that the calls are tried on, and whether it is a recorded snapshot, which refuses changes with -EROFS. */
extern struct lvsarp_host *h;
extern int recorded;

/* What the calls may write into, with guards. A failed call leaves all of it as it was. */
struct outputs {
    unsigned char guard_0[64];
    struct lvsarp_levels levels;
    unsigned char guard_1[64];
    struct lvsarp_meaning meaning;
    unsigned char guard_2[64];
    struct lvsarp_decision decision;
    unsigned char guard_5[64];
    int32_t value;
    int32_t changed[4];
    unsigned char guard_3[64];
    struct lvsarp_host *host;
    struct lvsarp_prober *prober;
    struct lvsarp_listener *listener;
    struct lvsarp_auditor *auditor;
    struct lvsarp_watcher *watcher;
    unsigned char guard_6[64];
    struct lvsarp_audit_result audit;
    unsigned char guard_7[64];
    char message[256];
    unsigned char guard_4[64];
};
extern struct outputs out;

/* Fills the outputs with a pattern. */
void prepare(void);

/* Opens a listener with options and closes it again; what the opening returned. */
int listen_with(const void *options);

/* What is special about the next calls, for the texts of their failures; "" for nothing. */
void note(const char *format, ...);

/* Judges an answer: expected, a message where it is negative, outputs untouched. Prints the call. */
int judge(const char *file, int line, const char *function, const char *arguments, int expected, int rc);

/* TRY(expected, function, (arguments)): calls and judges. */
#define TRY(expected, function, arguments) \
    (prepare(), judge(__FILE__, __LINE__, #function, #arguments, (expected), function arguments))

/* The same for a function that returns a text, which is never NULL. */
#define TRY_TEXT(function, arguments) judge_text(__FILE__, __LINE__, #function, #arguments, function arguments)
const char *judge_text(const char *file, int line, const char *function, const char *arguments, const char *text);

/* Options that write no file, and those that run no program. */
extern const struct lvsarp_persist_options DRY_RUN;
extern const struct lvsarp_boot_options NO_REHEARSAL;

/* Options with which the wire is asked for a millisecond, and a change of roles only planned. */
extern const struct lvsarp_probe_options QUICK_PROBE;
extern const struct lvsarp_audit_options QUICK_AUDIT;
extern const struct lvsarp_role_options ROLE_DRY_RUN;

/* Handles for an event loop, which end after a day at the earliest. */
extern struct lvsarp_prober *prober;
extern struct lvsarp_listener *listener;
extern struct lvsarp_auditor *auditor;
extern struct lvsarp_watcher *watcher;
void open_all_in_a_loop(void);
void close_all_in_a_loop(void);

/* What a call that would change something returns where all is right with it. */
#define CHANGES (recorded ? -EROFS : 0)

/* The message of a failure is there, ends, is UTF-8 and has no control characters. */
void expect_message(const char *file, int line, const char *call, const char *message, size_t size);

/* Callbacks that only look: every struct that is handed out is read to its last byte. */
int see_text(const char *json, size_t length, void *arg);
int see_interface(const struct lvsarp_interface *interface, void *arg);
int see_address(const struct lvsarp_address *address, void *arg);
int see_prefix(const struct lvsarp_prefix *prefix, void *arg);
int see_step(const struct lvsarp_step *step, void *arg);
int see_finding(const struct lvsarp_finding *finding, void *arg);
int see_verdict(const struct lvsarp_verdict *verdict, void *arg);
int see_note(const struct lvsarp_note *note, void *arg);
int see_meaning(const struct lvsarp_meaning *meaning, void *arg);
int see_key(const struct lvsarp_key *key, void *arg);
int see_level(const struct lvsarp_boot_level *level, void *arg);
int see_responder(const struct lvsarp_responder *responder, void *arg);
int see_heard(const struct lvsarp_heard *heard, void *arg);
int see_event(const struct lvsarp_event *event, void *arg);

/* Every size that a struct can say it has, or `few` of them; `changes`: a recorded namespace refuses the call. */
void an_output(const char *what, size_t known, int few, const void *whole, int (*call)(void *));
void an_input(const char *what, size_t known, int few, int changes, int (*call)(const void *));

/* A snapshot of the handle as text, to be freed. */
char *snapshot_text(struct lvsarp_host *of, size_t *length);

void nulls(void);     /* NULL in every place of every function */
void numbers(void);   /* keys, values, counts, flags, timeouts */
void structs(void);   /* every size of every struct */
void texts(void);     /* names, labels, addresses, languages, paths */
void snapshots(void); /* recorded namespaces that are not */
void handles(void);   /* handles that are not */
void closed(void);    /* handles that are no more: reads freed memory, so not under valgrind */
void limits(void);    /* no descriptors left, signals all the time */

/* The same of what only liblvsarp-full has for the wire. */
void nulls_on_the_wire(void);
void numbers_on_the_wire(void);
void structs_on_the_wire(void);

#endif
