//! A demote that was killed: once a VIP has left the interface, whoever comes next finishes it, because another host may own the VIP by now.

use crate::change::{Change, Step};
use crate::error::Result;
use crate::flags::InterfaceFlags;
use crate::host::Host;
use crate::journal::{Journal, Locked};
use crate::shown::Shown;
use crate::snapshot::Snapshot;
use crate::sys;

/// Why a step is done by another call than the one that planned it.
const GOES_ON: &str = "a VIP has left already";

impl Host {
    /// Finishes a demote that was killed after a VIP had left, and takes everything else back that was killed. Returns the journal that is left, if
    /// there is still something to undo, and what was done.
    pub(crate) fn settle_pending(&self, locked: &Locked, mut journal: Journal) -> Result<(Option<Journal>, Vec<Step>)> {
        let now = self.observe_deciding()?;
        let Some(steps) = left_of_demote(&journal.pending, &now) else {
            // Nothing of these was done. They are not taken back either where another program does the same at this instant.
            journal.pending.retain(|change| !leaves_owner(change, &now));
            return self.roll_back(locked, journal);
        };
        let after = self.make(&steps)?;
        let _ = sys::wait_for_packets_in_flight();
        commit(&mut journal, &after);
        Ok((self.close(locked, journal)?, steps))
    }
}

/// The same, as it would be: the steps, and what is there afterwards.
pub(crate) fn foresee(journal: &mut Journal, now: &mut Snapshot) -> Vec<Step> {
    let Some(steps) = left_of_demote(&journal.pending, now) else { return Vec::new() };
    now.foresee(&steps);
    commit(journal, now);
    steps
}

/// What others have changed meanwhile is theirs.
fn commit(journal: &mut Journal, after: &Snapshot) {
    journal.keep_done(&Shown::of(after));
    journal.commit();
}

/// What is left to do of a demote; `None`: no VIP has left yet, or it is no demote.
fn left_of_demote(pending: &[Change], now: &Snapshot) -> Option<Vec<Step>> {
    let shown = Shown::of(now);
    pending.iter().find(|change| leaves_owner(change, now) && shown.holds(change))?;
    let left = pending.iter().filter(|change| !shown.holds(change) && shown.holds(&change.inverse()));
    let step = |change: &Change| {
        let mut change = change.clone();
        if let Change::Level { scope, index, .. } = &mut change {
            *scope = shown.current_name(scope, *index);
        }
        Step { change, reason: GOES_ON.to_owned() }
    };
    Some(left.map(step).collect())
}

/// Whether a change removes an address from where it is answered. An interface that is gone has no addresses, and none comes back to it.
fn leaves_owner(change: &Change, now: &Snapshot) -> bool {
    match change {
        Change::Address { old: Some(old), new: None, .. } => now
            .by_index(old.index)
            .is_none_or(|device| !device.is_loopback() && !device.flags.contains(InterfaceFlags::NOARP)),
        _ => false,
    }
}
