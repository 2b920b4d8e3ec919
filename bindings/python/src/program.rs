//! The command line, the same one as the `lvsarp` binary's.

use std::ffi::OsString;
use std::io::Write;

use pyo3::prelude::*;

/// Runs the program `lvsarp` with these arguments, its name first, and returns its exit status.
#[pyfunction]
pub fn main(py: Python<'_>, argv: Vec<OsString>) -> i32 {
    py.detach(|| {
        let status = lvsarp_cli::main(argv);
        // The interpreter ends the process without Rust's own end, which would write what is left.
        let _ = std::io::stdout().flush();
        status
    })
}
