//! What outlives a reboot: write it, remove it, restore it at boot (liblvsarp-full).

use std::ffi::{c_char, c_int};

use lvsarp::PersistOptions;

use crate::constants::{LVSARP_APPLY, LVSARP_COMMENT_OUT, LVSARP_DRY_RUN, LVSARP_NATIVE, LVSARP_OVERWRITE};
use crate::door::enter;
use crate::edge;
use crate::handle::{Failure, Result, lvsarp_host};
use crate::outcome::Outcome;
use crate::server::desired;
use crate::values::{lvsarp_apply_options, lvsarp_persist_options};

/// What C's options stand for, and which of the acts among the flags are asked for.
fn options(options: *const lvsarp_persist_options, acts: u32) -> Result<(PersistOptions, u32)> {
    let options = edge::options(options)?;
    edge::reserved(options.reserved)?;
    let flags = edge::flags(options.flags, LVSARP_COMMENT_OUT | LVSARP_OVERWRITE | LVSARP_NATIVE | acts)?;
    if (flags & acts).count_ones() > 1 {
        return Err(Failure::input("flags", "LVSARP_DRY_RUN and LVSARP_APPLY exclude each other"));
    }
    let ours = PersistOptions {
        root: edge::root_in(&options.root)?,
        sysctl_conf: edge::path("sysctl_conf", &options.sysctl_conf)?,
        comment_out: flags & LVSARP_COMMENT_OUT != 0,
        program: edge::path("program", &options.program)?,
        overwrite: flags & LVSARP_OVERWRITE != 0,
        native: flags & LVSARP_NATIVE != 0,
    };
    Ok((ours, flags & acts))
}

/// Writes what outlives a reboot: the levels to /etc/sysctl.d/90-lvsarp.conf, the VIPs to /etc/lvsarp/real-server.json, and the systemd unit that runs
/// `lvsarp restore` at boot. The running host is not changed, but with LVSARP_APPLY.
///
/// A second call writes nothing: lvsarp_changed() is 0 then. lvsarp_step_each() says what was written, lvsarp_finding_each() what else matters. A file
/// that somebody has edited, that is masked (a link to /dev/null) or that is none of ours is refused. If anything fails, what was written is put back. The
/// files are those of the calling process's mount namespace. Whoever may write there may call this; with LVSARP_APPLY CAP_NET_ADMIN is needed.
///
/// @param vips     n VIPs, as for lvsarp_plan()
/// @param n        how many, at least 1
/// @param wish     what they are to be like, as for lvsarp_apply(); or NULL
/// @param options  or NULL: the machine's own files
/// @return 0; -ECANCELED where a file is not ours to change, or where lvsarp_apply() would be refused (lvsarp_finding_each() says why); -EINVAL; -ENODEV;
///         -EACCES; -EPERM; -EROFS; -ETIMEDOUT for the lock; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_persist(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    wish: *const lvsarp_apply_options,
    options: *const lvsarp_persist_options,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let desired = desired(vips, n, wish)?;
        let (options, act) = self::options(options, LVSARP_DRY_RUN | LVSARP_APPLY)?;
        let host = body.live("persist")?;
        let changes = match act {
            LVSARP_DRY_RUN => host.plan_persist(&desired, &options)?,
            LVSARP_APPLY => host.apply_persistent(&desired, &options, body.patience)?,
            _ => host.persist(&desired, &options, body.patience)?,
        };
        body.outcome = Outcome::of(changes);
        Ok(0)
    })
}

/// Removes the files that lvsarp_persist() wrote, those only, and only as it wrote them: what somebody has edited stays and is reported
/// (lvsarp_finding_each()), but with LVSARP_OVERWRITE. The running host is not changed: lvsarp_undo() does that. With LVSARP_DRY_RUN nothing is changed:
/// lvsarp_step_each() says what would be removed.
///
/// @param options  or NULL; sysctl_conf adds one more file that may have a block of ours, to those that were noted when it was written
/// @return 0, also where there is nothing to remove (lvsarp_changed()); -EINVAL, also for LVSARP_APPLY; -EACCES; -EROFS; -ETIMEDOUT
///         for the lock; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_unpersist(h: *mut lvsarp_host, options: *const lvsarp_persist_options) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let (options, act) = self::options(options, LVSARP_DRY_RUN)?;
        let host = body.live("unpersist")?;
        let changes = match act {
            LVSARP_DRY_RUN => host.plan_unpersist(&options)?,
            _ => host.unpersist(&options, body.patience)?,
        };
        body.outcome = Outcome::of(changes);
        Ok(0)
    })
}

/// Brings back what lvsarp_persist() wrote, as the boot unit does: the levels first, read back, and only then the VIPs. Where the levels do not hold no VIP
/// is bound. CAP_NET_ADMIN is needed.
///
/// @param root  the root directory below which the files are; NULL or "" is /
/// @return 0, also where nothing was persisted (lvsarp_finding_each() says so); -ECANCELED where the VIPs would not be silent, or the file cannot be
///         trusted; otherwise as lvsarp_apply()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_restore(h: *mut lvsarp_host, root: *const c_char) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let root = edge::root(root)?;
        let changes = body.live("restore")?.restore(root, body.patience)?;
        body.outcome = Outcome::of(changes);
        Ok(0)
    })
}
