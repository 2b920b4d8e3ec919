/*
 * Texts of every kind in every place that takes one: exactly as much memory as text, and every answer is a documented
 * one.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum kind { NAME, SCOPE, LABEL, ADDRESS, IPV4, PREFIX, LANGUAGE, KEY, PATH, ROOT, ROOT_FIELD, FILE_FIELD, LOADER, MACS };
/* How many bytes are read of each at most. */
static const size_t LIMIT[] = { 16, 16, 16, 64, 64, 64, 64, 64, 4096, 4096, 256, 256, 64, 512 };

/* A call with one text; the rest of it is right. */
static const char *const *one(const char *const *vip) { return vip; }
#define CALL(name, expression) \
    static int name(const char *t) { return expression; }
CALL(get, lvsarp_get(h, t, &out.levels))
CALL(read_, lvsarp_read(h, t, LVSARP_ARP_IGNORE, &out.value))
CALL(set, lvsarp_set(h, t, LVSARP_ARP_IGNORE, 0))
CALL(set_many,
     lvsarp_set_many(h, t, (const int32_t[]){ LVSARP_ARP_IGNORE }, (const int32_t[]){ 0 }, 1, LVSARP_VIA_AUTO))
CALL(vip_each, lvsarp_vip_each(h, t, see_address, NULL))
CALL(address_each, lvsarp_address_each(h, t, see_address, NULL))
CALL(bind_vip, lvsarp_vip_bind(h, t, "lo", NULL))
CALL(bind_dev, lvsarp_vip_bind(h, "192.0.2.10", t, NULL))
CALL(bind_label, lvsarp_vip_bind(h, "192.0.2.10", "lo", t))
CALL(bind_many, lvsarp_vip_bind_many(h, one(&t), 1, NULL, out.changed))
CALL(unbind_vip, lvsarp_vip_unbind(h, t, "lo"))
CALL(unbind_dev, lvsarp_vip_unbind(h, "192.0.2.10", t))
CALL(unbind_many, lvsarp_vip_unbind_many(h, one(&t), 1, "lo", out.changed))
CALL(unbind_many_dev, lvsarp_vip_unbind_many(h, (const char *const[]){ "192.0.2.10" }, 1, t, out.changed))
CALL(prefix_bind, lvsarp_prefix_bind(h, t, "lo"))
CALL(prefix_bind_dev, lvsarp_prefix_bind(h, "198.51.100.0/24", t))
CALL(prefix_unbind, lvsarp_prefix_unbind(h, t, "lo"))
CALL(prefix_unbind_dev, lvsarp_prefix_unbind(h, "198.51.100.0/24", t))
CALL(plan, lvsarp_plan(h, one(&t), 1, NULL, see_step, NULL))
CALL(apply, lvsarp_apply(h, one(&t), 1, NULL))
CALL(check, lvsarp_check(h, one(&t), 1, see_finding, NULL))
CALL(persist, lvsarp_persist(h, one(&t), 1, NULL, &DRY_RUN))
CALL(restore, lvsarp_restore(h, t))
CALL(boot_vip, lvsarp_boot(h, one(&t), 1, NULL, 0, &NO_REHEARSAL, see_finding, NULL))
CALL(boot_interface, lvsarp_boot(h, one(NULL), 0, one(&t), 1, &NO_REHEARSAL, see_finding, NULL))
CALL(reply_target, lvsarp_would_reply(h, t, "192.0.2.1", "eth0", 0, &out.decision, see_note, NULL))
CALL(reply_sender, lvsarp_would_reply(h, "192.0.2.10", t, "eth0", 0, &out.decision, see_note, NULL))
CALL(reply_on, lvsarp_would_reply(h, "192.0.2.10", "192.0.2.1", t, 0, &out.decision, see_note, NULL))
CALL(announce_target, lvsarp_would_announce(h, t, "eth0", NULL, 0, &out.decision, see_note, NULL))
CALL(announce_on, lvsarp_would_announce(h, "192.0.2.1", t, NULL, 0, &out.decision, see_note, NULL))
CALL(announce_source, lvsarp_would_announce(h, "192.0.2.1", "eth0", t, 0, &out.decision, see_note, NULL))
CALL(assume, lvsarp_assume(h, t, LVSARP_PROMOTE_SECONDARIES, 0))
CALL(meaning_of, lvsarp_meaning_of(LVSARP_ARP_IGNORE, 1, t, &out.meaning))
CALL(meaning_each, lvsarp_meaning_each(LVSARP_ARP_IGNORE, t, see_meaning, NULL))
CALL(key_find, lvsarp_key_find(t))

