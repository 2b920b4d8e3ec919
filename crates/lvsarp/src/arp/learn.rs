//! What does the host remember of a request's sender? The end of `net/ipv4/arp.c: arp_process()`.
//!
//! A host that answers puts the sender into its neighbour cache. A host that was not asked makes no entry, so that a broadcast does not fill every
//! cache; an entry that is there gets the new MAC all the same, and that is how a wrong answer takes a VIP over.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::fib::kind;
use super::trace::Trace;
use super::{Device, View};
use crate::decision::Learning;
use crate::flags::AddressScope;
use crate::key::Key;

/// What is remembered of a sender that got no answer, where the request was not for us.
pub(crate) fn of_others(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    trace: &mut Trace,
) -> Learning {
    // arp_is_garp().
    let gratuitous = sender == target && view.address_type(sender, device.vrf) == kind::UNICAST;
    let accepts = gratuitous && accepts(device, sender);
    let level = device.value(Key::ArpAccept);
    let mut aside = |text: fmt::Arguments<'_>| trace.aside("net/ipv4/arp.c: arp_accept()", text);
    if accepts {
        aside(format_args!(
            "the sender {sender} enters the cache: the request is gratuitous and arp_accept is {level}"
        ));
        return Learning::Enters;
    }
    if gratuitous {
        aside(format_args!("the sender {sender} enters no cache: arp_accept is {level}; an entry for it is updated"));
    } else {
        aside(format_args!(
            "the sender {sender} enters no cache: it asks for somebody else; an entry for it is updated"
        ));
    }
    Learning::Updates
}

/// `arp_accept()`; before 6.0 the key was a switch.
fn accepts(device: &Device<'_>, sender: Ipv4Addr) -> bool {
    match device.value(Key::ArpAccept) {
        1 => true,
        2 => in_subnet_of_a_sender(device, sender),
        _ => false,
    }
}

/// `net/ipv4/devinet.c: confirm_addr_indev()` without a local address and with scope link: a subnet contains the sender, and the address that would
/// be used towards it reaches the link.
fn in_subnet_of_a_sender(device: &Device<'_>, sender: Ipv4Addr) -> bool {
    let (mut chosen, mut same) = (false, false);
    let mut chosen_address = None;
    for (address, local) in device.ipv4() {
        let reaches = address.scope.min(device.confirm_floor) <= AddressScope::LINK;
        let has_sender = address.subnet().contains(IpAddr::V4(sender));
        if !chosen && reaches {
            (chosen, chosen_address) = (true, Some(local));
            if same {
                break;
            }
        }
        if !same && has_sender {
            same = true;
            if chosen {
                let fits = chosen_address.is_some_and(|own| address.subnet().contains(IpAddr::V4(own)));
                if fits || reaches {
                    break;
                }
                same = false;
            }
        }
    }
    chosen && same
}
