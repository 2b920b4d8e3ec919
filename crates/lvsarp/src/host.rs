//! A host: one network namespace, opened once, and how it is observed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::address;
use crate::arp;
use crate::conf::link;
use crate::conf::procfs::{LevelFiles, Procfs};
use crate::error::{Error, Result};
use crate::key::{KernelVersion, Key};
use crate::netlink::Socket;
use crate::netns::{self, Netns};
use crate::observe;
use crate::snapshot::{Interface, LocalRoute, Snapshot};
use crate::sys;

/// One network namespace.
///
/// A host belongs to the namespace that it was opened in, whatever thread uses it later and wherever that thread is by then. It may be used from
/// several threads; they take turns. It keeps descriptors open, never values: every answer is read from the kernel when it is asked for.
pub struct Host {
    namespace: OwnedFd,
    /// It was opened from another namespace.
    elsewhere: bool,
    kernel: String,
    version: KernelVersion,
    procfs: Option<Procfs>,
    socket: Mutex<Socket>,
    files: Mutex<LevelFiles>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("kernel", &self.kernel).finish_non_exhaustive()
    }
}

/// What is opened in the namespace itself.
struct Parts {
    kernel: String,
    procfs: Option<Procfs>,
    socket: Socket,
}

impl Parts {
    fn open() -> Result<Parts> {
        let kernel = sys::kernel_release().map_err(|e| Error::os("read", "the kernel's release", &e))?;
        Ok(Parts { kernel, procfs: Procfs::open()?, socket: Socket::open()? })
    }
}

impl Host {
    /// Opens the calling thread's network namespace. Needs no privilege.
    pub fn open() -> Result<Host> {
        Ok(Host::of(Parts::open()?, netns::current()?, false))
    }

    /// Opens another network namespace: a name below `/run/netns`, a path, or a process.
    ///
    /// The caller stays where it is: a thread of its own enters the namespace, opens what is needed there, and ends.
    ///
    /// # Errors
    /// [`ErrorKind::NoNamespace`](crate::ErrorKind::NoNamespace) if there is none, [`ErrorKind::Permission`](crate::ErrorKind::Permission) without CAP_SYS_ADMIN.
    pub fn open_netns(netns: &Netns) -> Result<Host> {
        let target = netns.open()?;
        let here = netns::current()?;
        if netns::same(target.as_fd(), here.as_fd()) {
            return Ok(Host::of(Parts::open()?, target, false));
        }
        let parts = netns::result_of(Parts::open, &mut |body| netns::run_inside(target.as_fd(), netns, body))?;
        Ok(Host::of(parts, target, true))
    }

    /// The same namespace, with descriptors of its own.
    pub(crate) fn reopened(&self) -> Result<Host> {
        let namespace = self.namespace.try_clone().map_err(|e| Error::os("open", "the host's namespace", &e))?;
        Ok(Host::of(self.here_or_inside(Parts::open)?, namespace, self.elsewhere))
    }

    /// A host of what was opened in the namespace.
    fn of(parts: Parts, namespace: OwnedFd, elsewhere: bool) -> Host {
        let Parts { kernel, procfs, socket } = parts;
        let (version, socket) = (KernelVersion::parse(&kernel), Mutex::new(socket));
        Host { namespace, elsewhere, version, kernel, procfs, socket, files: Mutex::default() }
    }

    /// The namespace as plain data, taken with a few netlink dumps.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) where the kernel's tables kept changing.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let every: Vec<Key> = Key::all().collect();
        observe::snapshot(self, &every, &every)
    }

    /// A snapshot that has of `all` and `default` only what the decisions read.
    pub(crate) fn observe_deciding(&self) -> Result<Snapshot> {
        // An interface that is made later starts with the levels of `default`; nothing else of it is asked for.
        observe::snapshot(self, &arp::DECIDING, &[Key::ArpIgnore, Key::ArpAnnounce])
    }

    /// The interfaces, with their own levels.
    pub fn interfaces(&self) -> Result<Vec<Interface>> {
        link::list(&mut self.socket())
    }

    /// The routes of type local that somebody made by hand.
    pub fn local_routes(&self) -> Result<Vec<LocalRoute>> {
        let mut socket = self.socket();
        let interfaces = link::list(&mut socket)?;
        let routes = observe::routes(&mut socket)?;
        address::route::list(&mut socket, &routes, &interfaces)
    }

    /// The kernel's release.
    pub(crate) fn kernel(&self) -> &str {
        &self.kernel
    }

    /// The kernel's version.
    pub fn kernel_version(&self) -> KernelVersion {
        self.version
    }

    pub(crate) fn procfs(&self) -> Option<&Procfs> {
        self.procfs.as_ref()
    }

    // A thread that panicked while it held one of these left no half-written state behind: both only keep descriptors and buffers.

    /// The host's socket. A process that was forked since gets one of its own: on one socket two processes take each other's answers.
    pub(crate) fn socket(&self) -> MutexGuard<'_, Socket> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if socket.came_by_fork() {
            match self.here_or_inside(Socket::open) {
                Ok(own) => *socket = own,
                Err(error) => socket.refuse(&error),
            }
        }
        socket
    }

    pub(crate) fn level_files(&self) -> MutexGuard<'_, LevelFiles> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was opened from another namespace.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    pub(crate) fn namespace(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }

    /// A socket for interface ioctls in this namespace.
    pub(crate) fn ioctl_socket(&self) -> Result<OwnedFd> {
        self.here_or_inside(|| sys::ioctl_socket().map_err(|e| Error::os("open", "a socket for ioctl", &e)))
    }

    /// Looks files up below `/proc/sys` in the host's namespace. From another one the kernel keeps an entry of its own for each lookup and searches
    /// all of them at the next (`fs/proc/proc_sysctl.c: proc_sys_compare()`), so that a thousandth takes ten times as long as the first.
    pub(crate) fn at_home<T: Send>(&self, look_up: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        netns::result_of(look_up, &mut |body| match self.elsewhere {
            true => self.run_inside(body),
            false => {
                body();
                Ok(())
            }
        })
    }

    /// Opens something in this namespace, from wherever the calling thread is.
    pub(crate) fn here_or_inside<T: Send>(&self, open: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        netns::result_of(open, &mut |body| self.run_inside(body))
    }

    /// The one copy of it.
    fn run_inside(&self, body: &mut (dyn FnMut() + Send)) -> Result<()> {
        let here = netns::current()?;
        if netns::same(self.namespace(), here.as_fd()) {
            body();
            return Ok(());
        }
        netns::run_inside(self.namespace(), &"the host's namespace", body)
    }
}

/// A host can be sent to another thread and used by several.
const _: () = {
    const fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Host>();
};
