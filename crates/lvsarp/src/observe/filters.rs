//! What may drop or change ARP packets, as the kernel tells it without loading a module, making a table or changing anything else: qdiscs over
//! `NETLINK_ROUTE`, chains over `NETLINK_NETFILTER`, arptables by `ARPT_SO_GET_INFO`, ebtables by the use counts of its modules.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use crate::conf::procfs;
use crate::error::Result;
use crate::filters::{By, Family, Filter, Filters};
use crate::interface::IfName;
use crate::netlink::Socket;
use crate::netlink::wire::{attribute_behind, attributes, be32, each_attribute, text, u8_at, u16_at, u32_at};
use crate::snapshot::Interface;
use crate::sys;

const RTM_GETQDISC: u16 = 38;
/// The length of `struct tcmsg`.
const TCMSG: usize = 20;
const TCA_KIND: u16 = 1;
/// The parent of a qdisc `ingress` or `clsact`, `TC_H_INGRESS`.
const TC_H_INGRESS: u32 = 0xffff_fff1;

const NFT_MSG_GETTABLE: u16 = 10 << 8 | 1;
const NFT_MSG_GETCHAIN: u16 = 10 << 8 | 4;
/// The length of `struct nfgenmsg`, whose first byte is the family.
const NFGENMSG: usize = 4;
const NFTA_TABLE_FLAGS: u16 = 2;
const NFT_TABLE_F_DORMANT: u32 = 1;
const NFTA_CHAIN_TABLE: u16 = 1;
const NFTA_CHAIN_NAME: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_CHAIN_POLICY: u16 = 5;
const NFTA_CHAIN_USE: u16 = 6;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NFTA_HOOK_DEV: u16 = 3;
const NFTA_HOOK_DEVS: u16 = 4;
const NFTA_DEVICE_NAME: u16 = 1;
const NFTA_DEVICE_PREFIX: u16 = 2;
const NF_ACCEPT: u32 = 1;

/// The families of nftables whose chains see ARP, `NFPROTO_*`; the chains of `inet` on an interface let it pass
/// (`net/netfilter/nft_chain_filter.c: nft_do_chain_inet_ingress()`).
const FAMILIES: [(u8, Family); 3] = [(3, Family::Arp), (5, Family::Netdev), (7, Family::Bridge)];

/// The qdiscs that hold filters on the way in, over a socket for `NETLINK_ROUTE`, and the tables of ebtables, where there are bridges.
pub(crate) fn of_interfaces(socket: &mut Socket, interfaces: &[Interface]) -> Filters {
    let mut filters = Filters::default();
    let mut read = |payload: &[u8]| qdisc(payload, interfaces);
    let found = each(socket, RTM_GETQDISC, &[0; TCMSG], &mut read);
    filters.add(By::Tc, found);
    if interfaces.iter().any(|i| i.kind.as_deref() == Some("bridge")) {
        for table in ["filter", "nat", "broute"] {
            ebtables(table, &mut filters);
        }
    }
    filters
}

/// What netfilter has in the calling thread's namespace: chains of nftables, through the buffers of a socket, and rules of arptables.
pub(crate) fn of_netfilter(socket: &mut Socket, interfaces: &[Interface], filters: &mut Filters) {
    match has_nf_tables() {
        Some(true) => match sys::netfilter_socket() {
            Ok(fd) => filters.add(By::Nftables, socket.over(fd, &mut |socket| chains(socket, interfaces))),
            Err(e) if e.raw_os_error() == Some(libc::EPROTONOSUPPORT) => {}
            Err(_) => filters.unknown.push(By::Nftables),
        },
        Some(false) => {}
        None => filters.unknown.push(By::Nftables),
    }
    match arptables() {
        Ok(found) => filters.found.extend(found),
        Err(_) => filters.unknown.push(By::Arptables),
    }
}

impl Filters {
    /// Takes in what a dump gave. A kernel that does not know the request has nothing of the kind.
    fn add(&mut self, by: By, found: Result<Vec<Filter>>) {
        match found {
            Ok(found) => self.found.extend(found),
            Err(e) if matches!(e.errno(), libc::EINVAL | libc::EOPNOTSUPP) => {}
            Err(_) => self.unknown.push(by),
        }
    }
}

/// A dump; the one copy of it for what this file asks for.
fn each(
    socket: &mut Socket,
    kind: u16,
    body: &[u8],
    read: &mut dyn FnMut(&[u8]) -> Option<Filter>,
) -> Result<Vec<Filter>> {
    socket.dump("filters", kind, body, |_| {}, read)
}

