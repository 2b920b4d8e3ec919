//! What will be in force after the next boot, and which line of which file decides it.

use serde::Serialize;

use crate::check::{Finding, Report, Verdict};
use crate::interface::Scope;
use crate::key::Key;

/// One level after the next boot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BootLevel {
    /// Where it stands.
    pub scope: Scope,
    /// Which level.
    pub key: Key,
    /// Its value when the boot is over.
    pub value: i32,
    /// Its value where the interface is only added after the loader has run, if that is another one.
    pub late: Option<i32>,
    /// The file that decides it, as its path below the root; none where no file does and the kernel's 0 stays.
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// Whether it comes by way of `default`, which the kernel copies to interfaces that have no value of their own.
    pub by_default: bool,
}

/// The answer to "what will be in force after a reboot?".
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Boot {
    /// No finding is an error, and nothing that decides was unknown.
    pub ok: bool,
    /// What was found in the files, and what a check would find after the boot; the most important first.
    pub findings: Vec<Finding>,
    /// Every VIP on every interface, after the boot.
    pub verdicts: Vec<Verdict>,
    /// Both levels of `all`, `default`, `lo` and every interface.
    pub levels: Vec<BootLevel>,
    /// The program that sets them at boot and its version, such as `systemd-sysctl 252`.
    pub loader: String,
    /// Whether that program itself was run in a namespace of its own to see what it does. Otherwise its rules were worked out.
    pub rehearsed: bool,
}

impl Boot {
    pub(crate) fn of(report: Report, levels: Vec<BootLevel>, loader: String, rehearsed: bool) -> Boot {
        let Report { ok, findings, verdicts } = report;
        Boot { ok, findings, verdicts, levels, loader, rehearsed }
    }

    /// Whether a VIP is known not to be silent after the boot.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == crate::check::Severity::Error)
    }
}
