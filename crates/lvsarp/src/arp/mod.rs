//! The kernel's ARP decisions as pure functions of a snapshot.

pub(crate) mod announce;
pub(crate) mod fib;
pub(crate) mod index;
pub(crate) mod input;
mod learn;
pub(crate) mod reply;
pub(crate) mod trace;

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use crate::filters::Way;
use crate::key::{KernelVersion, Key};
use crate::routing::{self, Route, Routing};
use crate::snapshot::{Address, Interface, ProcSys, Snapshot};
use crate::wording::text;
pub(crate) use index::{Facts, Index};
use trace::Trace;

/// The keys of `all` that decisions read; each is a file of its own.
pub(crate) const DECIDING: [Key; 15] = [
    Key::ArpIgnore,
    Key::ArpAnnounce,
    Key::RouteLocalnet,
    Key::ArpFilter,
    Key::RpFilter,
    Key::AcceptLocal,
    Key::DropGratuitousArp,
    Key::ProxyArp,
    Key::ProxyArpPvlan,
    Key::SendRedirects,
    Key::SharedMedia,
    Key::IgnoreRoutesWithLinkdown,
    Key::ArpAccept,
    Key::LogMartians,
    Key::PromoteSecondaries,
];

/// A snapshot and its index: what every decision reads.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub snapshot: &'a Snapshot,
    pub routing: &'a Routing,
    pub index: &'a Index,
}

/// An interface with what is read for every packet.
#[derive(Clone, Copy)]
pub(crate) struct Device<'a> {
    pub interface: &'a Interface,
    pub facts: &'a Facts,
    view: View<'a>,
}

/// What part an interface plays in ARP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It receives and sends ARP, now or when it is up.
    Speaks {
        /// Whether it is up now.
        up: bool,
    },
    /// A loopback device.
    Loopback,
    /// It does no ARP (`IFF_NOARP`): ppp, tun, dummy.
    NoArp,
    /// It belongs to a bridge, bond or team, whose levels count instead.
    Port {
        /// The index of the bridge, bond or team.
        master: u32,
    },
    /// It has no IPv4 part, so the kernel drops ARP that it receives.
    NoIpv4,
}

impl<'a> View<'a> {
    pub fn kernel(&self) -> KernelVersion {
        self.index.kernel
    }

    pub fn devices(&self) -> impl Iterator<Item = Device<'a>> + use<'a> {
        let view = *self;
        (0..view.snapshot.interfaces.len()).map(move |at| view.at(at))
    }

