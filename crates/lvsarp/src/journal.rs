//! The journal: a durable record of what apply is about to do and has done, one a namespace, under a lock.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use serde::Serialize;

use crate::change::Change;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::Scope;
use crate::json::{self, Place, Read, read_object};
use crate::key::Key;
use crate::level::{ArpAnnounce, ArpIgnore};
use crate::netns::{Identity, contents};
use crate::plan::Desired;
use crate::shown::Shown;
use crate::snapshot::Snapshot;
use crate::sorted::Sorted;
use crate::sys;
use crate::vip::Prefix;

/// Where journals and locks are: on a tmpfs, so that a reboot forgets them as the kernel forgets what they are about.
pub(crate) const DIRECTORY: &str = "/run/lvsarp";

const FORMAT: u32 = 1;

/// How often a lock that somebody else holds is tried again.
const LOCK_POLL: Duration = Duration::from_millis(10);

const NEEDED: &str = "nothing was changed; the undo journal is kept there, so the caller must be able to write it (root, or a directory of its \
                      own), besides CAP_NET_ADMIN in the network namespace";

/// What was going on when the journal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// An apply is under way: `pending` is to be taken back if it does not end.
    Applying,
    /// Nothing is under way: `done` is what undo takes back.
    Applied,
    /// An undo is under way: it is to be finished.
    Undoing,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Journal {
    format: u32,
    namespace: Identity,
    pub phase: Phase,
    /// What earlier applies changed, in order.
    pub done: Vec<Change>,
    /// What the apply under way is about to change, in order.
    pub pending: Vec<Change>,
}

read_object! { Journal { format, namespace, phase, done, pending } }

impl Read for Phase {
    fn read(place: &Place<'_>) -> Phase {
        place.word(&[("applying", Phase::Applying), ("applied", Phase::Applied), ("undoing", Phase::Undoing)])
    }
}

impl Journal {
    /// The addresses that applies have bound or made local, which a check expects to be there.
    pub fn vips(&self) -> impl Iterator<Item = IpAddr> {
        self.done.iter().filter_map(|change| match change {
            Change::Address { new: Some(new), .. } => Some(new.local),
            Change::Route { new: Some(new), .. } => Some(new.prefix.address()),
            _ => None,
        })
    }

    /// Whether an apply raised a level that hid no VIP.
    pub fn raised_a_level(&self) -> bool {
        self.done.iter().any(|change| match change {
            Change::Level { key: Key::ArpIgnore, old, .. } => ArpIgnore::of(*old) == ArpIgnore::AnyAddress,
            Change::Level { key: Key::ArpAnnounce, old, .. } => ArpAnnounce::of(*old) != ArpAnnounce::BestAddress,
            _ => false,
        })
    }

    /// Adds what an apply has changed to what earlier ones had.
    ///
    /// Where this apply found what an earlier one had left, the first original is kept.
    pub fn commit(&mut self) {
        let done = self.done.clone();
        let sorted = Sorted::by(&done, Subject::of);
        for new in std::mem::take(&mut self.pending) {
            // An apply changes each thing once.
            match sorted.position(Subject::of(&new)) {
                Some(at) => self.done[at] = chained(done[at].clone(), new),
                None => self.done.push(new),
            }
        }
        // What is again as it was before the first apply needs no undo.
        self.done.retain(|change| !change.is_nothing());
        self.phase = Phase::Applied;
    }

    /// Forgets what is not wanted any more and is gone already. Returns whether there was something.
    pub fn forget(&mut self, desired: &Desired, now: &Snapshot) -> Result<bool> {
        let dev = now.interface(&desired.dev)?.index;
        let (shown, before) = (Shown::of(now), self.done.len());
        self.done.retain(|change| !desired.drops(change, dev) || !shown.holds(&change.inverse()));
        Ok(self.done.len() < before)
    }

