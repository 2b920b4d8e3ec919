//! The handle: one host, the last message and the last outcome, and the one door through which every call with a handle goes.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_int};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lvsarp::{Error, ErrorKind, Finding, Host, LOCK_PATIENCE, Model};

use crate::edge;
use crate::outcome::Outcome;

/// What an open handle begins with; a closed one does not.
const OPEN: u64 = 0x6c76_7361_7270_2e68;

const FREE: u32 = 0;
const IN_CALL: u32 = 1;
/// In a call that closes the handle when it ends.
const CLOSING: u32 = 2;

/// One network namespace, live or recorded. Made by lvsarp_open() or lvsarp_open_snapshot(), closed by lvsarp_close().
pub struct lvsarp_host {
    open: u64,
    call: AtomicU32,
    body: UnsafeCell<Body>,
}

/// What is behind a handle.
pub struct Body {
    subject: Subject,
    message: [c_char; 1024],
    hint: [c_char; 512],
    kind: [c_char; 24],
    /// Whether the last call had changed something and put it back: 1, or -1 where it could not.
    pub rolled_back: c_int,
    /// What the last call did or found.
    pub(crate) outcome: Outcome,
    /// How long apply and undo wait for the lock.
    pub patience: Duration,
}

/// A live namespace or a recorded one.
pub enum Subject {
    Live(Box<Host>),
    /// Indexed once, for all questions.
    Recorded(Box<Model<'static>>),
}

/// Why a call failed.
pub struct Failure(Box<Words>);

struct Words {
    code: c_int,
    kind: &'static str,
    rolled_back: c_int,
    message: String,
    hint: String,
    findings: Vec<Finding>,
}

impl Failure {
    /// A wrong argument, in the library's words.
    pub fn input(thing: impl Display, cause: impl Display) -> Failure {
        Failure::new(ErrorKind::InvalidInput, format_args!("cannot use {thing}: {cause}"))
    }

    /// A struct that is too long.
    pub fn too_big(thing: impl Display, cause: impl Display) -> Failure {
        let mut failure = Failure::input(thing, cause);
        failure.0.code = -libc::E2BIG;
        failure
    }

    /// A failure of a kind, with its text.
    pub fn new(kind: ErrorKind, message: impl Display) -> Failure {
        Failure::written(kind, &message)
    }

    #[cold]
    fn written(kind: ErrorKind, message: &dyn Display) -> Failure {
        Failure(Box::new(Words {
            code: -kind.errno(),
            kind: kind.name(),
            rolled_back: 0,
            message: message.to_string(),
            hint: String::new(),
            findings: Vec::new(),
        }))
    }

    /// What the call returns.
    pub fn code(&self) -> c_int {
        self.0.code
    }

    /// The text with what to do about it, for where there is no handle to keep both.
    pub fn whole(&self) -> String {
        match &self.0.hint[..] {
            "" => self.0.message.clone(),
            hint => format!("{}; {hint}", self.0.message),
        }
    }
}

impl From<Error> for Failure {
    #[cold]
    fn from(error: Error) -> Failure {
        Failure(Box::new(Words {
            code: -error.errno(),
            kind: error.kind().name(),
            rolled_back: match error.rolled_back() {
                None => 0,
                Some(true) => 1,
                Some(false) => -1,
            },
            message: error.to_string(),
            hint: error.hint_text().unwrap_or("").to_owned(),
            findings: error.findings().to_vec(),
        }))
    }
}

pub type Result<T> = std::result::Result<T, Failure>;

/// Runs something so that no panic gets out of the library, and the thread is not cancelled inside of it: `pthread_cancel()` unwinds the stack,
/// which Rust does not survive.
pub fn contained(body: &mut dyn FnMut() -> Result<c_int>) -> Result<c_int> {
    let cancelable = edge::hold_cancellation_off();
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        let message = "an internal error of lvsarp: please report it with what it printed";
        Err(Failure::new(ErrorKind::System(libc::ENOTRECOVERABLE), message))
    });
    edge::restore_cancellation(cancelable);
    result
}

impl Body {
    /// The live host; a recorded one can only be looked at.
    pub fn live(&self, act: &str) -> Result<&Host> {
        match &self.subject {
            Subject::Live(host) => Ok(host),
            Subject::Recorded(_) => {
                Err(Failure::new(ErrorKind::ReadOnly, format_args!("cannot {act}: the handle is a recorded snapshot")))
            }
        }
    }

    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The recorded namespace; what only that can do, a live host cannot.
    pub fn recorded(&mut self) -> Result<&mut Model<'static>> {
        match &mut self.subject {
            Subject::Recorded(model) => Ok(model),
            Subject::Live(_) => Err(Failure::input("a live handle", "only a recorded snapshot can be asked what if")),
        }
    }

    fn failed(&mut self, Failure(failure): Failure) -> c_int {
        edge::copy(&failure.message, &mut self.message);
        edge::copy(&failure.hint, &mut self.hint);
        edge::copy(failure.kind, &mut self.kind);
        self.rolled_back = failure.rolled_back;
        if !failure.findings.is_empty() {
            self.outcome = Outcome { findings: failure.findings, ..Outcome::default() };
        }
        failure.code
    }
}

impl lvsarp_host {
    /// A new handle, which belongs to C from now on.
    pub fn give(subject: Subject) -> *mut lvsarp_host {
        let body = Body {
            subject,
            message: [0; 1024],
            hint: [0; 512],
            kind: [0; 24],
            rolled_back: 0,
            outcome: Outcome::default(),
            patience: LOCK_PATIENCE,
        };
        Box::into_raw(Box::new(lvsarp_host { open: OPEN, call: AtomicU32::new(FREE), body: UnsafeCell::new(body) }))
    }
}

