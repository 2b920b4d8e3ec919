//! Findings about levels as such: those that have no effect, no meaning, or too much of one.

use std::fmt::Display;

use crate::arp::{Device, Role, View};
use crate::check::{About, Findings, Severity};
use crate::key::Key;
use crate::level::{self, ArpAnnounce, ArpIgnore, Level};
use crate::snapshot::ProcSys;
use crate::wording::{level_is, text};

/// Looks at the levels of every interface, whatever VIPs there are. `with_vips`: whether there is an IPv4 one to protect.
pub(crate) fn levels(view: &View<'_>, with_vips: bool, findings: &mut Findings) {
    for device in view.devices() {
        let device = &device;
        match view.role(device) {
            Role::Loopback => inert("inert-level", device, &"packets of other hosts never arrive on it", findings),
            Role::Port { master } => {
                let why = text(|f| match view.device(master) {
                    Some(master) => write!(f, "it belongs to {}, whose levels count", master.interface.name),
                    None => f.write_str("it belongs to its master, whose levels count"),
                });
                inert("level-on-port", device, &why, findings);
            }
            Role::Speaks { up: true } => {
                in_force(device, findings);
                overruled(device, findings);
                if with_vips {
                    came_too_late(view, device, findings);
                    lower_device(view, device, findings);
                }
            }
            _ => {}
        }
    }
    if with_vips {
        new_interfaces(view, findings);
    }
    if view.snapshot.proc_sys == ProcSys::ReadOnly {
        findings.add(
            "proc-sys-read-only",
            Severity::Info,
            &About::HOST,
            format_args!(
                "/proc/sys is mounted read-only here, as in most containers: the levels of all and default cannot be set from inside"
            ),
            format_args!("interfaces can be set over netlink; a namespace copies all and default only when it is created"),
        );
    }
}

const KEYS: [Key; 2] = [Key::ArpIgnore, Key::ArpAnnounce];

/// Whether a value, were it in force, would hide every VIP on `lo`.
fn hides(key: Key, value: i32) -> bool {
    match key {
        Key::ArpIgnore => level::meaning(Key::ArpIgnore, value).is_some_and(|row| row.hides_vip),
        _ => ArpAnnounce::of(value) == ArpAnnounce::BestAddress,
    }
}

/// A level that hides, beaten by a larger one that does not.
fn overruled(device: &Device<'_>, findings: &mut Findings) {
    let name = device.interface.name;
    for key in KEYS {
        let level = device.level(key);
        let (Some(own), Some(all), Some(effective)) = (level.own, level.all, level.effective) else { continue };
        if !hides(key, effective) && (hides(key, own) || hides(key, all)) {
            let (is, lower) = (level_is(device, key), own.min(all));
            let where_set = text(|f| if own > all { write!(f, "{name}") } else { f.write_str("all") });
            findings.add(
                "level-overruled",
                Severity::Warning,
                &About::interface(name),
                format_args!("{is}: the larger value is in force, and {effective} hides less than {lower}"),
                format_args!("set {where_set}/{key} to {lower}"),
            );
        }
    }
    if device.arp_announce.effective == Some(1) {
        findings.add(
            "announce-one",
            Severity::Warning,
            &About::interface(name),
            format_args!(
                "{}: a VIP that shares a subnet with the target is announced at 1, and most VIPs do",
                level_is(device, Key::ArpAnnounce)
            ),
            format_args!("arp_announce 2 never lets a VIP through"),
        );
    }
}

/// A level of `default` that hides, set when the interface had its values already.
fn came_too_late(view: &View<'_>, device: &Device<'_>, findings: &mut Findings) {
    let name = device.interface.name;
    for key in KEYS {
        let (Some(default), Some(effective)) = (view.snapshot.default.get(key), device.level(key).effective) else {
            continue;
        };
        if hides(key, default) && !hides(key, effective) {
            findings.add(
                "default-too-late",
                Severity::Warning,
                &About::interface(name),
                format_args!(
                    "default/{key}={default} has not reached {name}, which is at {effective}: an interface copies it when it is created, and not once it has an address"
                ),
                format_args!("set all/{key} or {name}/{key} as well"),
            );
        }
    }
}

