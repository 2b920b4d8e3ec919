//! Listening: every frame that carries a VIP as its sender (liblvsarp-full).

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Heard, HeardKind, Listener};

use crate::constants::{
    LVSARP_DIRECTOR, LVSARP_HEARD_ADVERTISEMENT, LVSARP_HEARD_GRATUITOUS_REPLY, LVSARP_HEARD_GRATUITOUS_REQUEST,
    LVSARP_HEARD_REPLY, LVSARP_HEARD_REQUEST, LVSARP_HEARD_SOLICITATION, LVSARP_OURS,
};
use crate::door::{self, Handle, enter, look};
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, lvsarp_host};
use crate::in_loop::{self, InLoop, Teller};
use crate::wire::{lvsarp_heard, lvsarp_listen_options};

/// Gets one frame. The struct is valid until it returns. A value other than 0 does not end the walk: what was read is handed out whole. One that closes
/// the listener is not called again.
pub type lvsarp_heard_cb = Option<extern "C" fn(heard: *const lvsarp_heard, arg: *mut c_void) -> c_int>;

/// One who only listens, in an event loop. Made by lvsarp_listen_open(), closed by lvsarp_listen_close(). One thread at a time.
pub struct lvsarp_listener {
    _door: [u8; 0],
}

impl Handle for lvsarp_listener {
    const OPEN: u64 = 0x6c76_7361_7270_2e6c;
    type Body = InLoop<Listener>;
}

fn heard(heard: &Heard) -> lvsarp_heard {
    let mut ours = lvsarp_heard {
        time: edge::nanoseconds_since_1970(heard.time),
        kind: match heard.kind {
            HeardKind::Request => LVSARP_HEARD_REQUEST,
            HeardKind::Reply => LVSARP_HEARD_REPLY,
            HeardKind::GratuitousRequest => LVSARP_HEARD_GRATUITOUS_REQUEST,
            HeardKind::GratuitousReply => LVSARP_HEARD_GRATUITOUS_REPLY,
            HeardKind::Solicitation => LVSARP_HEARD_SOLICITATION,
            HeardKind::Advertisement => LVSARP_HEARD_ADVERTISEMENT,
        },
        flags: if heard.ours { LVSARP_OURS } else { 0 } | if heard.director { LVSARP_DIRECTOR } else { 0 },
        ..lvsarp_heard::empty()
    };
    edge::copy(heard.interface.as_bytes(), &mut ours.interface);
    edge::print(format_args!("{}", heard.vip), &mut ours.vip);
    edge::print(format_args!("{}", heard.target), &mut ours.target);
    edge::print(format_args!("{}", heard.mac), &mut ours.mac);
    edge::print(format_args!("{}", heard.source), &mut ours.source);
    ours
}

/// Hears from now on every frame on the interface that carries one of the VIPs as its sender, for an event loop. Sends nothing. After this nothing is
/// allocated unless a call fails. CAP_NET_RAW is needed for this call alone. The handle h may be closed before it. Only in liblvsarp-full.
///
/// @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
/// @param n        how many, at least 1
/// @param iface    the interface to listen on, such as "eth0"
/// @param options  or NULL: no known director
/// @param out      where the listener goes; NULL goes there if this fails
/// @return 0; -EPERM; -ENODEV; -EOPNOTSUPP on an interface without ARP; -ENETDOWN where it is down; -EINVAL; -EROFS for a recorded handle; another
///         -errno, and lvsarp_message(h) says why
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_open(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_listen_options,
    out: *mut *mut lvsarp_listener,
) -> c_int {
    in_loop::open(h, out, &mut |body| {
        let vips = edge::some_addresses(vips, n)?;
        let on = edge::device(iface)?;
        let options = edge::options(options)?;
        edge::flags(options.flags, 0)?;
        edge::reserved(options.reserved)?;
        let directors = edge::macs("directors", &options.directors)?;
        Ok(body.live("listen")?.listen(&vips, &on, &directors)?)
    })
}

/// The descriptor of a listener: readable (POLLIN) when something was heard. It is the library's: wait on it, and nothing else. Only in
/// liblvsarp-full.
///
/// @return a descriptor, the same until the listener is closed; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_fd(l: *mut lvsarp_listener) -> c_int {
    in_loop::descriptor(l)
}

/// Hands out what was heard, without waiting; may be called at any time. Only in liblvsarp-full.
///
/// @param cb   gets each frame, in the order in which they came
/// @param arg  is passed on to it
/// @return how many frames that were, 0 for none; the first value other than 0 that cb returned; -EINVAL, also in a process that was forked since the
///         listener was opened; -ENETDOWN once where the interface went down; -ENODEV where it is gone, in every call after all that was heard was
///         handed out, and the descriptor stays readable: close the listener; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_dispatch(l: *mut lvsarp_listener, cb: lvsarp_heard_cb, arg: *mut c_void) -> c_int {
    enter(l, &mut |body| {
        let Some(cb) = cb else {
            return Err(Failure::input("NULL as a callback", "a function is needed"));
        };
        let mut teller = Teller { handle: l, cb, arg, said: 0 };
        let count = body.it.dispatch(&mut |frame| teller.tell(heard(frame)))?;
        Ok(teller.answer(count))
    })
}

/// How many frames were lost because they were not fetched in time. Only in liblvsarp-full.
///
/// @return a count; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_lost(l: *mut lvsarp_listener) -> c_int {
    look(l, &mut |body| Ok(c_int::try_from(body.it.lost()).unwrap_or(c_int::MAX)))
}

/// Closes a listener. NULL is allowed. From a callback of a call on the same listener it closes it when that call ends. Only in liblvsarp-full.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_close(l: *mut lvsarp_listener) {
    door::close(l);
}

/// Why the last lvsarp_listen_dispatch() failed, with what to do about it. "" if it did not fail. Only in liblvsarp-full.
///
/// @return never NULL; valid until the next lvsarp_listen_dispatch() on the listener
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_listen_message(l: *const lvsarp_listener) -> *const c_char {
    in_loop::message(l)
}
