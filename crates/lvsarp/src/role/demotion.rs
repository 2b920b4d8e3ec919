//! The plan of a demote: levels, then each VIP is bound on the silent real server's device, then it is removed from the interface.

use std::net::IpAddr;

use super::RoleSwitch;
use super::obstacle::{carried, goes_with_it, promote_secondaries};
use crate::address::{Method, same_place};
use crate::change::{Change, Step};
use crate::check::{Findings, Severity, most_important_first};
use crate::error::Result;
use crate::flags::AddressScope;
use crate::model::Model;
use crate::plan::{Desired, Labels, Plan, address_step, no_broadcast, scope_of_new};
use crate::plan_level;
use crate::snapshot::{Address, Interface, Snapshot};
use crate::sorted::Sorted;

pub(super) fn plan(now: &Snapshot, switch: &RoleSwitch, earlier: &[Change]) -> Result<Plan> {
    switch.check()?;
    no_broadcast(now, &switch.vips)?;
    let (on, dev) = (now.interface(&switch.on)?, now.interface(&switch.dev)?);
    let places = Sorted::by(&now.addresses, |address| (address.index, address.local));
    let departures: Vec<Step> = switch
        .vips
        .iter()
        .flat_map(|vip| places.all((on.index, vip.address())))
        .map(|old| Step {
            change: Change::Address { old: Some(old.clone()), new: None, method: Method::Netlink },
            reason: format!("an address on {} is answered there", on.name),
        })
        .collect();
    let mut findings = Findings::default();
    goes_with_it(now, &departures, &mut findings);

    // What the interface has without the VIPs decides about the levels and the scope: without an address of its own it would announce a global one.
    let mut without = now.clone();
    promote_secondaries(&mut without, &departures);
    let mut after = without.clone();
    without.foresee(&departures);
    let model = Model::of(&without);
    let view = model.view();
    let desired = Desired { dev: switch.dev, scope: switch.scope, ..Desired::new(switch.vips.iter().copied()) };
    let keep_three = plan_level::keeps_level_three(&view);
    let scope = scope_of_new(&view, &desired, keep_three);
    let mut steps = match desired.has_ipv4() {
        true => plan_level::steps(&view, switch.scope, keep_three && scope == Some(AddressScope::HOST), &mut findings),
        false => Vec::new(),
    };
    let mut labels = Labels::of(&view, dev, &desired)?;
    for vip in &switch.vips {
        let there =
            places.all((dev.index, vip.address())).any(|a| a.prefixlen == vip.prefix().len() && a.peer.is_none());
        let owned = places.all((on.index, vip.address())).next();
        match source(earlier, dev, owned, vip.address()).filter(|_| !there) {
            Some(from) => steps.extend(carried(&from, dev, &mut findings).map(|new| {
                let scope = scope.filter(|_| new.local.is_ipv4()).unwrap_or(new.scope);
                Step {
                    change: Change::Address { old: None, new: Some(Address { scope, ..new }), method: Method::Netlink },
                    reason: "the real server must accept packets to the VIP".to_owned(),
                }
            })),
            None => steps.extend(address_step(&view, dev, &desired, *vip, scope, &mut labels)?),
        }
    }
    steps.extend(departures);

    after.foresee(&steps);
    let vips: Vec<_> = switch.vips.iter().map(|vip| vip.address()).collect();
    let report = after.check(Some(&vips))?;
    let mut findings = findings.list;
    findings.extend(report.findings);
    most_important_first(&mut findings);
    let ok = findings.iter().all(|finding| finding.severity > Severity::Unknown);
    Ok(Plan { steps, findings, ok })
}

/// The address that comes back to the device: the one that a promote removed there, where another program has bound the owner's; else the owner's.
fn source(earlier: &[Change], dev: &Interface, owned: Option<&Address>, vip: IpAddr) -> Option<Address> {
    let ours = |owned: &Address| {
        earlier.iter().any(|change| matches!(change, Change::Address { new: Some(new), .. } if same_place(new, owned)))
    };
    let removed = earlier.iter().find_map(|change| match change {
        Change::Address { old: Some(old), new: None, .. } if old.index == dev.index && old.local == vip => Some(old),
        _ => None,
    });
    match (owned, removed) {
        (Some(owned), Some(removed)) if ours(owned) => {
            Some(Address { flags: removed.flags, proto: removed.proto, ..owned.clone() })
        }
        (Some(owned), Some(removed)) => {
            Some(Address { valid: owned.valid, preferred: owned.preferred, ..removed.clone() })
        }
        (owned, removed) => removed.or(owned).cloned(),
    }
}
