//! `lvsarp explain`: what the kernel does with a request, and the checks that lead to it.

use std::ffi::OsStr;
use std::net::Ipv4Addr;

use lvsarp::{Decision, IfName, Netns, Snapshot};

use crate::answer::{Answer, Look};
use crate::args::{ExplainArgs, Question};
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};
use crate::table::{Cell, Table, printable};

pub(crate) fn run(question: &Question, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let (asked, args) = match question {
        Question::WhoHas(args) => {
            let target = ipv4("TARGET", &args.target)?;
            let sender = ipv4("SENDER", &args.tell)?;
            (Asked::WhoHas { target, sender, on: input::interface(&args.explain.on)? }, &args.explain)
        }
        Question::Announce(args) => {
            let target = ipv4("TARGET", &args.target)?;
            let source = args.from.as_deref().map(|source| ipv4("SOURCE", source)).transpose()?;
            (Asked::Announce { target, source, on: input::interface(&args.explain.on)? }, &args.explain)
        }
    };
    let (decision, snapshot) = decision(&asked, args, netns)?;
    let is_disputed = decision.witness.as_ref().is_some_and(|witness| witness.agrees == Some(false));
    let status = if decision.is_known() && !is_disputed { 0 } else { 2 };
    let answer = if look.json { Answer::json(&decision) } else { Answer::text(text(&decision, look.paint)) };
    let answer = answer.with_status(status);
    match snapshot {
        Some(snapshot) if args.picture.svg.is_some() => {
            let report = snapshot.check(None)?;
            args.picture.beside(answer, || lvsarp_svg::decision(&snapshot, &report, &decision))
        }
        _ => Ok(answer),
    }
}

/// A question with checked arguments.
enum Asked {
    WhoHas { target: Ipv4Addr, sender: Ipv4Addr, on: IfName },
    Announce { target: Ipv4Addr, source: Option<Ipv4Addr>, on: IfName },
}

fn ipv4(name: &str, value: &OsStr) -> Result<Ipv4Addr, Failure> {
    Ok(lvsarp::ipv4(name, input::text(name, value)?)?)
}

/// The decision, and the snapshot that it was made of, or one that was taken for the picture.
fn decision(asked: &Asked, args: &ExplainArgs, netns: Option<&Netns>) -> Result<(Decision, Option<Snapshot>), Failure> {
    let settings = args.set.iter().map(|setting| input::setting(setting)).collect::<Result<Vec<_>, _>>()?;
    let draws = args.picture.svg.is_some();
    let mut snapshot: Snapshot = match Source::open(netns, args.snapshot.as_deref())? {
        Source::Host(host) if settings.is_empty() && (args.verify || !draws) => {
            let decision = match asked {
                Asked::WhoHas { target, sender, on } => host.would_reply(*target, *sender, on, args.verify)?,
                Asked::Announce { target, source, on } => host.would_announce(*target, on, *source, args.verify)?,
            };
            return Ok((decision, draws.then(|| host.snapshot()).transpose()?));
        }
        source => source.snapshot()?.into_owned(),
    };
    for (scope, key, value) in settings {
        snapshot = snapshot.with(&scope, key, value)?;
    }
    let decision = match asked {
        Asked::WhoHas { target, sender, on } => snapshot.would_reply(*target, *sender, on)?,
        Asked::Announce { target, source, on } => snapshot.would_announce(*target, on, *source)?,
    };
    Ok((decision, Some(snapshot)))
}

/// The answer, the checks, what may change it, and the kernel's word.
fn text(decision: &Decision, paint: Paint) -> String {
    let mut text = paint.tone(Tone::Bold, &printable(&decision.rule)) + "\n";
    let mut checks = Table::default();
    for check in &decision.trace {
        let (mark, tone) = if check.pass { ("pass", Tone::Good) } else { ("stop", Tone::Doubtful) };
        let function = Cell::toned(format!("[{}]", check.function), Tone::Dim);
        checks.row([Cell::new(""), Cell::toned(mark, tone), Cell::new(&check.text), function]);
    }
    text.push_str(&checks.render(paint));
    for caveat in &decision.caveats {
        text.push_str(&format!("  but {}\n", printable(caveat)));
    }
    if let Some(witness) = &decision.witness {
        let tone = match witness.agrees {
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
            None => Tone::Doubtful,
        };
        text.push_str(&format!("  {}\n", paint.tone(tone, &printable(&witness.text))));
    }
    text
}
