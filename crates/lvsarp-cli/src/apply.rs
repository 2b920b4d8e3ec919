//! `lvsarp apply` and `lvsarp undo`: what was done, step by step with the reasons.

use lvsarp::{AddressScope, Changes, Desired, ErrorKind, Finding, LevelScope, Method, Netns, Step};

use crate::answer::{Answer, Look, findings};
use crate::args::{ApplyArgs, ScopeArg, UndoArgs, WayArg, WhereArg};
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};
use crate::table::{Cell, Table};

pub(crate) fn run(args: &ApplyArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let desired = desired(args)?;
    let patience = input::patience(args.lock_timeout.as_deref())?;
    if args.dry_run {
        return dry_run(args, &desired, netns, look);
    }
    let host = input::open(netns)?;
    match host.apply(&desired, patience) {
        Ok(changes) => Ok(done(&changes, look)),
        Err(error) if error.kind() == ErrorKind::Refused => {
            let why = host.plan(&desired).map(|plan| plan.findings).unwrap_or_default();
            Err(Failure::from(error).with_findings(why))
        }
        Err(error) => Err(error.into()),
    }
}

fn dry_run(args: &ApplyArgs, desired: &Desired, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let plan = match Source::open(netns, args.snapshot.as_deref())? {
        Source::Host(host) => host.plan(desired)?,
        Source::File(snapshot) => snapshot.plan(desired)?,
    };
    let status = if plan.ok { 0 } else { 1 };
    if look.json {
        return Ok(Answer::json(&plan).with_status(status));
    }
    let mut text = String::new();
    if !plan.ok {
        let refused = look.paint.tone(Tone::Bad, "would be refused");
        text.push_str(&format!("{refused}: a VIP would not be silent afterwards\n"));
    }
    if !plan.is_empty() {
        text.push_str("would:\n");
    }
    text.push_str(&told(&plan.steps, &plan.findings, look.paint));
    Ok(Answer::text(text).with_status(status))
}

pub(crate) fn undo(args: &UndoArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let changes = input::open(netns)?.undo(patience)?;
    Ok(done(&changes, look))
}

fn done(changes: &Changes, look: Look) -> Answer {
    if look.json {
        return Answer::json(changes);
    }
    Answer::text(told(&changes.steps, &changes.findings, look.paint))
}

/// Steps with their reasons, then findings.
fn told(steps: &[Step], found: &[Finding], paint: Paint) -> String {
    let mut text = if steps.is_empty() { "nothing to do\n".to_owned() } else { table(steps).render(paint) };
    text.push_str(&findings(found, paint));
    text
}

/// `set all/arp_ignore  0 -> 1  because ...`.
fn table(steps: &[Step]) -> Table {
    let mut table = Table::default();
    for step in steps {
        let change = &step.change;
        let values = match (change.old(), change.new_value()) {
            _ if matches!(change, lvsarp::Change::Route { .. }) => String::new(),
            (Some(old), Some(new)) => format!("{old} -> {new}"),
            (None, Some(new)) => new,
            _ => String::new(),
        };
        table.row([
            Cell::new(format!("{} {}", change.act().replace('-', " "), change.thing())),
            Cell::new(values),
            Cell::toned(format!("because {}", step.reason), Tone::Dim),
        ]);
    }
    table
}

fn desired(args: &ApplyArgs) -> Result<Desired, Failure> {
    let mut desired = Desired::new(input::vips(&args.vips)?);
    desired.prefixes = input::prefixes(&args.prefixes)?;
    desired.scope = match args.scope {
        WhereArg::All => LevelScope::All,
        WhereArg::Interface => LevelScope::Interface,
    };
    desired.dev = input::interface(&args.dev)?;
    desired.label = match &args.label {
        Some(label) => Some(input::text("--label", label)?.to_owned()),
        None => None,
    };
    desired.address_scope = match args.address_scope {
        ScopeArg::Auto => None,
        ScopeArg::Global => Some(AddressScope::GLOBAL),
        ScopeArg::Site => Some(AddressScope::SITE),
        ScopeArg::Link => Some(AddressScope::LINK),
        ScopeArg::Host => Some(AddressScope::HOST),
    };
    desired.method = match args.method {
        WayArg::Netlink => Method::Netlink,
        WayArg::Ioctl => Method::Ioctl,
    };
    desired.force = args.force;
    Ok(desired)
}
