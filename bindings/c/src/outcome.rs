//! The outcome: what the last call did or found, kept in the handle and walked with a callback.

use std::ffi::{c_int, c_void};

use lvsarp::{Change, Changes, Finding, Plan, Report, Severity, Step, Verdict};

use crate::constants::{
    LVSARP_HAS_NEW, LVSARP_HAS_OLD, LVSARP_SEVERITY_ERROR, LVSARP_SEVERITY_INFO, LVSARP_SEVERITY_UNKNOWN,
    LVSARP_SEVERITY_WARNING, LVSARP_STEP_ADDRESS, LVSARP_STEP_FILE, LVSARP_STEP_LEVEL, LVSARP_STEP_ROUTE,
};
use crate::door::look;
use crate::edge::{self, SizedStruct};
use crate::handle::lvsarp_host;
use crate::values::{lvsarp_finding, lvsarp_step, lvsarp_verdict};

/// Gets one step. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_step_cb = Option<extern "C" fn(step: *const lvsarp_step, arg: *mut c_void) -> c_int>;

/// Gets one finding. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_finding_cb = Option<extern "C" fn(finding: *const lvsarp_finding, arg: *mut c_void) -> c_int>;

/// Gets one verdict. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_verdict_cb = Option<extern "C" fn(verdict: *const lvsarp_verdict, arg: *mut c_void) -> c_int>;

/// What a call did or found.
#[derive(Default)]
pub(crate) struct Outcome {
    pub changed: usize,
    pub steps: Vec<Step>,
    pub findings: Vec<Finding>,
    pub verdicts: Vec<Verdict>,
    /// Of a prediction.
    #[cfg(feature = "full")]
    pub boot: Option<crate::boot::Predicted>,
}

impl Outcome {
    pub fn of(changes: Changes) -> Outcome {
        let changed = if changes.changed { changes.steps.len() } else { 0 };
        Outcome { changed, steps: changes.steps, findings: changes.findings, ..Outcome::default() }
    }

    pub fn of_plan(plan: Plan) -> Outcome {
        Outcome { steps: plan.steps, findings: plan.findings, ..Outcome::default() }
    }

    pub fn of_report(report: Report) -> Outcome {
        Outcome { findings: report.findings, verdicts: report.verdicts, ..Outcome::default() }
    }

    /// Calls back for each finding, where somebody wants them, and says what the call returns.
    pub fn judge(&self, ok: bool, cb: lvsarp_finding_cb, arg: *mut c_void) -> crate::handle::Result<c_int> {
        let stop = if cb.is_some() { self.each_finding(cb, arg)? } else { 0 };
        Ok(if stop != 0 { stop } else { (!ok).into() })
    }

    pub fn each_step(&self, cb: lvsarp_step_cb, arg: *mut c_void) -> crate::handle::Result<c_int> {
        edge::walk(self.steps.iter().map(step), cb, arg)
    }

    pub fn each_finding(&self, cb: lvsarp_finding_cb, arg: *mut c_void) -> crate::handle::Result<c_int> {
        edge::walk(self.findings.iter().map(finding), cb, arg)
    }
}

fn step(step: &Step) -> lvsarp_step {
    let (old, new) = (step.change.old(), step.change.new_value());
    let mut ours = lvsarp_step {
        kind: match step.change {
            Change::Level { .. } => LVSARP_STEP_LEVEL,
            Change::Address { .. } => LVSARP_STEP_ADDRESS,
            Change::Route { .. } => LVSARP_STEP_ROUTE,
            Change::File(_) => LVSARP_STEP_FILE,
        },
        has: if old.is_some() { LVSARP_HAS_OLD } else { 0 } | if new.is_some() { LVSARP_HAS_NEW } else { 0 },
        ..lvsarp_step::empty()
    };
    edge::copy(step.change.act(), &mut ours.act);
    edge::copy(step.change.thing(), &mut ours.thing);
    edge::copy(old.unwrap_or_default(), &mut ours.old_value);
    edge::copy(new.unwrap_or_default(), &mut ours.new_value);
    edge::copy(&step.reason, &mut ours.reason);
    ours
}

