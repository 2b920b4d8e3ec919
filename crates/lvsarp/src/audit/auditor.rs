//! The sockets of an audit, and its event loop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::inquiry::Inquiry;
use super::question::{Ask, Parties};
use super::{Audit, AuditOptions, AuditTarget, Service};
use crate::address;
use crate::conf::link;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::sys;
use crate::wire::ip::Packet;
use crate::wire::{Accept, Alarm, Arp, Line, Mac, Ndp, PacketSocket, Program, Protocol};

/// The longest frame that is read whole. Of a longer one, an ICMP error with much of the packet that it is about, the beginning would do; none has
/// more than 1280 bytes (RFC 4443, 2.4).
const LONGEST: usize = 2048;

/// How many frames are taken of a socket in one call, so that a storm keeps neither the other socket nor the caller from their work.
const AT_ONCE: usize = 256;

/// How often so many frames are taken before an audit begins.
const MOST_STALE: usize = 64;

/// An audit that is opened once and may be made again and again, in an event loop: its descriptor is readable when there is something to do, also
/// when the time is over. After it was opened nothing is allocated. It asks with the addresses that the interface had then.
pub struct Auditor {
    sockets: Sockets,
    alarm: Alarm,
    asks: Asks,
    inquiry: Inquiry,
    buffer: Vec<u8>,
    /// Keeps our port from everybody else.
    _port: Option<OwnedFd>,
}

/// Where frames go and come from.
struct Sockets {
    /// ARP; none for IPv6, where it is the other one's matter.
    arp: Option<PacketSocket>,
    packets: PacketSocket,
}

/// The frames that are always the same, and our own MAC address.
struct Asks {
    real_server: Vec<u8>,
    /// With an unspecified sender, where that is harmless.
    real_server_unspecified: Option<Vec<u8>>,
    vip: Vec<u8>,
    mac: Mac,
}

impl Asks {
    /// For IPv6 the sender is our own always. From an unspecified one it would be a search for duplicates, on which a host that has just begun to use
    /// the address gives it up (`net/ipv6/ndisc.c: ndisc_recv_ns()`). Nothing stays hidden by that: a solicitation of the real
    /// server carries the VIP only where it is on that very interface, where it is answered too (`ndisc_solicit()`).
    fn new(parties: &Parties) -> Asks {
        let mac = parties.mac;
        let who_has = |target: IpAddr, own: IpAddr| match (target, own) {
            (IpAddr::V4(target), IpAddr::V4(own)) => Arp::who_has(target, own, mac).frame(),
            (IpAddr::V6(target), IpAddr::V6(own)) => Ndp::who_has(target, own, mac).frame(),
            _ => Vec::new(),
        };
        let unspecified = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Asks {
            real_server: who_has(parties.real_server, parties.own),
            real_server_unspecified: parties.own.is_ipv4().then(|| who_has(parties.real_server, unspecified)),
            vip: who_has(parties.vip, parties.own),
            mac,
        }
    }

    fn send(&self, ask: Ask, by: &Sockets) -> Result<()> {
        let link = by.arp.as_ref().unwrap_or(&by.packets);
        // What the interface has no room for is as good as lost on the wire.
        match ask {
            Ask::RealServer { own: true } => link.send(&self.real_server)?,
            Ask::RealServer { own: false } => {
                link.send(self.real_server_unspecified.as_ref().unwrap_or(&self.real_server))?
            }
            Ask::Vip => link.send(&self.vip)?,
            Ask::Packet(to, packet) => match packet.frame(to, self.mac) {
                Some(frame) => by.packets.send(frame.bytes())?,
                None => return Ok(()),
            },
        };
        Ok(())
    }
}

