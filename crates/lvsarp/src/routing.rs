//! What routing knows, as plain data: rules, routes, and proxy entries, as far as an ARP decision asks for them (IPv4).

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::interface::IfName;
use crate::json::{Place, Read, read_object};
use crate::key::KernelVersion;
use crate::snapshot::{Address, Interface, LocalRoute, Snapshot};
use crate::vip::{Prefix, mask4};

/// The table `local`.
pub const LOCAL: u32 = 255;
/// The table `main`.
pub const MAIN: u32 = 254;
/// The table `default`.
pub const DEFAULT: u32 = 253;

/// The IPv4 side of routing.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Routing {
    /// The rules, by priority.
    pub rules: Vec<Rule>,
    /// The routes of every table, in the kernel's order.
    pub routes: Vec<Route>,
    /// Whether the tables local and main are two tables: they are one until a rule is added or deleted for the first time in the namespace, and
    /// never again after. None where it could not be asked (`NETLINK_FIB_LOOKUP`).
    pub split: Option<bool>,
    /// Whether the kernel looks the sender of every packet up, also where `rp_filter` is 0: from the first rule or local route that somebody adds
    /// by hand, and for good (`fib_has_custom_local_routes`). None where it could not be asked.
    pub looks_senders_up: Option<bool>,
    /// Whether a route or rule has a realm, which makes the kernel look senders up, too.
    pub realms: bool,
    /// Addresses that the host answers for on behalf of others (`ip neigh add proxy`).
    pub proxies: Vec<Proxy>,
    /// The indexes of the interfaces that have IPv4 addresses, in the order in which they were registered (`SIOCGIFCONF`).
    pub registered: Vec<u32>,
}

impl Routing {
    /// Nothing at all.
    pub(crate) const NONE: Routing = Routing {
        rules: Vec::new(),
        routes: Vec::new(),
        split: None,
        looks_senders_up: None,
        realms: false,
        proxies: Vec::new(),
        registered: Vec::new(),
    };

    /// What routing is where nobody changed it: the routes that the kernel makes for the addresses, and local routes made by hand.
    pub(crate) fn made_up(snapshot: &Snapshot) -> Routing {
        let mut routes = Vec::new();
        for address in &snapshot.addresses {
            if let Some(interface) = snapshot.by_index(address.index) {
                routes.extend(routes_of(snapshot, address, interface));
            }
        }
        routes.extend(snapshot.local_routes.iter().map(Route::of_local));
        Routing { routes, ..Routing::default() }
    }
}

impl Route {
    fn to(table: u32, prefix: Prefix, kind: u8, scope: u8, index: u32) -> Route {
        let hops = vec![Hop { index, gateway: None, flags: 0 }];
        Route { table, prefix, kind, tos: 0, scope, metric: 0, proto: RTPROT_KERNEL, hops }
    }

    /// A route of type local as the snapshot lists it.
    pub(crate) fn of_local(route: &LocalRoute) -> Route {
        Route {
            proto: route.proto,
            ..Route::to(route.table, route.prefix, RTN_LOCAL, RT_SCOPE_HOST, route.index.unwrap_or(0))
        }
    }
}

const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
const RTN_BROADCAST: u8 = 3;
const RTPROT_KERNEL: u8 = 2;
const RT_SCOPE_LINK: u8 = 253;
const RT_SCOPE_HOST: u8 = 254;
const NOPREFIXROUTE: u32 = 0x200;

