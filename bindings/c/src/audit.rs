//! An audit: is a remote real server silent for a VIP, and does it accept it (liblvsarp-full)?

use std::ffi::{c_char, c_int};
use std::os::fd::{AsFd, BorrowedFd};

use lvsarp::{Answer, Audit, AuditOptions, AuditState, AuditTarget, Auditor, Service};

use crate::constants::{
    LVSARP_ANSWER_ACCEPTED, LVSARP_ANSWER_NONE, LVSARP_ANSWER_REFUSED, LVSARP_ANSWER_UNREACHABLE,
    LVSARP_AUDIT_BLACK_HOLE, LVSARP_AUDIT_DOWN, LVSARP_AUDIT_HEALTHY, LVSARP_AUDIT_LEAKS, LVSARP_HAS_DELAY,
};
use crate::door::{self, Handle, enter};
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, Result, lvsarp_host};
use crate::in_loop::{self, InLoop};
use crate::wire::{lvsarp_audit_options, lvsarp_audit_result};

/// An audit in an event loop. Made by lvsarp_audit_open(), closed by lvsarp_audit_close(). One thread at a time.
pub struct lvsarp_auditor {
    _door: [u8; 0],
}

impl Handle for lvsarp_auditor {
    const OPEN: u64 = 0x6c76_7361_7270_2e61;
    type Body = InLoop<Auditing>;
}

/// An audit, and whether it goes on.
pub struct Auditing {
    auditor: Auditor,
    goes_on: bool,
}

impl AsFd for Auditing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.auditor.as_fd()
    }
}

/// The audit that C's arguments stand for.
fn asked(
    vip: *const c_char,
    real_server: *const c_char,
    iface: *const c_char,
    options: *const lvsarp_audit_options,
) -> Result<(AuditTarget, AuditOptions)> {
    let (vip, real_server) = (edge::vip(vip)?.address(), edge::vip(real_server)?.address());
    let on = edge::device(iface)?;
    let options = edge::options(options)?;
    edge::reserved(options.reserved)?;
    let service = match u16::try_from(options.port) {
        Ok(0) => Service::Echo,
        Ok(port) => Service::Tcp(port),
        Err(_) => return Err(Failure::input(format_args!("port {}", options.port), "the range is 1 to 65535")),
    };
    let default = AuditOptions::default();
    let options = AuditOptions {
        timeout: edge::milliseconds(options.timeout, default.timeout),
        tries: edge::or_default(options.tries, default.tries),
    };
    Ok((AuditTarget { vip, real_server, service, on }, options))
}

/// Fills the caller's struct, where there is one, and says what the call returns.
fn hand_out(audit: &Audit, result: *mut lvsarp_audit_result) -> Result<c_int> {
    let state = match audit.state {
        AuditState::Healthy => LVSARP_AUDIT_HEALTHY,
        AuditState::Leaks => LVSARP_AUDIT_LEAKS,
        AuditState::BlackHole => LVSARP_AUDIT_BLACK_HOLE,
        AuditState::Down => LVSARP_AUDIT_DOWN,
    };
    if result.is_null() {
        return Ok(state);
    }
    let mut ours = lvsarp_audit_result {
        state,
        from_vip: answer(audit.from_vip),
        from_real_server: answer(audit.from_real_server),
        has: if audit.delay.is_some() { LVSARP_HAS_DELAY } else { 0 },
        answered: audit.answered,
        announced: audit.announced,
        others: audit.others,
        delay: edge::microseconds(audit.delay.unwrap_or_default()),
        ..lvsarp_audit_result::empty()
    };
    edge::print(format_args!("{}", audit.vip), &mut ours.vip);
    edge::print(format_args!("{}", audit.real_server), &mut ours.real_server);
    if let Some(mac) = audit.mac {
        edge::print(format_args!("{mac}"), &mut ours.mac);
    }
    let mut page = edge::Page::new(&mut ours.reasons);
    // A page takes all text.
    let _ = audit.write_reasons(&mut page);
    page.trim();
    edge::fill("result", result, &ours)?;
    Ok(state)
}

fn answer(answer: Answer) -> i32 {
    match answer {
        Answer::None => LVSARP_ANSWER_NONE,
        Answer::Accepted => LVSARP_ANSWER_ACCEPTED,
        Answer::Refused => LVSARP_ANSWER_REFUSED,
        Answer::Unreachable => LVSARP_ANSWER_UNREACHABLE,
    }
}

