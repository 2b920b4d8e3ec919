//! The kernel's side of a boot: the values of `net.ipv4.conf` and which of them follow `default` (`net/ipv4/devinet.c`).

use std::fmt;
use std::ops::RangeInclusive;

use crate::boot::number;
use crate::key::{KernelVersion, Key};

/// The keys that a machine holds.
pub(crate) const KEYS: [Key; 2] = [Key::ArpIgnore, Key::ArpAnnounce];

/// The first kernel that refuses values without a meaning.
const RANGES: KernelVersion = KernelVersion(7, 2);

/// The values of `arp_ignore` and `arp_announce` in `all`, in `default` and in each interface.
#[derive(Debug, Clone)]
pub struct Machine {
    kernel: KernelVersion,
    scopes: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Vec<u8>,
    values: [Value; KEYS.len()],
}

/// One value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What is in force.
    pub number: i32,
    /// The line that set it, or that would have if it had not been so already; none where it is the kernel's own default, or was there before.
    pub origin: Option<Origin>,
    /// Whether a write to `default` leaves it alone: it was written itself, successfully or not, or the interface has had an address.
    pub explicit: bool,
}

/// The line of a file that a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file's path inside the root.
    pub file: Vec<u8>,
    /// The line, from 1.
    pub line: u32,
    /// Whether that line set `default` and the kernel copied the value.
    pub copied: bool,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.copied { " (by way of default)" } else { "" };
        write!(f, "{}:{}{by}", String::from_utf8_lossy(&self.file), self.line)
    }
}

impl Machine {
    /// A namespace without any interface, not even `lo`: `all` and `default` hold the kernel's own values.
    pub fn new(kernel: KernelVersion) -> Machine {
        let mut machine = Machine { kernel, scopes: Vec::new() };
        machine.insert(b"all", [const { Value::KERNEL }; KEYS.len()]);
        machine.insert(b"default", [const { Value::KERNEL }; KEYS.len()]);
        machine
    }

    /// An interface appears: it starts with the values of `default` and with what is explicit there (`inetdev_init()`). Nothing happens where it is
    /// there already.
    pub fn add(&mut self, name: &[u8]) {
        let Some(default) = self.position(b"default").ok().and_then(|at| self.scopes.get(at)) else { return };
        let mut values = default.values.clone();
        for value in &mut values {
            value.is_copied();
        }
        self.insert(name, values);
    }

    /// An interface gets an address, or is `lo` and goes up: from now on it does not follow `default` (`ipv4_devconf_setall()`).
    pub fn freeze(&mut self, name: &[u8]) {
        if let Ok(at) = self.position(name) {
            for value in &mut self.scopes[at].values {
                value.explicit = true;
            }
        }
    }

    /// One write of a text to a key of `all`, `default` or an interface.
    ///
    /// # Errors
    ///
    /// The errno of the write: `ENOENT` where there is no such interface or the key is none of the two, `EINVAL` where the kernel does not take the
    /// number. A refused write makes the value explicit as well, and one to `default` copies the value that is there
    /// (`devinet_conf_proc()` does both after any write).
    pub fn write(&mut self, scope: &[u8], key: Key, text: &[u8], origin: Option<Origin>) -> Result<(), i32> {
        let (Some(index), Ok(at)) = (index(key), self.position(scope)) else { return Err(libc::ENOENT) };
        let number = number::parse(text, self.range(key));
        let value = &mut self.scopes[at].values[index];
        value.explicit = true;
        if let Ok(number) = number {
            value.number = number;
            value.origin = origin;
        }
        if scope == b"default" {
            let mut copy = value.clone();
            copy.is_copied();
            copy.explicit = false;
            for entry in &mut self.scopes {
                if !matches!(&entry.name[..], b"all" | b"default") && !entry.values[index].explicit {
                    entry.values[index].clone_from(&copy);
                }
            }
        }
        number.map(drop)
    }

    /// A line would write what is there already, and a program that looks first does not write it. It decides the value all the same; only what is
    /// explicit stays as it was.
    pub(crate) fn credit(&mut self, scope: &[u8], key: Key, origin: Origin) {
        if let (Some(index), Ok(at)) = (index(key), self.position(scope)) {
            self.scopes[at].values[index].origin = Some(origin);
        }
    }

    /// What a key holds; none where there is no such interface, or the key is neither `arp_ignore` nor `arp_announce`.
    pub fn value(&self, scope: &[u8], key: Key) -> Option<&Value> {
        Some(&self.scopes[self.position(scope).ok()?].values[index(key)?])
    }

