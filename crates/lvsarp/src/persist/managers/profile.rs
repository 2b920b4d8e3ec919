//! A connection profile of NetworkManager (a key file), and which devices its configuration leaves alone.

use super::Listed;
use super::ini::{self, Line};
use super::tree::matches;

/// What a profile says.
#[derive(Default)]
pub(crate) struct Profile {
    pub id: String,
    pub kind: String,
    pub interface: String,
    /// It is activated at boot.
    pub by_itself: bool,
    /// NetworkManager wrote it for what it found on a device, and forgets it.
    pub generated: bool,
    pub addresses: Vec<Listed>,
}

impl Profile {
    pub fn read(text: &[u8]) -> Profile {
        let mut profile = Profile { by_itself: true, ..Profile::default() };
        // GLib drops a file with a broken header as well: then it says nothing.
        match ini::read(text, &mut |line| profile.line(line)) {
            Ok(()) => profile,
            Err(ini::Refused) => Profile::default(),
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        let value = line.value;
        match (line.section, line.key) {
            ("connection", "id") => value.clone_into(&mut self.id),
            ("connection", "type") => value.clone_into(&mut self.kind),
            ("connection", "interface-name") => value.clone_into(&mut self.interface),
            ("connection", "autoconnect") => self.by_itself = ini::boolean(value).unwrap_or(true),
            (".nmmeta", "nm-generated" | "volatile" | "external") => {
                self.generated |= ini::boolean(value) == Some(true)
            }
            ("ipv4" | "ipv6", key) if is_address(key) => {
                // `address1=ADDRESS/LEN,GATEWAY`, or a list of addresses.
                let words = value.split([';', ',']).map(str::trim);
                self.addresses.extend(words.filter(|word| word.contains('/')).filter_map(Listed::parse));
            }
            _ => {}
        }
    }

    /// Whether it is for a device by name, or for the loopback device by its type.
    pub fn is_for(&self, dev: &[u8]) -> bool {
        match self.interface.as_str() {
            "" => dev == b"lo" && self.kind == "loopback",
            name => name.as_bytes() == dev,
        }
    }
}

/// `address1`, `address`, `addresses2`.
fn is_address(key: &str) -> bool {
    matches!(key.trim_end_matches(|c: char| c.is_ascii_digit()), "address" | "addresses")
}

/// What NetworkManager's configuration says of one device.
#[derive(Default)]
pub(crate) struct Unmanaged {
    /// By `[keyfile] unmanaged-devices`, the last of which counts.
    listed: bool,
    /// By the first `[device...]` section that is for it.
    section: Option<bool>,
    /// The section that is read.
    begin: usize,
    here: bool,
    managed: Option<bool>,
}

impl Unmanaged {
    /// Reads a file of configuration; later files overrule.
    pub fn add(&mut self, text: &[u8], dev: &[u8]) {
        let _ = ini::read(text, &mut |line| self.line(line, dev));
        self.end_section();
    }

    pub fn leaves_alone(&self) -> bool {
        self.listed || self.section == Some(false)
    }

    fn line(&mut self, line: &Line<'_>, dev: &[u8]) {
        if line.begin != self.begin {
            self.end_section();
            self.begin = line.begin;
        }
        match (line.section, line.key) {
            ("keyfile", "unmanaged-devices") => self.listed = is_listed(line.value, dev),
            ("keyfile", "unmanaged-devices+") => self.listed |= is_listed(line.value, dev),
            (section, "match-device") if section.starts_with("device") => self.here = is_listed(line.value, dev),
            (section, "managed") if section.starts_with("device") => self.managed = ini::boolean(line.value),
            _ => {}
        }
    }

    fn end_section(&mut self) {
        if self.here && self.managed.is_some() {
            self.section = self.managed;
        }
        (self.here, self.managed, self.begin) = (false, None, 0);
    }
}

/// Whether a list of devices has one (`NetworkManager.conf(5)`, "Device List Format"). What is listed by what files do not tell is not it.
fn is_listed(list: &str, dev: &[u8]) -> bool {
    let mut listed = false;
    for word in list.split([';', ',']).map(str::trim) {
        let (except, word) = match word.strip_prefix("except:") {
            Some(word) => (true, word),
            None => (false, word),
        };
        let is_it = match word.strip_prefix("interface-name:") {
            Some(name) => match name.strip_prefix('=') {
                Some(name) => name.as_bytes() == dev,
                None => matches(name.trim_start_matches('~').as_bytes(), dev),
            },
            None => word == "*" || word.as_bytes() == dev || (word == "type:loopback" && dev == b"lo"),
        };
        match (is_it, except) {
            (true, true) => return false,
            (true, false) => listed = true,
            _ => {}
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_for_a_device_by_name_or_by_the_type_loopback() {
        let read = |text: &str| Profile::read(text.as_bytes());
        let lo = read(
            "[connection]\nid=a b\ntype=loopback\ninterface-name=lo\n[ipv4]\naddress1=192.0.2.1/32,192.0.2.254\naddresses=192.0.2.2/32;192.0.2.3/24;\n",
        );
        assert!(lo.is_for(b"lo") && !lo.is_for(b"eth0") && lo.by_itself && !lo.generated);
        let listed: Vec<String> = lo.addresses.iter().map(|a| format!("{}/{:?}", a.address, a.len)).collect();
        assert_eq!(listed, ["192.0.2.1/Some(32)", "192.0.2.2/Some(32)", "192.0.2.3/Some(24)"]);
        assert!(read("[connection]\ntype=loopback\n").is_for(b"lo"));
        assert!(!read("[connection]\ntype=ethernet\n").is_for(b"lo"));
        assert!(!read("[connection]\nautoconnect=false\n").by_itself);
        assert!(read("[.nmmeta]\nnm-generated=true\n").generated);
    }

    #[test]
    fn a_device_is_left_alone_by_a_list_or_by_a_section_of_its_own() {
        for (text, alone) in [
            ("[keyfile]\nunmanaged-devices=interface-name:lo;interface-name:eth9\n", true),
            ("[keyfile]\nunmanaged-devices=interface-name:l*\n", true),
            ("[keyfile]\nunmanaged-devices=*,except:interface-name:lo\n", false),
            ("[keyfile]\nunmanaged-devices=interface-name:eth0\n", false),
            ("[keyfile]\nunmanaged-devices=interface-name:lo\n[keyfile]\nunmanaged-devices=\n", false),
            ("[device-lo]\nmatch-device=interface-name:lo\nmanaged=0\n", true),
            ("[device-lo]\nmatch-device=interface-name:eth0\nmanaged=0\n", false),
            ("[device-a]\nmanaged=0\n[device-b]\nmatch-device=interface-name:lo\n", false),
        ] {
            let mut unmanaged = Unmanaged::default();
            unmanaged.add(text.as_bytes(), b"lo");
            assert_eq!(unmanaged.leaves_alone(), alone, "{text}");
        }
    }
}
