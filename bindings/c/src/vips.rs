//! Interfaces, addresses and prefixes: listing, binding and removing, one or many.

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Address, Binding, IfName, Interface, LocalRoute, Method, Role, Vip};

use crate::constants::{
    LVSARP_FORCE, LVSARP_FOREVER, LVSARP_ROLE_DOWN, LVSARP_ROLE_LOOPBACK, LVSARP_ROLE_NO_IPV4, LVSARP_ROLE_NOARP,
    LVSARP_ROLE_PORT, LVSARP_ROLE_SPEAKS,
};
use crate::door::enter;
use crate::edge::{self, SizedStruct};
use crate::handle::{Body, Result, Subject, lvsarp_host};
use crate::outcome::Outcome;
use crate::values::{lvsarp_address, lvsarp_bind_options, lvsarp_interface, lvsarp_prefix};

/// Gets one interface. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_interface_cb = Option<extern "C" fn(interface: *const lvsarp_interface, arg: *mut c_void) -> c_int>;

/// Gets one address. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_address_cb = Option<extern "C" fn(address: *const lvsarp_address, arg: *mut c_void) -> c_int>;

/// Gets one prefix. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_prefix_cb = Option<extern "C" fn(prefix: *const lvsarp_prefix, arg: *mut c_void) -> c_int>;

/// The interfaces, in the kernel's order. Needs no privilege.
///
/// @param cb   gets each interface
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_interface_each(h: *mut lvsarp_host, cb: lvsarp_interface_cb, arg: *mut c_void) -> c_int {
    enter(h, &mut |body| {
        let live;
        let interfaces = match body.subject() {
            Subject::Live(host) => {
                live = host.interfaces()?;
                &live
            }
            Subject::Recorded(model) => &model.snapshot().interfaces,
        };
        edge::walk(interfaces.iter().map(|one| interface(one, Role::of(one, interfaces))), cb, arg)
    })
}

fn interface(interface: &Interface, role: Role) -> lvsarp_interface {
    let mut ours = lvsarp_interface {
        index: interface.index,
        flags: interface.flags.0,
        hardware: interface.hardware.into(),
        mtu: interface.mtu,
        master: interface.master.unwrap_or(0),
        link: interface.link.unwrap_or(0),
        role: match role {
            Role::Speaks { up: true } => LVSARP_ROLE_SPEAKS,
            Role::Speaks { up: false } => LVSARP_ROLE_DOWN,
            Role::Loopback => LVSARP_ROLE_LOOPBACK,
            Role::Port { .. } => LVSARP_ROLE_PORT,
            Role::NoArp => LVSARP_ROLE_NOARP,
            Role::NoIpv4 => LVSARP_ROLE_NO_IPV4,
        },
        ..lvsarp_interface::empty()
    };
    edge::copy(interface.name.as_bytes(), &mut ours.name);
    edge::copy(interface.kind.as_deref().unwrap_or(""), &mut ours.kind);
    edge::copy(interface.mac.as_deref().unwrap_or(""), &mut ours.mac);
    ours
}

/// What is bound on a device: its addresses of both families without 127.0.0.0/8 and ::1, in the kernel's order. Needs no privilege.
///
/// @param dev  the device, such as "lo"
/// @param cb   gets each address
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -ENODEV if there is no such device; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_vip_each(
    h: *mut lvsarp_host,
    dev: *const c_char,
    cb: lvsarp_address_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        let mut found = addresses(body, Some(edge::device(dev)?))?;
        found.retain(|a| !a.local.is_loopback());
        edge::walk(found.iter().map(address), cb, arg)
    })
}

/// The addresses of a device, or of all of them: both families, in the kernel's order, as ip address lists them. Needs no privilege.
///
/// @param dev  the device, or NULL for all
/// @param cb   gets each address
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -ENODEV if there is no such device; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_address_each(
    h: *mut lvsarp_host,
    dev: *const c_char,
    cb: lvsarp_address_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        let dev = if dev.is_null() { None } else { Some(edge::device(dev)?) };
        edge::walk(addresses(body, dev)?.iter().map(address), cb, arg)
    })
}

