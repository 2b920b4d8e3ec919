//! One run of busybox `sysctl -p FILE` (`procps/sysctl.c`).

use crate::boot::files::{Entry, SYSCTL_CONF};
use crate::boot::line::{self, Line};
use crate::boot::loader::{Arguments, Loader};
use crate::boot::mention::subject;
use crate::boot::remark::RemarkKind;
use crate::boot::run::{Place, Run};
use crate::boot::tree::{PROC_SYS, walk};

/// Before this version dots and slashes were not swapped. 1.30 and 1.35 were looked at.
const SWAPPED: (u32, u32, u32) = (1, 35, 0);

pub(crate) fn run<'f>(loader: &Loader, run: &mut Run<'f, '_>, arguments: &Arguments) {
    let conf = [SYSCTL_CONF.as_bytes().to_vec()];
    let names = if arguments.files.is_empty() { &conf } else { &arguments.files[..] };
    run.reads_only(names);
    let mut ended = None;
    for name in names {
        let Some(entry) = run.files.entry(name) else { continue };
        match ended {
            None => ended = apply(loader, run, entry),
            Some(by) => not_reached(run, &entry.path, 0, by),
        }
    }
}

/// Applies one file. Returns the line at which the program died, if it did: a write that fails ends it (`xwrite_str()`).
fn apply<'f>(loader: &Loader, run: &mut Run<'f, '_>, entry: &'f Entry) -> Option<Place<'f>> {
    for (number, raw) in line::joined_lines(run.text(entry)) {
        let place = Place { file: &entry.path, line: number };
        let (key, value) = match line::busybox(&raw) {
            Some(Line::Set { key, value }) => (key, value),
            Some(_) => {
                if subject(raw.trim_ascii().trim_ascii_end()).is_some() {
                    run.remark(
                        place,
                        RemarkKind::NotAnAssignment,
                        &"the line has no '=' with a value and is passed over",
                    );
                }
                continue;
            }
            None => continue,
        };
        // Nothing is written where there is nothing to write.
        if key.is_empty() || value.is_empty() {
            continue;
        }
        let path = absolute(&found(loader, run, key));
        if run.write(&path, value, place) == Err(libc::EINVAL) {
            not_reached(run, &entry.path, number + 1, place);
            return Some(place);
        }
    }
    None
}

fn not_reached(run: &mut Run<'_, '_>, file: &[u8], from: u32, by: Place<'_>) {
    run.remark_lines(
        file,
        from,
        RemarkKind::NotReached,
        &format_args!("busybox ends at {by}, whose value the kernel refuses"),
    );
}

/// `sysctl_dots_to_slashes()`: the fewest dots become slashes so that the path is there.
fn found(loader: &Loader, run: &Run<'_, '_>, key: &[u8]) -> Vec<u8> {
    let first = |wanted: u8| key.iter().position(|byte| *byte == wanted);
    if loader.version >= SWAPPED
        && let (Some(dot), Some(slash)) = (first(b'.'), first(b'/'))
        && dot < slash
    {
        return line::swapped(key);
    }
    let mut name = key.to_vec();
    // Nothing up to here is looked at again.
    let mut good = 0;
    loop {
        let mut ends = (good..=name.len()).rev().filter(|end| *end == name.len() || name[*end] == b'.');
        match ends.find(|end| walk(run.machine, &absolute(&name[..*end])).is_some()) {
            Some(end) if end < name.len() => {
                name[end] = b'/';
                good = end + 1;
            }
            _ => return name,
        }
    }
}

/// A path as it is seen from `/proc/sys`.
fn absolute(path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") { path.to_vec() } else { [PROC_SYS, path].concat() }
}
