//! The rehearsal: the loader that runs at boot, run for real in a network namespace of its own that has links of the same names.
//!
//! What it writes stays in that namespace: of `/proc/sys` only the new namespace's `net/ipv4/conf` can be written there.

use std::ffi::CStr;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::{IfName, Scope};
use crate::key::Key;
use crate::netlink::{Refusal, Socket};
use crate::sys;

const RTM_NEWLINK: u16 = 16;
const NLM_F_EXCL_CREATE: u16 = 0x600;
const IFINFOMSG: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFF_UP: u32 = 1;
/// The index that the loopback device of every namespace has (`net/core/dev.c: dev_index_reserve()`).
const LO: u32 = 1;

/// Links that need no other device. Their kind does not matter to a loader; which of them a kernel has does.
const KINDS: [&[u8]; 2] = [b"dummy", b"bridge"];

/// How long a loader may run.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program to rehearse with.
pub(crate) struct Real {
    /// Its path.
    pub program: &'static str,
    /// Its arguments for a run over everything.
    pub arguments: &'static [&'static str],
    /// Whether process 1 brings lo up before it runs.
    pub lo_is_up: bool,
    /// Whether udev runs it again for each interface that is added, with the interface's directory as `--prefix`.
    pub again_for_each: bool,
}

/// Runs it. `late`: the interfaces are added after it has run, not before. Gives both levels of `all`, `default`, `lo` and each interface.
///
/// # Errors
/// [`ErrorKind::Permission`] without CAP_SYS_ADMIN, [`ErrorKind::Unsupported`] where the kernel or the container does not allow it.
pub(crate) fn rehearse(real: &Real, interfaces: &[IfName], late: bool) -> Result<Vec<(Scope, [i32; 2])>> {
    let mut result = Ok(Vec::new());
    sys::in_a_thread(&mut || {
        result = alone().and_then(|()| default_is_fresh()).and_then(|()| alone()).and_then(|()| {
            let host = Host::open()?;
            if real.lo_is_up {
                raise_lo(&mut host.socket())?;
            }
            if !late {
                add_links(&host, interfaces)?;
            }
            run(real.program, real.arguments, &[])?;
            if late {
                add_links(&host, interfaces)?;
            }
            if real.again_for_each && !interfaces.is_empty() {
                run(real.program, &[], interfaces)?;
            }
            read(&host, interfaces)
        });
    })
    .map_err(|e| Error::os("start", "a thread to rehearse in", &e))?;
    result
}

/// Both levels of everything that was asked for.
fn read(host: &Host, interfaces: &[IfName]) -> Result<Vec<(Scope, [i32; 2])>> {
    let mut values = Vec::with_capacity(interfaces.len() + 3);
    let lo = IfName::from_kernel(b"lo");
    let scopes = [Scope::All, Scope::Default, Scope::Interface(lo)];
    for scope in scopes.into_iter().chain(interfaces.iter().map(|name| Scope::Interface(*name))) {
        let mut both = [0; 2];
        for (value, key) in both.iter_mut().zip([Key::ArpIgnore, Key::ArpAnnounce]) {
            *value = host.read(&scope, key)?.unwrap_or(0);
        }
        values.push((scope, both));
    }
    Ok(values)
}

/// Moves the calling thread into a network namespace and a mount namespace of its own, where of `/proc/sys` only `net/ipv4/conf` can be written.
fn alone() -> Result<()> {
    const SYS: &CStr = c"/proc/sys";
    const CONF: &CStr = c"/proc/sys/net/ipv4/conf";
    // A mount that a container was given keeps these flags, and a remount without them is refused.
    const SAFE: libc::c_ulong = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    let failed = |act: &str, thing: &str, e: io::Error| {
        Error::os(act, thing, &e).hint("the rehearsal needs CAP_SYS_ADMIN, and a /proc/sys that can be mounted again")
    };
    sys::leave_namespaces().map_err(|e| failed("make", "a network namespace", e))?;
    let mount = |from: Option<&CStr>, to: &CStr, flags| {
        sys::mount(from, to, flags).map_err(|e| failed("mount", &to.to_string_lossy(), e))
    };
    mount(None, c"/", libc::MS_REC | libc::MS_PRIVATE)?;
    mount(Some(SYS), SYS, libc::MS_BIND)?;
    mount(None, SYS, SAFE | libc::MS_RDONLY)?;
    mount(Some(CONF), CONF, libc::MS_BIND)?;
    mount(None, CONF, SAFE)?;
    let all = [(Key::ArpIgnore, 0), (Key::ArpAnnounce, 0)];
    // It is a copy of the initial namespace's, which a boot begins without.
    Host::open()?.set(&Scope::All, &all, crate::conf::Via::Procfs).map(drop)
}

