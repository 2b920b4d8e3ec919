//! Why a VIP leaks, in one sentence with the values that decide, and what to do.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr};

use crate::arp::{Device, View};
use crate::key::Key;
use crate::level::{self, ArpIgnore};
use crate::peers::Peer;

/// A text that is written where it is shown, and not before.
struct Text<F>(F);

impl<F: Fn(&mut Formatter<'_>) -> fmt::Result> Display for Text<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

/// A text that is written where it is shown, and not before.
pub(crate) fn text(write: impl Fn(&mut Formatter<'_>) -> fmt::Result) -> impl Display {
    Text(write)
}

/// A value that may be unknown.
struct Shown(Option<i32>);

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// `arp_ignore is 3 (all=1, eth0=3)`.
pub(crate) fn level_is(device: &Device<'_>, key: Key) -> impl Display {
    text(move |f| {
        let (name, level) = (device.interface.name, device.level(key));
        let [effective, all, own] = [level.effective, level.all, level.own].map(Shown);
        write!(f, "{key} is {effective} (all={all}, {name}={own})")
    })
}

/// Which write would make the level silent.
pub(crate) fn level_hint(device: &Device<'_>, key: Key, silent: i32) -> impl Display {
    text(move |f| {
        let (name, level) = (device.interface.name, device.level(key));
        match (level.all, level.own) {
            (Some(all), _) if all > silent => {
                write!(f, "set all/{key} to {silent}: the larger value of all and {name} is in force")
            }
            (_, Some(own)) if own > silent => write!(f, "set {name}/{key} to {silent}"),
            _ => write!(f, "set all/{key} or {name}/{key} to {silent}"),
        }
    })
}

/// `is on lo (scope global)`, `is local by a route`.
pub(crate) fn place(view: &View<'_>, address: Ipv4Addr) -> impl Display {
    text(move |f| {
        let mut before = "is on ";
        for place in view.places(IpAddr::V4(address)) {
            write!(f, "{before}{} (scope {})", place.dev, place.scope)?;
            before = ", ";
        }
        if before == ", " { Ok(()) } else { f.write_str("is local by a route") }
    })
}

/// What the texts about VIPs on one interface have in common, written once for all of them.
pub(crate) struct Words {
    /// ` on eth0`, ` on eth0 once it is up`.
    pub on: String,
    /// Why a who-has for a VIP that is not on this device is answered here: before and after the place of the VIP.
    pub ignore_is: String,
    pub ignore_means: String,
    pub ignore_hint: String,
    /// Why a request that leaves by this device can carry the VIP as its sender.
    pub announce_is: String,
    pub announce_hint: String,
    /// The first of those who are asked for.
    pub first_target: String,
}

impl Words {
    #[inline(never)]
    pub fn of(device: &Device<'_>, up: bool, targets: &[Peer]) -> Words {
        let name = device.interface.name;
        let value = device.arp_ignore.effective.unwrap_or(0);
        let meaning = level::meaning(Key::ArpIgnore, value).map_or("", |row| row.en);
        let or_scope = match ArpIgnore::of(value) {
            ArpIgnore::NotScopeHost => ", or bind the VIP with scope host",
            _ => "",
        };
        Words {
            on: format!(" on {name}{}", if up { "" } else { " once it is up" }),
            ignore_is: level_is(device, Key::ArpIgnore).to_string(),
            ignore_means: format!("level {value}: {meaning}"),
            ignore_hint: format!("{}{or_scope}", level_hint(device, Key::ArpIgnore, 1)),
            announce_is: level_is(device, Key::ArpAnnounce).to_string(),
            announce_hint: level_hint(device, Key::ArpAnnounce, 2).to_string(),
            first_target: targets.first().map_or(String::new(), Peer::to_string),
        }
    }
}
