//! `lvsarp promote` and `lvsarp demote`: the VIPs move between the silent real server's device and the owner's interface.

use std::net::IpAddr;

use lvsarp::{AnnounceOptions, Changes, Error, Finding, Host, Netns, RoleSwitch, Severity};

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
        return Ok(foretold(&host.plan_promote(&switch)?, look));
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
    let mut answer = done(&changes, look).with_status(status);
    if let Some(sent) = sent.filter(|_| !look.json) {
        answer.text.push_str(&format!("sent {sent} frames on {}\n", switch.on));
    }
    Ok(answer)
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
