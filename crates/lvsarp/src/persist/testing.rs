//! For tests: a root of their own, and namespaces of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::files::PersistOptions;
use super::levels_file::Level;
use super::steps::Written;
use crate::interface::Scope;
use crate::key::Key;
use crate::plan::Desired;
use crate::sys;
use crate::vip::Vip;

/// A directory that goes when this does.
pub(crate) struct Root(PathBuf);

impl Root {
    pub fn new() -> Root {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("lvsarp-root-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Root(path)
    }

    /// One with `/etc`, and a program; with systemd where that is wanted.
    pub fn of_machine(systemd: bool) -> Root {
        let root = Root::new();
        root.write("/etc/hostname", "rs1\n");
        root.write("/usr/sbin/lvsarp", "");
        if systemd {
            root.write("/usr/lib/systemd/systemd", "");
        }
        root
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path below it.
    pub fn join(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// Writes a file, with its directories.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.join(path)).unwrap()).unwrap()
    }

    /// Every file and link below it with its content, and every directory.
    pub fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut tree, mut dirs) = (Vec::new(), vec![self.0.clone()]);
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let kind = path.symlink_metadata().unwrap();
                if kind.is_dir() {
                    dirs.push(path.clone());
                    tree.push((path, b"directory".to_vec()));
                } else if kind.is_symlink() {
                    let target = std::fs::read_link(&path).unwrap();
                    tree.push((path, target.into_os_string().into_encoded_bytes()));
                } else {
                    tree.push((path.clone(), std::fs::read(path).unwrap()));
                }
            }
        }
        tree.sort();
        tree
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The classic file.
pub(crate) const CONF: &str = "/etc/sysctl.conf";

/// One VIP.
pub(crate) fn desired() -> Desired {
    Desired::new([Vip::parse("192.0.2.10").unwrap()])
}

/// The usual levels.
pub(crate) fn levels() -> Vec<Level> {
    vec![(Scope::All, Key::ArpIgnore, 1), (Scope::All, Key::ArpAnnounce, 2)]
}

/// What is needed to work in a root.
pub(crate) fn options(root: &Root) -> PersistOptions {
    PersistOptions { root: root.path().to_owned(), ..PersistOptions::new() }
}

/// With the levels in the classic file.
pub(crate) fn in_conf(root: &Root) -> PersistOptions {
    PersistOptions { sysctl_conf: Some(CONF.into()), ..options(root) }
}

/// The files that were changed.
pub(crate) fn paths(written: &Written) -> Vec<&str> {
    written.files.iter().map(|change| change.path.as_str()).collect()
}

/// The codes of what was found.
pub(crate) fn codes(written: &Written) -> Vec<&str> {
    written.findings.iter().map(|finding| finding.code).collect()
}

const INSIDE: &str = "LVSARP_TEST_INSIDE";

/// Runs the named test again in a mount and network namespace of its own, with a tmpfs on `/run` for temporary files, unless this is that run
/// already. Returns whether the caller is inside. Without root that is a user namespace.
pub(crate) fn inside(module: &str, test: &str) -> bool {
    let mut program = vec!["unshare", "--net", "--mount"];
    if !is_root() {
        program.extend(["--user", "--map-root-user"]);
    }
    program.extend(["sh", "-ec", "mount -t tmpfs -o mode=755 tmpfs /run; export TMPDIR=/run; exec \"$0\" \"$@\""]);
    again(module, test, &program)
}

/// Runs the named test again by a program that runs what its arguments say, unless this is that run already.
pub(crate) fn again(module: &str, test: &str, program: &[&str]) -> bool {
    let (_, module) = module.split_once("::").unwrap();
    let test = format!("{module}::{test}");
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return true;
    }
    let output = Command::new(program[0])
        .args(&program[1..])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, &test)
        .output()
        .unwrap_or_else(|e| panic!("cannot run {}: {e}", program[0]));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{test} failed in its sandbox: {said}");
    false
}

/// Whether the machine's root runs the tests.
pub(crate) fn is_root() -> bool {
    sys::effective_user() == 0
}

/// Runs a line of shell; a line that fails fails the test.
pub(crate) fn sh(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().expect("cannot run sh");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output in UTF-8")
}

/// Numbers that look random (xorshift).
pub(crate) struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }
}