impl Auditor {
    pub(super) fn open(host: &Host, target: &AuditTarget, options: &AuditOptions) -> Result<Auditor> {
        let line = Line::of(host, &target.on, "audit")?;
        let own = own_address(host, &line, target)?;
        let (port, number) = match target.service {
            Service::Tcp(_) => {
                let reserved = host.here_or_inside(|| {
                    sys::reserve_port(own, line.index)
                        .map_err(|e| Error::os("reserve", format_args!("a TCP port of {own}"), &e))
                })?;
                (Some(reserved.0), reserved.1)
            }
            Service::Echo => (None, u16::from_ne_bytes(random()?)),
        };
        let parties = Parties {
            vip: target.vip,
            real_server: target.real_server,
            own,
            mac: line.mac,
            service: target.service,
            number,
        };
        let sockets = Sockets::open(host, &line, &parties)?;
        let alarm = match &sockets.arp {
            Some(arp) => Alarm::over(&[arp.as_fd(), sockets.packets.as_fd()])?,
            None => Alarm::over(&[sockets.packets.as_fd()])?,
        };
        Ok(Auditor {
            sockets,
            alarm,
            asks: Asks::new(&parties),
            inquiry: Inquiry::new(parties, options),
            buffer: vec![0; LONGEST],
            _port: port,
        })
    }

    /// Begins an audit, and ends one that is going on without a result.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] in a process that was forked since it was opened, and those of sending.
    pub fn start(&mut self) -> Result<()> {
        self.alarm.is_mine()?;
        // What came after the last audit is not about this one. A storm is not waited out.
        for _ in 0..MOST_STALE {
            match self.hear() {
                Ok(0) => break,
                Ok(_) => {}
                // It was down since then. Whether it is now, the first frame tells.
                Err(error) if error.kind() == ErrorKind::System(libc::ENETDOWN) => {}
                Err(error) => return Err(error),
            }
        }
        let random: [u8; 8] = random()?;
        let [a, b, c, d, e, f, g, h] = random;
        let sequences = [u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])];
        let Auditor { sockets, asks, inquiry, .. } = self;
        inquiry.begin(Instant::now(), sequences, &mut |ask| asks.send(ask, sockets))?;
        self.alarm.set(self.inquiry.next())
    }

    /// Does what there is to do, without waiting. The result, once there is one; `None` as long as there is none, and where nothing was started.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] in a process that was forked since it was opened, and those of sending and hearing: the interface is down or gone.
    pub fn dispatch(&mut self) -> Result<Option<Audit>> {
        self.alarm.is_mine()?;
        self.hear()?;
        let Auditor { sockets, asks, inquiry, .. } = self;
        let audit = inquiry.go_on(Instant::now(), &mut |ask| asks.send(ask, sockets))?;
        self.alarm.set(self.inquiry.next())?;
        Ok(audit)
    }

    /// Waits until there is something to do, for this long at most; `None`: for ever. `Ok(false)`: the time is over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] in a process that was forked since it was opened.
    pub fn wait(&self, patience: Option<Duration>) -> Result<bool> {
        self.alarm.is_mine()?;
        self.alarm.wait(patience)
    }

    /// Hears the frames that have come in, [`AT_ONCE`] at most by each socket. Between two audits as well: a connection that is accepted late is reset too.
    fn hear(&mut self) -> Result<usize> {
        let Auditor { sockets, asks, inquiry, buffer, .. } = self;
        let send = &mut |ask| asks.send(ask, sockets);
        let mut count = 0;
        for socket in sockets.arp.iter().chain([&sockets.packets]) {
            for _ in 0..AT_ONCE {
                let Some(length) = socket.receive(buffer)? else { break };
                let (frame, now) = (&buffer[..length], Instant::now());
                count += 1;
                if let Some(arp) = Arp::parse(frame) {
                    inquiry.hear_arp(&arp, now, send)?;
                } else if let Some(ndp) = Ndp::parse(frame) {
                    inquiry.hear_ndp(&ndp, now, send)?;
                } else if let Some(packet) = Packet::parse(frame) {
                    inquiry.hear_packet(&packet, now, send)?;
                }
            }
        }
        Ok(count)
    }
}

impl AsFd for Auditor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }
}

/// An auditor can be sent to another thread.
const _: () = {
    const fn assert_sent<T: Send>() {}
    assert_sent::<Auditor>();
};

