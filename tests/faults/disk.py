"""A host with files that outlive a reboot: what persist and its like write and remove there, and how a run with a fault is judged."""
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.machine import files
from lab.namespaces import Namespace, veth
from strace_faults import ENDLESS_RUN, ERRORS, calls, failed_at, killed_at

VIP = "192.0.2.10"
ROOT = "/run/disk"
AT, PROGRAM = ("--root", ROOT), ("--program", "/usr/sbin/lvsarp")
# What no loader, no udev and no systemd takes for a file of its own.
TEMPORARY = re.compile(r"/\.lvsarp-[0-9a-f]{16}\.tmp$")
KILLED = -9
# Calls that change something, or begin to: killed at any other call, a command leaves what it leaves at the next of these.
CHANGES = {"mkdir", "mkdirat", "write", "fchmod", "fchown", "fsetxattr", "fsync", "rename", "renameat", "renameat2", "unlink", "unlinkat",
           "symlinkat", "exit_group"}
CANNOT_FAIL = {"close", "munmap", "mmap", "madvise", "brk", "getpid", "geteuid", "exit_group", "sigaltstack", "execve"}


@dataclass(frozen=True)
class Case:
    """A command, and the files and whether the VIP is applied, before and after it."""

    command: tuple
    before: tuple
    after: tuple


CASES = {
    "persist": Case(("persist", "--vip", VIP, *AT, *PROGRAM), ("nothing", False), ("new", False)),
    "persist over older files": Case(("persist", "--vip", VIP, *AT, *PROGRAM), ("old", False), ("new", False)),
    "unpersist": Case(("unpersist", *AT), ("new", False), ("nothing", False)),
    "apply --persist": Case(("apply", "--persist", "--vip", VIP, *AT, *PROGRAM), ("old", False), ("new", True)),
    "undo --persist": Case(("undo", "--persist", *AT), ("new", True), ("nothing", False)),
    "restore": Case(("restore", *AT), ("new", False), ("new", True)),
}


class Disk:
    """A namespace and a root directory on which lvsarp then acts."""

    def __init__(self, program):
        self.program = program
        self._number = 0
        self._build()

    def _build(self):
        self._number += 1
        self.host, self._peer = Namespace(f"rs{self._number}"), Namespace(f"peer{self._number}")
        veth(self._peer, self.host)
        self.host.ip("addr add 192.0.2.11/24 dev eth0")
        shutil.rmtree(ROOT, ignore_errors=True)
        self.trees, self.kernels = {}, {False: self.kernel()}
        self._empty({})
        self.trees["nothing"] = self.tree()
        self.lvsarp("persist", "--vip", "192.0.2.77", "--scope", "interface", *AT, "--program", "/usr/sbin/older")
        self.trees["old"] = self.tree()
        self._empty({})
        self.lvsarp("apply", "--persist", "--vip", VIP, *AT, *PROGRAM)
        self.trees["new"], self.kernels[True] = self.tree(), self.kernel()
        self.lvsarp("undo")
        assert self.kernel() == self.kernels[False]
        assert len(self.trees["old"]) == len(self.trees["new"]) == len(self.trees["nothing"]) + 5, self.trees

    def rebuild(self):
        """A new host after a fault that the old one did not survive as it should."""
        self.host.delete()
        self._peer.delete()
        shutil.rmtree("/run/lvsarp", ignore_errors=True)
        self._build()

    def lvsarp(self, *command, check=True):
        return self.host.run(self.program, *command, check=check)

    def start(self, case):
        """The host as a case finds it."""
        files, applied = case.before
        self._empty(self.trees["new"] if applied else self.trees[files])
        if applied:
            self.lvsarp("restore", *AT)

    def _empty(self, tree):
        """The root with these files, and a kernel that was only just started."""
        if self.kernel() != self.kernels[False]:
            self.lvsarp("undo")
        shutil.rmtree(ROOT, ignore_errors=True)
        for folder in "/etc/sysctl.d", "/etc/systemd/system", "/usr/lib/systemd":
            os.makedirs(ROOT + folder)
        for path, content in {"/usr/lib/systemd/systemd": b"", **tree}.items():
            os.makedirs(os.path.dirname(ROOT + path), exist_ok=True)
            if isinstance(content, Path):
                os.symlink(content, ROOT + path)
            else:
                Path(ROOT + path).write_bytes(content)

    def tree(self):
        return files(ROOT)

    def kernel(self):
        levels = {(scope, key): self.host.conf(scope, key) for scope in ("all", "lo", "eth0") for key in ("arp_ignore", "arp_announce")}
        return levels, VIP in self.host.ip("addr show dev lo")

    def which(self):
        """(name of the tree, whether it is applied); of what is neither a description."""
        tree, kernel = self.tree(), self.kernel()
        found = next((name for name, known in self.trees.items() if known == tree), f"files {sorted(tree)}")
        return found, next((applied for applied, known in self.kernels.items() if known == kernel), f"kernel {kernel}")


