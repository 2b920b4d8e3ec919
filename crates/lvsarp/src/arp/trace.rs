//! A decision and its trace: the checks in the kernel's order, each with the values that it read.

use std::fmt;

use serde::Serialize;

/// One check on the way to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The kernel's function that it mirrors, such as `net/ipv4/arp.c: arp_ignore()`.
    pub function: &'static str,
    /// Whether the way goes on.
    pub pass: bool,
    /// What was found, with the values that were read.
    pub text: String,
}

/// The checks so far, where somebody wants them: without that no text is made.
pub(crate) struct Trace(Option<Written>);

#[derive(Default)]
pub(crate) struct Written {
    /// The checks; the last one decides.
    pub checks: Vec<Check>,
    /// What the model cannot tell.
    pub doubts: Vec<String>,
    /// What follows from the decision, and does not decide.
    asides: Vec<Check>,
}

impl Trace {
    pub fn off() -> Trace {
        Trace(None)
    }

    pub fn on() -> Trace {
        Trace(Some(Written::default()))
    }

    pub fn written(self) -> Written {
        self.0.unwrap_or_default()
    }

    /// A check. Without a trace its text is not written: `format_args!` only notes where the values are.
    pub fn note(&mut self, function: &'static str, pass: bool, text: fmt::Arguments<'_>) {
        if let Some(written) = &mut self.0 {
            written.note(function, pass, text);
        }
    }

    pub fn pass(&mut self, function: &'static str, text: fmt::Arguments<'_>) {
        self.note(function, true, text);
    }

    pub fn stop(&mut self, function: &'static str, text: fmt::Arguments<'_>) {
        self.note(function, false, text);
    }

    /// Something that follows from the decision.
    #[inline(never)]
    pub fn aside(&mut self, function: &'static str, text: fmt::Arguments<'_>) {
        if let Some(written) = &mut self.0 {
            written.asides.push(Check { function, pass: true, text: text.to_string() });
        }
    }

    /// Something that the model cannot tell.
    #[inline(never)]
    pub fn doubt(&mut self, text: fmt::Arguments<'_>) {
        if let Some(written) = &mut self.0 {
            written.doubts.push(text.to_string());
        }
    }
}

impl Written {
    #[cold]
    #[inline(never)]
    fn note(&mut self, function: &'static str, pass: bool, text: fmt::Arguments<'_>) {
        self.checks.push(Check { function, pass, text: text.to_string() });
    }

    /// The last check's text, and all checks with what follows behind them.
    pub fn read(mut self) -> (String, Vec<Check>, Vec<String>) {
        let because = self.checks.last().map_or(String::new(), |check| check.text.clone());
        self.checks.append(&mut self.asides);
        (because, self.checks, self.doubts)
    }
}
