//! What a watch knows of its host, and what the kernel's messages change in it, one after the other. Pure.

use std::collections::HashMap;
use std::net::IpAddr;

use super::event::Event;
use crate::address::netlink::{RTM_DELADDR, RTM_NEWADDR};
use crate::address::{self, same_binding, same_place};
use crate::arp::Role;
use crate::conf::link;
use crate::interface::{IfName, Scope};
use crate::key::Key;
use crate::netlink::wire::{self, Message};
use crate::snapshot::{Address, Interface};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;

/// The length of `struct ifinfomsg`.
const IFINFOMSG: usize = 16;

/// In messages of wireless drivers, which have nothing but the name besides (`net/wireless/wext-core.c: rtnetlink_ifinfo_prep()`).
const IFLA_WIRELESS: u16 = 11;

/// The keys that are watched.
pub(super) const LEVELS: [Key; 2] = [Key::ArpIgnore, Key::ArpAnnounce];

/// The values of both; none where it is not known.
pub(super) type Pair = [Option<i32>; 2];

/// What is known.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub all: Pair,
    pub default: Pair,
    /// In the order of their indexes.
    pub interfaces: Vec<Interface>,
    /// Where each VIP is bound. A VIP that is bound nowhere has its entry too: an address without one is not watched.
    pub bound: HashMap<IpAddr, Vec<Address>>,
    /// Levels that were read or written by this watch since the socket was empty: a message that waits there may still show the old value.
    pub fresh: Vec<(u32, Key)>,
    /// Where VIPs were already when the watch began, on devices that speak ARP: a repair leaves them.
    pub left_alone: Vec<Address>,
    /// Those of them that were removed, and not looked at yet.
    pub left: Vec<Address>,
}

/// What happened.
#[derive(Default)]
pub(super) struct News {
    pub events: Vec<Event>,
    /// Interfaces that speak ARP and did not before.
    pub awake: Vec<u32>,
    /// What the watch itself has done and the kernel is going to tell.
    pub expected: Vec<Expected>,
    /// A message fits to nothing that is known: something was missed.
    pub missed: bool,
    /// Interfaces whose files have to be opened again: they have another name, or are others.
    pub reopen: Vec<u32>,
    /// The message that is taken is about something that this watch did.
    pub is_own: bool,
}

/// An address that the watch itself bound or removed.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub added: bool,
    pub address: Address,
}

impl State {
    /// What a message tells. `now` reads the levels of an interface; `by` says who a port is.
    pub fn take(
        &mut self,
        message: Message<'_>,
        now: &mut dyn FnMut(&Interface) -> Option<Pair>,
        by: &mut dyn FnMut(u32) -> Option<String>,
        news: &mut News,
    ) {
        let before = news.events.len();
        match message.kind {
            RTM_NEWLINK | RTM_DELLINK => {
                // A bridge tells of its ports in messages of its own family (net/bridge/br_netlink.c: br_ifinfo_notify()).
                let family = wire::u8_at(message.payload, 0);
                let partial = wire::attribute_behind(message.payload, IFINFOMSG, IFLA_WIRELESS).is_some();
                if family != Some(libc::AF_UNSPEC as u8) || partial {
                    return;
                }
                let Some(interface) = link::parse(message.payload) else { return };
                match message.kind {
                    RTM_NEWLINK => self.link(interface, now, news),
                    _ => self.link_gone(interface.index, news),
                }
            }
            RTM_NEWADDR | RTM_DELADDR => {
                let Some(address) = address::netlink::parse(message.payload) else { return };
                self.address(address, message.kind == RTM_NEWADDR, news);
            }
            _ => return,
        }
        for event in news.events.iter_mut().skip(before) {
            event.by = by(message.port).or(event.by.take());
        }
    }

    fn position(&self, index: u32) -> Result<usize, usize> {
        self.interfaces.binary_search_by_key(&index, |interface| interface.index)
    }

    pub fn interface(&self, index: u32) -> Option<&Interface> {
        self.position(index).ok().map(|at| &self.interfaces[at])
    }

    /// Whether an interface is up and speaks ARP.
    pub fn speaks(&self, interface: &Interface) -> bool {
        Role::of(interface, &self.interfaces) == Role::Speaks { up: true }
    }

    /// Whether an interface speaks ARP, now or when it is up.
    fn may_speak(&self, index: u32) -> bool {
        self.interface(index).is_some_and(|i| matches!(Role::of(i, &self.interfaces), Role::Speaks { .. }))
    }

