//! How a snapshot is taken: a few netlink dumps, again if the namespace changed meanwhile.

pub(crate) mod filters;
mod neighbours;
mod routing;
pub(crate) mod witness;

use std::os::fd::{AsFd, OwnedFd};

pub(crate) use neighbours::table as neighbour_table;

use crate::address;
use crate::conf::link;
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::Scope;
use crate::key::Key;
use crate::netlink::Socket;
use crate::routing::{Route, Routing};
use crate::snapshot::{Conf, FORMAT, ProcSys, Snapshot};
use crate::sys;

/// How often a snapshot is taken again when the namespace changed while it was taken.
const TRIES: usize = 4;

/// What has to be opened in the namespace itself for one snapshot.
struct Sockets {
    /// Hears of changes of links, IPv4 addresses, routes and rules.
    changes: OwnedFd,
    /// For `SIOCGIFCONF`.
    ioctl: OwnedFd,
    /// For `NETLINK_FIB_LOOKUP`; none where the kernel has it not.
    fib_lookup: Option<OwnedFd>,
}

impl Sockets {
    fn open() -> Result<Sockets> {
        let failed = |e: &_| Error::os("open", "a socket to observe the namespace", e);
        Ok(Sockets {
            changes: sys::netlink_listener(CHANGES).map_err(|e| failed(&e))?,
            ioctl: sys::ioctl_socket().map_err(|e| failed(&e))?,
            fib_lookup: sys::fib_lookup_socket().ok(),
        })
    }

    /// Whether something changed since it was asked last.
    fn heard_of_a_change(&self) -> bool {
        let mut buffer = [0; 64];
        let mut heard = false;
        loop {
            match sys::receive(self.changes.as_fd(), &mut buffer, false) {
                Ok(_) => heard = true,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => break,
                // ENOBUFS is news as well: there was more of it than the socket keeps.
                Err(_) => {
                    heard = true;
                    break;
                }
            }
        }
        heard
    }
}

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV4_RULE`.
const CHANGES: u32 = 0x1 | 0x10 | 0x40 | 0x80;

/// Every IPv4 route of every table.
pub(crate) fn routes(socket: &mut Socket) -> Result<Vec<Route>> {
    Ok(routing::routes(socket)?.0)
}

/// A snapshot with these keys of `all` and `default`, each of which is a file to be read; those of interfaces come with them in any case.
pub(crate) fn snapshot(host: &Host, of_all: &[Key], of_default: &[Key]) -> Result<Snapshot> {
    let mut snapshot = Snapshot {
        format: FORMAT,
        kernel: host.kernel().to_owned(),
        proc_sys: ProcSys::Absent,
        all: Conf::default(),
        default: Conf::default(),
        interfaces: Vec::new(),
        addresses: Vec::new(),
        local_routes: Vec::new(),
        routing: None,
        filters: None,
    };
    if let Some(procfs) = host.procfs() {
        host.at_home(|| {
            snapshot.all = procfs.read_keys(&Scope::All, of_all)?;
            snapshot.default = procfs.read_keys(&Scope::Default, of_default)?;
            Ok(())
        })?;
        snapshot.proc_sys = procfs.access();
    }
    let sockets = host.here_or_inside(Sockets::open)?;
    let mut socket = host.socket();
    for tried in 1..=TRIES {
        let whole = fill(host, &sockets, &mut socket, &mut snapshot)?;
        // Where routes change all the time, the last one has to do.
        if whole && (tried == TRIES || !sockets.heard_of_a_change()) {
            return Ok(snapshot);
        }
    }
    Err(Error::new(ErrorKind::Interrupted, "observe", "the namespace", "interfaces kept appearing"))
}

/// Fills in what the kernel is asked for over netlink. `false`: an interface appeared meanwhile.
fn fill(host: &Host, sockets: &Sockets, socket: &mut Socket, snapshot: &mut Snapshot) -> Result<bool> {
    snapshot.interfaces = link::list(socket)?;
    let stray;
    (snapshot.addresses, stray) = address::netlink::list(socket, None, &snapshot.interfaces)?;
    if stray {
        return Ok(false);
    }
    let (routing, interfaces) = (snapshot.routing.insert(Routing::NONE), &snapshot.interfaces);
    let (realms, rule_realms);
    (routing.routes, realms) = routing::routes(socket)?;
    (routing.rules, rule_realms) = routing::rules(socket)?;
    routing.realms = realms || rule_realms;
    let filters = snapshot.filters.insert(filters::of_interfaces(socket, interfaces));
    let own: &mut Socket = socket;
    host.here_or_inside(|| {
        filters::of_netfilter(own, interfaces, filters);
        Ok(())
    })?;
    routing.split = sockets.fib_lookup.as_ref().and_then(|fd| witness::is_split(fd.as_fd(), &routing.routes));
    routing.proxies = routing::proxies(socket)?;
    routing.registered = routing::registered(sockets.ioctl.as_fd(), &snapshot.addresses)?;
    snapshot.local_routes = address::route::list(socket, &routing.routes, interfaces)?;
    let looks_senders_up = witness::looks_senders_up(socket, snapshot);
    if let Some(routing) = &mut snapshot.routing {
        routing.looks_senders_up = looks_senders_up;
    }
    Ok(true)
}
