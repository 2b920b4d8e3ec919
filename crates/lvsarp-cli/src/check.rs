//! `lvsarp check`: is every VIP silent, and if not, why and what to do.

use std::net::IpAddr;

use lvsarp::{Netns, Report};

use crate::answer::{Answer, Look, findings};
use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::Tone;

/// How many VIPs or interfaces a line names before it counts the rest.
const NAMED: usize = 8;

pub(crate) fn run(args: &CheckArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let named = input::addresses(&args.vips)?;
    let (report, vips) = match Source::open(netns, args.snapshot.as_deref())? {
        Source::Host(host) => {
            let report = host.check(named.as_deref())?;
            (report, named)
        }
        Source::File(snapshot) => {
            let report = snapshot.check(named.as_deref())?;
            (report, Some(named.unwrap_or_else(|| snapshot.vips())))
        }
    };
    let status = status(&report);
    if look.json {
        return Ok(Answer::json(&report).with_status(status));
    }
    let mut text = findings(&report.findings, look.paint);
    if report.ok {
        let ok = look.paint.tone(Tone::Good, "ok");
        text.push_str(&format!("{ok}: {}\n", silence(&report, vips.as_deref().unwrap_or_default())));
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

/// What an `ok` report says: which VIPs are silent, and where. `vips`: those that were asked about, for a host where none of them has a verdict.
pub(crate) fn silence(report: &Report, vips: &[IpAddr]) -> String {
    let mut on = Vec::new();
    let mut silent: Vec<IpAddr> = Vec::new();
    // Verdicts come VIP by VIP, each with the same interfaces.
    for verdict in &report.verdicts {
        if silent.last() != Some(&verdict.vip) {
            silent.push(verdict.vip);
        }
        if silent.len() == 1 {
            on.push(verdict.interface);
        }
    }
    let list = |vips: &[IpAddr]| format!("{} {}", listed(vips), if vips.len() == 1 { "is" } else { "are" });
    match (silent.as_slice(), vips) {
        ([], []) => "there is no VIP to keep silent".to_owned(),
        ([], vips) => format!("{} silent: no interface that is up speaks ARP", list(vips)),
        (silent, _) => format!("{} silent on {}", list(silent), listed(&on)),
    }
}

/// `a, b and 3 more`.
pub(crate) fn listed(items: &[impl std::fmt::Display]) -> String {
    let named: Vec<String> = items.iter().take(NAMED).map(ToString::to_string).collect();
    match items.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
