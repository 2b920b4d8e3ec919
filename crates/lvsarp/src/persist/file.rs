//! One file, replaced as a whole: at every instant there is the old one or the new one.

use std::ffi::{CStr, CString};
use std::fs::{File, read_dir};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::attributes::Attributes;
use super::obstacle;
use super::place::{Place, remove_directory};
use crate::error::{Error, ErrorKind, Result};
use crate::netns::contents;
use crate::sys;

/// The directory that is nobody's but ours.
pub(crate) const OUR_DIRECTORY: &str = "/etc/lvsarp";

/// The names of temporary files. No loader reads what ends so: systemd and procps want `.conf`, systemd `.service`, `.network` and the like.
const TEMPORARY: (&[u8], &[u8]) = (b".lvsarp-", b".tmp");

/// What has a name.
#[derive(Debug)]
pub(crate) enum Entry {
    Nothing,
    File(Found),
    /// A symbolic link, and where it leads.
    Link(Vec<u8>),
    /// Neither a file nor a link, in words.
    Other(&'static str),
}

/// A file that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub content: Vec<u8>,
    pub attributes: Attributes,
    /// It has other names (hard links), which would keep the old bytes.
    pub shared: bool,
}

impl Found {
    /// A file that is about to be made.
    pub fn fresh() -> Found {
        Found { content: Vec::new(), attributes: Attributes::new(0o644), shared: false }
    }
}

/// What has this name; nothing where the directory is not there.
pub(crate) fn entry(root: &Path, path: &str) -> Result<Entry> {
    let Some(place) = Place::find(root, path)? else { return Ok(Entry::Nothing) };
    let read = |e: io::Error| obstacle::denied(Error::os("read", &place.shown, &e));
    Ok(match open(&place)? {
        Opened::Nothing => Entry::Nothing,
        Opened::Link(target) => Entry::Link(target),
        Opened::Other(what) => Entry::Other(what),
        Opened::File(file) => {
            let attributes = Attributes::of(&file).map_err(read)?;
            let shared = file.metadata().map_err(read)?.nlink() > 1;
            Entry::File(Found { content: contents(file).map_err(read)?, attributes, shared })
        }
    })
}

/// The file of this name, if there is one.
///
/// # Errors
/// [`ErrorKind::Refused`] where the name is a link, a directory or a special file.
pub(crate) fn look(root: &Path, path: &str) -> Result<Option<Found>> {
    match entry(root, path)? {
        Entry::Nothing => Ok(None),
        Entry::File(found) => Ok(Some(found)),
        other => Err(in_the_way("read", &super::place::shown(root, path), &other)),
    }
}

/// Writes one file alone. `Ok(false)`: its content was right already, and nothing was touched.
#[cfg(test)]
pub(crate) fn write(root: &Path, path: &str, content: &[u8], mode: u32) -> Result<bool> {
    if look(root, path)?.is_some_and(|found| found.content == content) {
        return Ok(false);
    }
    let mut made = Vec::new();
    let written = Staged::new(root, path, content, &Attributes::new(mode), &mut made).and_then(Staged::commit);
    if written.is_err() {
        made.iter().rev().for_each(|dir| remove_directory(root, dir));
    }
    written.map(|()| true)
}

/// Removes a file, and our directory once nothing is in it. `Ok(false)`: there was none.
///
/// # Errors
/// With nothing changed: [`ErrorKind::Refused`] where the name is a link, a directory or a special file; [`ErrorKind::ReadOnly`];
/// [`ErrorKind::Permission`], also for an immutable file; `EBUSY` for a bind-mounted one.
pub(crate) fn remove(root: &Path, path: &str) -> Result<bool> {
    let Some(place) = Place::find(root, path)? else { return Ok(false) };
    let there = removable(&place)?;
    if there {
        sys::file::unlink_at(place.dir.as_fd(), &place.name, 0)
            .and_then(|()| place.sync())
            .map_err(|e| obstacle::failed("remove", &place, &e))?;
    }
    clean(&place.dir);
    if path.rsplit_once('/').is_some_and(|(dir, _)| dir == OUR_DIRECTORY) {
        remove_directory(root, OUR_DIRECTORY);
    }
    Ok(there)
}

/// Whether there is a file to be removed; an error if it cannot be.
pub(crate) fn removable(place: &Place) -> Result<bool> {
    match open(place)? {
        Opened::Nothing => Ok(false),
        Opened::File(file) => obstacle::check("remove", place, Some(&file)).map(|()| true),
        Opened::Link(target) => Err(in_the_way("remove", &place.shown, &Entry::Link(target))),
        Opened::Other(what) => Err(in_the_way("remove", &place.shown, &Entry::Other(what))),
    }
}

/// Why a name cannot be used: it is a link, a directory or a special file.
pub(crate) fn in_the_way(act: &str, shown: &str, entry: &Entry) -> Error {
    let refused = |cause: &str| Error::new(ErrorKind::Refused, act, shown, cause);
    match entry {
        Entry::Link(target) if target == b"/dev/null" => {
            refused("it is masked by the administrator, as a link to /dev/null")
                .hint("remove the link to lift the mask")
        }
        Entry::Link(target) => refused(&format!("it is a link to {}", String::from_utf8_lossy(target))).hint(
            "a link would be replaced, and the file that it leads to stay as it is: name that file, or remove the link",
        ),
        Entry::Other(what) => refused(what).hint("move it away if nobody needs it under this name"),
        Entry::Nothing | Entry::File(_) => refused("it is not what it was a moment ago"),
    }
}

