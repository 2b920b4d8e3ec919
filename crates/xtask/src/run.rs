//! Running the C compiler and binutils.

use std::ffi::OsStr;
use std::process::{Command, Output};

use crate::Result;

/// The C compiler.
pub fn cc() -> Command {
    Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
}

/// The program of binutils that goes with the C compiler.
pub fn tool(name: &str) -> Result<Command> {
    let found = output(cc().arg(format!("-print-prog-name={name}")))?;
    Ok(Command::new(found.trim_end()))
}

/// Runs a command; says what it said where it fails.
pub fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// What a command prints.
pub fn output(command: &mut Command) -> Result<String> {
    let done = finished(command)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let program = command.get_program().to_string_lossy();
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{program} {}: {}\n{said}", words.join(" "), done.status))
}

/// What became of a command, whatever that is.
pub fn finished(command: &mut Command) -> Result<Output> {
    command.output().map_err(|error| format!("cannot run {}: {error}", command.get_program().to_string_lossy()))
}
