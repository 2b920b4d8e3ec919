//! One audit as it goes on: what was asked and heard, and what is to be asked next. No system call and no clock; pure but for whom it tells what to send.
//!
//! Time goes in steps, of which `tries` and one more are half of the time. The order makes the faults show:
//!
//! * The real server's MAC address is asked for with the sender 0.0.0.0 first. A who-has of ours would teach it our MAC address, so that it need
//!   not ask for us, and a wrong `arp_announce` would stay hidden. When the VIP has answered or was announced, or when half of the tries
//!   are over, the sender is our own: not everybody answers 0.0.0.0, and it may be our MAC address that the answer waits for.
//! * As soon as a MAC address is known the VIP is sent a packet, and its own address after that: what the answer to the first one needs is our MAC
//!   address, and the who-has for it carries the VIP where `arp_announce` is wrong.
//! * Only in the next step the VIP is asked for in ARP: who answers that learns our MAC address (`net/ipv4/arp.c: arp_process()`).

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::question::{Ask, Parties, Question, Send, again, reset};
use super::{Answer, Audit, AuditOptions, AuditState, Service, verdict};
use crate::error::Result;
use crate::wire::ip::{ACK, Content, Packet, RST, SYN, Tcp};
use crate::wire::{Arp, Mac, Ndp, NdpKind, Operation};

/// How many MAC addresses of the real server are told apart.
const OWN_MACS: usize = 8;

/// How many others that speak for the VIP are told apart.
const OTHERS: usize = 256;

/// How often an accepted connection is reset while the audit goes on: any reset may be lost.
const RESETS: u32 = 8;

/// Somebody who spoke for the VIP.
#[derive(Debug, Clone, Copy)]
struct Speaker {
    mac: Mac,
    source: Mac,
    answered: u32,
    announced: u32,
}

/// One audit.
pub(super) struct Inquiry {
    parties: Parties,
    tries: u32,
    step: Duration,
    /// Between the first step and the result. Otherwise nothing is sent but resets of what comes late.
    is_going_on: bool,
    began: Instant,
    next: Instant,
    deadline: Instant,
    /// How many steps were begun.
    steps: u32,
    vip: Question,
    real_server: Question,
    /// The MAC addresses of the real server, in the order in which they answered.
    macs: Vec<Mac>,
    answered: u32,
    announced: u32,
    /// The others who spoke for the VIP.
    speakers: Vec<Speaker>,
}

impl Inquiry {
    /// One that is to begin; all the memory that it ever needs is taken here.
    pub fn new(parties: Parties, options: &AuditOptions) -> Inquiry {
        let now = Instant::now();
        let (vip, real_server) = (Question::new(parties.vip, 0, now), Question::new(parties.real_server, 0, now));
        Inquiry {
            tries: options.tries,
            step: options.timeout / 2 / (options.tries + 1),
            is_going_on: false,
            began: now,
            next: now,
            deadline: now + options.timeout,
            steps: 0,
            vip,
            real_server,
            macs: Vec::with_capacity(OWN_MACS),
            answered: 0,
            announced: 0,
            speakers: Vec::with_capacity(OTHERS),
            parties,
        }
    }

    /// Forgets everything and takes the first step. The two sequence numbers are nobody's to guess.
    pub fn begin(&mut self, now: Instant, sequences: [u32; 2], send: Send<'_>) -> Result<()> {
        let timeout = self.deadline - self.began;
        (self.began, self.next, self.deadline, self.steps) = (now, now, now + timeout, 0);
        self.vip = Question::new(self.parties.vip, sequences[0], now);
        self.real_server = Question::new(self.parties.real_server, sequences[1], now);
        (self.answered, self.announced, self.is_going_on) = (0, 0, true);
        self.macs.clear();
        self.speakers.clear();
        self.step(now, send)
    }

    /// When there is something to do at the latest; `None`: there is no audit going on.
    pub fn next(&self) -> Option<Instant> {
        self.is_going_on.then(|| self.next.min(self.deadline))
    }

    /// Takes the next step if it is time; the result when the audit has ended. What has come in must have been heard before.
    pub fn go_on(&mut self, now: Instant, send: Send<'_>) -> Result<Option<Audit>> {
        if !self.is_going_on {
            return Ok(None);
        }
        let is_settled = !self.macs.is_empty() && self.vip.is_settled() && self.real_server.is_settled();
        let is_over = now >= self.deadline || (now >= self.next && self.steps > self.tries && is_settled);
        if is_over {
            self.is_going_on = false;
            self.reset(true, send)?;
            return Ok(Some(self.audit()));
        }
        if now >= self.next {
            self.step(now, send)?;
        }
        Ok(None)
    }

