//! A watch: what changes on a host that is to stay silent, as it changes.

mod event;
mod files;
mod listener;
mod mending;
mod options;
mod repair;
mod state;
mod who;

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

pub use event::{Event, EventKind};
pub use options::WatchOptions;

use crate::address;
use crate::check::{Finding, Report, Severity};
use crate::conf::link;
use crate::error::{ErrorKind, Result};
use crate::host::Host;
use crate::interface::IfName;
use crate::netlink::wire;
use crate::wire::Alarm;
use files::Files;
use listener::{Heard, Listener};
use repair::Repair;
use state::{LEVELS, News, State};
use who::Sockets;

/// How many datagrams are taken at once; of more, the rest stays for the next call.
const AT_ONCE: usize = 1024;

/// How often everything is read again after the kernel lost messages, while it keeps losing more.
const TRIES: usize = 4;

/// How many calls in a row may leave messages behind before everything is read again in spite of them.
const MOST_BEHIND: u32 = 16;

/// How soon everything is read again where that did not succeed.
const SOON: Duration = Duration::from_millis(50);

/// A watch over one host: its descriptor is readable when there is something to do.
pub struct Watch {
    host: Host,
    vips: Vec<IpAddr>,
    interval: Duration,
    listener: Listener,
    alarm: Alarm,
    files: Files,
    /// None where there is no such list; then nobody is named.
    sockets: Option<Sockets>,
    state: State,
    repair: Option<Repair>,
    /// When the levels are read again.
    next: Instant,
    /// When the host is looked at although nothing is heard of.
    look: Option<Instant>,
    /// Messages were lost.
    overrun: bool,
    /// How many calls in a row have left messages behind.
    behind: u32,
}

impl Watch {
    fn open(host: Host, vips: Vec<IpAddr>, interval: Duration, repair: Option<Repair>) -> Result<Watch> {
        // First of all, so that nothing is missed between what is read and what is told.
        let routes = repair.as_ref().is_some_and(Repair::has_prefixes);
        let listener = host.here_or_inside(|| Listener::open(routes))?;
        let sockets = host.here_or_inside(Sockets::open).ok();
        let alarm = Alarm::over(&[listener.as_fd()])?;
        let now = Instant::now();
        let mut watch = Watch {
            host,
            vips,
            interval,
            listener,
            alarm,
            files: Files::default(),
            sockets,
            state: State::default(),
            // With a repair the host is looked at once at the beginning.
            look: repair.as_ref().map(|_| now),
            repair,
            next: now + interval,
            overrun: false,
            behind: 0,
        };
        watch.observe_all(&mut News::default())?;
        if let Some(repair) = &mut watch.repair {
            repair.leave_alone(&watch.host, &mut watch.state);
        }
        watch.set_alarm()?;
        Ok(watch)
    }

    /// Hands on what happened, without waiting for it; a repair takes as long as an apply. Returns how many events that were.
    ///
    /// What was found before an error is handed on first.
    pub fn dispatch(&mut self, tell: &mut dyn FnMut(&Event)) -> Result<usize> {
        self.alarm.is_mine()?;
        let mut news = News::default();
        let done = self.work(&mut news);
        if done.is_err() {
            // Not at once: a loop that goes on would spin.
            self.look = self.look.map(|look| look.max(Instant::now() + SOON));
        }
        let armed = self.set_alarm();
        news.events.iter().for_each(tell);
        done.and(armed).map(|()| news.events.len())
    }

    /// Waits until there is something to do, for this long at most; `None`: for ever. `Ok(false)`: the time is over.
    pub fn wait(&self, patience: Option<Duration>) -> Result<bool> {
        self.alarm.is_mine()?;
        self.alarm.wait(patience)
    }

    /// The VIPs that are watched.
    pub fn vips(&self) -> &[IpAddr] {
        &self.vips
    }

    /// Whether every VIP that is watched is silent and there, now. Changes nothing.
    pub fn check(&self) -> Result<Report> {
        self.host.report(|model| model.check(Some(&self.vips)))
    }

    fn set_alarm(&self) -> Result<()> {
        self.alarm.set(Some(self.look.map_or(self.next, |look| look.min(self.next))))
    }

