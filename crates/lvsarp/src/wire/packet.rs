//! Frames of one type on one interface, through a packet socket with a filter.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Mac, Program};
use crate::address;
use crate::conf::link;
use crate::error::{Error, ErrorKind, Result};
use crate::flags::InterfaceFlags;
use crate::host::Host;
use crate::interface::IfName;
use crate::snapshot::{Address, Interface};
use crate::sys;

/// What a frame carries (`ETH_P_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Ipv4,
    Arp,
    Ipv6,
}

impl Protocol {
    pub fn number(self) -> u16 {
        match self {
            Protocol::Ipv4 => 0x0800,
            Protocol::Arp => 0x0806,
            Protocol::Ipv6 => 0x86dd,
        }
    }
}

/// An interface that carries Ethernet frames, as it was when it was looked up.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub name: IfName,
    pub index: u32,
    pub mac: Mac,
    /// The addresses of the interface.
    pub addresses: Vec<Address>,
    /// The MAC addresses of all interfaces of this host.
    pub own_macs: Vec<Mac>,
}

impl Line {
    /// Looks an interface up that is to speak ARP; `act` is what errors say is impossible otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`], [`ErrorKind::Unsupported`] where it carries no Ethernet, does no ARP or is a port of something else, `ENETDOWN`
    /// where it is down.
    pub fn of(host: &Host, on: &IfName, act: &str) -> Result<Line> {
        let mut socket = host.socket();
        let interfaces = link::list(&mut socket)?;
        let Some(interface) = interfaces.iter().find(|interface| interface.name == *on) else {
            return Err(Error::new(ErrorKind::NoInterface, "find interface", on, "No such device"));
        };
        let thing = format_args!("on {on}");
        let unsupported = |cause: &str| Error::new(ErrorKind::Unsupported, act, thing, cause);
        const ETHER: u16 = 1;
        if interface.is_loopback() || interface.hardware != ETHER {
            return Err(unsupported("it carries no Ethernet frames"));
        }
        if interface.flags.contains(InterfaceFlags::NOARP) {
            return Err(unsupported("it does no ARP (NOARP)"));
        }
        // A bridge or bond takes the frames of its ports before anybody else gets them; a VRF does not.
        let master = interface.master.and_then(|index| interfaces.iter().find(|i| i.index == index));
        if let Some(master) = master.filter(|master| master.kind.as_deref() != Some("vrf")) {
            return Err(
                unsupported(&format!("it is a port of {}", master.name)).hint(format_args!("name {}", master.name))
            );
        }
        if !interface.is_up() {
            return Err(Error::new(ErrorKind::System(libc::ENETDOWN), act, thing, "it is down"));
        }
        let mac = |interface: &Interface| interface.mac.as_deref().and_then(|mac| Mac::parse(mac).ok());
        let mac_of = mac(interface).ok_or_else(|| unsupported("it has no MAC address"))?;
        let addresses = address::netlink::list(&mut socket, Some(interface.index), &interfaces)?.0;
        let own_macs = interfaces.iter().filter(|i| !i.is_loopback()).filter_map(mac).collect();
        Ok(Line { name: *on, index: interface.index, mac: mac_of, addresses, own_macs })
    }

    /// The address with which this host asks for an IPv4 target: one in its subnet, or else the first one; none of `not`.
    pub fn ipv4_for(&self, target: Ipv4Addr, not: &[IpAddr]) -> Option<Ipv4Addr> {
        let own = self.own(not).filter_map(|address| match address.local {
            IpAddr::V4(local) => Some((local, address.subnet().contains(IpAddr::V4(target)))),
            IpAddr::V6(_) => None,
        });
        first_near(own)
    }

    /// The address with which this host asks for an IPv6 target: one in its subnet, or else its link-local one; none of `not`.
    pub fn ipv6_for(&self, target: Ipv6Addr, not: &[IpAddr]) -> Option<Ipv6Addr> {
        let own = self.own(not).filter_map(|address| match address.local {
            IpAddr::V6(local) => {
                let near = address.subnet().contains(IpAddr::V6(target));
                (near || local.is_unicast_link_local()).then_some((local, near))
            }
            IpAddr::V4(_) => None,
        });
        first_near(own)
    }

