//! Filters on packet sockets: what the kernel drops before it wakes anybody, as a program for its classic BPF machine. Pure.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One instruction (`include/uapi/linux/filter.h: struct sock_filter`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Instruction {
    code: u16,
    then: u8,
    otherwise: u8,
    value: u32,
}

const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: whom the frame was for.
const PACKET_TYPE: u32 = (-0x1000i32 + 4) as u32;
/// `PACKET_OTHERHOST`. It and `PACKET_OUTGOING` above it are not for us: also a frame of a VLAN that has no interface here, whose tag is gone by then
/// (`net/core/dev.c: __netif_receive_skb_core()`).
const OTHER_HOST: u32 = 3;

/// How many values a search tells apart; the machine takes 4096 instructions.
const MOST_VALUES: usize = 1000;

/// How many bytes of a frame are handed on.
const WHOLE: u32 = 0x4_0000;

/// The instruction that drops a frame.
const DROP: Instruction = Instruction { code: RETURN, then: 0, otherwise: 0, value: 0 };

/// What a frame must have to be let through: ranges of numbers at offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Accept {
    /// The byte at this offset is that.
    Byte(u32, u8),
    /// The 16 bits at this offset are that.
    Half(u32, u16),
    /// The 32 bits at this offset are that.
    Word(u32, u32),
    /// The byte at this offset is one of two.
    EitherByte(u32, u8, u8),
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program(Vec<Instruction>);

impl Program {
    /// Lets through what came for us or for everybody and has all of these, and of that only what has one of `values` in the 32 bits at an offset.
    pub fn new(all: &[Accept], at: u32, values: impl IntoIterator<Item = u32>) -> Program {
        let mut program = Program(Vec::new());
        program.push(LOAD_WORD, PACKET_TYPE);
        program.drop_if(JUMP_GREATER_OR_EQUAL, OTHER_HOST);
        for accept in all {
            match *accept {
                Accept::Byte(at, value) => program.unless(LOAD_BYTE, at, JUMP_EQUAL, value.into()),
                Accept::Half(at, value) => program.unless(LOAD_HALF, at, JUMP_EQUAL, value.into()),
                Accept::Word(at, value) => program.unless(LOAD_WORD, at, JUMP_EQUAL, value),
                Accept::EitherByte(at, one, other) => {
                    program.push(LOAD_BYTE, at);
                    program.jump(JUMP_EQUAL, one.into(), 2, 0);
                    program.drop_unless(JUMP_EQUAL, other.into());
                }
            }
        }
        let mut values: Vec<u32> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        program.push(LOAD_WORD, at);
        match values[..] {
            [first, .., last] if values.len() > MOST_VALUES => {
                program.drop_unless(JUMP_GREATER_OR_EQUAL, first);
                program.drop_if(JUMP_GREATER, last);
                program.push(RETURN, WHOLE);
            }
            _ => program.one_of(&values),
        }
        program
    }

    /// Lets through what either of them lets through. In the first one a frame must not fail for being too short, where the second one could still
    /// take it: a load from beyond its end drops it for good (`net/core/filter.c`).
    pub fn or(mut self, other: Program) -> Program {
        let end = self.0.len();
        for (at, instruction) in self.0.iter_mut().enumerate() {
            if *instruction == DROP {
                *instruction = Instruction { code: JUMP, value: (end - at - 1) as u32, ..DROP };
            }
        }
        self.0.extend(other.0);
        self
    }

    /// ARP requests and replies that have one of these addresses as their sender.
    pub fn arp(senders: &[Ipv4Addr]) -> Program {
        let packet =
            [Accept::Half(16, 0x0800), Accept::Half(18, 0x0604), Accept::Byte(20, 0), Accept::EitherByte(21, 1, 2)];
        Program::new(&packet, 28, senders.iter().map(|sender| u32::from(*sender)))
    }

