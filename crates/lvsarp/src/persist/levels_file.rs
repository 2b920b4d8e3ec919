//! Our file of levels in `/etc/sysctl.d`: exact keys, spelled so that every loader reads them alike.

use std::fmt::Write;

use super::seal::{self, Whose};
use crate::interface::{IfName, Scope};
use crate::key::Key;

/// Inside the administrator's range (`sysctl.d(5)`: 60 to 90), behind the vendors'.
pub(crate) const PATH: &str = "/etc/sysctl.d/90-lvsarp.conf";

const BEGINNING: &str = "# Written by lvsarp: ";

/// A level that is to be in force after boot.
pub(crate) type Level = (Scope, Key, i32);

/// What a file of levels was found to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Recognised {
    /// As lvsarp wrote it, with these levels.
    Ours(Vec<Level>),
    /// Written by lvsarp, edited since.
    Edited,
    /// Never written by lvsarp.
    Foreign,
}

/// The file's text. Levels that [`spelled`] cannot spell are left out.
pub(crate) fn render(levels: &[Level]) -> Vec<u8> {
    let mut text = format!(
        "{BEGINNING}the levels that keep the virtual IPs of an LVS real server silent in ARP.\n\
         # `lvsarp unpersist` removes this file. Do not edit it: other settings belong into another file.\n\
         {}\n",
        seal::LINE
    );
    write_levels(&mut text, levels);
    seal::seal(text.into_bytes())
}

