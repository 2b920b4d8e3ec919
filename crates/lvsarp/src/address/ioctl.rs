//! Binding as `ifconfig` does it, for the systems where that is wanted: see [`Method::Ioctl`](super::Method::Ioctl) for the instant in between.

use std::net::IpAddr;

use super::netlink;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::snapshot::Address;
use crate::sys;
use crate::vip::mask4;

/// Binds one IPv4 address on a label of its device. `own_label`: the caller chose the label; otherwise the first free `dev:N` is taken.
pub(crate) fn bind(host: &Host, wanted: &Address, own_label: bool) -> Result<bool> {
    let IpAddr::V4(vip) = wanted.local else {
        unreachable!("Binding::address() lets only IPv4 come here");
    };
    let thing = format!("{vip}/{} dev {}", wanted.prefixlen, wanted.dev);
    let present = host.addresses(Some(&wanted.dev))?;
    let there = present.iter().find(|a| a.local == wanted.local && a.prefixlen == wanted.prefixlen && a.peer.is_none());
    if there.is_some_and(|there| there.scope == wanted.scope && (!own_label || there.label == wanted.label)) {
        return Ok(false);
    }
    let taken = |label: &str| {
        present.iter().find(|a| a.label.as_deref() == Some(label) && there.is_none_or(|there| there.local != a.local))
    };
    let label = match (&wanted.label, own_label) {
        (Some(label), true) => label.to_string(),
        _ => (0..).map(|n| format!("{}:{n}", wanted.dev)).find(|l| taken(l).is_none()).expect("labels without end"),
    };
    if let Some(other) = taken(&label) {
        let cause = format!("label {label} holds {}, which SIOCSIFADDR would replace", other.local);
        return Err(Error::new(crate::ErrorKind::InvalidInput, "bind", &thing, cause));
    }
    let socket = host.ioctl_socket()?;
    if let Some(there) = there {
        netlink::unbind(&mut host.socket(), std::slice::from_ref(there))?;
    }
    let put_back = |error: Error| match there {
        None => error,
        Some(old) => {
            let failed = netlink::add_one(&mut host.socket(), old).err();
            error.after_roll_back(failed.map(|r| r.error("bind", old.local)).into_iter().collect())
        }
    };
    let fd = std::os::fd::AsFd::as_fd(&socket);
    sys::set_interface_address(fd, libc::SIOCSIFADDR, label.as_bytes(), vip)
        .map_err(|e| put_back(Error::os("bind", format_args!("{thing} (SIOCSIFADDR on {label})"), &e)))?;
    let mask = mask4(wanted.prefixlen).into();
    sys::set_interface_address(fd, libc::SIOCSIFNETMASK, label.as_bytes(), mask).map_err(|e| {
        let error = Error::os("bind", format_args!("{thing} (SIOCSIFNETMASK on {label})"), &e);
        // The address stands with the class's prefix now, whatever that is: it is found by its label and removed.
        let listed = host.addresses(Some(&wanted.dev)).map(|all| {
            all.into_iter()
                .filter(|a| a.local == wanted.local && a.label.as_deref() == Some(&label))
                .collect::<Vec<_>>()
        });
        let removed = listed.and_then(|half| netlink::unbind(&mut host.socket(), &half));
        let mut failures: Vec<Error> = removed.err().into_iter().collect();
        if let Some(old) = there {
            let back = netlink::add_one(&mut host.socket(), old);
            failures.extend(back.err().map(|r| r.error("bind", old.local)));
        }
        error.after_roll_back(failures)
    })?;
    Ok(true)
}
