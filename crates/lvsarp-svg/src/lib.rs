//! The picture of an LVS-DR real server: what is silent in ARP and what leaks, as SVG.
//!
//! [`host()`] draws a snapshot with its report, [`decision()`] the way of one request through the kernel's checks. Both are pure functions of plain
//! data. The text is one SVG document, 800 pixels wide, without scripts, external fonts or references; it is light, and dark where that is preferred. Colours
//! are never alone: a word or a sign says the same. Whatever comes from the host is measured, cut to fit and escaped.
//!
//! ```no_run
//! let snapshot = lvsarp::Host::open()?.snapshot()?;
//! let report = snapshot.check(None)?;
//! std::fs::write("host.svg", lvsarp_svg::host(&snapshot, &report)).unwrap();
//! # Ok::<(), lvsarp::Error>(())
//! ```
#![forbid(unsafe_code)]

mod asked;
mod canvas;
mod card;
mod decision;
mod facts;
mod host;
mod measure;
mod style;
#[cfg(test)]
mod tests;
mod vips;

use asked::Asked;
use lvsarp::{Decision, IfName, Model, Report, Snapshot};

/// Draws a host: its interfaces with their levels and addresses, its VIPs, and what the network gets to hear of them.
///
/// The report is one of this snapshot, about any VIPs.
pub fn host(snapshot: &Snapshot, report: &Report) -> String {
    host::draw(snapshot, report)
}

/// Draws a decision: the request, its way through the kernel's checks with the function of each, and what leaves the host.
///
/// The decision is one of this snapshot. The report says which addresses are VIPs.
pub fn decision(snapshot: &Snapshot, report: &Report, decision: &Decision) -> String {
    decision::draw(snapshot, report, decision)
}

/// Asks a model what a decision was about, by its question: `who-has 192.0.2.10 tell 192.0.2.1 on eth0`, or
/// `announce 192.0.2.1 on eth0 from 192.0.2.10`. None for what is no question, or one about an interface that is not there.
///
/// A decision that travelled as text is drawn by this: one that is equal to it was made of the same host.
pub fn asked_again(model: &Model<'_>, question: &str) -> Option<Decision> {
    let asked = Asked::read(question)?;
    let on = |name: &str| -> Option<IfName> {
        Some(model.snapshot().interfaces.iter().find(|interface| interface.name.to_string() == name)?.name)
    };
    let decision = match &asked {
        Asked::WhoHas { target, sender, on: name } => {
            model.would_reply(target.parse().ok()?, sender.parse().ok()?, &on(name)?)
        }
        Asked::Announce { target, source, on: name } => {
            let source = match source {
                Some(source) => Some(source.parse().ok()?),
                None => None,
            };
            model.would_announce(target.parse().ok()?, &on(name)?, source)
        }
    };
    decision.ok()
}
