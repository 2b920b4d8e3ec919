//! A probe: who answers for a VIP on the wire (liblvsarp-full).

use std::ffi::{c_char, c_int, c_void};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use lvsarp::{IfName, ProbeOptions, ProbeSender, Prober, Responder};

use crate::constants::{LVSARP_DIRECTOR, LVSARP_DUPLICATE, LVSARP_OURS};
use crate::door::{self, Handle, enter, look};
use crate::edge::{self, SizedStruct};
use crate::handle::{Result, lvsarp_host};
use crate::in_loop::{self, InLoop};
use crate::wire::{lvsarp_probe_options, lvsarp_responder};

/// Gets one responder. The struct is valid until it returns; non-zero ends the walk. One that closes the probe is not called again.
pub type lvsarp_responder_cb = Option<extern "C" fn(responder: *const lvsarp_responder, arg: *mut c_void) -> c_int>;

/// A probe in an event loop. Made by lvsarp_probe_open(), closed by lvsarp_probe_close(). One thread at a time.
pub struct lvsarp_prober {
    _door: [u8; 0],
}

impl Handle for lvsarp_prober {
    const OPEN: u64 = 0x6c76_7361_7270_2e70;
    type Body = InLoop<Probing>;
}

/// A probe, and whether it goes on.
pub struct Probing {
    prober: Prober,
    goes_on: bool,
    asked: Asked,
}

impl AsFd for Probing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.prober.as_fd()
    }
}

/// What decides whether the answers are as they should be.
struct Asked {
    /// How many VIPs, of which none is named twice.
    vips: usize,
    /// Whether only directors may answer.
    directors: bool,
}

/// The probe that C's arguments stand for.
fn asked(
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_probe_options,
) -> Result<(Vec<IpAddr>, IfName, ProbeOptions, Asked)> {
    let vips = edge::some_addresses(vips, n)?;
    let on = edge::device(iface)?;
    let options = edge::options(options)?;
    let default = ProbeOptions::default();
    let most = u32::try_from(default.most).unwrap_or(u32::MAX);
    let senders = [ProbeSender::Own, ProbeSender::Unspecified, ProbeSender::Both];
    let ours = ProbeOptions {
        timeout: edge::milliseconds(options.timeout, default.timeout),
        requests: edge::or_default(options.requests, default.requests),
        sender: edge::one_of("sender", options.sender, &senders)?,
        directors: edge::macs("directors", &options.directors)?,
        most: edge::or_default(options.most, most) as usize,
    };
    let asked = Asked { vips: vips.len(), directors: !ours.directors.is_empty() };
    Ok((vips, on, ours, asked))
}

impl Asked {
    /// How many VIPs are not answered for by exactly one, and by a director where directors are named. Allocates nothing.
    fn wrong(&self, responders: &[Responder]) -> c_int {
        let of_a_vip = responders.chunk_by(|one, next| one.vip == next.vip);
        let right = of_a_vip.filter(|found| found.len() == 1 && (found[0].director || !self.directors)).count();
        c_int::try_from(self.vips.saturating_sub(right)).unwrap_or(c_int::MAX)
    }

    /// Hands the responders out, where somebody wants them and until the handle is closed, and says what the call returns.
    fn judge(
        &self,
        responders: &[Responder],
        cb: lvsarp_responder_cb,
        arg: *mut c_void,
        closed: &dyn Fn() -> bool,
    ) -> Result<c_int> {
        let shown = responders.iter().take_while(|_| !closed()).map(responder);
        let stop = if cb.is_some() { edge::walk(shown, cb, arg)? } else { 0 };
        Ok(if stop != 0 { stop } else { self.wrong(responders) })
    }
}

fn responder(responder: &Responder) -> lvsarp_responder {
    let mut ours = lvsarp_responder {
        count: responder.count,
        flags: if responder.ours { LVSARP_OURS } else { 0 }
            | if responder.director { LVSARP_DIRECTOR } else { 0 }
            | if responder.duplicate { LVSARP_DUPLICATE } else { 0 },
        delay: edge::microseconds(responder.delay),
        ..lvsarp_responder::empty()
    };
    edge::print(format_args!("{}", responder.vip), &mut ours.vip);
    edge::print(format_args!("{}", responder.mac), &mut ours.mac);
    edge::print(format_args!("{}", responder.source), &mut ours.source);
    if let Some(address) = responder.address {
        edge::print(format_args!("{address}"), &mut ours.address);
    }
    ours
}

