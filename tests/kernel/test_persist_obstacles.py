"""What stands in the way of the persisted files is named, and nothing is changed; what the files have beside their bytes is kept."""
import os
import shutil
import stat
from pathlib import Path

import pytest
from lab import sandbox
from lab.machine import Machine

VIP = "192.0.2.10"
LEVELS, WISH, UNIT = "/etc/sysctl.d/90-lvsarp.conf", "/etc/lvsarp/real-server.json", "/etc/systemd/system/lvsarp.service"
OTHERWISE = ("persist", "--vip", "192.0.2.77", "--scope", "all", "--label", "lo:x")
REFUSED, FAILED = 1, 2
USER = 1000


@pytest.fixture
def machine(in_a_sandbox, program):
    """A machine on which something was persisted for single interfaces."""
    with Machine("rs1") as machine:
        machine.ip("link add eth0 type veth peer name eth1")
        machine.ip("link set eth0 up")
        machine.run(program, "persist", "--vip", VIP, "--scope", "interface")
        assert {LEVELS, WISH, UNIT} <= machine.files().keys()
        yield machine


def mounted_over(machine):
    machine.write("/etc/elsewhere", machine.path(LEVELS).read_bytes())
    machine.run("mount", "--bind", "/etc/elsewhere", LEVELS)


def read_only(machine):
    machine.run("mount", "-o", "remount,ro", "/etc")


def masked(machine):
    machine.path(LEVELS).unlink()
    machine.write(LEVELS, Path("/dev/null"))


def a_link(machine):
    machine.path(LEVELS).rename(machine.path("/etc/sysctl.d/95-theirs"))
    machine.write(LEVELS, Path("95-theirs"))


def a_directory(machine):
    machine.path(LEVELS).unlink()
    machine.path(LEVELS).mkdir()


def a_pipe(machine):
    machine.path(LEVELS).unlink()
    os.mkfifo(machine.path(LEVELS))


def of_somebody_else(machine):
    machine.path(LEVELS).write_text("net.ipv4.conf.all.arp_ignore = 1\n")


def edited(machine):
    with open(machine.path(LEVELS), "a") as file:
        file.write("net.ipv4.conf.all.arp_filter = 1\n")


def a_unit_of_somebody_else(machine):
    machine.path(UNIT).write_text("[Service]\nExecStart=/bin/true\n")


def a_masked_unit(machine):
    machine.path(UNIT).unlink()
    machine.write(UNIT, Path("/dev/null"))


def no_space(machine):
    shutil.copy(machine.path(LEVELS), machine.path("/etc/levels"))
    machine.run("mount", "-t", "tmpfs", "-o", "size=8k,mode=0755", "tmpfs", "/etc/sysctl.d")
    shutil.copy(machine.path("/etc/levels"), machine.path(LEVELS))
    machine.write("/etc/sysctl.d/full", b"x" * 4096)


def no_inode(machine):
    machine.run("mount", "-t", "tmpfs", "-o", "nr_inodes=1,mode=0755", "tmpfs", "/etc/sysctl.d")


OBSTACLES = [
    (mounted_over, FAILED, "another file is mounted over it"),
    (read_only, FAILED, "Read-only file system"),
    (masked, REFUSED, "masked by the administrator"),
    (a_link, REFUSED, "it is a link to 95-theirs"),
    (a_directory, REFUSED, "it is a directory"),
    (a_pipe, REFUSED, "it is a special file"),
    (of_somebody_else, REFUSED, "lvsarp did not write it"),
    (edited, REFUSED, "it was edited after lvsarp wrote it"),
    (a_unit_of_somebody_else, REFUSED, "lvsarp did not write it"),
    (a_masked_unit, REFUSED, "masked by the administrator"),
    (no_space, FAILED, "No space left on device"),
    (no_inode, FAILED, "No space left on device"),
]


@pytest.mark.parametrize("command", [("persist",), ("apply", "--persist")], ids=" ".join)
@pytest.mark.parametrize("obstacle, status, said", OBSTACLES, ids=lambda value: getattr(value, "__name__", ""))
def test_an_obstacle_is_named_and_nothing_is_changed(machine, program, command, obstacle, status, said):
    obstacle(machine)
    files, state = machine.files(), machine.state()
    done = machine.run(program, *command, *OTHERWISE[1:], check=False)
    assert (done.returncode, said in done.stderr) == (status, True), done
    assert "hint: " in done.stderr or obstacle in (no_space, no_inode), done.stderr
    assert (machine.files(), machine.state()) == (files, state)


