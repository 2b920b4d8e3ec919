//! A probe: who answers for a VIP on the wire, and who uses it as a sender.

mod found;
mod listener;
mod prober;
mod question;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::vip::Vip;
use crate::wire::Mac;

pub use listener::Listener;
pub use prober::Prober;

/// With which sender the VIPs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProbeSender {
    /// An address of the interface, as a neighbour asks; the unspecified address (0.0.0.0, ::) where it has none.
    #[default]
    Own,
    /// The unspecified address, as one asks who looks for duplicates (RFC 5227, RFC 4862): nobody learns from it.
    Unspecified,
    /// Both in turn.
    Both,
}

/// How a probe is made.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeOptions {
    /// How long answers are collected, from the first request on: 1 ms to a day.
    pub timeout: Duration,
    /// How many requests are sent for each VIP with each sender, evenly over the first half of the time: 1 to 1000.
    pub requests: u32,
    /// With which sender.
    pub sender: ProbeSender,
    /// The MAC addresses that may answer.
    pub directors: Vec<Mac>,
    /// How many responders are told apart, over all VIPs: 1 to 65536. Two of each VIP always have room, whoever else answers for the others. The room
    /// is taken when the probe is opened.
    pub most: usize,
}

impl Default for ProbeOptions {
    /// 1 s, 3 requests, our own address, no known director, 256 responders.
    fn default() -> ProbeOptions {
        ProbeOptions {
            timeout: Duration::from_secs(1),
            requests: 3,
            sender: ProbeSender::Own,
            directors: Vec::new(),
            most: 256,
        }
    }
}

/// One who answers for a VIP.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Responder {
    /// The VIP.
    pub vip: IpAddr,
    /// The MAC address that it says the VIP is at, which is what everybody learns.
    pub mac: Mac,
    /// The MAC address that its first frame came from; another one than `mac` where somebody answers for somebody else.
    pub source: Mac,
    /// Its own address, where this host's neighbour table has one for the MAC address when the round ends.
    pub address: Option<IpAddr>,
    /// How many answers came.
    pub count: u32,
    /// How long the first answer took after the last request before it.
    #[serde(serialize_with = "crate::wire::seconds")]
    pub delay: Duration,
    /// Whether it is an interface of this host, as they were when the probe was opened.
    pub ours: bool,
    /// Whether it is one of the known directors.
    pub director: bool,
    /// Whether another MAC address answers for the same VIP as well.
    pub duplicate: bool,
}

/// What kind of frame carried a VIP as its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeardKind {
    /// An ARP request for somebody else, which teaches everybody who hears it: the hijack.
    Request,
    /// An ARP reply to somebody.
    Reply,
    /// An ARP request for the VIP itself, which nobody asked for.
    GratuitousRequest,
    /// An ARP reply about the VIP to itself, which nobody asked for.
    GratuitousReply,
    /// An IPv6 neighbour solicitation that comes from the VIP.
    Solicitation,
    /// An IPv6 neighbour advertisement for the VIP.
    Advertisement,
}

/// A frame that carried a VIP as its sender.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Heard {
    /// When it was read, in the time of the system's clock; in JSON seconds since 1970.
    #[serde(serialize_with = "crate::wire::unix_seconds")]
    pub time: SystemTime,
    /// The interface.
    pub interface: IfName,
    /// The VIP.
    pub vip: IpAddr,
    /// What kind of frame.
    pub kind: HeardKind,
    /// The MAC address that it says the VIP is at.
    pub mac: Mac,
    /// The MAC address that the frame came from.
    pub source: Mac,
    /// Whom it asked for or told it to.
    pub target: IpAddr,
    /// Whether it is an interface of this host, as they were when listening began.
    pub ours: bool,
    /// Whether it is one of the known directors.
    pub director: bool,
}

impl Host {
    /// Asks who has the VIPs, and lists everybody who answers within the time. IPv6 VIPs are asked for with neighbour solicitations.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`](crate::ErrorKind::Permission) without CAP_NET_RAW, [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface),
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) on an interface without ARP,
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput),
    /// `ENETDOWN` where the interface is down or goes down meanwhile.
    pub fn probe(&self, vips: &[IpAddr], on: &IfName, options: &ProbeOptions) -> Result<Vec<Responder>> {
        let mut prober = self.prober(vips, on, options)?;
        prober.start()?;
        while !prober.dispatch()? {
            prober.wait(None)?;
        }
        Ok(prober.responders().to_vec())
    }

    /// Opens a probe for an event loop. It has descriptors of its own and outlives this host.
    ///
    /// # Errors
    /// Those of [`Host::probe`].
    pub fn prober(&self, vips: &[IpAddr], on: &IfName, options: &ProbeOptions) -> Result<Prober> {
        check_vips(vips)?;
        check_directors(&options.directors)?;
        const DAY: Duration = Duration::from_secs(86_400);
        if !(Duration::from_millis(1)..=DAY).contains(&options.timeout) {
            return Err(Error::input(
                format_args!("a timeout of {:?}", options.timeout),
                "it is not from 1 ms to a day",
            ));
        }
        if !(1..=1000).contains(&options.requests) {
            return Err(Error::input(format_args!("{} requests", options.requests), "it is not from 1 to 1000"));
        }
        if !(1..=65_536).contains(&options.most) {
            return Err(Error::input(
                format_args!("room for {} responders", options.most),
                "it is not from 1 to 65536",
            ));
        }
        Prober::open(self, vips, on, options)
    }

    /// Hears from now on every frame on the interface that carries one of the VIPs as its sender. Sends nothing.
    ///
    /// # Errors
    /// Those of [`Host::probe`].
    pub fn listen(&self, vips: &[IpAddr], on: &IfName, directors: &[Mac]) -> Result<Listener> {
        check_vips(vips)?;
        check_directors(directors)?;
        Listener::open(self, vips, on, directors)
    }
}

/// At least one VIP, each once, each an address that a host can have.
pub(crate) fn check_vips(vips: &[IpAddr]) -> Result<()> {
    if vips.is_empty() {
        return Err(Error::input("an empty list", "name at least one VIP"));
    }
    vips.iter().try_for_each(|vip| Vip::new(*vip).map(drop))?;
    let mut sorted = vips.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::input(format_args!("VIP {}", pair[0]), "it is named twice")),
        None => Ok(()),
    }
}

fn check_directors(directors: &[Mac]) -> Result<()> {
    match directors.iter().find(|mac| mac.is_group() || **mac == Mac::ZERO) {
        Some(mac) => Err(Error::input(format_args!("MAC address {mac} as a director"), "no host has such an address")),
        None => Ok(()),
    }
}

/// The VIPs by address, to find the one that a frame is about.
struct Places(Vec<(IpAddr, u32)>);

impl Places {
    fn of(vips: &[IpAddr]) -> Places {
        let mut places: Vec<(IpAddr, u32)> = vips.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Places(places)
    }

    /// Where in the list of VIPs an address stands.
    fn of_address(&self, address: IpAddr) -> Option<usize> {
        let at = self.0.binary_search_by_key(&address, |(vip, _)| *vip).ok()?;
        Some(self.0[at].1 as usize)
    }
}

/// They can be sent to another thread.
const _: () = {
    const fn assert_sent<T: Send>() {}
    assert_sent::<Prober>();
    assert_sent::<Listener>();
};
