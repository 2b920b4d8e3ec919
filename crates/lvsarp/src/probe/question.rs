//! What is asked, and what counts as an answer. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use super::ProbeSender;
use crate::wire::{Accept, Arp, Line, Mac, Ndp, NdpKind, Operation, Program};

/// One VIP asked for with one sender.
pub(super) struct Question {
    pub vip: IpAddr,
    /// The place of the VIP in the caller's list.
    pub place: usize,
    pub sender: IpAddr,
    pub frame: Vec<u8>,
    /// When it was asked last in this round.
    pub asked: Option<Instant>,
}

/// Who says that it has a VIP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub vip: IpAddr,
    pub mac: Mac,
    pub source: Mac,
    /// The sender of the request that it answers.
    pub asked_by: IpAddr,
}

impl Question {
    /// A VIP and a sender of the same family.
    pub fn new(vip: IpAddr, place: usize, sender: IpAddr, mac: Mac) -> Question {
        let frame = match (vip, sender) {
            (IpAddr::V4(vip), IpAddr::V4(sender)) => Arp::who_has(vip, sender, mac).frame(),
            (IpAddr::V6(vip), IpAddr::V6(sender)) => Ndp::who_has(vip, sender, mac).frame(),
            // `senders` makes no such pair.
            _ => Vec::new(),
        };
        Question { vip, place, sender, frame, asked: None }
    }
}

impl Answer {
    /// `net/ipv4/arp.c: arp_process()` answers to the request's sender, by MAC and by address, also where that is 0.0.0.0. Others may answer so that
    /// everybody hears it (RFC 3927, 2.5): then the packet's target tells whom they answer.
    pub fn of_arp(arp: &Arp, own: Mac) -> Option<Answer> {
        let comes_here = arp.destination == own || arp.destination == Mac::BROADCAST;
        let is_for_us = arp.operation == Operation::Reply && comes_here && arp.target_mac == own;
        let (vip, asked_by) = (IpAddr::V4(arp.sender), IpAddr::V4(arp.target));
        is_for_us.then_some(Answer { vip, mac: arp.sender_mac, source: arp.source, asked_by })
    }

    /// `net/ipv6/ndisc.c: ndisc_recv_ns()` answers to the solicitation's sender, and to everybody where that is unspecified.
    pub fn of_ndp(ndp: &Ndp, own: Mac) -> Option<Answer> {
        const EVERYBODY: (Mac, Ipv6Addr) = (Mac([0x33, 0x33, 0, 0, 0, 1]), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1));
        let NdpKind::Advertisement { solicited, .. } = ndp.kind else { return None };
        let asked_by = match solicited {
            true if ndp.destination == own => ndp.to,
            false if (ndp.destination, ndp.to) == EVERYBODY => Ipv6Addr::UNSPECIFIED,
            _ => return None,
        };
        let mac = ndp.mac.unwrap_or(ndp.source);
        Some(Answer { vip: IpAddr::V6(ndp.target), mac, source: ndp.source, asked_by: IpAddr::V6(asked_by) })
    }
}

/// The senders with which a VIP is asked for.
pub(super) fn senders(line: &Line, vip: IpAddr, sender: ProbeSender) -> impl Iterator<Item = IpAddr> {
    let (own, unspecified) = match vip {
        IpAddr::V4(vip) => (line.ipv4_for(vip, &[]).map(IpAddr::V4), IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        IpAddr::V6(vip) => (line.ipv6_for(vip, &[]).map(IpAddr::V6), IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    };
    let (first, second) = match sender {
        ProbeSender::Own => (own.or(Some(unspecified)), None),
        ProbeSender::Unspecified => (Some(unspecified), None),
        ProbeSender::Both => (own, Some(unspecified)),
    };
    first.into_iter().chain(second)
}

/// ARP replies to this MAC address with one of these senders, whether the frame is for us or for everybody: the rest of the traffic does not even
/// wake the caller.
pub(super) fn replies(vips: &[Ipv4Addr], own: Mac) -> Program {
    let [a, b, c, d, e, f] = own.0;
    let (first, last) = (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]));
    let packet = [
        Accept::Half(16, 0x0800),
        Accept::Half(18, 0x0604),
        Accept::Half(20, 2),
        Accept::Word(32, first),
        Accept::Half(36, last),
    ];
    Program::new(&packet, 28, vips.iter().map(|vip| u32::from(*vip)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::run_filter;

    const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);

    #[test]
    fn a_reply_answers_whom_it_is_for_and_nobody_else() {
        let (vip, asker) = (Ipv4Addr::new(192, 0, 2, 10), Ipv4Addr::new(192, 0, 2, 1));
        let reply = Arp {
            destination: OWN,
            source: OTHER,
            operation: Operation::Reply,
            sender_mac: OTHER,
            sender: vip,
            target_mac: OWN,
            target: asker,
        };
        let expected = Answer { vip: vip.into(), mac: OTHER, source: OTHER, asked_by: asker.into() };
        let to_all = Arp { destination: Mac::BROADCAST, ..reply };
        for right in [reply, to_all] {
            assert_eq!(Answer::of_arp(&right, OWN).as_ref(), Some(&expected), "{right:?}");
            assert!(run_filter(&replies(&[vip], OWN), &right.frame(), 0) > Some(0), "{right:?}");
        }
        for wrong in [
            Arp { target_mac: OTHER, ..to_all },
            Arp { destination: Mac([0x01, 0, 0x5e, 0, 0, 1]), ..reply },
            Arp { destination: OTHER, ..reply },
            Arp { target_mac: OTHER, ..reply },
            Arp { operation: Operation::Request, ..reply },
        ] {
            assert_eq!(Answer::of_arp(&wrong, OWN), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_advertisement_answers_the_address_that_asked_or_everybody() {
        let (vip, asker): (Ipv6Addr, Ipv6Addr) = ("2001:db8::10".parse().unwrap(), "2001:db8::1".parse().unwrap());
        let to_all = Ndp::unsolicited(vip, OTHER);
        let kind = NdpKind::Advertisement { solicited: true, replace: true };
        let to_us = Ndp { destination: OWN, to: asker, kind, ..to_all };
        let asked_by = |ndp: Ndp| Answer::of_ndp(&ndp, OWN).map(|answer| answer.asked_by);
        assert_eq!(asked_by(to_us), Some(asker.into()));
        assert_eq!(asked_by(to_all), Some(Ipv6Addr::UNSPECIFIED.into()));
        assert_eq!(Answer::of_ndp(&Ndp { mac: None, ..to_us }, OWN).unwrap().mac, OTHER, "the frame's source");
        for wrong in [
            Ndp { destination: OTHER, ..to_us },
            Ndp { kind, ..to_all },
            Ndp { kind: to_all.kind, ..to_us },
            Ndp { to: asker, ..to_all },
            Ndp { destination: OWN, ..to_all },
            Ndp { kind: NdpKind::Solicitation, ..to_us },
        ] {
            assert_eq!(asked_by(wrong), None, "{wrong:?}");
        }
    }
}
