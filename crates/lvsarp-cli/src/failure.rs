//! What went wrong: a library error, a wrong argument or a file that cannot be read, with its exit status.

use lvsarp::{Error, ErrorKind, Finding};
use serde_json::{Value, json};

/// A command that could not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub kind: &'static str,
    pub errno: i32,
    /// `cannot ACT THING: CAUSE`.
    pub message: String,
    pub hint: Option<String>,
    /// Whether something had been changed and was put back; `None`: nothing had been changed.
    rolled_back: Option<bool>,
    /// Why a plan was refused.
    pub findings: Vec<Finding>,
    /// 1 for a refusal, which is a finding about the host; 2 for everything else.
    pub status: i32,
}

impl Failure {
    /// A wrong argument: `cannot use THING: CAUSE`.
    pub fn input(thing: impl std::fmt::Display, cause: impl std::fmt::Display) -> Failure {
        Failure::of_kind(ErrorKind::InvalidInput, format!("cannot use {thing}: {cause}"))
    }

    /// A file that cannot be read.
    pub fn read(thing: impl std::fmt::Display, error: &std::io::Error) -> Failure {
        let words = error.to_string();
        let words = words.rfind(" (os error ").map_or(words.as_str(), |end| &words[..end]);
        let kind = error.raw_os_error().map_or(ErrorKind::InvalidInput, ErrorKind::System);
        Failure::of_kind(kind, format!("cannot read {thing}: {words}"))
    }

    /// What the parser of arguments says, without the `error: ` that `lvsarp: ` stands for.
    pub fn usage(refusal: &clap::Error) -> Failure {
        let text = refusal.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned();
        Failure::of_kind(ErrorKind::InvalidInput, text)
    }

    fn of_kind(kind: ErrorKind, message: String) -> Failure {
        let (kind, errno) = (kind.name(), kind.errno());
        Failure { kind, errno, message, hint: None, rolled_back: None, findings: Vec::new(), status: 2 }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    pub fn with_findings(self, findings: Vec<Finding>) -> Failure {
        Failure { findings, ..self }
    }

    /// `{"error": {"kind", "errno", "message", "hint", "rolled_back"}}`, and the findings of a refusal.
    pub fn as_json(&self) -> Value {
        let mut object = json!({
            "error": {
                "kind": self.kind,
                "errno": self.errno,
                "message": self.message,
                "hint": self.hint,
                "rolled_back": self.rolled_back,
            }
        });
        if self.status == 1 {
            object["findings"] = json!(self.findings);
        }
        object
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            hint: error.hint_text().map(str::to_owned),
            rolled_back: error.rolled_back(),
            status: if error.kind() == ErrorKind::Refused { 1 } else { 2 },
            ..Failure::of_kind(error.kind(), error.to_string())
        }
    }
}
