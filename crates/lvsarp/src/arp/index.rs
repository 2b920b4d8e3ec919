//! What a snapshot's questions share, worked out once: positions in its lists, sorted by what is looked up.
//!
//! Everything is a sorted list of positions: a question costs a few binary searches, and nothing is scanned.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};

use super::announce;
use super::fib::Tables;
use crate::flags::AddressScope;
use crate::key::{KernelVersion, Key, TABLE};
use crate::level::Level;
use crate::routing::Routing;
use crate::snapshot::{Address, Interface, Snapshot};
use crate::vip::mask4;

/// The index of one snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub kernel: KernelVersion,
    /// One for each interface, in the snapshot's order.
    pub facts: Vec<Facts>,
    /// Positions of interfaces, by index.
    by_index: Vec<u32>,
    /// Positions of addresses, by interface, each in the kernel's order.
    pub of_device: Vec<u32>,
    /// Positions of addresses, by local address.
    by_local: Vec<u32>,
    pub tables: Tables,
    /// The indexes of the VRFs.
    pub vrfs: Vec<u32>,
    /// The index of `lo`, which stands for packets of our own.
    pub lo: u32,
}

/// What is read of an interface for every packet.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub arp_ignore: Level,
    pub arp_announce: Level,
    /// The index of the VRF that it belongs to, or 0.
    pub vrf: u32,
    /// Whether it is a VRF.
    pub is_vrf: bool,
    /// Whether it has an IPv4 address.
    pub has_ipv4: bool,
    /// What scope host counts as when a target is confirmed: `route_localnet` narrows it to link since 5.6.
    pub confirm_floor: AddressScope,
    /// What scope host counts as when a sender is chosen: `route_localnet` narrows it to link since 5.3.
    pub select_floor: AddressScope,
    /// What its domain falls back to where an interface has no address of its own.
    pub fallback: Option<Ipv4Addr>,
    /// The values in force of every key, as far as they are known.
    values: [Option<i32>; TABLE.len()],
    /// Where its addresses are in `Index::of_device`.
    pub addresses: (u32, u32),
    /// Its IPv4 subnets, the longest first, each once.
    subnets: Vec<Subnet>,
    /// Its first address that may be a sender.
    first: Option<Ipv4Addr>,
}

/// A subnet of an interface.
#[derive(Debug, Clone, Copy)]
struct Subnet {
    len: u8,
    network: u32,
    /// Where the first address that may be a sender stands in the interface's list, and that address.
    sender: Option<(u32, Ipv4Addr)>,
}

/// Sorts positions; equals are in the order of the list. A merge sort, for which what is in order costs one look, as most lists of the kernel are:
/// the sorts of the standard library are 4 kB of code and more.
pub(crate) fn sort(positions: &mut [u32], order: &dyn Fn(u32, u32) -> Ordering) {
    let in_order = |a: u32, b: u32| order(a, b).then(a.cmp(&b)).is_le();
    let mut merged = Vec::new();
    let mut width = 1;
    while width < positions.len() {
        for both in positions.chunks_mut(2 * width) {
            let (mut left, mut right) = both.split_at(width.min(both.len()));
            if right.first().is_none_or(|first| in_order(left[width - 1], *first)) {
                continue;
            }
            merged.clear();
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let from = if in_order(*a, *b) { &mut left } else { &mut right };
                merged.push(from[0]);
                *from = &from[1..];
            }
            merged.extend_from_slice(left);
            both[..merged.len()].copy_from_slice(&merged);
        }
        width *= 2;
    }
}

