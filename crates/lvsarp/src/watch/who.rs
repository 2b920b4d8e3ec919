//! Who did it: what the number in a notification says about the process that asked.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

use crate::netns;
use crate::snapshot::Address;

/// `include/uapi/linux/rtnetlink.h: RTPROT_KEEPALIVED`, with which keepalived marks its addresses.
const KEEPALIVED: u8 = 18;

/// The process behind a netlink port, if that is one.
///
/// A socket that nobody bound to a port gets the number of its process, as that process's namespace counts (`net/netlink/af_netlink.c:
/// netlink_autobind()`). A second socket of one process gets a large number that says nothing. So the process must be there still, in our
/// namespace of processes and in the network namespace that is watched.
pub(super) fn of_port(port: u32, namespace: BorrowedFd<'_>) -> Option<String> {
    // The largest process number (include/linux/threads.h: PID_MAX_LIMIT).
    const MOST: u32 = 4 << 20;
    if port == 0 || port > MOST || !shares("pid", port) {
        return None;
    }
    let net = fs::File::open(format!("/proc/{port}/ns/net")).ok()?;
    if !netns::same(net.as_fd(), namespace) {
        return None;
    }
    let name = fs::read(format!("/proc/{port}/comm")).ok()?;
    let name: String = String::from_utf8_lossy(name.trim_ascii()).chars().filter(|c| !c.is_control()).collect();
    Some(format!("{name} ({port})"))
}

/// Whether a process is in the same namespace of this kind as we are.
fn shares(kind: &str, process: u32) -> bool {
    let ours = fs::read_link(format!("/proc/self/ns/{kind}"));
    ours.is_ok_and(|ours| fs::read_link(format!("/proc/{process}/ns/{kind}")).is_ok_and(|its| its == ours))
}

/// Who marked an address as its own.
pub(super) fn of_mark(address: &Address) -> Option<String> {
    (address.proto == Some(KEEPALIVED)).then(|| "keepalived, by the mark of the address".to_owned())
}
