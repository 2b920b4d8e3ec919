//! How each program takes a file apart into lines and a line into a key and a value.

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `key = value`, or `-key = value`.
    Set { key: &'a [u8], value: &'a [u8] },
    /// `-key`.
    Exclude { key: &'a [u8] },
    /// Something else, which the program complains about.
    Junk,
}

/// The lines of a file with their numbers, from 1, as systemd reads them: a NUL and a carriage return end a line too (`read_line()`).
pub(crate) fn systemd_lines(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut number = 1;
    text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r' | 0)).map(move |line| {
        let own = number;
        number += u32::from(line.last() == Some(&b'\n'));
        (own, string(line))
    })
}

/// The lines of a file with their numbers, from 1, as programs read them that use `getline(3)` and then strings: up to a NUL, the line feed included.
pub(crate) fn string_lines(text: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (1..).zip(text.split_inclusive(|byte| *byte == b'\n')).map(|(number, line)| (number, string(line)))
}

/// The lines of a file as busybox joins them: a backslash at the end continues the line (`libbb/parse_config.c: get_line_with_continuation()`).
pub(crate) fn joined_lines(text: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut lines = Vec::new();
    let mut open: Option<(u32, Vec<u8>)> = None;
    for (number, raw) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        let (number, mut line) = open.take().unwrap_or((number, Vec::new()));
        line.extend_from_slice(raw.strip_suffix(b"\n").unwrap_or(raw));
        if line.last() == Some(&b'\\') {
            line.pop();
            open = Some((number, line));
        } else {
            lines.push((number, line));
        }
    }
    lines.extend(open);
    for (_, line) in &mut lines {
        line.truncate(string(line).len());
    }
    lines
}

/// `sysctl.c: parse_file()` of systemd.
pub(crate) fn systemd(line: &[u8]) -> Option<Line<'_>> {
    let line = trim(line, is_blank);
    if matches!(line.first()?, b'#' | b';') {
        return None;
    }
    Some(match (equals(line), line.strip_prefix(b"-")) {
        (Some((key, value)), _) => {
            Line::Set { key: trim(key.strip_prefix(b"-").unwrap_or(key), is_blank), value: trim(value, is_blank) }
        }
        (None, Some(key)) => Line::Exclude { key: trim(key, is_blank) },
        (None, None) => Line::Junk,
    })
}

/// `parse_setting_line()` of procps 4.
pub(crate) fn procps(line: &[u8]) -> Option<Line<'_>> {
    let line = trim_start(line, is_space);
    if line.len() < 2 || matches!(line[0], b'#' | b';') {
        return None;
    }
    Some(match (equals(line), line.strip_prefix(b"-")) {
        (Some((key, value)), _) => {
            let key = key.strip_prefix(b"-").unwrap_or(key);
            Line::Set { key: all_but_first(key), value: all_but_first(trim_start(value, is_space)) }
        }
        (None, Some(key)) => Line::Exclude { key: all_but_first(key) },
        (None, None) => Line::Junk,
    })
}

/// `Preload()` of procps 3.3, and what `WriteSetting()` makes of it.
pub(crate) fn procps_3(line: &[u8]) -> Option<Line<'_>> {
    if line.len() < 2 {
        return None;
    }
    // The first byte stays, whatever it is.
    let end = line[1..].iter().rposition(|byte| !is_blank(*byte)).map_or(1, |last| last + 2);
    let whole = end;
    let line = trim_start(&line[..end], is_tab);
    if line.len() < 2 || matches!(line[0], b'#' | b';') {
        return None;
    }
    // strtok() passes over every '=' at the start.
    let name = &line[line.iter().position(|byte| *byte != b'=').unwrap_or(line.len())..];
    let Some((key, rest)) = equals(name) else {
        // A '=' is put behind the key, where strtok() goes on, and is the value: the kernel refuses it. Not where the key had to be moved first.
        let key = name.strip_prefix(b"-").unwrap_or(name);
        return Some(if name.len() == whole { Line::Set { key, value: b"=" } } else { Line::Junk });
    };
    let end = key.get(1..).unwrap_or_default().iter().rposition(|byte| !is_blank(*byte)).map_or(1, |last| last + 2);
    let key = &key[..end];
    let start = rest.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
    let value = rest[start..].split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    if value.is_empty() {
        return Some(Line::Junk);
    }
    Some(Line::Set { key: key.strip_prefix(b"-").unwrap_or(key), value: trim_start(value, is_tab) })
}

/// `config_read()` of busybox with the flags of `sysctl_handle_preload_file()`.
pub(crate) fn busybox(line: &[u8]) -> Option<Line<'_>> {
    if matches!(trim_start(line, is_space).first()?, b'#' | b';') {
        return None;
    }
    Some(match equals(line) {
        Some((key, value)) if !matches!(value.first(), None | Some(b'#')) => {
            Line::Set { key: trim(key, is_space), value: trim(value, is_space) }
        }
        _ => Line::Junk,
    })
}

/// `sysctl_normalize()` of systemd: dots and slashes are swapped where a dot comes first; parts that are empty or one dot go, and so does one slash at
/// the start.
pub(crate) fn normalized(key: &[u8]) -> Vec<u8> {
    let key = swapped(key);
    if key.is_empty() {
        return key;
    }
    let absolute = key[0] == b'/';
    let parts: Vec<&[u8]> = key.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
    match (parts.is_empty(), absolute) {
        (true, true) => b"/".to_vec(),
        (true, false) => b".".to_vec(),
        _ => parts.join(&b'/'),
    }
}

