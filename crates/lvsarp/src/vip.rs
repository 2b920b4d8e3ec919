//! Virtual IPs and prefixes as people write them, checked once when they are read.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::json::{Place, Read};

/// An address with a prefix length, such as `198.51.100.0/24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: IpAddr,
    len: u8,
}

impl Prefix {
    /// Any address with a length of at most 32 or 128 bits.
    pub fn new(address: IpAddr, len: u8) -> Result<Prefix> {
        if len > bits(address) {
            return Err(Error::input(
                format_args!("prefix {address}/{len}"),
                format_args!("an address of this family has {} bits", bits(address)),
            ));
        }
        Ok(Prefix { address, len })
    }

    /// The prefix that holds this address alone: /32 or /128.
    pub fn host(address: IpAddr) -> Prefix {
        Prefix { address, len: bits(address) }
    }

    /// The address in front of the slash.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// The length behind the slash.
    // A length of 0 is the default route, not an empty collection.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(self) -> u8 {
        self.len
    }

    /// Whether it holds one address alone.
    pub fn is_host(self) -> bool {
        self.len == bits(self.address)
    }

    /// The same prefix with the bits behind its length cleared.
    pub fn network(self) -> Prefix {
        let address = match self.address {
            IpAddr::V4(a) => IpAddr::V4((u32::from(a) & mask4(self.len)).into()),
            IpAddr::V6(a) => {
                let mask = if self.len == 0 { 0 } else { u128::MAX << (128 - self.len) };
                IpAddr::V6((u128::from(a) & mask).into())
            }
        };
        Prefix { address, len: self.len }
    }

    /// Whether an address lies inside.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Prefix { address, len: self.len }.network() == self.network()
    }

    /// Whether two prefixes share an address.
    pub fn overlaps(self, other: Prefix) -> bool {
        if self.len <= other.len { self.contains(other.address) } else { other.contains(self.address) }
    }

    /// Reads `ADDRESS/LEN`, or an address alone as its host prefix.
    pub fn parse(text: &str) -> Result<Prefix> {
        let malformed =
            || Error::input(format_args!("address {text:?}"), "it is not an IPv4 or IPv6 address or prefix");
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, Some(len)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        match len {
            None => Ok(Prefix::host(address)),
            Some(len) if !len.is_empty() && len.bytes().all(|b| b.is_ascii_digit()) => {
                Prefix::new(address, len.parse().map_err(|_| malformed())?)
            }
            Some(_) => Err(malformed()),
        }
    }
}

