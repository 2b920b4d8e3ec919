//! A `.network` file of systemd-networkd with its drop-ins: which device it is for, and what it says of addresses.

use super::Listed;
use super::ini::{self, Line, Refused};
use super::tree::matches;

/// What the files of one name say together.
#[derive(Default)]
pub(crate) struct Network {
    /// `[Match]`: key, whether it is negated, and a pattern.
    patterns: Vec<(String, bool, String)>,
    /// `[Link] Unmanaged=yes`.
    pub unmanaged: bool,
    /// `KeepConfiguration=` leaves static addresses of others.
    keeps: Option<bool>,
    /// `[DHCPv4] CriticalConnection=`, its predecessor.
    critical: Option<bool>,
    pub addresses: Vec<Address>,
    file: usize,
}

/// An address that a file lists.
pub(crate) struct Address {
    pub listed: Listed,
    /// Which of the files it is in, the file itself being 0, and which section of it.
    pub file: usize,
    section: Option<usize>,
}

/// Whether a file is for a device.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    No,
    /// It depends on these keys of `[Match]`, which files do not answer.
    Unsure(String),
    Yes,
}

impl Network {
    /// Adds a file: first the one itself, then its drop-ins in the order of their names.
    pub fn add(&mut self, text: &[u8]) -> Result<(), Refused> {
        ini::read(text, &mut |line| self.line(line))?;
        self.file += 1;
        Ok(())
    }

    fn line(&mut self, line: &Line<'_>) {
        match (line.section, line.key) {
            ("Match", key) => self.pattern(key, line.value),
            ("Link", "Unmanaged") => self.unmanaged = ini::boolean(line.value).unwrap_or(self.unmanaged),
            ("Network", "KeepConfiguration") => self.keeps = keeps(line.value).or(self.keeps),
            ("DHCP" | "DHCPv4", "CriticalConnection") => self.critical = ini::boolean(line.value).or(self.critical),
            ("Network", "Address") => self.address(line.value, None),
            ("Address", "Address") => self.address(line.value, Some(line.begin)),
            _ => {}
        }
    }

    /// `src/shared/net-condition.c: config_parse_match_ifnames()` and `config_parse_match_strv()`: an empty value forgets those before, `!` negates
    /// all words of its line.
    fn pattern(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            self.patterns.retain(|(other, ..)| other != key);
        }
        let (negated, words) = match value.strip_prefix('!') {
            Some(words) => (true, words),
            None => (false, value),
        };
        for word in words.split_ascii_whitespace() {
            if key != "Name" || may_be_name(word) {
                let word = if key == "Name" { word } else { word.trim_matches(['"', '\'']) };
                self.patterns.push((key.to_owned(), negated, word.to_owned()));
            }
        }
    }

    /// The last address of a section counts, and every one of `[Network]`.
    fn address(&mut self, text: &str, section: Option<usize>) {
        let file = self.file;
        let Some(listed) = Listed::parse(text) else { return };
        if section.is_some() {
            self.addresses.retain(|there| there.file != file || there.section != section);
        }
        self.addresses.push(Address { listed, file, section });
    }

    /// Whether it leaves addresses that it does not know.
    pub fn keeps_foreign(&self) -> bool {
        self.keeps.or(self.critical).unwrap_or(false)
    }

    /// `src/network/networkd-network.c: network_verify()`, `src/shared/net-condition.c: net_match_config()`. A file that asks for nothing is ignored
    /// since release 252 at the latest; older ones may take it for every device.
    pub fn matches(&self, dev: &[u8], release: Option<u32>) -> Match {
        if self.patterns.is_empty() {
            return match release {
                Some(..252) => Match::Unsure("Name".to_owned()),
                _ => Match::No,
            };
        }
        if !self.allows("Name", Some(dev)) {
            return Match::No;
        }
        let lo = dev == b"lo";
        let mut unsure: Vec<&str> = Vec::new();
        for (key, ..) in &self.patterns {
            // What lo has of these is known: it has a type, and no driver, path and kind.
            let allowed = match key.as_str() {
                "Name" => true,
                "Type" if lo => self.allows("Type", Some(b"loopback")),
                "Driver" | "Path" | "Kind" if lo => self.allows(key, None),
                key if unsure.contains(&key) => true,
                key => {
                    unsure.push(key);
                    true
                }
            };
            if !allowed {
                return Match::No;
            }
        }
        if unsure.is_empty() { Match::Yes } else { Match::Unsure(unsure.join("=, ")) }
    }

    /// `src/shared/net-condition.c: net_condition_test_strv()`.
    fn allows(&self, key: &str, text: Option<&[u8]>) -> bool {
        let (mut any, mut positive, mut hit) = (false, false, false);
        for (_, negated, pattern) in self.patterns.iter().filter(|(other, ..)| other == key) {
            any = true;
            positive |= !negated;
            if text.is_some_and(|text| matches(pattern.as_bytes(), text)) {
                if *negated {
                    return false;
                }
                hit = true;
            }
        }
        !any || !positive || hit
    }

    /// Whether it can be for no other device, so that an address in it is bound on this one alone.
    pub fn is_only_for(&self, dev: &[u8]) -> bool {
        let only = |key: &str, text: &[u8]| {
            let mut words = self.patterns.iter().filter(|(other, ..)| other == key).peekable();
            words.peek().is_some() && words.all(|(_, negated, word)| !negated && word.as_bytes() == text)
        };
        only("Name", dev) || (dev == b"lo" && only("Type", b"loopback"))
    }
}

