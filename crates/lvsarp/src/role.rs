//! The role of a two-node cluster's host: promote makes a silent real server the owner of its VIPs, demote makes it silent again.
//!
//! A VIP moves between a silent real server's device, such as `lo`, and the interface on which its owner answers. It is bound in its new place before
//! it is removed from the old one, so that it is local at every instant and connections live on. Nothing on `lo` is answered once the levels are
//! set, and demote sets and reads them before it binds there; from then on only the address on the interface is answered, by that interface,
//! until it is removed.
//!
//! A demote that was killed is settled by the next call, whatever that is. As long as every VIP is still on the interface it is taken back: the host
//! answers as it did, so nothing changes for anybody else, and one that only looks makes no owner a real server. Once a VIP has left, it may belong to
//! another host: then the demote is finished, and the VIP is never bound there again, but by undo, where it was before all. Levels and the
//! addresses on `lo` were made before the first VIP left, so no answer leaves the host on either way.

use std::time::Duration;

use crate::apply::{Goal, silent};
use crate::change::{Change, Changes};
use crate::check::{Finding, Severity};
use crate::error::{Error, ErrorKind, Result};
use crate::flags::AddressFlags;
use crate::host::Host;
use crate::interface::IfName;
use crate::journal::{self, Found};
use crate::plan::{LevelScope, Plan};
use crate::snapshot::{Address, Snapshot};
use crate::sorted::Sorted;
use crate::sys;
use crate::vip::Vip;

mod demotion;
mod obstacle;
mod promotion;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(feature = "exact")]
mod unfinished;

pub(crate) use obstacle::{goes_with_it, promote_secondaries};
#[cfg(feature = "exact")]
pub(crate) use unfinished::foresee;

/// Between which devices the VIPs move.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleSwitch {
    /// The VIPs, each once and without a prefix length: both roles have them as /32 or /128.
    pub vips: Vec<Vip>,
    /// The interface on which the owner of the VIPs answers for them.
    pub on: IfName,
    /// The device of a silent real server's VIPs.
    pub dev: IfName,
    /// Where demote sets the levels.
    pub scope: LevelScope,
}

impl RoleSwitch {
    /// VIPs that move between `lo` and an interface, levels on `all`.
    pub fn new(vips: impl IntoIterator<Item = Vip>, on: IfName) -> RoleSwitch {
        RoleSwitch { vips: vips.into_iter().collect(), on, dev: IfName::from_kernel(b"lo"), scope: LevelScope::All }
    }

    /// What can be said against it without looking at a host.
    fn check(&self) -> Result<()> {
        if self.vips.is_empty() {
            return Err(Error::input("an empty list of VIPs", "name at least one VIP"));
        }
        let sorted = Sorted::by(&self.vips, |vip| vip.address());
        for (i, vip) in self.vips.iter().enumerate() {
            if sorted.position(vip.address()) != Some(i) {
                return Err(Error::input(format_args!("VIP {}", vip.address()), "it is named twice"));
            }
            if !vip.prefix().is_host() {
                let len = if vip.address().is_ipv4() { 32 } else { 128 };
                let cause = format!("both roles have it as /{len}, so name it without a prefix length");
                return Err(Error::input(format_args!("VIP {vip}"), cause));
            }
        }
        match self.on == self.dev {
            true => Err(Error::input(
                format_args!("{} for both roles", self.on),
                "the owner's interface and the silent real server's device are two",
            )),
            false => Ok(()),
        }
    }

    fn named(&self) -> String {
        match &self.vips[..] {
            [] => String::new(),
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        }
    }

    /// Whether changes are those of a switch of these VIPs: their addresses, and levels.
    #[cfg(feature = "exact")]
    fn made(&self, changes: &[Change]) -> bool {
        let vips = Sorted::by(&self.vips, |vip| vip.address());
        changes.iter().all(|change| match change {
            Change::Level { .. } => true,
            Change::Address { old, new, .. } => {
                new.as_ref().or(old.as_ref()).is_some_and(|address| vips.position(address.local).is_some())
            }
            _ => false,
        })
    }
}

/// To own the VIPs.
struct Promote<'a>(&'a RoleSwitch);

/// To be a silent real server for the VIPs.
struct Demote<'a>(&'a RoleSwitch);

