//! tuned sets sysctls from its active profile after the loader has run, and again whenever it starts.

use std::path::Path;

use crate::boot::line;
use crate::boot::mention::subject;
use crate::boot::read::Root;
use crate::check::{About, Findings, Severity};

/// Where the profiles are, the strongest first (tuned, `tuned/consts.py: LOAD_DIRECTORIES`).
const PROFILES: [&str; 4] = ["/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned"];
const ACTIVE: &[u8] = b"/etc/tuned/active_profile";
/// The longest profile that is read.
const LONGEST: u64 = 1 << 20;
/// How many profiles may include each other.
const DEEPEST: usize = 16;

/// Reports lines of the active profile, and of those that it includes, that name our keys.
pub(crate) fn look(root: &Path, findings: &mut Findings) {
    let Ok(root) = Root::open(root) else { return };
    let Ok(active) = root.text(ACTIVE, LONGEST) else { return };
    let mut waiting: Vec<Vec<u8>> = names(&active);
    let mut seen: Vec<Vec<u8>> = Vec::new();
    while let Some(name) = waiting.pop() {
        if seen.contains(&name) || seen.len() >= DEEPEST {
            continue;
        }
        let paths = PROFILES.map(|dir| [dir.as_bytes(), b"/", &name, b"/tuned.conf"].concat());
        if let Some((path, text)) =
            paths.into_iter().find_map(|path| root.text(&path, LONGEST).ok().map(|text| (path, text)))
        {
            waiting.extend(read(&String::from_utf8_lossy(&path), &text, findings));
        }
        seen.push(name);
    }
}

/// The profiles that a text names, with blanks or commas between them. A name with a slash would lead out of the directories.
fn names(text: &[u8]) -> Vec<Vec<u8>> {
    let words = text.split(|byte| byte.is_ascii_whitespace() || *byte == b',');
    words.filter(|word| !word.is_empty() && !word.contains(&b'/')).map(<[u8]>::to_vec).collect()
}

/// Reports the lines of section `[sysctl]`; the profiles that this one includes.
fn read(path: &str, text: &[u8], findings: &mut Findings) -> Vec<Vec<u8>> {
    let mut included = Vec::new();
    let mut section: &[u8] = b"";
    for (number, raw) in text.split(|byte| *byte == b'\n').enumerate() {
        let raw = raw.trim_ascii();
        if let [b'[', name @ .., b']'] = raw {
            section = name;
            continue;
        }
        let Some(line::Line::Set { key, value }) = line::systemd(raw) else { continue };
        if section == b"main" && key == b"include" {
            included = names(value);
        }
        let Some(subject) = subject(key).filter(|_| section == b"sysctl") else { continue };
        for key in subject.keys() {
            findings.add(
                "level-of-another-tool",
                Severity::Warning,
                &About::HOST,
                format_args!(
                    "{path}:{} sets {}/{key} to {}: tuned does so whenever it starts, after the files of sysctl.d",
                    number + 1,
                    String::from_utf8_lossy(&subject.scope),
                    String::from_utf8_lossy(value)
                ),
                format_args!("take the key out of the profile, or out of one of your own that includes it"),
            );
        }
    }
    included
}