    fn work(&mut self, news: &mut News) -> Result<()> {
        let due = Instant::now() >= self.next;
        if due {
            self.next = Instant::now() + self.interval;
        }
        let mut empty = self.listen(news)?;
        self.behind = if empty { 0 } else { self.behind + 1 };
        if self.overrun && (empty || self.behind > MOST_BEHIND) {
            self.resync(news)?;
        }
        if due && self.read_levels(news)? {
            empty = self.listen(news)?;
        }
        if empty && self.files.lacks(&self.host, &self.state) {
            self.files.open(&self.host, &self.state);
        }
        if !self.state.left.is_empty() {
            repair::look_after(&self.host, &mut self.state);
        }
        if !news.is_empty() || self.look.is_some_and(|at| at <= Instant::now()) {
            self.look = None;
            let verdict = self.judge(news);
            verdict.give(&mut news.events);
            if verdict.silent == Some(false) && self.repair.is_some() {
                self.mend(&verdict, news)?;
            }
        }
        Ok(())
    }

    /// Takes what the kernel has told. `false`: there is more of it.
    fn listen(&mut self, news: &mut News) -> Result<bool> {
        let Watch { host, listener, files, state, sockets, overrun, look, repair, .. } = self;
        let own = host.socket().port();
        let mut now = |interface: &_| files.now(host, interface);
        let mut by = |port| sockets.as_ref().filter(|_| Some(port) != own)?.owner(port);
        let mut empty = false;
        for _ in 0..AT_ONCE {
            match listener.hear()? {
                Heard::Nothing => {
                    empty = true;
                    break;
                }
                Heard::Overrun => *overrun = true,
                Heard::Messages(bytes) => {
                    for message in wire::messages(bytes).map_while(std::result::Result::ok) {
                        news.is_own = own.is_some_and(|own| own == message.port);
                        if !news.is_own && repair.as_ref().is_some_and(|repair| repair.lost_route(&message)) {
                            *look = Some(Instant::now());
                        }
                        state.take(message, &mut now, &mut by, news);
                    }
                }
            }
        }
        *overrun |= std::mem::take(&mut news.missed);
        files.forget(&news.reopen);
        if empty {
            state.fresh.clear();
        }
        Ok(empty)
    }

    /// Reads the levels that the kernel does not announce. Whether one of them is another one than was known.
    fn read_levels(&mut self, news: &mut News) -> Result<bool> {
        let mut found = Vec::new();
        unless_interrupted(self.files.read(&self.host, &self.state, &mut found))?;
        for (scope, index, key, value) in &found {
            if let Some(old) = self.state.set(scope, *index, *key, *value) {
                news.events.push(Event::level(*scope, *key, old, *value));
            }
        }
        self.fence();
        Ok(!found.is_empty())
    }

    /// Waits until every message is in the socket that may be older than what was read just now: the kernel writes and sends messages about links
    /// under the lock that this request takes (`net/core/rtnetlink.c: rtnetlink_rcv_msg()`).
    fn fence(&self) {
        if !self.state.fresh.is_empty() {
            let _ = link::read(&mut self.host.socket(), &IfName::from_kernel(b"lo"));
        }
    }

    /// Reads everything and takes what is told meanwhile without a word. What was known is the result.
    fn observe_all(&mut self, silent: &mut News) -> Result<State> {
        self.files.open_shared(&self.host);
        let mut state = State::default();
        [state.all, state.default] = self.files.shared();
        let mut socket = self.host.socket();
        state.interfaces = link::list(&mut socket)?;
        state.interfaces.sort_by_key(|interface| interface.index);
        state.bound = self.vips.iter().map(|vip| (*vip, Vec::new())).collect();
        // An address whose interface is not listed is told of, with its interface, by what waits in the socket.
        for address in address::netlink::list(&mut socket, None, &state.interfaces)?.0 {
            if let Some(places) = state.bound.get_mut(&address.local) {
                places.push(address);
            }
        }
        drop(socket);
        let known = std::mem::take(&mut self.state.left_alone);
        let (there, gone) = known.into_iter().partition(|address| state.has(address));
        (state.left_alone, state.left) = (there, gone);
        state.left.append(&mut self.state.left);
        // What was read is newer than what is told of levels now.
        state.fresh = state.interfaces.iter().flat_map(|interface| LEVELS.map(|key| (interface.index, key))).collect();
        let before = std::mem::replace(&mut self.state, state);
        self.fence();
        for _ in 0..MOST_BEHIND {
            if self.listen(silent)? || self.overrun {
                break;
            }
        }
        self.files.open(&self.host, &self.state);
        Ok(before)
    }

