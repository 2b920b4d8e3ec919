//! A MAC address.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, Result};

/// The MAC address of an Ethernet interface; its text is `02:00:00:00:00:01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody on the wire.
    pub const BROADCAST: Mac = Mac([0xff; 6]);
    /// What stands in a request in place of the address that is asked for.
    pub const ZERO: Mac = Mac([0; 6]);

    /// Reads six pairs of hexadecimal digits with colons or dashes between them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for anything else.
    pub fn parse(text: &str) -> Result<Mac> {
        let mut bytes = [0; 6];
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut pairs = text.split(separator);
        let read = bytes.iter_mut().try_for_each(|byte| {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
            Some(())
        });
        match (read, pairs.next()) {
            (Some(()), None) => Ok(Mac(bytes)),
            _ => Err(Error::input(format_args!("MAC address {text:?}"), "it is not of the form 02:00:00:00:00:01")),
        }
    }

    /// Whether it stands for a group of hosts; no host has such an address of its own.
    pub fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // On the stack: this runs in event loops that must not allocate.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b':'; 17];
        for (at, byte) in self.0.into_iter().enumerate() {
            text[3 * at] = DIGITS[usize::from(byte >> 4)];
            text[3 * at + 1] = DIGITS[usize::from(byte & 0xf)];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = Error;
    fn from_str(text: &str) -> Result<Mac> {
        Mac::parse(text)
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_address_is_six_pairs_of_digits() {
        let mac = Mac([2, 0, 0, 0xab, 0xcd, 0xef]);
        assert_eq!(Mac::parse("02:00:00:ab:cd:ef").unwrap(), mac);
        assert_eq!(Mac::parse("02-00-00-AB-CD-EF").unwrap(), mac);
        assert_eq!(mac.to_string(), "02:00:00:ab:cd:ef");
        assert_eq!(format!("{mac:>19}"), "  02:00:00:ab:cd:ef");
        for bad in
            ["", "02:00:00:ab:cd", "02:00:00:ab:cd:ef:01", "2:0:0:ab:cd:ef", "02:00:00:ab:cd:+f", "02-00:00-ab-cd-ef"]
        {
            assert!(Mac::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn groups_are_no_hosts() {
        assert!(Mac::BROADCAST.is_group() && Mac([1, 0, 0x5e, 0, 0, 1]).is_group());
        assert!(!Mac([2, 0, 0, 0, 0, 1]).is_group());
    }
}
