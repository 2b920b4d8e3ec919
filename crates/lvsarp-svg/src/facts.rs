//! What a picture says of a host, read once from its snapshot and report.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use lvsarp::{Address, AddressScope, IfName, Interface, Report, Role, Severity, Snapshot};

use crate::canvas::Tone;

/// A snapshot and a report, to look things up in.
pub(crate) struct Facts<'a> {
    pub snapshot: &'a Snapshot,
    pub report: &'a Report,
    /// The VIPs that the report is about, each once.
    pub vips: Vec<IpAddr>,
    /// What the network gets to hear of them, by interface.
    heard: HashMap<IfName, Heard>,
    addresses: HashMap<u32, Vec<&'a Address>>,
    places: HashMap<IpAddr, Vec<&'a Address>>,
    ports: HashMap<u32, Vec<&'a Interface>>,
    is_vip: HashSet<IpAddr>,
    found: HashSet<(&'static str, IfName)>,
}

/// What the network gets to hear of the VIPs on one interface.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    pub replies: Count,
    pub announces: Count,
}

/// Of how many VIPs something is so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub leaking: usize,
    pub unknown: usize,
    pub all: usize,
    /// The first that leaks.
    pub first: Option<IpAddr>,
}

impl Count {
    fn add(&mut self, vip: IpAddr, leaks: Option<bool>) {
        self.all += 1;
        match leaks {
            Some(true) => {
                self.leaking += 1;
                self.first = self.first.or(Some(vip));
            }
            None => self.unknown += 1,
            Some(false) => {}
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Count { leaking: 1.., .. } => Tone::Bad,
            Count { unknown: 1.., .. } => Tone::Doubt,
            Count { all: 0, .. } => Tone::Dim,
            _ => Tone::Good,
        }
    }
}

impl<'a> Facts<'a> {
    pub fn of(snapshot: &'a Snapshot, report: &'a Report) -> Facts<'a> {
        let mut heard: HashMap<IfName, Heard> = HashMap::new();
        let mut vips = Vec::new();
        let mut is_vip = HashSet::new();
        let mut take = |vip: IpAddr| {
            if is_vip.insert(vip) {
                vips.push(vip);
            }
        };
        for verdict in &report.verdicts {
            take(verdict.vip);
            let heard = heard.entry(verdict.interface).or_default();
            heard.replies.add(verdict.vip, verdict.replies);
            heard.announces.add(verdict.vip, verdict.announces);
        }
        // Where no interface is up there is no verdict.
        report.findings.iter().filter_map(|finding| finding.vip).for_each(&mut take);
        if report.verdicts.is_empty() && report.findings.iter().all(|finding| finding.code != "vip-missing") {
            snapshot.vips().into_iter().for_each(&mut take);
        }
        let mut facts = Facts {
            snapshot,
            report,
            vips,
            heard,
            addresses: HashMap::new(),
            places: HashMap::new(),
            ports: HashMap::new(),
            is_vip,
            found: report.findings.iter().filter_map(|f| Some((f.code, f.interface?))).collect(),
        };
        for address in &snapshot.addresses {
            facts.addresses.entry(address.index).or_default().push(address);
            facts.places.entry(address.local).or_default().push(address);
        }
        for interface in &snapshot.interfaces {
            if let Role::Port { master } = snapshot.role(interface) {
                facts.ports.entry(master).or_default().push(interface);
            }
        }
        facts
    }

    pub fn is_vip(&self, address: IpAddr) -> bool {
        self.is_vip.contains(&address)
    }

    pub fn heard(&self, interface: &Interface) -> Heard {
        self.heard.get(&interface.name).copied().unwrap_or_default()
    }

    /// The addresses of an interface.
    pub fn addresses(&self, interface: &Interface) -> &[&'a Address] {
        self.addresses.get(&interface.index).map_or(&[], Vec::as_slice)
    }

    /// Where an address is bound.
    pub fn places(&self, address: IpAddr) -> &[&'a Address] {
        self.places.get(&address).map_or(&[], Vec::as_slice)
    }

    /// The ports of a bridge, bond or team, each followed by its own.
    pub fn all_ports(&self, master: &Interface) -> Vec<&'a Interface> {
        let mut all = Vec::new();
        let mut seen = HashSet::from([master.index]);
        let mut waiting = vec![master.index];
        while let Some(index) = waiting.pop() {
            let ports = self.ports.get(&index).map_or(&[][..], Vec::as_slice);
            all.extend(self.snapshot.by_index(index).filter(|port| port.index != master.index));
            // Masters may belong to each other in a snapshot that somebody made up.
            waiting.extend(ports.iter().rev().map(|port| port.index).filter(|index| seen.insert(*index)));
        }
        all
    }

    /// The interfaces that are up and speak ARP.
    pub fn speakers(&self) -> Vec<&'a Interface> {
        let is_up = |interface: &&Interface| self.snapshot.role(interface) == (Role::Speaks { up: true });
        self.snapshot.interfaces.iter().filter(is_up).collect()
    }

    /// The loopback device.
    pub fn lo(&self) -> Option<&'a Interface> {
        self.snapshot.interfaces.iter().find(|interface| interface.is_loopback())
    }

    /// The interfaces that hear no request now and are no port of one that does; lo has a place of its own.
    pub fn bystanders(&self) -> Vec<&'a Interface> {
        let speakers = self.speakers();
        let ports = speakers.iter().flat_map(|interface| self.all_ports(interface));
        let shown = ports.chain(speakers.iter().copied()).chain(self.lo());
        let shown: HashSet<u32> = shown.map(|interface| interface.index).collect();
        self.snapshot.interfaces.iter().filter(|interface| !shown.contains(&interface.index)).collect()
    }

    pub fn name(&self, index: u32) -> String {
        self.snapshot.by_index(index).map_or_else(|| format!("interface {index}"), |i| i.name.to_string())
    }

    /// Whether something was found about an interface.
    pub fn has_finding(&self, code: &'static str, interface: &Interface) -> bool {
        self.found.contains(&(code, interface.name))
    }

    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.report.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// `vlan on eth0, up`, `bridge, down`, `port of br0`.
    pub fn described(&self, interface: &Interface) -> String {
        let mut text = interface.kind.as_deref().unwrap_or("device").to_owned();
        if interface.is_loopback() {
            "loopback".clone_into(&mut text);
        }
        let stacked = matches!(&*text, "vlan" | "macvlan" | "macvtap" | "ipvlan" | "macsec");
        if let Some(below) = interface.link.filter(|_| stacked) {
            text.push_str(&format!(" on {}", self.name(below)));
        }
        match (self.snapshot.role(interface), interface.master) {
            (Role::Port { master }, _) => text.push_str(&format!(", port of {}", self.name(master))),
            (_, Some(vrf)) => text.push_str(&format!(" in {}", self.name(vrf))),
            _ => {}
        }
        text.push_str(if interface.is_up() { ", up" } else { ", down" });
        text
    }

    /// An address in the words of `ip`.
    pub fn address(&self, address: &Address) -> String {
        let mut text = format!("{}/{}", address.local, address.prefixlen);
        if let Some(label) = address.label.as_deref().filter(|label| *label != address.dev.to_string()) {
            text.push_str(&format!(" {label}"));
        }
        if address.scope != AddressScope::GLOBAL && self.is_vip(address.local) {
            text.push_str(&format!(" scope {}", address.scope));
        }
        text
    }
}

