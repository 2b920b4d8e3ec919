//! All files of ours together: what persisting writes.

use std::path::{Path, PathBuf};

use super::classic::{self, Damage, Duplicate, How};
use super::file::{self, Entry, Found, in_the_way};
use super::levels_file::{self, Level, Recognised};
use super::linked::{is_read_by_systemd, one_file};
use super::native;
use super::place::{exists, shown};
use super::seal::Whose;
use super::state_file::{self, State};
use super::steps::{Draft, FileChange, Written};
use super::unit;
use crate::check::{About, Findings, Severity};
use crate::error::{Error, ErrorKind, Result};
use crate::interface::Scope;
use crate::plan::Desired;
use crate::vip::Vip;

/// Why a file that others keep is not replaced.
pub(crate) const SHARED: &str = "it has another name (hard link)";

/// What persisting, its reverse and reading it back work on, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersistOptions {
    /// The root of the file system: `/`, or that of an image or a container.
    pub root: PathBuf,
    /// Keep the levels as a marked block in this file, which others keep, instead of a file of our own: for systems that read only
    /// `/etc/sysctl.conf`. An absolute path below the root.
    pub sysctl_conf: Option<PathBuf>,
    /// Comment out other assignments of our keys in [`sysctl_conf`](PersistOptions::sysctl_conf); removing our block brings them back.
    pub comment_out: bool,
    /// The program that the boot unit runs, an absolute path below the root. None: the running program if it is `lvsarp`, or the installed one.
    pub program: Option<PathBuf>,
    /// Overwrite and remove a file of ours also where somebody has edited it.
    pub overwrite: bool,
    /// Write the VIPs into the configuration of the program that manages `lo`, where one does and would remove them.
    pub native: bool,
}

impl Default for PersistOptions {
    fn default() -> PersistOptions {
        PersistOptions {
            root: PathBuf::from("/"),
            sysctl_conf: None,
            comment_out: false,
            program: None,
            overwrite: false,
            native: false,
        }
    }
}

impl PersistOptions {
    /// The machine's own files, nothing overwritten that somebody edited.
    pub fn new() -> PersistOptions {
        PersistOptions::default()
    }

    /// The file of others that is to hold our block.
    pub(crate) fn conf(&self) -> Result<Option<&str>> {
        let Some(conf) = &self.sysctl_conf else { return Ok(None) };
        match conf.to_str() {
            Some(conf) if ![levels_file::PATH, state_file::PATH, unit::PATH].contains(&conf) => Ok(Some(conf)),
            _ => Err(Error::input(format_args!("file {}", conf.display()), "it cannot be a file that others keep")),
        }
    }
}

/// Writes the wish, the levels, and the unit that brings the wish back at boot. Nothing is touched that is right already.
///
/// Killed midway it is completed by being run again. The wish comes first, since it says which other files may be ours in part.
///
/// # Errors
/// With every file as it was: [`ErrorKind::InvalidInput`] for `default` among the levels and for options that cannot be right;
/// [`ErrorKind::Refused`] where a file is not ours or was edited by somebody, or is masked; and those of [`file::remove`].
pub(crate) fn write_all(options: &PersistOptions, desired: &Desired, levels: &[Level]) -> Result<Written> {
    let written = draft(options, desired, levels)?.carry_out(&options.root);
    tidy(options);
    written
}

/// What [`write_all`] would change.
pub(crate) fn would_write(options: &PersistOptions, desired: &Desired, levels: &[Level]) -> Result<Written> {
    draft(options, desired, levels).map(|draft| draft.would(&options.root))
}

/// The wish that was persisted, if one was.
///
/// # Errors
/// [`ErrorKind::Refused`] where it cannot be read, or others than root may write it.
pub(crate) fn load(root: &Path) -> Result<Option<Desired>> {
    Ok(load_state(root)?.and_then(|state| state.desired))
}

pub(crate) fn load_state(root: &Path) -> Result<Option<State>> {
    match file::look(root, state_file::PATH)? {
        Some(found) => state_file::trusted(&found, &shown(root, state_file::PATH)).map(Some),
        None => Ok(None),
    }
}

