//! A list sorted by a key, to find its items by that key: what a hash map would do, with one copy of its code for every list.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::arp::index::sort;

/// A list and the order of its items. Those of one key are in the list's order.
pub(crate) struct Sorted<'a, T, K> {
    list: &'a [T],
    key: fn(&T) -> K,
    positions: Vec<u32>,
}

impl<'a, T, K: Ord> Sorted<'a, T, K> {
    pub fn by(list: &'a [T], key: fn(&T) -> K) -> Sorted<'a, T, K> {
        let positions = ordered(list.len(), &|a, b| key(&list[a as usize]).cmp(&key(&list[b as usize])));
        Sorted { list, key, positions }
    }

    /// The list, in its own order.
    pub fn list(&self) -> &'a [T] {
        self.list
    }

    /// The items with a key.
    pub fn all(&self, key: K) -> impl Iterator<Item = &'a T> {
        self.positions_of(&key).iter().map(|at| &self.list[*at as usize])
    }

    /// Where the first item with a key is in the list.
    pub fn position(&self, key: K) -> Option<usize> {
        self.positions_of(&key).first().map(|at| *at as usize)
    }

    fn positions_of(&self, key: &K) -> &[u32] {
        equal(&self.positions, &|at| (self.key)(&self.list[at as usize]).cmp(key))
    }
}

/// A list in an order; equals stay in theirs. One copy of the sort for every list.
pub(crate) fn in_order<T>(list: Vec<T>, order: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    let positions = ordered(list.len(), &|a, b| order(&list[a as usize], &list[b as usize]));
    let mut list: Vec<Option<T>> = list.into_iter().map(Some).collect();
    positions.into_iter().filter_map(|at| list[at as usize].take()).collect()
}

/// The positions of so many items, in order.
fn ordered(count: usize, order: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    let mut positions: Vec<u32> = (0..count as u32).collect();
    sort(&mut positions, order);
    positions
}

/// The positions that are equal to what is looked for.
fn equal<'a>(positions: &'a [u32], order: &dyn Fn(u32) -> Ordering) -> &'a [u32] {
    let first = positions.partition_point(|at| order(*at) == Ordering::Less);
    let rest = &positions[first..];
    &rest[..rest.partition_point(|at| order(*at) == Ordering::Equal)]
}

/// Addresses in their order, each once.
pub(crate) fn each_once(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let sorted = Sorted::by(&addresses, |address| *address);
    let mut once = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        if sorted.position(*address) == Some(at) {
            once.push(*address);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_key_are_found_in_the_lists_order() {
        let list = ["bb", "a", "cc", "", "dd"];
        let sorted = Sorted::by(&list, |text| text.len());
        assert_eq!(sorted.all(2).collect::<Vec<_>>(), [&"bb", &"cc", &"dd"]);
        assert_eq!((sorted.position(1), sorted.position(3)), (Some(1), None));
    }

    #[test]
    fn each_address_stands_where_it_was_first() {
        let [a, b] = [IpAddr::from([192, 0, 2, 2]), IpAddr::from([192, 0, 2, 1])];
        assert_eq!(each_once(vec![a, b, a, b, b]), [a, b]);
    }
}
