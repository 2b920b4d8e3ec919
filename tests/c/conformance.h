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
/* What calls have in common: their arguments, */
const char *text(const json_t *with, const char *key, const char *otherwise);
const char **texts(const json_t *first, const json_t *second, size_t *n); /* to be freed */
const char **wish(const json_t *with, struct lvsarp_apply_options *options, size_t *n); /* to be freed */
void put(char *field, size_t size, const char *text);
/* their results, */
json_t *outcome(struct lvsarp_host *h);
int done(struct lvsarp_host *h, int rc, json_t *(*take)(struct lvsarp_host *h), json_t **result);
/* and the host's snapshot as a handle of its own. */
struct lvsarp_host *copy_of(struct lvsarp_host *h);

/* conformance_boot.c: the calls that are about the root. */
int persist(struct lvsarp_host *h, const json_t *with, json_t **result);
int unpersist(struct lvsarp_host *h, const json_t *with, json_t **result);
int restore(struct lvsarp_host *h, const json_t *with, json_t **result);
int boot(struct lvsarp_host *h, const json_t *with, json_t **result);

/* conformance_root.c: a root with these files, whose path $ROOT has too; none at all for NULL. */
void make_root(const json_t *files);
void remove_root(void);
const char *root(void);
/* Takes the root's path out. */
void without_root(char *text);
void json_without_root(json_t *value);
/* A file's text, {"link": TARGET} or null; and the paths of all that are no directories. */
json_t *file_below(const char *name);
json_t *tree_below(void);

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
