//! Output line by line as things happen.

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes a line and flushes it. `Ok(false)`: nobody reads any more, which ends the output quietly.
pub(crate) fn line(text: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(Failure::os("write", "the standard output", &e)),
    }
}
