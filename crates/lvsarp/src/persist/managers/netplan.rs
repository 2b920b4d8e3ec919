//! netplan: an entry for the device, and what the program that it writes files for makes of it.

use std::fmt;

use super::tree::{matches, shown};
use super::unit;
use super::yaml::Document;
use super::{BINDS, DELETES, IGNORES, Listed, Look, SUBNET};
use crate::check::Severity;
use crate::vip::Prefix;

/// Where it reads, what hides others first (netplan-generate(8)).
const DIRECTORIES: [&str; 4] = ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"];

/// One of these is there where netplan is.
const PROGRAMS: [&str; 4] =
    ["/usr/sbin/netplan", "/usr/libexec/netplan/generate", "/usr/lib/netplan/generate", "/lib/netplan/generate"];

/// What all files say of one entry; netplan merges them.
struct Entry {
    kind: String,
    id: String,
    path: String,
    renderer: String,
    /// `match: name:`, or another key of `match`.
    name: Option<String>,
    matched_otherwise: bool,
    addresses: Vec<Listed>,
}

pub(crate) fn look(look: &mut Look<'_>) {
    if !PROGRAMS.iter().any(|path| look.tree.has(path.as_bytes())) {
        return;
    }
    let mut renderer = String::new();
    let mut entries: Vec<Entry> = Vec::new();
    for file in look.files(&DIRECTORIES, b"", b".yaml") {
        let Some(text) = look.text(&file.path) else { continue };
        let document = Document::read(&String::from_utf8_lossy(&text));
        let dev = look.dev.to_string();
        for (line, text) in &document.unread {
            // Elsewhere it does not matter.
            if text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-')).any(|word| word == dev) {
                let why = format_args!("line {line} is beyond what lvsarp reads of YAML: {}", shown(text.as_bytes()));
                look.unclear(&file.path, why, format_args!("write it with one key a line"));
            }
        }
        for item in document.items {
            let words: Vec<&str> = item.path.iter().map(String::as_str).collect();
            let (kind, id, rest) = match words.as_slice() {
                ["network", "renderer"] => {
                    renderer = item.value;
                    continue;
                }
                ["network", kind, id, rest @ ..] => (*kind, *id, rest),
                _ => continue,
            };
            let at = match entries.iter().position(|entry| entry.kind == kind && entry.id == id) {
                Some(at) => at,
                None => {
                    entries.push(Entry {
                        kind: kind.to_owned(),
                        id: id.to_owned(),
                        path: shown(&file.path),
                        renderer: String::new(),
                        name: None,
                        matched_otherwise: false,
                        addresses: Vec::new(),
                    });
                    entries.len() - 1
                }
            };
            let Some(entry) = entries.get_mut(at) else { continue };
            match rest {
                ["renderer"] => entry.renderer = item.value,
                ["match", "name"] => entry.name = Some(item.value),
                ["match", _, ..] => entry.matched_otherwise = true,
                ["addresses"] => entry.addresses.extend(Listed::parse(&item.value)),
                _ => {}
            }
        }
    }
    for entry in &entries {
        let dev = look.dev.as_bytes();
        let is_for = match &entry.name {
            Some(name) => matches(name.as_bytes(), dev),
            None => entry.id.as_bytes() == dev && !entry.matched_otherwise,
        };
        if is_for {
            let by = if entry.renderer.is_empty() { renderer.as_str() } else { &entry.renderer };
            report(look, entry, by == "NetworkManager");
        }
    }
}

fn report(look: &mut Look<'_>, entry: &Entry, networkmanager: bool) {
    let dev = look.dev;
    let by = if networkmanager { "NetworkManager" } else { "systemd-networkd" };
    let release = unit::systemd_release(look.tree);
    let spares = look.is_lo()
        && !networkmanager
        && release.is_some_and(|release| release <= super::networkd::LAST_THAT_SPARES_LO);
    let Entry { path, kind, id, .. } = entry;
    for vip in look.vips.iter().map(|vip| vip.address()) {
        let host = Prefix::host(vip);
        match entry.addresses.iter().find(|there| there.address == vip) {
            Some(_) if networkmanager && look.is_lo() => look.add(
                IGNORES,
                Severity::Warning,
                vip,
                format_args!("{path} lists {vip} for {dev}, but netplan writes that for NetworkManager as a profile of type ethernet, \
                     which cannot be activated there"),
                format_args!("set renderer: networkd for {kind}/{id}, or give NetworkManager a profile with type=loopback that lists {host}"),
            ),
            Some(there) if look.is_lo() && !there.is_host() => look.add(
                SUBNET,
                Severity::Error,
                vip,
                format_args!("{path} lists {vip} with a prefix shorter than {host}, so {by} makes a whole subnet local"),
                format_args!("list {host} there"),
            ),
            Some(_) => {
                look.add(BINDS, Severity::Info, vip, format_args!("netplan has {vip} bound on {dev} by {by} ({path})"), format_args!(""));
            }
            None if networkmanager && look.is_lo() => {}
            None => {
                let (severity, when) = match spares {
                    true => (Severity::Info, "deletes it there from release 257 on"),
                    false => (Severity::Warning, "deletes it there"),
                };
                let message = format_args!("{path} has an entry for {dev} that does not list {vip}: it makes {by} manage {dev}, \
                                            which {when}");
                let lines = Lines { kind, id, host };
                look.add(DELETES, severity, vip, message, format_args!("add to {path}: {lines}"));
            }
        }
    }
}

/// What lists a VIP, in one line of YAML.
struct Lines<'a> {
    kind: &'a str,
    id: &'a str,
    host: Prefix,
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lines { kind, id, host } = self;
        write!(f, "network: {{{kind}: {{{id}: {{addresses: [\"{host}\"]}}}}}}")
    }
}
