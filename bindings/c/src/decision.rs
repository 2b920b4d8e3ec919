//! What the kernel would do, and why: about a who-has, about a request of our own, and "what if".

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Decision, Learning, Model};

use crate::constants::{
    LVSARP_LEARNS_ENTERS, LVSARP_LEARNS_NOTHING, LVSARP_LEARNS_UPDATES, LVSARP_NOTE_CAVEAT, LVSARP_NOTE_CHECK,
    LVSARP_NOTE_WITNESS, LVSARP_VERIFY,
};
use crate::door::enter;
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, Subject, lvsarp_host};
use crate::values::{lvsarp_decision, lvsarp_note};

/// Gets one reason of a decision. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_note_cb = Option<extern "C" fn(note: *const lvsarp_note, arg: *mut c_void) -> c_int>;

/// Whether the kernel would answer a who-has for target from sender that arrives on an interface, and why. Needs no privilege.
///
/// A recorded handle is indexed once: there a question costs microseconds, however many addresses and routes there are. A live one is observed anew
/// for each question.
///
/// @param target  the IPv4 address that is asked for
/// @param sender  the IPv4 address of who asks
/// @param on      the interface that receives the frame in the end: a bridge, not its port; a VLAN, not the interface below it
/// @param flags   LVSARP_VERIFY, which a recorded handle does not take, or 0
/// @param out     where the decision goes, before any callback; its size must be set (LVSARP_DECISION_INIT)
/// @param cb      gets each check, in the kernel's order, then each caveat, then the running kernel's word, where it was asked; may be NULL
/// @param arg     is passed on to it
/// @return 0, or what cb returned to end the walk; -ENODEV if there is no such interface; -EINVAL, also for IPv6 addresses; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_would_reply(
    h: *mut lvsarp_host,
    target: *const c_char,
    sender: *const c_char,
    on: *const c_char,
    flags: u32,
    out: *mut lvsarp_decision,
    cb: lvsarp_note_cb,
    arg: *mut c_void,
) -> c_int {
    decide(h, Question { target, on, peer: sender, is_reply: true, flags }, out, cb, arg)
}

/// Which sender a request for target that leaves by an interface would carry, and why. Needs no privilege.
///
/// @param target  the IPv4 address that is asked for: the next hop, so the gateway where there is one
/// @param on      the interface that the request leaves by
/// @param source  the source address of the packet that waits for the answer; NULL for a request without a packet, such as the unicast request by
///                which the kernel makes sure of a neighbour that it knows
/// @param flags   as for lvsarp_would_reply()
/// @param out     as for lvsarp_would_reply()
/// @param cb      as for lvsarp_would_reply(); may be NULL
/// @param arg     is passed on to it
/// @return as lvsarp_would_reply()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_would_announce(
    h: *mut lvsarp_host,
    target: *const c_char,
    on: *const c_char,
    source: *const c_char,
    flags: u32,
    out: *mut lvsarp_decision,
    cb: lvsarp_note_cb,
    arg: *mut c_void,
) -> c_int {
    decide(h, Question { target, on, peer: source, is_reply: false, flags }, out, cb, arg)
}

/// What is asked, as C has it.
struct Question {
    target: *const c_char,
    on: *const c_char,
    /// The sender of a who-has, or the source of the packet that waits.
    peer: *const c_char,
    is_reply: bool,
    flags: u32,
}

fn decide(
    h: *mut lvsarp_host,
    question: Question,
    out: *mut lvsarp_decision,
    cb: lvsarp_note_cb,
    arg: *mut c_void,
) -> c_int {
    let Question { target, on, peer, is_reply, flags } = question;
    enter(h, &mut |body| {
        edge::can_fill("decision", out)?;
        let target = edge::ipv4("target", target)?;
        let peer = match peer.is_null() && !is_reply {
            true => None,
            false => Some(edge::ipv4(if is_reply { "sender" } else { "source" }, peer)?),
        };
        let on = edge::device(on)?;
        let verify = edge::flags(flags, LVSARP_VERIFY)? != 0;
        let decision = match (body.subject(), peer.filter(|_| is_reply)) {
            (Subject::Recorded(_), _) if verify => {
                return Err(Failure::input("LVSARP_VERIFY", "a recorded snapshot has no running kernel to ask"));
            }
            (Subject::Live(host), Some(sender)) => host.would_reply(target, sender, &on, verify)?,
            (Subject::Live(host), None) => host.would_announce(target, &on, peer, verify)?,
            (Subject::Recorded(model), Some(sender)) => model.would_reply(target, sender, &on)?,
            (Subject::Recorded(model), None) => model.would_announce(target, &on, peer)?,
        };
        edge::fill("decision", out, &answer(&decision))?;
        Ok(each_note(&decision, cb, arg))
    })
}

fn number(answer: Option<bool>) -> i32 {
    answer.map_or(-1, i32::from)
}

fn answer(decision: &Decision) -> lvsarp_decision {
    let mut ours = lvsarp_decision {
        replies: number(decision.replies()),
        learns: match decision.learns() {
            None => -1,
            Some(Learning::Nothing) => LVSARP_LEARNS_NOTHING,
            Some(Learning::Updates) => LVSARP_LEARNS_UPDATES,
            Some(Learning::Enters) => LVSARP_LEARNS_ENTERS,
        },
        witness: number(decision.witness.as_ref().and_then(|witness| witness.agrees)),
        known: i32::from(decision.is_known()),
        ..lvsarp_decision::empty()
    };
    if let Some(source) = decision.source() {
        edge::copy(source.to_string(), &mut ours.source);
    }
    edge::copy(&decision.question, &mut ours.question);
    edge::copy(&decision.rule, &mut ours.rule);
    ours
}

fn each_note(decision: &Decision, cb: lvsarp_note_cb, arg: *mut c_void) -> c_int {
    let Some(cb) = cb else { return 0 };
    let note = &mut |kind, pass, function: &str, text: &str| {
        let mut ours = lvsarp_note { kind, pass, ..lvsarp_note::empty() };
        edge::copy(function, &mut ours.function);
        edge::copy(text, &mut ours.text);
        cb(&raw const ours, arg)
    };
    let note: &mut dyn FnMut(i32, i32, &str, &str) -> c_int = note;
    for check in &decision.trace {
        match note(LVSARP_NOTE_CHECK, check.pass.into(), check.function, &check.text) {
            0 => {}
            stop => return stop,
        }
    }
    for caveat in &decision.caveats {
        match note(LVSARP_NOTE_CAVEAT, -1, "", caveat) {
            0 => {}
            stop => return stop,
        }
    }
    decision.witness.as_ref().map_or(0, |said| note(LVSARP_NOTE_WITNESS, number(said.agrees), "", &said.text))
}

/// What if: from now on a recorded handle answers all questions, and lvsarp_snapshot(), as if a key had another value. Nothing is written anywhere.
///
/// lvsarp_snapshot() and lvsarp_open_snapshot() make a recorded handle of a live one. Any value is taken that the kernel can hold.
///
/// @param scope  an interface's name, "all" or "default"
/// @param key    LVSARP_ARP_IGNORE and so on
/// @param value  the value
/// @return 0; -EINVAL, also for a live handle; -ENODEV if there is no such interface, or it has no IPv4 part
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_assume(h: *mut lvsarp_host, scope: *const c_char, key: i32, value: i32) -> c_int {
    enter(h, &mut |body| {
        let (scope, key) = (edge::scope(scope)?, edge::key(key)?);
        let model = body.recorded()?;
        *model = Model::new(model.snapshot().with(&scope, key, value)?);
        Ok(0)
    })
}
