//! What went wrong: an error of the library, a wrong argument or a file that cannot be read, with its exit status.

use std::fmt::Display;
use std::io;

use lvsarp::{Error, ErrorKind, Finding};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A command that did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: ErrorKind,
    /// `cannot ACT THING: CAUSE`.
    pub message: String,
    pub hint: Option<String>,
    /// Whether something had been changed and was put back; `None`: nothing had been changed.
    rolled_back: Option<bool>,
    /// Why a plan was refused, or its result not verified; empty for other failures.
    pub findings: Vec<Finding>,
    /// 1 for a refusal, which is a finding about the host; 2 for everything else.
    pub status: i32,
}

impl Failure {
    /// A wrong argument: `cannot use THING: CAUSE`.
    pub fn input(thing: impl Display, cause: impl Display) -> Failure {
        Failure::of_kind(ErrorKind::InvalidInput, format!("cannot use {thing}: {cause}"))
    }

    /// A file that cannot be read or written.
    pub fn os(act: &str, thing: impl Display, error: &io::Error) -> Failure {
        let words = error.to_string();
        let words = words.rfind(" (os error ").map_or(words.as_str(), |end| &words[..end]);
        let kind = error.raw_os_error().map_or(ErrorKind::InvalidInput, ErrorKind::System);
        Failure::of_kind(kind, format!("cannot {act} {thing}: {words}"))
    }

    /// What the parser of arguments says: its first paragraph, and the others as the hint.
    pub fn usage(refusal: &clap::Error) -> Failure {
        let text = refusal.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let joined = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = text.split("\n\n").map(joined).filter(|part| !part.is_empty());
        let failure = Failure::of_kind(ErrorKind::InvalidInput, parts.next().unwrap_or_default());
        let rest: Vec<String> = parts.filter(|part| !part.starts_with("For more information")).collect();
        if rest.is_empty() { failure.hint("see: lvsarp --help") } else { failure.hint(rest.join("; ")) }
    }

    fn of_kind(kind: ErrorKind, message: String) -> Failure {
        Failure { kind, message, hint: None, rolled_back: None, findings: Vec::new(), status: 2 }
    }

    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            hint: error.hint_text().map(str::to_owned),
            rolled_back: error.rolled_back(),
            findings: error.findings().to_vec(),
            status: if error.kind() == ErrorKind::Refused { 1 } else { 2 },
            ..Failure::of_kind(error.kind(), error.to_string())
        }
    }
}

impl Serialize for Failure {
    /// `{"error": {"kind", "errno", "message", "hint", "rolled_back"}}`, and the findings behind it where there are any.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Inner<'a> {
            kind: &'static str,
            errno: i32,
            message: &'a str,
            hint: Option<&'a str>,
            rolled_back: Option<bool>,
        }
        let mut object = s.serialize_map(None)?;
        object.serialize_entry(
            "error",
            &Inner {
                kind: self.kind.name(),
                errno: self.kind.errno(),
                message: &self.message,
                hint: self.hint.as_deref(),
                rolled_back: self.rolled_back,
            },
        )?;
        if !self.findings.is_empty() {
            object.serialize_entry("findings", &self.findings)?;
        }
        object.end()
    }
}
