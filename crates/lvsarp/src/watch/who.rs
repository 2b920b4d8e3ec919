//! Who did it: which process holds the socket whose port a notification names.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use crate::error::{Error, Result};
use crate::snapshot::Address;

/// `include/uapi/linux/rtnetlink.h: RTPROT_KEEPALIVED`, with which keepalived marks its addresses.
const KEEPALIVED: u8 = 18;

/// The largest process number (`include/linux/threads.h: PID_MAX_LIMIT`).
const MOST: u32 = 4 << 20;

/// How much of the list of sockets is looked at.
const ROOM: usize = 256 * 1024;

/// The netlink sockets of a network namespace.
pub(super) struct Sockets {
    list: File,
}

impl Sockets {
    /// Opens the list of the calling thread's namespace.
    pub fn open() -> Result<Sockets> {
        const LIST: &str = "/proc/thread-self/net/netlink";
        Ok(Sockets { list: File::open(LIST).map_err(|e| Error::os("open", LIST, &e))? })
    }

    /// The process behind a port, such as `keepalived (4711)`.
    ///
    /// A socket that nobody bound to a port has the number of its process, if it is the first one of that process (`net/netlink/af_netlink.c:
    /// netlink_autobind()`). That number may be another process's in another namespace of processes, and the process may be gone: it counts if
    /// the process with this number holds that very socket.
    pub fn owner(&self, port: u32) -> Option<String> {
        if port == 0 || port > MOST {
            return None;
        }
        // Most are gone by now; then there is no list to read.
        let held = fs::read_dir(format!("/proc/{port}/fd")).ok()?;
        let wanted = format!("socket:[{}]", self.inode(port)?);
        let is_it = |link: fs::DirEntry| fs::read_link(link.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str());
        if !held.filter_map(std::result::Result::ok).any(is_it) {
            return None;
        }
        let name = fs::read(format!("/proc/{port}/comm")).ok()?;
        let name: String = String::from_utf8_lossy(name.trim_ascii()).chars().filter(|c| !c.is_control()).collect();
        Some(format!("{name} ({port})"))
    }

    /// The inode of the `NETLINK_ROUTE` socket with a port (`net/netlink/af_netlink.c: netlink_native_seq_show()`).
    fn inode(&self, port: u32) -> Option<u64> {
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        while text.len() < ROOM {
            match self.list.read_at(&mut piece, text.len() as u64).ok()? {
                0 => break,
                length => text.extend_from_slice(&piece[..length]),
            }
        }
        inode_in(&String::from_utf8_lossy(&text), port)
    }
}

/// The lines are `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`.
fn inode_in(list: &str, port: u32) -> Option<u64> {
    list.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let route = words.next()? == "0";
        let is_port = words.next()?.parse() == Ok(port);
        if route && is_port { words.last()?.parse().ok() } else { None }
    })
}

/// Who marked an address as its own.
pub(super) fn of_mark(address: &Address) -> Option<String> {
    (address.proto == Some(KEEPALIVED)).then(|| "keepalived, by the mark of the address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_found_in_the_kernels_list() {
        let list = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
                    0000000000000000 4   4711       00000000 0        0        0     2        0        11\n\
                    0000000000000000 0   4711       00000111 0        0        0     2        0        12\n\
                    0000000000000000 0   4294962882 00000000 0        0        0     2        0        13\n";
        assert_eq!(inode_in(list, 4711), Some(12));
        assert_eq!(inode_in(list, 4712), None);
        assert_eq!(inode_in("0 0 4711", 4711), None);
    }
}
