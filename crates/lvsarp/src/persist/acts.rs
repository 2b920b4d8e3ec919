//! Persisting, its reverse and restoring, as a host does them.

use std::fs::{File, OpenOptions};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::files::{self, PersistOptions, load};
use super::levels_file::Level;
use super::removal::{self, remove_all};
use super::steps::{Written, put_back};
use super::{managers, wanted};
use crate::apply::refused;
use crate::boot::BootOptions;
use crate::change::{Change, Changes, FileText, Step};
use crate::check::{About, Finding, Findings, Severity};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::journal::{Locked, wait_for};
use crate::plan::Desired;
use crate::snapshot::Snapshot;
use crate::sys;

/// Why a file is written.
const FOR_THE_BOOT: &str = "it holds what is to be in force after a reboot";

/// Why a file is removed.
const OURS: &str = "lvsarp wrote it";

impl Host {
    /// Writes what outlives a reboot: the levels to `/etc/sysctl.d/90-lvsarp.conf`, the VIPs to `/etc/lvsarp/real-server.json`, and the unit that
    /// binds them at boot. The running host is not changed. A second call writes nothing.
    ///
    /// The files are those of the calling process's mount namespace, below [`PersistOptions::root`].
    ///
    /// # Errors
    /// What [`Host::plan`] gives; [`ErrorKind::Refused`](crate::ErrorKind::Refused) for a file that somebody edited or masked, a link, a mount;
    /// [`ErrorKind::ReadOnly`](crate::ErrorKind::ReadOnly), [`ErrorKind::Permission`](crate::ErrorKind::Permission). What had been written before is
    /// put back.
    pub fn persist(&self, desired: &Desired, options: &PersistOptions, patience: Duration) -> Result<Changes> {
        let written = self.write_files(desired, options, patience)?;
        self.foreseen(changes(written, &options.root, FOR_THE_BOOT), desired, options)
    }

    /// Removes the files that [`Host::persist`] wrote, those only, and only as it wrote them. The running host is not changed.
    pub fn unpersist(&self, options: &PersistOptions, patience: Duration) -> Result<Changes> {
        let _locked = self.lock_files(options, patience)?;
        let written = remove_all(options)?;
        Ok(changes(written, &options.root, OURS))
    }

    /// What [`Host::unpersist`] would remove. Changes nothing and locks nothing.
    pub fn plan_unpersist(&self, options: &PersistOptions) -> Result<Changes> {
        self.files_are_ours_to_write(options)?;
        let written = removal::draft(options)?.would(&options.root);
        Ok(Changes { changed: false, ..changes(written, &options.root, OURS) })
    }

    /// [`Host::undo`] and [`Host::unpersist`] in one: the running host first, so that nothing leaks, then the files.
    ///
    /// # Errors
    /// Those of both. Where the files could not be removed after the running host was undone, the hint says so.
    pub fn undo_persistent(&self, options: &PersistOptions, patience: Duration) -> Result<Changes> {
        // What is wrong with the files is said before anything is undone.
        self.files_are_ours_to_write(options)?;
        removal::draft(options)?;
        let mut undone = self.undo(patience)?;
        let removed = self.unpersist(options, patience).map_err(|error| match undone.changed {
            true => {
                let hint = error.hint_text().unwrap_or_default().to_owned();
                let after = "the running host was undone: run lvsarp unpersist when that is mended, or the VIPs come back at the next boot";
                error.hint(if hint.is_empty() { after.to_owned() } else { format!("{hint}; {after}") })
            }
            false => error,
        })?;
        undone.changed |= removed.changed;
        undone.steps.extend(removed.steps);
        undone.findings.extend(removed.findings);
        Ok(undone)
    }

