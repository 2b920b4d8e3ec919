//! `lvsarp apply` and `lvsarp undo`: what was done, step by step with the reasons.

use lvsarp::{AddressScope, Change, Changes, Desired, LevelScope, Method, Netns, PersistOptions, Step};

use crate::answer::{Answer, Look, findings};
use crate::args::{ApplyArgs, MannerArgs, OfAddress, UndoArgs, Way, Where, WishArgs};
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::output::{Paint, Tone};
use crate::persist;
use crate::table::{Cell, Table};

pub(crate) fn run(args: &ApplyArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let desired = Desired { exact: args.exact, ..desired(&args.wish)? };
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let files = persist::options(&args.files)?;
    if !args.persist {
        persist::refuse_without(&args.files)?;
    }
    if args.dry_run {
        return dry_run(args, &desired, &files, netns, look);
    }
    let host = input::host(netns)?;
    let changes = match args.persist {
        true => host.apply_persistent(&desired, &files, patience)?,
        false => host.apply(&desired, patience)?,
    };
    Ok(done(&changes, look))
}

fn dry_run(
    args: &ApplyArgs,
    desired: &Desired,
    files: &PersistOptions,
    netns: Option<&Netns>,
    look: Look,
) -> Result<Answer, Failure> {
    let plan = match Source::open(netns, args.snapshot.as_deref())? {
        Source::Host(host) if args.persist => {
            let mut plan = host.plan(desired)?;
            let files = host.plan_persist(desired, files)?;
            plan.steps.splice(0..0, files.steps);
            plan.findings.extend(files.findings);
            plan
        }
        Source::Host(host) => host.plan(desired)?,
        Source::File(snapshot) => snapshot.plan(desired)?,
    };
    let status = if plan.ok { 0 } else { 1 };
    if look.json {
        return Ok(Answer::json(&plan).with_status(status));
    }
    let would = match (plan.ok, plan.is_empty()) {
        (true, true) => "",
        (true, false) => "would:\n",
        (false, true) => "would refuse, because a VIP would not be silent\n",
        (false, false) => "would refuse, because a VIP would not be silent after these steps:\n",
    };
    let steps = if plan.ok || !plan.is_empty() { steps(&plan.steps, look.paint) } else { String::new() };
    let text = format!("{would}{steps}{}", findings(&plan.findings, look.paint));
    Ok(Answer::text(text).with_status(status))
}

pub(crate) fn undo(args: &UndoArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let files = persist::options(&args.files)?;
    if !args.persist {
        persist::refuse_without(&args.files)?;
    }
    let host = input::host(netns)?;
    let changes = match (args.dry_run, args.persist) {
        (true, false) => host.plan_undo()?,
        (true, true) => {
            let mut both = host.plan_undo()?;
            let files = host.plan_unpersist(&files)?;
            both.steps.extend(files.steps);
            both.findings.extend(files.findings);
            both
        }
        (false, true) => host.undo_persistent(&files, patience)?,
        (false, false) => host.undo(patience)?,
    };
    Ok(match args.dry_run {
        true => would(&changes, look),
        false => done(&changes, look),
    })
}

/// What a dry run says.
pub(crate) fn would(changes: &Changes, look: Look) -> Answer {
    let answer = done(changes, look);
    match look.json || changes.steps.is_empty() {
        true => answer,
        false => Answer { text: format!("would:\n{}", answer.text), ..answer },
    }
}

pub(crate) fn done(changes: &Changes, look: Look) -> Answer {
    if look.json {
        return Answer::json(changes);
    }
    Answer::text(steps(&changes.steps, look.paint) + &findings(&changes.findings, look.paint))
}

/// `set all/arp_ignore  0 -> 1  because ...`.
fn steps(steps: &[Step], paint: Paint) -> String {
    if steps.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let mut table = Table::default();
    for step in steps {
        let change = &step.change;
        let values = match (change.old(), change.new_value()) {
            _ if matches!(change, Change::Route { .. } | Change::File(_)) => String::new(),
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
    table.render(paint)
}

pub(crate) fn level_scope(given: Where) -> LevelScope {
    match given {
        Where::All => LevelScope::All,
        Where::Interface => LevelScope::Interface,
    }
}

pub(crate) fn desired(args: &WishArgs) -> Result<Desired, Failure> {
    let mut desired = Desired::new(input::vips(&args.vips)?);
    desired.prefixes = input::prefixes(&args.prefixes)?;
    in_manner(desired, &args.manner)
}

/// The same, made in another manner.
pub(crate) fn in_manner(mut desired: Desired, args: &MannerArgs) -> Result<Desired, Failure> {
    desired.scope = level_scope(args.scope);
    desired.dev = input::interface(&args.dev)?;
    desired.label = match &args.label {
        Some(label) => Some(input::text("--label", label)?.to_owned()),
        None => None,
    };
    desired.address_scope = match args.address_scope {
        OfAddress::Auto => None,
        OfAddress::Global => Some(AddressScope::GLOBAL),
        OfAddress::Site => Some(AddressScope::SITE),
        OfAddress::Link => Some(AddressScope::LINK),
        OfAddress::Host => Some(AddressScope::HOST),
    };
    desired.method = match args.method {
        Way::Netlink => Method::Netlink,
        Way::Ioctl => Method::Ioctl,
    };
    desired.force = args.force;
    Ok(desired)
}
