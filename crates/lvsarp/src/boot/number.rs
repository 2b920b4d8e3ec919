//! How the kernel reads the number that is written to an integer key (`kernel/sysctl.c: do_proc_dointvec()`, `proc_get_long()`).

use std::ops::RangeInclusive;

/// No more of one write than this is looked at, a page less its last byte.
const PAGE: usize = 4095;
/// The longest number, sign and prefix included, with one byte more that shows its end (`TMPBUFLEN` less the NUL).
const LONGEST: usize = 21;

/// The value that the kernel stores for what is written, or the errno that it refuses it with. A number ends at a blank, a tab or a line feed; what
/// follows is ignored.
pub(crate) fn parse(text: &[u8], range: RangeInclusive<i32>) -> Result<i32, i32> {
    let mut rest = text.get(..PAGE).unwrap_or(text);
    while let [b' ' | b'\t'..=b'\r' | 0xa0, tail @ ..] = rest {
        rest = tail;
    }
    let number = rest.get(..LONGEST).unwrap_or(rest);
    let negative = number.first() == Some(&b'-') && rest.len() > 1;
    let digits = &number[usize::from(negative)..];
    if !digits.first().is_some_and(u8::is_ascii_digit) {
        return Err(libc::EINVAL);
    }
    let (radix, prefix) = match digits {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, 2),
        [b'0', ..] => (8, 0),
        _ => (10, 0),
    };
    let mut value: u64 = 0;
    let mut len = usize::from(negative) + prefix;
    for byte in &digits[prefix..] {
        let Some(digit) = (*byte as char).to_digit(radix) else { break };
        let next = value.checked_mul(u64::from(radix)).and_then(|value| value.checked_add(u64::from(digit)));
        value = next.ok_or(libc::EINVAL)?;
        len += 1;
    }
    let ends = rest.get(len).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
    let value = i64::try_from(value).map_err(|_| libc::EINVAL)?;
    match i32::try_from(if negative { -value } else { value }) {
        Ok(value) if ends && len < LONGEST && range.contains(&value) => Ok(value),
        _ => Err(libc::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i32> {
        parse(text.as_bytes(), i32::MIN..=i32::MAX).ok()
    }

    #[test]
    fn a_number_ends_at_white_space_and_the_rest_is_ignored() {
        assert_eq!(read("1 2\n"), Some(1));
        assert_eq!(read(" \t3\tx"), Some(3));
        assert_eq!(read("4"), Some(4));
        for bad in ["", "\n", "  ", "1;\n", "1\r\n", "yes", "\"1\"", "+1", "1.0", "- 1", "-", "--1"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_prefix_chooses_the_base() {
        assert_eq!(read("0x1F\n"), Some(31));
        assert_eq!(read("010"), Some(8));
        assert_eq!(read("-0x2"), Some(-2));
        for bad in ["08", "0x", "0xg", "1f"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_an_int_cannot_hold_is_refused() {
        assert_eq!(read("2147483647"), Some(i32::MAX));
        assert_eq!(read("-2147483648"), Some(i32::MIN));
        assert_eq!(read("00000000000000000001"), Some(1));
        for bad in ["2147483648", "-2147483649", "18446744073709551617", "000000000000000000001"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_kernel_with_a_range_refuses_what_is_outside() {
        assert_eq!(parse(b"9\n", 0..=8), Err(libc::EINVAL));
        assert_eq!(parse(b"8\n", 0..=8), Ok(8));
    }
}
