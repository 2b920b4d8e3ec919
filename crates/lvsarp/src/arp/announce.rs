//! Which sender does a request of our own carry? `net/ipv4/arp.c: arp_solicit()` and `net/ipv4/devinet.c: inet_select_addr()`.

use std::net::Ipv4Addr;

use super::fib::kind;
use super::trace::Trace;
use super::{Device, Facts, View};
use crate::flags::{AddressFlags, AddressScope, InterfaceFlags};
use crate::key::Key;
use crate::level::ArpAnnounce;
use crate::snapshot::Address;
use crate::wording::level_is;

/// `arp_solicit()`: the sender of a request for `target` that leaves by a device while a packet from `source` waits for it. 0.0.0.0 is what it carries
/// where there is no address to choose. `None`: the level is unknown.
pub(crate) fn solicit(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    source: Option<Ipv4Addr>,
    trace: &mut Trace,
) -> Option<Ipv4Addr> {
    const SOLICIT: &str = "net/ipv4/arp.c: arp_solicit()";
    let name = device.interface.name;
    let Some(source) = source else {
        let text = format_args!(
            "no packet waits (as when the kernel makes sure of a neighbour by a unicast request), so there is no source to carry"
        );
        trace.pass(SOLICIT, text);
        return Some(chosen(device, target, trace));
    };
    let Some(value) = device.arp_announce.effective else {
        trace.stop(SOLICIT, format_args!("arp_announce of conf/all is unknown"));
        return None;
    };
    let is = level_is(device, Key::ArpAnnounce);
    match ArpAnnounce::of(value) {
        ArpAnnounce::AnySource | ArpAnnounce::SourceInSubnet
            if view.address_type(source, device.vrf) != kind::LOCAL =>
        {
            trace.pass(SOLICIT, format_args!("{is}, but the packet's source {source} is not local"));
        }
        ArpAnnounce::AnySource => {
            trace.stop(SOLICIT, format_args!("{is}, so the request carries the packet's source {source}"));
            return Some(source);
        }
        ArpAnnounce::SourceInSubnet => {
            // inet_addr_onlink(): one address whose subnet has both the target and the source.
            if let Some((network, len)) = device.subnet_of(target, Some(source)) {
                let text =
                    format_args!("{is}, and {target} and the packet's source {source} share {network}/{len} on {name}");
                trace.stop(SOLICIT, text);
                return Some(source);
            }
            trace.pass(SOLICIT, format_args!("{is}, and {target} and the source {source} share no subnet of {name}"));
        }
        ArpAnnounce::BestAddress => {
            trace.pass(SOLICIT, format_args!("{is}, so the packet's source is not used"));
        }
    }
    Some(chosen(device, target, trace))
}

/// `arp_constructor()`: whether a neighbour on this device is asked for at all.
pub(crate) fn asks(view: &View<'_>, device: &Device<'_>, target: Ipv4Addr, trace: &mut Trace) -> bool {
    const CONSTRUCT: &str = "net/ipv4/arp.c: arp_constructor()";
    let name = device.interface.name;
    let flags = device.interface.flags;
    let why_not = if device.interface.conf.is_none() {
        "has no IPv4 part (its MTU is below 68)"
    } else if !device.interface.is_up() {
        "is down"
    } else if device.interface.is_loopback() || flags.contains(InterfaceFlags::NOARP) {
        "does no ARP"
    } else if flags.contains(InterfaceFlags::POINTOPOINT) {
        "leads to one neighbour only, who is not asked for"
    } else {
        let what = match view.address_type(target, device.vrf) {
            kind::MULTICAST => "multicast",
            kind::BROADCAST => "broadcast",
            _ => {
                trace.pass(CONSTRUCT, format_args!("a neighbour on {name} is asked for by ARP"));
                return true;
            }
        };
        trace.stop(CONSTRUCT, format_args!("{target} is a {what} address, whose MAC is known"));
        return false;
    };
    trace.stop(CONSTRUCT, format_args!("{name} {why_not}"));
    false
}

/// `inet_select_addr()`.
fn chosen(device: &Device<'_>, target: Ipv4Addr, trace: &mut Trace) -> Ipv4Addr {
    const SELECT: &str = "net/ipv4/devinet.c: inet_select_addr()";
    let name = device.interface.name;
    if let Some(own) = device.select(target) {
        trace.stop(SELECT, format_args!("{own} is the best address of {name} for {target}"));
        return own;
    }
    let Some(other) = device.fallback else {
        trace.stop(SELECT, format_args!("{name} has no address to choose, and neither has the host: 0.0.0.0"));
        return Ipv4Addr::UNSPECIFIED;
    };
    trace.stop(SELECT, format_args!("{name} has no address of its own to choose, so it falls back to {other}"));
    other
}

/// Whether an address may be chosen as a sender of its own device.
pub(crate) fn eligible(device: &Facts, address: &Address) -> bool {
    !address.flags.contains(AddressFlags::SECONDARY) && address.scope.min(device.select_floor) <= AddressScope::LINK
}

/// Whether an address may be the sender of a device that has none of its own.
pub(crate) fn falls_back_to(address: &Address) -> bool {
    !address.flags.contains(AddressFlags::SECONDARY) && address.scope < AddressScope::LINK
}
