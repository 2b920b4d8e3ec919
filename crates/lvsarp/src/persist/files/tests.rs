//! Tests of all files of ours together.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::removal::remove_all;
use super::super::testing::{CONF, Root, codes, desired, in_conf, is_root, levels, options, paths};
use super::*;
use crate::interface::IfName;
use crate::key::Key;
use crate::vip::{Prefix, Vip};

mod conf;

#[test]
fn everything_is_written_once_and_removed_without_a_trace() {
    let root = Root::of_machine(true);
    fs::create_dir(root.join("/etc/sysctl.d")).unwrap();
    let all = [state_file::PATH, levels_file::PATH, unit::PATH, unit::LINKS[0], unit::LINKS[1]];
    let before = root.tree();
    assert_eq!(paths(&would_write(&options(&root), &desired(), &levels()).unwrap()), all);
    assert_eq!(root.tree(), before);

    let written = write_all(&options(&root), &desired(), &levels()).unwrap();
    assert_eq!((paths(&written), codes(&written)), (all.to_vec(), vec![]));
    assert_eq!(load(root.path()).unwrap(), Some(desired()));
    assert!(root.read(levels_file::PATH).contains("net.ipv4.conf.all.arp_announce = 2\n"));
    assert!(root.read(unit::PATH).contains("ExecStart=/usr/sbin/lvsarp restore\n"));
    assert_eq!(fs::read_link(root.join(unit::LINKS[0])).unwrap(), Path::new(unit::PATH));

    let after = root.tree();
    assert_eq!(paths(&write_all(&options(&root), &desired(), &levels()).unwrap()), [""; 0]);
    assert_eq!(root.tree(), after);

    let removed = remove_all(&options(&root)).unwrap();
    assert_eq!(paths(&removed), [unit::LINKS[1], unit::LINKS[0], unit::PATH, levels_file::PATH, state_file::PATH]);
    assert_eq!(load(root.path()).unwrap(), None);
    assert_eq!(paths(&remove_all(&options(&root)).unwrap()), [""; 0]);
    // Directories of systemd stay.
    for dir in [unit::LINKS[0], unit::LINKS[1], unit::PATH] {
        fs::remove_dir(root.join(dir).parent().unwrap()).unwrap();
    }
    fs::remove_dir(root.join("/etc/systemd")).unwrap();
    assert_eq!(root.tree(), before);
}

#[test]
fn only_what_is_different_is_written_again() {
    let root = Root::of_machine(true);
    write_all(&options(&root), &desired(), &levels()).unwrap();
    let more = Desired::new(["192.0.2.10", "192.0.2.11"].map(|vip| Vip::parse(vip).unwrap()));
    assert_eq!(paths(&write_all(&options(&root), &more, &levels()).unwrap()), [state_file::PATH]);
    assert_eq!(paths(&write_all(&options(&root), &more, &levels()[..1]).unwrap()), [levels_file::PATH]);
    // Without a level to set there is no file of levels.
    assert_eq!(paths(&write_all(&options(&root), &more, &[]).unwrap()), [levels_file::PATH]);
    assert!(!root.join(levels_file::PATH).exists());
    let program = PersistOptions { program: Some("/opt/my lvsarp".into()), ..options(&root) };
    let written = write_all(&program, &more, &[]).unwrap();
    assert_eq!((paths(&written), codes(&written)), (vec![unit::PATH], vec!["restore-program-missing"]));
}

