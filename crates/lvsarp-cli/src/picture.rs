//! `--svg FILE`: the picture of what a command says, in a file that is written completely or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
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
            Some(file) => match write(file, draw().as_bytes()) {
                Ok(()) => Ok(answer),
                Err(error) => Err(Failure::os("write", format!("{file:?}"), &error)),
            },
        }
    }
}

/// Writes a file beside its place and renames it. What is no file, such as a pipe, is written as it is.
fn write(file: &OsStr, text: &[u8]) -> io::Result<()> {
    let path = followed(Path::new(file))?;
    let there = match fs::metadata(&path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(there) = &there {
        // Whoever may not write the file may not replace it either.
        let mut opened = OpenOptions::new().write(true).open(&path)?;
        if !there.is_file() {
            return opened.write_all(text);
        }
    }
    let Some(name) = path.file_name() else { return Err(io::ErrorKind::IsADirectory.into()) };
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(beside);
    let mut opened = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    let written = opened
        .write_all(text)
        .and_then(|()| there.map_or(Ok(()), |there| opened.set_permissions(there.permissions())))
        .and_then(|()| opened.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Where a path leads: a symbolic link stays, what it names is written, even where that is not there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    // As many as the kernel follows (include/linux/namei.h: MAXSYMLINKS).
    const LINKS: usize = 40;
    let mut followed = path.to_owned();
    for _ in 0..=LINKS {
        match fs::read_link(&followed) {
            Ok(to) => followed = followed.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(followed),
        }
    }
    // The kernel's own word on it.
    fs::metadata(path).map(|_| followed)
}
