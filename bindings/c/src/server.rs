//! The real server as a whole: plan, apply, undo, check.

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Desired, IfName, LevelScope, Method, Prefix};

use crate::constants::{LVSARP_EXACT, LVSARP_FORCE, LVSARP_ROUTE_PREFIXES};
use crate::door::enter;
use crate::edge;
use crate::handle::{Result, Subject, lvsarp_host};
use crate::outcome::{Outcome, lvsarp_finding_cb, lvsarp_step_cb};
use crate::values::lvsarp_apply_options;

/// The wish that C's arguments stand for.
pub(crate) fn desired(vips: *const *const c_char, n: usize, options: *const lvsarp_apply_options) -> Result<Desired> {
    let options = edge::options(options)?;
    edge::reserved(options.reserved)?;
    let exact = if cfg!(feature = "full") { LVSARP_EXACT } else { 0 };
    let flags = edge::flags(options.flags, LVSARP_FORCE | LVSARP_ROUTE_PREFIXES | exact)?;
    let mut desired = Desired::new([]);
    for text in edge::array("vips", vips, n)? {
        let vip = edge::prefix(*text)?;
        if flags & LVSARP_ROUTE_PREFIXES != 0 && !vip.is_host() {
            desired.prefixes.push(Prefix::new(vip.address(), vip.len())?);
        } else {
            desired.vips.push(lvsarp::Vip::from_prefix(vip)?);
        }
    }
    desired.scope = edge::one_of("scope", options.scope, &[LevelScope::All, LevelScope::Interface])?;
    desired.method = edge::one_of("method", options.method, &[Method::Netlink, Method::Ioctl])?;
    desired.force = flags & LVSARP_FORCE != 0;
    desired.exact = flags & LVSARP_EXACT != 0;
    if let Some(dev) = edge::field("interface name", &options.dev)? {
        desired.dev = IfName::new(dev)?;
    }
    desired.label = edge::field("label", &options.label)?.map(str::to_owned);
    desired.address_scope = edge::field("scope", &options.address_scope)?.map(str::parse).transpose()?;
    Ok(desired)
}

/// Works out what lvsarp_apply() would do, in order and with reasons, and what would be found afterwards. Changes nothing, needs no privilege.
///
/// @param vips     n VIPs, "192.0.2.10" or "2001:db8::10"; IPv4 and IPv6 may be mixed
/// @param n        how many, at least 1
/// @param options  or NULL
/// @param cb       gets each step; may be NULL (lvsarp_step_each() walks them later)
/// @param arg      is passed on to it
/// @return 0: lvsarp_apply() would do this, nothing at all if there is no step; 1: it would refuse, and lvsarp_finding_each() says why;
///         what cb returned to end the walk; -EINVAL, also for LVSARP_EXACT on a snapshot, which does not know what was applied; -ENODEV; another
///         -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_plan(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    options: *const lvsarp_apply_options,
    cb: lvsarp_step_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let desired = desired(vips, n, options)?;
        let plan = match body.subject() {
            Subject::Live(host) => host.plan(&desired)?,
            Subject::Recorded(model) => model.snapshot().plan(&desired)?,
        };
        let refused = !plan.ok;
        body.outcome = Outcome::of_plan(plan);
        let stop = if cb.is_some() { body.outcome.each_step(cb, arg)? } else { 0 };
        Ok(if stop != 0 { stop } else { refused.into() })
    })
}

/// Makes the host a silent real server: sets the levels and reads them back, then binds the VIPs, then checks the whole.
///
/// A second call changes nothing: lvsarp_changed() is 0 then. If anything fails, what was done is rolled back and the message says so. If the
/// process is killed at any point, the next apply, undo or check rolls back first. CAP_NET_ADMIN is needed, and /run/lvsarp for the journal.
///
/// @param vips     n VIPs, as for lvsarp_plan()
/// @param n        how many, at least 1
/// @param options  or NULL
/// @return 0; -ECANCELED where the VIPs would not be silent afterwards, with nothing changed (lvsarp_finding_each() says why); -EINVAL;
///         -ENODEV; -EPERM; -EROFS; -ETIMEDOUT for the lock; -EIO where the kernel does not show what was done; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_apply(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    options: *const lvsarp_apply_options,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let desired = desired(vips, n, options)?;
        let changes = body.live("apply")?.apply(&desired, body.patience)?;
        body.outcome = Outcome::of(changes);
        Ok(0)
    })
}

/// Takes back what lvsarp_apply() did on this namespace, in whatever process: the VIPs first, then the levels, each only where it still is what
/// apply made it. The rest is left alone and reported (lvsarp_finding_each()). CAP_NET_ADMIN is needed.
///
/// @return 0, also where there is nothing to undo (lvsarp_changed()); -EPERM; -ETIMEDOUT for the lock; -EBADMSG for a journal that cannot be
///         used; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_undo(h: *mut lvsarp_host) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let changes = body.live("undo")?.undo(body.patience)?;
        body.outcome = Outcome::of(changes);
        Ok(0)
    })
}

/// What lvsarp_undo() would do now. Changes nothing, needs no privilege. Only in liblvsarp-full.
///
/// @param cb   gets each step; may be NULL (lvsarp_step_each() walks them later)
/// @param arg  is passed on to it
/// @return 0, also where there is nothing to undo; what cb returned to end the walk; -EBADMSG for a journal that cannot be used; another -errno
#[cfg(feature = "full")]
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_plan_undo(h: *mut lvsarp_host, cb: lvsarp_step_cb, arg: *mut c_void) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let changes = body.live("plan the undo of")?.plan_undo()?;
        body.outcome = Outcome::of(changes);
        if cb.is_some() { body.outcome.each_step(cb, arg) } else { Ok(0) }
    })
}

/// Says for every VIP whether the host is silent: no who-has for it is answered and no request carries it, on no interface.
///
/// Needs no privilege. A handle that is kept open makes this a few netlink dumps: it may run every second. Where the journal shows an apply or undo
/// that was killed midway, that is taken back or finished first if the caller may do so; otherwise it is a finding.
///
/// @param vips  n VIPs; NULL with n 0 checks those that are bound and those that an apply had bound
/// @param n     how many; 0 only with NULL
/// @param cb    gets each finding, the most important first; may be NULL
/// @param arg   is passed on to it
/// @return 0: silent (there may be warnings); 1: not, or it could not be told, and the findings say why; what cb returned to end the walk;
///         -EINVAL; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_check(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    cb: lvsarp_finding_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let vips = edge::addresses(vips, n)?;
        let report = match body.subject() {
            Subject::Live(host) => host.check(vips.as_deref())?,
            Subject::Recorded(model) => model.check(vips.as_deref())?,
        };
        let ok = report.ok;
        body.outcome = Outcome::of_report(report);
        body.outcome.judge(ok, cb, arg)
    })
}
