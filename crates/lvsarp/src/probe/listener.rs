//! A listener in an event loop: every frame that carries a VIP as its sender.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant, SystemTime};

use super::{Heard, HeardKind, Places};
use crate::error::{ErrorKind, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::sys;
use crate::wire::{Alarm, Arp, Line, Mac, Ndp, NdpKind, Operation, PacketSocket, Program, Protocol, Removal};

const FRAME: usize = 2048;

/// How many frames of one socket are handed on in one call.
const IN_A_ROW: usize = 1024;

/// The room for frames that nobody has fetched yet, in bytes as the kernel counts them; it cuts this to `net.core.rmem_max`.
const ROOM: i32 = 4 << 20;

/// Only listens, in an event loop: its descriptor is readable when something was heard. After it was opened nothing is allocated, but by an error.
pub struct Listener {
    on: IfName,
    places: Places,
    sockets: Vec<PacketSocket>,
    removal: Removal,
    gone: bool,
    alarm: Alarm,
    own_macs: Vec<Mac>,
    directors: Vec<Mac>,
    buffer: Box<[u8; FRAME]>,
    lost: u64,
}

impl Listener {
    /// Opens the sockets, with arguments that were checked.
    pub(super) fn open(host: &Host, vips: &[IpAddr], on: &IfName, directors: &[Mac]) -> Result<Listener> {
        let line = Line::of(host, on, "listen")?;
        // First: whatever becomes of the interface from here on is told.
        let removal = Removal::of(host, line.index)?;
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for vip in vips {
            match vip {
                IpAddr::V4(vip) => v4.push(*vip),
                IpAddr::V6(vip) => v6.push(*vip),
            }
        }
        let mut sockets = Vec::new();
        if !v4.is_empty() {
            sockets.push(PacketSocket::open(host, &line, Protocol::Arp, &Program::arp(&v4))?);
        }
        if !v6.is_empty() {
            for filter in [Program::advertisements(&v6), Program::solicitations(&v6)] {
                let socket = PacketSocket::open(host, &line, Protocol::Ipv6, &filter)?;
                // Solicitations go to the group of their target, in which this host is not.
                socket.hear_all_groups(&line)?;
                sockets.push(socket);
            }
        }
        for socket in &sockets {
            // More room only means that less is lost.
            let _ = sys::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, ROOM);
        }
        let watched = sockets.iter().map(AsFd::as_fd).chain([removal.as_fd()]);
        let alarm = Alarm::over(&watched.collect::<Vec<_>>())?;
        Ok(Listener {
            on: *on,
            places: Places::of(vips),
            sockets,
            removal,
            gone: false,
            alarm,
            own_macs: line.own_macs,
            directors: directors.to_vec(),
            buffer: Box::new([0; FRAME]),
            lost: 0,
        })
    }

    /// Hands on what was heard, without waiting. Returns how many frames that were.
    ///
    /// # Errors
    /// `ENETDOWN` once where the interface went down; when it is up again the listener goes on.
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) where it is gone: after all that was heard was handed on, in every call, and the
    /// descriptor stays readable. One that comes back with its name is another one; it needs a new listener.
    pub fn dispatch(&mut self, hear: &mut dyn FnMut(&Heard)) -> Result<usize> {
        self.alarm.is_mine()?;
        if self.removal.was_told() && self.sockets.iter().any(PacketSocket::is_gone) {
            self.end()?;
        }
        let mut count = 0;
        for at in 0..self.sockets.len() {
            for _ in 0..IN_A_ROW {
                let length = match self.sockets[at].receive(&mut self.buffer[..]) {
                    Ok(Some(length)) => length,
                    Ok(None) => break,
                    Err(error) if error.kind() == ErrorKind::NoInterface => {
                        self.end()?;
                        continue;
                    }
                    Err(error) => {
                        // Each of them was told of it.
                        self.sockets.iter().for_each(PacketSocket::forget_error);
                        return Err(error);
                    }
                };
                if let Some(heard) = self.heard(&self.buffer[..length]) {
                    count += 1;
                    hear(&heard);
                }
            }
            self.lost += u64::from(self.sockets[at].lost());
        }
        match self.sockets.first() {
            Some(socket) if self.gone && count == 0 => Err(socket.gone()),
            _ => Ok(count),
        }
    }

    /// The interface is gone: the descriptor is readable from now on.
    fn end(&mut self) -> Result<()> {
        self.gone = true;
        self.alarm.set(Some(Instant::now()))
    }

    /// Waits until something was heard, for this long at most; `None`: for ever. `Ok(false)`: the time is over.
    pub fn wait(&self, patience: Option<Duration>) -> Result<bool> {
        self.alarm.is_mine()?;
        self.alarm.wait(patience)
    }

    /// How many frames were lost because they were not fetched in time.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// What a frame says, if a VIP is its sender.
    fn heard(&self, frame: &[u8]) -> Option<Heard> {
        let Said { vip, kind, mac, source, target } = match Arp::parse(frame) {
            Some(arp) => Said::of_arp(&arp),
            None => Said::of_ndp(&Ndp::parse(frame)?),
        };
        self.places.of_address(vip)?;
        let (ours, director) = (self.own_macs.contains(&mac), self.directors.contains(&mac));
        Some(Heard { time: SystemTime::now(), interface: self.on, vip, kind, mac, source, target, ours, director })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }
}

/// What a frame says about its sender.
struct Said {
    vip: IpAddr,
    kind: HeardKind,
    mac: Mac,
    source: Mac,
    target: IpAddr,
}

impl Said {
    fn of_arp(arp: &Arp) -> Said {
        let kind = match (arp.operation, arp.is_gratuitous()) {
            (Operation::Request, false) => HeardKind::Request,
            (Operation::Request, true) => HeardKind::GratuitousRequest,
            (Operation::Reply, false) => HeardKind::Reply,
            (Operation::Reply, true) => HeardKind::GratuitousReply,
        };
        Said { vip: arp.sender.into(), kind, mac: arp.sender_mac, source: arp.source, target: arp.target.into() }
    }

    fn of_ndp(ndp: &Ndp) -> Said {
        let (vip, kind, target) = match ndp.kind {
            NdpKind::Solicitation => (ndp.from, HeardKind::Solicitation, ndp.target),
            NdpKind::Advertisement { .. } => (ndp.target, HeardKind::Advertisement, ndp.to),
        };
        Said { vip: vip.into(), kind, mac: ndp.mac.unwrap_or(ndp.source), source: ndp.source, target: target.into() }
    }
}