/// A level that hides, set on the interface below the one that receives the requests.
fn lower_device(view: &View<'_>, device: &Device<'_>, findings: &mut Findings) {
    let name = device.interface.name;
    let stacked =
        matches!(device.interface.kind.as_deref(), Some("vlan" | "macvlan" | "macvtap" | "ipvlan" | "macsec"));
    let Some(lower) = device.interface.link.filter(|_| stacked).and_then(|index| view.device(index)) else { return };
    for key in KEYS {
        let (Some(own), Some(effective)) = (lower.level(key).own, device.level(key).effective) else { continue };
        if hides(key, own) && !hides(key, effective) {
            let below = lower.interface.name;
            findings.add(
                "level-on-lower-device",
                Severity::Warning,
                &About::interface(name),
                format_args!(
                    "{below}/{key}={own} does nothing for {name}, which receives its own frames and is at {effective}"
                ),
                format_args!("set all/{key} or {name}/{key} as well"),
            );
        }
    }
}

/// A level that somebody set where it does nothing. One that `all` has as well misleads nobody.
fn inert(code: &'static str, device: &Device<'_>, why: &dyn Display, findings: &mut Findings) {
    let name = device.interface.name;
    for key in KEYS {
        let level = device.level(key);
        if let (Some(own), Some(all)) = (level.own, level.all)
            && own > 0
            && own > all
        {
            findings.add(
                code,
                Severity::Warning,
                &About::interface(name),
                format_args!("{name}/{key}={own} has no effect: {why}"),
                format_args!("set {key} on the interface that receives the requests, or on all"),
            );
        }
    }
}

/// Levels that are in force on an interface and are not what they look like.
fn in_force(device: &Device<'_>, findings: &mut Findings) {
    let about = About::interface(device.interface.name);
    for key in KEYS {
        if let Some(value) = device.level(key).effective.filter(|value| has_no_meaning(key, *value)) {
            let range = &key.row().range;
            findings.add(
                "level-without-meaning",
                Severity::Warning,
                &about,
                format_args!("{}, a value without a meaning: the kernel acts as at 0", level_is(device, key)),
                format_args!("{value} is not a level; {key} goes from {} to {}", range.start(), range.end()),
            );
        }
    }
    let is = level_is(device, Key::ArpIgnore);
    let mut price = |code, text| {
        let hint = format_args!("arp_ignore 1 hides the VIP and nothing else");
        findings.add(code, Severity::Warning, &about, format_args!("{is}: {text}"), hint);
    };
    match device.arp_ignore.effective.map(ArpIgnore::of) {
        Some(ArpIgnore::Never) => price(
            "level-mutes-host",
            format_args!(
                "no address of this host is answered here, its own included, so neighbours lose it when their caches expire"
            ),
        ),
        Some(ArpIgnore::OnSubnet) => {
            let alone = device.ipv4().find(|(own, _)| {
                let wider = |other: &crate::Address| !other.subnet().is_host() && other.subnet().contains(own.local);
                !device.ipv4().any(|(other, _)| wider(other))
            });
            match alone {
                Some((own, _)) => price(
                    "level-off-subnet",
                    format_args!("{}/{} has no subnet here, so it is answered to nobody", own.local, own.prefixlen),
                ),
                None => price(
                    "level-off-subnet",
                    format_args!("a neighbour outside of the interface's subnets gets no answer for any address"),
                ),
            }
        }
        _ => {}
    }
}

fn has_no_meaning(key: Key, value: i32) -> bool {
    value != 0
        && match key {
            Key::ArpIgnore => ArpIgnore::of(value) == ArpIgnore::AnyAddress,
            _ => ArpAnnounce::of(value) == ArpAnnounce::AnySource,
        }
}

/// An interface that appears later starts with the values of `default`.
fn new_interfaces(view: &View<'_>, findings: &mut Findings) {
    let snapshot = view.snapshot;
    let of_new =
        |key| Level::merged(key, snapshot.kernel_version(), snapshot.all.get(key), snapshot.default.get(key)).effective;
    let (Some(ignore), Some(announce)) = (of_new(Key::ArpIgnore), of_new(Key::ArpAnnounce)) else {
        return;
    };
    let silent = level::meaning(Key::ArpIgnore, ignore).is_some_and(|row| row.hides_vip)
        && ArpAnnounce::of(announce) == ArpAnnounce::BestAddress;
    if !silent {
        findings.add(
            "new-interfaces-unprotected",
            Severity::Warning,
            &About::HOST,
            format_args!(
                "an interface that is added later will not be silent: it starts with arp_ignore {ignore} and arp_announce {announce}"
            ),
            format_args!("set all/arp_ignore to 1 and all/arp_announce to 2, or apply again when interfaces are added"),
        );
    }
}
