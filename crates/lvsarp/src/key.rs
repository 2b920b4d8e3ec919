//! The table of the `net.ipv4.conf` keys that ARP decisions read: one row a key.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::json::{Place, Read};

/// How the kernel makes one value of `conf/all` and the interface's own (`include/linux/inetdevice.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The larger of the two, signed (`IN_DEV_MAXCONF`).
    Max,
    /// 1 where either is not 0 (`IN_DEV_ORCONF`).
    Or,
    /// 1 where both are not 0 (`IN_DEV_ANDCONF`).
    And,
    /// The interface's own value alone (`IN_DEV_CONF_GET`).
    Own,
}

impl Merge {
    /// The value in force when `conf/all` and the interface hold these.
    pub const fn apply(self, all: i32, own: i32) -> i32 {
        match self {
            Merge::Max => {
                if all > own {
                    all
                } else {
                    own
                }
            }
            Merge::Or => (all != 0 || own != 0) as i32,
            Merge::And => (all != 0 && own != 0) as i32,
            Merge::Own => own,
        }
    }

    /// The rule's name: `max`, `or`, `and` or `own`.
    pub const fn name(self) -> &'static str {
        match self {
            Merge::Max => "max",
            Merge::Or => "or",
            Merge::And => "and",
            Merge::Own => "own",
        }
    }
}

/// Major and minor number of a kernel release, to choose between rules that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion(pub u32, pub u32);

impl KernelVersion {
    /// Newer than every rule in the table: what an unreadable release counts as.
    pub const NEWEST: KernelVersion = KernelVersion(u32::MAX, 0);

