//! Neighbour solicitations and advertisements of IPv6 over Ethernet, as bytes (RFC 4861). Pure, no system call.

use std::net::Ipv6Addr;

use serde::Serialize;

use super::{ETHERNET, Mac, Protocol, be16, checksum, ethernet, mac_at};

const HEADER: usize = 40;
const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const SOURCE_MAC: u8 = 1;
const TARGET_MAC: u8 = 2;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NdpKind {
    /// Who has the target?
    Solicitation,
    /// The target is at this MAC address.
    Advertisement {
        /// An answer; otherwise nobody asked.
        solicited: bool,
        /// What was known before is to be replaced.
        replace: bool,
    },
}

/// A neighbour solicitation or advertisement in an Ethernet frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ndp {
    /// The frame's destination.
    pub destination: Mac,
    /// The frame's source.
    pub source: Mac,
    /// The address that it comes from; unspecified where a host looks for duplicates.
    pub from: Ipv6Addr,
    /// The address that it goes to.
    pub to: Ipv6Addr,
    /// Which of the two.
    pub kind: NdpKind,
    /// The address that is asked for or told of.
    pub target: Ipv6Addr,
    /// The MAC address in the option: the sender's of a solicitation, the target's of an advertisement.
    pub mac: Option<Mac>,
}

impl Ndp {
    /// A solicitation to the group of all who may have the target. From the unspecified address it is a search for duplicates.
    pub fn who_has(target: Ipv6Addr, from: Ipv6Addr, mac: Mac) -> Ndp {
        let to = solicited_node(target);
        let known = (!from.is_unspecified()).then_some(mac);
        Ndp { destination: group_mac(to), source: mac, from, to, kind: NdpKind::Solicitation, target, mac: known }
    }

    /// An advertisement to everybody that nobody asked for, which replaces what they knew (RFC 4861, 7.2.6).
    pub fn unsolicited(target: Ipv6Addr, mac: Mac) -> Ndp {
        let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
        let kind = NdpKind::Advertisement { solicited: false, replace: true };
        Ndp { destination: group_mac(to), source: mac, from: target, to, kind, target, mac: Some(mac) }
    }

    /// Reads an Ethernet frame. `None` for anything but what a host must take (RFC 4861, 7.1): hop limit 255, code 0, a length that is right, a
    /// target that is no group, options that are whole. Of two MAC addresses the first counts, and it has to be one of Ethernet
    /// (`net/ipv6/ndisc.c: ndisc_parse_options(), ndisc_opt_addr_data()`). The checksum is not looked at: on a virtual link the kernel leaves
    /// it to be filled in by nobody.
    pub fn parse(frame: &[u8]) -> Option<Ndp> {
        let packet = frame.get(ETHERNET..)?;
        if be16(frame, 12)? != Protocol::Ipv6.number() || packet.first()? >> 4 != 6 {
            return None;
        }
        let length = usize::from(be16(packet, 4)?);
        let message = packet.get(HEADER..HEADER + length)?;
        if packet[6..8] != [ICMPV6, 255] || length < 24 || message[1] != 0 {
            return None;
        }
        let kind = match message[0] {
            SOLICITATION => NdpKind::Solicitation,
            ADVERTISEMENT => {
                NdpKind::Advertisement { solicited: message[4] & SOLICITED != 0, replace: message[4] & OVERRIDE != 0 }
            }
            _ => return None,
        };
        let [from, to, target] = [address_at(packet, 8)?, address_at(packet, 24)?, address_at(message, 8)?];
        if target.is_multicast() {
            return None;
        }
        let wanted = if kind == NdpKind::Solicitation { SOURCE_MAC } else { TARGET_MAC };
        let (mut mac, mut is_known) = (None, false);
        let mut options = &message[24..];
        while !options.is_empty() {
            let length = 8 * usize::from(*options.get(1)?);
            let option = options.get(..length).filter(|option| !option.is_empty())?;
            if option[0] == wanted && !is_known {
                if length != 8 {
                    return None;
                }
                is_known = true;
                mac = mac_at(option, 2).filter(|mac| *mac != Mac::ZERO);
            }
            options = &options[length..];
        }
        Some(Ndp { destination: mac_at(frame, 0)?, source: mac_at(frame, 6)?, from, to, kind, target, mac })
    }

