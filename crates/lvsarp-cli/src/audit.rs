//! `lvsarp audit`: whether a real server is silent for a VIP and accepts it, as seen from the wire.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::time::Duration;

use lvsarp::{Answer as Came, Audit, AuditOptions, AuditState, AuditTarget, Netns, Service};

use crate::answer::{Answer, Look};
use crate::args::AuditArgs;
use crate::failure::Failure;
use crate::input;
use crate::output::{Paint, Tone};
use crate::table::{Cell, Table};

pub(crate) fn run(args: &AuditArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let target = AuditTarget {
        vip: address("VIP", &args.vip)?,
        real_server: address("--real-server", &args.real_server)?,
        service: match &args.port {
            Some(port) => Service::Tcp(number_of_port(port)?),
            None => Service::Echo,
        },
        on: input::interface(&args.on)?,
    };
    let default = AuditOptions::default();
    let options = AuditOptions {
        timeout: input::seconds("--timeout", args.timeout.as_deref(), default.timeout)?,
        tries: input::count("--tries", args.tries.as_deref(), default.tries)?,
    };
    let audit = input::host(netns)?.audit(&target, &options)?;
    let answer = if look.json { Answer::json(&audit) } else { Answer::text(text(&audit, look.paint)) };
    Ok(answer.with_status(i32::from(audit.state != AuditState::Healthy)))
}

/// The verdict with the first reason, the other reasons, and the facts.
fn text(audit: &Audit, paint: Paint) -> String {
    let tone = if audit.state == AuditState::Healthy { Tone::Good } else { Tone::Bad };
    let reasons = audit.reasons();
    let (first, others) = reasons.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    let state = paint.tone(tone, audit.state.name());
    let mut text = format!("{state} {} for {}: {first}\n", audit.real_server, audit.vip);
    for reason in others {
        text.push_str(&format!("  {reason}\n"));
    }
    let came = |answer: Came, delay: Option<Duration>| match delay {
        Some(delay) => format!("{answer} after {:.3} ms", delay.as_secs_f64() * 1e3),
        None => answer.to_string(),
    };
    let mut facts = Table::default();
    for (name, fact) in [
        ("MAC address", audit.mac.map_or_else(|| "unknown".to_owned(), |mac| mac.to_string())),
        ("who-has it answered", audit.answered.to_string()),
        ("announcements", audit.announced.to_string()),
        ("from the VIP", came(audit.from_vip, audit.delay)),
        ("from its own address", came(audit.from_real_server, None)),
        ("others that answered", audit.others.to_string()),
    ] {
        facts.row([Cell::new(""), Cell::toned(name, Tone::Dim), Cell::new(fact)]);
    }
    text + &facts.render(paint)
}

fn address(name: &str, value: &OsStr) -> Result<IpAddr, Failure> {
    let text = input::text(name, value)?;
    text.parse().map_err(|_| Failure::input(format!("{name} {text:?}"), "it is not an IPv4 or IPv6 address"))
}

fn number_of_port(value: &OsStr) -> Result<u16, Failure> {
    let text = input::text("--port", value)?;
    text.parse().map_err(|_| Failure::input(format!("--port {text:?}"), "it is not a port from 1 to 65535"))
}
