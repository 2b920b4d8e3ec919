/*
 * The calls of a case that are about its root: what outlives a reboot there, and what will be in force then.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* Puts a text into a field of a struct. One that does not fit has no end there, which the library refuses. */
#define PUT(field, text) put((field), sizeof(field), (text))

static uint32_t flag(const json_t *with, const char *key, uint32_t bit)
{
    return json_is_true(json_object_get(with, key)) ? bit : 0;
}

static void fill(struct lvsarp_persist_options *options, const json_t *with)
{
    options->flags = flag(with, "comment_out", LVSARP_COMMENT_OUT) | flag(with, "overwrite", LVSARP_OVERWRITE) |
                     flag(with, "native", LVSARP_NATIVE) | flag(with, "dry_run", LVSARP_DRY_RUN);
    PUT(options->root, root());
    PUT(options->sysctl_conf, text(with, "sysctl_conf", ""));
    PUT(options->program, text(with, "program", ""));
}

int persist(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_apply_options wanted = LVSARP_APPLY_OPTIONS_INIT;
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;
    size_t n;
    const char **vips = wish(with, &wanted, &n);

    fill(&options, with);
    int rc = lvsarp_persist(h, vips, n, &wanted, &options);
    free(vips);
    return done(h, rc, outcome, result);
}

int unpersist(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_persist_options options = LVSARP_PERSIST_OPTIONS_INIT;

    fill(&options, with);
    return done(h, lvsarp_unpersist(h, &options), outcome, result);
}

int restore(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    (void)with;
    return done(h, lvsarp_restore(h, root()), outcome, result);
}

/* One level, under "SCOPE/KEY" of the JSON object that is the argument. */
static int add_level(const struct lvsarp_boot_level *level, void *object)
{
    const char *key = level->key == LVSARP_ARP_IGNORE ? "arp_ignore" : "arp_announce";
    int has_file = (level->has & LVSARP_HAS_FILE) != 0;
    char place[64];

    if (lvsarp_key_find(key) != level->key || has_file != (level->file[0] != '\0') || has_file != (level->line > 0))
        fail("a level of key %d in \"%s\", line %u, where has is %#x", (int)level->key, level->file,
             (unsigned)level->line, (unsigned)level->has);
    if (!(level->has & LVSARP_HAS_LATE) && level->late != level->value)
        fail("a late value, %d, that is not there", (int)level->late);
    strcat(strcat(strcpy(place, level->scope), "/"), key);
    return json_object_set_new(object, place, json_pack("{s:s, s:s, s:i, s:o, s:s?, s:o, s:b}",
        "scope", level->scope,
        "key", key,
        "value", (int)level->value,
        "late", level->has & LVSARP_HAS_LATE ? json_integer(level->late) : json_null(),
        "file", has_file ? level->file : NULL,
        "line", has_file ? json_integer(level->line) : json_null(),
        "by_default", (level->has & LVSARP_BY_DEFAULT) != 0));
}

/* What the last call predicted. */
static json_t *predicted(struct lvsarp_host *h, int rc)
{
    json_t *levels = json_object(), *verdicts = json_array(), *result = outcome(h);
    int rehearsed = lvsarp_boot_rehearsed(h);

    if (lvsarp_boot_level_each(h, add_level, levels) != 0 || lvsarp_verdict_each(h, add_verdict, verdicts) != 0)
        fail("no levels or no verdicts: %s", lvsarp_message(h));
    if (rehearsed != 0 && rehearsed != 1)
        fail("lvsarp_boot_rehearsed() is %d", rehearsed);
    json_object_set_new(result, "ok", json_boolean(rc == 0));
    json_object_set_new(result, "levels", levels);
    json_object_set_new(result, "verdicts", verdicts);
    json_object_set_new(result, "loader", json_string(lvsarp_boot_loader(h)));
    json_object_set_new(result, "rehearsed", json_boolean(rehearsed));
    return result;
}

int boot(struct lvsarp_host *h, const json_t *with, json_t **result)
{
    struct lvsarp_boot_options options = LVSARP_BOOT_OPTIONS_INIT;
    const json_t *given = json_object_get(with, "vips");
    json_t *findings = json_array();
    size_t n = 0, m;
    const char **vips = given != NULL ? texts(given, NULL, &n) : NULL;
    const char **interfaces = texts(json_object_get(with, "interfaces"), NULL, &m);
    const char *loader = text(with, "loader", "");

    PUT(options.root, root());
    /* In a struct "" is none. What a case gives is one, and a blank is the next that is no loader. */
    PUT(options.loader, json_object_get(with, "loader") != NULL && loader[0] == '\0' ? " " : loader);
    int rc = lvsarp_boot(h, vips, n, interfaces, m, &options, add_finding, findings);
    if (rc == 0 || rc == 1) {
        *result = predicted(h, rc);
        if (!json_equal(findings, json_object_get(*result, "findings")))
            fail("lvsarp_boot() called back with %s", json_dumps(findings, 0));
        if (vips != NULL) {
            struct lvsarp_host *copy = copy_of(h);
            int there = lvsarp_boot(copy, vips, n, interfaces, m, &options, NULL, NULL);
            json_t *same = there == rc ? predicted(copy, there) : NULL;
            if (same == NULL || !json_equal(json_object_get(same, "levels"), json_object_get(*result, "levels")) ||
                !json_equal(json_object_get(same, "codes"), json_object_get(*result, "codes")))
                fail("a snapshot of it gave %d and %s", there, json_dumps(same, 0));
            json_decref(same);
            lvsarp_close(copy);
        }
        rc = 0;
    }
    json_decref(findings);
    free(vips);
    free(interfaces);
    return rc;
}
