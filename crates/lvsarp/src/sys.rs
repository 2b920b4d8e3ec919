//! Every unsafe block of the crate: system calls that `std` does not have, each behind a safe function.
//!
//! All of them retry EINTR, and every descriptor they make is close-on-exec and owned.

#![allow(unsafe_code)]

pub(crate) mod file;
mod namespace;
pub(crate) mod packet;
mod port;

use std::ffi::CStr;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub(crate) use namespace::{enter_netns, in_a_thread, leave_namespaces, mount, tie_to_this_thread};
pub(crate) use port::{random, reserve_port};

/// The cookie of a socket's network namespace (kernel 5.14 and later); missing in older `libc` crates.
const SO_NETNS_COOKIE: libc::c_int = 71;

/// `linux/membarrier.h: MEMBARRIER_CMD_GLOBAL`.
const MEMBARRIER_CMD_GLOBAL: libc::c_int = 1;

/// Repeats a call until it is not interrupted by a signal.
fn retry(mut call: impl FnMut() -> libc::ssize_t) -> io::Result<usize> {
    loop {
        match usize::try_from(call()) {
            Ok(value) => return Ok(value),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

fn socket(domain: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<OwnedFd> {
    owned(|| {
        // SAFETY: socket() takes no pointers.
        unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) }
    })
}

/// The new descriptor that a system call makes.
fn owned(mut make: impl FnMut() -> libc::c_int) -> io::Result<OwnedFd> {
    let fd = retry(|| make() as libc::ssize_t)?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// A socket for `NETLINK_ROUTE` in the calling thread's network namespace.
pub(crate) fn netlink_socket() -> io::Result<OwnedFd> {
    socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)
}

/// A socket that hears of what these groups (`RTMGRP_*`) tell, in the calling thread's network namespace.
pub(crate) fn netlink_listener(groups: u32) -> io::Result<OwnedFd> {
    let fd = netlink_socket()?;
    // SAFETY: sockaddr_nl is plain data for which all zeros is a value.
    let mut address: libc::sockaddr_nl = unsafe { zeroed() };
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    address.nl_groups = groups;
    retry(|| {
        let len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: the pointer is to a live address and the length is its.
        let rc = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) };
        rc as libc::ssize_t
    })?;
    Ok(fd)
}

/// A socket for `NETLINK_FIB_LOOKUP` in the calling thread's network namespace.
pub(crate) fn fib_lookup_socket() -> io::Result<OwnedFd> {
    const NETLINK_FIB_LOOKUP: libc::c_int = 10;
    socket(libc::AF_NETLINK, libc::SOCK_RAW, NETLINK_FIB_LOOKUP)
}

/// A socket for `NETLINK_NETFILTER` in the calling thread's network namespace.
pub(crate) fn netfilter_socket() -> io::Result<OwnedFd> {
    socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_NETFILTER)
}

/// A socket that carries interface ioctls in the calling thread's network namespace.
pub(crate) fn ioctl_socket() -> io::Result<OwnedFd> {
    socket(libc::AF_INET, libc::SOCK_DGRAM, 0)
}

/// Sets an option of type int.
pub(crate) fn set_option(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    retry(|| {
        let len = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: the pointer is to a live int and the length is an int's.
        let rc = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const value).cast(), len) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Reads an option that is a struct, into its bytes, which also say what is asked for.
pub(crate) fn read_option(
    fd: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: &mut [u8],
) -> io::Result<()> {
    retry(|| {
        let mut len = value.len() as libc::socklen_t;
        // SAFETY: the pointer is to a live slice and `len` says how long it is.
        let rc = unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, value.as_mut_ptr().cast(), &mut len) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// The number that names a socket's network namespace until the next boot (`net/core/sock.c: SO_NETNS_COOKIE`).
pub(crate) fn netns_cookie(fd: BorrowedFd<'_>) -> io::Result<u64> {
    let mut cookie: u64 = 0;
    let mut len = size_of::<u64>() as libc::socklen_t;
    retry(|| {
        let value = (&raw mut cookie).cast();
        // SAFETY: the pointer is to a live u64 and `len` says how long it is.
        let rc = unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, SO_NETNS_COOKIE, value, &mut len) };
        rc as libc::ssize_t
    })?;
    Ok(cookie)
}

/// Sends one datagram.
pub(crate) fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    retry(|| {
        // SAFETY: pointer and length are those of a live slice.
        unsafe { libc::send(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0) }
    })
}