/// Removes the temporary files that a killed writer left, also where nothing is to be written now.
pub(crate) fn tidy(options: &PersistOptions) {
    for path in [Some(state_file::PATH), Some(levels_file::PATH), Some(unit::PATH), options.conf().unwrap_or(None)] {
        path.iter().for_each(|path| file::tidy(&options.root, path));
    }
}

/// What is to be written, and what was found on the way.
pub(crate) fn draft(options: &PersistOptions, desired: &Desired, levels: &[Level]) -> Result<Draft> {
    let root = &options.root;
    desired.check()?;
    if levels.iter().any(|(scope, ..)| *scope == Scope::Default) {
        let cause = "it also changes interfaces that are there, and at boot other ones than now";
        return Err(Error::input("a level of default", cause));
    }
    let conf = options.conf()?;
    let mut findings = Findings::default();
    let levels = writable(levels, &mut findings);

    let state = ours(options, state_file::PATH, state_file::whose)?;
    let (confs, natives, wanted) = match &state {
        None => (Vec::new(), Vec::new(), None),
        Some(found) => {
            let shown = shown(root, state_file::PATH);
            state_file::only_roots(found, &shown)?;
            match state_file::trusted(found, &shown) {
                // One that cannot be read is overwritten where that is asked for.
                Err(_) if options.overwrite => (Vec::new(), Vec::new(), None),
                state => state.map(|state| (state.sysctl_conf, state.native, state.desired))?,
            }
        }
    };
    if let Some(wanted) = wanted {
        report_dropped(&wanted, desired, &mut findings);
    }
    let native = if options.native { native::wanted(root, desired) } else { Vec::new() };
    // Where a block of ours is that is to be in another file now.
    let left: Vec<String> =
        confs.into_iter().filter(|path| !conf.is_some_and(|conf| one_file(root, path, conf))).collect();
    let left_native: Vec<String> =
        natives.into_iter().filter(|path| !native.iter().any(|(wanted, _)| wanted == path)).collect();
    let current: Vec<String> = conf.iter().map(|path| (*path).to_owned()).collect();
    let current_native: Vec<String> = native.iter().map(|(path, _)| path.clone()).collect();
    let wish = |sysctl_conf, native| state_file::render(&State { desired: Some(desired.clone()), sysctl_conf, native });

    let mut changes: Vec<FileChange> = Vec::new();
    let first = wish([&current[..], &left].concat(), [&current_native[..], &left_native].concat());
    changes.extend(FileChange::of(state_file::PATH, state.as_ref(), Some(first.clone())));
    let own = ours(options, levels_file::PATH, levels_whose)?;
    match conf {
        None => {
            let text = (!levels.is_empty()).then(|| levels_file::render(&levels));
            changes.extend(FileChange::of(levels_file::PATH, own.as_ref(), text));
        }
        Some(path) => {
            changes.extend(put_block(options, path, &levels, &mut findings)?);
            changes.extend(FileChange::of(levels_file::PATH, own.as_ref(), None));
        }
    }
    for path in &left {
        changes.extend(take_block(options, path)?);
    }
    for (path, text) in native {
        let found = ours(options, &path, native::whose)?;
        changes.extend(FileChange::of(&path, found.as_ref(), Some(text)));
    }
    for path in &left_native {
        let found = ours(options, path, native::whose)?;
        changes.extend(FileChange::of(path, found.as_ref(), None));
    }
    if !left.is_empty() || !left_native.is_empty() {
        let written = Found { content: first, ..state.unwrap_or_else(Found::fresh) };
        changes.extend(FileChange::of(state_file::PATH, Some(&written), Some(wish(current, current_native))));
    }
    changes.extend(start(options, &mut findings)?);
    Ok(Draft { changes, findings: findings.list })
}

/// What was wanted at boot until now and is not any more.
fn report_dropped(before: &Desired, now: &Desired, findings: &mut Findings) {
    let stays = |vip: &Vip| now.vips.iter().any(|other| other.address() == vip.address());
    let vips = before.vips.iter().filter(|vip| !stays(vip)).map(|vip| (vip.address(), vip.address().to_string()));
    let prefixes = before.prefixes.iter().filter(|prefix| !now.prefixes.contains(prefix));
    for (address, shown) in vips.chain(prefixes.map(|prefix| (prefix.address(), prefix.to_string()))) {
        findings.add(
            "vip-no-longer-persisted",
            Severity::Info,
            &About::vip(address),
            format_args!("{shown} was persisted and is not any more: nothing brings it back at boot"),
            format_args!("what is persisted is one list: name {shown} too if it is to stay"),
        );
    }
}

