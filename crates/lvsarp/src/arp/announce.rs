//! Which sender does a request of our own carry? `net/ipv4/arp.c: arp_solicit()` and `net/ipv4/devinet.c: inet_select_addr()`.

use std::net::{IpAddr, Ipv4Addr};

use super::{Device, View};
use crate::flags::{AddressFlags, AddressScope};
use crate::level::ArpAnnounce;
use crate::snapshot::Address;
use crate::vip::Prefix;

/// Why a request carries a VIP as its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// The level lets the packet's source through.
    AsSource,
    /// The level lets the packet's source through for targets in this subnet of the interface.
    InSubnet(Prefix),
    /// The kernel chooses it as the interface's best address.
    AsBest,
    /// The interface has no address of its own, and the kernel falls back to it.
    AsFallback,
}

/// The senders that one device chooses by itself, for every kind of target.
pub(crate) struct Chosen {
    own: Vec<Ipv4Addr>,
    fallback: Option<Ipv4Addr>,
}

impl Chosen {
    /// Asks for a neighbour in each subnet of the device, and for a target in none of them.
    pub fn of(view: &View<'_>, device: &Device<'_>) -> Chosen {
        if !device.is_numbered() {
            return Chosen { own: Vec::new(), fallback: fallback(view, device) };
        }
        let mut targets: Vec<Ipv4Addr> = Vec::new();
        for (address, _) in device.ipv4() {
            let subnet = address.subnet().network();
            if let (IpAddr::V4(network), false) = (subnet.address(), subnet.is_host())
                && !targets.contains(&network)
            {
                targets.push(network);
            }
        }
        const ELSEWHERE: [Ipv4Addr; 3] =
            [Ipv4Addr::new(198, 18, 0, 1), Ipv4Addr::new(203, 0, 113, 1), Ipv4Addr::new(100, 64, 0, 1)];
        let off_link = |t: &&Ipv4Addr| !device.ipv4().any(|(a, _)| a.subnet().contains(IpAddr::V4(**t)));
        targets.extend(ELSEWHERE.iter().find(off_link));
        let mut own: Vec<Ipv4Addr> = Vec::new();
        for chosen in targets.iter().filter_map(|target| select(device, *target)) {
            if !own.contains(&chosen) {
                own.push(chosen);
            }
        }
        Chosen { own, fallback: None }
    }
}

/// Whether a request that leaves by this device can carry the VIP as its sender, and why. `Err(())`: a level that decides is unknown.
pub(crate) fn announced(
    view: &View<'_>,
    device: &Device<'_>,
    chosen: &Chosen,
    vip: Ipv4Addr,
) -> Result<Option<Announced>, ()> {
    if !view.is_local(IpAddr::V4(vip)) {
        return Ok(None);
    }
    let level = ArpAnnounce::of(device.arp_announce.effective.ok_or(())?);
    if level == ArpAnnounce::AnySource {
        return Ok(Some(Announced::AsSource));
    }
    if level == ArpAnnounce::SourceInSubnet {
        // inet_addr_onlink(): one address whose subnet has both the target and the source.
        let shared = device.ipv4().map(|(a, _)| a.subnet()).find(|s| !s.is_host() && s.contains(IpAddr::V4(vip)));
        if let Some(subnet) = shared {
            return Ok(Some(Announced::InSubnet(subnet.network())));
        }
    }
    if chosen.fallback == Some(vip) {
        return Ok(Some(Announced::AsFallback));
    }
    Ok(chosen.own.contains(&vip).then_some(Announced::AsBest))
}

/// Whether an address may be chosen as a sender of its own device.
pub(crate) fn eligible(device: &Device<'_>, address: &Address) -> bool {
    !address.flags.contains(AddressFlags::SECONDARY) && address.scope.min(device.select_floor) <= AddressScope::LINK
}

/// The device's own part of `inet_select_addr()`: the first eligible address whose subnet has the target, or else the first eligible one.
fn select(device: &Device<'_>, target: Ipv4Addr) -> Option<Ipv4Addr> {
    let mut first = None;
    for (address, local) in device.ipv4().filter(|(address, _)| eligible(device, address)) {
        if address.subnet().contains(IpAddr::V4(target)) {
            return Some(local);
        }
        first = first.or(Some(local));
    }
    first
}

/// The rest of it: the VRF's own address, then every device of the same domain, lo first.
///
/// The kernel walks devices in the order in which they were registered; a snapshot has them by index, which is the same unless somebody chose indexes.
fn fallback(view: &View<'_>, device: &Device<'_>) -> Option<Ipv4Addr> {
    let domain = |d: &Device<'_>| match d.interface.kind.as_deref() {
        Some("vrf") => Some(d.interface.index),
        _ => d
            .interface
            .master
            .filter(|m| view.device(*m).is_some_and(|master| master.interface.kind.as_deref() == Some("vrf"))),
    };
    let first = |d: &Device<'_>| {
        d.ipv4()
            .find(|(a, _)| {
                !a.flags.contains(AddressFlags::SECONDARY)
                    && a.scope != AddressScope::LINK
                    && a.scope <= AddressScope::LINK
            })
            .map(|(_, local)| local)
    };
    let home = domain(device);
    let of_vrf = home.and_then(|vrf| view.device(vrf)).and_then(first);
    of_vrf.or_else(|| view.devices.iter().filter(|d| domain(d) == home).find_map(first))
}
