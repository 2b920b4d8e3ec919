//! The prediction: what the files and the loader make of both levels, in the two orders in which an interface may arrive.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use crate::boot::detect::is_masked;
use crate::boot::rehearse::{Real, rehearse};
use crate::boot::report::{Boot, BootLevel};
use crate::boot::{Arguments, Files, Loader, Machine, Origin, Program, Remark, afterwards, has_udev_rule, others};
use crate::check::{About, Findings, Severity};
use crate::error::Result;
use crate::host::Host;
use crate::interface::{IfName, Scope};
use crate::key::{KernelVersion, Key};
use crate::snapshot::{ProcSys, Snapshot};

pub(crate) const LEVELS: [Key; 2] = [Key::ArpIgnore, Key::ArpAnnounce];

/// What a boot is predicted for.
#[derive(Debug, Clone, PartialEq)]
pub struct BootOptions {
    /// The root directory whose files are read: `/`, or that of an image or a container.
    pub root: PathBuf,
    /// Interfaces that are not there now, such as one that will be plugged in.
    pub interfaces: Vec<IfName>,
    /// The program that sets sysctls at boot. None: the one that is found below the root.
    pub loader: Option<Loader>,
    /// Whether that program may be run, in namespaces of its own, to see what it does: only for the root `/`, with CAP_SYS_ADMIN and CAP_NET_ADMIN.
    pub rehearse: bool,
}

impl Default for BootOptions {
    /// This host, as it is, with a rehearsal where that is possible.
    fn default() -> BootOptions {
        BootOptions { root: PathBuf::from("/"), interfaces: Vec::new(), loader: None, rehearse: true }
    }
}

/// Both levels of one scope, with what decides each.
pub(crate) struct Predicted {
    pub scope: Scope,
    pub values: [i32; 2],
    pub origins: [Option<Origin>; 2],
}

/// Which runs of the loader a boot has.
struct Runs {
    /// Why there is none over everything, if there is none.
    why_not: Option<&'static str>,
    /// Whether there is one for each interface that udev adds.
    each: bool,
}

const MASKED: &str = "systemd-sysctl.service is masked";
/// Nothing can write there, and the unit asks for that (`units/systemd-sysctl.service.in: ConditionPathIsReadWrite=/proc/sys/net/`).
const READ_ONLY: &str = "/proc/sys is read-only";

impl Runs {
    fn of(now: &Snapshot, root: &Path, loader: &Loader) -> Runs {
        let systemd = loader.program == Program::SystemdSysctl;
        if root == Path::new("/") && now.proc_sys == ProcSys::ReadOnly {
            return Runs { why_not: Some(READ_ONLY), each: false };
        }
        let masked = systemd && is_masked(root, "systemd-sysctl.service");
        Runs { why_not: masked.then_some(MASKED), each: systemd && has_udev_rule(root) }
    }
}

/// What a boot makes of both levels.
pub(crate) struct Prediction {
    /// Of interfaces that are there when the loader runs.
    pub early: Vec<Predicted>,
    /// Of interfaces that are added after it has run.
    pub late: Vec<Predicted>,
    /// What the loader makes of the lines, in its run over everything.
    pub remarks: Vec<Remark>,
}

impl Prediction {
    /// Works it out by the loader's rules.
    pub fn of(files: &Files, loader: &Loader, udev: bool, kernel: KernelVersion, names: &[IfName]) -> Prediction {
        Prediction::by(files, loader, &Runs { why_not: None, each: udev }, kernel, names)
    }

    fn by(files: &Files, loader: &Loader, runs: &Runs, kernel: KernelVersion, names: &[IfName]) -> Prediction {
        let arrive = |late: bool| boot(files, loader, runs, kernel, names, late);
        let ((early, remarks), (late, _)) = (arrive(false), arrive(true));
        Prediction { early, late, remarks }
    }

    /// Takes the levels of `all` and `default` as they are: who made the container gives them, and will again.
    fn take_over(&mut self, now: &Snapshot) {
        for predicted in self.early.iter_mut().chain(&mut self.late) {
            let conf = match predicted.scope {
                Scope::All => &now.all,
                Scope::Default => &now.default,
                Scope::Interface(_) => continue,
            };
            predicted.values = LEVELS.map(|key| conf.get(key).unwrap_or(0));
        }
    }

