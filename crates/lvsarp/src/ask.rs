//! Decisions about the host itself, with the running kernel as a second witness.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;

use crate::arp::input::{self, Input};
use crate::arp::trace::Trace;
use crate::check::{About, Finding, Findings, Report, Severity};
use crate::decision::{Decision, Witness};
use crate::error::Result;
use crate::host::Host;
use crate::interface::IfName;
use crate::journal::{self, Found, Journal};
use crate::key::Key;
use crate::model::Model;
use crate::observe::{self, witness};
use crate::peers;
use crate::plan::{Desired, Plan, peers_may_remember};
use crate::sys;
use crate::undo::unusable;

/// How often a disagreement is looked at again: something may have changed between the snapshot and the question.
const TRIES: usize = 3;

/// Up to how many pairs of VIP and interface a check asks the kernel about all of them; of more, about each VIP once and each interface once.
const ALL_PAIRS: usize = 64;

impl Host {
    /// Works out what an apply would do. Changes nothing and needs no privilege.
    pub fn plan(&self, desired: &Desired) -> Result<Plan> {
        let earlier = match desired.is_exact().then(|| journal::look(self)).transpose()? {
            Some(Found::Journal(journal)) => journal.done,
            Some(Found::Unusable(why)) => return Err(unusable(journal::place(self)?.0, &why)),
            Some(Found::Nothing) | None => Vec::new(),
        };
        self.observe_deciding()?.plan_beside(desired, &earlier)
    }

    /// Says for every VIP whether the host is silent: for those that are named, or for those that are bound ([`Snapshot::vips`]) and those that
    /// an apply had bound, so that one that was removed since is found missing.
    ///
    /// An apply or undo that was killed midway is finished or taken back before, where the caller may do so; otherwise it is a finding.
    ///
    /// [`Snapshot::vips`]: crate::Snapshot::vips
    pub fn check(&self, vips: Option<&[IpAddr]>) -> Result<Report> {
        let (journal, unsettled) = self.settled_journal();
        let mut report = self.report(|model| match (vips, &journal) {
            (None, Some(journal)) => {
                let mut vips = model.snapshot().vips();
                let missing: Vec<IpAddr> = journal.vips().filter(|vip| !vips.contains(vip)).collect();
                vips.extend(missing);
                model.check((!vips.is_empty()).then_some(&vips))
            }
            (vips, _) => model.check(vips),
        })?;
        if let Some(journal) = journal.filter(Journal::raised_a_level) {
            // What the apply itself bound was never heard of.
            let older = report.verdicts.iter().find(|v| !journal.vips().any(|vip| vip == v.vip));
            let finding = older.map(|verdict| peers_may_remember(verdict.vip));
            report.add(finding.into_iter().collect());
        }
        report.add(observe::neighbour_table().into_iter().collect());
        if let Some(why) = unsettled {
            report.add(vec![Finding::new(
                "journal-unfinished",
                Severity::Warning,
                About::HOST,
                format_args!("the journal of this namespace is not settled: {why}"),
                format_args!("run apply or undo with CAP_NET_ADMIN"),
            )]);
        }
        Ok(report)
    }

    /// Whether this host would answer a who-has; see [`Model::would_reply`]. `verify`: ask the running kernel about the part that routing decides, too;
    /// [`Decision::witness`] says whether it agrees.
    pub fn would_reply(&self, target: Ipv4Addr, sender: Ipv4Addr, on: &IfName, verify: bool) -> Result<Decision> {
        self.decide(verify, &|model| model.would_reply(target, sender, on), &|model| {
            self.witness_of_reply(model, target, sender, on)
        })
    }

    /// Which sender a request of this host would carry; see [`Model::would_announce`]. `verify`: ask the running kernel about the part that routing
    /// decides, too; [`Decision::witness`] says whether it agrees.
    pub fn would_announce(
        &self,
        target: Ipv4Addr,
        on: &IfName,
        source: Option<Ipv4Addr>,
        verify: bool,
    ) -> Result<Decision> {
        self.decide(verify, &|model| model.would_announce(target, on, source), &|model| {
            let device = model.device(on)?;
            let fib = self.here_or_inside(|| Ok(sys::fib_lookup_socket().ok()))?;
            let fib = fib.as_ref().map(|fd| fd.as_fd());
            Ok(witness::of_announcement(fib, &model.view(), &device, target, source))
        })
    }

    fn decide(
        &self,
        verify: bool,
        decide: &dyn Fn(&Model<'_>) -> Result<Decision>,
        ask: &dyn Fn(&Model<'_>) -> Result<Witness>,
    ) -> Result<Decision> {
        let mut tries = TRIES;
        loop {
            let model = Model::new(self.observe_deciding()?);
            let mut decision = decide(&model)?;
            if verify {
                let witness = ask(&model)?;
                tries -= 1;
                if witness.agrees == Some(false) && tries > 0 {
                    continue;
                }
                decision.witness = Some(witness);
            }
            return Ok(decision);
        }
    }

    fn witness_of_reply(&self, model: &Model<'_>, target: Ipv4Addr, sender: Ipv4Addr, on: &IfName) -> Result<Witness> {
        let device = model.device(on)?;
        let fib = match sender.is_unspecified() {
            true => self.here_or_inside(|| Ok(sys::fib_lookup_socket().ok()))?,
            false => None,
        };
        let fib = fib.as_ref().map(|fd| fd.as_fd());
        Ok(witness::of_reply(&mut self.socket(), fib, &model.view(), &device, target, sender))
    }

    /// A report on a fresh snapshot, with the kernel's word on it.
    pub(crate) fn report(&self, vips: impl Fn(&Model<'_>) -> Result<Report>) -> Result<Report> {
        let mut tries = TRIES;
        loop {
            let model = Model::new(self.observe_deciding()?);
            let mut report = vips(&model)?;
            let found = self.disagreements(&model, &report);
            tries -= 1;
            if found.is_empty() || tries == 0 {
                report.add(found);
                return Ok(report);
            }
        }
    }

    /// What the kernel says otherwise about the verdicts of a report.
    fn disagreements(&self, model: &Model<'_>, report: &Report) -> Vec<Finding> {
        let view = model.view();
        let verdicts = &report.verdicts;
        let mut socket = self.socket();
        let mut found = Findings::default();
        // The verdicts come VIP by VIP, each with every interface.
        let interfaces = verdicts.iter().take_while(|v| v.vip == verdicts[0].vip).count();
        for (at, verdict) in verdicts.iter().enumerate() {
            let IpAddr::V4(vip) = verdict.vip else { continue };
            let (row, column, rows) = (at / interfaces, at % interfaces, verdicts.len() / interfaces);
            if verdicts.len() > ALL_PAIRS && column != row % interfaces && row != column % rows {
                continue;
            }
            let Ok(device) = model.device(&verdict.interface) else { continue };
            let Some(sender) = peers::neighbours(&view, &device).first().copied() else { continue };
            // A packet with an impossible address would be logged each time.
            let route = || input::route(&view, &device, vip, sender.address, &mut Trace::off());
            if device.is_set(Key::LogMartians) && matches!(route(), Input::Dropped) {
                continue;
            }
            let witness = witness::of_reply(&mut socket, None, &view, &device, vip, sender.address);
            if witness.agrees == Some(false) {
                found.add(
                    "kernel-disagrees",
                    Severity::Unknown,
                    &About { interface: Some(verdict.interface), vip: Some(verdict.vip) },
                    format_args!("{}", witness.text),
                    format_args!("the model may be wrong about this kernel; test with real requests"),
                );
            }
        }
        found.list
    }
}
