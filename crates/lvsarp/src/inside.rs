//! Opens paths below a root directory as a process would whose root it is: no link and no `..` leads out of it.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use crate::sys;

/// How often a path is looked up again while something on it is being renamed.
const PATIENCE: u32 = 32;

/// How many links a path may lead through (`include/linux/namei.h: MAXSYMLINKS`).
const MOST_LINKS: u32 = 40;

/// Opens an absolute or relative path inside a root; with `O_NOFOLLOW` a link at its end is not followed.
pub(crate) fn open(root: BorrowedFd<'_>, path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    for _ in 0..PATIENCE {
        match sys::file::open_in_root(root, path, flags) {
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN) => {}
                // Before kernel 5.6, or in a container whose filter of system calls does not know it.
                Some(libc::ENOSYS | libc::EPERM) => break,
                _ => return Err(error),
            },
            opened => return opened,
        }
    }
    walk(root, path, flags)
}

/// The same step by step, with each link read and followed here.
fn walk(root: BorrowedFd<'_>, path: &CStr, flags: libc::c_int) -> io::Result<OwnedFd> {
    let mut links = 0;
    // The directories on the way, for `..`, and the steps that are left, the next one last.
    let mut way: Vec<OwnedFd> = Vec::new();
    let mut steps: Vec<Vec<u8>> = steps_of(path.to_bytes());
    while let Some(step) = steps.pop() {
        let here = way.last().map_or(root, OwnedFd::as_fd);
        match &step[..] {
            b"" | b"." => continue,
            b".." => {
                way.pop();
                continue;
            }
            _ => {}
        }
        let name = CString::new(step)?;
        // A slash behind a name wants a directory.
        let last = steps.is_empty();
        let found = sys::open_at(here, &name, libc::O_PATH | libc::O_NOFOLLOW)?;
        let kind = fs::File::from(found.try_clone()?).metadata()?.file_type();
        if kind.is_symlink() && !(last && flags & libc::O_NOFOLLOW != 0) {
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::from_raw_os_error(libc::ELOOP));
            }
            let link = [format!("/proc/self/fd/{}/", here.as_raw_fd()).as_bytes(), name.to_bytes()].concat();
            let target = fs::read_link(OsString::from_vec(link))?.into_os_string().into_vec();
            if target.first() == Some(&b'/') {
                way.clear();
            }
            steps.extend(steps_of(&target));
        } else if last && flags & libc::O_PATH == 0 {
            return sys::open_at(here, &name, flags | libc::O_NOFOLLOW);
        } else if last && (kind.is_dir() || flags & libc::O_DIRECTORY == 0) {
            return Ok(found);
        } else if !kind.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::ENOTDIR));
        } else {
            way.push(found);
        }
    }
    sys::open_at(way.last().map_or(root, OwnedFd::as_fd), c".", flags)
}

/// The steps of a path, the first one last.
fn steps_of(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    /// A file's inode by both ways, or the errno of each.
    fn both(root: &std::path::Path, path: &str, flags: libc::c_int) -> [Result<u64, Option<i32>>; 2] {
        let root = sys::open_path(&CString::new(root.to_str().unwrap()).unwrap()).unwrap();
        let path = CString::new(path).unwrap();
        let inode = |opened: io::Result<OwnedFd>| match opened {
            Ok(fd) => Ok(fs::File::from(fd).metadata().unwrap().ino()),
            Err(error) => Err(error.raw_os_error()),
        };
        let by_kernel = inode(sys::file::open_in_root(root.as_fd(), &path, flags));
        [inode(walk(root.as_fd(), &path, flags)), by_kernel]
    }

    #[test]
    fn step_by_step_leads_where_the_kernel_leads() {
        let base = std::env::temp_dir().join(format!("lvsarp-inside-{}", std::process::id()));
        let root = base.join("root");
        fs::create_dir_all(root.join("etc/sysctl.d")).unwrap();
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        fs::create_dir_all(base.join("etc")).unwrap();
        fs::write(base.join("etc/outside"), "").unwrap();
        fs::write(root.join("etc/file"), "").unwrap();
        for (target, link) in [
            ("usr/lib", "lib"),
            ("/etc", "absolute"),
            ("../../../../etc/file", "etc/up"),
            ("/etc/file", "etc/sysctl.d/link"),
            ("nowhere", "dangling"),
            ("loop", "loop"),
            ("../../etc/outside", "escape"),
            ("absolute/", "slash"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        let paths = [
            "/",
            ".",
            "..",
            "etc",
            "/etc/file",
            "etc//file",
            "etc/./file",
            "etc/../etc/file",
            "../../etc/file",
            "lib",
            "lib/..",
            "absolute/file",
            "etc/up",
            "etc/sysctl.d/link",
            "dangling",
            "dangling/x",
            "loop",
            "escape",
            "/etc/outside",
            "slash/file",
            "etc/file/",
            "etc/file/x",
            "etc/file/..",
            "missing",
            "etc/missing/x",
            "etc/up/..",
            "lib/",
            "absolute/../etc/./up",
        ];
        for path in paths {
            for flags in
                [libc::O_PATH, libc::O_PATH | libc::O_NOFOLLOW, libc::O_RDONLY, libc::O_RDONLY | libc::O_DIRECTORY]
            {
                let [ours, kernels] = both(&root, path, flags);
                assert_eq!(ours, kernels, "{path} {flags:o}");
            }
        }
        fs::remove_dir_all(base).unwrap();
    }
}
