//! What a switch of roles carries over from one device to the other, and what stands in its way.

use std::net::IpAddr;

use crate::address::same_place;
use crate::arp::Role;
use crate::change::{Change, Step};
use crate::check::{About, Findings, Severity};
use crate::flags::AddressFlags;
use crate::interface::NAME_MAX;
use crate::key::Key;
use crate::snapshot::{Address, Interface, Snapshot};
use crate::vip::{Prefix, Vip};

/// What of an address' flags goes with it; the kernel sets the others itself.
const CARRIED: u32 = AddressFlags::NODAD | NOPREFIXROUTE | AUTOJOIN;
const NOPREFIXROUTE: u32 = 0x200;
const AUTOJOIN: u32 = 0x400;

/// An address as it is on another device: alone, with its scope, lifetimes and mark, and with a label that begins with that device's name. `None`: that
/// label is too long.
pub(super) fn carried(from: &Address, to: &Interface, findings: &mut Findings) -> Option<Address> {
    let label = from.label.as_deref().map(|label| match label.strip_prefix(&from.dev.to_string()) {
        Some(tail) if tail.is_empty() || tail.starts_with(':') => format!("{}{tail}", to.name),
        _ => label.to_owned(),
    });
    if let Some(label) = label.as_ref().filter(|label| label.len() > NAME_MAX) {
        findings.add(
            "label-too-long",
            Severity::Error,
            &About { interface: Some(to.name), vip: Some(from.local) },
            format_args!(
                "the label of {} on {} would be {label:?}, which is longer than 15 bytes",
                from.local, to.name
            ),
            format_args!("bind it on {} with a shorter label than {:?}", from.dev, from.label.as_deref().unwrap_or("")),
        );
        return None;
    }
    // Duplicate address detection would leave an IPv6 address unusable for a second, and find the owner that is relieved. Loopback devices do none.
    let nodad = if from.local.is_ipv6() && !to.is_loopback() { AddressFlags::NODAD } else { 0 };
    Some(Address {
        index: to.index,
        dev: to.name,
        peer: None,
        prefixlen: Prefix::host(from.local).len(),
        broadcast: None,
        label: label.map(String::into_boxed_str),
        flags: AddressFlags(from.flags.0 & CARRIED | nodad),
        ..from.clone()
    })
}

/// An interface on which nobody would ever be answered.
pub(super) fn cannot_answer(now: &Snapshot, on: &Interface, vips: &[Vip], findings: &mut Findings) {
    let needs_arp = vips.iter().any(|vip| vip.address().is_ipv4());
    let why = match now.role(on) {
        Role::Loopback => "it is a loopback device, which receives no frames",
        Role::Port { .. } => "it belongs to a bridge, bond or team, which has to have the VIP instead",
        Role::NoArp if needs_arp => "it does no ARP",
        Role::NoIpv4 if needs_arp => "it has no IPv4 part, because its MTU is below 68",
        _ if !on.is_up() => "it is down",
        _ => return,
    };
    findings.add(
        "interface-cannot-answer",
        Severity::Error,
        &About::interface(on.name),
        format_args!("no request for the VIP is answered on {}: {why}", on.name),
        format_args!("name the interface that clients and routers reach"),
    );
}

