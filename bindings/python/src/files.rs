//! What persist and boot work on: the files below a root directory.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::accept::{self, Text};
use crate::error::raised;

/// What persisting and its reverse work on, and how: their arguments, checked.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct PersistOptions(pub lvsarp::PersistOptions);

#[pymethods]
impl PersistOptions {
    #[new]
    #[pyo3(signature = (*, root, sysctl_conf, comment_out, program, native, overwrite))]
    fn new(
        root: PathBuf,
        sysctl_conf: Option<PathBuf>,
        comment_out: bool,
        program: Option<PathBuf>,
        native: bool,
        overwrite: bool,
    ) -> PersistOptions {
        PersistOptions(lvsarp::PersistOptions { root, sysctl_conf, comment_out, program, native, overwrite })
    }
}

/// What a boot is predicted for: the arguments of boot, checked.
#[pyclass(frozen, module = "lvsarp._native")]
pub struct BootOptions(pub lvsarp::BootOptions);

#[pymethods]
impl BootOptions {
    #[new]
    #[pyo3(signature = (*, interfaces, root, loader, rehearse))]
    fn new(interfaces: Vec<Text>, root: PathBuf, loader: Option<Text>, rehearse: bool) -> PyResult<BootOptions> {
        Ok(BootOptions(lvsarp::BootOptions {
            root,
            interfaces: interfaces.iter().map(accept::device).collect::<PyResult<_>>()?,
            loader: loader.map(|loader| loader.0.parse().map_err(raised)).transpose()?,
            rehearse,
        }))
    }
}
