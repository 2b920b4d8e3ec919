//! The native half of the Python package: arguments in, the library's answer out as plain data. Nothing is decided here.
//!
//! Big answers cross as JSON text, which `python/lvsarp` turns into its values; levels, asked for in loops, cross as tuples. Whatever touches
//! the kernel runs with the interpreter's lock released.
#![deny(unsafe_code)]

mod accept;
mod desired;
mod error;
mod files;
mod host;
mod program;
mod snapshot;
mod tables;
mod wire;

use pyo3::prelude::*;

/// The native half of lvsarp; use the package `lvsarp` instead.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::desired::{Applied, Desired};
    #[pymodule_export]
    use crate::files::{BootOptions, PersistOptions};
    #[pymodule_export]
    use crate::host::Host;
    #[pymodule_export]
    use crate::program::main;
    #[pymodule_export]
    use crate::snapshot::Snapshot;
    #[pymodule_export]
    use crate::tables::{keys, levels, meaning};
    #[pymodule_export]
    use crate::wire::{Auditor, Listener, Prober, Watch};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
