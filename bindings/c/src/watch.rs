//! A watch: what changes on a host that is to stay silent, as it changes (liblvsarp-full).

use std::ffi::{c_char, c_int, c_void};
use std::net::IpAddr;

use lvsarp::{Event, EventKind, Scope, Watch, WatchOptions};

use crate::constants::{
    LVSARP_EVENT_DEVICE_DOWN, LVSARP_EVENT_DEVICE_UP, LVSARP_EVENT_INTERFACE_UNPROTECTED, LVSARP_EVENT_LEVEL_CHANGED,
    LVSARP_EVENT_REPAIR_FAILED, LVSARP_EVENT_REPAIR_LIMITED, LVSARP_EVENT_REPAIRED, LVSARP_EVENT_RESYNCED,
    LVSARP_EVENT_VIP_ADDED, LVSARP_EVENT_VIP_MISPLACED, LVSARP_EVENT_VIP_REMOVED, LVSARP_HAS_NEW, LVSARP_HAS_OLD,
    LVSARP_REPAIR,
};
use crate::door::{self, Handle, enter};
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, Result, lvsarp_host};
use crate::in_loop::{self, InLoop, Teller};
use crate::server::desired;
use crate::values::lvsarp_apply_options;
use crate::wire::{lvsarp_event, lvsarp_watch_options};

/// Gets one event. The struct is valid until it returns. A value other than 0 does not end the walk: what has happened is handed out whole. One that
/// closes the watch is not called again.
pub type lvsarp_event_cb = Option<extern "C" fn(event: *const lvsarp_event, arg: *mut c_void) -> c_int>;

/// A watch over one host, in an event loop. Made by lvsarp_watch_open(), closed by lvsarp_watch_close(). One thread at a time.
pub struct lvsarp_watcher {
    _door: [u8; 0],
}

impl Handle for lvsarp_watcher {
    const OPEN: u64 = 0x6c76_7361_7270_2e77;
    type Body = InLoop<Watch>;
}

/// The watch that C's arguments stand for.
fn asked(
    vips: *const *const c_char,
    n: usize,
    wish: *const lvsarp_apply_options,
    options: *const lvsarp_watch_options,
) -> Result<WatchOptions> {
    if n == 0 && !vips.is_null() {
        return Err(Failure::input("vips", "at least one is needed, or NULL for those that are bound"));
    }
    let options = edge::options(options)?;
    edge::reserved(options.reserved)?;
    let repair = edge::flags(options.flags, LVSARP_REPAIR)? != 0;
    let (vips, repair) = match (repair, wish.is_null()) {
        (false, false) => {
            return Err(Failure::input("a wish", "it says what LVSARP_REPAIR applies, and that is not set"));
        }
        (false, true) => (edge::addresses(vips, n)?, None),
        (true, _) => {
            let desired = desired(vips, n, wish)?;
            let prefixes = desired.prefixes.iter().map(|prefix| prefix.address());
            let named: Vec<IpAddr> = desired.vips.iter().map(|vip| vip.address()).chain(prefixes).collect();
            ((!vips.is_null()).then_some(named), Some(desired))
        }
    };
    let default = WatchOptions::default();
    Ok(WatchOptions {
        vips,
        interval: edge::milliseconds(options.interval, default.interval),
        repair,
        per_minute: edge::or_default(options.per_minute, default.per_minute),
    })
}

