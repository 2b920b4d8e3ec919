"""Persist, its reverse and restore, from Python: files below a root of the test's own, and those of a process's own /etc."""

import fcntl
import os
import threading
import time
from pathlib import Path, PurePath

import lvsarp
import pytest
from lab.sandbox import CLONE_NEWNS, CLONE_NEWUSER, MS_PRIVATE, MS_REC, call
from surroundings import MS_BIND

VIP = "10.0.0.100"
LEVELS, STATE, UNIT = "/etc/sysctl.d/90-lvsarp.conf", "/etc/lvsarp/real-server.json", "/etc/systemd/system/lvsarp.service"
LINKS = [f"/etc/systemd/system/{target}.wants/lvsarp.service" for target in ("multi-user.target", "network-online.target")]
NOTHING = lvsarp.Changes(False, (), ())


@pytest.fixture
def root(tmp_path):
    """A root with systemd and the program installed."""
    for name in ("usr/lib/systemd/systemd", "usr/sbin/lvsarp"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "etc").mkdir()
    return tmp_path


def tree(root):
    """Every file below a root with its bytes, every link with where it leads."""
    return {
        str(path)[len(str(root)) :]: os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def below(root, path):
    return root / path[1:]


def test_persist_writes_files_and_leaves_the_running_host(server, host, root):
    levels = [host.get(name) for name in ("all", "lo", "eth0")]
    changes = host.persist([VIP], root=root)
    assert changes.changed and changes.findings == ()
    assert [(step.act, step.thing) for step in changes.steps] == [
        ("write", f"{root}{path}") for path in (STATE, LEVELS, UNIT, *LINKS)
    ]
    assert [(step.old, step.new) for step in changes.steps] == [(None, "present")] * 5
    assert str(changes.steps[0]) == f"write {root}{STATE}" and changes.steps[0].reason
    assert [host.get(name) for name in ("all", "lo", "eth0")] == levels and host.vips() == []
    assert b"net.ipv4.conf.all.arp_ignore = 1\n" in below(root, LEVELS).read_bytes()
    assert host.persist([VIP], root=root) == NOTHING


def test_every_wish_comes_back_with_restore(server, host, root):
    wish = {"prefixes": ["198.51.100.0/28"], "scope": "interface", "label": "lo:v", "address_scope": "host"}
    planned = host.plan([VIP, "10.0.0.101"], **wish)
    host.persist([VIP, "10.0.0.101"], **wish, root=root)
    restored = host.restore(root=root)
    assert restored.changed and restored.steps == planned.steps
    assert [(a.local, a.label, a.scope) for a in host.vips()] == [
        (VIP, "lo:v", "host"),
        ("10.0.0.101", "lo:v", "host"),
    ]
    assert not host.restore(root=root).changed
    assert host.undo().changed and host.vips() == []


def test_restore_of_nothing_says_so(server, host, tmp_path):
    (tmp_path / "etc").mkdir()
    nothing = host.restore(root=tmp_path)
    assert not nothing.changed and [finding.code for finding in nothing.findings] == ["nothing-persisted"]


def test_unpersist_removes_exactly_what_persist_wrote(server, host, root):
    (root / "etc/sysctl.conf").write_text("vm.swappiness = 10")
    before = tree(root)
    host.persist([VIP], root=root)
    gone = host.unpersist(root=root)
    assert [(step.act, step.thing) for step in gone.steps] == [
        ("remove", f"{root}{path}") for path in (*LINKS[::-1], UNIT, LEVELS, STATE)
    ]
    assert [(step.old, step.new) for step in gone.steps] == [("present", None)] * 5
    assert tree(root) == before
    assert host.unpersist(root=root) == NOTHING


def test_a_dry_run_changes_nothing_and_shows_the_same_steps(server, host, root):
    before = tree(root)
    dry = host.persist([VIP], root=root, dry_run=True)
    assert tree(root) == before
    done = host.persist([VIP], root=root)
    assert (dry.changed, done.changed) == (False, True) and dry.steps == done.steps


def test_a_dry_run_needs_no_privilege(server, host, forked, tmp_path):
    (tmp_path / "etc").mkdir()

    def ask():
        call("unshare", CLONE_NEWUSER)
        return host.persist([VIP], root=tmp_path, dry_run=True).steps

    assert len(forked(ask)) == 2


def test_the_block_in_a_file_of_others_goes_without_a_trace(server, host, root):
    conf = root / "etc/sysctl.conf"
    conf.write_bytes(b"# \xff others\r\nnet/ipv4/conf/all/arp_ignore=0\nvm.swappiness = 10")
    before = tree(root)
    told = host.persist([VIP], root=root, sysctl_conf="/etc/sysctl.conf")
    assert [f.code for f in told.findings[:3]] == ["sysctl-conf-duplicate", "sysctl-conf-not-read", "vip-answered"]
    assert b"\nnet/ipv4/conf/all/arp_ignore=0\n" in conf.read_bytes()
    assert host.persist([VIP], root=root, sysctl_conf=PurePath("/etc/sysctl.conf"), comment_out=True).changed
    assert b"\n#lvsarp# net/ipv4/conf/all/arp_ignore=0\n" in conf.read_bytes()
    assert not below(root, LEVELS).exists()
    assert host.unpersist(root=root).changed
    assert tree(root) == before


def test_what_somebody_edited_is_refused_and_overwritten_on_request(server, host, root):
    host.persist([VIP], root=root)
    with open(below(root, LEVELS), "a") as file:
        file.write("# mine\n")
    before = tree(root)
    with pytest.raises(lvsarp.RefusedError, match=f"{LEVELS}: it was edited") as caught:
        host.persist([VIP, "10.0.0.101"], root=root)
    assert caught.value.kind == "refused" and caught.value.hint
    assert tree(root) == before
    kept = host.unpersist(root=root)
    assert [finding.code for finding in kept.findings] == ["persisted-file-edited"]
    assert set(before) - set(tree(root)) == {STATE, UNIT, *LINKS}
    assert host.persist([VIP], root=root, overwrite=True).changed
    assert b"mine" not in below(root, LEVELS).read_bytes()
    with open(below(root, LEVELS), "a") as file:
        file.write("# mine\n")
    assert host.unpersist(root=root, overwrite=True).findings == () and not below(root, LEVELS).exists()


def test_a_mask_is_refused(server, host, root):
    below(root, LEVELS).parent.mkdir()
    below(root, LEVELS).symlink_to("/dev/null")
    before = tree(root)
    with pytest.raises(lvsarp.RefusedError, match="mask"):
        host.persist([VIP], root=root)
    assert tree(root) == before


@pytest.mark.parametrize(
    ("arguments", "options", "kind"),
    [
        ([], {}, ValueError),
        ([VIP, VIP], {}, ValueError),
        ([VIP], {"scope": "world"}, ValueError),
        ([VIP], {"dev": "eth7"}, lvsarp.NoInterfaceError),
        ([VIP], {"sysctl_conf": "etc/sysctl.conf"}, ValueError),
        ([VIP], {"sysctl_conf": LEVELS}, ValueError),
        ([VIP], {"sysctl_conf": "/etc/a\0b"}, ValueError),
        ([VIP], {"sysctl_conf": os.fsdecode(b"/etc/\xff.conf")}, ValueError),
        ([VIP], {"program": "lvsarp"}, ValueError),
        ([VIP], {"program": os.fsdecode(b"/opt/\xff/lvsarp")}, ValueError),
        ([VIP], {"program": "/opt/a\nb"}, ValueError),
        ([VIP], {"lock_timeout": -1}, ValueError),
        (VIP, {}, TypeError),
        ([VIP], {"sysctl_conf": 7}, TypeError),
        ([VIP], {"program": 7}, TypeError),
        ([VIP], {"comment_out": "yes"}, TypeError),
        ([VIP], {"overwrite": None}, TypeError),
        ([VIP], {"native": 1}, TypeError),
    ],
)
def test_what_cannot_be_persisted_changes_nothing(server, host, root, arguments, options, kind):
    before = tree(root)
    with pytest.raises(kind):
        host.persist(arguments, root=root, **options)
    assert tree(root) == before


@pytest.mark.parametrize("root", ["/nowhere/at/all", os.fsdecode(b"/\xff"), "", "/etc/passwd"])
def test_a_root_that_is_none_is_an_error(server, host, root):
    for act in (
        lambda: host.persist([VIP], root=root),
        lambda: host.unpersist(root=root),
        lambda: host.restore(root=root),
    ):
        with pytest.raises(lvsarp.LvsarpError):
            act()


@pytest.mark.parametrize(("root", "kind"), [("/\0", (ValueError, lvsarp.LvsarpError)), (7, TypeError), (None, TypeError)])
def test_a_root_that_is_no_path_is_refused(server, host, root, kind):
    for act in (
        lambda: host.persist([VIP], root=root),
        lambda: host.unpersist(root=root),
        lambda: host.restore(root=root),
        lambda: host.boot(root=root),
        lambda: host.snapshot().boot(root=root),
    ):
        with pytest.raises(kind):
            act()


def test_a_root_may_have_any_bytes(server, host, tmp_path):
    root = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    (root / "etc").mkdir(parents=True)
    assert host.persist([VIP], root=root).changed
    assert below(root, STATE).exists()
    assert host.boot([VIP], root=root, loader="procps").ok
    assert host.restore(root=root).changed
    assert host.unpersist(root=root).changed


def test_without_an_installed_program_another_root_needs_one_by_name(server, host, root):
    (root / "usr/sbin/lvsarp").unlink()
    with pytest.raises(ValueError, match="not installed"):
        host.persist([VIP], root=root)
    named = host.persist([VIP], root=root, program=Path("/opt/lvsarp"))
    assert [finding.code for finding in named.findings] == ["restore-program-missing"]
    assert "\nExecStart=/opt/lvsarp restore\n" in below(root, UNIT).read_text()


def own_etc(tmp_path):
    """This process alone sees an empty /etc of its own, and a machine with systemd."""
    assert Path("/usr/lib/systemd").is_dir(), "there is no /usr/lib/systemd to mount a directory of the test's on"
    etc, systemd = tmp_path / "etc", tmp_path / "systemd"
    etc.mkdir()
    systemd.mkdir()
    (systemd / "systemd").touch()
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", bytes(etc), b"/etc", None, MS_BIND, None)
    call("mount", bytes(systemd), b"/usr/lib/systemd", None, MS_BIND, None)


def test_on_this_machine_the_unit_runs_the_script_beside_the_interpreter(server, host, forked, tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "lvsarp").touch(0o755)
    monkeypatch.setattr("sys.executable", str(folder / "python3"))

    def ask():
        own_etc(tmp_path)
        host.persist([VIP])
        return Path(UNIT).read_text()

    assert f"\nExecStart={folder}/lvsarp restore\n" in forked(ask)


@pytest.mark.parametrize("executable", ["", None])
def test_an_interpreter_without_a_path_is_no_obstacle(server, host, forked, tmp_path, monkeypatch, executable):
    monkeypatch.setattr("sys.executable", executable)

    def ask():
        own_etc(tmp_path)
        host.persist([VIP], program="/opt/lvsarp")
        host.unpersist()
        try:
            return host.persist([VIP]).changed
        except ValueError as error:  # where no lvsarp is installed
            return "not installed" in str(error)

    assert forked(ask)


def test_apply_with_persist_does_both_and_undo_takes_both_back(server, host, forked, tmp_path):
    def ask():
        own_etc(tmp_path)
        etc = Path("/etc")
        dry = host.apply([VIP], persist=True, dry_run=True)
        assert not dry.changed and tree(etc) == {} and host.vips() == []
        done = host.apply([VIP], persist=True)
        assert done.changed and done.steps == dry.steps
        again = host.apply([VIP], persist=True)
        assert not again.changed and again.steps == ()
        assert [step.act for step in done.steps][:2] == ["write", "write"] and done.steps[-1].act == "bind"
        assert host.check([VIP]).ok and STATE[4:] in tree(etc)
        undone = host.undo(persist=True)
        assert undone.changed and undone.steps[0].act == "unbind" and undone.steps[-1].thing == STATE
        assert tree(etc) == {} and host.vips() == []
        assert host.undo(persist=True) == NOTHING
        assert host.apply([VIP]).changed and host.undo(persist=True).changed
        return True

    assert forked(ask)


@pytest.mark.parametrize("scope", ["all", "interface"])
def test_an_exact_apply_with_persist_foretells_what_it_does_and_dry_undo_what_undo_does(server, host, forked, tmp_path, scope):
    def ask():
        own_etc(tmp_path)
        host.apply([VIP, "192.0.2.20"], scope=scope, persist=True)
        dry = host.apply(["192.0.2.20"], scope=scope, persist=True, exact=True, dry_run=True)
        assert {(step.act, step.thing) for step in dry.steps} >= {("unbind", f"{VIP}/32 dev lo"), ("write", STATE)}
        assert host.apply(["192.0.2.20"], scope=scope, persist=True, exact=True).steps == dry.steps
        assert [address.local for address in host.vips()] == ["192.0.2.20"] and VIP not in Path(STATE).read_text()
        files = tree(Path("/etc"))
        foretold = host.undo(persist=True, dry_run=True)
        assert not foretold.changed and tree(Path("/etc")) == files
        assert host.undo(persist=True).steps == foretold.steps
        return True

    assert forked(ask)


def test_an_apply_that_is_refused_leaves_no_file(server, host, forked, tmp_path):
    def ask():
        own_etc(tmp_path)
        with pytest.raises(lvsarp.RefusedError):
            host.apply(["192.0.2.10"], dev="eth0", persist=True)
        return tree(Path("/etc"))

    assert forked(ask) == {}


def test_other_threads_run_and_write_other_roots_meanwhile(server, host, tmp_path):
    failures = []

    def work(number):
        root = tmp_path / str(number)
        (root / "etc").mkdir(parents=True)
        try:
            for _ in range(4):
                assert host.persist([f"10.0.0.{number}"], root=root).changed
                assert not host.persist([f"10.0.0.{number}"], root=root).changed
                assert host.boot([f"10.0.0.{number}"], root=root).ok
                assert host.unpersist(root=root).changed
                assert tree(root) == {}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(100, 104)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_held_lock_ends_in_a_timeout_and_other_threads_run_meanwhile(server, host, forked, tmp_path):
    def wait(act, errors):
        try:
            act(lock_timeout=0.6)
        except lvsarp.LockTimeoutError:
            errors.append(act)

    def ask():
        own_etc(tmp_path)
        host.apply([VIP], persist=True)
        host.undo(persist=True)
        newest = max(Path("/run/lvsarp").glob("*.lock"), key=os.path.getmtime)
        turns, errors = 0, []
        acts = (lambda **options: host.persist([VIP], **options)), host.unpersist
        with open(newest) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            threads = [threading.Thread(target=wait, args=(act, errors)) for act in acts]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                time.sleep(0.01)
                turns += 1
        return len(errors), turns > 20, tree(Path("/etc"))

    assert forked(ask) == (2, True, {})


def test_a_closed_host_says_so(server, root):
    host = lvsarp.Host()
    host.close()
    for act in (
        lambda: host.persist([VIP], root=root),
        lambda: host.unpersist(root=root),
        lambda: host.restore(root=root),
        lambda: host.boot(root=root),
    ):
        with pytest.raises(ValueError, match="the host is closed"):
            act()
