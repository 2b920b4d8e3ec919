//! The input route of a request: may a packet from this sender to this target come in here, and where would it go?
//! `net/ipv4/route.c: ip_route_input_slow()`, `net/ipv4/fib_frontend.c: fib_validate_source()`.

use std::net::Ipv4Addr;

use super::fib::{Flow, Found, Miss, kind};
use super::trace::Trace;
use super::{Device, View};
use crate::key::{KernelVersion, Key};

/// Where the input route leads.
pub(crate) enum Input {
    /// To the host itself.
    Local,
    /// Out of an interface: the request may be answered by proxy. The interface's index.
    Elsewhere(u32),
    /// Nowhere: the request is dropped.
    Dropped,
}

/// The input route.
pub(crate) fn route(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    trace: &mut Trace,
) -> Input {
    const SLOW: &str = "net/ipv4/route.c: ip_route_input_slow()";
    if sender.is_multicast() || sender.is_broadcast() {
        trace.stop(SLOW, format_args!("the sender {sender} is no address of a host"));
        return Input::Dropped;
    }
    if view.is_zeronet(sender) {
        trace.stop(SLOW, format_args!("the sender {sender} is in 0.0.0.0/8, which kernels before 5.3 drop"));
        return Input::Dropped;
    }
    if view.is_zeronet(target) || target.is_broadcast() || target.is_multicast() {
        trace.stop(SLOW, format_args!("the target {target} is no address of a host"));
        return Input::Dropped;
    }
    if (sender.is_loopback() || target.is_loopback()) && !device.is_set(Key::RouteLocalnet) {
        trace.stop(SLOW, format_args!("{sender} or {target} is a loopback address, and route_localnet is 0"));
        return Input::Dropped;
    }
    let flow = Flow { dst: target, src: sender, iif: device.interface.index, vrf: device.vrf, leaves_by_vrf: false };
    let found = match view.lookup(&flow) {
        Ok(found) => found,
        Err(miss) => {
            match miss {
                Miss::NoRoute => trace.stop(SLOW, format_args!("there is no route to {target}")),
                Miss::Refused => {
                    trace.stop(SLOW, format_args!("the route to {target} is a blackhole, unreachable or prohibited"));
                }
            }
            return Input::Dropped;
        }
    };
    let prefix = found.route.prefix;
    match found.route.kind {
        kind::LOCAL => {
            trace.pass(SLOW, format_args!("{target} is local: route {prefix} in table {}", found.route.table));
            match valid_source(view, device, target, sender, None, trace) {
                true => Input::Local,
                false => Input::Dropped,
            }
        }
        kind::BROADCAST => {
            trace.stop(SLOW, format_args!("{target} is a broadcast address: route {prefix}"));
            Input::Dropped
        }
        _ if !device.own_is_set(Key::Forwarding) => {
            trace.stop(SLOW, format_args!("{target} is not local, and {} does not forward", device.interface.name));
            Input::Dropped
        }
        kind::UNICAST => {
            let Some(hop) = found.hop else {
                trace.doubt(format_args!(
                    "the route {prefix} names a nexthop object, which the kernel was told not to show"
                ));
                trace
                    .stop(SLOW, format_args!("{target} is not local, and where the route {prefix} leads is not known"));
                return Input::Dropped;
            };
            view.doubt_hops(found.route, trace);
            trace.pass(
                SLOW,
                format_args!("{target} is not local: route {prefix} leads out of {}", view.name(hop.index)),
            );
            match valid_source(view, device, target, sender, Some(hop.index), trace) {
                true => Input::Elsewhere(hop.index),
                false => Input::Dropped,
            }
        }
        other => {
            trace.stop(SLOW, format_args!("the route {prefix} to {target} is of type {other}"));
            Input::Dropped
        }
    }
}

/// `fib_validate_source()`. `out` is the interface that the packet would be forwarded to.
fn valid_source(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    out: Option<u32>,
    trace: &mut Trace,
) -> bool {
    const FAST: &str = "net/ipv4/fib_frontend.c: fib_validate_source()";
    let (filter, accepts_own) = (device.value(Key::RpFilter), device.is_set(Key::AcceptLocal));
    let redirects = out == Some(device.interface.index) && device.is_set(Key::SendRedirects);
    if filter == 0 && !redirects && !view.routing.realms {
        if accepts_own {
            trace.pass(FAST, format_args!("rp_filter is 0 and accept_local is set: any sender may be {sender}"));
            return true;
        }
        // From 3.6 to 3.16 an address of our own was no matter.
        if (KernelVersion(3, 6)..KernelVersion(3, 17)).contains(&view.kernel()) {
            trace.pass(FAST, format_args!("rp_filter is 0, and this kernel takes any sender"));
            return true;
        }
        if !view.index.tables.looks_senders_up {
            let own = view.has_address(sender);
            match own {
                true => trace.stop(FAST, format_args!("the sender {sender} is an address of our own")),
                false => trace.pass(FAST, format_args!("rp_filter is 0 and {sender} is no address of ours")),
            }
            return !own;
        }
    }
    looked_up_source(view, device, target, sender, out, filter, trace)
}

/// `__fib_validate_source()`.
fn looked_up_source(
    view: &View<'_>,
    device: &Device<'_>,
    target: Ipv4Addr,
    sender: Ipv4Addr,
    out: Option<u32>,
    filter: i32,
    trace: &mut Trace,
) -> bool {
    const SLOW: &str = "net/ipv4/fib_frontend.c: __fib_validate_source()";
    let name = device.interface.name;
    let vrf = match (device.vrf, out.and_then(|index| view.device(index))) {
        (0, Some(out)) if out.is_vrf => out.interface.index,
        (0, Some(out)) => out.vrf,
        (vrf, _) => vrf,
    };
    let flow = Flow { dst: sender, src: target, iif: out.unwrap_or(view.index.lo), vrf, leaves_by_vrf: false };
    let Ok(found) = view.lookup(&flow) else {
        let text = format_args!("there is no route back to {sender}, and rp_filter is {filter}");
        trace.note(SLOW, filter == 0, text);
        return filter == 0;
    };
    let local = found.route.kind == kind::LOCAL;
    if found.route.kind != kind::UNICAST && !(local && device.is_set(Key::AcceptLocal)) {
        let (prefix, kind) = (found.route.prefix, found.route.kind);
        match local {
            true => trace.stop(SLOW, format_args!("the sender {sender} is local: route {prefix}")),
            false => trace.stop(SLOW, format_args!("the route {prefix} to the sender {sender} is of type {kind}")),
        }
        return false;
    }
    if uses(view, &found, device) || local && device.interface.is_loopback() {
        trace.pass(SLOW, format_args!("the way back to {sender} leaves by {name}"));
        return true;
    }
    if !device.has_ipv4 {
        let text = format_args!(
            "the way back to {sender} does not leave by {name}, which has no address, and rp_filter is {filter}"
        );
        trace.note(SLOW, filter == 0, text);
        return filter == 0;
    }
    let text = format_args!("the way back to {sender} does not leave by {name}, and rp_filter is {filter}");
    trace.note(SLOW, filter != 1, text);
    filter != 1
}

/// `fib_info_nh_uses_dev()`: a next hop leaves by this device, or by a member of the VRF that it is.
fn uses(view: &View<'_>, found: &Found<'_>, device: &Device<'_>) -> bool {
    let index = device.interface.index;
    found.route.hops.iter().any(|hop| hop.index == index || view.device(hop.index).is_some_and(|d| d.vrf == index))
}
