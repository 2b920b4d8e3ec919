//! Which program reads the sysctl files at boot in a root directory, found without running anything.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::boot::loader::{Loader, Program, version};
use crate::boot::read::Root;

/// The longest package database that is read.
const LONGEST: u64 = 64 << 20;

const UDEV_RULES: &str = "99-systemd.rules";

/// Where systemd looks for a unit; the first file of a name counts (`src/libsystemd/sd-path/path-lookup.c`).
const UNITS: [&str; 8] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

impl Loader {
    /// The program that reads the sysctl files at boot, and its version: systemd's `systemd-sysctl` where it is there, else procps `sysctl --system` as
    /// OpenRC runs it, else busybox. None where none of them is there.
    ///
    /// The version is that of `libsystemd-shared-NNN.so`, or of procps' library, or of the package in Debian's database; the newest known where none
    /// tells.
    pub fn detect(root: &Path) -> Option<Loader> {
        let programs = [Program::SystemdSysctl, Program::Procps, Program::Busybox];
        programs.into_iter().find_map(|program| Loader::installed(root, program))
    }

    /// One program as it is there, whether or not it is the one that runs at boot.
    pub(crate) fn installed(root: &Path, wanted: Program) -> Option<Loader> {
        let root = Root::open(root).ok()?;
        let is_there = |paths: &[&str]| paths.iter().any(|path| root.has(path.as_bytes()));
        let (there, version) = match wanted {
            Program::SystemdSysctl => {
                let there = is_there(&["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"]);
                let shared = ["/usr/lib/systemd", "/lib/systemd"].map(String::from);
                let shared = shared.into_iter().chain(multiarch(&root, "/systemd"));
                let number = || library(&root, shared, "libsystemd-shared-").or_else(|| package(&root, "systemd"));
                (there, there.then(number).flatten().map(|(major, _, _)| (major, 0, 0)))
            }
            Program::Procps | Program::ProcpsFile => {
                (has_procps(&root), package(&root, "procps").or_else(|| procps_library(&root)))
            }
            Program::Busybox => {
                let paths = ["/bin/busybox", "/usr/bin/busybox", "/sbin/busybox", "/usr/sbin/busybox"];
                let number = ["busybox", "busybox-static"].iter().find_map(|name| package(&root, name));
                (is_there(&paths), number.or_else(|| apk(&root, "busybox")))
            }
        };
        there.then(|| Loader { program: wanted, version: version.unwrap_or(wanted.newest()) })
    }
}

impl Loader {
    /// The one that is found, or the newest systemd-sysctl where none is.
    pub(crate) fn expected(root: &Path) -> Loader {
        let program = Program::SystemdSysctl;
        Loader::detect(root).unwrap_or(Loader { program, version: program.newest() })
    }
}

/// Whether udev runs `systemd-sysctl --prefix=/net/ipv4/conf/NAME` for each interface that appears: its rule is there and nothing masks it.
pub fn has_udev_rule(root: &Path) -> bool {
    let Ok(root) = Root::open(root) else { return false };
    let rules = |directory: &str| [directory, "/", UDEV_RULES].concat();
    for directory in [
        "/etc/udev/rules.d",
        "/run/udev/rules.d",
        "/usr/local/lib/udev/rules.d",
        "/usr/lib/udev/rules.d",
        "/lib/udev/rules.d",
    ] {
        let path = rules(directory);
        match root.text(path.as_bytes(), 1 << 20) {
            // The first of the same name counts, whatever it says.
            Ok(text) => return text.windows(14).any(|part| part == b"systemd-sysctl"),
            Err(_) if root.is_name(path.as_bytes()) => return false,
            Err(_) => {}
        }
    }
    false
}

/// Whether systemd does not start a unit because a link to `/dev/null`, or an empty file, stands under its name.
pub(crate) fn is_masked(root: &Path, unit: &str) -> bool {
    let Ok(root) = Root::open(root) else { return false };
    for directory in UNITS {
        let Ok(fd) = root.find(directory.as_bytes()) else { continue };
        let place = format!("/proc/self/fd/{}/{unit}", fd.as_raw_fd());
        let Ok(data) = fs::symlink_metadata(&place) else { continue };
        let null = |target: &Path| target.as_os_str().as_bytes().ends_with(b"/dev/null");
        return match data.is_symlink() {
            true => fs::read_link(&place).is_ok_and(|target| null(&target)),
            false => data.is_file() && data.len() == 0,
        };
    }
    false
}

/// Whether `sysctl` is there and is not busybox's.
fn has_procps(root: &Root) -> bool {
    let sysctl = ["/usr/sbin/sysctl", "/sbin/sysctl", "/usr/bin/sysctl", "/bin/sysctl"];
    sysctl.iter().any(|path| root.has(path.as_bytes()) && !root.leads_to_busybox(path.as_bytes()))
}

/// The directories of the machine's own libraries.
fn multiarch(root: &Root, below: &str) -> Vec<String> {
    let names = root.names(b"/usr/lib");
    let names = names.iter().filter_map(|name| std::str::from_utf8(name).ok());
    names.filter(|name| name.contains("-linux-")).map(|name| ["/usr/lib/", name, below].concat()).collect()
}

/// The number after a library's name in one of the directories.
fn library(root: &Root, directories: impl Iterator<Item = String>, prefix: &str) -> Option<(u32, u32, u32)> {
    for directory in directories {
        for name in root.names(directory.as_bytes()) {
            let number = std::str::from_utf8(&name).ok().and_then(|name| name.strip_prefix(prefix)).and_then(version);
            if number.is_some() {
                return number;
            }
        }
    }
    None
}

/// The last version whose rules go with procps' library: libprocps was that of 3.3, and libproc2 became libproc2.so.1 in 4.0.5, with the rules of
/// today.
fn procps_library(root: &Root) -> Option<(u32, u32, u32)> {
    let places = ["/usr/lib64", "/usr/lib", "/lib64", "/lib"].map(String::from).into_iter().chain(multiarch(root, ""));
    for names in places.map(|place| root.names(place.as_bytes())) {
        let has = |library: &[u8]| names.iter().any(|name| name.starts_with(library));
        if has(b"libproc2.so.0") {
            return Some((4, 0, 4));
        }
        if has(b"libprocps.so.") {
            return Some((3, 3, 17));
        }
    }
    None
}

/// A package's version in Debian's database.
fn package(root: &Root, name: &str) -> Option<(u32, u32, u32)> {
    let text = root.text(b"/var/lib/dpkg/status", LONGEST).ok()?;
    field(&text, &["Package: ", name].concat(), "Version: ")
}

/// A package's version in Alpine's database.
fn apk(root: &Root, name: &str) -> Option<(u32, u32, u32)> {
    let text = root.text(b"/lib/apk/db/installed", LONGEST).ok()?;
    field(&text, &["P:", name].concat(), "V:")
}

/// The version in the paragraph that has a line.
fn field(text: &[u8], line: &str, field: &str) -> Option<(u32, u32, u32)> {
    let mut inside = false;
    for own in text.split(|byte| *byte == b'\n') {
        if own.is_empty() {
            inside = false;
        } else if own == line.as_bytes() {
            inside = true;
        } else if inside && let Some(number) = own.strip_prefix(field.as_bytes()) {
            let number = std::str::from_utf8(number).ok()?;
            // An epoch: 2:4.0.2-3.
            return version(number.split_once(':').map_or(number, |(_, rest)| rest));
        }
    }
    None
}
