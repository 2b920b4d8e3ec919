//! The VIPs in groups that share their fate, the leaking ones first, each named alone or in a range.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use lvsarp::{AddressScope, IfName, Prefix};

use crate::canvas::Tone;
use crate::facts::{Facts, listed};

/// VIPs of which the same is true.
pub(crate) struct Group {
    pub tone: Tone,
    /// `leaks: answered on eth0`, `silent`.
    pub words: String,
    /// Where they are bound.
    pub place: String,
    /// How many they are.
    pub count: usize,
    pub names: Vec<Named>,
}

/// One VIP, or several in a row: `192.0.2.10`, `192.0.2.20 – 192.0.2.29 (10)`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub text: String,
    pub count: usize,
}

/// What is true of a VIP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Fate {
    answered: Vec<IfName>,
    announced: Vec<IfName>,
    unknown: Vec<IfName>,
    place: Option<String>,
}

/// The groups: leaking, not bound, unknown, silent; within one kind in the order of the report.
pub(crate) fn groups(facts: &Facts<'_>) -> Vec<Group> {
    let mut fates: HashMap<IpAddr, Fate> = HashMap::with_capacity(facts.vips.len());
    for verdict in &facts.report.verdicts {
        let fate = fates.entry(verdict.vip).or_default();
        if verdict.replies == Some(true) {
            fate.answered.push(verdict.interface);
        }
        if verdict.announces == Some(true) {
            fate.announced.push(verdict.interface);
        }
        if verdict.replies.is_none() || verdict.announces.is_none() {
            fate.unknown.push(verdict.interface);
        }
    }
    let missing = facts.report.findings.iter().filter(|finding| finding.code == "vip-missing");
    let missing: HashSet<IpAddr> = missing.filter_map(|finding| finding.vip).collect();
    let routes = facts.snapshot.local_routes.iter().map(|route| (route.prefix.address(), route.prefix));
    let routes: HashMap<IpAddr, Prefix> = routes.collect();
    let mut order: Vec<Fate> = Vec::new();
    let mut members: HashMap<Fate, Vec<IpAddr>> = HashMap::new();
    for vip in &facts.vips {
        let mut fate = fates.remove(vip).unwrap_or_default();
        fate.place = (!missing.contains(vip)).then(|| place(facts, &routes, *vip));
        match members.get_mut(&fate) {
            Some(members) => members.push(*vip),
            None => {
                order.push(fate.clone());
                members.insert(fate, vec![*vip]);
            }
        }
    }
    let mut groups: Vec<(u8, Group)> =
        order.into_iter().filter_map(|fate| Some(group(facts, &fate, members.remove(&fate)?))).collect();
    groups.sort_by_key(|(rank, _)| *rank);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn group(facts: &Facts<'_>, fate: &Fate, vips: Vec<IpAddr>) -> (u8, Group) {
    let Fate { answered, announced, unknown, place } = fate;
    let on = |interfaces: &[IfName]| listed(&interfaces.iter().map(ToString::to_string).collect::<Vec<_>>());
    let mut leaks = Vec::new();
    if !answered.is_empty() {
        leaks.push(format!("answered on {}", on(answered)));
    }
    if !announced.is_empty() {
        leaks.push(format!("announced on {}", on(announced)));
    }
    let (rank, tone, words) = if !leaks.is_empty() {
        (0, Tone::Bad, format!("leaks: {}", leaks.join("; ")))
    } else if place.is_none() {
        (1, Tone::Bad, "not bound here".to_owned())
    } else if !unknown.is_empty() {
        (2, Tone::Doubt, format!("cannot be told on {}", on(unknown)))
    } else if facts.report.verdicts.is_empty() {
        (3, Tone::Good, "silent: no interface speaks ARP".to_owned())
    } else {
        (3, Tone::Good, "silent on every interface".to_owned())
    };
    let place = place.clone().unwrap_or_default();
    (rank, Group { tone, words, place, count: vips.len(), names: names(vips) })
}

/// `on lo`, `on lo (scope host)`, `by local route 198.51.100.0/24`.
fn place(facts: &Facts<'_>, routes: &HashMap<IpAddr, Prefix>, vip: IpAddr) -> String {
    let mut places = Vec::new();
    for address in facts.places(vip) {
        let mut more = Vec::new();
        if !address.subnet().is_host() {
            more.push(format!("/{}", address.prefixlen));
        }
        if address.scope != AddressScope::GLOBAL {
            more.push(format!("scope {}", address.scope));
        }
        let dev = address.dev;
        places.push(if more.is_empty() { dev.to_string() } else { format!("{dev} ({})", more.join(", ")) });
    }
    match (places.as_slice(), routes.get(&vip)) {
        ([], Some(route)) => format!("by local route {route}"),
        ([], None) => "by a local route".to_owned(),
        (places, _) => format!("on {}", listed(places)),
    }
}

/// Addresses in their order; three and more in a row as a range.
fn names(mut vips: Vec<IpAddr>) -> Vec<Named> {
    vips.sort_unstable();
    let mut names = Vec::new();
    let mut at = 0;
    while at < vips.len() {
        let mut end = at;
        while end + 1 < vips.len() && follows(vips[end], vips[end + 1]) {
            end += 1;
        }
        if end - at >= 2 {
            let count = end - at + 1;
            names.push(Named { text: format!("{} – {} ({count})", vips[at], vips[end]), count });
        } else {
            names.extend(vips[at..=end].iter().map(|vip| Named { text: vip.to_string(), count: 1 }));
        }
        at = end + 1;
    }
    names
}

fn follows(before: IpAddr, after: IpAddr) -> bool {
    match (before, after) {
        (IpAddr::V4(before), IpAddr::V4(after)) => u32::from(before).checked_add(1) == Some(after.into()),
        (IpAddr::V6(before), IpAddr::V6(after)) => u128::from(before).checked_add(1) == Some(after.into()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row_are_a_range_and_two_are_not() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let vips = ["192.0.2.9", "192.0.2.3", "192.0.2.2", "192.0.2.255", "192.0.3.0", "192.0.3.1", "2001:db8::1"];
        let named = |vips: Vec<IpAddr>| names(vips).into_iter().map(|name| name.text).collect::<Vec<_>>();
        assert_eq!(
            named(vips.map(ip).to_vec()),
            ["192.0.2.2", "192.0.2.3", "192.0.2.9", "192.0.2.255 – 192.0.3.1 (3)", "2001:db8::1"]
        );
        assert_eq!(named(vec![ip("255.255.255.255"), ip("::")]), ["255.255.255.255", "::"]);
    }
}
