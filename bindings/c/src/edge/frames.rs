//! MAC addresses in, and text out without an allocation, for what runs in an event loop.

use std::ffi::c_char;
use std::fmt::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lvsarp::{Mac, Vip};

use super::{Failure, Result, field, vips};

/// VIPs in an array of texts as addresses, at least one.
pub fn some_addresses(start: *const *const c_char, length: usize) -> Result<Vec<IpAddr>> {
    let vips: Vec<IpAddr> = vips(start, length)?.into_iter().map(Vip::address).collect();
    if vips.is_empty() { Err(Failure::input("vips", "at least one is needed")) } else { Ok(vips) }
}

/// MAC addresses in a field of a struct, with blanks or commas between them.
pub fn macs(what: &str, place: &[c_char]) -> Result<Vec<Mac>> {
    let mut macs = Vec::new();
    let text = field(what, place)?.unwrap_or("");
    for mac in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        macs.push(Mac::parse(mac)?);
    }
    Ok(macs)
}

/// Milliseconds of C; 0 stands for the default.
pub fn milliseconds(number: u32, default: Duration) -> Duration {
    if number == 0 { default } else { Duration::from_millis(number.into()) }
}

/// A number of C; 0 stands for the default.
pub fn or_default(number: u32, default: u32) -> u32 {
    if number == 0 { default } else { number }
}

/// A field of a struct as something to write text into: what does not fit is cut between characters, and a zero is always behind it.
pub struct Page<'a> {
    field: &'a mut [c_char],
    length: usize,
    full: bool,
}

impl<'a> Page<'a> {
    pub fn new(field: &'a mut [c_char]) -> Page<'a> {
        field[0] = 0;
        Page { field, length: 0, full: false }
    }

    /// Takes away the end of the last line.
    pub fn trim(self) {
        if self.length > 0 && self.field[self.length - 1] == b'\n' as c_char {
            self.field[self.length - 1] = 0;
        }
    }
}

impl Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.field.len() - 1 - self.length;
        let mut end = if self.full { 0 } else { room.min(text.len()) };
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.full |= end < text.len();
        for (place, byte) in self.field[self.length..].iter_mut().zip(&text.as_bytes()[..end]) {
            *place = *byte as c_char;
        }
        self.length += end;
        self.field[self.length] = 0;
        Ok(())
    }
}

/// Writes text into a field of a struct.
pub fn print(text: fmt::Arguments<'_>, field: &mut [c_char]) {
    // A page takes all text.
    let _ = Page::new(field).write_fmt(text);
}

/// A time in microseconds.
pub fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A time in nanoseconds since 1970.
pub fn nanoseconds_since_1970(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&str]) -> Vec<u8> {
        let mut field = [1; 6];
        let mut page = Page::new(&mut field);
        for piece in pieces {
            page.write_str(piece).unwrap();
        }
        field.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect()
    }

    #[test]
    fn a_page_keeps_what_fits_and_stops_there() {
        assert_eq!(written(&["ab", "cde"]), b"abcde");
        assert_eq!(written(&["abcd", "\u{7f51}", "e"]), b"abcd");
        assert_eq!(written(&["abcdef"]), b"abcde");
        assert_eq!(written(&[]), b"");
    }

    #[test]
    fn the_last_line_of_a_page_has_no_end() {
        for (text, trimmed) in [("a\nb\n", &b"a\nb\0\0"[..]), ("", &b"\0"[..]), ("abcdefgh\n", &b"abcde\0"[..])] {
            let mut field = [0; 6];
            let mut page = Page::new(&mut field);
            page.write_str(text).unwrap();
            page.trim();
            assert_eq!(field.map(|c| c as u8)[..trimmed.len()], *trimmed);
        }
    }

    #[test]
    fn macs_are_read_with_blanks_or_commas_between_them() {
        let mut place = [0; 64];
        crate::edge::copy(" 02:00:00:00:00:01,02:00:00:00:00:02  02:00:00:00:00:03", &mut place);
        let read = macs("directors", &place).unwrap_or_else(|_| panic!("refused"));
        assert_eq!(read, [1, 2, 3].map(|last| Mac([2, 0, 0, 0, 0, last])));
        crate::edge::copy("02:00:00:00:00:01;", &mut place);
        assert_eq!(macs("directors", &place).err().map(|e| e.code()), Some(-libc::EINVAL));
    }
}
