//! Where the journal is: a durable file, one a namespace, under a lock.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use super::{FORMAT, Journal, Phase, Subject};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::json;
use crate::netns::{Identity, contents};
use crate::sys;

/// Where journals and locks are: on a tmpfs, so that a reboot forgets them as the kernel forgets what they are about.
pub(crate) const DIRECTORY: &str = "/run/lvsarp";

/// How often a lock that somebody else holds is tried again.
const LOCK_POLL: Duration = Duration::from_millis(10);

const NEEDED: &str = "nothing was changed; the undo journal is kept there, so the caller must be able to write it (root, or a directory of its \
                      own), besides CAP_NET_ADMIN in the network namespace";

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