fn addresses(body: &Body, dev: Option<IfName>) -> Result<Vec<Address>> {
    let snapshot = match body.subject() {
        Subject::Live(host) => return Ok(host.addresses(dev.as_ref())?),
        Subject::Recorded(model) => model.snapshot(),
    };
    let mut addresses = snapshot.addresses.clone();
    if let Some(dev) = dev {
        let index = snapshot.interface(&dev)?.index;
        addresses.retain(|address| address.index == index);
    }
    Ok(addresses)
}

fn address(address: &Address) -> lvsarp_address {
    let mut ours = lvsarp_address {
        index: address.index,
        family: if address.local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 },
        prefixlen: address.prefixlen.into(),
        flags: address.flags.0,
        metric: address.metric.unwrap_or(0),
        protocol: address.proto.map_or(-1, i32::from),
        valid: address.valid.unwrap_or(LVSARP_FOREVER),
        preferred: address.preferred.unwrap_or(LVSARP_FOREVER),
        ..lvsarp_address::empty()
    };
    let text = |address: Option<std::net::IpAddr>| address.map(|a| a.to_string()).unwrap_or_default();
    edge::copy(address.dev.as_bytes(), &mut ours.dev);
    edge::copy(address.label.as_deref().unwrap_or(""), &mut ours.label);
    edge::copy(address.scope.to_string(), &mut ours.scope);
    edge::copy(address.local.to_string(), &mut ours.local);
    edge::copy(text(address.peer), &mut ours.peer);
    edge::copy(text(address.broadcast), &mut ours.broadcast);
    ours
}

/// Runs something that changes something, and keeps how much it changed.
fn changing(h: *mut lvsarp_host, change: &mut dyn FnMut(&Body) -> Result<usize>) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        body.outcome.changed = change(body)?;
        Ok(0)
    })
}

/// Binds a VIP on a device, as /32 or /128 with scope global, in one netlink request. Set the levels first, or the VIP is answered for in
/// between: lvsarp_apply() does it in the right order. CAP_NET_ADMIN is needed.
///
/// Where it is bound with another scope or label it is removed and added again. lvsarp_changed() is 0 where it was bound just so already.
///
/// @param vip    "192.0.2.10" or "2001:db8::10"; a prefix length other than /32 or /128 is refused on a loopback device
/// @param dev    the device, such as "lo"
/// @param label  of an IPv4 address: the device's name, or that, a colon and more ("lo:0"); NULL for the device's name
/// @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_vip_bind(
    h: *mut lvsarp_host,
    vip: *const c_char,
    dev: *const c_char,
    label: *const c_char,
) -> c_int {
    changing(h, &mut |body| {
        let binding = Binding { label: edge::label(label)?, ..Binding::new(edge::vip(vip)?, edge::device(dev)?) };
        Ok(body.live("bind")?.bind(&binding)?.into())
    })
}

/// Binds many VIPs on one device, with many requests in one send. If one of them fails, those that this call had bound are removed again.
///
/// @param vips     n VIPs
/// @param n        how many
/// @param options  or NULL: on lo, scope global, over netlink
/// @param changed  n places, each of which becomes 1 where that VIP was bound and 0 where it was bound just so already; may be NULL
/// @return as lvsarp_vip_bind()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_vip_bind_many(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    options: *const lvsarp_bind_options,
    changed: *mut i32,
) -> c_int {
    changing(h, &mut |body| {
        let options = edge::options(options)?;
        let dev = IfName::new(edge::field("interface name", &options.dev)?.unwrap_or("lo"))?;
        let label = edge::field("label", &options.label)?;
        let scope = edge::field("scope", &options.address_scope)?.unwrap_or("global").parse()?;
        let method = edge::one_of("method", options.method, &[Method::Netlink, Method::Ioctl])?;
        let force = edge::flags(options.flags, LVSARP_FORCE)? != 0;
        let with = |vip| Binding { label: label.map(str::to_owned), scope, method, force, ..Binding::new(vip, dev) };
        let bindings: Vec<Binding> = edge::vips(vips, n)?.into_iter().map(with).collect();
        let bound = body.live("bind")?.bind_many(&bindings)?;
        let count = bound.iter().filter(|changed| **changed).count();
        edge::put_all(changed, bound.into_iter().map(i32::from));
        Ok(count)
    })
}

