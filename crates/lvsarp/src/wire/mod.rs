//! The wire: frames as bytes, and the sockets that send and hear them on one interface.

mod alarm;
pub(crate) mod arp;
mod filter;
pub(crate) mod ip;
mod mac;
pub(crate) mod ndp;
mod packet;
mod removal;
#[cfg(test)]
mod rules;

pub(crate) use alarm::Alarm;
pub use arp::{Arp, Operation};
#[cfg(test)]
pub(crate) use filter::tests::run as run_filter;
pub(crate) use filter::{Accept, Instruction, Program};
pub use mac::Mac;
pub use ndp::{Ndp, NdpKind};
pub(crate) use packet::{Line, PacketSocket, Protocol};
pub(crate) use removal::Removal;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serializer;

/// The length of an Ethernet header: destination, source, type.
pub(crate) const ETHERNET: usize = 14;

/// The shortest frame without its checksum; what is shorter is filled up with zeros, as switches and drivers expect it.
pub(crate) const SHORTEST: usize = 60;

/// A duration in JSON: seconds as a number.
pub(crate) fn seconds<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(duration.as_secs_f64())
}

/// A time in JSON: seconds since 1970 as a number.
pub(crate) fn unix_seconds<S: Serializer>(time: &SystemTime, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_f64(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
}

/// Begins a frame.
pub(crate) fn ethernet(destination: Mac, source: Mac, protocol: Protocol) -> Vec<u8> {
    let mut frame = Vec::with_capacity(128);
    frame.extend_from_slice(&destination.0);
    frame.extend_from_slice(&source.0);
    frame.extend_from_slice(&protocol.number().to_be_bytes());
    frame
}

/// Six bytes at an offset.
fn mac_at(bytes: &[u8], at: usize) -> Option<Mac> {
    Some(Mac(bytes.get(at..at + 6)?.try_into().ok()?))
}

/// A number in network order at an offset.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The ones' complement sum of RFC 1071, over several pieces of even length but the last.
pub(crate) fn checksum(pieces: &[&[u8]]) -> u16 {
    let mut sum: u64 = 0;
    for pair in pieces.iter().flat_map(|piece| piece.chunks(2)) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of random bytes, or a good one that is changed here and there, cut off or made longer.
    fn frame(good: &[Vec<u8>], dice: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
        if dice(8) == 0 {
            return (0..dice(120)).map(|_| dice(256) as u8).collect();
        }
        let mut frame = good[dice(good.len())].clone();
        for _ in 0..dice(4) {
            let at = dice(frame.len());
            frame[at] = [0, 1, 255, dice(256) as u8, frame[at] ^ 1 << dice(8)][dice(5)];
        }
        match dice(4) {
            0 => frame.truncate(dice(frame.len() + 1)),
            1 => frame.extend((0..dice(40)).map(|_| dice(3) as u8)),
            _ => {}
        }
        frame
    }

    #[test]
    fn what_is_taken_of_a_hundred_thousand_frames_is_what_the_rules_say() {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut dice = |sides: usize| {
            // xorshift64*
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            (state.wrapping_mul(2_685_821_657_736_338_717) >> 33) as usize % sides
        };
        let (mac, vip) = (Mac([2, 0, 0, 0, 0, 1]), "192.0.2.10".parse().unwrap());
        let vip6 = "2001:db8::10".parse().unwrap();
        let good = [
            Arp::who_has(vip, "192.0.2.1".parse().unwrap(), mac).frame(),
            Arp::gratuitous(Operation::Reply, vip, mac).frame(),
            Ndp::who_has(vip6, "fe80::1".parse().unwrap(), mac).frame(),
            Ndp::unsolicited(vip6, mac).frame(),
        ];
        let mut taken = [0; 3];
        for _ in 0..100_000 {
            let frame = frame(&good, &mut dice);
            let (arp, ndp) = rules::check(&frame, &Arp::parse, &Ndp::parse);
            taken[0] += usize::from(arp);
            taken[1] += usize::from(ndp);
            taken[2] += usize::from(!arp && !ndp);
        }
        assert!(taken.iter().all(|count| *count > 10_000), "{taken:?}");
    }

    #[test]
    fn the_checksum_is_that_of_the_example_in_rfc_1071() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03], &[0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x01]]), !0x0100);
    }
}