    /// Neighbour advertisements whose target ends like one of these addresses, and with `from` solicitations that come from one.
    pub fn advertisements(targets: &[Ipv6Addr]) -> Program {
        let packet = [Accept::Byte(20, 58), Accept::Byte(21, 255), Accept::Byte(54, 136)];
        Program::new(&packet, 74, targets.iter().map(end))
    }

    /// Neighbour solicitations that come from an address which ends like one of these.
    pub fn solicitations(sources: &[Ipv6Addr]) -> Program {
        let packet = [Accept::Byte(20, 58), Accept::Byte(21, 255), Accept::Byte(54, 135)];
        Program::new(&packet, 34, sources.iter().map(end))
    }

    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }

    fn push(&mut self, code: u16, value: u32) {
        self.jump(code, value, 0, 0);
    }

    fn jump(&mut self, code: u16, value: u32, then: u8, otherwise: u8) {
        self.0.push(Instruction { code, then, otherwise, value });
    }

    /// A load of what lies beyond the frame's end drops it (`net/core/filter.c`).
    fn unless(&mut self, load: u16, at: u32, test: u16, value: u32) {
        self.push(load, at);
        self.drop_unless(test, value);
    }

    fn drop_unless(&mut self, test: u16, value: u32) {
        self.jump(test, value, 1, 0);
        self.push(RETURN, 0);
    }

    fn drop_if(&mut self, test: u16, value: u32) {
        self.jump(test, value, 0, 1);
        self.push(RETURN, 0);
    }

    /// A search in sorted values for the one that was loaded; it always returns.
    fn one_of(&mut self, values: &[u32]) {
        const IN_A_ROW: usize = 4;
        if values.len() <= IN_A_ROW {
            for value in values {
                self.jump(JUMP_EQUAL, *value, 0, 1);
                self.push(RETURN, WHOLE);
            }
            return self.push(RETURN, 0);
        }
        let (lower, upper) = values.split_at(values.len() / 2);
        // Jumps on a condition reach 255 instructions, others all.
        self.jump(JUMP_GREATER_OR_EQUAL, upper[0], 0, 1);
        let over = self.0.len();
        self.push(JUMP, 0);
        self.one_of(lower);
        self.0[over].value = (self.0.len() - over - 1) as u32;
        self.one_of(upper);
    }
}

