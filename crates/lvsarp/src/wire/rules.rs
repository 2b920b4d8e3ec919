//! Which frames are ARP or neighbour discovery, stated a second time and in another way than the parsers do it: for tests and for fuzzing.

#[cfg(not(test))]
use lvsarp::wire::{Arp, Ndp, NdpKind, Operation};

#[cfg(test)]
use super::{Arp, Ndp, NdpKind, Operation};

/// Whether a frame is ARP, and whether it is neighbour discovery, by these parsers; they must say what the rules say, take every byte for what it is,
/// and read what they wrote.
pub fn check(frame: &[u8], arp: &dyn Fn(&[u8]) -> Option<Arp>, ndp: &dyn Fn(&[u8]) -> Option<Ndp>) -> (bool, bool) {
    let (found, found6) = (arp(frame), ndp(frame));
    assert_eq!(found.is_some(), is_arp(frame), "{frame:02x?}");
    assert_eq!(found6.is_some(), is_ndp(frame), "{frame:02x?}");
    if let Some(found) = found {
        let operation = if found.operation == Operation::Request { 1 } else { 2 };
        let fields =
            [&found.destination.0[..], &found.source.0, &[8, 6, 0, frame[15], 8, 0, 6, 4, 0, operation]].concat();
        let addresses = (found.sender.octets(), found.target.octets());
        let rest = [&found.sender_mac.0[..], &addresses.0, &found.target_mac.0, &addresses.1].concat();
        assert_eq!([fields, rest].concat(), frame[..42]);
        assert_eq!(arp(&found.frame()), Some(found));
    }
    if let Some(found) = found6 {
        let (kind, bits) = match found.kind {
            NdpKind::Solicitation => (135, None),
            NdpKind::Advertisement { solicited, replace } => (136, Some((solicited, replace))),
        };
        assert_eq!((frame[54], &frame[62..78]), (kind, &found.target.octets()[..]));
        assert_eq!((&frame[22..38], &frame[38..54]), (&found.from.octets()[..], &found.to.octets()[..]));
        assert!(bits.is_none_or(|bits| bits == (frame[58] >> 6 & 1 == 1, frame[58] >> 5 & 1 == 1)));
        assert_eq!((&frame[..6], &frame[6..12]), (&found.destination.0[..], &found.source.0[..]));
        assert_eq!(ndp(&found.frame()), Some(found));
    }
    (found.is_some(), found6.is_some())
}

/// `net/ipv4/arp.c: arp_rcv(), arp_process()`.
fn is_arp(frame: &[u8]) -> bool {
    let [.., a, b, c, d, e, f] = frame.get(..28).unwrap_or_default() else { return false };
    frame.len() >= 42
        && matches!(frame[12..22], [8, 6, 0, 1 | 6, 8, 0, 6, 4, 0, 1 | 2])
        && [a, b, c, d, e, f].iter().any(|byte| **byte != 0)
}

/// RFC 4861, 7.1, and `net/ipv6/ndisc.c: ndisc_parse_options()`.
fn is_ndp(frame: &[u8]) -> bool {
    let Some((_, [0x86, 0xdd, packet @ ..])) = frame.split_at_checked(12) else { return false };
    let [0x60..=0x6f, _, _, _, high, low, 58, 255, rest @ ..] = packet else { return false };
    let length = usize::from(*high) * 256 + usize::from(*low);
    let Some(message) = rest.get(32..).and_then(|message| message.get(..length)) else { return false };
    match message {
        [kind @ (135 | 136), 0, _, _, _, _, _, _, first, options @ ..] if *first != 0xff && options.len() >= 15 => {
            are_options(&options[15..], kind - 134, false)
        }
        _ => false,
    }
}

/// Whether options are whole, and the first one of this kind has the length of a MAC address.
fn are_options(options: &[u8], kind: u8, seen: bool) -> bool {
    match options {
        [] => true,
        [_, 0, ..] | [_] => false,
        [this, length, ..] => {
            let fits = *this != kind || seen || *length == 1;
            let rest = options.get(8 * usize::from(*length)..);
            fits && rest.is_some_and(|rest| are_options(rest, kind, seen || *this == kind))
        }
    }
}
