//! `lvsarp promote` and `lvsarp demote`: the VIPs move between the silent real server's device and the owner's interface.

use std::net::IpAddr;

use lvsarp::{AnnounceOptions, Changes, Error, Finding, Host, Netns, RoleSwitch, Severity};
use serde::Serialize;

use crate::answer::{Answer, Look};
use crate::apply::{done, level_scope, would};
use crate::args::{DemoteArgs, PromoteArgs, SwitchArgs};
use crate::failure::Failure;
use crate::input;

pub(crate) fn promote(args: &PromoteArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let switch = switch(&args.switch)?;
    let patience = input::patience(args.switch.lock_timeout.as_deref())?;
    let host = input::host(netns)?;
    if args.switch.dry_run {
        let changes = host.plan_promote(&switch)?;
        return Ok(with_sent(foretold(&changes, look), &changes, None, &switch, look));
    }
    let mut changes = host.promote(&switch, patience)?;
    let announced = if args.no_announce { Ok(None) } else { tell(&host, &switch).map(Some) };
    let (sent, status) = match announced {
        Ok(sent) => (sent, 0),
        Err(error) => {
            changes.findings.push(not_announced(&switch, &error));
            (None, 2)
        }
    };
    Ok(with_sent(done(&changes, look).with_status(status), &changes, sent, &switch, look))
}

/// What promote changed, and how many frames told the neighbours; `None` where they were not told.
#[derive(Serialize)]
struct Promoted<'a> {
    #[serde(flatten)]
    changes: &'a Changes,
    sent: Option<u32>,
}

fn with_sent(mut answer: Answer, changes: &Changes, sent: Option<u32>, switch: &RoleSwitch, look: Look) -> Answer {
    if look.json {
        return Answer::json(&Promoted { changes, sent }).with_status(answer.status);
    }
    if let Some(sent) = sent {
        answer.text.push_str(&format!("sent {sent} frames on {}\n", switch.on));
    }
    answer
}

pub(crate) fn demote(args: &DemoteArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let switch = RoleSwitch { scope: level_scope(args.scope), ..switch(&args.switch)? };
    let patience = input::patience(args.switch.lock_timeout.as_deref())?;
    let host = input::host(netns)?;
    if args.switch.dry_run {
        return Ok(foretold(&host.plan_demote(&switch)?, look));
    }
    Ok(done(&host.demote(&switch, patience)?, look))
}

/// Tells the neighbours where the VIPs are now, as long as no demote takes them away again.
fn tell(host: &Host, switch: &RoleSwitch) -> Result<u32, Error> {
    let vips: Vec<IpAddr> = switch.vips.iter().map(|vip| vip.address()).collect();
    host.announce(&vips, &switch.on, &AnnounceOptions::default())
}

/// The host is the owner, but its neighbours were not told.
fn not_announced(switch: &RoleSwitch, error: &Error) -> Finding {
    Finding {
        code: "not-announced",
        severity: Severity::Warning,
        interface: Some(switch.on),
        vip: None,
        message: format!("the neighbours were not told: {error}"),
        hint: error.hint_text().unwrap_or("run lvsarp announce").to_owned(),
    }
}

fn switch(args: &SwitchArgs) -> Result<RoleSwitch, Failure> {
    let vips = input::vips(&args.vips)?;
    Ok(RoleSwitch { dev: input::interface(&args.dev)?, ..RoleSwitch::new(vips, input::interface(&args.on)?) })
}

/// What a dry run says; status 1 where the real one would refuse.
fn foretold(changes: &Changes, look: Look) -> Answer {
    let refuses = changes.findings.iter().any(|finding| finding.severity <= Severity::Unknown);
    would(changes, look).with_status(refuses.into())
}
