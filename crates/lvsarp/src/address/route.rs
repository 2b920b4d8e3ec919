//! A whole prefix as local without an address: `ip route add local PREFIX dev lo`, whose cost does not grow with the prefix.

use std::net::IpAddr;

use super::netlink::{address_from, with_octets};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::netlink::Socket;
use crate::netlink::wire::{Writer, attributes_behind, u8_at, u32_at};
use crate::routing::Route;
use crate::snapshot::{Interface, LocalRoute, OUR_PROTOCOL};
use crate::vip::{Prefix, Vip};

const RTM_NEWROUTE: u16 = 24;
pub(crate) const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;

const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;

/// The length of `struct rtmsg`.
const RTMSG: usize = 12;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_TABLE: u16 = 15;

const RTN_LOCAL: u8 = 2;
const RTPROT_KERNEL: u8 = 2;
pub(crate) const RT_TABLE_LOCAL: u8 = 255;
const RT_SCOPE_HOST: u8 = 254;

/// The routes of type local in the table local that the kernel did not make itself: those of IPv4 out of all routes, those of IPv6 from a dump.
pub(crate) fn list(socket: &mut Socket, ipv4: &[Route], interfaces: &[Interface]) -> Result<Vec<LocalRoute>> {
    let name = |index: u32| interfaces.iter().find(|i| i.index == index).map(|i| i.name);
    let by_hand = |r: &&Route| r.kind == RTN_LOCAL && r.table == u32::from(RT_TABLE_LOCAL) && r.proto != RTPROT_KERNEL;
    let of = |route: &Route| {
        let index = route.hops.first().map(|hop| hop.index);
        LocalRoute { prefix: route.prefix, index, dev: index.and_then(name), table: route.table, proto: route.proto }
    };
    let mut routes: Vec<LocalRoute> = ipv4.iter().filter(by_hand).map(of).collect();
    let mut body = [0; RTMSG];
    body[0] = libc::AF_INET6 as u8;
    body[4] = RT_TABLE_LOCAL;
    body[7] = RTN_LOCAL;
    match socket.dump("local routes", RTM_GETROUTE, &body, |_| {}, |payload| parse(payload, name)) {
        Ok(listed) => routes.extend(listed),
        Err(e) if e.kind() == crate::ErrorKind::Unsupported => {}
        // With strict checking a table that does not exist yet is refused (net/ipv6/ip6_fib.c: inet6_dump_fib()).
        Err(e) if e.errno() == libc::ENOENT => {}
        Err(e) => return Err(e),
    }
    Ok(routes)
}

/// The IPv6 addresses that the kernel accepts packets to because they are bound: one for each route that it made, of every table.
pub(crate) fn to_addresses(socket: &mut Socket) -> Result<Vec<IpAddr>> {
    let mut body = [0; RTMSG];
    body[0] = libc::AF_INET6 as u8;
    body[7] = RTN_LOCAL;
    socket.dump(
        "local routes",
        RTM_GETROUTE,
        &body,
        |_| {},
        |payload| {
            let made_for_one =
                (u8_at(payload, 1)?, u8_at(payload, 5)?, u8_at(payload, 7)?) == (128, RTPROT_KERNEL, RTN_LOCAL);
            let to = attributes_behind(payload, RTMSG).find(|(kind, _)| *kind == RTA_DST);
            to.filter(|_| made_for_one).and_then(|(_, value)| address_from(value))
        },
    )
}

pub(crate) fn parse(payload: &[u8], name: impl Fn(u32) -> Option<IfName>) -> Option<LocalRoute> {
    let len = u8_at(payload, 1)?;
    let proto = u8_at(payload, 5)?;
    // Kernels without strict checking (before 4.20) send every table and type.
    if proto == RTPROT_KERNEL || u8_at(payload, 7)? != RTN_LOCAL {
        return None;
    }
    let mut table = u32::from(u8_at(payload, 4)?);
    let mut index = None;
    let mut address = IpAddr::from([0; 16]);
    for (kind, value) in attributes_behind(payload, RTMSG) {
        match kind {
            RTA_DST => address = address_from(value)?,
            RTA_OIF => index = u32_at(value, 0),
            RTA_TABLE => table = u32_at(value, 0)?,
            _ => {}
        }
    }
    let prefix = Prefix::new(address, len).ok()?;
    (table == u32::from(RT_TABLE_LOCAL)).then(|| LocalRoute { prefix, index, dev: index.and_then(name), table, proto })
}

