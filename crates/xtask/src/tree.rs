//! Where things are in the repository.

use std::path::{Path, PathBuf};

use crate::Result;

/// The version of everything here.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What the ABI's generation is called: until 1.0 that is 0.
pub const MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");
/// The second number of the version.
pub const MINOR: &str = env!("CARGO_PKG_VERSION_MINOR");
/// The third number of the version.
pub const PATCH: &str = env!("CARGO_PKG_VERSION_PATCH");

/// The generated header.
pub const HEADER: &str = "include/lvsarp.h";
/// The version script.
pub const MAP: &str = "bindings/c/lvsarp.map";

/// A path in the repository.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there").join(path)
}

/// A path where cargo puts what it builds.
pub fn target(path: &str) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => std::path::absolute(directory).expect("a target directory").join(path),
        None => root("target").join(path),
    }
}

/// A text file, or which one cannot be read.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Writes a text file and the directories that it is in.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let directory = path.parent().expect("a file is in a directory");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
