//! The repair: what is wanted is applied again, so many times a minute at most.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::event::{Event, EventKind};
use super::mending::{Mending, takes_away};
use super::state::{Expected, News, State};
use crate::address::route;
use crate::change::Change;
use crate::error::Result;
use crate::host::Host;
use crate::interface::Scope;
use crate::journal::{self, Found, Journal};
use crate::netlink::wire::Message;
use crate::plan::Desired;
use crate::snapshot::Address;

const MINUTE: Duration = Duration::from_secs(60);

/// How long a repair waits for another lvsarp that works on the same namespace.
const PATIENCE: Duration = Duration::from_millis(500);

/// How soon an attempt that changed nothing is followed by another one; after each such attempt twice as long.
const SHORTEST: Duration = Duration::from_millis(100);

/// How often that is doubled at most where something has happened since.
const DOUBLED: u32 = 3;

/// How many steps a message names.
const NAMED: usize = 8;

/// How many changes of the last minute are kept.
const KEPT: usize = 1000;

pub(super) struct Repair {
    desired: Desired,
    per_minute: u32,
    /// When something was changed in the last minute.
    done: VecDeque<Instant>,
    /// When it was said last that there were too many.
    limited: Option<Instant>,
    /// How many attempts in a row have changed nothing, or nothing that lasted, and when the last one was.
    fruitless: (u32, Option<Instant>),
    /// Why the last one failed, unless something has happened since.
    failed: Option<String>,
    /// Which VIPs it was said of that they are left where they were.
    left: Option<String>,
    /// Who changed what is watched in the last minute: the name and number of the process, where they are known.
    changes: VecDeque<(Instant, Option<String>)>,
}

/// What a repair did.
#[derive(Default)]
pub(super) struct Mended {
    /// The steps in words.
    pub steps: Vec<String>,
    /// VIPs that were left where they were before.
    pub left: Vec<Address>,
    /// There are VIPs that this host owns after a promote.
    pub promoted: bool,
}

/// How a repair ended.
pub(super) struct Ended {
    /// None where there was nothing to repair any more, or nothing new to say.
    pub event: Option<Event>,
    /// Nothing is left to do until something happens.
    pub settled: bool,
}

impl Repair {
    pub fn new(desired: Desired, per_minute: u32) -> Repair {
        Repair {
            desired,
            per_minute,
            done: VecDeque::new(),
            limited: None,
            fruitless: (0, None),
            failed: None,
            left: None,
            changes: VecDeque::new(),
        }
    }

    /// Leaves VIPs where they are now, and where they were before a demote.
    pub fn leave_alone(&self, host: &Host, state: &mut State) {
        state.left_alone = state.misplaced(&self.desired.dev).cloned().collect();
        if let Ok(Found::Journal(journal)) = journal::look(host) {
            let demoted = journal.done.into_iter().filter_map(|change| match change {
                Change::Address { old: Some(old), new: None, .. } if old.dev != self.desired.dev => Some(old),
                _ => None,
            });
            state.left_alone.extend(demoted);
        }
    }

    pub fn has_prefixes(&self) -> bool {
        !self.desired.prefixes.is_empty()
    }

    /// Whether the kernel tells that the route of a prefix that is wanted was removed.
    pub fn lost_route(&self, message: &Message<'_>) -> bool {
        message.kind == route::RTM_DELROUTE
            && route::parse(message.payload, |_| None)
                .is_some_and(|route| self.desired.prefixes.iter().any(|prefix| prefix.network() == route.prefix))
    }

    /// How long after a fruitless attempt the next one may be: twice as long as the time before, until the minute is evenly spread.
    fn pause(&self) -> Duration {
        let longest = (MINUTE / self.per_minute).max(SHORTEST);
        (SHORTEST * 2_u32.pow(self.fruitless.0.clamp(1, 16) - 1)).min(longest)
    }

