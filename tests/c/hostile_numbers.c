/* Keys, values, counts, flags and timeouts that are out of range, or at its ends. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include "hostile.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static const int32_t SAMPLES[] = { INT_MIN, INT_MIN + 1, -65536, -257,  -256,  -129,  -128,        -2,     -1, 0,
                                   1,       2,           3,      4,     5,     6,     7,           8,      9,  10,
                                   11,      12,          13,          18,     19,    20,    31,    32,          33,     34, 127,
                                   128,     255,         256,    65535, 65536, 65555, INT_MAX - 1, INT_MAX };

static int keys_seen, is_known[64];

static int know(const struct lvsarp_key *key, void *arg)
{
    (void)arg;
    EXPECT(key->key > 0 && key->key < 64, "key %d", key->key);
    is_known[key->key & 63] = 1;
    keys_seen++;
    EXPECT(lvsarp_key_find(key->name) == key->key, "key %s is not %d", key->name, key->key);
    return 0;
}

static int known(int32_t key) { return key > 0 && key < 64 && is_known[key]; }

static void levels_and_keys(void)
{
    keys_seen = 0;
    TRY(0, lvsarp_key_each, (know, NULL));
    EXPECT(keys_seen == 20, "%d keys", keys_seen);
    for (size_t i = 0; i < LENGTH(SAMPLES); i++) {
        int32_t key = SAMPLES[i];
        note("key %d", key);
        int rc = lvsarp_read(h, "lo", key, &out.value);
        TRY(!known(key) ? -EINVAL : rc == -EOPNOTSUPP ? rc : 0, lvsarp_read, (h, "lo", key, &out.value));
        int has_levels = key == LVSARP_ARP_IGNORE || key == LVSARP_ARP_ANNOUNCE;
        TRY(has_levels ? 0 : -EINVAL, lvsarp_meaning_each, (key, "en", see_meaning, NULL));
        for (size_t j = 0; j < LENGTH(SAMPLES); j++) {
            int32_t value = SAMPLES[j];
            note("key %d, value %d", key, value);
            if (TRY(has_levels ? 0 : -EINVAL, lvsarp_meaning_of, (key, value, "en", &out.meaning)) == 0)
                EXPECT(out.meaning.first <= value && value <= out.meaning.last && out.meaning.text[0] != 0,
                       "not its row");
            int right = has_levels && value >= 0 && value <= (key == LVSARP_ARP_IGNORE ? 8 : 2);
            /* What a recorded namespace is asked to become is not looked at. */
            int expected = recorded && known(key) ? -EROFS : right ? 0 : -EINVAL;
            if (TRY(expected, lvsarp_set, (h, "lo", key, value)) == 0) {
                TRY(0, lvsarp_read, (h, "lo", key, &out.value));
                EXPECT(out.value == value, "key %d is %d after it was set to %d", key, out.value, value);
            }
        }
    }
    note("");
    TRY(CHANGES, lvsarp_set, (h, "lo", LVSARP_ARP_IGNORE, 0));
    TRY(CHANGES, lvsarp_set, (h, "lo", LVSARP_ARP_ANNOUNCE, 0));
}

