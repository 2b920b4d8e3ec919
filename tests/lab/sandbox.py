"""A process enters namespaces of its own, so that nothing it does can reach the machine.

`enter()` does what `unshare --user --map-root-user --net --mount` does, for root and for ordinary users, and puts an
empty tmpfs over /run, so that `ip netns add` and the journal of lvsarp stay private. There is no way back: what the
process does later, and every child of it, is in the sandbox too. A child that calls `enter()` gets one of its own.

    python3 -m lab.sandbox COMMAND...        runs a command in a sandbox
"""
import ctypes
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_REC, MS_PRIVATE, MS_NOSUID, MS_NODEV = 0x4000, 0x40000, 0x2, 0x4

LIBC = ctypes.CDLL(None, use_errno=True)
_entered_by = None  # the process that entered; a forked child is another one


class SandboxError(RuntimeError):
    """This machine does not allow the namespaces that the tests need."""


def call(name, *arguments):
    """Call a libc function; raise OSError where it returns -1."""
    result = getattr(LIBC, name)(*arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def enter():
    """Move this process into its own namespaces; do nothing if it already did so."""
    global _entered_by
    if _entered_by == os.getpid():
        return
    _unshare()
    try:
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", b"tmpfs", b"/run", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755")
        os.mkdir("/run/netns")
    except OSError as error:
        raise SandboxError(f"cannot mount a private /run: {error.strerror}") from error
    _entered_by = os.getpid()


def _unshare():
    uid, gid = os.geteuid(), os.getegid()
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
    except OSError as error:
        if uid == 0 and _unshare_as_root():
            return
        raise SandboxError(_why(error)) from error
    try:
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(text)
    except OSError as error:
        raise SandboxError(f"cannot write /proc/self/{file} of a new user namespace: {error.strerror}") from error


def _unshare_as_root():
    """Root needs no user namespace where only those are forbidden."""
    try:
        call("unshare", CLONE_NEWNET | CLONE_NEWNS)
    except OSError:
        return False
    return True


def _why(error):
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return f"cannot enter namespaces: this process has {threads} threads and a user namespace wants one"
    return (
        f"cannot enter namespaces: {error.strerror}\n"
        "These tests make their own user, network and mount namespaces. Run them as root, or allow user namespaces: "
        "sysctls user.max_user_namespaces (not 0), kernel.unprivileged_userns_clone (1 where it exists), "
        "kernel.apparmor_restrict_unprivileged_userns (0 where it exists); in a container, --privileged."
    )


if __name__ == "__main__":
    try:
        enter()
    except SandboxError as error:
        sys.exit(f"sandbox: {error}")
    os.execvp(sys.argv[1], sys.argv[1:])
