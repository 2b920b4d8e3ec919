//! What is asked when, and what is made of the answers, against a real server that is a function.

use std::net::Ipv4Addr;

use super::*;
use crate::wire::ip::Echo;

const VIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
const RIP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);
const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OURS: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THEIRS: Mac = Mac([2, 0, 0, 0, 0, 2]);
const SEQUENCES: [u32; 2] = [1000, u32::MAX];

fn parties(service: Service) -> Parties {
    Parties { vip: VIP.into(), real_server: RIP.into(), own: OWN.into(), mac: OURS, service, number: 40000 }
}

fn reply(sender: Ipv4Addr, mac: Mac) -> Arp {
    Arp { operation: Operation::Reply, destination: OURS, target_mac: OURS, ..Arp::who_has(OWN, sender, mac) }
}

fn tcp(from: Ipv4Addr, acknowledgement: u32, flags: u8) -> Packet {
    let tcp = Tcp { source_port: 80, destination_port: 40000, sequence: 7, acknowledgement, flags };
    Packet { from: from.into(), to: OWN.into(), content: Content::Tcp(tcp) }
}

/// An inquiry, its clock, and what it has sent since somebody looked.
struct Talk {
    inquiry: Inquiry,
    now: Instant,
    sent: Vec<Ask>,
}

impl Talk {
    fn begin(service: Service) -> Talk {
        let mut talk = Talk {
            inquiry: Inquiry::new(parties(service), &AuditOptions::default()),
            now: Instant::now(),
            sent: Vec::new(),
        };
        let sent = &mut talk.sent;
        talk.inquiry
            .begin(talk.now, SEQUENCES, &mut |ask| {
                sent.push(ask);
                Ok(())
            })
            .unwrap();
        talk
    }

    fn hear_arp(&mut self, arp: Arp) {
        let sent = &mut self.sent;
        self.inquiry
            .hear_arp(&arp, self.now, &mut |ask| {
                sent.push(ask);
                Ok(())
            })
            .unwrap();
    }

    fn hear(&mut self, packet: Packet) {
        let sent = &mut self.sent;
        self.inquiry
            .hear_packet(&packet, self.now, &mut |ask| {
                sent.push(ask);
                Ok(())
            })
            .unwrap();
    }

    /// Lets the time pass until there is something to do, and does it.
    fn go_on(&mut self) -> Option<Audit> {
        self.now = self.now.max(self.inquiry.next().unwrap());
        let sent = &mut self.sent;
        self.inquiry
            .go_on(self.now, &mut |ask| {
                sent.push(ask);
                Ok(())
            })
            .unwrap()
    }

    fn end(&mut self) -> Audit {
        loop {
            if let Some(audit) = self.go_on() {
                return audit;
            }
        }
    }

    fn took(&self) -> Duration {
        self.now - self.inquiry.began
    }

    /// The segments that were sent since somebody looked: (to, sequence number, flags).
    fn segments(&mut self) -> Vec<(IpAddr, u32, u8)> {
        let segment = |ask| match ask {
            Ask::Packet(THEIRS, Packet { to, content: Content::Tcp(tcp), .. }) => Some((to, tcp.sequence, tcp.flags)),
            _ => None,
        };
        self.sent.drain(..).filter_map(segment).collect()
    }
}

#[test]
fn the_vip_is_asked_before_anything_teaches_our_mac_address() {
    let mut talk = Talk::begin(Service::Tcp(80));
    assert_eq!(talk.sent, [Ask::RealServer { own: false }]);
    talk.hear_arp(reply(RIP, THEIRS));
    assert_eq!(talk.segments(), [(VIP.into(), 1000, SYN)]);
    for _ in 1..4 {
        talk.go_on();
        assert!(talk.sent.contains(&Ask::RealServer { own: false }) && talk.sent.contains(&Ask::Vip));
        assert!(talk.segments().iter().all(|(to, ..)| *to == IpAddr::from(VIP)));
    }
    // Half of the tries are over: it may not answer 0.0.0.0, or our MAC address may be what it lacks.
    talk.go_on();
    assert!(talk.sent.contains(&Ask::RealServer { own: true }));
    assert!(talk.segments().contains(&(RIP.into(), u32::MAX, SYN)));
}

