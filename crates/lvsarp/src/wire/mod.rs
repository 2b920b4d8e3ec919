//! The wire: frames as bytes, and the sockets that send and hear them on one interface.

mod alarm;
pub(crate) mod arp;
mod filter;
mod mac;
pub(crate) mod ndp;
mod packet;

pub(crate) use alarm::Alarm;
pub use arp::{Arp, Operation};
pub(crate) use filter::{Accept, Instruction, Program};
pub use mac::Mac;
pub use ndp::{Ndp, NdpKind};
pub(crate) use packet::{Line, PacketSocket, Protocol};

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

    #[test]
    fn the_checksum_is_that_of_the_example_in_rfc_1071() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03], &[0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x01]]), !0x0100);
    }
}
