//! `lvsarp check`: is every VIP silent, and if not, why and what to do.

use std::net::IpAddr;

use lvsarp::{Netns, Report, Verdict};

use crate::answer::{Answer, Look, findings};
use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};

/// How many VIPs or interfaces a line names before it counts the rest.
const NAMED: usize = 8;

const NO_VIP: &str = "there is no VIP to keep silent";

pub(crate) fn run(args: &CheckArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let named = input::addresses(&args.vips)?;
    let named = named.as_deref();
    let source = Source::open(netns, args.snapshot.as_deref())?;
    let report = match &source {
        Source::Host(host) => host.check(named)?,
        Source::File(snapshot) => snapshot.check(named)?,
    };
    let status = status(&report);
    if look.json {
        return Ok(Answer::json(&report).with_status(status));
    }
    let mut text = findings(&report.findings, look.paint);
    if report.ok {
        let vips = match named {
            Some(vips) => vips.to_vec(),
            None if report.verdicts.is_empty() => source.snapshot()?.vips(),
            None => Vec::new(),
        };
        let silent = Silent::of(&report, &vips);
        text.push_str(&format!("{}: {}\n", look.paint.tone(Tone::Good, "ok"), silent.sentence()));
    }
    Ok(Answer::text(text).with_status(status))
}

/// 1 where a VIP is known to leak or is missing, 2 where that could not be told.
fn status(report: &Report) -> i32 {
    match (report.ok, report.has_errors()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// Who is silent where, by a report without errors.
pub(crate) struct Silent {
    vips: Vec<IpAddr>,
    on: Vec<lvsarp::IfName>,
}

impl Silent {
    /// `asked`: the VIPs that the report is about, for a host where none of them has a verdict because no interface speaks ARP.
    pub fn of(report: &Report, asked: &[IpAddr]) -> Silent {
        Silent::among(&report.verdicts, asked)
    }

    /// The same of the verdicts alone.
    pub fn among(verdicts: &[Verdict], asked: &[IpAddr]) -> Silent {
        let mut silent = Silent { vips: Vec::new(), on: Vec::new() };
        // Verdicts come VIP by VIP, each with the same interfaces.
        for verdict in verdicts {
            if silent.vips.last() != Some(&verdict.vip) {
                silent.vips.push(verdict.vip);
            }
            if silent.vips.len() == 1 {
                silent.on.push(verdict.interface);
            }
        }
        if silent.vips.is_empty() {
            silent.vips = asked.to_vec();
        }
        silent
    }

    /// `192.0.2.10 is silent on eth0`.
    pub fn sentence(&self) -> String {
        let are = if self.vips.len() == 1 { "is" } else { "are" };
        match (self.vips.is_empty(), self.on.is_empty()) {
            (true, _) => NO_VIP.to_owned(),
            (false, true) => format!("{} {are} silent, because no interface speaks ARP", listed(&self.vips)),
            (false, false) => format!("{} {are} silent on {}", listed(&self.vips), listed(&self.on)),
        }
    }

    /// `silent: 192.0.2.10 on eth0`.
    pub fn line(&self, paint: Paint) -> String {
        let silent = paint.tone(Tone::Good, "silent");
        match (self.vips.is_empty(), self.on.is_empty()) {
            (true, _) => NO_VIP.to_owned(),
            (false, true) => format!("{silent}: {}, because no interface speaks ARP", listed(&self.vips)),
            (false, false) => format!("{silent}: {} on {}", listed(&self.vips), listed(&self.on)),
        }
    }
}

/// `a, b and 3 more`.
fn listed(items: &[impl std::fmt::Display]) -> String {
    let named: Vec<String> = items.iter().take(NAMED).map(ToString::to_string).collect();
    match items.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
