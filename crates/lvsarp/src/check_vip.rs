//! Findings about where a VIP is: missing, on a loopback device with a whole subnet, or ready to be used as a source.

use std::net::IpAddr;

use crate::arp::View;
use crate::check::{Finding, Severity};

/// Looks at the places of one VIP. That it is on an interface that speaks ARP is found where that interface is judged.
pub(crate) fn placement(view: &View<'_>, vip: IpAddr, findings: &mut Vec<Finding>) {
    let mut found = |code, severity, message: String, hint: String| {
        findings.push(Finding::new(code, severity, message).about(vip).hint(hint));
    };
    if !view.is_local(vip) {
        let message =
            format!("{vip} is not bound anywhere: packets that the director sends for it are dropped or forwarded");
        found("vip-missing", Severity::Error, message, format!("lvsarp apply --vip {vip}"));
        return;
    }
    for address in view.places(vip) {
        let Some(device) = view.device(address.index) else { continue };
        let dev = device.interface.name;
        if view.makes_subnet_local(address) {
            let subnet = address.subnet().network();
            let message = format!(
                "{vip}/{} on {dev} makes all of {subnet} local: the host answers for every address in it and cannot reach its neighbours",
                address.prefixlen
            );
            found(
                "subnet-on-loopback",
                Severity::Error,
                message,
                format!("bind {vip}/{} instead", if vip.is_ipv4() { 32 } else { 128 }),
            );
        }
        if vip.is_ipv6() && device.interface.is_loopback() && address.preferred != Some(0) {
            let message =
                format!("{vip} on {dev} is not deprecated, so the host may choose it as the source of new connections");
            found(
                "vip-may-be-source",
                Severity::Warning,
                message,
                format!("ip -6 addr change {vip}/{} dev {dev} preferred_lft 0", address.prefixlen),
            );
        }
    }
}
