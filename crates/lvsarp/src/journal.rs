//! The journal: the record of what apply is about to do and has done.

use std::net::IpAddr;

use serde::Serialize;

use crate::change::Change;
use crate::error::Result;
use crate::interface::Scope;
use crate::json::{Place, Read, read_object};
use crate::key::Key;
use crate::level::{ArpAnnounce, ArpIgnore};
use crate::netns::Identity;
use crate::plan::Desired;
use crate::shown::Shown;
use crate::snapshot::Snapshot;
use crate::sorted::Sorted;
use crate::vip::Prefix;

mod place;

pub(crate) use place::*;

const FORMAT: u32 = 1;

/// What was going on when the journal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// An apply is under way: `pending` is to be taken back if it does not end.
    Applying,
    /// Nothing is under way: `done` is what undo takes back.
    Applied,
    /// An undo is under way: it is to be finished.
    Undoing,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Journal {
    format: u32,
    namespace: Identity,
    pub phase: Phase,
    /// What earlier applies changed, in order.
    pub done: Vec<Change>,
    /// What the apply under way is about to change, in order.
    pub pending: Vec<Change>,
}

read_object! { Journal { format, namespace, phase, done, pending } }

impl Read for Phase {
    fn read(place: &Place<'_>) -> Phase {
        place.word(&[("applying", Phase::Applying), ("applied", Phase::Applied), ("undoing", Phase::Undoing)])
    }
}

impl Journal {
    /// The addresses that applies have bound or made local, which a check expects to be there.
    pub fn vips(&self) -> impl Iterator<Item = IpAddr> {
        self.done.iter().filter_map(|change| match change {
            Change::Address { new: Some(new), .. } => Some(new.local),
            Change::Route { new: Some(new), .. } => Some(new.prefix.address()),
            _ => None,
        })
    }

    /// Whether an apply raised a level that hid no VIP.
    pub fn raised_a_level(&self) -> bool {
        self.done.iter().any(|change| match change {
            Change::Level { key: Key::ArpIgnore, old, .. } => ArpIgnore::of(*old) == ArpIgnore::AnyAddress,
            Change::Level { key: Key::ArpAnnounce, old, .. } => ArpAnnounce::of(*old) != ArpAnnounce::BestAddress,
            _ => false,
        })
    }

    /// Adds what an apply has changed to what earlier ones had.
    ///
    /// Where this apply found what an earlier one had left, the first original is kept.
    pub fn commit(&mut self) {
        let done = self.done.clone();
        let sorted = Sorted::by(&done, Subject::of);
        for new in std::mem::take(&mut self.pending) {
            // An apply changes each thing once.
            match sorted.position(Subject::of(&new)) {
                Some(at) => self.done[at] = chained(done[at].clone(), new),
                None => self.done.push(new),
            }
        }
        // What is again as it was before the first apply needs no undo.
        self.done.retain(|change| !change.is_nothing());
        self.phase = Phase::Applied;
    }

    /// Keeps of what is pending that which is done. `false`: something is neither so nor as it was before.
    #[cfg(feature = "exact")]
    pub fn keep_done(&mut self, shown: &Shown<'_>) -> bool {
        let whole = self.pending.iter().all(|change| shown.holds(change) || shown.holds(&change.inverse()));
        self.pending.retain(|change| shown.holds(change));
        whole
    }

    /// Whether steps change something that a pending change is about.
    #[cfg(feature = "exact")]
    pub fn changes_again(&self, steps: &[crate::change::Step]) -> bool {
        let pending = Sorted::by(&self.pending, Subject::of);
        steps.iter().any(|step| pending.position(Subject::of(&step.change)).is_some())
    }

    /// Forgets what is not wanted any more and is gone already. Returns whether there was something.
    pub fn forget(&mut self, desired: &Desired, now: &Snapshot) -> Result<bool> {
        let dev = now.interface(&desired.dev)?.index;
        let (shown, before) = (Shown::of(now), self.done.len());
        self.done.retain(|change| !desired.drops(change, dev) || !shown.holds(&change.inverse()));
        Ok(self.done.len() < before)
    }

    /// Makes changes that a committed apply made pending again, as if it had not ended; what earlier applies made stays done. Returns those that are
    /// not as that apply left them any more: a later one, or an undo, changed them.
    pub fn reopen(&mut self, changes: &[&Change]) -> Vec<Change> {
        let done = self.done.clone();
        let sorted = Sorted::by(&done, Subject::of);
        let found: Vec<Option<usize>> = changes.iter().map(|change| sorted.position(Subject::of(change))).collect();
        // An undo meanwhile has taken everything back, what these changes put back and removed as well.
        let undone = changes.iter().zip(&found).any(|(change, at)| at.is_none() && !change.was_there());
        let mut changed_since = Vec::new();
        for (change, at) in changes.iter().copied().zip(found) {
            match at.map(|at| (at, before(&self.done[at], change))) {
                Some((at, Some(earlier))) => {
                    self.done[at] = earlier;
                    self.pending.push(change.clone());
                }
                // It made something as it was before all applies, so that nothing was left to be undone.
                None if change.was_there() && !undone => {
                    self.done.push(change.inverse());
                    self.pending.push(change.clone());
                }
                None if !change.was_there() => {}
                _ => changed_since.push(change.clone()),
            }
        }
        self.done.retain(|change| !change.is_nothing());
        self.phase = Phase::Applying;
        changed_since
    }