    /// `all`, `default` and the interfaces, in the order of their bytes.
    pub fn scopes(&self) -> impl Iterator<Item = &[u8]> {
        self.scopes.iter().map(|entry| &entry.name[..])
    }

    /// Whether there is such an interface, or it is `all` or `default`.
    pub fn has(&self, scope: &[u8]) -> bool {
        self.position(scope).is_ok()
    }

    fn range(&self, key: Key) -> RangeInclusive<i32> {
        if self.kernel < RANGES { i32::MIN..=i32::MAX } else { key.row().range.clone() }
    }

    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        self.scopes.binary_search_by(|entry| entry.name[..].cmp(name))
    }

    fn insert(&mut self, name: &[u8], values: [Value; KEYS.len()]) {
        if let Err(at) = self.position(name) {
            self.scopes.insert(at, Entry { name: name.to_vec(), values });
        }
    }
}

impl Value {
    const KERNEL: Value = Value { number: 0, origin: None, explicit: false };

    fn is_copied(&mut self) {
        if let Some(origin) = &mut self.origin {
            origin.copied = true;
        }
    }
}

fn index(key: Key) -> Option<usize> {
    KEYS.iter().position(|own| *own == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::ArpIgnore;

    fn machine() -> Machine {
        let mut machine = Machine::new(KernelVersion(6, 1));
        machine.add(b"lo");
        machine.add(b"eth0");
        machine
    }

    fn write(machine: &mut Machine, scope: &str, text: &str) -> Result<(), i32> {
        let origin = Origin { file: b"/etc/sysctl.conf".to_vec(), line: 3, copied: false };
        machine.write(scope.as_bytes(), KEY, text.as_bytes(), Some(origin))
    }

    fn number(machine: &Machine, scope: &str) -> i32 {
        machine.value(scope.as_bytes(), KEY).unwrap().number
    }

    #[test]
    fn default_reaches_interfaces_that_were_never_written() {
        let mut machine = machine();
        write(&mut machine, "eth0", "1\n").unwrap();
        write(&mut machine, "default", "5\n").unwrap();
        assert_eq!((number(&machine, "eth0"), number(&machine, "lo"), number(&machine, "all")), (1, 5, 0));
        let origin = machine.value(b"lo", KEY).unwrap().origin.clone().unwrap();
        assert_eq!((origin.copied, origin.to_string().as_str()), (true, "/etc/sysctl.conf:3 (by way of default)"));
        write(&mut machine, "default", "6\n").unwrap();
        assert_eq!(number(&machine, "lo"), 6);
    }

    #[test]
    fn an_address_freezes_an_interface() {
        let mut machine = machine();
        machine.freeze(b"eth0");
        write(&mut machine, "default", "5\n").unwrap();
        assert_eq!((number(&machine, "eth0"), number(&machine, "lo")), (0, 5));
    }

    #[test]
    fn a_new_interface_is_explicit_where_default_was_written() {
        let mut machine = machine();
        write(&mut machine, "default", "5\n").unwrap();
        machine.add(b"eth1");
        write(&mut machine, "default", "6\n").unwrap();
        assert_eq!((number(&machine, "eth1"), number(&machine, "eth0")), (5, 6));
        assert!(!machine.value(b"eth1", Key::ArpAnnounce).unwrap().explicit);
    }

    #[test]
    fn a_refused_write_pins_the_value_and_copies_default() {
        let mut machine = machine();
        assert_eq!(write(&mut machine, "eth0", "yes\n"), Err(libc::EINVAL));
        assert_eq!(write(&mut machine, "default", "\n"), Err(libc::EINVAL));
        machine.add(b"eth1");
        write(&mut machine, "default", "5\n").unwrap();
        assert_eq!((number(&machine, "eth0"), number(&machine, "eth1"), number(&machine, "lo")), (0, 0, 5));
    }

    #[test]
    fn there_is_no_key_of_an_interface_that_is_not_there() {
        assert_eq!(write(&mut machine(), "eth7", "1\n"), Err(libc::ENOENT));
        assert_eq!(machine().write(b"lo", Key::RpFilter, b"1", None), Err(libc::ENOENT));
    }

    #[test]
    fn kernel_7_2_takes_only_values_with_a_meaning() {
        let mut machine = Machine::new(KernelVersion(7, 2));
        assert_eq!(write(&mut machine, "all", "9"), Err(libc::EINVAL));
        assert_eq!(write(&mut machine, "all", "8"), Ok(()));
    }
}
