//! `lvsarp status`: every interface with its levels and addresses, and one line of verdict.

use lvsarp::level;
use lvsarp::{
    Address, AddressFlags, AddressScope, Interface, InterfaceFlags, Key, Level, Netns, Report, Severity, Snapshot,
};
use serde::Serialize;

use crate::answer::{Answer, Look, finding_line};
use crate::args::StatusArgs;
use crate::check::silence;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};
use crate::table::{Cell, Table};

pub(crate) fn run(args: &StatusArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let named = args.interfaces.iter().map(|name| input::interface(name)).collect::<Result<Vec<_>, _>>()?;
    let snapshot = Source::open(netns, args.snapshot.as_deref())?.snapshot()?;
    let interfaces: Vec<&Interface> = match named.as_slice() {
        [] => snapshot.interfaces.iter().collect(),
        named => named.iter().map(|name| snapshot.interface(name)).collect::<Result<_, _>>()?,
    };
    let report = snapshot.check(None)?;
    let rows: Vec<Row<'_>> = interfaces.into_iter().map(|interface| Row::of(&snapshot, interface)).collect();
    if look.json {
        return Ok(Answer::json(&Status { interfaces: rows, ok: report.ok, findings: &report.findings }));
    }
    let mut text = table(&rows).render(look.paint);
    text.push_str(&verdict(&report, &snapshot, look.paint));
    text.push('\n');
    Ok(Answer::text(text))
}

#[derive(Serialize)]
struct Status<'a> {
    interfaces: Vec<Row<'a>>,
    ok: bool,
    findings: &'a [lvsarp::Finding],
}

/// One interface.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a lvsarp::IfName,
    state: State,
    up: bool,
    /// The bridge, bond or VRF that it belongs to.
    master: Option<String>,
    arp_ignore: Level,
    arp_announce: Level,
    addresses: Vec<&'a Address>,
}

/// What part the interface plays in ARP.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Up,
    Down,
    Port,
    NoArp,
    NoIpv4,
    Loopback,
}

impl<'a> Row<'a> {
    fn of(snapshot: &'a Snapshot, interface: &'a Interface) -> Row<'a> {
        let master = interface.master.map(|index| (snapshot.by_index(index), index));
        let state = if interface.is_loopback() {
            State::Loopback
        } else if master.is_some_and(|(m, _)| m.is_none_or(|m| m.kind.as_deref() != Some("vrf"))) {
            State::Port
        } else if interface.flags.contains(InterfaceFlags::NOARP) {
            State::NoArp
        } else if interface.conf.is_none() {
            State::NoIpv4
        } else if interface.is_up() {
            State::Up
        } else {
            State::Down
        };
        Row {
            name: &interface.name,
            state,
            up: interface.is_up(),
            master: master.map(|(m, index)| m.map_or_else(|| format!("interface {index}"), |m| m.name.to_string())),
            arp_ignore: snapshot.level(interface, Key::ArpIgnore),
            arp_announce: snapshot.level(interface, Key::ArpAnnounce),
            addresses: snapshot.addresses_of(interface.index).collect(),
        }
    }

    fn state(&self) -> String {
        let mut text = match (self.state, &self.master) {
            (State::Up, _) => "up".to_owned(),
            (State::Down, _) => return "down".to_owned(),
            (State::Port, Some(master)) => format!("port of {master}"),
            (State::Port, None) => "port".to_owned(),
            (State::NoArp, _) => "noarp".to_owned(),
            (State::NoIpv4, _) => "no IPv4".to_owned(),
            (State::Loopback, _) => "loopback".to_owned(),
        };
        if !self.up {
            text.push_str(", down");
        }
        text
    }
}

fn table(rows: &[Row<'_>]) -> Table {
    let mut table = Table::default();
    let legend = "own all -> effective";
    table.titles(["interface", "state", "arp_ignore", "arp_announce", "addresses"]);
    table.titles(["", "", legend, legend]);
    for row in rows {
        let speaks = matches!(row.state, State::Up | State::Down);
        let mut addresses = row.addresses.iter().map(|address| described(address, row.state));
        table.row([
            Cell::toned(row.name.to_string(), Tone::Bold),
            Cell::new(row.state()),
            level_cell(Key::ArpIgnore, row.arp_ignore, speaks),
            level_cell(Key::ArpAnnounce, row.arp_announce, speaks),
            Cell::new(addresses.next().unwrap_or_default()),
        ]);
        for address in addresses {
            table.row(["", "", "", "", &address].map(Cell::new));
        }
    }
    table
}

/// `own all -> effective`, coloured where it counts.
fn level_cell(key: Key, level: Level, speaks: bool) -> Cell {
    let shown = |value: Option<i32>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let text = format!("{:>3} {:>3} -> {}", shown(level.own), shown(level.all), shown(level.effective));
    let tone = match level.effective {
        _ if !speaks => Tone::Dim,
        None => Tone::Doubtful,
        Some(value) if level::meaning(key, value).is_some_and(|row| row.hides_vip) => Tone::Good,
        Some(_) => Tone::Bad,
    };
    Cell::toned(text, tone)
}

/// An address as `ip` prints it, without what goes without saying.
fn described(address: &Address, state: State) -> String {
    let mut text = match address.peer {
        Some(peer) => format!("{} peer {peer}/{}", address.local, address.prefixlen),
        None => format!("{}/{}", address.local, address.prefixlen),
    };
    let usual_scope = match address.local {
        local if local.is_loopback() && state == State::Loopback => AddressScope::HOST,
        std::net::IpAddr::V6(local) if local.is_unicast_link_local() => AddressScope::LINK,
        _ => AddressScope::GLOBAL,
    };
    if address.scope != usual_scope {
        text.push_str(&format!(" scope {}", address.scope));
    }
    if let Some(label) = address.label.as_deref().filter(|label| *label != address.dev.to_string()) {
        text.push_str(&format!(" label {label}"));
    }
    let flags = AddressFlags(address.flags.0 & !(AddressFlags::PERMANENT | AddressFlags::NODAD));
    for word in flags.words() {
        text.push(' ');
        text.push_str(&word);
    }
    text
}

/// One line: who is silent where, or the first thing that is wrong.
fn verdict(report: &Report, snapshot: &Snapshot, paint: Paint) -> String {
    if report.ok {
        let warnings = report.findings.iter().filter(|f| f.severity == Severity::Warning).count();
        let more = match warnings {
            0 => String::new(),
            1 => " (1 warning: lvsarp check)".to_owned(),
            n => format!(" ({n} warnings: lvsarp check)"),
        };
        return format!("{}: {}{more}", paint.tone(Tone::Good, "ok"), silence(report, &snapshot.vips()));
    }
    let mut serious = report.findings.iter().filter(|f| f.severity <= Severity::Unknown);
    let first = serious.next().map(|finding| finding_line(finding, paint)).unwrap_or_default();
    match serious.count() {
        0 => first,
        n => format!("{first} (and {n} more: lvsarp check)"),
    }
}
