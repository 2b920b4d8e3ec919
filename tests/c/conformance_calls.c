/*
 * The calls of a case through the library, their results as JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

const char *text(const json_t *with, const char *key, const char *otherwise)
{
    const char *value = json_string_value(json_object_get(with, key));
    return value != NULL ? value : otherwise;
}

static uint32_t force(const json_t *with)
{
    return json_is_true(json_object_get(with, "force")) ? LVSARP_FORCE : 0;
}

/* The words of an argument and the library's numbers; the first is what no word means. */
struct word {
    const char *word;
    int32_t number;
};
static const struct word VIAS[] = {
    { "auto", LVSARP_VIA_AUTO }, { "procfs", LVSARP_VIA_PROCFS }, { "netlink", LVSARP_VIA_NETLINK }, { NULL, 0 },
};
static const struct word METHODS[] = {
    { "netlink", LVSARP_METHOD_NETLINK }, { "ioctl", LVSARP_METHOD_IOCTL }, { NULL, 0 },
};
static const struct word SCOPES[] = {
    { "all", LVSARP_SCOPE_ALL }, { "interface", LVSARP_SCOPE_INTERFACE }, { NULL, 0 },
};

static int32_t number_of(const json_t *with, const char *key, const struct word *words)
{
    const char *value = text(with, key, words->word);
    for (; words->word != NULL; words++)
        if (strcmp(words->word, value) == 0)
            return words->number;
    fail("the runner knows no %s \"%s\"", key, value);
}

/* Puts a text into a field of a struct. One that does not fit has no end there, which the library refuses. */
void put(char *field, size_t size, const char *text)
{
    size_t length = strlen(text) + 1;
    memcpy(field, text, length < size ? length : size);
}
#define PUT(field, text) put((field), sizeof(field), (text))

/* The texts of two lists in one array, which is there even where it is empty. */
const char **texts(const json_t *first, const json_t *second, size_t *n)
{
    const char **all = calloc(json_array_size(first) + json_array_size(second) + 1, sizeof(*all));
    json_t *item;
    size_t i;

    *n = 0;
    json_array_foreach(first, i, item)
        all[(*n)++] = json_string_value(item);
    json_array_foreach(second, i, item)
        all[(*n)++] = json_string_value(item);
    return all;
}

static json_t *codes(json_t *findings)
{
    json_t *list = json_array(), *finding;
    size_t i;

    json_array_foreach(findings, i, finding)
        json_array_append(list, json_object_get(finding, "code"));
    return list;
}

/* What the last call did and found. Cases name findings by their codes. */
json_t *outcome(struct lvsarp_host *h)
{
    json_t *steps = json_array(), *findings = json_array();
    int changed = lvsarp_changed(h);

    if (changed < 0 || lvsarp_step_each(h, add_step, steps) != 0 || lvsarp_finding_each(h, add_finding, findings) != 0)
        fail("no outcome: %s", lvsarp_message(h));
    return json_pack("{s:b, s:o, s:o, s:o}", "changed", changed > 0, "steps", steps, "findings", findings, "codes",
                     codes(findings));
}

/* Whether the last call changed something. */
static json_t *changed(struct lvsarp_host *h)
{
    int count = lvsarp_changed(h);
    if (count < 0 || count > 1)
        fail("lvsarp_changed() is %d", count);
    return json_boolean(count);
}

/* Takes the result of a call that returned rc, unless it failed. */
int done(struct lvsarp_host *h, int rc, json_t *(*take)(struct lvsarp_host *h), json_t **result)
{
    if (rc == 0)
        *result = take(h);
    return rc;
}

static int get(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    int rc = lvsarp_get(h, text(with, "name", NULL), &levels);
    if (rc == 0)
        *result = levels_as_json(&levels);
    return rc;
}

static int set(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    static const char *const NAMES[] = { "arp_ignore", "arp_announce" };
    const char *name = text(with, "name", NULL);
    int32_t keys[2], values[2];
    size_t n = 0;
    int rc;

    for (size_t i = 0; i < 2; i++) {
        json_t *value = json_object_get(with, NAMES[i]);
        if (value == NULL)
            continue;
        keys[n] = lvsarp_key_find(NAMES[i]);
        values[n++] = (int32_t)json_integer_value(value);
    }
    if (n == 1 && json_object_get(with, "via") == NULL)
        rc = lvsarp_set(h, name, keys[0], values[0]);
    else
        rc = lvsarp_set_many(h, name, keys, values, n, number_of(with, "via", VIAS));
    return done(h, rc, outcome, result);
}