    fn at(&self, at: usize) -> Device<'a> {
        Device { interface: &self.snapshot.interfaces[at], facts: &self.index.facts[at], view: *self }
    }

    pub fn device(&self, index: u32) -> Option<Device<'a>> {
        self.index.position(self.snapshot, index).map(|at| self.at(at))
    }

    /// An interface's name, for texts.
    pub fn name(&self, index: u32) -> impl Display {
        let view = *self;
        text(move |f| match view.device(index) {
            Some(device) => write!(f, "{}", device.interface.name),
            None => write!(f, "interface {index}"),
        })
    }

    /// Where an address is bound.
    pub fn places(&self, address: IpAddr) -> impl Iterator<Item = &'a Address> + use<'a> {
        let snapshot = self.snapshot;
        self.index.places(snapshot, address).iter().map(move |at| &snapshot.addresses[*at as usize])
    }

    /// Whether an address is bound on some interface.
    pub fn has_address(&self, address: Ipv4Addr) -> bool {
        !self.index.places(self.snapshot, IpAddr::V4(address)).is_empty()
    }

    /// Whether the host accepts packets to this address, by the table local, by that of a VRF or, for IPv6, because it is bound or routed locally.
    pub fn is_local(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => {
                let is_local = |vrf| self.address_type(v4, vrf) == fib::kind::LOCAL;
                is_local(0) || self.index.vrfs.iter().any(|vrf| is_local(*vrf))
            }
            v6 => {
                self.places(v6).next().is_some()
                    || self.snapshot.local_routes.iter().any(|route| route.prefix.contains(v6))
            }
        }
    }

    /// Whether an address with a short prefix makes its whole subnet local, as on every loopback device (`net/ipv4/fib_frontend.c:
    /// fib_add_ifaddr()`).
    pub fn makes_subnet_local(&self, address: &Address) -> bool {
        const NOPREFIXROUTE: u32 = 0x200;
        !address.subnet().is_host()
            && !address.flags.contains(NOPREFIXROUTE)
            && self.device(address.index).is_some_and(|d| d.interface.is_loopback() && d.interface.is_up())
    }

    /// What is outside of the model and may change what happens on an interface.
    pub fn caveats(&self, device: &Device<'_>, way: Way) -> Vec<String> {
        let mut caveats = self.snapshot.caveats(device.interface, way);
        if self.snapshot.proc_sys == ProcSys::Absent {
            caveats.push(
                "the values of conf/all are unknown, and what the interface itself has is taken for them".to_owned(),
            );
        }
        if self.snapshot.routing.is_none() {
            caveats.push("the snapshot has no routing, which was made up from its addresses".to_owned());
        }
        let rules = &self.routing.rules;
        let between = (KernelVersion(6, 2)..KernelVersion(6, 18)).contains(&self.kernel());
        if between && self.index.tables.is_plain() && self.index.tables.has(routing::DEFAULT) {
            caveats
                .push("whether the table default is asked where main refuses is not known for this kernel".to_owned());
        }
        if rules.iter().any(|rule| rule.mark.is_some()) {
            caveats.push("a rule asks for a mark, and a packet filter may give the request one".to_owned());
        }
        if rules.iter().any(|rule| rule.by_group) {
            caveats.push("a rule passes over interfaces of a group, and groups are not looked at".to_owned());
        }
        caveats
    }

    /// Where the kernel has a choice that the snapshot does not show.
    fn doubt_hops(&self, route: &Route, trace: &mut Trace) {
        if route.hops.len() > 1 {
            trace.doubt(format_args!(
                "the route {} has several next hops, of which the kernel chooses one by a hash",
                route.prefix
            ));
        }
        if route.prefix.len() == 0 && self.index.tables.defaults(route.table) > 1 {
            trace.doubt(format_args!(
                "there are several default routes, and the kernel passes over a gateway that is dead"
            ));
        }
    }

    /// What part an interface plays.
    pub fn role(&self, device: &Device<'_>) -> Role {
        role(device.interface, |index| self.device(index).map(|device| device.interface))
    }
}

impl Role {
    /// What part an interface plays among the interfaces of its namespace.
    pub fn of(interface: &Interface, all: &[Interface]) -> Role {
        role(interface, |index| all.iter().find(|i| i.index == index))
    }
}

impl Snapshot {
    /// What part an interface plays in ARP, and so whether its levels count.
    pub fn role(&self, interface: &Interface) -> Role {
        role(interface, |index| self.by_index(index))
    }
}

/// `net/ipv4/arp.c: arp_rcv()`, and the receive handlers of bridge, bond and team before it.
fn role<'a>(interface: &Interface, by_index: impl Fn(u32) -> Option<&'a Interface>) -> Role {
    // A VRF is a master too, but frames stay with its members (drivers/net/vrf.c).
    let takes_frames = |master: &u32| by_index(*master).is_none_or(|m| m.kind.as_deref() != Some("vrf"));
    if interface.is_loopback() {
        Role::Loopback
    } else if let Some(master) = interface.master.filter(takes_frames) {
        Role::Port { master }
    } else if interface.flags.contains(crate::InterfaceFlags::NOARP) {
        Role::NoArp
    } else if interface.conf.is_none() {
        Role::NoIpv4
    } else {
        Role::Speaks { up: interface.is_up() }
    }
}

impl std::ops::Deref for Device<'_> {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        self.facts
    }
}

impl<'a> Device<'a> {
    /// A key's own value.
    pub fn own_value(&self, key: Key) -> i32 {
        self.interface.conf.as_ref().and_then(|conf| conf.get(key)).unwrap_or(0)
    }

    pub fn own_is_set(&self, key: Key) -> bool {
        self.own_value(key) != 0
    }

    /// Its addresses of both families, in the kernel's order.
    pub fn addresses(&self) -> impl Iterator<Item = &'a Address> + use<'a> {
        let (start, end) = self.facts.addresses;
        let snapshot = self.view.snapshot;
        let positions = &self.view.index.of_device[start as usize..end as usize];
        positions.iter().map(move |at| &snapshot.addresses[*at as usize])
    }

    /// Its IPv4 addresses, in the kernel's order.
    pub fn ipv4(&self) -> impl Iterator<Item = (&'a Address, Ipv4Addr)> + use<'a> {
        self.addresses().filter_map(|a| match a.local {
            IpAddr::V4(local) => Some((a, local)),
            IpAddr::V6(_) => None,
        })
    }
}