    /// Makes changes that a committed apply made pending again, as if it had not ended; what earlier applies made stays done. Returns those that are
    /// not as that apply left them any more: a later one, or an undo, changed them.
    pub fn reopen(&mut self, changes: &[&Change]) -> Vec<Change> {
        let done = self.done.clone();
        let sorted = Sorted::by(&done, Subject::of);
        let found: Vec<Option<usize>> = changes.iter().map(|change| sorted.position(Subject::of(change))).collect();
        // An undo meanwhile has taken everything back, what these changes put back and removed as well.
        let undone = changes.iter().zip(&found).any(|(change, at)| at.is_none() && !change.was_there());
        let mut changed_since = Vec::new();
        for (change, at) in changes.iter().copied().zip(found) {
            match at.map(|at| (at, before(&self.done[at], change))) {
                Some((at, Some(earlier))) => {
                    self.done[at] = earlier;
                    self.pending.push(change.clone());
                }
                // It made something as it was before all applies, so that nothing was left to be undone.
                None if change.was_there() && !undone => {
                    self.done.push(change.inverse());
                    self.pending.push(change.clone());
                }
                None if !change.was_there() => {}
                _ => changed_since.push(change.clone()),
            }
        }
        self.done.retain(|change| !change.is_nothing());
        self.phase = Phase::Applying;
        changed_since
    }

    /// Lets the levels among what is pending stay as they are.
    pub fn keep_levels(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let (levels, rest) = pending.into_iter().partition(|change| matches!(change, Change::Level { .. }));
        self.pending = levels;
        self.commit();
        self.pending = rest;
        self.phase = Phase::Applying;
    }
}

/// What a change is about, whatever it changes it to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Level(Scope, Option<u32>, Key),
    Address(u32, IpAddr, u8),
    Route(Prefix),
}

impl Subject {
    /// `None` for a change of nothing into nothing, which no plan has but a damaged journal may.
    fn of(change: &Change) -> Option<Subject> {
        Some(match change {
            Change::Level { scope, index, key, .. } => Subject::Level(*scope, *index, *key),
            Change::Address { old, new, .. } => {
                let address = new.as_ref().or(old.as_ref())?;
                Subject::Address(address.index, address.local, address.prefixlen)
            }
            Change::Route { old, new } => Subject::Route(new.as_ref().or(old.as_ref())?.prefix),
            Change::File(_) => return None,
        })
    }
}

/// One change behind another: if the second found what the first had made, both are one from the first original on.
fn chained(first: Change, second: Change) -> Change {
    match (first, second) {
        (Change::Level { old: original, new: made, .. }, Change::Level { scope, index, key, old: found, new }) => {
            Change::Level { scope, index, key, old: if found == made { original } else { found }, new }
        }
        (Change::Address { old: original, new: Some(made), .. }, Change::Address { old: Some(found), new, method })
            if crate::address::same_binding(&made, &found) =>
        {
            Change::Address { old: original, new, method }
        }
        (Change::Route { old: original, new: made }, Change::Route { old: found, new }) if made == found => {
            Change::Route { old: original, new }
        }
        (_, second) => second,
    }
}

/// The part of `both` that was there before `second`, which is its last part; `None` where it is not.
fn before(both: &Change, second: &Change) -> Option<Change> {
    match (both, second) {
        (Change::Level { old, new, .. }, Change::Level { scope, index, key, old: middle, new: last })
            if new == last =>
        {
            Some(Change::Level { scope: *scope, index: *index, key: *key, old: *old, new: *middle })
        }
        (Change::Address { old, new, method }, Change::Address { old: middle, new: last, .. }) if new == last => {
            Some(Change::Address { old: old.clone(), new: middle.clone(), method: *method })
        }
        (Change::Route { old, new }, Change::Route { old: middle, new: last }) if new == last => {
            Some(Change::Route { old: old.clone(), new: middle.clone() })
        }
        _ => None,
    }
}

/// The journal's place, and the lock that is held while this lives.
pub(crate) struct Locked {
    path: String,
    identity: Identity,
    lock: File,
}

impl Drop for Locked {
    fn drop(&mut self) {
        sys::unlock(self.lock.as_fd());
    }
}

/// What was found where the journal should be.
pub(crate) enum Found {
    Nothing,
    Journal(Journal),
    /// A file that is no journal of this namespace, and why.
    Unusable(String),
}

/// Where the journal of this host's namespace is.
pub(crate) fn place(host: &Host) -> Result<(String, Identity)> {
    let identity = Identity::of(host.socket().as_fd(), host.namespace())?;
    Ok((file(&identity, "json"), identity))
}

/// The journal, or another file of the same namespace beside it.
fn file(identity: &Identity, extension: &str) -> String {
    format!("{DIRECTORY}/{}.{extension}", identity.file_stem())
}

