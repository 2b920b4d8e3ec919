//! A check of the host as it will be after the boot: the predicted levels, and the VIPs bound.

use std::net::IpAddr;
use std::path::Path;

use crate::address::Method;
use crate::boot::predict::{BootOptions, LEVELS, PLACEHOLDER, Predicted, Prediction};
use crate::change::{Change, Step};
use crate::check::{About, Finding, Findings, Report, Severity};
use crate::error::Result;
use crate::flags::{AddressFlags, AddressScope, InterfaceFlags};
use crate::interface::{IfName, Scope};
use crate::key::Key;
use crate::persist::{self, file, state_file};
use crate::plan::Desired;
use crate::snapshot::{Address, Conf, Interface, Snapshot};
use crate::sorted::each_once;

/// What the check of the host after the boot finds, with the lines that decide.
pub(crate) fn check(
    now: &Snapshot,
    vips: Option<&[IpAddr]>,
    options: &BootOptions,
    prediction: &Prediction,
    mut findings: Findings,
) -> Result<Report> {
    let desired = state(&options.root, &mut findings);
    let watched = match vips {
        Some(vips) => vips.to_vec(),
        None => {
            let mut watched = desired.as_ref().map(|desired| desired.watched(now)).unwrap_or_default();
            watched.extend(now.vips());
            each_once(watched)
        }
    };
    let watched = if vips.is_none() && watched.is_empty() { None } else { Some(watched) };
    let watching = watched.as_deref().unwrap_or_default();
    let mut restored = persist::foretell(&options.root, now, desired.as_ref(), watching, &mut findings);
    if let Some(desired) = &desired
        && let Err(error) = with(now, &options.interfaces).plan(desired)
    {
        restored = false;
        findings.add(
            "restore-will-fail",
            Severity::Unknown,
            &About::interface(desired.dev),
            format_args!("lvsarp restore cannot bind the VIPs at boot: {error}"),
            format_args!("what it needs must be there before it runs; or persist again"),
        );
    }
    let restores = desired.as_ref().filter(|_| restored).map(|desired| desired.watched(now)).unwrap_or_default();

    let mut report = after(now, &prediction.early, desired.as_ref(), watched.as_deref(), &options.interfaces)?;
    let differs = |(early, late): (&Predicted, &Predicted)| early.values != late.values;
    if prediction.early.iter().zip(&prediction.late).any(differs) {
        let late = after(now, &prediction.late, desired.as_ref(), watched.as_deref(), &options.interfaces)?;
        let new: Vec<Finding> =
            late.findings.into_iter().filter(|finding| !report.findings.contains(finding)).collect();
        for (verdict, other) in report.verdicts.iter_mut().zip(&late.verdicts) {
            verdict.replies = worse(verdict.replies, other.replies);
            verdict.announces = worse(verdict.announces, other.announces);
        }
        report.add(new);
    }
    let of_levels = report.findings.iter_mut().filter(|f| matches!(f.code, "vip-answered" | "vip-announced"));
    for finding in of_levels.filter(|f| f.vip.is_some_and(|vip| restores.contains(&vip))) {
        let joint = if finding.hint.is_empty() { "" } else { "; " };
        finding.hint.push_str(joint);
        finding.hint.push_str("lvsarp restore sets it before it binds the VIP, until the loader runs again");
    }
    report.add(findings.list);
    Ok(report)
}

/// The wish that was persisted, if restore can use it. An image may belong to whoever builds it; this host's files have to be root's.
fn state(root: &Path, findings: &mut Findings) -> Option<Desired> {
    let read = || -> std::result::Result<Option<Desired>, String> {
        let Some(found) = file::look(root, state_file::PATH).map_err(|e| e.to_string())? else { return Ok(None) };
        let mode = found.attributes.mode;
        let owner = found.attributes.owner.map_or(0, |(user, _)| user);
        if root == Path::new("/") && (owner != 0 || mode & 0o022 != 0) {
            return Err(format!("it is of user {owner} with mode {mode:04o}, so others than root may write it"));
        }
        // As restore reads it.
        if root == Path::new("/") {
            return persist::load(root).map_err(|e| e.to_string());
        }
        state_file::read(&found.content).map(|state| state.desired)
    };
    read().unwrap_or_else(|why| {
        findings.add(
            "state-unusable",
            Severity::Unknown,
            &About::HOST,
            format_args!("restore will refuse it: {}: {why}", state_file::PATH),
            format_args!("repair it, or persist again (--overwrite)"),
        );
        None
    })
}

/// Of two answers the one that is to be feared more.
fn worse(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, _) | (_, None) => None,
        _ => Some(false),
    }
}

