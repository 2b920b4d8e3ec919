//! systemd-networkd: the `.network` file that is in force for a device, and what it will do to VIPs that are not in it.

use std::fmt::Write;

use super::network_file::{Match, Network};
use super::tree::{Found, Named, shown};
use super::unit::{self, Starts};
use super::{BINDS, DELETES, Look, NativeFile, SUBNET};
use crate::check::Severity;
use crate::vip::Prefix;

/// Where it reads, what hides others first (`src/basic/constants.h: CONF_PATHS`; the last where `/lib` is a directory of its own).
const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

/// The name of the drop-in that is ours.
const OURS: &[u8] = b"lvsarp.conf";

/// Up to this release addresses of others on loopback devices are left alone (`networkd-link.c: link_drop_foreign_config()`, 252 to 255).
pub(super) const LAST_THAT_SPARES_LO: u32 = 255;

/// From this release on they are deleted (`networkd-address.c: link_drop_unmanaged_addresses()`, 257).
const FIRST_THAT_CLEANS_LO: u32 = 257;

/// A file that is, or may be, in force for the device.
struct Candidate {
    name: Vec<u8>,
    /// The file and its drop-ins.
    paths: Vec<Vec<u8>>,
    network: Network,
    /// The keys that it depends on.
    unsure: Option<String>,
}

pub(crate) fn look(look: &mut Look<'_>) {
    let starts = unit::starts(look.tree, "systemd-networkd.service");
    if starts == Starts::No {
        return;
    }
    let release = unit::systemd_release(look.tree);
    let candidates = candidates(look, release);
    for (at, candidate) in candidates.iter().enumerate() {
        let mut doubt = String::new();
        if starts == Starts::Unknown {
            doubt.push_str("; whether it starts at boot cannot be told");
        }
        if at > 0 {
            doubt.push_str("; an earlier file may take the device");
        }
        if let Some(keys) = &candidate.unsure {
            let _ = write!(doubt, "; whether the file is for {} depends on {keys}=", look.dev);
        }
        report(look, candidate, release, doubt);
    }
}

/// The first file that is for the device is in force, and those before it that may be for it (`networkd-link.c: link_get_network()`).
fn candidates(look: &mut Look<'_>, release: Option<u32>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for file in look.files(&DIRECTORIES, b"", b".network") {
        let Some((network, paths)) = load(look, &file) else { continue };
        let unsure = match network.matches(look.dev.as_bytes(), release) {
            Match::No => continue,
            Match::Unsure(keys) => Some(keys),
            Match::Yes => None,
        };
        let last = unsure.is_none();
        if !network.unmanaged {
            candidates.push(Candidate { name: file.name, paths, network, unsure });
        }
        if last {
            break;
        }
    }
    candidates
}

/// `networkd-network.c: network_load_one()`: an empty file is skipped with its drop-ins, and one that is refused is, too.
fn load(look: &mut Look<'_>, file: &Named) -> Option<(Network, Vec<Vec<u8>>)> {
    let mut network = Network::default();
    network.add(&look.text(&file.path)?).ok()?;
    let mut paths = vec![file.path.clone()];
    for dropin in look.files(&DIRECTORIES, &[b"/", file.name.as_slice(), b".d"].concat(), b".conf") {
        let text = match look.tree.read(&dropin.path) {
            Found::Text(text) => text,
            Found::Mask | Found::Nothing => continue,
            Found::Unread(why) => {
                look.unclear(&dropin.path, format_args!("{why}"), format_args!("run as root, or look at the file"));
                continue;
            }
        };
        network.add(&text).ok()?;
        paths.push(dropin.path);
    }
    Some((network, paths))
}

