//! ARP for IPv4 over Ethernet, as bytes (RFC 826). Pure, no system call.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::{ETHERNET, Mac, Protocol, SHORTEST, be16, ethernet, mac_at};

/// The length of an ARP packet for IPv4 over Ethernet.
const PACKET: usize = 28;

/// A request or a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// who-has
    Request,
    /// is-at
    Reply,
}

/// An ARP packet in an Ethernet frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// The frame's destination.
    pub destination: Mac,
    /// The frame's source, which may be another one than the packet's sender.
    pub source: Mac,
    /// A request or a reply.
    pub operation: Operation,
    /// The sender's MAC address: what everybody who hears it learns.
    pub sender_mac: Mac,
    /// The sender's address.
    pub sender: Ipv4Addr,
    /// The target's MAC address; of no meaning in a request.
    pub target_mac: Mac,
    /// The target's address.
    pub target: Ipv4Addr,
}

impl Arp {
    /// A broadcast who-has. A sender of 0.0.0.0 makes it a probe for duplicates (RFC 5227), which nobody learns from.
    pub fn who_has(target: Ipv4Addr, sender: Ipv4Addr, mac: Mac) -> Arp {
        Arp {
            destination: Mac::BROADCAST,
            source: mac,
            operation: Operation::Request,
            sender_mac: mac,
            sender,
            target_mac: Mac::ZERO,
            target,
        }
    }

    /// A broadcast that everybody who knows the address learns the MAC from, whom nobody asked for it (RFC 5227, 3; RFC 5944, 4.6): sender and target
    /// are the same.
    pub fn gratuitous(operation: Operation, address: Ipv4Addr, mac: Mac) -> Arp {
        let target_mac = match operation {
            Operation::Request => Mac::ZERO,
            Operation::Reply => mac,
        };
        Arp { operation, target_mac, ..Arp::who_has(address, address, mac) }
    }

    /// Whether nobody asked for it: sender and target are the same address.
    pub fn is_gratuitous(&self) -> bool {
        self.sender == self.target
    }

    /// Reads an Ethernet frame. `None` for what the kernel would not take as ARP for IPv4 (`net/ipv4/arp.c: arp_rcv(), arp_process()`): another
    /// protocol, hardware, or address length, a frame that is too short or has a VLAN tag, an operation that is neither a request nor a reply, a
    /// sender without a MAC address. What stands behind the packet is padding.
    pub fn parse(frame: &[u8]) -> Option<Arp> {
        const ETHER: u16 = 1;
        const IEEE802: u16 = 6;
        let packet = frame.get(ETHERNET..ETHERNET + PACKET)?;
        if be16(frame, 12)? != Protocol::Arp.number()
            || !matches!(be16(packet, 0)?, ETHER | IEEE802)
            || be16(packet, 2)? != Protocol::Ipv4.number()
            || packet[4..6] != [6, 4]
        {
            return None;
        }
        let operation = match be16(packet, 6)? {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return None,
        };
        let address = |at: usize| -> Option<Ipv4Addr> {
            let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets))
        };
        let arp = Arp {
            destination: mac_at(frame, 0)?,
            source: mac_at(frame, 6)?,
            operation,
            sender_mac: mac_at(packet, 8)?,
            sender: address(14)?,
            target_mac: mac_at(packet, 18)?,
            target: address(24)?,
        };
        (arp.sender_mac != Mac::ZERO).then_some(arp)
    }

    /// The frame, filled up to the shortest one that Ethernet carries.
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = ethernet(self.destination, self.source, Protocol::Arp);
        frame.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0]);
        frame.push(match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        });
        frame.extend_from_slice(&self.sender_mac.0);
        frame.extend_from_slice(&self.sender.octets());
        frame.extend_from_slice(&self.target_mac.0);
        frame.extend_from_slice(&self.target.octets());
        frame.resize(SHORTEST, 0);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

    #[test]
    fn what_is_written_is_read_back() {
        let ask = Arp::who_has(VIP, Ipv4Addr::new(192, 0, 2, 1), MAC);
        let answer = Arp { operation: Operation::Reply, destination: MAC, target_mac: MAC, ..ask };
        for arp in
            [ask, answer, Arp::gratuitous(Operation::Request, VIP, MAC), Arp::gratuitous(Operation::Reply, VIP, MAC)]
        {
            assert_eq!(arp.frame().len(), SHORTEST);
            assert_eq!(Arp::parse(&arp.frame()), Some(arp));
        }
    }

    #[test]
    fn what_the_kernel_would_not_take_is_no_arp() {
        let good = Arp::gratuitous(Operation::Reply, VIP, MAC).frame();
        for (at, value) in
            [(12, 0x81), (13, 0), (14, 1), (15, 2), (16, 0), (17, 1), (18, 8), (19, 6), (20, 1), (21, 0), (21, 3)]
        {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(Arp::parse(&bad), None, "byte {at} as {value}");
        }
        let mut tagged = good.clone();
        tagged.splice(12..12, [0x81, 0, 0, 100]);
        assert_eq!(Arp::parse(&tagged), None);
        let nobody = Arp { sender_mac: Mac::ZERO, ..Arp::gratuitous(Operation::Reply, VIP, MAC) };
        assert_eq!(Arp::parse(&nobody.frame()), None);
        for length in 0..ETHERNET + PACKET {
            assert_eq!(Arp::parse(&good[..length]), None);
        }
        assert!(Arp::parse(&good[..ETHERNET + PACKET]).is_some());
    }
}