/// Removes a VIP from a device. lvsarp_changed() is 0 where it was not there. CAP_NET_ADMIN is needed.
///
/// @param vip  "192.0.2.10" or "2001:db8::10", with its prefix length if that is not /32 or /128
/// @param dev  the device, such as "lo"
/// @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_vip_unbind(h: *mut lvsarp_host, vip: *const c_char, dev: *const c_char) -> c_int {
    changing(h, &mut |body| {
        let (vip, dev) = (edge::vip(vip)?, edge::device(dev)?);
        Ok(body.live("unbind")?.unbind(vip, &dev)?.into())
    })
}

/// Removes many VIPs from one device, with many requests in one send. If one of them fails, those that this call had removed are bound again, with
/// scope global and the device's label.
///
/// @param vips     n VIPs
/// @param n        how many
/// @param dev      the device, such as "lo"
/// @param changed  n places, each of which becomes 1 where that VIP was removed and 0 where it was not there; may be NULL
/// @return as lvsarp_vip_unbind()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_vip_unbind_many(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    dev: *const c_char,
    changed: *mut i32,
) -> c_int {
    changing(h, &mut |body| {
        let dev = edge::device(dev)?;
        let gone: Vec<(Vip, IfName)> = edge::vips(vips, n)?.into_iter().map(|vip| (vip, dev)).collect();
        let removed = body.live("unbind")?.unbind_many(&gone)?;
        let count = removed.iter().filter(|changed| **changed).count();
        edge::put_all(changed, removed.into_iter().map(i32::from));
        Ok(count)
    })
}

/// Makes the host accept packets to every address of a prefix, by one local route (AnyIP). CAP_NET_ADMIN is needed.
///
/// @param prefix  such as "198.51.100.0/24"
/// @param dev     the device, such as "lo"
/// @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_prefix_bind(h: *mut lvsarp_host, prefix: *const c_char, dev: *const c_char) -> c_int {
    changing(h, &mut |body| {
        let (prefix, dev) = (edge::prefix(prefix)?, edge::device(dev)?);
        Ok(body.live("bind a prefix")?.bind_prefix(prefix, &dev)?.into())
    })
}

/// Removes the local route of a prefix. lvsarp_changed() is 0 where it was not there. CAP_NET_ADMIN is needed.
///
/// @param prefix  such as "198.51.100.0/24"
/// @param dev     the device, such as "lo"
/// @return 0; -EINVAL; -ENODEV; -EPERM; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_prefix_unbind(h: *mut lvsarp_host, prefix: *const c_char, dev: *const c_char) -> c_int {
    changing(h, &mut |body| {
        let (prefix, dev) = (edge::prefix(prefix)?, edge::device(dev)?);
        Ok(body.live("unbind a prefix")?.unbind_prefix(prefix, &dev)?.into())
    })
}

/// The prefixes that somebody made local by hand: routes of type local without an address of their own. Needs no privilege.
///
/// @param cb   gets each prefix
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_prefix_each(h: *mut lvsarp_host, cb: lvsarp_prefix_cb, arg: *mut c_void) -> c_int {
    enter(h, &mut |body| {
        let live;
        let routes = match body.subject() {
            Subject::Live(host) => {
                live = host.local_routes()?;
                &live
            }
            Subject::Recorded(model) => &model.snapshot().local_routes,
        };
        edge::walk(routes.iter().map(prefix), cb, arg)
    })
}

fn prefix(route: &LocalRoute) -> lvsarp_prefix {
    let mut ours = lvsarp_prefix {
        index: route.index.unwrap_or(0),
        prefixlen: route.prefix.len().into(),
        table: route.table,
        protocol: route.proto.into(),
        ..lvsarp_prefix::empty()
    };
    edge::copy(route.dev.as_ref().map_or(&[][..], |dev| dev.as_bytes()), &mut ours.dev);
    edge::copy(route.prefix.address().to_string(), &mut ours.network);
    ours
}
