//! Apply: run a plan so that it is done, or not done, and never half. A switch of roles is run the same way.

use std::net::IpAddr;
use std::time::Duration;

use crate::address::{self, Method, route};
use crate::change::{Change, Changes, Step};
use crate::check::{About, Finding, Severity};
use crate::conf::Via;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::journal::{self, Found, Journal, Locked, Phase};
use crate::plan::{Desired, Plan};
use crate::shown::Shown;
use crate::snapshot::{Address, Snapshot};
use crate::undo::DID_NOT_END;

/// How long [`Host::apply`] and [`Host::undo`] wait for another process that works on the same namespace, unless they are told otherwise.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What a host is to become: how that is planned, and how it is known that it is so.
pub(crate) trait Goal {
    /// What is done, and to what, as errors name it.
    fn named(&self) -> (&'static str, String);

    /// The steps from a snapshot on, for a host where earlier calls have changed this. What is wrong with the wish itself is an error.
    fn plan(&self, now: &Snapshot, earlier: &[Change]) -> Result<Plan>;

    /// Whether a finding forbids to go on.
    fn forbids(&self, finding: &Finding) -> bool {
        finding.severity <= Severity::Unknown
    }

    /// Looks at the host when all steps are done.
    fn verify(&self, after: &Snapshot) -> Result<()>;

    /// Forgets of the journal what is not wanted any more and is gone already. Returns whether there was something.
    fn forget(&self, _journal: &mut Journal, _now: &Snapshot) -> Result<bool> {
        Ok(false)
    }

    /// Forgets of what is pending and done now that which is not to be undone.
    #[cfg(feature = "exact")]
    fn keep(&self, _journal: &mut Journal) {}

    /// Whether an interrupted call was about to do this very thing, so that it is better ended than taken back.
    #[cfg(feature = "exact")]
    fn goes_on_from(&self, _pending: &[Change]) -> bool {
        false
    }
}

impl Goal for Desired {
    fn named(&self) -> (&'static str, String) {
        ("apply", "the plan".to_owned())
    }

    fn plan(&self, now: &Snapshot, earlier: &[Change]) -> Result<Plan> {
        now.plan_beside(self, earlier)
    }

    fn forbids(&self, finding: &Finding) -> bool {
        self.blockers(std::slice::from_ref(finding)).next().is_some()
    }

    fn verify(&self, after: &Snapshot) -> Result<()> {
        silent(self, after, &self.watched(after))
    }

    fn forget(&self, journal: &mut Journal, now: &Snapshot) -> Result<bool> {
        Ok(self.is_exact() && journal.forget(self, now)?)
    }
}

/// Whether the VIPs of a real server are silent now.
pub(crate) fn silent(goal: &dyn Goal, after: &Snapshot, vips: &[IpAddr]) -> Result<()> {
    let report = after.check(Some(vips))?;
    let Some(finding) = report.findings.iter().find(|finding| goal.forbids(finding)).cloned() else {
        return Ok(());
    };
    let error = Error::new(ErrorKind::NotVerified, "verify", "the real server", finding.message);
    Err(error.hint(finding.hint).because_of(report.findings))
}

impl Host {
    /// The journal of earlier applies, after an interrupted call was settled; or why it could not be.
    pub(crate) fn settled_journal(&self) -> (Option<Journal>, Option<String>) {
        let mut found = journal::look(self);
        if matches!(&found, Ok(Found::Journal(journal)) if journal.phase != Phase::Applied) {
            if let Err(error) = self.recover() {
                return (None, Some(error.to_string()));
            }
            found = journal::look(self);
        }
        match found {
            Ok(Found::Nothing) => (None, None),
            Ok(Found::Journal(journal)) if journal.phase == Phase::Applied => (Some(journal), None),
            Ok(Found::Journal(_)) => (None, Some("an apply or undo is under way".to_owned())),
            Ok(Found::Unusable(why)) => (None, Some(why)),
            Err(error) => (None, Some(error.to_string())),
        }
    }

    /// Makes the host a silent real server: levels first, read back, then the VIPs, then a check of the whole; then the journal is committed.
    ///
    /// A second call changes nothing. If anything fails, what was done is rolled back and the error says so. If the process is killed at any
    /// point, the next apply, undo or check rolls back first.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] where the VIPs would not be silent afterwards (the plan's findings say why); nothing is changed then.
    pub fn apply(&self, desired: &Desired, patience: Duration) -> Result<Changes> {
        // What is wrong with the wish is said before anything is locked or written.
        self.plan(desired)?;
        self.reach(desired, patience)
    }

