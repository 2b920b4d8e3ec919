//! Packet sockets: raw Ethernet frames on one interface.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::{read_option, retry, socket};
use crate::wire::Instruction;

/// A packet socket in the calling thread's network namespace. It hears nothing before it is bound.
pub(crate) fn packet_socket() -> io::Result<OwnedFd> {
    socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_NONBLOCK, 0)
}

/// Lets through only what a program accepts.
pub(crate) fn attach_filter(fd: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    // The kernel only reads it.
    let filter = libc::sock_fprog { len: program.len() as libc::c_ushort, filter: program.as_ptr().cast_mut().cast() };
    retry(|| {
        let len = size_of::<libc::sock_fprog>() as libc::socklen_t;
        // SAFETY: the pointer is to a live struct, which points to `len` live instructions of the kernel's layout.
        let rc = unsafe {
            libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, (&raw const filter).cast(), len)
        };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Hears from now on the frames of a type (`ETH_P_*`) that come by an interface, and sends by it.
pub(crate) fn bind_packet(fd: BorrowedFd<'_>, index: u32, protocol: u16) -> io::Result<()> {
    // SAFETY: sockaddr_ll is plain data for which all zeros is a value.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    address.sll_family = libc::AF_PACKET as libc::sa_family_t;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index as libc::c_int;
    retry(|| {
        let len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the pointer is to a live address and the length is its.
        let rc = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// The index of the interface to which a packet socket is bound; -1 once that was removed (`net/packet/af_packet.c: packet_notifier()`).
pub(crate) fn bound_index(fd: BorrowedFd<'_>) -> io::Result<libc::c_int> {
    // SAFETY: sockaddr_ll is plain data for which all zeros is a value.
    let mut address: libc::sockaddr_ll = unsafe { zeroed() };
    retry(|| {
        let mut len = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the pointer is to a live address and `len` says how long it is.
        let rc = unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut address).cast(), &mut len) };
        rc as libc::ssize_t
    })?;
    Ok(address.sll_ifindex)
}

/// Makes the interface hear every group for as long as the socket is open (`PACKET_MR_ALLMULTI`).
pub(crate) fn hear_all_groups(fd: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    // SAFETY: packet_mreq is plain data for which all zeros is a value.
    let mut wanted: libc::packet_mreq = unsafe { zeroed() };
    wanted.mr_ifindex = index as libc::c_int;
    wanted.mr_type = libc::PACKET_MR_ALLMULTI as libc::c_ushort;
    retry(|| {
        let len = size_of::<libc::packet_mreq>() as libc::socklen_t;
        let option = libc::PACKET_ADD_MEMBERSHIP;
        // SAFETY: the pointer is to a live struct and the length is its.
        let rc = unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_PACKET, option, (&raw const wanted).cast(), len) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// How many frames were lost since the last call because nobody fetched them in time.
pub(crate) fn lost_frames(fd: BorrowedFd<'_>) -> io::Result<u32> {
    let mut stats = [0; size_of::<libc::tpacket_stats>()];
    read_option(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut stats)?;
    let [.., a, b, c, d] = stats;
    Ok(u32::from_ne_bytes([a, b, c, d]))
}

/// Waits until one of the descriptors is readable, for `milliseconds` at most, or for ever at -1. `false`: the time is over. A signal ends the
/// wait with EINTR, so that the caller can look what it meant.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, milliseconds: libc::c_int) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one live pollfd.
    match unsafe { libc::poll(&raw mut poll, 1, milliseconds) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready > 0),
    }
}

/// A descriptor that is readable when one of others is.
pub(crate) fn epoll(watched: &[BorrowedFd<'_>]) -> io::Result<OwnedFd> {
    let epoll = super::owned(|| {
        // SAFETY: epoll_create1() takes no pointers.
        unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }
    })?;
    for fd in watched {
        epoll_add(epoll.as_fd(), *fd)?;
    }
    Ok(epoll)
}

/// Adds a descriptor to those that make it readable.
pub(crate) fn epoll_add(epoll: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: fd.as_raw_fd() as u64 };
    retry(|| {
        // SAFETY: the pointer is to a live event, which the kernel copies.
        let rc = unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// A descriptor that becomes readable when its time is over.
pub(crate) fn timer() -> io::Result<OwnedFd> {
    super::owned(|| {
        // SAFETY: timerfd_create() takes no pointers.
        unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC | libc::TFD_NONBLOCK) }
    })
}

/// Makes a timer readable after this time; `None`: not at all. It is not readable from here on until then.
pub(crate) fn set_timer(timer: BorrowedFd<'_>, after: Option<std::time::Duration>) -> io::Result<()> {
    // SAFETY: itimerspec is plain data for which all zeros is a value, and it disarms a timer.
    let mut spec: libc::itimerspec = unsafe { zeroed() };
    if let Some(after) = after {
        spec.it_value.tv_sec = libc::time_t::try_from(after.as_secs()).unwrap_or(libc::time_t::MAX);
        // A timer of 0 would never come.
        spec.it_value.tv_nsec = after.subsec_nanos().max(1) as libc::c_long;
    }
    retry(|| {
        // SAFETY: the new value is live, and the old one is not asked for.
        let rc = unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const spec, std::ptr::null_mut()) };
        rc as libc::ssize_t
    })
    .map(drop)
}
