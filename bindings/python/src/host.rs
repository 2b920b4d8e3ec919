//! A host: one network namespace.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lvsarp::{
    AnnounceOptions, AuditOptions, AuditTarget, Binding, Key, Netns, ProbeOptions, RoleSwitch, Service, Vip,
    WatchOptions,
};
use pyo3::prelude::*;

use crate::accept::{self, Integer, Seconds, Text};
use crate::desired::{Applied, Desired};
use crate::error::raised;
use crate::files::{BootOptions, PersistOptions};
use crate::snapshot::{Answer, LevelsTuple, Snapshot, addresses_of, json, levels_tuple};
use crate::wire::{Auditor, Listener, Prober, Watch};

/// One network namespace.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Host(lvsarp::Host);

impl Host {
    /// Asks the library with the interpreter's lock released.
    fn ask<T: Send>(&self, py: Python<'_>, ask: impl FnOnce(&lvsarp::Host) -> lvsarp::Result<T> + Send) -> PyResult<T> {
        let host = &self.0;
        py.detach(|| ask(host)).map_err(raised)
    }
}

#[pymethods]
impl Host {
    /// Opens the calling thread's network namespace, or another one by what names it or by its path.
    #[new]
    #[pyo3(signature = (netns=None, *, path=None))]
    fn open(py: Python<'_>, netns: Option<Text>, path: Option<PathBuf>) -> PyResult<Host> {
        let netns = match (netns, path) {
            (_, Some(path)) => Some(Netns::Path(path)),
            (Some(text), None) => Some(Netns::parse(&text.0).map_err(raised)?),
            (None, None) => None,
        };
        let opened = py.detach(|| match netns {
            Some(netns) => lvsarp::Host::open_netns(&netns),
            None => lvsarp::Host::open(),
        });
        Ok(Host(opened.map_err(raised)?))
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<Snapshot> {
        self.ask(py, lvsarp::Host::snapshot).map(Snapshot::new)
    }

    #[pyo3(signature = (target, sender, on, *, verify))]
    fn would_reply(&self, py: Python<'_>, target: Text, sender: Text, on: Text, verify: bool) -> Answer {
        let (target, sender) = (accept::ipv4("target", &target)?, accept::ipv4("sender", &sender)?);
        let on = accept::device(&on)?;
        json(self.ask(py, |host| host.would_reply(target, sender, &on, verify))?)
    }

    #[pyo3(signature = (target, on, source, *, verify))]
    fn would_announce(&self, py: Python<'_>, target: Text, on: Text, source: Option<Text>, verify: bool) -> Answer {
        let (target, on) = (accept::ipv4("target", &target)?, accept::device(&on)?);
        let source = source.map(|source| accept::ipv4("source", &source)).transpose()?;
        json(self.ask(py, |host| host.would_announce(target, &on, source, verify))?)
    }

    fn interfaces(&self, py: Python<'_>) -> Answer {
        json(self.ask(py, lvsarp::Host::interfaces)?)
    }

    fn addresses(&self, py: Python<'_>, dev: Option<Text>) -> Answer {
        let dev = dev.as_ref().map(accept::device).transpose()?;
        json(self.ask(py, |host| host.addresses(dev.as_ref()))?)
    }

    fn get(&self, py: Python<'_>, scope: Text) -> PyResult<LevelsTuple> {
        let scope = accept::scope(&scope)?;
        self.ask(py, |host| host.get(&scope)).map(levels_tuple)
    }

    #[pyo3(signature = (scope, *, arp_ignore, arp_announce, via))]
    fn set(
        &self,
        py: Python<'_>,
        scope: Text,
        arp_ignore: Option<Integer<'_>>,
        arp_announce: Option<Integer<'_>>,
        via: Text,
    ) -> Answer {
        let (scope, via) = (accept::scope(&scope)?, accept::via(&via)?);
        let mut values = Vec::with_capacity(2);
        for (key, value) in [(Key::ArpIgnore, arp_ignore), (Key::ArpAnnounce, arp_announce)] {
            if let Some(value) = value {
                values.push((key, value.value_of(key)?));
            }
        }
        json(self.ask(py, |host| host.set(&scope, &values, via))?)
    }

    #[pyo3(signature = (vips, dev, *, label, scope, method, force))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn bind(
        &self,
        py: Python<'_>,
        vips: Vec<Text>,
        dev: Text,
        label: Option<Text>,
        scope: Text,
        method: Text,
        force: bool,
    ) -> PyResult<Vec<bool>> {
        let (vips, dev) = (accept::vips(&vips)?, accept::device(&dev)?);
        let (scope, method) = (scope.0.parse().map_err(raised)?, accept::method(&method)?);
        let label = label.map(|label| label.0);
        let bindings: Vec<Binding> =
            vips.into_iter().map(|vip| Binding { vip, dev, label: label.clone(), scope, method, force }).collect();
        self.ask(py, |host| host.bind_many(&bindings))
    }