/// The levels that every loader can be told, each other one reported.
fn writable(levels: &[Level], findings: &mut Findings) -> Vec<Level> {
    let (written, left): (Vec<Level>, Vec<Level>) =
        levels.iter().partition(|(scope, key, _)| levels_file::spelled(scope, *key).is_some());
    for (scope, key, _) in left {
        if let Scope::Interface(name) = scope {
            findings.add(
                "level-not-persisted",
                Severity::Warning,
                &About::interface(name),
                format_args!("{key} of {name} is not persisted: no file can name this interface to every loader"),
                format_args!("rename the interface, or set the level on all"),
            );
        }
    }
    written
}

/// A file of ours; refused where it is none, or edited by somebody.
fn ours(options: &PersistOptions, path: &str, whose: fn(&[u8]) -> Whose) -> Result<Option<Found>> {
    let found = match file::entry(&options.root, path)? {
        Entry::Nothing => return Ok(None),
        Entry::File(found) => found,
        other => return Err(in_the_way("write", &shown(&options.root, path), &other)),
    };
    let refused = |cause: &str| Err(Error::new(ErrorKind::Refused, "write", shown(&options.root, path), cause));
    match whose(&found.content) {
        Whose::Foreign => refused("it is there and lvsarp did not write it")
            .map_err(|e: Error| e.hint("move it away if nobody needs it under this name")),
        Whose::Edited if !options.overwrite => refused("it was edited after lvsarp wrote it")
            .map_err(|e: Error| e.hint("move the edits to another file, or overwrite them (--overwrite)")),
        _ => Ok(Some(found)),
    }
}

/// Whose a file of levels is.
pub(crate) fn levels_whose(text: &[u8]) -> Whose {
    match levels_file::recognise(text) {
        Recognised::Ours(_) => Whose::Ours,
        Recognised::Edited => Whose::Edited,
        Recognised::Foreign => Whose::Foreign,
    }
}

fn put_block(
    options: &PersistOptions,
    path: &str,
    levels: &[Level],
    findings: &mut Findings,
) -> Result<Option<FileChange>> {
    if levels.is_empty() {
        return take_block(options, path);
    }
    let root = &options.root;
    let found = kept_by_others(root, path)?;
    if let Some(found) = &found {
        classic::check_kind(&found.content).map_err(|e| damaged(root, path, &e))?;
    }
    let how = How { comment_out: options.comment_out, force: options.overwrite };
    let (text, duplicates) =
        classic::put(found.as_ref().map(|f| &f.content[..]), levels, how).map_err(|e| damaged(root, path, &e))?;
    for duplicate in duplicates {
        report(path, &duplicate, options.comment_out, findings);
    }
    if unit::has_systemd(root)? && !is_read_by_systemd(root, path) {
        findings.add(
            "sysctl-conf-not-read",
            Severity::Warning,
            &About::HOST,
            format_args!(
                "{path} is not read at boot: systemd reads only its own directories, and none of them has a link to it"
            ),
            format_args!("leave the levels in {}, or link {path} as /etc/sysctl.d/99-sysctl.conf", levels_file::PATH),
        );
    }
    change_alone(root, path, found.as_ref(), FileChange::of(path, found.as_ref(), Some(text)))
}

fn take_block(options: &PersistOptions, path: &str) -> Result<Option<FileChange>> {
    let Some(found) = kept_by_others(&options.root, path)? else { return Ok(None) };
    let taken = classic::take_out(&found.content, options.overwrite).map_err(|e| damaged(&options.root, path, &e))?;
    change_alone(&options.root, path, Some(&found), without_block(path, &found, taken))
}

/// A change of a file that others keep; refused where its other names would keep the old bytes.
fn change_alone(
    root: &Path,
    path: &str,
    found: Option<&Found>,
    change: Option<FileChange>,
) -> Result<Option<FileChange>> {
    match change {
        Some(_) if found.is_some_and(|found| found.shared) => {
            Err(Error::new(ErrorKind::Refused, "write", shown(root, path), SHARED).hint(
                "the file under the other name would stay as it is: `find / -xdev -samefile` names it; replace one of them by a copy",
            ))
        }
        change => Ok(change),
    }
}

