//! NetworkManager: a profile for the device, which removes the VIPs that it does not list when it is activated.

use std::fmt;

use super::profile::{Profile, Unmanaged};
use super::tree::{Found, shown};
use super::unit::{self, Starts};
use super::{BINDS, DELETES, IGNORES, Look, SUBNET};
use crate::check::Severity;
use crate::vip::Prefix;

/// Where profiles are, what hides others first.
const PROFILES: [&str; 3] = [
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
];

pub(crate) fn look(look: &mut Look<'_>) {
    let starts = unit::starts(look.tree, "NetworkManager.service");
    if starts == Starts::No || is_unmanaged(look) {
        return;
    }
    for file in look.files(&PROFILES, b"", b"") {
        // A profile that NetworkManager makes for lo as it finds it is there on every host, for root alone, and forgotten at boot.
        if file.path.starts_with(b"/run/")
            && file.name == b"lo.nmconnection"
            && matches!(look.tree.read(&file.path), Found::Unread(_))
        {
            continue;
        }
        let Some(text) = look.text(&file.path) else { continue };
        let profile = Profile::read(&text);
        if profile.is_for(look.dev.as_bytes()) && !profile.generated {
            report(look, &shown(&file.path), &profile, starts);
        }
    }
}

fn is_unmanaged(look: &mut Look<'_>) -> bool {
    let mut unmanaged = Unmanaged::default();
    let dev = look.dev;
    let directories = ["/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"];
    let (own, others): (Vec<_>, Vec<_>) =
        look.files(&directories, b"", b".conf").into_iter().partition(|file| file.path.starts_with(b"/etc/"));
    let paths = others.into_iter().map(|file| file.path);
    let main = std::iter::once(b"/etc/NetworkManager/NetworkManager.conf".to_vec());
    for path in paths.chain(main).chain(own.into_iter().map(|file| file.path)) {
        if let Some(text) = look.text(&path) {
            unmanaged.add(&text, dev.as_bytes());
        }
    }
    unmanaged.leaves_alone()
}

fn report(look: &mut Look<'_>, path: &str, profile: &Profile, starts: Starts) {
    let dev = look.dev;
    // libnm-core-impl/nm-setting-connection.c knows the type since 1.42; no other is ever activated on lo.
    let dead = look.is_lo() && profile.kind != "loopback";
    let (severity, doubt) = match (starts, profile.by_itself) {
        (Starts::Yes, true) => (Severity::Error, ""),
        (_, true) => (Severity::Warning, "; whether NetworkManager starts at boot cannot be told"),
        (_, false) => (Severity::Warning, "; it is not activated by itself"),
    };
    for vip in look.vips.iter().map(|vip| vip.address()) {
        let host = Prefix::host(vip);
        let listed = profile.addresses.iter().find(|there| there.address == vip);
        match listed {
            Some(_) if dead => look.add(
                IGNORES,
                Severity::Warning,
                vip,
                format_args!("{path} lists {vip} for {dev}, but its type {:?} cannot be activated there", profile.kind),
                format_args!("use a profile with type=loopback (NetworkManager 1.42 and later), or remove it there"),
            ),
            Some(there) if look.is_lo() && !there.is_host() => look.add(
                SUBNET,
                severity,
                vip,
                format_args!("{path} lists {vip} with a prefix shorter than {host}, so NetworkManager makes a whole subnet local{doubt}"),
                format_args!("list {host} there"),
            ),
            Some(_) => {
                let message = format_args!("NetworkManager binds {vip} on {dev} by {path}{doubt}");
                look.add(BINDS, Severity::Info, vip, message, format_args!(""));
            }
            None if dead => {}
            None => {
                let family = if vip.is_ipv4() { "ipv4" } else { "ipv6" };
                let id = Quoted(&profile.id);
                look.add(
                    DELETES,
                    severity,
                    vip,
                    format_args!("NetworkManager manages {dev} by {path}, which does not list {vip}: when it activates \
                         that it removes the VIP there{doubt}"),
                    format_args!("run: nmcli connection modify {id} +{family}.addresses {host}"),
                );
            }
        }
    }
}

/// A word of a shell's command line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !self.0.is_empty() && self.0.chars().all(plain) && !self.0.starts_with('-') {
            return f.write_str(self.0);
        }
        write!(f, "'{}'", self.0.replace('\'', "'\\''"))
    }
}
