/*
 * The library's structs as JSON: what C has as "", -1, 0 or a missing bit for "there is none" is null.
 */
#include <linux/if_addr.h>
#include <stdlib.h>

#include "conformance.h"

static int append(void *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0)
        fail("a struct with text that is not UTF-8");
    return 0;
}

static const char *some(const char *text)
{
    return *text != '\0' ? text : NULL;
}

static json_t *number_if(int is, json_int_t number)
{
    return is ? json_integer(number) : json_null();
}

static json_t *level_as_json(const struct lvsarp_level *level)
{
    return json_pack("{s:o, s:o, s:o}", "own", number_if(level->known & LVSARP_KNOWN_OWN, level->own), "all",
                     number_if(level->known & LVSARP_KNOWN_ALL, level->all), "effective",
                     number_if(level->known & LVSARP_KNOWN_EFFECTIVE, level->effective));
}

json_t *levels_as_json(const struct lvsarp_levels *levels)
{
    return json_pack("{s:o, s:o}", "arp_ignore", level_as_json(&levels->arp_ignore), "arp_announce",
                     level_as_json(&levels->arp_announce));
}

/* The flags of an address as the words that ip prints; what has no word as one hexadecimal number. */
static json_t *flag_words(uint32_t flags)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } FLAGS[] = {
        { IFA_F_SECONDARY, "secondary" },
        { IFA_F_NODAD, "nodad" },
        { IFA_F_OPTIMISTIC, "optimistic" },
        { IFA_F_DADFAILED, "dadfailed" },
        { IFA_F_HOMEADDRESS, "home" },
        { IFA_F_DEPRECATED, "deprecated" },
        { IFA_F_TENTATIVE, "tentative" },
        { IFA_F_PERMANENT, "permanent" },
        { IFA_F_MANAGETEMPADDR, "mngtmpaddr" },
        { IFA_F_NOPREFIXROUTE, "noprefixroute" },
        { IFA_F_MCAUTOJOIN, "autojoin" },
        { IFA_F_STABLE_PRIVACY, "stable-privacy" },
    };
    json_t *words = json_array();

    for (size_t i = 0; i < sizeof(FLAGS) / sizeof(*FLAGS); i++) {
        if (flags & FLAGS[i].bit)
            append(words, json_string(FLAGS[i].word));
        flags &= ~FLAGS[i].bit;
    }
    if (flags != 0)
        append(words, json_sprintf("%#x", flags));
    return words;
}

int add_address(const struct lvsarp_address *a, void *list)
{
    return append(list, json_pack("{s:I, s:s, s:s, s:s?, s:I, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:o}",
        "index", (json_int_t)a->index,
        "dev", a->dev,
        "local", a->local,
        "peer", some(a->peer),
        "prefixlen", (json_int_t)a->prefixlen,
        "broadcast", some(a->broadcast),
        "scope", a->scope,
        "label", some(a->label),
        "flags", flag_words(a->flags),
        "metric", number_if(a->metric != 0, a->metric),
        "proto", number_if(a->protocol != -1, a->protocol),
        "valid_lft", number_if(a->valid != LVSARP_FOREVER, a->valid),
        "preferred_lft", number_if(a->preferred != LVSARP_FOREVER, a->preferred)));
}

/* A value of a step: a level is a number, an address or a route is text. */
static json_t *step_value(const struct lvsarp_step *step, uint32_t which, const char *value)
{
    if (!(step->has & which))
        return json_null();
    return step->kind == LVSARP_STEP_LEVEL ? json_integer(atoi(value)) : json_string(value);
}

int add_step(const struct lvsarp_step *step, void *list)
{
    return append(list, json_pack("{s:s, s:s, s:o, s:o, s:s}",
        "act", step->act,
        "thing", step->thing,
        "old", step_value(step, LVSARP_HAS_OLD, step->old_value),
        "new", step_value(step, LVSARP_HAS_NEW, step->new_value),
        "reason", step->reason));
}

