//! Network managers: whether one will delete our VIPs at boot or clash with them, as far as the files below a root directory tell, and the lines
//! of its own that prevent it.

mod ifcfg;
mod ifupdown;
mod ini;
mod interfaces;
mod netplan;
mod network_file;
mod networkd;
mod networkmanager;
mod profile;
#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
mod tree;
mod unit;
mod yaml;

use std::fmt::Arguments;
use std::net::IpAddr;
use std::path::Path;

use crate::check::{About, Finding, Findings, Severity};
use crate::interface::IfName;
use crate::vip::Prefix;
use tree::{Found, Named, Tree, shown};

/// A file in a manager's own format that makes it bind VIPs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NativeFile {
    /// Where it belongs, as an absolute path below the root.
    pub path: String,
    /// All of it: nothing is written into files of others.
    pub content: Vec<u8>,
}

/// What managers will do, and what can be written so that they do not.
pub(crate) struct Seen {
    pub findings: Vec<Finding>,
    pub native: Vec<NativeFile>,
}

/// Looks for managers that will touch a device at boot. It reads files only, below `root` (`/`, or that of an image), and needs no privilege but
/// that of reading them; what it cannot read it reports. Each VIP counts as its host prefix.
pub(crate) fn look(root: &Path, dev: IfName, vips: &[Prefix]) -> Seen {
    seen(root, dev, vips, false)
}

/// The files that would be offered where none of ours is there yet.
pub(crate) fn offered(root: &Path, dev: IfName, vips: &[Prefix]) -> Vec<NativeFile> {
    seen(root, dev, vips, true).native
}

fn seen(root: &Path, dev: IfName, vips: &[Prefix], without_ours: bool) -> Seen {
    let mut findings = Findings::default();
    let tree = match Tree::open(root, without_ours) {
        Ok(tree) => tree,
        Err(e) => {
            let message = format_args!("{} cannot be opened: {e}", root.display());
            findings.add(UNCLEAR, Severity::Unknown, &About::interface(dev), message, format_args!(""));
            return Seen { findings: findings.list, native: Vec::new() };
        }
    };
    let mut look = Look { tree: &tree, dev, vips, findings, native: Vec::new() };
    networkd::look(&mut look);
    networkmanager::look(&mut look);
    netplan::look(&mut look);
    ifupdown::look(&mut look);
    ifcfg::look(&mut look);
    Seen { findings: look.findings.list, native: look.native }
}

/// A manager will delete a VIP that it does not know.
const DELETES: &str = "manager-deletes-vip";
/// A manager binds a VIP by itself.
const BINDS: &str = "manager-binds-vip";
/// A manager binds a VIP with a prefix that makes a whole subnet local.
const SUBNET: &str = "manager-binds-subnet";
/// A VIP is listed where nobody reads it.
const IGNORES: &str = "manager-ignores-vip";
/// It cannot be told.
const UNCLEAR: &str = "manager-unclear";

/// What is looked at, and what was found so far.
struct Look<'a> {
    tree: &'a Tree,
    dev: IfName,
    vips: &'a [Prefix],
    findings: Findings,
    native: Vec<NativeFile>,
}

impl Look<'_> {
    fn is_lo(&self) -> bool {
        self.dev.as_bytes() == b"lo"
    }

    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        vip: IpAddr,
        message: Arguments<'_>,
        hint: Arguments<'_>,
    ) {
        let about = About { interface: Some(self.dev), vip: Some(vip) };
        self.findings.add(code, severity, &about, message, hint);
    }

    /// What could not be read or understood: not that there is nothing.
    fn unclear(&mut self, path: &[u8], why: Arguments<'_>, hint: Arguments<'_>) {
        let message = format_args!("what {} means for {} cannot be told: {why}", shown(path), self.dev);
        self.findings.add(UNCLEAR, Severity::Unknown, &About::interface(self.dev), message, hint);
    }

    /// The text of a file; what cannot be read is reported.
    fn text(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        match self.tree.read(path) {
            Found::Text(text) => Some(text),
            Found::Nothing | Found::Mask => None,
            Found::Unread(why) => {
                self.unclear(path, format_args!("{why}"), format_args!("run as root, or look at the file"));
                None
            }
        }
    }

    /// Files by name in several directories; a directory that cannot be read is reported.
    fn files(&mut self, directories: &[&str], below: &[u8], suffix: &[u8]) -> Vec<Named> {
        self.tree.by_name(directories, below, suffix).unwrap_or_else(|e| {
            let first = [directories.first().copied().unwrap_or_default().as_bytes(), below].concat();
            self.unclear(&first, format_args!("{e}"), format_args!("run as root, or look at the directory"));
            Vec::new()
        })
    }
}

/// An address as a file has it, with its prefix length where it says one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listed {
    address: IpAddr,
    len: Option<u8>,
}

impl Listed {
    /// Reads `ADDRESS` or `ADDRESS/LEN`.
    fn parse(text: &str) -> Option<Listed> {
        let prefix = Prefix::parse(text).ok()?;
        Some(Listed { address: prefix.address(), len: text.contains('/').then_some(prefix.len()) })
    }

    /// Whether it is the VIP's host prefix, where one without length is that.
    fn is_host(self) -> bool {
        self.len.is_none_or(|len| len == Prefix::host(self.address).len())
    }
}
