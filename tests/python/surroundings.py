"""Bad surroundings for a child process: no privilege, a read-only /proc/sys, a read-only /run."""

from lab.sandbox import CLONE_NEWNS, CLONE_NEWUSER, MS_PRIVATE, MS_REC, call

MS_RDONLY, MS_REMOUNT, MS_BIND = 0x1, 0x20, 0x1000


def without_privilege():
    """A user namespace of its own: this process has no capability over the network namespace any more."""
    call("unshare", CLONE_NEWUSER)


def read_only_proc_sys():
    """As in most containers."""
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"/proc/sys", b"/proc/sys", None, MS_BIND | MS_REC, None)
    call("mount", b"none", b"/proc/sys", None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)


def read_only(path):
    """This mount point is read-only for this process alone."""
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"none", path.encode(), None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)


def read_only_run():
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"tmpfs", b"/run", b"tmpfs", MS_RDONLY, None)