/// Reads an IPv4 address, as ARP has them; `what` names it in errors: `target`, `sender`.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for what is no address, and for an IPv6 address, which no ARP carries.
pub fn ipv4(what: &str, text: &str) -> Result<Ipv4Addr> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Ok(address),
        Ok(IpAddr::V6(_)) => Err(Error::input(
            format_args!("{text} as {what}"),
            "ARP is IPv4 only; neighbour discovery answers for the receiving interface's own addresses, whatever the levels are",
        )),
        Err(_) => Err(Error::input(format_args!("{what} {text:?}"), "it is not an IPv4 address")),
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The netmask of an IPv4 prefix length.
pub(crate) fn mask4(len: u8) -> u32 {
    if len == 0 { 0 } else { u32::MAX << (32 - len) }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.address, self.len))
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Prefix {
    type Err = Error;
    fn from_str(text: &str) -> Result<Prefix> {
        Prefix::parse(text)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl Read for Prefix {
    #[inline(never)]
    fn read(place: &Place<'_>) -> Prefix {
        place.parsed(Prefix::host(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

/// A virtual IP that a real server may hold: a unicast address, alone or (only by force) with a shorter prefix.
///
/// Multicast, broadcast, unspecified, `0.0.0.0/8`, loopback and IPv4-mapped addresses are refused, although the kernel would bind most of them
/// (`net/ipv4/devinet.c: inet_rtm_newaddr()` has no such check).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vip(Prefix);

impl Vip {
    /// Checks an address.
    pub fn new(address: IpAddr) -> Result<Vip> {
        Vip::from_prefix(Prefix::host(address))
    }

    /// Checks an address with a prefix length.
    pub fn from_prefix(prefix: Prefix) -> Result<Vip> {
        let refuse = |cause: &str| Err(Error::input(format_args!("address {} as a VIP", prefix.address), cause));
        match prefix.address {
            IpAddr::V4(a) if a.is_unspecified() => refuse("it is the unspecified address"),
            IpAddr::V4(a) if a.octets()[0] == 0 => refuse("it is in 0.0.0.0/8"),
            IpAddr::V4(a) if a.is_loopback() => refuse("it is a loopback address"),
            IpAddr::V4(a) if a.is_multicast() => refuse("it is a multicast address"),
            IpAddr::V4(Ipv4Addr::BROADCAST) => refuse("it is the broadcast address"),
            IpAddr::V6(a) if a.is_unspecified() => refuse("it is the unspecified address"),
            IpAddr::V6(a) if a.is_loopback() => refuse("it is a loopback address"),
            IpAddr::V6(a) if a.is_multicast() => refuse("it is a multicast address"),
            IpAddr::V6(a) if a.to_ipv4_mapped().is_some() => refuse("it is an IPv4 address mapped into IPv6"),
            IpAddr::V6(a) if a.is_unicast_link_local() => refuse("it is a link-local address"),
            _ if prefix.len == 0 => refuse("its prefix length is 0"),
            _ => Ok(Vip(prefix)),
        }
    }

    /// Reads an address, with or without a prefix length.
    pub fn parse(text: &str) -> Result<Vip> {
        Vip::from_prefix(Prefix::parse(text)?)
    }

    /// The address.
    pub fn address(self) -> IpAddr {
        self.0.address
    }

    /// The address with its prefix length: /32 or /128, unless another one was asked for.
    pub fn prefix(self) -> Prefix {
        self.0
    }
}

impl fmt::Display for Vip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_host() { f.pad(&self.0.address.to_string()) } else { fmt::Display::fmt(&self.0, f) }
    }
}

impl fmt::Debug for Vip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Vip {
    type Err = Error;
    fn from_str(text: &str) -> Result<Vip> {
        Vip::parse(text)
    }
}

impl Read for Vip {
    fn read(place: &Place<'_>) -> Vip {
        place.parsed(Vip(Prefix::host(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_real_server_may_hold_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "not an IPv4 or IPv6"),
            ("192.0.2", "not an IPv4 or IPv6"),
            ("192.0.2.010", "not an IPv4 or IPv6"),
            ("192.0.2.10/", "not an IPv4 or IPv6"),
            ("192.0.2.10/+8", "not an IPv4 or IPv6"),
            ("192.0.2.10/33", "32 bits"),
            ("192.0.2.10 ", "not an IPv4 or IPv6"),
            ("fe80::1%eth0", "not an IPv4 or IPv6"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "0.0.0.0/8"),
            ("127.0.0.2", "loopback"),
            ("224.0.0.5", "multicast"),
            ("255.255.255.255", "broadcast"),
            ("192.0.2.10/0", "length is 0"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("ff02::1", "multicast"),
            ("::ffff:192.0.2.1", "mapped"),
            ("fe80::1", "link-local"),
        ] {
            let error = Vip::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert_eq!(Vip::parse("192.0.2.10").unwrap().prefix().to_string(), "192.0.2.10/32");
        assert_eq!(Vip::parse("2001:db8::1").unwrap().prefix().len(), 128);
    }

    #[test]
    fn a_prefix_holds_its_own_addresses_only() {
        let net = Prefix::parse("198.51.100.0/24").unwrap();
        assert!(net.contains("198.51.100.255".parse().unwrap()));
        assert!(!net.contains("198.51.101.0".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
        assert!(net.overlaps(Prefix::parse("198.51.0.0/16").unwrap()));
        assert!(!net.overlaps(Prefix::parse("198.51.101.0/24").unwrap()));
        assert!(Prefix::parse("0.0.0.0/0").unwrap().contains("203.0.113.1".parse().unwrap()));
        assert_eq!(Prefix::parse("198.51.100.7/24").unwrap().network().to_string(), "198.51.100.0/24");
    }
}