    /// The levels as a list for the report.
    pub fn levels(&self) -> Vec<BootLevel> {
        let mut levels = Vec::with_capacity(self.early.len() * 2);
        for (early, late) in self.early.iter().zip(&self.late) {
            for (at, key) in LEVELS.into_iter().enumerate() {
                let origin = early.origins[at].as_ref();
                levels.push(BootLevel {
                    scope: early.scope,
                    key,
                    value: early.values[at],
                    late: (late.values[at] != early.values[at]).then_some(late.values[at]),
                    file: origin.map(|origin| String::from_utf8_lossy(&origin.file).into_owned()),
                    line: origin.map(|origin| origin.line),
                    by_default: origin.is_some_and(|origin| origin.copied),
                });
            }
        }
        levels
    }
}

/// One boot by the loader's rules: the run over everything and, where udev does that, a run for each interface that is added. At boot udev adds every
/// interface once, also one that was there before.
fn boot(
    files: &Files,
    loader: &Loader,
    runs: &Runs,
    kernel: KernelVersion,
    names: &[IfName],
    late: bool,
) -> (Vec<Predicted>, Vec<Remark>) {
    let mut machine = Machine::new(kernel);
    machine.add(b"lo");
    // Process 1 brings lo up before it starts anything (systemd, src/core/main.c: loopback_setup()).
    if loader.program == Program::SystemdSysctl {
        machine.freeze(b"lo");
    }
    let add = |machine: &mut Machine| names.iter().for_each(|name| machine.add(name.as_bytes()));
    if !late {
        add(&mut machine);
    }
    let remarks = match runs.why_not {
        None => loader.run(files, &Arguments::default(), &mut machine),
        Some(_) => Vec::new(),
    };
    if late {
        add(&mut machine);
    }
    if runs.each && !names.is_empty() {
        let prefix = |name: &IfName| [b"/net/ipv4/conf/", name.as_bytes()].concat();
        let arguments = Arguments { prefixes: names.iter().map(prefix).collect(), ..Arguments::default() };
        loader.run(files, &arguments, &mut machine);
    }
    let lo = IfName::from_kernel(b"lo");
    let mut scopes = vec![Scope::All, Scope::Default, Scope::Interface(lo)];
    scopes.extend(names.iter().map(|name| Scope::Interface(*name)));
    let predicted = |scope: Scope| {
        let found = LEVELS.map(|key| machine.value(scope.as_bytes(), key));
        Predicted {
            scope,
            values: found.map(|value| value.map_or(0, |value| value.number)),
            origins: found.map(|value| value.and_then(|value| value.origin.clone())),
        }
    };
    (scopes.into_iter().map(predicted).collect(), remarks)
}

impl Snapshot {
    /// What will be in force after the next boot, worked out from the files below the root, and what a check would find then.
    ///
    /// `vips`: those to check; none checks those that a persist wrote and those that are bound. Needs no privilege.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for an empty list of VIPs; what cannot be read below the root.
    pub fn boot(&self, vips: Option<&[IpAddr]>, options: &BootOptions) -> Result<Boot> {
        report(self, vips, options, false)
    }
}

impl Host {
    /// What will be in force after the next boot, and what a check would find then.
    ///
    /// The rules of the program that sets sysctls at boot are worked out; where it may be ([`BootOptions::rehearse`]) that program is also run in
    /// namespaces of its own, with links of the same names, and both must agree. The files are those of the calling process's mount namespace.
    ///
    /// # Errors
    /// As [`Snapshot::boot`]. A rehearsal that is not possible is no error: [`Boot::rehearsed`] says so.
    pub fn boot(&self, vips: Option<&[IpAddr]>, options: &BootOptions) -> Result<Boot> {
        report(&self.observe_deciding()?, vips, options, options.rehearse)
    }
}

fn report(now: &Snapshot, vips: Option<&[IpAddr]>, options: &BootOptions, may_rehearse: bool) -> Result<Boot> {
    let files = Files::read(&options.root)?;
    let mut findings = Findings::default();
    let loader = options.loader.clone().or_else(|| Loader::detect(&options.root)).unwrap_or_else(|| {
        let assumed = Loader { program: Program::SystemdSysctl, version: Program::SystemdSysctl.newest() };
        findings.add(
            "loader-assumed",
            Severity::Info,
            &About::HOST,
            format_args!(
                "no program that sets sysctls at boot was found below {:?}; the rules of {assumed} are taken",
                options.root
            ),
            format_args!("name another one: systemd-sysctl, procps, procps -p or busybox, with its version"),
        );
        assumed
    });
    let runs = Runs::of(now, &options.root, &loader);
    let names = names(now, &options.interfaces);
    let mut prediction = Prediction::by(&files, &loader, &runs, now.kernel_version(), &names);
    if runs.why_not == Some(READ_ONLY) {
        prediction.take_over(now);
    }
    if let Some(why) = runs.why_not {
        findings.add(
            "loader-does-not-run",
            Severity::Unknown,
            &About::HOST,
            format_args!("{} does not set the levels at boot: {why}", loader.program.name()),
            format_args!("{}", match why {
                MASKED => "systemctl unmask systemd-sysctl, unless something else sets them",
                _ => "whoever makes this container sets those of all and default; lvsarp restore can set those of interfaces",
            }),
        );
    }
    let rehearsed = may_rehearse
        && options.root == Path::new("/")
        && runs.why_not.is_none()
        && compare(&loader, runs.each, &names, &mut prediction, &mut findings);
    others::look(&options.root, &files, &prediction, &mut findings);
    let report = afterwards::check(now, vips, options, &prediction, findings)?;
    Ok(Boot::of(report, prediction.levels(), loader.to_string(), rehearsed))
}