/// Looks from outside, as a director does, whether a real server on the same link is silent for a VIP and accepts it, and waits for the result: who-has
/// for the VIP and for its own address, and a packet to the VIP that is addressed to its MAC address. CAP_NET_RAW is needed. Only in liblvsarp-full.
///
/// @param vip          the VIP
/// @param real_server  the real server's own address (RIP), of the same family
/// @param iface        the interface of this host behind which the real server is; it needs an address of that family
/// @param options      or NULL: an ICMP echo request, 1 s, 8 tries
/// @param result       where the facts and the reasons go; may be NULL
/// @return LVSARP_AUDIT_HEALTHY (0), LVSARP_AUDIT_LEAKS, LVSARP_AUDIT_BLACK_HOLE or LVSARP_AUDIT_DOWN; -EPERM; -ENODEV; -EOPNOTSUPP on an interface
///         without ARP; -ENETDOWN where it is down; -EINVAL, also where the interface has no address to ask with; -EROFS for a recorded handle; another
///         -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit(
    h: *mut lvsarp_host,
    vip: *const c_char,
    real_server: *const c_char,
    iface: *const c_char,
    options: *const lvsarp_audit_options,
    result: *mut lvsarp_audit_result,
) -> c_int {
    enter(h, &mut |body| {
        let (target, options) = asked(vip, real_server, iface, options)?;
        room_for(result)?;
        hand_out(&body.live("audit")?.audit(&target, &options)?, result)
    })
}

/// Whether the caller's struct can be filled, where there is one.
fn room_for(result: *mut lvsarp_audit_result) -> Result<()> {
    if result.is_null() { Ok(()) } else { edge::can_fill("result", result) }
}

/// Opens an audit for an event loop: nothing waits, and after this nothing is allocated unless a call fails. CAP_NET_RAW is needed for this call alone.
/// The handle h may be closed before it. Only in liblvsarp-full.
///
/// @param vip          as for lvsarp_audit()
/// @param real_server  as for lvsarp_audit()
/// @param iface        as for lvsarp_audit()
/// @param options      as for lvsarp_audit()
/// @param out          where the audit goes; NULL goes there if this fails
/// @return 0; otherwise as lvsarp_audit(), and lvsarp_message(h) says why
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_open(
    h: *mut lvsarp_host,
    vip: *const c_char,
    real_server: *const c_char,
    iface: *const c_char,
    options: *const lvsarp_audit_options,
    out: *mut *mut lvsarp_auditor,
) -> c_int {
    in_loop::open(h, out, &mut |body| {
        let (target, options) = asked(vip, real_server, iface, options)?;
        Ok(Auditing { auditor: body.live("audit")?.auditor(&target, &options)?, goes_on: false })
    })
}

/// Begins an audit. May be called again at any time. Only in liblvsarp-full.
///
/// @return 0; -ENETDOWN; -EINVAL in a process that was forked since the audit was opened; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_start(a: *mut lvsarp_auditor) -> c_int {
    enter(a, &mut |body| {
        body.it.goes_on = false;
        body.it.auditor.start()?;
        body.it.goes_on = true;
        Ok(0)
    })
}

/// The descriptor of an audit: readable (POLLIN) when lvsarp_audit_dispatch() has something to do, also when the next request is due or the time is over,
/// so that the loop needs no timer of its own. It is the library's: wait on it, and nothing else. Only in liblvsarp-full.
///
/// @return a descriptor, the same until the audit is closed; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_fd(a: *mut lvsarp_auditor) -> c_int {
    in_loop::descriptor(a)
}

/// Does what there is to do, without waiting; may be called at any time. Only in liblvsarp-full.
///
/// @param result  where the facts and the reasons go once there is a result; may be NULL
/// @return -EAGAIN, which is no failure and leaves no message, while the audit goes on and where none was started; when it has ended, once, the state as
///         lvsarp_audit() returns it; -EINVAL or -E2BIG for a result whose size cannot be, and the audit goes on; -EINVAL in a process that was forked
///         since the audit was opened; another -errno, which ends the audit
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_dispatch(a: *mut lvsarp_auditor, result: *mut lvsarp_audit_result) -> c_int {
    enter(a, &mut |body| {
        room_for(result)?;
        let round = &mut body.it;
        let went_on = std::mem::take(&mut round.goes_on);
        let audit = round.auditor.dispatch()?;
        match audit.filter(|_| went_on) {
            Some(audit) => hand_out(&audit, result),
            None => {
                round.goes_on = went_on;
                Ok(-libc::EAGAIN)
            }
        }
    })
}

/// Closes an audit. NULL is allowed. Only in liblvsarp-full.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_close(a: *mut lvsarp_auditor) {
    door::close(a);
}

/// Why the last lvsarp_audit_start() or lvsarp_audit_dispatch() failed, with what to do about it. "" if it did not fail. Only in liblvsarp-full.
///
/// @return never NULL; valid until the next of these calls on the audit
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_audit_message(a: *const lvsarp_auditor) -> *const c_char {
    in_loop::message(a)
}
