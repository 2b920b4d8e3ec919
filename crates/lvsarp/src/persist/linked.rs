//! Whether systemd-sysctl reads a file that is kept by others, such as `/etc/sysctl.conf`: only through a link of its own directories.

use std::ffi::CString;
use std::fs::read_dir;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::place::{Place, exists};
use crate::inside;
use crate::sys;

/// `man sysctl.d`, the one that counts most first, and `/lib` where it is no link.
const DIRECTORIES: [&str; 5] =
    ["/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/", "/lib/sysctl.d/"];

/// Whether one of the directories has the file, or a link to it, under a name that is read.
pub(crate) fn is_read_by_systemd(root: &Path, path: &str) -> bool {
    let Some(at) = path.rfind('/') else { return false };
    let (dir, name) = path.split_at(at + 1);
    let itself = |at: usize| is_read(name.as_bytes()) && !is_hidden(root, at, name);
    DIRECTORIES.iter().position(|other| *other == dir).is_some_and(itself)
        || (0..DIRECTORIES.len()).any(|at| links(root, at, path, name))
}

/// Whether an earlier directory has the name: that one decides, be it a mask.
fn is_hidden(root: &Path, at: usize, name: &str) -> bool {
    DIRECTORIES.iter().take(at).any(|dir| exists(root, &format!("{dir}{name}")))
}

fn is_read(name: &[u8]) -> bool {
    name.ends_with(b".conf") && !name.starts_with(b".")
}

/// Whether one of a directory's links leads to the file; where there is no such file yet, whether one that leads nowhere bears its name.
fn links(root: &Path, at: usize, path: &str, name: &str) -> bool {
    let Some(dir) = DIRECTORIES.get(at) else { return false };
    let Ok(Some(place)) = Place::find(root, &format!("{dir}{name}")) else { return false };
    let Ok(entries) = read_dir(format!("/proc/self/fd/{}", place.dir.as_raw_fd())) else { return false };
    let file = inode(root, path);
    entries.flatten().any(|entry| {
        let link = entry.file_name();
        let Ok(link) = CString::new(link.as_bytes()) else { return false };
        if !is_read(link.to_bytes()) {
            return false;
        }
        let Ok(target) = sys::file::read_link_at(place.dir.as_fd(), &link) else { return false };
        let link = link.to_string_lossy();
        let found = inode(root, &format!("{dir}{link}"));
        let leads = if file.is_some() {
            found == file
        } else {
            found.is_none() && target.ends_with(&path.as_bytes()[path.len() - name.len() - 1..])
        };
        leads && !is_hidden(root, at, &link)
    })
}

/// Whether two paths lead to one file, by whatever links.
pub(crate) fn one_file(root: &Path, a: &str, b: &str) -> bool {
    a == b || inode(root, a).is_some_and(|inode_of_a| inode(root, b) == Some(inode_of_a))
}

/// Device and inode of what a path leads to inside the root.
fn inode(root: &Path, path: &str) -> Option<(u64, u64)> {
    let root = CString::new(root.as_os_str().as_bytes()).ok()?;
    let root = sys::open_path(&root).ok()?;
    let file = inside::open(root.as_fd(), &CString::new(path).ok()?, libc::O_PATH).ok()?;
    sys::device_and_inode(file.as_fd()).ok()
}
