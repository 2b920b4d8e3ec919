//! `lvsarp persist`, `unpersist` and `restore`: the files that outlive a reboot, and what the boot unit does with them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use lvsarp::{Netns, PersistOptions};

use crate::answer::{Answer, Look};
use crate::apply::{desired, done, would};
use crate::args::{FileArgs, PersistArgs, RestoreArgs, UnpersistArgs};
use crate::failure::Failure;
use crate::input;

pub(crate) fn run(args: &PersistArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let desired = desired(&args.wish)?;
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let (options, host) = (options(&args.files)?, input::host(netns)?);
    Ok(match args.dry_run {
        true => would(&host.plan_persist(&desired, &options)?, look),
        false => done(&host.persist(&desired, &options, patience)?, look),
    })
}

pub(crate) fn unpersist(args: &UnpersistArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let (options, host) = (options(&args.files)?, input::host(netns)?);
    Ok(match args.dry_run {
        true => would(&host.plan_unpersist(&options)?, look),
        false => done(&host.unpersist(&options, patience)?, look),
    })
}

pub(crate) fn restore(args: &RestoreArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let patience = input::patience(args.lock_timeout.as_deref())?;
    let changes = input::host(netns)?.restore(&root(args.root.as_deref())?, patience)?;
    Ok(done(&changes, look))
}

/// A root directory, absolute.
pub(crate) fn root(value: Option<&OsStr>) -> Result<PathBuf, Failure> {
    let Some(value) = value else { return Ok(PathBuf::from("/")) };
    std::path::absolute(Path::new(value)).map_err(|e| Failure::os("find", format!("--root {value:?}"), &e))
}

/// The files as the library wants them.
pub(crate) fn options(args: &FileArgs) -> Result<PersistOptions, Failure> {
    Ok(PersistOptions {
        root: root(args.root.as_deref())?,
        sysctl_conf: args.sysctl_conf.as_ref().map(PathBuf::from),
        comment_out: args.comment_out,
        program: args.program.as_ref().map(PathBuf::from),
        native: args.native,
        overwrite: args.overwrite,
    })
}

/// Options about files mean nothing where no file is written.
pub(crate) fn refuse_without(args: &FileArgs) -> Result<(), Failure> {
    let named = [
        ("--root", args.root.is_some()),
        ("--sysctl-conf", args.sysctl_conf.is_some()),
        ("--comment-out", args.comment_out),
        ("--program", args.program.is_some()),
        ("--native", args.native),
        ("--overwrite", args.overwrite),
    ];
    match named.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            Err(Failure::input(format!("{name} without --persist"), "it is about the files that persist writes"))
        }
        None => Ok(()),
    }
}