/// The last 32 bits, which are rarely those of somebody else.
fn end(address: &Ipv6Addr) -> u32 {
    u128::from(*address) as u32
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What the kernel's machine does with these instructions; `None`: it would refuse the program.
    pub(crate) fn run(program: &Program, frame: &[u8], packet_type: u32) -> Option<u32> {
        let load = |at: u32, length: usize| -> Option<u32> {
            let bytes = frame.get(at as usize..at as usize + length)?;
            Some(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
        };
        let (mut at, mut loaded) = (0, 0);
        loop {
            let Instruction { code, then, otherwise, value } = *program.0.get(at)?;
            at += 1;
            let mut go = |condition: bool| at += usize::from(if condition { then } else { otherwise });
            match code {
                LOAD_WORD if value == PACKET_TYPE => loaded = packet_type,
                LOAD_WORD | LOAD_HALF | LOAD_BYTE => {
                    let length = [4, 2, 1][usize::from((code >> 3) & 3)];
                    match load(value, length) {
                        Some(value) => loaded = value,
                        None => return Some(0),
                    }
                }
                JUMP => at += value as usize,
                JUMP_EQUAL => go(loaded == value),
                JUMP_GREATER => go(loaded > value),
                JUMP_GREATER_OR_EQUAL => go(loaded >= value),
                RETURN => return Some(value),
                _ => return None,
            }
        }
    }

    fn reply(sender: u32) -> Vec<u8> {
        use crate::wire::{Arp, Mac, Operation};
        Arp::gratuitous(Operation::Reply, Ipv4Addr::from(sender), Mac([2, 0, 0, 0, 0, 1])).frame()
    }

    #[test]
    fn exactly_the_senders_that_are_wanted_come_through() {
        for count in [1, 2, 4, 5, 9, 64, 999, 1000] {
            let wanted: Vec<u32> = (0..count).map(|i| 0xc000_0200 + i * 3).collect();
            let senders: Vec<Ipv4Addr> = wanted.iter().map(|sender| Ipv4Addr::from(*sender)).collect();
            let program = Program::arp(&senders);
            assert!(program.0.len() <= 4096, "{count}: {}", program.0.len());
            for sender in wanted.iter().flat_map(|sender| [sender - 1, *sender, sender + 1]) {
                let through = run(&program, &reply(sender), 0) == Some(WHOLE);
                assert_eq!(through, wanted.contains(&sender), "{count}: {sender:x}");
            }
        }
        let many: Vec<Ipv4Addr> = (0..5000u32).map(|i| Ipv4Addr::from(0x0a00_0000 + i * 2)).collect();
        let program = Program::arp(&many);
        assert!(program.0.len() < 100);
        assert!(many.iter().all(|sender| run(&program, &reply(u32::from(*sender)), 0) == Some(WHOLE)));
        assert_eq!(run(&program, &reply(0x0a00_0000 + 9999), 0), Some(0));
    }

    #[test]
    fn what_is_not_for_us_or_no_arp_does_not_come_through() {
        let program = Program::arp(&[Ipv4Addr::new(192, 0, 2, 10)]);
        let good = reply(0xc000_020a);
        assert_eq!([0, 1, 2, 3, 4].map(|kind| run(&program, &good, kind)), [WHOLE, WHOLE, WHOLE, 0, 0].map(Some));
        for (at, value) in [(16, 9), (18, 5), (19, 5), (20, 1), (21, 0), (21, 3), (31, 11)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(run(&program, &bad, 0), Some(0), "byte {at} as {value}");
        }
        assert_eq!(run(&program, &good[..31], 0), Some(0));
    }

    #[test]
    fn advertisements_and_solicitations_are_told_apart_by_type_and_address() {
        use crate::wire::{Mac, Ndp};
        let (vip, other) = ("2001:db8::10".parse().unwrap(), "2001:db8::11".parse().unwrap());
        let mac = Mac([2, 0, 0, 0, 0, 1]);
        let advertisement = |target| Ndp::unsolicited(target, mac).frame();
        let solicitation = |from| Ndp::who_has(other, from, mac).frame();
        let through = |program: Program, frame: Vec<u8>| run(&program, &frame, 2) == Some(WHOLE);
        assert!(through(Program::advertisements(&[vip]), advertisement(vip)));
        assert!(!through(Program::advertisements(&[vip]), advertisement(other)));
        assert!(!through(Program::advertisements(&[vip]), solicitation(vip)));
        assert!(through(Program::solicitations(&[vip]), solicitation(vip)));
        assert!(!through(Program::solicitations(&[vip]), solicitation(other)));
        assert!(!through(Program::solicitations(&[vip]), advertisement(vip)));
    }

    #[test]
    fn what_one_of_several_programs_lets_through_comes_through() {
        let byte = |at: u32, value: u8, words: &[u32]| Program::new(&[Accept::Byte(at, value)], 4, words.to_vec());
        let program = byte(0, 1, &[7]).or(byte(0, 2, &[8, 9, 10, 11, 12, 13])).or(byte(1, 3, &[7]));
        for first in 0..4u8 {
            for second in [0, 3] {
                for word in 6..15u8 {
                    let frame = [first, second, 0, 0, 0, 0, 0, word];
                    let wanted = (first == 1 && word == 7)
                        || (first == 2 && (8..=13).contains(&word))
                        || (second == 3 && word == 7);
                    let through = run(&program, &frame, 0);
                    assert_eq!(through, Some(if wanted { WHOLE } else { 0 }), "{first} {second} {word}");
                }
            }
        }
        assert_eq!(run(&program, &[1, 3, 0, 0, 0, 0, 0, 7], 3), Some(0), "not for us");
    }
}
