//! A root directory made for a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A directory of its own that goes away with the value.
pub struct Root(PathBuf);

impl Root {
    pub fn new() -> Root {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("boot-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("etc")).unwrap();
        Root(path)
    }

    /// The files of a recorded case.
    pub fn of_case(case: &Value) -> Root {
        let root = Root::new();
        for (path, content) in case["files"].as_object().unwrap() {
            match content {
                Value::String(text) => root.file(path, text),
                link => root.link(path, link["link"].as_str().unwrap()),
            };
        }
        root
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a file at a path inside the root.
    pub fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Root {
        fs::write(self.place(path), text).unwrap();
        self
    }

    /// Makes a link at a path inside the root.
    pub fn link(&self, path: &str, target: &str) -> &Root {
        symlink(target, self.place(path)).unwrap();
        self
    }

    /// A path inside the root as it is seen from outside, with its directory made.
    pub fn place(&self, path: &str) -> PathBuf {
        let place = self.0.join(path.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
