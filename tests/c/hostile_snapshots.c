/* Recorded namespaces that are cut, flipped, nested, or nothing of the kind: refused, or as good as any other. */
#include "hostile.h"

/* In a hurry (valgrind) only every so many positions are tried: LVSARP_TEST_STRIDE. */
static size_t stride(void)
{
    const char *text = getenv("LVSARP_TEST_STRIDE");
    long wanted = text != NULL ? strtol(text, NULL, 10) : 1;
    return wanted > 0 ? (size_t)wanted : 1;
}

/* How often something was refused, and how often not. */
static int refused, taken;

/* What every recorded namespace can be asked, whatever it says. Nothing of it may end in an internal error. */
static void question(struct lvsarp_host *host, const char *what)
{
    const char *const vips[] = { "192.0.2.10", "2001:db8::10" };
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    int32_t value;
    const struct {
        const char *name;
        int rc;
    } answers[] = {
        { "get", lvsarp_get(host, "eth0", &levels) },
        { "read", lvsarp_read(host, "default", LVSARP_RP_FILTER, &value) },
        { "interface_each", lvsarp_interface_each(host, see_interface, NULL) },
        { "vip_each", lvsarp_vip_each(host, "lo", see_address, NULL) },
        { "address_each", lvsarp_address_each(host, NULL, see_address, NULL) },
        { "prefix_each", lvsarp_prefix_each(host, see_prefix, NULL) },
        { "check of all", lvsarp_check(host, NULL, 0, see_finding, NULL) },
        { "check", lvsarp_check(host, vips, 2, see_finding, NULL) },
        { "verdict_each", lvsarp_verdict_each(host, see_verdict, NULL) },
        { "would_reply", lvsarp_would_reply(host, "192.0.2.10", "192.0.2.1", "eth0", 0, &decision, see_note, NULL) },
        { "would_reply of all", lvsarp_would_reply(host, "198.51.100.1", "192.0.2.1", "eth1", 0, &decision, NULL, NULL) },
        { "would_announce",
          lvsarp_would_announce(host, "192.0.2.1", "eth0", "192.0.2.10", 0, &decision, see_note, NULL) },
        { "would_announce without a packet",
          lvsarp_would_announce(host, "203.0.113.1", "lo", NULL, 0, &decision, see_note, NULL) },
        { "plan", lvsarp_plan(host, vips, 2, NULL, see_step, NULL) },
        { "finding_each", lvsarp_finding_each(host, see_finding, NULL) },
        { "apply", lvsarp_apply(host, vips, 2, NULL) },
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        int rc = answers[i].rc;
        EXPECT(rc == 0 || rc == 1 || rc == -ENODEV || rc == -EINVAL || rc == -EOPNOTSUPP || rc == -EROFS ||
                   rc == -ECANCELED,
               "%s of %s: %d, %s", answers[i].name, what, rc, lvsarp_message(host));
    }
    /* What was read can be written, and read again, and is the same. */
    size_t length, again_length;
    char *json = snapshot_text(host, &length);
    struct lvsarp_host *again = NULL;
    char message[256];
    int rc = lvsarp_open_snapshot(json, length, &again, message, sizeof message);
    EXPECT(rc == 0, "%s was read, but not what was written of it: %s", what, message);
    if (rc == 0) {
        char *json_again = snapshot_text(again, &again_length);
        EXPECT(length == again_length && memcmp(json, json_again, length) == 0, "%s is not the same the second time",
               what);
        free(json_again);
    }
    /* Nor may what is assumed of it. */
    const struct {
        const char *scope;
        int32_t key;
        int32_t value;
    } assumed[] = {
        { "all", LVSARP_ARP_IGNORE, 8 },     { "eth0", LVSARP_MEDIUM_ID, -1 }, { "default", LVSARP_RP_FILTER, 2 },
        { "eth0", LVSARP_PROXY_ARP, INT32_MIN },
    };
    for (size_t i = 0; rc == 0 && i < sizeof assumed / sizeof *assumed; i++) {
        int said = lvsarp_assume(again, assumed[i].scope, assumed[i].key, assumed[i].value);
        EXPECT(said == 0 || said == -ENODEV, "assume of %s: %d, %s", what, said, lvsarp_message(again));
        said = lvsarp_would_reply(again, "192.0.2.10", "192.0.2.1", "eth0", 0, &decision, see_note, NULL);
        EXPECT(said == 0 || said == -ENODEV, "would_reply of %s: %d, %s", what, said, lvsarp_message(again));
    }
    lvsarp_close(again);
    free(json);
}

