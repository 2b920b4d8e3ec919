//! Reads the files of a root directory. It needs no privilege, never waits, and follows links inside that root only.

use std::ffi::CString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::boot::files::{Content, DIRECTORIES, Entry, Files, SYSCTL_CONF, order};
use crate::error::{Error, ErrorKind, Result};
use crate::inside;
use crate::sorted::in_order;
use crate::sys;

/// The longest file that is read.
const LONGEST: u64 = 1 << 20;
/// The most names that are taken.
const MOST: usize = 4096;

impl Files {
    /// Reads what a loader may read below a root directory: `/` for this system, or the root of an image or a container.
    ///
    /// Symbolic links are followed as they are seen inside that root: an absolute link in an image points into the image.
    /// What is not a regular file is named but not opened.
    ///
    /// # Errors
    ///
    /// Where the root or one of the directories is there but cannot be read, and where they hold more than 4096 names. A file that cannot be read, or
    /// is longer than 1 MiB, is no error: its [`Content`] says so.
    pub fn read(root: &Path) -> Result<Files> {
        let root = Root::open(root)?;
        let mut entries: Vec<Entry> = Vec::new();
        let (mut seen, mut same, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for (rank, directory) in DIRECTORIES.into_iter().enumerate() {
            let fd = match root.find(directory.as_bytes()) {
                Ok(fd) => fd,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => continue,
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP)) => {
                    broken.push(rank);
                    continue;
                }
                Err(error) => return Err(unread("open", &directory, &error)),
            };
            let place = path_of(&fd);
            if !fs::metadata(&place).is_ok_and(|metadata| metadata.is_dir()) {
                broken.push(rank);
                continue;
            }
            // /lib is a link to usr/lib on most systems.
            let identity = sys::device_and_inode(fd.as_fd()).map_err(|error| unread("read", &directory, &error))?;
            if let Some((_, other)) = seen.iter().find(|(other, _)| *other == identity) {
                same.push((rank, *other));
                continue;
            }
            seen.push((identity, rank));
            let names = fs::read_dir(&place).map_err(|error| unread("read", &directory, &error))?;
            for name in names {
                let name = name.map_err(|error| unread("read", &directory, &error))?.file_name();
                if entries.len() >= MOST {
                    let cause = "it and the directories before it hold more than 4096 names";
                    return Err(Error::new(ErrorKind::Unsupported, "read", directory, cause));
                }
                let path = [directory.as_bytes(), b"/", name.as_bytes()].concat();
                entries.extend(root.entry(&path, &place.join(name)));
            }
        }
        if let Ok(etc) = root.find(b"/etc") {
            entries.extend(root.entry(SYSCTL_CONF.as_bytes(), &path_of(&etc).join("sysctl.conf")));
        }
        let entries = in_order(entries, &|left, right| order(&left.path, &right.path));
        Ok(Files { entries, same, broken })
    }
}

/// What could not be read, and what that takes.
fn unread(act: &str, thing: &dyn Display, error: &io::Error) -> Error {
    let unread = Error::os(act, thing, error);
    match unread.kind() {
        ErrorKind::Permission => unread.hint("run as a user who may read it, or with CAP_DAC_READ_SEARCH"),
        _ => unread,
    }
}

/// A root directory and how links are followed below it.
pub(crate) struct Root {
    fd: OwnedFd,
    /// Whether it is the system's own.
    own: bool,
}

impl Root {
    pub fn open(root: &Path) -> Result<Root> {
        let wrong = |error: io::Error| unread("open", &format_args!("root directory {root:?}"), &error);
        let path = CString::new(root.as_os_str().as_bytes()).map_err(|error| wrong(error.into()))?;
        let fd = sys::open_path(&path).map_err(wrong)?;
        Ok(Root { fd, own: root.as_os_str() == "/" })
    }

    /// What is at an absolute path inside the root, links followed, only to look at it.
    pub fn find(&self, path: &[u8]) -> io::Result<OwnedFd> {
        let path = CString::new(path.strip_prefix(b"/").unwrap_or(path))?;
        if self.own {
            sys::open_at(self.fd.as_fd(), &path, libc::O_PATH)
        } else {
            inside::open(self.fd.as_fd(), &path, libc::O_PATH)
        }
    }

    /// Whether there is something at a path.
    pub fn has(&self, path: &[u8]) -> bool {
        self.find(path).is_ok()
    }

    /// Whether a path is a name at all, a link to nowhere included.
    pub fn is_name(&self, path: &[u8]) -> bool {
        self.link_or_name(path).is_some()
    }

    /// Whether a path is a link to busybox, by one link or more.
    pub fn leads_to_busybox(&self, path: &[u8]) -> bool {
        self.find(path).is_ok_and(|fd| {
            fs::read_link(path_of(&fd)).is_ok_and(|target| target.as_os_str().as_bytes().ends_with(b"/busybox"))
        })
    }

    fn link_or_name(&self, path: &[u8]) -> Option<PathBuf> {
        let slash = path.iter().rposition(|byte| *byte == b'/')?;
        let directory = self.find(&path[..slash]).ok()?;
        let place = path_of(&directory).join(std::ffi::OsStr::from_bytes(&path[slash + 1..]));
        fs::symlink_metadata(&place).is_ok().then_some(place)
    }

    /// A regular file's bytes, up to a length.
    pub fn text(&self, path: &[u8], longest: u64) -> io::Result<Vec<u8>> {
        let fd = self.find(path)?;
        let place = path_of(&fd);
        if !fs::metadata(&place)?.is_file() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut text = Vec::new();
        File::open(&place)?.take(longest).read_to_end(&mut text)?;
        Ok(text)
    }

    /// The names in a directory; none where it is not there.
    pub fn names(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Ok(fd) = self.find(directory) else { return Vec::new() };
        let Ok(names) = fs::read_dir(path_of(&fd)) else { return Vec::new() };
        names.take(MOST).filter_map(|name| Some(name.ok()?.file_name().into_vec())).collect()
    }

    /// What is at a name; none where it is gone. The place is where the name itself can be looked at.
    fn entry(&self, path: &[u8], place: &Path) -> Option<Entry> {
        let link = fs::read_link(place).ok().map(|target| target.into_os_string().into_vec());
        let content = match self.find(path) {
            Ok(fd) => content(&fd).unwrap_or_else(|error| Content::Unreadable(errno(&error))),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => match &link {
                Some(target) if target == b"/dev/null" => Content::Null,
                Some(_) => Content::Dangling,
                None => return None,
            },
            Err(error) => Content::Unreadable(errno(&error)),
        };
        Some(Entry { path: path.to_vec(), link, content })
    }
}

fn content(fd: &OwnedFd) -> io::Result<Content> {
    let place = path_of(fd);
    let metadata = fs::metadata(&place)?;
    let kind = metadata.file_type();
    if kind.is_char_device() && metadata.rdev() == libc::makedev(1, 3) {
        return Ok(Content::Null);
    }
    if kind.is_dir() {
        return Ok(Content::Directory);
    }
    if !kind.is_file() {
        return Ok(Content::NotRegular);
    }
    let mut text = Vec::new();
    File::open(&place)?.take(LONGEST + 1).read_to_end(&mut text)?;
    Ok(if text.len() as u64 > LONGEST { Content::TooLarge } else { Content::Text(text) })
}

/// A path to what a descriptor is open on.
fn path_of(fd: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