    /// The frame.
    pub fn frame(&self) -> Vec<u8> {
        let mut message = [0; 32];
        let option = match self.kind {
            NdpKind::Solicitation => {
                message[0] = SOLICITATION;
                SOURCE_MAC
            }
            NdpKind::Advertisement { solicited, replace } => {
                message[0] = ADVERTISEMENT;
                message[4] = if solicited { SOLICITED } else { 0 } | if replace { OVERRIDE } else { 0 };
                TARGET_MAC
            }
        };
        message[8..24].copy_from_slice(&self.target.octets());
        let length = match self.mac {
            Some(mac) => {
                message[24..26].copy_from_slice(&[option, 1]);
                message[26..32].copy_from_slice(&mac.0);
                32
            }
            None => 24,
        };
        let mut frame = ethernet(self.destination, self.source, Protocol::Ipv6);
        frame.extend_from_slice(&[0x60, 0, 0, 0, 0, length as u8, ICMPV6, 255]);
        frame.extend_from_slice(&self.from.octets());
        frame.extend_from_slice(&self.to.octets());
        let pseudo = [0, 0, 0, length as u8, 0, 0, 0, ICMPV6];
        let sum = checksum(&[&self.from.octets(), &self.to.octets(), &pseudo, &message[..length]]);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        frame.extend_from_slice(&message[..length]);
        frame
    }
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(Ipv6Addr::from(octets))
}

/// The group that whoever has the address listens to (RFC 4291, 2.7.1).
pub(crate) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), u16::from_be_bytes([b, c]))
}

/// The MAC address of a group (RFC 2464, 7).
pub(crate) fn group_mac(group: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = group.octets();
    Mac([0x33, 0x33, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn vip() -> Ipv6Addr {
        "2001:db8::12:3456".parse().unwrap()
    }

    fn all() -> [Ndp; 4] {
        let ask = Ndp::who_has(vip(), "fe80::1".parse().unwrap(), MAC);
        let answer = NdpKind::Advertisement { solicited: true, replace: false };
        let answer = Ndp { kind: answer, destination: MAC, from: vip(), to: ask.from, ..ask };
        [ask, Ndp::who_has(vip(), Ipv6Addr::UNSPECIFIED, MAC), Ndp::unsolicited(vip(), MAC), answer]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for ndp in all() {
            assert_eq!(Ndp::parse(&ndp.frame()), Some(ndp));
        }
        assert_eq!(solicited_node(vip()).to_string(), "ff02::1:ff12:3456");
        assert_eq!(group_mac(solicited_node(vip())).to_string(), "33:33:ff:12:34:56");
    }

    #[test]
    fn what_a_host_must_not_take_is_not_taken() {
        let good = all()[0].frame();
        for (at, value) in [
            (12, 8),
            (14, 0x40),
            (19, 33),
            (19, 23),
            (20, 17),
            (21, 254),
            (54, 134),
            (55, 1),
            (62, 0xff),
            (79, 0),
            (79, 2),
        ] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(Ndp::parse(&bad), None, "byte {at} as {value}");
        }
        for length in 0..good.len() {
            assert_eq!(Ndp::parse(&good[..length]), None);
        }
        // Two MAC addresses: the first counts; one that is longer is none.
        let mut two = good.clone();
        two.extend_from_slice(&[SOURCE_MAC, 1, 6, 6, 6, 6, 6, 6]);
        two[19] += 8;
        assert_eq!(Ndp::parse(&two), Some(all()[0]));
        two[79] = 2;
        assert_eq!(Ndp::parse(&two), None);
    }
}
