//! Tests of one file, and of what keeps it from being changed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::super::testing::{Root, again, inside, is_root, sh};
use super::*;

const PATH: &str = "/etc/lvsarp/file";

fn names(root: &Root, dir: &str) -> Vec<String> {
    let names = fs::read_dir(root.join(dir)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(root: &Root, path: &str) -> u32 {
    fs::metadata(root.join(path)).unwrap().mode() & 0o7777
}

/// That writing and removing are both refused with this cause, and nothing changes.
fn refused(root: &Root, path: &str, kind: ErrorKind, cause: &str) {
    let before = root.tree();
    for (act, error) in
        [("write", write(root.path(), path, b"new", 0o644).map(drop)), ("remove", remove(root.path(), path).map(drop))]
    {
        let error = error.expect_err(act);
        assert_eq!(error.kind(), kind, "{act}: {error}");
        assert!(error.to_string().contains(cause), "{act}: {error}");
        assert!(error.to_string().contains(path) && !error.hint_text().unwrap_or("").contains("NET_ADMIN"), "{error}");
        assert_eq!(root.tree(), before, "{act}");
    }
}

#[test]
fn a_new_file_can_be_read_by_everybody_whatever_the_umask_is() {
    let narrow = ["sh", "-c", "umask 077; exec \"$0\" \"$@\""];
    if !again(module_path!(), "a_new_file_can_be_read_by_everybody_whatever_the_umask_is", &narrow) {
        return;
    }
    let root = Root::of_machine(false);
    assert!(write(root.path(), PATH, b"a", 0o644).unwrap());
    assert_eq!(mode(&root, PATH), 0o644);
    assert_eq!(mode(&root, OUR_DIRECTORY), 0o755);
    assert_eq!(names(&root, OUR_DIRECTORY), ["file"]);
    let data = fs::metadata(root.join(PATH)).unwrap();
    assert_eq!((data.uid(), data.gid() == 0), (sys::effective_user(), is_root()));
}

#[test]
fn what_is_right_already_is_not_touched() {
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let before = fs::metadata(root.join(PATH)).unwrap();
    assert!(!write(root.path(), PATH, b"a", 0o600).unwrap());
    let after = fs::metadata(root.join(PATH)).unwrap();
    assert_eq!((before.ino(), before.ctime_nsec(), before.mode()), (after.ino(), after.ctime_nsec(), after.mode()));
    assert!(write(root.path(), PATH, b"b", 0o600).unwrap());
    assert_eq!(root.read(PATH), "b");
    assert_eq!(mode(&root, PATH), 0o644);
}

#[test]
fn a_hard_link_to_the_old_file_keeps_the_old_text() {
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"old", 0o644).unwrap();
    fs::hard_link(root.join(PATH), root.join("/etc/other")).unwrap();
    write(root.path(), PATH, b"new", 0o644).unwrap();
    assert_eq!((root.read(PATH), root.read("/etc/other")), ("new".to_owned(), "old".to_owned()));
}

#[test]
fn removing_takes_our_directory_away_once_it_is_empty_and_no_other() {
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    write(root.path(), "/etc/lvsarp/second", b"a", 0o644).unwrap();
    write(root.path(), "/etc/sysctl.d/a.conf", b"a", 0o644).unwrap();
    assert!(remove(root.path(), PATH).unwrap());
    assert!(!remove(root.path(), PATH).unwrap());
    assert_eq!(names(&root, OUR_DIRECTORY), ["second"]);
    remove(root.path(), "/etc/lvsarp/second").unwrap();
    remove(root.path(), "/etc/sysctl.d/a.conf").unwrap();
    assert_eq!(names(&root, "/etc"), ["hostname", "sysctl.d"]);
    assert!(!remove(root.path(), PATH).unwrap());
}

#[test]
fn links_directories_and_special_files_are_refused() {
    let root = Root::of_machine(false);
    root.write("/etc/lvsarp/target", "");
    for (target, cause) in
        [("/dev/null", "masked by the administrator"), ("target", "link to target"), ("gone", "link to gone")]
    {
        symlink(target, root.join(PATH)).unwrap();
        refused(&root, PATH, ErrorKind::Refused, cause);
        fs::remove_file(root.join(PATH)).unwrap();
    }
    fs::create_dir(root.join(PATH)).unwrap();
    refused(&root, PATH, ErrorKind::Refused, "it is a directory");
    fs::remove_dir(root.join(PATH)).unwrap();
    sh(&format!("mkfifo {}", root.join(PATH).display()));
    let before = names(&root, OUR_DIRECTORY);
    assert!(write(root.path(), PATH, b"a", 0o644).unwrap_err().to_string().contains("special file"));
    assert!(remove(root.path(), PATH).unwrap_err().to_string().contains("special file"));
    assert_eq!(names(&root, OUR_DIRECTORY), before);
}

#[test]
fn what_a_killed_writer_left_is_removed_and_nothing_else() {
    let root = Root::of_machine(false);
    let left = "/etc/lvsarp/.lvsarp-0123456789abcdef.tmp";
    let others = [".lvsarp-0123.tmp", ".lvsarp-0123456789abcdeg.tmp", ".lvsarp-0123456789abcdef.conf", "a.tmp"];
    for name in others {
        root.write(&format!("/etc/lvsarp/{name}"), "");
    }
    let dir = "/etc/lvsarp/.lvsarp-0000000000000000.tmp";
    fs::create_dir(root.join(dir)).unwrap();
    symlink("a.tmp", root.join("/etc/lvsarp/.lvsarp-0000000000000001.tmp")).unwrap();
    let kept = names(&root, OUR_DIRECTORY);
    root.write(left, "");
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let rest = names(&root, OUR_DIRECTORY).into_iter().filter(|name| name != "file");
    assert_eq!(rest.collect::<Vec<_>>(), kept);
    // One that its writer has locked is none.
    root.write(left, "");
    let locked = File::open(root.join(left)).unwrap();
    assert!(sys::try_lock(locked.as_fd()).unwrap());
    write(root.path(), PATH, b"b", 0o644).unwrap();
    assert!(root.join(left).exists());
    drop(locked);
    remove(root.path(), PATH).unwrap();
    assert!(!root.join(left).exists());
}

#[test]
fn a_file_that_is_staged_and_dropped_leaves_nothing() {
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let before = root.tree();
    let one = Staged::new(root.path(), PATH, b"b", &Attributes::new(0o644), &mut Vec::new()).unwrap();
    let two = Staged::new(root.path(), PATH, b"c", &Attributes::new(0o644), &mut Vec::new()).unwrap();
    assert_eq!(names(&root, OUR_DIRECTORY).len(), 3);
    drop((one, two));
    assert_eq!(root.tree(), before);
}

#[test]
fn mode_owner_and_extended_attributes_are_kept() {
    if !inside(module_path!(), "mode_owner_and_extended_attributes_are_kept") {
        return;
    }
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let path = root.join(PATH);
    let file = File::open(&path).unwrap();
    // An access list: owner rw, user 1 r, group -, mask r, others -.
    let mut list = vec![2, 0, 0, 0];
    for (tag, rights, id) in [(1u16, 6u16, u32::MAX), (2, 4, 0), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        list.extend(tag.to_le_bytes());
        list.extend(rights.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    sys::file::set_attribute(file.as_fd(), c"system.posix_acl_access", &list).unwrap();
    if is_root_of_the_machine() {
        chown(&path, Some(1234), Some(4321)).unwrap();
        for name in [c"security.lvsarp", c"trusted.lvsarp", c"security.empty"] {
            let value: &[u8] = if name == c"security.empty" { b"" } else { b"label\0with a NUL" };
            sys::file::set_attribute(file.as_fd(), name, value).unwrap();
        }
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = Attributes::of(&file).unwrap();
    assert_eq!(before.extended.len(), if is_root_of_the_machine() { 4 } else { 1 });
    write(root.path(), PATH, b"b", 0o644).unwrap();
    assert_eq!(Attributes::of(&File::open(&path).unwrap()).unwrap(), before);
    assert_eq!(root.read(PATH), "b");
}

/// Whether it is not only that of a user namespace.
fn is_root_of_the_machine() -> bool {
    is_root() && fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295")
}

#[test]
fn a_file_that_another_is_mounted_over_is_refused() {
    if !inside(module_path!(), "a_file_that_another_is_mounted_over_is_refused") {
        return;
    }
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    root.write("/source", "b");
    sh(&format!("mount --bind {} {}", root.join("source").display(), root.join(PATH).display()));
    refused(&root, PATH, ErrorKind::System(libc::EBUSY), "mounted over it");
    // The kernel says so as well, should the mount come in between.
    let place = Place::find(root.path(), PATH).unwrap().unwrap();
    root.write("/etc/lvsarp/other", "");
    let error = sys::file::rename_at(place.dir.as_fd(), c"other", c"file").unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
    sh(&format!("umount {}", root.join(PATH).display()));
}

#[test]
fn a_read_only_file_system_is_refused() {
    if !inside(module_path!(), "a_read_only_file_system_is_refused") {
        return;
    }
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let etc = root.join("/etc").display().to_string();
    sh(&format!("mount --bind {etc} {etc}; mount -o remount,bind,ro {etc}"));
    refused(&root, PATH, ErrorKind::ReadOnly, "Read-only file system");
    let error = write(root.path(), "/etc/sysctl.d/new.conf", b"a", 0o644).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    sh(&format!("umount {etc}"));
}

#[test]
fn a_full_file_system_keeps_the_old_file() {
    if !inside(module_path!(), "a_full_file_system_keeps_the_old_file") {
        return;
    }
    let root = Root::of_machine(false);
    let etc = root.join("/etc").display().to_string();
    sh(&format!("mount -t tmpfs -o size=64k tmpfs {etc}"));
    write(root.path(), PATH, b"a", 0o644).unwrap();
    let error = write(root.path(), PATH, &[b'b'; 1 << 20], 0o644).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(names(&root, OUR_DIRECTORY), ["file"]);
    assert_eq!(root.read(PATH), "a");
    sh(&format!("umount {etc}"));
}

#[test]
fn an_immutable_file_or_directory_is_refused_by_its_name() {
    // Only the machine's root may make one.
    if !is_root() || !inside(module_path!(), "an_immutable_file_or_directory_is_refused_by_its_name") {
        return;
    }
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    for (path, letter, cause) in [
        (PATH, 'i', "it is immutable"),
        (PATH, 'a', "it is append-only"),
        (OUR_DIRECTORY, 'i', "its directory is immutable"),
        (OUR_DIRECTORY, 'a', "its directory is append-only"),
    ] {
        let path = root.join(path).display().to_string();
        sh(&format!("chattr +{letter} {path}"));
        refused(&root, PATH, ErrorKind::Permission, cause);
        let hint = write(root.path(), PATH, b"new", 0o644).unwrap_err();
        assert!(hint.hint_text().is_some_and(|hint| hint.contains(&format!("chattr -{letter}"))));
        sh(&format!("chattr -{letter} {path}"));
    }
}

#[test]
fn a_missing_right_is_named() {
    // Root without the right to write everywhere is as everybody else.
    let everybody = ["setpriv", "--bounding-set=-dac_override", "--"];
    if is_root() && !again(module_path!(), "a_missing_right_is_named", &everybody) {
        return;
    }
    let root = Root::of_machine(false);
    write(root.path(), PATH, b"a", 0o644).unwrap();
    fs::set_permissions(root.join(OUR_DIRECTORY), fs::Permissions::from_mode(0o555)).unwrap();
    refused(&root, PATH, ErrorKind::Permission, "Permission denied");
    let error = write(root.path(), PATH, b"b", 0o644).unwrap_err();
    assert!(error.hint_text().is_some_and(|hint| hint.contains("root is needed")), "{error}");
    fs::set_permissions(root.join(OUR_DIRECTORY), fs::Permissions::from_mode(0o755)).unwrap();
}
