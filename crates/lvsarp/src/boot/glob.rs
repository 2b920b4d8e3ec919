//! `glob(3)` and `fnmatch(3)` of the C library, on a tree of names: what the loaders use for keys and for file names.

use crate::sorted::in_order;

/// A tree of names that can be searched.
pub(crate) trait Tree {
    /// The names in a directory, in the order in which the system lists them; none where the path is no directory.
    fn names(&self, directory: &[u8]) -> Option<Vec<Vec<u8>>>;
    /// Whether there is something at this path.
    fn exists(&self, path: &[u8]) -> bool;
}

/// The flags of `glob(3)` that the loaders use.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    /// `GLOB_BRACE`: `{a,b}` are alternatives.
    pub brace: bool,
    /// `GLOB_NOCHECK`: a pattern that matches nothing stands for itself.
    pub nocheck: bool,
    /// Without `GLOB_NOSORT`.
    pub sort: bool,
}

impl Flags {
    /// `GLOB_NOSORT` alone.
    const PLAIN: Flags = Flags { brace: false, nocheck: false, sort: false };
}

/// The number of names that one block of a directory's names holds; each further block holds twice as many (`posix/glob.c: INITIAL_COUNT`).
const BLOCK: usize = 64;

/// The deepest nesting of braces and of parts with wildcards that is looked at.
const DEEPEST: u32 = 40;

/// Whether a loader treats a key as a pattern (`string_is_glob()` of systemd and of procps).
pub(crate) fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Every path that a pattern stands for.
pub(crate) fn glob(tree: &dyn Tree, pattern: &[u8], flags: Flags) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    collect(tree, pattern, flags, false, DEEPEST, &mut found);
    found
}

/// With `directories`, wildcards in the last part match only those (`GLOB_ONLYDIR`).
fn collect(tree: &dyn Tree, pattern: &[u8], flags: Flags, directories: bool, depth: u32, found: &mut Vec<Vec<u8>>) {
    let first = found.len();
    if depth == 0 {
        return;
    }
    if flags.brace
        && let Some(braces) = braces(pattern)
    {
        for part in braces.parts {
            let one = [braces.before, part, braces.after].concat();
            collect(tree, &one, Flags { nocheck: false, ..flags }, directories, depth - 1, found);
        }
        if found.len() > first || !flags.nocheck {
            return;
        }
    }
    let Some(slash) = pattern.iter().rposition(|byte| *byte == b'/') else { return };
    let (directory, name) = (&pattern[..slash], &pattern[slash + 1..]);
    if name.is_empty() && slash > 0 {
        // "pattern/" is expanded as "pattern", and directories get their slash back.
        collect(tree, directory, Flags { nocheck: false, ..flags }, true, depth - 1, found);
        for path in &mut found[first..] {
            if tree.names(path).is_some() {
                path.push(b'/');
            }
        }
    } else if has_magic(directory).any() {
        let mut above = Vec::new();
        collect(tree, directory, Flags::PLAIN, true, depth - 1, &mut above);
        for directory in above {
            within(tree, &directory, name, directories, found);
        }
    } else {
        within(tree, &unescaped(directory), name, directories, found);
    }
    if found.len() == first && flags.nocheck {
        found.push(pattern.to_vec());
    }
    if flags.sort {
        let sorted = in_order(found.split_off(first), &|left, right| left.cmp(right));
        found.extend(sorted);
    }
}

/// The paths below one directory that the last part of a pattern stands for.
fn within(tree: &dyn Tree, directory: &[u8], name: &[u8], directories: bool, found: &mut Vec<Vec<u8>>) {
    if has_magic(name) == Magic::None {
        let path = [directory, b"/", name].concat();
        if tree.exists(&path) {
            found.push(path);
        }
        return;
    }
    let whole: &[u8] = if directory.is_empty() { b"/" } else { directory };
    let names = tree.names(whole).unwrap_or_default();
    let is_wanted = |other: &&Vec<u8>| {
        fnmatch(name, other, true) && (!directories || tree.names(&[directory, b"/", other].concat()).is_some())
    };
    let matching: Vec<&Vec<u8>> = names.iter().filter(is_wanted).collect();
    // The names are kept in blocks that grow, and the last block is given out first.
    let mut rest = &matching[..];
    let mut blocks = Vec::new();
    let mut size = BLOCK;
    while !rest.is_empty() {
        let (one, tail) = rest.split_at(size.min(rest.len()));
        blocks.push(one);
        rest = tail;
        size *= 2;
    }
    for name in blocks.into_iter().rev().flatten() {
        found.push([directory, b"/", name].concat());
    }
}