    fn link(&mut self, mut new: Interface, now: &mut dyn FnMut(&Interface) -> Option<Pair>, news: &mut News) {
        let (index, name) = (new.index, new.name);
        let at = match self.position(index) {
            Ok(at) => at,
            Err(at) => {
                self.interfaces.insert(at, new);
                if self.speaks(&self.interfaces[at]) {
                    news.awake.push(index);
                }
                return;
            }
        };
        let spoke = self.speaks(&self.interfaces[at]);
        let old = &self.interfaces[at];
        if old.name != name || old.conf.is_none() != new.conf.is_none() {
            news.reopen.push(index);
        }
        if old.name != name {
            for address in self.bound.values_mut().flatten().filter(|address| address.index == index) {
                address.dev = name;
            }
        }
        if let (Some(before), true) = (&old.conf, new.conf.is_some()) {
            let mut file = None;
            for (which, key) in LEVELS.into_iter().enumerate() {
                let value = |of: &Interface| of.conf.as_ref().and_then(|conf| conf.get(key));
                let (Some(was), Some(is)) = (before.get(key), value(&new)) else { continue };
                if was == is {
                    continue;
                }
                // A message that was under way when the file was read is older than what the file showed.
                if self.fresh.contains(&(index, key))
                    && file.get_or_insert_with(|| now(&new)).is_some_and(|file| file[which] != Some(is))
                {
                    if let Some(conf) = &mut new.conf {
                        conf.set(key, Some(was));
                    }
                    continue;
                }
                news.events.push(Event::level(Scope::Interface(name), key, was, is));
            }
        }
        if old.is_up() != new.is_up() {
            let vips = self.bound.values().filter(|at| at.iter().any(|address| address.index == index)).count();
            if vips > 0 {
                news.events.push(Event::device(name, new.is_up(), vips));
            }
        }
        self.interfaces[at] = new;
        if !spoke && self.speaks(&self.interfaces[at]) && !news.awake.contains(&index) {
            news.awake.push(index);
        }
    }

    fn link_gone(&mut self, index: u32, news: &mut News) {
        let Ok(at) = self.position(index) else { return };
        self.interfaces.remove(at);
        news.reopen.push(index);
        self.fresh.retain(|(of, _)| *of != index);
        self.left.extend(self.left_alone.extract_if(.., |left| left.index == index));
        news.awake.retain(|awake| *awake != index);
        // The kernel has told of each address before (net/ipv4/devinet.c: inetdev_destroy()).
        for places in self.bound.values_mut() {
            for gone in places.extract_if(.., |address| address.index == index) {
                news.events.push(Event::removed(&gone));
            }
        }
    }

    fn address(&mut self, mut address: Address, added: bool, news: &mut News) {
        if !self.bound.contains_key(&address.local) {
            return;
        }
        match self.interface(address.index) {
            Some(interface) => address.dev = interface.name,
            // What is removed from an interface that is gone is known.
            None => {
                news.missed |= added;
                return;
            }
        }
        let speaks = self.may_speak(address.index);
        let Some(places) = self.bound.get_mut(&address.local) else { return };
        let at = places.iter().position(|place| same_place(place, &address));
        let event = match (added, at) {
            (true, Some(at)) => {
                let old = std::mem::replace(&mut places[at], address);
                let new = &places[at];
                // Told again for new lifetimes, a metric, or a flag such as tentative; or with another label, which the kernel changes only with the
                // name of the device (net/ipv4/devinet.c: inetdev_changename()), and otherwise removes the address first.
                if old.scope == new.scope {
                    return;
                }
                Event::added(Some(&old), new, speaks)
            }
            (true, None) => {
                places.push(address.clone());
                if news.was_expected(true, &address) {
                    return;
                }
                Event::added(None, &address, speaks)
            }
            (false, Some(at)) => {
                let old = places.remove(at);
                self.left.extend(self.left_alone.extract_if(.., |left| same_place(left, &old)));
                if news.was_expected(false, &old) {
                    return;
                }
                Event::removed(&old)
            }
            (false, None) => return,
        };
        news.events.push(event);
    }

    /// VIPs on devices that speak ARP, other than the one that they are to be on.
    pub fn misplaced(&self, dev: &IfName) -> impl Iterator<Item = &Address> {
        let places = self.bound.values().flatten();
        places.filter(move |address| address.dev != *dev && self.may_speak(address.index))
    }

