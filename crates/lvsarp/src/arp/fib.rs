//! The routing lookup: rules, tables, and what a table answers. `net/ipv4/fib_trie.c: fib_table_lookup()`, `net/core/fib_rules.c:
//! fib_rules_lookup()`, `net/ipv4/fib_rules.c`.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr};

use super::View;
use super::index::sort;
use crate::interface::IfName;
use crate::key::{KernelVersion, Key};
use crate::routing::{DEFAULT, Hop, LOCAL, MAIN, Route, Routing, Rule};
use crate::snapshot::Interface;
use crate::vip::mask4;

/// `include/uapi/linux/rtnetlink.h: RTN_*`.
pub(crate) mod kind {
    pub const UNICAST: u8 = 1;
    pub const LOCAL: u8 = 2;
    pub const BROADCAST: u8 = 3;
    pub const MULTICAST: u8 = 5;
    pub const BLACKHOLE: u8 = 6;
    pub const UNREACHABLE: u8 = 7;
    pub const PROHIBIT: u8 = 8;
    pub const THROW: u8 = 9;
}

const RTNH_F_DEAD: u32 = 1;
const RTNH_F_LINKDOWN: u32 = 16;

/// `include/uapi/linux/fib_rules.h: FR_ACT_*`.
const FR_ACT_TO_TBL: u8 = 1;
const FR_ACT_GOTO: u8 = 2;
const FR_ACT_NOP: u8 = 3;

/// What is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flow {
    pub dst: Ipv4Addr,
    pub src: Ipv4Addr,
    /// The arrival interface; `lo`'s index for packets of our own.
    pub iif: u32,
    /// The VRF that it belongs to, or 0.
    pub vrf: u32,
    /// Whether the VRF was given as the interface to leave by.
    pub leaves_by_vrf: bool,
}

/// What a lookup found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub route: &'a Route,
    /// The next hop; none for a route without a device.
    pub hop: Option<&'a Hop>,
}

/// Why a lookup found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// No route.
    NoRoute,
    /// A route or rule that ends the lookup: blackhole, unreachable, prohibit.
    Refused,
}

/// The routes, sorted by table, length and network, and within one network in the order in which the kernel tries them.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    /// Whether local and main are one table.
    merged: bool,
    /// Positions of routes.
    order: Vec<u32>,
    /// The network of each, beside `order`.
    networks: Vec<u32>,
    /// Where the routes of one table and length are, the longest first.
    runs: Vec<Run>,
    /// For each rule the indexes of the interfaces that it names.
    rules: Vec<(Named, Named)>,
    /// Whether the kernel looks every sender up, also where `rp_filter` is 0.
    pub looks_senders_up: bool,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    table: u32,
    len: u8,
    start: u32,
    end: u32,
}

/// An interface that a rule names.
#[derive(Debug, Clone, Copy)]
enum Named {
    Any,
    Index(u32),
    /// There is none of that name, so the rule matches nothing.
    Missing,
}

impl Tables {
    pub fn of(routing: &Routing, interfaces: &[Interface]) -> Tables {
        let merged = !routing.split.unwrap_or_else(|| !are_default(&routing.rules));
        let routes = &routing.routes;
        let table = |route: &Route| if merged && route.table == MAIN { LOCAL } else { route.table };
        let network = |route: &Route| match route.prefix.network().address() {
            IpAddr::V4(network) => u32::from(network),
            IpAddr::V6(_) => 0,
        };
        // fib_trie.c: fib_find_alias(): the higher table first, then the higher type of service, then the smaller metric.
        let key = |at: u32| {
            let route = &routes[at as usize];
            let place = (table(route), Reverse(route.prefix.len()), network(route));
            (place, Reverse(route.table), Reverse(route.tos), route.metric)
        };
        let mut order: Vec<u32> =
            (0..routes.len() as u32).filter(|at| routes[*at as usize].prefix.address().is_ipv4()).collect();
        sort(&mut order, &|a, b| key(a).cmp(&key(b)));
        let mut runs: Vec<Run> = Vec::new();
        for (place, at) in order.iter().enumerate() {
            let (route, place) = (&routes[*at as usize], place as u32);
            match runs.last_mut() {
                Some(run) if (run.table, run.len) == (table(route), route.prefix.len()) => run.end = place + 1,
                _ => {
                    runs.push(Run { table: table(route), len: route.prefix.len(), start: place, end: place + 1 });
                }
            }
        }
        let named = |name: &Option<IfName>| match name {
            None => Named::Any,
            Some(name) => interfaces.iter().find(|i| i.name == *name).map_or(Named::Missing, |i| Named::Index(i.index)),
        };
        const RTPROT_KERNEL: u8 = 2;
        let by_hand = |r: &Route| r.kind == kind::LOCAL && r.proto != RTPROT_KERNEL;
        Tables {
            merged,
            networks: order.iter().map(|at| network(&routes[*at as usize])).collect(),
            order,
            runs,
            rules: routing.rules.iter().map(|rule| (named(&rule.iif), named(&rule.oif))).collect(),
            looks_senders_up: routing.looks_senders_up.unwrap_or(!merged || routes.iter().any(by_hand)),
        }
    }