#[test]
fn what_it_announces_is_taught_at_once() {
    let mut talk = Talk::begin(Service::Tcp(80));
    talk.hear_arp(reply(RIP, THEIRS));
    talk.sent.clear();
    talk.hear_arp(Arp::who_has(OWN, VIP, THEIRS));
    assert_eq!(talk.sent, [Ask::RealServer { own: true }]);
    assert_eq!((talk.inquiry.answered, talk.inquiry.announced), (0, 1));
    talk.hear_arp(Arp::gratuitous(Operation::Reply, VIP, THEIRS));
    assert_eq!(talk.inquiry.announced, 2);
}

#[test]
fn an_accepted_connection_is_reset_at_once_and_again_and_a_healthy_audit_takes_half_of_the_time() {
    let mut talk = Talk::begin(Service::Tcp(80));
    talk.hear_arp(reply(RIP, THEIRS));
    talk.sent.clear();
    talk.hear(tcp(VIP, 1001, SYN | ACK));
    assert_eq!(talk.segments(), [(VIP.into(), 1001, RST), (RIP.into(), u32::MAX, SYN)]);
    // The number wraps.
    talk.hear(tcp(RIP, 0, SYN | ACK));
    assert_eq!(talk.segments(), [(RIP.into(), 0, RST)]);
    let audit = talk.end();
    assert_eq!((audit.state, audit.from_vip), (AuditState::Healthy, Answer::Accepted));
    assert!(talk.took() > Duration::from_millis(490) && talk.took() < Duration::from_millis(510), "{:?}", talk.took());
    assert_eq!(talk.sent.iter().filter(|ask| **ask == Ask::Vip).count(), 8);
    let segments = talk.segments();
    assert!(segments.iter().all(|(.., flags)| *flags == RST));
    for to in [VIP, RIP] {
        assert!(segments.iter().filter(|segment| segment.0 == IpAddr::from(to)).count() >= 7);
    }
    // One that comes late, when the audit is over. Nothing else is sent then.
    talk.hear_arp(reply(RIP, Mac([2, 0, 0, 0, 0, 3])));
    talk.hear_arp(Arp::who_has(OWN, VIP, THEIRS));
    assert!(talk.sent.is_empty() && talk.inquiry.next().is_none());
    talk.hear(tcp(VIP, 1001, SYN | ACK));
    assert_eq!(talk.segments(), [(VIP.into(), 1001, RST)]);
}

#[test]
fn a_connection_that_an_earlier_audit_left_is_reset_and_a_try_begins_anew() {
    let mut talk = Talk::begin(Service::Tcp(80));
    talk.hear_arp(reply(RIP, THEIRS));
    talk.sent.clear();
    talk.hear(tcp(VIP, 77, ACK));
    assert_eq!(talk.segments(), [(VIP.into(), 77, RST)]);
    talk.go_on();
    assert_eq!(talk.segments(), [(VIP.into(), 1001, RST), (VIP.into(), 1000, SYN)]);
    let audit = talk.end();
    assert_eq!(audit.from_vip, Answer::None);
    // Nobody answered, and what may be half open is reset.
    let segments = talk.segments();
    assert_eq!(segments.iter().filter(|segment| **segment == (VIP.into(), 1000, SYN)).count(), 6);
    assert_eq!(segments[segments.len() - 2..], [(VIP.into(), 1001, RST), (RIP.into(), 0, RST)]);
}

