//! `glob(3)` and `fnmatch(3)` of the C library, on a tree of names: what the loaders use for keys and for file names.

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
    collect(tree, pattern, flags, DEEPEST, &mut found);
    found
}

fn collect(tree: &dyn Tree, pattern: &[u8], flags: Flags, depth: u32, found: &mut Vec<Vec<u8>>) {
    let first = found.len();
    if depth == 0 {
        return;
    }
    if flags.brace
        && let Some((start, parts, rest)) = braces(pattern)
    {
        for part in parts {
            let one = [&pattern[..start], part, rest].concat();
            collect(tree, &one, Flags { nocheck: false, ..flags }, depth - 1, found);
        }
        if found.len() > first || !flags.nocheck {
            return;
        }
    }
    let Some(slash) = pattern.iter().rposition(|byte| *byte == b'/') else { return };
    let (directory, name) = (&pattern[..slash], &pattern[slash + 1..]);
    if name.is_empty() && slash > 0 {
        // "pattern/" is expanded as "pattern", and directories get their slash back.
        collect(tree, directory, Flags { nocheck: false, ..flags }, depth - 1, found);
        for path in &mut found[first..] {
            if tree.names(path).is_some() {
                path.push(b'/');
            }
        }
    } else if has_magic(directory).any() {
        let mut directories = Vec::new();
        collect(tree, directory, Flags { brace: false, nocheck: false, sort: false }, depth - 1, &mut directories);
        for directory in directories {
            within(tree, &directory, name, found);
        }
    } else {
        within(tree, &unescaped(directory), name, found);
    }
    if found.len() == first && flags.nocheck {
        found.push(pattern.to_vec());
    }
    if flags.sort {
        found[first..].sort_unstable();
    }
}

/// The paths below one directory that the last part of a pattern stands for.
fn within(tree: &dyn Tree, directory: &[u8], name: &[u8], found: &mut Vec<Vec<u8>>) {
    if has_magic(name) == Magic::None {
        let path = [directory, b"/", name].concat();
        if tree.exists(&path) {
            found.push(path);
        }
        return;
    }
    let whole: &[u8] = if directory.is_empty() { b"/" } else { directory };
    let names = tree.names(whole).unwrap_or_default();
    let matching: Vec<&Vec<u8>> = names.iter().filter(|other| fnmatch(name, other, true)).collect();
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

/// The first pair of braces: where it begins, its alternatives, and what follows it. None where there is none, or it is not closed.
fn braces(pattern: &[u8]) -> Option<(usize, Vec<&[u8]>, &[u8])> {
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
            return Some((start, parts, &pattern[from..]));
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
