//! A probe in an event loop: requests at their times, answers as they come, an end.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::found::Found;
use super::question::{Answer, Question, replies, senders};
use super::{Places, ProbeOptions, Responder};
use crate::error::Result;
use crate::host::Host;
use crate::interface::IfName;
use crate::netlink::Socket;
use crate::sys;
use crate::wire::{Alarm, Arp, Line, Mac, Ndp, PacketSocket, Program, Protocol};

/// How many bytes of a frame are read. No answer is so long, whatever options it has.
const FRAME: usize = 2048;

/// How many frames are fetched at most before something else gets its turn, and at the end of a round.
const IN_A_ROW: usize = 1024;
const AT_THE_END: usize = 65_536;

/// How many requests are sent at most before answers are fetched again.
const BURST: usize = 32;

/// The room for answers that nobody has fetched yet, in bytes as the kernel counts them; it cuts this to `net.core.rmem_max`.
const ROOM: i32 = 4 << 20;

/// A probe that is opened once and may be made again and again, in an event loop: its descriptor is readable when there is something to do, also
/// when the time is over. After it was opened nothing is allocated, but by an error.
pub struct Prober {
    questions: Vec<Question>,
    places: Places,
    wire: Wire,
    found: Found,
    directors: Vec<Mac>,
    requests: u32,
    timeout: Duration,
    round: Option<Round>,
    lost: u64,
    buffer: Box<[u8; FRAME]>,
}

/// A round that runs.
struct Round {
    start: Instant,
    /// How many requests were sent.
    sent: usize,
    /// When the last one was.
    last: Instant,
}

/// What the probe sends and hears with.
struct Wire {
    arp: Option<PacketSocket>,
    ndp: Option<PacketSocket>,
    neighbours: Socket,
    alarm: Alarm,
    index: u32,
    mac: Mac,
    own_macs: Vec<Mac>,
}

impl Prober {
    /// Opens a probe, with arguments that were checked.
    pub(super) fn open(host: &Host, vips: &[IpAddr], on: &IfName, options: &ProbeOptions) -> Result<Prober> {
        let (mut line, places) = (Line::of(host, on, "probe")?, Places::of(vips));
        // A VIP that is bound here is no address to ask with.
        line.addresses.retain(|address| places.of_address(address.local).is_none());
        let mut questions = Vec::new();
        for (place, vip) in vips.iter().enumerate() {
            for sender in senders(&line, *vip, options.sender) {
                questions.push(Question::new(*vip, place, sender, line.mac));
            }
        }
        let mut prober = Prober {
            wire: Wire::open(host, &line, &questions)?,
            places,
            found: Found::with_room(vips.len(), options.most),
            directors: options.directors.clone(),
            requests: options.requests,
            timeout: options.timeout,
            questions,
            round: None,
            lost: 0,
            buffer: Box::new([0; FRAME]),
        };
        // The socket takes its room when it is used first.
        prober.look_up();
        Ok(prober)
    }

    /// Begins a round: sends the first requests and forgets what the last round found.
    ///
    /// # Errors
    /// `ENETDOWN` where the interface is down, [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) where it is gone.
    pub fn start(&mut self) -> Result<()> {
        self.wire.alarm.is_mine()?;
        self.round = None;
        // What came between two rounds is no answer of this one.
        self.forget();
        self.wire.lost();
        self.lost = 0;
        self.found.clear();
        self.questions.iter_mut().for_each(|question| question.asked = None);
        let now = Instant::now();
        self.round = Some(Round { start: now, sent: 0, last: now });
        self.dispatch().map(drop)
    }

    /// Does what there is to do, without waiting. `Ok(true)`: the round has ended.
    ///
    /// # Errors
    /// `ENETDOWN` where the interface went down, [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) where it is gone; the round has
    /// ended then.
    pub fn dispatch(&mut self) -> Result<bool> {
        self.wire.alarm.is_mine()?;
        let ended = self.work();
        self.found.show();
        if !matches!(ended, Ok(false)) {
            self.round = None;
            self.wire.alarm.set(None)?;
        }
        ended
    }

    /// Those who have answered so far, by VIP in the order in which they were named, then in the order in which they answered.
    pub fn responders(&self) -> &[Responder] {
        self.found.shown()
    }

    /// How many answers were not counted, because the kernel or the probe had no room for them.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Waits until there is something to do, for this long at most; `None`: for ever. `Ok(false)`: the time is over.
    pub fn wait(&self, patience: Option<Duration>) -> Result<bool> {
        self.wire.alarm.is_mine()?;
        self.wire.alarm.wait(patience)
    }

    fn work(&mut self) -> Result<bool> {
        if self.round.is_none() {
            self.forget();
            return Ok(true);
        }
        // Looked up before the answers are fetched: what is in the socket when the time is over came in time.
        let ends = self.ends();
        let is_over = ends.is_some_and(|ends| ends <= Instant::now());
        // Answers first: they have waited, and the requests have time.
        self.fetch(if is_over { AT_THE_END } else { IN_A_ROW })?;
        let next = if is_over { None } else { self.send_what_is_due()? };
        self.lost += self.wire.lost();
        if is_over {
            if self.found.any() {
                self.look_up();
            }
            return Ok(true);
        }
        let Some(ends) = self.ends() else { return Ok(true) };
        self.wire.alarm.set(Some(next.map_or(ends, |next| next.min(ends))))?;
        Ok(false)
    }

    /// Looks up the responders' own addresses.
    fn look_up(&mut self) {
        let Prober { wire, found, places, .. } = self;
        found.look_up(&mut wire.neighbours, wire.index, &|address| places.of_address(address).is_some());
    }