/// The verdict on the whole, in a word, and what it is about.
pub(crate) fn verdict(facts: &Facts<'_>) -> (Tone, &'static str, String) {
    let mut leaking: Vec<IpAddr> = Vec::new();
    let mut unknown = false;
    // Verdicts come VIP by VIP.
    for verdict in &facts.report.verdicts {
        let leaks = verdict.replies == Some(true) || verdict.announces == Some(true);
        if leaks && leaking.last() != Some(&verdict.vip) {
            leaking.push(verdict.vip);
        }
        unknown |= verdict.replies.is_none() || verdict.announces.is_none();
    }
    let first = |severity| facts.report.findings.iter().find(|finding| finding.severity == severity);
    match (leaking.as_slice(), facts.vips.as_slice()) {
        ([one], [_]) => (Tone::Bad, "LEAKS", format!("{one} is not silent")),
        ([one], all) => (Tone::Bad, "LEAKS", format!("{one} of {} VIPs is not silent", all.len())),
        ([_, _, ..], all) => (Tone::Bad, "LEAKS", format!("{} of {} VIPs are not silent", leaking.len(), all.len())),
        ([], _) if first(Severity::Error).is_some() => {
            (Tone::Bad, "ERROR", first(Severity::Error).map(|finding| finding.message.clone()).unwrap_or_default())
        }
        ([], _) if unknown => (Tone::Doubt, "UNKNOWN", "whether every VIP is silent cannot be told".to_owned()),
        ([], _) if first(Severity::Unknown).is_some() => (
            Tone::Doubt,
            "UNKNOWN",
            first(Severity::Unknown).map(|finding| finding.message.clone()).unwrap_or_default(),
        ),
        ([], []) => (Tone::Plain, "NO VIP", "there is nothing to keep silent".to_owned()),
        ([], [one]) => (Tone::Good, "SILENT", format!("{one} {}", where_silent(facts))),
        ([], all) => (Tone::Good, "SILENT", format!("all {} VIPs {}", all.len(), where_silent(facts))),
    }
}

fn where_silent(facts: &Facts<'_>) -> &'static str {
    match facts.report.verdicts.is_empty() {
        true => "while no interface speaks ARP",
        false => "on every interface that speaks ARP",
    }
}

/// `a`, `a and b`, `a, b, c and 3 more`.
pub(crate) fn listed(items: &[String]) -> String {
    const NAMED: usize = 4;
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if items.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", items[..NAMED - 1].join(", "), items.len() + 1 - NAMED),
    }
}
