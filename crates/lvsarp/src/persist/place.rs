//! Where a file is: its directory, opened below a root so that no link leads out of it and nothing that is swapped meanwhile redirects what is done there.

use std::ffi::CString;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::obstacle;
use crate::error::{Error, ErrorKind, Result};
use crate::inside;
use crate::sys;

/// The directories that are made where they are missing. Everything else must be there: a path with a mistake in it makes no directory.
const OURS_TO_MAKE: &[&str] = &["/etc/lvsarp/", "/etc/sysctl.d/", "/etc/systemd/"];

const DIRECTORY: libc::c_int = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NONBLOCK;

/// A name in an open directory.
pub(crate) struct Place {
    pub dir: File,
    pub name: CString,
    /// The path as messages show it, with the root in front.
    pub shown: String,
}

impl Place {
    /// The place of a path such as `/etc/sysctl.conf`; `None` where its directory is not there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a path that is not absolute, ends in a slash or has `.`, `..` or `//` in it.
    pub fn find(root: &Path, path: &str) -> Result<Option<Place>> {
        let (dir, name) = parts(path)?;
        let shown = shown(root, path);
        let opened = open_root(root)?;
        match inside::open(opened.as_fd(), &dir, DIRECTORY) {
            Ok(dir) => Ok(Some(Place { dir: dir.into(), name, shown })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(obstacle::denied(Error::os("open the directory of", &shown, &e))),
        }
    }

    /// The same, with directories made where they are missing and ours to make; those that were made are added to a list.
    pub fn make(root: &Path, path: &str, made: &mut Vec<String>) -> Result<Place> {
        if let Some(place) = Place::find(root, path)? {
            return Ok(place);
        }
        let shown = shown(root, path);
        if !OURS_TO_MAKE.iter().any(|start| path.starts_with(start)) {
            let cause = "its directory does not exist";
            return Err(Error::new(ErrorKind::System(libc::ENOENT), "write", shown, cause));
        }
        for end in path.bytes().enumerate().skip(1).filter(|(_, byte)| *byte == b'/').map(|(at, _)| at) {
            let dir = &path[..end];
            let Some(place) = Place::find(root, dir)? else {
                let cause = "there is no /etc";
                return Err(Error::new(ErrorKind::System(libc::ENOENT), "write", shown, cause));
            };
            match make_directory(&place, dir == "/etc") {
                Ok(true) => made.push(dir.to_owned()),
                Ok(false) => {}
                Err(e) => return Err(obstacle::failed("make", &place, &e)),
            }
        }
        match Place::find(root, path)? {
            Some(place) => Ok(place),
            None => Err(Error::new(ErrorKind::System(libc::ENOENT), "write", shown, "its directory leads nowhere")),
        }
    }

    /// Makes what was done in the directory durable.
    pub fn sync(&self) -> io::Result<()> {
        match self.dir.sync_all() {
            // A file system that cannot do it for directories.
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            result => result,
        }
    }
}

/// A path as messages show it.
pub(crate) fn shown(root: &Path, path: &str) -> String {
    let root = crate::boot::shown(root.as_os_str().as_bytes());
    format!("{}{path}", root.trim_end_matches('/'))
}

/// A directory that was made is removed again, if nothing is in it.
pub(crate) fn remove_directory(root: &Path, dir: &str) {
    if let Ok(Some(place)) = Place::find(root, dir)
        && sys::file::unlink_at(place.dir.as_fd(), &place.name, libc::AT_REMOVEDIR).is_ok()
    {
        let _ = place.sync();
    }
}

/// Whether there is something of this name, be it a link, and it can be seen.
pub(crate) fn exists(root: &Path, path: &str) -> bool {
    matches!(is_there(root, path), Ok(true))
}

/// Whether there is something of this name, be it a link.
///
/// # Errors
/// Where that cannot be found out.
pub(crate) fn is_there(root: &Path, path: &str) -> Result<bool> {
    let Some(place) = Place::find(root, path)? else { return Ok(false) };
    match sys::open_at(place.dir.as_fd(), &place.name, libc::O_PATH | libc::O_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(obstacle::denied(Error::os("open", &place.shown, &e))),
    }
}

/// The directory, without the slash at its front, and the name.
fn parts(path: &str) -> Result<(CString, CString)> {
    let refuse = |cause: &str| Error::input(format_args!("path {path:?}"), cause);
    let relative = path.strip_prefix('/').ok_or_else(|| refuse("it is not absolute"))?;
    // One file has one spelling.
    if relative.split('/').any(|step| matches!(step, "" | "." | "..")) {
        return Err(refuse("it has a step that is empty, '.' or '..'"));
    }
    let (dir, name) = relative.rsplit_once('/').unwrap_or((".", relative));
    match (CString::new(dir), CString::new(name)) {
        (Ok(dir), Ok(name)) => Ok((dir, name)),
        _ => Err(refuse("it contains a NUL")),
    }
}

fn open_root(root: &Path) -> Result<File> {
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(root)
        .map_err(|e| obstacle::denied(Error::os("open", format_args!("root directory {root:?}"), &e)))
}

/// Makes a directory that everybody may enter, whatever the umask is. `Ok(false)`: it is there already.
fn make_directory(place: &Place, must_be_there: bool) -> io::Result<bool> {
    match sys::open_at(place.dir.as_fd(), &place.name, libc::O_PATH | libc::O_NOFOLLOW) {
        Ok(_) => return Ok(false),
        Err(e) if e.kind() != io::ErrorKind::NotFound || must_be_there => return Err(e),
        Err(_) => {}
    }
    match sys::file::make_directory_at(place.dir.as_fd(), &place.name) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        result => result?,
    }
    let made = File::from(sys::open_at(place.dir.as_fd(), &place.name, DIRECTORY | libc::O_NOFOLLOW)?);
    made.set_permissions(Permissions::from_mode(0o755))?;
    place.sync()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persist::testing::Root;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_inside_the_root_does_not_lead_out_of_it() {
        let (inside, outside) = (Root::new(), Root::new());
        std::fs::create_dir(outside.join("target")).unwrap();
        std::fs::create_dir(inside.join("target")).unwrap();
        std::fs::write(inside.join("target/here"), "").unwrap();
        symlink("/target", inside.join("absolute")).unwrap();
        symlink("../../../../../target", inside.join("relative")).unwrap();
        symlink(outside.join("target"), inside.join("away")).unwrap();
        for way in ["/absolute/here", "/relative/here"] {
            let place = Place::find(inside.path(), way).unwrap().unwrap();
            assert!(sys::open_at(place.dir.as_fd(), c"here", libc::O_RDONLY).is_ok(), "{way}");
        }
        assert!(Place::find(inside.path(), "/away/here").unwrap().is_none());
    }

    #[test]
    fn a_path_with_a_mistake_in_it_makes_no_directory() {
        let root = Root::new();
        let mut made = Vec::new();
        for path in
            ["/etc/sysct1.d/a.conf", "/opt/lvsarp/a", "/etc/lvsarp/../a", "etc/lvsarp/a", "/etc/lvsarp/", "/a\0b"]
        {
            assert!(Place::make(root.path(), path, &mut made).is_err(), "{path}");
        }
        let error = Place::make(root.path(), "/etc/lvsarp/a", &mut made).err().unwrap().to_string();
        assert!(error.contains("No such file"), "{error}");
        assert!(made.is_empty());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        std::fs::create_dir(root.join("etc")).unwrap();
        Place::make(root.path(), "/etc/systemd/system/a.wants/b", &mut made).unwrap();
        assert_eq!(made, ["/etc/systemd", "/etc/systemd/system", "/etc/systemd/system/a.wants"]);
    }
}
