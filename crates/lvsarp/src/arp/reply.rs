//! Is a who-has answered? The levels' part of `net/ipv4/arp.c: arp_process()`.

use std::net::{IpAddr, Ipv4Addr};

use super::{Device, View};
use crate::flags::AddressScope;
use crate::level::ArpIgnore;

/// Whether a who-has for a local target, received by this device from some sender, is answered. `None`: a level that decides is unknown.
///
/// The sender is the one that the levels hide least from: an address probe (sender 0.0.0.0). Level 2 is the only one that looks at the sender, and
/// there it treats a probe as level 1 does.
pub(crate) fn answered(view: &View<'_>, device: &Device<'_>, target: Ipv4Addr) -> Option<bool> {
    if !view.is_local(IpAddr::V4(target)) {
        return Some(false);
    }
    device.arp_ignore.effective.map(|level| !ignored(view, device, level, target))
}

/// `net/ipv4/arp.c: arp_ignore()`, with sender 0.0.0.0.
fn ignored(view: &View<'_>, device: &Device<'_>, level: i32, target: Ipv4Addr) -> bool {
    match ArpIgnore::of(level) {
        ArpIgnore::AnyAddress => false,
        ArpIgnore::OnInterface | ArpIgnore::OnSubnet => !confirmed(view, device, target, AddressScope::HOST),
        ArpIgnore::NotScopeHost => {
            let mut owners = view.places(IpAddr::V4(target)).iter().filter_map(|address| view.device(address.index));
            !owners.any(|owner| confirmed(view, owner, target, AddressScope::LINK))
        }
        ArpIgnore::Never => true,
    }
}

/// `net/ipv4/devinet.c: confirm_addr_indev()`: the device has the target with a scope of at most `limit`, and one of its subnets, not
/// necessarily that of the same address, contains the target.
fn confirmed(view: &View<'_>, device: &Device<'_>, target: Ipv4Addr, limit: AddressScope) -> bool {
    let owned = view
        .places(IpAddr::V4(target))
        .iter()
        .any(|a| a.index == device.interface.index && a.scope.min(device.confirm_floor) <= limit);
    owned && device.ipv4().any(|(address, _)| address.subnet().contains(IpAddr::V4(target)))
}
