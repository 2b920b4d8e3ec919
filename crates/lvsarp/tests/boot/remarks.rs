//! What is said about lines that did not simply take effect.

use lvsarp::boot::{Arguments, Files, Loader, Machine, Spelling};
use lvsarp::{KernelVersion, Key};

/// The kinds and places of what is said, as "kind file:line", for files that are thought of.
fn said(loader: &str, files: &[(&str, &str)]) -> Vec<String> {
    let files =
        files.iter().fold(Files::default(), |all, (path, text)| all.with_file(path.as_bytes(), Some(text.as_bytes())));
    let mut machine = Machine::new(KernelVersion(6, 1));
    for name in ["lo", "eth0", "eth0.100"] {
        machine.add(name.as_bytes());
    }
    let loader: Loader = loader.parse().unwrap();
    let remarks = loader.run(&files, &Arguments::default(), &mut machine);
    let shown = |file: &[u8]| String::from_utf8_lossy(file).rsplit('/').next().unwrap().to_owned();
    remarks.iter().map(|remark| format!("{} {}:{}", remark.kind.name(), shown(&remark.file), remark.line)).collect()
}

const SYSTEMD: &str = "systemd-sysctl 252";

fn one(text: &str) -> Vec<String> {
    said(SYSTEMD, &[("/etc/sysctl.d/a.conf", text)])
}

#[test]
fn a_line_that_takes_effect_is_not_worth_a_word() {
    assert_eq!(
        one("net.ipv4.conf.all.arp_ignore = 1\nnet/ipv4/conf/eth0.100/arp_announce = 2\nkernel.nosuch = 1\n"),
        [""; 0]
    );
}

#[test]
fn a_key_that_names_nothing_is_told() {
    assert_eq!(one("net.ipv4.conf.eth0.100.arp_ignore = 1"), ["names-nothing a.conf:1"]);
    assert_eq!(one("\nnet/ipv4.conf.lo.arp_ignore = 1"), ["names-nothing a.conf:2"]);
    assert_eq!(one("net.ipv4.conf.eth7.arp_ignore = 1"), ["names-nothing a.conf:1"]);
    assert_eq!(said("busybox 1.35.0", &[("/etc/sysctl.conf", "net.ipv4.conf.eth0.100.arp_ignore = 1")]), [""; 0]);
}

#[test]
fn what_the_kernel_refuses_is_told_and_ends_busybox() {
    let text = "net.ipv4.conf.lo.arp_ignore = yes\nnet.ipv4.conf.all.arp_ignore = 1\n";
    assert_eq!(one(text), ["refused a.conf:1"]);
    assert_eq!(said("busybox", &[("/etc/sysctl.conf", text)]), ["refused sysctl.conf:1", "not-reached sysctl.conf:2"]);
}

#[test]
fn a_later_line_that_says_something_else_is_told() {
    let text = "net.ipv4.conf.lo.arp_ignore = 1\nnet/ipv4/conf/lo/arp_ignore = 2\n";
    assert_eq!(one(text), ["overridden a.conf:1"]);
    assert_eq!(said("procps", &[("/etc/sysctl.d/a.conf", text)]), ["overridden a.conf:1"]);
    assert_eq!(one("net.ipv4.conf.lo.arp_ignore = 1\nnet/ipv4/conf/lo/arp_ignore = 1\n"), [""; 0]);
}

#[test]
fn a_pattern_tells_whom_it_caught_and_whom_it_spared() {
    let caught = ["glob-caught a.conf:1", "shielded a.conf:1", "glob-caught a.conf:1"];
    assert_eq!(one("net.ipv4.conf.*.arp_ignore = 1\nnet.ipv4.conf.eth0.arp_ignore = 2\n")[..3], caught);
    assert_eq!(one("net.ipv4.conf.e*.arp_ignore = 1\n-net.ipv4.conf.eth0.arp_ignore\n"), ["excluded a.conf:1"]);
}

#[test]
fn an_exclusion_takes_a_line_back_with_systemd_only() {
    let text = "net.ipv4.conf.lo.arp_ignore = 1\n-net.ipv4.conf.lo.arp_ignore\n";
    assert_eq!(one(text), ["cancelled a.conf:1"]);
    assert_eq!(said("procps", &[("/etc/sysctl.d/a.conf", text)]), [""; 0]);
}

#[test]
fn a_value_that_is_there_is_not_pinned_by_systemd() {
    let text = "net.ipv4.conf.eth0.arp_ignore = 0\n";
    assert_eq!(one(text), ["not-pinned a.conf:1"]);
    assert_eq!(said("systemd-sysctl 247", &[("/etc/sysctl.d/a.conf", text)]), [""; 0]);
}

#[test]
fn a_file_that_is_not_read_is_told_where_it_names_our_keys() {
    let text = "# mine\nnet.ipv4.conf.all.arp_ignore = 1\n";
    let files = [
        ("/etc/sysctl.d/a.conf", ""),
        ("/run/sysctl.d/a.conf", text),
        ("/run/sysctl.d/b.conf", text),
        ("/usr/lib/sysctl.d/b.conf", text),
    ];
    assert_eq!(said(SYSTEMD, &files), ["masked a.conf:2", "hidden b.conf:2"]);
    assert_eq!(said(SYSTEMD, &[("/etc/sysctl.d/a.conf.bak", text)]), ["ignored a.conf.bak:2"]);
    assert_eq!(said(SYSTEMD, &[("/etc/sysctl.conf", text)]), ["sysctl-conf-not-read sysctl.conf:2"]);
    assert_eq!(said(SYSTEMD, &[("/etc/sysctl.conf", "kernel.x = 1")]), [""; 0]);
    assert_eq!(one("net.ipv4.conf.all.arp_ignore 1"), [""; 0]);
    assert_eq!(one("net.ipv4.conf.all.arp_ignore"), ["not-an-assignment a.conf:1"]);
}

#[test]
fn every_spelling_is_a_mention() {
    let text = "net.ipv4.conf.eth0/100.arp_ignore = 1\nnet/ipv4/conf/eth0.100/arp_ignore=2\nnet.ipv4.conf.eth0.100.arp_ignore = 3\n-net.ipv4.conf.*.arp_*\n\
                /proc/sys/net/ipv4/conf/lo/arp_announce = 1\nnet/ipv4.conf.lo.arp_ignore = 1\nnet.ipv4.conf.all.rp_filter = 1\n# net.ipv4.conf.all.arp_ignore = 1\n";
    let mentions = Files::default().with_file(b"/etc/sysctl.d/README", Some(text.as_bytes())).mentions();
    let shown: Vec<_> = mentions
        .iter()
        .map(|m| (m.line, String::from_utf8_lossy(&m.scope).into_owned(), m.key, m.glob, m.spelling))
        .collect();
    let expected = [
        (1, "eth0.100", Key::ArpIgnore, false, Spelling::Dots),
        (2, "eth0.100", Key::ArpIgnore, false, Spelling::Slashes),
        (3, "eth0.100", Key::ArpIgnore, false, Spelling::Naive),
        (4, "*", Key::ArpIgnore, true, Spelling::Dots),
        (4, "*", Key::ArpAnnounce, true, Spelling::Dots),
        (5, "lo", Key::ArpAnnounce, false, Spelling::Path),
        (6, "lo", Key::ArpIgnore, false, Spelling::Mixed),
    ];
    assert_eq!(shown, expected.map(|(line, scope, key, glob, spelling)| (line, scope.to_owned(), key, glob, spelling)));
    assert_eq!((mentions[0].value.as_deref(), mentions[3].value.as_deref()), (Some(&b"1"[..]), None));
}
