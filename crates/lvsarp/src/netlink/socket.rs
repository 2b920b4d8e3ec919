//! A netlink socket: one request and its answers, a dump, or many requests in one send.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::wire::{self, Message, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::sys::{self, Birthmark};

/// How many requests go into one send. Were all of them refused, their answers must fit into the socket's receive buffer: an answer is charged
/// less than 1 KiB, and the smallest default buffer (`net.core.rmem_default`) is 208 KiB.
pub(crate) const BATCH: usize = 128;

/// How often an interrupted dump is taken again before that is reported.
const DUMP_TRIES: usize = 8;

const RECEIVE: usize = 64 * 1024;

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_DUMP_INTR: u16 = 0x10;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLMSGERR_ATTR_MSG: u16 = 1;

/// The kernel's refusal of a request.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub errno: i32,
    /// The kernel's words (extended ack), where it had some.
    pub text: Option<String>,
}

impl Refusal {
    /// The error that names what was refused.
    pub fn error(&self, act: &str, thing: impl std::fmt::Display) -> Error {
        Error::errno_from(act, &thing, self.errno, self.text.as_deref())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal { errno: error.raw_os_error().unwrap_or(libc::EIO), text: None }
    }
}

impl From<wire::Malformed> for Refusal {
    fn from(_: wire::Malformed) -> Refusal {
        Refusal { errno: libc::EBADMSG, text: Some("the kernel's answer is malformed".to_owned()) }
    }
}

pub(crate) struct Socket {
    fd: OwnedFd,
    /// Of the process that opened it.
    birthmark: Birthmark,
    /// Why a forked process has no socket of its own.
    refusal: Option<Refusal>,
    sequence: u32,
    writer: Writer,
    buffer: Vec<u8>,
    /// A request was given up before its last answer, which may still come.
    unread: bool,
}

impl Socket {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Socket> {
        let fd = sys::netlink_socket().map_err(|e| Error::os("open", "a netlink socket", &e))?;
        // Each of these only makes answers better, and old kernels lack them: a failure changes nothing.
        const SOL_NETLINK: i32 = libc::SOL_NETLINK;
        for option in [libc::NETLINK_EXT_ACK, libc::NETLINK_CAP_ACK, libc::NETLINK_GET_STRICT_CHK] {
            let _ = sys::set_option(fd.as_fd(), SOL_NETLINK, option, 1);
        }
        Ok(Socket {
            fd,
            birthmark: Birthmark::new(),
            refusal: None,
            sequence: 0,
            writer: Writer::default(),
            buffer: vec![0; RECEIVE],
            unread: false,
        })
    }

    /// Whether it came here by a fork.
    pub fn came_by_fork(&self) -> bool {
        self.birthmark.is_foreign()
    }

    /// Refuses every request from now on, for this reason.
    pub fn refuse(&mut self, error: &Error) {
        self.refusal = Some(Refusal { errno: error.errno(), text: Some(error.to_string()) });
    }

    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The port that the kernel names in what it tells of this socket's requests; none before the first one.
    pub fn port(&self) -> Option<u32> {
        sys::netlink_port(self.fd.as_fd()).ok().filter(|port| *port != 0)
    }

    /// Asks over another netlink socket, with the buffers of this one.
    pub fn over<T>(&mut self, fd: OwnedFd, ask: &mut dyn FnMut(&mut Socket) -> T) -> T {
        let own = (std::mem::replace(&mut self.fd, fd), std::mem::take(&mut self.unread));
        let answer = ask(self);
        (self.fd, self.unread) = own;
        answer
    }

    /// Sends one request and waits for its acknowledgement.
    pub fn request(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        attributes: impl FnOnce(&mut Writer),
    ) -> std::result::Result<(), Refusal> {
        attributes(self.begin(kind, flags | NLM_F_ACK, body));
        self.exchange(&mut |_| ())
    }

