//! `lvsarp status`: every interface with its levels and addresses, and one line of verdict.

use std::collections::HashMap;
use std::net::IpAddr;

use lvsarp::level::meaning;
use lvsarp::{
    Address, AddressFlags, AddressScope, Finding, IfName, Interface, Key, Level, Netns, Report, Role, Severity,
    Snapshot,
};
use serde::Serialize;

use crate::answer::{Answer, Look, finding_line};
use crate::args::StatusArgs;
use crate::check::Silent;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};
use crate::table::{Cell, Table};

pub(crate) fn run(args: &StatusArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let named = args.interfaces.iter().map(|name| input::interface(name)).collect::<Result<Vec<_>, _>>()?;
    let source = Source::open(netns, args.snapshot.as_deref())?;
    let snapshot = source.snapshot()?;
    let interfaces: Vec<&Interface> = match named.as_slice() {
        [] => snapshot.interfaces.iter().collect(),
        named => named.iter().map(|name| snapshot.interface(name)).collect::<Result<_, _>>()?,
    };
    let mut addresses: HashMap<u32, Vec<&Address>> = HashMap::new();
    for address in &snapshot.addresses {
        addresses.entry(address.index).or_default().push(address);
    }
    let rows: Vec<Row<'_>> = interfaces
        .into_iter()
        .map(|interface| Row::of(&snapshot, interface, addresses.get(&interface.index).map_or(&[], Vec::as_slice)))
        .collect();
    let report = snapshot.check(None)?;
    let answer = if look.json {
        Answer::json(&Status { interfaces: rows, ok: report.ok, findings: &report.findings })
    } else {
        let verdict = verdict(&report, &snapshot, look.paint);
        Answer::text(format!("{}{verdict}\n", table(&rows).render(look.paint)))
    };
    args.picture.beside(answer, || lvsarp_svg::host(&snapshot, &report))
}

#[derive(Serialize)]
struct Status<'a> {
    interfaces: Vec<Row<'a>>,
    ok: bool,
    findings: &'a [Finding],
}

/// One interface.
#[derive(Serialize)]
struct Row<'a> {
    name: IfName,
    /// `up`, `down`, `port`, `noarp`, `no-ipv4` or `loopback`: whether it takes part in ARP, and why not.
    state: &'static str,
    up: bool,
    /// The bridge, bond or VRF that it belongs to.
    master: Option<String>,
    arp_ignore: Level,
    arp_announce: Level,
    addresses: &'a [&'a Address],
}

impl<'a> Row<'a> {
    fn of(snapshot: &Snapshot, interface: &Interface, addresses: &'a [&'a Address]) -> Row<'a> {
        let state = match snapshot.role(interface) {
            Role::Speaks { up: true } => "up",
            Role::Speaks { up: false } => "down",
            Role::Port { .. } => "port",
            Role::NoArp => "noarp",
            Role::NoIpv4 => "no-ipv4",
            Role::Loopback => "loopback",
        };
        let name =
            |index| snapshot.by_index(index).map_or_else(|| format!("interface {index}"), |m| m.name.to_string());
        Row {
            name: interface.name,
            state,
            up: interface.is_up(),
            master: interface.master.map(name),
            arp_ignore: snapshot.level(interface, Key::ArpIgnore),
            arp_announce: snapshot.level(interface, Key::ArpAnnounce),
            addresses,
        }
    }

    fn speaks(&self) -> bool {
        matches!(self.state, "up" | "down")
    }

    /// The state in words: `port of br0, down`.
    fn state(&self) -> String {
        let of = match &self.master {
            Some(master) if self.state == "port" => format!(" of {master}"),
            _ => String::new(),
        };
        let down = if self.up || self.speaks() { "" } else { ", down" };
        format!("{}{of}{down}", self.state)
    }
}

fn table(rows: &[Row<'_>]) -> Table {
    const PARTS: &str = "own all -> effective";
    let mut table = Table::default();
    table.titles(["interface", "state", "arp_ignore", "arp_announce", "addresses"]);
    table.titles(["", "", PARTS, PARTS]);
    for row in rows {
        let mut addresses = row.addresses.iter().map(|address| described(address));
        table.row([
            Cell::toned(row.name.to_string(), Tone::Bold),
            Cell::new(row.state()),
            level(Key::ArpIgnore, row.arp_ignore, row.speaks()),
            level(Key::ArpAnnounce, row.arp_announce, row.speaks()),
            Cell::new(addresses.next().unwrap_or_default()),
        ]);
        for address in addresses {
            table.row(["", "", "", "", &address].map(Cell::new));
        }
    }
    table
}

/// `own all -> effective`, coloured where it counts. A value that was not read is `?`.
fn level(key: Key, level: Level, counts: bool) -> Cell {
    let shown = |value: Option<i32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let text = format!("{:>3} {:>3} -> {}", shown(level.own), shown(level.all), shown(level.effective));
    let tone = match level.effective.map(|value| meaning(key, value).is_some_and(|row| row.hides_vip)) {
        _ if !counts => Tone::Dim,
        Some(true) => Tone::Good,
        Some(false) => Tone::Bad,
        None => Tone::Doubtful,
    };
    Cell::toned(text, tone)
}

/// An address in the words of `ip`, without what goes without saying.
fn described(address: &Address) -> String {
    let mut text = match address.peer {
        Some(peer) => format!("{} peer {peer}/{}", address.local, address.prefixlen),
        None => format!("{}/{}", address.local, address.prefixlen),
    };
    let usual = match address.local {
        local if local.is_loopback() => AddressScope::HOST,
        IpAddr::V6(local) if local.is_unicast_link_local() => AddressScope::LINK,
        _ => AddressScope::GLOBAL,
    };
    if address.scope != usual {
        text.push_str(&format!(" scope {}", address.scope));
    }
    if let Some(label) = address.label.as_deref().filter(|label| *label != address.dev.to_string()) {
        text.push_str(&format!(" label {label}"));
    }
    for word in AddressFlags(address.flags.0 & !(AddressFlags::PERMANENT | AddressFlags::NODAD)).words() {
        text.push(' ');
        text.push_str(&word);
    }
    text
}

/// One line: who is silent where, or the first thing that is wrong.
fn verdict(report: &Report, snapshot: &Snapshot, paint: Paint) -> String {
    if report.ok {
        let more = match report.findings.iter().filter(|f| f.severity == Severity::Warning).count() {
            0 => String::new(),
            1 => "; 1 warning, see lvsarp check".to_owned(),
            n => format!("; {n} warnings, see lvsarp check"),
        };
        return Silent::of(report, &snapshot.vips()).line(paint) + &more;
    }
    let mut serious = report.findings.iter().filter(|f| f.severity <= Severity::Unknown);
    let first = serious.next().map(|finding| finding_line(finding, paint)).unwrap_or_default();
    match serious.count() {
        0 => first,
        n => format!("{first}; {n} more, see lvsarp check"),
    }
}
