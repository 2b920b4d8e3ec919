//! The files of both levels of `all`, `default` and every interface, kept open: what is written there the kernel tells nobody.

use std::fs::File;
use std::io;

use super::state::{LEVELS, Pair, State, own};
use crate::conf::link;
use crate::conf::procfs::read_value;
use crate::error::{ErrorKind, Result};
use crate::host::Host;
use crate::interface::Scope;
use crate::key::Key;
use crate::snapshot::Interface;

/// Of how many interfaces the files are kept open, two each: together half of the 1024 descriptors that a process usually may have. Of more, the
/// levels are read by one dump of the interfaces.
const MOST: usize = 250;

/// After how many readings by a dump the files are tried again, where descriptors had run out.
const AGAIN: u32 = 16;

/// The files.
#[derive(Default)]
pub(super) struct Files {
    all: Option<[File; 2]>,
    default: Option<[File; 2]>,
    /// By interface.
    kept: Vec<(u32, [File; 2])>,
    /// There are too many interfaces, or descriptors ran out: this many readings by a dump are left before the files are tried again.
    dump: Option<u32>,
}

/// A level that is another one than was known.
pub(super) type Difference = (Scope, Option<u32>, Key, i32);

impl Files {
    /// Opens the files of `all` and `default`.
    pub fn open_shared(&mut self, host: &Host) {
        let Some(procfs) = host.procfs() else { return };
        for (scope, files) in [(Scope::All, &mut self.all), (Scope::Default, &mut self.default)] {
            if files.is_none() {
                *files = host.at_home(|| procfs.open_levels(&scope)).ok();
            }
        }
    }

    /// Opens what is not open yet. What cannot be opened is tried again at the next call.
    pub fn open(&mut self, host: &Host, state: &State) {
        let Some(procfs) = host.procfs() else {
            self.dump = Some(AGAIN);
            return;
        };
        self.open_shared(host);
        let there = |index: u32| state.interface(index).is_some_and(|interface| interface.conf.is_some());
        self.kept.retain(|(index, _)| there(*index));
        let with_levels = state.interfaces.iter().filter(|interface| interface.conf.is_some());
        let too_many = with_levels.clone().count() > MOST;
        if too_many || self.dump.is_some_and(|left| left > 0) {
            self.dump = self.dump.filter(|_| !too_many).or(Some(AGAIN));
            self.kept.clear();
            return;
        }
        self.dump = None;
        let missing: Vec<&Interface> =
            with_levels.filter(|i| !self.kept.iter().any(|(kept, _)| *kept == i.index)).collect();
        if missing.is_empty() {
            return;
        }
        let opened = host.at_home(|| {
            let mut opened = Vec::with_capacity(missing.len());
            for interface in missing {
                match procfs.open_levels(&Scope::Interface(interface.name)) {
                    Ok(files) => opened.push((interface.index, files)),
                    // It was renamed or deleted meanwhile, which the kernel is about to tell.
                    Err(e) if e.kind() == ErrorKind::NoInterface => {}
                    Err(e) => return Err(e),
                }
            }
            Ok(opened)
        });
        match opened {
            Ok(opened) => self.kept.extend(opened),
            Err(_) => {
                self.dump = Some(AGAIN);
                self.kept.clear();
            }
        }
    }

    /// Forgets the files of interfaces that have another name now or are others.
    pub fn forget(&mut self, gone: &[u32]) {
        if !gone.is_empty() {
            self.kept.retain(|(index, _)| !gone.contains(index));
        }
    }

    /// Reads everything, and adds what is otherwise than known.
    pub fn read(&mut self, host: &Host, state: &State, found: &mut Vec<Difference>) -> Result<()> {
        for (scope, files, known) in
            [(Scope::All, &mut self.all, state.all), (Scope::Default, &mut self.default, state.default)]
        {
            let Some(values) = files.as_ref().map(read_pair) else { continue };
            match values {
                Ok(values) => differences(scope, None, known, values, found),
                Err(_) => *files = None,
            }
        }
        if let Some(left) = &mut self.dump {
            *left = left.saturating_sub(1);
            for interface in link::list(&mut host.socket())? {
                if let Some(known) = state.interface(interface.index) {
                    let scope = Scope::Interface(interface.name);
                    differences(scope, Some(interface.index), own(known), own(&interface), found);
                }
            }
            return Ok(());
        }
        self.kept.retain(|(index, files)| {
            let (Some(interface), Ok(values)) = (state.interface(*index), read_pair(files)) else { return false };
            differences(Scope::Interface(interface.name), Some(*index), own(interface), values, found);
            true
        });
        Ok(())
    }

    /// An interface's own levels now.
    pub fn now(&self, host: &Host, interface: &Interface) -> Option<Pair> {
        match self.kept.iter().find(|(index, _)| *index == interface.index) {
            Some((_, files)) => read_pair(files).ok(),
            None => link::read(&mut host.socket(), &interface.name).ok().map(|interface| own(&interface)),
        }
    }

    /// The levels of `all` and of `default`.
    pub fn shared(&self) -> [Pair; 2] {
        [&self.all, &self.default]
            .map(|files| files.as_ref().and_then(|files| read_pair(files).ok()).unwrap_or_default())
    }

    /// Whether a file is to be opened.
    pub fn lacks(&self, host: &Host, state: &State) -> bool {
        if host.procfs().is_none() {
            return false;
        }
        let open = self.all.is_some() && self.default.is_some();
        let with_levels = state.interfaces.iter().filter(|interface| interface.conf.is_some()).count();
        !open
            || match self.dump {
                Some(left) => left == 0 && with_levels <= MOST,
                None => with_levels != self.kept.len(),
            }
    }
}

fn read_pair(files: &[File; 2]) -> io::Result<Pair> {
    Ok([Some(read_value(&files[0])?), Some(read_value(&files[1])?)])
}

fn differences(scope: Scope, index: Option<u32>, known: Pair, now: Pair, found: &mut Vec<Difference>) {
    for (which, key) in LEVELS.into_iter().enumerate() {
        if let Some(value) = now[which]
            && known[which] != Some(value)
        {
            found.push((scope, index, key, value));
        }
    }
}
