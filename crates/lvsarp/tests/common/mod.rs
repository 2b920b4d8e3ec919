//! A sandbox for tests against the kernel: a user, network and mount namespace of their own, with an empty `/run`.

use std::process::Command;

const INSIDE: &str = "LVSARP_TEST_INSIDE";

/// Runs the named test of this binary again in a sandbox, unless this is that run already. Returns whether the caller is inside.
pub fn inside(test: &str) -> bool {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return true;
    }
    let exe = std::env::current_exe().expect("the test's own path");
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/netns && ip link set lo up && exec \"$0\" \"$@\"")
        .arg(exe)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .status()
        .expect("cannot run unshare: install util-linux");
    assert!(status.success(), "{test} failed in its sandbox, or this system forbids user namespaces (see above)");
    false
}

/// Defines a test that runs in a sandbox.
#[macro_export]
macro_rules! kernel_test {
    ($(#[$attribute:meta])* fn $name:ident() $body:block) => {
        #[test]
        $(#[$attribute])*
        fn $name() {
            if common::inside(stringify!($name)) $body
        }
    };
}

/// Runs a line of shell and returns what it printed; a line that fails fails the test.
pub fn sh(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().expect("cannot run sh");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {stderr}");
    String::from_utf8(output.stdout).expect("output in UTF-8")
}

/// What `/proc/sys` shows for `all/arp_ignore`, `eth0.100/arp_announce` and the like.
#[allow(dead_code)]
pub fn sysctl(name: &str) -> i32 {
    let path = format!("/proc/sys/net/ipv4/conf/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}")).trim().parse().expect("a number")
}

/// What `ip` shows on a device, as `192.0.2.10/32 host lo:0`.
#[allow(dead_code)]
pub fn addresses(dev: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&sh(&format!("ip -j addr show dev {dev}"))).expect("JSON");
    let mut shown = Vec::new();
    for a in json[0]["addr_info"].as_array().expect("addr_info") {
        let text = |key: &str| a[key].as_str().unwrap_or("").to_owned();
        let line = format!("{}/{} {} {}", text("local"), a["prefixlen"], text("scope"), text("label"));
        shown.push(line.trim_end().to_owned());
    }
    shown
}
