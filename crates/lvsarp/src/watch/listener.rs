//! The socket on which the kernel tells of links and addresses.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Error, Result};
use crate::sys;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV6_IFADDR`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_ROUTE`.
const ROUTES: u32 = 0x40 | 0x400;

/// How much may wait in the socket: more than a thousand messages about links. The kernel takes the memory only while they wait.
const WAITING: i32 = 4 << 20;

/// One message about a link has a few KiB at most.
const ROOM: usize = 64 * 1024;

/// How many messages are forgotten at once.
const MOST_DISCARDED: u32 = 1 << 18;

pub(super) struct Listener {
    fd: OwnedFd,
    buffer: Vec<u8>,
}

/// What is there to take.
pub(super) enum Heard<'a> {
    Nothing,
    Messages(&'a [u8]),
    /// There was more than the socket holds. What waits in it is from before; nothing is added until all of that is taken
    /// (`net/netlink/af_netlink.c: netlink_overrun()`).
    Overrun,
}

impl Listener {
    /// Listens in the calling thread's network namespace from now on, also to what is told of routes.
    pub fn open(routes: bool) -> Result<Listener> {
        let failed = |e: &_| Error::os("open", "a socket to hear of changes", e);
        let fd = sys::netlink_listener(if routes { GROUPS | ROUTES } else { GROUPS }).map_err(|e| failed(&e))?;
        // Beyond net.core.rmem_max only with CAP_NET_ADMIN of the whole machine; with less it works as well, and loses messages sooner.
        if sys::set_option(fd.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, WAITING).is_err() {
            let _ = sys::set_option(fd.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, WAITING);
        }
        Ok(Listener { fd, buffer: vec![0; ROOM] })
    }

    #[cfg(test)]
    pub fn broken() -> Listener {
        Listener { fd: std::fs::File::open("/dev/null").unwrap().into(), buffer: vec![0; ROOM] }
    }

    /// Takes all that waits and forgets it. `false`: there was always more.
    ///
    /// The kernel says only once that it drops messages, and goes on dropping them until the socket was empty: what is read before that may miss
    /// what is dropped after it.
    pub fn discard(&mut self) -> Result<bool> {
        for _ in 0..MOST_DISCARDED {
            match sys::receive(self.fd.as_fd(), &mut self.buffer[..64], false) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(e) if e.raw_os_error() != Some(libc::ENOBUFS) => return Err(Error::os("hear", "of changes", &e)),
                _ => {}
            }
        }
        Ok(false)
    }

    /// The next datagram of the kernel. Does not wait.
    pub fn hear(&mut self) -> Result<Heard<'_>> {
        loop {
            match sys::receive(self.fd.as_fd(), &mut self.buffer, false) {
                // Another program's, not the kernel's.
                Ok((_, port)) if port != 0 => {}
                // Longer than any that is known: what it told has to be read.
                Ok((length, _)) if length > self.buffer.len() => return Ok(Heard::Overrun),
                Ok((length, _)) => return Ok(Heard::Messages(&self.buffer[..length])),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Heard::Nothing),
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Heard::Overrun),
                Err(e) => return Err(Error::os("hear", "of changes", &e)),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