    fn unbind(&self, py: Python<'_>, vips: Vec<Text>, dev: Text) -> PyResult<Vec<bool>> {
        let dev = accept::device(&dev)?;
        let gone: Vec<(Vip, lvsarp::IfName)> = accept::vips(&vips)?.into_iter().map(|vip| (vip, dev)).collect();
        self.ask(py, |host| host.unbind_many(&gone))
    }

    fn bind_prefix(&self, py: Python<'_>, prefix: Text, dev: Text) -> PyResult<bool> {
        let (prefix, dev) = (accept::prefix(&prefix)?, accept::device(&dev)?);
        self.ask(py, |host| host.bind_prefix(prefix, &dev))
    }

    fn unbind_prefix(&self, py: Python<'_>, prefix: Text, dev: Text) -> PyResult<bool> {
        let (prefix, dev) = (accept::prefix(&prefix)?, accept::device(&dev)?);
        self.ask(py, |host| host.unbind_prefix(prefix, &dev))
    }

    fn plan(&self, py: Python<'_>, desired: &Desired) -> Answer {
        json(self.ask(py, |host| host.plan(&desired.0))?)
    }

    fn apply(&self, py: Python<'_>, desired: &Desired, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.apply(&desired.0, patience))?)
    }

    /// As apply, and notes what [`Host::revert`] takes back.
    fn apply_for_now(&self, py: Python<'_>, desired: &Desired, lock_timeout: f64, applied: &Applied) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        let changes = self.ask(py, |host| host.apply(&desired.0, patience))?;
        let answer = json(&changes);
        *unpoisoned(&applied.0) = Some(changes);
        answer
    }

    /// Takes back what was noted, once. Where that fails it stays noted.
    fn revert(&self, py: Python<'_>, applied: &Applied, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        let nothing = || lvsarp::Changes { changed: false, steps: Vec::new(), findings: Vec::new() };
        let changes = unpoisoned(&applied.0).take().unwrap_or_else(nothing);
        let reverted = self.ask(py, |host| host.revert(&changes, patience));
        if reverted.is_err() {
            *unpoisoned(&applied.0) = Some(changes);
        }
        json(reverted?)
    }

    fn plan_undo(&self, py: Python<'_>) -> Answer {
        json(self.ask(py, |host| host.plan_undo())?)
    }

    fn undo(&self, py: Python<'_>, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.undo(patience))?)
    }

    fn check(&self, py: Python<'_>, vips: Option<Vec<Text>>) -> Answer {
        let vips = addresses_of(vips)?;
        json(self.ask(py, |host| host.check(vips.as_deref()))?)
    }

    fn persist(&self, py: Python<'_>, desired: &Desired, files: &PersistOptions, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.persist(&desired.0, &files.0, patience))?)
    }

    fn plan_persist(&self, py: Python<'_>, desired: &Desired, files: &PersistOptions) -> Answer {
        json(self.ask(py, |host| host.plan_persist(&desired.0, &files.0))?)
    }

    fn unpersist(&self, py: Python<'_>, files: &PersistOptions, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.unpersist(&files.0, patience))?)
    }

    fn plan_unpersist(&self, py: Python<'_>, files: &PersistOptions) -> Answer {
        json(self.ask(py, |host| host.plan_unpersist(&files.0))?)
    }

    fn apply_persistent(&self, py: Python<'_>, desired: &Desired, files: &PersistOptions, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.apply_persistent(&desired.0, &files.0, patience))?)
    }

    fn undo_persistent(&self, py: Python<'_>, files: &PersistOptions, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.undo_persistent(&files.0, patience))?)
    }