/// Whether a new namespace is as one after boot: its `default` is a copy of the initial namespace's (`net/ipv4/devinet.c: devinet_init_net()`), and
/// where somebody has ever written that one, new interfaces do not follow `default` any more.
fn default_is_fresh() -> Result<()> {
    const TRIED: i32 = 77;
    let host = Host::open()?;
    let probe = IfName::from_kernel(b"probe");
    add_links(&host, &[probe])?;
    for key in [Key::ArpIgnore, Key::ArpAnnounce] {
        let before = host.read(&Scope::Default, key)?;
        host.write(&Scope::Default, key, TRIED, crate::conf::Via::Procfs)?;
        if before != Some(0) || host.read(&Scope::Interface(probe), key)? != Some(TRIED) {
            let cause =
                format!("default/{key} was written in the initial namespace, and a new namespace begins with that");
            return Err(Error::new(ErrorKind::Unsupported, "rehearse", "the boot", cause));
        }
    }
    Ok(())
}

fn raise_lo(socket: &mut Socket) -> Result<()> {
    let mut head = [0; IFINFOMSG];
    head[4..8].copy_from_slice(&LO.to_ne_bytes());
    head[8..12].copy_from_slice(&IFF_UP.to_ne_bytes());
    head[12..16].copy_from_slice(&IFF_UP.to_ne_bytes());
    socket.request(RTM_NEWLINK, 0, &head, |_| ()).map_err(|refusal| refusal.error("bring up", "lo"))
}

/// Links of these names.
fn add_links(host: &Host, interfaces: &[IfName]) -> Result<()> {
    let mut socket = host.socket();
    let mut kinds = KINDS.into_iter();
    let mut kind = kinds.next().unwrap_or_default();
    for name in interfaces {
        loop {
            match add_link(&mut socket, name, kind) {
                Ok(()) => break,
                Err(refusal) => match kinds.next() {
                    Some(other) if refusal.errno == libc::EOPNOTSUPP => kind = other,
                    _ => return Err(refusal.error("add interface", name)),
                },
            }
        }
    }
    Ok(())
}

fn add_link(socket: &mut Socket, name: &IfName, kind: &[u8]) -> std::result::Result<(), Refusal> {
    socket.request(RTM_NEWLINK, NLM_F_EXCL_CREATE, &[0; IFINFOMSG], |w| {
        w.attribute(IFLA_IFNAME, &[name.as_bytes(), b"\0"].concat());
        w.nest(IFLA_LINKINFO, |w| w.attribute(IFLA_INFO_KIND, kind));
    })
}

/// Runs the loader and waits for its end. What it says and its status are not the question: a loader goes on behind a line that it cannot use.
fn run(program: &str, arguments: &[&str], interfaces: &[IfName]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in interfaces {
        use std::os::unix::ffi::OsStringExt;
        let prefix = [b"--prefix=/net/ipv4/conf/", name.as_bytes()].concat();
        command.arg(std::ffi::OsString::from_vec(prefix));
    }
    sys::tie_to_this_thread(&mut command);
    let mut child = command.spawn().map_err(|e| Error::os("run", program, &e))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().map_err(|e| Error::os("wait for", program, &e))? {
            Some(_) => return Ok(()),
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(1)),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                let cause = format!("it did not end within {} s", PATIENCE.as_secs());
                return Err(Error::new(ErrorKind::System(libc::ETIMEDOUT), "run", program, cause));
            }
        }
    }
}