    /// Sends one request and hands its one answer to `read`.
    pub fn get<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        attributes: impl FnOnce(&mut Writer),
        mut read: impl FnMut(&[u8]) -> Option<T>,
    ) -> std::result::Result<Option<T>, Refusal> {
        let mut answer = None;
        attributes(self.begin(kind, NLM_F_ACK, body));
        self.exchange(&mut |m| answer = read(m.payload))?;
        Ok(answer)
    }

    /// Begins a request, to which attributes can be added.
    fn begin(&mut self, kind: u16, flags: u16, body: &[u8]) -> &mut Writer {
        self.writer.clear();
        self.writer.begin(kind, NLM_F_REQUEST | flags, body);
        &mut self.writer
    }

    /// Sends the request that was begun, and hands on its answers.
    fn exchange(&mut self, answer: &mut dyn FnMut(Message<'_>)) -> std::result::Result<(), Refusal> {
        let sequence = self.next_sequence();
        self.writer.end(sequence);
        self.send()?;
        loop {
            let len = self.receive()?;
            for message in wire::messages(&self.buffer[..len]) {
                let message = message?;
                if message.sequence != sequence {
                    continue;
                }
                match message.kind {
                    NLMSG_ERROR => {
                        self.unread = false;
                        return match refusal(message) {
                            None => Ok(()),
                            Some(refusal) => Err(refusal),
                        };
                    }
                    // A dump that fails midway says so here.
                    NLMSG_DONE => {
                        self.unread = false;
                        return match wire::i32_at(message.payload, 0) {
                            Some(error) if error < 0 => Err(Refusal { errno: -error, text: None }),
                            _ => Ok(()),
                        };
                    }
                    NLMSG_OVERRUN => return Err(Refusal { errno: libc::ENOBUFS, text: None }),
                    _ => answer(message),
                }
            }
        }
    }

    /// Takes a dump, again if the kernel's table changed meanwhile. `read` turns a message's payload into an item, or passes it over.
    pub fn dump<T>(
        &mut self,
        what: &str,
        kind: u16,
        body: &[u8],
        attributes: impl Fn(&mut Writer),
        mut read: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.take_dump(what, kind, body, &attributes, &mut |payload| match payload {
            Some(payload) => items.extend(read(payload)),
            None => items.clear(),
        })?;
        Ok(items)
    }

    /// The one copy of what takes a dump. `read` gets none where it begins again.
    fn take_dump(
        &mut self,
        what: &str,
        kind: u16,
        body: &[u8],
        attributes: &dyn Fn(&mut Writer),
        read: &mut dyn FnMut(Option<&[u8]>),
    ) -> Result<()> {
        for _ in 0..DUMP_TRIES {
            let mut interrupted = false;
            attributes(self.begin(kind, NLM_F_DUMP, body));
            let taken = self.exchange(&mut |message| {
                interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
                read(Some(message.payload));
            });
            match taken {
                // Some kernels end an interrupted dump with an error instead of the flag.
                Err(refusal) if !matches!(refusal.errno, libc::EINTR | libc::EAGAIN) => {
                    return Err(refusal.error("list", what));
                }
                Ok(()) if !interrupted => return Ok(()),
                _ => read(None),
            }
        }
        Err(Error::new(ErrorKind::Interrupted, "list", what, "they kept changing while they were read")
            .hint("try again when the namespace is quieter"))
    }

    /// Sends `count` requests, many in one send, and reports each refusal with the request's number.
    ///
    /// Only the last request of a send asks for an acknowledgement: the kernel works through a send in order, and it answers every request that it
    /// refuses (`net/netlink/af_netlink.c: netlink_rcv_skb()`).
    pub fn batch(
        &mut self,
        count: usize,
        write: &mut dyn FnMut(&mut Writer, usize, u16),
        refused: &mut dyn FnMut(usize, Refusal),
    ) -> std::result::Result<(), Refusal> {
        let mut done = 0;
        while done < count {
            let end = count.min(done + BATCH);
            let first = self.sequence.wrapping_add(1);
            self.writer.clear();
            for i in done..end {
                let sequence = self.next_sequence();
                let ack = if i + 1 == end { NLM_F_ACK } else { 0 };
                write(&mut self.writer, i, NLM_F_REQUEST | ack);
                self.writer.end(sequence);
            }
            self.send()?;
            let last = self.sequence;
            'answers: loop {
                let len = self.receive()?;
                for message in wire::messages(&self.buffer[..len]) {
                    let message = message?;
                    let at = message.sequence.wrapping_sub(first) as usize;
                    if at >= end - done {
                        continue;
                    }
                    if message.kind == NLMSG_ERROR
                        && let Some(refusal) = refusal(message)
                    {
                        refused(done + at, refusal);
                    }
                    if message.sequence == last {
                        self.unread = false;
                        break 'answers;
                    }
                }
            }
            done = end;
        }
        Ok(())
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn send(&mut self) -> std::result::Result<(), Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        if self.unread {
            self.drain()?;
        }
        self.unread = true;
        sys::send(self.fd.as_fd(), self.writer.bytes())?;
        Ok(())
    }

    /// Reads what is left of a request that was given up: the kernel refuses a new dump while another one is not read to its end
    /// (`net/netlink/af_netlink.c: __netlink_dump_start()`).
    fn drain(&mut self) -> std::result::Result<(), Refusal> {
        let mut overrun = false;
        loop {
            match sys::receive(self.fd.as_fd(), &mut self.buffer, false) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The kernel says once that answers were lost; nobody wants them any more.
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) && !overrun => overrun = true,
                Err(e) => return Err(e.into()),
                Ok(_) => {}
            }
        }
    }

    /// One datagram from the kernel, into the buffer.
    fn receive(&mut self) -> std::result::Result<usize, Refusal> {
        loop {
            let (len, port) = sys::receive(self.fd.as_fd(), &mut self.buffer, true)?;
            if len > self.buffer.len() {
                // The kernel sizes dump messages by the buffer it was shown, so this is not expected; the next try has room.
                self.buffer.resize(len, 0);
                return Err(Refusal { errno: libc::EMSGSIZE, text: None });
            }
            if port == 0 {
                return Ok(len);
            }
        }
    }
}

