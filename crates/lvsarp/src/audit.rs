//! An audit of a remote real server: is it silent for the VIP, and does it accept it?

mod auditor;
mod inquiry;
mod question;
mod verdict;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use auditor::Auditor;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::vip::Vip;
use crate::wire::Mac;

/// Whether a real server accepts packets for the VIP is asked with these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// A TCP connection to this port, which is reset as soon as it is accepted.
    Tcp(u16),
    /// An ICMP echo request, which says nothing about the service behind the VIP.
    Echo,
}

/// What is audited: one VIP of one real server, from an interface on the same link.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditTarget {
    /// The VIP.
    pub vip: IpAddr,
    /// The real server's own address (RIP), of the same family.
    pub real_server: IpAddr,
    /// What is asked of it.
    pub service: Service,
    /// The interface of this host behind which the real server is.
    pub on: IfName,
}

impl AuditTarget {
    fn check(&self) -> Result<()> {
        let (vip, real_server) = (Vip::new(self.vip)?.address(), self.real_server);
        let refuse = |cause: &str| Err(Error::input(format_args!("real server {real_server}"), cause));
        let is_no_host = match real_server {
            IpAddr::V4(a) => a.octets()[0] == 0 || a.is_multicast() || a.is_broadcast(),
            IpAddr::V6(a) => a.is_unspecified() || a.is_multicast() || a.to_ipv4_mapped().is_some(),
        };
        if real_server == vip {
            return refuse("it is the VIP; name the real server's own address");
        }
        if is_no_host || real_server.is_loopback() {
            return refuse("it is no address of a host on a link");
        }
        if real_server.is_ipv4() != vip.is_ipv4() {
            return refuse("the VIP is of the other family");
        }
        if self.service == Service::Tcp(0) {
            return Err(Error::input("port 0", "nothing listens on it; 1 to 65535"));
        }
        Ok(())
    }
}

/// How an audit is made.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditOptions {
    /// The deadline from the start on: 1 ms to a day. An audit of a healthy real server takes about half of it, since silence takes time to be heard.
    pub timeout: Duration,
    /// How often each question is asked until it is answered: 1 to 1000.
    pub tries: u32,
}

impl AuditOptions {
    fn check(&self) -> Result<()> {
        const DAY: Duration = Duration::from_secs(86_400);
        if !(Duration::from_millis(1)..=DAY).contains(&self.timeout) {
            return Err(Error::input(format_args!("timeout of {} s", self.timeout.as_secs_f64()), "0.001 to 86400"));
        }
        if !(1..=1000).contains(&self.tries) {
            return Err(Error::input(format_args!("{} tries", self.tries), "1 to 1000"));
        }
        Ok(())
    }
}

impl Default for AuditOptions {
    /// 1 s, 8 tries.
    fn default() -> AuditOptions {
        AuditOptions { timeout: Duration::from_secs(1), tries: 8 }
    }
}

/// What a real server is, as seen from the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditState {
    /// Silent for the VIP, and it accepts what is sent to it.
    Healthy,
    /// It answers for the VIP, or announces it.
    Leaks,
    /// It is alive, and what the director sends it for the VIP is lost: the VIP is not there.
    BlackHole,
    /// It does not answer for its own address, or nothing accepts connections to the VIP's port.
    Down,
}

impl AuditState {
    /// Its word, such as `black-hole`.
    pub fn name(self) -> &'static str {
        match self {
            AuditState::Healthy => "healthy",
            AuditState::Leaks => "leaks",
            AuditState::BlackHole => "black-hole",
            AuditState::Down => "down",
        }
    }
}

impl fmt::Display for AuditState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What came back for something that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing.
    None,
    /// The connection was accepted, or the echo request answered.
    Accepted,
    /// The connection was refused (RST): the address is there and nobody listens on the port.
    Refused,
    /// An ICMP error.
    Unreachable,
}

impl Answer {
    /// Its word, such as `accepted`.
    pub fn name(self) -> &'static str {
        match self {
            Answer::None => "none",
            Answer::Accepted => "accepted",
            Answer::Refused => "refused",
            Answer::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The result of an audit. In JSON an object of these fields, the delay in seconds, and `reasons`, a list of sentences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audit {
    /// What it is.
    pub state: AuditState,
    /// The VIP.
    pub vip: IpAddr,
    /// The real server's own address.
    pub real_server: IpAddr,
    /// Its MAC address, if it answered for its own address.
    pub mac: Option<Mac>,
    /// How many who-has for the VIP it answered.
    pub answered: u32,
    /// How many frames that nobody asked for carried the VIP as their sender: its own who-has, and gratuitous ones.
    pub announced: u32,
    /// What came back from the VIP.
    pub from_vip: Answer,
    /// What came back from the real server's own address, which is asked the same.
    pub from_real_server: Answer,
    /// How long the first answer from the VIP took.
    pub delay: Option<Duration>,
    /// How many other MAC addresses answered for the VIP: directors, or other leaks.
    pub others: u32,
}

impl Audit {
    /// Why, each reason one sentence; the most important first.
    pub fn reasons(&self) -> Vec<String> {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write_reasons(&mut text);
        text.lines().map(str::to_owned).collect()
    }

    /// Writes the reasons, one a line. Allocates nothing.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_reasons(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        verdict::write_reasons(self, to)
    }
}

impl Serialize for Audit {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        let mut object = s.serialize_struct("Audit", 11)?;
        object.serialize_field("state", &self.state)?;
        object.serialize_field("vip", &self.vip)?;
        object.serialize_field("real_server", &self.real_server)?;
        object.serialize_field("mac", &self.mac)?;
        object.serialize_field("answered", &self.answered)?;
        object.serialize_field("announced", &self.announced)?;
        object.serialize_field("from_vip", &self.from_vip)?;
        object.serialize_field("from_real_server", &self.from_real_server)?;
        object.serialize_field("delay", &self.delay.map(|delay| delay.as_secs_f64()))?;
        object.serialize_field("others", &self.others)?;
        object.serialize_field("reasons", &self.reasons())?;
        object.end()
    }
}

impl Host {
    /// Looks from outside whether a real server is silent for a VIP and accepts it.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`](crate::ErrorKind::Permission) without CAP_NET_RAW, [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface),
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) on an interface without ARP, [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), also where
    /// the interface has no address to ask with.
    pub fn audit(&self, target: &AuditTarget, options: &AuditOptions) -> Result<Audit> {
        let mut auditor = self.auditor(target, options)?;
        auditor.start()?;
        loop {
            if let Some(audit) = auditor.dispatch()? {
                return Ok(audit);
            }
            auditor.wait(None)?;
        }
    }

    /// Opens an audit for an event loop.
    ///
    /// # Errors
    /// Those of [`Host::audit`].
    pub fn auditor(&self, target: &AuditTarget, options: &AuditOptions) -> Result<Auditor> {
        target.check()?;
        options.check()?;
        Auditor::open(self, target, options)
    }
}
