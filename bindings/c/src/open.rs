//! Opening, closing, messages, the version, and a snapshot's way out and in.

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Host, Model, Snapshot};

use crate::door::{self, contained, enter};
use crate::edge;
use crate::handle::{self, Failure, Result, Subject, lvsarp_host};

/// Gets the snapshot as one line of JSON, length bytes of UTF-8 with a zero behind them, valid until it returns. What it returns is what
/// lvsarp_snapshot() returns.
pub type lvsarp_text_cb = Option<extern "C" fn(json: *const c_char, length: usize, arg: *mut c_void) -> c_int>;

/// Opens a network namespace. Needs no privilege for the calling thread's own, and CAP_SYS_ADMIN for another one.
///
/// The handle stays in that namespace, whatever thread uses it and wherever that thread is by then. To open another namespace a thread is
/// started with all signals blocked, enters it, and ends before this returns; the calling thread stays where it is.
///
/// @param netns  a name below /run/netns, a path (it has a slash), or a process (digits); NULL for the calling thread's namespace
/// @param out    where the handle goes; NULL goes there if this fails
/// @return 0; -ENOENT if there is no such namespace; -EPERM; -EINVAL for a malformed name; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_open(netns: *const c_char, out: *mut *mut lvsarp_host) -> c_int {
    lvsarp_open_message(netns, out, std::ptr::null_mut(), 0)
}

/// lvsarp_open() that says in words why it failed and what to do about it: there is no handle then to ask.
///
/// @param netns    as for lvsarp_open()
/// @param out      as for lvsarp_open()
/// @param message  where the message goes, cut to fit and ended with a zero; "" if nothing failed; may be NULL
/// @param size     its size in bytes
/// @return as lvsarp_open()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_open_message(
    netns: *const c_char,
    out: *mut *mut lvsarp_host,
    message: *mut c_char,
    size: usize,
) -> c_int {
    give(out, message, size, &mut || {
        Ok(Subject::Live(Box::new(match edge::netns(netns)? {
            Some(netns) => Host::open_netns(&netns)?,
            None => Host::open()?,
        })))
    })
}

/// Opens a recorded namespace: a snapshot that lvsarp_snapshot(), `lvsarp snapshot` or Python wrote, here or on another machine. Everything that
/// looks and decides works on it as it was then, or as lvsarp_assume() has it; everything that changes something fails with -EROFS.
///
/// @param json     the snapshot
/// @param length   its length in bytes
/// @param out      where the handle goes; NULL goes there if this fails
/// @param message  as for lvsarp_open_message(); may be NULL
/// @param size     its size in bytes
/// @return 0; -EINVAL for what is no snapshot, or one of a format that this version does not read
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_open_snapshot(
    json: *const c_char,
    length: usize,
    out: *mut *mut lvsarp_host,
    message: *mut c_char,
    size: usize,
) -> c_int {
    give(out, message, size, &mut || {
        let json = edge::long_text("snapshot", json, length)?;
        Ok(Subject::Recorded(Box::new(Model::new(Snapshot::from_json(json)?))))
    })
}

/// Opens a subject and hands it out, or says why not.
fn give(
    out: *mut *mut lvsarp_host,
    message: *mut c_char,
    size: usize,
    open: &mut dyn FnMut() -> Result<Subject>,
) -> c_int {
    let mut handle = std::ptr::null_mut();
    let opened = contained(&mut || {
        if out.is_null() {
            return Err(Failure::input("NULL as out", "there is no place for the handle"));
        }
        handle = lvsarp_host::give(open()?);
        Ok(0)
    });
    edge::put(out, handle);
    match opened {
        Ok(code) => {
            edge::put_text(message, size, "");
            code
        }
        Err(failure) => {
            edge::put_text(message, size, &failure.whole());
            failure.code()
        }
    }
}

/// Closes a handle and everything that it holds. NULL is allowed. From a callback of a call on the same handle it closes it when that call ends.
///
/// What an apply did stays done: the journal is in /run/lvsarp, and any handle on the namespace can undo it.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_close(h: *mut lvsarp_host) {
    door::close(h);
}

/// Why the last call on the handle failed: "cannot write eth0/arp_ignore: Read-only file system". "" if it did not fail.
///
/// @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(), lvsarp_kind(),
///         lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the walks over what a call left
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_message(h: *const lvsarp_host) -> *const c_char {
    door::text_of(h, handle::message, c"not an open handle", c"the handle is in a call")
}

/// What to do about the failure of the last call on the handle, such as which capability is missing. "" where there is nothing to say.
///
/// @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(), lvsarp_kind(),
///         lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the walks over what a call left
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_hint(h: *const lvsarp_host) -> *const c_char {
    door::text_of(h, handle::hint, c"", c"")
}

/// What kind of failure the last call on the handle was, as a stable word. An errno may have come from the kernel or from lvsarp itself; the kind
/// tells: "invalid-input", "no-interface", "no-namespace", "permission", "read-only", "unsupported", "lock-timeout", "interrupted", "journal",
/// "not-verified", "refused", or "system" for any other system call that failed. "" if it did not fail.
///
/// @return never NULL; valid until the next call on the handle that is not one of lvsarp_message(), lvsarp_hint(), lvsarp_kind(),
///         lvsarp_rolled_back(), lvsarp_changed(), lvsarp_boot_loader(), lvsarp_boot_rehearsed() and the walks over what a call left
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_kind(h: *const lvsarp_host) -> *const c_char {
    door::text_of(h, handle::kind, c"", c"")
}

/// What a return value means in general, as a constant text. lvsarp_message() knows more.
///
/// @param rc  what a function of this library returned
/// @return never NULL; valid for ever
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_strerror(rc: c_int) -> *const c_char {
    handle::words(rc).as_ptr()
}

/// The version of the library that is running, such as "0.1.0"; that of the header is LVSARP_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The namespace as one line of JSON: interfaces, addresses, levels and local routes. Needs no privilege.
///
/// @param cb   gets the text once
/// @param arg  is passed on to it
/// @return what cb returned; -EINTR where the kernel's tables kept changing; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_snapshot(h: *mut lvsarp_host, cb: lvsarp_text_cb, arg: *mut c_void) -> c_int {
    enter(h, &mut |body| {
        let Some(cb) = cb else {
            return Err(Failure::input("NULL as a callback", "a function is needed"));
        };
        let mut json = match body.subject() {
            Subject::Live(host) => host.snapshot()?.to_json(),
            Subject::Recorded(model) => model.snapshot().to_json(),
        };
        json.push('\0');
        Ok(cb(json.as_ptr().cast(), json.len() - 1, arg))
    })
}

/// How long lvsarp_apply(), lvsarp_undo(), lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_promote() and lvsarp_demote() on this handle
/// wait for another process that works on the same namespace.
///
/// @param milliseconds  0 does not wait; LVSARP_LOCK_TIMEOUT (10 s) is what a new handle has; one day at most
/// @return 0, or -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_lock_timeout(h: *mut lvsarp_host, milliseconds: u32) -> c_int {
    const DAY: u32 = 86_400_000;
    enter(h, &mut |body| {
        if milliseconds > DAY {
            return Err(Failure::input(
                format_args!("a lock timeout of {milliseconds} ms"),
                format_args!("the range is 0 to {DAY}"),
            ));
        }
        body.patience = std::time::Duration::from_millis(milliseconds.into());
        Ok(0)
    })
}
