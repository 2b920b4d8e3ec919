//! What a repair makes of the host: the wish without the VIPs that this host owns, and those of the wish on no device that speaks ARP.

use std::cell::RefCell;
use std::net::IpAddr;

use crate::address::{Method, same_place};
use crate::apply::{Goal, silent};
use crate::arp::Role;
use crate::change::{Change, Step};
use crate::check::{Finding, Findings, Severity, most_important_first};
use crate::error::Result;
use crate::journal::Journal;
use crate::plan::{Desired, Plan};
use crate::role::{goes_with_it, promote_secondaries};
use crate::shown::Shown;
use crate::snapshot::{Address, Snapshot};

pub(super) struct Mending<'a> {
    wish: &'a Desired,
    /// Where VIPs were when the watch began.
    left_alone: &'a [Address],
    planned: RefCell<Planned>,
}

/// What the last plan came to.
#[derive(Clone)]
pub(super) struct Planned {
    /// The wish without what stays where it is.
    pub wish: Desired,
    pub steps: Vec<Step>,
    /// Addresses that stay because they were there when the watch began.
    pub left: Vec<Address>,
    /// Addresses that stay because a promote has bound them.
    pub promoted: Vec<Address>,
}

impl<'a> Mending<'a> {
    pub fn new(wish: &'a Desired, left_alone: &'a [Address]) -> Mending<'a> {
        let planned = Planned { wish: wish.clone(), steps: Vec::new(), left: Vec::new(), promoted: Vec::new() };
        Mending { wish, left_alone, planned: RefCell::new(planned) }
    }

    pub fn planned(self) -> Planned {
        self.planned.into_inner()
    }

    /// Sorts the VIPs that are on devices that speak ARP: those that stay there, and why, and those that are removed from there.
    fn sort(&self, now: &Snapshot, earlier: &[Change]) -> (Planned, Vec<Address>) {
        let mut planned = Mending::new(self.wish, &[]).planned();
        let mut misplaced = Vec::new();
        let shown = Shown::of(now);
        let made = |address: &Address| {
            let is_it =
                |change: &Change| matches!(change, Change::Address { new: Some(new), .. } if same_place(new, address));
            earlier.iter().any(|change| is_it(change) && shown.holds(change))
        };
        for address in now.addresses.iter().filter(|address| address.dev != self.wish.dev) {
            let speaks = now.by_index(address.index).is_some_and(|at| matches!(now.role(at), Role::Speaks { .. }));
            if !speaks || !is_of(self.wish, address.local) {
                continue;
            }
            if made(address) {
                planned.promoted.push(address.clone());
            } else if self.left_alone.iter().any(|left| same_place(left, address)) && !takes_away(earlier, address) {
                planned.left.push(address.clone());
            } else {
                misplaced.push(address.clone());
            }
        }
        let stays = |vip: IpAddr| planned.left.iter().chain(&planned.promoted).any(|address| address.local == vip);
        misplaced.retain(|address| !stays(address.local));
        planned.wish.vips.retain(|vip| !stays(vip.address()));
        planned.wish.prefixes.retain(|prefix| !stays(prefix.address()));
        // An exact apply would remove what is not named.
        planned.wish.exact &= planned.left.is_empty() && planned.promoted.is_empty();
        if !planned.wish.vips.iter().any(|vip| vip.address().is_ipv4()) {
            planned.wish.label = None;
        }
        (planned, misplaced)
    }
}

/// Whether changes remove an address, so that it is another program's where it is bound all the same.
pub(super) fn takes_away(changes: &[Change], address: &Address) -> bool {
    let is_it = |change: &Change| matches!(change, Change::Address { old: Some(old), new: None, .. } if same_place(old, address));
    changes.iter().any(is_it)
}

fn is_of(wish: &Desired, address: IpAddr) -> bool {
    wish.vips.iter().any(|vip| vip.address() == address) || wish.prefixes.iter().any(|p| p.address() == address)
}

