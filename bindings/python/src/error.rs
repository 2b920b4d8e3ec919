//! Errors on their way out: the library's become the package's exceptions, wrong arguments a `ValueError`.

use std::fmt::Display;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The exception that stands for a library error. Which class that is, `lvsarp._errors` knows.
pub fn raised(error: lvsarp::Error) -> PyErr {
    Python::attach(|py| {
        let kind = error.kind().name();
        let findings = serde_json::to_string(error.findings()).unwrap_or_default();
        let fields = (kind, error.errno(), error.to_string(), error.hint_text(), error.rolled_back(), findings);
        match py.import("lvsarp._errors").and_then(|errors| errors.call_method1("from_native", fields)) {
            Ok(exception) => PyErr::from_value(exception),
            Err(failure) => failure,
        }
    })
}

/// A wrong argument, in the library's words: `cannot use THING: CAUSE`.
pub fn unusable(thing: impl Display, cause: impl Display) -> PyErr {
    PyValueError::new_err(format!("cannot use {thing}: {cause}"))
}
