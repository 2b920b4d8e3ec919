//! The picture of a host: the VIPs, the interfaces, and on the left the network with what it gets to hear.

use lvsarp::{Interface, Key, Report, Severity, Snapshot};

use crate::canvas::{Area, Canvas, Kind, LEADING, Layer, Sign, Tone, WIDTH};
use crate::card::{self, END, INNER, LEFT, RIGHT};
use crate::facts::{Count, Facts, verdict};
use crate::vips::{self, Named};

/// The frame of the host, and the wire on its left.
pub(crate) const FRAME: i32 = LEFT - 10;
pub(crate) const FRAME_END: i32 = RIGHT + 10;
pub(crate) const TOP: i32 = 8;
pub(crate) const WIRE: i32 = 18;

/// The most lines of names in one group of VIPs, by whether they are silent.
const NAMES: [usize; 2] = [400, 3];

/// The host as SVG.
pub(crate) fn draw(snapshot: &Snapshot, report: &Report) -> String {
    let facts = Facts::of(snapshot, report);
    let (canvas, height) = picture(&facts);
    let (_, word, sentence) = verdict(&facts);
    canvas.document(height, &format!("{word}: {sentence}"), &description(&facts))
}

/// The picture and its height.
pub(crate) fn picture(facts: &Facts<'_>) -> (Canvas, i32) {
    let mut canvas = Canvas::default();
    let (tone, word, sentence) = verdict(facts);
    let mut y = header(&mut canvas, facts, (tone, word, &sentence));
    y = home(&mut canvas, facts, y);
    let speakers = facts.speakers();
    if speakers.is_empty() {
        y += 24;
        canvas.text(INNER, y, Kind::Body, Tone::Dim, END - INNER, "no interface is up and speaks ARP");
        y += 8;
    } else {
        y += 26;
        card::titles(&mut canvas, y, "interfaces that speak ARP");
        y = network(&mut canvas, facts, &speakers, y + 8);
    }
    y = bystanders(&mut canvas, facts, y);
    y = findings(&mut canvas, facts, y);
    frame(&mut canvas, y);
    (canvas, y + TOP)
}

/// The frame of the host, behind everything.
pub(crate) fn frame(canvas: &mut Canvas, bottom: i32) {
    let area = Area { x: FRAME, y: TOP, width: FRAME_END - FRAME, height: bottom - TOP };
    canvas.back(Layer::Host, Tone::Plain, area);
}

/// The verdict in a word and a sentence, the kernel and the levels of all. Returns where it ends.
pub(crate) fn header(canvas: &mut Canvas, facts: &Facts<'_>, (tone, word, sentence): (Tone, &str, &str)) -> i32 {
    let y = TOP + 27;
    let mut x = LEFT + 4;
    if let Some(sign) = sign(tone) {
        canvas.sign(sign, tone, x + 6, y - 5);
        x += 20;
    }
    let end = canvas.text(x, y, Kind::Title, tone, 180, word) + 10;
    canvas.text(end, y, Kind::Body, Tone::Plain, RIGHT - end, sentence);
    let snapshot = facts.snapshot;
    let shown = |key| snapshot.all.get(key).map_or("unknown".to_owned(), |value| value.to_string());
    let all = format!("conf/all: arp_ignore {}, arp_announce {}", shown(Key::ArpIgnore), shown(Key::ArpAnnounce));
    let end = canvas.text(LEFT + 4, y + 21, Kind::Small, Tone::Dim, 380, &all);
    let kernel = format!("Linux {}", snapshot.kernel);
    canvas.text_to(RIGHT, y + 21, Kind::Small, Tone::Dim, RIGHT - end - 20, &kernel);
    y + 32
}

fn sign(tone: Tone) -> Option<Sign> {
    match tone {
        Tone::Good => Some(Sign::Tick),
        Tone::Bad => Some(Sign::Cross),
        Tone::Doubt => Some(Sign::Question),
        Tone::Plain | Tone::Dim => None,
    }
}