/// The refusal in an `NLMSG_ERROR`; `None` for an acknowledgement.
fn refusal(message: Message<'_>) -> Option<Refusal> {
    let errno = wire::i32_at(message.payload, 0).map_or(libc::EBADMSG, |error| -error);
    if errno == 0 {
        return None;
    }
    let text = (message.flags & NLM_F_ACK_TLVS != 0).then(|| {
        // Behind the error stands the header of the request, and the whole request unless the answer was capped.
        let request = match message.flags & NLM_F_CAPPED {
            0 => wire::u32_at(message.payload, 4).unwrap_or(0) as usize,
            _ => wire::HEADER,
        };
        wire::attribute_behind(message.payload, 4 + request, NLMSGERR_ATTR_MSG)
            .map(|value| String::from_utf8_lossy(wire::text(value)).into_owned())
    });
    Some(Refusal { errno, text: text.flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_words_are_found_behind_a_capped_answer() {
        let mut w = Writer::default();
        let mut body = (-libc::EINVAL).to_ne_bytes().to_vec();
        body.extend_from_slice(&[0; 16]);
        w.begin(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &body);
        w.attribute(NLMSGERR_ATTR_MSG, b"Invalid scope value\0");
        w.end(1);
        let message = wire::messages(w.bytes()).next().unwrap().unwrap();
        let refusal = refusal(message).unwrap();
        assert_eq!(refusal.errno, libc::EINVAL);
        assert_eq!(refusal.text.as_deref(), Some("Invalid scope value"));
    }
}