#[test]
fn what_does_not_fit_the_question_is_no_answer() {
    let mut talk = Talk::begin(Service::Tcp(80));
    talk.hear(tcp(VIP, 1001, SYN | ACK));
    assert_eq!(talk.inquiry.vip.answer, Answer::None, "nothing was asked yet");
    let mut silent = Inquiry::new(parties(Service::Tcp(80)), &AuditOptions::default());
    silent.hear_arp(&reply(RIP, THEIRS), talk.now, &mut |ask| panic!("{ask:?} before it began")).unwrap();
    talk.hear_arp(reply(RIP, THEIRS));
    let wrong_port = |packet: Packet, source_port, destination_port| match packet.content {
        Content::Tcp(tcp) => Packet { content: Content::Tcp(Tcp { source_port, destination_port, ..tcp }), ..packet },
        _ => packet,
    };
    let good = tcp(VIP, 1001, SYN | ACK);
    for packet in [
        tcp(VIP, 1000, SYN | ACK),
        tcp(VIP, 1001, SYN),
        tcp(VIP, 1002, RST | ACK),
        tcp(VIP, 1001, RST),
        tcp(OWN, 1001, SYN | ACK),
        Packet { to: VIP.into(), ..good },
        wrong_port(good, 81, 40000),
        wrong_port(good, 80, 40001),
        Packet { content: Content::Echo(Echo { is_reply: true, identifier: 40000, number: 1000 }), ..good },
        Packet {
            content: Content::Unreachable {
                from: OWN.into(),
                to: VIP.into(),
                begin: [0x9c, 0x40, 0, 80],
                next: [0; 4],
            },
            ..good
        },
    ] {
        talk.hear(packet);
        assert_eq!(talk.inquiry.vip.answer, Answer::None, "{packet:?}");
    }
    let next = 1000u32.to_be_bytes();
    let error = Content::Unreachable { from: OWN.into(), to: VIP.into(), begin: [0x9c, 0x40, 0, 80], next };
    talk.hear(Packet { content: error, ..good });
    assert_eq!(talk.inquiry.vip.answer, Answer::Unreachable);
    // The host's own word counts more than an error on the way.
    talk.hear(tcp(VIP, 1001, RST | ACK));
    assert_eq!(talk.inquiry.vip.answer, Answer::Refused);
}

#[test]
fn who_answers_before_the_real_server_is_known_is_told_apart_later() {
    let mut talk = Talk::begin(Service::Echo);
    let other = |n: u16| Mac([6, 0, 0, 0, (n >> 8) as u8, n as u8]);
    talk.hear_arp(reply(VIP, THEIRS));
    talk.hear_arp(Arp::who_has(OWN, VIP, THEIRS));
    for n in 0..1000 {
        talk.hear_arp(reply(VIP, other(n)));
        talk.hear_arp(reply(VIP, other(n)));
    }
    // Frames of our own that come back.
    talk.hear_arp(reply(VIP, OURS));
    talk.hear_arp(reply(VIP, Mac::BROADCAST));
    assert_eq!((talk.inquiry.answered, talk.inquiry.announced), (0, 0));
    talk.hear_arp(reply(RIP, THEIRS));
    // A second interface of the real server.
    talk.hear_arp(reply(RIP, other(5)));
    for n in 0..100 {
        talk.hear_arp(reply(RIP, other(n)));
    }
    let audit = talk.end();
    assert_eq!(audit.state, AuditState::Leaks);
    assert_eq!((audit.mac, audit.answered, audit.announced), (Some(THEIRS), 1 + 2 * (OWN_MACS as u32 - 1), 1));
    assert_eq!(audit.others as usize, OTHERS - OWN_MACS);
    assert_eq!((talk.inquiry.macs.capacity(), talk.inquiry.speakers.capacity()), (OWN_MACS, OTHERS));
}

#[test]
fn late_steps_are_caught_up_with_and_the_deadline_is_kept() {
    let mut talk = Talk::begin(Service::Echo);
    talk.now += Duration::from_millis(900);
    let audit = talk.end();
    assert_eq!(audit.state, AuditState::Down);
    assert!(talk.took() >= Duration::from_secs(1) && talk.took() < Duration::from_millis(1001), "{:?}", talk.took());
    assert!(talk.sent.iter().filter(|ask| matches!(ask, Ask::RealServer { .. })).count() > 6);
    for (timeout, tries) in [(Duration::from_millis(1), 1000), (Duration::from_secs(86_400), 1)] {
        let mut inquiry = Inquiry::new(parties(Service::Echo), &AuditOptions { timeout, tries });
        let (mut now, mut steps) = (Instant::now(), 0);
        inquiry.begin(now, SEQUENCES, &mut |_| Ok(())).unwrap();
        let began = now;
        while inquiry.go_on(now, &mut |_| Ok(())).unwrap().is_none() {
            (now, steps) = (inquiry.next().unwrap(), steps + 1);
            assert!(steps < 10_000);
        }
        assert_eq!(now - began, timeout);
    }
}