/// lo with the VIPs, in groups. Returns where it ends.
fn home(canvas: &mut Canvas, facts: &Facts<'_>, top: i32) -> i32 {
    let mut y = top + 21;
    let lo = facts.lo();
    let mut x = INNER;
    if let Some(lo) = lo {
        x = canvas.text(x, y, Kind::Name, Tone::Plain, 132, &lo.name.to_string()) + 8;
        x = canvas.text(x, y, Kind::Small, Tone::Dim, 160, &facts.described(lo)) + 16;
        let own: Vec<String> = [Key::ArpIgnore, Key::ArpAnnounce]
            .into_iter()
            .filter_map(|key| Some(format!("{key} {}", lo.conf.as_ref()?.get(key).filter(|value| *value != 0)?)))
            .collect();
        if !own.is_empty() {
            let text = format!("{} without effect", own.join(", "));
            canvas.text_to(END, y, Kind::Small, Tone::Dim, 250, &text);
        }
    }
    let count = match facts.vips.len() {
        0 => "no VIP".to_owned(),
        1 => "1 VIP".to_owned(),
        many => format!("{many} VIPs"),
    };
    canvas.text(x, y, Kind::Word, Tone::Plain, 120, &count);
    y += 6;
    for group in vips::groups(facts) {
        y = self::group(canvas, &group, y + 6);
    }
    if let Some(lo) = lo {
        let others: Vec<String> = facts
            .addresses(lo)
            .iter()
            .filter(|address| !facts.is_vip(address.local))
            .map(|address| facts.address(address))
            .collect();
        if !others.is_empty() {
            let text = format!("also {}", others.join(", "));
            y += 18;
            canvas.text(INNER, y, Kind::Code, Tone::Dim, END - INNER, &text);
        }
    }
    y += 10;
    canvas.back(Layer::Card, Tone::Plain, Area { x: LEFT, y: top, width: RIGHT - LEFT, height: y - top });
    y
}

/// VIPs that share their fate. Returns where they end.
fn group(canvas: &mut Canvas, group: &vips::Group, top: i32) -> i32 {
    let mut y = top + 18;
    let (left, right) = (INNER, END);
    if let Some(sign) = sign(group.tone) {
        canvas.sign(sign, group.tone, left + 14, y - 4);
    }
    let inner = left + 28;
    let mut end = right - 10;
    if !group.place.is_empty() {
        end = canvas.text_to(end, y, Kind::Small, Tone::Dim, 220, &group.place) - 12;
    }
    let words = match group.count {
        1 => group.words.clone(),
        many => format!("{many} {}", group.words.replacen("leaks:", "leak:", 1)),
    };
    y = canvas.paragraph(inner, y, Kind::Word, group.tone, end - inner, 3, &words);
    let most = NAMES[usize::from(group.tone == Tone::Good)];
    y = names(canvas, &group.names, inner, y + LEADING + 2, right - 10 - inner, most);
    let area = Area { x: left, y: top, width: right - left, height: y + 9 - top };
    canvas.back(Layer::Ground, group.tone, area);
    y + 9
}

/// Names with commas between them, none of them broken, in at most so many lines. Returns the last baseline.
fn names(canvas: &mut Canvas, names: &[Named], x: i32, baseline: i32, room: i32, most: usize) -> i32 {
    let font = Kind::Code.font();
    let mut lines: Vec<String> = vec![String::new()];
    // What is left for "and 12345 more".
    let reserve = font.width(", and 1234567 more");
    for (at, name) in names.iter().enumerate() {
        let (is_last_line, is_last) = (lines.len() == most, at + 1 == names.len());
        let line = lines.last_mut().expect("there is one line at least");
        let joined = if line.is_empty() { name.text.clone() } else { format!("{line}, {}", name.text) };
        let room = if is_last_line && !is_last { room - reserve } else { room - font.width(",") };
        if line.is_empty() || font.width(&joined) <= room {
            *line = joined;
        } else if is_last_line {
            let more: usize = names[at..].iter().map(|name| name.count).sum();
            line.push_str(&format!(", and {more} more"));
            break;
        } else {
            line.push(',');
            lines.push(name.text.clone());
        }
    }
    for (at, line) in lines.iter().enumerate() {
        canvas.text(x, baseline + at as i32 * LEADING, Kind::Code, Tone::Plain, room, line);
    }
    baseline + (lines.len() as i32 - 1) * LEADING
}

/// The interfaces that hear and speak, and the wire. Returns where they end.
fn network(canvas: &mut Canvas, facts: &Facts<'_>, speakers: &[&Interface], top: i32) -> i32 {
    let mut y = top;
    for interface in speakers {
        let lines = card::speaker(canvas, facts, interface, y);
        let heard = facts.heard(interface);
        asked(canvas, heard.replies, lines.reply);
        asks(canvas, heard.announces, lines.announce);
        y = lines.bottom + 8;
    }
    canvas.text(WIRE - 10, top - 8, Kind::Small, Tone::Dim, LEFT - 30, "network");
    canvas.line("bar", Tone::Dim, &format!("M{WIRE} {}V{}", top + 4, y - 12));
    y - 8
}