/// The report on the host with these levels.
fn after(
    now: &Snapshot,
    predicted: &[Predicted],
    desired: Option<&Desired>,
    watched: Option<&[IpAddr]>,
    named: &[IfName],
) -> Result<Report> {
    let mut then = with(now, named);
    for of in predicted {
        for (key, value) in LEVELS.into_iter().zip(of.values) {
            if let Ok(Some(conf)) = then.conf_mut(&of.scope) {
                conf.set(key, Some(value));
            }
        }
    }
    let steps = bound(&then, desired, watched.unwrap_or_default());
    then.foresee(&steps);
    let mut report = then.check(watched)?;
    for finding in &mut report.findings {
        if finding.severity != Severity::Info {
            because(finding, predicted);
        }
    }
    Ok(report)
}

/// The host with interfaces that are not there yet.
fn with(now: &Snapshot, named: &[IfName]) -> Snapshot {
    let mut then = now.clone();
    for name in named {
        if then.interface(name).is_err() {
            plug_in(&mut then, *name);
        }
    }
    then
}

/// Binds on lo what is not bound yet: a restore will, as it was asked to, or whoever has bound it before.
fn bound(then: &Snapshot, desired: Option<&Desired>, watched: &[IpAddr]) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(plan) = desired.and_then(|desired| then.plan(desired).ok()) {
        steps.extend(plan.steps.into_iter().filter(|step| !matches!(step.change, Change::Level { .. })));
    }
    let is_there = |vip: &IpAddr| {
        let in_steps = steps.iter().any(|step| match &step.change {
            Change::Address { new: Some(new), .. } => new.local == *vip,
            Change::Route { new: Some(new), .. } => new.prefix.contains(*vip),
            _ => false,
        });
        in_steps || then.addresses.iter().any(|a| a.local == *vip)
    };
    let missing: Vec<crate::Vip> = watched
        .iter()
        .filter(|vip| !is_there(vip) && !then.local_routes.iter().any(|route| route.prefix.contains(**vip)))
        .filter_map(|vip| crate::Vip::new(*vip).ok())
        .collect();
    if !missing.is_empty()
        && let Ok(plan) = then.plan(&Desired::new(missing))
    {
        steps.extend(plan.steps.into_iter().filter(|step| !matches!(step.change, Change::Level { .. })));
    }
    steps
}

/// An interface that is not there yet, taken as Ethernet that is up and has an address of its own.
fn plug_in(then: &mut Snapshot, name: IfName) {
    /// `IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST | IFF_LOWER_UP`
    const WORKING: u32 = 0x1_1043;
    const ETHERNET: u16 = 1;
    let index = then.interfaces.iter().map(|i| i.index).max().unwrap_or(0).saturating_add(1);
    then.interfaces.push(Interface {
        index,
        name,
        kind: None,
        flags: InterfaceFlags(WORKING),
        hardware: ETHERNET,
        mac: None,
        mtu: 1500,
        master: None,
        vrf_table: None,
        link: None,
        xdp: None,
        port_answers: None,
        conf: Some(Conf::clone(&then.default)),
    });
    let address = Address {
        index,
        dev: name,
        local: IpAddr::V4(PLACEHOLDER),
        peer: None,
        prefixlen: 16,
        broadcast: None,
        scope: AddressScope::LINK,
        label: None,
        flags: AddressFlags(AddressFlags::PERMANENT),
        metric: None,
        proto: None,
        valid: None,
        preferred: None,
    };
    let change = Change::Address { old: None, new: Some(address), method: Method::Netlink };
    then.foresee(&[Step { change, reason: String::new() }]);
    if let Some(routing) = &mut then.routing {
        routing.registered.push(index);
    }
}

/// Says that it will be so after a reboot, and which line decides.
fn because(finding: &mut Finding, predicted: &[Predicted]) {
    finding.message.insert_str(0, "after a reboot ");
    let key = match finding.code {
        "vip-answered" | "vip-on-interface" => Key::ArpIgnore,
        "vip-announced" => Key::ArpAnnounce,
        _ => return,
    };
    let Some(name) = finding.interface else { return };
    let at = usize::from(key == Key::ArpAnnounce);
    let of = |wanted: Scope| predicted.iter().find(|p| p.scope == wanted);
    let (Some(all), Some(own)) = (of(Scope::All), of(Scope::Interface(name))) else { return };
    let deciding = if own.values[at] > all.values[at] { own } else { all };
    let value = deciding.values[at];
    match &deciding.origins[at] {
        Some(origin) => {
            finding.message.push_str(&format!("; {origin} sets {}/{key} to {value}", deciding.scope));
            if origin.file != persist::levels_file::PATH.as_bytes() {
                finding.hint = "change or remove that line".to_owned();
            }
        }
        None if value == 0 => {
            finding.message.push_str(&format!("; no file sets {key} of all or {name} to another value"));
            finding.hint = "lvsarp persist writes the levels to a file that is read at boot".to_owned();
        }
        None => {}
    }
}
