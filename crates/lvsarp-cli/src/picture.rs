//! `--svg FILE`: the picture of what a command says, in a file that is written completely or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use crate::answer::Answer;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct PictureArgs {
    /// Also draw it, as SVG, into a file; - is the standard output, which then has the picture alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<OsString>,
}

impl PictureArgs {
    /// Draws where that is asked for. The answer stays what it is, unless the picture takes its place on the standard output.
    pub fn beside(&self, answer: Answer, draw: impl FnOnce() -> String) -> Result<Answer, Failure> {
        match self.svg.as_deref() {
            None => Ok(answer),
            Some(file) if file == "-" => Ok(Answer { text: draw(), ..answer }),
            Some(file) => match write(Path::new(file), draw().as_bytes()) {
                Ok(()) => Ok(answer),
                Err(error) => Err(Failure::os("write", format!("{file:?}"), &error)),
            },
        }
    }
}

/// Writes a file beside its place and renames it. What is no file, such as a pipe, is written as it is.
fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(there) => {
            // Whoever may not write the file may not replace it either.
            let mut opened = OpenOptions::new().write(true).open(file)?;
            match there.is_file() {
                true => replace(&fs::canonicalize(file)?, text, Some(there.permissions())),
                false => opened.write_all(text),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && file.file_name().is_some() => {
            replace(&followed(file), text, None)
        }
        Err(error) => Err(error),
    }
}

fn replace(path: &Path, text: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    let (beside, mut opened) = temporary(path)?;
    let written = opened
        .write_all(text)
        .and_then(|()| permissions.map_or(Ok(()), |permissions| opened.set_permissions(permissions)))
        .and_then(|()| opened.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file beside another one, under a name that is free: one that was left behind by a process of the same number does not matter.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0;
    loop {
        let beside = path.with_file_name(format!(".lvsarp-{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            opened => return opened.map(|file| (beside, file)),
        }
    }
}

/// Where a path leads that is not there yet: a symbolic link stays, and what it names is written.
fn followed(path: &Path) -> PathBuf {
    // As many as the kernel follows (include/linux/namei.h: MAXSYMLINKS).
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    path
}