static int addresses(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    *result = json_array();
    return lvsarp_address_each(h, text(with, "dev", NULL), add_address, *result);
}

static int bind_vip(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    const char *vip = text(with, "vip", NULL), *dev = text(with, "dev", "lo");
    int rc;

    if (json_object_get(with, "scope") == NULL && json_object_get(with, "method") == NULL && !force(with)) {
        rc = lvsarp_vip_bind(h, vip, dev, text(with, "label", NULL));
    } else {
        struct lvsarp_bind_options options = LVSARP_BIND_OPTIONS_INIT;
        int32_t bound = -1;

        options.method = number_of(with, "method", METHODS);
        options.flags = force(with);
        PUT(options.dev, dev);
        PUT(options.label, text(with, "label", ""));
        PUT(options.address_scope, text(with, "scope", ""));
        rc = lvsarp_vip_bind_many(h, &vip, 1, &options, &bound);
        if (rc == 0 ? bound != lvsarp_changed(h) : bound != -1)
            fail("lvsarp_vip_bind_many() returned %d and put %d into its array", rc, (int)bound);
    }
    return done(h, rc, changed, result);
}

static int unbind_vip(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    int rc = lvsarp_vip_unbind(h, text(with, "vip", NULL), text(with, "dev", "lo"));
    return done(h, rc, changed, result);
}

static int bind_prefix(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    int rc = lvsarp_prefix_bind(h, text(with, "prefix", NULL), text(with, "dev", "lo"));
    return done(h, rc, changed, result);
}

static int unbind_prefix(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    int rc = lvsarp_prefix_unbind(h, text(with, "prefix", NULL), text(with, "dev", "lo"));
    return done(h, rc, changed, result);
}

static int open_copy(const char *json, size_t length, void *copy)
{
    return lvsarp_open_snapshot(json, length, copy, NULL, 0);
}

struct lvsarp_host *copy_of(struct lvsarp_host *h)
{
    struct lvsarp_host *copy;

    if (lvsarp_snapshot(h, open_copy, &copy) != 0)
        fail("no snapshot, or not one that can be read: %s", lvsarp_message(h));
    return copy;
}

/* The same snapshot as JSON gives the same verdict on the same VIPs. */
static void check_a_copy(struct lvsarp_host *h, const char **vips, size_t n, const json_t *expected)
{
    struct lvsarp_host *copy = copy_of(h);
    json_t *findings = json_array();

    if (lvsarp_check(copy, vips, n, add_finding, findings) < 0)
        fail("no check of a snapshot: %s", lvsarp_message(copy));
    json_t *found = codes(findings);
    if (!json_equal(found, expected))
        fail("a snapshot of it gave %s", json_dumps(found, 0));
    lvsarp_close(copy);
    json_decref(found);
    json_decref(findings);
}

static int check(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    const json_t *given = json_object_get(with, "vips");
    size_t n = 0;
    const char **vips = given != NULL ? texts(given, NULL, &n) : NULL;
    json_t *findings = json_array(), *verdicts = json_array();

    int rc = lvsarp_check(h, vips, n, add_finding, findings);
    if (rc == 0 || rc == 1) {
        *result = outcome(h);
        if (!json_equal(findings, json_object_get(*result, "findings")))
            fail("lvsarp_check() called back with %s", json_dumps(findings, 0));
        if (lvsarp_verdict_each(h, add_verdict, verdicts) != 0)
            fail("no verdicts: %s", lvsarp_message(h));
        json_object_set_new(*result, "ok", json_boolean(rc == 0));
        json_object_set(*result, "verdicts", verdicts);
        if (vips != NULL)
            check_a_copy(h, vips, n, json_object_get(*result, "codes"));
        rc = 0;
    }
    json_decref(findings);
    json_decref(verdicts);
    free(vips);
    return rc;
}

