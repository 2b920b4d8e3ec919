//! Why a VIP leaks, in one sentence with the values that decide, and what to do.

use std::net::{IpAddr, Ipv4Addr};

use crate::arp::announce::Announced;
use crate::arp::{Device, View};
use crate::key::Key;
use crate::level::{self, ArpIgnore, Level};

/// `arp_ignore is 3 (all=1, eth0=3)`.
pub(crate) fn level_is(device: &Device<'_>, key: Key, level: Level) -> String {
    let shown = |value: Option<i32>| value.map_or("unknown".to_owned(), |value| value.to_string());
    let name = device.interface.name;
    format!("{key} is {} (all={}, {name}={})", shown(level.effective), shown(level.all), shown(level.own))
}

/// Which write would make the level silent.
fn level_hint(device: &Device<'_>, key: Key, level: Level, silent: i32) -> String {
    let name = device.interface.name;
    match (level.all, level.own) {
        (Some(all), _) if all > silent => {
            format!("set all/{key} to {silent}: the larger value of all and {name} is in force")
        }
        (_, Some(own)) if own > silent => format!("set {name}/{key} to {silent}"),
        _ => format!("set all/{key} or {name}/{key} to {silent}"),
    }
}

/// Why a who-has for a VIP that is not on this device is answered here.
pub(crate) fn answered_because(view: &View<'_>, device: &Device<'_>, vip: Ipv4Addr) -> (String, String) {
    let level = device.arp_ignore;
    let value = level.effective.unwrap_or(0);
    let place = match view.places(IpAddr::V4(vip)) {
        [] => "it is local by a route".to_owned(),
        places => {
            let on: Vec<String> = places.iter().map(|a| format!("{} (scope {})", a.dev, a.scope)).collect();
            format!("it is on {}", on.join(", "))
        }
    };
    let meaning = level::meaning(Key::ArpIgnore, value).map_or("", |row| row.en);
    let because = format!("{}, and {place}; level {value}: {meaning}", level_is(device, Key::ArpIgnore, level));
    let hint = match ArpIgnore::of(value) {
        ArpIgnore::NotScopeHost => {
            format!("{}, or bind the VIP with scope host", level_hint(device, Key::ArpIgnore, level, 1))
        }
        _ => level_hint(device, Key::ArpIgnore, level, 1),
    };
    (because, hint)
}

/// Why a request that leaves by this device can carry the VIP as its sender.
pub(crate) fn announced_because(device: &Device<'_>, why: Announced) -> (String, String) {
    let name = device.interface.name;
    let is = level_is(device, Key::ArpAnnounce, device.arp_announce);
    let to_two = level_hint(device, Key::ArpAnnounce, device.arp_announce, 2);
    match why {
        Announced::AsSource => {
            (format!("{is}, so a request carries the source of the packet that waits for it"), to_two)
        }
        Announced::InSubnet(subnet) => (
            format!(
                "{is}, which keeps a source that shares a subnet with the target, and the VIP lies in {subnet} on {name}"
            ),
            to_two,
        ),
        Announced::AsBest => (
            format!("the kernel chooses it as the best address of {name} for some targets, even at arp_announce 2"),
            format!("remove it from {name} and bind it on lo"),
        ),
        Announced::AsFallback => (
            format!(
                "{name} has no address of its own, so even at arp_announce 2 the kernel falls back to the first global address of the host"
            ),
            format!("bind the VIP with scope host, or give {name} an address of its own"),
        ),
    }
}
