//! An announcement: gratuitous ARP and unsolicited neighbour advertisements, which refresh what neighbours know about a VIP.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::flags::InterfaceFlags;
use crate::host::Host;
use crate::interface::IfName;
use crate::probe::check_vips;
use crate::snapshot::{Address, Interface};
use crate::wire::{Arp, Line, Ndp, Operation, PacketSocket, Program, Protocol};

/// How many frames are sent at most without a pause, and how long it is.
const BURST: usize = 64;
const PAUSE: Duration = Duration::from_millis(1);

/// How a VIP is announced.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnounceOptions {
    /// How many rounds: 1 to 1000.
    pub count: u32,
    /// How long between two rounds: 0 to a day.
    pub interval: Duration,
    /// Send the request form (IPv4).
    pub request: bool,
    /// Send the reply form (IPv4).
    pub reply: bool,
    /// Also where this host holds the VIP as a real server does, or does not hold it at all.
    pub force: bool,
}

impl Default for AnnounceOptions {
    /// 3 rounds, 1 s between them, both forms.
    fn default() -> AnnounceOptions {
        AnnounceOptions { count: 3, interval: Duration::from_secs(1), request: true, reply: true, force: false }
    }
}

/// An announcement that can begin.
struct Ready {
    arp: Option<PacketSocket>,
    ndp: Option<PacketSocket>,
    /// Those of one round.
    frames: Vec<Frame>,
}

impl Host {
    /// Tells everybody on the interface that the VIPs are at its MAC address. Returns how many frames were sent. Takes count - 1 intervals.
    ///
    /// Before each round, and before each 64 frames of one, it looks again whether the VIPs that come next are still there; where one no longer is, it
    /// ends with what was sent.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) where a VIP is on a loopback device, or on one that does no ARP or a VRF (this is a real
    /// server), or not on the interface, unless forced; [`ErrorKind::Permission`](crate::ErrorKind::Permission) without CAP_NET_RAW;
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface), [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) on an interface without
    /// ARP, [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), `ENETDOWN` where the interface is down or goes down meanwhile.
    pub fn announce(&self, vips: &[IpAddr], on: &IfName, options: &AnnounceOptions) -> Result<u32> {
        let Ready { arp, ndp, frames } = self.ready(vips, on, options)?;
        let mut sent = 0;
        for round in 0..options.count {
            for (burst, frames) in frames.chunks(BURST).enumerate() {
                let of_burst: Vec<IpAddr>;
                let (pause, next) = match (round, burst) {
                    // It has been looked just now.
                    (0, 0) => (Duration::ZERO, &[][..]),
                    (_, 0) => (options.interval, vips),
                    _ => {
                        of_burst = frames.iter().map(|frame| frame.vip).collect();
                        (PAUSE, &of_burst[..])
                    }
                };
                std::thread::sleep(pause);
                match self.may_announce(next, on, options) {
                    Err(refusal) if refusal.kind() == ErrorKind::Refused => return Ok(sent),
                    other => other?,
                }
                for frame in frames {
                    let socket = if frame.vip.is_ipv4() { &arp } else { &ndp };
                    if let Some(socket) = socket {
                        sent += u32::from(socket.send(&frame.bytes)?);
                    }
                }
            }
        }
        Ok(sent)
    }

    /// How many frames [`Host::announce`] would send. Sends nothing.
    ///
    /// # Errors
    /// Those of [`Host::announce`].
    pub fn plan_announce(&self, vips: &[IpAddr], on: &IfName, options: &AnnounceOptions) -> Result<u32> {
        let of_a_round = self.ready(vips, on, options)?.frames.len();
        Ok(u32::try_from(of_a_round).unwrap_or(u32::MAX).saturating_mul(options.count))
    }

    /// Checks all that can be checked before the first frame.
    fn ready(&self, vips: &[IpAddr], on: &IfName, options: &AnnounceOptions) -> Result<Ready> {
        check(vips, options)?;
        let line = Line::of(self, on, "announce")?;
        self.may_announce(vips, on, options)?;
        let open = |wanted: bool, protocol, nothing: Program| {
            wanted.then(|| PacketSocket::open(self, &line, protocol, &nothing)).transpose()
        };
        Ok(Ready {
            arp: open(vips.iter().any(IpAddr::is_ipv4), Protocol::Arp, Program::arp(&[]))?,
            ndp: open(vips.iter().any(IpAddr::is_ipv6), Protocol::Ipv6, Program::advertisements(&[]))?,
            frames: frames(vips, &line, options),
        })
    }

    fn may_announce(&self, vips: &[IpAddr], on: &IfName, options: &AnnounceOptions) -> Result<()> {
        if options.force || vips.is_empty() {
            return Ok(());
        }
        let (interfaces, addresses) = (self.interfaces()?, self.addresses(None)?);
        vips.iter().try_for_each(|vip| may_announce(*vip, on, &interfaces, &addresses))
    }
}

fn check(vips: &[IpAddr], options: &AnnounceOptions) -> Result<()> {
    check_vips(vips)?;
    const DAY: Duration = Duration::from_secs(86_400);
    if !(1..=1000).contains(&options.count) {
        return Err(Error::input(format_args!("{} rounds", options.count), "it is not from 1 to 1000"));
    }
    if options.interval > DAY {
        return Err(Error::input(format_args!("an interval of {:?}", options.interval), "it is not from 0 to a day"));
    }
    if !options.request && !options.reply {
        return Err(Error::input("neither form", "an announcement is a request, a reply or both"));
    }
    Ok(())
}

/// Whether it is for this host to announce the VIP on an interface: it is there, and nowhere where a real server has it.
fn may_announce(vip: IpAddr, on: &IfName, interfaces: &[Interface], addresses: &[Address]) -> Result<()> {
    let refuse = |cause: &dyn Display, hint: &str| {
        let error = Error::new(ErrorKind::Refused, "announce", format_args!("{vip} on {on}"), cause);
        Err(error.hint(hint))
    };
    let bound = |index: u32| addresses.iter().any(|address| address.local == vip && address.index == index);
    let is_silent_home =
        |i: &&Interface| i.is_loopback() || i.flags.contains(InterfaceFlags::NOARP) || i.kind.as_deref() == Some("vrf");
    if let Some(home) = interfaces.iter().filter(is_silent_home).find(|home| bound(home.index)) {
        return refuse(
            &format_args!("it is bound on {}, so this host is a real server", home.name),
            "announce it on the director; force announces it here all the same",
        );
    }
    match interfaces.iter().any(|interface| interface.name == *on && bound(interface.index)) {
        true => Ok(()),
        false => refuse(
            &format_args!("it is not bound on {on}"),
            "announce it where it is bound; force announces it here all the same",
        ),
    }
}

/// A frame of a round.
struct Frame {
    vip: IpAddr,
    bytes: Vec<u8>,
}

fn frames(vips: &[IpAddr], line: &Line, options: &AnnounceOptions) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut add = |vip: &IpAddr, bytes| frames.push(Frame { vip: *vip, bytes });
    for vip in vips {
        match vip {
            IpAddr::V4(address) => {
                for (wanted, form) in [(options.request, Operation::Request), (options.reply, Operation::Reply)] {
                    if wanted {
                        add(vip, Arp::gratuitous(form, *address, line.mac).frame());
                    }
                }
            }
            IpAddr::V6(address) => add(vip, Ndp::unsolicited(*address, line.mac).frame()),
        }
    }
    frames
}