fn event(event: &Event) -> lvsarp_event {
    let mut ours = lvsarp_event {
        time: edge::nanoseconds_since_1970(event.time),
        kind: match event.kind {
            EventKind::VipAdded => LVSARP_EVENT_VIP_ADDED,
            EventKind::VipRemoved => LVSARP_EVENT_VIP_REMOVED,
            EventKind::VipMisplaced => LVSARP_EVENT_VIP_MISPLACED,
            EventKind::LevelChanged => LVSARP_EVENT_LEVEL_CHANGED,
            EventKind::InterfaceUnprotected => LVSARP_EVENT_INTERFACE_UNPROTECTED,
            EventKind::DeviceDown => LVSARP_EVENT_DEVICE_DOWN,
            EventKind::DeviceUp => LVSARP_EVENT_DEVICE_UP,
            EventKind::Resynced => LVSARP_EVENT_RESYNCED,
            EventKind::Repaired => LVSARP_EVENT_REPAIRED,
            EventKind::RepairFailed => LVSARP_EVENT_REPAIR_FAILED,
            EventKind::RepairLimited => LVSARP_EVENT_REPAIR_LIMITED,
        },
        key: event.key.map_or(0, |key| key.row().id.into()),
        silent: event.silent.map_or(-1, i32::from),
        has: if event.old.is_some() { LVSARP_HAS_OLD } else { 0 }
            | if event.new.is_some() { LVSARP_HAS_NEW } else { 0 },
        ..lvsarp_event::empty()
    };
    match &event.scope {
        Some(Scope::Interface(name)) => edge::copy(name.as_bytes(), &mut ours.scope),
        Some(scope) => edge::print(format_args!("{scope}"), &mut ours.scope),
        None => {}
    }
    if let Some(vip) = event.vip {
        edge::print(format_args!("{vip}"), &mut ours.vip);
    }
    edge::copy(event.old.as_deref().unwrap_or(""), &mut ours.old_value);
    edge::copy(event.new.as_deref().unwrap_or(""), &mut ours.new_value);
    edge::copy(event.by.as_deref().unwrap_or(""), &mut ours.by);
    edge::copy(&event.message, &mut ours.message);
    if let Some(finding) = &event.finding {
        edge::copy(finding.code, &mut ours.finding);
        edge::copy(&finding.message, &mut ours.finding_message);
        edge::copy(&finding.hint, &mut ours.finding_hint);
    }
    ours
}

/// Watches a host from now on, for an event loop: VIPs that come and go, levels that change, interfaces on which a VIP is not silent. With LVSARP_REPAIR it
/// applies again, as lvsarp_apply() does, whenever a VIP is not silent or not there; that needs CAP_NET_ADMIN, the rest no privilege. The handle h may
/// be closed before it. Only in liblvsarp-full.
///
/// @param vips     n VIPs; NULL with n 0 watches, and repairs, those that are bound now and those that an apply had bound
/// @param n        how many; 0 only with NULL
/// @param wish     what the VIPs are to be like, as for lvsarp_apply(), for LVSARP_REPAIR; otherwise NULL
/// @param options  or NULL: levels are read every second, nothing is repaired
/// @param out      where the watch goes; NULL goes there if this fails
/// @return 0; -EINVAL, also where nothing is bound and no VIP is named; -EROFS for a recorded handle; another -errno, and lvsarp_message(h) says why
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_watch_open(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    wish: *const lvsarp_apply_options,
    options: *const lvsarp_watch_options,
    out: *mut *mut lvsarp_watcher,
) -> c_int {
    in_loop::open(h, out, &mut |body| {
        let options = asked(vips, n, wish, options)?;
        Ok(body.live("watch")?.watch(&options)?)
    })
}

/// The descriptor of a watch: readable (POLLIN) when something happened or levels are to be read again, so that the loop needs no timer of its own. It is
/// the library's: wait on it, and nothing else. Only in liblvsarp-full.
///
/// @return a descriptor, the same until the watch is closed; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_watch_fd(w: *mut lvsarp_watcher) -> c_int {
    in_loop::descriptor(w)
}

/// Hands out what happened, without waiting; may be called at any time. Where it repairs, it takes as long as an lvsarp_apply(). Where it fails, what had
/// happened before is handed out first. Only in liblvsarp-full.
///
/// @param cb   gets each event, in the order in which they were noticed
/// @param arg  is passed on to it
/// @return how many events that were, 0 for none; the first value other than 0 that cb returned; -EINVAL, also in a process that was forked since the
///         watch was opened; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_watch_dispatch(w: *mut lvsarp_watcher, cb: lvsarp_event_cb, arg: *mut c_void) -> c_int {
    enter(w, &mut |body| {
        let Some(cb) = cb else {
            return Err(Failure::input("NULL as a callback", "a function is needed"));
        };
        let mut teller = Teller { handle: w, cb, arg, said: 0 };
        let count = body.it.dispatch(&mut |one| teller.tell(event(one)))?;
        Ok(teller.answer(count))
    })
}

/// Closes a watch. NULL is allowed. From a callback of a call on the same watch it closes it when that call ends. What it repaired stays. Only in
/// liblvsarp-full.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_watch_close(w: *mut lvsarp_watcher) {
    door::close(w);
}

/// Why the last lvsarp_watch_dispatch() failed, with what to do about it. "" if it did not fail. Only in liblvsarp-full.
///
/// @return never NULL; valid until the next lvsarp_watch_dispatch() on the watch
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_watch_message(w: *const lvsarp_watcher) -> *const c_char {
    in_loop::message(w)
}
