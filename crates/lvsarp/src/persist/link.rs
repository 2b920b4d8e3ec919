//! A symbolic link of ours: made at once and never replaced.

use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use super::file::{Entry, entry, in_the_way};
use super::obstacle;
use super::place::{Place, shown};
use crate::error::Result;
use crate::sys;

/// Makes a link. `Ok(false)`: it is there already.
///
/// # Errors
/// As of [`remove`](super::file::remove); [`ErrorKind::Refused`](crate::ErrorKind::Refused) where the name is anything else.
pub(crate) fn make(root: &Path, path: &str, target: &[u8], made: &mut Vec<String>) -> Result<bool> {
    match entry(root, path)? {
        Entry::Nothing => {}
        Entry::Link(there) if there == target => return Ok(false),
        other => return Err(in_the_way("write", &shown(root, path), &other)),
    }
    let place = Place::make(root, path, made)?;
    obstacle::check("write", &place, None)?;
    CString::new(target)
        .map_err(io::Error::from)
        .and_then(|target| sys::file::link_at(place.dir.as_fd(), &place.name, &target))
        .and_then(|()| place.sync())
        .map_err(|e| obstacle::failed("write", &place, &e))?;
    Ok(true)
}

/// Removes a link that leads there. `Ok(false)`: there was none.
///
/// # Errors
/// As of [`make`].
pub(crate) fn remove(root: &Path, path: &str, target: &[u8]) -> Result<bool> {
    match entry(root, path)? {
        Entry::Nothing => return Ok(false),
        Entry::Link(there) if there == target => {}
        other => return Err(in_the_way("remove", &shown(root, path), &other)),
    }
    let Some(place) = Place::find(root, path)? else { return Ok(false) };
    obstacle::check("remove", &place, None)?;
    sys::file::unlink_at(place.dir.as_fd(), &place.name, 0)
        .and_then(|()| place.sync())
        .map_err(|e| obstacle::failed("remove", &place, &e))?;
    Ok(true)
}