/// The routes that the kernel makes for an IPv4 address (`net/ipv4/fib_frontend.c: fib_add_ifaddr()`).
pub(crate) fn routes_of(snapshot: &Snapshot, address: &Address, interface: &Interface) -> Vec<Route> {
    let IpAddr::V4(local) = address.local else { return Vec::new() };
    let kernel = snapshot.kernel_version();
    let index = interface.index;
    // l3mdev_fib_table(): that of the VRF that the interface is, or belongs to.
    let master = interface.master.and_then(|master| snapshot.by_index(master));
    let vrf = interface.vrf_table.or(master.and_then(|master| master.vrf_table));
    let host = |address: u32, kind, scope| {
        Route::to(vrf.unwrap_or(LOCAL), Prefix::host(IpAddr::V4(address.into())), kind, scope, index)
    };
    let mut routes = vec![host(local.into(), RTN_LOCAL, RT_SCOPE_HOST)];
    if !interface.is_up() {
        return routes;
    }
    if let Some(IpAddr::V4(broadcast)) = address.broadcast.filter(|b| *b != IpAddr::V4(Ipv4Addr::BROADCAST)) {
        routes.push(host(broadcast.into(), RTN_BROADCAST, RT_SCOPE_LINK));
    }
    let subnet = address.subnet().network();
    let (IpAddr::V4(network), len) = (subnet.address(), subnet.len()) else { return routes };
    let is_zeronet = network.is_unspecified() || network.octets()[0] == 0 && kernel < KernelVersion(5, 3);
    let is_primary = !address.flags.contains(crate::AddressFlags::SECONDARY);
    if is_zeronet || !is_primary || len == 32 && network == local {
        return routes;
    }
    if !address.flags.contains(NOPREFIXROUTE) {
        let (table, kind, scope) = match interface.is_loopback() {
            true => (LOCAL, RTN_LOCAL, RT_SCOPE_HOST),
            false => (MAIN, RTN_UNICAST, RT_SCOPE_LINK),
        };
        let metric = address.metric.unwrap_or(0);
        routes.push(Route { metric, ..Route::to(vrf.unwrap_or(table), subnet, kind, scope, index) });
    }
    if len < 31 {
        if kernel < KernelVersion(5, 14) {
            routes.push(host(network.into(), RTN_BROADCAST, RT_SCOPE_LINK));
        }
        routes.push(host(u32::from(network) | !mask4(len), RTN_BROADCAST, RT_SCOPE_LINK));
    }
    routes
}

/// A policy rule (`ip rule`).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Rule {
    /// Its priority: the smallest comes first.
    pub priority: u32,
    /// What it does: a table is looked up, or the lookup ends.
    pub action: u8,
    /// The table.
    pub table: u32,
    /// It looks up the table of the VRF that the packet belongs to.
    pub l3mdev: bool,
    /// It holds where it does not match.
    pub invert: bool,
    /// The source.
    pub src: Option<Prefix>,
    /// The destination.
    pub dst: Option<Prefix>,
    /// The arrival interface; `lo` stands for packets of our own.
    pub iif: Option<IfName>,
    /// The interface that the packet is bound to.
    pub oif: Option<IfName>,
    /// The type of service.
    pub tos: u8,
    /// Mark and mask.
    pub mark: Option<(u32, u32)>,
    /// A result with a prefix of this length or shorter is passed over.
    pub suppress_prefixlen: Option<u32>,
    /// The priority where a `goto` goes on.
    pub goto: Option<u32>,
    /// A result that leaves by an interface of some group is passed over.
    pub by_group: bool,
    /// It also asks for what no ARP packet has: ports, a protocol, a user, a tunnel.
    pub other: bool,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// Its table.
    pub table: u32,
    /// Its destination.
    pub prefix: Prefix,
    /// Its type (`RTN_*`): 1 unicast, 2 local, 3 broadcast, 6 blackhole, 7 unreachable, 8 prohibit, 9 throw.
    pub kind: u8,
    /// Its type of service.
    pub tos: u8,
    /// Its scope (`RT_SCOPE_*`).
    pub scope: u8,
    /// Its metric.
    pub metric: u32,
    /// Who made it (`RTPROT_*`).
    pub proto: u8,
    /// Where it leads.
    pub hops: Vec<Hop>,
}

/// A next hop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hop {
    /// The interface's index.
    pub index: u32,
    /// The gateway; none where the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// Its flags (`RTNH_F_*`): 1 dead, 16 without carrier.
    pub flags: u32,
}

/// A proxy entry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proxy {
    /// The address that is answered for.
    pub address: Ipv4Addr,
    /// The interface's index, or 0 for any.
    pub index: u32,
}

read_object! { Routing { rules, routes, split, looks_senders_up, realms, proxies, registered } }
read_object! {
    Rule { priority, action, table, l3mdev, invert, src, dst, iif, oif, tos, mark, suppress_prefixlen, goto, by_group, other }
}
read_object! { Route { table, prefix, kind, tos, scope, metric, proto, hops } }
read_object! { Hop { index, gateway, flags } }
read_object! { Proxy { address, index } }

impl Read for (u32, u32) {
    fn read(place: &Place<'_>) -> (u32, u32) {
        match Vec::<u32>::read(place)[..] {
            [mark, mask] => (mark, mask),
            _ => {
                place.refuse(&"it is not a mark and a mask");
                (0, 0)
            }
        }
    }
}