    fn restore(&self, py: Python<'_>, root: PathBuf, lock_timeout: f64) -> Answer {
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| host.restore(&root, patience))?)
    }

    fn boot(&self, py: Python<'_>, vips: Option<Vec<Text>>, options: &BootOptions) -> Answer {
        let vips = addresses_of(vips)?;
        json(self.ask(py, |host| host.boot(vips.as_deref(), &options.0))?)
    }

    #[pyo3(signature = (vips, on, timeout, *, requests, sender, directors))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn prober(
        &self,
        py: Python<'_>,
        vips: Vec<Text>,
        on: Text,
        timeout: Seconds,
        requests: Integer<'_>,
        sender: Text,
        directors: Vec<Text>,
    ) -> PyResult<Prober> {
        let (vips, on) = (accept::addresses(&vips)?, accept::device(&on)?);
        let default = ProbeOptions::default();
        let options = ProbeOptions {
            timeout: timeout.from("timeout", 0.001)?,
            requests: requests.within("requests", 1..=1000)?,
            sender: accept::probe_sender(&sender)?,
            directors: accept::macs(&directors)?,
            // Room for the largest list of VIPs with more than one responder each.
            most: default.most.max(vips.len().saturating_mul(4)).min(65_536),
        };
        self.ask(py, |host| host.prober(&vips, &on, &options)).map(Prober::new)
    }

    fn listen(&self, py: Python<'_>, vips: Vec<Text>, on: Text, directors: Vec<Text>) -> PyResult<Listener> {
        let (vips, on, directors) = (accept::addresses(&vips)?, accept::device(&on)?, accept::macs(&directors)?);
        self.ask(py, |host| host.listen(&vips, &on, &directors)).map(Listener::new)
    }

    #[pyo3(signature = (vip, real_server, on, *, port, timeout, tries))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn auditor(
        &self,
        py: Python<'_>,
        vip: Text,
        real_server: Text,
        on: Text,
        port: Option<Integer<'_>>,
        timeout: Seconds,
        tries: Integer<'_>,
    ) -> PyResult<Auditor> {
        let port = port.map(|port| port.within("port", 1..=65535)).transpose()?;
        let target = AuditTarget {
            vip: accept::vip(&vip)?.address(),
            real_server: accept::address("real_server", &real_server)?,
            service: port.map_or(Service::Echo, |port| Service::Tcp(port as u16)),
            on: accept::device(&on)?,
        };
        let options =
            AuditOptions { timeout: timeout.from("timeout", 0.001)?, tries: tries.within("tries", 1..=1000)? };
        self.ask(py, |host| host.auditor(&target, &options)).map(Auditor::new)
    }

    /// One of the rounds of an announcement: whoever calls waits between them. Of a dry run the frames of all of them.
    #[pyo3(signature = (vips, on, *, count, interval, request, reply, force, dry_run))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn announce_once(
        &self,
        py: Python<'_>,
        vips: Vec<Text>,
        on: Text,
        count: Integer<'_>,
        interval: Seconds,
        request: bool,
        reply: bool,
        force: bool,
        dry_run: bool,
    ) -> PyResult<u32> {
        let (vips, on) = (accept::addresses(&vips)?, accept::device(&on)?);
        let count = count.within("count", 1..=1000)?;
        let interval = interval.from("interval", 0.0)?;
        let options = AnnounceOptions { count: if dry_run { count } else { 1 }, interval, request, reply, force };
        self.ask(py, |host| match dry_run {
            true => host.plan_announce(&vips, &on, &options),
            false => host.announce(&vips, &on, &options),
        })
    }

    fn watch(
        &self,
        py: Python<'_>,
        vips: Option<Vec<Text>>,
        interval: Seconds,
        repair: Option<&Desired>,
        per_minute: Integer<'_>,
    ) -> PyResult<Watch> {
        let options = WatchOptions {
            vips: addresses_of(vips)?,
            interval: interval.from("interval", 0.01)?,
            repair: repair.map(|desired| desired.0.clone()),
            per_minute: per_minute.within("per_minute", 1..=6000)?,
        };
        self.ask(py, |host| host.watch(&options)).map(Watch::new)
    }

    #[pyo3(signature = (vips, on, dev, *, dry_run, lock_timeout))]
    fn promote(
        &self,
        py: Python<'_>,
        vips: Vec<Text>,
        on: Text,
        dev: Text,
        dry_run: bool,
        lock_timeout: f64,
    ) -> Answer {
        let switch = RoleSwitch { dev: accept::device(&dev)?, ..role_switch(&vips, &on)? };
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| if dry_run { host.plan_promote(&switch) } else { host.promote(&switch, patience) })?)
    }

    #[pyo3(signature = (vips, on, dev, *, scope, dry_run, lock_timeout))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn demote(
        &self,
        py: Python<'_>,
        vips: Vec<Text>,
        on: Text,
        dev: Text,
        scope: Text,
        dry_run: bool,
        lock_timeout: f64,
    ) -> Answer {
        let (dev, scope) = (accept::device(&dev)?, accept::level_scope(&scope)?);
        let switch = RoleSwitch { dev, scope, ..role_switch(&vips, &on)? };
        let patience = accept::patience(lock_timeout)?;
        json(self.ask(py, |host| if dry_run { host.plan_demote(&switch) } else { host.demote(&switch, patience) })?)
    }
}

/// Between which devices VIPs move: from lo, with the levels of all, unless it is said otherwise.
fn role_switch(vips: &[Text], on: &Text) -> PyResult<RoleSwitch> {
    Ok(RoleSwitch::new(accept::vips(vips)?, accept::device(on)?))
}

/// What a lock holds, also where a thread panicked with it.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