impl Goal for Mending<'_> {
    fn named(&self) -> (&'static str, String) {
        ("apply", "the plan".to_owned())
    }

    fn plan(&self, now: &Snapshot, earlier: &[Change]) -> Result<Plan> {
        let (mut planned, misplaced) = self.sort(now, earlier);
        let mut plan = Plan { steps: Vec::new(), findings: Vec::new(), ok: true };
        if !planned.wish.vips.is_empty() || !planned.wish.prefixes.is_empty() {
            let removals: Vec<Step> = misplaced.into_iter().map(removal).collect();
            let mut lost = Findings::default();
            goes_with_it(now, &removals, &mut lost);
            // As it is without them decides about the levels and the scope.
            let mut without = now.clone();
            promote_secondaries(&mut without, &removals);
            without.foresee(&removals);
            plan = planned.wish.plan(&without, earlier)?;
            plan.ok &= lost.list.iter().all(|finding| finding.severity > Severity::Unknown);
            plan.findings.splice(..0, lost.list);
            most_important_first(&mut plan.findings);
            plan.steps.extend(removals);
        }
        planned.steps.clone_from(&plan.steps);
        self.planned.replace(planned);
        Ok(plan)
    }

    fn forbids(&self, finding: &Finding) -> bool {
        self.wish.forbids(finding)
    }

    fn verify(&self, after: &Snapshot) -> Result<()> {
        silent(self, after, &self.planned.borrow().wish.watched(after))
    }

    // What others have bound meanwhile is not bound again by an undo.
    #[cfg(feature = "exact")]
    fn keep(&self, journal: &mut Journal) {
        let Journal { done, pending, .. } = journal;
        let is_ours = |old: &Address| {
            done.iter().any(|change| matches!(change, Change::Address { new: Some(new), .. } if same_place(new, old)))
        };
        let misplaced = |old: &Address| old.dev != self.wish.dev && is_of(self.wish, old.local);
        pending.retain(|change| match change {
            Change::Address { old: Some(old), new: None, .. } => !misplaced(old) || is_ours(old),
            _ => true,
        });
    }

    fn forget(&self, journal: &mut Journal, now: &Snapshot) -> Result<bool> {
        self.planned.borrow().wish.forget(journal, now)
    }
}

fn removal(address: Address) -> Step {
    let reason = format!("an address on {} is answered there", address.dev);
    Step { change: Change::Address { old: Some(address), new: None, method: Method::Netlink }, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::tests::{RIP, address, host};
    use crate::vip::Vip;

    /// What is bound and removed, and the VIPs that are left.
    fn planned(
        now: &Snapshot,
        wish: &[&str],
        left_alone: &[Address],
        earlier: &[Change],
    ) -> (Vec<String>, usize, usize) {
        let wish = Desired::new(wish.iter().map(|vip| Vip::parse(vip).unwrap()));
        let mending = Mending::new(&wish, left_alone);
        assert!(Goal::plan(&mending, now, earlier).unwrap().ok);
        let Planned { steps, left, promoted, .. } = mending.planned();
        let addresses = steps.iter().filter(|step| matches!(step.change, Change::Address { .. }));
        (addresses.map(|step| step.change.to_string()).collect(), left.len(), promoted.len())
    }

    #[test]
    fn of_what_is_on_an_interface_only_misplaced_vips_of_the_wish_are_removed() {
        let now = host(
            (1, 2),
            &[RIP.to_owned(), address("192.0.2.10", 32, "eth0", "eth0"), address("192.0.2.12", 32, "eth0", "eth0")],
        );
        let ten = now.addresses.iter().find(|address| address.local == IpAddr::from([192, 0, 2, 10])).unwrap();
        let mends =
            ["bind 192.0.2.10/32 dev lo: scope global label lo", "unbind 192.0.2.10/32 dev eth0"].map(str::to_owned);
        assert_eq!(planned(&now, &["192.0.2.10"], &[], &[]), (mends.to_vec(), 0, 0));

        let bound = Change::Address { old: None, new: Some(ten.clone()), method: Method::Netlink };
        assert_eq!(planned(&now, &["192.0.2.10"], &[], std::slice::from_ref(&bound)), (vec![], 0, 1));
        // The same address with another mark is another program's.
        let marked = Address { proto: Some(18), ..ten.clone() };
        let marked = Change::Address { old: None, new: Some(marked), method: Method::Netlink };
        assert_eq!(planned(&now, &["192.0.2.10"], &[], &[marked]).0, mends);

        // Known by its place, whatever else is said of it.
        let then = Address { valid: Some(9), scope: crate::AddressScope::HOST, ..ten.clone() };
        let then = [then];
        assert_eq!(planned(&now, &["192.0.2.10"], &then, &[]), (vec![], 1, 0));
        assert_eq!(planned(&now, &["192.0.2.10"], &then, &[bound.inverse()]).0, mends);
    }

    #[test]
    fn a_vip_is_not_removed_where_others_would_go_with_it() {
        let now = host(
            (1, 2),
            &[address("192.0.2.10", 24, "eth0", "eth0"), RIP.replace("\"permanent\"", "\"permanent\",\"secondary\"")],
        );
        let wish = Desired::new([Vip::parse("192.0.2.10").unwrap()]);
        let plan = Goal::plan(&Mending::new(&wish, &[]), &now, &[]).unwrap();
        assert!(!plan.ok);
        assert_eq!(plan.findings[0].code, "others-would-go");
    }
}
