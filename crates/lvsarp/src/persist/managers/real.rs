//! The reader of `.network` files against the systemd-networkd that is installed here.

use std::fs;
use std::process::Command;

use super::tests::Root;
use super::*;

/// Runs systemd-networkd over a root's files in namespaces of its own. Read-only `/sys` tells it not to wait for udev.
const NETWORKD: &str = r#"
set -eu
root=$1
mount -t tmpfs none /run
mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp "$root/run/systemd/network"
mkdir -p "$root/etc/systemd/network" "$root/usr/lib/systemd/network"
cp -a "$root/run/systemd/network" /run/systemd/
chown -R systemd-network /run/systemd/netif
mount -t sysfs -o ro none /sys
mount --bind "$root/etc/systemd" /etc/systemd
mount --bind "$root/usr/lib/systemd/network" /usr/lib/systemd/network
ip link set lo up
timeout 1 /usr/lib/systemd/systemd-networkd >/dev/null 2>&1 || true
ip -o addr show dev lo
"#;

struct Dice(u32);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) as usize % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const DIRECTORIES: [&str; 3] = ["/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network"];
const MATCHING: [&str; 18] = [
    "Name=lo",
    "Name=*",
    "Name=!lo",
    "Name=eth0 lo",
    "Name=eth0",
    "Name=l[n-p]",
    "Name=!eth0\nName=lo",
    "Name=lo\nName=",
    "Type=loopback",
    "Type=!loopback",
    "Type=ether",
    "Name=lo\nDriver=e1000",
    "Name=lo\nKind=!bridge",
    "Name=lo \\\n eth9",
    "Name=lo:0",
    "",
    "Name=lo\n[broken",
    "Name=lo\n[Link]\nUnmanaged=yes",
];

/// What follows is bound by the files that are found to be in force, and by no other.
#[test]
#[ignore = "runs systemd-networkd as root: make kernel"]
fn the_files_that_count_are_those_that_the_installed_networkd_takes() {
    const CASES: u32 = 60;
    // Each waits a second for systemd-networkd.
    const AT_ONCE: u32 = 12;
    let bound: Vec<bool> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|first| {
                scope.spawn(move || (first..CASES).step_by(AT_ONCE as usize).map(compared).collect::<Vec<bool>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let taken = bound.iter().filter(|bound| **bound).count();
    assert!(taken > 10 && bound.len() - taken > 5, "{taken} of {}", bound.len());
}

/// Compares one random root; whether something was bound there.
fn compared(case: u32) -> bool {
    let mut dice = Dice(case.wrapping_mul(2_654_435_761));
    let root = Root::new();
    let release = unit::systemd_release(&Tree::open(Path::new("/"), false).unwrap()).expect("systemd is installed");
    let library = format!("/usr/lib/systemd/libsystemd-shared-{release}.so");
    fs::write(root.path(&library), "x").unwrap();
    let wants = root.path("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service");
    fs::write(wants, "x").unwrap();
    let mut vips: Vec<String> = Vec::new();
    let mut told = String::new();
    let mut address = || {
        vips.push(format!("192.0.2.{}", vips.len() + 1));
        format!("[Address]\nAddress={}/32\n", vips.last().unwrap())
    };
    for _ in 0..1 + dice.below(4) {
        let name = dice.one(&["10-a", "20-b", "30-c"]);
        let path = format!("{}/{name}.network", dice.one(&DIRECTORIES));
        let text = match dice.below(8) {
            0 => String::new(),
            _ => format!("[Match]\n{}\n{}", dice.one(&MATCHING), address()),
        };
        told += &format!("{path}: {text:?}\n");
        fs::write(root.path(&path), text).unwrap();
        if dice.below(2) == 0 {
            let path = format!("{}/{name}.network.d/{}.conf", dice.one(&DIRECTORIES), dice.one(&["a", "b"]));
            let text = match dice.below(4) {
                0 => String::new(),
                1 => format!("[Match]\nName={}\n{}", dice.one(&["lo", "", "eth0"]), address()),
                _ => address(),
            };
            told += &format!("{path}: {text:?}\n");
            fs::write(root.path(&path), text).unwrap();
        }
    }
    let wanted: Vec<&str> = vips.iter().map(String::as_str).collect();
    let ours: Vec<String> =
        root.look(&wanted).findings.iter().filter(|f| f.code == BINDS).map(|f| f.vip.unwrap().to_string()).collect();
    let mut run = Command::new("unshare");
    run.args(["-mn", "--propagation", "private", "sh", "-c", NETWORKD, "sh"]).arg(root.path(""));
    let output = run.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<String> = vips.iter().filter(|vip| shown.contains(&format!(" {vip}/32 "))).cloned().collect();
    assert_eq!(ours, theirs, "case {case}\n{told}");
    !theirs.is_empty()
}