#[test]
fn a_file_that_somebody_edited_is_left_unless_by_force() {
    for path in [state_file::PATH, levels_file::PATH, unit::PATH] {
        let root = Root::of_machine(true);
        write_all(&options(&root), &desired(), &levels()).unwrap();
        let text = root.read(path);
        root.write(path, format!("{text}\n"));
        let edited = root.tree();
        let error = write_all(&options(&root), &desired(), &levels()[..1]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains(path) && error.to_string().contains("was edited"), "{error}");
        assert!(error.hint_text().unwrap().contains("--overwrite"));
        assert_eq!(root.tree(), edited);
        // The wish of a person counts.
        assert_eq!(load(root.path()).unwrap(), Some(desired()));

        let forced = PersistOptions { overwrite: true, ..options(&root) };
        write_all(&forced, &desired(), &levels()).unwrap();
        assert_eq!(root.read(path), text);

        root.write(path, format!("{text}\n"));
        let removed = remove_all(&options(&root)).unwrap();
        assert_eq!((removed.files.len(), codes(&removed)), (4, vec!["persisted-file-edited"]));
        assert!(removed.findings[0].message.contains(path));
        assert_eq!(root.read(path), format!("{text}\n"));
        assert_eq!(paths(&remove_all(&forced).unwrap()), [path]);
    }
}

#[test]
fn a_file_or_mask_of_somebody_else_is_never_touched() {
    for path in [state_file::PATH, levels_file::PATH, unit::PATH, unit::LINKS[1]] {
        let root = Root::of_machine(true);
        root.write(path, "theirs\n");
        let before = root.tree();
        let forced = PersistOptions { overwrite: true, ..options(&root) };
        let error = write_all(&forced, &desired(), &levels()).unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.to_string().contains(path), "{error}");
        let removed = remove_all(&forced).unwrap();
        assert_eq!((paths(&removed), codes(&removed)), (vec![], vec!["persisted-file-foreign"]), "{path}");

        fs::remove_file(root.join(path)).unwrap();
        symlink("/dev/null", root.join(path)).unwrap();
        let error = write_all(&forced, &desired(), &levels()).unwrap_err();
        assert!(error.to_string().contains("masked by the administrator"), "{error}");
        let removed = remove_all(&forced).unwrap();
        let code = if path == unit::LINKS[1] { "persisted-file-foreign" } else { "persisted-file-masked" };
        assert_eq!((paths(&removed), codes(&removed)), (vec![], vec![code]), "{path}");
        fs::remove_file(root.join(path)).unwrap();
        root.write(path, "theirs\n");
        assert_eq!(root.tree(), before);
    }
}

#[test]
fn the_links_of_somebody_elses_unit_stay() {
    let root = Root::of_machine(true);
    root.write(unit::PATH, "[Service]\n");
    fs::create_dir(root.join(unit::LINKS[0]).parent().unwrap()).unwrap();
    symlink("../lvsarp.service", root.join(unit::LINKS[0])).unwrap();
    assert_eq!(paths(&remove_all(&options(&root)).unwrap()), [""; 0]);
    // A link that systemctl made counts as ours.
    fs::remove_file(root.join(unit::PATH)).unwrap();
    let written = write_all(&options(&root), &desired(), &levels()).unwrap();
    assert!(!paths(&written).contains(&unit::LINKS[0]));
    assert!(paths(&remove_all(&options(&root)).unwrap()).contains(&unit::LINKS[0]));
}

#[test]
fn the_levels_are_in_the_file_of_others_where_that_is_wanted_and_found_again() {
    let root = Root::of_machine(true);
    root.write(CONF, "net/ipv4/conf/all/arp_ignore = 0");
    let before = root.tree();
    let out = PersistOptions { comment_out: true, ..in_conf(&root) };
    let written = write_all(&out, &desired(), &levels()).unwrap();
    assert_eq!(paths(&written)[..2], [state_file::PATH, CONF]);
    assert_eq!(codes(&written), ["sysctl-conf-duplicate", "sysctl-conf-not-read"]);
    assert!(written.findings[0].message.starts_with("/etc/sysctl.conf:1 "), "{}", written.findings[0].message);
    assert!(root.read(CONF).starts_with("#lvsarp# net/ipv4/conf/all/arp_ignore = 0\n# BEGIN lvsarp"));
    assert!(!root.join(levels_file::PATH).exists());
    assert_eq!(paths(&write_all(&out, &desired(), &levels()).unwrap()), [""; 0]);
    // Nobody says which file it was: the state knows.
    assert!(paths(&remove_all(&options(&root)).unwrap()).contains(&CONF));
    fs::remove_dir_all(root.join("/etc/systemd")).unwrap();
    assert_eq!(root.tree(), before);
}