/// One `key = value` a line.
pub(crate) fn write_levels(text: &mut String, levels: &[Level]) {
    for (scope, key, value) in levels {
        if let Some(key) = spelled(scope, *key) {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
}

/// The key as systemd, procps and busybox all read it: with dots, or with slashes where a name has a dot.
///
/// busybox before 1.35 does not swap dots and slashes (`procps/sysctl.c: sysctl_dots_to_slashes()`), so that `eth0/100` is no name to it.
/// `None`: for `default`, which no file of ours sets, and for a name that some loader cannot be told.
pub(crate) fn spelled(scope: &Scope, key: Key) -> Option<String> {
    let name = match scope {
        Scope::All => "all",
        Scope::Default => return None,
        Scope::Interface(name) => loadable(name)?,
    };
    let separator = if name.contains('.') { '/' } else { '.' };
    Some(["net", "ipv4", "conf", name, key.name()].join(separator.encode_utf8(&mut [0; 4])))
}

/// A name that stands in a key for itself: no `=`, which ends the key, no character of a comment, of a glob or of an escape, no white space.
fn loadable(name: &IfName) -> Option<&str> {
    let name = std::str::from_utf8(name.as_bytes()).ok()?;
    let means_itself = |c: char| !c.is_whitespace() && !c.is_control() && !"=#;*?[]{}!\\\"'/".contains(c);
    name.chars().all(means_itself).then_some(name)
}

/// What a file is.
pub(crate) fn recognise(text: &[u8]) -> Recognised {
    match seal::whose(text, BEGINNING) {
        Whose::Ours => Recognised::Ours(text.split(|byte| *byte == b'\n').filter_map(level).collect()),
        Whose::Edited => Recognised::Edited,
        Whose::Foreign => Recognised::Foreign,
    }
}

/// The reverse of [`write_levels`], for one line.
pub(crate) fn level(line: &[u8]) -> Option<Level> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once(" = ")?;
    let (path, key) = key.rsplit_once(['.', '/'])?;
    let name = path.strip_prefix("net.ipv4.conf.").or_else(|| path.strip_prefix("net/ipv4/conf/"))?;
    Some((Scope::new(name).ok()?, key.parse().ok()?, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::testing::{Root, inside, sh};
    use super::*;

    fn on(name: &[u8]) -> Scope {
        Scope::Interface(IfName::from_kernel(name))
    }

    #[test]
    fn a_name_with_a_dot_has_slashes_and_no_other_has() {
        let key = |scope| spelled(&scope, Key::ArpIgnore);
        assert_eq!(key(Scope::All).unwrap(), "net.ipv4.conf.all.arp_ignore");
        assert_eq!(key(on(b"eth0")).unwrap(), "net.ipv4.conf.eth0.arp_ignore");
        assert_eq!(key(on(b"eth0.100")).unwrap(), "net/ipv4/conf/eth0.100/arp_ignore");
    }

    #[test]
    fn what_a_loader_would_read_as_something_else_is_not_written() {
        for name in ["a=b", "a*", "a?", "a[0]", "a#b", "#a", ";a", "a;", "a\\b", "a\tb", "a\u{a0}b", "a\nb", "a/b"] {
            assert_eq!(spelled(&on(name.as_bytes()), Key::ArpIgnore), None, "{name:?}");
        }
        assert_eq!(spelled(&on(b"eth\xff"), Key::ArpIgnore), None);
        assert_eq!(spelled(&Scope::Default, Key::ArpIgnore), None);
        let text = String::from_utf8(render(&[(on(b"a=b"), Key::ArpIgnore, 1), (Scope::Default, Key::ArpIgnore, 1)]));
        assert!(!text.unwrap().contains(" = "));
    }

    #[test]
    fn what_was_written_is_recognised_with_its_levels() {
        let levels = vec![
            (Scope::All, Key::ArpIgnore, 1),
            (Scope::All, Key::ArpAnnounce, 2),
            (on(b"lo"), Key::ArpIgnore, 1),
            (on(b"eth0.100"), Key::ArpIgnore, 8),
            (on(b".a..b."), Key::ArpAnnounce, 2),
            (on("\u{7f51}".as_bytes()), Key::ArpAnnounce, -1),
        ];
        let text = render(&levels);
        assert_eq!(recognise(&text), Recognised::Ours(levels));
        let edited = String::from_utf8(text).unwrap().replace("= 8", "= 0");
        assert_eq!(recognise(edited.as_bytes()), Recognised::Edited);
        assert_eq!(recognise(b"net.ipv4.conf.all.arp_ignore = 1\n"), Recognised::Foreign);
        assert_eq!(recognise(b""), Recognised::Foreign);
    }

    /// Every name of an interface that has one odd character somewhere, as far as the kernel takes it.
    fn odd_links() -> Vec<IfName> {
        let odd = (33..127u8)
            .map(|byte| char::from(byte).to_string())
            .filter(|c| !c.bytes().all(|b| b.is_ascii_alphanumeric()));
        let odd = odd.chain(["..", "-.", "\u{e9}", "\u{7f51}", "\u{1f980}", "\u{ad}"].map(str::to_owned));
        let names = odd.flat_map(|c| [format!("a{c}b"), format!("{c}a"), format!("a{c}"), format!("{c}.{c}7")]);
        let named = names.filter_map(|name| IfName::new(&name).ok());
        let made = named.filter(|name| {
            let link = ["link", "add", "name", &name.to_string(), "type", "bridge"].map(str::to_owned);
            Command::new("ip").args(link).output().expect("cannot run ip").status.success()
        });
        made.collect()
    }

    /// The real programs, at every name that is written. busybox is not everywhere: its reading is in `spelled`.
    #[test]
    fn systemd_and_procps_set_every_level_that_is_written_and_no_other() {
        if !inside(module_path!(), "systemd_and_procps_set_every_level_that_is_written_and_no_other") {
            return;
        }
        let links = odd_links();
        let mut levels: Vec<Level> = links.iter().map(|name| (Scope::Interface(*name), Key::ArpIgnore, 2)).collect();
        levels.push((Scope::All, Key::ArpIgnore, 2));
        let written = levels.iter().filter(|(scope, key, _)| spelled(scope, *key).is_some()).count();
        assert!(written > 60, "{written} of {}", links.len());
        let root = Root::new();
        root.write("levels.conf", render(&levels));
        let file = root.join("levels.conf").display().to_string();
        for loader in ["/usr/lib/systemd/systemd-sysctl", "sysctl -q -p"] {
            let path = |scope: &Scope| format!("/proc/sys/net/ipv4/conf/{scope}/arp_ignore");
            levels.iter().for_each(|(scope, ..)| std::fs::write(path(scope), "0").unwrap());
            sh(&format!("PATH=$PATH:/sbin:/usr/sbin; {loader} {file}"));
            for (scope, key, _) in &levels {
                let value = std::fs::read_to_string(path(scope)).unwrap();
                let expected = if spelled(scope, *key).is_some() { "2" } else { "0" };
                assert_eq!(value.trim(), expected, "{scope} by {loader}");
            }
        }
    }
}
