//! Network namespaces: naming one, entering it in a thread of its own, and telling it from every other.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::linux::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Place, Read, read_object};
use crate::sys;

const THIS: &str = "/proc/thread-self/ns/net";

/// Which network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Netns {
    /// A name below `/run/netns`, as `ip netns` makes it.
    Name(String),
    /// A file that refers to a namespace, such as `/proc/1/ns/net`.
    Path(PathBuf),
    /// The namespace of a process.
    Process(u32),
}

impl Netns {
    /// Reads what a person writes: digits are a process, a text with a slash is a path, anything else a name.
    pub fn parse(text: &str) -> Result<Netns> {
        let refuse = |cause: &str| Err(Error::input(format_args!("network namespace {text:?}"), cause));
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.contains('\0') {
            return refuse("it contains a NUL");
        }
        if text.contains('/') {
            return Ok(Netns::Path(text.into()));
        }
        if matches!(text, "." | "..") {
            return refuse("it is a directory");
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return match text.parse() {
                Ok(pid) if pid > 0 => Ok(Netns::Process(pid)),
                _ => refuse("it is not the number of a process"),
            };
        }
        Ok(Netns::Name(text.to_owned()))
    }

    fn path(&self) -> PathBuf {
        match self {
            Netns::Name(name) => format!("/run/netns/{name}").into(),
            Netns::Path(path) => path.clone(),
            Netns::Process(pid) => format!("/proc/{pid}/ns/net").into(),
        }
    }

    pub(crate) fn open(&self) -> Result<OwnedFd> {
        // What is no namespace must not be waited for, nor become a terminal of ours.
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        match OpenOptions::new().read(true).custom_flags(flags).open(self.path()) {
            Ok(file) => Ok(file.into()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let quoted = format!("{:?}", self.path().display().to_string());
                let path = &quoted[1..quoted.len() - 1];
                Err(Error::new(ErrorKind::NoNamespace, "open", self, format_args!("there is no {path}")))
            }
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                Err(Error::os("open", self, &e).hint("another user's namespace needs CAP_SYS_PTRACE or root"))
            }
            Err(e) => Err(Error::os("open", self, &e)),
        }
    }
}

impl fmt::Display for Netns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Netns::Name(name) => write!(f, "network namespace {name:?}"),
            Netns::Path(path) => write!(f, "network namespace {path:?}"),
            Netns::Process(pid) => write!(f, "network namespace of process {pid}"),
        }
    }
}

impl FromStr for Netns {
    type Err = Error;
    fn from_str(text: &str) -> Result<Netns> {
        Netns::parse(text)
    }
}

/// The calling thread's namespace.
pub(crate) fn current() -> Result<OwnedFd> {
    match File::open(THIS) {
        Ok(file) => Ok(file.into()),
        Err(e) => Err(Error::os("open", THIS, &e).hint("mount proc")),
    }
}

/// All that a file holds. `read_to_end()` does the same with four times the code: it asks for the size first, and probes for the end.
#[inline(never)]
pub(crate) fn contents(mut file: File) -> io::Result<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn metadata(fd: BorrowedFd<'_>) -> io::Result<std::fs::Metadata> {
    File::from(fd.try_clone_to_owned()?).metadata()
}

/// Whether two descriptors refer to one namespace.
pub(crate) fn same(a: BorrowedFd<'_>, b: BorrowedFd<'_>) -> bool {
    matches!((sys::device_and_inode(a), sys::device_and_inode(b)), (Ok(a), Ok(b)) if a == b)
}

/// What something gives that `run` runs once, wherever that may be: only this is made anew for each type.
pub(crate) fn result_of<T: Send>(
    body: impl FnOnce() -> Result<T> + Send,
    run: &mut dyn FnMut(&mut (dyn FnMut() + Send)) -> Result<()>,
) -> Result<T> {
    let (mut body, mut result) = (Some(body), None);
    run(&mut || result = body.take().map(|body| body()))?;
    result.expect("what runs without an error has run the body")
}