/// `src/network/networkd-network.c: keep_configuration_table`; a word that is not in it is ignored.
fn keeps(word: &str) -> Option<bool> {
    match word {
        "static" => Some(true),
        "dhcp" | "dhcp-on-stop" | "dynamic" | "dynamic-on-stop" => Some(false),
        word => ini::boolean(word),
    }
}

/// `src/basic/socket-util.c: ifname_valid_full()` with `IFNAME_VALID_ALTERNATIVE`: other words of `Name=` are ignored.
fn may_be_name(word: &str) -> bool {
    let ordinary = word.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b':' | b'/' | b'%'));
    let numeric = word.bytes().all(|b| b.is_ascii_digit());
    ordinary && !numeric && word.len() < 128 && !matches!(word, "." | ".." | "all" | "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(matching: &str, dev: &str) -> Match {
        let mut network = Network::default();
        network.add(format!("[Match]\n{matching}\n").as_bytes()).unwrap();
        network.matches(dev.as_bytes(), Some(257))
    }

    #[test]
    fn names_are_lists_of_patterns_and_a_mark_negates_a_whole_line() {
        for (matching, lo) in [
            ("Name=lo", true),
            ("Name=eth* lo", true),
            ("Name=*", true),
            ("Name=l[m-p]", true),
            ("Name=!lo", false),
            ("Name=!eth0", true),
            ("Name=!eth0 lo", false),
            ("Name=*\nName=!lo", false),
            ("Name=eth0\nName=", false),
            ("Name=eth0\nName=\nName=lo", true),
            ("Name=eth0", false),
            ("Name=lo:0", false),
            ("Name=1", false),
        ] {
            assert_eq!(judged(matching, "lo") == Match::Yes, lo, "{matching}");
        }
    }

    #[test]
    fn what_lo_is_known_to_be_decides_and_the_rest_is_unsure() {
        assert_eq!(judged("Type=loopback", "lo"), Match::Yes);
        assert_eq!(judged("Type=ether", "lo"), Match::No);
        assert_eq!(judged("Type=!ether", "lo"), Match::Yes);
        assert_eq!(judged("Driver=e1000", "lo"), Match::No);
        assert_eq!(judged("Driver=!e1000\nName=lo", "lo"), Match::Yes);
        assert_eq!(judged("Name=lo\nVirtualization=no\nHost=a b", "lo"), Match::Unsure("Virtualization=, Host".into()));
        assert_eq!(judged("Type=ether\nName=eth0", "eth0"), Match::Unsure("Type".into()));
        assert_eq!(judged("Name=eth0\nHost=a", "lo"), Match::No);
    }

    #[test]
    fn a_file_that_asks_for_nothing_is_ignored_by_those_releases_that_say_so() {
        let mut network = Network::default();
        network.add(b"[Match]\n[Network]\nAddress=192.0.2.1/32\n").unwrap();
        assert_eq!(network.matches(b"lo", Some(252)), Match::No);
        assert_eq!(network.matches(b"lo", Some(247)), Match::Unsure("Name".into()));
    }

    #[test]
    fn the_last_address_of_a_section_counts() {
        let mut network = Network::default();
        network.add(b"[Network]\nAddress=192.0.2.1/32\nAddress=192.0.2.2\n[Address]\nAddress=192.0.2.3/32\nAddress=192.0.2.4/24\n").unwrap();
        network.add(b"[Address]\nAddress=2001:db8::1/128\nAddress=x\n").unwrap();
        let all: Vec<String> =
            network.addresses.iter().map(|a| format!("{} {} {:?}", a.file, a.listed.address, a.listed.len)).collect();
        assert_eq!(
            all,
            ["0 192.0.2.1 Some(32)", "0 192.0.2.2 None", "0 192.0.2.4 Some(24)", "1 2001:db8::1 Some(128)"]
        );
    }

    #[test]
    fn a_file_for_several_devices_is_not_for_one_alone() {
        for (matching, only) in [
            ("Name=lo", true),
            ("Name=lo\nHost=a", true),
            ("Type=loopback", true),
            ("Name=lo eth0", false),
            ("Name=l*", false),
            ("Name=*", false),
            ("Name=!eth0", false),
            ("Host=a", false),
        ] {
            let mut network = Network::default();
            network.add(format!("[Match]\n{matching}\n").as_bytes()).unwrap();
            assert_eq!(network.is_only_for(b"lo"), only, "{matching}");
        }
    }

    #[test]
    fn keep_configuration_is_a_word_or_yes() {
        for (value, kept) in
            [("static", true), ("yes", true), ("1", true), ("dhcp", false), ("no", false), ("x", false)]
        {
            let mut network = Network::default();
            network.add(format!("[Network]\nKeepConfiguration={value}\n").as_bytes()).unwrap();
            assert_eq!(network.keeps_foreign(), kept, "{value}");
        }
    }
}
