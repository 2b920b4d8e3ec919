//! `lvsarp watch`: one line for each thing that changes what is answered, and with `--repair` a real server that stays one.

use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lvsarp::{Desired, Event, EventKind, Finding, Netns, Report, Severity, Vip, WatchOptions};
use serde_json::json;

use crate::answer::{self, Answer, Look};
use crate::apply;
use crate::args::{MannerArgs, WatchArgs};
use crate::check::Silent;
use crate::failure::Failure;
use crate::input;
use crate::output::{Paint, Tone};
use crate::stream;
use crate::table::printable;

pub(crate) fn run(args: &WatchArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let options = options(args)?;
    let until = match &args.how_long {
        Some(_) => Some(Instant::now() + input::seconds("--for", args.how_long.as_deref(), Duration::ZERO)?),
        None => None,
    };
    let mut watch = input::host(netns)?.watch(&options)?;
    let report = watch.check()?;
    let mut silent = verdict(&report);
    let begin = match look.json {
        true => beginning(watch.vips(), &report),
        false => format!("{} watching: {}", clock(SystemTime::now()), state(watch.vips(), &report, look.paint)),
    };
    let mut read = stream::line(&begin)?;
    while read {
        let patience = until.map(|until| until.saturating_duration_since(Instant::now()));
        let over = !watch.wait(patience)?;
        let mut written = Ok(true);
        watch.dispatch(&mut |event| {
            silent = event.silent;
            if matches!(written, Ok(true)) {
                written = stream::line(&if look.json { answer::json(event) } else { line(event, look.paint) });
            }
        })?;
        read = written?;
        if over || until.is_some_and(|until| Instant::now() >= until) {
            silent = verdict(&watch.check()?);
            break;
        }
    }
    let status = match silent {
        Some(true) => 0,
        Some(false) => 1,
        None => 2,
    };
    Ok(Answer::text(String::new()).with_status(status))
}

fn options(args: &WatchArgs) -> Result<WatchOptions, Failure> {
    let vips = input::vips(&args.vips)?;
    let default = WatchOptions::default();
    let repair = match args.repair {
        true => Some(repair(vips.clone(), &args.manner)?),
        false if args.manner.is_asked_for() => {
            return Err(Failure::input("an option of apply without --repair", "nothing is applied then"));
        }
        false => None,
    };
    Ok(WatchOptions {
        vips: (!vips.is_empty()).then(|| vips.iter().map(|vip| vip.address()).collect()),
        interval: input::seconds("--interval", args.interval.as_deref(), default.interval)?,
        repair,
        per_minute: input::count("--per-minute", args.per_minute.as_deref(), default.per_minute)?,
    })
}

/// Without VIPs: those that are watched.
fn repair(vips: Vec<Vip>, manner: &MannerArgs) -> Result<Desired, Failure> {
    apply::in_manner(Desired::new(vips), manner)
}

fn verdict(report: &Report) -> Option<bool> {
    match (report.ok, report.has_errors()) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// The first object: what is watched, and how it is.
fn beginning(vips: &[IpAddr], report: &Report) -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let finding = report.findings.first().filter(|finding| finding.severity == Severity::Error);
    answer::json(&json!({
        "time": time, "kind": "watching", "vips": vips, "silent": verdict(report), "finding": finding,
    }))
}

fn state(vips: &[IpAddr], report: &Report, paint: Paint) -> String {
    match report.findings.iter().find(|finding| finding.severity <= Severity::Unknown) {
        Some(finding) => answer::finding_line(finding, paint),
        None => Silent::of(report, vips).line(paint),
    }
}

/// `12:00:01.234567 level-changed all/arp_ignore 1 -> 0 by sysctl (4711): leaks: ...`; the time is UTC.
fn line(event: &Event, paint: Paint) -> String {
    let (name, tone) = (event.kind.name(), tone(event));
    let mut line = format!("{} {}", clock(event.time), paint.tone(tone, name));
    match event.kind {
        EventKind::Resynced | EventKind::Repaired | EventKind::RepairFailed | EventKind::RepairLimited => {
            line.push_str(&format!(": {}", printable(&event.message)));
        }
        _ => {
            line.push_str(&format!(" {}", what(event)));
            if let Some(by) = &event.by {
                line.push_str(&format!(" by {}", printable(by)));
            }
        }
    }
    match (event.silent, &event.finding) {
        (Some(true), _) => line.push_str(&format!(": {}", paint.tone(Tone::Good, "silent"))),
        (Some(false), Some(Finding { message, .. })) => line.push_str(&format!("; {}", printable(message))),
        (Some(false), None) => line.push_str("; a VIP is not silent"),
        (None, _) => line.push_str("; whether the VIPs are silent could not be told"),
    }
    line
}

/// `all/arp_ignore 1 -> 0`, `192.0.2.10 lo: scope host label lo`, `eth1`.
fn what(event: &Event) -> String {
    let thing = match (&event.vip, &event.scope, event.key) {
        (_, Some(scope), Some(key)) => format!("{scope}/{key}"),
        (Some(vip), Some(scope), None) => format!("{vip} on {scope}"),
        (None, Some(scope), None) => scope.to_string(),
        _ => String::new(),
    };
    match (&event.old, &event.new) {
        (Some(old), Some(new)) => format!("{thing} {old} -> {new}"),
        _ => thing,
    }
}

fn tone(event: &Event) -> Tone {
    match (event.kind, event.silent) {
        (EventKind::Repaired, _) | (_, Some(true)) => Tone::Good,
        (_, Some(false)) => Tone::Bad,
        (_, None) => Tone::Doubtful,
    }
}

/// The time of the day in UTC.
fn clock(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs() % 86_400, since.subsec_micros());
    format!("{:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
