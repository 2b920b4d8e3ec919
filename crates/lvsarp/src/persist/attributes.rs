//! What a file has beside its bytes, and its successor must have too: mode, owner, access lists and labels.

use std::ffi::{CStr, CString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

use crate::sys;

/// Mode, owner and extended attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub mode: u32,
    /// User and group; `None`: whoever makes the file, but root's where root makes it.
    pub owner: Option<(u32, u32)>,
    pub extended: Vec<(CString, Vec<u8>)>,
}

/// Those that are about the bytes, which are others now (`security/integrity`).
const ABOUT_THE_CONTENT: [&CStr; 2] = [c"security.ima", c"security.evm"];

impl Attributes {
    /// Those of a new file.
    pub fn new(mode: u32) -> Attributes {
        Attributes { mode, owner: None, extended: Vec::new() }
    }

    /// Those of an open file.
    pub fn of(file: &File) -> io::Result<Attributes> {
        let data = file.metadata()?;
        let mut extended = Vec::new();
        let names = sys::file::attribute_names(file.as_fd()).or_else(unsupported)?;
        for name in names.split_inclusive(|byte| *byte == 0) {
            let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
            if ABOUT_THE_CONTENT.contains(&name) {
                continue;
            }
            match sys::file::attribute(file.as_fd(), name) {
                Ok(value) => extended.push((name.to_owned(), value)),
                // Removed meanwhile, or only listed.
                Err(e) if matches!(e.raw_os_error(), Some(libc::ENODATA | libc::EOPNOTSUPP)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(Attributes { mode: data.mode() & 0o7777, owner: Some((data.uid(), data.gid())), extended })
    }

    /// Gives a file these attributes, whatever the umask is. The mode comes last: a change of the owner or of the access list changes it.
    pub fn give(&self, file: &File) -> io::Result<()> {
        let data = file.metadata()?;
        let root = (sys::effective_user() == 0).then_some((0, 0));
        if let Some((user, group)) = self.owner.or(root)
            && (user, group) != (data.uid(), data.gid())
        {
            fchown(file, Some(user), Some(group))?;
        }
        for (name, value) in &self.extended {
            // The label that the directory gives to new files is often the right one, and may not be set by everybody.
            if sys::file::attribute(file.as_fd(), name).is_ok_and(|there| there == *value) {
                continue;
            }
            match sys::file::set_attribute(file.as_fd(), name, value) {
                Err(e) if e.raw_os_error() == Some(libc::EOPNOTSUPP) && !name.to_bytes().starts_with(b"security.") => {}
                result => result?,
            }
        }
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// A file system without extended attributes has none.
fn unsupported(error: io::Error) -> io::Result<Vec<u8>> {
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP | libc::ENOSYS) => Ok(Vec::new()),
        _ => Err(error),
    }
}
