//! A file such as `/etc/sysctl.conf`, which others keep: ours in it is one marked block, and every other byte stays as it is.

use super::levels_file::{Level, spelled, write_levels};
use super::seal::{self, Whose};

const BEGIN: &str = "# BEGIN lvsarp: ";
const END: &str = "# END lvsarp";

/// What the block remembers of the file before it.
const NO_FILE: &str = "# There was no such file.\n";
const NO_NEWLINE: &str = "# The line in front had no newline.\n";

/// In front of lines that were commented out.
const MARK: &[u8] = b"#lvsarp# ";

/// The directories of `/proc/sys`.
const BRANCHES: [&[u8]; 10] =
    [b"abi", b"crypto", b"debug", b"dev", b"fs", b"kernel", b"net", b"sunrpc", b"user", b"vm"];

/// How a block is put into a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    /// Comment out other assignments of the block's keys.
    pub comment_out: bool,
    /// Replace the block also where somebody has edited it.
    pub force: bool,
}

/// Another assignment of one of the block's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// Its line in the new text, from 1.
    pub line: usize,
    /// The key as it is spelled there.
    pub key: String,
    pub value: String,
    /// It stands behind the block, so that it is what counts.
    pub behind: bool,
}

/// Why a text is left as it is, and the line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub line: usize,
    pub cause: &'static str,
}

const EDITED: &str = "the block of lvsarp that begins here was edited after lvsarp wrote it";

impl Damage {
    /// Whether force helps: the block is whole, and only edited.
    pub fn yields_to_force(&self) -> bool {
        self.cause == EDITED
    }
}

/// A text without its block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// There is no block.
    Nothing,
    File(Vec<u8>),
    /// The file was made for the block, and nothing else is in it.
    NoFile,
}

/// Puts the block into a text: in place of the one that is there, otherwise at the end. `None`: there is no file yet.
pub(crate) fn put(text: Option<&[u8]>, levels: &[Level], how: How) -> Result<(Vec<u8>, Vec<Duplicate>), Damage> {
    let old = text.unwrap_or_default();
    let (no_file, no_newline, before, after);
    match find(old, how.force)? {
        Some(block) => {
            (no_file, no_newline) = (block.remembers(NO_FILE), block.remembers(NO_NEWLINE));
            (before, after) = (block.before, block.after);
        }
        None => {
            // Taking the block out again would change it.
            if let Some(line) = lines(old).position(|line| line.starts_with(MARK)) {
                let cause = "it begins as a line that lvsarp commented out, but no block of lvsarp is there";
                return Err(Damage { line: line + 1, cause });
            }
            (no_file, no_newline) = (text.is_none(), old.last().is_some_and(|byte| *byte != b'\n'));
            (before, after) = (old, &[][..]);
        }
    }
    let mut new = New { text: Vec::with_capacity(old.len() + 512), line: 1, duplicates: Vec::new() };
    new.take_over(before, levels, how.comment_out, false);
    if new.text.last().is_some_and(|byte| *byte != b'\n') {
        new.text.push(b'\n');
    }
    let block = render(levels, no_file, no_newline);
    new.line += lines(&block).count();
    new.text.extend(block);
    new.take_over(after, levels, how.comment_out, true);
    Ok((new.text, new.duplicates))
}

/// Refuses a text without a block that is evidently no file of sysctls.
pub(crate) fn check_kind(text: &[u8]) -> Result<(), Damage> {
    let is_known = |line: &[u8]| {
        let line = line.trim_ascii();
        let comment_or_removal = matches!(line.first(), None | Some(b'#' | b';' | b'-'));
        // busybox takes a blank for `=`.
        let with_blank = || {
            BRANCHES.iter().any(|branch| {
                line.strip_prefix(*branch).is_some_and(|key| key.starts_with(b".") || key.starts_with(b"/"))
            })
        };
        comment_or_removal || line.contains(&b'=') || with_blank()
    };
    match lines(text).position(|line| !is_known(line)) {
        Some(line) if find(text, true)?.is_none() => {
            Err(Damage { line: line + 1, cause: "it is no assignment: this is no file of sysctls" })
        }
        _ => Ok(()),
    }
}

/// Takes the block out, and brings back what was commented out for it.
pub(crate) fn take_out(text: &[u8], force: bool) -> Result<Taken, Damage> {
    let Some(block) = find(text, force)? else { return Ok(Taken::Nothing) };
    let mut rest = Vec::with_capacity(text.len());
    for line in lines(block.before) {
        rest.extend_from_slice(line.strip_prefix(MARK).unwrap_or(line));
    }
    if block.after.is_empty() && block.remembers(NO_NEWLINE) {
        rest.pop_if(|byte| *byte == b'\n');
    }
    for line in lines(block.after) {
        rest.extend_from_slice(line.strip_prefix(MARK).unwrap_or(line));
    }
    Ok(if rest.is_empty() && block.remembers(NO_FILE) { Taken::NoFile } else { Taken::File(rest) })
}