fn write(w: &mut Writer, kind: u16, flags: u16, route: &LocalRoute) {
    let mut body = [0; RTMSG];
    body[0] = if route.prefix.address().is_ipv4() { libc::AF_INET } else { libc::AF_INET6 } as u8;
    body[1] = route.prefix.len();
    body[4] = RT_TABLE_LOCAL;
    body[5] = route.proto;
    body[6] = if route.prefix.address().is_ipv4() { RT_SCOPE_HOST } else { 0 };
    body[7] = RTN_LOCAL;
    w.begin(kind, flags, &body);
    with_octets(route.prefix.address(), |octets| w.attribute(RTA_DST, octets));
    if let Some(index) = route.index {
        w.attribute(RTA_OIF, &index.to_ne_bytes());
    }
}

/// Adds a route; `Ok(false)` where the same one is there.
pub(crate) fn add(socket: &mut Socket, route: &LocalRoute) -> Result<bool> {
    change(socket, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, "add", &[libc::EEXIST])
}

/// Deletes a route; `Ok(false)` where it is not there.
pub(crate) fn delete(socket: &mut Socket, route: &LocalRoute) -> Result<bool> {
    change(socket, RTM_DELROUTE, 0, route, "delete", &[libc::ESRCH, libc::ENODEV])
}

fn change(
    socket: &mut Socket,
    kind: u16,
    flags: u16,
    route: &LocalRoute,
    act: &str,
    no_change: &[i32],
) -> Result<bool> {
    let mut refused = None;
    let mut written = |w: &mut Writer, _, batch| write(w, kind, flags | batch, route);
    let sent = socket.batch(1, &mut written, &mut |_, refusal| refused = Some(refusal));
    match sent.err().or(refused) {
        None => Ok(true),
        Some(refusal) if no_change.contains(&refusal.errno) => Ok(false),
        Some(refusal) => Err(refusal.error(act, format_args!("local route {}", route.prefix))),
    }
}

/// Checks a prefix and makes the route for it.
pub(crate) fn local_route(prefix: Prefix, interface: &Interface) -> Result<LocalRoute> {
    if prefix.len() == 0 {
        return Err(Error::input(format_args!("prefix {prefix}"), "it holds every address"));
    }
    Vip::from_prefix(prefix)?;
    if prefix.network() != prefix {
        return Err(Error::input(
            format_args!("prefix {prefix}"),
            format_args!("it has host bits set; the network is {}", prefix.network()),
        ));
    }
    Ok(LocalRoute {
        prefix,
        index: Some(interface.index),
        dev: Some(interface.name),
        table: u32::from(RT_TABLE_LOCAL),
        proto: OUR_PROTOCOL,
    })
}

impl Host {
    /// Makes a whole prefix local by one route, so that every address in it is accepted. `Ok(false)`: it was there already.
    ///
    /// In ARP such an address behaves as one on no interface: answered at `arp_ignore` 0, 4 to 7 and 9 and above, silent at 1, 2, 3 and 8.
    pub fn bind_prefix(&self, prefix: Prefix, dev: &IfName) -> Result<bool> {
        let mut socket = self.socket();
        let interface = crate::conf::link::read(&mut socket, dev)?;
        add(&mut socket, &local_route(prefix, &interface)?)
    }

    /// Removes the local route of a prefix. `Ok(false)`: it was not there.
    pub fn unbind_prefix(&self, prefix: Prefix, dev: &IfName) -> Result<bool> {
        let mut socket = self.socket();
        let interface = crate::conf::link::read(&mut socket, dev)?;
        delete(&mut socket, &local_route(prefix, &interface)?)
    }
}