CALL(probe, lvsarp_probe(h, one(&t), 1, "eth0", &QUICK_PROBE, see_responder, NULL))
CALL(probe_on, lvsarp_probe(h, (const char *const[]){ "192.0.2.10" }, 1, t, &QUICK_PROBE, see_responder, NULL))
CALL(audit_vip, lvsarp_audit(h, t, "192.0.2.12", "eth0", &QUICK_AUDIT, NULL))
CALL(audit_real_server, lvsarp_audit(h, "192.0.2.10", t, "eth0", &QUICK_AUDIT, NULL))
CALL(audit_on, lvsarp_audit(h, "192.0.2.10", "192.0.2.12", t, &QUICK_AUDIT, NULL))
CALL(announce, lvsarp_announce(h, one(&t), 1, "eth0", NULL))
CALL(announce_on_, lvsarp_announce(h, (const char *const[]){ "192.0.2.10" }, 1, t, NULL))
CALL(promote, lvsarp_promote(h, one(&t), 1, "eth0", &ROLE_DRY_RUN))
CALL(promote_on, lvsarp_promote(h, (const char *const[]){ "192.0.2.10" }, 1, t, &ROLE_DRY_RUN))
CALL(demote, lvsarp_demote(h, one(&t), 1, "eth0", &ROLE_DRY_RUN))
CALL(demote_on, lvsarp_demote(h, (const char *const[]){ "192.0.2.10" }, 1, t, &ROLE_DRY_RUN))

/* A call that opens something; it is closed at once. */
#define OPEN(name, type, function, ...)                                                       \
    static int name(const char *t)                                                            \
    {                                                                                         \
        struct type *made = NULL;                                                             \
        int rc = function##_open(h, __VA_ARGS__, &made);                                      \
        EXPECT((rc == 0) == (made != NULL), "%d, and the handle is %p", rc, (void *)made);    \
        function##_close(made);                                                               \
        return rc;                                                                            \
    }
OPEN(probe_open, lvsarp_prober, lvsarp_probe, one(&t), 1, "eth0", NULL)
OPEN(probe_open_on, lvsarp_prober, lvsarp_probe, ((const char *const[]){ "192.0.2.10" }), 1, t, NULL)
OPEN(listen_open, lvsarp_listener, lvsarp_listen, one(&t), 1, "eth0", NULL)
OPEN(listen_open_on, lvsarp_listener, lvsarp_listen, ((const char *const[]){ "192.0.2.10" }), 1, t, NULL)
OPEN(audit_open, lvsarp_auditor, lvsarp_audit, t, "192.0.2.12", "eth0", NULL)
OPEN(audit_open_real_server, lvsarp_auditor, lvsarp_audit, "192.0.2.10", t, "eth0", NULL)
OPEN(audit_open_on, lvsarp_auditor, lvsarp_audit, "192.0.2.10", "192.0.2.12", t, NULL)
OPEN(watch_open, lvsarp_watcher, lvsarp_watch, one(&t), 1, NULL, NULL)