/// The port of a netlink socket; 0 before the kernel gave it one.
pub(crate) fn netlink_port(fd: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: sockaddr_nl is plain data for which all zeros is a value.
    let mut own: libc::sockaddr_nl = unsafe { zeroed() };
    retry(|| {
        let mut len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        // SAFETY: the pointer is to a live address and `len` says how long it is.
        let rc = unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut own).cast(), &mut len) };
        rc as libc::ssize_t
    })?;
    Ok(own.nl_pid)
}

/// Receives one datagram. Returns its true length, which may be larger than the buffer, and the sender's netlink port. Without `wait` it fails with
/// EAGAIN where there is none.
pub(crate) fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8], wait: bool) -> io::Result<(usize, u32)> {
    let flags = libc::MSG_TRUNC | if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: sockaddr_nl is plain data for which all zeros is a value.
    let mut from: libc::sockaddr_nl = unsafe { zeroed() };
    let len = retry(|| {
        let mut from_len = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        let address = (&raw mut from).cast();
        // SAFETY: buffer and address are live, and the lengths are theirs.
        unsafe {
            libc::recvfrom(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), flags, address, &mut from_len)
        }
    })?;
    Ok((len, from.nl_pid))
}

/// What names a file as long as it is open.
pub(crate) fn device_and_inode(fd: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    // SAFETY: stat is plain data for which all zeros is a value.
    let mut stat: libc::stat64 = unsafe { zeroed() };
    retry(|| {
        // SAFETY: the pointer is to a live stat.
        let rc = unsafe { libc::fstat64(fd.as_raw_fd(), &raw mut stat) };
        rc as libc::ssize_t
    })?;
    Ok((stat.st_dev as u64, stat.st_ino as u64))
}

/// Opens a path below a directory.
pub(crate) fn open_at(dir: BorrowedFd<'_>, path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    let fd = retry(|| {
        // SAFETY: the path is NUL-terminated and outlives the call.
        let fd = unsafe { libc::openat(dir.as_raw_fd(), path.as_ptr(), flags | libc::O_CLOEXEC) };
        fd as libc::ssize_t
    })?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// Opens a directory by its path, only to open files below it.
pub(crate) fn open_path(path: &CStr) -> io::Result<OwnedFd> {
    let fd = retry(|| {
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        // SAFETY: the path is NUL-terminated and outlives the call.
        let fd = unsafe { libc::open64(path.as_ptr(), flags) };
        fd as libc::ssize_t
    })?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// Whether the mount that a descriptor lies on is read-only.
pub(crate) fn is_read_only(fd: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: statvfs is plain data for which all zeros is a value.
    let mut stat: libc::statvfs = unsafe { zeroed() };
    retry(|| {
        // SAFETY: the pointer is to a live statvfs.
        let rc = unsafe { libc::fstatvfs(fd.as_raw_fd(), &mut stat) };
        rc as libc::ssize_t
    })?;
    Ok(stat.f_flag & libc::ST_RDONLY != 0)
}

/// The running kernel's release.
pub(crate) fn kernel_release() -> io::Result<String> {
    // SAFETY: utsname is plain data for which all zeros is a value.
    let mut name: libc::utsname = unsafe { zeroed() };
    retry(|| {
        // SAFETY: the pointer is to a live utsname.
        let rc = unsafe { libc::uname(&mut name) };
        rc as libc::ssize_t
    })?;
    let release: Vec<u8> = name.release.iter().map(|c| *c as u8).take_while(|b| *b != 0).collect();
    Ok(String::from_utf8_lossy(&release).into_owned())
}

/// Takes an exclusive lock if nobody else holds it. `Ok(false)`: somebody does.
pub(crate) fn try_lock(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let locked = retry(|| {
        // SAFETY: flock() takes no pointers.
        let rc = unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
        rc as libc::ssize_t
    });
    match locked {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives a lock back. Closing the descriptor is not enough: a child that was forked meanwhile holds the same lock open.
pub(crate) fn unlock(fd: BorrowedFd<'_>) {
    // SAFETY: flock() takes no pointers.
    unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_UN) };
}

/// Tells the process that made it from every process that was forked since, also across PID namespaces, where two processes may have one number.
///
/// A page that the kernel empties in every child (`MADV_WIPEONFORK`, kernel 4.14); before that the process's number.
pub(crate) struct Birthmark {
    page: *mut u8,
    process: u32,
}

// SAFETY: the page belongs to the mark alone, and is only read until the mark is dropped.
unsafe impl Send for Birthmark {}
// SAFETY: as above.
unsafe impl Sync for Birthmark {}

impl Birthmark {
    /// Its page is this long, rounded up to the system's pages.
    const LEN: usize = 4096;

    pub fn new() -> Birthmark {
        let mut mark = Birthmark { page: std::ptr::null_mut(), process: 0 };
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new private mapping touches nothing that exists.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), Birthmark::LEN, prot, flags, -1, 0) };
        if page == libc::MAP_FAILED {
            mark.process = std::process::id();
            return mark;
        }
        mark.page = page.cast();
        // SAFETY: the mapping is ours and has just been made.
        unsafe { mark.page.write(1) };
        // SAFETY: as above.
        if unsafe { libc::madvise(page, Birthmark::LEN, libc::MADV_WIPEONFORK) } != 0 {
            mark.unmap();
            mark.process = std::process::id();
        }
        mark
    }

    /// Whether this process is another one than the one that made the mark.
    pub fn is_foreign(&self) -> bool {
        if self.page.is_null() {
            return self.process != std::process::id();
        }
        // SAFETY: the page is mapped as long as the mark lives. Volatile: the kernel changes it.
        unsafe { self.page.read_volatile() == 0 }
    }

    fn unmap(&mut self) {
        if !self.page.is_null() {
            // SAFETY: the mapping is ours, and nothing points into it any more.
            unsafe { libc::munmap(self.page.cast(), Birthmark::LEN) };
            self.page = std::ptr::null_mut();
        }
    }
}

