//! TCP without data, ICMP echo and the ICMP errors about them, over IPv4 and IPv6 in Ethernet frames, as bytes. Pure, no system call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{ETHERNET, Mac, Protocol, SHORTEST, be16, checksum};

const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const ECHO: usize = 8;

const ICMP: u8 = 1;
const TCP_PROTOCOL: u8 = 6;
const ICMPV6: u8 = 58;

/// The flags of a TCP segment (RFC 9293, 3.1).
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const ACK: u8 = 0x10;

/// How many routers a packet may pass; it is for a host on the same link, and 64 is what Linux sends.
const HOPS: u8 = 64;
/// The window that a SYN offers. No byte is ever taken.
const WINDOW: u16 = 64240;
/// What Ethernet carries of one segment, over IPv4 and IPv6.
const LARGEST_SEGMENT: [u16; 2] = [1460, 1440];

/// The longest frame that is written: IPv6 with a SYN and its one option.
const LONGEST: usize = ETHERNET + IPV6 + TCP + 4;

/// A packet: from where, to where, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet {
    /// The source address.
    pub from: IpAddr,
    /// The destination address, of the same family.
    pub to: IpAddr,
    /// What it carries.
    pub content: Content,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A TCP segment. Data behind it is not looked at.
    Tcp(Tcp),
    /// An ICMP echo request or reply. What it carries is not looked at.
    Echo(Echo),
    /// An ICMP error, with the beginning of the packet that it is about: where that went, and its first four bytes behind the IP header.
    Unreachable {
        /// The source of the packet.
        from: IpAddr,
        /// Its destination.
        to: IpAddr,
        /// The ports of a TCP segment, or type, code and checksum of an echo request.
        begin: [u8; 4],
        /// The four bytes after that: the sequence number of a TCP segment, or identifier and number of an echo request.
        next: [u8; 4],
    },
}

/// A TCP segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tcp {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
}

/// An ICMP echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Echo {
    pub is_reply: bool,
    pub identifier: u16,
    pub number: u16,
}

/// A frame that was written; it needs no memory but its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Frame {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length.max(SHORTEST)]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}

impl Packet {
    /// The frame; `None` where source and destination are of two families, or it is an error, which only others send.
    pub fn frame(&self, destination: Mac, source: Mac) -> Option<Frame> {
        let is_ipv6 = self.to.is_ipv6();
        let mut message = Frame { bytes: [0; LONGEST], length: 0 };
        let (protocol, sum_at) = match self.content {
            Content::Tcp(tcp) => {
                message.push(&tcp.source_port.to_be_bytes());
                message.push(&tcp.destination_port.to_be_bytes());
                message.push(&tcp.sequence.to_be_bytes());
                message.push(&tcp.acknowledgement.to_be_bytes());
                let is_syn = tcp.flags & SYN != 0;
                message.push(&[if is_syn { 6 << 4 } else { 5 << 4 }, tcp.flags]);
                message.push(&if is_syn { WINDOW } else { 0 }.to_be_bytes());
                message.push(&[0; 4]);
                if is_syn {
                    // Kind 2, length 4: the largest segment, without which some packet filters take a SYN for an attack.
                    message.push(&[2, 4]);
                    message.push(&LARGEST_SEGMENT[usize::from(is_ipv6)].to_be_bytes());
                }
                (TCP_PROTOCOL, 16)
            }
            Content::Echo(echo) => {
                let kind = match (is_ipv6, echo.is_reply) {
                    (false, false) => 8,
                    (false, true) => 0,
                    (true, false) => 128,
                    (true, true) => 129,
                };
                message.push(&[kind, 0, 0, 0]);
                message.push(&echo.identifier.to_be_bytes());
                message.push(&echo.number.to_be_bytes());
                (if is_ipv6 { ICMPV6 } else { ICMP }, 2)
            }
            Content::Unreachable { .. } => return None,
        };
        let length = message.length as u16;
        let mut frame = Frame { bytes: [0; LONGEST], length: 0 };
        frame.push(&destination.0);
        frame.push(&source.0);
        let sum = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let total = (IPV4 as u16 + length).to_be_bytes();
                // Version 4, five words; it must not be fragmented.
                let mut header =
                    [0x45, 0, total[0], total[1], 0, 0, 0x40, 0, HOPS, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                header[12..16].copy_from_slice(&from.octets());
                header[16..20].copy_from_slice(&to.octets());
                let sum = checksum(&[&header]).to_be_bytes();
                header[10..12].copy_from_slice(&sum);
                frame.push(&Protocol::Ipv4.number().to_be_bytes());
                frame.push(&header);
                let pseudo = [0, protocol, 0, length as u8];
                match protocol {
                    ICMP => checksum(&[&message.bytes[..message.length]]),
                    _ => checksum(&[&from.octets(), &to.octets(), &pseudo, &message.bytes[..message.length]]),
                }
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                frame.push(&Protocol::Ipv6.number().to_be_bytes());
                frame.push(&[0x60, 0, 0, 0, 0, length as u8, protocol, HOPS]);
                frame.push(&from.octets());
                frame.push(&to.octets());
                let pseudo = [0, 0, 0, length as u8, 0, 0, 0, protocol];
                checksum(&[&from.octets(), &to.octets(), &pseudo, &message.bytes[..message.length]])
            }
            _ => return None,
        };
        message.bytes[sum_at..sum_at + 2].copy_from_slice(&sum.to_be_bytes());
        frame.push(&message.bytes[..message.length]);
        Some(frame)
    }

    /// Reads an Ethernet frame. `None` for another protocol, a tagged frame, a header that is not whole or says so of itself, a fragment (also the
    /// first one), and IPv6 with extension headers, which no answer to what is sent here has. Checksums are not looked at: on a virtual link the
    /// kernel leaves them to be filled in by nobody.
    pub fn parse(frame: &[u8]) -> Option<Packet> {
        let packet = frame.get(ETHERNET..)?;
        let (header, message) = match be16(frame, 12)? {
            number if number == Protocol::Ipv4.number() => ipv4(packet, true)?,
            number if number == Protocol::Ipv6.number() => ipv6(packet, true)?,
            _ => return None,
        };
        let content = match (header.protocol, header.from) {
            (TCP_PROTOCOL, _) => Content::Tcp(tcp(message)?),
            (ICMP, IpAddr::V4(_)) => match (*message.first()?, *message.get(1)?) {
                (kind @ (0 | 8), 0) => Content::Echo(echo(message, kind == 0)?),
                // Destination unreachable, time exceeded.
                (3 | 11, _) => unreachable(message, ipv4)?,
                _ => return None,
            },
            (ICMPV6, IpAddr::V6(_)) => match (*message.first()?, *message.get(1)?) {
                (kind @ (128 | 129), 0) => Content::Echo(echo(message, kind == 129)?),
                (1 | 3, _) => unreachable(message, ipv6)?,
                _ => return None,
            },
            _ => return None,
        };
        Some(Packet { from: header.from, to: header.to, content })
    }
}

