//! Does the kernel show a change's result? Asked after apply, and before anything is taken back.

use std::net::IpAddr;

use crate::address::{Method, same_binding, same_place};
use crate::change::Change;
use crate::interface::{IfName, Scope};
use crate::key::KernelVersion;
use crate::snapshot::{Address, Snapshot};
use crate::sorted::Sorted;

/// A snapshot, indexed once for many changes.
pub(crate) struct Shown<'a> {
    snapshot: &'a Snapshot,
    addresses: Sorted<'a, Address, (u32, IpAddr)>,
    /// Whether the kernel keeps the mark of who bound an address.
    keeps_proto: bool,
}

impl<'a> Shown<'a> {
    pub fn of(snapshot: &'a Snapshot) -> Shown<'a> {
        let addresses = Sorted::by(&snapshot.addresses, |address| (address.index, address.local));
        Shown { snapshot, addresses, keeps_proto: snapshot.kernel_version() >= KernelVersion(5, 18) }
    }

    fn like(&self, address: &Address) -> impl Iterator<Item = &'a Address> {
        self.addresses.all((address.index, address.local))
    }

    /// The address in this place as it is now.
    pub fn at(&self, address: &Address) -> Option<&'a Address> {
        self.like(address).find(|a| same_place(a, address))
    }

    /// Whether the change's new state is there.
    pub fn holds(&self, change: &Change) -> bool {
        match change {
            Change::Level { scope, index, key, new, .. } => {
                let conf = match (scope, index) {
                    (Scope::All, _) => Some(&self.snapshot.all),
                    (Scope::Default, _) => Some(&self.snapshot.default),
                    (_, Some(index)) => self.snapshot.by_index(*index).and_then(|i| i.conf.as_ref()),
                    (Scope::Interface(name), None) => self.snapshot.interface(name).ok().and_then(|i| i.conf.as_ref()),
                };
                conf.and_then(|conf| conf.get(*key)) == Some(*new)
            }
            // One that looks the same but bears another mark was bound by another program meanwhile.
            Change::Address { new: Some(new), .. } => {
                self.like(new).any(|a| same_binding(a, new) && (!self.keeps_proto || a.proto == new.proto))
            }
            Change::Address { old: Some(old), new: None, .. } => !self.like(old).any(|a| same_place(a, old)),
            Change::Route { new: Some(new), .. } => self.snapshot.local_routes.contains(new),
            Change::Route { old: Some(old), new: None } => !self.snapshot.local_routes.contains(old),
            Change::Address { old: None, new: None, .. } | Change::Route { old: None, new: None } => true,
            // Not a matter of the kernel.
            Change::File(_) => true,
        }
    }

    /// Whether a replaced address is gone and its successor is not there, although the device is: the change, or its inverse, was interrupted
    /// between the two.
    pub fn is_torn(&self, change: &Change) -> bool {
        match change {
            Change::Address { old: Some(old), new: Some(_), .. } => {
                self.snapshot.by_index(old.index).is_some() && !self.like(old).any(|a| same_place(a, old))
            }
            _ => false,
        }
    }

    /// The address that an ioctl left behind if it was killed before it set the mask: the same label, another prefix.
    pub fn half_made(&self, change: &Change) -> impl Iterator<Item = &'a Address> {
        let wanted = match change {
            Change::Address { new: Some(new), method: Method::Ioctl, .. } => Some(new),
            _ => None,
        };
        let half =
            |a: &&Address, new: &Address| a.label == new.label && a.prefixlen != new.prefixlen && a.proto.is_none();
        let found: Vec<&Address> = wanted.map_or(Vec::new(), |new| self.like(new).filter(|a| half(a, new)).collect());
        found.into_iter()
    }

    pub fn name_of(&self, index: u32) -> Option<IfName> {
        self.snapshot.by_index(index).map(|interface| interface.name)
    }

    /// An interface that was renamed since is found by its index.
    pub fn current_name(&self, scope: &Scope, index: Option<u32>) -> Scope {
        match (scope, index.and_then(|index| self.snapshot.by_index(index))) {
            (Scope::Interface(_), Some(interface)) => Scope::Interface(interface.name),
            _ => *scope,
        }
    }
}
