//! Is a who-has answered? The receive path of `net/ipv4/arp.c`, from `arp_rcv()` on.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::fib::{Flow, kind};
use super::input::{self, Input};
use super::trace::Trace;
use super::{Device, Role, View, learn};
use crate::decision::Learning;
use crate::flags::AddressScope;
use crate::key::Key;
use crate::level::ArpIgnore;
use crate::wording::{level_is, place, text};

/// What happens to a who-has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    /// Whether it is answered. None: a level that decides is unknown.
    pub replies: Option<bool>,
    /// What the host remembers of the sender; none where that depends on an unknown level, too.
    pub learns: Option<Learning>,
}

impl Answer {
    const DROPPED: Answer = Answer { replies: Some(false), learns: Some(Learning::Nothing) };
}

/// What happens to a who-has for `target` from `sender` that arrives on a device.
pub(crate) fn answered(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    trace: &mut Trace,
) -> Answer {
    if !receives(view, device, trace) {
        return match still_learns(view, device) {
            true => Answer { replies: Some(false), ..process(view, device, target, sender, &mut Trace::off()) },
            false => Answer::DROPPED,
        };
    }
    process(view, device, target, sender, trace)
}

/// `arp_process()`: the same for a device that is known to receive.
pub(crate) fn process(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    trace: &mut Trace,
) -> Answer {
    if !is_sane(device, target, sender, trace) {
        return Answer::DROPPED;
    }
    if sender.is_unspecified() {
        let replies = probe_answered(view, device, target, trace);
        return Answer { replies, learns: Some(Learning::Nothing) };
    }
    let proxied = match input::route(view, device, target, sender, trace) {
        Input::Local => {
            let ignored = is_ignored(view, device, sender, target, trace);
            let replies = ignored.map(|ignored| !ignored && !is_filtered(view, device, sender, target, trace));
            let learns = replies.map(|replies| if replies { entered(view, device, sender) } else { Learning::Nothing });
            return Answer { replies, learns };
        }
        Input::Elsewhere(out) => is_proxied(view, device, target, sender, out, trace),
        Input::Dropped => false,
    };
    let learns =
        if proxied { entered(view, device, sender) } else { learn::of_others(view, device, target, sender, trace) };
    Answer { replies: Some(proxied), learns: Some(learns) }
}

/// What is remembered of a sender that gets an answer. A new entry for a broadcast or multicast address does without ARP and has such a MAC
/// (`net/ipv4/arp.c: arp_constructor()`); only one that was made by hand gets the sender's.
fn entered(view: &View<'_>, device: &Device<'_>, sender: Ipv4Addr) -> Learning {
    match view.address_type(sender, device.vrf) {
        kind::BROADCAST | kind::MULTICAST => Learning::Updates,
        _ => Learning::Enters,
    }
}

/// Whether no sender at all can get an answer here, which often needs one look only: the level hides the target where it is local, and where it is
/// not the device does not answer for others. `false` says nothing.
pub(crate) fn is_hidden_from_all(view: &View<'_>, device: &Device<'_>, target: Ipv4Addr) -> bool {
    let anyone = Ipv4Addr::UNSPECIFIED;
    let entry = || view.routing.proxies.iter().any(|proxy| proxy.address == target);
    let answers_for_others = device.own_is_set(Key::Forwarding)
        && (device.is_set(Key::ProxyArp) || device.is_set(Key::ProxyArpPvlan) || entry());
    !answers_for_others && is_ignored(view, device, anyone, target, &mut Trace::off()) == Some(true)
}

/// `arp_rcv()` and `arp_process()` before they look at the addresses.
fn receives(view: &View<'_>, device: &Device<'_>, trace: &mut Trace) -> bool {
    const RECEIVE: &str = "net/ipv4/arp.c: arp_rcv()";
    let name = device.interface.name;
    let (receives, why) = match view.role(device) {
        Role::Loopback => (false, "is a loopback device, on which no request arrives"),
        Role::Port { master } => {
            let master = view.name(master);
            trace.stop(RECEIVE, format_args!("{name} belongs to {master}, which receives its frames"));
            return false;
        }
        Role::NoArp => (false, "does no ARP (NOARP)"),
        Role::NoIpv4 => (false, "has no IPv4 part (its MTU is below 68)"),
        Role::Speaks { up: false } => (false, "is down"),
        Role::Speaks { up: true } => (true, "is up and speaks ARP"),
    };
    trace.note(RECEIVE, receives, format_args!("{name} {why}"));
    receives
}