#[test]
fn the_levels_move_from_one_file_to_another() {
    let root = Root::of_machine(false);
    let other = PersistOptions { sysctl_conf: Some("/etc/other.conf".into()), ..options(&root) };
    let (own, conf) = (options(&root), in_conf(&root));
    let has_levels = |path| root.join(path).exists() && root.read(path).contains("arp_ignore = 1");
    for (options, place) in
        [(&own, levels_file::PATH), (&conf, CONF), (&other, "/etc/other.conf"), (&own, levels_file::PATH)]
    {
        let written = write_all(options, &desired(), &levels()).unwrap();
        let mut once = paths(&written);
        once.sort();
        once.dedup();
        assert_eq!(once.len(), written.files.len());
        for path in [levels_file::PATH, CONF, "/etc/other.conf"] {
            assert_eq!(has_levels(path), path == place, "{path} when in {place}");
        }
        assert_eq!(paths(&write_all(options, &desired(), &levels()).unwrap()), [""; 0]);
        let state = load_state(root.path()).unwrap().unwrap();
        let kept: &[&str] = if place == levels_file::PATH { &[] } else { &[place] };
        assert_eq!(
            (state.desired, &state.sysctl_conf[..]),
            (Some(desired()), &kept.iter().map(|p| p.to_string()).collect::<Vec<_>>()[..])
        );
    }
    assert!(!root.join(CONF).exists());
}

#[test]
fn one_file_under_two_names_gets_one_block() {
    let root = Root::of_machine(false);
    symlink("etc", root.join("/conf")).unwrap();
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    let text = root.read(CONF);
    let other = PersistOptions { sysctl_conf: Some("/conf/sysctl.conf".into()), ..options(&root) };
    write_all(&other, &desired(), &levels()).unwrap();
    assert_eq!(root.read(CONF), text);
    remove_all(&in_conf(&root)).unwrap();
    assert!(!root.join(CONF).exists());
}

#[test]
fn a_damaged_block_is_refused_and_reported() {
    let root = Root::of_machine(false);
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    let edited = root.read(CONF).replace("arp_ignore = 1", "arp_ignore = 0");
    root.write(CONF, &edited);
    let before = root.tree();
    let error = write_all(&in_conf(&root), &desired(), &levels()).unwrap_err();
    assert!(error.kind() == ErrorKind::Refused && error.to_string().contains("sysctl.conf: line 1:"), "{error}");
    assert!(write_all(&options(&root), &desired(), &levels()).is_err());
    assert_eq!(root.tree(), before);
    let removed = remove_all(&options(&root)).unwrap();
    assert_eq!((paths(&removed), codes(&removed)), (vec![state_file::PATH], vec!["persisted-file-edited"]));
    assert_eq!(root.read(CONF), edited);
    let forced = PersistOptions { overwrite: true, ..options(&root) };
    assert_eq!(paths(&remove_all(&forced).unwrap()), [CONF, state_file::PATH]);
}

