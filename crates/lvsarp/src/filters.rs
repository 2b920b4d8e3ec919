//! What sees an ARP packet beside the kernel's ARP code and may drop or change it, as plain data, and the caveats that follow from it.
//!
//! Seen are: rules of arptables, of ebtables and of nftables (families arp, bridge and netdev), the tc qdiscs that hold filters or programs, XDP
//! programs, and bridge ports that answer for others. Not seen are: programs attached by tcx, which no dump of rtnetlink shows; filters below
//! other qdiscs; Open vSwitch; a policy of ebtables without any rule.

use serde::Serialize;

use crate::interface::IfName;
use crate::json::{Place, Read, read_object};
use crate::snapshot::{Interface, Snapshot};

/// What may drop or change ARP packets in a namespace. What an interface itself has (XDP, a port that answers for others) stands in [`Interface`].
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Filters {
    /// What was found.
    pub found: Vec<Filter>,
    /// What could not be asked: nftables and arptables need CAP_NET_ADMIN.
    pub unknown: Vec<By>,
}

/// One thing that may drop or change ARP packets: a table, a chain, a qdisc.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Filter {
    /// Whose it is.
    pub by: By,
    /// Where it sees packets.
    pub family: Family,
    /// The table of ebtables, `TABLE CHAIN` of nftables, or the qdisc's kind.
    pub name: Option<Box<str>>,
    /// The interfaces that it is bound to; none where it sees those of every interface.
    pub devs: Vec<IfName>,
    /// It sees packets that come in.
    pub incoming: bool,
    /// It sees packets that go out.
    pub outgoing: bool,
}

/// Whose a filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Legacy arptables (`arp_tables`).
    Arptables,
    /// Legacy ebtables. Its rules are counted for the machine, not for the namespace.
    Ebtables,
    /// nftables, and arptables and ebtables where they are made of it.
    Nftables,
    /// A qdisc `clsact` or `ingress`, whatever filters and programs it holds.
    Tc,
}

/// Where a filter sees packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// In the ARP code: `NF_ARP_IN` and `NF_ARP_OUT`.
    Arp,
    /// In a bridge.
    Bridge,
    /// On an interface, before everything else on the way in and after everything else on the way out.
    Netdev,
}

/// Which packets a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A request that comes in and the answer to it, which goes out.
    Reply,
    /// A request of our own, which goes out.
    Announce,
}

read_object! { Filters { found, unknown } }
read_object! { Filter { by, family, name, devs, incoming, outgoing } }

impl Read for By {
    fn read(place: &Place<'_>) -> By {
        place.word(&By::WORDS)
    }
}

impl Read for Family {
    fn read(place: &Place<'_>) -> Family {
        place.word(&[("arp", Family::Arp), ("bridge", Family::Bridge), ("netdev", Family::Netdev)])
    }
}

impl By {
    const WORDS: [(&str, By); 4] =
        [("arptables", By::Arptables), ("ebtables", By::Ebtables), ("nftables", By::Nftables), ("tc", By::Tc)];

    fn word(self) -> &'static str {
        By::WORDS[self as usize].0
    }
}

impl Family {
    fn word(self) -> &'static str {
        match self {
            Family::Arp => "arp",
            Family::Bridge => "bridge",
            Family::Netdev => "netdev",
        }
    }
}

impl Filter {
    /// Whether it sees packets on an interface, or on a bridge that the interface is.
    fn is_on(&self, interface: &Interface) -> bool {
        let here = self.devs.is_empty() || self.devs.contains(&interface.name);
        here && (self.family != Family::Bridge || is_bridge(interface))
    }

    fn caveat(&self, interface: &Interface) -> String {
        let (name, on) = (self.name.as_deref().unwrap_or_default(), &interface.name);
        let way = match (self.incoming, self.outgoing) {
            (true, false) => "incoming ",
            (false, true) => "outgoing ",
            _ => "",
        };
        match (self.by, self.family) {
            (By::Arptables, _) => format!("an arptables rule for {way}packets may change this"),
            (By::Ebtables, _) => format!("an ebtables rule of the table {name} may change this on the bridge {on}"),
            (By::Tc, _) => format!("a filter or program of the tc qdisc {name} on {on} may change this"),
            (By::Nftables, Family::Arp) => format!("the nftables chain `arp {name}` may change this"),
            (By::Nftables, family) => format!("the nftables chain `{} {name}` may change this on {on}", family.word()),
        }
    }
}

fn is_bridge(interface: &Interface) -> bool {
    interface.kind.as_deref() == Some("bridge")
}

impl Snapshot {
    /// What may change a decision about ARP on an interface, in plain words: what is on the interface itself, and on those below it that its packets
    /// pass, such as the ports of a bridge. Empty where nothing may, and for a snapshot from before this was observed.
    pub fn caveats(&self, interface: &Interface, way: Way) -> Vec<String> {
        let (found, unknown) = self.filters.as_ref().map_or((&[][..], &[][..]), |f| (&f.found, &f.unknown));
        let mut caveats = Vec::new();
        let is_marked = |i: &Interface| i.xdp == Some(true) || i.port_answers == Some(true);
        if found.is_empty() && unknown.is_empty() && !self.interfaces.iter().any(is_marked) {
            return caveats;
        }
        let passed = self.passed(interface);
        for filter in found {
            if !filter.outgoing && (way == Way::Announce || !filter.incoming) {
                continue;
            }
            for on in passed.iter().filter(|on| filter.is_on(on)) {
                caveats.push(filter.caveat(on));
                if filter.family == Family::Arp {
                    break;
                }
            }
        }
        for on in &passed {
            if on.xdp == Some(true) && way == Way::Reply {
                caveats.push(format!("an XDP program on {} may change this", on.name));
            }
            // net/bridge/br_arp_nd_proxy.c: br_do_proxy_suppress_arp() answers what it knows, and br_flood() keeps requests from such ports.
            if on.port_answers == Some(true) && on.index != interface.index {
                let text = "may answer for others (proxy_arp, proxy_arp_wifi or neigh_suppress) and keep requests back";
                caveats.push(format!("the bridge port {} {text}", on.name));
            }
        }
        for by in unknown {
            if *by != By::Ebtables || passed.iter().any(|i| is_bridge(i)) {
                caveats.push(format!("whether {} changes this could not be asked", by.word()));
            }
        }
        caveats
    }

    /// An interface and those below it: the ports of a bridge, a bond or a team, the device that a VLAN or macvlan stands on.
    fn passed<'a>(&'a self, interface: &'a Interface) -> Vec<&'a Interface> {
        let mut passed = vec![interface];
        let mut at = 0;
        while let Some(upper) = passed.get(at).copied() {
            // The link of a pair is its other end.
            let is_pair = matches!(upper.kind.as_deref(), Some("veth" | "netkit" | "vxcan"));
            for lower in &self.interfaces {
                let is_below = lower.master == Some(upper.index) || !is_pair && upper.link == Some(lower.index);
                if is_below && !passed.iter().any(|i| i.index == lower.index) {
                    passed.push(lower);
                }
            }
            at += 1;
        }
        passed
    }
}

#[cfg(test)]
mod tests;
