//! The picture of a decision: the request, its way through the kernel's checks, and what leaves the host.

use lvsarp::{Decision, Interface, Learning, Outcome, Report, Role, Snapshot};

use crate::asked::Asked;
use crate::canvas::{Area, Canvas, Kind, LEADING, Layer, Sign, Tone};
use crate::card::{self, END, INNER, LEFT, RIGHT};
use crate::facts::Facts;
use crate::host::{FRAME, TOP, WIRE, frame, header};

/// The line on which the signs of the checks stand, and where their texts start.
const WAY: i32 = INNER + 8;
const TEXT: i32 = WAY + 62;

/// What comes of a request: how good that is, a word, a sentence and what follows from it.
struct Result {
    tone: Tone,
    word: &'static str,
    sentence: String,
    follows: String,
    /// Whether something leaves the host.
    leaves: bool,
}

/// The decision as SVG.
pub(crate) fn draw(snapshot: &Snapshot, report: &Report, decision: &Decision) -> String {
    let facts = Facts::of(snapshot, report);
    let (canvas, height) = picture(&facts, decision);
    let checks = decision.trace.iter().map(|check| {
        let word = if check.pass { "pass" } else { "stop" };
        format!("{word}: {} [{}]", check.text, check.function)
    });
    let description: Vec<String> = checks.chain(decision.caveats.iter().map(|text| format!("but {text}"))).collect();
    canvas.document(height, &format!("{}: {}", decision.question, decision.rule), &description.join("; "))
}

/// The picture and its height.
pub(crate) fn picture(facts: &Facts<'_>, decision: &Decision) -> (Canvas, i32) {
    let mut canvas = Canvas::default();
    let asked = Asked::of(decision);
    let on = asked.as_ref().map(Asked::interface).unwrap_or_default();
    let interface = facts.snapshot.interfaces.iter().find(|interface| interface.name.to_string() == on);
    let result = result(facts, decision, asked.as_ref(), interface);
    let mut y = header(&mut canvas, facts, (result.tone, result.word, &decision.question));
    let wire = y + 26;
    if let Some(interface) = interface {
        y += 26;
        let comes = matches!(asked, Some(Asked::WhoHas { .. }));
        card::titles(&mut canvas, y, if comes { "the request comes in on" } else { "the request leaves by" });
        let lines = card::speaker(&mut canvas, facts, interface, y + 8);
        if let Some(Asked::WhoHas { target, sender, .. }) = &asked {
            let at = lines.reply + 8;
            said(&mut canvas, at, Tone::Plain, ["who-has", target], &format!("tell {sender}"));
            canvas.arrow(WIRE + 4, LEFT - 3, at, Tone::Dim);
        }
        y = lines.bottom;
    }
    if let Some(Asked::Announce { target, source, .. }) = &asked {
        let text = match source {
            Some(source) => format!("a packet from {source} waits for the MAC of {target}"),
            None => format!("no packet waits; the kernel makes sure of {target}"),
        };
        y = part(&mut canvas, y + 12, Tone::Plain, &text, "");
    }
    y = checks(&mut canvas, decision, &result, y);
    let middle = y + 26;
    y = part(&mut canvas, y + 8, result.tone, &result.sentence, &result.follows);
    if result.leaves {
        let above = match &asked {
            Some(Asked::WhoHas { target, .. }) => [target, "is here"],
            Some(Asked::Announce { target, .. }) => ["who-has", target],
            None => [""; 2],
        };
        let below = decision.source().map_or(String::new(), |source| format!("tell {source}"));
        said(&mut canvas, middle, result.tone, above, &below);
        canvas.arrow(LEFT - 3, WIRE + 4, middle, result.tone);
    }
    canvas.text(WIRE - 10, wire - 14, Kind::Small, Tone::Dim, LEFT - 30, "network");
    canvas.line("bar", Tone::Dim, &format!("M{WIRE} {}V{}", wire, y));
    y = doubts(&mut canvas, decision, y);
    frame(&mut canvas, y + 12);
    (canvas, y + 12 + TOP)
}

fn result(facts: &Facts<'_>, decision: &Decision, asked: Option<&Asked>, interface: Option<&Interface>) -> Result {
    // What an interface that receives nothing does is neither good nor bad: another one may answer.
    let hears = interface.is_some_and(|interface| facts.snapshot.role(interface) == Role::Speaks { up: true });
    let is_vip = |text: &str| hears && text.parse().is_ok_and(|address| facts.is_vip(address));
    let mac = interface.and_then(|interface| interface.mac.as_deref()).unwrap_or("this host");
    let (on, target) = asked.map_or(("?", "?"), |asked| (asked.interface(), asked.target()));
    match decision.outcome {
        Outcome::Reply { replies, learns } => {
            let (tone, word, sentence) = match (replies, is_vip(target)) {
                (Some(true), vip) => {
                    let tone = if vip { Tone::Bad } else { Tone::Plain };
                    (tone, "ANSWERED", format!("an answer leaves by {on}: {target} is at {mac}"))
                }
                (Some(false), vip) => {
                    (if vip { Tone::Good } else { Tone::Plain }, "NO ANSWER", "no answer leaves".to_owned())
                }
                (None, _) => (Tone::Doubt, "UNKNOWN", "whether an answer leaves cannot be told".to_owned()),
            };
            let follows = match learns {
                Some(Learning::Nothing) => "the host remembers nothing of the sender",
                Some(Learning::Updates) => "an entry that the host has of the sender gets its MAC; none is made",
                Some(Learning::Enters) => "the sender enters the host's neighbour cache",
                None => "",
            };
            Result { tone, word, sentence, follows: follows.to_owned(), leaves: replies == Some(true) }
        }
        Outcome::Announce { source: Some(source), .. } => {
            let (tone, word, follows) = match is_vip(&source.to_string()) {
                true => (Tone::Bad, "ASKS AS THE VIP", format!("whoever hears it learns that {source} is at {mac}")),
                false if source.is_unspecified() => {
                    (Tone::Plain, "ASKS AS NOBODY", "nobody learns anything from it".to_owned())
                }
                false => (Tone::Good, "ASKS AS ITSELF", format!("whoever hears it learns that {source} is at {mac}")),
            };
            let sentence = format!("a request leaves by {on}: who-has {target} tell {source}");
            Result { tone, word, sentence, follows, leaves: true }
        }
        Outcome::Announce { source: None, asks } => {
            let (tone, word, sentence) = match asks {
                true => (Tone::Doubt, "UNKNOWN", "which sender the request carries cannot be told"),
                false => (Tone::Plain, "NO REQUEST", "no request leaves"),
            };
            Result { tone, word, sentence: sentence.to_owned(), follows: String::new(), leaves: false }
        }
    }
}

