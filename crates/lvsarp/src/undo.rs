//! Undo: what apply did is taken back, each thing only where it still is what apply made it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::address::{self, route};
use crate::change::{Change, Changes, Step};
use crate::check::{About, Finding, Severity, Verdict};
use crate::conf::{Via, link};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::NAME_MAX;
use crate::journal::{self, Found, Journal, Locked, Phase};
use crate::shown::Shown;
use crate::snapshot::Address;
use crate::sorted::Sorted;
use crate::sys;

/// Why undo changes something.
const SO_BEFORE: &str = "it was so before apply";

/// Why a roll-back changes something.
pub(crate) const DID_NOT_END: &str = "the apply did not end";

impl Host {
    /// Takes back what apply did: the VIPs first, then the levels, each only where it still is what apply made it. The rest is left alone and
    /// reported as findings.
    pub fn undo(&self, patience: Duration) -> Result<Changes> {
        let (path, _) = journal::place(self)?;
        if journal::look_at(&path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
            return Ok(Changes::done(Vec::new()));
        }
        let locked = Locked::take(self, patience)?;
        let Some(journal) = found(&locked, &path)? else {
            return Ok(Changes::done(Vec::new()));
        };
        let (journal, mut steps) = match journal.phase {
            #[cfg(feature = "exact")]
            Phase::Applying => self.settle_pending(&locked, journal)?,
            #[cfg(not(feature = "exact"))]
            Phase::Applying => self.roll_back(&locked, journal)?,
            _ => (Some(journal), Vec::new()),
        };
        let Some(mut journal) = journal else {
            return Ok(Changes::done(steps));
        };
        let undone = self.finish_undo(&locked, &mut journal)?;
        steps.extend(undone.steps);
        Ok(Changes { findings: undone.findings, ..Changes::done(steps) })
    }

    /// What [`Host::undo`] would do now. Changes nothing, locks nothing and needs no privilege.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`] where the record of what apply did cannot be used.
    pub fn plan_undo(&self) -> Result<Changes> {
        let journal = match journal::look(self)? {
            Found::Nothing => return Ok(Changes::done(Vec::new())),
            Found::Journal(journal) => journal,
            Found::Unusable(why) => return Err(unusable(journal::place(self)?.0, &why)),
        };
        let mut now = self.observe_deciding()?;
        #[cfg(feature = "exact")]
        let (mut journal, mut first) = (journal, Vec::new());
        #[cfg(feature = "exact")]
        if journal.phase == Phase::Applying {
            first = crate::role::foresee(&mut journal, &mut now);
        }
        let Journal { phase, pending, mut done, .. } = journal;
        let mut back = Back::of(&pending, &Shown::of(&now), DID_NOT_END);
        now.foresee(&back.steps);
        let shown = Shown::of(&now);
        let mut left = match phase {
            Phase::Undoing => Vec::new(),
            Phase::Applying | Phase::Applied => only_ours(&mut done, &shown),
        };
        let done = Back::of(&done, &shown, SO_BEFORE);
        left.extend(done.left);
        back.steps.extend(done.steps);
        #[cfg(feature = "exact")]
        back.steps.splice(..0, first);
        Ok(Changes { changed: false, steps: back.steps, findings: left })
    }

