//! Findings about levels as such: those that have no effect, no meaning, or too much of one.

use crate::arp::{Device, Role, View};
use crate::check::{Finding, Severity};
use crate::key::Key;
use crate::level::{self, ArpAnnounce, ArpIgnore, Level};
use crate::wording::level_is;

/// Looks at the levels of every interface, whatever VIPs there are. `with_vips`: whether there is an IPv4 one to protect.
pub(crate) fn levels(view: &View<'_>, with_vips: bool, findings: &mut Vec<Finding>) {
    for device in &view.devices {
        match view.role(device) {
            Role::Loopback => inert(device, "packets of other hosts never arrive on it", findings),
            Role::Port { master } => {
                let master = view.device(master).map_or("its master".to_owned(), |m| m.interface.name.to_string());
                inert(device, &format!("it belongs to {master}, whose levels count"), findings);
            }
            Role::Speaks { up: true } => in_force(device, findings),
            _ => {}
        }
    }
    if with_vips {
        new_interfaces(view, findings);
    }
}

/// A level that somebody set where it does nothing. One that `all` has as well misleads nobody.
fn inert(device: &Device<'_>, why: &str, findings: &mut Vec<Finding>) {
    let name = device.interface.name;
    for (key, level) in [(Key::ArpIgnore, device.arp_ignore), (Key::ArpAnnounce, device.arp_announce)] {
        if let (Some(own), Some(all)) = (level.own, level.all)
            && own > 0
            && own > all
        {
            let message = format!("{name}/{key}={own} has no effect: {why}");
            findings.push(
                Finding::new("inert-level", Severity::Warning, message)
                    .on(name)
                    .hint(format!("set {key} on the interface that receives the requests, or on all")),
            );
        }
    }
}

/// Levels that are in force on an interface and are not what they look like.
fn in_force(device: &Device<'_>, findings: &mut Vec<Finding>) {
    let name = device.interface.name;
    for (key, level) in [(Key::ArpIgnore, device.arp_ignore), (Key::ArpAnnounce, device.arp_announce)] {
        if let Some(value) = level.effective.filter(|value| has_no_meaning(key, *value)) {
            let message =
                format!("{}, a value without a meaning: the kernel acts as at 0", level_is(device, key, level));
            let range = &key.row().range;
            findings.push(Finding::new("level-without-meaning", Severity::Warning, message).on(name).hint(format!(
                "{value} is not a level; {key} goes from {} to {}",
                range.start(),
                range.end()
            )));
        }
    }
    let price = |code, text: &str, level: Level| {
        Finding::new(code, Severity::Warning, format!("{}: {text}", level_is(device, Key::ArpIgnore, level)))
            .on(name)
            .hint("arp_ignore 1 hides the VIP and nothing else")
    };
    match device.arp_ignore.effective.map(ArpIgnore::of) {
        Some(ArpIgnore::Never) => {
            let text = "no address of this host is answered here, its own included, so neighbours lose it when their caches expire";
            findings.push(price("level-mutes-host", text, device.arp_ignore));
        }
        Some(ArpIgnore::OnSubnet) => {
            let alone = device.ipv4().find(|(own, _)| {
                let wider = |other: &crate::Address| !other.subnet().is_host() && other.subnet().contains(own.local);
                !device.ipv4().any(|(other, _)| wider(other))
            });
            let text = match alone {
                Some((own, _)) => {
                    format!("{}/{} has no subnet here, so it is answered to nobody", own.local, own.prefixlen)
                }
                None => "a neighbour outside of the interface's subnets gets no answer for any address".to_owned(),
            };
            findings.push(price("level-off-subnet", &text, device.arp_ignore));
        }
        _ => {}
    }
}

fn has_no_meaning(key: Key, value: i32) -> bool {
    value != 0
        && match key {
            Key::ArpIgnore => ArpIgnore::of(value) == ArpIgnore::AnyAddress,
            _ => ArpAnnounce::of(value) == ArpAnnounce::AnySource,
        }
}

/// An interface that appears later starts with the values of `default`.
fn new_interfaces(view: &View<'_>, findings: &mut Vec<Finding>) {
    let snapshot = view.snapshot;
    let of_new =
        |key| Level::merged(key, snapshot.kernel_version(), snapshot.all.get(key), snapshot.default.get(key)).effective;
    let (Some(ignore), Some(announce)) = (of_new(Key::ArpIgnore), of_new(Key::ArpAnnounce)) else {
        return;
    };
    let silent = level::meaning(Key::ArpIgnore, ignore).is_some_and(|row| row.hides_vip)
        && ArpAnnounce::of(announce) == ArpAnnounce::BestAddress;
    if !silent {
        let message = format!(
            "an interface that is added later will not be silent: it starts with arp_ignore {ignore} and arp_announce {announce}"
        );
        findings.push(
            Finding::new("new-interfaces-unprotected", Severity::Warning, message)
                .hint("set all/arp_ignore to 1 and all/arp_announce to 2, or apply again when interfaces are added"),
        );
    }
}