/// The change that takes the block out of a file.
pub(crate) fn without_block(path: &str, found: &Found, taken: classic::Taken) -> Option<FileChange> {
    match taken {
        classic::Taken::Nothing => None,
        classic::Taken::File(text) => FileChange::of(path, Some(found), Some(text)),
        classic::Taken::NoFile => FileChange::of(path, Some(found), None),
    }
}

fn kept_by_others(root: &Path, path: &str) -> Result<Option<Found>> {
    match file::entry(root, path)? {
        Entry::Nothing => Ok(None),
        Entry::File(found) => Ok(Some(found)),
        other => Err(in_the_way("write", &shown(root, path), &other)),
    }
}

#[cold]
pub(crate) fn damaged(root: &Path, path: &str, damage: &Damage) -> Error {
    Error::new(ErrorKind::Refused, "write", shown(root, path), format_args!("line {}: {}", damage.line, damage.cause))
        .hint(match damage.yields_to_force() {
            true => "move the edits out of the block, or overwrite them (--overwrite)",
            false => "nothing in it was changed; repair that place by hand",
        })
}

fn report(path: &str, duplicate: &Duplicate, commented_out: bool, findings: &mut Findings) {
    let Duplicate { line, key, value, behind } = duplicate;
    let (severity, what) = match (commented_out, behind) {
        (true, _) => (Severity::Info, "it is commented out now"),
        (false, true) => (Severity::Warning, "it stands behind the block of lvsarp, so it is what counts"),
        (false, false) => (Severity::Info, "the block of lvsarp stands behind it and is what counts"),
    };
    findings.add(
        "sysctl-conf-duplicate",
        severity,
        &About::HOST,
        format_args!("{path}:{line} also sets {key} to {value:?}: {what}"),
        match commented_out {
            true => format_args!("removing the block brings it back"),
            false => format_args!("remove the line, or have it commented out (--comment-out)"),
        },
    );
}

/// The unit and the links that enable it.
fn start(options: &PersistOptions, findings: &mut Findings) -> Result<Vec<FileChange>> {
    let root = &options.root;
    if !unit::has_systemd(root)? {
        findings.add(
            "restore-not-started",
            Severity::Warning,
            &About::HOST,
            format_args!("systemd is not installed, so nothing runs `lvsarp restore` at boot"),
            format_args!("run it from an init script, after the network is configured"),
        );
        return Ok(Vec::new());
    }
    let program = program(options)?;
    if !exists(root, &program) {
        findings.add(
            "restore-program-missing",
            Severity::Warning,
            &About::HOST,
            format_args!("{} is not there, and the boot unit runs it", shown(root, &program)),
            format_args!("install it before the next boot"),
        );
    }
    let found = ours(options, unit::PATH, unit::whose)?;
    let mut changes = Vec::new();
    changes.extend(FileChange::of(unit::PATH, found.as_ref(), Some(unit::render(&program)?)));
    for path in unit::LINKS {
        match file::entry(root, path)? {
            Entry::Nothing => changes.push(FileChange::of_link(path, None, Some(unit::PATH.as_bytes()))),
            Entry::Link(target) if unit::enables(&target) => {}
            other => return Err(in_the_way("write", &shown(root, path), &other)),
        }
    }
    Ok(changes)
}

fn program(options: &PersistOptions) -> Result<String> {
    let running = || {
        let program = std::env::current_exe().ok().filter(|path| path.file_name().is_some_and(|name| name == "lvsarp"));
        program.filter(|_| options.root == Path::new("/"))
    };
    match options.program.clone().or_else(running) {
        Some(program) => match program.into_os_string().into_string() {
            Ok(program) => Ok(program),
            Err(program) => Err(Error::input(format_args!("program {}", program.display()), "it is not UTF-8")),
        },
        None => match unit::installed(&options.root) {
            Some(program) => Ok(program.to_owned()),
            None => Err(Error::input("no program", "lvsarp is not installed where the boot unit could run it")
                .hint("install it, or name the program that the unit is to run (--program)")),
        },
    }
}

#[cfg(test)]
mod tests;
