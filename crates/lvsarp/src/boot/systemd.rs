//! One run of `systemd-sysctl` (`src/sysctl/sysctl.c`).

use crate::boot::files::{Content, DIRECTORIES, Entry, rank};
use crate::boot::glob::{Flags, fnmatch, glob, is_pattern};
use crate::boot::line::{self, Line};
use crate::boot::loader::{Arguments, Loader};
use crate::boot::machine::Origin;
use crate::boot::mention::subject;
use crate::boot::remark::RemarkKind;
use crate::boot::run::{Place, Run};
use crate::boot::tree::{Node, PROC_SYS, walk};
use crate::sorted::in_order;

/// Before this version a value was written also where it was there already, and a path could go up by `..`.
const CAREFUL: (u32, u32, u32) = (250, 0, 0);
/// Before this version a pattern was expanded first and then held against the prefixes.
const NARROWED: (u32, u32, u32) = (251, 0, 0);
/// Before this version `/lib/sysctl.d` was read too, in the builds for systems where it is another directory.
const MERGED: (u32, u32, u32) = (255, 0, 0);
/// From this version on a link that leads nowhere because of a loop hides nothing.
const CHASED: (u32, u32, u32) = (258, 0, 0);

/// Names that are passed over (`hidden_or_backup_file()`); one with `.conf` at its end can only be hidden.
fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".")
}

/// One key of the table that the files are read into.
struct Setting<'f> {
    key: Vec<u8>,
    /// None for an exclusion.
    value: Option<&'f [u8]>,
    place: Place<'f>,
}

struct Table<'f> {
    settings: Vec<Setting<'f>>,
    prefixes: Vec<Vec<u8>>,
    loader: Loader,
}

pub(crate) fn run<'f>(loader: &Loader, run: &mut Run<'f, '_>, arguments: &Arguments) {
    let prefixes = arguments.prefixes.iter().map(|prefix| given(loader, prefix)).collect();
    let mut table = Table { settings: Vec::new(), prefixes, loader: loader.clone() };
    if arguments.files.is_empty() {
        for entry in chosen(loader, run) {
            table.read(run, entry);
        }
    } else {
        for name in &arguments.files {
            if let Some(entry) = searched(loader, run, name) {
                table.read(run, entry);
            }
        }
    }
    table.apply(run);
}

/// A prefix as it is compared: `parse_argv()`. It has lost its slash at the start, unless it was nothing else.
fn given(loader: &Loader, prefix: &[u8]) -> Vec<u8> {
    match line::normalized(prefix) {
        root if root == b"/" && loader.version < NARROWED => Vec::new(),
        prefix => prefix,
    }
}

/// The files in the order in which they are read, and what is said about those that are not (`conf_files_list_strv()`).
fn chosen<'f>(loader: &Loader, run: &mut Run<'f, '_>) -> Vec<&'f Entry> {
    let files = run.files;
    let mut chosen: Vec<&Entry> = Vec::new();
    for entry in files.entries() {
        let rank = rank(&entry.path);
        if rank >= DIRECTORIES.len() {
            if entry.path == crate::boot::files::SYSCTL_CONF.as_bytes() && !is_linked(files.entries(), entry) {
                let text = "systemd-sysctl does not read /etc/sysctl.conf, and no link in /etc/sysctl.d leads to it";
                run.remark_file(&entry.path, RemarkKind::SysctlConfNotRead, &text);
            }
            continue;
        }
        if rank == DIRECTORIES.len() - 1 && loader.version >= MERGED {
            run.remark_file(
                &entry.path,
                RemarkKind::Ignored,
                &"this version of systemd-sysctl does not read /lib/sysctl.d",
            );
            continue;
        }
        if is_hidden(entry.name()) || !entry.name().ends_with(b".conf") {
            let text = "systemd-sysctl reads only names that end in .conf and do not begin with a dot";
            run.remark_file(&entry.path, RemarkKind::Ignored, &text);
            continue;
        }
        if let Some(other) = chosen.iter().find(|other| other.name() == entry.name()) {
            run.hidden(entry, other);
            continue;
        }
        if loader.version >= CHASED && matches!(entry.content, Content::Unreadable(libc::ELOOP | libc::ENOTDIR)) {
            run.text(entry);
            continue;
        }
        chosen.push(entry);
    }
    in_order(chosen, &|left, right| left.name().cmp(right.name()))
}

/// Whether a link among the files leads to this one.
fn is_linked(entries: &[Entry], entry: &Entry) -> bool {
    entries.iter().any(|other| {
        rank(&other.path) < DIRECTORIES.len()
            && other.name().ends_with(b".conf")
            && other.link.as_ref().is_some_and(|target| target.ends_with(b"sysctl.conf"))
            && other.content == entry.content
    })
}

/// A FILE argument: a path, or a name that is looked for in the directories until one of them has it or fails (`search_and_fopen()`).
fn searched<'f>(loader: &Loader, run: &Run<'f, '_>, name: &[u8]) -> Option<&'f Entry> {
    let files = run.files;
    if name.starts_with(b"/") {
        return files.entry(name);
    }
    let count = DIRECTORIES.len() - usize::from(loader.version >= MERGED);
    for (rank, directory) in DIRECTORIES.into_iter().enumerate().take(count) {
        if files.broken.contains(&rank) {
            return None;
        }
        match files.entry(&[directory.as_bytes(), b"/", name].concat()) {
            None => {}
            Some(entry) if entry.content == Content::Dangling => {}
            found => return found,
        }
    }
    None
}