    /// How many default routes a table has.
    pub fn defaults(&self, table: u32) -> usize {
        let table = if self.merged && table == MAIN { LOCAL } else { table };
        let run = self.runs.iter().find(|run| (run.table, run.len) == (table, 0));
        run.map_or(0, |run| (run.end - run.start) as usize)
    }

    /// Whether a table has a route.
    pub fn has(&self, table: u32) -> bool {
        self.runs.iter().any(|run| run.table == table)
    }

    /// Whether the result of a lookup does not depend on who asks, but only on what is asked for.
    pub fn is_plain(&self) -> bool {
        self.merged
    }
}

/// What a table says.
enum Answer<'a> {
    Found(Found<'a>),
    Refused,
    Nothing,
}

impl<'a> View<'a> {
    /// `include/net/ip_fib.h: fib_lookup()`.
    pub fn lookup(&self, flow: &Flow) -> Result<Found<'a>, Miss> {
        if self.index.tables.merged {
            // Without rules: main, which is local as well, then default. 6.1 goes on where main refuses; 6.18 ends there, as with rules.
            let mut miss = Miss::NoRoute;
            for table in [LOCAL, DEFAULT] {
                match self.table(table, flow.dst) {
                    Answer::Found(found) => return Ok(found),
                    Answer::Refused if self.kernel() >= KernelVersion(6, 18) => return Err(Miss::Refused),
                    Answer::Refused => miss = Miss::Refused,
                    Answer::Nothing => {}
                }
            }
            return Err(miss);
        }
        let rules = &self.routing.rules;
        let mut at = 0;
        while let Some(rule) = rules.get(at) {
            let named = self.index.tables.rules[at];
            at += 1;
            if !self.matches(rule, named, flow) {
                continue;
            }
            let answer = match rule.action {
                FR_ACT_TO_TBL => match rule.l3mdev {
                    true => self.table(self.vrf_table(flow.vrf).unwrap_or(0), flow.dst),
                    false => self.table(rule.table, flow.dst),
                },
                FR_ACT_GOTO => {
                    // A goto whose target is not there is passed over.
                    let target = rules.iter().skip(at).position(|later| Some(later.priority) == rule.goto);
                    at += target.unwrap_or(0);
                    continue;
                }
                FR_ACT_NOP => continue,
                _ => Answer::Refused,
            };
            match answer {
                // net/ipv4/fib_rules.c: fib4_rule_suppress().
                Answer::Found(found)
                    if rule.suppress_prefixlen.is_some_and(|len| u32::from(found.route.prefix.len()) <= len) => {}
                Answer::Found(found) => return Ok(found),
                Answer::Refused => return Err(Miss::Refused),
                Answer::Nothing => {}
            }
        }
        Err(Miss::NoRoute)
    }

    /// `net/ipv4/fib_frontend.c: inet_addr_type_dev_table()`: what an address is to the table local, or to that of a VRF.
    pub fn address_type(&self, address: Ipv4Addr, vrf: u32) -> u8 {
        if self.is_zeronet(address) || address.is_broadcast() {
            return kind::BROADCAST;
        }
        if address.is_multicast() {
            return kind::MULTICAST;
        }
        match self.table(self.vrf_table(vrf).unwrap_or(LOCAL), address) {
            Answer::Found(found) => found.route.kind,
            _ => kind::UNICAST,
        }
    }

    /// `include/linux/in.h: ipv4_is_zeronet()`: all of 0.0.0.0/8 before 5.3.
    pub fn is_zeronet(&self, address: Ipv4Addr) -> bool {
        address.is_unspecified() || address.octets()[0] == 0 && self.kernel() < KernelVersion(5, 3)
    }

    pub fn vrf_table(&self, vrf: u32) -> Option<u32> {
        self.device(vrf).and_then(|vrf| vrf.interface.vrf_table)
    }

    /// `net/core/fib_rules.c: fib_rule_match()`, `net/ipv4/fib_rules.c: fib4_rule_match()`.
    fn matches(&self, rule: &Rule, (iif, oif): (Named, Named), flow: &Flow) -> bool {
        // Before 5.18 a VRF takes the place of its member as the arrival interface; later a rule may name either.
        let arrival = if self.kernel() < KernelVersion(5, 18) && flow.vrf != 0 { flow.vrf } else { flow.iif };
        let in_vrf = |index: u32| flow.vrf != 0 && flow.vrf == index;
        let iif = match iif {
            Named::Any => true,
            Named::Index(index) => index == arrival || in_vrf(index) && !flow.leaves_by_vrf,
            Named::Missing => false,
        };
        let oif = match oif {
            Named::Any => true,
            Named::Index(index) => in_vrf(index) && flow.leaves_by_vrf,
            Named::Missing => false,
        };
        let within = |prefix: &Option<crate::Prefix>, address: Ipv4Addr| {
            prefix.is_none_or(|prefix| prefix.contains(IpAddr::V4(address)))
        };
        let matches = iif
            && oif
            && within(&rule.src, flow.src)
            && within(&rule.dst, flow.dst)
            && rule.mark.is_none_or(|(mark, mask)| mark & mask == 0)
            && rule.tos == 0
            && !rule.other
            && (!rule.l3mdev || flow.vrf != 0);
        matches != rule.invert
    }

    /// `fib_table_lookup()`.
    fn table(&self, table: u32, dst: Ipv4Addr) -> Answer<'a> {
        let tables = &self.index.tables;
        // net/ipv4/fib_frontend.c: fib_get_table(): 0 is main.
        let table = match table {
            0 | MAIN if tables.merged => LOCAL,
            0 => MAIN,
            table => table,
        };
        let first = tables.runs.partition_point(|run| run.table < table);
        for run in tables.runs[first..].iter().take_while(|run| run.table == table) {
            let network = u32::from(dst) & mask4(run.len);
            let (start, end) = (run.start as usize, run.end as usize);
            let from = start + tables.networks[start..end].partition_point(|other| *other < network);
            for at in from..end {
                if tables.networks[at] != network {
                    break;
                }
                let route = &self.routing.routes[tables.order[at] as usize];
                if route.tos != 0 {
                    continue;
                }
                match route.kind {
                    kind::THROW => return Answer::Nothing,
                    kind::BLACKHOLE | kind::UNREACHABLE | kind::PROHIBIT => return Answer::Refused,
                    _ if route.hops.is_empty() => return Answer::Found(Found { route, hop: None }),
                    _ => {}
                }
                if let Some(hop) = route.hops.iter().find(|hop| self.is_usable(hop)) {
                    return Answer::Found(Found { route, hop: Some(hop) });
                }
            }
        }
        Answer::Nothing
    }

    /// `fib_lookup_good_nhc()`.
    fn is_usable(&self, hop: &Hop) -> bool {
        let skips = || self.device(hop.index).is_some_and(|device| device.is_set(Key::IgnoreRoutesWithLinkdown));
        hop.flags & RTNH_F_DEAD == 0 && (hop.flags & RTNH_F_LINKDOWN == 0 || !skips())
    }
}

/// Whether these are the three rules that every namespace begins with.
fn are_default(rules: &[Rule]) -> bool {
    let plain =
        |rule: &Rule, priority, table| *rule == Rule { priority, table, action: FR_ACT_TO_TBL, ..Rule::default() };
    rules.is_empty()
        || matches!(rules, [local, main, default]
            if plain(local, 0, LOCAL) && plain(main, 32766, MAIN) && plain(default, 32767, DEFAULT))
}
