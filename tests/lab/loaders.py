"""The real programs that read sysctl files, in a root directory and network namespaces of their own, beside the resolver.

A `Lab` changes the root of its process: make it in a child. What it runs sees the system's /usr, but a /etc, a /run and sysctl directories that
hold one tree of files and nothing else.
"""
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from .sandbox import CLONE_NEWNET, CLONE_NEWNS, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC, call

CONF = "/proc/sys/net/ipv4/conf"
KEYS = ("arp_announce", "arp_ignore")
BUILT = Path(__file__).resolve().parents[2] / "target" / "release" / "examples" / "lvsarp_resolve"
MS_BIND = 0x1000
OURS = ("/etc", "/run", "/usr/lib/sysctl.d", "/usr/local/lib", "/lib")
TIMEOUT = 20  # seconds for one run of a program, which takes milliseconds
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C", "SYSTEMD_LOG_TARGET": "console",
               "LD_LIBRARY_PATH": "/usr/lib/systemd:/usr/lib/x86_64-linux-gnu/systemd"}

RTM_NEWLINK, RTM_NEWADDR, NLMSG_ERROR = 16, 20, 2
NLM_F_NEW = 0x1 | 0x4 | 0x200 | 0x400  # REQUEST, ACK, EXCL, CREATE
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND, IFA_LOCAL = 3, 18, 1, 2
IFF_UP = 1
LINK_KINDS = (b"ifb", b"dummy", b"bridge")


class LabError(RuntimeError):
    """The lab itself does not work here."""


def resolver():
    """The resolver's path: $LVSARP_RESOLVE_BIN or the release build; a clear error where it is not there."""
    path = Path(os.environ.get("LVSARP_RESOLVE_BIN") or BUILT).resolve()
    if not os.access(path, os.X_OK):
        raise LabError(f"cannot run {path}: build it with `cargo build --release -p lvsarp --example lvsarp_resolve`"
                       " or set LVSARP_RESOLVE_BIN")
    return str(path)


class Loaders:
    """The programs below one /usr and their versions, named as the resolver names them."""

    def __init__(self, usr="/usr", systemd="lib/systemd/systemd-sysctl", sysctl="sbin/sysctl", busybox=None):
        self.usr = usr
        self._programs = {}
        for kind, path, pattern in (("systemd-sysctl", systemd, r"systemd (\d+)"), ("procps", sysctl, r"procps-ng (\S+)"),
                                    ("procps -p", sysctl, r"procps-ng (\S+)"), ("busybox", busybox, r"BusyBox v(\S+)")):
            if path:
                self._programs[kind] = (f"/usr/{path}", pattern)

    @property
    def kinds(self):
        return tuple(self._programs)

    def name(self, kind):
        """The program and its own version, such as `procps 4.0.2`."""
        path, pattern = self._programs[kind]
        words = [path] if kind == "busybox" else [path, "--version"]
        done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT)
        found = re.search(pattern, done.stdout + done.stderr)
        if not found:
            raise LabError(f"{path} does not tell its version: {done.stdout}{done.stderr}")
        return f"{kind} {found[1]}"

    def command(self, kind, tree, prefixes=()):
        path, _ = self._programs[kind]
        if kind == "systemd-sysctl":
            return [path, *(f"--prefix={prefix}" for prefix in prefixes), *tree.get("arguments", ())]
        if kind == "procps":
            return [path, "-q", "--system"]
        if kind == "procps -p":
            return [path, "-q", "-p", *tree["p_files"]]
        return [path, "sysctl", "-p", *tree["p_files"]]


