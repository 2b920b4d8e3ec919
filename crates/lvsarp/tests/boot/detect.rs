//! Finds the program that runs at boot, and reads files, in root directories that are made for it.

use std::path::Path;

use lvsarp::boot::{Content, Files, Loader, has_udev_rule};

use crate::root::Root;

fn detected(root: &Root) -> Option<String> {
    Loader::detect(root.path()).map(|loader| loader.to_string())
}

#[test]
fn systemd_is_found_before_procps_and_procps_before_busybox() {
    let root = Root::new();
    assert_eq!(detected(&root), None);
    root.file("/bin/busybox", "").link("/sbin/sysctl", "/bin/busybox");
    assert_eq!(detected(&root).as_deref(), Some("busybox 1.38.0"));
    root.file("/lib/apk/db/installed", "P:musl\nV:1.2\n\nP:busybox\nV:1.35.0-r29\n");
    assert_eq!(detected(&root).as_deref(), Some("busybox 1.35.0"));
    root.file("/usr/sbin/sysctl", "");
    assert_eq!(detected(&root).as_deref(), Some("procps 4.0.7"));
    root.file("/usr/lib64/libprocps.so.8", "");
    assert_eq!(detected(&root).as_deref(), Some("procps 3.3.17"));
    root.file("/usr/lib64/libproc2.so.0", "");
    assert_eq!(detected(&root).as_deref(), Some("procps 4.0.4"));
    root.file("/var/lib/dpkg/status", "Package: a\nVersion: 9\n\nPackage: procps\nStatus: ok\nVersion: 2:3.3.17-5\n\n");
    assert_eq!(detected(&root).as_deref(), Some("procps 3.3.17"));
    root.file("/usr/lib/systemd/systemd-sysctl", "");
    assert_eq!(detected(&root).as_deref(), Some("systemd-sysctl 262"));
    root.file("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", "");
    assert_eq!(detected(&root).as_deref(), Some("systemd-sysctl 252"));
}

#[test]
fn the_name_of_a_loader_is_read_back() {
    for name in ["systemd-sysctl 252", "procps 4.0.2", "procps -p 3.3.17", "busybox 1.35.0"] {
        assert_eq!(name.parse::<Loader>().unwrap().to_string(), name);
    }
    assert_eq!("procps -p".parse::<Loader>().unwrap().to_string(), "procps -p 4.0.7");
    assert_eq!("systemd-sysctl 252.39-1~deb12u2".parse::<Loader>().unwrap().to_string(), "systemd-sysctl 252");
    for bad in ["", "sysctl", "procps x", "procps4", "busyboxes"] {
        assert!(bad.parse::<Loader>().is_err(), "{bad:?}");
    }
}

#[test]
fn the_udev_rule_counts_until_something_masks_it() {
    let root = Root::new();
    assert!(!has_udev_rule(root.path()));
    root.file(
        "/usr/lib/udev/rules.d/99-systemd.rules",
        "ACTION==\"add\", RUN+=\"/usr/lib/systemd/systemd-sysctl --prefix=...\"\n",
    );
    assert!(has_udev_rule(root.path()));
    root.link("/etc/udev/rules.d/99-systemd.rules", "/dev/null");
    assert!(!has_udev_rule(root.path()));
}

#[test]
fn links_are_followed_inside_the_root() {
    let root = Root::new();
    root.file("/etc/real", "a")
        .link("/etc/sysctl.d/10-a.conf", "/etc/real")
        .link("/etc/sysctl.d/20-b.conf", "../../../../../etc/real");
    root.link("/etc/sysctl.d/30-c.conf", "/dev/null")
        .link("/etc/sysctl.d/40-d.conf", "/etc/hostname")
        .link("/etc/sysctl.d/50-e.conf", "50-e.conf");
    root.file("/usr/lib/sysctl.d/60-f.conf", "").link("/lib", "usr/lib");
    std::fs::create_dir(root.place("/etc/sysctl.d/70-g.conf")).unwrap();
    let files = Files::read(root.path()).unwrap();
    let contents: Vec<&Content> = files.entries().iter().map(|entry| &entry.content).collect();
    let text = Content::Text(b"a".to_vec());
    let expected = [
        &text,
        &text,
        &Content::Null,
        &Content::Dangling,
        &Content::Unreadable(40),
        &Content::Directory,
        &Content::Text(vec![]),
    ];
    assert_eq!(contents, expected);
    assert!(files.entry(b"/lib/sysctl.d/60-f.conf").is_some(), "the same directory by its other name");
    assert_eq!(files.entries()[0].link.as_deref(), Some(&b"/etc/real"[..]));
}

#[test]
fn what_is_no_file_is_named_and_not_opened() {
    let root = Root::new();
    let fifo = root.place("/etc/sysctl.d/10-a.conf");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    root.file("/etc/sysctl.d/20-b.conf", vec![b'#'; (1 << 20) + 1]);
    let files = Files::read(root.path()).unwrap();
    assert_eq!((&files.entries()[0].content, &files.entries()[1].content), (&Content::NotRegular, &Content::TooLarge));
}

#[test]
fn one_file_can_be_thought_of() {
    let root = Root::new();
    root.file("/etc/sysctl.d/50-x.conf", "a");
    let files = Files::read(root.path()).unwrap().with_file(b"/etc/sysctl.d/10-a.conf", Some(b"b"));
    let files = files.with_file(b"/etc/sysctl.d/50-x.conf", Some(b"c")).with_file(b"/etc/sysctl.conf", Some(b"d"));
    let texts: Vec<&[u8]> = files.entries().iter().filter_map(|entry| entry.text()).collect();
    assert_eq!(texts, [b"b", b"c", b"d"]);
    assert!(files.with_file(b"/etc/sysctl.d/10-a.conf", None).entry(b"/etc/sysctl.d/10-a.conf").is_none());
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    assert!(Files::read(Path::new("/nonexistent/root")).is_err());
    assert_eq!(Loader::detect(Path::new("/nonexistent/root")), None);
}
