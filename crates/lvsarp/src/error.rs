//! One error for the whole library: what was tried, on what, why it failed, and what to do.

use std::fmt;
use std::io;

use crate::check::Finding;

/// The result of every fallible call of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed operation.
///
/// Its text names the act, the thing and the cause once: `cannot write eth0/arp_ignore: Read-only file system`. What a person can do
/// about it is in [`hint_text`](Error::hint_text); what a program branches on is in [`kind`](Error::kind) and [`errno`](Error::errno).
#[derive(Debug, thiserror::Error)]
#[error("cannot {} {}: {}{}", .0.act, .0.thing, .0.cause, Aftermath(.0))]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    act: String,
    thing: String,
    cause: String,
    hint: Option<String>,
    rolled_back: bool,
    aftermath: Vec<Error>,
    findings: Vec<Finding>,
}

/// What kind of failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is wrong; nothing was done. `EINVAL`
    InvalidInput,
    /// There is no such interface, or it vanished. `ENODEV`
    NoInterface,
    /// There is no such network namespace. `ENOENT`
    NoNamespace,
    /// A capability is missing; the hint says which. `EPERM`
    Permission,
    /// The file system is mounted read-only. `EROFS`
    ReadOnly,
    /// The kernel or the platform does not have it. `EOPNOTSUPP`
    Unsupported,
    /// Another process held the namespace's lock until the deadline. `ETIMEDOUT`
    LockTimeout,
    /// The kernel's tables kept changing while they were read. `EINTR`
    Interrupted,
    /// The undo journal cannot be used; it was kept aside. `EBADMSG`
    Journal,
    /// The act was done but the kernel does not show it, or the result is not silent. `EIO`
    NotVerified,
    /// The plan could not make every VIP silent, so nothing was done. `ECANCELED`
    Refused,
    /// Any other failed system call; the errno is the kernel's.
    System(i32),
}

impl ErrorKind {
    /// The kind that an errno of a system call stands for.
    pub(crate) fn of(errno: i32) -> ErrorKind {
        match errno {
            libc::EPERM | libc::EACCES => ErrorKind::Permission,
            libc::EROFS => ErrorKind::ReadOnly,
            libc::ENODEV | libc::ENXIO => ErrorKind::NoInterface,
            libc::EOPNOTSUPP | libc::EAFNOSUPPORT | libc::ENOSYS => ErrorKind::Unsupported,
            other => ErrorKind::System(other),
        }
    }

    /// The errno that C and Python callers see.
    pub fn errno(self) -> i32 {
        match self {
            ErrorKind::InvalidInput => libc::EINVAL,
            ErrorKind::NoInterface => libc::ENODEV,
            ErrorKind::NoNamespace => libc::ENOENT,
            ErrorKind::Permission => libc::EPERM,
            ErrorKind::ReadOnly => libc::EROFS,
            ErrorKind::Unsupported => libc::EOPNOTSUPP,
            ErrorKind::LockTimeout => libc::ETIMEDOUT,
            ErrorKind::Interrupted => libc::EINTR,
            ErrorKind::Journal => libc::EBADMSG,
            ErrorKind::NotVerified => libc::EIO,
            ErrorKind::Refused => libc::ECANCELED,
            ErrorKind::System(errno) => errno,
        }
    }

    /// A stable word for programs, such as `read-only`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::InvalidInput => "invalid-input",
            ErrorKind::NoInterface => "no-interface",
            ErrorKind::NoNamespace => "no-namespace",
            ErrorKind::Permission => "permission",
            ErrorKind::ReadOnly => "read-only",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::LockTimeout => "lock-timeout",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Journal => "journal",
            ErrorKind::NotVerified => "not-verified",
            ErrorKind::Refused => "refused",
            ErrorKind::System(_) => "system",
        }
    }
}

impl Error {
    /// `cannot {act} {thing}: {cause}`.
    pub(crate) fn new(kind: ErrorKind, act: &str, thing: impl fmt::Display, cause: impl fmt::Display) -> Error {
        Error::written(kind, act, &thing, &cause)
    }

    /// The one copy of what writes an error's texts.
    #[cold]
    fn written(kind: ErrorKind, act: &str, thing: &dyn fmt::Display, cause: &dyn fmt::Display) -> Error {
        Error(Box::new(Inner {
            kind,
            act: act.to_owned(),
            thing: thing.to_string(),
            cause: cause.to_string(),
            hint: None,
            rolled_back: false,
            aftermath: Vec::new(),
            findings: Vec::new(),
        }))
    }

    /// A failed system call, with the errno's own words as the cause.
    pub(crate) fn os(act: &str, thing: impl fmt::Display, error: &io::Error) -> Error {
        Error::system(act, &thing, error)
    }