    /// When the next one comes where a VIP is not silent after one.
    pub fn next(&self, now: Instant, others: bool) -> Instant {
        if others { now } else { now + self.pause() }
    }

    /// Notes who changed what.
    pub fn count(&mut self, now: Instant, events: &[Event]) {
        use EventKind::{DeviceDown, LevelChanged, VipAdded, VipMisplaced, VipRemoved};
        let is_change = |kind| matches!(kind, VipRemoved | VipAdded | VipMisplaced | LevelChanged | DeviceDown);
        for event in events.iter().filter(|event| is_change(event.kind)) {
            if self.changes.len() == KEPT {
                self.changes.pop_front();
            }
            self.changes.push_back((now, event.by.clone()));
        }
    }

    /// Begins a repair after news, or says when the next one may be.
    pub fn begin(&mut self, now: Instant, news: &mut News) -> Option<Instant> {
        if !news.events.is_empty() {
            self.failed = None;
            self.fruitless.0 = self.fruitless.0.min(DOUBLED);
        }
        if let (_, Some(last)) = self.fruitless
            && now < last + self.pause()
        {
            return Some(last + self.pause());
        }
        self.done.retain(|done| now.duration_since(*done) < MINUTE);
        if self.done.len() < self.per_minute as usize {
            return None;
        }
        let later = self.done[0] + MINUTE;
        if self.limited.is_none_or(|limited| now.duration_since(limited) >= MINUTE) {
            self.limited = Some(now);
            let event = self.too_many(now, later.duration_since(now));
            news.events.push(event);
        }
        Some(later)
    }

    fn too_many(&mut self, now: Instant, wait: Duration) -> Event {
        self.changes.retain(|(at, _)| now.duration_since(*at) < MINUTE);
        let all = self.changes.len();
        let mut names: BTreeMap<&str, (u32, &str)> = BTreeMap::new();
        for by in self.changes.iter().filter_map(|(_, by)| by.as_deref()) {
            let name = by.rsplit_once(" (").map_or(by, |(name, _)| name);
            let (times, last) = names.entry(name).or_default();
            (*times, *last) = (*times + 1, by);
        }
        let most = names.into_iter().max_by_key(|(_, (times, _))| *times);
        let who = match &most {
            Some((name, (times, last))) => {
                format!("{times} of the last {all} changes came from {name}, the last one from {last}")
            }
            None => "who keeps changing the host is not known".to_owned(),
        };
        let times = if self.per_minute == 1 { "1 repair".to_owned() } else { format!("{} repairs", self.per_minute) };
        let wait = wait.as_secs_f64().ceil();
        let message =
            format!("{times} in a minute are as many as allowed, and the next one waits for {wait:.0} s; {who}");
        let by = most.map(|(_, (_, last))| last.to_owned());
        Event { by, ..Event::new(EventKind::RepairLimited, message) }
    }

    /// Applies what is wanted. What the kernel is going to tell of that is expected.
    pub fn run(&self, host: &Host, state: &mut State, news: &mut News) -> Result<Mended> {
        let left_alone = state.left_alone.clone();
        let mending = Mending::new(&self.desired, &left_alone);
        let result = host.reach(&mending, PATIENCE);
        let planned = mending.planned();
        match result {
            Ok(changes) => {
                changes.steps.iter().for_each(|step| expect(&step.change, state, news));
                Ok(Mended {
                    steps: changes.steps.iter().map(|step| step.change.to_string()).collect(),
                    left: planned.left,
                    promoted: !planned.promoted.is_empty(),
                })
            }
            Err(error) => {
                // What was done and taken back is told of as well.
                if error.rolled_back().is_some() {
                    planned.steps.iter().for_each(|step| expect_both(&step.change, state, news));
                }
                Err(error)
            }
        }
    }

