//! One decision of the kernel: what it does, the reason in one sentence, and the checks that lead to it.

use std::net::Ipv4Addr;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::arp::trace::{Check, Trace};
use crate::arp::{Device, View};
use crate::filters::Way;

/// What the kernel does, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What was asked: `who-has 192.0.2.10 tell 192.0.2.1 on eth0`, `announce 192.0.2.1 on eth0 from 192.0.2.10`.
    pub question: String,
    /// What it does.
    pub outcome: Outcome,
    /// The answer in one sentence.
    pub rule: String,
    /// The checks, in the kernel's order, up to the one that decides.
    pub trace: Vec<Check>,
    /// What is outside of the model and may change the answer, such as a packet filter.
    pub caveats: Vec<String>,
    /// What the running kernel says about the part that routing decides, where it was asked.
    pub witness: Option<Witness>,
}

/// The running kernel's word on a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Whether it agrees with the model; none where it could not be asked.
    pub agrees: Option<bool>,
    /// What it was asked and said, in one sentence.
    pub text: String,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// About a who-has that arrives.
    Reply {
        /// Whether it is answered; none where a level that decides is unknown.
        replies: Option<bool>,
        /// What the host remembers of the sender.
        learns: Option<Learning>,
    },
    /// About a request of our own.
    Announce {
        /// The sender that it carries. 0.0.0.0 where there is no address to choose; none where no request is sent, or a level that decides is
        /// unknown.
        source: Option<Ipv4Addr>,
        /// Whether a request is sent.
        asks: bool,
    },
}

/// What a host remembers of the sender of a request (`net/ipv4/arp.c: arp_process()`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learning {
    /// Nothing: not even an entry that it has is touched.
    Nothing,
    /// An entry that it has gets the sender's MAC; no entry is made.
    Updates,
    /// The sender enters the neighbour cache, or its entry gets the sender's MAC: the host was asked for an address that it answers for, or it
    /// accepts gratuitous ARP.
    Enters,
}

impl Learning {
    /// `nothing`, `updates` or `enters`.
    pub fn name(self) -> &'static str {
        match self {
            Learning::Nothing => "nothing",
            Learning::Updates => "updates",
            Learning::Enters => "enters",
        }
    }
}

impl Decision {
    pub(crate) fn new(
        view: &View<'_>,
        device: &Device<'_>,
        question: String,
        outcome: Outcome,
        trace: Trace,
    ) -> Decision {
        let answer = match outcome {
            Outcome::Reply { replies: Some(true), .. } => "reply".to_owned(),
            Outcome::Reply { replies: Some(false), .. } => "no reply".to_owned(),
            Outcome::Announce { source: Some(source), .. } => format!("sender {source}"),
            Outcome::Announce { asks: false, .. } => "no request".to_owned(),
            _ => "unknown".to_owned(),
        };
        let (because, trace, mut caveats) = trace.written().read();
        let way = match outcome {
            Outcome::Reply { .. } => Way::Reply,
            Outcome::Announce { .. } => Way::Announce,
        };
        caveats.extend(view.caveats(device, way));
        Decision { question, outcome, rule: format!("{answer}: {because}"), trace, caveats, witness: None }
    }

    /// Whether there is an answer: false where a level that decides is unknown.
    pub fn is_known(&self) -> bool {
        match self.outcome {
            Outcome::Reply { replies, .. } => replies.is_some(),
            Outcome::Announce { source, asks } => source.is_some() || !asks,
        }
    }

    /// Whether the who-has is answered; none where a level that decides is unknown, or where the decision is not about a who-has.
    pub fn replies(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Reply { replies, .. } => replies,
            Outcome::Announce { .. } => None,
        }
    }

    /// What the host remembers of the sender of a who-has.
    pub fn learns(&self) -> Option<Learning> {
        match self.outcome {
            Outcome::Reply { learns, .. } => learns,
            Outcome::Announce { .. } => None,
        }
    }

    /// The sender of the request; see [`Outcome::Announce`].
    pub fn source(&self) -> Option<Ipv4Addr> {
        match self.outcome {
            Outcome::Announce { source, .. } => source,
            Outcome::Reply { .. } => None,
        }
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let mut decision = s.serialize_struct("Decision", 7)?;
        decision.serialize_field("question", &self.question)?;
        match self.outcome {
            Outcome::Reply { replies, learns } => {
                decision.serialize_field("replies", &replies)?;
                decision.serialize_field("learns", &learns)?;
            }
            Outcome::Announce { source, .. } => decision.serialize_field("source", &source)?,
        }
        decision.serialize_field("rule", &self.rule)?;
        decision.serialize_field("trace", &self.trace)?;
        decision.serialize_field("caveats", &self.caveats)?;
        decision.serialize_field("witness", &self.witness)?;
        decision.end()
    }
}