/// What in a part of a pattern is not plain text (`__glob_pattern_type()`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Magic {
    None,
    /// Only backslashes.
    Escape,
    /// A wildcard, or a bracket, closed or not.
    Wild,
}

impl Magic {
    fn any(self) -> bool {
        self == Magic::Wild
    }
}

fn has_magic(part: &[u8]) -> Magic {
    let mut magic = Magic::None;
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return Magic::Wild,
            b'\\' => {
                magic = Magic::Escape;
                bytes.next();
            }
            _ => {}
        }
    }
    magic
}

fn unescaped(part: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => *bytes.next().unwrap_or(byte),
            byte => *byte,
        });
    }
    plain
}

/// A pattern taken apart at its first pair of braces.
struct Braces<'a> {
    before: &'a [u8],
    parts: Vec<&'a [u8]>,
    after: &'a [u8],
}

/// None where there are no braces, or they are not closed.
fn braces(pattern: &[u8]) -> Option<Braces<'_>> {
    let mut start = 0;
    loop {
        match pattern.get(start..)? {
            [b'\\', _, ..] => start += 2,
            [b'{', ..] => break,
            [_, ..] => start += 1,
            [] => return None,
        }
    }
    let mut parts = Vec::new();
    let mut from = start + 1;
    loop {
        let end = from + alternative(&pattern[from..])?;
        parts.push(&pattern[from..end]);
        from = end + 1;
        if pattern[end] == b'}' {
            return Some(Braces { before: &pattern[..start], parts, after: &pattern[from..] });
        }
    }
}

/// The length of one alternative (`next_brace_sub()`).
fn alternative(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    loop {
        match *text.get(at)? {
            b'\\' => at += 1,
            b',' if depth == 0 => return Some(at),
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'{' => depth += 1,
            _ => {}
        }
        at += 1;
    }
}

