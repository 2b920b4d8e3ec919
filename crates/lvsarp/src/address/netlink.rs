//! Addresses over netlink: `RTM_GETADDR`, `RTM_NEWADDR`, `RTM_DELADDR`.

use std::net::IpAddr;

use super::same_binding;
use crate::error::{Error, ErrorKind, Result};
use crate::flags::{AddressFlags, AddressScope};
use crate::netlink::wire::{Writer, each_attribute, text, u8_at, u32_at};
use crate::netlink::{Refusal, Socket};
use crate::snapshot::{Address, Interface};
use crate::sorted::Sorted;

pub(crate) const RTM_NEWADDR: u16 = 20;
pub(crate) const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;

const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;

/// The length of `struct ifaddrmsg`.
const IFADDRMSG: usize = 8;

const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;
const IFA_RT_PRIORITY: u16 = 9;
const IFA_PROTO: u16 = 11;

const FOREVER: u32 = u32::MAX;

/// The addresses of one interface or of all, both families. The second value: whether an address belonged to none of `interfaces`.
pub(crate) fn list(socket: &mut Socket, index: Option<u32>, interfaces: &[Interface]) -> Result<(Vec<Address>, bool)> {
    let by_index = Sorted::by(interfaces, |interface| interface.index);
    let mut stray = false;
    let mut addresses = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let mut body = [0; IFADDRMSG];
        body[0] = family as u8;
        body[4..8].copy_from_slice(&index.unwrap_or(0).to_ne_bytes());
        let listed = socket.dump(
            "addresses",
            RTM_GETADDR,
            &body,
            |_| {},
            |payload| {
                let address = parse(payload)?;
                // Kernels without strict checking (before 4.20) send every device's.
                if index.is_some_and(|index| index != address.index) {
                    return None;
                }
                match by_index.all(address.index).next() {
                    Some(interface) => Some(Address { dev: interface.name, ..address }),
                    None => {
                        stray = true;
                        None
                    }
                }
            },
        );
        match listed {
            Ok(listed) if addresses.is_empty() => addresses = listed,
            Ok(listed) => addresses.extend(listed),
            // A kernel without IPv6.
            Err(e) if family == libc::AF_INET6 && e.kind() == ErrorKind::Unsupported => {}
            Err(e) => return Err(e),
        }
    }
    Ok((addresses, stray))
}

/// Binds addresses, given what is there. What is bound just so is no change; with another scope or label it is removed and added.
///
/// If one fails, what this call did is taken back. Only addresses that were not in `present` are ever removed for that.
pub(crate) fn bind(socket: &mut Socket, wanted: &[Address], present: &[Address]) -> Result<Vec<bool>> {
    let there = Sorted::by(present, |a| (a.index, a.local, a.prefixlen));
    let mut changed = vec![false; wanted.len()];
    let (mut fresh, mut other) = (Vec::new(), Vec::new());
    for (i, new) in wanted.iter().enumerate() {
        match there.all((new.index, new.local, new.prefixlen)).find(|a| a.peer.is_none()) {
            None => fresh.push(i),
            Some(old) if !same_binding(old, new) => other.push((i, old)),
            Some(_) => {}
        }
    }
    fresh.iter().for_each(|i| changed[*i] = true);
    let mut failure: Option<(usize, Refusal)> = None;
    let sent = socket.batch(fresh.len(), &mut |w, n, flags| add(w, &wanted[fresh[n]], flags), &mut |n, refusal| {
        changed[fresh[n]] = false;
        // EEXIST: another program was faster.
        if refusal.errno != libc::EEXIST && failure.is_none() {
            failure = Some((fresh[n], refusal));
        }
    });
    let mut result = match (sent, failure) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some((i, refusal))) => Err(not_bound(&refusal, &wanted[i])),
        // How far the kernel came is not known: all that were not refused count as bound.
        (Err(refusal), _) => Err(refusal.error("bind", format_args!("{} addresses", wanted.len()))),
    };
    let mut replaced = Vec::new();
    for (i, old) in other {
        if result.is_ok() {
            result = replace(socket, old, &wanted[i]);
            if result.is_ok() {
                changed[i] = true;
                replaced.push((old, &wanted[i]));
            }
        }
    }
    result.map(|()| changed.clone()).map_err(|error| {
        let bound: Vec<Address> = fresh.iter().filter(|i| changed[**i]).map(|i| wanted[*i].clone()).collect();
        if bound.is_empty() && replaced.is_empty() {
            return error;
        }
        let mut failures: Vec<Error> = unbind(socket, &bound).err().into_iter().collect();
        failures.extend(replaced.iter().filter_map(|(old, new)| replace(socket, new, old).err()));
        error.after_roll_back(failures)
    })
}

