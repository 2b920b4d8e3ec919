//! What a command has to say, as a person or a program wants it, and the exit status that goes with it.

use lvsarp::Finding;
use serde::Serialize;

use crate::output::Paint;
use crate::table::printable;

/// The text for the standard output, in whole lines, and the exit status.
pub(crate) struct Answer {
    pub text: String,
    pub status: i32,
}

/// How an answer is to look.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub json: bool,
    pub paint: Paint,
}

impl Answer {
    /// An answer that is good news, or no news.
    pub fn text(text: String) -> Answer {
        Answer { text, status: 0 }
    }

    /// One object on one line.
    pub fn json(value: &impl Serialize) -> Answer {
        Answer::text(json(value) + "\n")
    }

    /// The same object for people: one field a line.
    pub fn indented(value: &impl Serialize) -> Answer {
        Answer::text(serde_json::to_string_pretty(value).expect("what is printed has string keys only") + "\n")
    }

    /// A text that is the same for everybody: itself, or in JSON an object with one field.
    pub fn document(field: &str, text: Vec<u8>, look: Look) -> Answer {
        let text = String::from_utf8(text).expect("scripts and pages are made of strings");
        if look.json { Answer::json(&serde_json::json!({ field: text })) } else { Answer::text(text) }
    }

    pub fn with_status(self, status: i32) -> Answer {
        Answer { status, ..self }
    }
}

/// One object on one line, without the end of the line.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is printed has string keys only")
}

/// `error vip-answered eth0 192.0.2.10: what was found`.
pub(crate) fn finding_line(finding: &Finding, paint: Paint) -> String {
    let mut line = paint.severity(finding.severity, finding.severity.name());
    line.push(' ');
    line.push_str(finding.code);
    if let Some(interface) = &finding.interface {
        line.push_str(&format!(" {interface}"));
    }
    if let Some(vip) = &finding.vip {
        line.push_str(&format!(" {vip}"));
    }
    line.push_str(": ");
    line.push_str(&printable(&finding.message));
    line
}

/// Findings, one a line, each with what to do about it below.
pub(crate) fn findings(findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    for finding in findings {
        text.push_str(&finding_line(finding, paint));
        text.push('\n');
        if !finding.hint.is_empty() {
            text.push_str(&paint.dim(&format!("  hint: {}", printable(&finding.hint))));
            text.push('\n');
        }
    }
    text
}
