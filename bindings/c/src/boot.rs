//! The next boot: what will be in force then, and which line of which file decides it (liblvsarp-full).

use std::ffi::{c_char, c_int, c_void};

use lvsarp::{Boot, BootLevel, BootOptions, Scope};

use crate::constants::{LVSARP_BY_DEFAULT, LVSARP_HAS_FILE, LVSARP_HAS_LATE, LVSARP_NO_REHEARSAL};
use crate::door::{enter, look, text_of};
use crate::edge::{self, SizedStruct};
use crate::handle::{Body, Result, Subject, lvsarp_host};
use crate::outcome::{Outcome, lvsarp_finding_cb};
use crate::values::{lvsarp_boot_level, lvsarp_boot_options};

/// Gets one level after the next boot. The struct is valid until it returns; non-zero ends the walk.
pub type lvsarp_boot_level_cb = Option<extern "C" fn(level: *const lvsarp_boot_level, arg: *mut c_void) -> c_int>;

/// What lvsarp_boot() says besides its findings and verdicts.
pub(crate) struct Predicted {
    levels: Vec<BootLevel>,
    loader: [c_char; 64],
    rehearsed: bool,
}

impl Outcome {
    fn of_boot(boot: Boot) -> Outcome {
        let mut predicted = Predicted { levels: boot.levels, loader: [0; 64], rehearsed: boot.rehearsed };
        edge::copy(&boot.loader, &mut predicted.loader);
        Outcome { findings: boot.findings, verdicts: boot.verdicts, boot: Some(predicted), ..Outcome::default() }
    }
}

fn loader(body: &Body) -> &[c_char] {
    body.outcome.boot.as_ref().map_or(&[0], |boot| &boot.loader)
}

/// What C's options stand for.
fn options(interfaces: *const *const c_char, m: usize, options: *const lvsarp_boot_options) -> Result<BootOptions> {
    let options = edge::options(options)?;
    edge::reserved(options.reserved)?;
    Ok(BootOptions {
        root: edge::root_in(&options.root)?,
        interfaces: edge::devices("interfaces", interfaces, m)?,
        loader: edge::field("loader", &options.loader)?.map(str::parse).transpose()?,
        rehearse: edge::flags(options.flags, LVSARP_NO_REHEARSAL)? == 0,
    })
}

/// Says what will be in force after the next boot, and for every VIP whether the host will be silent then: no who-has for it is answered and no request
/// carries it, on no interface.
///
/// The sysctl files below the root are read by the rules of the program that sets sysctls at boot. On a live handle, with CAP_SYS_ADMIN and CAP_NET_ADMIN, and where the root
/// is /, that program is also run in namespaces of its own, with links of the same names, and both are compared: a rehearsal, some tens of milliseconds. It
/// is a child process, which this call waits for. A recorded handle is a host of which only the files are needed. The files are those of the calling
/// process's mount namespace. Needs no privilege.
///
/// What it leaves: lvsarp_finding_each(), lvsarp_verdict_each(), lvsarp_boot_level_each(), lvsarp_boot_loader(), lvsarp_boot_rehearsed().
///
/// @param vips        n VIPs; NULL with n 0 checks those that lvsarp_persist() wrote and those that are bound
/// @param n           how many; 0 only with NULL
/// @param interfaces  m interfaces that need not be there now, such as one that will be plugged in; NULL with m 0 for none
/// @param m           how many
/// @param options     or NULL: this host, as it is, with a rehearsal where that is possible
/// @param cb          gets each finding, the most important first; may be NULL
/// @param arg         is passed on to it
/// @return 0: silent (there may be warnings); 1: not, or it could not be told, and the findings say why; what cb returned to end the walk;
///         -EINVAL; -ENOENT for a root that is not there; another -errno
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_boot(
    h: *mut lvsarp_host,
    vips: *const *const c_char,
    n: usize,
    interfaces: *const *const c_char,
    m: usize,
    options: *const lvsarp_boot_options,
    cb: lvsarp_finding_cb,
    arg: *mut c_void,
) -> c_int {
    enter(h, &mut |body| {
        body.outcome = Outcome::default();
        let vips = edge::addresses(vips, n)?;
        let options = self::options(interfaces, m, options)?;
        let boot = match body.subject() {
            Subject::Live(host) => host.boot(vips.as_deref(), &options)?,
            Subject::Recorded(model) => model.snapshot().boot(vips.as_deref(), &options)?,
        };
        let ok = boot.ok;
        body.outcome = Outcome::of_boot(boot);
        body.outcome.judge(ok, cb, arg)
    })
}

/// The levels after the next boot, if the last call on the handle was lvsarp_boot(): both of all, default, lo and every interface. Stays as long as
/// lvsarp_changed() does.
///
/// @param cb   gets each level
/// @param arg  is passed on to it
/// @return 0, or what cb returned to end the walk; -EINVAL
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_boot_level_each(h: *mut lvsarp_host, cb: lvsarp_boot_level_cb, arg: *mut c_void) -> c_int {
    look(h, &mut |body| {
        let levels = body.outcome.boot.as_ref().map_or(&[][..], |boot| &boot.levels);
        edge::walk(levels.iter().map(level), cb, arg)
    })
}

fn level(level: &BootLevel) -> lvsarp_boot_level {
    let has = [
        (level.late.is_some(), LVSARP_HAS_LATE),
        (level.file.is_some(), LVSARP_HAS_FILE),
        (level.by_default, LVSARP_BY_DEFAULT),
    ];
    let mut ours = lvsarp_boot_level {
        key: level.key.row().id.into(),
        value: level.value,
        late: level.late.unwrap_or(level.value),
        has: has.iter().map(|(is, flag)| if *is { *flag } else { 0 }).sum(),
        line: level.line.unwrap_or(0),
        ..lvsarp_boot_level::empty()
    };
    match &level.scope {
        Scope::Interface(name) => edge::copy(name.as_bytes(), &mut ours.scope),
        scope => edge::copy(scope.to_string(), &mut ours.scope),
    }
    edge::copy(level.file.as_deref().unwrap_or(""), &mut ours.file);
    ours
}

/// The program whose rules the last lvsarp_boot() took, and its version, such as "systemd-sysctl 252". Stays as long as lvsarp_changed() does.
///
/// @return never NULL; "" where the last call on the handle was no lvsarp_boot()
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_boot_loader(h: *const lvsarp_host) -> *const c_char {
    text_of(h, loader, c"", c"")
}

/// Whether the last call on the handle was an lvsarp_boot() that ran that program itself to see what it does. Otherwise its rules were worked out. Stays as
/// long as lvsarp_changed() does.
///
/// @return 1 or 0; a negative errno for a handle that cannot be used
#[unsafe(no_mangle)]
pub extern "C" fn lvsarp_boot_rehearsed(h: *mut lvsarp_host) -> c_int {
    look(h, &mut |body| Ok(body.outcome.boot.as_ref().is_some_and(|boot| boot.rehearsed).into()))
}
