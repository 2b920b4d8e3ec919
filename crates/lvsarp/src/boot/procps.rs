//! One run of procps `sysctl --system` or `sysctl -p FILE` (`src/sysctl.c`; `sysctl.c` before 4.0).

use crate::boot::files::{Content, DIRECTORIES, Entry, SYSCTL_CONF, rank};
use crate::boot::glob::{Flags, fnmatch, glob, is_pattern};
use crate::boot::line::{self, Line};
use crate::boot::loader::{Arguments, Loader, Program};
use crate::boot::mention::subject;
use crate::boot::remark::RemarkKind;
use crate::boot::run::{Place, Run};
use crate::boot::tree::{Node, PROC_SYS, walk};
use crate::sorted::in_order;

/// Before this version every line was written as it was read, and a pattern was a key like any other.
const PATTERNS: (u32, u32, u32) = (4, 0, 0);
/// Before this version an exclusion could not be a pattern.
const EXCLUDED_PATTERNS: (u32, u32, u32) = (4, 0, 5);

/// One line of the list that the files are read into.
struct Setting<'f> {
    path: Vec<u8>,
    /// None for an exclusion.
    value: Option<&'f [u8]>,
    place: Place<'f>,
}

pub(crate) fn run<'f>(loader: &Loader, run: &mut Run<'f, '_>, arguments: &Arguments) {
    let mut settings = Vec::new();
    if loader.program == Program::Procps {
        for entry in chosen(run) {
            preload(loader, run, &entry.path, &mut settings);
        }
        // stat() has to find a regular file.
        if run.files.entry(SYSCTL_CONF.as_bytes()).is_some_and(is_regular) {
            preload(loader, run, SYSCTL_CONF.as_bytes(), &mut settings);
        }
    } else {
        let conf = [SYSCTL_CONF.as_bytes().to_vec()];
        let names = if arguments.files.is_empty() { &conf } else { &arguments.files[..] };
        for name in names {
            preload(loader, run, name, &mut settings);
        }
        run.reads_only(names);
    }
    write_all(loader, run, &settings);
}

fn is_regular(entry: &Entry) -> bool {
    matches!(entry.content, Content::Text(_) | Content::TooLarge)
}

/// The files of the directories in the order in which they are read, and what is said about those that are not (`PreloadSystem()`).
fn chosen<'f>(run: &mut Run<'f, '_>) -> Vec<&'f Entry> {
    let files = run.files;
    let mut chosen: Vec<&Entry> = Vec::new();
    for entry in files.entries() {
        if rank(&entry.path) >= DIRECTORIES.len() {
            continue;
        }
        if !entry.name().ends_with(b".conf") {
            run.remark_file(&entry.path, RemarkKind::Ignored, &"sysctl --system reads only names that end in .conf");
            continue;
        }
        match chosen.iter().find(|other| other.name() == entry.name()) {
            Some(other) => run.hidden(entry, other),
            None => chosen.push(entry),
        }
    }
    in_order(chosen, &|left, right| left.name().cmp(right.name()))
}

/// `Preload()`: the name is itself a pattern.
fn preload<'f>(loader: &Loader, run: &mut Run<'f, '_>, name: &[u8], settings: &mut Vec<Setting<'f>>) {
    let files = run.files;
    for path in glob(files, name, Flags { brace: true, nocheck: true, sort: true }) {
        // Where one of the names cannot be opened, the others are not read.
        let Some(entry) = files.entry(&path) else { return };
        let text = run.text(entry);
        if matches!(entry.content, Content::Dangling | Content::Unreadable(_)) {
            return;
        }
        for (number, raw) in line::string_lines(text) {
            let place = Place { file: &entry.path, line: number };
            let old = loader.version < PATTERNS;
            match if old { line::procps_3(raw) } else { line::procps(raw) } {
                Some(Line::Set { key, value }) if old => {
                    write(run, &path_of(key), value, place);
                }
                Some(Line::Set { key, value }) => {
                    settings.push(Setting { path: path_of(undashed(key)), value: Some(value), place });
                }
                Some(Line::Exclude { key }) => {
                    settings.push(Setting { path: path_of(undashed(key)), value: None, place });
                }
                Some(Line::Junk) if subject(raw.trim_ascii()).is_some() => {
                    run.remark(place, RemarkKind::NotAnAssignment, &"the line has no '=' and is passed over");
                }
                Some(Line::Junk) | None => {}
            }
        }
    }
}

/// `setting_new()` takes one dash more.
fn undashed(key: &[u8]) -> &[u8] {
    key.strip_prefix(b"-").unwrap_or(key)
}

fn path_of(key: &[u8]) -> Vec<u8> {
    [PROC_SYS, &line::swapped(key)].concat()
}

/// `write_setting_list()`.
fn write_all<'f>(loader: &Loader, run: &mut Run<'f, '_>, settings: &[Setting<'f>]) {
    for setting in settings {
        let Some(value) = setting.value else { continue };
        if !is_pattern(&setting.path) {
            write(run, &setting.path, value, setting.place);
            continue;
        }
        for path in glob(&*run.machine, &setting.path, Flags { brace: false, nocheck: false, sort: true }) {
            match settings.iter().find(|other| names(loader, other, &path)) {
                Some(own) => run.spared(&path, setting.place, own.place, own.value.is_none()),
                None => {
                    run.caught(&path, setting.place);
                    write(run, &path, value, setting.place);
                }
            }
        }
    }
}

/// Whether a line sets or excludes a path that a pattern stands for (`settinglist_findpath()`).
fn names(loader: &Loader, setting: &Setting<'_>, path: &[u8]) -> bool {
    setting.path == path
        || setting.value.is_none() && loader.version >= EXCLUDED_PATTERNS && fnmatch(&setting.path, path, false)
}

/// `WriteSetting()`.
fn write<'f>(run: &mut Run<'f, '_>, path: &[u8], value: &[u8], place: Place<'f>) {
    if let Some(Node::Directory(_)) = walk(run.machine, path) {
        return;
    }
    let text = [value, b"\n"].concat();
    // What fails has been said, and the program goes on.
    let _ = run.write(path, &text, place);
}
