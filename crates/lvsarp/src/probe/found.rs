//! The responders of a round, in room that is taken once.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use super::Responder;
use crate::netlink::Socket;
use crate::netlink::wire::{Writer, attribute_behind, u16_at, u32_at};
use crate::wire::Mac;

const RTM_GETNEIGH: u16 = 30;
const NDMSG: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NDA_IFINDEX: u16 = 8;
/// `include/uapi/linux/neighbour.h`: `NUD_INCOMPLETE`, `NUD_FAILED` and `NUD_NOARP`: nobody said that the address is there.
const UNKNOWN: u16 = 0x01 | 0x20 | 0x40;

/// How many responders of each VIP always have room: it takes two to tell that they are not alone.
const OF_EACH: u32 = 2;

/// No responder.
const NONE: u32 = u32::MAX;

/// Who has answered so far.
pub(super) struct Found {
    /// How many there may be more than two of each VIP: no VIP's responders hide those of another one.
    more: usize,
    /// How many of these there are.
    beyond: usize,
    /// In the order in which they answered, each with the place of its VIP.
    all: Vec<(u32, Responder)>,
    /// A table of places in `all`, open addressing, at most half full.
    table: Vec<u32>,
    hasher: RandomState,
    /// How many answer for each VIP.
    responders: Vec<u32>,
    /// In the order in which they are shown.
    order: Vec<u32>,
    shown: Vec<Responder>,
}

impl Found {
    /// Takes the room for so many responders, and for two of each VIP.
    pub fn with_room(vips: usize, most: usize) -> Found {
        let two_of_each = vips * OF_EACH as usize;
        let most = most.max(two_of_each);
        Found {
            more: most - two_of_each,
            beyond: 0,
            all: Vec::with_capacity(most),
            table: vec![NONE; (most * 2).next_power_of_two()],
            hasher: RandomState::new(),
            responders: vec![0; vips],
            order: Vec::with_capacity(most),
            shown: Vec::with_capacity(most),
        }
    }

    pub fn clear(&mut self) {
        self.beyond = 0;
        self.all.clear();
        self.table.fill(NONE);
        self.responders.fill(0);
        self.order.clear();
        self.shown.clear();
    }

    /// Counts an answer for the VIP at this place. `false`: there is no room for another responder.
    pub fn add(&mut self, vip: usize, answer: Responder) -> bool {
        let vip = vip as u32;
        let mask = self.table.len() - 1;
        // The hash has a key of its own, so that nobody can choose MAC addresses that make the search long.
        let mut at = self.hasher.hash_one((vip, answer.mac)) as usize & mask;
        while self.table[at] != NONE {
            let known = &mut self.all[self.table[at] as usize];
            if known.0 == vip && known.1.mac == answer.mac {
                known.1.count = known.1.count.saturating_add(1);
                return true;
            }
            at = (at + 1) & mask;
        }
        if self.responders[vip as usize] >= OF_EACH {
            if self.beyond == self.more {
                return false;
            }
            self.beyond += 1;
        }
        self.table[at] = self.all.len() as u32;
        self.responders[vip as usize] += 1;
        self.all.push((vip, answer));
        true
    }

    /// Shows what was counted.
    pub fn show(&mut self) {
        let Found { all, responders, order, shown, .. } = self;
        order.clear();
        order.extend(0..all.len() as u32);
        order.sort_unstable_by_key(|at| (all[*at as usize].0, *at));
        shown.clear();
        shown.extend(order.iter().map(|at| {
            let (vip, responder) = all[*at as usize];
            Responder { duplicate: responders[vip as usize] > 1, ..responder }
        }));
    }

    /// Whether anybody has answered.
    pub fn any(&self) -> bool {
        !self.all.is_empty()
    }

    pub fn shown(&self) -> &[Responder] {
        &self.shown
    }

    /// Looks up the responders' own addresses in the neighbour table of an interface. Without an answer they stay unknown.
    pub fn look_up(&mut self, socket: &mut Socket, index: u32, is_vip: &dyn Fn(IpAddr) -> bool) {
        let Found { all, order, .. } = self;
        order.clear();
        order.extend(0..all.len() as u32);
        order.sort_unstable_by_key(|at| all[*at as usize].1.mac);
        let filter = |w: &mut Writer| w.attribute(NDA_IFINDEX, &index.to_ne_bytes());
        let _ = socket.dump("neighbours", RTM_GETNEIGH, &[0; NDMSG], filter, |entry| -> Option<()> {
            let (address, mac) = neighbour(entry, index).filter(|(address, _)| !is_vip(*address))?;
            let first = order.partition_point(|at| all[*at as usize].1.mac < mac);
            for at in &order[first..] {
                let (_, responder) = &mut all[*at as usize];
                if responder.mac != mac {
                    break;
                }
                let rank = |address: IpAddr| rank(address, responder.vip);
                if responder.address.is_none_or(|known| rank(address) < rank(known)) {
                    responder.address = Some(address);
                }
            }
            None
        });
    }
}

