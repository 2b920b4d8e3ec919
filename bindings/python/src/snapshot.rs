//! A snapshot, and the shapes in which answers cross.

use std::net::IpAddr;

use lvsarp::{Check, Decision, Level, Levels, Model, Witness};
use pyo3::prelude::*;
use serde::Serialize;

use crate::accept::{self, Integer, Text};
use crate::desired::Desired;
use crate::error::{raised, unusable};
use crate::files::BootOptions;

/// An answer as JSON text.
pub type Answer = PyResult<String>;

/// A level as (own, all, effective).
type LevelTuple = (Option<i32>, Option<i32>, Option<i32>);

/// Levels as (arp_ignore, arp_announce).
pub type LevelsTuple = (LevelTuple, LevelTuple);

pub fn json(answer: impl Serialize) -> Answer {
    serde_json::to_string(&answer).map_err(|e| pyo3::exceptions::PyRuntimeError::new_err(e.to_string()))
}

pub fn levels_tuple(levels: Levels) -> LevelsTuple {
    let tuple = |level: Level| (level.own, level.all, level.effective);
    (tuple(levels.arp_ignore), tuple(levels.arp_announce))
}

/// The addresses of VIPs that a check is about; `None`: those that are bound.
pub fn addresses_of(vips: Option<Vec<Text>>) -> PyResult<Option<Vec<IpAddr>>> {
    vips.map(|vips| accept::addresses(&vips)).transpose()
}

/// A decision as Python has it, to be drawn: its question, its rule, its checks and the running kernel's word.
#[derive(FromPyObject)]
pub struct Drawn(Text, Text, Vec<(Text, bool, Text)>, Option<(Option<bool>, Text)>);

/// A network namespace as plain data, indexed for decisions.
#[pyclass(frozen, eq, module = "lvsarp._native")]
pub struct Snapshot(pub Model<'static>);

impl Snapshot {
    pub fn new(snapshot: lvsarp::Snapshot) -> Snapshot {
        Snapshot(Model::new(snapshot))
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Snapshot) -> bool {
        self.0.snapshot() == other.0.snapshot()
    }
}

#[pymethods]
impl Snapshot {
    #[staticmethod]
    fn from_json(py: Python<'_>, text: Text) -> PyResult<Snapshot> {
        py.detach(|| lvsarp::Snapshot::from_json(&text.0)).map(Snapshot::new).map_err(raised)
    }

    fn to_json(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.snapshot().to_json())
    }

    #[getter]
    fn kernel(&self) -> &str {
        &self.0.snapshot().kernel
    }

    fn levels(&self, scope: Text) -> PyResult<LevelsTuple> {
        let scope = accept::scope(&scope)?;
        self.0.snapshot().levels(&scope).map(levels_tuple).map_err(raised)
    }

    fn check(&self, py: Python<'_>, vips: Option<Vec<Text>>) -> Answer {
        let vips = addresses_of(vips)?;
        json(py.detach(|| self.0.check(vips.as_deref())).map_err(raised)?)
    }

    fn would_reply(&self, py: Python<'_>, target: Text, sender: Text, on: Text) -> Answer {
        let (target, sender) = (accept::ipv4("target", &target)?, accept::ipv4("sender", &sender)?);
        let on = accept::device(&on)?;
        json(py.detach(|| self.0.would_reply(target, sender, &on)).map_err(raised)?)
    }

    fn would_announce(&self, py: Python<'_>, target: Text, on: Text, source: Option<Text>) -> Answer {
        let (target, on) = (accept::ipv4("target", &target)?, accept::device(&on)?);
        let source = source.map(|source| accept::ipv4("source", &source)).transpose()?;
        json(py.detach(|| self.0.would_announce(target, &on, source)).map_err(raised)?)
    }

    fn svg(&self, py: Python<'_>, vips: Option<Vec<Text>>, decision: Option<Drawn>) -> Answer {
        let vips = addresses_of(vips)?;
        let report = py.detach(|| self.0.check(vips.as_deref())).map_err(raised)?;
        let Some(Drawn(question, rule, trace, witness)) = decision else {
            return Ok(py.detach(|| lvsarp_svg::host(self.0.snapshot(), &report)));
        };
        let same = |decision: &Decision| {
            let same = |(check, (function, pass, text)): (&Check, &(Text, bool, Text))| {
                check.function == function.0 && check.pass == *pass && check.text == text.0
            };
            decision.rule == rule.0
                && decision.trace.len() == trace.len()
                && decision.trace.iter().zip(&trace).all(same)
        };
        let Some(mut decision) = lvsarp_svg::asked_again(&self.0, &question.0).filter(same) else {
            return Err(unusable(format!("decision {:?}", question.0), "it was not made of this snapshot"));
        };
        decision.witness = witness.map(|(agrees, text)| Witness { agrees, text: text.0 });
        Ok(py.detach(|| lvsarp_svg::decision(self.0.snapshot(), &report, &decision)))
    }

    /// The same host with another value of one key.
    fn with_value(&self, scope: Text, key: Text, value: Integer<'_>) -> PyResult<Snapshot> {
        let (scope, key) = (accept::scope(&scope)?, key.0.parse().map_err(raised)?);
        let changed = self.0.snapshot().with(&scope, key, value.any_value_of(key)?);
        changed.map(Snapshot::new).map_err(raised)
    }

    fn boot(&self, py: Python<'_>, vips: Option<Vec<Text>>, options: &BootOptions) -> Answer {
        let vips = addresses_of(vips)?;
        json(py.detach(|| self.0.snapshot().boot(vips.as_deref(), &options.0)).map_err(raised)?)
    }

    fn plan(&self, py: Python<'_>, desired: &Desired) -> Answer {
        json(py.detach(|| self.0.snapshot().plan(&desired.0)).map_err(raised)?)
    }
}
