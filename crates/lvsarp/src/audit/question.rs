//! What an audit asks of the VIP and of the real server's own address, as packets.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{Answer, Service};
use crate::error::Result;
use crate::wire::Mac;
use crate::wire::ip::{Content, Echo, Packet, RST, SYN, Tcp};

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who has the real server's own address, with our own sender or an unspecified one.
    RealServer { own: bool },
    /// Who has the VIP, with our own sender.
    Vip,
    /// A packet in a frame to this MAC address.
    Packet(Mac, Packet),
}

/// Sends it.
pub(super) type Send<'a> = &'a mut dyn FnMut(Ask) -> Result<()>;

/// Who asks whom for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties {
    pub vip: IpAddr,
    pub real_server: IpAddr,
    /// Our own address.
    pub own: IpAddr,
    /// Our own MAC address.
    pub mac: Mac,
    pub service: Service,
    /// Our port, or the identifier of our echo requests.
    pub number: u16,
}

/// A question to the VIP or to the real server's own address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub to: IpAddr,
    /// The sequence number of the SYN, or in its lower half the number of the echo request.
    pub sequence: u32,
    pub asked: u32,
    pub sent: Instant,
    pub answer: Answer,
    pub delay: Option<Duration>,
    pub resets: u32,
}

impl Question {
    pub fn new(to: IpAddr, sequence: u32, now: Instant) -> Question {
        Question { to, sequence, asked: 0, sent: now, answer: Answer::None, delay: None, resets: 0 }
    }

    pub fn is_settled(&self) -> bool {
        self.answer != Answer::None
    }

    pub fn settle(&mut self, answer: Answer, now: Instant) {
        // An ICMP error may come from a router or a filter on the way; what the host itself says after that counts.
        if matches!(self.answer, Answer::None | Answer::Unreachable) {
            self.answer = answer;
        }
        self.delay = self.delay.or(Some(now.saturating_duration_since(self.sent)));
    }
}

/// Sends a question, the same packet each time, until it was asked often enough.
///
/// Before a SYN that was sent before goes a reset of what it may have left half open. To a SYN that comes again a listener answers once, and then not
/// for half a second (`net/ipv4/tcp_minisocks.c: tcp_check_req()`, `tcp_invalid_ratelimit`), so that two answers that are lost would be the end of it.
pub(super) fn again(
    question: &mut Question,
    parties: &Parties,
    tries: u32,
    macs: &[Mac],
    now: Instant,
    send: Send<'_>,
) -> Result<()> {
    let Some(mac) = macs.first().filter(|_| question.asked < tries) else { return Ok(()) };
    if question.asked > 0 && matches!(parties.service, Service::Tcp(_)) {
        send(Ask::Packet(*mac, reset(parties, question.to, question.sequence.wrapping_add(1))))?;
    }
    question.asked += 1;
    question.sent = now;
    let content = match parties.service {
        Service::Tcp(_) => return send(Ask::Packet(*mac, segment(parties, question.to, question.sequence, SYN))),
        Service::Echo => Echo { is_reply: false, identifier: parties.number, number: question.sequence as u16 },
    };
    send(Ask::Packet(*mac, Packet { from: parties.own, to: question.to, content: Content::Echo(content) }))
}

pub(super) fn reset(parties: &Parties, to: IpAddr, sequence: u32) -> Packet {
    segment(parties, to, sequence, RST)
}

fn segment(parties: &Parties, to: IpAddr, sequence: u32, flags: u8) -> Packet {
    let Service::Tcp(destination_port) = parties.service else { unreachable!("an echo has no segments") };
    let tcp = Tcp { source_port: parties.number, destination_port, sequence, acknowledgement: 0, flags };
    Packet { from: parties.own, to, content: Content::Tcp(tcp) }
}
