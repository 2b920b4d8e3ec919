//! Reading and writing levels: through `/proc/sys`, and for one interface over netlink.

pub(crate) mod link;
pub(crate) mod procfs;

use crate::change::{Change, Changes, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::Scope;
use crate::key::{KernelVersion, Key};
use crate::level::{Level, Levels};

/// Which way a level is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Via {
    /// An interface over netlink and then, where that is refused, through procfs; `all` and `default` through procfs.
    #[default]
    Auto,
    /// `/proc/sys/net/ipv4/conf` only.
    Procfs,
    /// `RTM_SETLINK` with `IFLA_INET_CONF` only, which has no way to reach `all` and `default`.
    Netlink,
}

impl Host {
    /// Both levels of an interface, of `all` or of `default`.
    ///
    /// On a host that is kept open this costs four reads: no file is opened and nothing is allocated, for up to eight interfaces in turn.
    /// Where `/proc/sys` is absent the interface's own values come over netlink, and those of `all` stay unknown.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`] if there is no such interface.
    pub fn get(&self, scope: &Scope) -> Result<Levels> {
        let kernel = self.kernel_version();
        let Some(procfs) = self.procfs() else {
            let Scope::Interface(name) = scope else {
                return Err(procfs::absent(scope, Key::ArpIgnore));
            };
            let own = link::read(&mut self.socket(), name)?.conf.unwrap_or_default();
            let level = |key| Level::merged(key, kernel, None, own.get(key));
            return Ok(Levels { arp_ignore: level(Key::ArpIgnore), arp_announce: level(Key::ArpAnnounce) });
        };
        let mut files = self.level_files();
        let open = |scope: &Scope| self.at_home(|| procfs.open_levels(scope));
        let all = files.read(&Scope::All, &open)?;
        let own = match scope {
            Scope::All => all,
            scope => files.read(scope, &open)?,
        };
        Ok(merged(kernel, all, own))
    }

    /// The value of any key in the table, as it is, also one that has no meaning. `None`: this kernel does not have the key.
    pub fn read(&self, scope: &Scope, key: Key) -> Result<Option<i32>> {
        match (self.procfs(), scope) {
            (Some(procfs), _) => self.at_home(|| procfs.read(scope, key)),
            (None, Scope::Interface(name)) => {
                Ok(link::read(&mut self.socket(), name)?.conf.and_then(|conf| conf.get(key)))
            }
            (None, _) => Err(procfs::absent(scope, key)),
        }
    }

    /// Sets levels. Only what differs is written, each value is read back, and if one of them fails the ones before it are put back.
    ///
    /// `values` may name [`Key::ArpIgnore`] (0 to 8) and [`Key::ArpAnnounce`] (0 to 2). Values outside the range are refused although the kernel
    /// would take them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`], [`ErrorKind::NoInterface`], [`ErrorKind::Permission`] without CAP_NET_ADMIN, [`ErrorKind::ReadOnly`] for
    /// `all` and `default` where `/proc/sys` is read-only.
    pub fn set(&self, scope: &Scope, values: &[(Key, i32)], via: Via) -> Result<Changes> {
        for (key, value) in values {
            if !matches!(key, Key::ArpIgnore | Key::ArpAnnounce) {
                return Err(Error::input(
                    format_args!("key {key}"),
                    "lvsarp reads it but sets arp_ignore and arp_announce only",
                ));
            }
            key.check(i64::from(*value))?;
        }
        let mut steps: Vec<Step> = Vec::new();
        for (key, new) in values {
            let old = self.read(scope, *key)?.ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    "set",
                    format_args!("{scope}/{key}"),
                    "this kernel does not have the key",
                )
            })?;
            if old == *new {
                continue;
            }
            if let Err(error) = self.write(scope, *key, *new, via) {
                // The write that failed may have reached the kernel all the same.
                let reached = self.read(scope, *key).is_ok_and(|now| now == Some(*new));
                let mut back: Vec<(Key, i32)> = reached.then_some((*key, old)).into_iter().collect();
                for step in steps.iter().rev() {
                    if let Change::Level { key, old, .. } = &step.change {
                        back.push((*key, *old));
                    }
                }
                if back.is_empty() {
                    return Err(error);
                }
                let failures = back.iter().filter_map(|(key, old)| self.write(scope, *key, *old, via).err()).collect();
                return Err(error.after_roll_back(failures));
            }
            let change = Change::Level { scope: *scope, index: None, key: *key, old, new: *new };
            steps.push(Step { change, reason: "asked for".to_owned() });
        }
        Ok(Changes::done(steps))
    }

    /// Writes one value, whatever it is, and reads it back.
    pub(crate) fn write(&self, scope: &Scope, key: Key, value: i32, via: Via) -> Result<()> {
        let through = |procfs: &procfs::Procfs| self.at_home(|| procfs.write(scope, key, value));
        match scope {
            Scope::Interface(name) if via != Via::Procfs => {
                let over_netlink = link::write(&mut self.socket(), name, key, value);
                match (over_netlink, self.procfs()) {
                    // 7.2 and later check ranges here but not in procfs, so an odd value that is put back goes through procfs.
                    (Err(refusal), Some(procfs))
                        if via == Via::Auto && !matches!(refusal.errno, libc::EPERM | libc::ENODEV) =>
                    {
                        through(procfs)?;
                    }
                    (Err(refusal), _) => return Err(refusal.error("set", format_args!("{scope}/{key}"))),
                    (Ok(()), _) => {}
                }
            }
            _ if via == Via::Netlink => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "set",
                    format_args!("{scope}/{key} over netlink"),
                    "the kernel has no netlink request for it",
                )
                .hint("use procfs for all and default"));
            }
            _ => match self.procfs() {
                Some(procfs) => through(procfs)?,
                None => return Err(procfs::absent(scope, key)),
            },
        }
        match self.read(scope, key)? {
            Some(now) if now == value => Ok(()),
            now => Err(Error::new(
                ErrorKind::NotVerified,
                "set",
                format_args!("{scope}/{key} to {value}"),
                match now {
                    Some(now) => format!("the kernel shows {now} afterwards"),
                    None => "the kernel shows no value afterwards".to_owned(),
                },
            )),
        }
    }
}

/// The levels of a scope from the two values of `all` and the two of its own.
fn merged(kernel: KernelVersion, all: [Option<i32>; 2], own: [Option<i32>; 2]) -> Levels {
    Levels {
        arp_ignore: Level::merged(Key::ArpIgnore, kernel, all[0], own[0]),
        arp_announce: Level::merged(Key::ArpAnnounce, kernel, all[1], own[1]),
    }
}