    /// Addresses of the interface that are in use and stand for this host alone.
    fn own(&self, not: &[IpAddr]) -> impl Iterator<Item = &Address> {
        const DADFAILED: u32 = 0x8;
        const TENTATIVE: u32 = 0x40;
        let usable =
            |a: &&Address| a.flags.0 & (DADFAILED | TENTATIVE) == 0 && !(a.local.is_ipv6() && a.preferred == Some(0));
        self.addresses.iter().filter(usable).filter(|address| !not.contains(&address.local))
    }
}

/// The first one that is near, or else the first one.
fn first_near<T: Copy>(candidates: impl Iterator<Item = (T, bool)>) -> Option<T> {
    let mut first = None;
    for (candidate, near) in candidates {
        if near {
            return Some(candidate);
        }
        first = first.or(Some(candidate));
    }
    first
}

/// A packet socket.
pub(crate) struct PacketSocket {
    fd: OwnedFd,
    on: IfName,
}

impl PacketSocket {
    /// Hears from now on what the filter lets through.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`] without CAP_NET_RAW in the user namespace that owns the network namespace.
    pub fn open(host: &Host, line: &Line, protocol: Protocol, filter: &Program) -> Result<PacketSocket> {
        let fd = host.here_or_inside(|| sys::packet::packet_socket().map_err(|e| refused(&line.name, &e)))?;
        // The filter first: nothing comes in before it is bound.
        sys::packet::attach_filter(fd.as_fd(), filter.instructions())
            .and_then(|()| sys::packet::bind_packet(fd.as_fd(), line.index, protocol.number()))
            .map_err(|e| refused(&line.name, &e))?;
        Ok(PacketSocket { fd, on: line.name })
    }

    /// Hears every group of hosts as well, not only those that this host belongs to.
    pub fn hear_all_groups(&self, line: &Line) -> Result<()> {
        sys::packet::hear_all_groups(self.fd.as_fd(), line.index).map_err(|e| refused(&self.on, &e))
    }

    /// Sends a frame. `Ok(false)`: the interface had no room for it, as if it were lost on the wire.
    pub fn send(&self, frame: &[u8]) -> Result<bool> {
        match sys::send(self.fd.as_fd(), frame) {
            Ok(_) => Ok(true),
            Err(e) if matches!(e.raw_os_error(), Some(libc::ENOBUFS | libc::EAGAIN)) => Ok(false),
            Err(e) => Err(Error::os("send", format_args!("on {}", self.on), &e)),
        }
    }

    /// Fetches the next frame, as much of it as the buffer holds; `None` where there is none. Does not wait and does not allocate.
    ///
    /// # Errors
    /// Once where the interface went down: `ENETDOWN`, or [`ErrorKind::NoInterface`] where it is gone by now.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Option<usize>> {
        match sys::receive(self.fd.as_fd(), buffer, false) {
            Ok((length, _)) => Ok(Some(length.min(buffer.len()))),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(_) if self.is_gone() => Err(self.gone()),
            Err(e) => Err(Error::os("listen", format_args!("on {}", self.on), &e)),
        }
    }

    /// Whether the interface was removed from the namespace. One that comes back with its name is another one.
    pub fn is_gone(&self) -> bool {
        sys::packet::bound_index(self.fd.as_fd()).is_ok_and(|index| index <= 0)
    }

    /// What every call fails with from then on.
    pub fn gone(&self) -> Error {
        Error::os("listen", format_args!("on {}", self.on), &io::Error::from_raw_os_error(libc::ENODEV))
    }

    /// Forgets that the interface went down, if nobody was told of it yet.
    pub fn forget_error(&self) {
        let _ = sys::read_option(self.fd.as_fd(), libc::SOL_SOCKET, libc::SO_ERROR, &mut [0; 4]);
    }

    /// How many frames were lost since the last call because nobody fetched them in time.
    pub fn lost(&self) -> u32 {
        sys::packet::lost_frames(self.fd.as_fd()).unwrap_or(0)
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn refused(on: &IfName, error: &io::Error) -> Error {
    let failed = Error::os("open", format_args!("a packet socket on {on}"), error);
    match failed.kind() {
        ErrorKind::Permission => {
            failed.hint("CAP_NET_RAW is needed in the user namespace that owns the network namespace")
        }
        _ => failed,
    }
}
