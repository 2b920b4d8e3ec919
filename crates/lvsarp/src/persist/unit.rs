//! The systemd unit that runs `lvsarp restore` at boot, and the links that enable it.

use std::path::Path;

use super::file::{Entry, entry};
use super::place::{exists, is_there};
use super::seal::{self, Whose};
use super::state_file;
use crate::check::{About, Findings, Severity};
use crate::error::{Error, Result};

/// The unit's file.
pub(crate) const PATH: &str = "/etc/systemd/system/lvsarp.service";

/// What `systemctl enable` would make of the unit's `WantedBy=`.
pub(crate) const LINKS: [&str; 2] = [
    "/etc/systemd/system/multi-user.target.wants/lvsarp.service",
    "/etc/systemd/system/network-online.target.wants/lvsarp.service",
];

const BEGINNING: &str = "# Written by lvsarp: ";

/// Where programs are looked for, in this order.
const PROGRAMS: [&str; 4] = ["/usr/local/sbin/lvsarp", "/usr/sbin/lvsarp", "/usr/local/bin/lvsarp", "/usr/bin/lvsarp"];

/// Whether systemd is installed there. Where that cannot be found out it is an error: without the unit nothing would bind the VIPs at boot.
pub(crate) fn has_systemd(root: &Path) -> Result<bool> {
    Ok(is_there(root, "/usr/lib/systemd/systemd")? || is_there(root, "/lib/systemd/systemd")?)
}

/// The program that is installed there.
pub(crate) fn installed(root: &Path) -> Option<&'static str> {
    PROGRAMS.into_iter().find(|path| exists(root, path))
}

/// The unit's text.
///
/// It comes behind those that configure interfaces: one of them may own `lo` and remove addresses there that it does not know. A later VIP is the safe
/// side; the levels are in force by then, set by systemd-sysctl. It mounts nothing of its own, which not every container allows.
///
/// # Errors
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a path that systemd takes for no program.
pub(crate) fn render(program: &str) -> Result<Vec<u8>> {
    let program = quoted(program)?;
    let text = format!(
        "{BEGINNING}it brings back the virtual IPs of an LVS real server at boot.\n\
         # `lvsarp unpersist` removes this file. Do not edit it: `systemctl edit lvsarp` adds to it, `systemctl disable lvsarp` stops it.\n\
         {seal}\n\
         [Unit]\n\
         Description=Virtual IPs of an LVS real server, silent in ARP\n\
         DefaultDependencies=no\n\
         After=local-fs.target systemd-sysctl.service systemd-networkd.service NetworkManager.service networking.service \
         network.service\n\
         Before=network-online.target shutdown.target\n\
         Conflicts=shutdown.target\n\
         ConditionPathExists={state}\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart={program} restore\n\
         TimeoutStartSec=90\n\
         UMask=0022\n\
         LockPersonality=yes\n\
         RestrictRealtime=yes\n\
         RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target network-online.target\n",
        seal = seal::LINE,
        state = state_file::PATH,
    );
    Ok(seal::seal(text.into_bytes()))
}

/// Whose a unit is.
pub(crate) fn whose(text: &[u8]) -> Whose {
    seal::whose(text, BEGINNING)
}

/// Whether a link in one of [`LINKS`]' places enables the unit; people and old versions of systemctl make relative ones.
pub(crate) fn enables(target: &[u8]) -> bool {
    [PATH.as_bytes(), b"../lvsarp.service"].contains(&target)
}

/// Whether the boot runs it, for a wish that was persisted; what keeps it from that is added.
pub(crate) fn foretell(root: &Path, findings: &mut Findings) -> bool {
    if !matches!(has_systemd(root), Ok(true)) {
        return false;
    }
    let why = match entry(root, PATH) {
        Ok(Entry::File(found)) if found.content.is_empty() => "masked: its file is empty".to_owned(),
        Ok(Entry::File(_)) if !LINKS.iter().any(|link| exists(root, link)) => "not enabled".to_owned(),
        Ok(Entry::File(found)) => return has_program(root, &found.content, findings),
        Ok(Entry::Nothing) => "missing".to_owned(),
        Ok(Entry::Link(target)) if target.ends_with(b"/dev/null") => "masked".to_owned(),
        Ok(Entry::Link(target)) => format!("a link to {}", crate::boot::shown(&target)),
        Ok(Entry::Other(what)) => format!("not there: {what}"),
        Err(e) => format!("not to be read: {e}"),
    };
    findings.add(
        "restore-not-enabled",
        Severity::Unknown,
        &About::HOST,
        format_args!("VIPs were persisted, but the unit that binds them at boot, {PATH}, is {why}"),
        format_args!("systemctl unmask lvsarp and systemctl enable lvsarp, or persist again"),
    );
    false
}

/// Whether the program that a unit starts is there.
fn has_program(root: &Path, unit: &[u8], findings: &mut Findings) -> bool {
    let program = program(unit);
    let there = program.as_deref().is_some_and(|path| exists(root, path));
    if !there {
        let program = program.as_deref().unwrap_or("that the unit runs");
        findings.add(
            "restore-program-missing",
            Severity::Unknown,
            &About::HOST,
            format_args!("the program {program} is not there, so nothing binds the VIPs at boot"),
            format_args!("install it there, or persist again with the program that is installed"),
        );
    }
    there
}

