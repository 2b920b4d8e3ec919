//! Who owns the VIPs: announce them, promote a real server to their owner, demote it again (liblvsarp-full).

use std::ffi::{c_char, c_int};

use lvsarp::{AnnounceOptions, Changes, IfName, LevelScope, RoleSwitch};

use crate::constants::{LVSARP_DRY_RUN, LVSARP_FORCE};
use crate::door::enter;
use crate::edge;
use crate::handle::{Body, Failure, Result, lvsarp_host};
use crate::outcome::Outcome;
use crate::wire::{lvsarp_announce_options, lvsarp_role_options};

/// Tells everybody on the interface that the VIPs are at its MAC address, by gratuitous ARP and unsolicited neighbour advertisements. It waits count - 1
/// intervals. CAP_NET_RAW is needed. Only in liblvsarp-full.
///
/// @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
/// @param n        how many, at least 1
/// @param iface    the interface, such as "eth0"
/// @param options  or NULL: 3 rounds, a second between them, both forms
/// @return how many frames were sent, or with LVSARP_DRY_RUN would be; -ECANCELED where a VIP is on a loopback device (this is a real server) or not on the interface, but with
///         LVSARP_FORCE; -EPERM; -ENODEV; -EOPNOTSUPP on an interface without ARP; -ENETDOWN where it is down; -EINVAL; -EROFS for a recorded handle;
///         another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_announce(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_announce_options,
) -> c_int {
    enter(h, &mut |body| {
        let vips = edge::some_addresses(vips, n)?;
        let on = edge::device(iface)?;
        let options = edge::options(options)?;
        let flags = edge::flags(options.flags, LVSARP_FORCE | LVSARP_DRY_RUN)?;
        let default = AnnounceOptions::default();
        let (request, reply) = edge::one_of("form", options.form, &[(true, true), (true, false), (false, true)])?;
        let options = AnnounceOptions {
            count: edge::or_default(options.count, default.count),
            interval: edge::milliseconds(options.interval, default.interval),
            request,
            reply,
            force: flags & LVSARP_FORCE != 0,
        };
        let host = body.live("announce")?;
        let sent = match flags & LVSARP_DRY_RUN {
            0 => host.announce(&vips, &on, &options)?,
            _ => host.plan_announce(&vips, &on, &options)?,
        };
        Ok(c_int::try_from(sent).unwrap_or(c_int::MAX))
    })
}

/// What C's options stand for, and whether nothing is to be changed.
fn asked(
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_role_options,
    scopes: &[LevelScope],
) -> Result<(RoleSwitch, bool)> {
    let vips = edge::vips(vips, n)?;
    if vips.is_empty() {
        return Err(Failure::input("vips", "at least one is needed"));
    }
    let mut switch = RoleSwitch::new(vips, edge::device(iface)?);
    let options = edge::options(options)?;
    switch.scope = edge::one_of("scope", options.scope, scopes)?;
    if let Some(dev) = edge::field("interface name", &options.dev)? {
        switch.dev = IfName::new(dev)?;
    }
    Ok((switch, edge::flags(options.flags, LVSARP_DRY_RUN)? != 0))
}

/// Runs a change of roles, and keeps what it did or would do.
fn switching(h: *mut lvsarp_host, switch: &mut dyn FnMut(&Body) -> Result<Changes>) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        body.outcome = Outcome::of(switch(body)?);
        Ok(0)
    })
}

/// Makes this host the owner of the VIPs: each is bound on the interface and then removed from the real server's device, with its scope, label and lifetimes.
/// What is so already is left: lvsarp_changed() is 0 where all of it is. lvsarp_undo() takes it back. It announces nothing: lvsarp_announce() does. With
/// LVSARP_DRY_RUN nothing is changed. lvsarp_step_each() says what was or would be done. CAP_NET_ADMIN is needed. Only in liblvsarp-full.
///
/// @param vips     n VIPs, "192.0.2.10" or "2001:db8::10", each once
/// @param n        how many, at least 1
/// @param iface    the interface on which the owner of the VIPs answers for them, such as "eth0"
/// @param options  or NULL: from lo
/// @return 0; -ECANCELED where it is refused, with nothing changed (lvsarp_finding_each() says why); -EINVAL; -ENODEV; -EPERM; -EROFS; -ETIMEDOUT for
///         the lock; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_promote(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_role_options,
) -> c_int {
    switching(h, &mut |body| {
        let (switch, dry_run) = asked(vips, n, iface, options, &[LevelScope::All])?;
        let host = body.live("promote")?;
        Ok(if dry_run { host.plan_promote(&switch)? } else { host.promote(&switch, body.patience)? })
    })
}

/// Makes this host a silent real server: levels first, read back, then each VIP is bound on the real server's device and removed from the interface. What
/// is so already is left: lvsarp_changed() is 0 where all of it is. lvsarp_undo() takes it back. With LVSARP_DRY_RUN nothing is changed.
/// lvsarp_step_each() says what was or would be done. CAP_NET_ADMIN is needed. Only in liblvsarp-full.
///
/// @param vips     as for lvsarp_promote()
/// @param n        how many, at least 1
/// @param iface    as for lvsarp_promote()
/// @param options  or NULL: to lo, levels on all
/// @return as lvsarp_promote()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_demote(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    iface: *const c_char,
    options: *const lvsarp_role_options,
) -> c_int {
    switching(h, &mut |body| {
        let scopes = [LevelScope::All, LevelScope::Interface];
        let (switch, dry_run) = asked(vips, n, iface, options, &scopes)?;
        let host = body.live("demote")?;
        Ok(if dry_run { host.plan_demote(&switch)? } else { host.demote(&switch, body.patience)? })
    })
}