impl Index {
    pub fn of(snapshot: &Snapshot, routing: &Routing) -> Index {
        let kernel = snapshot.kernel_version();
        let interfaces = &snapshot.interfaces;
        let mut by_index: Vec<u32> = (0..interfaces.len() as u32).collect();
        sort(&mut by_index, &|a, b| interfaces[a as usize].index.cmp(&interfaces[b as usize].index));
        let device_of = |position: u32| snapshot.addresses[position as usize].index;
        let mut of_device: Vec<u32> = (0..snapshot.addresses.len() as u32).collect();
        sort(&mut of_device, &|a, b| device_of(a).cmp(&device_of(b)));
        let mut by_local = of_device.clone();
        let local_of = |position: u32| snapshot.addresses[position as usize].local;
        sort(&mut by_local, &|a, b| local_of(a).cmp(&local_of(b)));
        // An address of an interface that is not there is nobody's.
        by_local.retain(|position| {
            let index = device_of(*position);
            by_index.binary_search_by(|at| interfaces[*at as usize].index.cmp(&index)).is_ok()
        });
        let mut facts: Vec<Facts> = interfaces.iter().map(|i| Facts::of(snapshot, kernel, i)).collect();
        for (interface, facts) in interfaces.iter().zip(&mut facts) {
            let start = of_device.partition_point(|at| device_of(*at) < interface.index);
            let end = of_device.partition_point(|at| device_of(*at) <= interface.index);
            facts.addresses = (start as u32, end as u32);
            facts.take_in(of_device[start..end].iter().map(|at| &snapshot.addresses[*at as usize]));
        }
        let lo = interfaces.iter().find(|i| i.is_loopback()).map_or(1, |i| i.index);
        let tables = Tables::of(routing, interfaces);
        let vrfs = interfaces.iter().filter(|i| i.kind.as_deref() == Some("vrf")).map(|i| i.index).collect();
        let mut index = Index { kernel, facts, by_index, of_device, by_local, tables, vrfs, lo };
        index.fall_back(snapshot, routing);
        index
    }

    /// The position of the interface with this index.
    pub fn position(&self, snapshot: &Snapshot, index: u32) -> Option<usize> {
        let found = self.by_index.binary_search_by(|at| snapshot.interfaces[*at as usize].index.cmp(&index));
        found.ok().map(|at| self.by_index[at] as usize)
    }

    /// The positions of an address: one for each place where it is bound.
    pub fn places(&self, snapshot: &Snapshot, address: IpAddr) -> &[u32] {
        let local = |at: &u32| snapshot.addresses[*at as usize].local;
        let start = self.by_local.partition_point(|at| local(at) < address);
        let len = self.by_local[start..].iter().take_while(|at| local(at) == address).count();
        &self.by_local[start..start + len]
    }

    /// For every interface what the rest of `inet_select_addr()` finds: the VRF's own address, then that of the first device of the same domain, in
    /// the order of registration.
    #[inline(never)]
    fn fall_back(&mut self, snapshot: &Snapshot, routing: &Routing) {
        let mut registered: Vec<usize> =
            routing.registered.iter().filter_map(|index| self.position(snapshot, *index)).collect();
        registered
            .extend((0..self.facts.len()).filter(|at| !routing.registered.contains(&snapshot.interfaces[*at].index)));
        let mut found: Vec<(u32, Option<Ipv4Addr>)> = Vec::new();
        for at in 0..self.facts.len() {
            let home = self.domain(snapshot, at);
            if !found.iter().any(|(domain, _)| *domain == home) {
                let of_vrf = self.position(snapshot, home).and_then(|vrf| self.first_global(snapshot, vrf));
                let mut same = registered.iter().filter(|other| self.domain(snapshot, **other) == home);
                found.push((home, of_vrf.or_else(|| same.find_map(|other| self.first_global(snapshot, *other)))));
            }
            self.facts[at].fallback =
                found.iter().find(|(domain, _)| *domain == home).and_then(|(_, address)| *address);
        }
    }

    /// The VRF that a device belongs to or is, or 0.
    fn domain(&self, snapshot: &Snapshot, at: usize) -> u32 {
        if self.facts[at].is_vrf { snapshot.interfaces[at].index } else { self.facts[at].vrf }
    }

    fn first_global(&self, snapshot: &Snapshot, at: usize) -> Option<Ipv4Addr> {
        let (start, end) = self.facts[at].addresses;
        self.of_device[start as usize..end as usize].iter().map(|at| &snapshot.addresses[*at as usize]).find_map(|a| {
            let IpAddr::V4(local) = a.local else { return None };
            announce::falls_back_to(a).then_some(local)
        })
    }
}

