//! The repair: what is wanted is applied again, so many times a minute at most.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::event::{Event, EventKind};
use super::state::{Expected, News, State};
use crate::address;
use crate::change::{Change, Step};
use crate::error::Result;
use crate::host::Host;
use crate::interface::Scope;
use crate::plan::Desired;
use crate::snapshot::Address;

const MINUTE: Duration = Duration::from_secs(60);

/// How long a repair waits for another lvsarp that works on the same namespace.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many steps a message names.
const NAMED: usize = 8;

pub(super) struct Repair {
    desired: Desired,
    per_minute: u32,
    /// The repairs of the last minute.
    done: VecDeque<Instant>,
    /// When it was said last that there were too many.
    limited: Option<Instant>,
    /// Why the last one failed.
    failed: Option<String>,
    /// Where VIPs were already when the watch began, on devices that speak ARP: a repair does not take them from there.
    left_alone: Vec<Address>,
    /// Who changed what is watched since it was said last who does: by the name of the program, how often, and the last process of it.
    changes: BTreeMap<String, (u32, String)>,
    /// How many changes there were.
    all: u32,
}

impl Repair {
    pub fn new(desired: Desired, per_minute: u32) -> Repair {
        Repair {
            desired,
            per_minute,
            done: VecDeque::new(),
            limited: None,
            failed: None,
            left_alone: Vec::new(),
            changes: BTreeMap::new(),
            all: 0,
        }
    }

    /// Leaves VIPs where they are now.
    pub fn leave_alone(&mut self, state: &State) {
        self.left_alone = state.misplaced(&self.desired.dev).cloned().collect();
    }

    /// How soon it is tried again after it did not help.
    pub fn pace(&self) -> Duration {
        (MINUTE / self.per_minute).max(Duration::from_millis(100))
    }

    /// Counts who changed what.
    pub fn count(&mut self, events: &[Event]) {
        use EventKind::{DeviceDown, LevelChanged, VipAdded, VipMisplaced, VipRemoved};
        let is_change = |kind| matches!(kind, VipRemoved | VipAdded | VipMisplaced | LevelChanged | DeviceDown);
        for event in events.iter().filter(|event| is_change(event.kind)) {
            self.all = self.all.saturating_add(1);
            if let Some(by) = &event.by {
                let name = by.rsplit_once(" (").map_or(&by[..], |(name, _)| name).to_owned();
                let (times, last) = self.changes.entry(name).or_default();
                *times = times.saturating_add(1);
                last.clone_from(by);
            }
        }
    }

    /// Begins a repair, or says when the next one may be.
    pub fn begin(&mut self, now: Instant, news: &mut News) -> Option<Instant> {
        self.done.retain(|done| now.duration_since(*done) < MINUTE);
        if self.done.len() < self.per_minute as usize {
            self.done.push_back(now);
            return None;
        }
        let later = self.done[0] + MINUTE;
        if self.limited.is_none_or(|limited| now.duration_since(limited) >= MINUTE) {
            self.limited = Some(now);
            let event = self.too_many(later.duration_since(now));
            news.events.push(event);
        }
        Some(later)
    }

    fn too_many(&mut self, wait: Duration) -> Event {
        let (changes, all) = (std::mem::take(&mut self.changes), std::mem::take(&mut self.all));
        let most = changes.into_iter().max_by_key(|(_, (times, _))| *times);
        let who = match &most {
            Some((name, (times, last))) => {
                format!("{times} of {all} changes since then came from {name}, the last one from {last}")
            }
            None => "who keeps changing the host is not known".to_owned(),
        };
        let times = if self.per_minute == 1 { "1 repair".to_owned() } else { format!("{} repairs", self.per_minute) };
        let wait = wait.as_secs_f64().ceil();
        let message =
            format!("{times} in a minute are as many as allowed, and the next one waits for {wait:.0} s; {who}");
        Event { by: most.map(|(_, (_, last))| last), ..Event::new(EventKind::RepairLimited, message) }
    }