    /// Notes how a repair ended.
    pub fn end(&mut self, now: Instant, outcome: Result<Mended>, silent: Option<bool>, others: bool) -> Ended {
        let nothing = |settled| Ended { event: None, settled };
        let failure = match outcome {
            Ok(Mended { steps, .. }) if !steps.is_empty() => {
                self.failed = None;
                self.fruitless = (0, None);
                self.done.push_back(now);
                let more = match steps.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!("; and {more} more"),
                };
                let named = &steps[..steps.len().min(NAMED)];
                let message = format!("{}{more}", named.join("; "));
                return Ended { event: Some(Event::new(EventKind::Repaired, message)), settled: false };
            }
            Ok(mended) => {
                self.fruitless = (self.fruitless.0.saturating_add(1), Some(now));
                if mended.promoted || !mended.left.is_empty() {
                    self.fruitless.0 = 1;
                    let event = self.left_where_they_were(&mended.left);
                    return Ended { event, settled: true };
                }
                if silent != Some(false) || others {
                    return nothing(false);
                }
                "an apply finds nothing to do, and yet a VIP is not silent".to_owned()
            }
            Err(error) => {
                self.fruitless = (self.fruitless.0.saturating_add(1), Some(now));
                if error.rolled_back().is_some() {
                    self.done.push_back(now);
                }
                error.to_string()
            }
        };
        if self.failed.as_ref() == Some(&failure) {
            return nothing(false);
        }
        self.failed = Some(failure.clone());
        Ended { event: Some(Event::new(EventKind::RepairFailed, failure)), settled: false }
    }

    /// Says once which VIPs are left.
    fn left_where_they_were(&mut self, left: &[Address]) -> Option<Event> {
        let message = left.first().map(|Address { local, dev, .. }| {
            let more = if left.len() > 1 { format!(" (and {} more)", left.len() - 1) } else { String::new() };
            format!("{local} is left on {dev}{more}, where it was before; nothing was changed")
        });
        if self.left == message {
            return None;
        }
        self.left.clone_from(&message);
        message.map(|message| Event::new(EventKind::RepairFailed, message))
    }
}

/// Forgets VIPs that were left alone and are not there any more, but for those that a demote removed: a promote may bring them back.
pub(super) fn look_after(host: &Host, state: &mut State) {
    let gone = std::mem::take(&mut state.left);
    let removed = match journal::look(host) {
        Ok(Found::Journal(Journal { mut done, pending, .. })) => {
            done.extend(pending);
            done
        }
        _ => Vec::new(),
    };
    let stays = |address: &Address| state.has(address) || takes_away(&removed, address);
    let stay: Vec<Address> = gone.into_iter().filter(stays).collect();
    state.left_alone.extend(stay);
}

/// What the kernel is going to tell of a step that was done.
fn expect(change: &Change, state: &mut State, news: &mut News) {
    match change {
        Change::Level { scope, index, key, old, new } => {
            // Somebody had changed it, and nobody knew of it yet.
            if let Some(known) = state.set(scope, *index, *key, *old) {
                news.events.push(Event::level(*scope, *key, known, *old));
            }
            state.set(scope, *index, *key, *new);
        }
        Change::Address { old, new, .. } => {
            let old = old.iter().map(|address| Expected { added: false, address: address.clone() });
            let new = new.iter().map(|address| Expected { added: true, address: address.clone() });
            news.expected.extend(old.chain(new));
        }
        _ => {}
    }
}

/// What the kernel is going to tell of a step that was done and taken back.
fn expect_both(change: &Change, state: &mut State, news: &mut News) {
    match change {
        Change::Level { scope: Scope::Interface(name), key, .. } => state.distrust(name, *key),
        // Of IPv4 addresses each message says whose request it tells of (net/ipv6/addrconf.c: inet6_ifa_notify() does not).
        Change::Address { old, new, .. } if old.iter().chain(new).any(|address| address.local.is_ipv6()) => {
            expect(change, state, news);
            expect(&change.inverse(), state, news);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
