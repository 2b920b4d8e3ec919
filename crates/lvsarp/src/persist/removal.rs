//! All files of ours together: what is removed again, and what is left alone.

use super::classic::{self, Taken};
use super::file::{self, Entry, Found};
use super::files::{PersistOptions, SHARED, levels_whose, tidy, without_block};
use super::levels_file;
use super::linked::one_file;
use super::native;
use super::place::{remove_directory, shown};
use super::seal::Whose;
use super::state_file::{self, State};
use super::steps::{Draft, FileChange, Written};
use super::unit;
use crate::check::{About, Findings, Severity};
use crate::error::Result;

/// What helps where something was edited.
const BY_FORCE: &str = "remove it by hand, or have it removed all the same (--overwrite)";

/// What helps where force does not.
const BY_HAND: &str = "repair that place by hand and run unpersist again, or remove the block by hand";

/// Removes exactly what is ours, in the reverse order. What somebody has edited stays and is reported, unless it is to go by force; masks and files of
/// others stay and are reported.
///
/// # Errors
/// With every file as it was: those of [`file::remove`].
pub(crate) fn remove_all(options: &PersistOptions) -> Result<Written> {
    let written = draft(options)?.carry_out(&options.root);
    for file in written.iter().flat_map(|written| &written.files) {
        // A drop-in's directory, if nobody else has put something there.
        if let Some((dir, _)) = file.path.rsplit_once('/').filter(|(dir, _)| dir.ends_with(".network.d")) {
            remove_directory(&options.root, dir);
        }
    }
    tidy(options);
    remove_directory(&options.root, file::OUR_DIRECTORY);
    written
}

/// What is to be removed, and what is to be left.
pub(crate) fn draft(options: &PersistOptions) -> Result<Draft> {
    let root = &options.root;
    let mut leaving = Leaving { options, findings: Findings::default() };
    let mut changes = Vec::new();

    let unit = file::entry(root, unit::PATH)?;
    // The links to a unit of somebody else are that one's.
    let enabled_by_us = match &unit {
        Entry::File(found) => unit::whose(&found.content) != Whose::Foreign,
        Entry::Nothing => true,
        Entry::Link(_) | Entry::Other(_) => false,
    };
    for path in unit::LINKS.iter().rev().filter(|_| enabled_by_us) {
        match file::entry(root, path)? {
            Entry::Link(target) if unit::enables(&target) => {
                changes.push(FileChange::of_link(path, Some(&target), None))
            }
            Entry::Nothing => {}
            _ => leaving.foreign(path),
        }
    }
    changes.extend(leaving.file(unit::PATH, &unit, unit::whose));
    let own = file::entry(root, levels_file::PATH)?;
    changes.extend(leaving.file(levels_file::PATH, &own, levels_whose));

    let state = file::entry(root, state_file::PATH)?;
    let mut confs: Vec<String> = options.conf()?.iter().map(|path| (*path).to_owned()).collect();
    let mut natives = Vec::new();
    if let Entry::File(found) = &state
        && let Ok(state) = state_file::read(&found.content)
    {
        natives = state.native;
        for path in state.sysctl_conf {
            if !confs.iter().any(|known| one_file(root, known, &path)) {
                confs.push(path);
            }
        }
    }
    let (mut left_confs, mut left_natives) = (Vec::new(), Vec::new());
    for path in confs {
        match leaving.block(&path)? {
            Left::Edited => left_confs.push(path),
            Left::No(change) => changes.extend(change),
        }
    }
    for path in natives {
        match leaving.native(&path)? {
            Left::Edited => left_natives.push(path),
            Left::No(change) => changes.extend(change),
        }
    }
    let removed = leaving.file(state_file::PATH, &state, state_file::whose);
    changes.extend(match (&state, removed) {
        // Only it knows where they are.
        (Entry::File(found), Some(_)) if !left_confs.is_empty() || !left_natives.is_empty() => {
            let left = State { desired: None, sysctl_conf: left_confs, native: left_natives };
            FileChange::of(state_file::PATH, Some(found), Some(state_file::render(&left)))
        }
        (_, removed) => removed,
    });
    Ok(Draft { changes, findings: leaving.findings.list })
}

/// Whether a file that the state names stays because it was edited.
enum Left {
    Edited,
    No(Option<FileChange>),
}

/// What is left as it is, with the reasons.
struct Leaving<'a> {
    options: &'a PersistOptions,
    findings: Findings,
}

impl Leaving<'_> {
    /// The removal of a file, if it is ours.
    fn file(&mut self, path: &str, entry: &Entry, whose: fn(&[u8]) -> Whose) -> Option<FileChange> {
        match entry {
            Entry::Nothing => None,
            Entry::File(found) => match whose(&found.content) {
                Whose::Foreign => {
                    self.foreign(path);
                    None
                }
                Whose::Edited if !self.options.overwrite => {
                    self.edited(path, format_args!("it was edited after lvsarp wrote it"), BY_FORCE);
                    None
                }
                _ => FileChange::of(path, Some(found), None),
            },
            Entry::Link(target) if target == b"/dev/null" => {
                self.findings.add(
                    "persisted-file-masked",
                    Severity::Info,
                    &About::HOST,
                    format_args!("{} is masked by the administrator and stays so", shown(&self.options.root, path)),
                    format_args!(""),
                );
                None
            }
            Entry::Link(_) | Entry::Other(_) => {
                self.foreign(path);
                None
            }
        }
    }

    /// The removal of a file in a manager's own words.
    fn native(&mut self, path: &str) -> Result<Left> {
        let entry = file::entry(&self.options.root, path)?;
        let edited = matches!(&entry, Entry::File(found) if native::whose(&found.content) == Whose::Edited);
        let change = self.file(path, &entry, native::whose);
        Ok(if edited && change.is_none() { Left::Edited } else { Left::No(change) })
    }

    /// The removal of our block from a file that others keep.
    fn block(&mut self, path: &str) -> Result<Left> {
        let found: Found = match file::entry(&self.options.root, path)? {
            Entry::File(found) => found,
            Entry::Nothing => return Ok(Left::No(None)),
            Entry::Link(_) | Entry::Other(_) => {
                self.foreign(path);
                return Ok(Left::No(None));
            }
        };
        Ok(match classic::take_out(&found.content, self.options.overwrite) {
            Ok(taken) if taken != Taken::Nothing && found.shared && !self.options.overwrite => {
                self.edited(path, format_args!("{SHARED}"), BY_FORCE);
                Left::Edited
            }
            Ok(taken) => Left::No(without_block(path, &found, taken)),
            Err(damage) => {
                let hint = if damage.yields_to_force() { BY_FORCE } else { BY_HAND };
                self.edited(path, format_args!("line {}: {}", damage.line, damage.cause), hint);
                Left::Edited
            }
        })
    }

    fn edited(&mut self, path: &str, why: std::fmt::Arguments<'_>, hint: &str) {
        self.findings.add(
            "persisted-file-edited",
            Severity::Warning,
            &About::HOST,
            format_args!("{} stays as it is: {why}", shown(&self.options.root, path)),
            format_args!("{hint}"),
        );
    }

    fn foreign(&mut self, path: &str) {
        self.findings.add(
            "persisted-file-foreign",
            Severity::Warning,
            &About::HOST,
            format_args!("{} is not lvsarp's, so it stays", shown(&self.options.root, path)),
            format_args!("remove it by hand if nobody needs it"),
        );
    }
}
