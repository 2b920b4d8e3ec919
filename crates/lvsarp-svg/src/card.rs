//! One interface: its name, kind and state, its addresses, its levels, its ports, and what the network gets to hear of the VIPs there.

use lvsarp::{Interface, Key, Level, Role};

use crate::canvas::{Area, Canvas, Kind, LEADING, Layer, Sign, Tone};
use crate::facts::{Count, Facts};
use crate::measure::plain;

/// Where the cards stand, from left to right.
pub(crate) const LEFT: i32 = 134;
pub(crate) const RIGHT: i32 = 782;
pub(crate) const INNER: i32 = LEFT + 14;
pub(crate) const END: i32 = RIGHT - 12;
/// Where the columns of levels end, and where those of what is heard start.
const KEY: i32 = 384;
const OWN: i32 = 498;
const ALL: i32 = 528;
const EFFECTIVE: i32 = 580;
const HEARD: i32 = 600;
/// The room for identity and addresses beside the columns.
const IDENTITY: i32 = KEY - 12 - INNER;

/// The most addresses and ports that are named.
const NAMED: usize = 60;

/// The two lines of a card on which frames come in and go out.
pub(crate) struct Lines {
    pub reply: i32,
    pub announce: i32,
    /// Where the card ends.
    pub bottom: i32,
}

/// The titles above the columns.
pub(crate) fn titles(canvas: &mut Canvas, baseline: i32, title: &str) {
    canvas.text(INNER, baseline, Kind::Word, Tone::Plain, IDENTITY, title);
    canvas.text_to(OWN, baseline, Kind::Small, Tone::Dim, 40, "own");
    canvas.text_to(ALL, baseline, Kind::Small, Tone::Dim, 26, "all");
    canvas.text_to(EFFECTIVE, baseline, Kind::Small, Tone::Dim, 52, "in force");
    canvas.text(HEARD - 6, baseline, Kind::Small, Tone::Dim, END - HEARD, "the network hears");
}

/// An interface that is up and speaks ARP.
pub(crate) fn speaker(canvas: &mut Canvas, facts: &Facts<'_>, interface: &Interface, top: i32) -> Lines {
    let heard = facts.heard(interface);
    let (first, second) = (top + 21, top + 43);
    identity(canvas, facts, interface, first, IDENTITY);
    levels(canvas, facts, interface, [first, second], [heard.replies.tone(), heard.announces.tone()]);
    says(canvas, first, heard.replies, "answers for");
    says(canvas, second, heard.announces, "announces");
    let bottom = addresses(canvas, facts, interface, second);
    let bottom = ports(canvas, facts, interface, bottom) + 11;
    let tone = worse(heard.replies.tone(), heard.announces.tone());
    let area = Area { x: LEFT, y: top, width: RIGHT - LEFT, height: bottom - top };
    canvas.back(Layer::Card, Tone::Plain, area);
    canvas.edge(tone, area);
    Lines { reply: first - 4, announce: second - 4, bottom }
}

/// The worse of two.
pub(crate) fn worse(one: Tone, other: Tone) -> Tone {
    [Tone::Bad, Tone::Doubt, Tone::Good].into_iter().find(|tone| [one, other].contains(tone)).unwrap_or(Tone::Dim)
}

/// An interface that hears no request now, in one line and one for its addresses. Returns where it ends.
pub(crate) fn bystander(canvas: &mut Canvas, facts: &Facts<'_>, interface: &Interface, top: i32) -> i32 {
    let first = top + 16;
    identity(canvas, facts, interface, first, IDENTITY);
    let waits = ["leaks-when-up", "vip-on-interface"].iter().any(|code| facts.has_finding(code, interface));
    let (tone, why) = match facts.snapshot.role(interface) {
        Role::Speaks { .. } if waits => (Tone::Doubt, "leaks once it is up"),
        Role::Speaks { .. } => (Tone::Dim, "hears nothing: it is down"),
        Role::Loopback => (Tone::Dim, "nothing arrives on it"),
        Role::NoArp => (Tone::Dim, "does no ARP"),
        Role::NoIpv4 => (Tone::Dim, "has no IPv4 part"),
        Role::Port { .. } => (Tone::Dim, "its master hears"),
    };
    if tone == Tone::Doubt {
        canvas.sign(Sign::Question, tone, HEARD, first - 4);
    }
    canvas.text(HEARD + 12, first, Kind::Small, tone, END - HEARD - 12, why);
    let shown = |key| facts.snapshot.level(interface, key).effective.map_or("?".to_owned(), |value| value.to_string());
    let text = format!("ignore {}, announce {}", shown(Key::ArpIgnore), shown(Key::ArpAnnounce));
    canvas.text(KEY, first, Kind::Code, Tone::Dim, EFFECTIVE - KEY, &text);
    let mut bottom = first;
    if !facts.addresses(interface).is_empty() {
        let text = listed(facts, interface).join(" ");
        bottom = canvas.paragraph(INNER, first + LEADING + 1, Kind::Code, Tone::Plain, END - INNER, 3, &text);
    }
    bottom + 6
}