impl<'f> Table<'f> {
    fn read(&mut self, run: &mut Run<'f, '_>, entry: &'f Entry) {
        for (number, text) in line::systemd_lines(run.text(entry)) {
            let place = Place { file: &entry.path, line: number };
            let (key, value) = match line::systemd(text) {
                Some(Line::Set { key, value }) => (key, Some(value)),
                Some(Line::Exclude { key }) => (key, None),
                Some(Line::Junk) => {
                    if is_ours(text) {
                        run.remark(place, RemarkKind::NotAnAssignment, &"the line has no '=' and is passed over");
                    }
                    continue;
                }
                None => continue,
            };
            let key = line::normalized(key);
            if is_pattern(&key) || self.in_prefixes(&key) {
                self.put(run, Setting { key, value, place });
            }
        }
    }

    /// A key that is there already with the same value keeps its place; with another value it goes to the end.
    fn put(&mut self, run: &mut Run<'f, '_>, setting: Setting<'f>) {
        if let Some(at) = self.position(&setting.key) {
            let before = &self.settings[at];
            if before.value == setting.value {
                return;
            }
            if subject(&before.key).is_some() {
                match (before.value, setting.value) {
                    (Some(_), None) => {
                        let text = format_args!("{} excludes the same key, which takes this line back", setting.place);
                        run.remark(before.place, RemarkKind::Cancelled, &text);
                    }
                    (Some(_), Some(_)) => {
                        let text = format_args!("{} sets the same key to another value", setting.place);
                        run.remark(before.place, RemarkKind::Overridden, &text);
                    }
                    (None, _) => {}
                }
            }
            self.settings.remove(at);
        }
        self.settings.push(setting);
    }

    fn apply(&self, run: &mut Run<'f, '_>) {
        for setting in &self.settings {
            let Some(value) = setting.value else { continue };
            if !is_pattern(&setting.key) {
                self.write(run, &setting.key, value, setting.place, false);
            } else if self.prefixes.is_empty() || self.loader.version < NARROWED {
                self.apply_pattern(run, &setting.key, value, setting.place);
            } else {
                for prefix in &self.prefixes {
                    let Some(key) = narrowed(&setting.key, prefix) else { continue };
                    if is_pattern(&key) {
                        self.apply_pattern(run, &key, value, setting.place);
                    } else {
                        self.apply_match(run, &key, value, setting.place);
                    }
                }
            }
        }
    }

    /// `apply_glob_option_with_prefix()`.
    fn apply_pattern(&self, run: &mut Run<'f, '_>, pattern: &[u8], value: &[u8], place: Place<'f>) {
        let pattern = [PROC_SYS, pattern].concat();
        for path in glob(&*run.machine, &pattern, Flags { brace: true, nocheck: true, sort: false }) {
            let Some(key) = path.strip_prefix(PROC_SYS) else { continue };
            let key = &key[key.iter().position(|byte| *byte != b'/').unwrap_or(key.len())..];
            if self.loader.version >= NARROWED || self.in_prefixes(key) {
                self.apply_match(run, key, value, place);
            }
        }
    }

    /// One key that a pattern stands for.
    fn apply_match(&self, run: &mut Run<'f, '_>, key: &[u8], value: &[u8], place: Place<'f>) {
        match self.position(key).map(|at| &self.settings[at]) {
            Some(own) => run.spared(&[PROC_SYS, key].concat(), place, own.place, own.value.is_none()),
            None => self.write(run, key, value, place, true),
        }
    }

    /// `sysctl_write()`.
    fn write(&self, run: &mut Run<'f, '_>, key: &[u8], value: &[u8], place: Place<'f>, matched: bool) {
        let path = [PROC_SYS, key].concat();
        if matched {
            run.caught(&path, place);
        }
        if self.loader.version >= CAREFUL {
            if key.split(|byte| *byte == b'/').any(|part| part == b"..") {
                if is_ours(key) {
                    run.remark(place, RemarkKind::NamesNothing, &"systemd-sysctl refuses a key with \"..\" in it");
                }
                return;
            }
            if let Some(Node::Key(scope, key)) = walk(run.machine, &path)
                && let Some(there) = run.machine.value(&scope, key)
                && there.number.to_string().as_bytes() == value
            {
                if !matched && !there.explicit && scope != b"all" && scope != b"default" {
                    let text =
                        "the value is there already and is not written again, so a later write to default replaces it";
                    run.remark(place, RemarkKind::NotPinned, &text);
                }
                let origin = Origin { file: place.file.to_vec(), line: place.line, copied: false };
                run.machine.credit(&scope, key, origin);
                return;
            }
        }
        let text = [value, b"\n"].concat();
        // What fails has been said, and the program goes on.
        let _ = run.write(&path, &text, place);
    }

    fn position(&self, key: &[u8]) -> Option<usize> {
        self.settings.iter().position(|setting| setting.key == key)
    }

    fn in_prefixes(&self, key: &[u8]) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| starts_with(key, prefix))
    }
}

/// `path_startswith()`: by whole parts.
fn starts_with(path: &[u8], prefix: &[u8]) -> bool {
    if path.starts_with(b"/") != prefix.starts_with(b"/") {
        return false;
    }
    let mut path = parts(path);
    parts(prefix).all(|part| path.next() == Some(part))
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."))
}

/// A pattern with its parts replaced by those of a prefix that it matches (`path_glob_can_match()`).
fn narrowed(pattern: &[u8], prefix: &[u8]) -> Option<Vec<u8>> {
    let mut own = parts(pattern);
    for part in parts(prefix) {
        let pattern = own.next()?;
        if pattern != part && !(is_pattern(pattern) && fnmatch(pattern, part, false)) {
            return None;
        }
    }
    let mut key = prefix.to_vec();
    for part in own {
        key.push(b'/');
        key.extend_from_slice(part);
    }
    Some(key)
}

fn is_ours(text: &[u8]) -> bool {
    subject(text.trim_ascii()).is_some()
}