    /// [`Host::persist`] and [`Host::apply`] in one: the files first, and put back as they were if the apply fails.
    pub fn apply_persistent(&self, desired: &Desired, options: &PersistOptions, patience: Duration) -> Result<Changes> {
        if !self.plan(desired)?.ok {
            // It refuses, with the reasons.
            self.apply(desired, patience)?;
        }
        let written = self.write_files(desired, options, patience)?;
        match self.apply(desired, patience) {
            Ok(applied) => {
                let mut all = changes(written, &options.root, FOR_THE_BOOT);
                all.changed |= applied.changed;
                all.steps.extend(applied.steps);
                all.findings.extend(applied.findings);
                self.foreseen(all, desired, options)
            }
            Err(error) if written.files.is_empty() => Err(error),
            Err(error) => Err(error.after_roll_back(put_back(&written))),
        }
    }

    /// What [`Host::persist`] would write. Changes nothing.
    pub fn plan_persist(&self, desired: &Desired, options: &PersistOptions) -> Result<Changes> {
        let written = files::would_write(options, desired, &self.wanted_levels(desired, options)?)?;
        Ok(Changes { changed: false, ..changes(written, &options.root, FOR_THE_BOOT) })
    }

    /// What the boot unit does: applies the real server that a [`Host::persist`] wrote, levels first, read back, and only then the VIPs.
    ///
    /// # Errors
    /// What [`Host::apply`] gives, [`ErrorKind::Refused`](crate::ErrorKind::Refused) above all: no VIP is bound then. A state file that cannot be used.
    pub fn restore(&self, root: &Path, patience: Duration) -> Result<Changes> {
        let Some(desired) = load(root)? else {
            let mut findings = Findings::default();
            findings.add(
                "nothing-persisted",
                Severity::Info,
                &About::HOST,
                format_args!("nothing was persisted, so there is nothing to restore"),
                format_args!("lvsarp persist --vip VIP, or apply --persist"),
            );
            return Ok(Changes { changed: false, steps: Vec::new(), findings: findings.list });
        };
        let mut changes = self.apply(&desired, patience)?;
        let prefixes: Vec<crate::Prefix> = desired.vips.iter().map(|vip| vip.prefix()).collect();
        changes.findings.extend(managers::look(root, desired.dev, &prefixes).findings);
        Ok(changes)
    }

    fn write_files(&self, desired: &Desired, options: &PersistOptions, patience: Duration) -> Result<Written> {
        let levels = self.wanted_levels(desired, options)?;
        let _locked = self.lock_files(options, patience)?;
        files::write_all(options, desired, &levels)
    }

    /// The files below `/` belong to the caller's mount namespace, and at boot to the namespace that is there first: not to another one that the
    /// caller has only opened.
    fn files_are_ours_to_write(&self, options: &PersistOptions) -> Result<()> {
        match self.is_elsewhere() && is_own(&options.root) {
            true => Err(Error::input(
                "the files below / for another network namespace",
                "they are read when this machine boots, not when that namespace is made",
            )
            .hint("run it inside (ip netns exec), where /etc may be another, or name a root directory")),
            false => Ok(()),
        }
    }

    /// Two at a time must not write the files below one root, whatever network namespaces they are in.
    fn lock_files(&self, options: &PersistOptions, patience: Duration) -> Result<FilesLocked> {
        const FILES: &str = "/run/lvsarp/files.lock";
        self.files_are_ours_to_write(options)?;
        let own = is_own(&options.root);
        let _namespace = if own { Some(Locked::take(self, patience)?) } else { None };
        let path = if own { FILES.to_owned() } else { format!("root directory {:?}", options.root) };
        let opened = match own {
            true => OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o644)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path),
            false => File::open(&options.root),
        };
        let files = opened.map_err(|e| Error::os("open", &path, &e))?;
        match wait_for(&files, &path, patience)? {
            true => Ok(FilesLocked { _namespace, files }),
            false => Err(Error::new(ErrorKind::LockTimeout, "lock", path, "another lvsarp is writing the files")),
        }
    }

    /// Adds what keeps the files from doing at boot what they are for.
    fn foreseen(&self, mut changes: Changes, desired: &Desired, options: &PersistOptions) -> Result<Changes> {
        let boot = BootOptions { root: options.root.clone(), ..BootOptions::default() };
        let foreseen = self.observe_deciding().and_then(|now| now.boot(Some(&desired.watched(&now)), &boot));
        let new = match foreseen {
            Ok(boot) => boot.findings,
            // It is done all the same.
            Err(error) => vec![Finding::new(
                "boot-not-foreseen",
                Severity::Warning,
                About::HOST,
                format_args!("what the boot will make of the files could not be worked out: {error}"),
                format_args!("ask again: lvsarp boot"),
            )],
        };
        for finding in new.into_iter().filter(|finding| finding.severity < Severity::Info) {
            let same = |other: &Finding| {
                other.code == finding.code && other.interface == finding.interface && other.vip == finding.vip
            };
            if !changes.findings.iter().any(same) {
                changes.findings.push(finding);
            }
        }
        Ok(changes)
    }

    fn wanted_levels(&self, desired: &Desired, options: &PersistOptions) -> Result<Vec<Level>> {
        self.files_are_ours_to_write(options)?;
        let now = self.observe_deciding()?;
        // What is wrong with the wish is said before anything is written. An image may be for another host than this.
        let plan = now.plan_beside(desired, &[])?;
        if !plan.ok && is_own(&options.root) {
            return Err(refused("persist", "the plan", plan, desired));
        }
        wanted::levels(&now, desired, &options.root)
    }
}

