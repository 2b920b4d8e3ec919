//! `lvsarp boot`: the levels after a reboot, the lines that decide them, and what a check would find then.

use lvsarp::{Boot, BootLevel, BootOptions, Key, Netns, Scope};

use crate::answer::{Answer, Look, findings};
use crate::args::BootArgs;
use crate::check::Silent;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::Tone;
use crate::persist;
use crate::table::{Cell, Table};

pub(crate) fn run(args: &BootArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let named = input::addresses(&args.vips)?;
    let loader = match &args.loader {
        Some(loader) => Some(input::text("--loader", loader)?.parse()?),
        None => None,
    };
    let options = BootOptions {
        root: persist::root(args.root.as_deref())?,
        interfaces: args.interfaces.iter().map(|name| input::interface(name)).collect::<Result<_, _>>()?,
        loader,
        rehearse: !args.no_rehearsal,
    };
    let boot = match Source::open(netns, args.snapshot.as_deref())? {
        Source::Host(host) => host.boot(named.as_deref(), &options)?,
        Source::File(snapshot) => snapshot.boot(named.as_deref(), &options)?,
    };
    let status = match (boot.ok, boot.has_errors()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    if look.json {
        return Ok(Answer::json(&boot).with_status(status));
    }
    let mut text = by(&boot) + &table(&boot.levels).render(look.paint) + &findings(&boot.findings, look.paint);
    if boot.ok {
        let sentence = match &named {
            None if boot.findings.iter().any(|finding| finding.code == "nothing-needed") => {
                "no interface speaks ARP, so nothing can leak".to_owned()
            }
            _ => Silent::among(&boot.verdicts, named.as_deref().unwrap_or_default()).sentence(),
        };
        text.push_str(&format!("{}: after a reboot {sentence}\n", look.paint.tone(Tone::Good, "ok")));
    }
    Ok(Answer::text(text).with_status(status))
}

/// Who sets the levels at boot, and how that is known.
fn by(boot: &Boot) -> String {
    let known = if boot.rehearsed { "rehearsed, and by its rules" } else { "by its rules" };
    format!("after a reboot, as {} sets them ({known}):\n", boot.loader)
}

/// A row for each scope: both levels, each with the line that decides it.
fn table(levels: &[BootLevel]) -> Table {
    let mut table = Table::default();
    table.titles(["", "arp_ignore", "", "arp_announce", ""]);
    let mut scopes: Vec<Scope> = levels.iter().map(|level| level.scope).collect();
    scopes.dedup();
    for scope in scopes {
        let mut row = vec![Cell::toned(scope.to_string(), Tone::Bold)];
        for key in [Key::ArpIgnore, Key::ArpAnnounce] {
            let level = levels.iter().find(|level| level.scope == scope && level.key == key);
            row.push(Cell::new(level.map(value).unwrap_or_default()));
            row.push(Cell::toned(level.map(place).unwrap_or_default(), Tone::Dim));
        }
        table.row(row);
    }
    table
}

fn value(level: &BootLevel) -> String {
    match level.late {
        Some(late) => format!("{}, {late} if added later", level.value),
        None => level.value.to_string(),
    }
}

fn place(level: &BootLevel) -> String {
    match (&level.file, level.line) {
        (Some(file), Some(line)) if level.by_default && level.scope != Scope::Default => {
            format!("{file}:{line}, by default")
        }
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => String::new(),
    }
}
