//! The standard output and error: colours only where a person looks, and a reader that went away ends the output quietly.

use std::io::{self, IsTerminal, Write};

use lvsarp::Severity;

use crate::answer::{self, Answer};
use crate::failure::Failure;
use crate::table::printable;

/// Whether to use colours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Colour,
}

/// The colours, by what they say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Bold,
    Dim,
    Good,
    Bad,
    Doubtful,
}

impl Paint {
    /// The colours of the standard output.
    pub fn of_stdout() -> Paint {
        Paint::on(io::stdout().is_terminal())
    }

    /// <https://no-color.org>: NO_COLOR with any value but the empty one turns colours off.
    fn on(terminal: bool) -> Paint {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if terminal && !refused && !dumb { Paint::Colour } else { Paint::Plain }
    }

    pub fn tone(self, tone: Tone, text: &str) -> String {
        if self == Paint::Plain || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Doubtful => "33",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub fn dim(self, text: &str) -> String {
        self.tone(Tone::Dim, text)
    }

    pub fn severity(self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::Error => self.tone(Tone::Bad, text),
            Severity::Unknown | Severity::Warning => self.tone(Tone::Doubtful, text),
            Severity::Info => self.dim(text),
        }
    }
}

/// Prints an answer and returns the exit status.
pub(crate) fn answer(answer: &Answer) -> i32 {
    match print(&answer.text) {
        Ok(()) => answer.status,
        Err(failure) => complain(&failure),
    }
}

/// Prints what went wrong and returns the exit status. The text goes to the standard error in any case.
pub(crate) fn failure(failure: &Failure, json: bool) -> i32 {
    let details = match json {
        true => answer::json(failure) + "\n",
        false => answer::findings(&failure.findings, Paint::of_stdout()),
    };
    let printed = print(&details);
    let status = complain(failure);
    match printed {
        Ok(()) => status,
        Err(failure) => complain(&failure),
    }
}

/// Writes and flushes. A pipe that nobody reads any more is no error: the reader has seen what it wanted.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::os("write", "the standard output", &e)),
        _ => Ok(()),
    }
}

/// `lvsarp: cannot ACT THING: CAUSE`, and the hint below. Returns the exit status. If this cannot be written either, there is nobody left to tell.
fn complain(failure: &Failure) -> i32 {
    let mut text = format!("lvsarp: {}\n", printable(&failure.message));
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("  hint: {}\n", printable(hint)));
    }
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    failure.status
}