/// A text under way.
struct New {
    text: Vec<u8>,
    /// The number of the next line.
    line: usize,
    duplicates: Vec<Duplicate>,
}

impl New {
    fn take_over(&mut self, part: &[u8], levels: &[Level], comment_out: bool, behind: bool) {
        for line in lines(part) {
            if let Some((key, value)) = assignment(line)
                && levels
                    .iter()
                    .any(|(scope, own, _)| spelled(scope, *own).is_some_and(|own| same(key, own.as_bytes())))
            {
                let [key, value] = [key, value].map(|text| String::from_utf8_lossy(text).into_owned());
                self.duplicates.push(Duplicate { line: self.line, key, value, behind });
                if comment_out {
                    self.text.extend_from_slice(MARK);
                }
            }
            self.text.extend_from_slice(line);
            self.line += 1;
        }
    }
}

/// A block and what is around it.
struct Block<'a> {
    before: &'a [u8],
    /// From the first byte of its first line to the last visible one of its last line.
    text: &'a [u8],
    after: &'a [u8],
}

impl Block<'_> {
    fn remembers(&self, what: &str) -> bool {
        lines(self.text).any(|line| line == what.as_bytes())
    }
}

/// The block of a text, if it is whole; also an edited one by force.
fn find(text: &[u8], force: bool) -> Result<Option<Block<'_>>, Damage> {
    let (mut begin, mut found, mut at) = (None, None, 0);
    for (number, line) in lines(text).enumerate() {
        let number = number + 1;
        let damage = |cause| Err(Damage { line: number, cause });
        if line.starts_with(BEGIN.as_bytes()) {
            if begin.is_some() {
                return damage("a block of lvsarp begins here inside another one");
            }
            if found.is_some() {
                return damage("a second block of lvsarp begins here");
            }
            begin = Some((number, at));
        } else if line.trim_ascii_end() == END.as_bytes() {
            let Some((number, start)) = begin.take() else {
                return damage("a block of lvsarp ends here that does not begin");
            };
            let end = at + END.len();
            let block = Block { before: &text[..start], text: &text[start..end], after: &text[at + line.len()..] };
            found = Some((number, block));
        }
        at += line.len();
    }
    if let Some((line, _)) = begin {
        return Err(Damage { line, cause: "the block of lvsarp that begins here does not end" });
    }
    match found {
        Some((line, block)) if !force && seal::whose(block.text, BEGIN) != Whose::Ours => {
            Err(Damage { line, cause: EDITED })
        }
        found => Ok(found.map(|(_, block)| block)),
    }
}

fn render(levels: &[Level], no_file: bool, no_newline: bool) -> Vec<u8> {
    let mut text = format!(
        "{BEGIN}keeps the virtual IPs of an LVS real server silent in ARP; do not edit this block,\n\
         # `lvsarp unpersist` removes it.\n{}",
        seal::LINE
    );
    for (remember, what) in [(no_file, NO_FILE), (no_newline, NO_NEWLINE)] {
        if remember {
            text.push_str(what);
        }
    }
    write_levels(&mut text, levels);
    text.push_str(END);
    let mut block = seal::seal(text.into_bytes());
    block.push(b'\n');
    block
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// Key and value of a line that some loader takes for an assignment.
///
/// busybox takes a blank for `=` (`procps/sysctl.c: sysctl_handle_preload_file()`); a key alone behind a `-` takes it out of globs, and for systemd also
/// cancels what was read before (`src/sysctl/sysctl.c: parse_line()`).
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"-").unwrap_or(line).trim_ascii_start();
    if matches!(line.first(), None | Some(b'#' | b';')) {
        return None;
    }
    let ends_key = |byte: &u8| *byte == b'=' || (byte.is_ascii_whitespace() && !line.contains(&b'='));
    let (key, value) = match line.iter().position(ends_key) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[][..]),
    };
    Some((key.trim_ascii(), value.trim_ascii()))
}

/// Whether two spellings may name one key: dots and slashes are alike, since the loaders differ in what they take for a separator.
fn same(a: &[u8], b: &[u8]) -> bool {
    fn steps(key: &[u8]) -> impl Iterator<Item = &[u8]> {
        key.split(|byte| matches!(byte, b'.' | b'/')).filter(|step| !step.is_empty())
    }
    steps(a).eq(steps(b))
}

#[cfg(test)]
mod tests;
