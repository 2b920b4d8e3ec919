//! The real server that is wanted, as plan and apply take it.

use std::sync::Mutex;

use lvsarp::AddressScope;
use pyo3::prelude::*;

use crate::accept::{self, Text};
use crate::error::raised;

/// The real server that is wanted: the arguments of plan and apply, checked.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct Desired(pub lvsarp::Desired);

/// What one apply changed and is to be taken back, once it was done.
#[pyclass(frozen, module = "lvsarp._native")]
#[derive(Default)]
pub struct Applied(pub Mutex<Option<lvsarp::Changes>>);

#[pymethods]
impl Applied {
    #[new]
    fn new() -> Applied {
        Applied::default()
    }
}

#[pymethods]
impl Desired {
    #[new]
    #[pyo3(signature = (vips, *, prefixes, scope, dev, label, address_scope, method, force, exact))]
    // One keyword each, so that the call reads as the one in Python.
    #[allow(clippy::too_many_arguments)]
    fn new(
        vips: Vec<Text>,
        prefixes: Vec<Text>,
        scope: Text,
        dev: Text,
        label: Option<Text>,
        address_scope: Text,
        method: Text,
        force: bool,
        exact: bool,
    ) -> PyResult<Desired> {
        Ok(Desired(lvsarp::Desired {
            vips: accept::vips(&vips)?,
            prefixes: prefixes.iter().map(accept::prefix).collect::<PyResult<_>>()?,
            scope: accept::level_scope(&scope)?,
            dev: accept::device(&dev)?,
            label: label.map(|label| label.0),
            address_scope: match address_scope.0.as_str() {
                "auto" => None,
                scope => Some(scope.parse::<AddressScope>().map_err(raised)?),
            },
            method: accept::method(&method)?,
            force,
            exact,
        }))
    }
}