/// What an IP header says.
struct Header {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
}

/// Reads the header of a packet and what is behind it, of a whole packet or of one that is quoted.
type Read = fn(&[u8], bool) -> Option<(Header, &[u8])>;

/// The header of an IPv4 packet and what is behind it; not `whole`: of a packet that is quoted, as much as there is.
fn ipv4(packet: &[u8], whole: bool) -> Option<(Header, &[u8])> {
    let first = *packet.first()?;
    let length = usize::from(first & 0x0f) * 4;
    let total = usize::from(be16(packet, 2)?);
    // Neither more fragments nor an offset.
    if first >> 4 != 4 || length < IPV4 || total < length || be16(packet, 6)? & 0x3fff != 0 {
        return None;
    }
    let end = if whole { total } else { total.min(packet.len()) };
    let message = packet.get(length..end)?;
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    };
    Some((Header { from: address(12)?, to: address(16)?, protocol: *packet.get(9)? }, message))
}

/// The header of an IPv6 packet and what is behind it, as for [`ipv4`].
fn ipv6(packet: &[u8], whole: bool) -> Option<(Header, &[u8])> {
    if packet.first()? >> 4 != 6 {
        return None;
    }
    let end = IPV6 + usize::from(be16(packet, 4)?);
    let message = packet.get(IPV6..if whole { end } else { end.min(packet.len()) })?;
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
        Some(IpAddr::V6(Ipv6Addr::from(octets)))
    };
    Some((Header { from: address(8)?, to: address(24)?, protocol: *packet.get(6)? }, message))
}

fn tcp(message: &[u8]) -> Option<Tcp> {
    let length = usize::from(message.get(12)? >> 4) * 4;
    if length < TCP || message.len() < length {
        return None;
    }
    Some(Tcp {
        source_port: be16(message, 0)?,
        destination_port: be16(message, 2)?,
        sequence: be32(message, 4)?,
        acknowledgement: be32(message, 8)?,
        flags: message[13],
    })
}

fn echo(message: &[u8], is_reply: bool) -> Option<Echo> {
    let message = message.get(..ECHO)?;
    Some(Echo { is_reply, identifier: be16(message, 4)?, number: be16(message, 6)? })
}

/// An ICMP error: eight bytes, then the packet that it is about, of which eight bytes behind the IP header are always there (RFC 792, RFC 4443).
fn unreachable(message: &[u8], read: Read) -> Option<Content> {
    let (header, quoted) = read(message.get(8..)?, false)?;
    let four = |at: usize| -> Option<[u8; 4]> { quoted.get(at..at + 4)?.try_into().ok() };
    Some(Content::Unreachable { from: header.from, to: header.to, begin: four(0)?, next: four(4)? })
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
