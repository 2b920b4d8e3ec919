//! What happened to a line or a file that names one of our keys and did not simply take effect.

use std::fmt;

/// One thing that is worth to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file's path inside the root.
    pub file: Vec<u8>,
    /// The line, from 1; where the remark is about a file, the first line in it that names one of our keys.
    pub line: u32,
    /// What kind of thing it is.
    pub kind: RemarkKind,
    /// One sentence, without a full stop.
    pub text: String,
}

/// What kind of thing a [`Remark`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemarkKind {
    /// The key is not there: no such interface, or a spelling that the program does not understand.
    NamesNothing,
    /// The kernel refused the value.
    Refused,
    /// A line without `=` that is no exclusion.
    NotAnAssignment,
    /// A later line sets the same key to something else.
    Overridden,
    /// A pattern set `lo` or `default`.
    GlobCaught,
    /// A pattern left a key alone because a line elsewhere sets it by its name.
    Shielded,
    /// A pattern left a key alone because a line excludes it.
    Excluded,
    /// An exclusion took back an assignment that was read before it.
    Cancelled,
    /// The value was there already and was not written, so that a later write to `default` reaches this interface.
    NotPinned,
    /// The program ended at an earlier line.
    NotReached,
    /// A file of the same name in a stronger directory hides this one.
    Hidden,
    /// The same, and that file is a mask: empty, or a link to `/dev/null`.
    Masked,
    /// The program does not read a file of this name.
    Ignored,
    /// The program does not read `/etc/sysctl.conf`.
    SysctlConfNotRead,
    /// It is there but was not read: a dangling link, a directory, no regular file, too large, or without permission.
    Unread,
}

impl RemarkKind {
    /// A stable word for programs, such as `names-nothing`.
    pub fn name(self) -> &'static str {
        match self {
            RemarkKind::NamesNothing => "names-nothing",
            RemarkKind::Refused => "refused",
            RemarkKind::NotAnAssignment => "not-an-assignment",
            RemarkKind::Overridden => "overridden",
            RemarkKind::GlobCaught => "glob-caught",
            RemarkKind::Shielded => "shielded",
            RemarkKind::Excluded => "excluded",
            RemarkKind::Cancelled => "cancelled",
            RemarkKind::NotPinned => "not-pinned",
            RemarkKind::NotReached => "not-reached",
            RemarkKind::Hidden => "hidden",
            RemarkKind::Masked => "masked",
            RemarkKind::Ignored => "ignored",
            RemarkKind::SysctlConfNotRead => "sysctl-conf-not-read",
            RemarkKind::Unread => "unread",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = String::from_utf8_lossy(&self.file);
        match self.line {
            0 => write!(f, "{file}: {}", self.text),
            line => write!(f, "{file}:{line}: {}", self.text),
        }
    }
}