/* A namespace; the handle is closed at once, and the message goes into an output. */
static int open_netns(const char *t)
{
    int rc = lvsarp_open_message(t, &out.host, out.message, sizeof out.message);
    EXPECT((rc == 0) == (out.host != NULL), "%d, and the handle is %p", rc, (void *)out.host);
    if (rc < 0)
        expect_message(__FILE__, __LINE__, "lvsarp_open_message()", out.message, sizeof out.message);
    lvsarp_close(out.host);
    memset(&out.host, 0xa5, sizeof out.host);
    memset(out.message, 0xa5, sizeof out.message);
    return rc;
}

/* A text as long as it is in a field of a struct, which need not have an end. */
static void into(char *field, size_t size, const char *t)
{
    for (size_t i = 0; i < size; i++)
        if ((field[i] = t[i]) == 0)
            break;
}
#define FIELD(name, type, init, field, expression) \
    static int name(const char *t)                 \
    {                                              \
        struct type options = init;                \
        into(options.field, sizeof options.field, t); \
        return expression;                         \
    }
#define VIP (const char *const[]){ "192.0.2.10" }
#define PLAN lvsarp_plan(h, VIP, 1, &options, see_step, NULL)
#define BIND lvsarp_vip_bind_many(h, VIP, 1, &options, out.changed)
FIELD(plan_dev, lvsarp_apply_options, LVSARP_APPLY_OPTIONS_INIT, dev, PLAN)
FIELD(plan_label, lvsarp_apply_options, LVSARP_APPLY_OPTIONS_INIT, label, PLAN)
FIELD(plan_scope, lvsarp_apply_options, LVSARP_APPLY_OPTIONS_INIT, address_scope, PLAN)
FIELD(bind_many_dev, lvsarp_bind_options, LVSARP_BIND_OPTIONS_INIT, dev, BIND)
FIELD(bind_many_label, lvsarp_bind_options, LVSARP_BIND_OPTIONS_INIT, label, BIND)
FIELD(bind_many_scope, lvsarp_bind_options, LVSARP_BIND_OPTIONS_INIT, address_scope, BIND)
#define PERSIST (options.flags = LVSARP_DRY_RUN, lvsarp_persist(h, VIP, 1, NULL, &options))
#define BOOT (options.flags = LVSARP_NO_REHEARSAL, lvsarp_boot(h, VIP, 1, NULL, 0, &options, see_finding, NULL))
FIELD(persist_root, lvsarp_persist_options, LVSARP_PERSIST_OPTIONS_INIT, root, PERSIST)
FIELD(persist_conf, lvsarp_persist_options, LVSARP_PERSIST_OPTIONS_INIT, sysctl_conf, PERSIST)
FIELD(persist_program, lvsarp_persist_options, LVSARP_PERSIST_OPTIONS_INIT, program, PERSIST)
FIELD(unpersist_root, lvsarp_persist_options, LVSARP_PERSIST_OPTIONS_INIT, root, lvsarp_unpersist(h, &options))
FIELD(unpersist_conf, lvsarp_persist_options, LVSARP_PERSIST_OPTIONS_INIT, sysctl_conf, lvsarp_unpersist(h, &options))
FIELD(boot_root, lvsarp_boot_options, LVSARP_BOOT_OPTIONS_INIT, root, BOOT)
FIELD(boot_loader, lvsarp_boot_options, LVSARP_BOOT_OPTIONS_INIT, loader, BOOT)

FIELD(probe_directors, lvsarp_probe_options, QUICK_PROBE, directors, lvsarp_probe(h, VIP, 1, "eth0", &options, NULL, NULL))
FIELD(listen_directors, lvsarp_listen_options, LVSARP_LISTEN_OPTIONS_INIT, directors, listen_with(&options))
FIELD(promote_dev, lvsarp_role_options, ROLE_DRY_RUN, dev, lvsarp_promote(h, VIP, 1, "eth0", &options))
FIELD(demote_dev, lvsarp_role_options, ROLE_DRY_RUN, dev, lvsarp_demote(h, VIP, 1, "eth0", &options))

