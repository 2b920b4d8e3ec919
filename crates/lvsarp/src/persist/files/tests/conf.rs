//! Tests of a file that others keep: whether it is read, and whether it may be changed.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::*;
use crate::persist::removal::remove_all;
use crate::persist::testing::{CONF, Root, codes, desired, in_conf, levels, options};

#[test]
fn a_conf_is_read_where_a_link_of_systemd_leads_to_it() {
    for (link, target, read) in [
        ("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf", true),
        ("/usr/lib/sysctl.d/99-sysctl.conf", "/etc/sysctl.conf", true),
        ("/usr/lib/sysctl.d/99-sysctl.conf", "../../../etc/sysctl.conf", true),
        ("/etc/sysctl.d/99-sysctl", "../sysctl.conf", false),
        ("/etc/sysctl.d/.99-sysctl.conf", "../sysctl.conf", false),
        ("/etc/sysctl.d/99-sysctl.conf", "../hostname", false),
        ("/etc/sysctl.d/99-sysctl.conf", "/dev/null", false),
    ] {
        for there in [true, false] {
            let root = Root::of_machine(true);
            fs::create_dir_all(root.join(link).parent().unwrap()).unwrap();
            symlink(target, root.join(link)).unwrap();
            if there {
                root.write(CONF, "");
            }
            let written = would_write(&in_conf(&root), &desired(), &levels()).unwrap();
            let expected: &[&str] = if read { &[] } else { &["sysctl-conf-not-read"] };
            assert_eq!(codes(&written), expected, "{link} -> {target}, {there}");
        }
    }
    let root = Root::of_machine(true);
    fs::create_dir(root.join("/etc/sysctl.d")).unwrap();
    let inside = PersistOptions { sysctl_conf: Some("/etc/sysctl.d/50-site.conf".into()), ..options(&root) };
    assert_eq!(codes(&write_all(&inside, &desired(), &levels()).unwrap()), [""; 0]);
}

#[test]
fn a_conf_that_a_mask_of_the_same_name_hides_is_not_read() {
    for (link, hiding, read) in [
        ("/usr/lib/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/99-sysctl.conf", false),
        ("/usr/lib/sysctl.d/99-sysctl.conf", "/run/sysctl.d/99-sysctl.conf", false),
        ("/usr/lib/sysctl.d/99-sysctl.conf", "/etc/sysctl.d/98-sysctl.conf", true),
        ("/run/sysctl.d/99-sysctl.conf", "/usr/lib/sysctl.d/99-sysctl.conf", true),
    ] {
        let root = Root::of_machine(true);
        root.write(CONF, "");
        for (path, target) in [(link, "/etc/sysctl.conf"), (hiding, "/dev/null")] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            symlink(target, root.join(path)).unwrap();
        }
        let expected: &[&str] = if read { &[] } else { &["sysctl-conf-not-read"] };
        let written = would_write(&in_conf(&root), &desired(), &levels()).unwrap();
        assert_eq!(codes(&written), expected, "{link} and {hiding}");
    }
    let root = Root::of_machine(true);
    let inside = PersistOptions { sysctl_conf: Some("/usr/lib/sysctl.d/50-a.conf".into()), ..options(&root) };
    root.write("/usr/lib/sysctl.d/50-a.conf", "");
    assert_eq!(codes(&would_write(&inside, &desired(), &levels()).unwrap()), [""; 0]);
    root.write("/etc/sysctl.d/50-a.conf", "");
    assert_eq!(codes(&would_write(&inside, &desired(), &levels()).unwrap()), ["sysctl-conf-not-read"]);
}

#[test]
fn a_conf_with_another_name_is_left_under_both() {
    let root = Root::of_machine(false);
    root.write(CONF, "a = 1\n");
    let other = root.join("/etc/other");
    fs::hard_link(root.join(CONF), &other).unwrap();
    let before = root.tree();
    let error = write_all(&in_conf(&root), &desired(), &levels()).unwrap_err();
    assert!(error.kind() == ErrorKind::Refused && error.to_string().contains("hard link"), "{error}");
    assert_eq!(root.tree(), before);

    fs::remove_file(&other).unwrap();
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    fs::hard_link(root.join(CONF), &other).unwrap();
    // Nothing is to be changed in it.
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    assert!(write_all(&options(&root), &desired(), &levels()).is_err());
    let text = root.read(CONF);
    assert_eq!(codes(&remove_all(&options(&root)).unwrap()), ["persisted-file-edited"]);
    assert_eq!(root.read(CONF), text);
    fs::remove_file(&other).unwrap();
    remove_all(&options(&root)).unwrap();
    assert_eq!(root.read(CONF), "a = 1\n");

    // A file of our own is replaced, whatever other name it has.
    write_all(&options(&root), &desired(), &levels()).unwrap();
    fs::hard_link(root.join(levels_file::PATH), &other).unwrap();
    write_all(&options(&root), &desired(), &levels()[..1]).unwrap();
}

#[test]
fn a_file_that_is_evidently_none_of_sysctls_gets_no_block() {
    let root = Root::of_machine(false);
    for (text, line) in [
        ("127.0.0.1 localhost\n", 1),
        ("# a comment\n\nnameserver 192.0.2.1\n", 3),
        ("a = 1\nnetwork 1\n", 2),
        ("\x7fELF", 1),
    ] {
        root.write(CONF, text);
        let before = root.tree();
        let error = write_all(&in_conf(&root), &desired(), &levels()).unwrap_err();
        assert!(error.to_string().contains(&format!("line {line}: it is no assignment")), "{error}");
        assert_eq!(root.tree(), before);
    }
    root.write(CONF, "\n # a\n;b\nc=1\n-d\n-e = 1\nvm.swappiness 10\n");
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    // Where our block is, somebody else's line is not our affair.
    root.write(CONF, root.read(CONF) + "junk\n");
    write_all(&in_conf(&root), &desired(), &levels()[..1]).unwrap();
}
