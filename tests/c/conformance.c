/*
 * Runs one case of the behaviour suite in tests/conformance through the C library; the same cases run through the other
 * faces.
 *
 *     conformance FILE NUMBER        the case with that number, from 0, in a namespace of its own that the caller made
 *
 * It exits with 0 where the case holds, with 1 where it does not, and says why.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static const char *cases;
static const char *running = "none";
static const json_t *running_call;

_Noreturn void fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "case \"%s\"\n  ", running);
    if (running_call != NULL) {
        json_dumpf(running_call, stderr, 0);
        fputs("\n  ", stderr);
    }
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    remove_root();
    _Exit(EXIT_FAILURE);
}

const char *beside(const char *folder, const char *name)
{
    static char path[4096];
    const char *slash = strrchr(cases, '/');

    if (snprintf(path, sizeof(path), "%.*s%s/%s.json", slash != NULL ? (int)(slash + 1 - cases) : 0, cases, folder,
                 name) >= (int)sizeof(path))
        fail("the path is too long: %s", name);
    return path;
}

/* Whether a failure of this kind has its errno; that of the system is the kernel's. */
static bool belongs(const char *kind, int code)
{
    static const struct {
        int number;
        const char *kind;
    } KINDS[] = {
        { EINVAL, "invalid-input" },
        { ENODEV, "no-interface" },
        { ENOENT, "no-namespace" },
        { EPERM, "permission" },
        { EROFS, "read-only" },
        { EOPNOTSUPP, "unsupported" },
        { ETIMEDOUT, "lock-timeout" },
        { EINTR, "interrupted" },
        { EBADMSG, "journal" },
        { EIO, "not-verified" },
        { ECANCELED, "refused" },
    };

    for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
        if (strcmp(KINDS[i].kind, kind) == 0)
            return -code == KINDS[i].number;
    return strcmp(kind, "system") == 0;
}

/* Whether a result has everything that is expected: objects may have more, lists may not. */
static bool includes(const json_t *result, const json_t *expect)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_object(result) && json_is_object(expect)) {
        json_object_foreach((json_t *)expect, key, value) {
            const json_t *found = json_object_get(result, key);
            if (found == NULL || !includes(found, value))
                return false;
        }
        return true;
    }
    if (json_is_array(result) && json_is_array(expect)) {
        if (json_array_size(result) != json_array_size(expect))
            return false;
        json_array_foreach(expect, i, value)
            if (!includes(json_array_get(result, i), value))
                return false;
        return true;
    }
    return json_equal(result, expect);
}

static void run_call(struct lvsarp_host *h, const json_t *call)
{
    const char *name = json_string_value(json_object_get(call, "call"));
    const char *error = json_string_value(json_object_get(call, "error"));
    const char *says = json_string_value(json_object_get(call, "says"));
    const json_t *with = json_object_get(call, "with");
    const json_t *expect = json_object_get(call, "expect");

    running_call = call;
    struct answer answer = { look(name, with), 0, "", "" };
    if (answer.result == NULL)
        answer = ask(h, name, with);
    if (answer.result == NULL) {
        if (!belongs(answer.kind, answer.code))
            fail("said %s (%s), with errno %d", answer.said, answer.kind, -answer.code);
        if (error == NULL || strcmp(answer.kind, error) != 0)
            fail("said %s (%s)", answer.said, answer.kind);
        if (says != NULL && strstr(answer.said, says) == NULL)
            fail("said %s", answer.said);
    } else {
        if (error != NULL)
            fail("gave %s instead of an error", json_dumps(answer.result, JSON_ENCODE_ANY));
        if (expect != NULL && !includes(answer.result, expect))
            fail("gave %s", json_dumps(answer.result, JSON_ENCODE_ANY));
    }
    json_decref(answer.result);
    running_call = NULL;
}

static void run_case(const json_t *one)
{
    struct lvsarp_host *h;
    char message[1024];
    json_t *item;
    size_t i;

    shell("ip link set lo up");
    make_root(json_object_get(one, "files"));
    json_array_foreach(json_object_get(one, "setup"), i, item)
        shell(json_string_value(item));
    if (lvsarp_open_message(NULL, &h, message, sizeof(message)) != 0)
        fail("%s", message);
    json_array_foreach(json_object_get(one, "calls"), i, item)
        run_call(h, item);
    if (i == 0)
        fail("it has no calls");
    lvsarp_close(h);
    remove_root();
}

int main(int argc, char **argv)
{
    json_error_t error;

    if (argc != 3)
        fail("usage: conformance FILE NUMBER");
    cases = argv[1];
    json_t *all = json_load_file(argv[1], JSON_ALLOW_NUL, &error);
    if (all == NULL)
        fail("%s:%d: %s", argv[1], error.line, error.text);
    const json_t *one = json_array_get(all, strtoul(argv[2], NULL, 10));
    if (one == NULL)
        fail("%s has no case %s", argv[1], argv[2]);
    running = json_string_value(json_object_get(one, "name"));
    run_case(one);
    json_decref(all);
    return EXIT_SUCCESS;
}
