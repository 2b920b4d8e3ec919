/* Every size that a struct of the caller's can say it has: what is behind its end is neither read nor written. */
#include <stddef.h>

#include "hostile.h"

#define GUARD 64
#define LONGEST 4096

/* A struct of `size` bytes in memory that ends with it, or, with guards, in the middle of a pattern. */
struct room {
    unsigned char *start; /* what was allocated */
    unsigned char *bytes;
    size_t length;
    int guarded;
};

static struct room make_room(size_t size, int guarded)
{
    /* The size itself can always be read; of more than the limit nothing else is. */
    size_t length = size < sizeof(size_t) || size > LONGEST ? sizeof(size_t) : size;
    struct room room = { malloc(length + (guarded ? 2 * GUARD : 0)), NULL, length, guarded };
    if (room.start == NULL)
        exit(2);
    memset(room.start, 0xa5, length + (guarded ? 2 * GUARD : 0));
    room.bytes = room.start + (guarded ? GUARD : 0);
    memcpy(room.bytes, &size, sizeof size);
    return room;
}

static void leave_room(struct room *room)
{
    for (size_t i = 0; room->guarded && i < GUARD; i++) {
        EXPECT(room->start[i] == 0xa5, "a byte in front of a struct of %zu", room->length);
        EXPECT(room->bytes[room->length + i] == 0xa5, "byte %zu behind a struct of %zu", i, room->length);
    }
    free(room->start);
}

/* What a call of this size returns, as the contract has it. */
static int verdict_on(size_t size) { return size < sizeof(size_t) ? -EINVAL : size > LONGEST ? -E2BIG : 0; }

/* The sizes worth trying around a struct that is `known` bytes long. */
static size_t size_at(size_t i, size_t known)
{
    const size_t others[] = {
        LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, SIZE_MAX / 2 + 1, SIZE_MAX - 7, SIZE_MAX
    };
    if (i <= known + 64)
        return i; /* all of them: the ends of all fields, and every byte in the middle of one */
    i -= known + 65;
    return i < sizeof others / sizeof *others ? others[i] : 0;
}
#define SIZES(known) ((known) + 65 + 7)

/* Where calls are slow only the sizes around the first members and the ends are tried. */
static int is_left_out(size_t size, size_t known, int few)
{
    return few && ((size > 24 && size + 2 < known) || (size > known + 2 && size < LONGEST));
}

void an_output(const char *what, size_t known, int few, const void *whole, int (*call)(void *))
{
    for (size_t i = 0; i < SIZES(known); i++) {
        size_t size = size_at(i, known);
        if (is_left_out(size, known, few))
            continue;
        for (int guarded = 0; guarded < 2; guarded++) {
            struct room room = make_room(size, guarded);
            unsigned char *was = (unsigned char *)exact_copy(room.bytes, room.length);
            int rc = call(room.bytes);
            EXPECT(rc == verdict_on(size), "%s of %zu bytes: %d", what, size, rc);
            if (rc < 0) {
                EXPECT(memcmp(room.bytes, was, room.length) == 0, "%s of %zu bytes was changed by a failure", what,
                       size);
            } else if (size >= sizeof(size_t) && size <= LONGEST) {
                size_t filled = size < known ? size : known;
                EXPECT(memcmp(room.bytes, &size, sizeof size) == 0, "the size of %s of %zu bytes was changed", what,
                       size);
                EXPECT(memcmp(room.bytes + sizeof size, (const char *)whole + sizeof size, filled - sizeof size) == 0,
                       "%s of %zu bytes has other contents", what, size);
                for (size_t at = known; at < size; at++)
                    EXPECT(room.bytes[at] == 0, "byte %zu of %s of %zu bytes is not 0", at, what, size);
            }
            free(was);
            leave_room(&room);
        }
    }
}

static int get_into(void *levels)
{
    int rc = lvsarp_get(h, "lo", levels);
    if (rc < 0)
        expect_message(__FILE__, __LINE__, "lvsarp_get() with a size", lvsarp_message(h), 1024);
    return rc;
}

static int meaning_into(void *meaning) { return lvsarp_meaning_of(LVSARP_ARP_IGNORE, 1, "zh", meaning); }

static int reply_into(void *decision)
{
    return lvsarp_would_reply(h, "192.0.2.10", "192.0.2.1", "eth0", 0, decision, NULL, NULL);
}

static int announce_into(void *decision)
{
    return lvsarp_would_announce(h, "192.0.2.1", "eth0", "192.0.2.10", 0, decision, NULL, NULL);
}

static const char *const VIP[] = { "192.0.2.10" };

static int plan_with(const void *options) { return lvsarp_plan(h, VIP, 1, options, see_step, NULL); }

static int apply_with(const void *options)
{
    int rc = lvsarp_apply(h, VIP, 1, options);
    if (rc == 0)
        lvsarp_undo(h);
    return rc;
}

static int bind_with(const void *options)
{
    int32_t changed = 99;
    int rc = lvsarp_vip_bind_many(h, VIP, 1, options, &changed);
    EXPECT(rc == 0 ? changed == 1 : changed == 99, "%d, and changed is %d", rc, changed);
    if (rc == 0)
        lvsarp_vip_unbind(h, VIP[0], "lo");
    return rc;
}

static int unpersist_with(const void *options) { return lvsarp_unpersist(h, options); }

static int boot_with(const void *options)
{
    int rc = lvsarp_boot(h, VIP, 1, NULL, 0, options, see_finding, NULL);
    return rc == 1 ? 0 : rc;
}