/// Asks who has the VIPs, and waits as long as the options say for everybody who answers. IPv6 VIPs are asked for with neighbour solicitations.
/// CAP_NET_RAW is needed. Only in liblvsarp-full.
///
/// @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
/// @param n        how many, at least 1
/// @param iface    the interface to ask on, such as "eth0"
/// @param options  or NULL: 1 s, 3 requests, whoever is alone
/// @param cb       gets each responder, by VIP in the order in which they are named; may be NULL
/// @param arg      is passed on to it
/// @return 0: each VIP has exactly one responder, and a director if any are named; otherwise how many VIPs have not (none, more than one, or not a
///         director), at most n; what cb returned to end the walk: let it be greater than n, so that it is no such count; -EPERM; -ENODEV; -EOPNOTSUPP on
///         an interface without ARP; -ENETDOWN where it is down; -EINVAL; -EROFS for a recorded handle; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_probe_options,
    cb: lvsarp_responder_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        let (vips, on, options, asked) = asked(vips, n, iface, options)?;
        let responders = body.live("probe")?.probe(&vips, &on, &options)?;
        asked.judge(&responders, cb, arg, &|| false)
    })
}

/// Opens a probe for an event loop: nothing waits, and after this nothing is allocated unless a call fails. CAP_NET_RAW is needed for this call alone.
/// The handle h may be closed before it. Only in liblvsarp-full.
///
/// @param vips     as for lvsarp_probe()
/// @param n        as for lvsarp_probe()
/// @param iface    as for lvsarp_probe()
/// @param options  as for lvsarp_probe()
/// @param out      where the probe goes; NULL goes there if this fails
/// @return 0; otherwise as lvsarp_probe(), and lvsarp_message(h) says why
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_open(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_probe_options,
    out: *mut *mut lvsarp_prober,
) -> c_int {
    in_loop::open(h, out, &mut |body| {
        let (vips, on, options, asked) = asked(vips, n, iface, options)?;
        let prober = body.live("probe")?.prober(&vips, &on, &options)?;
        Ok(Probing { prober, goes_on: false, asked })
    })
}

/// Begins a round: sends the first requests, and forgets what the last round found. May be called again at any time. Only in liblvsarp-full.
///
/// @return 0; -ENETDOWN; -EINVAL in a process that was forked since the probe was opened; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_start(p: *mut lvsarp_prober) -> c_int {
    enter(p, &mut |body| {
        body.it.goes_on = false;
        body.it.prober.start()?;
        body.it.goes_on = true;
        Ok(0)
    })
}

/// The descriptor of a probe: readable (POLLIN) when lvsarp_probe_dispatch() has something to do, also when the next requests are due or the time is
/// over, so that the loop needs no timer of its own. It is the library's: wait on it, and nothing else. Only in liblvsarp-full.
///
/// @return a descriptor, the same until the probe is closed; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_fd(p: *mut lvsarp_prober) -> c_int {
    in_loop::descriptor(p)
}

/// Does what there is to do, without waiting; may be called at any time. Only in liblvsarp-full.
///
/// @param cb   gets each responder once the round has ended, as for lvsarp_probe(); may be NULL
/// @param arg  is passed on to it
/// @return -EAGAIN, which is no failure and leaves no message, while the round goes on and where none was started; when it has ended, once, what
///         lvsarp_probe() returns; -EINVAL in a process that was forked since the probe was opened; another -errno, which ends the round
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_dispatch(p: *mut lvsarp_prober, cb: lvsarp_responder_cb, arg: *mut c_void) -> c_int {
    enter(p, &mut |body| {
        let round = &mut body.it;
        let went_on = std::mem::take(&mut round.goes_on);
        let ended = round.prober.dispatch()?;
        round.goes_on = went_on && !ended;
        if !went_on || !ended {
            return Ok(-libc::EAGAIN);
        }
        round.asked.judge(round.prober.responders(), cb, arg, &|| door::is_closing(p))
    })
}

/// How many answers of the last round were not counted, because the kernel or the probe had no room for them. Only in liblvsarp-full.
///
/// @return a count; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_lost(p: *mut lvsarp_prober) -> c_int {
    look(p, &mut |body| Ok(c_int::try_from(body.it.prober.lost()).unwrap_or(c_int::MAX)))
}

/// Closes a probe. NULL is allowed. From a callback of a call on the same probe it closes it when that call ends. Only in liblvsarp-full.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_close(p: *mut lvsarp_prober) {
    door::close(p);
}

/// Why the last lvsarp_probe_start() or lvsarp_probe_dispatch() failed, with what to do about it. "" if it did not fail. Only in liblvsarp-full.
///
/// @return never NULL; valid until the next of these calls on the probe
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_probe_message(p: *const lvsarp_prober) -> *const c_char {
    in_loop::message(p)
}