    /// Applies what is wanted. Gives the steps in words; what the kernel is going to tell of them is expected.
    pub fn run(&self, host: &Host, state: &mut State, news: &mut News) -> Result<Vec<String>> {
        let mut steps = Vec::new();
        let misplaced = state.misplaced(&self.desired.dev).filter(|address| !self.left_alone.contains(address));
        for address in misplaced.cloned().collect::<Vec<_>>() {
            if address::netlink::unbind(&mut host.socket(), std::slice::from_ref(&address))?[0] {
                let change =
                    Change::Address { old: Some(address.clone()), new: None, method: address::Method::Netlink };
                steps.push(change.to_string());
                news.expected.push(Expected { added: false, address });
            }
        }
        match host.apply(&self.desired, PATIENCE) {
            Ok(changes) => {
                for Step { change, .. } in &changes.steps {
                    steps.push(change.to_string());
                    expect(change, state, news);
                }
                Ok(steps)
            }
            Err(error) => {
                // What was done and taken back is told of as well.
                if error.rolled_back().is_some()
                    && let Ok(plan) = host.plan(&self.desired)
                {
                    plan.steps.iter().for_each(|step| expect_both(&step.change, state, news));
                }
                Err(error)
            }
        }
    }

    /// The event that says how a repair ended; none where there was nothing to repair any more, or nothing new to say.
    pub fn end(&mut self, outcome: Result<Vec<String>>, silent: Option<bool>, others: bool) -> Option<Event> {
        let failure = match outcome {
            Ok(steps) if !steps.is_empty() => {
                self.failed = None;
                let more = match steps.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!("; and {more} more"),
                };
                let named = &steps[..steps.len().min(NAMED)];
                return Some(Event::new(EventKind::Repaired, format!("{}{more}", named.join("; "))));
            }
            Ok(_) if silent != Some(false) || others => return None,
            Ok(_) => "an apply finds nothing to do, and yet a VIP is not silent".to_owned(),
            Err(error) => error.to_string(),
        };
        if self.failed.as_ref() == Some(&failure) {
            return None;
        }
        self.failed = Some(failure.clone());
        Some(Event::new(EventKind::RepairFailed, failure))
    }
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
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::vip::Vip;

    fn repair(per_minute: u32) -> Repair {
        Repair::new(Desired::new([Vip::parse("192.0.2.10").unwrap()]), per_minute)
    }

    fn changed_by(by: Option<&str>) -> Event {
        Event { by: by.map(str::to_owned), ..Event::level(Scope::All, Key::ArpIgnore, 1, 0) }
    }

    #[test]
    fn a_repair_waits_until_the_minute_allows_it_and_that_is_said_once_a_minute() {
        let (mut repair, mut news, start) = (repair(2), News::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(repair.begin(at(0), &mut news), None);
        assert_eq!(repair.begin(at(10), &mut news), None);
        for seconds in [11, 12, 59] {
            assert_eq!(repair.begin(at(seconds), &mut news), Some(at(60)));
        }
        assert_eq!(news.events.len(), 1);
        assert!(
            news.events[0]
                .message
                .starts_with("2 repairs in a minute are as many as allowed, and the next one waits for 49 s")
        );
        assert_eq!(repair.begin(at(60), &mut news), None);
        assert_eq!(repair.begin(at(61), &mut news), Some(at(70)));
        assert_eq!(news.events.len(), 1);
        assert_eq!(repair.begin(at(70), &mut news), None);
        assert_eq!(repair.begin(at(75), &mut news), Some(at(120)));
        assert_eq!(news.events.len(), 2);
    }

    #[test]
    fn who_made_most_changes_is_named_whatever_its_processes_numbers() {
        let mut repair = repair(1);
        repair.count(&[
            changed_by(Some("ip (7)")),
            changed_by(None),
            changed_by(Some("sysctl (8)")),
            changed_by(Some("ip (9)")),
        ]);
        let event = repair.too_many(Duration::from_secs(3));
        assert_eq!(event.by.as_deref(), Some("ip (9)"));
        assert!(
            event.message.ends_with("; 2 of 4 changes since then came from ip, the last one from ip (9)"),
            "{}",
            event.message
        );
        repair.count(&[changed_by(None)]);
        let event = repair.too_many(Duration::from_secs(3));
        assert_eq!(event.by, None);
        assert!(event.message.ends_with("; who keeps changing the host is not known"));
    }

    #[test]
    fn the_same_failure_is_said_once() {
        let mut repair = repair(1);
        let failed = || Err(crate::error::Error::input("a thing", "it is wrong"));
        assert_eq!(repair.end(failed(), Some(false), false).unwrap().kind, EventKind::RepairFailed);
        assert_eq!(repair.end(failed(), Some(false), false), None);
        assert_eq!(repair.end(Ok(vec!["step".to_owned()]), Some(true), false).unwrap().message, "step");
        assert!(repair.end(failed(), Some(false), false).is_some());
        assert_eq!(repair.end(Ok(Vec::new()), Some(true), false), None);
    }
}