static const struct place {
    const char *name;
    int (*call)(const char *);
    enum kind kind;
    int empty_is_none; /* "" means that nothing is given */
    int has_handle;
    int changes;
    int judges; /* up to this number is an answer */
} PLACES[] = {
    { "lvsarp_get(iface)", get, SCOPE, 0, 1, 0, 0 },
    { "lvsarp_read(iface)", read_, SCOPE, 0, 1, 0, 0 },
    { "lvsarp_set(iface)", set, SCOPE, 0, 1, 1, 0 },
    { "lvsarp_set_many(iface)", set_many, SCOPE, 0, 1, 1, 0 },
    { "lvsarp_vip_each(dev)", vip_each, NAME, 0, 1, 0, 0 },
    { "lvsarp_address_each(dev)", address_each, NAME, 0, 1, 0, 0 },
    { "lvsarp_vip_bind(vip)", bind_vip, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_vip_bind(dev)", bind_dev, NAME, 0, 1, 1, 0 },
    { "lvsarp_vip_bind(label)", bind_label, LABEL, 0, 1, 1, 0 },
    { "lvsarp_vip_bind_many(vips)", bind_many, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_bind_options.dev", bind_many_dev, NAME, 1, 1, 1, 0 },
    { "lvsarp_bind_options.label", bind_many_label, LABEL, 1, 1, 1, 0 },
    { "lvsarp_bind_options.address_scope", bind_many_scope, LABEL, 1, 1, 1, 0 },
    { "lvsarp_vip_unbind(vip)", unbind_vip, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_vip_unbind(dev)", unbind_dev, NAME, 0, 1, 1, 0 },
    { "lvsarp_vip_unbind_many(vips)", unbind_many, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_vip_unbind_many(dev)", unbind_many_dev, NAME, 0, 1, 1, 0 },
    { "lvsarp_prefix_bind(prefix)", prefix_bind, PREFIX, 0, 1, 1, 0 },
    { "lvsarp_prefix_bind(dev)", prefix_bind_dev, NAME, 0, 1, 1, 0 },
    { "lvsarp_prefix_unbind(prefix)", prefix_unbind, PREFIX, 0, 1, 1, 0 },
    { "lvsarp_prefix_unbind(dev)", prefix_unbind_dev, NAME, 0, 1, 1, 0 },
    { "lvsarp_plan(vips)", plan, ADDRESS, 0, 1, 0, 1 },
    { "lvsarp_apply(vips)", apply, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_apply_options.dev", plan_dev, NAME, 1, 1, 0, 1 },
    { "lvsarp_apply_options.label", plan_label, LABEL, 1, 1, 0, 1 },
    { "lvsarp_apply_options.address_scope", plan_scope, LABEL, 1, 1, 0, 1 },
    { "lvsarp_check(vips)", check, ADDRESS, 0, 1, 0, 1 },
    { "lvsarp_persist(vips)", persist, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_persist_options.root", persist_root, ROOT_FIELD, 1, 1, 1, 0 },
    { "lvsarp_persist_options.sysctl_conf", persist_conf, FILE_FIELD, 1, 1, 1, 0 },
    { "lvsarp_persist_options.program", persist_program, FILE_FIELD, 1, 1, 1, 0 },
    { "lvsarp_persist_options.root of unpersist", unpersist_root, ROOT_FIELD, 1, 1, 1, 0 },
    { "lvsarp_persist_options.sysctl_conf of unpersist", unpersist_conf, FILE_FIELD, 1, 1, 1, 0 },
    { "lvsarp_restore(root)", restore, ROOT, 1, 1, 1, 0 },
    { "lvsarp_boot(vips)", boot_vip, ADDRESS, 0, 1, 0, 1 },
    { "lvsarp_boot(interfaces)", boot_interface, NAME, 0, 1, 0, 1 },
    { "lvsarp_boot_options.root", boot_root, ROOT_FIELD, 1, 1, 0, 1 },
    { "lvsarp_boot_options.loader", boot_loader, LOADER, 1, 1, 0, 1 },
    { "lvsarp_would_reply(target)", reply_target, IPV4, 0, 1, 0, 0 },
    { "lvsarp_would_reply(sender)", reply_sender, IPV4, 0, 1, 0, 0 },
    { "lvsarp_would_reply(on)", reply_on, NAME, 0, 1, 0, 0 },
    { "lvsarp_would_announce(target)", announce_target, IPV4, 0, 1, 0, 0 },
    { "lvsarp_would_announce(on)", announce_on, NAME, 0, 1, 0, 0 },
    { "lvsarp_would_announce(source)", announce_source, IPV4, 0, 1, 0, 0 },
    { "lvsarp_assume(scope)", assume, SCOPE, 0, 1, 0, 0 },
    { "lvsarp_meaning_of(lang)", meaning_of, LANGUAGE, 1, 0, 0, 0 },
    { "lvsarp_meaning_each(lang)", meaning_each, LANGUAGE, 1, 0, 0, 0 },
    { "lvsarp_key_find(name)", key_find, KEY, 0, 0, 0, 0 },
    { "lvsarp_probe(vips)", probe, ADDRESS, 0, 1, 1, 1 },
    { "lvsarp_probe(iface)", probe_on, NAME, 0, 1, 1, 1 },
    { "lvsarp_probe_options.directors", probe_directors, MACS, 1, 1, 1, 1 },
    { "lvsarp_probe_open(vips)", probe_open, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_probe_open(iface)", probe_open_on, NAME, 0, 1, 1, 0 },
    { "lvsarp_listen_open(vips)", listen_open, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_listen_open(iface)", listen_open_on, NAME, 0, 1, 1, 0 },
    { "lvsarp_listen_options.directors", listen_directors, MACS, 1, 1, 1, 0 },
    { "lvsarp_audit(vip)", audit_vip, ADDRESS, 0, 1, 1, 3 },
    { "lvsarp_audit(real_server)", audit_real_server, ADDRESS, 0, 1, 1, 3 },
    { "lvsarp_audit(iface)", audit_on, NAME, 0, 1, 1, 3 },
    { "lvsarp_audit_open(vip)", audit_open, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_audit_open(real_server)", audit_open_real_server, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_audit_open(iface)", audit_open_on, NAME, 0, 1, 1, 0 },
    { "lvsarp_watch_open(vips)", watch_open, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_announce(vips)", announce, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_announce(iface)", announce_on_, NAME, 0, 1, 1, 0 },
    { "lvsarp_promote(vips)", promote, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_promote(iface)", promote_on, NAME, 0, 1, 1, 0 },
    { "lvsarp_role_options.dev of promote", promote_dev, NAME, 1, 1, 1, 0 },
    { "lvsarp_demote(vips)", demote, ADDRESS, 0, 1, 1, 0 },
    { "lvsarp_demote(iface)", demote_on, NAME, 0, 1, 1, 0 },
    { "lvsarp_role_options.dev of demote", demote_dev, NAME, 1, 1, 1, 0 },
    { "lvsarp_open_message(netns)", open_netns, PATH, 0, 0, 0, 0 },
};

/* Calls with a text that takes exactly `length` bytes and judges; `wrong` is a text that no place takes. */
static int try_text(const struct place *place, const char *bytes, size_t length, int wrong)
{
    char *text = exact_copy(bytes, length);
    prepare();
    struct outputs before;
    memcpy(&before, &out, sizeof out);
    int rc = place->call(text);
    char call[256];
    snprintf(call, sizeof call, "%s with %zu bytes, \"%.40s\"", place->name, length,
             memchr(bytes, 0, length) ? bytes : "no end");
    /* Looking for it is all that such a text can lead to: there may be no such device, namespace or VIP. */
    int documented = rc == 0 || rc == -EINVAL;
    documented |= rc > 0 && rc <= place->judges;
    /* A VIP that is on no interface is not announced; lo has no ARP. */
    documented |= rc == -ECANCELED && (place->call == announce || place->call == announce_on_);
    documented |= rc == -EOPNOTSUPP && place->kind == NAME;
    documented |= rc == -ENODEV && (place->kind == NAME || place->kind == SCOPE);
    documented |= (rc == -ENOENT || rc == -EPERM || rc == -EACCES || rc == -ENAMETOOLONG) && place->kind == PATH;
    int is_root = place->kind == ROOT || place->kind == ROOT_FIELD;
    documented |= (rc == -ENOENT || rc == -ENOTDIR || rc == -ENAMETOOLONG) && (is_root || place->kind == FILE_FIELD);
    documented |= rc > 0 && place->call == key_find;
    documented |= rc == -EROFS && place->changes && recorded;
    EXPECT(documented, "%s: %d, %s", call, rc, place->has_handle ? lvsarp_message(h) : "");
    if (wrong)
        EXPECT(rc == -EINVAL, "%s: %d", call, rc);
    if (rc < 0) {
        if (place->has_handle)
            expect_message(__FILE__, __LINE__, call, lvsarp_message(h), 1024);
        EXPECT(memcmp(&out, &before, sizeof out) == 0, "%s failed and changed an output", call);
    }
    free(text);
    return rc;
}

static void known_texts(void)
{
    /* None of these is a text that any place could mean. */
    static const char *const never[] = {
        "\xff", "\xc0\x80", "lo\xff", "\xed\xa0\x80", "\xe7\xbd", "\xf4\x90\x80\x80", "a\xe7\xbd\x91\xf0", "\x80",
    };
    /* A device has none of these names, a VIP is not written so. */
    static const char *const odd[] = {
        "", "..", ".", "/", "lo:0", "lo/../lo", "lo ", " lo", "l\to", "lo\n", "lo\x1b[31m", "\x7f", "%s%n%s%n",
        "$(reboot)", "-1", "0", "0/0", "::/0", "0x7f000001", "127.0.0.1", "192.0.2.256", "192.0.2", "1.2.3.4/",
        "1.2.3.4/33", "::1", "ff02::1", "fe80::1%lo", "224.0.0.1", "255.255.255.255", "en_", "zh-", "default/arp",
        "arp_", "999", "256", "lo:",
    };
    for (size_t i = 0; i < LENGTH(PLACES); i++) {
        const struct place *place = &PLACES[i];
        for (size_t j = 0; j < LENGTH(never); j++)
            try_text(place, never[j], strlen(never[j]) + 1, 1);
        for (size_t j = 0; j < LENGTH(odd); j++) {
            int wrong = odd[j][0] == 0 && !place->empty_is_none;
            wrong |=
                strchr(odd[j], '/') != NULL && (place->kind == NAME || place->kind == SCOPE || place->kind == LABEL);
            wrong |= strchr(odd[j], ':') != NULL && (place->kind == NAME || place->kind == IPV4);
            wrong |= strchr(odd[j], '/') != NULL && place->kind == IPV4;
            /* A label is compared with its device, which a recorded namespace does not come to. */
            wrong &= !(place->kind == LABEL && place->changes && recorded);
            try_text(place, odd[j], strlen(odd[j]) + 1, wrong);
        }
        static const char *const scopes[] = { "all", "default" };
        for (size_t j = 0; j < LENGTH(scopes); j++) {
            int rc = try_text(place, scopes[j], strlen(scopes[j]) + 1, place->kind == NAME);
            if (place->kind == SCOPE)
                EXPECT(rc == (place->call == assume && !recorded ? -EINVAL : place->changes ? CHANGES : 0), "%s is \"%s\": %d", place->name, scopes[j], rc);
        }
    }
}

static void lengths(void)
{
    const size_t all[] = { 1, 2, 14, 15, 16, 17, 63, 64, 65, 255, 256, 4095, 4096 };
    char longest[4097];
    for (size_t i = 0; i < LENGTH(PLACES); i++) {
        const struct place *place = &PLACES[i];
        for (int letter = 0; letter < 2; letter++) {
            memset(longest, letter ? 'x' : '7', sizeof longest);
            for (size_t j = 0; j < LENGTH(all); j++) {
                longest[all[j] - 1] = 0;
                /* It ends exactly at the end of its memory. */
                try_text(place, longest, all[j], all[j] - 1 >= LIMIT[place->kind]);
                longest[all[j] - 1] = letter ? 'x' : '7';
            }
        }
        /* No end at all in as many bytes as may be read: a field of a struct may be full, and memory may end there. */
        try_text(place, longest, LIMIT[place->kind], 1);
        /* Bytes behind the limit are not looked at: the end comes too late. */
        longest[LIMIT[place->kind]] = 0;
        try_text(place, longest, LIMIT[place->kind] + 1, 1);
        longest[LIMIT[place->kind]] = 'x';
    }
}

static void random_texts(void)
{
    uint64_t state = 20240229;
    size_t length;
    char *before = snapshot_text(h, &length);
    for (int round = 0; round < 200; round++) {
        char text[41];
        size_t random_length = next_random(&state) % (sizeof text - 1);
        int ascii = next_random(&state) & 1;
        for (size_t i = 0; i < random_length; i++) {
            unsigned byte = next_random(&state);
            text[i] = (char)(ascii ? 0x20 + byte % 0x5f : 1 + byte % 255);
        }
        text[random_length] = 0;
        for (size_t i = 0; i < LENGTH(PLACES); i++) {
            const struct place *place = &PLACES[i];
            /* A short one may be a scope, which is a number up to 255, or the number of a process. */
            if (random_length > 3)
                try_text(place, text, random_length + 1,
                         place->kind == ADDRESS || place->kind == IPV4 || place->kind == PREFIX || place->kind == LANGUAGE);
        }
    }
    char *after = snapshot_text(h, &length);
    size_t same = 0;
    while (before[same] != 0 && before[same] == after[same])
        same++;
    EXPECT(strcmp(before, after) == 0, "random texts changed the namespace: %.60s is %.60s", before + same,
           after + same);
    free(before);
    free(after);
}

static void paths(void)
{
    static const char *const files[] = {
        "/", "/run/netns", "/etc/passwd", "/dev/null", "/proc/self/ns/mnt", "/nowhere/at/all", "./..", "/proc/0/ns",
        "4294967296", "99999999999999999999", "0", "2147483647",
    };
    const struct place *place = &PLACES[LENGTH(PLACES) - 1];
    for (size_t i = 0; i < LENGTH(files); i++) {
        int rc = try_text(place, files[i], strlen(files[i]) + 1, 0);
        EXPECT(rc < 0, "\"%s\" is a namespace", files[i]);
    }
    EXPECT(try_text(place, "/proc/self/ns/net", 18, 0) == 0, "the process's own namespace does not open");
}

static void too_long(int number)
{
    (void)number;
    static const char text[] = "lvsarp_open_message() waits for somebody to write into a FIFO\n";
    if (write(2, text, sizeof text - 1) >= 0)
        _exit(1);
}

/* Only apply and undo wait for anything. */
static void a_fifo(void)
{
    static const char path[] = "/run/lvsarp-fifo";
    EXPECT(mkfifo(path, 0600) == 0, "%s", strerror(errno));
    signal(SIGALRM, too_long);
    alarm(5);
    int rc = try_text(&PLACES[LENGTH(PLACES) - 1], path, sizeof path, 0);
    alarm(0);
    EXPECT(rc < 0, "a FIFO is a namespace");
    unlink(path);
}

void texts(void)
{
    known_texts();
    lengths();
    random_texts();
    if (!recorded) {
        paths();
        a_fifo();
    }
    lvsarp_vip_unbind(h, "192.0.2.10", "lo");
    lvsarp_prefix_unbind(h, "198.51.100.0/24", "lo");
}
