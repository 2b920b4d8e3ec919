//! Flags and scopes of interfaces and addresses, in the words that `ip` prints.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::json::{Place, Read};

/// Flags of an interface (`include/uapi/linux/if.h: IFF_*`); in JSON a list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InterfaceFlags(pub u32);

/// Flags of an address (`include/uapi/linux/if_addr.h: IFA_F_*`); in JSON a list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddressFlags(pub u32);

impl InterfaceFlags {
    /// Administratively up.
    pub const UP: u32 = 0x1;
    /// A loopback device.
    pub const LOOPBACK: u32 = 0x8;
    /// Leads to one other host.
    pub const POINTOPOINT: u32 = 0x10;
    /// Does no ARP.
    pub const NOARP: u32 = 0x80;

    const WORDS: &[(u32, &str)] = &[
        (Self::UP, "UP"),
        (0x2, "BROADCAST"),
        (0x4, "DEBUG"),
        (Self::LOOPBACK, "LOOPBACK"),
        (Self::POINTOPOINT, "POINTOPOINT"),
        (0x20, "NOTRAILERS"),
        (0x40, "RUNNING"),
        (Self::NOARP, "NOARP"),
        (0x100, "PROMISC"),
        (0x200, "ALLMULTI"),
        (0x400, "MASTER"),
        (0x800, "SLAVE"),
        (0x1000, "MULTICAST"),
        (0x2000, "PORTSEL"),
        (0x4000, "AUTOMEDIA"),
        (0x8000, "DYNAMIC"),
        (0x10000, "LOWER_UP"),
        (0x20000, "DORMANT"),
        (0x40000, "ECHO"),
    ];
}

impl AddressFlags {
    /// Secondary (IPv4): never chosen as a sender.
    pub const SECONDARY: u32 = 0x1;
    /// No duplicate address detection (IPv6).
    pub const NODAD: u32 = 0x2;
    /// Not chosen as a source any more.
    pub const DEPRECATED: u32 = 0x20;
    /// Not in use yet, because duplicate address detection has not ended (IPv6).
    pub const TENTATIVE: u32 = 0x40;
    /// No lifetime.
    pub const PERMANENT: u32 = 0x80;

    const WORDS: &[(u32, &str)] = &[
        (Self::SECONDARY, "secondary"),
        (Self::NODAD, "nodad"),
        (0x4, "optimistic"),
        (0x8, "dadfailed"),
        (0x10, "home"),
        (Self::DEPRECATED, "deprecated"),
        (Self::TENTATIVE, "tentative"),
        (Self::PERMANENT, "permanent"),
        (0x100, "mngtmpaddr"),
        (0x200, "noprefixroute"),
        (0x400, "autojoin"),
        (0x800, "stable-privacy"),
    ];
}

macro_rules! flags {
    ($type:ident) => {
        impl $type {
            /// Whether all of these bits are set.
            pub fn contains(self, bits: u32) -> bool {
                self.0 & bits == bits
            }

            /// The flags as words; bits without a word as one hexadecimal number.
            pub fn words(self) -> impl Iterator<Item = String> {
                let known: u32 = Self::WORDS.iter().map(|(bit, _)| bit).sum();
                let rest = self.0 & !known;
                Self::WORDS
                    .iter()
                    .filter(move |(bit, _)| self.0 & bit != 0)
                    .map(|(_, word)| (*word).to_owned())
                    .chain((rest != 0).then(|| format!("{rest:#x}")))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
                s.collect_seq(self.words())
            }
        }

        impl Read for $type {
            fn read(place: &Place<'_>) -> $type {
                $type(read(place, Self::WORDS))
            }
        }
    };
}

flags!(InterfaceFlags);
flags!(AddressFlags);

/// Flags as bits, from a list of words.
fn read(place: &Place<'_>, words: &[(u32, &str)]) -> u32 {
    let mut bits = 0;
    for word in Vec::<String>::read(place) {
        let hex = || word.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match words.iter().find(|(_, name)| *name == word).map(|(bit, _)| *bit).or_else(hex) {
            Some(bit) => bits |= bit,
            None => place.refuse(&format_args!("unknown flag {word:?}")),
        }
    }
    bits
}

/// The scope of an address or a route (`include/uapi/linux/rtnetlink.h: RT_SCOPE_*`): the larger, the narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressScope(pub u8);

impl AddressScope {
    /// Valid everywhere.
    pub const GLOBAL: AddressScope = AddressScope(0);
    /// Valid inside the site.
    pub const SITE: AddressScope = AddressScope(200);
    /// Valid on the link.
    pub const LINK: AddressScope = AddressScope(253);
    /// Valid inside the host: never chosen as a sender towards others.
    pub const HOST: AddressScope = AddressScope(254);

    const WORDS: &[(AddressScope, &str)] = &[
        (AddressScope::GLOBAL, "global"),
        (AddressScope::SITE, "site"),
        (AddressScope::LINK, "link"),
        (AddressScope::HOST, "host"),
        (AddressScope(255), "nowhere"),
    ];
}

impl fmt::Display for AddressScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::WORDS.iter().find(|(scope, _)| scope == self) {
            Some((_, word)) => f.pad(word),
            None => write!(f, "{}", self.0),
        }
    }
}

impl FromStr for AddressScope {
    type Err = Error;
    /// Reads `global`, `site`, `link`, `host` or a number.
    fn from_str(text: &str) -> Result<AddressScope> {
        match Self::WORDS.iter().find(|(_, word)| *word == text) {
            Some((scope, _)) => Ok(*scope),
            None => text.parse().map(AddressScope).map_err(|_| {
                Error::input(
                    format_args!("scope {text:?}"),
                    "it is none of global, site, link, host or a number up to 255",
                )
            }),
        }
    }
}

impl Serialize for AddressScope {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl Read for AddressScope {
    fn read(place: &Place<'_>) -> AddressScope {
        place.parsed(AddressScope::GLOBAL)
    }
}