/// The interfaces that a prediction is about: those that are there, but lo, and those that are named.
fn names(now: &Snapshot, named: &[IfName]) -> Vec<IfName> {
    let lo = IfName::from_kernel(b"lo");
    let mut names: Vec<IfName> = now.interfaces.iter().map(|i| i.name).filter(|name| *name != lo).collect();
    for name in named {
        if *name != lo && !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// Runs the loader itself and compares. What it does counts; where the rules say otherwise that is a finding.
fn compare(
    loader: &Loader,
    udev: bool,
    names: &[IfName],
    prediction: &mut Prediction,
    findings: &mut Findings,
) -> bool {
    /// Above this many interfaces it takes too long.
    const MOST: usize = 256;
    let unable = |findings: &mut Findings, program: &str, why: std::fmt::Arguments<'_>| {
        findings.add(
            "not-rehearsed",
            Severity::Info,
            &About::HOST,
            format_args!("{program} itself was not run to see what it does: {why}"),
            format_args!("its rules were worked out instead; with CAP_SYS_ADMIN and CAP_NET_ADMIN both are compared"),
        );
        false
    };
    let real = match real(loader, udev) {
        Ok(_) if names.len() > MOST => {
            return unable(findings, loader.program.name(), format_args!("there are more than {MOST} interfaces"));
        }
        Ok(real) => real,
        Err(why) => return unable(findings, loader.program.name(), format_args!("{why}")),
    };
    let mut told: Vec<(Scope, Key)> = Vec::new();
    for (predicted, late) in [(&mut prediction.early, false), (&mut prediction.late, true)] {
        let seen = match rehearse(&real, names, late) {
            Ok(seen) => seen,
            Err(error) => return unable(findings, real.program, format_args!("{error}")),
        };
        for (predicted, (scope, values)) in predicted.iter_mut().zip(seen) {
            for (at, key) in LEVELS.into_iter().enumerate() {
                if predicted.values[at] == values[at] {
                    continue;
                }
                if !told.contains(&(scope, key)) {
                    told.push((scope, key));
                    findings.add(
                        "loader-disagrees",
                        Severity::Unknown,
                        &About::HOST,
                        format_args!(
                            "{} sets {scope}/{key} to {}, and by its rules as they are known to lvsarp it would be {}",
                            real.program, values[at], predicted.values[at]
                        ),
                        format_args!("what the program did is what counts here; please report it with the files"),
                    );
                }
                predicted.values[at] = values[at];
                predicted.origins[at] = None;
            }
        }
    }
    true
}

/// The program of a loader, or why it cannot be rehearsed.
fn real(loader: &Loader, udev: bool) -> std::result::Result<Real, String> {
    let (paths, arguments): ([&'static str; 2], &'static [&'static str]) = match loader.program {
        Program::SystemdSysctl => (["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"], &[]),
        Program::Procps => (["/usr/sbin/sysctl", "/sbin/sysctl"], &["--system"]),
        // Which files it is called with at boot is not known.
        _ => return Err("lvsarp rehearses systemd-sysctl and sysctl --system alone".to_owned()),
    };
    match Loader::installed(Path::new("/"), loader.program) {
        Some(installed) if installed == *loader => {}
        Some(installed) => return Err(format!("{loader} was asked for, and {installed} is installed")),
        None => return Err("it is not installed".to_owned()),
    }
    let Some(program) = paths.into_iter().find(|path| Path::new(path).exists()) else {
        return Err("it is not where it is looked for".to_owned());
    };
    let systemd = loader.program == Program::SystemdSysctl;
    Ok(Real { program, arguments, lo_is_up: systemd, again_for_each: systemd && udev })
}

/// An address for an interface that is not there yet: by the time it matters it will have one.
pub(crate) const PLACEHOLDER: Ipv4Addr = Ipv4Addr::new(169, 254, 255, 254);
