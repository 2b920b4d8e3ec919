//! Interface names, checked once when they are made, and the scopes of `net.ipv4.conf` that they stand in.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};
use crate::json::{Place, Read};
use crate::key::Key;

/// The longest interface name in bytes. `include/uapi/linux/if.h: IFNAMSIZ` is 16 with its NUL.
pub const NAME_MAX: usize = 15;

/// The name of a network interface: 1 to 15 bytes, no `/`, no `:`, no white space, not `.` or `..`.
///
/// Dots are normal (`eth0.100`). `all` and `default` are not interfaces. The rule is the kernel's
/// (`net/core/dev.c: dev_valid_name()`); names that come from outside must be UTF-8 besides. A name that the kernel reports may hold any other
/// byte: it is shown with `\xNN` in place of control characters, backslashes and bytes that are not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IfName {
    bytes: [u8; NAME_MAX + 1],
    len: u8,
}

impl IfName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<IfName> {
        let refuse = |cause: &str| Err(Error::input(format_args!("interface name {name:?}"), cause));
        match name {
            "" => return refuse("it is empty"),
            "." | ".." => return refuse("it is a directory, not an interface"),
            "all" | "default" => {
                return refuse("it stands for every interface or for new ones; name one interface");
            }
            _ => {}
        }
        if name.len() > NAME_MAX {
            return refuse("it is longer than 15 bytes");
        }
        for c in name.chars() {
            match c {
                '/' => return refuse("it contains '/'"),
                ':' => return refuse("it is a label; name the device before the ':'"),
                '\0' => return refuse("it contains a NUL"),
                c if c.is_whitespace() => return refuse("it contains white space"),
                _ => {}
            }
        }
        Ok(IfName::copy(name.as_bytes()))
    }

    /// Checks a name that may not be UTF-8, as it comes from a command line.
    pub fn from_bytes(name: &[u8]) -> Result<IfName> {
        match std::str::from_utf8(name) {
            Ok(name) => IfName::new(name),
            Err(_) => {
                let shown = String::from_utf8_lossy(name).into_owned();
                Err(Error::input(format_args!("interface name {shown:?}"), "it is not UTF-8"))
            }
        }
    }

    /// A name that the kernel reported: any bytes, cut at 15.
    pub(crate) fn from_kernel(name: &[u8]) -> IfName {
        IfName::copy(&name[..name.len().min(NAME_MAX)])
    }

    fn copy(name: &[u8]) -> IfName {
        let mut bytes = [0; NAME_MAX + 1];
        bytes[..name.len()].copy_from_slice(name);
        IfName { bytes, len: name.len() as u8 }
    }

    /// The name as the kernel knows it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Display for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::with_capacity(usize::from(self.len));
        for chunk in self.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() || c == '\\' {
                    let mut utf8 = [0; 4];
                    for byte in c.encode_utf8(&mut utf8).bytes() {
                        shown.push_str(&format!("\\x{byte:02x}"));
                    }
                } else {
                    shown.push(c);
                }
            }
            for byte in chunk.invalid() {
                shown.push_str(&format!("\\x{byte:02x}"));
            }
        }
        f.pad(&shown)
    }
}

impl fmt::Debug for IfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromStr for IfName {
    type Err = Error;
    fn from_str(name: &str) -> Result<IfName> {
        IfName::new(name)
    }
}

impl Serialize for IfName {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl Read for IfName {
    fn read(place: &Place<'_>) -> IfName {
        let shown = place.text();
        let bytes = unescape(shown);
        if bytes.is_empty() || bytes.len() > NAME_MAX {
            place.refuse(&format_args!("not an interface name: {shown:?}"));
        }
        IfName::from_kernel(&bytes)
    }
}

/// The reverse of [`IfName`]'s display: `\xNN` back to the byte.
fn unescape(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown.as_bytes();
    while let [first, tail @ ..] = rest {
        if let [b'\\', b'x', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = ((*high as char).to_digit(16), (*low as char).to_digit(16))
        {
            bytes.push((high * 16 + low) as u8);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

/// Where in `net.ipv4.conf` a value stands: `all`, `default` or one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `conf/all`: one shared value that is merged with every interface's own.
    All,
    /// `conf/default`: what a new interface starts with, and what existing ones follow until they get an address or a write of their own.
    Default,
    /// `conf/IFACE`: the interface's own value.
    Interface(IfName),
}

impl Scope {
    /// Reads `all`, `default` or an interface's name.
    pub fn new(name: &str) -> Result<Scope> {
        match name {
            "all" => Ok(Scope::All),
            "default" => Ok(Scope::Default),
            name => IfName::new(name).map(Scope::Interface),
        }
    }

    /// The scope's directory below `/proc/sys/net/ipv4/conf`.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Scope::All => b"all",
            Scope::Default => b"default",
            Scope::Interface(name) => name.as_bytes(),
        }
    }

    /// The key as `sysctl` and sysctl.d spell it: in an interface's name dots and slashes swap, so `eth0.100` becomes
    /// `net.ipv4.conf.eth0/100.arp_ignore`.
    pub fn sysctl_key(&self, key: Key) -> String {
        format!("net.ipv4.conf.{}.{}", self.to_string().replace('.', "/"), key.name())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.pad("all"),
            Scope::Default => f.pad("default"),
            Scope::Interface(name) => fmt::Display::fmt(name, f),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl Read for Scope {
    fn read(place: &Place<'_>) -> Scope {
        match place.text() {
            "all" => Scope::All,
            "default" => Scope::Default,
            _ => Scope::Interface(IfName::read(place)),
        }
    }
}

impl FromStr for Scope {
    type Err = Error;
    fn from_str(name: &str) -> Result<Scope> {
        Scope::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused_with_the_reason() {
        for (name, reason) in [
            ("", "empty"),
            (".", "directory"),
            ("..", "directory"),
            ("a/b", "'/'"),
            ("../etc", "'/'"),
            ("lo:0", "label"),
            ("eth 0", "white space"),
            ("eth0\n", "white space"),
            ("eth\u{2003}0", "white space"),
            ("eth\u{0}", "NUL"),
            ("abcdefghijklmnop", "longer than 15"),
            ("all", "every interface"),
            ("default", "every interface"),
        ] {
            let error = IfName::new(name).unwrap_err().to_string();
            assert!(error.contains(reason), "{name:?}: {error}");
        }
        assert!(IfName::from_bytes(b"eth\xff").unwrap_err().to_string().contains("not UTF-8"));
    }

    #[test]
    fn dots_are_normal_and_swap_in_a_sysctl_key() {
        let name = IfName::new("eth0.100.200").unwrap();
        assert_eq!(Scope::Interface(name).sysctl_key(Key::ArpIgnore), "net.ipv4.conf.eth0/100/200.arp_ignore");
        assert_eq!(IfName::new("abcdefghijklmno").unwrap().as_bytes().len(), 15);
    }

    #[test]
    fn odd_bytes_from_the_kernel_are_shown_escaped_and_survive_json() {
        for raw in [&b"eth\xff"[..], b"\x1b[31mred", b"a\\xffb", "\u{7f51}\u{53e3}".as_bytes()] {
            let name = IfName::from_kernel(raw);
            assert!(!name.to_string().contains(char::is_control));
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(crate::json::read::<IfName>(&crate::json::parse(&json).unwrap()).unwrap(), name);
        }
        assert_eq!(IfName::from_kernel(b"eth\xff").to_string(), "eth\\xff");
    }
}
