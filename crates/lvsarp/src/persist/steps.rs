//! Several files, changed as one: all are written beside their places first, and what was changed is put back where a later one fails.

use std::path::{Path, PathBuf};

use super::attributes::Attributes;
use super::file::{self, Entry, Found, Staged};
use super::place::{Place, remove_directory, shown};
use super::{link, obstacle};
use crate::check::Finding;
use crate::error::{Error, ErrorKind, Result};

/// One file, or symbolic link, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path below the root.
    pub path: String,
    /// Its bytes before, or of a link where it led; `None` where it was not there.
    pub old: Option<Vec<u8>>,
    /// After.
    pub new: Option<Vec<u8>>,
    pub(crate) kind: Kind,
    /// Of the file that was there, or those of a new one.
    pub(crate) attributes: Attributes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Link,
}

/// What was written and removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files that are different now, in the order in which they were changed.
    pub files: Vec<FileChange>,
    /// What was left as it is, and what more is to be done.
    pub findings: Vec<Finding>,
    pub(crate) root: PathBuf,
    pub(crate) made: Vec<String>,
}

/// What is to be changed.
pub(crate) struct Draft {
    pub changes: Vec<FileChange>,
    pub findings: Vec<Finding>,
}

impl FileChange {
    /// A change of a file's bytes; `None` where they are right already.
    pub fn of(path: &str, found: Option<&Found>, new: Option<Vec<u8>>) -> Option<FileChange> {
        let old = found.map(|found| found.content.clone());
        let attributes = found.map_or_else(|| Attributes::new(0o644), |found| found.attributes.clone());
        (old != new).then(|| FileChange { path: path.to_owned(), old, new, kind: Kind::File, attributes })
    }

    pub fn of_link(path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> FileChange {
        let [old, new] = [old, new].map(|target| target.map(<[u8]>::to_vec));
        FileChange { path: path.to_owned(), old, new, kind: Kind::Link, attributes: Attributes::new(0o777) }
    }
}

impl Draft {
    /// What it would write, with each file once.
    pub fn would(self, root: &Path) -> Written {
        let mut files: Vec<FileChange> = Vec::new();
        for change in self.changes {
            match files.iter_mut().find(|earlier| earlier.path == change.path) {
                Some(earlier) => earlier.new = change.new,
                None => files.push(change),
            }
        }
        Written { files, findings: self.findings, root: root.to_owned(), made: Vec::new() }
    }

    /// Changes the files.
    ///
    /// # Errors
    /// With every file as it was, unless [`Error::aftermath`] says otherwise.
    pub fn carry_out(self, root: &Path) -> Result<Written> {
        let mut made = Vec::new();
        let done = change_all(root, &self.changes, &mut made);
        if done.is_err() {
            made.iter().rev().for_each(|dir| remove_directory(root, dir));
        }
        done?;
        Ok(Written { made, ..self.would(root) })
    }
}

/// Puts every file back as it was, the last one first, where it still is what was written. Returns what could not be put back.
pub(crate) fn put_back(written: &Written) -> Vec<Error> {
    let failures = take_back(&written.root, &written.files).1;
    written.made.iter().rev().for_each(|dir| remove_directory(&written.root, dir));
    failures
}

fn change_all(root: &Path, changes: &[FileChange], made: &mut Vec<String>) -> Result<()> {
    let mut staged = Vec::with_capacity(changes.len());
    for change in changes {
        staged.push(stage(root, change, made)?);
    }
    for at in 0..changes.len() {
        let step = step(root, &changes[at], staged[at].take(), made);
        if let Err(error) = step {
            // The temporary files that are left would keep directories from being removed.
            drop(staged);
            // The step that failed may have been taken, and only not be durable.
            let taken = there(root, &changes[at]).is_ok_and(|there| there == changes[at].new);
            let (count, failures) = take_back(root, &changes[..at + usize::from(taken)]);
            return Err(if count == 0 && failures.is_empty() { error } else { error.after_roll_back(failures) });
        }
    }
    Ok(())
}

/// Everything of a change that can be done, or refused, before the first one.
fn stage(root: &Path, change: &FileChange, made: &mut Vec<String>) -> Result<Option<Staged>> {
    match (change.kind, &change.new) {
        (Kind::File, Some(content)) => Staged::new(root, &change.path, content, &change.attributes, made).map(Some),
        (Kind::Link, Some(_)) => obstacle::check("write", &Place::make(root, &change.path, made)?, None).map(|()| None),
        (kind, None) => {
            if let Some(place) = Place::find(root, &change.path)? {
                match kind {
                    Kind::File => drop(file::removable(&place)?),
                    Kind::Link => obstacle::check("remove", &place, None)?,
                }
            }
            Ok(None)
        }
    }
}

fn step(root: &Path, change: &FileChange, staged: Option<Staged>, made: &mut Vec<String>) -> Result<()> {
    match (staged, change.kind, &change.old, &change.new) {
        (Some(staged), ..) => match there(root, change)? == change.old {
            true => staged.commit(),
            false => Err(meanwhile("write", root, change)),
        },
        (None, Kind::File, ..) => match there(root, change)? {
            there if there == change.old || there.is_none() => file::remove(root, &change.path).map(drop),
            _ => Err(meanwhile("remove", root, change)),
        },
        (None, Kind::Link, _, Some(target)) => link::make(root, &change.path, target, made).map(drop),
        (None, Kind::Link, Some(target), None) => link::remove(root, &change.path, target).map(drop),
        (None, Kind::Link, None, None) => Ok(()),
    }
}

/// How many were put back, and what could not be.
fn take_back(root: &Path, changes: &[FileChange]) -> (usize, Vec<Error>) {
    let (mut count, mut failures) = (0, Vec::new());
    for change in changes.iter().rev() {
        match restore(root, change) {
            Ok(restored) => count += usize::from(restored),
            Err(error) => failures.push(error),
        }
    }
    (count, failures)
}

fn restore(root: &Path, change: &FileChange) -> Result<bool> {
    let there = there(root, change)?;
    if there == change.old {
        return Ok(false);
    }
    if there != change.new {
        return Err(meanwhile("put back", root, change));
    }
    let mut made = Vec::new();
    match (&change.old, change.kind) {
        (Some(content), Kind::File) => {
            Staged::new(root, &change.path, content, &change.attributes, &mut made)?.commit()?;
        }
        (None, Kind::File) => drop(file::remove(root, &change.path)?),
        (Some(target), Kind::Link) => drop(link::make(root, &change.path, target, &mut made)?),
        (None, Kind::Link) => drop(link::remove(root, &change.path, there.as_deref().unwrap_or_default())?),
    }
    Ok(true)
}

/// What is there now.
fn there(root: &Path, change: &FileChange) -> Result<Option<Vec<u8>>> {
    match (change.kind, file::entry(root, &change.path)?) {
        (_, Entry::Nothing) => Ok(None),
        (Kind::File, Entry::File(found)) => Ok(Some(found.content)),
        (Kind::Link, Entry::Link(target)) => Ok(Some(target)),
        _ => Err(meanwhile("use", root, change)),
    }
}

#[cold]
fn meanwhile(act: &str, root: &Path, change: &FileChange) -> Error {
    let cause = "somebody else has changed it meanwhile, so it was left alone";
    Error::new(ErrorKind::Refused, act, shown(root, &change.path), cause)
}

#[cfg(test)]
mod tests;
