/* Calls the library as no careful program would. `hostile SECTION...` runs sections; each call goes to stdout. */
#define _GNU_SOURCE
#include "hostile.h"
#include "own_root.h"

struct lvsarp_host *h;
int recorded;
struct outputs out;
const struct lvsarp_persist_options DRY_RUN = { sizeof DRY_RUN, LVSARP_DRY_RUN, 0, "", "", "" };
const struct lvsarp_boot_options NO_REHEARSAL = { sizeof NO_REHEARSAL, LVSARP_NO_REHEARSAL, 0, "", "" };

static struct outputs before;
static char noted[256];

void prepare(void)
{
    memset(&out, 0xa5, sizeof out);
    out.levels.size = sizeof out.levels;
    out.meaning.size = sizeof out.meaning;
    out.decision.size = sizeof out.decision;
    out.audit.size = sizeof out.audit;
    memcpy(&before, &out, sizeof out);
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(noted, sizeof noted, format, arguments);
    va_end(arguments);
}

static int is_utf8(const unsigned char *text)
{
    while (*text != 0) {
        int more = *text < 0x80 ? 0 : *text < 0xc2 ? -1 : *text < 0xe0 ? 1 : *text < 0xf0 ? 2 : *text < 0xf5 ? 3 : -1;
        if (more < 0)
            return 0;
        for (text++; more > 0; more--, text++)
            if ((*text & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

void expect_message(const char *file, int line, const char *call, const char *message, size_t size)
{
    const char *wrong = NULL;
    if (message == NULL)
        wrong = "it is NULL";
    else if (message[0] == 0)
        wrong = "it is empty";
    else if (strnlen(message, size) == size)
        wrong = "it has no end";
    else if (!is_utf8((const unsigned char *)message))
        wrong = "it is not UTF-8";
    for (const char *at = wrong ? "" : message; *at != 0; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            wrong = "it has a control character";
    if (wrong != NULL)
        unexpected(file, line, "a message", "%s: %s", call, wrong);
}

/* The word that a result of this program stands for. */
static void expect_kind(const char *file, int line, const char *call, int rc, const char *kind)
{
    static const struct {
        int rc;
        const char *kind;
    } kinds[] = {
        { -EINVAL, "invalid-input" },   { -E2BIG, "invalid-input" }, { -ENODEV, "no-interface" },
        { -EROFS, "read-only" },        { -EPERM, "permission" },    { -ETIMEDOUT, "lock-timeout" },
        { -EOPNOTSUPP, "unsupported" }, { -ECANCELED, "refused" },
    };
    const char *wanted = "system";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].rc == rc)
            wanted = kinds[i].kind;
    if (strcmp(kind, wanted) != 0)
        unexpected(file, line, "the kind", "%s returned %d and is \"%s\"", call, rc, kind);
}

/* Functions that look at what the last call left, with its message. */
static int only_looks(const char *function)
{
    static const char *const functions[] = {
        "lvsarp_changed", "lvsarp_rolled_back", "lvsarp_step_each", "lvsarp_finding_each", "lvsarp_verdict_each",
        "lvsarp_boot_level_each", "lvsarp_boot_rehearsed",
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(function, functions[i]) == 0)
            return 1;
    return 0;
}

/* The message of the handle that a call is made on; NULL for the handles of the host itself and of none. */
static const char *message_of(const char *arguments)
{
    if (strncmp(arguments, "(prober", 7) == 0)
        return lvsarp_probe_message(prober);
    if (strncmp(arguments, "(listener", 9) == 0)
        return lvsarp_listen_message(listener);
    if (strncmp(arguments, "(auditor", 8) == 0)
        return lvsarp_audit_message(auditor);
    return strncmp(arguments, "(watcher", 8) == 0 ? lvsarp_watch_message(watcher) : NULL;
}

/* What a call was to open is there or NULL, and is closed. */
#define OPENS(member, close)                                                                                   \
    do {                                                                                                       \
        if (strstr(arguments, "&out." #member) == NULL)                                                        \
            break;                                                                                             \
        if ((rc == 0) != (out.member != NULL))                                                                 \
            unexpected(file, line, "a handle or NULL", "%s returned %d and put %p", call, rc, (void *)out.member); \
        close(out.member);                                                                                     \
        memset(&out.member, 0xa5, sizeof out.member);                                                          \
    } while (0)

int judge(const char *file, int line, const char *function, const char *arguments, int expected, int rc)
{
    char call[512];
    snprintf(call, sizeof call, "%s%s%s%s", function, arguments, noted[0] ? ", " : "", noted);
    puts(call);
    if (rc != expected)
        unexpected(file, line, "as expected", "%s returned %d, not %d", call, rc, expected);
    OPENS(prober, lvsarp_probe_close);
    OPENS(listener, lvsarp_listen_close);
    OPENS(auditor, lvsarp_audit_close);
    OPENS(watcher, lvsarp_watch_close);
    const char *message = message_of(arguments);
    if (message != NULL && rc < 0 && rc != -EAGAIN)
        expect_message(file, line, call, message, 1024);
    else if (message != NULL && message[0] != 0)
        unexpected(file, line, "no message", "%s returned %d and left \"%.200s\"", call, rc, message);
    if (strncmp(function, "lvsarp_open", 11) == 0) {
        /* Here a failure does write: NULL, and the message. */
        const char *text = out.message;
        int has_message = strstr(arguments, "out.message") != NULL;
        if (has_message && rc < 0)
            expect_message(file, line, call, text, sizeof out.message);
        if (has_message && rc == 0 && text[0] != 0)
            unexpected(file, line, "an empty message", "%s left \"%.200s\"", call, text);
        OPENS(host, lvsarp_close);
        memset(out.message, 0xa5, sizeof out.message);
        rc = rc < 0 ? rc : -1;
    } else if (strncmp(arguments, "(h,", 3) == 0 || strncmp(arguments, "(h)", 3) == 0) {
        if (rc < 0) {
            expect_message(file, line, call, lvsarp_message(h), 1024);
            expect_kind(file, line, call, rc, lvsarp_kind(h));
            int rolled_back = lvsarp_rolled_back(h);
            if (rolled_back != 0)
                unexpected(file, line, "nothing was changed", "%s returned %d and had changed something: %d", call, rc,
                           rolled_back);
            /* Asking does not make it forget. */
            expect_message(file, line, call, lvsarp_message(h), 1024);
        } else if (!only_looks(function) &&
                   (lvsarp_message(h)[0] != 0 || lvsarp_hint(h)[0] != 0 || lvsarp_kind(h)[0] != 0)) {
            unexpected(file, line, "no message", "%s returned %d and left \"%.200s\"", call, rc, lvsarp_message(h));
        }
    }
    if (rc < 0 && memcmp(&out, &before, sizeof out) != 0)
        unexpected(file, line, "outputs untouched", "%s failed and changed an output", call);
    return rc;
}

const char *judge_text(const char *file, int line, const char *function, const char *arguments, const char *text)
{
    char call[512];
    snprintf(call, sizeof call, "%s%s", function, arguments);
    puts(call);
    if (text == NULL)
        unexpected(file, line, "a text", "%s returned NULL", call);
    return text != NULL ? text : "";
}

/* Reads every byte: valgrind reports those that nobody has written. */
static int see(const void *data, size_t size, void *arg)
{
    const unsigned char *at = data;
    unsigned char sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (unsigned char)(sum * 31 + at[i]);
    volatile int odd = sum & 1 ? 1 : 0;
    (void)odd;
    if (arg != NULL)
        *(int *)arg += 1;
    return 0;
}
int see_text(const char *json, size_t length, void *arg) { return see(json, length, arg); }
int see_interface(const struct lvsarp_interface *it, void *arg) { return see(it, it->size, arg); }
int see_address(const struct lvsarp_address *it, void *arg) { return see(it, it->size, arg); }
int see_prefix(const struct lvsarp_prefix *it, void *arg) { return see(it, it->size, arg); }
int see_step(const struct lvsarp_step *it, void *arg) { return see(it, it->size, arg); }
int see_finding(const struct lvsarp_finding *it, void *arg) { return see(it, it->size, arg); }
int see_verdict(const struct lvsarp_verdict *it, void *arg) { return see(it, it->size, arg); }
int see_note(const struct lvsarp_note *it, void *arg) { return see(it, it->size, arg); }
int see_meaning(const struct lvsarp_meaning *it, void *arg) { return see(it, it->size, arg); }
int see_key(const struct lvsarp_key *it, void *arg) { return see(it, it->size, arg); }
int see_level(const struct lvsarp_boot_level *it, void *arg) { return see(it, it->size, arg); }
int see_responder(const struct lvsarp_responder *it, void *arg) { return see(it, it->size, arg); }
int see_heard(const struct lvsarp_heard *it, void *arg) { return see(it, it->size, arg); }
int see_event(const struct lvsarp_event *it, void *arg) { return see(it, it->size, arg); }

struct text {
    char *bytes;
    size_t length;
};

static int keep_text(const char *json, size_t length, void *arg)
{
    struct text *kept = arg;
    kept->bytes = malloc(length + 1);
    if (kept->bytes == NULL)
        exit(2);
    memcpy(kept->bytes, json, length);
    kept->bytes[length] = 0;
    kept->length = length;
    return 0;
}

char *snapshot_text(struct lvsarp_host *of, size_t *length)
{
    struct text kept = { NULL, 0 };
    int rc = lvsarp_snapshot(of, keep_text, &kept);
    if (rc != 0 || kept.bytes == NULL) {
        fprintf(stderr, "lvsarp_snapshot() returned %d: %s\n", rc, lvsarp_message(of));
        exit(2);
    }
    *length = kept.length;
    return kept.bytes;
}

static const struct section {
    const char *name;
    void (*run)(void);
    int on_recorded; /* is run again on a recorded namespace */
} SECTIONS[] = {
    { "nulls", nulls, 1 },         { "numbers", numbers, 1 }, { "structs", structs, 1 }, { "texts", texts, 1 },
    { "snapshots", snapshots, 0 }, { "handles", handles, 0 }, { "closed", closed, 0 },   { "limits", limits, 0 },
};

int main(int argc, char **argv)
{
    enter_own_root();
    for (int i = 1; i < argc; i++) {
        const struct section *section = NULL;
        for (size_t j = 0; j < sizeof SECTIONS / sizeof *SECTIONS; j++)
            if (strcmp(argv[i], SECTIONS[j].name) == 0)
                section = &SECTIONS[j];
        if (section == NULL) {
            fprintf(stderr, "there is no section %s\n", argv[i]);
            return 2;
        }
        struct lvsarp_host *live = must_open(NULL);
        h = live;
        recorded = 0;
        section->run();
        note("");
        if (section->on_recorded) {
            size_t length;
            char *json = snapshot_text(live, &length);
            EXPECT(lvsarp_open_snapshot(json, length, &h, NULL, 0) == 0, "the namespace's own snapshot does not open");
            free(json);
            if (h == NULL)
                return 2;
            recorded = 1;
            section->run();
            note("");
            lvsarp_close(h);
        }
        lvsarp_close(live);
    }
    return finish();
}
