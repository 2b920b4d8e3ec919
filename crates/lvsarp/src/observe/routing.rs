//! Routing as the kernel tells it: rules, routes and proxy entries over `NETLINK_ROUTE`, and the order of registration by `SIOCGIFCONF`.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::BorrowedFd;

use crate::address::netlink::address_from;
use crate::error::{Error, Result};
use crate::interface::IfName;
use crate::netlink::Socket;
use crate::netlink::wire::{attribute_behind, attributes_behind, each_attribute, text, u8_at, u32_at};
use crate::routing::{Hop, Proxy, Route, Rule};
use crate::snapshot::Address;
use crate::sorted::Sorted;
use crate::sys;
use crate::vip::Prefix;

const RTM_GETROUTE: u16 = 26;
const RTM_GETNEIGH: u16 = 30;
const RTM_GETRULE: u16 = 34;
const AF_INET: u8 = libc::AF_INET as u8;

/// The length of `struct rtmsg` and of `struct fib_rule_hdr`.
const RTMSG: usize = 12;
const RTM_F_CLONED: u32 = 0x200;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_FLOW: u16 = 11;
const RTA_VIA: u16 = 18;

const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_TUN_ID: u16 = 12;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;
const FRA_DSCP: u16 = 25;
const FIB_RULE_INVERT: u32 = 2;

/// The length of `struct ndmsg`.
const NDMSG: usize = 12;
const NTF_PROXY: u8 = 8;
const NDA_DST: u16 = 1;

/// Every IPv4 route of every table, and whether one has a realm.
pub(super) fn routes(socket: &mut Socket) -> Result<(Vec<Route>, bool)> {
    let mut body = [0; RTMSG];
    body[0] = AF_INET;
    let mut realms = false;
    let routes = socket.dump(
        "routes",
        RTM_GETROUTE,
        &body,
        |_| {},
        |payload| {
            realms |= has(payload, RTA_FLOW);
            route(payload)
        },
    )?;
    Ok((routes, realms))
}

/// Whether a route or a rule has an attribute.
fn has(payload: &[u8], wanted: u16) -> bool {
    attribute_behind(payload, RTMSG, wanted).is_some()
}

fn route(payload: &[u8]) -> Option<Route> {
    if u8_at(payload, 0)? != AF_INET || u32_at(payload, 8)? & RTM_F_CLONED != 0 {
        return None;
    }
    let mut found = Route {
        table: u8_at(payload, 4)?.into(),
        prefix: Prefix::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0).ok()?,
        kind: u8_at(payload, 7)?,
        tos: u8_at(payload, 3)?,
        scope: u8_at(payload, 6)?,
        metric: 0,
        proto: u8_at(payload, 5)?,
        hops: Vec::new(),
    };
    // The flags of a route with one next hop are those of the hop.
    let mut only = Hop { index: 0, gateway: None, flags: u32_at(payload, 8)? & 0xff };
    let mut network = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    each_attribute(payload, RTMSG, &mut |kind, value| {
        match kind {
            RTA_DST => network = address_from(value)?,
            RTA_OIF => only.index = u32_at(value, 0)?,
            RTA_GATEWAY => only.gateway = address_from(value),
            RTA_VIA => only.gateway = address_from(value.get(2..)?),
            RTA_PRIORITY => found.metric = u32_at(value, 0)?,
            RTA_TABLE => found.table = u32_at(value, 0)?,
            RTA_MULTIPATH => found.hops = hops(value),
            _ => {}
        }
        Some(())
    })?;
    found.prefix = Prefix::new(network, u8_at(payload, 1)?).ok()?;
    if found.hops.is_empty() && only.index != 0 {
        found.hops.push(only);
    }
    Some(found)
}

/// `struct rtnexthop`, one behind the other: length, flags, weight, interface, attributes.
fn hops(mut rest: &[u8]) -> Vec<Hop> {
    const RTNEXTHOP: usize = 8;
    let mut hops = Vec::new();
    while let (Some(len), Some(flags), Some(index)) =
        (rest.get(..2).map(|b| u16::from_ne_bytes([b[0], b[1]]) as usize), u8_at(rest, 2), u32_at(rest, 4))
    {
        if len < RTNEXTHOP || len > rest.len() {
            break;
        }
        let mut hop = Hop { index, gateway: None, flags: flags.into() };
        for (kind, value) in attributes_behind(&rest[..len], RTNEXTHOP) {
            match kind {
                RTA_GATEWAY => hop.gateway = address_from(value),
                RTA_VIA => hop.gateway = value.get(2..).and_then(address_from),
                _ => {}
            }
        }
        hops.push(hop);
        rest = rest.get((len + 3) & !3..).unwrap_or(&[]);
    }
    hops
}

