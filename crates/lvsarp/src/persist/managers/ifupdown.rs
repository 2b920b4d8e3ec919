//! ifupdown: a stanza that binds a VIP by itself, and the lines that make `networking` bind ours.

use std::fmt::{self, Write};
use std::net::IpAddr;

use super::interfaces::{Interfaces, Stanza};
use super::tree::shown;
use super::unit::{self, Starts};
use super::{BINDS, Listed, Look, NativeFile, SUBNET};
use crate::check::Severity;
use crate::interface::IfName;
use crate::vip::Prefix;

const FILE: &str = "/etc/network/interfaces";

/// The file that is ours. It has no dot, since `source-directory` takes no name that has one.
const OURS: &str = "/etc/network/interfaces.d/lvsarp";

pub(crate) fn look(look: &mut Look<'_>) {
    if unit::starts(look.tree, "networking.service") == Starts::No || !look.tree.has(FILE.as_bytes()) {
        return;
    }
    let all = Interfaces::read(look.tree, FILE.as_bytes(), OURS.as_bytes());
    for (path, why) in &all.unclear {
        look.unclear(path, format_args!("{why}"), format_args!("look at the files that it includes"));
    }
    let mut ours: Vec<Prefix> = Vec::new();
    for vip in look.vips.iter().map(|vip| vip.address()) {
        let mut elsewhere = false;
        for stanza in &all.stanzas {
            if stanza.path == OURS.as_bytes() && stanza.commands.iter().any(|command| adds(command, vip)) {
                let dev = look.dev;
                let message = format_args!("ifupdown binds {vip} on {dev} by {OURS}");
                look.add(BINDS, Severity::Info, vip, message, format_args!(""));
            } else {
                elsewhere |= report(look, &all, stanza, vip);
            }
        }
        if !elsewhere {
            ours.push(Prefix::host(vip));
        }
    }
    // A second stanza of the loopback method adds its commands to the first and takes nothing away (`inet.defn`); one of any other method flushes
    // lo when it goes down. Other programs that read this file may see it otherwise.
    let ifupdown = ["/lib/ifupdown/settle-dad.sh", "/usr/lib/ifupdown/settle-dad.sh"];
    let known = ifupdown.iter().any(|path| look.tree.has(path.as_bytes()));
    if look.is_lo() && known && all.reads_wanted && !ours.is_empty() {
        let mut content = String::from("# Virtual IPs: networking binds them by itself.\niface lo inet loopback\n");
        for host in ours {
            let _ = writeln!(content, "{}", Commands { host, dev: look.dev, indent: "    ", end: "\n" });
        }
        look.native.push(NativeFile { path: OURS.to_owned(), content: content.into_bytes() });
    }
}

/// Reports what a stanza of others does with a VIP; false where it has nothing to do with it.
fn report(look: &mut Look<'_>, all: &Interfaces, stanza: &Stanza, vip: IpAddr) -> bool {
    let place = Place(stanza);
    let (device, label) = stanza.name.split_once(':').unwrap_or((&stanza.name, ""));
    let host = Prefix::host(vip);
    let lines = Commands { host, dev: look.dev, indent: "", end: "; " };
    let listed = stanza.address.as_deref().and_then(Listed::parse).filter(|listed| listed.address == vip);
    if let Some(listed) = listed {
        if device.as_bytes() == b"lo" && stanza.method == "static" {
            let whole = match (listed.len, stanza.netmask.as_deref()) {
                (Some(_), _) => listed.is_host(),
                (None, Some(mask)) => matches!(mask, "255.255.255.255" | "32" | "128"),
                // `archcommon.c: compute_v4_mask()` takes that of the class, and `inet6.defn` 64.
                (None, None) => false,
            };
            if !whole {
                let message = format_args!(
                    "{place} binds {vip} without the prefix length of {host}, so a whole subnet becomes local"
                );
                look.add(SUBNET, Severity::Error, vip, message, format_args!("write address {host} there"));
            }
        }
        let auto = all.auto.contains(&stanza.name);
        let what = match (label.is_empty(), auto) {
            (true, _) if device == "lo" => "ifdown lo then takes 127.0.0.1 away as well",
            (_, true) => {
                "networking.service fails where it is bound already, and each restart of it takes it away for an instant"
            }
            (_, false) => "ifup fails where it is bound already",
        };
        let message = format_args!("{place} binds {vip} by itself, without looking at the levels: {what}");
        let dev = look.dev;
        let hint = format_args!("remove the stanza, or put these lines in that of {dev} instead: {lines}");
        look.add(BINDS, Severity::Warning, vip, message, hint);
        return true;
    }
    let Some(command) = stanza.commands.iter().find(|command| adds(command, vip)) else { return false };
    let message = format_args!("{place} binds {vip} by itself: {}", shown(command.as_bytes()));
    match command.contains("||") || command.contains(" replace ") {
        true => look.add(BINDS, Severity::Info, vip, message, format_args!("")),
        false => {
            let hint = format_args!("it fails where the VIP is bound already; write: {lines}");
            look.add(BINDS, Severity::Warning, vip, message, hint);
        }
    }
    true
}

/// Whether a command adds an address: `ip addr add V/32 dev lo`, `ifconfig lo:0 V`.
fn adds(command: &str, vip: IpAddr) -> bool {
    let mut words = command.split(|c: char| c.is_ascii_whitespace() || matches!(c, ';' | '"' | '\''));
    let has = words.any(|word| Listed::parse(word).is_some_and(|listed| listed.address == vip));
    has && [" add ", " a ", " replace ", "ifconfig "].iter().any(|verb| command.contains(verb))
        && !command.contains(" route ")
}

/// The file and line of a stanza.
struct Place<'a>(&'a Stanza);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (iface {})", shown(&self.0.path), self.0.line, shown(self.0.name.as_bytes()))
    }
}

/// The lines that bind a VIP and remove it, and fail in no case.
struct Commands<'a> {
    host: Prefix,
    dev: IfName,
    indent: &'a str,
    /// What is between the two.
    end: &'a str,
}

impl fmt::Display for Commands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Commands { host, dev, indent, end } = self;
        let more = if host.address().is_ipv6() { " nodad preferred_lft 0" } else { "" };
        write!(f, "{indent}up ip addr add {host} dev {dev}{more} 2>/dev/null || true{end}")?;
        write!(f, "{indent}down ip addr del {host} dev {dev} 2>/dev/null || true")
    }
}