/// A who-has for a VIP that comes in, and what comes back.
fn asked(canvas: &mut Canvas, count: Count, y: i32) {
    let (from, to) = (WIRE + 4, LEFT - 3);
    let (tone, text) = match count {
        Count { leaking: 1.., .. } => (Tone::Bad, "VIP is here"),
        Count { unknown: 1.., .. } => (Tone::Doubt, "who-has VIP?"),
        Count { all: 0, .. } => (Tone::Dim, "who-has"),
        _ => (Tone::Good, "who-has VIP?"),
    };
    canvas.text(from + 5, y - 6, Kind::Small, tone, FRAME - from - 8, text);
    match tone {
        Tone::Bad => canvas.arrow(to, from, y, tone),
        Tone::Good => {
            canvas.arrow(from, to - 8, y, Tone::Dim);
            canvas.line("bar", tone, &format!("M{} {}V{}", to - 3, y - 6, y + 6));
        }
        tone => canvas.arrow(from, to, y, tone),
    }
}

/// A request of the host's own, and the sender that it carries.
fn asks(canvas: &mut Canvas, count: Count, y: i32) {
    let (from, to) = (LEFT - 3, WIRE + 4);
    let (tone, text) = match count {
        Count { leaking: 1.., .. } => (Tone::Bad, "asks as the VIP"),
        Count { unknown: 1.., .. } => (Tone::Doubt, "asks as whom?"),
        Count { all: 0, .. } => (Tone::Dim, "asks as itself"),
        _ => (Tone::Good, "asks as itself"),
    };
    canvas.text(to + 5, y - 6, Kind::Small, tone, FRAME - to - 8, text);
    canvas.arrow(from, to, y, tone);
}

/// What hears no request now. Returns where they end.
fn bystanders(canvas: &mut Canvas, facts: &Facts<'_>, top: i32) -> i32 {
    let all = facts.bystanders();
    if all.is_empty() {
        return top;
    }
    let mut y = top + 26;
    canvas.text(INNER, y, Kind::Word, Tone::Plain, END - INNER, "interfaces that hear no request now");
    let first = y + 8;
    y = first + 4;
    for interface in all {
        y = card::bystander(canvas, facts, interface, y);
    }
    y += 4;
    canvas.back(Layer::Card, Tone::Plain, Area { x: LEFT, y: first, width: RIGHT - LEFT, height: y - first });
    y
}

/// How much was found, and the most important of it. Returns where the frame ends.
fn findings(canvas: &mut Canvas, facts: &Facts<'_>, top: i32) -> i32 {
    let counted = |severity, one: &str, many: &str| match facts.count(severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [
        counted(Severity::Error, "error", "errors"),
        counted(Severity::Unknown, "unknown", "unknown"),
        counted(Severity::Warning, "warning", "warnings"),
        counted(Severity::Info, "note", "notes"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut y = top + 24;
    let Some(first) = facts.report.findings.first() else {
        canvas.text(INNER, y, Kind::Small, Tone::Dim, END - INNER, "no findings");
        return y + 12;
    };
    let tone = match first.severity {
        Severity::Error => Tone::Bad,
        Severity::Unknown | Severity::Warning => Tone::Doubt,
        Severity::Info => Tone::Dim,
    };
    let counts = format!("found: {}", parts.join(", "));
    canvas.text(INNER, y, Kind::Word, tone, END - INNER, &counts);
    y += LEADING + 1;
    y = canvas.paragraph(
        INNER,
        y,
        Kind::Small,
        Tone::Plain,
        END - INNER,
        3,
        &format!("{}: {}", first.code, first.message),
    );
    if !first.hint.is_empty() {
        y = canvas.paragraph(
            INNER,
            y + LEADING,
            Kind::Small,
            Tone::Dim,
            END - INNER,
            2,
            &format!("what to do: {}", first.hint),
        );
    }
    y + 14
}

/// The picture in words.
fn description(facts: &Facts<'_>) -> String {
    let mut text = Vec::new();
    for group in vips::groups(facts) {
        let place = if group.place.is_empty() { String::new() } else { format!(" ({})", group.place) };
        let names: Vec<&str> = group.names.iter().map(|name| name.text.as_str()).collect();
        text.push(format!("{}{place}: {}", group.words, names.join(", ")));
    }
    for interface in &facts.snapshot.interfaces {
        let level =
            |key| facts.snapshot.level(interface, key).effective.map_or("unknown".to_owned(), |v| v.to_string());
        let [ignore, announce] = [level(Key::ArpIgnore), level(Key::ArpAnnounce)];
        let what = facts.described(interface);
        text.push(format!("{} ({what}): arp_ignore {ignore}, arp_announce {announce} in force", interface.name));
    }
    text.join(". ") + "."
}

const _: () = assert!(FRAME_END < WIDTH);