impl Facts {
    fn of(snapshot: &Snapshot, kernel: KernelVersion, interface: &Interface) -> Facts {
        let mut values = [None; TABLE.len()];
        for key in Key::all() {
            let level = snapshot.level(interface, key);
            values[key as usize] = level.effective.or(level.own);
        }
        let floor = |since| match values[Key::RouteLocalnet as usize] {
            Some(value) if value != 0 && kernel >= since => AddressScope::LINK,
            _ => AddressScope::HOST,
        };
        let is_vrf = |i: &Interface| i.kind.as_deref() == Some("vrf");
        let master = interface.master.filter(|master| snapshot.by_index(*master).is_some_and(is_vrf));
        Facts {
            arp_ignore: snapshot.level(interface, Key::ArpIgnore),
            arp_announce: snapshot.level(interface, Key::ArpAnnounce),
            vrf: master.unwrap_or(0),
            is_vrf: is_vrf(interface),
            has_ipv4: false,
            confirm_floor: floor(KernelVersion(5, 6)),
            select_floor: floor(KernelVersion(5, 3)),
            fallback: None,
            values,
            addresses: (0, 0),
            subnets: Vec::new(),
            first: None,
        }
    }

    /// Notes the subnets of its addresses, which come in the kernel's order.
    fn take_in<'a>(&mut self, addresses: impl Iterator<Item = &'a Address>) {
        let mut all: Vec<Subnet> = Vec::new();
        for (position, address) in addresses.enumerate() {
            let IpAddr::V4(local) = address.local else { continue };
            let IpAddr::V4(network) = address.subnet().network().address() else { continue };
            self.has_ipv4 = true;
            let sender = announce::eligible(self, address).then_some((position as u32, local));
            if let (Some((_, local)), None) = (sender, self.first) {
                self.first = Some(local);
            }
            all.push(Subnet { len: address.prefixlen, network: network.into(), sender });
        }
        let key = |s: &Subnet| (u8::MAX - s.len, s.network);
        let mut order: Vec<u32> = (0..all.len() as u32).collect();
        sort(&mut order, &|a, b| key(&all[a as usize]).cmp(&key(&all[b as usize])));
        for subnet in order.iter().map(|at| all[*at as usize]) {
            match self.subnets.last_mut() {
                Some(last) if key(last) == key(&subnet) => last.sender = last.sender.or(subnet.sender),
                _ => self.subnets.push(subnet),
            }
        }
    }

    /// Its subnets that contain an address, the longest first.
    fn around(&self, address: Ipv4Addr) -> impl Iterator<Item = &Subnet> {
        let mut rest = &self.subnets[..];
        std::iter::from_fn(move || {
            while let Some(len) = rest.first().map(|s| s.len) {
                let (same, shorter) = rest.split_at(rest.partition_point(|s| s.len == len));
                rest = shorter;
                let network = u32::from(address) & mask4(len);
                if let Ok(at) = same.binary_search_by(|s| s.network.cmp(&network)) {
                    return Some(&same[at]);
                }
            }
            None
        })
    }

    /// Whether one of its subnets contains the address, and the other one, too, where there is one.
    pub fn has_subnet_of(&self, address: Ipv4Addr, other: Option<Ipv4Addr>) -> bool {
        self.subnet_of(address, other).is_some()
    }

    /// The longest subnet that contains the address, and the other one, too, where there is one: its network and length.
    pub fn subnet_of(&self, address: Ipv4Addr, other: Option<Ipv4Addr>) -> Option<(Ipv4Addr, u8)> {
        let inside = |s: &&Subnet| other.is_none_or(|other| u32::from(other) & mask4(s.len) == s.network);
        self.around(address).find(inside).map(|s| (s.network.into(), s.len))
    }

    /// The device's own part of `inet_select_addr()`: the first eligible address whose subnet has the target, or else the first eligible one.
    pub fn select(&self, target: Ipv4Addr) -> Option<Ipv4Addr> {
        let first = self.around(target).filter_map(|s| s.sender).min_by_key(|(position, _)| *position);
        first.map(|(_, local)| local).or(self.first)
    }

    /// Whether it has an address of its own to use as a sender: not secondary, and of a scope that reaches the link.
    pub fn is_numbered(&self) -> bool {
        self.first.is_some()
    }

    /// The three values of one of the two levels.
    pub fn level(&self, key: Key) -> Level {
        if key == Key::ArpIgnore { self.arp_ignore } else { self.arp_announce }
    }

    /// A key's value in force; where that of `conf/all` is unknown the device's own, and where nothing is known the kernel's default.
    pub fn value(&self, key: Key) -> i32 {
        self.values[key as usize].unwrap_or(i32::from(matches!(key, Key::SendRedirects | Key::SharedMedia)))
    }

    pub fn is_set(&self, key: Key) -> bool {
        self.value(key) != 0
    }
}
