//! A change: one value before and after. A plan is a list of them, the journal keeps them, and undo is their inverse.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::address::{Method, same_binding};
use crate::check::Finding;
use crate::interface::Scope;
use crate::json::{Place, Read};
use crate::key::Key;
use crate::snapshot::{Address, LocalRoute};

/// One value, before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A level.
    Level {
        /// Where it stands.
        scope: Scope,
        /// The interface's index, which tells a new interface of the same name from the old one.
        index: Option<u32>,
        /// Which level.
        key: Key,
        /// Before.
        old: i32,
        /// After.
        new: i32,
    },
    /// An address. Without `old` it is bound, without `new` it is removed, with both it is replaced.
    Address {
        /// Before.
        old: Option<Address>,
        /// After.
        new: Option<Address>,
        /// How it is bound.
        method: Method,
    },
    /// A local route for a whole prefix.
    Route {
        /// Before.
        old: Option<LocalRoute>,
        /// After.
        new: Option<LocalRoute>,
    },
    /// A file that outlives a reboot. No journal has it: it is put back by what wrote it.
    File(Box<FileText>),
}

/// A file's text, before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileText {
    /// Its path, with the root that it was written for in front.
    pub path: String,
    /// What it held before.
    pub old: Option<String>,
    /// What it holds after.
    pub new: Option<String>,
}

impl Read for Change {
    fn read(place: &Place<'_>) -> Change {
        let (what, of) = place.tagged();
        match what {
            "level" => Change::Level {
                scope: of.get("scope"),
                index: of.get("index"),
                key: of.get("key"),
                old: of.get("old"),
                new: of.get("new"),
            },
            "address" => Change::Address { old: of.get("old"), new: of.get("new"), method: of.get("method") },
            "route" => Change::Route { old: of.get("old"), new: of.get("new") },
            _ => {
                place.refuse(&format_args!("{what:?} is not known"));
                Change::Route { old: None, new: None }
            }
        }
    }
}

impl Change {
    /// The change that takes this one back.
    pub fn inverse(&self) -> Change {
        match self.clone() {
            Change::Level { scope, index, key, old, new } => Change::Level { scope, index, key, old: new, new: old },
            // Whatever way an address was bound, it is put back and taken away over netlink, which has no classful instant.
            Change::Address { old, new, .. } => Change::Address { old: new, new: old, method: Method::Netlink },
            Change::Route { old, new } => Change::Route { old: new, new: old },
            Change::File(mut file) => {
                let FileText { old, new, .. } = &mut *file;
                std::mem::swap(old, new);
                Change::File(file)
            }
        }
    }

    /// Whether nothing is left of the thing afterwards.
    pub(crate) fn removes(&self) -> bool {
        matches!(self, Change::Address { new: None, .. } | Change::Route { new: None, .. })
    }

    /// Whether it removed, or bound anew, an address or route that was there.
    pub(crate) fn was_there(&self) -> bool {
        matches!(self, Change::Address { old: Some(_), .. } | Change::Route { old: Some(_), .. })
    }

    /// Whether before and after are the same.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Change::Level { old, new, .. } => old == new,
            Change::Address { old: Some(old), new: Some(new), .. } => same_binding(old, new),
            Change::Address { old, new, .. } => old.is_none() && new.is_none(),
            Change::Route { old, new } => old.is_none() && new.is_none(),
            Change::File(_) => false,
        }
    }

    /// What is done: `set`, `bind`, `unbind`, `rebind`, `add-route`, `delete-route`, `write` or `remove`.
    pub fn act(&self) -> &'static str {
        match self {
            Change::Level { .. } => "set",
            Change::Address { old: None, .. } => "bind",
            Change::Address { new: None, .. } => "unbind",
            Change::Address { .. } => "rebind",
            Change::Route { new: Some(_), .. } => "add-route",
            Change::Route { .. } => "delete-route",
            Change::File(file) if file.new.is_some() => "write",
            Change::File(_) => "remove",
        }
    }

    /// What it is done to, such as `eth0/arp_ignore` or `192.0.2.10/32 dev lo`.
    pub fn thing(&self) -> String {
        match self {
            Change::Level { scope, key, .. } => format!("{scope}/{key}"),
            Change::Address { old, new, .. } => match new.as_ref().or(old.as_ref()) {
                Some(address) => format!("{}/{} dev {}", address.local, address.prefixlen, address.dev),
                None => String::new(),
            },
            Change::Route { old, new } => match new.as_ref().or(old.as_ref()) {
                Some(LocalRoute { prefix, dev: Some(dev), .. }) => format!("local {prefix} dev {dev}"),
                Some(LocalRoute { prefix, .. }) => format!("local {prefix}"),
                None => String::new(),
            },
            Change::File(file) => file.path.clone(),
        }
    }

    /// The value before, as a person reads it; `None` where there was nothing.
    pub fn old(&self) -> Option<String> {
        match self {
            Change::Level { old, .. } => Some(old.to_string()),
            Change::Address { old, .. } => old.as_ref().map(attributes),
            Change::Route { old, .. } => present(old.is_some()),
            Change::File(file) => present(file.old.is_some()),
        }
    }

    /// The value after, as a person reads it; `None` where there is nothing.
    pub fn new_value(&self) -> Option<String> {
        match self {
            Change::Level { new, .. } => Some(new.to_string()),
            Change::Address { new, .. } => new.as_ref().map(attributes),
            Change::Route { new, .. } => present(new.is_some()),
            Change::File(file) => present(file.new.is_some()),
        }
    }
}

fn present(there: bool) -> Option<String> {
    there.then(|| "present".to_owned())
}

/// The part of an address that is not its place.
pub(crate) fn attributes(address: &Address) -> String {
    match &address.label {
        Some(label) => format!("scope {} label {label}", address.scope),
        None => format!("scope {}", address.scope),
    }
}

impl fmt::Display for Change {
    /// `set eth0/arp_ignore: 0 -> 1`, `bind 192.0.2.10/32 dev lo: scope host label lo`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.act(), self.thing())?;
        match (self.old(), self.new_value()) {
            _ if matches!(self, Change::Route { .. } | Change::File(_)) => Ok(()),
            (Some(old), Some(new)) => write!(f, ": {old} -> {new}"),
            (None, Some(new)) => write!(f, ": {new}"),
            _ => Ok(()),
        }
    }
}

/// A change and why it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is changed.
    pub change: Change,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.change, f)
    }
}

impl Serialize for Step {
    /// `{"act", "thing", "old", "new", "reason"}`; the values of levels are numbers.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut step = s.serialize_struct("Step", 5)?;
        step.serialize_field("act", self.change.act())?;
        step.serialize_field("thing", &self.change.thing())?;
        match &self.change {
            Change::Level { old, new, .. } => {
                step.serialize_field("old", old)?;
                step.serialize_field("new", new)?;
            }
            change => {
                step.serialize_field("old", &change.old())?;
                step.serialize_field("new", &change.new_value())?;
            }
        }
        step.serialize_field("reason", &self.reason)?;
        step.end()
    }
}

/// What a call changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// Whether anything was changed.
    pub changed: bool,
    /// What was changed, in order.
    pub steps: Vec<Step>,
    /// What the caller should know besides: things left alone, warnings.
    pub findings: Vec<Finding>,
}

impl Changes {
    /// The result of steps that were done.
    pub(crate) fn done(steps: Vec<Step>) -> Changes {
        Changes { changed: !steps.is_empty(), steps, findings: Vec::new() }
    }
}