int add_finding(const struct lvsarp_finding *finding, void *list)
{
    static const char *const WORDS[] = {
        [LVSARP_SEVERITY_ERROR] = "error",
        [LVSARP_SEVERITY_UNKNOWN] = "unknown",
        [LVSARP_SEVERITY_WARNING] = "warning",
        [LVSARP_SEVERITY_INFO] = "info",
    };

    if (finding->severity < LVSARP_SEVERITY_ERROR || finding->severity > LVSARP_SEVERITY_INFO)
        fail("a finding of severity %d", (int)finding->severity);
    return append(list, json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s}",
        "code", finding->code,
        "severity", WORDS[finding->severity],
        "interface", some(finding->interface),
        "vip", some(finding->vip),
        "message", finding->message,
        "hint", finding->hint));
}

static json_t *yes_or_no(int32_t answer)
{
    return answer == -1 ? json_null() : json_boolean(answer == 1);
}

int add_note(const struct lvsarp_note *note, void *list)
{
    return append(list, json_pack("{s:i, s:s, s:o, s:s}",
        "kind", (int)note->kind,
        "function", note->function,
        "pass", yes_or_no(note->pass),
        "text", note->text));
}

static const char *learns_word(int32_t learns)
{
    static const char *const WORDS[] = {
        [LVSARP_LEARNS_NOTHING] = "nothing",
        [LVSARP_LEARNS_UPDATES] = "updates",
        [LVSARP_LEARNS_ENTERS] = "enters",
    };

    if (learns < -1 || learns > LVSARP_LEARNS_ENTERS)
        fail("a host that learns %d", (int)learns);
    return learns == -1 ? NULL : WORDS[learns];
}

/* A decision with the reasons that came with it: checks, caveats and the witness. */
json_t *decision_as_json(const struct lvsarp_decision *decision, int is_reply, json_t *notes)
{
    json_t *trace = json_array(), *caveats = json_array(), *witness = json_null(), *note;
    size_t i;
    int last = LVSARP_NOTE_CHECK;

    json_array_foreach(notes, i, note) {
        int kind = (int)json_integer_value(json_object_get(note, "kind"));
        json_t *text = json_object_get(note, "text"), *pass = json_object_get(note, "pass");
        const char *function = json_string_value(json_object_get(note, "function"));

        if (kind < last || (kind == LVSARP_NOTE_CHECK) != (*function != '\0'))
            fail("note %d, of \"%s\", has the kind %d", (int)i, function, kind);
        last = kind;
        switch (kind) {
        case LVSARP_NOTE_CHECK:
            append(trace, json_pack("{s:s, s:O, s:O}", "function", function, "pass", pass, "text", text));
            break;
        case LVSARP_NOTE_CAVEAT:
            append(caveats, json_incref(text));
            break;
        default:
            witness = json_pack("{s:O, s:O}", "agrees", pass, "text", text);
        }
    }
    json_t *agrees = json_object_get(witness, "agrees");
    if (decision->witness != (json_is_boolean(agrees) ? json_is_true(agrees) : -1))
        fail("the witness is %d", (int)decision->witness);
    json_t *whole = json_pack("{s:s, s:s, s:o, s:o, s:o}", "question", decision->question, "rule", decision->rule,
                              "trace", trace, "caveats", caveats, "witness", witness);
    if (is_reply) {
        json_object_set_new(whole, "replies", yes_or_no(decision->replies));
        json_object_set_new(whole, "learns", json_pack("s?", learns_word(decision->learns)));
    } else {
        json_object_set_new(whole, "source", json_pack("s?", some(decision->source)));
    }
    if (is_reply ? decision->source[0] != '\0' : decision->replies != -1 || decision->learns != -1)
        fail("an answer to what was not asked: %d, %d, \"%s\"", (int)decision->replies, (int)decision->learns,
             decision->source);
    return whole;
}

int add_verdict(const struct lvsarp_verdict *verdict, void *list)
{
    return append(list, json_pack("{s:s, s:s, s:o, s:o}",
        "vip", verdict->vip,
        "interface", verdict->interface,
        "replies", yes_or_no(verdict->replies),
        "announces", yes_or_no(verdict->announces)));
}