fn report(look: &mut Look<'_>, candidate: &Candidate, release: Option<u32>, mut doubt: String) {
    let network = &candidate.network;
    let path = candidate.paths.first().map(|path| shown(path)).unwrap_or_default();
    let dropin = [b"/etc/systemd/network/", candidate.name.as_slice(), b".d/", OURS].concat();
    let only = network.is_only_for(look.dev.as_bytes());
    let spares = look.is_lo() && release.is_some_and(|release| release <= LAST_THAT_SPARES_LO);
    if look.is_lo() && release.is_none_or(|release| release == LAST_THAT_SPARES_LO + 1) {
        let _ = write!(doubt, "; its release cannot be told, and up to {LAST_THAT_SPARES_LO} it leaves lo alone");
    }
    let certain = if doubt.is_empty() { Severity::Error } else { Severity::Warning };
    let mut wanted: Vec<Prefix> = Vec::new();
    for vip in look.vips.iter().map(|vip| vip.address()) {
        let host = Prefix::host(vip);
        let mut bound = None;
        for address in network.addresses.iter().filter(|address| address.listed.address == vip) {
            let file = candidate.paths.get(address.file).map(Vec::as_slice).unwrap_or_default();
            let whole = match address.listed.len {
                // An IPv4 address without a length gets that of its class up to 255 (`in_addr_default_prefixlen()`), and /32 from 257 on.
                None => vip.is_ipv6() || release.is_some_and(|release| release >= FIRST_THAT_CLEANS_LO),
                Some(_) => address.listed.is_host(),
            };
            if look.is_lo() && !whole {
                let file = shown(file);
                look.add(
                    SUBNET,
                    certain,
                    vip,
                    format_args!(
                        "{file} lists {vip} without its prefix length of {}, so systemd-networkd makes a whole \
                         subnet local{doubt}",
                        host.len()
                    ),
                    format_args!("write Address={host} there"),
                );
            } else {
                bound = Some(file);
                if file == dropin {
                    wanted.push(host);
                }
            }
        }
        if let Some(file) = bound {
            let dev = look.dev;
            let message = format_args!("systemd-networkd binds {vip} on {dev} by {}{doubt}", shown(file));
            look.add(BINDS, Severity::Info, vip, message, format_args!(""));
            continue;
        }
        wanted.push(host);
        if network.keeps_foreign() {
            continue;
        }
        let dev = look.dev;
        let (severity, when) = match spares {
            true => (Severity::Info, "releases from 257 on delete"),
            false => (certain, "at its next start or reload deletes"),
        };
        let message =
            format_args!("systemd-networkd manages {dev} by {path}, which does not list {vip}: {when} it there{doubt}");
        let section = Section(host, "; ");
        match only {
            true => {
                let dropin = shown(&dropin);
                look.add(DELETES, severity, vip, message, format_args!("write these lines to {dropin}: {section}"));
            }
            false => {
                let hint = format_args!(
                    "{path} is for other devices as well, and an address in it would be bound on them, too: exclude {dev} by a line Name=!{dev} in its \
                     [Match], or set KeepConfiguration=static in its [Network]"
                );
                look.add(DELETES, severity, vip, message, hint);
            }
        }
    }
    if only
        && !wanted.is_empty()
        && let Ok(path) = String::from_utf8(dropin)
    {
        let mut content =
            String::from("# Virtual IPs: systemd-networkd binds them by itself, and so does not delete them.\n");
        for host in wanted {
            let _ = writeln!(content, "\n{}", Section(host, "\n"));
        }
        look.native.push(NativeFile { path, content: content.into_bytes() });
    }
}

/// The section that makes systemd-networkd bind a VIP as lvsarp does: an IPv6 one is in use at once and never chosen as a source.
/// The text is what is between two lines.
struct Section(Prefix, &'static str);

impl std::fmt::Display for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Section(host, end) = self;
        write!(f, "[Address]{end}Address={host}")?;
        if host.address().is_ipv6() {
            write!(f, "{end}PreferredLifetime=0{end}DuplicateAddressDetection=none")?;
        }
        Ok(())
    }
}
