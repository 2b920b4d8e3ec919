//! What is written is read back, and nothing else is taken for a packet.

use super::*;

const OURS: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THEIRS: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn ends() -> [(IpAddr, IpAddr); 2] {
    let parse = |text: &str| text.parse().unwrap();
    [(parse("192.0.2.1"), parse("192.0.2.10")), (parse("2001:db8::1"), parse("2001:db8::10"))]
}

fn contents() -> [Content; 4] {
    let syn = Tcp { source_port: 40000, destination_port: 80, sequence: 0xfeed_beef, acknowledgement: 0, flags: SYN };
    let rst = Tcp { sequence: syn.sequence.wrapping_add(1), flags: RST, ..syn };
    let ask = Echo { is_reply: false, identifier: 0x1234, number: 0x5678 };
    [Content::Tcp(syn), Content::Tcp(rst), Content::Echo(ask), Content::Echo(Echo { is_reply: true, ..ask })]
}

fn all() -> impl Iterator<Item = Packet> {
    ends().into_iter().flat_map(|(from, to)| contents().into_iter().map(move |content| Packet { from, to, content }))
}

fn frame(packet: &Packet) -> Vec<u8> {
    packet.frame(THEIRS, OURS).unwrap().bytes().to_vec()
}

/// Where the packet ends; behind it is padding.
fn end(frame: &[u8]) -> usize {
    match frame[12] {
        0x08 => ETHERNET + usize::from(be16(frame, 16).unwrap()),
        _ => ETHERNET + IPV6 + usize::from(be16(frame, 18).unwrap()),
    }
}

/// An ICMP error that quotes this frame's packet, cut to `quoted` bytes behind its IP header.
fn error_about(frame: &[u8], quoted: usize) -> Vec<u8> {
    let (header, kind): (usize, u8) = if frame[12] == 0x08 { (IPV4, 3) } else { (IPV6, 1) };
    let mut error = frame[..ETHERNET + header].to_vec();
    let message = [&[kind, 1, 0, 0, 0, 0, 0, 0], &frame[ETHERNET..ETHERNET + header + quoted]].concat();
    let length = message.len() as u16;
    if header == IPV4 {
        error[16..18].copy_from_slice(&(length + IPV4 as u16).to_be_bytes());
        error[23] = ICMP;
    } else {
        error[18..20].copy_from_slice(&length.to_be_bytes());
        error[20] = ICMPV6;
    }
    error.extend_from_slice(&message);
    error
}

#[test]
fn what_is_written_is_read_back() {
    for packet in all() {
        let frame = frame(&packet);
        assert!(frame.len() >= SHORTEST);
        assert_eq!(frame[..12], [THEIRS.0, OURS.0].concat());
        assert_eq!(Packet::parse(&frame), Some(packet));
    }
}

#[test]
fn every_checksum_is_right() {
    for packet in all() {
        let frame = frame(&packet);
        let (message, pseudo) = match packet.from {
            IpAddr::V4(_) => {
                assert_eq!(checksum(&[&frame[ETHERNET..ETHERNET + IPV4]]), 0);
                let message = &frame[ETHERNET + IPV4..end(&frame)];
                let pseudo = [&frame[26..34], &[0, frame[23], 0, message.len() as u8]].concat();
                (message, if frame[23] == ICMP { Vec::new() } else { pseudo })
            }
            IpAddr::V6(_) => {
                let message = &frame[ETHERNET + IPV6..end(&frame)];
                (message, [&frame[22..54], &[0, 0, 0, message.len() as u8, 0, 0, 0, frame[20]]].concat())
            }
        };
        assert_eq!(checksum(&[&pseudo, message]), 0, "{packet:?}");
    }
}

#[test]
fn an_error_tells_which_packet_it_is_about() {
    for packet in all() {
        let frame = frame(&packet);
        for quoted in [8, end(&frame) - ETHERNET - if packet.to.is_ipv4() { IPV4 } else { IPV6 }] {
            let Some(Packet { content: Content::Unreachable { from, to, begin, next }, .. }) =
                Packet::parse(&error_about(&frame, quoted))
            else {
                panic!("{packet:?}");
            };
            assert_eq!((from, to), (packet.from, packet.to));
            match packet.content {
                Content::Tcp(tcp) => {
                    assert_eq!(begin, [tcp.source_port.to_be_bytes(), tcp.destination_port.to_be_bytes()].concat()[..]);
                    assert_eq!(next, tcp.sequence.to_be_bytes());
                }
                Content::Echo(echo) => {
                    assert_eq!(next, [echo.identifier.to_be_bytes(), echo.number.to_be_bytes()].concat()[..]);
                }
                Content::Unreachable { .. } => unreachable!(),
            }
        }
        assert_eq!(Packet::parse(&error_about(&frame, 7)), None);
    }
}

#[test]
fn headers_are_as_long_as_they_say() {
    let packet = all().next().unwrap();
    let good = frame(&packet);
    // Four bytes of IP options.
    let mut long = good.clone();
    long[14] = 0x46;
    long[17] += 4;
    long.splice(34..34, [1, 1, 1, 1]);
    assert_eq!(Packet::parse(&long), Some(packet));
    // A header of four words, a packet that is shorter than its header, a version of 6, and TCP headers that are too short or too long.
    for (at, value) in [(14, 0x44), (17, 19), (14, 0x65), (46, 4 << 4), (46, 15 << 4)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert_eq!(Packet::parse(&bad), None, "byte {at} as {value}");
    }
}

#[test]
fn fragments_extension_headers_tags_and_other_protocols_are_not_taken() {
    for packet in all() {
        let good = frame(&packet);
        let bad: &[(usize, u8)] = match packet.to {
            // More fragments, an offset, UDP.
            IpAddr::V4(_) => &[(20, 0x20), (21, 1), (23, 17), (12, 0x81), (13, 6)],
            // Hop-by-hop options, a fragment, the ICMP of IPv4.
            IpAddr::V6(_) => &[(20, 0), (20, 44), (20, 1), (12, 0x81), (13, 6)],
        };
        for (at, value) in bad {
            let mut bad = good.clone();
            bad[*at] = *value;
            assert_eq!(Packet::parse(&bad), None, "byte {at} as {value} of {packet:?}");
        }
        let mut tagged = good.clone();
        tagged.splice(12..12, [0x81, 0, 0, 100]);
        assert_eq!(Packet::parse(&tagged), None);
    }
}

#[test]
fn a_frame_that_was_cut_is_not_taken_and_no_bit_that_flips_makes_it_panic() {
    for packet in all() {
        let good = frame(&packet);
        let end = end(&good);
        for length in 0..end {
            assert_eq!(Packet::parse(&good[..length]), None);
        }
        assert_eq!(Packet::parse(&good[..end]), Some(packet));
        for frame in [&good, &error_about(&good, 8)] {
            for bit in 0..frame.len() * 8 {
                let mut flipped = frame.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                for length in [flipped.len(), flipped.len() / 2, 35] {
                    let _ = Packet::parse(&flipped[..length]);
                }
            }
        }
    }
}

#[test]
fn two_families_and_errors_are_not_written() {
    let [(v4, _), (v6, _)] = ends();
    assert!(Packet { from: v4, to: v6, content: contents()[0] }.frame(THEIRS, OURS).is_none());
    let error = Content::Unreachable { from: v4, to: v4, begin: [0; 4], next: [0; 4] };
    assert!(Packet { from: v4, to: v4, content: error }.frame(THEIRS, OURS).is_none());
}