/// Whatever is there, without following or reading it.
pub(crate) fn look_at(path: &str) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(path)
}

/// Reads the journal without a lock; a user without privilege may do so.
pub(crate) fn look(host: &Host) -> Result<Found> {
    let (path, identity) = place(host)?;
    find(&path, &identity)
}

fn find(path: &str, identity: &Identity) -> Result<Found> {
    let read = |e: &io::Error| Error::os("read", path, e);
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) if e.raw_os_error() == Some(libc::ELOOP) => {
            return Ok(Found::Unusable("it is a symbolic link".to_owned()));
        }
        Err(e) => return Err(read(&e)),
    };
    let data = file.metadata().map_err(|e| read(&e))?;
    if !data.is_file() || (data.uid() != 0 && data.uid() != sys::effective_user()) {
        return Ok(Found::Unusable("it is not a file of root or of the caller".to_owned()));
    }
    let text = contents(file).map_err(|e| read(&e))?;
    Ok(match usable(text, identity) {
        Ok(journal) => Found::Journal(journal),
        Err(why) => Found::Unusable(why),
    })
}

/// The journal that a file holds, if it is one of this namespace; or why it is none.
fn usable(text: Vec<u8>, identity: &Identity) -> std::result::Result<Journal, String> {
    let unread = |why: &dyn Display| format!("it cannot be read: {why}");
    let text = String::from_utf8(text).map_err(|_| unread(&"it is not UTF-8"))?;
    let value = json::parse(&text).map_err(|why| unread(&why))?;
    let format = json::format(&value).map_err(|why| unread(&why))?;
    if format != FORMAT {
        return Err(format!("its format is {format}, this lvsarp reads {FORMAT}"));
    }
    let journal: Journal = json::read(&value).map_err(|why| unread(&why))?;
    if journal.namespace != *identity {
        return Err("it belongs to another network namespace or an earlier boot".to_owned());
    }
    if journal.done.iter().chain(&journal.pending).any(|change| Subject::of(change).is_none()) {
        return Err("it has a change of nothing".to_owned());
    }
    Ok(journal)
}

/// Waits for the lock on an open file. `Ok(false)`: somebody else still holds it at the deadline.
pub(crate) fn wait_for(lock: &File, path: &str, patience: Duration) -> Result<bool> {
    let mut left = patience;
    while !sys::try_lock(lock.as_fd()).map_err(|e| Error::os("lock", path, &e))? {
        if left.is_zero() {
            return Ok(false);
        }
        let nap = left.min(LOCK_POLL);
        std::thread::sleep(nap);
        left -= nap;
    }
    Ok(true)
}

/// In a directory of somebody else root's journal could be renamed or removed.
fn only_roots() -> Result<()> {
    let data = fs::symlink_metadata(DIRECTORY).map_err(|e| Error::os("use", DIRECTORY, &e))?;
    match sys::effective_user() == 0 && (data.uid() != 0 || data.mode() & 0o022 != 0) {
        true => Err(Error::new(ErrorKind::Refused, "use", DIRECTORY, "others than root may write there")
            .hint("chown root /run/lvsarp; chmod 755 /run/lvsarp")),
        false => Ok(()),
    }
}

impl Locked {
    /// Takes the lock, waiting until the deadline.
    pub fn take(host: &Host, patience: Duration) -> Result<Locked> {
        match Locked::attempt(host, patience)? {
            Some(locked) => Ok(locked),
            None => Err(Error::new(
                ErrorKind::LockTimeout,
                "lock",
                "the network namespace",
                format_args!("another lvsarp has held the lock for {} ms", patience.as_millis() as u64),
            )
            .hint("wait for it to end, or look for a process that hangs with a lock below /run/lvsarp")),
        }
    }

