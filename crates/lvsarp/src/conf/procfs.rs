//! Levels through `/proc/sys/net/ipv4/conf`.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

use crate::error::{Error, ErrorKind, Result};
use crate::interface::Scope;
use crate::key::Key;
use crate::snapshot::{Conf, ProcSys};
use crate::sys;

const DIRECTORY: &str = "/proc/sys/net/ipv4/conf";
/// The same, as a system call takes it.
const C_DIRECTORY: &CStr = c"/proc/sys/net/ipv4/conf";

/// The directory of one network namespace. It stays that namespace's own, whoever reads from it later.
pub(crate) struct Procfs {
    dir: OwnedFd,
}

/// The error where there is no `/proc/sys` at all.
pub(crate) fn absent(scope: &Scope, key: Key) -> Error {
    Error::new(ErrorKind::Unsupported, "reach", format_args!("{scope}/{key}"), format_args!("there is no {DIRECTORY}"))
        .hint("mount proc")
}

impl Procfs {
    /// Opens the calling thread's namespace; `None` where `/proc/sys` is not there.
    pub fn open() -> Result<Option<Procfs>> {
        match sys::open_path(C_DIRECTORY) {
            Ok(dir) => Ok(Some(Procfs { dir })),
            Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => Ok(None),
            Err(e) => Err(Error::os("open", DIRECTORY, &e)),
        }
    }

    /// How the mount can be used.
    pub fn access(&self) -> ProcSys {
        match sys::is_read_only(self.dir.as_fd()) {
            Ok(true) => ProcSys::ReadOnly,
            _ => ProcSys::ReadWrite,
        }
    }

    fn open_file(&self, scope: &Scope, key: Key, flags: libc::c_int) -> io::Result<File> {
        let path = [scope.as_bytes(), b"/", key.name().as_bytes()].concat();
        let path = CString::new(path).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        sys::open_at(self.dir.as_fd(), &path, flags).map(File::from)
    }

    /// Reads one value; `None` where this kernel has no such key.
    pub fn read(&self, scope: &Scope, key: Key) -> Result<Option<i32>> {
        let failed = |e: &io::Error| Error::os("read", format_args!("{scope}/{key}"), e);
        match self.open_file(scope, key, libc::O_RDONLY) {
            Ok(file) => read_value(&file).map(Some).map_err(|e| failed(&e)),
            Err(e) if e.raw_os_error() == Some(libc::ENOENT) => match scope {
                // The key or the interface: every kernel has arp_ignore.
                Scope::Interface(_) if self.open_file(scope, Key::ArpIgnore, libc::O_PATH).is_err() => {
                    Err(no_interface(scope))
                }
                _ => Ok(None),
            },
            Err(e) => Err(failed(&e)),
        }
    }

    /// Reads several keys.
    pub fn read_keys(&self, scope: &Scope, keys: &[Key]) -> Result<Conf> {
        let mut conf = Conf::default();
        for key in keys {
            conf.set(*key, self.read(scope, *key)?);
        }
        Ok(conf)
    }

    /// Opens the files of both levels for reading.
    pub fn open_levels(&self, scope: &Scope) -> Result<[File; 2]> {
        let open = |key| {
            self.open_file(scope, key, libc::O_RDONLY).map_err(|e| match e.raw_os_error() {
                Some(libc::ENOENT) => no_interface(scope),
                _ => Error::os("read", format_args!("{scope}/{key}"), &e),
            })
        };
        Ok([open(Key::ArpIgnore)?, open(Key::ArpAnnounce)?])
    }

    /// Writes one value. The kernel takes any integer here.
    ///
    /// One write at offset 0 of a fresh descriptor: any other is accepted and ignored (`kernel/sysctl.c: proc_first_pos_non_zero_ignore()`).
    pub fn write(&self, scope: &Scope, key: Key, value: i32) -> Result<()> {
        let failed = |e: &io::Error| match e.raw_os_error() {
            Some(libc::ENOENT) => no_interface(scope),
            Some(libc::EROFS) => Error::os("write", format_args!("{scope}/{key}"), e).hint(match scope {
                Scope::Interface(_) => "/proc/sys is mounted read-only; set it over netlink",
                _ => "/proc/sys is mounted read-only; single interfaces can still be set, over netlink",
            }),
            _ => Error::os("write", format_args!("{scope}/{key}"), e),
        };
        let mut file = self.open_file(scope, key, libc::O_WRONLY).map_err(|e| failed(&e))?;
        file.write_all(format!("{value}\n").as_bytes()).map_err(|e| failed(&e))
    }
}

fn no_interface(scope: &Scope) -> Error {
    Error::new(ErrorKind::NoInterface, "find interface", scope, "No such device")
}

/// Reads a decimal integer at offset 0, without allocating.
pub(crate) fn read_value(file: &File) -> io::Result<i32> {
    let mut text = [0u8; 16];
    let len = loop {
        match file.read_at(&mut text, 0) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    std::str::from_utf8(&text[..len])
        .ok()
        .and_then(|text| text.trim_ascii().parse().ok())
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EBADMSG))
}

/// How many interfaces' files stay open.
const KEPT: usize = 8;

/// The two levels' files of `all` and of the interfaces that were asked for last, kept open. Descriptors are kept, never values.
#[derive(Default)]
pub(crate) struct LevelFiles {
    kept: Vec<(Scope, [File; 2])>,
    next: usize,
}

impl LevelFiles {
    /// arp_ignore and arp_announce of a scope; `open` opens their files where they are not kept.
    #[inline(never)]
    pub fn read(&mut self, scope: &Scope, open: &dyn Fn(&Scope) -> Result<[File; 2]>) -> Result<[Option<i32>; 2]> {
        if let Some(at) = self.kept.iter().position(|(kept, _)| kept == scope) {
            // The files of an interface that is gone, renamed or moved answer ENOENT for ever (fs/proc/proc_sysctl.c: grab_header()).
            match read_pair(&self.kept[at].1) {
                Ok(values) => return Ok(values),
                Err(e) if e.raw_os_error() == Some(libc::ENOENT) => drop(self.kept.swap_remove(at)),
                Err(e) => return Err(Error::os("read", format_args!("{scope}/arp_ignore"), &e)),
            }
        }
        let files = open(scope)?;
        let values = read_pair(&files).map_err(|e| Error::os("read", format_args!("{scope}/arp_ignore"), &e))?;
        if self.kept.len() < KEPT + 1 {
            self.kept.push((*scope, files));
        } else {
            // One place in turn; `all` is read with every interface, so it comes back at once where it was the one to go.
            self.next = (self.next + 1) % self.kept.len();
            self.kept[self.next] = (*scope, files);
        }
        Ok(values)
    }
}

fn read_pair(files: &[File; 2]) -> io::Result<[Option<i32>; 2]> {
    Ok([Some(read_value(&files[0])?), Some(read_value(&files[1])?)])
}