    /// Plans, runs the steps, verifies and commits, under the lock; or rolls back.
    pub(crate) fn reach(&self, goal: &dyn Goal, patience: Duration) -> Result<Changes> {
        let locked = Locked::take(self, patience)?;
        // Only a switch of roles goes on, and the small library has none.
        #[cfg(feature = "exact")]
        let half_done = self.go_on(&locked, goal)?;
        #[cfg(not(feature = "exact"))]
        let half_done: Option<(Journal, Snapshot, Plan)> = None;
        let (mut journal, before, plan, mut findings) = match half_done {
            Some((journal, before, plan)) => (journal, before, plan, Vec::new()),
            None => {
                let (journal, findings) = self.settle(&locked)?;
                let journal = journal.unwrap_or_else(|| locked.empty());
                let before = self.observe_deciding()?;
                let plan = goal.plan(&before, &journal.done)?;
                (journal, before, plan, findings)
            }
        };
        if !plan.ok {
            let (act, thing) = goal.named();
            return Err(refused(act, &thing, plan, goal));
        }
        findings.extend(plan.findings);
        let forgotten = goal.forget(&mut journal, &before)?;
        if plan.steps.is_empty() && journal.pending.is_empty() {
            if forgotten {
                self.close(&locked, journal)?;
            }
            return Ok(Changes { changed: false, steps: plan.steps, findings });
        }
        journal.phase = Phase::Applying;
        journal.pending.extend(plan.steps.iter().map(|step| step.change.clone()));
        locked.write(&journal)?;
        let result = self.make(&plan.steps).and_then(|after| goal.verify(&after)).and_then(|()| {
            let mut committed = journal.clone();
            #[cfg(feature = "exact")]
            goal.keep(&mut committed);
            committed.commit();
            locked.write(&committed)
        });
        match result {
            Ok(()) => Ok(Changes { changed: !plan.steps.is_empty(), steps: plan.steps, findings }),
            Err(error) => {
                let failures = self.roll_back(&locked, journal).err().into_iter().collect();
                Err(error.after_roll_back(failures))
            }
        }
    }

    /// Where an interrupted call was on its way to this goal: the journal with what that call has done pending, and the plan of what is left to do.
    #[cfg(feature = "exact")]
    fn go_on(&self, locked: &Locked, goal: &dyn Goal) -> Result<Option<(Journal, Snapshot, Plan)>> {
        let Found::Journal(mut journal) = locked.find()? else { return Ok(None) };
        if journal.phase != Phase::Applying || !goal.goes_on_from(&journal.pending) {
            return Ok(None);
        }
        let now = self.observe_deciding()?;
        if !journal.keep_done(&Shown::of(&now)) {
            return Ok(None);
        }
        Ok(match goal.plan(&now, &journal.done) {
            Ok(plan) if plan.ok && !journal.changes_again(&plan.steps) => Some((journal, now, plan)),
            _ => None,
        })
    }

    /// Settles what an interrupted call left behind, if nobody is at work.
    fn recover(&self) -> Result<()> {
        match Locked::attempt(self, Duration::ZERO)? {
            Some(locked) => self.settle_known(&locked).map(drop),
            None => Ok(()),
        }
    }

    /// Settles what an interrupted call left behind. An unusable journal is set aside and reported.
    fn settle(&self, locked: &Locked) -> Result<(Option<Journal>, Vec<Finding>)> {
        if let Found::Unusable(why) = locked.find()? {
            let aside = locked.set_aside()?;
            let finding = Finding::new(
                "journal-set-aside",
                Severity::Warning,
                About::HOST,
                format_args!("the journal of this namespace was unusable ({why}) and was kept as {aside}"),
                format_args!("what an earlier apply did cannot be undone by lvsarp any more; see the file"),
            );
            return Ok((None, vec![finding]));
        }
        Ok((self.settle_known(locked)?, Vec::new()))
    }

    /// Rolls an interrupted apply back, and finishes an interrupted undo or a demote after which a VIP is gone already; leaves an unusable journal where it is.
    pub(crate) fn settle_known(&self, locked: &Locked) -> Result<Option<Journal>> {
        match locked.find()? {
            Found::Journal(mut journal) => match journal.phase {
                Phase::Applied => Ok(Some(journal)),
                // Only a switch of roles is finished, and the small library has none.
                #[cfg(feature = "exact")]
                Phase::Applying => self.settle_pending(locked, journal).map(|(journal, _)| journal),
                #[cfg(not(feature = "exact"))]
                Phase::Applying => self.roll_back(locked, journal).map(|(journal, _)| journal),
                Phase::Undoing => self.finish_undo(locked, &mut journal).map(|_| None),
            },
            Found::Nothing | Found::Unusable(_) => Ok(None),
        }
    }