/* One question on a live handle or a recorded one. */
static int decide(struct lvsarp_host *h, const json_t *with, int is_reply, uint32_t flags, json_t **result)
{
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    const char *target = text(with, "target", NULL), *on = text(with, "on", NULL);
    json_t *notes = json_array();
    int rc;

    if (is_reply)
        rc = lvsarp_would_reply(h, target, text(with, "sender", NULL), on, flags, &decision, add_note, notes);
    else
        rc = lvsarp_would_announce(h, target, on, text(with, "source", NULL), flags, &decision, add_note, notes);
    if (rc == 0)
        *result = decision_as_json(&decision, is_reply, notes);
    json_decref(notes);
    return rc;
}

/* The same snapshot as JSON gives the same decision. */
static int decision_here_and_there(struct lvsarp_host *h, const json_t *with, int is_reply, json_t **result)
{
    uint32_t flags = json_is_true(json_object_get(with, "verify")) ? LVSARP_VERIFY : 0;
    json_t *there = NULL;

    int rc = decide(h, with, is_reply, flags, result);
    if (rc == 0) {
        struct lvsarp_host *copy = copy_of(h);
        if (decide(copy, with, is_reply, 0, &there) != 0)
            fail("no decision on a snapshot: %s", lvsarp_message(copy));
        if (flags != 0)
            json_object_set(there, "witness", json_object_get(*result, "witness"));
        if (!json_equal(there, *result))
            fail("a snapshot of it gave %s", json_dumps(there, 0));
        json_decref(there);
        lvsarp_close(copy);
    }
    return rc;
}

static int would_reply(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    return decision_here_and_there(h, with, 1, result);
}

static int would_announce(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    return decision_here_and_there(h, with, 0, result);
}

/* What a case wants of plan or apply. Prefixes are in the list of VIPs, told from them by a flag and their length. */
const char **wish(const json_t *with, struct lvsarp_apply_options *options, size_t *n)
{
    const json_t *prefixes = json_object_get(with, "prefixes");
    const char **all = texts(json_object_get(with, "vips"), prefixes, n);
    const char *address_scope = text(with, "address_scope", "auto");

    options->scope = number_of(with, "scope", SCOPES);
    options->method = number_of(with, "method", METHODS);
    options->flags = force(with);
    if (json_is_true(json_object_get(with, "exact")))
        options->flags |= LVSARP_EXACT;
    if (json_array_size(prefixes) > 0) {
        options->flags |= LVSARP_ROUTE_PREFIXES;
        for (size_t i = 0; i < *n - json_array_size(prefixes); i++)
            if (strchr(all[i], '/') != NULL)
                fail("C has no way to say that %s is a VIP where prefixes are routes", all[i]);
    }
    PUT(options->dev, text(with, "dev", ""));
    PUT(options->label, text(with, "label", ""));
    PUT(options->address_scope, strcmp(address_scope, "auto") != 0 ? address_scope : "");
    return all;
}

static int plan(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_apply_options options = LVSARP_APPLY_OPTIONS_INIT;
    size_t n;
    const char **vips = wish(with, &options, &n);
    json_t *steps = json_array();

    int rc = lvsarp_plan(h, vips, n, &options, add_step, steps);
    if (rc == 0 || rc == 1) {
        *result = outcome(h);
        if (!json_equal(steps, json_object_get(*result, "steps")))
            fail("lvsarp_plan() called back with %s", json_dumps(steps, 0));
        json_object_set_new(*result, "ok", json_boolean(rc == 0));
        rc = 0;
    }
    json_decref(steps);
    free(vips);
    return rc;
}

static int apply(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_apply_options options = LVSARP_APPLY_OPTIONS_INIT;
    size_t n;
    const char **vips = wish(with, &options, &n);

    int rc = lvsarp_apply(h, vips, n, &options);
    free(vips);
    return done(h, rc, outcome, result);
}

static int undo(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    int rc = json_is_true(json_object_get(with, "dry_run")) ? lvsarp_plan_undo(h, NULL, NULL) : lvsarp_undo(h);

    return done(h, rc, outcome, result);
}