/// The locks that are held while files are written.
struct FilesLocked {
    _namespace: Option<Locked>,
    files: File,
}

impl Drop for FilesLocked {
    fn drop(&mut self) {
        sys::unlock(self.files.as_fd());
    }
}

/// Whether a root is that of this machine.
fn is_own(root: &Path) -> bool {
    root.as_os_str() == "/"
}

/// What was done to files, as changes.
fn changes(written: Written, root: &Path, reason: &str) -> Changes {
    let text = |content: Option<Vec<u8>>| content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let below = |path: String| match is_own(root) {
        true => path,
        false => format!("{}{path}", root.display().to_string().trim_end_matches('/')),
    };
    let steps = written.files.into_iter().map(|file| Step {
        change: Change::File(Box::new(FileText { path: below(file.path), old: text(file.old), new: text(file.new) })),
        reason: reason.to_owned(),
    });
    Changes { findings: written.findings, ..Changes::done(steps.collect()) }
}

/// What the boot will make of the VIPs: who binds them, and who takes them away again. Gives whether it runs `lvsarp restore` for them.
pub(crate) fn foretell(
    root: &Path,
    now: &Snapshot,
    desired: Option<&Desired>,
    watched: &[IpAddr],
    findings: &mut Findings,
) -> bool {
    let dev = desired.map_or(IfName::from_kernel(b"lo"), |desired| desired.dev);
    // What stands for a prefix is no address that a file could list.
    let listed = |vip: &IpAddr| desired.is_none_or(|desired| desired.vips.iter().any(|own| own.address() == *vip));
    let bound = |vip: &IpAddr| now.addresses.iter().any(|address| address.dev == dev && address.local == *vip);
    let own = watched.iter().filter(|vip| listed(vip) || bound(vip));
    let prefixes: Vec<crate::Prefix> = own.map(|vip| crate::Prefix::host(*vip)).collect();
    let seen = managers::look(root, dev, &prefixes);
    let ours: Vec<IpAddr> = desired.map(|desired| desired.watched(now)).unwrap_or_default();
    let binds = |vip: &IpAddr| {
        let codes = ["manager-binds-vip", "manager-binds-subnet"];
        seen.findings.iter().any(|finding| finding.vip == Some(*vip) && codes.contains(&finding.code))
    };
    for vip in watched.iter().filter(|vip| !ours.contains(vip) && !binds(vip)) {
        findings.add(
            "vip-not-persisted",
            Severity::Unknown,
            &About::vip(*vip),
            format_args!("{vip} is in no file of lvsarp, so it is not known what binds it after a reboot"),
            format_args!("lvsarp persist --vip {vip}, unless another program binds it"),
        );
    }
    let runs = desired.is_some() && super::unit::foretell(root, findings);
    findings.list.extend(seen.findings);
    runs
}
