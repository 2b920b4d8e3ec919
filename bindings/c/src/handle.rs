//! The handle: one host, the last message and the last outcome, and why a call failed.

use std::ffi::{CStr, c_char, c_int};
use std::fmt::Display;
use std::time::Duration;

use lvsarp::{Error, ErrorKind, Finding, Host, LOCK_PATIENCE, Model};

use crate::door::{self, Behind, Handle};
use crate::edge;
use crate::outcome::Outcome;

/// One network namespace, live or recorded. Made by lvsarp_open() or lvsarp_open_snapshot(), closed by lvsarp_close().
pub struct lvsarp_host {
    _door: [u8; 0],
}

impl Handle for lvsarp_host {
    const OPEN: u64 = 0x6c76_7361_7270_2e68;
    type Body = Body;
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
}

impl Behind for Body {
    fn forget(&mut self) {
        self.message[0] = 0;
        self.hint[0] = 0;
        self.kind[0] = 0;
        self.rolled_back = 0;
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
        door::give(body)
    }
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
        #[cfg(feature = "full")]
        libc::EAGAIN => c"it goes on: there is no result yet",
        #[cfg(feature = "full")]
        libc::ENETDOWN => c"the interface is down",
        #[cfg(feature = "full")]
        libc::EPERM | libc::EACCES => {
            c"a capability is missing: CAP_NET_ADMIN to change, CAP_NET_RAW to ask the wire, CAP_SYS_ADMIN to enter a namespace"
        }
        #[cfg(not(feature = "full"))]
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