/// What a packet says, above its arrow and below it.
fn said(canvas: &mut Canvas, y: i32, tone: Tone, above: [&str; 2], below: &str) {
    let (x, room) = (WIRE + 9, FRAME - WIRE - 12);
    canvas.text(x, y - 20, Kind::Small, tone, room, above[0]);
    canvas.text(x, y - 6, Kind::Small, tone, room, above[1]);
    canvas.text(x, y + 14, Kind::Small, tone, room, below);
}

/// A box with a sentence, and what follows from it. Returns where it ends.
fn part(canvas: &mut Canvas, top: i32, tone: Tone, sentence: &str, follows: &str) -> i32 {
    let room = END - INNER - 10;
    let mut y = canvas.paragraph(INNER + 2, top + 21, Kind::Word, tone, room, 3, sentence);
    if !follows.is_empty() {
        y = canvas.paragraph(INNER + 2, y + LEADING + 2, Kind::Small, Tone::Dim, room, 2, follows);
    }
    let area = Area { x: LEFT, y: top, width: RIGHT - LEFT, height: y + 12 - top };
    canvas.back(Layer::Card, Tone::Plain, area);
    if tone != Tone::Plain {
        canvas.back(Layer::Ground, tone, area);
    }
    canvas.edge(tone, area);
    y + 12
}

/// The checks on the way, each with its sign, its word, its text and the kernel's function. Returns where they end.
fn checks(canvas: &mut Canvas, decision: &Decision, result: &Result, top: i32) -> i32 {
    let mut y = top + 8;
    let mut from = Some(top);
    for check in &decision.trace {
        let middle = y + 16;
        // What stops is good where it keeps a VIP silent, and bad where it chooses one as the sender.
        let (sign, tone, word) = match check.pass {
            true => (Sign::Tick, Tone::Dim, "pass"),
            false if result.tone == Tone::Plain => (Sign::Cross, Tone::Dim, "stop"),
            false if result.tone == Tone::Good && result.leaves => (Sign::Tick, Tone::Good, "stop"),
            false => (Sign::Cross, result.tone, "stop"),
        };
        if let Some(start) = from {
            canvas.line("way", Tone::Dim, &format!("M{WAY} {start}V{}", middle - 11));
        }
        canvas.rect("chip", tone, Area { x: WAY - 10, y: middle - 10, width: 20, height: 20 });
        canvas.sign(sign, tone, WAY, middle);
        canvas.text(WAY + 20, middle + 4, Kind::Word, tone, TEXT - WAY - 24, word);
        let last = canvas.paragraph(TEXT, middle + 4, Kind::Body, Tone::Plain, END - TEXT, 4, &check.text);
        canvas.text(TEXT, last + LEADING, Kind::Code, Tone::Dim, END - TEXT, check.function);
        y = last + LEADING + 8;
        let goes_on = check.pass || result.leaves;
        from = from.filter(|_| goes_on).map(|_| middle + 11);
    }
    match from {
        Some(start) => {
            canvas.line(
                "way",
                Tone::Dim,
                &format!("M{WAY} {start}V{}M{} {}L{WAY} {}L{} {}", y + 7, WAY - 4, y + 1, y + 7, WAY + 4, y + 1),
            );
        }
        None => y += 2,
    }
    y
}

/// What may change the answer, and the running kernel's word. Returns where they end.
fn doubts(canvas: &mut Canvas, decision: &Decision, top: i32) -> i32 {
    let mut y = top;
    for caveat in &decision.caveats {
        canvas.sign(Sign::Question, Tone::Doubt, WAY, y + 18);
        y = canvas.paragraph(WAY + 20, y + 22, Kind::Small, Tone::Doubt, END - WAY - 20, 3, &format!("but {caveat}"));
    }
    if let Some(witness) = &decision.witness {
        let (sign, tone) = match witness.agrees {
            Some(true) => (Sign::Tick, Tone::Good),
            Some(false) => (Sign::Cross, Tone::Bad),
            None => (Sign::Question, Tone::Doubt),
        };
        canvas.sign(sign, tone, WAY, y + 18);
        y = canvas.paragraph(WAY + 20, y + 22, Kind::Small, tone, END - WAY - 20, 3, &witness.text);
    }
    y
}
