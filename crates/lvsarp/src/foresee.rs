//! What a snapshot looks like after a plan: the levels and addresses that it sets, and the routes that the kernel makes for them.

use crate::change::{Change, Step};
use crate::flags::AddressFlags;
use crate::routing::{Route, Routing, routes_of};
use crate::snapshot::{Address, LocalRoute, Snapshot};
use crate::sorted::Sorted;

impl Snapshot {
    /// Makes it what it would be after these steps.
    #[inline(never)]
    pub(crate) fn foresee(&mut self, steps: &[Step]) {
        let mut gone: Vec<Address> = Vec::new();
        let mut bound: Vec<Address> = Vec::new();
        for step in steps {
            match &step.change {
                Change::Level { scope, key, new, .. } => {
                    if let Ok(Some(conf)) = self.conf_mut(scope) {
                        conf.set(*key, Some(*new));
                    }
                }
                Change::Address { old, new, .. } => {
                    gone.extend(old.clone());
                    bound.extend(new.clone());
                }
                Change::File(_) => {}
                Change::Route { old, new } => {
                    self.local_routes.retain(|route| Some(route) != old.as_ref());
                    self.local_routes.extend(new.clone());
                    if let Some(routing) = &mut self.routing {
                        routing.exchange(old.as_ref(), new.as_ref());
                    }
                }
            }
        }
        let mut routing = self.routing.take();
        let places = Sorted::by(&gone, |a| (a.index, a.local, a.prefixlen));
        let goes = |a: &Address| places.all((a.index, a.local, a.prefixlen)).any(|old| old.peer == a.peer);
        if let Some(routing) = &mut routing {
            let (mut theirs, mut kept): (Vec<Route>, Vec<Route>) = (Vec::new(), Vec::new());
            for address in self.addresses.iter().filter(|_| !gone.is_empty()) {
                let Some(interface) = self.by_index(address.index) else { continue };
                // An address that stays may need one of them, too.
                let of = if goes(address) { &mut theirs } else { &mut kept };
                of.extend(routes_of(self, address, interface));
            }
            routing.routes.retain(|route| !theirs.contains(route) || kept.contains(route));
        }
        self.addresses.retain(|a| !goes(a));
        for new in bound {
            if let (Some(routing), Some(interface)) = (&mut routing, self.by_index(new.index)) {
                let mut routes = routes_of(self, &new, interface);
                routes.retain(|route| !routing.routes.contains(route));
                routing.routes.extend(routes);
            }
            // net/ipv4/devinet.c: __inet_insert_ifa(): behind the last primary of a scope as narrow or narrower.
            let before = |a: &Address| {
                a.index == new.index && a.scope >= new.scope && !a.flags.contains(AddressFlags::SECONDARY)
            };
            let first = || self.addresses.iter().position(|a| a.index == new.index);
            let last = self.addresses.iter().rposition(before).map(|at| at + 1);
            let at = last.or_else(first).unwrap_or(self.addresses.len());
            self.addresses.insert(at, new);
        }
        self.routing = routing;
    }
}

impl Routing {
    /// A local route made by hand, removed or added.
    fn exchange(&mut self, old: Option<&LocalRoute>, new: Option<&LocalRoute>) {
        if let Some(old) = old.filter(|route| route.prefix.address().is_ipv4()).map(Route::of_local) {
            self.routes.retain(|route| *route != old);
        }
        if let Some(new) = new.filter(|route| route.prefix.address().is_ipv4()) {
            self.routes.push(Route::of_local(new));
            self.looks_senders_up = Some(true);
        }
    }
}