class Lab:
    """One root directory; a network namespace for each run."""

    def __init__(self, place, loaders=None):
        self.loaders = loaders or Loaders()
        self._make_root(place)
        # The resolver keeps the root that this process is about to leave, and sees its mounts.
        self._resolver = subprocess.Popen([resolver()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._place = place
        self.seen = {}  # the values at the end of the last comparison
        os.chroot(place)
        os.chdir("/")
        self.names = {kind: self.loaders.name(kind) for kind in self.loaders.kinds}
        self._inherited, self._taken_back = self._neutral()

    def close(self):
        self._resolver.stdin.close()
        self._resolver.wait()

    def differences(self, tree, kind):
        """Where the program and the resolver differ: [(moment, key, seen, said)]."""
        seen = self.observe(tree, kind)
        said = self.say(tree, kind)
        self.seen = seen.get("late") or seen["values"]
        if "error" in said:
            return [("error", said["error"], None, None)]
        found = []
        for moment in ("values", "late"):
            one, other = seen.get(moment) or {}, said.get(moment) or {}
            found += [(moment, key, one.get(key), other.get(key)) for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
        return found

    def say(self, tree, kind):
        """What the resolver says of the tree that was observed last."""
        question = {"root": self._place, "loader": self.names[kind], "kernel": os.uname().release,
                    "inherited": self._inherited, "first": self._taken_back + tree.get("first", [])}
        question |= {field: tree[field] for field in ("interfaces", "addresses", "before", "late") if tree.get(field)}
        if kind == "systemd-sysctl":
            question |= {"prefixes": tree.get("prefixes", []), "files": tree.get("arguments", [])}
        elif kind != "procps":
            question["files"] = tree["p_files"]
        self._resolver.stdin.write(json.dumps(question).encode() + b"\n")
        self._resolver.stdin.flush()
        return json.loads(self._resolver.stdout.readline())

    def observe(self, tree, kind):
        """What the program made of a tree: {"values": {"lo/arp_ignore": 1}, "late": ...}."""
        self._write(tree)
        with Network() as network:
            for write in self._taken_back + tree.get("first", []):
                network.write(*write)
            for name in tree.get("interfaces", []):
                network.add(name)
            for name in tree.get("addresses", []):
                network.address(name)
            for write in tree.get("before", []):
                network.write(*write)
            self._run(self.loaders.command(kind, tree, tree.get("prefixes", ())))
            seen = {"values": network.values()}
            if tree.get("late"):
                for name in tree["late"]:
                    network.add(name)
                    if kind == "systemd-sysctl":
                        self._run(self.loaders.command(kind, {}, [f"/net/ipv4/conf/{name}"]))
                seen["late"] = network.values()
        return seen

    def _run(self, words):
        null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
        process = os.posix_spawn(words[0], words, ENVIRONMENT, file_actions=null)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(process, signal.SIGKILL))
        signal.alarm(TIMEOUT)
        try:
            _, status = os.waitpid(process, 0)
        finally:
            signal.alarm(0)
        if os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 127:
            raise LabError(f"{words} ended with {os.waitstatus_to_exitcode(status)}")

    def _neutral(self):
        """What of the machine's own settings a new namespace inherits: writes that had this effect, and writes that take the values back."""
        inherited, writes = [], []
        with Network() as network:
            network.add("probe")
            values = network.values()
            for key in KEYS:
                writes += [[scope, key, "0\n"] for scope in ("all", "default", "lo") if values[f"{scope}/{key}"] != 0]
                network.write("default", key, "7\n")
                if network.values()[f"probe/{key}"] != 7:
                    inherited.append(["default", key, f"{values[f'default/{key}']}\n"])
        return inherited, writes

    def _make_root(self, place):
        call("unshare", CLONE_NEWNS | CLONE_NEWNET)
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755")
        for name in ("etc", "run", "usr", "proc", "dev", "vendor", "local"):
            os.mkdir(f"{place}/{name}")
        for name in ("bin", "sbin", "lib", "lib64"):
            os.symlink(f"usr/{name}", f"{place}/{name}")
        open(f"{place}/dev/null", "w").close()
        for source, target in ((self.loaders.usr, "usr"), ("/proc", "proc"), ("/dev/null", "dev/null"),
                               (f"{place}/vendor", "usr/lib/sysctl.d"), (f"{place}/local", "usr/local/lib")):
            call("mount", source.encode(), f"{place}/{target}".encode(), None, MS_BIND | MS_REC, None)

    def _write(self, tree):
        """Make the tree's files, and no others, be there."""
        for directory in OURS[:-1]:
            with os.scandir(directory) as entries:
                for entry in entries:
                    shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
        if not os.path.islink("/lib"):
            shutil.rmtree("/lib")
        else:
            os.unlink("/lib")
        if tree.get("split"):
            os.mkdir("/lib")
            os.symlink("../usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu")
        else:
            os.symlink("usr/lib", "/lib")
        for path, content in tree["files"].items():
            path = path.encode("latin-1")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if isinstance(content, str):
                with open(path, "wb") as file:
                    file.write(content.encode("latin-1"))
            elif "link" in content:
                os.symlink(content["link"].encode("latin-1"), path)
            else:
                os.mkdir(path)


class Network:
    """A new network namespace of this process, and its interfaces."""

    def __enter__(self):
        call("unshare", CLONE_NEWNET)
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        return self

    def __exit__(self, *_):
        self._socket.close()

    def add(self, name):
        """A new interface, down and without an address: of a kind that is quickly gone, or a bridge, which every kernel has."""
        for kind in LINK_KINDS:
            info = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, kind))
            try:
                return self._ask(RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(IFLA_IFNAME, name.encode() + b"\0") + info)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP or kind == LINK_KINDS[-1]:
                    raise

    def address(self, name):
        """An address for an interface; for lo, it goes up and gets its own."""
        index = socket.if_nametoindex(name)
        if name == "lo":
            return self._ask(RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, index, IFF_UP, IFF_UP), 0x5)
        self._ask(RTM_NEWADDR, struct.pack("=BBBBi", socket.AF_INET, 32, 0, 0, index) + attribute(IFA_LOCAL, b"\xc0\x00\x02\x01"))

    def write(self, scope, key, text):
        """One write to a key; the kernel may refuse it."""
        fd = os.open(f"{CONF}/{scope}/{key}", os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        except OSError:
            pass
        finally:
            os.close(fd)

    def values(self):
        """{"lo/arp_ignore": 1, ...} of every scope."""
        values = {}
        for scope in os.listdir(CONF):
            for key in KEYS:
                fd = os.open(f"{CONF}/{scope}/{key}", os.O_RDONLY)
                values[f"{scope}/{key}"] = int(os.read(fd, 32))
                os.close(fd)
        return values

    def _ask(self, kind, body, flags=NLM_F_NEW):
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body)
        answer = self._socket.recv(1 << 16)
        length, kind = struct.unpack_from("=IH", answer)
        code = struct.unpack_from("=i", answer, 16)[0]
        if kind != NLMSG_ERROR or code != 0:
            raise OSError(-code, os.strerror(-code))


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def in_children(count, work):
    """Run work(number) in so many children; what each returned, as plain data. A child that fails fails the caller."""
    running = []
    for number in range(count):
        reader, writer = os.pipe()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                answer = {"done": work(number)}
            except BaseException as error:  # noqa: BLE001: the parent raises it
                answer = {"failed": f"{type(error).__name__}: {error}"}
            with os.fdopen(writer, "w") as stream:
                json.dump(answer, stream)
            os._exit(0)
        os.close(writer)
        running.append((child, reader))
    answers = []
    for child, reader in running:
        with os.fdopen(reader) as stream:
            answers.append(stream.read())
        os.waitpid(child, 0)
    results = [json.loads(answer or '{"failed": "the child was killed"}') for answer in answers]
    for result in results:
        if "failed" in result:
            raise LabError(result["failed"])
    return [result["done"] for result in results]
