//! What a watch tells of: one event for one thing that happened.

use std::net::IpAddr;
use std::time::SystemTime;

use serde::Serialize;

use super::who;
use crate::change;
use crate::check::Finding;
use crate::interface::{IfName, Scope};
use crate::key::Key;
use crate::snapshot::Address;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A VIP was bound on a device that does no ARP itself, such as `lo`.
    VipAdded,
    /// A VIP was removed from a device, by somebody or because the device went away.
    VipRemoved,
    /// A VIP was bound on a device that speaks ARP.
    VipMisplaced,
    /// A level was changed, of `all`, `default` or an interface.
    LevelChanged,
    /// An interface appeared, came up or left its bridge or bond, and a VIP is not silent on it.
    InterfaceUnprotected,
    /// A device went down on which a VIP is bound.
    DeviceDown,
    /// A device came up on which a VIP is bound.
    DeviceUp,
    /// What the kernel had to tell was more than the socket holds. Everything was read again; what changed meanwhile follows.
    Resynced,
    /// The real server that is wanted was applied again; the message lists the steps.
    Repaired,
    /// A repair failed or was refused; the message says why.
    RepairFailed,
    /// There were as many repairs in the last minute as are allowed; the next one waits.
    RepairLimited,
}

impl EventKind {
    /// Its name, such as `vip-removed`.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::VipAdded => "vip-added",
            EventKind::VipRemoved => "vip-removed",
            EventKind::VipMisplaced => "vip-misplaced",
            EventKind::LevelChanged => "level-changed",
            EventKind::InterfaceUnprotected => "interface-unprotected",
            EventKind::DeviceDown => "device-down",
            EventKind::DeviceUp => "device-up",
            EventKind::Resynced => "resynced",
            EventKind::Repaired => "repaired",
            EventKind::RepairFailed => "repair-failed",
            EventKind::RepairLimited => "repair-limited",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When it was noticed, in the time of the system's clock; in JSON seconds since 1970.
    #[serde(serialize_with = "crate::wire::unix_seconds")]
    pub time: SystemTime,
    /// What happened.
    pub kind: EventKind,
    /// The VIP.
    pub vip: Option<IpAddr>,
    /// The interface, or `all` or `default` for a level.
    pub scope: Option<Scope>,
    /// The level.
    pub key: Option<Key>,
    /// Before, where there was something: a value, how an address was bound, or `up`.
    pub old: Option<String>,
    /// After, where there is something.
    pub new: Option<String>,
    /// Whether every VIP is silent and there, by a check after the event; None: it could not be told.
    pub silent: Option<bool>,
    /// The most important thing that this check found, if there is an error.
    pub finding: Option<Finding>,
    /// Who did it, where that is known: the name and number of a process.
    pub by: Option<String>,
    /// What happened, in one sentence.
    pub message: String,
}

impl Event {
    pub(super) fn new(kind: EventKind, message: String) -> Event {
        Event {
            time: SystemTime::now(),
            kind,
            vip: None,
            scope: None,
            key: None,
            old: None,
            new: None,
            silent: None,
            finding: None,
            by: None,
            message,
        }
    }

    pub(super) fn level(scope: Scope, key: Key, old: i32, new: i32) -> Event {
        let message = format!("{scope}/{key} was changed from {old} to {new}");
        Event {
            scope: Some(scope),
            key: Some(key),
            old: Some(old.to_string()),
            new: Some(new.to_string()),
            ..Event::new(EventKind::LevelChanged, message)
        }
    }

    /// A VIP that was bound; `speaks`: on a device that speaks ARP. With `old` it was bound in another way before.
    pub(super) fn added(old: Option<&Address>, new: &Address, speaks: bool) -> Event {
        let Address { local, dev, .. } = new;
        let (kind, place) = match speaks {
            true => (EventKind::VipMisplaced, ", which speaks ARP"),
            false => (EventKind::VipAdded, ""),
        };
        Event {
            vip: Some(*local),
            scope: Some(Scope::Interface(*dev)),
            old: old.map(bound),
            new: Some(bound(new)),
            by: who::of_mark(new),
            ..Event::new(kind, format!("{local} was bound on {dev}{place}"))
        }
    }

    pub(super) fn removed(old: &Address) -> Event {
        let Address { local, dev, .. } = old;
        Event {
            vip: Some(*local),
            scope: Some(Scope::Interface(*dev)),
            old: Some(bound(old)),
            ..Event::new(EventKind::VipRemoved, format!("{local} was removed from {dev}"))
        }
    }

    /// The device of these VIPs went down or came up.
    pub(super) fn device(name: IfName, up: bool, vips: usize) -> Event {
        let (kind, old, new, what) = match up {
            true => (EventKind::DeviceUp, "down", "up", "came up"),
            false => (EventKind::DeviceDown, "up", "down", "went down"),
        };
        let vips = if vips == 1 { "a VIP is".to_owned() } else { format!("{vips} VIPs are") };
        Event {
            scope: Some(Scope::Interface(name)),
            old: Some(old.to_owned()),
            new: Some(new.to_owned()),
            ..Event::new(kind, format!("{name} {what}, where {vips} bound"))
        }
    }

    pub(super) fn unprotected(name: IfName, finding: &Finding) -> Event {
        let message = format!("{name} is up and not protected: {}", finding.message);
        Event {
            vip: finding.vip,
            scope: Some(Scope::Interface(name)),
            ..Event::new(EventKind::InterfaceUnprotected, message)
        }
    }
}

/// How an address is bound: `192.0.2.10/32 scope host label lo`.
fn bound(address: &Address) -> String {
    format!("{}/{} {}", address.local, address.prefixlen, change::attributes(address))
}