@pytest.mark.parametrize("obstacle, said", [(mounted_over, "another file is mounted over it"), (read_only, "Read-only file system")],
                         ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_removed_is_named_and_nothing_is_removed(machine, program, obstacle, said):
    obstacle(machine)
    files = machine.files()
    done = machine.run(program, "unpersist", check=False)
    assert (done.returncode, said in done.stderr) == (FAILED, True), done
    assert machine.files() == files


@pytest.mark.parametrize("obstacle, code", [(masked, "masked"), (a_link, "foreign"), (a_directory, "foreign"), (of_somebody_else, "foreign"), (edited, "edited")],
                         ids=lambda value: getattr(value, "__name__", ""))
def test_unpersist_leaves_what_is_not_its_own_and_removes_the_rest(machine, program, obstacle, code):
    obstacle(machine)
    theirs = {path: content for path, content in machine.files().items() if path.startswith("/etc/sysctl.d")}
    done = machine.run(program, "unpersist")
    assert f"persisted-file-{code}" in done.stdout
    assert machine.files() == theirs


def test_an_edited_file_is_overwritten_when_asked(machine, program):
    edited(machine)
    assert "(--overwrite)" in machine.run(program, *OTHERWISE, check=False).stderr
    machine.run(program, *OTHERWISE, "--overwrite")
    assert b"arp_filter" not in machine.files()[LEVELS]
    assert machine.run(program, *OTHERWISE).stdout.startswith("nothing to do\n")


def test_an_edited_file_is_removed_when_asked(machine, program):
    edited(machine)
    assert "(--overwrite)" in machine.run(program, "unpersist").stdout
    machine.run(program, "unpersist", "--overwrite")
    assert machine.files() == {}


def test_a_rewritten_file_keeps_mode_owner_and_attributes(machine, program):
    place = machine.path(LEVELS)
    os.chmod(place, 0o640)
    if sandbox.knows_everybody():
        os.chown(place, 1, 2)
    os.setxattr(place, "user.note", b"kept")
    before, content = os.stat(place), place.read_bytes()
    machine.run(program, *OTHERWISE)
    after = os.stat(place)
    assert place.read_bytes() != content
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(place, "user.note") == b"kept"


def test_new_files_are_readable_by_all_and_writable_by_root_alone_whatever_the_umask(machine, program):
    machine.run(program, "unpersist")
    machine.run("sh", "-c", f"umask 077; exec {program} persist --vip {VIP}")
    for path in LEVELS, WISH, UNIT, "/etc/lvsarp":
        assert stat.S_IMODE(os.stat(machine.path(path)).st_mode) == (0o755 if path == "/etc/lvsarp" else 0o644), path


def test_what_is_right_already_is_not_touched(machine, program):
    again = ("persist", "--vip", VIP, "--scope", "interface")
    before = {path: os.stat(machine.path(path)) for path in (LEVELS, WISH, UNIT)}
    assert machine.run(program, *again).stdout.startswith("nothing to do\n")
    for path, known in before.items():
        now = os.stat(machine.path(path))
        assert (now.st_ino, now.st_mtime_ns, now.st_ctime_ns) == (known.st_ino, known.st_mtime_ns, known.st_ctime_ns), path


@pytest.mark.parametrize("letter, flags, cause", [("i", "10", "it is immutable"), ("a", "20", "it is append-only")])
def test_an_attribute_that_forbids_changes_is_named(machine, program, letter, flags, cause):
    """Only the machine's own root may set it, so strace puts it into what the kernel says of every inode."""
    files = machine.files()
    done = machine.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=ioctl",
                       "-e", f"inject=ioctl:poke_exit=@arg3={flags}00000000000000:when=3+", program, *OTHERWISE, check=False)
    assert (done.returncode, cause in done.stderr, f"chattr -{letter}" in done.stderr) == (FAILED, True, True), done
    assert machine.files() == files


@pytest.mark.parametrize("command", [OTHERWISE, ("unpersist",), ("apply", "--persist", *OTHERWISE[1:]), ("undo", "--persist"), ("restore",)], ids=lambda c: c[0])
def test_an_ordinary_user_is_refused_and_told_what_is_needed(machine, program, tmp_path, command):
    if not sandbox.knows_everybody():
        pytest.skip("only root can be somebody else: run this one as root")
    runnable = machine.path("/run/lvsarp-program")
    shutil.copy(program, runnable)
    files, state = machine.files(), machine.state()
    done = machine.run("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "/run/lvsarp-program", *command, check=False)
    assert done.returncode == FAILED, done
    assert "hint: " in done.stderr and ("root" in done.stderr or "CAP_" in done.stderr), done
    assert (machine.files(), machine.state()) == (files, state)