    /// Reads the two leading numbers of a release such as `6.1.0-13-amd64`.
    pub fn parse(release: &str) -> KernelVersion {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => KernelVersion(major, minor),
            _ => KernelVersion::NEWEST,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The key.
    pub key: Key,
    /// Its file name below `/proc/sys/net/ipv4/conf/IFACE`.
    pub name: &'static str,
    /// Its number in `IFLA_INET_CONF` (`include/uapi/linux/ip.h: IPV4_DEVCONF_*`).
    pub id: u16,
    /// The values that have a meaning. The kernel before 7.2 stores any integer.
    pub range: RangeInclusive<i32>,
    /// How `all` and the interface's own value are merged.
    pub merge: Merge,
    /// The rule of kernels older than this version, where it was another one.
    pub merge_before: Option<(KernelVersion, Merge)>,
    /// The first kernel that has the key; 2.6 where it is older than every kernel in use.
    pub since: KernelVersion,
    /// What it does, in one sentence.
    pub text: &'static str,
}

macro_rules! keys {
    ($($key:ident $name:literal $id:literal $range:expr, $merge:ident $(before $maj:literal $min:literal $old:ident)?, since $smaj:literal $smin:literal, $text:literal;)*) => {
        /// A key of `net.ipv4.conf` that an ARP decision reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[non_exhaustive]
        pub enum Key {
            $(#[doc = $text] #[serde(rename = $name)] $key,)*
        }

        /// Every key, in the order of [`Key`].
        pub const TABLE: &[Row] = &[
            $(Row {
                key: Key::$key,
                name: $name,
                id: $id,
                range: $range,
                merge: Merge::$merge,
                merge_before: keys!(@before $($maj $min $old)?),
                since: KernelVersion($smaj, $smin),
                text: $text,
            },)*
        ];
    };
    (@before) => { None };
    (@before $maj:literal $min:literal $old:ident) => { Some((KernelVersion($maj, $min), Merge::$old)) };
}

keys! {
    ArpIgnore "arp_ignore" 19 0..=8, Max, since 2 6, "Which who-has requests for local addresses are not answered.";
    ArpAnnounce "arp_announce" 18 0..=2, Max, since 2 6, "Which local address a request of our own carries as its sender.";
    ArpFilter "arp_filter" 13 0..=1, Or, since 2 6, "Answer only where the route back to the sender leaves by the interface that received the request.";
    ArpAccept "arp_accept" 21 0..=2, Max before 6 0 Or, since 2 6, "Whether gratuitous ARP makes a new neighbour entry.";
    ArpNotify "arp_notify" 22 0..=1, Max, since 2 6, "Announce the interface's own addresses when it comes up or changes its MAC.";
    ArpEvictNocarrier "arp_evict_nocarrier" 33 0..=1, And, since 5 16, "Forget the neighbours of an interface that loses its carrier.";
    DropGratuitousArp "drop_gratuitous_arp" 31 0..=1, Or, since 4 6, "Drop ARP whose sender and target are the same address.";
    ProxyArp "proxy_arp" 3 0..=1, Or, since 2 6, "Answer for addresses that are routed out of another interface.";
    ProxyArpPvlan "proxy_arp_pvlan" 25 0..=1, Or before 5 11 Own, since 2 6, "Answer for addresses that are routed back out of the same interface.";
    MediumId "medium_id" 14 -1..=i32::MAX, Own, since 2 6, "Which interfaces share a medium, for proxy ARP; -1 turns it off, 0 is no medium.";
    RpFilter "rp_filter" 8 0..=2, Max, since 2 6, "Source validation by reverse path: 0 off, 1 strict, 2 loose.";
    SrcValidMark "src_valid_mark" 24 0..=1, Or, since 2 6, "Use the packet's mark in source validation.";
    AcceptLocal "accept_local" 23 0..=1, Or, since 2 6, "Accept packets whose source is one of our own addresses.";
    RouteLocalnet "route_localnet" 26 0..=1, Or, since 3 6, "Treat 127.0.0.0/8 as routable; since 5.6 it also narrows host scope in ARP decisions.";
    Forwarding "forwarding" 1 0..=1, Own, since 2 6, "Forward packets that this interface receives; proxy ARP needs it.";
    SendRedirects "send_redirects" 6 0..=1, Or, since 2 6, "Send ICMP redirects; it also decides how sources are validated.";
    SharedMedia "shared_media" 7 0..=1, Or, since 2 6, "Several IP networks share the medium.";
    IgnoreRoutesWithLinkdown "ignore_routes_with_linkdown" 29 0..=1, Or before 5 11 Own, since 4 3, "Skip routes whose interface has no carrier.";
    LogMartians "log_martians" 11 0..=1, Or, since 2 6, "Log packets with impossible addresses.";
    PromoteSecondaries "promote_secondaries" 20 0..=1, Or, since 2 6, "Promote a secondary address when its primary is deleted, instead of deleting it.";
}

impl Key {
    /// Every key, in the table's order.
    pub fn all() -> impl Iterator<Item = Key> {
        TABLE.iter().map(|row| row.key)
    }

    /// The key's row.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The key's file name, such as `arp_ignore`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How this kernel merges `all` and an interface's own value.
    pub fn merge(self, kernel: KernelVersion) -> Merge {
        match self.row().merge_before {
            Some((version, old)) if kernel < version => old,
            _ => self.row().merge,
        }
    }

    /// Checks a value that is about to be written: only values with a meaning pass.
    ///
    /// The kernel before 7.2 takes any integer here, and several of them leak; see [`crate::level`].
    pub fn check(self, value: i64) -> Result<i32> {
        let range = &self.row().range;
        match i32::try_from(value) {
            Ok(value) if range.contains(&value) => Ok(value),
            _ => Err(Error::input(
                format_args!("{value} as a value of {}", self.name()),
                format_args!("the range is {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// Reads a value from text and checks it.
    pub fn parse(self, text: &str) -> Result<i32> {
        match text.trim().parse::<i64>() {
            Ok(value) => self.check(value),
            Err(_) => {
                Err(Error::input(format_args!("{text:?} as a value of {}", self.name()), "it is not a decimal integer"))
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Read for Key {
    fn read(place: &Place<'_>) -> Key {
        place.parsed(Key::ArpIgnore)
    }
}

impl FromStr for Key {
    type Err = Error;
    fn from_str(name: &str) -> Result<Key> {
        TABLE
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.key)
            .ok_or_else(|| Error::input(format_args!("key {name:?}"), "it is not a key that ARP decisions read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_keys_and_has_no_id_twice() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.key as usize, i, "{}", row.name);
            assert_eq!(row.name.parse::<Key>().unwrap(), row.key);
            assert_eq!(TABLE.iter().filter(|other| other.id == row.id).count(), 1, "{}", row.name);
        }
    }

    #[test]
    fn all_raises_but_never_lowers() {
        assert_eq!(Merge::Max.apply(1, 0), 1);
        assert_eq!(Merge::Max.apply(1, 3), 3);
        assert_eq!(Merge::Max.apply(-1, -5), -1);
        assert_eq!(Merge::And.apply(1, 0), 0);
        assert_eq!(Merge::Or.apply(-1, 0), 1);
        assert_eq!(Merge::Own.apply(7, 2), 2);
    }

    #[test]
    fn a_rule_that_changed_is_chosen_by_the_kernel() {
        let merge = |release| Key::ArpAccept.merge(KernelVersion::parse(release));
        assert_eq!(merge("5.19.0-rc1"), Merge::Or);
        assert_eq!(merge("6.0.0"), Merge::Max);
        assert_eq!(merge("unknown"), Merge::Max);
    }

    #[test]
    fn values_without_a_meaning_are_refused() {
        for bad in [-1, 9, 1 << 31, i64::MIN] {
            assert!(Key::ArpIgnore.check(bad).is_err(), "{bad}");
        }
        assert!(Key::ArpAnnounce.check(3).is_err());
        assert_eq!(Key::ArpIgnore.check(8).unwrap(), 8);
        for text in ["", " ", "abc", "1x", "0x1", "1.0", "99999999999999999999"] {
            assert!(Key::ArpIgnore.parse(text).is_err(), "{text:?}");
        }
        assert_eq!(Key::ArpAnnounce.parse(" 2\n").unwrap(), 2);
    }
}
