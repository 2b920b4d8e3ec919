/*
 * What the parts of the conformance runner share.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <jansson.h>
#include <lvsarp.h>

/* conformance.c: says which case does not hold, at which call, and why; ends the program. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* conformance.c: the path of NAME.json in a folder beside the file of the case; valid until the next one. */
const char *beside(const char *folder, const char *name);

/* conformance_look.c: the calls that only look or disturb, past the library. NULL where `call` is none of them. */
json_t *look(const char *call, const json_t *with);
/* What a line of shell printed, without the white space around it; valid until the next line. A line must not fail. */
const char *shell(const char *line);

/* conformance_calls.c: how a call of the library ended. */
struct answer {
    json_t *result; /* NULL where the call failed */
    int code;       /* then a negative errno */
    char kind[24];  /* its kind */
    char said[2048]; /* and the message with the hint */
};
struct answer ask(struct lvsarp_host *h, const char *call, const json_t *with);

/* conformance_values.c: what the library gives as JSON, with the names that every language has. */
json_t *levels_as_json(const struct lvsarp_levels *levels);
json_t *decision_as_json(const struct lvsarp_decision *decision, int is_reply, json_t *notes);
/* Callbacks that append to the JSON array that is their argument. */
int add_address(const struct lvsarp_address *address, void *list);
int add_step(const struct lvsarp_step *step, void *list);
int add_finding(const struct lvsarp_finding *finding, void *list);
int add_verdict(const struct lvsarp_verdict *verdict, void *list);
int add_note(const struct lvsarp_note *note, void *list);

#endif
