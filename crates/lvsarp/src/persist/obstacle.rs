//! What keeps a file from being replaced or removed, found before anything is changed, and named by its cause.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::place::Place;
use crate::error::{Error, ErrorKind, Result};
use crate::netns::contents;
use crate::sys;

/// `include/uapi/linux/fs.h: FS_IMMUTABLE_FL, FS_APPEND_FL`.
const IMMUTABLE: libc::c_long = 0x10;
const APPEND_ONLY: libc::c_long = 0x20;

/// Looks for what will keep a name from being given to another file or taken away.
pub(crate) fn check(act: &str, place: &Place, file: Option<&File>) -> Result<()> {
    if matches!(sys::is_read_only(place.dir.as_fd()), Ok(true)) {
        return Err(failed(act, place, &io::Error::from_raw_os_error(libc::EROFS)));
    }
    if let Some((cause, letter)) = frozen(place, file) {
        return Err(Error::new(ErrorKind::Permission, act, &place.shown, cause).hint(format_args!(
            "somebody forbade every change of it: `lsattr -d` shows it, `chattr -{letter}` allows it"
        )));
    }
    match file.map(|file| (mount(file.as_fd()), mount(place.dir.as_fd()))) {
        Some((Some(of_file), Some(of_dir))) if of_file != of_dir => {
            Err(failed(act, place, &io::Error::from_raw_os_error(libc::EBUSY)))
        }
        _ => Ok(()),
    }
}

/// The error of a system call that changes a directory.
pub(crate) fn failed(act: &str, place: &Place, error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EBUSY) => Error::new(
            ErrorKind::System(libc::EBUSY),
            act,
            &place.shown,
            "another file is mounted over it, so it cannot be replaced as a whole",
        )
        .hint("change it where it comes from: outside of the container, or behind the bind mount"),
        Some(libc::EROFS) => Error::os(act, &place.shown, error).hint("change it in the image, or remount it writable"),
        _ => denied(Error::os(act, &place.shown, error)),
    }
}

/// An error with the right that is missing where that is a right on files.
pub(crate) fn denied(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Permission => error.hint("root is needed, or CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_CHOWN"),
        _ => error,
    }
}

/// Why the file or its directory can only be changed after `chattr`, and the attribute's letter.
fn frozen(place: &Place, file: Option<&File>) -> Option<(&'static str, char)> {
    let flags = |fd: BorrowedFd<'_>| sys::file::inode_flags(fd).unwrap_or(0);
    let of_dir = flags(place.dir.as_fd());
    let of_file = file.map_or(0, |file| flags(file.as_fd()));
    let causes = [
        (of_file & IMMUTABLE, "it is immutable", 'i'),
        (of_dir & IMMUTABLE, "its directory is immutable", 'i'),
        (of_file & APPEND_ONLY, "it is append-only", 'a'),
        (of_dir & APPEND_ONLY, "its directory is append-only", 'a'),
    ];
    causes.into_iter().find(|(flag, ..)| *flag != 0).map(|(_, cause, letter)| (cause, letter))
}

/// The number of the mount that a file was opened on (`proc(5)`: `/proc/pid/fdinfo/`).
fn mount(fd: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let info = File::open(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).and_then(contents).ok()?;
    info.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"mnt_id:")).map(|id| id.trim_ascii().to_vec())
}
