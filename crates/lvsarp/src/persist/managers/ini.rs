//! Files of `[section]` and `key=value` lines, as systemd and NetworkManager read them.

/// One assignment.
pub(crate) struct Line<'a> {
    pub section: &'a str,
    /// Which line the section begins on: two sections of one name are two.
    pub begin: usize,
    pub key: &'a str,
    pub value: &'a str,
}

/// The file cannot be used as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Reads a file by the rules of `src/shared/conf-parser.c: config_parse()` of systemd. GLib's key files, which NetworkManager reads, are the same for
/// what is asked here.
///
/// # Errors
/// [`Refused`] for a section header without its end, which makes systemd drop the file.
pub(crate) fn read(text: &[u8], each: &mut dyn FnMut(&Line<'_>)) -> Result<(), Refused> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut section, mut begin) = (String::new(), 0);
    let mut joined: Vec<u8> = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A comment does not end a line that is continued.
        if let [b'#' | b';', ..] = line.trim_ascii_start() {
            continue;
        }
        joined.extend_from_slice(line);
        if ends_escaped(&joined) {
            joined.pop();
            joined.push(b' ');
            continue;
        }
        let whole = std::mem::take(&mut joined);
        assignment(&whole, number + 1, &mut section, &mut begin, each)?;
    }
    assignment(&joined, 0, &mut section, &mut begin, each)
}

fn assignment(
    line: &[u8],
    number: usize,
    section: &mut String,
    begin: &mut usize,
    each: &mut dyn FnMut(&Line<'_>),
) -> Result<(), Refused> {
    // A line that is not UTF-8 is left out.
    let Ok(line) = std::str::from_utf8(line) else { return Ok(()) };
    let line = line.trim_ascii();
    if let Some(header) = line.strip_prefix('[') {
        let header = header.strip_suffix(']').ok_or(Refused)?;
        header.clone_into(section);
        *begin = number;
    } else if let Some((key, value)) = line.split_once('=')
        && !section.is_empty()
        && !key.is_empty()
    {
        each(&Line { section, begin: *begin, key: key.trim_ascii(), value: value.trim_ascii() });
    }
    Ok(())
}

/// Whether the last byte is a backslash that no other escapes.
fn ends_escaped(line: &[u8]) -> bool {
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// A word for yes or no (`src/basic/parse-util.c: parse_boolean()`).
pub(crate) fn boolean(word: &str) -> Option<bool> {
    let is = |words: [&str; 6]| words.iter().any(|there| word.eq_ignore_ascii_case(there));
    if is(["1", "yes", "y", "true", "t", "on"]) {
        Some(true)
    } else if is(["0", "no", "n", "false", "f", "off"]) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<String>, Refused> {
        let mut lines = Vec::new();
        read(text.as_bytes(), &mut |l| lines.push(format!("{}@{}.{}={}", l.section, l.begin, l.key, l.value)))?;
        Ok(lines)
    }

    #[test]
    fn comments_continuations_and_blanks_are_read_as_systemd_does() {
        let text =
            "\u{feff}stray=1\n[A]\n # c\n k = v # w\r\n;x=1\nlong=a\\\n# between\n b\n=no\nno\n[A]\nk=\nlast=x\\";
        assert_eq!(all(text).unwrap(), ["A@2.k=v # w", "A@2.long=a  b", "A@11.k=", "A@11.last=x"]);
    }

    #[test]
    fn a_header_without_its_end_refuses_the_file() {
        assert_eq!(all("[A]\nk=1\n[B\nk=2"), Err(Refused));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for text in [&b"[\xff]\n[a]\n\xff=1\nk=\xff\n\\"[..], b"\\\\\\\n[", b"=\n[]\n=", b"\xef\xbb\xbf", b""] {
            let _ = read(text, &mut |_| {});
        }
    }
}