fn qdisc(payload: &[u8], interfaces: &[Interface]) -> Option<Filter> {
    if u32_at(payload, 12)? != TC_H_INGRESS {
        return None;
    }
    let index = u32_at(payload, 4)?;
    // As in `Snapshot::by_index`: they mostly are in order.
    let dev = match interfaces.binary_search_by_key(&index, |i| i.index) {
        Ok(at) => interfaces[at].name,
        Err(_) => interfaces.iter().find(|i| i.index == index)?.name,
    };
    let name = String::from_utf8_lossy(text(attribute_behind(payload, TCMSG, TCA_KIND)?));
    let outgoing = name == "clsact";
    Some(Filter {
        by: By::Tc,
        family: Family::Netdev,
        name: Some(name.into()),
        devs: vec![dev],
        incoming: true,
        outgoing,
    })
}

/// Whether there is nf_tables in the kernel. Where it is a module that is not loaded, nobody has a table, and a request would load it
/// (`net/netfilter/nfnetlink.c: nfnetlink_rcv_msg()`); a kernel without modules can be asked in any case. None where nothing tells.
fn has_nf_tables() -> Option<bool> {
    if is_there("/sys/module/nf_tables") || !is_there("/proc/modules") {
        return Some(true);
    }
    is_there("/sys/module").then_some(false)
}

fn is_there(path: &str) -> bool {
    File::open(path).map_or_else(|e| e.raw_os_error() == Some(libc::EACCES), |_| true)
}

/// The base chains of nftables that see ARP and hold a rule or refuse by policy. Chains are asked for only in families that have tables: the other
/// families may have thousands.
fn chains(socket: &mut Socket, interfaces: &[Interface]) -> Result<Vec<Filter>> {
    let mut families = 0u16;
    each(socket, NFT_MSG_GETTABLE, &[0; NFGENMSG], &mut |payload| {
        if be32(attribute_behind(payload, NFGENMSG, NFTA_TABLE_FLAGS)?)? & NFT_TABLE_F_DORMANT == 0 {
            families |= 1u16.checked_shl(u8_at(payload, 0)?.into())?;
        }
        None
    })?;
    let mut found = Vec::new();
    for (number, family) in FAMILIES {
        if families & 1 << number != 0 {
            let mut read = |payload: &[u8]| chain(payload, family, interfaces);
            found.append(&mut each(socket, NFT_MSG_GETCHAIN, &[number, 0, 0, 0], &mut read)?);
        }
    }
    Ok(found)
}

fn chain(payload: &[u8], family: Family, interfaces: &[Interface]) -> Option<Filter> {
    let (mut table, mut name, mut hook, mut rules, mut policy) = (&[][..], &[][..], None, 0, NF_ACCEPT);
    let mut devs = Vec::new();
    each_attribute(payload, NFGENMSG, &mut |kind, value| {
        match kind {
            NFTA_CHAIN_TABLE => table = text(value),
            NFTA_CHAIN_NAME => name = text(value),
            NFTA_CHAIN_USE => rules = be32(value)?,
            NFTA_CHAIN_POLICY => policy = be32(value)?,
            NFTA_CHAIN_HOOK => hook = hook_of(value, interfaces, &mut devs),
            _ => {}
        }
        Some(())
    })?;
    // A chain without a hook is only run where a rule jumps to it.
    let (incoming, outgoing) = match (family, hook?) {
        // NF_ARP_IN, NF_ARP_OUT; NF_NETDEV_INGRESS, NF_NETDEV_EGRESS
        (Family::Arp | Family::Netdev, hook) => (hook == 0, hook == 1),
        // NF_BR_PRE_ROUTING, NF_BR_LOCAL_IN; NF_BR_LOCAL_OUT, NF_BR_POST_ROUTING
        (Family::Bridge, hook) => (hook <= 1, hook == 3 || hook == 4),
    };
    if !incoming && !outgoing || rules == 0 && policy == NF_ACCEPT {
        return None;
    }
    let name = [table, b" ", name].concat();
    Some(Filter {
        by: By::Nftables,
        family,
        name: Some(String::from_utf8_lossy(&name).into()),
        devs,
        incoming,
        outgoing,
    })
}