    /// Everything again, and the difference as events.
    fn resync(&mut self, news: &mut News) -> Result<()> {
        let mut silent = News::default();
        let (mut known, mut failed) = (None, Ok(()));
        for _ in 0..TRIES {
            // What waits is older than what is read now.
            let observed = self.listener.discard().and_then(|empty| {
                self.overrun = !empty;
                self.observe_all(&mut silent)
            });
            match observed {
                Ok(before) => {
                    known.get_or_insert(before);
                }
                Err(e) => {
                    self.overrun = true;
                    self.look = Some(Instant::now() + SOON);
                    failed = unless_interrupted(Err(e));
                    break;
                }
            }
            if !self.overrun {
                break;
            }
        }
        if let Some(known) = known {
            let message = "the kernel had more to tell than the socket holds, and everything was read again";
            news.events.push(Event::new(EventKind::Resynced, message.to_owned()));
            known.difference(&self.state, news);
        }
        failed
    }

    /// Checks the host after what happened. What came up and is not silent is news as well.
    fn judge(&self, news: &mut News) -> Verdict {
        let report = self.check().ok();
        let errors = || report.iter().flat_map(|r| &r.findings).filter(|finding| finding.severity == Severity::Error);
        for index in std::mem::take(&mut news.awake) {
            let Some(interface) = self.state.interface(index) else { continue };
            if let Some(finding) = errors().find(|finding| finding.interface == Some(interface.name)) {
                news.events.push(Event::unprotected(interface.name, finding));
            }
        }
        let silent = match &report {
            Some(report) if report.ok => Some(true),
            Some(report) if report.has_errors() => Some(false),
            _ => None,
        };
        Verdict { silent, finding: errors().next().cloned() }
    }

    /// Applies what is wanted, if that is allowed now.
    fn mend(&mut self, verdict: &Verdict, news: &mut News) -> Result<()> {
        let Some(mut repair) = self.repair.take() else { return Ok(()) };
        let now = Instant::now();
        repair.count(now, &news.events);
        let result = match repair.begin(now, news) {
            Some(later) => {
                self.look = Some(later);
                verdict.give(&mut news.events);
                Ok(())
            }
            None => self.mend_now(&mut repair, news),
        };
        self.repair = Some(repair);
        result
    }

    fn mend_now(&mut self, repair: &mut Repair, news: &mut News) -> Result<()> {
        let mut after = News::default();
        let outcome = repair.run(&self.host, &mut self.state, &mut after);
        let done = outcome.is_ok();
        self.fence();
        // The kernel tells of all that was done before it says that it is done, except of IPv6 addresses.
        for _ in 0..MOST_BEHIND {
            if self.listen(&mut after)? || self.overrun {
                break;
            }
        }
        for expected in std::mem::take(&mut after.expected) {
            if done {
                self.state.settle(expected);
            }
        }
        let verdict = self.judge(&mut after);
        let now = Instant::now();
        repair.count(now, &after.events);
        let others = !after.events.is_empty();
        let ended = repair.end(now, outcome, verdict.silent, others);
        after.events.extend(ended.event);
        verdict.give(&mut after.events);
        news.events.append(&mut after.events);
        if verdict.silent != Some(true) && (others || !ended.settled) {
            self.look = Some(repair.next(now, others));
        }
        Ok(())
    }
}

/// Interfaces came or went all the time while they were listed: that is no failure, and another time is soon enough.
fn unless_interrupted(result: Result<()>) -> Result<()> {
    result.or_else(|e| if e.kind() == ErrorKind::Interrupted { Ok(()) } else { Err(e) })
}

/// What a check says.
struct Verdict {
    silent: Option<bool>,
    finding: Option<Finding>,
}

impl Verdict {
    /// Adds it to events.
    fn give(&self, events: &mut [Event]) {
        for event in events {
            event.silent = self.silent;
            event.finding.clone_from(&self.finding);
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }
}

/// A watch can be sent to another thread.
const _: () = {
    const fn assert_sent<T: Send>() {}
    assert_sent::<Watch>();
};

#[cfg(test)]
mod tests;