impl Goal for Promote<'_> {
    fn named(&self) -> (&'static str, String) {
        ("promote", self.0.named())
    }

    fn plan(&self, now: &Snapshot, _earlier: &[Change]) -> Result<Plan> {
        promotion::plan(now, self.0)
    }

    // What others than the owner's interface do is told and not forbidden: it was so before.
    fn forbids(&self, finding: &Finding) -> bool {
        finding.severity == Severity::Error
    }

    fn verify(&self, after: &Snapshot) -> Result<()> {
        let on = after.interface(&self.0.on)?;
        let places = Sorted::by(&after.addresses, |address| (address.index, address.local));
        let usable = |place: &Address| !place.flags.contains(AddressFlags::TENTATIVE);
        let unusable = |vip: &&Vip| !places.all((on.index, vip.address())).any(usable);
        match self.0.vips.iter().find(unusable) {
            Some(vip) => Err(Error::new(
                ErrorKind::NotVerified,
                "promote",
                vip,
                format_args!("duplicate address detection on {} has not let it be used", on.name),
            )),
            None => Ok(()),
        }
    }

    #[cfg(feature = "exact")]
    fn goes_on_from(&self, pending: &[Change]) -> bool {
        self.0.made(pending)
    }
}

impl Goal for Demote<'_> {
    fn named(&self) -> (&'static str, String) {
        ("demote", self.0.named())
    }

    fn plan(&self, now: &Snapshot, earlier: &[Change]) -> Result<Plan> {
        demotion::plan(now, self.0, earlier)
    }

    fn verify(&self, after: &Snapshot) -> Result<()> {
        silent(self, after, &self.0.vips.iter().map(|vip| vip.address()).collect::<Vec<_>>())
    }

    #[cfg(feature = "exact")]
    fn goes_on_from(&self, pending: &[Change]) -> bool {
        self.0.made(pending)
    }
}

impl Host {
    /// What [`Host::promote`] would do. Changes nothing and needs no privilege. A finding of severity error is one for which it would refuse.
    pub fn plan_promote(&self, switch: &RoleSwitch) -> Result<Changes> {
        self.foretell(&Promote(switch))
    }

    /// Makes this host the owner of the VIPs: each is bound on the interface and then removed from the real server's device, with its scope, label and
    /// lifetimes. What is so already is left. [`Host::undo`] takes it back. It announces nothing: `Host::announce` does.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] and [`ErrorKind::NoInterface`] for a switch that
    /// cannot be; [`ErrorKind::Refused`] where the interface cannot answer, or other addresses would be lost; nothing
    /// is changed then.
    pub fn promote(&self, switch: &RoleSwitch, patience: Duration) -> Result<Changes> {
        self.plan_promote(switch)?;
        self.reach(&Promote(switch), patience)
    }

    /// What [`Host::demote`] would do. Changes nothing and needs no privilege. Where it would refuse there is a finding of severity error or unknown.
    pub fn plan_demote(&self, switch: &RoleSwitch) -> Result<Changes> {
        self.foretell(&Demote(switch))
    }

    /// Makes this host a silent real server: levels first, read back, then each VIP is bound on the real server's device and removed from the
    /// interface, then a check of the whole. What is so already is left. [`Host::undo`] takes it back. No answer for the VIPs is under way any more
    /// when it returns.
    ///
    /// # Errors
    /// Those of [`Host::promote`]; [`ErrorKind::Refused`] also where a VIP would not be silent afterwards.
    pub fn demote(&self, switch: &RoleSwitch, patience: Duration) -> Result<Changes> {
        self.plan_demote(switch)?;
        let changes = self.reach(&Demote(switch), patience)?;
        // A request that found the address on the interface may be answered still (net/ipv4/arp.c: arp_process()), also where another program, or a
        // call that was killed, has just removed it.
        let _ = sys::wait_for_packets_in_flight();
        Ok(changes)
    }

    fn foretell(&self, goal: &dyn Goal) -> Result<Changes> {
        let earlier = match journal::look(self)? {
            Found::Journal(journal) => journal.done,
            // An unusable one is set aside before anything is done.
            Found::Nothing | Found::Unusable(_) => Vec::new(),
        };
        let Plan { steps, findings, .. } = goal.plan(&self.observe_deciding()?, &earlier)?;
        Ok(Changes { changed: false, steps, findings })
    }
}