    /// Takes back what one [`Host::apply`] changed and leaves what others changed: `changes` is what that apply returned. Of these changes
    /// each is taken back only where it still is what the apply made it; files are left. Levels stay where a VIP of another apply would not be silent
    /// without them.
    ///
    /// # Errors
    /// Those of [`Host::undo`].
    pub fn revert(&self, changes: &Changes, patience: Duration) -> Result<Changes> {
        let made = changes.steps.iter().map(|step| &step.change).filter(|change| !matches!(change, Change::File(_)));
        let made: Vec<&Change> = made.collect();
        if made.is_empty() {
            return Ok(Changes::done(Vec::new()));
        }
        let locked = Locked::take(self, patience)?;
        found(&locked, &journal::place(self)?.0)?;
        let Some(mut journal) = self.settle_known(&locked)? else {
            return Ok(Changes::done(Vec::new()));
        };
        // From here on it is an apply that did not end.
        let mut left: Vec<Finding> = journal.reopen(&made).iter().map(left_alone).collect();
        if let Some(vip) = self.needs_levels(&journal)? {
            journal.keep_levels();
            left.push(levels_stay(vip));
        }
        locked.write(&journal)?;
        let (steps, more) = self.take_back(&journal.pending, SO_BEFORE)?;
        self.close(&locked, journal)?;
        Ok(Changes { findings: left.into_iter().chain(more).collect(), ..Changes::done(steps) })
    }

    /// A VIP of another apply that is silent now and would not be without what is pending.
    fn needs_levels(&self, journal: &Journal) -> Result<Option<IpAddr>> {
        let now = self.observe_deciding()?;
        let vips: Vec<IpAddr> = journal.vips().collect();
        if vips.is_empty() {
            return Ok(None);
        }
        let mut after = now.clone();
        after.foresee(&Back::of(&journal.pending, &Shown::of(&now), SO_BEFORE).steps);
        let leaks = |verdict: &&Verdict| verdict.replies == Some(true) || verdict.announces == Some(true);
        let before = now.check(Some(&vips))?.verdicts;
        let leaked: Vec<&Verdict> = before.iter().filter(leaks).collect();
        let new = |v: &&Verdict| leaks(v) && !leaked.iter().any(|l| l.vip == v.vip && l.interface == v.interface);
        Ok(after.check(Some(&vips))?.verdicts.iter().find(new).map(|verdict| verdict.vip))
    }

    /// Undoes what is recorded as done, and removes the journal.
    pub(crate) fn finish_undo(&self, locked: &Locked, journal: &mut Journal) -> Result<Changes> {
        let mut left = Vec::new();
        if journal.phase != Phase::Undoing {
            // What is not ours any more is settled before the first step: after it, something that is missing was interrupted.
            let now = self.observe_deciding()?;
            left = only_ours(&mut journal.done, &Shown::of(&now));
            journal.phase = Phase::Undoing;
            locked.write(journal)?;
        }
        let (steps, more) = self.take_back(&journal.done, SO_BEFORE)?;
        left.extend(more);
        locked.remove()?;
        Ok(Changes { changed: !steps.is_empty(), steps, findings: left })
    }

    /// Takes changes back in reverse: addresses and routes first, then, when no packet for them is under way any more, levels.
    pub(crate) fn take_back(&self, changes: &[Change], reason: &str) -> Result<(Vec<Step>, Vec<Finding>)> {
        let now = self.observe_deciding()?;
        let shown = Shown::of(&now);
        let back = Back::of(changes, &shown, reason);
        address::netlink::unbind(&mut self.socket(), &back.half_made)?;
        self.remove_places(&back.steps)?;
        let mut waited = false;
        for step in &back.steps {
            if let Change::Level { scope, index, key, new, .. } = &step.change {
                if !waited {
                    // A request that found the VIP must not find the restored level. Where the call is missing the window is that of one packet.
                    let _ = sys::wait_for_packets_in_flight();
                    waited = true;
                }
                match self.write(&shown.current_name(scope, *index), *key, *new, Via::Auto) {
                    Err(e) if e.kind() != ErrorKind::NoInterface => return Err(e),
                    _ => {}
                }
            }
        }
        Ok((back.steps, back.left))
    }