/// Where a handle keeps its mark.
fn mark(h: *const lvsarp_host) -> *const u64 {
    h.wrapping_byte_add(std::mem::offset_of!(lvsarp_host, open)).cast()
}

/// A handle that is open, as far as that can be seen: the memory of a closed one may be in use for something else.
fn open_handle<'a>(h: *const lvsarp_host) -> Option<&'a lvsarp_host> {
    if h.is_null() || !h.is_aligned() {
        return None;
    }
    // SAFETY: C promises a handle. Should it be a closed one all the same, this reads what free() left; volatile, so that it is really read.
    let open = unsafe { mark(h).read_volatile() };
    // SAFETY: an open handle lives until it is closed, which no other thread does during a call.
    (open == OPEN).then(|| unsafe { &*h })
}

/// Gives an open handle that no call is in back to Rust and drops it.
fn drop_handle(h: *const lvsarp_host) {
    // SAFETY: the handle came from Box::into_raw() and nobody is in it. Volatile, so that the mark is really gone.
    unsafe { mark(h).cast_mut().write_volatile(0) };
    // SAFETY: as above, and it is dropped only once, since the mark is gone.
    drop(unsafe { Box::from_raw(h.cast_mut()) });
}

/// The door: a NULL, a closed handle and one that is in a call already do not get in, no panic gets out, and a failure leaves its message.
pub fn enter(h: *const lvsarp_host, body: &mut dyn FnMut(&mut Body) -> Result<c_int>) -> c_int {
    through(h, &mut |inside| {
        inside.message[0] = 0;
        inside.hint[0] = 0;
        inside.kind[0] = 0;
        inside.rolled_back = 0;
        body(inside)
    })
}

/// The same door for who only looks at what the last call left: its message stays.
pub fn look(h: *const lvsarp_host, body: &mut dyn FnMut(&mut Body) -> Result<c_int>) -> c_int {
    through(h, body)
}

fn through(h: *const lvsarp_host, body: &mut dyn FnMut(&mut Body) -> Result<c_int>) -> c_int {
    if h.is_null() {
        return -libc::EINVAL;
    }
    let Some(handle) = open_handle(h) else {
        return -libc::EBADF;
    };
    if handle.call.compare_exchange(FREE, IN_CALL, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return -libc::EBUSY;
    }
    // SAFETY: the exchange lets one call in at a time, and nothing else touches the body.
    let inside = unsafe { &mut *handle.body.get() };
    let code = contained(&mut || body(inside)).unwrap_or_else(|failure| inside.failed(failure));
    if handle.call.compare_exchange(IN_CALL, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
        // Closing descriptors is no place to be cancelled in, either.
        let _ = contained(&mut || {
            drop_handle(h);
            Ok(0)
        });
    }
    code
}

/// Closes a handle: at once, or, from a callback, when the call that it is in ends.
pub fn close(h: *mut lvsarp_host) {
    let Some(handle) = open_handle(h) else { return };
    if handle.call.swap(CLOSING, Ordering::Acquire) == FREE {
        drop_handle(h);
    }
}

/// A text of a handle, or what stands for it where there is no open one and where a call is in it.
pub fn text_of(
    h: *const lvsarp_host,
    which: fn(&Body) -> &[c_char],
    closed: &'static CStr,
    in_call: &'static CStr,
) -> *const c_char {
    let Some(handle) = open_handle(h) else {
        return closed.as_ptr();
    };
    if handle.call.load(Ordering::Acquire) != FREE {
        return in_call.as_ptr();
    }
    // SAFETY: no call is in the handle.
    which(unsafe { &*handle.body.get() }).as_ptr()
}

pub fn message(body: &Body) -> &[c_char] {
    &body.message
}

pub fn hint(body: &Body) -> &[c_char] {
    &body.hint
}

pub fn kind(body: &Body) -> &[c_char] {
    &body.kind
}

/// The words for a return value.
pub fn words(code: c_int) -> &'static CStr {
    match code.saturating_abs() {
        0 => c"success",
        1 if code == 1 => c"no failure: the VIPs are not silent, or a callback ended the walk",
        libc::EINVAL => c"an argument is wrong; nothing was done",
        libc::E2BIG => c"a struct asks for something that this version of the library does not know; nothing was done",
        libc::EBADF => c"not an open handle",
        libc::EBUSY => c"the handle is in a call already",
        libc::ENODEV | libc::ENXIO => c"there is no such interface",
        libc::ENOENT => c"there is no such network namespace, or no such file or directory",
        libc::EPERM | libc::EACCES => {
            c"a capability is missing: CAP_NET_ADMIN to change, CAP_SYS_ADMIN to enter a namespace"
        }
        libc::EROFS => c"/proc/sys or the file system is mounted read-only, or the handle is a recorded snapshot",
        libc::EOPNOTSUPP | libc::EAFNOSUPPORT | libc::ENOSYS => c"this kernel does not have it",
        libc::ETIMEDOUT => c"another process held the namespace's lock until the deadline",
        libc::EINTR => c"the kernel's tables kept changing while they were read",
        libc::EBADMSG => c"the undo journal cannot be used; it was kept aside",
        libc::EIO => c"it was done but the kernel does not show it; it was rolled back",
        libc::ECANCELED => c"the VIPs would not be silent, or a file is not lvsarp's to change; nothing was done",
        libc::ENOTRECOVERABLE => c"an internal error of lvsarp",
        libc::ENOMEM => c"out of memory",
        libc::EMFILE | libc::ENFILE => c"too many open files",
        libc::ENOBUFS => c"the kernel has no buffer space",
        libc::EADDRNOTAVAIL => c"the address is not there",
        libc::EEXIST => c"it exists already",
        _ => c"a system call failed; lvsarp_message() says which",
    }
}
