//! What the kernel tells when an interface is removed: a packet socket on one that was down already is told nothing.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::{Accept, Program};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::sys;

/// `RTMGRP_LINK`.
const LINKS: u32 = 0x1;

/// How many messages are taken at most at a time; one more wakes again.
const IN_A_ROW: usize = 64;

/// A socket that is readable when one interface is removed or moved to another namespace, or leaves a bridge. It is bound to an index, and so stays
/// silent of a new interface with the old name.
pub(crate) struct Removal(OwnedFd);

impl Removal {
    /// Hears from now on of the interface with this index.
    pub fn of(host: &Host, index: u32) -> Result<Removal> {
        let failed = |e: &_| Error::os("open", "a socket to hear of changes", e);
        let fd = host.here_or_inside(|| sys::netlink_listener(LINKS).map_err(|e| failed(&e)))?;
        // The type in a struct nlmsghdr, and the index in the struct ifinfomsg behind it, in this machine's order.
        let type_is = [Accept::Half(4, libc::RTM_DELLINK.to_be())];
        let filter = Program::new(&type_is, 20, [index.to_be()]);
        sys::packet::attach_filter(fd.as_fd(), filter.instructions()).map_err(|e| failed(&e))?;
        Ok(Removal(fd))
    }

    /// Whether the kernel told something since the last call. Does not wait and does not allocate.
    pub fn was_told(&self) -> bool {
        let mut told = false;
        for _ in 0..IN_A_ROW {
            match sys::receive(self.0.as_fd(), &mut [0; 16], false) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                _ => told = true,
            }
        }
        told
    }
}

impl AsFd for Removal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