/// Removes one address and adds another in its place; if either fails the first comes back.
pub(crate) fn replace(socket: &mut Socket, old: &Address, new: &Address) -> Result<()> {
    let removed = unbind(socket, std::slice::from_ref(old));
    let replaced = removed.and_then(|_| add_one(socket, new).map_err(|refusal| not_bound(&refusal, new)));
    replaced.map_err(|error| match add_one(socket, old) {
        // It was not removed, or nothing can be done here at all.
        Err(refusal) if refusal.errno == libc::EEXIST || refusal.errno == error.errno() => error,
        back => error.after_roll_back(back.err().map(|refusal| not_bound(&refusal, old)).into_iter().collect()),
    })
}

/// Adds one address, whatever its attributes.
pub(crate) fn add_one(socket: &mut Socket, address: &Address) -> std::result::Result<(), Refusal> {
    let mut failure = None;
    socket.batch(1, &mut |w, _, flags| add(w, address, flags), &mut |_, refusal| failure = Some(refusal))?;
    failure.map_or(Ok(()), Err)
}

/// Removes addresses. One that is not there is no change.
pub(crate) fn unbind(socket: &mut Socket, gone: &[Address]) -> Result<Vec<bool>> {
    match remove(socket, gone) {
        (changed, None) => Ok(changed),
        (_, Some(error)) => Err(error),
    }
}

/// Removes addresses, and says of each whether it was removed, also where another could not be.
pub(crate) fn remove(socket: &mut Socket, gone: &[Address]) -> (Vec<bool>, Option<Error>) {
    let mut changed = vec![true; gone.len()];
    let mut failure = None;
    let sent = socket.batch(gone.len(), &mut |w, i, flags| delete(w, &gone[i], flags), &mut |i, refusal| {
        changed[i] = false;
        match refusal.errno {
            // ENXIO: the device has no part of this family, and so no address.
            libc::EADDRNOTAVAIL | libc::ENODEV | libc::ENXIO => {}
            _ if failure.is_none() => failure = Some((i, refusal)),
            _ => {}
        }
    });
    let error = match (sent, failure) {
        (Err(refusal), _) => Some(refusal.error("remove", format_args!("{} addresses", gone.len()))),
        (Ok(()), failure) => failure.map(|(i, refusal)| refusal.error("remove", place(&gone[i]))),
    };
    (changed, error)
}

/// The error of an address that could not be bound.
fn not_bound(refusal: &Refusal, address: &Address) -> Error {
    if address.local.is_ipv6() && refusal.errno == libc::EACCES {
        // net/ipv6/addrconf.c: addrconf_add_dev(), and no lack of privilege.
        let cause = "IPv6 is disabled on the device";
        return Error::new(ErrorKind::Unsupported, "bind", place(address), cause)
            .hint(format_args!("set net.ipv6.conf.{}.disable_ipv6 to 0", address.dev));
    }
    refusal.error("bind", place(address))
}

fn place(address: &Address) -> String {
    format!("{}/{} dev {}", address.local, address.prefixlen, address.dev)
}