def listed(disk, name):
    """The calls of a case's command, and the place of its lock among them."""
    case = CASES[name]
    disk.start(case)
    found, _ = calls(disk.host.run, (disk.program, *case.command))
    assert disk.which() == case.after, disk.which()
    return found, next(at for at, call in enumerate(found) if call.name == "flock")


def changing(found):
    """The calls at which a kill can make a difference."""
    return [call for call in found if call.name in CHANGES or "O_CREAT" in call.text or "nlmsg_type=RTM_NEW" in call.text
            and call.name.startswith("send") or re.search("nlmsg_type=RTM_(SET|DEL)", call.text) and call.name.startswith("send")]


def failing(name, found, lock):
    """(call, error) for every call behind the lock that can fail, but those that only tell.

    Of those with which a command that acts on the running host looks at it every fifth: the tests of apply and undo have all of them.
    """
    able = [call for call in found[lock:] if call.name not in CANNOT_FAIL and not call.tells]
    if CASES[name].before[1] != CASES[name].after[1]:
        looking = [call for call in able if call.name in ("pread64", "sendto", "recvfrom", "socket", "setsockopt")
                   or call.name == "openat" and re.search("/arp_|/proc/sys|/[a-z_]+\", O_RDONLY", call.text)]
        able = [call for call in able if call not in looking or looking.index(call) % 5 == 0]
    return [(call, ERRORS.get(call.name, ("EPERM",))[0]) for call in able]


def killed(disk, name, call):
    """SIGKILL at a call: every file is the old or the new one, no other is of a name that is read, and the command run again completes it."""
    case = CASES[name]
    disk.start(case)
    done = killed_at(disk.host.run, call, (disk.program, *case.command))
    complaints = [] if done.returncode == KILLED else [f"not reached (status {done.returncode}): {done.stderr.strip()}"]
    complaints += _old_or_new(disk, case) + _silent(disk)
    again = disk.lvsarp(*case.command, check=False)
    if again.returncode != 0:
        complaints.append(f"run again it ended with {again.returncode}: {again.stderr.strip()}")
    if disk.which() != case.after:
        complaints.append(f"run again it left {disk.which()}")
    return [f"{name} killed at {call}: {complaint}" for complaint in complaints]


def failed(disk, name, call, error):
    """A call fails: either all was done, or the files are as they were and it says why."""
    case = CASES[name]
    disk.start(case)
    done = failed_at(disk.host.run, call, error, (disk.program, *case.command))
    complaints, which = _silent(disk), disk.which()
    if done.returncode == 0:
        complaints += [] if which == case.after else [f"a success that left {which}"]
    elif done.returncode == ENDLESS_RUN:
        complaints.append("it did not end")
    else:
        complaints += [] if "cannot" in done.stderr else [f"no 'cannot': {done.stderr.strip()!r}"]
        if case.command[0] == "undo":  # it may stop half-way, silent
            complaints += [] if which[0] == case.before[0] else [f"it left {which}"]
            disk.lvsarp(*case.command)
            complaints += [] if disk.which() == case.after else [f"run again it left {disk.which()}"]
        elif which != case.before:
            complaints.append(f"it left {which} with status {done.returncode}: {done.stderr.strip()!r}")
    return [f"{name} with {error} at {call}: {complaint}" for complaint in complaints]


def _old_or_new(disk, case):
    before, after = disk.trees[case.before[0]], disk.trees[case.after[0]]
    return [f"{path} is a third one: {content!r}" for path, content in disk.tree().items()
            if content not in (before.get(path), after.get(path)) and not TEMPORARY.search(path)] + [
                f"{path} is missing" for path in before.keys() & after.keys() - disk.tree().keys()]


def _silent(disk):
    levels, bound = disk.kernel()
    return [f"the VIP is bound and not silent: {levels}"] if bound and levels != disk.kernels[True][0] else []
