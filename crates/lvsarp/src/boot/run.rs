//! One run of a program against a machine: what it writes, and what is said about it.

use std::fmt;

use crate::boot::files::{Content, Entry, Files};
use crate::boot::machine::{KEYS, Machine, Origin};
use crate::boot::mention::{Mention, Spelling, subject};
use crate::boot::remark::{Remark, RemarkKind};
use crate::boot::tree::{Node, PROC_SYS, walk};
use crate::key::Key;
use crate::sorted::in_order;

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'f> {
    pub file: &'f [u8],
    pub line: u32,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", String::from_utf8_lossy(self.file), self.line)
    }
}

/// A run that is under way.
pub(crate) struct Run<'f, 'm> {
    pub machine: &'m mut Machine,
    pub files: &'f Files,
    mentions: Vec<Mention>,
    remarks: Vec<Remark>,
    writes: Vec<Write<'f>>,
}

/// A write that the kernel took.
struct Write<'f> {
    scope: Vec<u8>,
    key: Key,
    number: i32,
    place: Place<'f>,
}

impl<'f, 'm> Run<'f, 'm> {
    pub fn new(files: &'f Files, machine: &'m mut Machine) -> Run<'f, 'm> {
        Run { machine, files, mentions: files.mentions(), remarks: Vec::new(), writes: Vec::new() }
    }

    /// Writes a text to what an absolute path leads to. The errno of a failure: `ENOENT` also for what is not known here.
    pub fn write(&mut self, path: &[u8], text: &[u8], place: Place<'f>) -> Result<(), i32> {
        let Some(Node::Key(scope, key)) = walk(self.machine, path) else {
            self.names_nothing(path, place);
            return Err(libc::ENOENT);
        };
        let origin = Origin { file: place.file.to_vec(), line: place.line, copied: false };
        if let Err(errno) = self.machine.write(&scope, key, text, Some(origin)) {
            let shown = shown(text.trim_ascii_end());
            self.remark(
                place,
                RemarkKind::Refused,
                &format_args!("the kernel refuses \"{shown}\" for {}", Name(&scope, key)),
            );
            return Err(errno);
        }
        let number = self.machine.value(&scope, key).map_or(0, |value| value.number);
        self.writes.push(Write { scope, key, number, place });
        Ok(())
    }

    /// A pattern stands for this path, too: where that is `lo` or `default`, it is said.
    pub fn caught(&mut self, path: &[u8], place: Place<'f>) {
        if let Some(Node::Key(scope, key)) = walk(self.machine, path)
            && matches!(&scope[..], b"lo" | b"default")
        {
            let why =
                if scope == b"default" { ", which every interface without a value of its own follows" } else { "" };
            self.remark(
                place,
                RemarkKind::GlobCaught,
                &format_args!("the pattern also sets {}{why}", Name(&scope, key)),
            );
        }
    }

    /// A pattern leaves a key alone because of another line: one that sets it, or one that excludes it.
    pub fn spared(&mut self, path: &[u8], place: Place<'f>, by: Place<'f>, excluded: bool) {
        let Some(Node::Key(scope, key)) = walk(self.machine, path) else { return };
        let (kind, verb) = if excluded { (RemarkKind::Excluded, "excludes") } else { (RemarkKind::Shielded, "sets") };
        self.remark(
            place,
            kind,
            &format_args!("the pattern leaves {} alone because {by} {verb} it by its name", Name(&scope, key)),
        );
    }

    fn names_nothing(&mut self, path: &[u8], place: Place<'f>) {
        let Some(subject) = path.strip_prefix(PROC_SYS).and_then(subject) else { return };
        let scope = shown(&subject.scope);
        let Some(key) = subject.keys().next() else { return };
        match subject.spelling {
            Spelling::Naive => {
                let text = format_args!(
                    "the key names nothing: the dots of {scope} have to be slashes here, or write net/ipv4/conf/{scope}/{key}"
                );
                self.remark(place, RemarkKind::NamesNothing, &text);
            }
            Spelling::Mixed | Spelling::Path => {
                let text = format_args!("the key names nothing in this spelling: write net/ipv4/conf/{scope}/{key}");
                self.remark(place, RemarkKind::NamesNothing, &text);
            }
            Spelling::Dots | Spelling::Slashes => {
                self.remark(
                    place,
                    RemarkKind::NamesNothing,
                    &format_args!("the key names nothing: there is no interface {scope}"),
                );
            }
        }
    }