    /// Whether an address is bound.
    pub fn has(&self, address: &Address) -> bool {
        self.bound.get(&address.local).is_some_and(|places| places.iter().any(|place| same_place(place, address)))
    }

    /// Believes a level of an interface only as its file shows it, for now.
    pub fn distrust(&mut self, name: &IfName, key: Key) {
        if let Some(interface) = self.interfaces.iter().find(|interface| interface.name == *name) {
            self.fresh.push((interface.index, key));
        }
    }

    /// Takes over a level that was read. Returns the value before, where it was another one.
    pub fn set(&mut self, scope: &Scope, index: Option<u32>, key: Key, value: i32) -> Option<i32> {
        let which = LEVELS.iter().position(|level| *level == key)?;
        let place = match (scope, index) {
            (Scope::All, _) => &mut self.all[which],
            (Scope::Default, _) => &mut self.default[which],
            (Scope::Interface(name), index) => {
                let wanted = |interface: &&mut Interface| match index {
                    Some(index) => interface.index == index,
                    None => interface.name == *name,
                };
                let interface = self.interfaces.iter_mut().find(wanted)?;
                let conf = interface.conf.as_mut()?;
                let old = conf.get(key);
                conf.set(key, Some(value));
                let index = interface.index;
                if old != Some(value) && !self.fresh.contains(&(index, key)) {
                    self.fresh.push((index, key));
                }
                return old.filter(|old| *old != value);
            }
        };
        place.replace(value).filter(|old| *old != value)
    }

    /// Puts an address where it is, without a word.
    pub fn settle(&mut self, Expected { added, address }: Expected) {
        let Some(places) = self.bound.get_mut(&address.local) else { return };
        places.retain(|place| !same_place(place, &address));
        if added {
            places.push(address);
        }
    }

    /// What is otherwise in a later state, as events.
    pub fn difference(&self, new: &State, news: &mut News) {
        for (scope, old, new) in [(Scope::All, self.all, new.all), (Scope::Default, self.default, new.default)] {
            changed(scope, old, new, &mut news.events);
        }
        for interface in &new.interfaces {
            let old = self.interface(interface.index);
            if let Some(old) = old {
                changed(Scope::Interface(interface.name), own(old), own(interface), &mut news.events);
                let vips = |at: &&Vec<Address>| at.iter().any(|address| address.index == interface.index);
                let vips = self.bound.values().filter(vips).count();
                if old.is_up() != interface.is_up() && vips > 0 {
                    news.events.push(Event::device(interface.name, interface.is_up(), vips));
                }
            }
            if new.speaks(interface) && !old.is_some_and(|old| self.speaks(old)) {
                news.awake.push(interface.index);
            }
        }
        // In one order, whatever the table's.
        let mut vips: Vec<&IpAddr> = self.bound.keys().collect();
        vips.sort_unstable();
        for vip in vips {
            let (old, new_places) = (&self.bound[vip], new.bound.get(vip).map_or(&[][..], Vec::as_slice));
            let lacks = |list: &[Address], wanted: &Address| {
                !list.iter().any(|address| same_place(address, wanted) && same_binding(address, wanted))
            };
            news.events.extend(old.iter().filter(|address| lacks(new_places, address)).map(Event::removed));
            let fresh = new_places.iter().filter(|address| lacks(old, address));
            news.events.extend(fresh.map(|address| Event::added(None, address, new.may_speak(address.index))));
        }
    }
}

impl News {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.awake.is_empty()
    }

    /// Whether the watch itself did it; then it is no news.
    fn was_expected(&mut self, added: bool, address: &Address) -> bool {
        let is_this = |expected: &Expected| expected.added == added && same_binding(&expected.address, address);
        match self.expected.iter().position(is_this) {
            Some(at) => {
                self.expected.remove(at);
                true
            }
            None => self.is_own,
        }
    }
}

/// An interface's own levels.
pub(super) fn own(interface: &Interface) -> Pair {
    LEVELS.map(|key| interface.conf.as_ref().and_then(|conf| conf.get(key)))
}

fn changed(scope: Scope, old: Pair, new: Pair, events: &mut Vec<Event>) {
    for (which, key) in LEVELS.into_iter().enumerate() {
        if let (Some(old), Some(new)) = (old[which], new[which])
            && old != new
        {
            events.push(Event::level(scope, key, old, new));
        }
    }
}

#[cfg(test)]
mod tests;