#[test]
fn what_is_left_because_it_was_edited_is_known_to_the_next_removal_and_not_restored() {
    let edited = |root: &Root, from: &str| {
        write_all(&in_conf(root), &desired(), &levels()).unwrap();
        root.write(CONF, root.read(CONF).replace(from, "# edited"));
        let removed = remove_all(&options(root)).unwrap();
        assert_eq!(paths(&removed).last(), Some(&state_file::PATH));
        assert_eq!(codes(&removed), ["persisted-file-edited"]);
        assert_eq!(load(root.path()).unwrap(), None);
        let after = root.tree();
        let again = remove_all(&options(root)).unwrap();
        assert_eq!((paths(&again), codes(&again)), (vec![], vec!["persisted-file-edited"]));
        assert_eq!(root.tree(), after);
        again.findings[0].hint.clone()
    };
    let forced = |root: &Root| PersistOptions { overwrite: true, ..options(root) };

    let root = Root::of_machine(true);
    assert!(edited(&root, "net.ipv4.conf.all.arp_ignore = 1").contains("--overwrite"));
    remove_all(&forced(&root)).unwrap();
    assert!(!root.join(CONF).exists() && !root.join(file::OUR_DIRECTORY).exists());

    // Persisted again, it is as ever.
    edited(&root, "net.ipv4.conf.all.arp_ignore = 1");
    write_all(&PersistOptions { overwrite: true, ..in_conf(&root) }, &desired(), &levels()).unwrap();
    assert_eq!(load(root.path()).unwrap(), Some(desired()));
    remove_all(&options(&root)).unwrap();
    assert!(!root.join(CONF).exists() && !root.join(file::OUR_DIRECTORY).exists());

    // What force cannot mend stays until a person has.
    assert!(!edited(&root, "# END lvsarp").contains("--overwrite"));
    remove_all(&forced(&root)).unwrap();
    assert_eq!(load_state(root.path()).unwrap().unwrap().sysctl_conf, [CONF]);
    root.write(CONF, "");
    assert_eq!(paths(&remove_all(&options(&root)).unwrap()), [state_file::PATH]);
}

#[test]
fn without_systemd_somebody_must_run_restore() {
    let root = Root::of_machine(false);
    let written = write_all(&options(&root), &desired(), &levels()).unwrap();
    assert_eq!(
        (paths(&written), codes(&written)),
        (vec![state_file::PATH, levels_file::PATH], vec!["restore-not-started"])
    );
}

#[test]
fn levels_that_cannot_be_right_in_a_file_are_refused_or_reported() {
    let root = Root::of_machine(false);
    let default = [(Scope::Default, Key::ArpIgnore, 1)];
    assert_eq!(write_all(&options(&root), &desired(), &default).unwrap_err().kind(), ErrorKind::InvalidInput);
    let odd = IfName::new("a=b").unwrap();
    let levels = [&levels()[..], &[(Scope::Interface(odd), Key::ArpIgnore, 1)]].concat();
    let written = write_all(&options(&root), &desired(), &levels).unwrap();
    assert_eq!(codes(&written), ["level-not-persisted", "restore-not-started"]);
    assert_eq!(written.findings[0].interface, Some(odd));
}

