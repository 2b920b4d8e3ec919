//! Whether a service starts at boot, by the links in a root directory, and which systemd is installed there.

use super::tree::{Found, Tree};

/// Whether a service starts at boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starts {
    Yes,
    No,
    /// There is nothing to tell it by.
    Unknown,
}

/// Where units and the links that enable them are, what hides others first.
const UNITS: [&str; 9] = [
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.early",
    "/run/systemd/generator.late",
];

/// Whether systemd starts a service: something wants or requires it, or it starts when its name on the bus is used, and it is not masked.
pub(crate) fn starts(tree: &Tree, service: &str) -> Starts {
    let mut known = false;
    let mut wanted = false;
    for directory in UNITS {
        let file = [directory, "/", service].concat();
        // The first file of a name counts.
        if !known && tree.has(file.as_bytes()) {
            known = true;
            if matches!(tree.read(file.as_bytes()), Found::Mask) {
                return Starts::No;
            }
        }
        let Ok(names) = tree.names(directory.as_bytes()) else { continue };
        for name in names.iter().filter(|name| name.ends_with(b".wants") || name.ends_with(b".requires")) {
            let link = [directory.as_bytes(), b"/", name, b"/", service.as_bytes()].concat();
            wanted |= tree.has(&link);
        }
    }
    match (wanted, tree.has(b"/etc/systemd/system")) {
        (true, _) => Starts::Yes,
        (false, true) => Starts::No,
        (false, false) => Starts::Unknown,
    }
}

/// The release of systemd, by the name of the library that its programs share.
pub(crate) fn systemd_release(tree: &Tree) -> Option<u32> {
    let mut directories: Vec<Vec<u8>> = Vec::new();
    for lib in ["/usr/lib", "/usr/lib64", "/lib"] {
        directories.push([lib.as_bytes(), b"/systemd"].concat());
        for name in tree.names(lib.as_bytes()).unwrap_or_default() {
            // Debian's libraries are in a directory of the architecture.
            if name.windows(7).any(|part| part == b"-linux-") {
                directories.push([lib.as_bytes(), b"/", &name, b"/systemd"].concat());
            }
        }
    }
    let mut newest = None;
    for directory in directories {
        for name in tree.names(&directory).unwrap_or_default() {
            if let Some(rest) = name.strip_prefix(b"libsystemd-shared-") {
                newest = newest.max(number(rest));
            }
        }
    }
    newest
}

/// The number that a text begins with.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()
}