/// The other addresses, and the routes, that the kernel removes with those that the steps remove.
///
/// `net/ipv4/devinet.c: __inet_del_ifa()`: with a primary its secondaries go, unless promote_secondaries is set. `net/ipv4/fib_frontend.c:
/// fib_inetaddr_event()`: with the last address of an interface all its IPv4 routes go.
pub(crate) fn goes_with_it(now: &Snapshot, steps: &[Step], findings: &mut Findings) {
    let gone = Gone::by(steps);
    let stay: Vec<&Address> = now.addresses.iter().filter(|a| a.local.is_ipv4() && !gone.has(a)).collect();
    for (at, old) in gone.addresses.iter().enumerate().filter(|(_, old)| old.local.is_ipv4()) {
        let Some(interface) = now.by_index(old.index) else { continue };
        let (vip, dev, subnet) = (old.local, old.dev, old.subnet().network());
        let about = About { interface: Some(dev), vip: Some(vip) };
        if let Some(lost) = heir(&stay, old).filter(|_| !promotes_secondaries(now, interface)) {
            findings.add(
                "others-would-go",
                Severity::Error,
                &about,
                format_args!(
                    "with {vip}/{} the kernel would remove {}/{} from {dev}, which is its secondary there",
                    old.prefixlen, lost.local, lost.prefixlen
                ),
                format_args!("set net.ipv4.conf.{dev}.promote_secondaries to 1, or bind {vip}/32 on {dev} instead"),
            );
        }
        let mut others = stay.iter().filter(|other| other.index == old.index).peekable();
        if interface.is_loopback() {
            continue;
        }
        if others.peek().is_none() {
            // Said once, about the last of them.
            if !gone.addresses[at + 1..].iter().any(|next| next.index == old.index && next.local.is_ipv4()) {
                findings.add(
                    "routes-would-go",
                    Severity::Warning,
                    &about,
                    format_args!(
                        "{vip} is the last IPv4 address of {dev}: the kernel removes every IPv4 route of {dev} with it"
                    ),
                    format_args!("give {dev} an address of its own; lvsarp undo does not bring routes back"),
                );
            }
        } else if !subnet.is_host() && !others.any(|other| other.subnet().network() == subnet) {
            findings.add(
                "routes-would-go",
                Severity::Warning,
                &about,
                format_args!(
                    "no other address of {dev} is in {subnet}: the kernel removes the route to {subnet} with {vip}"
                ),
                format_args!("give {dev} an address of its own in {subnet}"),
            );
        }
    }
}

/// Makes primaries of the secondaries whose primary goes, as the kernel does where it keeps them.
pub(crate) fn promote_secondaries(snapshot: &mut Snapshot, steps: &[Step]) {
    let gone = Gone::by(steps);
    let stay: Vec<&Address> = snapshot.addresses.iter().filter(|address| !gone.has(address)).collect();
    let heirs: Vec<Address> = gone.addresses.iter().filter_map(|old| heir(&stay, old)).cloned().collect();
    for address in snapshot.addresses.iter_mut().filter(|address| heirs.iter().any(|heir| same_place(heir, address))) {
        address.flags.0 &= !AddressFlags::SECONDARY;
    }
}

/// The addresses that steps remove.
struct Gone<'a> {
    addresses: Vec<&'a Address>,
    places: Vec<(u32, IpAddr, u8)>,
}

impl<'a> Gone<'a> {
    fn by(steps: &'a [Step]) -> Gone<'a> {
        let removed = |step: &'a Step| match &step.change {
            Change::Address { old: Some(old), new: None, .. } => Some(old),
            _ => None,
        };
        let addresses: Vec<&Address> = steps.iter().filter_map(removed).collect();
        let mut places: Vec<(u32, IpAddr, u8)> = addresses.iter().map(|a| (a.index, a.local, a.prefixlen)).collect();
        places.sort_unstable();
        Gone { addresses, places }
    }

    fn has(&self, address: &Address) -> bool {
        self.places.binary_search(&(address.index, address.local, address.prefixlen)).is_ok()
    }
}

/// The first of the addresses that is a secondary of a primary.
fn heir<'a>(addresses: &[&'a Address], primary: &Address) -> Option<&'a Address> {
    let subnet = primary.subnet().network();
    if subnet.is_host() || primary.flags.contains(AddressFlags::SECONDARY) {
        return None;
    }
    let is_heir = |other: &&&Address| {
        other.index == primary.index
            && other.flags.contains(AddressFlags::SECONDARY)
            && other.subnet().network() == subnet
    };
    addresses.iter().find(is_heir).copied()
}

fn promotes_secondaries(now: &Snapshot, interface: &Interface) -> bool {
    let is_set = |value: Option<i32>| value.is_some_and(|value| value != 0);
    let own = interface.conf.as_ref().and_then(|conf| conf.get(Key::PromoteSecondaries));
    is_set(own) || is_set(now.all.get(Key::PromoteSecondaries))
}
