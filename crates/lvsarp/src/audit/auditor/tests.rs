//! The filters of an audit's sockets let through what belongs to it, and nothing else.

use super::*;
use crate::wire::ip::{ACK, Content, Echo, RST, SYN, Tcp};
use crate::wire::run_filter;

const OURS: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THEIRS: Mac = Mac([2, 0, 0, 0, 0, 2]);

/// VIP, real server, our own address, and somebody else.
fn addresses(is_ipv6: bool) -> [IpAddr; 4] {
    match is_ipv6 {
        false => ["192.0.2.10", "192.0.2.11", "192.0.2.1", "192.0.2.12"],
        true => ["2001:db8::10", "2001:db8::11", "2001:db8::1", "2001:db8::12"],
    }
    .map(|text| text.parse().unwrap())
}

fn filter(is_ipv6: bool, service: Service) -> Program {
    let [vip, real_server, own, _] = addresses(is_ipv6);
    let parties = Parties { vip, real_server, own, mac: OURS, service, number: 40000 };
    match (vip, real_server, own) {
        (IpAddr::V4(vip), IpAddr::V4(real_server), IpAddr::V4(own)) => ipv4([vip, real_server], own, &parties),
        (IpAddr::V6(vip), IpAddr::V6(real_server), IpAddr::V6(own)) => ipv6([vip, real_server], own, &parties),
        _ => unreachable!(),
    }
}

fn passes(program: &Program, frame: &[u8]) -> bool {
    run_filter(program, frame, 0).is_some_and(|length| length > 0)
}

fn frame(from: IpAddr, to: IpAddr, content: Content) -> Vec<u8> {
    Packet { from, to, content }.frame(OURS, THEIRS).unwrap().bytes().to_vec()
}

fn segment(source_port: u16, destination_port: u16, flags: u8) -> Content {
    Content::Tcp(Tcp { source_port, destination_port, sequence: 1, acknowledgement: 2, flags })
}

fn echo(is_reply: bool, identifier: u16) -> Content {
    Content::Echo(Echo { is_reply, identifier, number: 3 })
}

#[test]
fn answers_to_our_port_or_identifier_come_through_and_no_others() {
    for is_ipv6 in [false, true] {
        let [vip, real_server, own, other] = addresses(is_ipv6);
        let (tcp, icmp) = (filter(is_ipv6, Service::Tcp(80)), filter(is_ipv6, Service::Echo));
        for from in [vip, real_server] {
            for flags in [SYN | ACK, RST, ACK] {
                assert!(passes(&tcp, &frame(from, own, segment(80, 40000, flags))));
            }
            assert!(!passes(&tcp, &frame(from, own, segment(81, 40000, ACK))));
            assert!(!passes(&tcp, &frame(from, own, segment(80, 40001, ACK))));
            assert!(!passes(&tcp, &frame(from, other, segment(80, 40000, ACK))));
            assert!(!passes(&tcp, &frame(from, own, echo(true, 40000))));
            assert!(passes(&icmp, &frame(from, own, echo(true, 40000))));
            assert!(!passes(&icmp, &frame(from, own, echo(true, 40001))));
            assert!(!passes(&icmp, &frame(from, own, echo(false, 40000))));
            assert!(!passes(&icmp, &frame(from, other, echo(true, 40000))));
            assert!(!passes(&icmp, &frame(from, own, segment(80, 40000, ACK))));
        }
        // A director's own traffic: clients, and other real servers.
        assert!(!passes(&tcp, &frame(other, own, segment(80, 40000, ACK))));
        assert!(!passes(&tcp, &frame(other, vip, segment(40000, 80, SYN))));
        assert!(!passes(&icmp, &frame(other, own, echo(true, 40000))));
    }
}

#[test]
fn errors_about_either_address_come_through_from_anybody() {
    for is_ipv6 in [false, true] {
        let [vip, real_server, own, other] = addresses(is_ipv6);
        let (header, errors): (usize, &[u8]) = if is_ipv6 { (40, &[1, 3]) } else { (20, &[3, 11]) };
        for service in [Service::Tcp(80), Service::Echo] {
            let program = filter(is_ipv6, service);
            for (about, wanted) in [(vip, true), (real_server, true), (other, false)] {
                for kind in [1, 2, 3, 4, 11] {
                    let sent = frame(own, about, segment(40000, 80, SYN));
                    let mut error = frame(other, own, echo(true, 1))[..14 + header].to_vec();
                    error.extend([kind, 1, 0, 0, 0, 0, 0, 0]);
                    error.extend(&sent[14..14 + header + 8]);
                    assert_eq!(passes(&program, &error), wanted && errors.contains(&kind), "{about} {kind}");
                }
            }
        }
    }
}

#[test]
fn who_says_where_an_ipv6_address_is_comes_through() {
    let [vip, real_server, own, other] = addresses(true).map(|address| match address {
        IpAddr::V6(address) => address,
        IpAddr::V4(_) => unreachable!(),
    });
    let program = filter(true, Service::Tcp(80));
    for (address, wanted) in [(vip, true), (real_server, true), (other, false)] {
        assert_eq!(passes(&program, &Ndp::unsolicited(address, THEIRS).frame()), wanted);
        assert_eq!(passes(&program, &Ndp::who_has(own, address, THEIRS).frame()), wanted);
    }
}