    /// When the round ends; not before every request was sent and had a quarter of the time to be answered, however late it could be sent.
    fn ends(&self) -> Option<Instant> {
        let round = self.round.as_ref()?;
        let on_time = round.start + self.timeout;
        Some(match round.sent < self.total() {
            true => on_time.max(Instant::now() + self.timeout / 4),
            false => on_time.max(round.last + self.timeout / 4),
        })
    }

    fn total(&self) -> usize {
        self.questions.len() * self.requests as usize
    }

    /// When the request of this number is due: they are spread evenly over the first half of the time, question after question.
    fn due(&self, round: &Round, number: usize) -> Instant {
        round.start + (self.timeout / 2).mul_f64(number as f64 / self.total() as f64)
    }

    /// Sends some of the requests whose time has come. Returns when the next one is due; `None`: all were sent.
    fn send_what_is_due(&mut self) -> Result<Option<Instant>> {
        let total = self.total();
        for _ in 0..BURST {
            let Some(round) = &self.round else { return Ok(None) };
            let number = round.sent;
            if number == total {
                return Ok(None);
            }
            let (now, due) = (Instant::now(), self.due(round, number));
            if now < due {
                return Ok(Some(due));
            }
            let at = number % self.questions.len();
            let question = &mut self.questions[at];
            question.asked = Some(now);
            self.wire.send(question)?;
            if let Some(round) = &mut self.round {
                (round.sent, round.last) = (number + 1, now);
            }
        }
        Ok(self.round.as_ref().filter(|round| round.sent < total).map(|round| self.due(round, round.sent)))
    }

    /// Throws away what came while no round ran, also the news that the interface went down: if it still is, the next request will tell.
    fn forget(&mut self) {
        for _ in 0..AT_THE_END {
            if let Ok(None) = self.wire.receive(&mut self.buffer[..]) {
                break;
            }
        }
    }

    /// Fetches frames until there is none, or so many.
    fn fetch(&mut self, most: usize) -> Result<()> {
        for _ in 0..most {
            let Some((protocol, length)) = self.wire.receive(&mut self.buffer[..])? else { break };
            let frame = &self.buffer[..length];
            let answer = match protocol {
                Protocol::Arp => Arp::parse(frame).and_then(|arp| Answer::of_arp(&arp, self.wire.mac)),
                _ => Ndp::parse(frame).and_then(|ndp| Answer::of_ndp(&ndp, self.wire.mac)),
            };
            if let Some(answer) = answer {
                self.count(&answer);
            }
        }
        Ok(())
    }

    /// Counts an answer to one of the questions that were asked.
    fn count(&mut self, answer: &Answer) {
        let Some(place) = self.places.of_address(answer.vip) else { return };
        // The questions stand in the order of the VIPs.
        let first = self.questions.partition_point(|question| question.place < place);
        let of_vip = self.questions[first..].iter().take_while(|question| question.place == place);
        let Some(asked) = of_vip.filter(|question| question.sender == answer.asked_by).find_map(|q| q.asked) else {
            return;
        };
        let responder = Responder {
            vip: answer.vip,
            mac: answer.mac,
            source: answer.source,
            address: None,
            count: 1,
            delay: asked.elapsed(),
            ours: self.wire.own_macs.contains(&answer.mac),
            director: self.directors.contains(&answer.mac),
            duplicate: false,
        };
        if !self.found.add(place, responder) {
            self.lost += 1;
        }
    }
}

impl AsFd for Prober {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.alarm.as_fd()
    }
}

impl Wire {
    fn open(host: &Host, line: &Line, questions: &[Question]) -> Result<Wire> {
        let (mut v4, mut v6, mut to_all) = (Vec::new(), Vec::new(), false);
        for question in questions {
            match question.vip {
                IpAddr::V4(vip) => v4.push(vip),
                IpAddr::V6(vip) => {
                    v6.push(vip);
                    to_all |= question.sender.is_unspecified();
                }
            }
        }
        let open = |protocol, filter: &Program| -> Result<PacketSocket> {
            let socket = PacketSocket::open(host, line, protocol, filter)?;
            // More room only means that less is lost.
            let _ = sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, ROOM);
            Ok(socket)
        };
        let arp = (!v4.is_empty()).then(|| open(Protocol::Arp, &replies(&v4, line.mac))).transpose()?;
        let ndp = (!v6.is_empty()).then(|| open(Protocol::Ipv6, &Program::advertisements(&v6))).transpose()?;
        if let (Some(ndp), true) = (&ndp, to_all) {
            // A host that does not speak IPv6 here is not in the group of all.
            ndp.hear_all_groups(line)?;
        }
        let sockets: Vec<BorrowedFd<'_>> = arp.iter().chain(&ndp).map(AsFd::as_fd).collect();
        let alarm = Alarm::over(&sockets)?;
        let neighbours = host.here_or_inside(Socket::open)?;
        Ok(Wire { arp, ndp, neighbours, alarm, index: line.index, mac: line.mac, own_macs: line.own_macs.clone() })
    }

    /// A request that the interface has no room for is as good as lost on the wire: others follow.
    fn send(&self, question: &Question) -> Result<()> {
        let socket = if question.vip.is_ipv4() { &self.arp } else { &self.ndp };
        socket.as_ref().map_or(Ok(false), |socket| socket.send(&question.frame)).map(drop)
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<Option<(Protocol, usize)>> {
        for (socket, protocol) in [(&self.arp, Protocol::Arp), (&self.ndp, Protocol::Ipv6)] {
            if let Some(socket) = socket
                && let Some(length) = socket.receive(buffer)?
            {
                return Ok(Some((protocol, length)));
            }
        }
        Ok(None)
    }

    /// How many frames were lost since the last call.
    fn lost(&self) -> u64 {
        self.arp.iter().chain(&self.ndp).map(|socket| u64::from(socket.lost())).sum()
    }
}
