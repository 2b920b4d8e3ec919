//! Reading small files below a root directory, which may be an image's: bounded, without waiting, and never outside of it.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::boot::glob::fnmatch;
use crate::inside;
use crate::persist::native;
use crate::persist::seal::Whose;
use crate::sys;

/// A file that is longer than this is no configuration.
const LONGEST: u64 = 1 << 20;

/// A directory with more entries than this is not read further.
const MOST: usize = 4096;

/// A root directory.
pub(crate) struct Tree {
    root: OwnedFd,
    /// It is the caller's own, where the kernel resolves links by itself.
    own: bool,
    /// Files that lvsarp wrote are as if they were not there.
    without_ours: bool,
}

/// What stands at a path.
pub(crate) enum Found {
    Nothing,
    /// An empty file, a link to `/dev/null` or to nothing: it only hides files of its name.
    Mask,
    Text(Vec<u8>),
    /// Why it cannot be told.
    Unread(String),
}

/// A file that counts, of all of its name in several directories.
pub(crate) struct Named {
    pub name: Vec<u8>,
    pub path: Vec<u8>,
}

impl Tree {
    pub fn open(root: &Path, without_ours: bool) -> io::Result<Tree> {
        let bytes = root.as_os_str().as_bytes();
        Ok(Tree { root: sys::open_path(&c_path(bytes)?)?, own: bytes == b"/", without_ours })
    }

    /// Opens an absolute path below the root.
    fn at(&self, path: &[u8], flags: libc::c_int) -> io::Result<OwnedFd> {
        // openat2() refuses these beside O_PATH, where they would mean nothing.
        let wary = if flags & libc::O_PATH != 0 { 0 } else { libc::O_NONBLOCK | libc::O_NOCTTY };
        let flags = flags | wary;
        if self.own {
            return sys::open_at(self.root.as_fd(), &c_path(path)?, flags);
        }
        inside::open(self.root.as_fd(), &c_path(path)?, flags)
    }

    /// Whether something stands at a path, be it a link to nothing.
    pub fn has(&self, path: &[u8]) -> bool {
        self.at(path, libc::O_PATH | libc::O_NOFOLLOW).is_ok()
    }

    pub fn read(&self, path: &[u8]) -> Found {
        self.try_read(path).unwrap_or_else(|e| match e.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) if self.has(path) => Found::Mask,
            Some(libc::ENOENT | libc::ENOTDIR) => Found::Nothing,
            _ => Found::Unread(e.to_string()),
        })
    }

    fn try_read(&self, path: &[u8]) -> io::Result<Found> {
        // What is no file is not opened: that alone may rewind a tape or take a line.
        let kind = File::from(self.at(path, libc::O_PATH)?).metadata()?.file_type();
        if kind.is_char_device() {
            return Ok(Found::Mask);
        }
        if !kind.is_file() {
            return Ok(Found::Unread("it is not a regular file".to_owned()));
        }
        let file = File::from(self.at(path, libc::O_RDONLY)?);
        if !file.metadata()?.is_file() {
            return Ok(Found::Unread("it is not a regular file".to_owned()));
        }
        let mut text = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut text)?;
        Ok(match text.len() as u64 {
            0 => Found::Mask,
            1..=LONGEST if self.without_ours && native::whose(&text) != Whose::Foreign => Found::Nothing,
            1..=LONGEST => Found::Text(text),
            _ => Found::Unread("it is longer than 1 MiB".to_owned()),
        })
    }

    /// The names in a directory, in the order of their bytes, without those that begin with a dot. None where there is no directory.
    pub fn names(&self, path: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        let dir = match self.at(path, libc::O_PATH | libc::O_DIRECTORY) {
            Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => return Ok(names),
            other => other?,
        };
        for entry in std::fs::read_dir(format!("/proc/self/fd/{}", dir.as_raw_fd()))? {
            let name = entry?.file_name().into_vec();
            if name.starts_with(b".") {
                continue;
            }
            if names.len() == MOST {
                return Err(io::Error::from_raw_os_error(libc::EFBIG));
            }
            if let Err(at) = names.binary_search(&name) {
                names.insert(at, name);
            }
        }
        Ok(names)
    }

    /// The files with a suffix in several directories, in the order of their names; of one name the first directory's counts.
    pub fn by_name(&self, directories: &[&str], below: &[u8], suffix: &[u8]) -> io::Result<Vec<Named>> {
        let mut all: Vec<Named> = Vec::new();
        for directory in directories {
            let directory = [directory.as_bytes(), below].concat();
            for name in self.names(&directory)? {
                if !name.ends_with(suffix) {
                    continue;
                }
                if let Err(at) = all.binary_search_by(|there| there.name.cmp(&name)) {
                    let path = [&directory, b"/".as_slice(), &name].concat();
                    all.insert(at, Named { name, path });
                }
            }
        }
        Ok(all)
    }
}

fn c_path(path: &[u8]) -> io::Result<CString> {
    CString::new(path).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// A path as a person reads it.
pub(crate) fn shown(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    path.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether a name matches a pattern of `fnmatch(3)`.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    fnmatch(pattern, name, false)
}