static int try_snapshot(const char *bytes, size_t length, const char *what)
{
    char *json = exact_copy(bytes, length);
    char message[256] = "not touched";
    struct lvsarp_host *host = h;
    int rc = lvsarp_open_snapshot(json, length, &host, message, sizeof message);
    free(json);
    if (rc == 0) {
        taken++;
        EXPECT(host != NULL && message[0] == 0, "%s: \"%s\"", what, message);
        question(host, what);
        lvsarp_close(host);
    } else {
        refused++;
        EXPECT(rc == -EINVAL && host == NULL, "%s: %d", what, rc);
        expect_message(__FILE__, __LINE__, what, message, sizeof message);
    }
    return rc;
}

static void try_constant(const char *text, int expected)
{
    int rc = try_snapshot(text, strlen(text), text);
    EXPECT(rc == expected, "\"%.60s\": %d", text, rc);
}

static void no_snapshots(void)
{
    static const char *const texts[] = {
        "", " ", "\n", "null", "true", "0", "-", "\"\"", "\"", "[]", "{}", "{", "}", "[[", "{\"format\":1}",
        "{\"format\":2}", "{\"format\":0}", "{\"format\":-1}", "{\"format\":1e0}", "{\"format\":4294967297}",
        "{\"format\":\"1\"}", "\xef\xbb\xbf{\"format\":1}", "{\"format\":1,\"format\":1}",
        "{\"format\":1}{\"format\":1}", "\xff", "{\"\xc0\x80\":1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        try_constant(texts[i], -EINVAL);
    try_snapshot("{}\0{}", 5, "a NUL in the middle");
    char message[64];
    struct lvsarp_host *host = h;
    const size_t lengths[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int rc = lvsarp_open_snapshot("{}", lengths[i], &host, message, sizeof message);
        EXPECT(rc == -EINVAL && host == NULL, "%zu bytes: %d", lengths[i], rc);
    }
}

/* 100,000 levels deep, alone or inside a snapshot that is right but for that. */
static void deep(const char *json, size_t length)
{
    static const char *const brackets[] = { "[", "{\"a\":", "[{\"format\":" };
    const size_t depth = 100000;
    for (size_t i = 0; i < sizeof brackets / sizeof *brackets; i++) {
        size_t one = strlen(brackets[i]), at = 0;
        char *text = malloc(length + depth * (one + 2) + 64);
        if (text == NULL)
            exit(2);
        for (size_t n = 0; n < depth; n++, at += one)
            memcpy(text + at, brackets[i], one);
        EXPECT(try_snapshot(text, at, brackets[i]) == -EINVAL, "%zu times %s", depth, brackets[i]);
        for (int closed = 0; closed < 2; closed++) {
            static const char head[] = "{\"unknown\":";
            at = sizeof head - 1;
            memcpy(text, head, at);
            for (size_t n = 0; n < depth; n++, at += one)
                memcpy(text + at, brackets[i], one);
            text[at++] = '1';
            for (size_t n = 0; closed && n < depth; n++)
                for (size_t c = one; c-- > 0;)
                    if (brackets[i][c] == '[' || brackets[i][c] == '{')
                        text[at++] = brackets[i][c] == '[' ? ']' : '}';
            text[at++] = ',';
            memcpy(text + at, json + 1, length - 1);
            /* Whether what is not known may be as deep as that is open; it must not end the process. */
            int rc = try_snapshot(text, at + length - 1, "a deep thing that is not known");
            EXPECT(closed || rc == -EINVAL, "%zu times %s without an end", depth, brackets[i]);
        }
        free(text);
    }
}

static void cut_and_flipped(const char *json, size_t length)
{
    uint64_t state = 19700101;
    char what[96];
    for (size_t cut = 0; cut < length; cut += stride()) {
        snprintf(what, sizeof what, "the first %zu bytes of a snapshot", cut);
        EXPECT(try_snapshot(json, cut, what) == -EINVAL, "%s", what);
    }
    char *text = exact_copy(json, length);
    for (size_t at = 0; at < length; at += stride()) {
        const unsigned flips[] = { 1u << next_random(&state) % 8, 1 + next_random(&state) % 255 };
        for (size_t i = 0; i < 2; i++) {
            text[at] = (char)((unsigned char)json[at] ^ flips[i]);
            snprintf(what, sizeof what, "byte %zu flipped by %#x", at, flips[i]);
            try_snapshot(text, length, what);
        }
        text[at] = json[at];
    }
    free(text);
}

/* Every number and every text becomes another one, of any kind and size. */
static void replaced(const char *json, size_t length)
{
    static const char *const others[] = {
        "-1", "0", "255", "65535", "4294967295", "4294967296", "-2147483648", "-2147483649", "18446744073709551616",
        "1e999", "0.5", "01", "null", "[]", "{}", "true", "\"\"", "\"0x\"", "\"0xffffffff\"", "\"0.0.0.0/0\"",
        "\"255.255.255.255\"", "\"::ffff:192.0.2.10\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"",
        "\"\\x00\"", "\"a name of more than fifteen bytes\"", "\"99999999999999999999.99999999999999999999\"", "",
    };
    char *text = malloc(length + 64);
    if (text == NULL)
        exit(2);
    size_t token = 0;
    for (size_t at = 0; at < length;) {
        size_t end = at;
        if (json[at] == '"') {
            for (end++; end < length && json[end] != '"'; end++)
                end += json[end] == '\\';
            end++;
        } else {
            while (end < length && (strchr("0123456789-", json[end]) != NULL))
                end++;
        }
        if (end == at) {
            at++;
            continue;
        }
        for (size_t i = token++ % stride(); i < sizeof others / sizeof *others; i += stride()) {
            char what[96];
            size_t other = strlen(others[i]);
            memcpy(text, json, at);
            memcpy(text + at, others[i], other);
            memcpy(text + at + other, json + end, length - end);
            snprintf(what, sizeof what, "%s in place of byte %zu to %zu", others[i], at, end);
            try_snapshot(text, length - (end - at) + other, what);
        }
        at = end;
    }
    free(text);
}

void snapshots(void)
{
    const char *const vips[] = { "192.0.2.10", "2001:db8::10" };
    EXPECT(lvsarp_vip_bind_many(h, vips, 2, NULL, NULL) == 0, "%s", lvsarp_message(h));
    EXPECT(lvsarp_prefix_bind(h, "198.51.100.0/24", "lo") == 0, "%s", lvsarp_message(h));
    size_t length;
    char *json = snapshot_text(h, &length);
    EXPECT(try_snapshot(json, length, "a real snapshot") == 0, "it was refused");
    EXPECT(length > 1000, "only %zu bytes", length);
    no_snapshots();
    deep(json, length);
    cut_and_flipped(json, length);
    replaced(json, length);
    EXPECT(taken > 0 && refused > 0, "%d taken, %d refused", taken, refused);
    printf("a snapshot of %zu bytes: %d changed ones were taken, %d refused\n", length, taken, refused);
    free(json);
    lvsarp_vip_unbind_many(h, vips, 2, "lo", NULL);
    lvsarp_prefix_unbind(h, "198.51.100.0/24", "lo");
}