/// The program of the last `ExecStart=`, as [`quoted`] writes it.
fn program(unit: &[u8]) -> Option<String> {
    let lines = std::str::from_utf8(unit).ok()?.lines();
    let command = lines.filter_map(|line| line.strip_prefix("ExecStart=")).next_back()?.trim();
    let word = match command.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => command.split_ascii_whitespace().next(),
    };
    Some(word?.trim_start_matches(['-', '@', ':', '+', '!', '|']).replace("%%", "%"))
}

/// A program as `ExecStart=` takes it (`src/core/load-fragment.c: config_parse_exec()`): quoted where it has blanks, with `%` doubled. Quotes,
/// backslashes and control characters are refused there (`src/basic/string-util.c: string_is_safe()`).
fn quoted(program: &str) -> Result<String> {
    let refuse = |cause: &str| Err(Error::input(format_args!("program {program:?}"), cause));
    if !program.starts_with('/') || program.ends_with('/') {
        return refuse("it is not the absolute path of a program");
    }
    if program.contains(|c: char| c.is_control() || "\"'\\".contains(c)) {
        return refuse("systemd starts no program with quotes, backslashes or control characters in its path");
    }
    let literal = program.replace('%', "%%");
    Ok(if literal.contains(char::is_whitespace) { format!("\"{literal}\"") } else { literal })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Root, inside, sh};
    use super::*;

    #[test]
    fn a_program_is_quoted_as_systemd_reads_it() {
        assert_eq!(quoted("/usr/sbin/lvsarp").unwrap(), "/usr/sbin/lvsarp");
        assert_eq!(quoted("/opt/a b/50%/lvsarp").unwrap(), "\"/opt/a b/50%%/lvsarp\"");
        for bad in ["", "lvsarp", "./lvsarp", "/usr/sbin/", "/a\"b", "/a'b", "/a\\b", "/a\nb"] {
            assert!(quoted(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_edited_unit_is_told_from_ours_and_from_another() {
        let text = render("/usr/sbin/lvsarp").unwrap();
        assert_eq!(whose(&text), Whose::Ours);
        let edited = String::from_utf8(text).unwrap().replace("oneshot", "simple");
        assert_eq!(whose(edited.as_bytes()), Whose::Edited);
        assert_eq!(whose(b"[Service]\nExecStart=/bin/true\n"), Whose::Foreign);
    }

    #[test]
    fn what_keeps_the_boot_from_running_it_is_told() {
        let told = |spoil: &dyn Fn(&Root)| {
            let root = Root::of_machine(true);
            root.write(PATH, render("/usr/sbin/lvsarp").unwrap());
            root.write(LINKS[0], "");
            spoil(&root);
            let mut findings = Findings::default();
            let runs = foretell(root.path(), &mut findings);
            (runs, findings.list.first().map(|finding| (finding.code, finding.message.clone())))
        };
        let remove = |root: &Root, path: &str| std::fs::remove_file(root.join(path)).unwrap();
        assert_eq!(told(&|_| ()), (true, None));
        let masked = |root: &Root| {
            remove(root, PATH);
            std::os::unix::fs::symlink("/dev/null", root.join(PATH)).unwrap();
        };
        type Spoilt<'a> = (&'a dyn Fn(&Root), &'a str, &'a str);
        let spoilt: [Spoilt<'_>; 4] = [
            (&masked, "restore-not-enabled", "is masked"),
            (&|root| remove(root, PATH), "restore-not-enabled", "is missing"),
            (&|root| remove(root, LINKS[0]), "restore-not-enabled", "is not enabled"),
            (&|root| remove(root, "/usr/sbin/lvsarp"), "restore-program-missing", "/usr/sbin/lvsarp"),
        ];
        for (spoil, code, why) in spoilt {
            let (runs, finding) = told(spoil);
            let (own, message) = finding.unwrap();
            assert!(!runs && own == code && message.contains(why), "{own}: {message}");
        }
    }

    #[test]
    fn the_program_is_read_as_it_was_written() {
        for path in ["/usr/sbin/lvsarp", "/opt/a b/50%/lvsarp"] {
            assert_eq!(program(&render(path).unwrap()).as_deref(), Some(path));
        }
    }

    #[test]
    fn systemd_takes_the_unit() {
        if !inside(module_path!(), "systemd_takes_the_unit") {
            return;
        }
        let root = Root::new();
        let program = root.join("/a b/50%/lvsarp");
        root.write("/a b/50%/lvsarp", "#!/bin/sh\n");
        sh(&format!("chmod 755 '{}'", program.display()));
        root.write("/lvsarp.service", render(program.to_str().unwrap()).unwrap());
        let said = sh(&format!("systemd-analyze verify --man=no {} 2>&1", root.join("/lvsarp.service").display()));
        assert!(!said.contains("lvsarp.service"), "{said}");
    }
}