/// A bond or team that is down gets its ports' frames all the same (`drivers/net/bonding/bond_main.c: bond_handle_frame()`), and only the answer is lost.
fn still_learns(view: &View<'_>, device: &Device<'_>) -> bool {
    let kind = device.interface.kind.as_deref();
    matches!(kind, Some("bond" | "team")) && view.role(device) == Role::Speaks { up: false }
}

/// What `arp_process()` drops whatever routing says.
fn is_sane(device: &Device<'_>, target: Ipv4Addr, sender: Ipv4Addr, trace: &mut Trace) -> bool {
    const PROCESS: &str = "net/ipv4/arp.c: arp_process()";
    if target.is_multicast() {
        trace.stop(PROCESS, format_args!("the target {target} is a multicast address"));
        return false;
    }
    if target.is_loopback() && !device.is_set(Key::RouteLocalnet) {
        trace.stop(PROCESS, format_args!("the target {target} is a loopback address, and route_localnet is 0"));
        return false;
    }
    if target == sender && device.is_set(Key::DropGratuitousArp) {
        trace.stop(PROCESS, format_args!("sender and target are both {target}, and drop_gratuitous_arp is set"));
        return false;
    }
    true
}

/// Duplicate address detection: a probe is answered without asking routing or `arp_filter`.
fn probe_answered(view: &View<'_>, device: &Device<'_>, target: Ipv4Addr, trace: &mut Trace) -> Option<bool> {
    const PROBE: &str = "net/ipv4/fib_frontend.c: inet_addr_type_dev_table()";
    let local = view.address_type(target, device.vrf) == kind::LOCAL;
    let is = if local { "is" } else { "is not" };
    trace.note(PROBE, local, format_args!("the sender is 0.0.0.0 (a probe for duplicates), and {target} {is} local"));
    if !local {
        return Some(false);
    }
    is_ignored(view, device, Ipv4Addr::UNSPECIFIED, target, trace).map(|ignored| !ignored)
}

/// `arp_ignore()`.
fn is_ignored(
    view: &View<'_>,
    device: &Device<'_>,
    sender: Ipv4Addr,
    target: Ipv4Addr,
    trace: &mut Trace,
) -> Option<bool> {
    const IGNORE: &str = "net/ipv4/arp.c: arp_ignore()";
    let Some(value) = device.arp_ignore.effective else {
        trace.stop(IGNORE, format_args!("arp_ignore of conf/all is unknown"));
        return None;
    };
    let anyone = Ipv4Addr::UNSPECIFIED;
    let ignored = match ArpIgnore::of(value) {
        ArpIgnore::AnyAddress => false,
        ArpIgnore::OnInterface => !is_confirmed(view, device, anyone, target, AddressScope::HOST),
        ArpIgnore::OnSubnet => !is_confirmed(view, device, sender, target, AddressScope::HOST),
        ArpIgnore::NotScopeHost => {
            let mut owners = view.places(IpAddr::V4(target)).filter_map(|address| view.device(address.index));
            !owners.any(|owner| is_confirmed(view, &owner, anyone, target, AddressScope::LINK))
        }
        ArpIgnore::Never => true,
    };
    let because = text(|f| because(f, view, device, sender, target, value, ignored));
    trace.note(IGNORE, !ignored, format_args!("{} and {because}", level_is(device, Key::ArpIgnore)));
    Some(ignored)
}

/// Why a level answers or does not.
fn because(
    f: &mut fmt::Formatter<'_>,
    view: &View<'_>,
    device: &Device<'_>,
    sender: Ipv4Addr,
    target: Ipv4Addr,
    value: i32,
    ignored: bool,
) -> fmt::Result {
    let name = device.interface.name;
    let place = place(view, target);
    let here = view.places(IpAddr::V4(target)).any(|a| a.index == device.interface.index);
    match (ArpIgnore::of(value), ignored) {
        (ArpIgnore::AnyAddress, _) => write!(f, "{target} {place}: every local address is answered for"),
        (ArpIgnore::OnInterface | ArpIgnore::OnSubnet, true) if !here => write!(f, "{target} {place}, not on {name}"),
        (ArpIgnore::OnSubnet, true) => write!(f, "no subnet of {name} has both {target} and the sender {sender}"),
        (ArpIgnore::OnInterface, true) => write!(f, "{target} {place}, but no subnet of {name} contains it"),
        (ArpIgnore::OnInterface | ArpIgnore::OnSubnet, false) => write!(f, "{target} is on {name}"),
        (ArpIgnore::NotScopeHost, true) => write!(f, "{target} {place}, nowhere with a scope wider than host"),
        (ArpIgnore::NotScopeHost, false) => write!(f, "{target} {place}, where its scope is wider than host"),
        (ArpIgnore::Never, _) => write!(f, "{target} {place}: no local address is answered for"),
    }
}