    /// ARP that has the VIP or the real server's own address as its sender.
    pub fn hear_arp(&mut self, arp: &Arp, now: Instant, send: Send<'_>) -> Result<()> {
        let is_answer = arp.operation == Operation::Reply && !arp.is_gratuitous();
        self.hear_claim(IpAddr::V4(arp.sender), arp.sender_mac, arp.source, is_answer, now, send)
    }

    /// A neighbour advertisement or solicitation.
    pub fn hear_ndp(&mut self, ndp: &Ndp, now: Instant, send: Send<'_>) -> Result<()> {
        let mac = ndp.mac.unwrap_or(ndp.source);
        match ndp.kind {
            NdpKind::Solicitation => self.hear_claim(IpAddr::V6(ndp.from), mac, ndp.source, false, now, send),
            NdpKind::Advertisement { solicited, .. } => {
                self.hear_claim(IpAddr::V6(ndp.target), mac, ndp.source, solicited, now, send)
            }
        }
    }

    /// Somebody says that an address is at a MAC address.
    fn hear_claim(
        &mut self,
        address: IpAddr,
        mac: Mac,
        source: Mac,
        is_answer: bool,
        now: Instant,
        send: Send<'_>,
    ) -> Result<()> {
        if mac == self.parties.mac || mac.is_group() {
            return Ok(());
        }
        if address == self.parties.real_server {
            self.learn(mac);
            return self.ask(now, send);
        }
        if address != self.parties.vip {
            return Ok(());
        }
        let (answered, announced) = if is_answer { (1, 0) } else { (0, 1) };
        if self.macs.contains(&mac) || self.macs.contains(&source) {
            self.answered = self.answered.saturating_add(answered);
            self.announced = self.announced.saturating_add(announced);
            // It waits for our MAC address, and a host that holds the VIP itself does not answer a who-has that comes from the VIP.
            if announced > 0 && self.is_going_on {
                send(Ask::RealServer { own: true })?;
            }
        } else if let Some(speaker) = self.speakers.iter_mut().find(|s| (s.mac, s.source) == (mac, source)) {
            speaker.answered = speaker.answered.saturating_add(answered);
            speaker.announced = speaker.announced.saturating_add(announced);
        } else if self.speakers.len() < OTHERS {
            self.speakers.push(Speaker { mac, source, answered, announced });
        }
        Ok(())
    }

    /// A MAC address of the real server; what it said before that is known counts as well.
    fn learn(&mut self, mac: Mac) {
        if self.macs.len() == OWN_MACS || self.macs.contains(&mac) {
            return;
        }
        self.macs.push(mac);
        let (mut answered, mut announced) = (self.answered, self.announced);
        self.speakers.retain(|speaker| {
            let is_it = speaker.mac == mac || speaker.source == mac;
            if is_it {
                answered = answered.saturating_add(speaker.answered);
                announced = announced.saturating_add(speaker.announced);
            }
            !is_it
        });
        (self.answered, self.announced) = (answered, announced);
    }

    /// A packet.
    pub fn hear_packet(&mut self, packet: &Packet, now: Instant, send: Send<'_>) -> Result<()> {
        if packet.to != self.parties.own {
            return Ok(());
        }
        match packet.content {
            Content::Tcp(tcp) => self.hear_tcp(packet.from, tcp, now, send),
            Content::Echo(echo) if echo.is_reply => {
                let identifier = self.parties.number;
                if let (Service::Echo, Some(question)) = (self.parties.service, self.question(packet.from))
                    && (echo.identifier, echo.number) == (identifier, question.sequence as u16)
                {
                    question.settle(Answer::Accepted, now);
                }
                self.ask(now, send)
            }
            Content::Echo(_) => Ok(()),
            Content::Unreachable { from, to, begin, next } => {
                let (own, number, service) =
                    (self.parties.own, self.parties.number.to_be_bytes(), self.parties.service);
                let Some(question) = self.question(to).filter(|_| from == own) else { return Ok(()) };
                let is_ours = match service {
                    Service::Tcp(port) => {
                        let port = port.to_be_bytes();
                        begin == [number[0], number[1], port[0], port[1]] && next == question.sequence.to_be_bytes()
                    }
                    Service::Echo => {
                        let [_, _, high, low] = question.sequence.to_be_bytes();
                        next == [number[0], number[1], high, low]
                    }
                };
                if is_ours && !question.is_settled() {
                    question.settle(Answer::Unreachable, now);
                }
                self.ask(now, send)
            }
        }
    }