/// Dots become slashes and slashes dots, where the first of them is a dot (`sysctl_normalize()`, procps `slashdot()`).
pub(crate) fn swapped(key: &[u8]) -> Vec<u8> {
    let mut key = key.to_vec();
    if key.iter().find(|byte| matches!(byte, b'.' | b'/')) == Some(&b'.') {
        for byte in &mut key {
            match byte {
                b'.' => *byte = b'/',
                b'/' => *byte = b'.',
                _ => {}
            }
        }
    }
    key
}

/// A line before and after its first `=`.
fn equals(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    Some((&line[..at], &line[at + 1..]))
}

/// Up to the first NUL.
fn string(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == 0).next().unwrap_or(line)
}

/// `rstrip()` of procps: the first byte stays, whatever it is.
fn all_but_first(text: &[u8]) -> &[u8] {
    let end = text.get(1..).unwrap_or_default().iter().rposition(|byte| !is_space(*byte)).map_or(1, |last| last + 2);
    text.get(..end).unwrap_or(text)
}

fn trim(text: &[u8], blank: fn(u8) -> bool) -> &[u8] {
    let text = trim_start(text, blank);
    &text[..text.iter().rposition(|byte| !blank(*byte)).map_or(0, |last| last + 1)]
}

fn trim_start(text: &[u8], blank: fn(u8) -> bool) -> &[u8] {
    &text[text.iter().position(|byte| !blank(*byte)).unwrap_or(text.len())..]
}

fn is_tab(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `isspace(3)`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<'a>(key: &'a str, value: &'a str) -> Option<Line<'a>> {
        Some(Line::Set { key: key.as_bytes(), value: value.as_bytes() })
    }

    #[test]
    fn a_blank_after_the_dash_is_a_part_of_the_key_for_procps_alone() {
        assert_eq!(systemd(b"- a.b = 1"), set("a.b", "1"));
        assert_eq!(procps(b"- a.b = 1"), set(" a.b", "1"));
        assert_eq!(procps_3(b"- a.b = 1"), set(" a.b", "1"));
        assert_eq!(busybox(b"- a.b = 1"), set("- a.b", "1"));
    }

    #[test]
    fn a_value_may_be_empty_for_systemd_and_procps_4() {
        assert_eq!(systemd(b"a = "), set("a", ""));
        assert_eq!(procps(b"a = "), set("a", ""));
        assert_eq!(procps_3(b"a = "), Some(Line::Junk));
        assert_eq!(busybox(b"a ="), Some(Line::Junk));
        assert_eq!(busybox(b"a =#1"), Some(Line::Junk));
    }

    #[test]
    fn comments_begin_a_line_and_nothing_else() {
        for line in [&b"# a = 1"[..], b" ;a = 1", b"", b" \t"] {
            assert_eq!(
                (systemd(line), procps(line), procps_3(line), busybox(line)),
                (None, None, None, None),
                "{line:?}"
            );
        }
        assert_eq!(systemd(b"a = 1 # b"), set("a", "1 # b"));
    }

    #[test]
    fn a_line_without_an_assignment_excludes_or_is_junk() {
        assert_eq!(systemd(b"-a.b "), Some(Line::Exclude { key: b"a.b" }));
        assert_eq!(procps(b"-a.b \n"), Some(Line::Exclude { key: b"a.b" }));
        // What is written is refused, but pins the value.
        assert_eq!(
            (procps_3(b"-a.b\n"), procps_3(b"a.b \n"), procps_3(b" a.b\n")),
            (set("a.b", "="), set("a.b", "="), Some(Line::Junk))
        );
        assert_eq!(
            (systemd(b"a.b"), procps(b"a.b"), busybox(b"a.b")),
            (Some(Line::Junk), Some(Line::Junk), Some(Line::Junk))
        );
    }

    #[test]
    fn lines_end_where_the_program_ends_them() {
        let text = b"a\rb\x00c\r\nd\\\ne";
        let numbered: Vec<(u32, &[u8])> = systemd_lines(text).collect();
        assert_eq!(numbered, [(1, &b"a\r"[..]), (1, b"b"), (1, b"c\r"), (1, b"\n"), (2, b"d\\\n"), (3, b"e")]);
        assert_eq!(string_lines(text).next(), Some((1, &b"a\rb"[..])));
        assert_eq!(joined_lines(text), [(1, b"a\rb".to_vec()), (2, b"de".to_vec())]);
    }

    #[test]
    fn the_first_separator_decides() {
        assert_eq!(normalized(b"net.ipv4.conf.eth0/100.x"), b"net/ipv4/conf/eth0.100/x");
        assert_eq!(normalized(b"/net//ipv4/./conf/eth0.100/x/"), b"net/ipv4/conf/eth0.100/x");
        assert_eq!(swapped(b"net/ipv4.conf"), b"net/ipv4.conf");
        assert_eq!((normalized(b""), normalized(b"."), normalized(b"/")), (vec![], b"/".to_vec(), b"/".to_vec()));
    }
}