#[test]
fn options_that_cannot_be_right_are_refused_before_anything_is_written() {
    let root = Root::of_machine(true);
    let before = root.tree();
    for conf in
        ["etc/sysctl.conf", "/etc/../a", "/nowhere/sysctl.conf", levels_file::PATH, state_file::PATH, "/etc/", ""]
    {
        let options = PersistOptions { sysctl_conf: Some(conf.into()), ..options(&root) };
        assert!(write_all(&options, &desired(), &levels()).is_err(), "{conf}");
        assert_eq!(root.tree(), before, "{conf}");
    }
    for program in ["lvsarp", "/usr/sbin/", "/a\"b"] {
        let options = PersistOptions { program: Some(program.into()), ..options(&root) };
        assert_eq!(write_all(&options, &desired(), &levels()).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(root.tree(), before, "{program}");
    }
    fs::remove_file(root.join("/usr/sbin/lvsarp")).unwrap();
    let error = write_all(&options(&root), &desired(), &levels()).unwrap_err();
    assert!(error.hint_text().unwrap().contains("--program"), "{error}");
    let nowhere = PersistOptions { root: root.join("/nowhere"), ..options(&root) };
    assert!(write_all(&nowhere, &desired(), &levels()).is_err());
}

#[test]
fn a_state_that_others_may_write_is_not_obeyed_and_not_repaired_silently() {
    if !is_root() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let root = Root::of_machine(false);
    write_all(&options(&root), &desired(), &levels()).unwrap();
    fs::set_permissions(root.join(state_file::PATH), fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(load(root.path()).unwrap_err().kind(), ErrorKind::Refused);
    let forced = PersistOptions { overwrite: true, ..options(&root) };
    assert!(write_all(&forced, &desired(), &[]).unwrap_err().to_string().contains("0666"));
}

#[test]
fn what_a_killed_writer_left_goes_although_nothing_is_to_be_done() {
    let root = Root::of_machine(true);
    write_all(&options(&root), &desired(), &levels()).unwrap();
    let before = root.tree();
    let left = ["/etc/lvsarp", "/etc/sysctl.d", "/etc/systemd/system"]
        .map(|dir| format!("{dir}/.lvsarp-0123456789abcdef.tmp"));
    left.iter().for_each(|path| root.write(path, "half"));
    assert_eq!(paths(&write_all(&options(&root), &desired(), &levels()).unwrap()), [""; 0]);
    assert_eq!(root.tree(), before);
    remove_all(&options(&root)).unwrap();
    left.iter().for_each(|path| root.write(path, "half"));
    assert_eq!(paths(&remove_all(&options(&root)).unwrap()), [""; 0]);
    assert!(!left.iter().any(|path| root.join(path).exists()));
    assert!(!root.join("/etc/lvsarp").exists());
}

#[test]
fn what_drops_out_of_the_list_is_reported() {
    let root = Root::of_machine(true);
    let vips = |vips: &[&str]| Desired::new(vips.iter().map(|vip| Vip::parse(vip).unwrap()));
    let subnet = Prefix::parse("198.51.100.0/24").unwrap();
    let first = Desired { prefixes: vec![subnet], ..vips(&["192.0.2.10", "192.0.2.11"]) };
    for _ in 0..2 {
        assert_eq!(codes(&write_all(&options(&root), &first, &levels()).unwrap()), [""; 0]);
    }
    let written = write_all(&options(&root), &vips(&["192.0.2.12", "192.0.2.11/24"]), &levels()).unwrap();
    assert_eq!(codes(&written), ["vip-no-longer-persisted"; 2]);
    let about: Vec<_> = written.findings.iter().map(|finding| finding.vip.unwrap().to_string()).collect();
    assert_eq!(about, ["192.0.2.10", "198.51.100.0"]);
    assert!(written.findings[1].message.starts_with("198.51.100.0/24 "), "{}", written.findings[1].message);
    remove_all(&options(&root)).unwrap();
    assert_eq!(codes(&write_all(&options(&root), &first, &levels()).unwrap()), [""; 0]);
}

#[test]
fn force_is_offered_where_it_helps_and_only_there() {
    let forced = |root: &Root| PersistOptions { overwrite: true, ..in_conf(root) };
    let offered = |error: &Error| error.hint_text().unwrap().contains("--overwrite");

    let root = Root::of_machine(false);
    write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    let (state, conf) = (root.read(state_file::PATH), root.read(CONF));
    for text in ["not json".to_owned(), state.replacen('{', "[", 1), "{}".to_owned(), state.replace("vips", "vip")] {
        root.write(state_file::PATH, &text);
        let error = load(root.path()).unwrap_err();
        let helps = write_all(&forced(&root), &desired(), &levels()).is_ok();
        assert_eq!(offered(&error), helps, "{error}\n{text}");
    }
    root.write(state_file::PATH, &state);
    for text in [conf.replace("= 1", "= 0"), conf.replace("# END lvsarp\n", ""), conf.repeat(2)] {
        root.write(CONF, &text);
        let error = write_all(&in_conf(&root), &desired(), &levels()).unwrap_err();
        let helps = write_all(&forced(&root), &desired(), &levels()).is_ok();
        assert_eq!(offered(&error), helps, "{error}\n{text}");
    }
}