/* An input struct, all zero but its size. */
void an_input(const char *what, size_t known, int few, int changes, int (*call)(const void *))
{
    for (size_t i = 0; i < SIZES(known); i++) {
        size_t size = size_at(i, known);
        if (is_left_out(size, known, few))
            continue;
        int expected = verdict_on(size) != 0 ? verdict_on(size) : changes ? CHANGES : 0;
        struct room room = make_room(size, 0);
        memset(room.bytes + sizeof size, 0, room.length - sizeof size);
        unsigned char *was = (unsigned char *)exact_copy(room.bytes, room.length);
        int rc = call(room.bytes);
        EXPECT(rc == expected, "%s of %zu bytes: %d, %s", what, size, rc, lvsarp_message(h));
        if (rc < 0)
            expect_message(__FILE__, __LINE__, what, lvsarp_message(h), 1024);
        /* One byte behind what the library knows, the first or the last one. */
        for (int last = 0; size > known && size <= LONGEST && last < 2; last++) {
            size_t at = last ? size - 1 : known;
            room.bytes[at] = 1;
            rc = call(room.bytes);
            EXPECT(rc == -E2BIG, "%s of %zu bytes with byte %zu set: %d", what, size, at, rc);
            room.bytes[at] = 0;
        }
        EXPECT(memcmp(room.bytes, was, room.length) == 0, "%s of %zu bytes, an input, was changed", what, size);
        free(was);
        leave_room(&room);
    }
}

/* What a short input does not have is 0: the end of the struct hides the field behind it. */
static void hidden_fields(void)
{
    const struct {
        size_t offset;
        size_t length;
        int is_text;
    } fields[] = {
#define FIELD(name, is_text) \
    { offsetof(struct lvsarp_apply_options, name), sizeof((struct lvsarp_apply_options *)0)->name, is_text }
        FIELD(scope, 0), FIELD(method, 0), FIELD(flags, 0),         FIELD(reserved, 0),
        FIELD(dev, 1),   FIELD(label, 1),  FIELD(address_scope, 1),
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t whole = fields[i].offset + fields[i].length;
        for (size_t size = fields[i].offset; size <= whole; size++) {
            struct room room = make_room(size, 1);
            /* Behind the struct stands what would be refused: the room's own pattern. In it, up to its end, too. */
            memset(room.bytes + sizeof size, 0, fields[i].offset - sizeof size);
            int rc = plan_with(room.bytes);
            if (size == fields[i].offset)
                EXPECT(rc == 0, "field %zu is not there but refused: %d, %s", i, rc, lvsarp_message(h));
            else
                EXPECT(rc == -EINVAL, "%zu bytes of field %zu that are wrong: %d", size - fields[i].offset, i, rc);
            if (fields[i].is_text && size > fields[i].offset) {
                /* "lo" cut in the middle of its field ends where the struct ends. */
                memset(room.bytes + fields[i].offset, 0, size - fields[i].offset);
                room.bytes[fields[i].offset] = 'l';
                rc = plan_with(room.bytes);
                int dev = fields[i].offset == offsetof(struct lvsarp_apply_options, dev);
                EXPECT(rc == (dev ? -ENODEV : -EINVAL), "a text of one byte in field %zu: %d, %s", i, rc,
                       lvsarp_message(h));
            }
            leave_room(&room);
        }
    }
}

/* Apply and undo take longer, so these are few. */
static void apply_options(void)
{
    const size_t exact = sizeof(struct lvsarp_apply_options);
    const size_t sizes[] = {
        0,         1,     sizeof(size_t) - 1, sizeof(size_t), 10,          offsetof(struct lvsarp_apply_options, dev),
        exact - 7, exact, exact + 1,          LONGEST,        LONGEST + 1, SIZE_MAX
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct room room = make_room(sizes[i], 0);
        memset(room.bytes + sizeof(size_t), 0, room.length - sizeof(size_t));
        int expected = verdict_on(sizes[i]) != 0 ? verdict_on(sizes[i]) : CHANGES, rc = apply_with(room.bytes);
        EXPECT(rc == expected, "apply with options of %zu bytes: %d, %s", sizes[i], rc, lvsarp_message(h));
        leave_room(&room);
    }
}

void structs(void)
{
    struct lvsarp_levels levels = LVSARP_LEVELS_INIT;
    struct lvsarp_meaning meaning = LVSARP_MEANING_INIT;
    struct lvsarp_decision decision = LVSARP_DECISION_INIT;
    TRY(0, lvsarp_get, (h, "lo", &levels));
    TRY(0, lvsarp_meaning_of, (LVSARP_ARP_IGNORE, 1, "zh", &meaning));
    an_output("levels", sizeof levels, 0, &levels, get_into);
    an_output("meaning", sizeof meaning, 0, &meaning, meaning_into);
    TRY(0, lvsarp_would_reply, (h, "192.0.2.10", "192.0.2.1", "eth0", 0, &decision, NULL, NULL));
    an_output("decision", sizeof decision, 0, &decision, reply_into);
    TRY(0, lvsarp_would_announce, (h, "192.0.2.1", "eth0", "192.0.2.10", 0, &decision, NULL, NULL));
    an_output("decision", sizeof decision, 0, &decision, announce_into);
    an_input("apply_options", sizeof(struct lvsarp_apply_options), 0, 0, plan_with);
    an_input("bind_options", sizeof(struct lvsarp_bind_options), 0, 1, bind_with);
    an_input("persist_options", sizeof(struct lvsarp_persist_options), 0, 1, unpersist_with);
    an_input("boot_options", sizeof(struct lvsarp_boot_options), 0, 0, boot_with);
    apply_options();
    hidden_fields();
    structs_on_the_wire();
}