/// The name in bold, then what it is.
fn identity(canvas: &mut Canvas, facts: &Facts<'_>, interface: &Interface, baseline: i32, room: i32) {
    let end = canvas.text(INNER, baseline, Kind::Name, Tone::Plain, 132, &interface.name.to_string());
    canvas.text(end + 8, baseline, Kind::Small, Tone::Dim, INNER + room - end - 8, &facts.described(interface));
}

/// Both keys: own, all and in force; the last in the colour of what the network hears.
fn levels(canvas: &mut Canvas, facts: &Facts<'_>, interface: &Interface, lines: [i32; 2], tones: [Tone; 2]) {
    for ((key, y), tone) in [Key::ArpIgnore, Key::ArpAnnounce].into_iter().zip(lines).zip(tones) {
        let Level { own, all, effective } = facts.snapshot.level(interface, key);
        let shown = |value: Option<i32>| value.map_or("?".to_owned(), |value| value.to_string());
        canvas.text(KEY, y, Kind::Code, Tone::Plain, OWN - 30 - KEY, key.name());
        canvas.text_to(OWN, y, Kind::Code, Tone::Dim, 26, &shown(own));
        canvas.text_to(ALL, y, Kind::Code, Tone::Dim, 26, &shown(all));
        canvas.text_to(EFFECTIVE, y, Kind::Value, tone, 44, &shown(effective));
    }
}

/// What the network hears: `answers for no VIP`.
fn says(canvas: &mut Canvas, baseline: i32, count: Count, act: &str) {
    let tone = count.tone();
    let text = match count {
        Count { leaking: 1, first: Some(vip), .. } => format!("{act} {vip}"),
        Count { leaking: 1.., .. } => format!("{act} {} of {} VIPs", count.leaking, count.all),
        Count { unknown: 1.., .. } => "cannot be told".to_owned(),
        Count { all: 0, .. } => return,
        _ => format!("{act} no VIP"),
    };
    let sign = match tone {
        Tone::Bad => Sign::Cross,
        Tone::Doubt => Sign::Question,
        _ => Sign::Tick,
    };
    canvas.sign(sign, tone, HEARD, baseline - 4);
    canvas.text(HEARD + 12, baseline, Kind::Small, tone, END - HEARD - 12, &text);
}

/// The addresses: beside the columns where they fit, otherwise below. Returns the last baseline.
fn addresses(canvas: &mut Canvas, facts: &Facts<'_>, interface: &Interface, baseline: i32) -> i32 {
    if facts.addresses(interface).is_empty() {
        canvas.text(INNER, baseline, Kind::Small, Tone::Dim, IDENTITY, "no address");
        return baseline;
    }
    let mut rest = listed(facts, interface);
    let mut beside = String::new();
    while let Some(first) = rest.first() {
        let joined = if beside.is_empty() { first.clone() } else { format!("{beside} {first}") };
        if Kind::Code.font().width(&plain(&joined)) > IDENTITY {
            break;
        }
        beside = joined;
        rest.remove(0);
    }
    canvas.text(INNER, baseline, Kind::Code, Tone::Plain, IDENTITY, &beside);
    if rest.is_empty() {
        return baseline;
    }
    canvas.paragraph(INNER, baseline + 20, Kind::Code, Tone::Plain, END - INNER, 3, &rest.join(" "))
}

/// The addresses with commas between them.
fn listed(facts: &Facts<'_>, interface: &Interface) -> Vec<String> {
    let all = facts.addresses(interface);
    let mut texts: Vec<String> = all.iter().take(NAMED).map(|address| facts.address(address) + ",").collect();
    if all.len() > NAMED {
        texts.push(format!("and {} more", all.len() - NAMED));
    } else if let Some(last) = texts.last_mut() {
        last.pop();
    }
    texts
}

/// The ports of a bridge, bond or team and theirs, as chips. Returns the last baseline.
fn ports(canvas: &mut Canvas, facts: &Facts<'_>, master: &Interface, baseline: i32) -> i32 {
    let mut chips: Vec<(Tone, String)> = Vec::new();
    for port in facts.all_ports(master) {
        let of = port.master.filter(|index| *index != master.index).map(|index| format!(" of {}", facts.name(index)));
        let down = if port.is_up() { "" } else { ", down" };
        let (tone, level) = match facts.has_finding("level-on-port", port) {
            true => (Tone::Doubt, ", level without effect"),
            false => (Tone::Plain, ""),
        };
        chips.push((tone, format!("{}{}{down}{level}", port.name, of.unwrap_or_default())));
    }
    if chips.is_empty() {
        return baseline;
    }
    if chips.len() > NAMED {
        let more = chips.len() - NAMED;
        chips.truncate(NAMED);
        chips.push((Tone::Plain, format!("and {more} more")));
    }
    let mut y = baseline + 24;
    let mut x = canvas.text(INNER, y, Kind::Small, Tone::Dim, 60, "ports") + 10;
    let start = x;
    for (tone, text) in chips {
        let font = Kind::Code.font();
        let text = font.fitted(&plain(&text), END - start - 16);
        let width = font.width(&text) + 14;
        if x > start && x + width > END {
            x = start;
            y += 24;
        }
        canvas.rect("chip", tone, Area { x, y: y - 14, width, height: 20 });
        canvas.text(x + 7, y, Kind::Code, tone, width, &text);
        x += width + 6;
    }
    y + 3
}
