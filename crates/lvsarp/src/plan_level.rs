//! The levels' part of a plan: which values are raised, which are left, and what that may break.

use crate::arp::{Device, Role, View};
use crate::change::{Change, Step};
use crate::check::{About, Findings, Severity};
use crate::flags::AddressScope;
use crate::interface::Scope;
use crate::key::Key;
use crate::level::{ArpAnnounce, ArpIgnore};
use crate::plan::LevelScope;
use crate::snapshot::ProcSys;

/// The level that the plan sets where a silent one is missing.
fn target(key: Key) -> i32 {
    match key {
        Key::ArpIgnore => 1,
        _ => 2,
    }
}

/// Whether a value in force hides a VIP on `lo`. `three`: every VIP gets scope host, so 3 hides them as well.
fn is_silent(key: Key, value: i32, three: bool) -> bool {
    match key {
        Key::ArpIgnore => match ArpIgnore::of(value) {
            ArpIgnore::OnInterface | ArpIgnore::OnSubnet | ArpIgnore::Never => true,
            ArpIgnore::NotScopeHost => three,
            ArpIgnore::AnyAddress => false,
        },
        _ => ArpAnnounce::of(value) == ArpAnnounce::BestAddress,
    }
}

fn speaking<'a>(view: &View<'a>) -> impl Iterator<Item = (Device<'a>, bool)> {
    view.devices().filter_map(|device| match view.role(&device) {
        Role::Speaks { up } => Some((device, up)),
        _ => None,
    })
}

/// The interfaces that speak ARP without an address of their own.
pub(crate) fn unnumbered<'a>(view: &View<'a>) -> impl Iterator<Item = Device<'a>> {
    speaking(view).map(|(device, _)| device).filter(|device| !device.is_numbered())
}

/// Whether level 3 is in force on an interface that has addresses of scope host, which level 1 would answer for: then 3 stays, and the VIPs get
/// scope host too.
pub(crate) fn keeps_level_three(view: &View<'_>) -> bool {
    speaking(view).any(|(device, _)| {
        device.arp_ignore.effective == Some(3) && device.ipv4().any(|(address, _)| address.scope >= AddressScope::HOST)
    })
}

/// The steps, `all` before single interfaces: raising `all` first leaves no instant in which something that was silent is not.
#[inline(never)]
pub(crate) fn steps(view: &View<'_>, scope: LevelScope, three: bool, findings: &mut Findings) -> Vec<Step> {
    let mut steps = Vec::new();
    let all_writable = view.snapshot.proc_sys != ProcSys::ReadOnly;
    for key in [Key::ArpIgnore, Key::ArpAnnounce] {
        let mut all = view.snapshot.all.get(key);
        if scope == LevelScope::All {
            let silent = all.is_some_and(|all| is_silent(key, all, three));
            match all {
                Some(old) if !silent && all_writable => {
                    let reason = reason_for_all(key, old);
                    steps.push(Step { change: level(Scope::All, None, key, old, target(key)), reason });
                    all = Some(target(key));
                }
                Some(old) if !silent => findings.add(
                    "all-not-writable",
                    Severity::Warning,
                    &About::HOST,
                    format_args!(
                        "all/{key} stays {old}, because /proc/sys is mounted read-only and the kernel has no netlink request for it; \
                         each interface is set instead"
                    ),
                    format_args!(
                        "interfaces that are added later are not covered: apply again then, or set all from outside the container"
                    ),
                ),
                _ => {}
            }
            loopback(view, key, &mut steps);
        }
        for (device, up) in speaking(view) {
            // What is down carries no traffic now, but `all` was meant to cover it when it comes up.
            if up || scope == LevelScope::All {
                single(&device, key, all, three, &mut steps);
            }
        }
    }
    side_effects(view, &steps, findings);
    steps
}

fn level(scope: Scope, index: Option<u32>, key: Key, old: i32, new: i32) -> Change {
    Change::Level { scope, index, key, old, new }
}

fn reason_for_all(key: Key, old: i32) -> String {
    match key {
        Key::ArpIgnore => format!(
            "at {old} the host answers for a VIP on lo; 1 answers only for addresses of the interface that is asked"
        ),
        _ => format!(
            "at {old} a request can carry the VIP as its sender; 2 always takes an address of the sending interface"
        ),
    }
}

/// The classic recipe sets `lo` too. It has no effect on the wire, but other tools look for it.
fn loopback(view: &View<'_>, key: Key, steps: &mut Vec<Step>) {
    for device in view.devices().filter(|device| view.role(device) == Role::Loopback) {
        let own = if key == Key::ArpIgnore { device.arp_ignore.own } else { device.arp_announce.own };
        if let Some(old) = own.filter(|own| !is_silent(key, *own, false)) {
            let reason = "it is part of the classic recipe, and has no effect on the wire".to_owned();
            let scope = Scope::Interface(device.interface.name);
            steps.push(Step { change: level(scope, Some(device.interface.index), key, old, target(key)), reason });
        }
    }
}

/// Sets one interface, if `all` does not do.
fn single(device: &Device<'_>, key: Key, all: Option<i32>, three: bool, steps: &mut Vec<Step>) {
    let own = if key == Key::ArpIgnore { device.arp_ignore.own } else { device.arp_announce.own };
    let (Some(own), all) = (own, all.unwrap_or(i32::MIN)) else { return };
    let silent_with = |own: i32| is_silent(key, own.max(all), three);
    if silent_with(own) || !silent_with(target(key)) {
        return;
    }
    let name = device.interface.name;
    let reason = if own > all {
        format!("the larger value of all and {name} is in force, and {own} does not hide the VIP")
    } else {
        format!("all={all} does not hide the VIP on {name}")
    };
    let scope = Scope::Interface(name);
    steps.push(Step { change: level(scope, Some(device.interface.index), key, own, target(key)), reason });
}

/// What the new levels may break elsewhere.
fn side_effects(view: &View<'_>, steps: &[Step], findings: &mut Findings) {
    let sets = |wanted: Scope| {
        steps.iter().any(|s| matches!(&s.change, Change::Level { scope, key: Key::ArpIgnore, .. } if *scope == wanted))
    };
    for device in unnumbered(view) {
        let name = device.interface.name;
        if sets(Scope::All) || sets(Scope::Interface(name)) {
            findings.add(
                "unnumbered-goes-silent",
                Severity::Warning,
                &About::interface(name),
                format_args!(
                    "{name} has no address of its own, so at arp_ignore 1 it answers for none: containers or neighbours behind it that ask for an \
                     address of another interface get no answer any more"
                ),
                format_args!("give it an address of its own, or use proxy_arp there, which the levels do not reach"),
            );
        }
    }
    if steps.iter().any(|s| matches!(&s.change, Change::Level { scope: Scope::All, .. })) {
        findings.add(
            "all-is-inherited",
            Severity::Info,
            &About::HOST,
            format_args!(
                "network namespaces (containers) that are created from now on start with a copy of the initial namespace's conf/all"
            ),
            format_args!("where that matters use scope interface, or net.core.devconf_inherit_init_net=2"),
        );
    }
}
