"""List the system calls of a command, and run it with one of them killed or failed (strace -e inject)."""
import re
import tempfile
from collections import Counter
from dataclasses import dataclass

LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")
# The first call that is the program's own business and not the start of a process.
BUSINESS = re.compile(r"/run/|NETLINK|ns/net|/proc/sys|NETNS_COOKIE")
# Errors that each call may really give. A name that is not here gets OTHERS.
ERRORS = {
    "openat": ("EROFS", "EMFILE"),
    "read": ("EIO", "EINTR"),
    "write": ("ENOSPC", "EPERM"),
    "close": ("EIO", "EINTR"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "rename": ("EROFS", "ENOSPC"),
    "renameat": ("EROFS", "ENOSPC"),
    "renameat2": ("EROFS", "ENOSPC"),
    "unlink": ("EROFS", "EACCES"),
    "unlinkat": ("EROFS", "EACCES"),
    "mkdir": ("EROFS", "EACCES"),
    "mkdirat": ("EROFS", "EACCES"),
    "ftruncate": ("ENOSPC", "EIO"),
    "flock": ("EINTR", "ENOLCK"),
    "socket": ("EPERM", "EMFILE"),
    "bind": ("EPERM", "ENOMEM"),
    "sendto": ("ENOBUFS", "EPERM"),
    "sendmsg": ("ENOBUFS", "EPERM"),
    "recvfrom": ("ENOBUFS", "EINTR"),
    "recvmsg": ("ENOBUFS", "EINTR"),
    "getsockopt": ("EPERM", "ENOMEM"),  # ENOPROTOOPT is no fault but an old kernel: see OLD_KERNEL
    "getrandom": ("EINTR", "ENOSYS"),
    "setsockopt": ("ENOPROTOOPT", "ENOMEM"),
    "membarrier": ("EPERM", "ENOSYS"),
    "poll": ("EINTR", "ENOMEM"),
    "ppoll": ("EINTR", "ENOMEM"),
    "mmap": ("ENOMEM",),
    "mremap": ("ENOMEM",),
    "munmap": ("ENOMEM",),
    "madvise": ("ENOMEM",),
    "brk": ("retval=0",),  # it fails by its value, not by an error
}
OTHERS = ("EPERM", "ENOMEM")
MEMORY = {"mmap", "mremap", "brk", "munmap", "madvise"}
NEVER_FAIL = {"exit", "exit_group", "execve"}  # calls that cannot fail, or have not begun the program
# A run that does not end is ended, with the program in it, by `timeout`, whose status is then ENDLESS_RUN.
STRACE = ("timeout", "30", "strace", "-f", "-qq", "-o", "/dev/null")
ENDLESS_RUN = 124
# Only the calls that matter stop the program: four times as fast. Signals are not delivered at such a stop.
QUICK = (*STRACE, "--seccomp-bpf")
# A prefix that makes the kernel look as if it had no SO_NETNS_COOKIE, as before 5.14.
OLD_KERNEL = (*QUICK, "-e", "trace=getsockopt", "-e", "inject=getsockopt:error=ENOPROTOOPT")


@dataclass(frozen=True)
class Call:
    """The n-th system call of a name in one run of a command."""

    name: str
    number: int
    text: str

    def __str__(self):
        return f"{self.name} number {self.number}: {self.text[:100]}"

    @property
    def tells(self):
        """Whether it writes to the standard output or the standard error."""
        return self.name == "write" and self.text.startswith(("1,", "2,"))


def every_call(run, command):
    """The Calls of a command, in order."""
    with tempfile.NamedTemporaryFile(prefix="calls.") as file:
        run("strace", "-f", "-qq", "-s", "120", "-o", file.name, *command, check=False)
        lines = file.read().decode(errors="replace").splitlines()
    seen, found = Counter(), []
    for line in lines:
        if match := LINE.match(line):
            name = match[1]
            seen[name] += 1
            found.append(Call(name, seen[name], match[2]))
    return found


def calls(run, command):
    """The Calls of a command, in order, from the program's start on; and where its own business begins among them."""
    found = every_call(run, command)
    libraries = [place for place, call in enumerate(found) if call.name == "openat" and re.search(r"\.so[.\d]*\"", call.text)]
    # After the last library the loader gives back its cache file; with no library the program starts at once.
    start = next(place for place, call in enumerate(found)
                 if not libraries or (place > libraries[-1] and call.name == "munmap")) + 1
    own = [call for call in found[start:] if call.name != "execve"]
    business = next(place for place, call in enumerate(own) if BUSINESS.search(call.text))
    return own, business


def killed_at(run, call, command):
    """Run the command; SIGKILL ends it where it makes this call, which is not carried out."""
    return run(*STRACE, *_inject(call, "signal=SIGKILL"), *command, check=False)


def failed_at(run, call, error, command, again=False):
    """Run the command; this call fails, and with `again` so does every later one of its name."""
    what = error if "=" in error else f"error={error}"
    return run(*QUICK, *_inject(call, what, "+" if again else ""), *command, check=False)


def _inject(call, what, later=""):
    return "-e", f"trace={call.name}", "-e", f"inject={call.name}:{what}:when={call.number}{later}"