/// `net/ipv4/devinet.c: confirm_addr_indev()`: the device has the target with a scope of at most `limit`, and one of its subnets, not
/// necessarily that of the same address, contains the target, and the sender where it is one.
fn is_confirmed(view: &View<'_>, device: &Device<'_>, sender: Ipv4Addr, target: Ipv4Addr, limit: AddressScope) -> bool {
    let mut places = view.places(IpAddr::V4(target));
    places.any(|a| a.index == device.interface.index && a.scope.min(device.confirm_floor) <= limit)
        && device.has_subnet_of(target, (!sender.is_unspecified()).then_some(sender))
}

/// `arp_filter()`.
fn is_filtered(view: &View<'_>, device: &Device<'_>, sender: Ipv4Addr, target: Ipv4Addr, trace: &mut Trace) -> bool {
    const FILTER: &str = "net/ipv4/arp.c: arp_filter()";
    if !device.is_set(Key::ArpFilter) {
        return false;
    }
    let name = device.interface.name;
    let leaves = leaves_by(view, device, sender, target, trace);
    let filtered = leaves != Some(device.interface.index);
    let way = text(|f| match leaves {
        Some(index) => write!(f, "leaves by {}", view.name(index)),
        None => write!(f, "has no way out (not even by {name})"),
    });
    trace.note(FILTER, !filtered, format_args!("arp_filter is set, and an answer from {target} to {sender} {way}"));
    filtered
}

/// `net/ipv4/route.c: ip_route_output_key_hash_rcu()`: the device by which a packet from `source` to `to` leaves.
pub(crate) fn leaves_by(
    view: &View<'_>,
    device: &Device<'_>,
    to: Ipv4Addr,
    source: Ipv4Addr,
    trace: &mut Trace,
) -> Option<u32> {
    // __ip_dev_find(): an address of ours, or local in the table local.
    if !view.has_address(source) && view.address_type(source, 0) != kind::LOCAL || view.is_zeronet(to) {
        return None;
    }
    if device.vrf != 0 && !view.device(device.vrf).is_some_and(|vrf| vrf.interface.is_up()) {
        return None;
    }
    let flow = Flow { dst: to, src: source, iif: view.index.lo, vrf: device.vrf, leaves_by_vrf: device.vrf != 0 };
    let found = view.lookup(&flow).ok()?;
    let out = found.hop.map(|hop| hop.index);
    if found.route.kind == kind::LOCAL {
        let vrf = out.and_then(|out| view.device(out)).map_or(0, |out| out.vrf);
        return Some(if vrf != 0 { vrf } else { view.index.lo });
    }
    view.doubt_hops(found.route, trace);
    let is_routable = |out: &Device<'_>| out.is_set(Key::RouteLocalnet) || out.interface.is_loopback() || out.is_vrf;
    out.filter(|out| !source.is_loopback() || view.device(*out).is_some_and(|out| is_routable(&out)))
}

/// The branch of `arp_process()` for targets that are somewhere else.
fn is_proxied(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    out: u32,
    trace: &mut Trace,
) -> bool {
    const PROXY: &str = "net/ipv4/arp.c: arp_fwd_proxy()";
    const PVLAN: &str = "net/ipv4/arp.c: arp_fwd_pvlan()";
    const ENTRY: &str = "net/core/neighbour.c: pneigh_lookup()";
    let (index, name) = (device.interface.index, device.interface.name);
    if out == index {
        let answered = device.is_set(Key::ProxyArpPvlan) && sender != target;
        let is = if answered { "set" } else { "0 or sender and target are the same" };
        let text = format_args!("{target} is behind {name} itself, and proxy_arp_pvlan is {is}");
        trace.note(PVLAN, answered, text);
        return answered;
    }
    if device.is_set(Key::ProxyArp) {
        let medium = |device: &Device<'_>| device.own_value(Key::MediumId);
        let (ours, theirs) = (medium(device), view.device(out).map_or(0, |out| medium(&out)));
        let allowed = ours == 0 || ours != -1 && theirs != ours && theirs != -1;
        let other = view.name(out);
        let text = format_args!("proxy_arp is set, the medium of {name} is {ours} and that of {other} is {theirs}");
        trace.note(PROXY, allowed, text);
        if allowed {
            return true;
        }
    }
    let mut entries = view.routing.proxies.iter();
    let entry = entries.any(|proxy| proxy.address == target && (proxy.index == 0 || proxy.index == index));
    if entry {
        trace.pass(ENTRY, format_args!("there is a proxy entry for {target} on {name}"));
    } else {
        let text = format_args!("nothing answers for {target} on behalf of others: no proxy_arp, no proxy entry");
        trace.stop(ENTRY, text);
    }
    entry
}
