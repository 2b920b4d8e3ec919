//! The seal in a file of ours: a digest of all its other bytes, which tells what lvsarp wrote from what a person has edited since.

/// What stands in front of the digest.
const MARK: &[u8] = b"lvsarp-digest";

const DIGITS: usize = 16;

/// A comment that [`seal`] completes.
pub(crate) const LINE: &str = "# lvsarp-digest: 0000000000000000\n";

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// As lvsarp wrote it.
    Ours,
    /// Written by lvsarp, edited since.
    Edited,
    /// Never written by lvsarp.
    Foreign,
}

/// Completes the seal of a text that has the mark and sixteen digits behind it.
pub(crate) fn seal(mut text: Vec<u8>) -> Vec<u8> {
    if let Some(at) = digits(&text) {
        let digest = format!("{:016x}", digest(&text, at));
        text[at..at + DIGITS].copy_from_slice(digest.as_bytes());
    }
    text
}

/// Whose a text is. What begins as ours does and has lost its seal was edited.
pub(crate) fn whose(text: &[u8], beginning: &str) -> Whose {
    match digits(text) {
        Some(at) if text[at..at + DIGITS] == *format!("{:016x}", digest(text, at)).as_bytes() => Whose::Ours,
        Some(_) => Whose::Edited,
        None if text.starts_with(beginning.as_bytes()) => Whose::Edited,
        None => Whose::Foreign,
    }
}

/// Where the digits of the first mark begin.
fn digits(text: &[u8]) -> Option<usize> {
    let behind = text.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let at = behind + text[behind..].iter().position(|byte| !matches!(byte, b'"' | b':' | b' '))?;
    let digits = text.get(at..at + DIGITS)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(at)
}

/// FNV-1a of everything but the digits. It guards against mistakes, not against malice: who can write the file can run lvsarp.
fn digest(text: &[u8], at: usize) -> u64 {
    let others = text[..at].iter().chain(&text[at + DIGITS..]);
    others.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edited_byte_breaks_the_seal() {
        let text = seal(format!("# Ours\n{LINE}a = 1\n").into_bytes());
        assert_eq!(whose(&text, "# Ours"), Whose::Ours);
        for at in 0..text.len() {
            let mut edited = text.clone();
            edited[at] ^= 1;
            assert_ne!(whose(&edited, "# Ours"), Whose::Ours, "{at}");
            edited.remove(at);
            assert_ne!(whose(&edited, "# Ours"), Whose::Ours, "{at}");
        }
        assert_eq!(whose(b"# Ours\na = 1\n", "# Ours"), Whose::Edited);
        assert_eq!(whose(b"a = 1\n", "# Ours"), Whose::Foreign);
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(digest(b"foobar0123456789abcdef", 6), 0x8594_4171_f739_67e8);
    }
}