/* Each call with the arguments that it takes, between spaces. */
static const struct {
    const char *name;
    const char *takes;
    int (*call)(struct lvsarp_host *h, const json_t *with, json_t **result);
} CALLS[] = {
    { "get", " name ", get },
    { "set", " name arp_ignore arp_announce via ", set },
    { "addresses", " dev ", addresses },
    { "bind", " vip dev label scope method force ", bind_vip },
    { "unbind", " vip dev ", unbind_vip },
    { "bind_prefix", " prefix dev ", bind_prefix },
    { "unbind_prefix", " prefix dev ", unbind_prefix },
    { "check", " vips ", check },
    { "would_reply", " target sender on verify snapshot set ", would_reply },
    { "would_announce", " target on source verify snapshot set ", would_announce },
    { "plan", " vips prefixes scope dev label address_scope method force exact ", plan },
    { "apply", " vips prefixes scope dev label address_scope method force exact ", apply },
    { "undo", " dry_run ", undo },
    { "persist",
      " vips prefixes scope dev label address_scope method force sysctl_conf comment_out program native overwrite dry_run ",
      persist },
    { "unpersist", " sysctl_conf overwrite dry_run ", unpersist },
    { "restore", " ", restore },
    { "boot", " vips interfaces loader ", boot },
};

/* What is asked in place of the host: a snapshot in a file or of the host, with settings such as all.arp_ignore=3. */
static int describe(struct lvsarp_host *h, const json_t *with, struct lvsarp_host **copy)
{
    const char *file = text(with, "snapshot", NULL), *set = text(with, "set", "");
    char setting[256], message[256];
    int value, length, rc = 0;

    if (file != NULL) {
        json_error_t error;
        json_t *json = json_load_file(beside("snapshots", file), 0, &error);
        char *whole = json_dumps(json, 0);
        if (whole == NULL || lvsarp_open_snapshot(whole, strlen(whole), copy, message, sizeof(message)) != 0)
            fail("no snapshot %s: %s", file, whole != NULL ? message : error.text);
        free(whole);
        json_decref(json);
    } else {
        *copy = copy_of(h);
    }
    for (; rc == 0 && sscanf(set, " %255[^= ]=%d%n", setting, &value, &length) == 2; set += length) {
        char *key = strrchr(setting, '.');
        *key++ = '\0';
        rc = lvsarp_assume(*copy, setting, lvsarp_key_find(key), value);
    }
    if (rc == 0 && *set != '\0')
        fail("the runner cannot read \"%s\"", set);
    return rc;
}

/* JSON can say more than C's types can hold. What a case says beyond them is a wrong argument before any call. */
static const char *not_in_c(const json_t *value)
{
    const json_t *item;
    size_t i;

    if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
        return "a text with a NUL inside";
    if (json_is_integer(value) && (int32_t)json_integer_value(value) != json_integer_value(value))
        return "a number outside the range of int32_t";
    json_array_foreach(value, i, item)
        if (not_in_c(item) != NULL)
            return not_in_c(item);
    return NULL;
}

struct answer ask(struct lvsarp_host *h, const char *name, const json_t *with)
{
    struct answer answer = { NULL, 0, "", "" };
    const char *key;
    json_t *value;
    size_t i = 0;

    while (i < sizeof(CALLS) / sizeof(*CALLS) && strcmp(CALLS[i].name, name) != 0)
        i++;
    if (i == sizeof(CALLS) / sizeof(*CALLS))
        fail("the runner knows no call \"%s\"", name);
    json_object_foreach((json_t *)with, key, value) {
        char word[64];
        snprintf(word, sizeof(word), " %s ", key);
        if (strstr(CALLS[i].takes, word) == NULL)
            fail("the runner knows no \"%s\" of \"%s\"", key, name);
        if (not_in_c(value) != NULL) {
            answer.code = -EINVAL;
            strcpy(answer.kind, "invalid-input");
            snprintf(answer.said, sizeof(answer.said), "cannot use \"%s\": %s", key, not_in_c(value));
            return answer;
        }
    }

    struct lvsarp_host *asked = h;
    if (json_object_get(with, "snapshot") != NULL || json_object_get(with, "set") != NULL)
        answer.code = describe(h, with, &asked);
    if (answer.code == 0)
        answer.code = CALLS[i].call(asked, with, &answer.result);
    snprintf(answer.said, sizeof(answer.said), "%s %s", lvsarp_message(asked), lvsarp_hint(asked));
    snprintf(answer.kind, sizeof(answer.kind), "%s", lvsarp_kind(asked));
    without_root(answer.said);
    json_without_root(answer.result);
    if (asked != h)
        lvsarp_close(asked);
    if (answer.code > 0 || (answer.code == 0) != (answer.said[0] == ' '))
        fail("it returned %d and said \"%s\"", answer.code, answer.said);
    if (answer.code < 0) {
        json_decref(answer.result);
        answer.result = NULL;
    }
    return answer;
}