/* What a recorded namespace is told to assume, and what it answers, whatever its keys are. */
static void assumptions(void)
{
    if (!recorded) {
        TRY(-EINVAL, lvsarp_assume, (h, "all", LVSARP_ARP_IGNORE, 1));
        TRY(-EINVAL, lvsarp_assume, (h, "nowhere", -1, 1));
        return;
    }
    size_t length;
    char *json = snapshot_text(h, &length);
    struct lvsarp_host *before = h;
    EXPECT(lvsarp_open_snapshot(json, length, &h, NULL, 0) == 0, "it does not open again");
    free(json);
    static const char *const scopes[] = { "all", "default", "lo", "eth0" };
    for (size_t i = 0; i < LENGTH(SAMPLES); i++) {
        for (size_t j = 0; j < LENGTH(SAMPLES); j++) {
            const char *scope = scopes[(i + j) % LENGTH(scopes)];
            int32_t key = SAMPLES[i], value = SAMPLES[j];
            note("%s, key %d, value %d", scope, key, value);
            if (TRY(known(key) ? 0 : -EINVAL, lvsarp_assume, (h, scope, key, value)) == 0) {
                TRY(0, lvsarp_read, (h, scope, key, &out.value));
                EXPECT(out.value == value, "%s, key %d is %d after it was assumed to be %d", scope, key, out.value,
                       value);
                TRY(0, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", 0, &out.decision, see_note, NULL));
                TRY(0, lvsarp_would_announce, (h, "192.0.2.1", "eth0", NULL, 0, &out.decision, see_note, NULL));
            }
        }
        int rc = lvsarp_check(h, (const char *const[]){ "192.0.2.10" }, 1, see_finding, NULL);
        EXPECT(rc == 1, "check with key %d: %d, %s", SAMPLES[i], rc, lvsarp_message(h));
    }
    note("");
    lvsarp_close(h);
    h = before;
    TRY(-ENODEV, lvsarp_assume, (h, "nowhere", LVSARP_ARP_IGNORE, 1));
}

static void questions(void)
{
    struct lvsarp_decision *decision = &out.decision;
    for (size_t i = 0; i < LENGTH(SAMPLES); i++) {
        uint32_t flags = (uint32_t)SAMPLES[i];
        note("flags %#x", flags);
        int expected = flags == 0 || (flags == LVSARP_VERIFY && !recorded) ? 0 : -EINVAL;
        TRY(expected, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", flags, decision, see_note, NULL));
        TRY(expected, lvsarp_would_announce, (h, "192.0.2.1", "eth0", NULL, flags, decision, see_note, NULL));
    }
    note("");
    static const char *const ends[] = { "0.0.0.0", "0.0.0.1", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255" };
    for (size_t i = 0; i < LENGTH(ends); i++) {
        for (size_t j = 0; j < LENGTH(ends); j++) {
            note("%s and %s", ends[i], ends[j]);
            TRY(0, lvsarp_would_reply, (h, ends[i], ends[j], "eth0", 0, decision, see_note, NULL));
            EXPECT(decision->replies >= -1 && decision->replies <= 1 && decision->learns >= -1 &&
                       decision->learns <= LVSARP_LEARNS_ENTERS && decision->witness == -1 && decision->known <= 1,
                   "%d, %d, %d, %d", decision->replies, decision->learns, decision->witness, decision->known);
            EXPECT(decision->rule[0] != 0 && decision->question[0] != 0 && decision->source[0] == 0, "the texts");
            TRY(0, lvsarp_would_announce, (h, ends[i], "eth0", ends[j], 0, decision, see_note, NULL));
            EXPECT(decision->replies == -1 && decision->learns == -1 && decision->witness == -1, "%d, %d, %d",
                   decision->replies, decision->learns, decision->witness);
            EXPECT(decision->rule[0] != 0 && decision->question[0] != 0, "the texts");
        }
    }
    note("");
}

static void counts(void)
{
    const char *const vips[] = { "192.0.2.10" };
    const int32_t keys[] = { LVSARP_ARP_IGNORE }, values[] = { 0 };
    const char *const none[] = { NULL };
    const size_t huge[] = {
        SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX / 4 + 1, SIZE_MAX / 8 + 1
    };
    for (size_t i = 0; i < LENGTH(huge); i++) {
        size_t n = huge[i];
        note("n %zu", n);
        TRY(-EINVAL, lvsarp_set_many, (h, "lo", keys, values, n, LVSARP_VIA_AUTO));
        TRY(-EINVAL, lvsarp_set_many, (h, "lo", NULL, NULL, n, LVSARP_VIA_AUTO));
        TRY(-EINVAL, lvsarp_vip_bind_many, (h, vips, n, NULL, out.changed));
        TRY(-EINVAL, lvsarp_vip_bind_many, (h, NULL, n, NULL, NULL));
        TRY(-EINVAL, lvsarp_vip_unbind_many, (h, vips, n, "lo", out.changed));
        TRY(-EINVAL, lvsarp_vip_unbind_many, (h, NULL, n, "lo", NULL));
        TRY(-EINVAL, lvsarp_plan, (h, vips, n, NULL, see_step, NULL));
        TRY(-EINVAL, lvsarp_plan, (h, NULL, n, NULL, see_step, NULL));
        TRY(-EINVAL, lvsarp_apply, (h, vips, n, NULL));
        TRY(-EINVAL, lvsarp_check, (h, vips, n, see_finding, NULL));
        TRY(-EINVAL, lvsarp_check, (h, NULL, n, see_finding, NULL));
        TRY(-EINVAL, lvsarp_persist, (h, vips, n, NULL, &DRY_RUN));
        TRY(-EINVAL, lvsarp_boot, (h, vips, n, NULL, 0, &NO_REHEARSAL, see_finding, NULL));
        TRY(-EINVAL, lvsarp_boot, (h, NULL, n, NULL, 0, &NO_REHEARSAL, see_finding, NULL));
        TRY(-EINVAL, lvsarp_boot, (h, vips, 1, NULL, n, &NO_REHEARSAL, see_finding, NULL));
    }
    /* It ends at the first item that is wrong, and does not believe the count before. */
    note("n %zu and an item that is NULL", (size_t)1 << 40);
    TRY(-EINVAL, lvsarp_vip_bind_many, (h, none, (size_t)1 << 40, NULL, NULL));
    TRY(-EINVAL, lvsarp_vip_unbind_many, (h, none, (size_t)1 << 40, "lo", NULL));
    TRY(-EINVAL, lvsarp_plan, (h, none, (size_t)1 << 40, NULL, NULL, NULL));
    TRY(-EINVAL, lvsarp_check, (h, none, (size_t)1 << 40, NULL, NULL));
    note("");
    /* Of nothing there is nothing to do, unless it says that there must be something. */
    TRY(-EINVAL, lvsarp_set_many, (h, "lo", keys, values, 0, LVSARP_VIA_AUTO));
    TRY(-EINVAL, lvsarp_set_many, (h, "lo", NULL, NULL, 0, LVSARP_VIA_AUTO));
    TRY(CHANGES, lvsarp_vip_bind_many, (h, vips, 0, NULL, out.changed));
    TRY(CHANGES, lvsarp_vip_bind_many, (h, NULL, 0, NULL, out.changed));
    TRY(CHANGES, lvsarp_vip_unbind_many, (h, vips, 0, "lo", out.changed));
    TRY(CHANGES, lvsarp_vip_unbind_many, (h, NULL, 0, "lo", out.changed));
    TRY(-EINVAL, lvsarp_plan, (h, vips, 0, NULL, see_step, NULL));
    TRY(-EINVAL, lvsarp_plan, (h, NULL, 0, NULL, see_step, NULL));
    if (!recorded) {
        TRY(-EINVAL, lvsarp_apply, (h, vips, 0, NULL));
        TRY(-EINVAL, lvsarp_apply, (h, NULL, 0, NULL));
        TRY(-EINVAL, lvsarp_persist, (h, vips, 0, NULL, &DRY_RUN));
        TRY(-EINVAL, lvsarp_persist, (h, NULL, 0, NULL, &DRY_RUN));
    }
    TRY(0, lvsarp_check, (h, NULL, 0, see_finding, NULL));
    TRY(-EINVAL, lvsarp_check, (h, vips, 0, see_finding, NULL));
    TRY(-EINVAL, lvsarp_boot, (h, vips, 0, NULL, 0, &NO_REHEARSAL, see_finding, NULL));
    TRY(1, lvsarp_boot, (h, vips, 1, vips, 0, &NO_REHEARSAL, see_finding, NULL));
    /* An array of int32_t that is not aligned cannot be one. */
    char room[16] = { 0 };
    size_t odd = (uintptr_t)room % _Alignof(int32_t) == 0 ? 1 : 2;
    TRY(-EINVAL, lvsarp_set_many, (h, "lo", (const int32_t *)(const void *)(room + odd), values, 1, LVSARP_VIA_AUTO));
}

static void choices(void)
{
    const char *const vips[] = { "192.0.2.10" };
    const int32_t keys[] = { LVSARP_ARP_IGNORE }, values[] = { 0 };
    for (size_t i = 0; i < LENGTH(SAMPLES); i++) {
        int32_t number = SAMPLES[i];
        note("number %d", number);
        TRY(number < 0 || number > 2 ? -EINVAL : CHANGES, lvsarp_set_many, (h, "lo", keys, values, 1, number));

        struct lvsarp_apply_options apply = LVSARP_APPLY_OPTIONS_INIT;
        /*
         * Where both ends of the test's link are in one namespace, a scope or a method may not be enough: 1 is an
         * answer as well.
         */
        apply.scope = number;
        int judged = lvsarp_plan(h, vips, 1, &apply, see_step, NULL) == 1;
        TRY(number < 0 || number > 1 ? -EINVAL : judged, lvsarp_plan, (h, vips, 1, &apply, see_step, NULL));
        apply.scope = 0;
        apply.method = number;
        judged = lvsarp_plan(h, vips, 1, &apply, see_step, NULL) == 1;
        TRY(number < 0 || number > 1 ? -EINVAL : judged, lvsarp_plan, (h, vips, 1, &apply, see_step, NULL));
        apply.method = 0;
        apply.flags = (uint32_t)number;
        /* A recorded namespace does not know what was applied, which an exact plan asks for. */
        int exact = recorded && (apply.flags & LVSARP_EXACT) != 0;
        TRY(number < 0 || number > 7 || exact ? -EINVAL : 0, lvsarp_plan, (h, vips, 1, &apply, see_step, NULL));
        if (number < 0 || number > 7)
            TRY(-EINVAL, lvsarp_apply, (h, vips, 1, &apply));
        apply.flags = 0;
        apply.reserved = (uint32_t)number;
        TRY(number != 0 ? -EINVAL : 0, lvsarp_plan, (h, vips, 1, &apply, see_step, NULL));

        struct lvsarp_bind_options bind = LVSARP_BIND_OPTIONS_INIT;
        bind.method = number;
        TRY(number < 0 || number > 1 ? -EINVAL : CHANGES, lvsarp_vip_bind_many, (h, vips, 1, &bind, out.changed));
        TRY(CHANGES, lvsarp_vip_unbind, (h, "192.0.2.10", "lo"));
        bind.method = 0;
        bind.flags = (uint32_t)number;
        TRY(number < 0 || number > 1 ? -EINVAL : CHANGES, lvsarp_vip_bind_many, (h, vips, 1, &bind, out.changed));
        TRY(CHANGES, lvsarp_vip_unbind, (h, "192.0.2.10", "lo"));

        struct lvsarp_persist_options persist = LVSARP_PERSIST_OPTIONS_INIT;
        persist.flags = (uint32_t)number;
        int both = (persist.flags & LVSARP_DRY_RUN) != 0 && (persist.flags & LVSARP_APPLY) != 0;
        TRY(number < 0 || number > 31 || both ? -EINVAL : CHANGES, lvsarp_persist, (h, vips, 1, NULL, &persist));
        TRY(number < 0 || number > 15 ? -EINVAL : CHANGES, lvsarp_unpersist, (h, &persist));
        persist.flags = 0;
        persist.reserved = (uint32_t)number;
        TRY(number != 0 ? -EINVAL : CHANGES, lvsarp_persist, (h, vips, 1, NULL, &persist));
        TRY(number != 0 ? -EINVAL : CHANGES, lvsarp_unpersist, (h, &persist));
        TRY(CHANGES, lvsarp_unpersist, (h, NULL));
        TRY(CHANGES, lvsarp_undo, (h));

        struct lvsarp_boot_options boot = LVSARP_BOOT_OPTIONS_INIT;
        boot.flags = (uint32_t)number;
        TRY(number < 0 || number > 1 ? -EINVAL : 1, lvsarp_boot, (h, vips, 1, NULL, 0, &boot, see_finding, NULL));
        boot.flags = 0;
        boot.reserved = (uint32_t)number;
        TRY(number != 0 ? -EINVAL : 1, lvsarp_boot, (h, vips, 1, NULL, 0, &boot, see_finding, NULL));

        EXPECT(lvsarp_strerror(number) != NULL && lvsarp_strerror(number)[0] != 0, "no words for %d", number);
    }
    note("");
}

/* Holds every lock of a namespace that there is, as another process would: ours is among them. Returns how many. */
static int hold_locks(int *held, int most)
{
    DIR *directory = opendir("/run/lvsarp");
    int count = 0;
    for (struct dirent *entry; directory != NULL && count < most && (entry = readdir(directory)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".lock") != 0)
            continue;
        held[count] = openat(dirfd(directory), entry->d_name, O_RDWR | O_CLOEXEC);
        EXPECT(flock(held[count], LOCK_EX | LOCK_NB) == 0, "%s: %s", entry->d_name, strerror(errno));
        count++;
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

static void timeouts(void)
{
    const uint32_t day = 86400000, wrong[] = { day + 1, INT_MAX, (uint32_t)INT_MAX + 1, UINT32_MAX },
                   right[] = { day, 1, 0 };
    for (size_t i = 0; i < LENGTH(wrong); i++)
        TRY(-EINVAL, lvsarp_lock_timeout, (h, wrong[i]));
    for (size_t i = 0; i < LENGTH(right); i++)
        TRY(0, lvsarp_lock_timeout, (h, right[i]));
    if (recorded)
        return;
    const char *const vips[] = { "192.0.2.10" };
    TRY(0, lvsarp_apply, (h, vips, 1, NULL));
    int locks[100], held = hold_locks(locks, 100);
    EXPECT(held > 0, "no lock to hold in /run/lvsarp");
    const uint32_t waits[] = { 0, 300 };
    for (size_t i = 0; i < LENGTH(waits); i++) {
        note("a timeout of %u ms", waits[i]);
        TRY(0, lvsarp_lock_timeout, (h, waits[i]));
        double start = seconds();
        TRY(-ETIMEDOUT, lvsarp_apply, (h, vips, 1, NULL));
        TRY(-ETIMEDOUT, lvsarp_undo, (h));
        TRY(-ETIMEDOUT, lvsarp_persist, (h, vips, 1, NULL, NULL));
        TRY(-ETIMEDOUT, lvsarp_unpersist, (h, NULL));
        double waited = seconds() - start, most = waits[i] / 250.0 + 1.5;
        EXPECT(waited >= waits[i] / 250.0 - 0.02 && waited < most, "all four waited %.3f s", waited);
    }
    note("");
    while (held > 0)
        close(locks[--held]);
    TRY(0, lvsarp_undo, (h));
    EXPECT(lvsarp_changed(h) > 0, "nothing was undone");
    TRY(0, lvsarp_lock_timeout, (h, LVSARP_LOCK_TIMEOUT));
}

void numbers(void)
{
    levels_and_keys();
    assumptions();
    questions();
    counts();
    choices();
    timeouts();
    numbers_on_the_wire();
}
