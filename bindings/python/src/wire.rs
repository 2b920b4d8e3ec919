//! What takes time: probes, audits, listeners and watches. Each has a descriptor that Python waits on, and does here what there is to do.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::raised;
use crate::snapshot::{Answer, json};

/// Something with a descriptor. Threads take turns with it, and once closed it is gone.
struct Open<T> {
    thing: Mutex<Option<T>>,
    /// The process that opened it.
    process: u32,
}

impl<T: AsFd + Send> Open<T> {
    fn new(thing: T) -> Open<T> {
        Open { thing: Mutex::new(Some(thing)), process: std::process::id() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.thing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with it, with the interpreter's lock released.
    fn ask<R: Send>(&self, py: Python<'_>, ask: impl FnOnce(&mut T) -> lvsarp::Result<R> + Send) -> PyResult<R> {
        let asked = py.detach(|| self.lock().as_mut().map(ask));
        asked.ok_or_else(|| PyValueError::new_err("it is closed"))?.map_err(raised)
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.ask(py, |thing| Ok(thing.as_fd().as_raw_fd()))
    }

    /// Closes it. After a fork a thread that is not here may have been in the middle of it: then what was inherited stays open.
    fn close(&self, py: Python<'_>) {
        py.detach(|| match self.process == std::process::id() {
            true => drop(self.lock().take()),
            false => drop(self.thing.try_lock().ok().and_then(|mut thing| thing.take())),
        });
    }
}

/// What is handed on to a function, and an error that came after some of it: the next call's.
struct Told<T> {
    thing: T,
    late: Option<lvsarp::Error>,
}

impl<T> Told<T> {
    /// Collects what is handed on.
    fn collect<E>(
        &mut self,
        dispatch: impl FnOnce(&mut T, &mut Vec<E>) -> lvsarp::Result<usize>,
    ) -> lvsarp::Result<Vec<E>> {
        if let Some(error) = self.late.take() {
            return Err(error);
        }
        let mut things = Vec::new();
        match dispatch(&mut self.thing, &mut things) {
            Err(error) if things.is_empty() => return Err(error),
            Err(error) => self.late = Some(error),
            Ok(_) => {}
        }
        Ok(things)
    }
}

impl<T: AsFd> AsFd for Told<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.thing.as_fd()
    }
}

/// A probe.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Prober(Open<lvsarp::Prober>);

impl Prober {
    pub fn new(prober: lvsarp::Prober) -> Prober {
        Prober(Open::new(prober))
    }
}

#[pymethods]
impl Prober {
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.fileno(py)
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.0.ask(py, lvsarp::Prober::start)
    }

    /// Whether the round has ended.
    fn dispatch(&self, py: Python<'_>) -> PyResult<bool> {
        self.0.ask(py, lvsarp::Prober::dispatch)
    }

    fn responders(&self, py: Python<'_>) -> Answer {
        json(self.0.ask(py, |prober| Ok(prober.responders().to_vec()))?)
    }

    fn lost(&self, py: Python<'_>) -> PyResult<u64> {
        self.0.ask(py, |prober| Ok(prober.lost()))
    }
}

/// An audit.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Auditor(Open<lvsarp::Auditor>);

impl Auditor {
    pub fn new(auditor: lvsarp::Auditor) -> Auditor {
        Auditor(Open::new(auditor))
    }
}

#[pymethods]
impl Auditor {
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.fileno(py)
    }

    fn start(&self, py: Python<'_>) -> PyResult<()> {
        self.0.ask(py, lvsarp::Auditor::start)
    }

    /// The result, once there is one.
    fn dispatch(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.0.ask(py, lvsarp::Auditor::dispatch)?.map(json).transpose()
    }
}

/// One who listens.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Listener(Open<Told<lvsarp::Listener>>);

impl Listener {
    pub fn new(listener: lvsarp::Listener) -> Listener {
        Listener(Open::new(Told { thing: listener, late: None }))
    }
}

#[pymethods]
impl Listener {
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.fileno(py)
    }

    fn dispatch(&self, py: Python<'_>) -> Answer {
        json(self.0.ask(py, |told| told.collect(|listener, all| listener.dispatch(&mut |heard| all.push(*heard))))?)
    }

    fn lost(&self, py: Python<'_>) -> PyResult<u64> {
        self.0.ask(py, |listener| Ok(listener.thing.lost()))
    }

    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }
}

/// A watch.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Watch(Open<Told<lvsarp::Watch>>);

impl Watch {
    pub fn new(watch: lvsarp::Watch) -> Watch {
        Watch(Open::new(Told { thing: watch, late: None }))
    }
}

#[pymethods]
impl Watch {
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.0.fileno(py)
    }

    fn dispatch(&self, py: Python<'_>) -> Answer {
        json(self.0.ask(py, |told| told.collect(|watch, all| watch.dispatch(&mut |event| all.push(event.clone()))))?)
    }

    fn vips(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.ask(py, |watch| Ok(watch.thing.vips().iter().map(ToString::to_string).collect()))
    }

    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }
}
