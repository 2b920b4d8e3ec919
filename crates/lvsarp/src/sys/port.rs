//! A TCP port that no other socket of this host gets, and numbers that nobody can guess.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{retry, set_option, socket};

/// A TCP socket in the calling thread's network namespace that is bound to a free port of an address and does nothing else; the port is taken as
/// long as it is open. `index` says on which interface a link-local address is meant.
pub(crate) fn reserve_port(address: IpAddr, index: u32) -> io::Result<(OwnedFd, u16)> {
    match address {
        IpAddr::V4(address) => {
            // SAFETY: sockaddr_in is plain data for which all zeros is a value.
            let mut name: libc::sockaddr_in = unsafe { zeroed() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_addr.s_addr = u32::from_ne_bytes(address.octets());
            bound(libc::AF_INET, &mut name).map(|fd| (fd, u16::from_be(name.sin_port)))
        }
        IpAddr::V6(address) => {
            // SAFETY: sockaddr_in6 is plain data for which all zeros is a value.
            let mut name: libc::sockaddr_in6 = unsafe { zeroed() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_addr.s6_addr = address.octets();
            name.sin6_scope_id = if address.is_unicast_link_local() { index } else { 0 };
            bound(libc::AF_INET6, &mut name).map(|fd| (fd, u16::from_be(name.sin6_port)))
        }
    }
}

/// Binds a new socket to a name, a `sockaddr` of the family, and reads back what it is bound to.
fn bound<T>(family: libc::c_int, name: &mut T) -> io::Result<OwnedFd> {
    let fd = socket(family, libc::SOCK_STREAM, 0)?;
    // The address of an interface in a VRF is not local to a socket that is not (`net/ipv4/af_inet.c: __inet_bind()`).
    match family {
        libc::AF_INET => set_option(fd.as_fd(), libc::IPPROTO_IP, libc::IP_FREEBIND, 1)?,
        _ => set_option(fd.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_FREEBIND, 1)?,
    }
    let mut length = size_of::<T>() as libc::socklen_t;
    retry(|| {
        // SAFETY: the pointer is to a live address and the length is its.
        let rc = unsafe { libc::bind(fd.as_raw_fd(), (&raw const *name).cast(), length) };
        rc as libc::ssize_t
    })?;
    retry(|| {
        // SAFETY: the pointer is to a live address, the length is its, and any bytes are a value of it.
        let rc = unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut *name).cast(), &raw mut length) };
        rc as libc::ssize_t
    })?;
    Ok(fd)
}

/// Random bytes from the kernel.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    retry(|| {
        // SAFETY: pointer and length are those of a live array; up to 256 bytes come at once (random(7)).
        unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) }
    })?;
    Ok(bytes)
}