    /// Takes back what was pending. Returns the journal that is left, if there is still something to undo, and what was taken back.
    pub(crate) fn roll_back(&self, locked: &Locked, journal: Journal) -> Result<(Option<Journal>, Vec<Step>)> {
        let (steps, _) = self.take_back(&journal.pending, DID_NOT_END)?;
        Ok((self.close(locked, journal)?, steps))
    }

    /// Records that what was pending is taken back. Returns the journal that is left, if there is still something to undo.
    pub(crate) fn close(&self, locked: &Locked, mut journal: Journal) -> Result<Option<Journal>> {
        journal.pending.clear();
        journal.phase = Phase::Applied;
        if journal.done.is_empty() {
            locked.remove()?;
            return Ok(None);
        }
        locked.write(&journal)?;
        Ok(Some(journal))
    }

    /// Runs the steps in order, reads the levels back before the first address is bound, and sees to it that all is there at the end. Returns what is.
    pub(crate) fn make(&self, steps: &[Step]) -> Result<Snapshot> {
        let (levels, places): (Vec<&Step>, Vec<&Step>) =
            steps.iter().partition(|step| matches!(step.change, Change::Level { .. }));
        for step in &levels {
            if let Change::Level { scope, key, new, .. } = &step.change {
                self.write(scope, *key, *new, Via::Auto)?;
            }
        }
        if !levels.is_empty() {
            let now = self.observe_deciding()?;
            let shown = Shown::of(&now);
            if let Some(step) = levels.iter().find(|step| !shown.holds(&step.change)) {
                return Err(Error::new(
                    ErrorKind::NotVerified,
                    "set",
                    step.change.thing(),
                    "another process changed it before the VIP was bound",
                ));
            }
        }
        self.place(&places)?;
        let after = self.observe_deciding()?;
        let shown = Shown::of(&after);
        if let Some(step) = steps.iter().find(|step| !shown.holds(&step.change)) {
            let cause = "the kernel does not show it afterwards";
            return Err(Error::new(ErrorKind::NotVerified, step.change.act(), step.change.thing(), cause));
        }
        Ok(after)
    }

    /// Binds addresses and adds routes, then removes those that are not wanted any more; over netlink many addresses go to a send.
    fn place(&self, steps: &[&Step]) -> Result<()> {
        let fresh: Vec<Address> = steps
            .iter()
            .filter_map(|step| match &step.change {
                Change::Address { old: None, new: Some(new), method: Method::Netlink } => Some(new.clone()),
                _ => None,
            })
            .collect();
        if !fresh.is_empty() {
            address::netlink::bind(&mut self.socket(), &fresh, &[])?;
        }
        for step in steps {
            match &step.change {
                Change::Address { old, new: Some(new), method: Method::Ioctl } => {
                    if let Some(old) = old {
                        address::netlink::unbind(&mut self.socket(), std::slice::from_ref(old))?;
                    }
                    let label = new.label.as_deref().is_some_and(|label| label.contains(':'));
                    address::ioctl::bind(self, new, label)?;
                }
                Change::Address { old: Some(old), new: Some(new), .. } => {
                    address::netlink::replace(&mut self.socket(), old, new)?;
                }
                Change::Route { new: Some(new), .. } => {
                    route::add(&mut self.socket(), new)?;
                }
                _ => {}
            }
        }
        let gone: Vec<Step> = steps.iter().filter(|step| step.change.removes()).map(|step| (*step).clone()).collect();
        self.remove_places(&gone)
    }
}

/// The refusal of a plan that would not do what it is to do.
pub(crate) fn refused(act: &str, thing: &str, plan: Plan, goal: &dyn Goal) -> Error {
    let blocking: Vec<&Finding> = plan.findings.iter().filter(|finding| goal.forbids(finding)).collect();
    let message = match blocking[..] {
        [] => "it would not be silent".to_owned(),
        [only] => only.message.clone(),
        [first, ..] => format!("{} (and {} more)", first.message, blocking.len() - 1),
    };
    let hint = blocking.first().map_or(String::new(), |first| first.hint.clone());
    let error = Error::new(ErrorKind::Refused, act, thing, format_args!("{message}; nothing was changed"));
    let error = if hint.is_empty() { error } else { error.hint(hint) };
    error.because_of(plan.findings)
}