/// Of several addresses the one that comes first: of the VIP's family, not link-local, the smallest.
fn rank(address: IpAddr, vip: IpAddr) -> (bool, bool, IpAddr) {
    let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    (address.is_ipv4() != vip.is_ipv4(), link_local, address)
}

/// The address and MAC address in an entry of the neighbour table.
fn neighbour(entry: &[u8], index: u32) -> Option<(IpAddr, Mac)> {
    if u32_at(entry, 4)? != index || u16_at(entry, 8)? & UNKNOWN != 0 {
        return None;
    }
    let attribute = |wanted| attribute_behind(entry, NDMSG, wanted);
    let address = attribute(NDA_DST)?;
    let address = match (<[u8; 4]>::try_from(address), <[u8; 16]>::try_from(address)) {
        (Ok(v4), _) => IpAddr::from(v4),
        (_, Ok(v6)) => IpAddr::from(v6),
        _ => return None,
    };
    Some((address, Mac(attribute(NDA_LLADDR)?.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(vip: IpAddr, last: u16) -> Responder {
        let [high, low] = last.to_be_bytes();
        let mac = Mac([2, 0, 0, 0, high, low]);
        let delay = Duration::ZERO;
        Responder {
            vip,
            mac,
            source: mac,
            address: None,
            count: 1,
            delay,
            ours: false,
            director: false,
            duplicate: false,
        }
    }

    #[test]
    fn responders_are_told_apart_by_vip_and_mac_and_shown_in_the_order_of_the_vips() {
        let vips: [IpAddr; 2] = ["192.0.2.10".parse().unwrap(), "2001:db8::10".parse().unwrap()];
        let mut found = Found::with_room(2, 8);
        for (vip, mac) in [(1, 7), (0, 9), (0, 3), (0, 9), (1, 7), (0, 9)] {
            assert!(found.add(vip, answer(vips[vip], mac)));
        }
        found.show();
        let shown: Vec<_> = found.shown().iter().map(|r| (r.vip, r.mac.0[5], r.count, r.duplicate)).collect();
        assert_eq!(shown, [(vips[0], 9, 3, true), (vips[0], 3, 1, true), (vips[1], 7, 2, false)]);
        found.clear();
        found.show();
        assert!(found.shown().is_empty());
    }

    #[test]
    fn what_answers_for_one_vip_leaves_room_for_two_of_each_other() {
        let vips: [IpAddr; 2] = ["192.0.2.10".parse().unwrap(), "192.0.2.20".parse().unwrap()];
        for most in [1, 4, 9] {
            let mut found = Found::with_room(2, most);
            for _ in 0..2 {
                let taken = (0..50).filter(|mac| found.add(0, answer(vips[0], *mac))).count();
                assert_eq!(taken, most.max(4) - 2);
                assert!(found.add(1, answer(vips[1], 7)) && found.add(1, answer(vips[1], 8)));
                assert!(!found.add(1, answer(vips[1], 9)));
                found.clear();
            }
        }
    }

    #[test]
    fn what_has_no_room_is_not_taken_and_what_is_known_still_counts() {
        let vip: IpAddr = "192.0.2.10".parse().unwrap();
        for most in [2, 3, 1000] {
            let mut found = Found::with_room(1, most);
            let taken = (0..most as u16 + 50).filter(|mac| found.add(0, answer(vip, *mac))).count();
            assert_eq!(taken, most);
            assert!(found.add(0, answer(vip, 0)));
            found.show();
            assert_eq!((found.shown().len(), found.shown()[0].count), (most, 2));
        }
    }

    #[test]
    fn an_own_address_of_the_vips_family_is_preferred_to_a_link_local_one() {
        let vip = "2001:db8::10".parse().unwrap();
        let mut addresses: Vec<IpAddr> =
            ["192.0.2.3", "fe80::1", "2001:db8::4", "2001:db8::3"].map(|a| a.parse().unwrap()).to_vec();
        addresses.sort_by_key(|address| rank(*address, vip));
        assert_eq!(addresses[0], "2001:db8::3".parse::<IpAddr>().unwrap());
        assert_eq!(addresses[2..], ["fe80::1", "192.0.2.3"].map(|a| a.parse::<IpAddr>().unwrap()));
    }
}
