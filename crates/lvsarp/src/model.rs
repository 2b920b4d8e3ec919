//! The model: one snapshot with its index, for many questions.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use crate::arp::trace::Trace;
use crate::arp::{Device, Index, View, announce, reply};
use crate::check::Report;
use crate::decision::{Decision, Outcome};
use crate::error::Result;
use crate::interface::IfName;
use crate::routing::Routing;
use crate::snapshot::Snapshot;

/// A snapshot, indexed once: a question costs a few binary searches, however many addresses and routes there are.
///
/// ```
/// # fn main() -> lvsarp::Result<()> {
/// # let host = lvsarp::Host::open()?;
/// let model = lvsarp::Model::new(host.snapshot()?);
/// let lo = "lo".parse()?;
/// for last in 1..=9 {
///     let vip = std::net::Ipv4Addr::new(192, 0, 2, last);
///     assert_eq!(model.replies(vip, "192.0.2.254".parse().unwrap(), &lo)?, Some(false));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Model<'a> {
    snapshot: Cow<'a, Snapshot>,
    /// Made up from the addresses, for a snapshot without routing.
    made_up: Option<Routing>,
    index: Index,
}

impl Model<'static> {
    /// Takes a snapshot and indexes it.
    pub fn new(snapshot: Snapshot) -> Model<'static> {
        Model::made(Cow::Owned(snapshot))
    }
}

impl<'a> Model<'a> {
    /// Indexes a snapshot that stays where it is.
    pub fn of(snapshot: &'a Snapshot) -> Model<'a> {
        Model::made(Cow::Borrowed(snapshot))
    }

    fn made(snapshot: Cow<'a, Snapshot>) -> Model<'a> {
        let made_up = snapshot.routing.is_none().then(|| Routing::made_up(&snapshot));
        let index = Index::of(&snapshot, routing(&snapshot, &made_up));
        Model { snapshot, made_up, index }
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { snapshot: &self.snapshot, routing: routing(&self.snapshot, &self.made_up), index: &self.index }
    }

    pub(crate) fn device(&self, on: &IfName) -> Result<Device<'_>> {
        let index = self.snapshot.interface(on)?.index;
        Ok(self.view().device(index).expect("a model has every interface of its snapshot"))
    }

    /// Whether a who-has is answered, and nothing else: see [`Model::would_reply`]. None where a level that decides is unknown.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if there is no such interface.
    pub fn replies(&self, target: Ipv4Addr, sender: Ipv4Addr, on: &IfName) -> Result<Option<bool>> {
        let device = self.device(on)?;
        Ok(reply::answered(&self.view(), &device, target, sender, &mut Trace::off()).replies)
    }

    /// Whether the kernel would answer a who-has for `target` from `sender` that arrives on an interface, and why.
    ///
    /// `on` is the interface that receives the frame in the end: a bridge, not its port; a VLAN, not the interface below it. The request is one as
    /// the standards have it: a broadcast or a frame to our MAC, Ethernet and IPv4.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if there is no such interface.
    pub fn would_reply(&self, target: Ipv4Addr, sender: Ipv4Addr, on: &IfName) -> Result<Decision> {
        let device = self.device(on)?;
        let mut trace = Trace::on();
        let answer = reply::answered(&self.view(), &device, target, sender, &mut trace);
        let outcome = Outcome::Reply { replies: answer.replies, learns: answer.learns };
        let question = format!("who-has {target} tell {sender} on {on}");
        Ok(Decision::new(&self.view(), &device, question, outcome, trace))
    }

    /// Which sender a request for `target` that leaves by an interface would carry, and nothing else: see [`Model::would_announce`].
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if there is no such interface.
    pub fn announces(&self, target: Ipv4Addr, on: &IfName, source: Option<Ipv4Addr>) -> Result<Option<Ipv4Addr>> {
        let (view, device) = (self.view(), self.device(on)?);
        let asks = announce::asks(&view, &device, target, &mut Trace::off());
        Ok(if asks { announce::solicit(&view, &device, target, source, &mut Trace::off()) } else { None })
    }

    /// Which sender a request for `target` that leaves by an interface would carry, and why. `target` is the next hop: the gateway, where there is
    /// one. `source` is the source address of the packet that waits for the answer; none stands for a request without a packet, such as the unicast
    /// request by which the kernel makes sure of a neighbour that it knows (`net/core/neighbour.c: neigh_probe()`): it never carries a packet's
    /// source.
    ///
    /// # Errors
    /// [`ErrorKind::NoInterface`](crate::ErrorKind::NoInterface) if there is no such interface.
    pub fn would_announce(&self, target: Ipv4Addr, on: &IfName, source: Option<Ipv4Addr>) -> Result<Decision> {
        let device = self.device(on)?;
        let mut trace = Trace::on();
        let view = self.view();
        let asks = announce::asks(&view, &device, target, &mut trace);
        let sender = if asks { announce::solicit(&view, &device, target, source, &mut trace) } else { None };
        let from = source.map_or(String::new(), |source| format!(" from {source}"));
        let question = format!("announce {target} on {on}{from}");
        Ok(Decision::new(&view, &device, question, Outcome::Announce { source: sender, asks }, trace))
    }

    /// See [`Snapshot::check`].
    pub fn check(&self, vips: Option<&[IpAddr]>) -> Result<Report> {
        crate::check::of(self, vips)
    }
}

/// Routing as it was observed, or made up.
fn routing<'r>(snapshot: &'r Snapshot, made_up: &'r Option<Routing>) -> &'r Routing {
    static NONE: Routing = Routing::NONE;
    made_up.as_ref().or(snapshot.routing.as_ref()).unwrap_or(&NONE)
}

impl Snapshot {
    /// See [`Model::would_reply`]; for many questions make a [`Model`], which indexes the snapshot once.
    pub fn would_reply(&self, target: Ipv4Addr, sender: Ipv4Addr, on: &IfName) -> Result<Decision> {
        Model::of(self).would_reply(target, sender, on)
    }

    /// See [`Model::would_announce`]; for many questions make a [`Model`], which indexes the snapshot once.
    pub fn would_announce(&self, target: Ipv4Addr, on: &IfName, source: Option<Ipv4Addr>) -> Result<Decision> {
        Model::of(self).would_announce(target, on, source)
    }
}
