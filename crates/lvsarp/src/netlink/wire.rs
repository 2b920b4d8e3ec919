//! Netlink messages as bytes: writing requests, walking answers. Pure, no system call.

/// `include/uapi/linux/netlink.h`: length, type, flags, sequence number, port.
pub(crate) const HEADER: usize = 16;

/// The bit that says that an attribute holds attributes.
pub(crate) const NESTED: u16 = 0x8000;

const fn align(len: usize) -> usize {
    (len + 3) & !3
}

/// Writes messages one behind the other into a buffer that is kept between uses.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    start: usize,
}

impl Writer {
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins a message with its fixed part behind the header.
    pub fn begin(&mut self, kind: u16, flags: u16, body: &[u8]) {
        self.start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(&flags.to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 8]);
        self.bytes.extend_from_slice(body);
        self.pad();
    }

    /// Ends the message: its length and sequence number are known now.
    pub fn end(&mut self, sequence: u32) {
        let len = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&len.to_ne_bytes());
        self.bytes[self.start + 8..self.start + 12].copy_from_slice(&sequence.to_ne_bytes());
    }

    pub fn attribute(&mut self, kind: u16, value: &[u8]) {
        let len = (4 + value.len()) as u16;
        self.bytes.extend_from_slice(&len.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad();
    }

    /// An attribute that holds the attributes that `inside` writes.
    pub fn nest(&mut self, kind: u16, inside: impl FnOnce(&mut Writer)) {
        let start = self.bytes.len();
        self.attribute(kind | NESTED, &[]);
        inside(self);
        let len = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&len.to_ne_bytes());
    }

    fn pad(&mut self) {
        self.bytes.resize(align(self.bytes.len()), 0);
    }
}

/// One message of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    /// Of a notification: the port of the socket that asked for what it tells; 0 where the kernel did not keep it.
    pub port: u32,
    pub payload: &'a [u8],
}

/// Bytes that are not what the kernel would send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Walks the messages of one datagram.
pub(crate) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message<'_>, Malformed>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(message) = first_message(rest) else {
            rest = &[];
            return Some(Err(Malformed));
        };
        rest = rest.get(align(HEADER + message.payload.len())..).unwrap_or(&[]);
        Some(Ok(message))
    })
}

fn first_message(bytes: &[u8]) -> Option<Message<'_>> {
    let len = u32_at(bytes, 0)? as usize;
    Some(Message {
        kind: u16_at(bytes, 4)?,
        flags: u16_at(bytes, 6)?,
        sequence: u32_at(bytes, 8)?,
        port: u32_at(bytes, 12)?,
        payload: bytes.get(HEADER..len)?,
    })
}

/// Walks attributes. What is too short for its own length ends the walk, as in the kernel's `nla_for_each_attr`.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let len = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & !NESTED;
        let value = rest.get(4..len)?;
        rest = rest.get(align(len)..).unwrap_or(&[]);
        Some((kind, value))
    })
}

/// The attributes behind a message's fixed part.
pub(crate) fn attributes_behind(payload: &[u8], fixed: usize) -> impl Iterator<Item = (u16, &[u8])> {
    attributes(payload.get(align(fixed)..).unwrap_or(&[]))
}

/// Hands each attribute behind a message's fixed part on, until one is refused: the one loop for all that is made of attributes.
#[inline(never)]
pub(crate) fn each_attribute<'a>(
    payload: &'a [u8],
    fixed: usize,
    take: &mut dyn FnMut(u16, &'a [u8]) -> Option<()>,
) -> Option<()> {
    attributes_behind(payload, fixed).try_for_each(|(kind, value)| take(kind, value))
}

/// The first attribute of a kind.
#[inline(never)]
pub(crate) fn attribute(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

/// The first attribute of a kind behind a message's fixed part.
pub(crate) fn attribute_behind(payload: &[u8], fixed: usize, wanted: u16) -> Option<&[u8]> {
    attribute(payload.get(align(fixed)..)?, wanted)
}

pub(crate) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    u32_at(bytes, at).map(|value| value as i32)
}

/// A number in network order, as the attributes of netfilter have them.
pub(crate) fn be32(value: &[u8]) -> Option<u32> {
    u32_at(value, 0).map(u32::from_be)
}

/// A text attribute without the NUL behind it.
pub(crate) fn text(value: &[u8]) -> &[u8] {
    value.split(|b| *b == 0).next().unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut w = Writer::default();
        w.begin(19, 5, &[0; 16]);
        w.nest(26, |w| w.nest(2, |w| w.nest(1, |w| w.attribute(19, &1u32.to_ne_bytes()))));
        w.attribute(3, b"eth0\0");
        w.end(7);
        w.begin(3, 0, &[1, 2, 3]);
        w.end(8);
        w.bytes().to_vec()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = sample();
        let all: Vec<_> = messages(&bytes).map(Result::unwrap).collect();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].kind, all[0].flags, all[0].sequence), (19, 5, 7));
        let attributes: Vec<_> = attributes_behind(all[0].payload, 16).collect();
        assert_eq!(attributes[0].0, 26);
        assert_eq!(text(attributes[1].1), b"eth0");
        let (kind, inet) = super::attributes(attributes[0].1).next().unwrap();
        let (_, conf) = super::attributes(inet).next().unwrap();
        let (id, value) = super::attributes(conf).next().unwrap();
        assert_eq!((kind, id, i32_at(value, 0)), (2, 19, Some(1)));
    }

    #[test]
    fn the_request_that_sets_a_level_has_the_bytes_that_iproute2_sends() {
        let mut w = Writer::default();
        w.begin(19, 5, &[0; 16]);
        w.nest(26, |w| w.nest(2, |w| w.nest(1, |w| w.attribute(19, &2u32.to_ne_bytes()))));
        w.end(1);
        let expected: &[u8] = &[
            52, 0, 0, 0, 19, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, // nlmsghdr
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ifinfomsg
            20, 0, 26, 128, 16, 0, 2, 128, 12, 0, 1, 128, 8, 0, 19, 0, 2, 0, 0, 0,
        ];
        if cfg!(target_endian = "little") {
            assert_eq!(w.bytes(), expected);
        }
    }

    #[test]
    fn truncated_and_flipped_bytes_never_panic() {
        let bytes = sample();
        let walk = |bytes: &[u8]| {
            messages(bytes)
                .map_while(Result::ok)
                .map(|m| attributes_behind(m.payload, 16).map(|(_, v)| attributes(v).count()).sum::<usize>())
                .sum::<usize>()
        };
        assert!(walk(&bytes) > 0);
        for end in 0..bytes.len() {
            walk(&bytes[..end]);
            for value in [0, 1, 3, 4, 127, 128, 255] {
                let mut flipped = bytes.clone();
                flipped[end] = value;
                walk(&flipped);
            }
        }
        assert!(messages(&bytes[..10]).any(|m| m.is_err()));
    }
}
