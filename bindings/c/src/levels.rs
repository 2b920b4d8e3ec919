//! Levels: reading, and setting.

use std::ffi::{c_char, c_int};

use lvsarp::{ErrorKind, Key, Level, Via};

use crate::constants::{LVSARP_KNOWN_ALL, LVSARP_KNOWN_EFFECTIVE, LVSARP_KNOWN_OWN};
use crate::door::enter;
use crate::edge::{self, SizedStruct};
use crate::handle::{Failure, Subject, lvsarp_host};
use crate::outcome::Outcome;
use crate::values::{lvsarp_level, lvsarp_levels};

/// Both levels of an interface, of all or of default: own, all, and what is in force. Needs no privilege.
///
/// On a handle that is kept open this costs four reads of kept-open files, for up to eight interfaces in turn. Where /proc/sys is absent the
/// interface's own values come over netlink, and those of all stay unknown.
///
/// @param iface   an interface's name, "all" or "default"
/// @param levels  where the levels go; its size must be set (LVSARP_LEVELS_INIT)
/// @return 0; -ENODEV if there is no such interface; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_get(h: *mut lvsarp_host, iface: *const c_char, levels: *mut lvsarp_levels) -> c_int {
    enter(h, &mut |body| {
        edge::can_fill("levels", levels)?;
        let scope = edge::scope(iface)?;
        let found = match body.subject() {
            Subject::Live(host) => host.get(&scope)?,
            Subject::Recorded(model) => model.snapshot().levels(&scope)?,
        };
        let ours = lvsarp_levels {
            arp_ignore: level(found.arp_ignore),
            arp_announce: level(found.arp_announce),
            ..lvsarp_levels::empty()
        };
        edge::fill("levels", levels, &ours)?;
        Ok(0)
    })
}

fn level(level: Level) -> lvsarp_level {
    let bit = |value: Option<i32>, bit| if value.is_some() { bit } else { 0 };
    lvsarp_level {
        own: level.own.unwrap_or(0),
        all: level.all.unwrap_or(0),
        effective: level.effective.unwrap_or(0),
        known: bit(level.own, LVSARP_KNOWN_OWN)
            | bit(level.all, LVSARP_KNOWN_ALL)
            | bit(level.effective, LVSARP_KNOWN_EFFECTIVE),
    }
}

/// The value of any key of the table, as it is, also one that has no meaning. Needs no privilege.
///
/// @param iface  an interface's name, "all" or "default"
/// @param key    LVSARP_ARP_IGNORE and so on
/// @param value  where the value goes
/// @return 0; -EOPNOTSUPP if this kernel does not have the key; -ENODEV; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_read(h: *mut lvsarp_host, iface: *const c_char, key: i32, value: *mut i32) -> c_int {
    enter(h, &mut |body| {
        let (scope, key) = (edge::scope(iface)?, edge::key(key)?);
        if value.is_null() {
            return Err(Failure::input("NULL as value", "there is no place for the value"));
        }
        let found = match body.subject() {
            Subject::Live(host) => host.read(&scope, key)?,
            Subject::Recorded(model) => model.snapshot().conf(&scope)?.and_then(|conf| conf.get(key)),
        };
        let missing = || {
            Failure::new(
                ErrorKind::Unsupported,
                format_args!("cannot read {scope}/{key}: this kernel does not have it"),
            )
        };
        edge::put(value, found.ok_or_else(missing)?);
        Ok(0)
    })
}

/// Sets one level: nothing is written where it is right already, and what was written is read back. lvsarp_changed() tells the two apart.
///
/// Values that have no meaning are refused although the kernel takes them: several of them leak. Whether a level is in force depends on all as
/// well: see lvsarp_get(). CAP_NET_ADMIN is needed.
///
/// @param iface  an interface's name, "all" or "default"
/// @param key    LVSARP_ARP_IGNORE (0 to 8) or LVSARP_ARP_ANNOUNCE (0 to 2)
/// @param value  the level
/// @return 0; -EINVAL; -ENODEV; -EPERM; -EROFS for all and default where /proc/sys is read-only
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_set(h: *mut lvsarp_host, iface: *const c_char, key: i32, value: i32) -> c_int {
    lvsarp_set_many(h, iface, &raw const key, &raw const value, 1, crate::constants::LVSARP_VIA_AUTO)
}

/// Sets several levels of one interface. If one of them fails, those before it are put back.
///
/// @param iface   an interface's name, "all" or "default"
/// @param keys    n keys
/// @param values  n values
/// @param n       how many, at least 1
/// @param via     which way: LVSARP_VIA_AUTO, LVSARP_VIA_PROCFS or LVSARP_VIA_NETLINK
/// @return as lvsarp_set(); -EOPNOTSUPP for all and default over netlink, which has no request for them
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_set_many(
    h: *mut lvsarp_host,
    iface: *const c_char,
    keys: *const i32,
    values: *const i32,
    n: usize,
    via: i32,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let scope = edge::scope(iface)?;
        let via = edge::one_of("via", via, &[Via::Auto, Via::Procfs, Via::Netlink])?;
        let mut wanted: Vec<(Key, i32)> = Vec::new();
        for (key, value) in edge::array("keys", keys, n)?.iter().zip(edge::array("values", values, n)?) {
            wanted.push((edge::key(*key)?, *value));
        }
        if wanted.is_empty() {
            return Err(Failure::input("an empty list of levels", "name at least one"));
        }
        let host = body.live(&format!("set a level of {scope}"))?;
        body.outcome = Outcome::of(host.set(&scope, &wanted, via)?);
        Ok(0)
    })
}