/// A file that is written whole and durable, under another name.
pub(crate) struct Staged {
    place: Place,
    temporary: CString,
    /// The lock on it says that it is no leftover.
    _file: File,
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = sys::file::unlink_at(self.place.dir.as_fd(), &self.temporary, 0);
    }
}

impl Staged {
    /// Writes a file beside the one that it will replace. It gets that one's attributes, or if there is none these.
    pub fn new(root: &Path, path: &str, content: &[u8], other: &Attributes, made: &mut Vec<String>) -> Result<Staged> {
        let place = Place::make(root, path, made)?;
        let failed = |e: io::Error| obstacle::failed("write", &place, &e);
        let attributes = match open(&place)? {
            Opened::Nothing => {
                obstacle::check("write", &place, None)?;
                other.clone()
            }
            Opened::File(file) => {
                obstacle::check("write", &place, Some(&file))?;
                Attributes::of(&file).map_err(failed)?
            }
            Opened::Link(target) => return Err(in_the_way("write", &place.shown, &Entry::Link(target))),
            Opened::Other(what) => return Err(in_the_way("write", &place.shown, &Entry::Other(what))),
        };
        clean(&place.dir);
        let (temporary, file) = create(&place.dir).map_err(failed)?;
        let mut staged = Staged { place, temporary, _file: file };
        match staged.fill(content, &attributes) {
            Ok(()) => Ok(staged),
            Err(e) => Err(obstacle::failed("write", &staged.place, &e)),
        }
    }

    fn fill(&mut self, content: &[u8], attributes: &Attributes) -> io::Result<()> {
        self._file.write_all(content)?;
        attributes.give(&self._file)?;
        self._file.sync_all()
    }

    /// Puts it in its place.
    pub fn commit(self) -> Result<()> {
        sys::file::rename_at(self.place.dir.as_fd(), &self.temporary, &self.place.name)
            .and_then(|()| self.place.sync())
            .map_err(|e| obstacle::failed("write", &self.place, &e))
    }
}

/// What has a name, open if it is a file.
enum Opened {
    Nothing,
    File(File),
    Link(Vec<u8>),
    Other(&'static str),
}

fn open(place: &Place) -> Result<Opened> {
    opened(place).map_err(|e| obstacle::denied(Error::os("open", &place.shown, &e)))
}

/// Nothing but a regular file is opened: a device may do something when it is, and a pipe waits.
fn opened(place: &Place) -> io::Result<Opened> {
    let seen = match sys::open_at(place.dir.as_fd(), &place.name, libc::O_PATH | libc::O_NOFOLLOW) {
        Ok(seen) => File::from(seen).metadata()?.file_type(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Opened::Nothing),
        Err(e) => return Err(e),
    };
    if seen.is_symlink() {
        return sys::file::read_link_at(place.dir.as_fd(), &place.name).map(Opened::Link);
    }
    if !seen.is_file() {
        return Ok(Opened::Other(if seen.is_dir() { "it is a directory" } else { "it is a special file" }));
    }
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::from(sys::open_at(place.dir.as_fd(), &place.name, flags)?);
    match file.metadata()?.is_file() {
        true => Ok(Opened::File(file)),
        false => Ok(Opened::Other("it changed while it was looked at")),
    }
}

/// Makes a locked file with a name that was free.
fn create(dir: &File) -> io::Result<(CString, File)> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let mut number = clock ^ (u64::from(std::process::id()) << 32);
    loop {
        number = number.wrapping_add(1);
        let name = CString::new([TEMPORARY.0, format!("{number:016x}").as_bytes(), TEMPORARY.1].concat())?;
        match sys::file::create_at(dir.as_fd(), &name) {
            Ok(file) => {
                let file = File::from(file);
                // Another lvsarp may take it for a leftover before it is locked, and remove it.
                let locked = sys::try_lock(file.as_fd()).unwrap_or(true);
                match file.metadata() {
                    Ok(data) if locked && data.nlink() > 0 => return Ok((name, file)),
                    Ok(_) => {}
                    Err(e) => {
                        let _ = sys::file::unlink_at(dir.as_fd(), &name, 0);
                        return Err(e);
                    }
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

/// Removes what killed writers left beside a file.
pub(crate) fn tidy(root: &Path, path: &str) {
    if let Ok(Some(place)) = Place::find(root, path) {
        clean(&place.dir);
    }
}

/// Removes what killed writers left: temporary files of the caller that nobody has locked.
fn clean(dir: &File) {
    let Ok(names) = read_dir(format!("/proc/self/fd/{}", dir.as_raw_fd())) else { return };
    for name in names.flatten() {
        let name = name.file_name();
        let Ok(name) = CString::new(name.as_bytes()) else { continue };
        // The lock is held until the file is gone.
        if is_temporary(&name)
            && let Ok(Some(_locked)) = leftover(dir, &name)
        {
            let _ = sys::file::unlink_at(dir.as_fd(), &name, 0);
        }
    }
}

fn is_temporary(name: &CStr) -> bool {
    let number = name.to_bytes().strip_prefix(TEMPORARY.0).and_then(|rest| rest.strip_suffix(TEMPORARY.1));
    number.is_some_and(|number| number.len() == 16 && number.iter().all(u8::is_ascii_hexdigit))
}

fn leftover(dir: &File, name: &CStr) -> io::Result<Option<File>> {
    let seen = File::from(sys::open_at(dir.as_fd(), name, libc::O_PATH | libc::O_NOFOLLOW)?).metadata()?;
    if !seen.is_file() || seen.uid() != sys::effective_user() {
        return Ok(None);
    }
    let flags = libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::from(sys::open_at(dir.as_fd(), name, flags)?);
    Ok(sys::try_lock(file.as_fd())?.then_some(file))
}

#[cfg(test)]
mod tests;