/// Runs something in a namespace, in a thread that ends before this returns and takes no signals. The caller's thread stays where it is.
pub(crate) fn run_inside(
    namespace: BorrowedFd<'_>,
    name: &(dyn fmt::Display + Sync),
    body: &mut (dyn FnMut() + Send),
) -> Result<()> {
    let mut result = Ok(());
    sys::in_a_thread(&mut || {
        result = sys::enter_netns(namespace).map(|()| body()).map_err(|e| match e.raw_os_error() {
            Some(libc::EPERM) => Error::os("enter", name, &e).hint("CAP_SYS_ADMIN is needed to enter a namespace"),
            Some(libc::EINVAL) => Error::new(ErrorKind::NoNamespace, "enter", name, "it is not a network namespace"),
            _ => Error::os("enter", name, &e),
        });
    })
    .map_err(|e| Error::os("start", "a thread to enter a namespace", &e))?;
    result
}

/// What tells one network namespace from every other, also from a later one that gets the same inode number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Identity {
    /// The boot that it belongs to, since cookies and inodes start again with each.
    boot: String,
    name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    /// `SO_NETNS_COOKIE`, which is never given twice in one boot (kernel 5.14 and later).
    Cookie(u64),
    /// Device and inode of the namespace's file, and its ctime, which is set when the inode is made and never after.
    Inode { device: u64, inode: u64, birth: i64 },
}

read_object! { Identity { boot, name } }

impl Read for Name {
    fn read(place: &Place<'_>) -> Name {
        let (what, of) = place.tagged();
        match what {
            "cookie" => Name::Cookie(Read::read(&of)),
            "inode" => Name::Inode { device: of.get("device"), inode: of.get("inode"), birth: of.get("birth") },
            _ => {
                place.refuse(&format_args!("{what:?} is not known"));
                Name::Cookie(0)
            }
        }
    }
}

impl Identity {
    /// Identifies the namespace that a socket belongs to and that `namespace` refers to.
    pub fn of(socket: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> Result<Identity> {
        const BOOT: &str = "/proc/sys/kernel/random/boot_id";
        let boot = File::open(BOOT).and_then(contents).map_err(|e| Error::os("read", BOOT, &e))?;
        let boot = String::from_utf8_lossy(boot.trim_ascii()).into_owned();
        let failed = |e: &io::Error| Error::os("identify", "the network namespace", e);
        let name = match sys::netns_cookie(socket) {
            Ok(cookie) => Name::Cookie(cookie),
            // Before 5.14. Any other failure must not look like an old kernel: the name would be another one, and the journal not be found.
            Err(e) if e.raw_os_error() == Some(libc::ENOPROTOOPT) => inode(namespace).map_err(|e| failed(&e))?,
            Err(e) => return Err(failed(&e)),
        };
        Ok(Identity { boot, name })
    }

    /// The name of its files below `/run/lvsarp`.
    pub fn file_stem(&self) -> String {
        match &self.name {
            Name::Cookie(cookie) => format!("netns-{cookie}"),
            Name::Inode { device, inode, .. } => format!("netns-{device}-{inode}"),
        }
    }
}

/// The fallback of old kernels. They may forget and make anew the inode of a namespace that nobody holds open, so the birth of the namespace of
/// process 1 is left out: that one lives as long as `/run` does.
fn inode(namespace: BorrowedFd<'_>) -> io::Result<Name> {
    let data = metadata(namespace)?;
    let first = File::open("/proc/1/ns/net").and_then(|first| first.metadata());
    let lives_on = first.is_ok_and(|first| first.st_dev() == data.st_dev() && first.st_ino() == data.st_ino());
    let birth = data.st_ctime().wrapping_mul(1_000_000_000).wrapping_add(data.st_ctime_nsec());
    Ok(Name::Inode { device: data.st_dev(), inode: data.st_ino(), birth: if lives_on { 0 } else { birth } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_namespace_is_a_name_a_path_or_a_process() {
        assert_eq!(Netns::parse("rs1").unwrap().path(), PathBuf::from("/run/netns/rs1"));
        assert_eq!(Netns::parse("/proc/1/ns/net").unwrap().path(), PathBuf::from("/proc/1/ns/net"));
        assert_eq!(Netns::parse("42").unwrap(), Netns::Process(42));
        for bad in ["", "..", ".", "0", "99999999999", "a\0b"] {
            assert!(Netns::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_same_namespace_has_the_same_identity_by_inode_too() {
        let here = current().unwrap();
        assert_eq!(inode(here.as_fd()).unwrap(), inode(current().unwrap().as_fd()).unwrap());
        assert!(same(here.as_fd(), current().unwrap().as_fd()));
    }
}
