//! What is watched and repaired, worked out of what was asked for and of what the host holds.

use std::net::IpAddr;
use std::time::Duration;

use super::Watch;
use super::repair::Repair;
use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::journal::{self, Found};
use crate::plan::Desired;
use crate::snapshot::OUR_PROTOCOL;
use crate::sorted::each_once;
use crate::vip::{Prefix, Vip};

/// What is watched, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchOptions {
    /// The VIPs; None: those that are bound or that an apply had bound, as for [`Host::check`]. Those of `repair` are watched in any case.
    pub vips: Option<Vec<IpAddr>>,
    /// How often levels are read again, which the kernel does not announce when they are written through `/proc/sys`: 10 ms to a day.
    pub interval: Duration,
    /// Apply this whenever a VIP is not silent or not there. Without VIPs and prefixes of its own it gets the VIPs that are watched.
    pub repair: Option<Desired>,
    /// How many repairs a minute there are at most: 1 to 6000.
    pub per_minute: u32,
}

impl Default for WatchOptions {
    /// What is bound, 1 s, no repair, 6 repairs a minute.
    fn default() -> WatchOptions {
        WatchOptions { vips: None, interval: Duration::from_secs(1), repair: None, per_minute: 6 }
    }
}

/// What a host holds, or an apply had given it.
#[derive(Default)]
struct Held {
    vips: Vec<IpAddr>,
    /// Prefixes that it accepts as a whole. The first address of each is among the VIPs.
    prefixes: Vec<Prefix>,
}

impl Host {
    /// Watches the host from now on. The watch has descriptors of its own and outlives this host.
    ///
    /// The VIPs are those that are named, or those that are bound now; one that is bound later is not watched. Needs no privilege, but for a repair
    /// what an apply needs.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), also where nothing is bound and no VIP is named;
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) where the device of `repair` is not there. One that goes away later is an event,
    /// [`EventKind::RepairFailed`](super::EventKind::RepairFailed).
    pub fn watch(&self, options: &WatchOptions) -> Result<Watch> {
        let WatchOptions { vips, interval, repair, per_minute } = options;
        if !(Duration::from_millis(10)..=Duration::from_secs(86_400)).contains(interval) {
            let given = format_args!("an interval of {} s", interval.as_secs_f64());
            return Err(Error::input(given, "the range is 0.01 to 86400 s"));
        }
        if !(1..=6000).contains(per_minute) {
            return Err(Error::input(format_args!("{per_minute} repairs a minute"), "the range is 1 to 6000"));
        }
        if matches!(vips.as_deref(), Some([])) {
            return Err(Error::input("an empty list", "name at least one VIP, or none at all to watch what is bound"));
        }
        let host = self.reopened()?;
        let held = match vips {
            Some(vips) => Held { vips: vips.clone(), prefixes: Vec::new() },
            None => host.held()?,
        };
        let mut watched = held.vips.clone();
        if let Some(desired) = repair {
            watched.extend(desired.vips.iter().map(|vip| vip.address()));
            watched.extend(desired.prefixes.iter().map(|prefix| prefix.address()));
        }
        let watched = each_once(watched);
        if watched.is_empty() {
            return Err(Error::input("nothing", "no VIP is bound and none is named")
                .hint("name the VIPs, or bind them first: lvsarp apply --vip VIP"));
        }
        let desired = repair.as_ref().map(|desired| wanted(desired, &held)).transpose()?;
        if let Some(Desired { dev, .. }) = &desired
            && !host.interfaces()?.iter().any(|interface| interface.name == *dev)
        {
            return Err(Error::new(ErrorKind::NoInterface, "find interface", dev, "No such device"));
        }
        Watch::open(host, watched, *interval, desired.map(|desired| Repair::new(desired, *per_minute)))
    }

    /// What is bound or routed here, and what an apply had bound or routed.
    fn held(&self) -> Result<Held> {
        let now = self.observe_deciding()?;
        let ours = now.local_routes.iter().filter(|route| route.proto == OUR_PROTOCOL);
        let mut held = Held { vips: now.vips(), prefixes: ours.map(|route| route.prefix).collect() };
        if let Found::Journal(journal) = journal::look(self)? {
            held.vips.extend(journal.vips());
            for change in &journal.done {
                if let Change::Route { new: Some(route), .. } = change
                    && !held.prefixes.contains(&route.prefix)
                {
                    held.prefixes.push(route.prefix);
                }
            }
        }
        Ok(held)
    }
}

/// What a repair applies: what was asked for, or else what is watched.
fn wanted(desired: &Desired, held: &Held) -> Result<Desired> {
    let mut desired = desired.clone();
    if desired.vips.is_empty() && desired.prefixes.is_empty() {
        let routed = |vip: &&IpAddr| held.prefixes.iter().any(|prefix| prefix.address() == **vip);
        let vips = each_once(held.vips.iter().filter(|vip| !routed(vip)).copied().collect());
        desired.vips = vips.into_iter().map(Vip::new).collect::<Result<_>>()?;
        desired.prefixes.clone_from(&held.prefixes);
    }
    desired.check()?;
    Ok(desired)
}
