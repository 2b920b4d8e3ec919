//! Finds every line that names one of our keys, in whatever spelling, whether a loader understands it or not.

use crate::boot::files::Files;
use crate::boot::glob::{fnmatch, is_pattern};
use crate::boot::line::{self, Line};
use crate::boot::machine::KEYS;
use crate::key::Key;

/// A line that names `arp_ignore` or `arp_announce`. A pattern that stands for both is two mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The file's path inside the root. It may be one that no loader reads.
    pub file: Vec<u8>,
    /// The line, from 1.
    pub line: u32,
    /// `all`, `default`, an interface, or a pattern, with the dots and slashes of the interface's name put right: `eth0.100`.
    pub scope: Vec<u8>,
    /// Which key.
    pub key: Key,
    /// The text after the `=`; none for an exclusion.
    pub value: Option<Vec<u8>>,
    /// Whether the key is a pattern.
    pub glob: bool,
    /// How the key is written.
    pub spelling: Spelling,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `net.ipv4.conf.eth0/100.arp_ignore`: dots between the parts, a slash for each dot in a name.
    Dots,
    /// `net/ipv4/conf/eth0.100/arp_ignore`.
    Slashes,
    /// `net.ipv4.conf.eth0.100.arp_ignore`: systemd and procps look for `eth0/100/arp_ignore`, which is not there. busybox finds it.
    Naive,
    /// `net/ipv4.conf.lo.arp_ignore`: the slash comes first, so the dots stay. Only busybox finds it.
    Mixed,
    /// `/proc/sys/net/ipv4/...`: a file's path. Only busybox finds it.
    Path,
}

/// What a key is about.
pub(crate) struct Subject {
    pub scope: Vec<u8>,
    /// Which of the keys, in their order.
    pub keys: [bool; KEYS.len()],
    pub spelling: Spelling,
}

impl Files {
    /// Every line of every file, read by a loader or not, that names `arp_ignore` or `arp_announce` of `net.ipv4.conf`. Comments do not count.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut mentions = Vec::new();
        for entry in self.entries() {
            for (number, raw) in line::systemd_lines(entry.text().unwrap_or_default()) {
                let (key_text, value) = match line::systemd(raw) {
                    Some(Line::Set { key, value }) => (key, Some(value)),
                    Some(Line::Exclude { key }) => (key, None),
                    Some(Line::Junk) | None => continue,
                };
                let Some(subject) = subject(key_text) else { continue };
                for key in subject.keys() {
                    mentions.push(Mention {
                        file: entry.path.clone(),
                        line: number,
                        scope: subject.scope.clone(),
                        key,
                        value: value.map(<[u8]>::to_vec),
                        glob: is_pattern(key_text),
                        spelling: subject.spelling,
                    });
                }
            }
        }
        mentions
    }
}

impl Subject {
    pub fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        KEYS.into_iter().zip(self.keys).filter_map(|(key, named)| named.then_some(key))
    }
}

/// What a key is about, if it is about one of ours.
pub(crate) fn subject(key: &[u8]) -> Option<Subject> {
    let mut spelling = match key.iter().find(|byte| matches!(byte, b'.' | b'/'))? {
        b'.' => Spelling::Dots,
        _ => Spelling::Slashes,
    };
    let mut path = line::normalized(key);
    if let Some(rest) = path.strip_prefix(b"proc/sys/") {
        (spelling, path) = (Spelling::Path, rest.to_vec());
    }
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    if let [net, ipv4, conf, scope @ .., key] = &parts[..]
        && !scope.is_empty()
    {
        let keys = KEYS.map(|own| fnmatch(key, own.name().as_bytes(), false));
        let ours = fnmatch(net, b"net", false) && fnmatch(ipv4, b"ipv4", false) && fnmatch(conf, b"conf", false);
        if !ours || !keys.contains(&true) {
            return None;
        }
        if scope.len() > 1 {
            spelling = Spelling::Naive;
        }
        return Some(Subject { scope: scope.join(&b'.'), keys, spelling });
    }
    // A slash first, and dots where slashes should be: net/ipv4.conf.lo.arp_ignore.
    let dotted: Vec<u8> = path.iter().map(|byte| if *byte == b'/' { b'.' } else { *byte }).collect();
    let scope = dotted.strip_prefix(b"net.ipv4.conf.")?;
    let keys = KEYS.map(|own| scope.ends_with(own.name().as_bytes()));
    let own = KEYS.into_iter().zip(keys).find_map(|(own, named)| named.then_some(own))?;
    let scope = scope[..scope.len() - own.name().len()].strip_suffix(b".")?;
    (!scope.is_empty()).then(|| Subject { scope: scope.to_vec(), keys, spelling: Spelling::Mixed })
}
