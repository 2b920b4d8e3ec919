//! The machine as `/proc/sys`, and the files as directories: what a path leads to.

use crate::boot::files::Files;
use crate::boot::glob::Tree;
use crate::boot::machine::{KEYS, Machine};
use crate::key::Key;
use crate::sorted::in_order;

/// Where the keys are mounted.
pub(crate) const PROC_SYS: &[u8] = b"/proc/sys/";

/// Directories that a path can pass through: below them nothing is known.
const PASSAGES: &[&str] = &[
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/proc/sys/fs",
    "/proc/sys/net/core",
    "/proc/sys/net/unix",
    "/proc/sys/net/ipv4/neigh",
    "/proc/sys/net/ipv4/route",
];
const CONF: &[u8] = b"/proc/sys/net/ipv4/conf";

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A directory, by its path without links, dots and doubled slashes.
    Directory(Vec<u8>),
    /// A key of `all`, `default` or an interface.
    Key(Vec<u8>, Key),
}

/// Follows an absolute path as the kernel does. None where it leads nowhere, or to what is not known here.
pub(crate) fn walk(machine: &Machine, path: &[u8]) -> Option<Node> {
    let mut at: Vec<u8> = Vec::new();
    let mut end = None;
    for part in path.split(|byte| *byte == b'/') {
        if end.is_some() {
            return None;
        }
        match part {
            b"" | b"." => {}
            b".." => at.truncate(at.iter().rposition(|byte| *byte == b'/').unwrap_or(0)),
            name if is_below_conf(&at) => {
                let key = KEYS.into_iter().find(|key| key.name().as_bytes() == name)?;
                end = Some(Node::Key(at[CONF.len() + 1..].to_vec(), key));
            }
            name if at == CONF && !machine.has(name) => return None,
            name => {
                at.push(b'/');
                at.extend_from_slice(name);
                let above = CONF.starts_with(&at) && matches!(CONF.get(at.len()), None | Some(b'/'));
                if !(above || is_below_conf(&at) || PASSAGES.iter().any(|known| known.as_bytes() == at)) {
                    return None;
                }
            }
        }
    }
    Some(end.unwrap_or(Node::Directory(at)))
}

fn is_below_conf(path: &[u8]) -> bool {
    path.starts_with(CONF) && path.get(CONF.len()) == Some(&b'/')
}

impl Tree for Machine {
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>> {
        let Node::Directory(at) = walk(self, directory)? else { return None };
        if at == CONF {
            return Some(self.scopes().map(<[u8]>::to_vec).collect());
        }
        if is_below_conf(&at) {
            let names: Vec<Vec<u8>> = KEYS.iter().map(|key| key.name().as_bytes().to_vec()).collect();
            return Some(in_order(names, &|left, right| left.cmp(right)));
        }
        // A directory above has one name that leads on.
        let next = CONF.get(at.len() + 1..).unwrap_or_default();
        Some(next.split(|byte| *byte == b'/').take(usize::from(CONF.starts_with(&at))).map(<[u8]>::to_vec).collect())
    }

    fn exists(&self, path: &[u8]) -> bool {
        walk(self, path).is_some()
    }
}

impl Tree for Files {
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>> {
        let real = self.real(&[directory, b"/x"].concat());
        let directory = real.as_ref().and_then(|path| path.strip_suffix(b"/x")).unwrap_or(directory);
        let names = self.entries().iter().filter(|entry| entry.directory() == directory);
        let names: Vec<Vec<u8>> = names.map(|entry| entry.name().to_vec()).collect();
        (!names.is_empty()).then_some(names)
    }

    fn exists(&self, path: &[u8]) -> bool {
        self.entry(path).is_some()
    }
}
