//! Tests of several files changed as one: what fails, is cut off, or is put back.

use std::fs;

use super::super::files::{PersistOptions, draft, write_all};
use super::super::removal::{self, remove_all};
use super::super::testing::{CONF, Root, desired, in_conf, inside, levels, options, sh};
use super::super::{levels_file, state_file, unit};
use super::*;
use crate::plan::Desired;
use crate::vip::Vip;

#[test]
fn what_was_written_can_be_put_back() {
    let root = Root::of_machine(true);
    root.write(CONF, "a = 1");
    let before = root.tree();
    let first = write_all(&in_conf(&root), &desired(), &levels()).unwrap();
    let between = root.tree();
    let second = write_all(&options(&root), &desired(), &levels()[..1]).unwrap();
    let removed = remove_all(&options(&root)).unwrap();
    assert!(put_back(&removed).is_empty());
    assert!(put_back(&second).is_empty());
    assert_eq!(root.tree(), between);
    assert!(put_back(&first).is_empty());
    assert_eq!(root.tree(), before);
    // What somebody else has written since is not taken back.
    let written = write_all(&options(&root), &desired(), &levels()).unwrap();
    root.write(levels_file::PATH, "theirs\n");
    let failures = put_back(&written);
    assert_eq!(failures.len(), 1);
    assert!(failures[0].to_string().contains("somebody else"), "{}", failures[0]);
    assert_eq!(root.read(levels_file::PATH), "theirs\n");
    assert!(!root.join(state_file::PATH).exists());
}

#[test]
fn where_a_later_file_cannot_be_written_the_earlier_ones_are_as_they_were() {
    if !inside(module_path!(), "where_a_later_file_cannot_be_written_the_earlier_ones_are_as_they_were") {
        return;
    }
    let root = Root::of_machine(true);
    let systemd = root.join("/etc/systemd").display().to_string();
    sh(&format!("mkdir {systemd}; mount -t tmpfs -o ro tmpfs {systemd}"));
    let before = root.tree();
    let error = write_all(&options(&root), &desired(), &levels()).unwrap_err();
    assert_eq!((error.kind(), error.rolled_back()), (ErrorKind::ReadOnly, None), "{error}");
    assert_eq!(root.tree(), before);
    sh(&format!("umount {systemd}"));
}

#[test]
fn where_a_later_step_fails_the_earlier_ones_are_put_back() {
    for earlier in [false, true] {
        let root = Root::of_machine(true);
        if earlier {
            write_all(&options(&root), &desired(), &levels()[..1]).unwrap();
            fs::remove_file(root.join(unit::LINKS[1])).unwrap();
        }
        let more = Desired::new([Vip::parse("192.0.2.11").unwrap()]);
        let mut draft = draft(&options(&root), &more, &levels()).unwrap();
        let before = root.tree();
        // A step that only fails when it is taken.
        let last = draft.changes.last_mut().unwrap();
        last.new = Some(vec![b'x'; 5000]);
        let error = draft.carry_out(root.path()).unwrap_err();
        assert_eq!(error.rolled_back(), Some(true), "{error}");
        assert_eq!(root.tree(), before);
    }
}

/// What a writer that was killed between two steps leaves, for every such instant.
fn cut_off(from: &dyn Fn(&Root), draft: &dyn Fn(&Root) -> Draft, then: &dyn Fn(&Root)) {
    let steps = |root: &Root| {
        from(root);
        draft(root)
    };
    let whole = steps(&Root::of_machine(true)).changes.len();
    assert!(whole > 4);
    let mut ends: Vec<_> = (0..=whole)
        .map(|count| {
            let root = Root::of_machine(true);
            root.write(CONF, "a = 1");
            let mut draft = steps(&root);
            draft.changes.truncate(count);
            draft.carry_out(root.path()).unwrap();
            then(&root);
            let relative = |path: PathBuf| path.strip_prefix(root.path()).unwrap().to_owned();
            root.tree().into_iter().map(|(path, content)| (relative(path), content)).collect::<Vec<_>>()
        })
        .collect();
    let is_ours = |path: &Path| !path.ends_with("sysctl.d") && !path.to_string_lossy().contains("systemd");
    for end in &mut ends {
        // Those that others use too stay.
        end.retain(|(path, content)| content != b"directory" || is_ours(path));
    }
    for end in &ends {
        assert_eq!(*end, ends[whole]);
    }
}

#[test]
fn a_write_or_removal_that_was_cut_off_is_completed_by_the_next() {
    // On a tmpfs, where making everything durable costs no time.
    if !inside(module_path!(), "a_write_or_removal_that_was_cut_off_is_completed_by_the_next") {
        return;
    }
    let more = Desired::new([Vip::parse("192.0.2.11").unwrap()]);
    for (before, after) in [(None, false), (None, true), (Some(false), true), (Some(true), false), (Some(true), true)] {
        let chosen = |root: &Root, conf: bool| if conf { in_conf(root) } else { options(root) };
        let from = |root: &Root| {
            if let Some(conf) = before {
                write_all(&chosen(root, conf), &desired(), &levels()[..1]).unwrap();
                fs::remove_file(root.join(unit::PATH)).unwrap();
                fs::remove_file(root.join(unit::LINKS[0])).unwrap();
                fs::remove_file(root.join(unit::LINKS[1])).unwrap();
            }
        };
        let writing = |root: &Root| draft(&chosen(root, after), &more, &levels()).unwrap();
        cut_off(&from, &writing, &|root| drop(write_all(&chosen(root, after), &more, &levels()).unwrap()));
        // A removal needs not be told where the block is, whenever the writer was killed.
        let removal = |root: &Root| drop(remove_all(&options(root)).unwrap());
        cut_off(&from, &writing, &|root| {
            removal(root);
            assert_eq!(root.read(CONF), "a = 1");
        });
    }
    let written = |root: &Root| drop(write_all(&in_conf(root), &desired(), &levels()).unwrap());
    let removing = |root: &Root| removal::draft(&options(root)).unwrap();
    cut_off(&written, &removing, &|root| drop(remove_all(&options(root)).unwrap()));
    cut_off(&written, &removing, &|root| drop(write_all(&in_conf(root), &desired(), &levels()).unwrap()));
}

#[test]
fn what_somebody_edits_in_between_is_not_overwritten() {
    let root = Root::of_machine(false);
    root.write(CONF, "a = 1\n");
    let draft = draft(&in_conf(&root), &desired(), &levels()).unwrap();
    root.write(CONF, "a = 2\n");
    let error = draft.carry_out(root.path()).unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(error.rolled_back(), Some(true));
    assert_eq!(root.read(CONF), "a = 2\n");
    assert!(!root.join(file::OUR_DIRECTORY).exists());
}

#[test]
fn what_somebody_edits_in_between_is_not_removed() {
    let root = Root::of_machine(true);
    write_all(&options(&root), &desired(), &levels()).unwrap();
    let draft = removal::draft(&options(&root)).unwrap();
    let edited = root.read(levels_file::PATH) + "a = 1\n";
    root.write(levels_file::PATH, &edited);
    let before = root.tree();
    let error = draft.carry_out(root.path()).unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert_eq!(error.rolled_back(), Some(true));
    assert_eq!(root.read(levels_file::PATH), edited);
    assert_eq!(root.tree(), before);
    // What is gone already needs no removal.
    let draft = removal::draft(&PersistOptions { overwrite: true, ..options(&root) }).unwrap();
    fs::remove_file(root.join(levels_file::PATH)).unwrap();
    draft.carry_out(root.path()).unwrap();
    assert!(!root.join(state_file::PATH).exists());
}