fn add(w: &mut Writer, address: &Address, flags: u16) {
    w.begin(RTM_NEWADDR, flags | NLM_F_CREATE | NLM_F_EXCL, &header(address));
    identity(w, address);
    if let Some(broadcast) = address.broadcast {
        with_octets(broadcast, |octets| w.attribute(IFA_BROADCAST, octets));
    }
    if let Some(label) = &address.label
        && address.local.is_ipv4()
    {
        w.attribute(IFA_LABEL, &[label.as_bytes(), b"\0"].concat());
    }
    if let Some(metric) = address.metric {
        w.attribute(IFA_RT_PRIORITY, &metric.to_ne_bytes());
    }
    if let Some(proto) = address.proto {
        w.attribute(IFA_PROTO, &[proto]);
    }
    // The kernel sets these three itself.
    let flags = address.flags.0 & !(AddressFlags::PERMANENT | AddressFlags::DEPRECATED | AddressFlags::SECONDARY);
    if flags != 0 {
        w.attribute(IFA_FLAGS, &flags.to_ne_bytes());
    }
    if address.valid.is_some() || address.preferred.is_some() {
        let mut cacheinfo = [0; 16];
        cacheinfo[..4].copy_from_slice(&address.preferred.unwrap_or(FOREVER).to_ne_bytes());
        cacheinfo[4..8].copy_from_slice(&address.valid.unwrap_or(FOREVER).to_ne_bytes());
        w.attribute(IFA_CACHEINFO, &cacheinfo);
    }
}

/// A deletion names local address, prefix and device always: without attributes the kernel deletes the first address of the device, which on lo
/// is 127.0.0.1 (`net/ipv4/devinet.c: inet_rtm_deladdr()`).
fn delete(w: &mut Writer, address: &Address, flags: u16) {
    w.begin(RTM_DELADDR, flags, &header(address));
    identity(w, address);
}

fn header(address: &Address) -> [u8; IFADDRMSG] {
    let mut header = [0; IFADDRMSG];
    header[0] = if address.local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 } as u8;
    header[1] = address.prefixlen;
    header[3] = address.scope.0;
    header[4..8].copy_from_slice(&address.index.to_ne_bytes());
    header
}

fn identity(w: &mut Writer, address: &Address) {
    with_octets(address.local, |octets| w.attribute(IFA_LOCAL, octets));
    with_octets(address.peer.unwrap_or(address.local), |octets| w.attribute(IFA_ADDRESS, octets));
}

pub(crate) fn with_octets(address: IpAddr, use_them: impl FnOnce(&[u8])) {
    match address {
        IpAddr::V4(a) => use_them(&a.octets()),
        IpAddr::V6(a) => use_them(&a.octets()),
    }
}

/// An address from the bytes of an attribute.
pub(crate) fn address_from(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
        _ => None,
    }
}

/// An address from the payload of `RTM_NEWADDR` or `RTM_DELADDR`, without the name of its device.
pub(crate) fn parse(payload: &[u8]) -> Option<Address> {
    let mut local = None;
    let mut address = None;
    let mut parsed = Address {
        index: u32_at(payload, 4)?,
        dev: crate::IfName::from_kernel(b"?"),
        local: IpAddr::from([0; 4]),
        peer: None,
        prefixlen: u8_at(payload, 1)?,
        broadcast: None,
        scope: AddressScope(u8_at(payload, 3)?),
        label: None,
        flags: AddressFlags(u32::from(u8_at(payload, 2)?)),
        metric: None,
        proto: None,
        valid: None,
        preferred: None,
    };
    each_attribute(payload, IFADDRMSG, &mut |kind, value| {
        match kind {
            IFA_LOCAL => local = address_from(value),
            IFA_ADDRESS => address = address_from(value),
            IFA_BROADCAST => parsed.broadcast = address_from(value),
            IFA_LABEL => parsed.label = Some(String::from_utf8_lossy(text(value)).into()),
            IFA_FLAGS => parsed.flags = AddressFlags(u32_at(value, 0)?),
            IFA_RT_PRIORITY => parsed.metric = u32_at(value, 0).filter(|metric| *metric != 0),
            IFA_PROTO => parsed.proto = u8_at(value, 0),
            IFA_CACHEINFO => {
                parsed.preferred = u32_at(value, 0).filter(|seconds| *seconds != FOREVER);
                parsed.valid = u32_at(value, 4).filter(|seconds| *seconds != FOREVER);
            }
            _ => {}
        }
        Some(())
    })?;
    // Of an address that stays for ever IPv4 reports that it is deprecated in the flag alone (net/ipv4/devinet.c: inet_fill_ifaddr()).
    if parsed.flags.contains(AddressFlags::DEPRECATED) {
        parsed.preferred = Some(0);
    }
    // IPv6 sends IFA_LOCAL only where there is a peer.
    parsed.local = local.or(address)?;
    parsed.peer = address.filter(|address| *address != parsed.local);
    Some(parsed)
}
