//! A sandbox: namespaces of a test's own, with a private /run, in which the program under test cannot reach the machine.
//!
//! It works for root and for ordinary users. Where the machine does not allow namespaces the test fails and says so.
#![allow(dead_code)] // Every test file uses a part of it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

/// The program under test.
pub const LVSARP: &str = env!("CARGO_BIN_EXE_lvsarp");

/// A process that holds the namespaces open until it is dropped.
pub struct Sandbox(Child);

/// What a command printed, and its exit status.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Sandbox {
    /// User, network and mount namespaces, a tmpfs over /run, and lo up.
    pub fn new() -> Sandbox {
        let script = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && echo ready && read end";
        let mut child = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cannot run unshare: install util-linux");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).expect("cannot read from the sandbox");
        assert_eq!(
            line, "ready\n",
            "cannot make namespaces here: this machine forbids user namespaces or lacks iproute2"
        );
        Sandbox(child)
    }

    /// A real server: eth0 with 192.0.2.2/24, whose other end is eth0 of the namespace `client`.
    pub fn real_server() -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.sh("ip netns add client
             ip link add eth0 type veth peer name eth0 netns client
             ip link set eth0 addrgenmode none
             ip -n client link set eth0 addrgenmode none
             ip link set eth0 up
             ip -n client link set eth0 up
             ip addr add 192.0.2.2/24 dev eth0
             ip -n client addr add 192.0.2.3/24 dev eth0");
        sandbox
    }

    /// A command that runs inside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--net", "--mount", "--preserve-credentials", "--target", &self.pid(), "--"]);
        command.arg(program).stdin(Stdio::null());
        for name in ["NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a shell script inside, which must succeed, and returns what it prints.
    pub fn sh(&self, script: &str) -> String {
        let ran = Ran::of(self.command("sh").args(["-ec", script]));
        assert_eq!(ran.status, 0, "the script failed: {script}\n{}", ran.err);
        ran.out
    }

    /// Runs the program under test.
    pub fn lvsarp<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Ran {
        Ran::of(self.command(LVSARP).args(args))
    }

    /// Runs the program under test with words that contain no space.
    pub fn run(&self, line: &str) -> Ran {
        self.lvsarp(line.split_whitespace())
    }

    /// As [`run`](Sandbox::run), with something to read on the standard input.
    pub fn run_with_input(&self, line: &str, input: &[u8]) -> Ran {
        let mut command = self.command(LVSARP);
        command.args(line.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("cannot run nsenter");
        let mut stdin = child.stdin.take().expect("it was piped");
        // A program that refuses before it reads closes the pipe, which is its right.
        let _ = stdin.write_all(input);
        drop(stdin);
        child.wait_with_output().expect("cannot wait").into()
    }

    /// The number of the process that holds the namespaces.
    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }

    /// Everything that apply may change: levels, addresses and local routes.
    pub fn state(&self) -> String {
        self.sh("grep . /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/arp_announce
                 ip -o addr show
                 ip route show table local; ip -6 route show table local")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Ran {
        command.output().expect("cannot run the command").into()
    }

    /// What it printed as one JSON object on one line.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.out.lines().count(), 1, "not one line: {self:?}");
        let value: serde_json::Value =
            serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("not JSON: {e}: {self:?}"));
        assert!(value.is_object(), "not an object: {self:?}");
        value
    }

    /// It ended with this status.
    #[track_caller]
    pub fn ended(self, status: i32) -> Ran {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// It ended with status 2, one line of error that contains `words`, and perhaps a line of hint.
    #[track_caller]
    pub fn refused(self, words: &str) -> Ran {
        assert_eq!(self.status, 2, "{self:?}");
        let mut lines = self.err.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("lvsarp: ") && first.contains(words), "expected {words:?} in: {self:?}");
        for line in lines {
            assert!(line.starts_with("  hint: "), "more than an error and a hint: {self:?}");
        }
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            status: output.status.code().expect("a signal ended it"),
            out: String::from_utf8(output.stdout).expect("the output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("the error output is UTF-8"),
        }
    }
}
