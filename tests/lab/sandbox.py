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


def enter(everybody=False):
    """Move this process into its own namespaces; do nothing if it already did so.

    There it is root, and nobody else is known; with `everybody` other users are too, if it is root outside.
    """
    global _entered_by
    if _entered_by == os.getpid():
        return
    _unshare(everybody and os.geteuid() == 0)
    try:
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", b"tmpfs", b"/run", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755")
        os.mkdir("/run/netns")
    except OSError as error:
        raise SandboxError(f"cannot mount a private /run: {error.strerror}") from error
    _entered_by = os.getpid()


def knows_everybody():
    """Whether the sandbox has users beside root."""
    with open("/proc/self/uid_map") as file:
        return int(file.read().split()[2]) > 1


def _unshare(everybody):
    uid, gid = os.geteuid(), os.getegid()
    if everybody:
        outside = _Outside()
    try:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
    except OSError as error:
        if uid == 0 and _unshare_as_root():
            return
        raise SandboxError(_why(error)) from error
    if everybody:
        outside.let_everybody_in()
        return
    try:
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{file}", "w") as stream:
                stream.write(text)
    except OSError as error:
        raise SandboxError(f"cannot write /proc/self/{file} of a new user namespace: {error.strerror}") from error


class _Outside:
    """A child that stays outside, because only from there users can be mapped whom the process is not."""

    USERS = "0 0 65536"

    def __init__(self):
        ours, (reader, self._go) = os.getpid(), os.pipe()
        self._child = os.fork()
        if self._child == 0:
            status = 1
            try:
                os.close(self._go)
                if os.read(reader, 1):
                    for file in ("uid_map", "gid_map"):
                        with open(f"/proc/{ours}/{file}", "w") as stream:
                            stream.write(self.USERS)
                    status = 0
            finally:
                os._exit(status)
        os.close(reader)

    def let_everybody_in(self):
        os.write(self._go, b"x")
        os.close(self._go)
        if os.waitpid(self._child, 0)[1] != 0:
            raise SandboxError("cannot map users into a new user namespace")


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