    /// Lets the levels among what is pending stay as they are.
    pub fn keep_levels(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let (levels, rest) = pending.into_iter().partition(|change| matches!(change, Change::Level { .. }));
        self.pending = levels;
        self.commit();
        self.pending = rest;
        self.phase = Phase::Applying;
    }
}

/// What a change is about, whatever it changes it to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Level(Scope, Option<u32>, Key),
    Address(u32, IpAddr, u8),
    Route(Prefix),
}

impl Subject {
    /// `None` for a change of nothing into nothing, which no plan has but a damaged journal may.
    fn of(change: &Change) -> Option<Subject> {
        Some(match change {
            Change::Level { scope, index, key, .. } => Subject::Level(*scope, *index, *key),
            Change::Address { old, new, .. } => {
                let address = new.as_ref().or(old.as_ref())?;
                Subject::Address(address.index, address.local, address.prefixlen)
            }
            Change::Route { old, new } => Subject::Route(new.as_ref().or(old.as_ref())?.prefix),
            Change::File(_) => return None,
        })
    }
}

/// One change behind another: if the second found what the first had made, both are one from the first original on.
fn chained(first: Change, second: Change) -> Change {
    match (first, second) {
        (Change::Level { old: original, new: made, .. }, Change::Level { scope, index, key, old: found, new }) => {
            Change::Level { scope, index, key, old: if found == made { original } else { found }, new }
        }
        (Change::Address { old: original, new: Some(made), .. }, Change::Address { old: Some(found), new, method })
            if crate::address::same_binding(&made, &found) =>
        {
            Change::Address { old: original, new, method }
        }
        // What was removed, and is bound in the same place again, was there before.
        (Change::Address { old: original, new: None, .. }, Change::Address { old: None, new, method }) => {
            Change::Address { old: original, new, method }
        }
        (Change::Route { old: original, new: made }, Change::Route { old: found, new }) if made == found => {
            Change::Route { old: original, new }
        }
        (_, second) => second,
    }
}

/// The part of `both` that was there before `second`, which is its last part; `None` where it is not.
fn before(both: &Change, second: &Change) -> Option<Change> {
    match (both, second) {
        (Change::Level { old, new, .. }, Change::Level { scope, index, key, old: middle, new: last })
            if new == last =>
        {
            Some(Change::Level { scope: *scope, index: *index, key: *key, old: *old, new: *middle })
        }
        (Change::Address { old, new, method }, Change::Address { old: middle, new: last, .. }) if new == last => {
            Some(Change::Address { old: old.clone(), new: middle.clone(), method: *method })
        }
        (Change::Route { old, new }, Change::Route { old: middle, new: last }) if new == last => {
            Some(Change::Route { old: old.clone(), new: middle.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn level(old: i32, new: i32) -> Change {
        Change::Level { scope: Scope::All, index: None, key: Key::ArpIgnore, old, new }
    }

    fn journal(done: Vec<Change>, pending: Vec<Change>) -> Journal {
        let namespace = json::read(&json::parse(r#"{"boot":"b","name":{"cookie":1}}"#).unwrap()).unwrap();
        Journal { format: FORMAT, namespace, phase: Phase::Applying, done, pending }
    }

    fn committed(done: Change, pending: Change) -> Vec<Change> {
        let mut journal = journal(vec![done], vec![pending]);
        journal.commit();
        assert_eq!((journal.phase, journal.pending.len()), (Phase::Applied, 0));
        journal.done
    }

    #[test]
    fn the_first_original_is_kept_where_an_apply_found_what_an_earlier_one_left() {
        assert_eq!(committed(level(0, 3), level(3, 1)), [level(0, 1)]);
    }

    #[test]
    fn what_somebody_else_wrote_in_between_is_the_original_of_the_later_apply() {
        assert_eq!(committed(level(0, 1), level(5, 1)), [level(5, 1)]);
    }

    #[test]
    fn what_is_again_as_it_was_is_not_kept() {
        assert_eq!(committed(level(0, 1), level(1, 0)), []);
    }

    #[test]
    fn a_reopened_change_leaves_what_was_before_it_and_one_that_was_changed_since_stays() {
        let reopened = |done: Change, change: Change| {
            let mut journal = journal(vec![done], Vec::new());
            let since = journal.reopen(&[&change]);
            (journal.done, journal.pending, since)
        };
        assert_eq!(reopened(level(0, 1), level(0, 1)), (vec![], vec![level(0, 1)], vec![]));
        assert_eq!(reopened(level(3, 1), level(2, 1)), (vec![level(3, 2)], vec![level(2, 1)], vec![]));
        assert_eq!(reopened(level(0, 3), level(0, 1)), (vec![level(0, 3)], vec![], vec![level(0, 1)]));
    }

    #[test]
    fn changes_of_different_things_stand_side_by_side() {
        let other = Change::Level { scope: Scope::All, index: None, key: Key::ArpAnnounce, old: 0, new: 2 };
        assert_eq!(committed(level(0, 1), other.clone()), [level(0, 1), other]);
    }
}
