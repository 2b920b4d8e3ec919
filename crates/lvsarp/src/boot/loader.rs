//! The programs that read sysctl files at boot, and their versions.

use std::fmt;
use std::str::FromStr;

use crate::boot::files::Files;
use crate::boot::machine::Machine;
use crate::boot::remark::Remark;
use crate::boot::run::Run;
use crate::boot::{busybox, procps, systemd};
use crate::error::Error;

/// A program that reads sysctl files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// `systemd-sysctl`, which systemd runs at boot and udev for each new interface.
    SystemdSysctl,
    /// procps `sysctl --system`.
    Procps,
    /// procps `sysctl -p FILE`.
    ProcpsFile,
    /// busybox `sysctl -p FILE`.
    Busybox,
}

impl Program {
    const ALL: [Program; 4] = [Program::SystemdSysctl, Program::ProcpsFile, Program::Procps, Program::Busybox];

    /// Its name: `systemd-sysctl`, `procps`, `procps -p` or `busybox`.
    pub fn name(self) -> &'static str {
        match self {
            Program::SystemdSysctl => "systemd-sysctl",
            Program::Procps => "procps",
            Program::ProcpsFile => "procps -p",
            Program::Busybox => "busybox",
        }
    }

    /// The newest version whose rules are known here.
    pub fn newest(self) -> (u32, u32, u32) {
        match self {
            Program::SystemdSysctl => (262, 0, 0),
            Program::Procps | Program::ProcpsFile => (4, 0, 7),
            Program::Busybox => (1, 38, 0),
        }
    }
}

/// A program of one version. Its text is `systemd-sysctl 252`, `procps 4.0.2`, `procps -p 3.3.17` or `busybox 1.35.0`; read back, the version may be
/// missing, which means the newest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loader {
    /// The program.
    pub program: Program,
    /// Its version; systemd has only the first number.
    pub version: (u32, u32, u32),
}

/// What a program is called with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Each `--prefix=` of `systemd-sysctl`, in any spelling that it takes, such as `/net/ipv4/conf/eth0`. Others take none.
    pub prefixes: Vec<Vec<u8>>,
    /// The FILE arguments: absolute paths inside the root; for `systemd-sysctl` also bare names. None: all files for `systemd-sysctl`,
    /// `/etc/sysctl.conf` for `-p`; procps `--system` takes none.
    pub files: Vec<Vec<u8>>,
}

impl Loader {
    /// One run of the program: it reads the files and writes to the machine. The remarks tell what happened to lines and files that name
    /// `arp_ignore` or `arp_announce` and did not simply take effect.
    pub fn run(&self, files: &Files, arguments: &Arguments, machine: &mut Machine) -> Vec<Remark> {
        let mut run = Run::new(files, machine);
        match self.program {
            Program::SystemdSysctl => systemd::run(self, &mut run, arguments),
            Program::Procps | Program::ProcpsFile => procps::run(self, &mut run, arguments),
            Program::Busybox => busybox::run(self, &mut run, arguments),
        }
        run.finish()
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.version;
        match self.program {
            Program::SystemdSysctl => write!(f, "{} {major}", self.program.name()),
            _ => write!(f, "{} {major}.{minor}.{patch}", self.program.name()),
        }
    }
}

impl FromStr for Loader {
    type Err = Error;
    fn from_str(text: &str) -> Result<Loader, Error> {
        let wrong = |cause: &str| Error::input(format_args!("loader {text:?}"), cause);
        let found = Program::ALL.into_iter().find_map(|program| {
            let rest = text.strip_prefix(program.name())?;
            (rest.is_empty() || rest.starts_with(' ')).then_some((program, rest.trim()))
        });
        let Some((program, rest)) = found else {
            return Err(wrong(
                "it is none of systemd-sysctl, procps, procps -p and busybox, with a version or without",
            ));
        };
        if rest.is_empty() {
            return Ok(Loader { program, version: program.newest() });
        }
        version(rest).map(|version| Loader { program, version }).ok_or_else(|| wrong("its version is not a number"))
    }
}

/// The leading numbers of a version: `252.39-1` is 252, 39, 0.
pub(crate) fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = [0; 3];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match rest[..end].parse() {
            Ok(parsed) => *number = parsed,
            Err(_) if at == 0 => return None,
            Err(_) => break,
        }
        match rest[end..].strip_prefix('.') {
            Some(after) => rest = after,
            None => break,
        }
    }
    Some((numbers[0], numbers[1], numbers[2]))
}