fn finding(finding: &Finding) -> lvsarp_finding {
    let mut ours = lvsarp_finding {
        severity: match finding.severity {
            Severity::Error => LVSARP_SEVERITY_ERROR,
            Severity::Unknown => LVSARP_SEVERITY_UNKNOWN,
            Severity::Warning => LVSARP_SEVERITY_WARNING,
            Severity::Info => LVSARP_SEVERITY_INFO,
        },
        ..lvsarp_finding::empty()
    };
    edge::copy(finding.code, &mut ours.code);
    if let Some(interface) = &finding.interface {
        edge::copy(interface.as_bytes(), &mut ours.interface);
    }
    if let Some(vip) = finding.vip {
        edge::copy(vip.to_string(), &mut ours.vip);
    }
    edge::copy(&finding.message, &mut ours.message);
    edge::copy(&finding.hint, &mut ours.hint);
    ours
}

fn verdict(verdict: &Verdict) -> lvsarp_verdict {
    let number = |answer: Option<bool>| answer.map_or(-1, i32::from);
    let mut ours = lvsarp_verdict {
        replies: number(verdict.replies),
        announces: number(verdict.announces),
        ..lvsarp_verdict::empty()
    };
    edge::copy(verdict.vip.to_string(), &mut ours.vip);
    edge::copy(verdict.interface.as_bytes(), &mut ours.interface);
    ours
}

/// Whether the last call on the handle, which failed, had changed something: 0 it had not, 1 it had and put it back, -1 it had and could not put all of
/// it back; then the message says what is left, and where it was an apply the next one tries again.
///
/// @return 0, 1 or -1; another negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_rolled_back(h: *mut lvsarp_host) -> c_int {
    look(h, &mut |body| Ok(body.rolled_back))
}

/// How much the last call on the handle changed: levels, addresses, routes and files. 0 where everything was right already, and where the last call was none
/// that changes something.
///
/// What a call leaves behind stays until the next lvsarp_set(), lvsarp_vip_bind(), lvsarp_vip_unbind(), lvsarp_prefix_bind(),
/// lvsarp_prefix_unbind(), their kin of many, lvsarp_plan(), lvsarp_apply(), lvsarp_undo(), lvsarp_check(), lvsarp_persist(), lvsarp_unpersist(),
/// lvsarp_restore(), lvsarp_boot(), lvsarp_promote() or lvsarp_demote() on the handle.
///
/// @return a count, or a negative errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_changed(h: *mut lvsarp_host) -> c_int {
    look(h, &mut |body| Ok(c_int::try_from(body.outcome.changed).unwrap_or(c_int::MAX)))
}

/// The steps that the last call on the handle planned or did, in order, if it was lvsarp_plan(), lvsarp_apply(), lvsarp_undo(), lvsarp_set(),
/// lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_promote() or lvsarp_demote(). Stays as long as lvsarp_changed() does.
///
/// @param cb   gets each step
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_step_each(h: *mut lvsarp_host, cb: lvsarp_step_cb, arg: *mut c_void) -> c_int {
    look(h, &mut |body| body.outcome.each_step(cb, arg))
}

/// The findings of the last call on the handle, the most important first, if it was lvsarp_check(), lvsarp_plan(), lvsarp_apply(), lvsarp_undo(),
/// lvsarp_persist(), lvsarp_unpersist(), lvsarp_restore(), lvsarp_boot(), lvsarp_promote() or lvsarp_demote(); where an apply was refused or not verified
/// (-ECANCELED, -EIO), those that say why. Stays as long as lvsarp_changed() does.
///
/// @param cb   gets each finding
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_finding_each(h: *mut lvsarp_host, cb: lvsarp_finding_cb, arg: *mut c_void) -> c_int {
    look(h, &mut |body| body.outcome.each_finding(cb, arg))
}

/// The verdicts of the last call on the handle, if it was lvsarp_check() or lvsarp_boot(): every VIP on every interface that is up and speaks ARP. Stays
/// as long as lvsarp_changed() does.
///
/// @param cb   gets each verdict
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_verdict_each(h: *mut lvsarp_host, cb: lvsarp_verdict_cb, arg: *mut c_void) -> c_int {
    look(h, &mut |body| edge::walk(body.outcome.verdicts.iter().map(verdict), cb, arg))
}