impl Sockets {
    fn open(host: &Host, line: &Line, parties: &Parties) -> Result<Sockets> {
        match (parties.vip, parties.real_server, parties.own) {
            (IpAddr::V4(vip), IpAddr::V4(real_server), IpAddr::V4(own)) => {
                let arp = PacketSocket::open(host, line, Protocol::Arp, &Program::arp(&[vip, real_server]))?;
                let filter = ipv4([vip, real_server], own, parties);
                Ok(Sockets { arp: Some(arp), packets: PacketSocket::open(host, line, Protocol::Ipv4, &filter)? })
            }
            (IpAddr::V6(vip), IpAddr::V6(real_server), IpAddr::V6(own)) => {
                let filter = ipv6([vip, real_server], own, parties);
                Ok(Sockets { arp: None, packets: PacketSocket::open(host, line, Protocol::Ipv6, &filter)? })
            }
            _ => Err(Error::input("VIP and real server", "they are of two families")),
        }
    }
}

/// Answers of either address to our port or with our identifier, and ICMP errors about what went to either.
fn ipv4(addresses: [Ipv4Addr; 2], own: Ipv4Addr, parties: &Parties) -> Program {
    let to_us = Accept::Word(30, u32::from(own));
    let values = addresses.map(u32::from);
    let answers = match parties.service {
        Service::Tcp(port) => {
            let ports = [Accept::Half(34, port), Accept::Half(36, parties.number)];
            Program::new(&[Accept::Byte(23, 6), Accept::Byte(14, 0x45), to_us, ports[0], ports[1]], 26, values)
        }
        Service::Echo => {
            let reply = [Accept::Byte(34, 0), Accept::Half(38, parties.number)];
            Program::new(&[Accept::Byte(23, 1), Accept::Byte(14, 0x45), to_us, reply[0], reply[1]], 26, values)
        }
    };
    let errors = [Accept::Byte(23, 1), Accept::Byte(14, 0x45), to_us, Accept::EitherByte(34, 3, 11)];
    answers.or(Program::new(&errors, 58, values))
}

/// The same for IPv6, and who says where either address is.
fn ipv6(addresses: [Ipv6Addr; 2], own: Ipv6Addr, parties: &Parties) -> Program {
    let end = |address: Ipv6Addr| u128::from(address) as u32;
    let to_us = Accept::Word(50, end(own));
    let values = addresses.map(end);
    let answers = match parties.service {
        Service::Tcp(port) => {
            let ports = [Accept::Half(54, port), Accept::Half(56, parties.number)];
            Program::new(&[Accept::Byte(20, 6), to_us, ports[0], ports[1]], 34, values)
        }
        Service::Echo => {
            let reply = [Accept::Byte(54, 129), Accept::Half(58, parties.number)];
            Program::new(&[Accept::Byte(20, 58), to_us, reply[0], reply[1]], 34, values)
        }
    };
    let errors = [Accept::Byte(20, 58), to_us, Accept::EitherByte(54, 1, 3)];
    Program::advertisements(&addresses)
        .or(Program::solicitations(&addresses))
        .or(answers)
        .or(Program::new(&errors, 98, values))
}

/// The address to ask with: one of the interface, and not the VIP, which a director holds too.
fn own_address(host: &Host, line: &Line, target: &AuditTarget) -> Result<IpAddr> {
    let mut socket = host.socket();
    let interfaces = link::list(&mut socket)?;
    let ours = address::netlink::list(&mut socket, None, &interfaces)?.0;
    if let Some(address) = ours.iter().find(|address| address.local == target.real_server) {
        return Err(Error::input(
            format_args!("real server {}", target.real_server),
            format_args!("it is an address of this host, on {}", address.dev),
        )
        .hint("on a real server itself `lvsarp check` tells more"));
    }
    let own = match target.real_server {
        IpAddr::V4(real_server) => line.ipv4_for(real_server, &[target.vip]).map(IpAddr::V4),
        IpAddr::V6(real_server) => line.ipv6_for(real_server, &[target.vip]).map(IpAddr::V6),
    };
    let family = if target.vip.is_ipv4() { "IPv4" } else { "IPv6" };
    own.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            "audit",
            format_args!("on {}", line.name),
            format_args!("it has no {family} address to ask with"),
        )
        .hint(format_args!("give it one in the subnet of {}; the VIP itself will not do", target.real_server))
    })
}

fn random<const N: usize>() -> Result<[u8; N]> {
    sys::random().map_err(|e| Error::os("read", "random numbers", &e))
}

#[cfg(test)]
mod tests;