/// Every IPv4 rule, by priority, and whether one gives a realm.
pub(super) fn rules(socket: &mut Socket) -> Result<(Vec<Rule>, bool)> {
    let mut body = [0; RTMSG];
    body[0] = AF_INET;
    let mut realms = false;
    let rules = socket.dump(
        "rules",
        RTM_GETRULE,
        &body,
        |_| {},
        |payload| {
            realms |= has(payload, FRA_FLOW);
            rule(payload)
        },
    )?;
    Ok((rules, realms))
}

fn rule(payload: &[u8]) -> Option<Rule> {
    if u8_at(payload, 0)? != AF_INET {
        return None;
    }
    let mut found = Rule {
        action: u8_at(payload, 7)?,
        table: u8_at(payload, 4)?.into(),
        tos: u8_at(payload, 3)?,
        invert: u32_at(payload, 8)? & FIB_RULE_INVERT != 0,
        ..Rule::default()
    };
    let (dst_len, src_len) = (u8_at(payload, 1)?, u8_at(payload, 2)?);
    let (mut mark, mut mask) = (None, None);
    each_attribute(payload, RTMSG, &mut |kind, value| {
        match kind {
            FRA_DST => found.dst = Prefix::new(address_from(value)?, dst_len).ok(),
            FRA_SRC => found.src = Prefix::new(address_from(value)?, src_len).ok(),
            FRA_IIFNAME => found.iif = Some(IfName::from_kernel(text(value))),
            FRA_OIFNAME => found.oif = Some(IfName::from_kernel(text(value))),
            FRA_GOTO => found.goto = u32_at(value, 0),
            FRA_PRIORITY => found.priority = u32_at(value, 0)?,
            FRA_FWMARK => mark = u32_at(value, 0),
            FRA_FWMASK => mask = u32_at(value, 0),
            FRA_SUPPRESS_PREFIXLEN => found.suppress_prefixlen = u32_at(value, 0).filter(|len| *len != u32::MAX),
            FRA_TABLE => found.table = u32_at(value, 0)?,
            FRA_L3MDEV => found.l3mdev = u8_at(value, 0)? != 0,
            FRA_SUPPRESS_IFGROUP => found.by_group = u32_at(value, 0)? != u32::MAX,
            // An ARP packet belongs to root and is of the type of service 0.
            FRA_UID_RANGE => found.other |= u32_at(value, 0)? != 0,
            FRA_DSCP => found.other |= u8_at(value, 0)? != 0,
            FRA_TUN_ID | FRA_IP_PROTO | FRA_SPORT_RANGE | FRA_DPORT_RANGE => found.other = true,
            _ => {}
        }
        Some(())
    })?;
    if mark.is_some() || mask.is_some_and(|mask| mask != 0) {
        found.mark = Some((mark.unwrap_or(0), mask.unwrap_or(u32::MAX)));
    }
    Some(found)
}

/// Every IPv4 proxy entry.
pub(super) fn proxies(socket: &mut Socket) -> Result<Vec<Proxy>> {
    let mut body = [0; NDMSG];
    body[0] = AF_INET;
    body[10] = NTF_PROXY;
    socket.dump(
        "proxy entries",
        RTM_GETNEIGH,
        &body,
        |_| {},
        |payload| {
            if u8_at(payload, 0)? != AF_INET || u8_at(payload, 10)? & NTF_PROXY == 0 {
                return None;
            }
            match address_from(attribute_behind(payload, NDMSG, NDA_DST)?)? {
                IpAddr::V4(address) => Some(Proxy { address, index: u32_at(payload, 4)? }),
                IpAddr::V6(_) => None,
            }
        },
    )
}

/// The interfaces that have IPv4 addresses, in the order of registration.
pub(super) fn registered(socket: BorrowedFd<'_>, addresses: &[Address]) -> Result<Vec<u32>> {
    let listed = sys::labels_in_order(socket).map_err(|e| Error::os("list", "the addresses", &e))?;
    let mut order = Vec::new();
    let by_local = Sorted::by(addresses, |address| address.local);
    for (label, local) in listed {
        let is = |a: &&Address| a.label.as_deref().is_some_and(|l| l.as_bytes() == label);
        if let Some(address) = by_local.all(IpAddr::V4(local)).find(is)
            && !order.contains(&address.index)
        {
            order.push(address.index);
        }
    }
    Ok(order)
}
