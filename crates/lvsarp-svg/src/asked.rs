//! The question of a decision, read back from its words.

use lvsarp::Decision;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    WhoHas { target: String, sender: String, on: String },
    Announce { target: String, source: Option<String>, on: String },
}

impl Asked {
    pub fn of(decision: &Decision) -> Option<Asked> {
        Asked::read(&decision.question)
    }

    /// Reads `who-has TARGET tell SENDER on IFACE`, `announce TARGET on IFACE from SOURCE`. No name has a space in it.
    pub fn read(question: &str) -> Option<Asked> {
        let words: Vec<&str> = question.split(' ').collect();
        let owned = |text: &&str| (*text).to_owned();
        match words.as_slice() {
            ["who-has", target, "tell", sender, "on", on] => {
                Some(Asked::WhoHas { target: owned(target), sender: owned(sender), on: owned(on) })
            }
            ["announce", target, "on", on] => {
                Some(Asked::Announce { target: owned(target), source: None, on: owned(on) })
            }
            ["announce", target, "on", on, "from", source] => {
                Some(Asked::Announce { target: owned(target), source: Some(owned(source)), on: owned(on) })
            }
            _ => None,
        }
    }

    pub fn interface(&self) -> &str {
        match self {
            Asked::WhoHas { on, .. } | Asked::Announce { on, .. } => on,
        }
    }

    pub fn target(&self) -> &str {
        match self {
            Asked::WhoHas { target, .. } | Asked::Announce { target, .. } => target,
        }
    }
}
