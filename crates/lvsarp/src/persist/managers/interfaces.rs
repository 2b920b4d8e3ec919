//! `/etc/network/interfaces` of ifupdown and the files that it includes: the stanzas of `iface`, and whether a file of ours would be read.

use super::tree::{Found, Tree, matches, shown};

/// An `iface` stanza.
pub(crate) struct Stanza {
    pub path: Vec<u8>,
    pub line: usize,
    /// The interface, with its label: `lo:0`.
    pub name: String,
    pub method: String,
    /// `address` and the words of `up` and its like, one item a line.
    pub address: Option<String>,
    pub netmask: Option<String>,
    pub commands: Vec<String>,
}

/// All that the files say.
#[derive(Default)]
pub(crate) struct Interfaces {
    pub stanzas: Vec<Stanza>,
    /// Interfaces that come up at boot.
    pub auto: Vec<String>,
    /// Files and patterns that could not be followed, and why.
    pub unclear: Vec<(Vec<u8>, String)>,
    /// Whether a file of that path would be read.
    wanted: Vec<u8>,
    pub reads_wanted: bool,
    seen: Vec<Vec<u8>>,
}

/// More files than this are not followed.
const MOST: usize = 256;

impl Interfaces {
    /// Reads the files as `config.c: read_interfaces_defn()` of ifupdown does. `wanted` is the path of a file that may not be there yet.
    pub fn read(tree: &Tree, path: &[u8], wanted: &[u8]) -> Interfaces {
        let mut all = Interfaces { wanted: wanted.to_vec(), ..Interfaces::default() };
        let mut waiting = vec![path.to_vec()];
        // Included files stand where they are included; here their order does not matter.
        while let Some(path) = waiting.pop() {
            all.reads_wanted |= path == all.wanted;
            if all.seen.contains(&path) {
                continue;
            }
            if all.seen.len() == MOST {
                all.unclear.push((path, format!("more than {MOST} files are included")));
                break;
            }
            match tree.read(&path) {
                Found::Text(text) => all.file(tree, &path, &text, &mut waiting),
                Found::Unread(why) => all.unclear.push((path.clone(), why)),
                Found::Nothing | Found::Mask => {}
            }
            all.seen.push(path);
        }
        all
    }

    fn file(&mut self, tree: &Tree, path: &[u8], text: &[u8], waiting: &mut Vec<Vec<u8>>) {
        let first = self.stanzas.len();
        let mut joined: Vec<u8> = Vec::new();
        let mut inside = false;
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if joined.is_empty() && line.trim_ascii_start().starts_with(b"#") {
                continue;
            }
            joined.extend_from_slice(line);
            if joined.ends_with(b"\\") {
                joined.pop();
                continue;
            }
            let line = std::mem::take(&mut joined);
            let line = String::from_utf8_lossy(&line);
            let (word, rest) = first_word(line.trim_ascii());
            match word {
                "" => {}
                "auto" | "allow-auto" | "allow-hotplug" => {
                    inside &= rest.is_empty();
                    match self.stanzas.get(first..).unwrap_or_default().last() {
                        Some(stanza) if inside => self.auto.push(stanza.name.clone()),
                        _ => self.auto.extend(rest.split_ascii_whitespace().map(str::to_owned)),
                    }
                }
                "iface" => {
                    let (name, rest) = first_word(rest);
                    let (_family, rest) = first_word(rest);
                    inside = true;
                    self.stanzas.push(Stanza {
                        path: path.to_vec(),
                        line: number + 1,
                        name: name.to_owned(),
                        method: first_word(rest).0.to_owned(),
                        address: None,
                        netmask: None,
                        commands: Vec::new(),
                    });
                }
                "source" => {
                    inside = false;
                    self.include(tree, path, rest, false, waiting);
                }
                // The word may be cut short as far as source-dir.
                word if word.starts_with("source-dir") => {
                    inside = false;
                    self.include(tree, path, rest, true, waiting);
                }
                "mapping" | "no-auto-down" | "no-scripts" | "rename" => inside = false,
                word if word.starts_with("allow-") => inside &= rest.is_empty(),
                word => {
                    if inside && let Some(stanza) = self.stanzas.last_mut() {
                        match word {
                            "address" => stanza.address = Some(rest.to_owned()),
                            "netmask" => stanza.netmask = Some(rest.to_owned()),
                            "up" | "post-up" | "pre-up" => stanza.commands.push(rest.to_owned()),
                            _ => {}
                        }
                    }
                }
            }
        }
    }

    /// The words of `source` are patterns of files, those of `source-directory` are patterns of directories, in which only names of letters, digits,
    /// `_` and `-` count (`config.c: directory_filter()`). Both stand below the including file's directory.
    fn include(&mut self, tree: &Tree, from: &[u8], words: &str, directories: bool, waiting: &mut Vec<Vec<u8>>) {
        let base = from.iter().rposition(|byte| *byte == b'/').and_then(|end| from.get(..end)).unwrap_or_default();
        for (at, word) in words.split_ascii_whitespace().enumerate() {
            let mut pattern = match word.starts_with('/') || at > 0 {
                true => word.as_bytes().to_vec(),
                false => [base, b"/", word.as_bytes()].concat(),
            };
            while directories && pattern.len() > 1 && pattern.ends_with(b"/") {
                pattern.pop();
            }
            let Some(end) = pattern.iter().rposition(|byte| *byte == b'/') else { continue };
            let (directory, last) =
                (pattern.get(..end).unwrap_or_default(), pattern.get(end + 1..).unwrap_or_default());
            let special = |text: &[u8], of: &[u8]| text.iter().any(|byte| of.contains(byte));
            // wordexp(3) knows more than patterns.
            if special(&pattern, b"$~{}()'\"\\`") || special(directory, b"*?[") {
                self.unclear.push((from.to_vec(), format!("it includes {}", shown(&pattern))));
                continue;
            }
            let found = match special(last, b"*?[") {
                false => vec![last.to_vec()],
                true => match tree.names(directory) {
                    Ok(names) => names.into_iter().filter(|name| matches(last, name)).collect(),
                    Err(e) => {
                        self.unclear.push((directory.to_vec(), e.to_string()));
                        continue;
                    }
                },
            };
            for name in found {
                let path = [directory, b"/", &name].concat();
                match directories {
                    true => self.include_directory(tree, path, waiting),
                    false => waiting.push(path),
                }
            }
            if !directories && special(last, b"*?[") {
                self.reads_wanted |= self
                    .wanted
                    .strip_prefix(directory)
                    .and_then(|name| name.strip_prefix(b"/"))
                    .is_some_and(|name| matches(last, name));
            }
        }
    }

    fn include_directory(&mut self, tree: &Tree, directory: Vec<u8>, waiting: &mut Vec<Vec<u8>>) {
        let counts = |name: &[u8]| name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        match tree.names(&directory) {
            Ok(names) => {
                for name in names.iter().filter(|name| counts(name)) {
                    waiting.push([directory.as_slice(), b"/", name].concat());
                }
            }
            Err(e) => self.unclear.push((directory.clone(), e.to_string())),
        }
        let name = self.wanted.strip_prefix(directory.as_slice()).and_then(|name| name.strip_prefix(b"/"));
        self.reads_wanted |= name.is_some_and(counts);
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_ascii())
}