/// `fnmatch(3)` of bytes, where `*` matches a slash as well; with `period`, a leading dot is matched only by a dot (`FNM_PERIOD`).
pub(crate) fn fnmatch(pattern: &[u8], text: &[u8], period: bool) -> bool {
    let hidden = period && text.first() == Some(&b'.');
    if hidden && !matches!(pattern, [b'.', ..] | [b'\\', b'.', ..]) {
        return false;
    }
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how much of the text it takes.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        match one(&pattern[p..], text[t]) {
            Step::Matched(len) => (p, t) = (p + len, t + 1),
            Step::Other => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    (p, t) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

enum Step {
    /// The byte is matched by so many bytes of the pattern.
    Matched(usize),
    Other,
}

/// Matches one byte with the pattern's next character.
fn one(pattern: &[u8], byte: u8) -> Step {
    let (matched, len) = match pattern {
        [] | [b'\\'] => (false, 0),
        [b'?', ..] => (true, 1),
        [b'\\', escaped, ..] => (*escaped == byte, 2),
        [b'[', rest @ ..] => match bracket(rest, byte) {
            Some((matched, len)) => (matched, len + 1),
            None => (byte == b'[', 1),
        },
        [plain, ..] => (*plain == byte, 1),
    };
    if matched { Step::Matched(len) } else { Step::Other }
}

/// What follows a `[`: whether the byte is in the set, and the length up to and with the `]`. None where it is not closed.
fn bracket(set: &[u8], byte: u8) -> Option<(bool, usize)> {
    let not = matches!(set.first(), Some(b'!' | b'^'));
    let mut at = usize::from(not);
    let mut found = false;
    let mut first = true;
    loop {
        let mut low = *set.get(at)?;
        if low == b']' && !first {
            return Some((found != not, at + 1));
        }
        first = false;
        at += 1;
        if low == b'['
            && set.get(at) == Some(&b':')
            && let Some(len) = set[at + 1..].windows(2).position(|end| end == b":]")
            && set[at + 1..at + 1 + len].iter().all(u8::is_ascii_lowercase)
        {
            found |= in_class(&set[at + 1..at + 1 + len], byte);
            at += len + 3;
            continue;
        }
        if low == b'\\' {
            low = *set.get(at)?;
            at += 1;
        }
        let mut high = low;
        if set.get(at) == Some(&b'-') && set.get(at + 1).is_some_and(|next| *next != b']') {
            high = set[at + 1];
            at += 2;
            if high == b'\\' {
                high = *set.get(at)?;
                at += 1;
            }
        }
        found |= (low..=high).contains(&byte);
    }
}

fn in_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::machine::Machine;
    use crate::key::KernelVersion;

    const FLAGS: Flags = Flags { brace: false, nocheck: false, sort: true };

    fn found(pattern: &str, flags: Flags) -> Vec<String> {
        let mut machine = Machine::new(KernelVersion::NEWEST);
        for name in ["lo", "eth0", "eth0.100", ".dot", "v[0]"] {
            machine.add(name.as_bytes());
        }
        let paths = glob(&machine, format!("/proc/sys/net/ipv4/conf/{pattern}/arp_ignore").as_bytes(), flags);
        let scope = |path: Vec<u8>| String::from_utf8(path).unwrap();
        paths.into_iter().map(scope).map(|path| path.rsplit('/').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_star_matches_every_scope_but_hidden_ones() {
        assert_eq!(found("*", FLAGS), ["all", "default", "eth0.100", "eth0", "lo", "v[0]"], "whole paths are sorted");
        assert_eq!(found(".*", FLAGS), [".dot"]);
        assert_eq!(found("eth?", FLAGS), ["eth0"]);
        assert_eq!(found("nope*", FLAGS), [""; 0]);
    }

    #[test]
    fn a_bracket_is_a_set_only_where_it_is_closed() {
        assert_eq!(found("[!a-l]*", FLAGS), ["v[0]"]);
        assert_eq!(found("v[[]0]", FLAGS), ["v[0]"]);
        assert_eq!(found("v[0]", FLAGS), [""; 0]);
        assert_eq!(found("v\\[0\\]", FLAGS), ["v[0]"]);
        assert_eq!(found("eth[[:digit:]]", FLAGS), ["eth0"]);
        assert_eq!(found("eth[0", FLAGS), [""; 0]);
    }

    #[test]
    fn braces_are_alternatives_only_where_they_are_asked_for() {
        let braces = Flags { brace: true, ..FLAGS };
        assert_eq!(found("{lo,eth*}", FLAGS), [""; 0]);
        assert_eq!(found("{lo,{all,eth0}}", Flags { sort: false, ..braces }), ["lo", "all", "eth0"]);
        assert_eq!(found("l{o,}*", Flags { sort: false, ..braces }), ["lo", "lo"]);
        assert_eq!(found("{lo", Flags { nocheck: true, ..braces }), ["{lo"]);
    }

    #[test]
    fn unsorted_names_come_in_blocks_the_last_first() {
        let mut machine = Machine::new(KernelVersion::NEWEST);
        for number in 0..70 {
            machine.add(format!("m{number:02}").as_bytes());
        }
        let paths = glob(&machine, b"/proc/sys/net/ipv4/conf/m*", Flags::PLAIN);
        assert_eq!((paths.len(), &paths[0][24..], &paths[6][24..]), (70, &b"m64"[..], &b"m00"[..]));
    }

    #[test]
    fn a_slash_at_the_end_lets_wildcards_match_only_directories() {
        let machine = Machine::new(KernelVersion::NEWEST);
        let count = |pattern: &[u8]| glob(&machine, pattern, FLAGS).len();
        assert_eq!(count(b"/proc/sys/net/ipv4/conf/all/arp_ignor?/"), 0);
        assert_eq!(count(b"/proc/sys/net/ipv4/conf/a*/arp_ignore/"), 1);
        assert_eq!(count(b"/proc/sys/net/ipv4/conf/a*/"), 1);
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!fnmatch(&[&b"*a".repeat(60)[..], b"b"].concat(), &b"a".repeat(2000), false));
        assert!(fnmatch(b"a*b*c", b"axxbyybzzc", false));
        assert!(fnmatch(b"-*/conf/*", b"-net/ipv4/conf/lo/x", false), "a star matches a slash");
    }
}