    /// Takes the lock; `None` where somebody else still holds it at the deadline.
    pub fn attempt(host: &Host, patience: Duration) -> Result<Option<Locked>> {
        let (path, identity) = place(host)?;
        match DirBuilder::new().mode(0o755).create(DIRECTORY) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::os("create", DIRECTORY, &e).hint(NEEDED));
            }
            // Everybody may read, whatever the umask.
            Ok(()) => fs::set_permissions(DIRECTORY, Permissions::from_mode(0o755))
                .map_err(|e| Error::os("set the mode of", DIRECTORY, &e))?,
            Err(_) => only_roots()?,
        }
        let lock_path = file(&identity, "lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&lock_path)
            .map_err(|e| Error::os("open", &lock_path, &e).hint(NEEDED))?;
        match wait_for(&lock, &lock_path, patience)? {
            true => Ok(Some(Locked { path, identity, lock })),
            false => Ok(None),
        }
    }

    pub fn find(&self) -> Result<Found> {
        find(&self.path, &self.identity)
    }

    /// A journal without anything in it yet.
    pub fn empty(&self) -> Journal {
        Journal {
            format: FORMAT,
            namespace: self.identity.clone(),
            phase: Phase::Applied,
            done: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Writes the journal so that there is the old one or the new one at every instant, also for a reader after a crash.
    pub fn write(&self, journal: &Journal) -> Result<()> {
        let failed = |e: io::Error| Error::os("write", &self.path, &e);
        let text = json::write(journal);
        let new = file(&self.identity, "new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&new)
            .map_err(failed)?;
        file.set_permissions(Permissions::from_mode(0o644)).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&new, &self.path).map_err(failed)?;
        self.sync_directory()
    }

    /// Removes the journal: nothing is left to be undone.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::os("remove", &self.path, &e)),
            _ => self.sync_directory(),
        }
    }

    /// Moves an unusable journal out of the way, under a name that is free, and returns that name.
    pub fn set_aside(&self) -> Result<String> {
        let free = (0..).map(|n| file(&self.identity, &format!("unusable-{n}")));
        let aside = free.into_iter().find(|path| look_at(path).is_err()).expect("names without end");
        fs::rename(&self.path, &aside).map_err(|e| Error::os("set aside", &self.path, &e))?;
        Ok(aside)
    }

    fn sync_directory(&self) -> Result<()> {
        File::open(DIRECTORY).and_then(|dir| dir.sync_all()).map_err(|e| Error::os("write", DIRECTORY, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(old: i32, new: i32) -> Change {
        Change::Level { scope: Scope::All, index: None, key: Key::ArpIgnore, old, new }
    }

    fn journal(done: Vec<Change>, pending: Vec<Change>) -> Journal {
        let namespace = json::read(&json::parse(r#"{"boot":"b","name":{"cookie":1}}"#).unwrap()).unwrap();
        Journal { format: FORMAT, namespace, phase: Phase::Applying, done, pending }
    }

    fn committed(done: Change, pending: Change) -> Vec<Change> {
        let mut journal = journal(vec![done], vec![pending]);
        journal.commit();
        assert_eq!((journal.phase, journal.pending.len()), (Phase::Applied, 0));
        journal.done
    }

    #[test]
    fn the_first_original_is_kept_where_an_apply_found_what_an_earlier_one_left() {
        assert_eq!(committed(level(0, 3), level(3, 1)), [level(0, 1)]);
    }

    #[test]
    fn what_somebody_else_wrote_in_between_is_the_original_of_the_later_apply() {
        assert_eq!(committed(level(0, 1), level(5, 1)), [level(5, 1)]);
    }

    #[test]
    fn what_is_again_as_it_was_is_not_kept() {
        assert_eq!(committed(level(0, 1), level(1, 0)), []);
    }

    #[test]
    fn a_reopened_change_leaves_what_was_before_it_and_one_that_was_changed_since_stays() {
        let reopened = |done: Change, change: Change| {
            let mut journal = journal(vec![done], Vec::new());
            let since = journal.reopen(&[&change]);
            (journal.done, journal.pending, since)
        };
        assert_eq!(reopened(level(0, 1), level(0, 1)), (vec![], vec![level(0, 1)], vec![]));
        assert_eq!(reopened(level(3, 1), level(2, 1)), (vec![level(3, 2)], vec![level(2, 1)], vec![]));
        assert_eq!(reopened(level(0, 3), level(0, 1)), (vec![level(0, 3)], vec![], vec![level(0, 1)]));
    }

    #[test]
    fn changes_of_different_things_stand_side_by_side() {
        let other = Change::Level { scope: Scope::All, index: None, key: Key::ArpAnnounce, old: 0, new: 2 };
        assert_eq!(committed(level(0, 1), other.clone()), [level(0, 1), other]);
    }
}