    fn hear_tcp(&mut self, from: IpAddr, tcp: Tcp, now: Instant, send: Send<'_>) -> Result<()> {
        let ports = (self.parties.service, self.parties.number);
        let mac = self.macs.first().copied();
        let parties = self.parties;
        let (Some(question), Some(mac)) = (self.question(from), mac) else { return Ok(()) };
        if (Service::Tcp(tcp.source_port), tcp.destination_port) != ports {
            return Ok(());
        }
        let is_for_ours = tcp.flags & ACK != 0 && tcp.acknowledgement == question.sequence.wrapping_add(1);
        if tcp.flags & RST != 0 {
            if is_for_ours {
                question.settle(Answer::Refused, now);
            }
        } else if is_for_ours && tcp.flags & SYN != 0 {
            question.settle(Answer::Accepted, now);
            question.resets = question.resets.saturating_add(1);
            send(Ask::Packet(mac, reset(&parties, question.to, tcp.acknowledgement)))?;
        } else if tcp.flags & ACK != 0 {
            // What an earlier audit left half open, because its resets were lost (RFC 9293, 3.10.7.3). The next try is accepted.
            send(Ask::Packet(mac, reset(&parties, question.to, tcp.acknowledgement)))?;
        }
        self.ask(now, send)
    }

    /// The question to an address that was asked already.
    fn question(&mut self, address: IpAddr) -> Option<&mut Question> {
        [&mut self.vip, &mut self.real_server].into_iter().find(|question| question.to == address && question.asked > 0)
    }

    /// Whether our own address may be the sender now.
    fn may_teach(&self) -> bool {
        self.vip.is_settled() || self.announced > 0 || self.steps > (self.tries / 2).max(1)
    }

    fn step(&mut self, now: Instant, send: Send<'_>) -> Result<()> {
        self.steps += 1;
        // A step that comes late is caught up with, not left out, but not all at once.
        self.next = (self.began + self.step * self.steps).max(now + self.step / 4);
        let is_settled = self.vip.is_settled() && self.real_server.is_settled();
        if self.steps <= self.tries + 1 || !is_settled {
            send(Ask::RealServer { own: self.may_teach() })?;
        }
        if (2..=self.tries + 1).contains(&self.steps) {
            send(Ask::Vip)?;
        }
        self.reset(false, send)?;
        for question in [&mut self.vip, &mut self.real_server] {
            if question.asked > 0 && !question.is_settled() {
                again(question, &self.parties, self.tries, &self.macs, now, send)?;
            }
        }
        self.ask(now, send)
    }

    /// Asks what can be asked for the first time now: the VIP as soon as there is a MAC address, its own address after that.
    fn ask(&mut self, now: Instant, send: Send<'_>) -> Result<()> {
        if !self.is_going_on {
            return Ok(());
        }
        if self.vip.asked == 0 {
            again(&mut self.vip, &self.parties, self.tries, &self.macs, now, send)?;
        }
        if self.vip.asked > 0 && self.real_server.asked == 0 && self.may_teach() {
            again(&mut self.real_server, &self.parties, self.tries, &self.macs, now, send)?;
        }
        Ok(())
    }

    /// Resets what was accepted once more, and at the end also what may have been, where the answer was lost.
    fn reset(&mut self, is_end: bool, send: Send<'_>) -> Result<()> {
        let (Some(mac), Service::Tcp(_)) = (self.macs.first(), self.parties.service) else { return Ok(()) };
        for question in [&mut self.vip, &mut self.real_server] {
            let is_due = match question.answer {
                Answer::Accepted => is_end || question.resets < RESETS,
                Answer::None | Answer::Unreachable => is_end && question.asked > 0,
                Answer::Refused => false,
            };
            if is_due {
                question.resets = question.resets.saturating_add(1);
                send(Ask::Packet(*mac, reset(&self.parties, question.to, question.sequence.wrapping_add(1))))?;
            }
        }
        Ok(())
    }

    fn audit(&self) -> Audit {
        let mut audit = Audit {
            state: AuditState::Down,
            vip: self.parties.vip,
            real_server: self.parties.real_server,
            mac: self.macs.first().copied(),
            answered: self.answered,
            announced: self.announced,
            from_vip: self.vip.answer,
            from_real_server: self.real_server.answer,
            delay: self.vip.delay,
            others: self.speakers.iter().filter(|speaker| speaker.answered > 0).count() as u32,
        };
        audit.state = verdict::state(&audit);
        audit
    }
}

#[cfg(test)]
mod tests;