    /// The addresses' and routes' part of taking back.
    pub(crate) fn remove_places(&self, steps: &[Step]) -> Result<()> {
        let mut socket = self.socket();
        let gone = |step: &Step| match &step.change {
            Change::Address { old: Some(old), new: None, .. } => Some(old.clone()),
            _ => None,
        };
        let gone: Vec<Address> = steps.iter().filter_map(gone).collect();
        let rest = match cfg!(feature = "exact") {
            true => {
                drop(socket);
                let rest = self.move_places(steps, &gone)?;
                socket = self.socket();
                rest
            }
            // The small library moves nothing itself, and takes away first what another one has moved.
            false => steps.iter().collect(),
        };
        address::netlink::unbind(&mut socket, &gone)?;
        for step in rest {
            match &step.change {
                Change::Address { old: Some(old), new: Some(new), .. } => {
                    address::netlink::replace(&mut socket, old, new)?
                }
                Change::Address { old: None, new: Some(new), .. } => {
                    address::netlink::add_one(&mut socket, new).map_err(|refusal| refusal.error("bind", new.local))?;
                }
                Change::Route { old: Some(old), .. } => {
                    route::delete(&mut socket, old)?;
                }
                Change::Route { old: None, new: Some(new) } => {
                    route::add(&mut socket, new)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Host {
    /// Binds what only moves in its new place, before it leaves the old one, so that it is local all the time. Returns the other steps.
    fn move_places<'s>(&self, steps: &'s [Step], gone: &[Address]) -> Result<Vec<&'s Step>> {
        let leaving = Sorted::by(gone, |address| address.local);
        let (mut moved, mut rest) = (Vec::new(), Vec::new());
        for step in steps {
            match &step.change {
                Change::Address { old: None, new: Some(new), .. } if leaving.position(new.local).is_some() => {
                    moved.push(new.clone());
                }
                _ => rest.push(step),
            }
        }
        address::netlink::bind(&mut self.socket(), &moved, &[])?;
        self.wait_for_other_places(gone)?;
        Ok(rest)
    }

    /// Waits until IPv6 addresses that are about to be removed, and are bound elsewhere as well, will stay local; not for ever, because one that
    /// another host has as well never will.
    ///
    /// The kernel makes an IPv6 address local later than it answers the request for it, also without duplicate address detection
    /// (`net/ipv6/addrconf.c: addrconf_dad_work()`). Each address has a route of its own.
    fn wait_for_other_places(&self, gone: &[Address]) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(5);
        const NAP: Duration = Duration::from_millis(1);
        if !gone.iter().any(|address| address.local.is_ipv6()) {
            return Ok(());
        }
        // An address that stayed on a device that is down (keep_addr_on_down) has no route.
        let devices = link::list(&mut self.socket())?;
        let up = |index: u32| devices.iter().any(|device| device.index == index && device.is_up());
        let leaving = gone.iter().filter(|address| address.local.is_ipv6() && up(address.index));
        let leaving: Vec<IpAddr> = leaving.map(|address| address.local).collect();
        let places = self.addresses(None)?;
        let (places, leaving) = (Sorted::by(&places, |a| a.local), Sorted::by(&leaving, |local| *local));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let routes = route::to_addresses(&mut self.socket())?;
            let routes = Sorted::by(&routes, |local| *local);
            let stays_local = |local: &IpAddr| {
                let gone = leaving.all(*local).count();
                places.all(*local).count() <= gone || routes.all(*local).count() > gone
            };
            if leaving.list().iter().all(stays_local) || Instant::now() > deadline {
                return Ok(());
            }
            std::thread::sleep(NAP);
        }
    }
}

/// What is to be done to take changes back. Only what still is as the change made it is touched, or was torn in the middle; what is as it was before
/// counts as taken back.
struct Back {
    /// Addresses and routes first, then levels.
    steps: Vec<Step>,
    left: Vec<Finding>,
    half_made: Vec<Address>,
}

impl Back {
    fn of(changes: &[Change], shown: &Shown<'_>, reason: &str) -> Back {
        let mut back = Back { steps: Vec::new(), left: Vec::new(), half_made: Vec::new() };
        let mut sort = |change: &Change| {
            let inverse = change.inverse();
            back.half_made.extend(shown.half_made(change).cloned());
            if shown.holds(change) || shown.is_torn(change) {
                back.steps.push(Step { change: inverse, reason: reason.to_owned() });
            } else if !shown.holds(&inverse) {
                back.left.push(left_alone(change));
            }
        };
        let is_level = |change: &&Change| matches!(change, Change::Level { .. });
        changes.iter().rev().filter(|c| !is_level(c)).for_each(&mut sort);
        changes.iter().rev().filter(is_level).for_each(&mut sort);
        if cfg!(feature = "exact") {
            back.keep_what_is_left_of_lifetimes(shown);
            back.name_devices_as_now(shown);
        }
        back
    }