impl Drop for Birthmark {
    fn drop(&mut self) {
        self.unmap();
    }
}

/// The caller's effective user.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: geteuid() takes no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// Waits until every packet that the kernel was working on has left the network stack.
///
/// `MEMBARRIER_CMD_GLOBAL` returns after an RCU grace period (`kernel/sched/membarrier.c`), and the receive path runs inside RCU
/// read-side sections (`net/core/dev.c: netif_receive_skb_internal()`).
pub(crate) fn wait_for_packets_in_flight() -> io::Result<()> {
    retry(|| {
        // SAFETY: this command of membarrier() takes no pointers.
        let rc = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Runs an interface ioctl that sets an IPv4 address or mask: `SIOCSIFADDR` or `SIOCSIFNETMASK` on a label such as `lo:0`.
pub(crate) fn set_interface_address(
    fd: BorrowedFd<'_>,
    request: libc::c_ulong,
    label: &[u8],
    address: Ipv4Addr,
) -> io::Result<()> {
    // SAFETY: ifreq is plain data for which all zeros is a value.
    let mut ifreq: libc::ifreq = unsafe { zeroed() };
    if label.len() >= ifreq.ifr_name.len() {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    for (to, from) in ifreq.ifr_name.iter_mut().zip(label) {
        *to = *from as libc::c_char;
    }
    // A sockaddr_in in the bytes of a sockaddr: family, port 0, then the address in network order.
    let mut bytes = [0u8; 14];
    bytes[2..6].copy_from_slice(&address.octets());
    ifreq.ifr_ifru.ifru_addr =
        libc::sockaddr { sa_family: libc::AF_INET as libc::sa_family_t, sa_data: bytes.map(|b| b as libc::c_char) };
    retry(|| {
        // SAFETY: the request reads an ifreq, and the pointer is to a live one.
        let rc = unsafe { libc::ioctl(fd.as_raw_fd(), request as _, &raw const ifreq) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// `SIOCGIFCONF`: the labels and IPv4 addresses of all interfaces, in the order in which the interfaces were registered.
pub(crate) fn labels_in_order(fd: BorrowedFd<'_>) -> io::Result<Vec<(Vec<u8>, Ipv4Addr)>> {
    // SAFETY: ifreq is plain data for which all zeros is a value.
    let blank: libc::ifreq = unsafe { zeroed() };
    let mut room = 64;
    loop {
        let mut entries = vec![blank; room];
        let mut conf = libc::ifconf {
            ifc_len: size_of_val(&entries[..]) as libc::c_int,
            ifc_ifcu: libc::__c_anonymous_ifc_ifcu { ifcu_req: entries.as_mut_ptr() },
        };
        retry(|| {
            // SAFETY: the request writes into the live buffer that the live ifconf points to, as far as its length goes.
            let rc = unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCGIFCONF as _, &raw mut conf) };
            rc as libc::ssize_t
        })?;
        let filled = conf.ifc_len as usize / size_of::<libc::ifreq>();
        if filled < room {
            entries.truncate(filled);
            return Ok(entries.iter().map(label_and_address).collect());
        }
        room *= 4;
    }
}

fn label_and_address(entry: &libc::ifreq) -> (Vec<u8>, Ipv4Addr) {
    let label = entry.ifr_name.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect();
    // SAFETY: SIOCGIFCONF fills in a sockaddr_in, and any bits are a sockaddr.
    let bytes = unsafe { entry.ifr_ifru.ifru_addr }.sa_data;
    (label, Ipv4Addr::from([2, 3, 4, 5].map(|i: usize| bytes[i] as u8)))
}