/// The number of a hook, and the interfaces that it is bound to: one, or a list of names and of beginnings of names.
fn hook_of(hook: &[u8], interfaces: &[Interface], devs: &mut Vec<IfName>) -> Option<u32> {
    let mut number = None;
    for (kind, value) in attributes(hook) {
        match kind {
            NFTA_HOOK_HOOKNUM => number = be32(value),
            NFTA_HOOK_DEV if devs.is_empty() => devs.push(IfName::from_kernel(text(value))),
            NFTA_HOOK_DEVS => {
                devs.clear();
                for (kind, value) in attributes(value) {
                    match kind {
                        NFTA_DEVICE_NAME => devs.push(IfName::from_kernel(text(value))),
                        NFTA_DEVICE_PREFIX => {
                            let is_meant = |i: &&Interface| i.name.as_bytes().starts_with(text(value));
                            devs.extend(interfaces.iter().filter(is_meant).map(|i| i.name));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    number
}

/// The rules of arptables. A question about a table makes it, and loads its module (`net/netfilter/x_tables.c: xt_request_find_table_lock()`), so the
/// list of the tables that are there is read first.
fn arptables() -> io::Result<Option<Filter>> {
    let mut names = [0; 64];
    let len = match File::open("/proc/thread-self/net/arp_tables_names") {
        Ok(file) => file.read_at(&mut names, 0)?,
        // The kernel has no arptables, or nobody has loaded it.
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => 0,
        Err(e) => return Err(e),
    };
    if len == 0 {
        return Ok(None);
    }
    let socket = sys::ioctl_socket()?;
    let (incoming, outgoing) = arptables_ways(&socket)?;
    let filter = Filter { by: By::Arptables, family: Family::Arp, name: None, devs: Vec::new(), incoming, outgoing };
    Ok((incoming || outgoing).then_some(filter))
}

/// Whether INPUT and OUTPUT of the table `filter` hold rules or refuse by policy.
fn arptables_ways(socket: &OwnedFd) -> io::Result<(bool, bool)> {
    const ARPT_SO_GET_INFO: libc::c_int = 96;
    const ARPT_SO_GET_ENTRIES: libc::c_int = 97;
    /// `struct arpt_getinfo`: name, hooks, where each chain begins, where its policy stands, number and size of the entries.
    const GETINFO: usize = 32 + 4 * 9;
    const SIZE: usize = GETINFO - 4;
    /// `struct arpt_get_entries` up to its entries: name, size.
    const GET_ENTRIES: usize = (32 + 4usize).next_multiple_of(align_of::<u64>());
    let mut info = [0; GETINFO];
    info[..6].copy_from_slice(b"filter");
    sys::read_option(socket.as_fd(), libc::IPPROTO_IP, ARPT_SO_GET_INFO, &mut info)?;
    let number = |at| u32_at(&info, at).unwrap_or(0) as usize;
    let mut entries = vec![0; GET_ENTRIES + number(SIZE)];
    entries[..32].copy_from_slice(&info[..32]);
    entries[32..36].copy_from_slice(&info[SIZE..]);
    sys::read_option(socket.as_fd(), libc::IPPROTO_IP, ARPT_SO_GET_ENTRIES, &mut entries)?;
    let acts = |hook: usize| {
        let (first, policy) = (number(36 + 4 * hook), number(48 + 4 * hook));
        first != policy || !accepts(entries.get(GET_ENTRIES + policy..).unwrap_or(&[]))
    };
    Ok((acts(0), acts(1)))
}

/// Whether an entry is `-j ACCEPT`: the verdict stands behind the header of its target.
fn accepts(entry: &[u8]) -> bool {
    /// `struct arpt_entry: target_offset`, behind a `struct arpt_arp`.
    const TARGET_OFFSET: usize = 164;
    /// `struct xt_entry_target`.
    const TARGET: usize = 32;
    let target = u16_at(entry, TARGET_OFFSET).map(usize::from);
    target.and_then(|at| u32_at(entry, at + TARGET)) == Some(!NF_ACCEPT)
}

/// A table of ebtables. A question about it makes it, and nothing else in the namespace tells whether it is there; but its module is in use
/// exactly as long as some namespace has rules in it (`net/bridge/netfilter/ebtables.c: do_replace_finish()`).
fn ebtables(table: &str, filters: &mut Filters) {
    let uses =
        File::open(["/sys/module/ebtable_", table, "/refcnt"].concat()).and_then(|file| procfs::read_value(&file));
    match uses {
        Ok(0) => {}
        Ok(_) => filters.found.push(Filter {
            by: By::Ebtables,
            family: Family::Bridge,
            name: Some(table.into()),
            devs: Vec::new(),
            incoming: true,
            outgoing: table != "broute",
        }),
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) && is_there("/sys/module") => {}
        Err(_) if filters.unknown.contains(&By::Ebtables) => {}
        Err(_) => filters.unknown.push(By::Ebtables),
    }
}

#[cfg(test)]
mod tests;