    pub fn remark(&mut self, place: Place<'_>, kind: RemarkKind, text: &dyn fmt::Display) {
        self.remarks.push(Remark { file: place.file.to_vec(), line: place.line, kind, text: text.to_string() });
    }

    /// Says something about every line of a file that names one of our keys, from a line on.
    pub fn remark_lines(&mut self, file: &[u8], from: u32, kind: RemarkKind, text: &dyn fmt::Display) {
        let mut last = 0;
        for mention in &self.mentions {
            if mention.file == file && mention.line >= from && mention.line != last {
                last = mention.line;
                self.remarks.push(Remark { file: file.to_vec(), line: last, kind, text: text.to_string() });
            }
        }
    }

    /// Says something about a file, if it names one of our keys.
    pub fn remark_file(&mut self, file: &[u8], kind: RemarkKind, text: &dyn fmt::Display) {
        if let Some(line) = self.mentions.iter().find(|mention| mention.file == file).map(|mention| mention.line) {
            self.remark(Place { file, line }, kind, text);
        }
    }

    /// The program reads these files and no others.
    pub fn reads_only(&mut self, names: &[Vec<u8>]) {
        for entry in self.files.entries().iter().filter(|entry| !names.contains(&entry.path)) {
            self.remark_file(&entry.path, RemarkKind::Ignored, &"the program does not read this file");
        }
    }

    /// A file is not read because of another one of the same name.
    pub fn hidden(&mut self, entry: &Entry, by: &Entry) {
        let other = String::from_utf8_lossy(&by.path);
        let mask = by.content == Content::Null || by.text().is_some_and(<[u8]>::is_empty);
        let (kind, verb) = if mask { (RemarkKind::Masked, "masks") } else { (RemarkKind::Hidden, "hides") };
        self.remark_file(&entry.path, kind, &format_args!("{other} {verb} the whole file"));
    }

    /// A file's bytes, or what is said where it has none.
    pub fn text(&mut self, entry: &'f Entry) -> &'f [u8] {
        let why = match &entry.content {
            Content::Text(text) => return text,
            Content::Null => return b"",
            Content::Dangling => "it is a link to what is not there",
            Content::Directory => "it is a directory",
            Content::NotRegular => "it is no regular file, and a program may wait for ever to read it",
            Content::TooLarge => "it is longer than 1 MiB",
            Content::Unreadable(_) => "there is no access to it",
        };
        self.remark(Place { file: &entry.path, line: 0 }, RemarkKind::Unread, &format_args!("it is not read: {why}"));
        b""
    }

    /// What was said, with what is known only at the end: which lines were overridden by later ones.
    pub fn finish(mut self) -> Vec<Remark> {
        let writes = std::mem::take(&mut self.writes);
        let target = |at: usize| (&writes[at].scope, KEYS.iter().position(|key| *key == writes[at].key));
        let order = in_order((0..writes.len()).collect(), &|left, right| target(*left).cmp(&target(*right)));
        for same in order.chunk_by(|left, right| {
            writes[*left].scope == writes[*right].scope && writes[*left].key == writes[*right].key
        }) {
            let Some((last, before)) = same.split_last() else { continue };
            let last = &writes[*last];
            for at in before {
                let write = &writes[*at];
                if write.number != last.number {
                    let text = format_args!(
                        "{} sets {} to {} after this line sets it to {}",
                        last.place,
                        Name(&last.scope, last.key),
                        last.number,
                        write.number
                    );
                    self.remark(write.place, RemarkKind::Overridden, &text);
                }
            }
        }
        self.remarks
    }
}

/// `eth0/arp_ignore`.
pub(crate) struct Name<'a>(pub &'a [u8], pub Key);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", shown(self.0), self.1)
    }
}

/// Bytes as text for a sentence.
pub(crate) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}
