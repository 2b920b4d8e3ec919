//! Files below the descriptor of a directory, so that a directory that is swapped meanwhile redirects nothing, and what belongs to a file beside its
//! bytes.

use std::ffi::CStr;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::retry;

/// Opens a path as if the directory were the root: no link and no `..` leads out of it (`openat2`, kernel 5.6).
pub(crate) fn open_in_root(root: BorrowedFd<'_>, path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: open_how is plain data for which all zeros is a value.
    let mut how: libc::open_how = unsafe { zeroed() };
    how.flags = (flags | libc::O_CLOEXEC) as u64;
    how.resolve = libc::RESOLVE_IN_ROOT | libc::RESOLVE_NO_MAGICLINKS;
    let fd = retry(|| {
        let size = size_of::<libc::open_how>();
        // SAFETY: path and struct outlive the call, and the size is the struct's.
        let fd = unsafe { libc::syscall(libc::SYS_openat2, root.as_raw_fd(), path.as_ptr(), &raw const how, size) };
        fd as libc::ssize_t
    })?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// Makes a file that was not there, for writing and only for its owner.
pub(crate) fn create_at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    let mode: libc::mode_t = 0o600;
    let fd = retry(|| {
        // SAFETY: the name is NUL-terminated and outlives the call.
        let fd = unsafe { libc::openat(dir.as_raw_fd(), name.as_ptr(), flags, libc::c_uint::from(mode)) };
        fd as libc::ssize_t
    })?;
    // SAFETY: the kernel has just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as libc::c_int) })
}

/// Gives a file another name in the same directory, in place of whatever has that name.
pub(crate) fn rename_at(dir: BorrowedFd<'_>, from: &CStr, to: &CStr) -> io::Result<()> {
    retry(|| {
        // SAFETY: both names are NUL-terminated and outlive the call.
        let rc = unsafe { libc::renameat(dir.as_raw_fd(), from.as_ptr(), dir.as_raw_fd(), to.as_ptr()) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Removes a name: of a file or a link, or with `AT_REMOVEDIR` of an empty directory.
pub(crate) fn unlink_at(dir: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> io::Result<()> {
    retry(|| {
        // SAFETY: the name is NUL-terminated and outlives the call.
        let rc = unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), flags) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Makes a directory.
pub(crate) fn make_directory_at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    retry(|| {
        // SAFETY: the name is NUL-terminated and outlives the call.
        let rc = unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), 0o755) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Makes a symbolic link.
pub(crate) fn link_at(dir: BorrowedFd<'_>, name: &CStr, target: &CStr) -> io::Result<()> {
    retry(|| {
        // SAFETY: both texts are NUL-terminated and outlive the call.
        let rc = unsafe { libc::symlinkat(target.as_ptr(), dir.as_raw_fd(), name.as_ptr()) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// Where a symbolic link leads.
pub(crate) fn read_link_at(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Vec<u8>> {
    let mut target = vec![0; libc::PATH_MAX as usize];
    let len = retry(|| {
        // SAFETY: the name is NUL-terminated, and pointer and length of the buffer are those of a live slice.
        unsafe { libc::readlinkat(dir.as_raw_fd(), name.as_ptr(), target.as_mut_ptr().cast(), target.len()) }
    })?;
    target.truncate(len);
    Ok(target)
}

/// The inode's flags, such as `FS_IMMUTABLE_FL`; ENOTTY where the file system has none.
pub(crate) fn inode_flags(fd: BorrowedFd<'_>) -> io::Result<libc::c_long> {
    let mut flags: libc::c_long = 0;
    retry(|| {
        // SAFETY: the request writes at most a long, and the pointer is to a live one.
        let rc = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FS_IOC_GETFLAGS as _, &raw mut flags) };
        rc as libc::ssize_t
    })?;
    Ok(flags)
}

/// The names of a file's extended attributes, each with a NUL behind it.
pub(crate) fn attribute_names(fd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    sized(&mut |room| {
        // SAFETY: pointer and length are those of a live slice; with length 0 nothing is written.
        unsafe { libc::flistxattr(fd.as_raw_fd(), room.as_mut_ptr().cast(), room.len()) }
    })
}

/// The value of an extended attribute.
pub(crate) fn attribute(fd: BorrowedFd<'_>, name: &CStr) -> io::Result<Vec<u8>> {
    sized(&mut |room| {
        // SAFETY: the name is NUL-terminated, and pointer and length are those of a live slice; with length 0 nothing is written.
        unsafe { libc::fgetxattr(fd.as_raw_fd(), name.as_ptr(), room.as_mut_ptr().cast(), room.len()) }
    })
}

/// Sets an extended attribute.
pub(crate) fn set_attribute(fd: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> io::Result<()> {
    retry(|| {
        // SAFETY: the name is NUL-terminated, and pointer and length are those of a live slice.
        let rc = unsafe { libc::fsetxattr(fd.as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
        rc as libc::ssize_t
    })
    .map(drop)
}

/// What a call gives that says how much room it needs when it is given none.
fn sized(call: &mut dyn FnMut(&mut [u8]) -> libc::ssize_t) -> io::Result<Vec<u8>> {
    loop {
        let mut room = vec![0; retry(|| call(&mut []))?];
        match retry(|| call(&mut room)) {
            Ok(len) => {
                room.truncate(len);
                return Ok(room);
            }
            // It has grown meanwhile.
            Err(e) if e.raw_os_error() == Some(libc::ERANGE) => {}
            Err(e) => return Err(e),
        }
    }
}
