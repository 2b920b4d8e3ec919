//! The other hosts around an interface: who may ask for an address there, and whom the host itself asks for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::arp::fib::kind;
use crate::arp::{Device, View};
use crate::vip::{Prefix, mask4};

/// A host that sends a who-has, or one that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub address: Ipv4Addr,
    pub who: Who,
}

/// What it is to the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A neighbour in a subnet of the interface.
    Neighbour(Prefix),
    /// A gateway behind the interface.
    Gateway,
    /// A host in a subnet of another interface, on the same wire by intent or by mistake.
    Stranger(Prefix),
    /// A host in no subnet of ours.
    OffLink,
    /// One that looks for duplicates before it takes the address: its sender is 0.0.0.0.
    Probe,
}

impl Peer {
    /// One that looks for duplicates.
    pub const PROBE: [Peer; 1] = [Peer { address: Ipv4Addr::UNSPECIFIED, who: Who::Probe }];
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address;
        match self.who {
            Who::Neighbour(subnet) => write!(f, "{address}, a neighbour in {subnet}"),
            Who::Gateway => write!(f, "{address}, a gateway"),
            Who::Stranger(subnet) => write!(f, "{address}, which is in {subnet} of another interface"),
            Who::OffLink => write!(f, "{address}, which is in no subnet of this host"),
            Who::Probe => write!(f, "0.0.0.0, a probe for duplicates"),
        }
    }
}

/// How many addresses of a subnet are tried, to find one that is not ours.
const TRIED: usize = 256;

/// How many subnets of other interfaces are looked at: with hundreds of them they are alike.
const STRANGERS: usize = 16;

/// Those who send requests to an interface, the likeliest first.
pub(crate) fn senders(view: &View<'_>, device: &Device<'_>) -> Vec<Peer> {
    let mut peers = neighbours(view, device);
    // A second one in each subnet, because the first may be the address that is asked for.
    for first in peers.clone() {
        let (Who::Neighbour(subnet), next) = (first.who, u32::from(first.address).saturating_add(1)) else { continue };
        let last = u32::from(first.address) | !mask4(subnet.len());
        let second = (next..last).map(Ipv4Addr::from).take(TRIED).find(|address| !view.has_address(*address));
        peers.extend(second.map(|address| Peer { address, who: first.who }));
    }
    gateways(view, device, &mut peers);
    for other in view.devices().filter(|d| d.interface.index != device.interface.index && !d.interface.is_loopback()) {
        if peers.len() >= STRANGERS {
            break;
        }
        for peer in neighbours(view, &other) {
            if let (Who::Neighbour(subnet), false) = (peer.who, device.has_subnet_of(peer.address, None)) {
                add(&mut peers, Peer { who: Who::Stranger(subnet), ..peer });
            }
        }
    }
    peers.extend(off_link(view));
    peers.extend(Peer::PROBE);
    peers
}

/// Those whom the host asks for on an interface: neighbours in its subnets, gateways, and one in no subnet, as routes without a gateway make them.
pub(crate) fn targets(view: &View<'_>, device: &Device<'_>) -> Vec<Peer> {
    let mut peers = neighbours(view, device);
    gateways(view, device, &mut peers);
    peers.extend(off_link(view));
    peers
}

/// One neighbour in each subnet of an interface.
pub(crate) fn neighbours(view: &View<'_>, device: &Device<'_>) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (address, local) in device.ipv4() {
        let subnet = address.subnet().network();
        let IpAddr::V4(network) = subnet.address() else { continue };
        let known = |peer: &Peer| peer.who == Who::Neighbour(subnet);
        if subnet.is_host() && network == local || peers.iter().any(known) {
            continue;
        }
        if let Some(address) = free(view, network, subnet.len()) {
            peers.push(Peer { address, who: Who::Neighbour(subnet) });
        }
    }
    peers
}

fn gateways(view: &View<'_>, device: &Device<'_>, peers: &mut Vec<Peer>) {
    let hops = view.routing.routes.iter().filter(|route| route.kind == kind::UNICAST).flat_map(|route| &route.hops);
    for hop in hops.filter(|hop| hop.index == device.interface.index) {
        if let Some(IpAddr::V4(address)) = hop.gateway {
            add(peers, Peer { address, who: Who::Gateway });
        }
    }
}

fn add(peers: &mut Vec<Peer>, peer: Peer) {
    if !peers.iter().any(|known| known.address == peer.address) {
        peers.push(peer);
    }
}

/// An address in none of our subnets, out of the ranges that nobody has.
fn off_link(view: &View<'_>) -> Option<Peer> {
    const NOBODY: [Ipv4Addr; 4] = [
        Ipv4Addr::new(198, 18, 0, 1),
        Ipv4Addr::new(203, 0, 113, 1),
        Ipv4Addr::new(198, 51, 100, 1),
        Ipv4Addr::new(192, 0, 2, 1),
    ];
    let ours = |address: Ipv4Addr| view.devices().any(|device| device.has_subnet_of(address, None));
    let address = NOBODY.into_iter().find(|address| !ours(*address))?;
    Some(Peer { address, who: Who::OffLink })
}

/// The first address of a subnet that is not ours, and neither its network nor its broadcast address.
fn free(view: &View<'_>, network: Ipv4Addr, len: u8) -> Option<Ipv4Addr> {
    let first = u32::from(network);
    let last = first | !mask4(len);
    let (from, to) = if len < 31 { (first + 1, last - 1) } else { (first, last) };
    (from..=to).map(Ipv4Addr::from).take(TRIED).find(|address| !view.has_address(*address))
}