    /// A device may have another name by now, and a label begins with it.
    fn name_devices_as_now(&mut self, shown: &Shown<'_>) {
        for step in &mut self.steps {
            if let Change::Address { new: Some(new), .. } = &mut step.change
                && let Some(name) = shown.name_of(new.index).filter(|name| *name != new.dev)
            {
                if let Some(tail) = new.label.as_deref().and_then(|label| label.strip_prefix(&new.dev.to_string())) {
                    let label = format!("{name}{tail}");
                    new.label = Some(if label.len() <= NAME_MAX { label } else { name.to_string() }.into_boxed_str());
                }
                new.dev = name;
            }
        }
    }

    /// An address that moves back has lived meanwhile.
    fn keep_what_is_left_of_lifetimes(&mut self, shown: &Shown<'_>) {
        let leaving = |step: &Step| match &step.change {
            Change::Address { old: Some(old), new: None, .. } => shown.at(old).cloned(),
            _ => None,
        };
        let gone: Vec<Address> = self.steps.iter().filter_map(leaving).collect();
        let gone = Sorted::by(&gone, |address| address.local);
        for step in &mut self.steps {
            if let Change::Address { old: None, new: Some(new), .. } = &mut step.change
                && new.valid.is_some()
                && let Some(from) = gone.all(new.local).find(|from| from.valid.is_some())
            {
                (new.valid, new.preferred) = (from.valid, from.preferred);
            }
        }
    }
}

/// The journal, if there is one. One that cannot be used is set aside.
fn found(locked: &Locked, path: &str) -> Result<Option<Journal>> {
    match locked.find()? {
        Found::Nothing => Ok(None),
        Found::Journal(journal) => Ok(Some(journal)),
        Found::Unusable(why) => {
            let aside = locked.set_aside()?;
            Err(unusable(path, &format!("{why}; it was kept as {aside}")))
        }
    }
}

pub(crate) fn unusable(path: impl std::fmt::Display, cause: &str) -> Error {
    Error::new(ErrorKind::Journal, "read the journal", path, cause)
        .hint("nothing was changed: what apply did has to be taken back by hand")
}

/// Keeps of what was done that which still is as apply made it. Returns what is neither that nor as it was before.
fn only_ours(done: &mut Vec<Change>, shown: &Shown<'_>) -> Vec<Finding> {
    let mut left = Vec::new();
    done.retain(|change| {
        if !shown.holds(change) && !shown.holds(&change.inverse()) {
            left.push(left_alone(change));
        }
        shown.holds(change)
    });
    left
}

/// Why levels were not taken back.
fn levels_stay(vip: IpAddr) -> Finding {
    Finding::new(
        "levels-stay",
        Severity::Warning,
        About::vip(vip),
        format_args!(
            "the levels stay as they are, because {vip}, which another apply bound, would not be silent without them"
        ),
        format_args!("lvsarp undo takes that VIP and the levels back"),
    )
}

/// What undo found and did not touch.
pub(crate) fn left_alone(change: &Change) -> Finding {
    Finding::new(
        "left-alone",
        Severity::Warning,
        About::HOST,
        format_args!("{} was left alone: it is not as apply made it any more", change.thing()),
        format_args!("lvsarp check says whether the host is silent as it is now"),
    )
}
