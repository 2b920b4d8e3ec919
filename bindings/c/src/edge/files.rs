//! Paths, and devices by the list, which only liblvsarp-full is given.

use std::ffi::c_char;
use std::path::{Path, PathBuf};

use lvsarp::IfName;

use super::{PATH, Result, array, device, field, text};

/// A root directory; the system's own where none is named.
pub fn root<'a>(path: *const c_char) -> Result<&'a Path> {
    match if path.is_null() { "" } else { text("root", path, PATH)? } {
        "" => Ok(Path::new("/")),
        path => Ok(Path::new(path)),
    }
}

/// Devices in an array of texts.
pub fn devices(what: &str, start: *const *const c_char, length: usize) -> Result<Vec<IfName>> {
    let mut devices = Vec::new();
    for name in array(what, start, length)? {
        devices.push(device(*name)?);
    }
    Ok(devices)
}

/// A path in a field of a struct; none where it is empty.
pub fn path(what: &str, place: &[c_char]) -> Result<Option<PathBuf>> {
    Ok(field(what, place)?.map(PathBuf::from))
}

/// A root directory in a field of a struct; the system's own where none is named.
pub fn root_in(place: &[c_char]) -> Result<PathBuf> {
    Ok(path("root", place)?.unwrap_or_else(|| PathBuf::from("/")))
}
