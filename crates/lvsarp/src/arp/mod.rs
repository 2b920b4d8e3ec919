//! The kernel's ARP decisions as pure functions of a snapshot.
//!
//! What stands here decides by levels, addresses and scopes, and takes for granted that routing would let the packet through: where routing,
//! `arp_filter` or source validation stop a request, the kernel is more silent than the answer given here, never less.

pub(crate) mod announce;
pub(crate) mod reply;
mod route;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::flags::AddressScope;
use crate::key::{KernelVersion, Key};
use crate::level::Level;
use crate::snapshot::{Address, Interface, Snapshot};
use crate::vip::Prefix;

/// The keys that these decisions read.
pub(crate) const DECIDING: [Key; 3] = [Key::ArpIgnore, Key::ArpAnnounce, Key::RouteLocalnet];

/// A snapshot, indexed once for many questions.
pub(crate) struct View<'a> {
    pub snapshot: &'a Snapshot,
    /// The interfaces, in the snapshot's order.
    pub devices: Vec<Device<'a>>,
    by_index: HashMap<u32, usize>,
    /// Where each address is bound.
    places: HashMap<IpAddr, Vec<&'a Address>>,
    /// What addresses with a short prefix on loopback devices make local as a whole.
    local_subnets: Vec<Prefix>,
}

/// An interface with what is read for every packet.
pub(crate) struct Device<'a> {
    pub interface: &'a Interface,
    /// Its addresses of both families, in the kernel's order.
    pub addresses: Vec<&'a Address>,
    pub arp_ignore: Level,
    pub arp_announce: Level,
    /// What scope host counts as when a target is confirmed: `route_localnet` narrows it to link since 5.6.
    pub confirm_floor: AddressScope,
    /// What scope host counts as when a sender is chosen: `route_localnet` narrows it to link since 5.3.
    pub select_floor: AddressScope,
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
    pub fn new(snapshot: &'a Snapshot) -> View<'a> {
        let kernel = snapshot.kernel_version();
        let floor = |interface, since| match snapshot.level(interface, Key::RouteLocalnet).effective {
            Some(1) if kernel >= since => AddressScope::LINK,
            _ => AddressScope::HOST,
        };
        let device = |interface| Device {
            interface,
            addresses: Vec::new(),
            arp_ignore: snapshot.level(interface, Key::ArpIgnore),
            arp_announce: snapshot.level(interface, Key::ArpAnnounce),
            confirm_floor: floor(interface, KernelVersion(5, 6)),
            select_floor: floor(interface, KernelVersion(5, 3)),
        };
        let mut devices: Vec<Device<'_>> = snapshot.interfaces.iter().map(device).collect();
        let by_index: HashMap<u32, usize> = devices.iter().enumerate().map(|(at, d)| (d.interface.index, at)).collect();
        let mut places: HashMap<IpAddr, Vec<&Address>> = HashMap::new();
        for address in &snapshot.addresses {
            if let Some(at) = by_index.get(&address.index) {
                devices[*at].addresses.push(address);
                places.entry(address.local).or_default().push(address);
            }
        }
        let mut view = View { snapshot, devices, by_index, places, local_subnets: Vec::new() };
        let wide = snapshot.addresses.iter().filter(|address| view.makes_subnet_local(address));
        view.local_subnets = wide.map(Address::subnet).collect();
        view
    }

    pub fn device(&self, index: u32) -> Option<&Device<'a>> {
        self.by_index.get(&index).map(|at| &self.devices[*at])
    }

    /// Where an address is bound.
    pub fn places(&self, address: IpAddr) -> &[&'a Address] {
        self.places.get(&address).map_or(&[], Vec::as_slice)
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

impl Device<'_> {
    /// Its IPv4 addresses, in the kernel's order.
    pub fn ipv4(&self) -> impl Iterator<Item = (&Address, Ipv4Addr)> {
        self.addresses.iter().filter_map(|a| match a.local {
            IpAddr::V4(local) => Some((*a, local)),
            IpAddr::V6(_) => None,
        })
    }

    /// Whether it has an IPv4 address of its own to use as a sender: not secondary, and of a scope that reaches the link.
    pub fn is_numbered(&self) -> bool {
        self.ipv4().any(|(address, _)| announce::eligible(self, address))
    }
}