    #[cold]
    fn system(act: &str, thing: &dyn fmt::Display, error: &io::Error) -> Error {
        match error.raw_os_error() {
            Some(errno) => Error::errno_from(act, thing, errno, None),
            None => Error::written(ErrorKind::System(libc::EIO), act, thing, error),
        }
    }

    /// A failed request to the kernel, with the kernel's extended text where it gave one.
    #[cold]
    pub(crate) fn errno_from(act: &str, thing: &dyn fmt::Display, errno: i32, text: Option<&str>) -> Error {
        let words = errno_words(errno);
        let cause = match text {
            Some(text) if !text.is_empty() => format!("{words} ({text})"),
            _ => words,
        };
        let error = Error::written(ErrorKind::of(errno), act, thing, &cause);
        match error.kind() {
            ErrorKind::Permission => {
                error.hint("CAP_NET_ADMIN is needed in the user namespace that owns the network namespace")
            }
            _ => error,
        }
    }

    /// Bad input: `cannot use {thing}: {cause}`.
    pub(crate) fn input(thing: impl fmt::Display, cause: impl fmt::Display) -> Error {
        Error::written(ErrorKind::InvalidInput, "use", &thing, &cause)
    }

    /// The same error with a word on what to do.
    pub(crate) fn hint(self, hint: impl fmt::Display) -> Error {
        self.hinting(&hint)
    }

    #[cold]
    fn hinting(mut self, hint: &dyn fmt::Display) -> Error {
        self.0.hint = Some(hint.to_string());
        self
    }

    /// The same error with the findings behind it.
    pub(crate) fn because_of(mut self, findings: Vec<Finding>) -> Error {
        self.0.findings = findings;
        self
    }

    /// The same error, saying that what had been done was undone, or what of it could not be.
    pub(crate) fn after_roll_back(mut self, failures: Vec<Error>) -> Error {
        self.0.rolled_back = true;
        self.0.aftermath.extend(failures);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The errno that stands for it, always positive.
    pub fn errno(&self) -> i32 {
        self.0.kind.errno()
    }

    /// What to do about it, where there is something to do.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether something had been changed and was put back before this error was returned.
    ///
    /// `None`: nothing had been changed. `Some(true)`: put back completely. `Some(false)`: the roll-back failed in part, see
    /// [`aftermath`](Error::aftermath), and the next call will try again.
    pub fn rolled_back(&self) -> Option<bool> {
        self.0.rolled_back.then_some(self.0.aftermath.is_empty())
    }

    /// What failed while the change was rolled back.
    pub fn aftermath(&self) -> &[Error] {
        &self.0.aftermath
    }

    /// Why an apply was refused or not verified: the findings of its plan or of the check after it, the most important first. Empty for any other
    /// failure.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }
}

/// The end of an error's text: how the roll-back went.
struct Aftermath<'a>(&'a Inner);

impl fmt::Display for Aftermath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.rolled_back {
            return Ok(());
        }
        if self.0.aftermath.is_empty() {
            return f.write_str(" (rolled back, nothing is changed)");
        }
        f.write_str("; the roll-back failed as well: ")?;
        for (i, error) in self.0.aftermath.iter().enumerate() {
            write!(f, "{}{error}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// The C library's words for an errno, without the number that travels beside the text.
fn errno_words(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    match text.strip_suffix(&format!(" (os error {errno})")) {
        Some(words) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_act_thing_and_cause_once() {
        let error = Error::errno_from("write", &"eth0/arp_ignore", libc::EROFS, None);
        assert_eq!(error.to_string(), "cannot write eth0/arp_ignore: Read-only file system");
        assert_eq!(error.kind(), ErrorKind::ReadOnly);
        assert_eq!(error.errno(), libc::EROFS);
    }

    #[test]
    fn a_missing_capability_is_named() {
        let error = Error::errno_from("set", &"eth0/arp_ignore", libc::EPERM, None);
        assert!(error.hint_text().is_some_and(|hint| hint.contains("CAP_NET_ADMIN")));
    }

    #[test]
    fn a_failed_roll_back_is_reported_beside_its_cause() {
        let first = Error::errno_from("bind", &"192.0.2.10", libc::ENOBUFS, None);
        let second = Error::errno_from("set", &"all/arp_ignore", libc::EIO, None);
        let text = first.after_roll_back(vec![second]).to_string();
        assert_eq!(
            text,
            "cannot bind 192.0.2.10: No buffer space available; the roll-back failed as well: \
             cannot set all/arp_ignore: Input/output error"
        );
    }
}
