//! The plan of a promote: each VIP is bound on the interface, then removed from the silent real server's device.

use super::RoleSwitch;
use super::obstacle::{cannot_answer, carried, goes_with_it};
use crate::address::{Binding, Method};
use crate::change::{Change, Step};
use crate::check::{About, Findings, Report, Severity, most_important_first};
use crate::error::Result;
use crate::key::Key;
use crate::level::ArpIgnore;
use crate::model::Model;
use crate::plan::{Plan, no_broadcast};
use crate::snapshot::{Address, Interface, Snapshot};
use crate::sorted::Sorted;
use crate::vip::Vip;

pub(super) fn plan(now: &Snapshot, switch: &RoleSwitch) -> Result<Plan> {
    switch.check()?;
    no_broadcast(now, &switch.vips)?;
    let (on, dev) = (now.interface(&switch.on)?, now.interface(&switch.dev)?);
    let places = Sorted::by(&now.addresses, |address| (address.index, address.local));
    let mut findings = Findings::default();
    cannot_answer(now, on, &switch.vips, &mut findings);

    let (mut arrivals, mut departures): (Vec<Step>, Vec<Step>) = (Vec::new(), Vec::new());
    for vip in &switch.vips {
        let from: Vec<&Address> = places.all((dev.index, vip.address())).collect();
        if places.position((on.index, vip.address())).is_none() {
            arrivals.extend(arrival(*vip, on, from.first().copied(), &mut findings)?);
        }
        for old in from {
            departures.push(Step {
                change: Change::Address { old: Some(old.clone()), new: None, method: Method::Netlink },
                reason: format!("its owner has it on {} alone", on.name),
            });
        }
    }
    goes_with_it(now, &departures, &mut findings);
    arrivals.extend(departures);

    let mut after = now.clone();
    after.foresee(&arrivals);
    let model = Model::new(after);
    let vips: Vec<_> = switch.vips.iter().map(|vip| vip.address()).collect();
    seen(&model, &model.check(Some(&vips))?, on, &mut findings);
    let mut findings = findings.list;
    most_important_first(&mut findings);
    let ok = findings.iter().all(|finding| finding.severity > Severity::Error);
    Ok(Plan { steps: arrivals, findings, ok })
}

/// Binds a VIP on the interface as it is on the device, or as `apply` would, where it is nowhere.
fn arrival(vip: Vip, on: &Interface, from: Option<&Address>, findings: &mut Findings) -> Result<Option<Step>> {
    let new = match from {
        Some(from) => match carried(from, on, findings) {
            Some(new) => new,
            None => return Ok(None),
        },
        None => {
            findings.add(
                "vip-was-nowhere",
                Severity::Warning,
                &About { interface: Some(on.name), vip: Some(vip.address()) },
                format_args!("{} was bound on neither device: this host was no real server for it", vip.address()),
                format_args!("run demote on the hosts that stand by, so that they accept it silently"),
            );
            Binding::new(vip, on.name).address(on)?
        }
    };
    let reason = "the owner answers for it there".to_owned();
    Ok(Some(Step { change: Change::Address { old: None, new: Some(new), method: Method::Netlink }, reason }))
}

/// Who will answer for the VIPs, where that is not the interface alone.
fn seen(model: &Model<'_>, report: &Report, on: &Interface, findings: &mut Findings) {
    let level = model.view().device(on.index).and_then(|device| device.level(Key::ArpIgnore).effective);
    let why = match level.map(ArpIgnore::of) {
        Some(ArpIgnore::Never) => "arp_ignore is 8 there",
        _ => "its levels, or the scope or the prefix of the address, hide it",
    };
    for verdict in &report.verdicts {
        let about = About { interface: Some(verdict.interface), vip: Some(verdict.vip) };
        let (vip, name) = (verdict.vip, verdict.interface);
        if name != on.name {
            if verdict.replies == Some(true) || verdict.announces == Some(true) {
                findings.add(
                    "answered-elsewhere",
                    Severity::Warning,
                    &about,
                    format_args!("{vip} is answered or announced on {name} as well, with the MAC of {name}"),
                    format_args!("lvsarp check --vip {vip} says why; demote once, or apply, sets the levels"),
                );
            }
            continue;
        }
        if verdict.replies != Some(false) || !model.view().places(vip).any(|place| place.index == on.index) {
            continue;
        }
        findings.add(
            "owner-is-silent",
            Severity::Warning,
            &about,
            format_args!("nobody who asks for {vip} on {name} will be answered: {why}"),
            format_args!("lvsarp explain who-has {vip} --tell NEIGHBOUR --on {name} says what decides"),
        );
    }
}
