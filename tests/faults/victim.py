"""A host that faults happen to: what it looks like before, after, and how a run on it is judged."""
import glob
import os
import subprocess

from lab import sandbox
from lab.namespaces import Namespace, veth

VIP, THERE_BEFORE, PREFIX = "192.0.2.10", "192.0.2.20", "198.51.100.0/28"
# With scope host the address that was there before must be deleted and added again, since the kernel cannot change a scope.
APPLY = ("apply", "--vip", VIP, "--vip", THERE_BEFORE, "--prefix", PREFIX, "--address-scope", "host")
UNDO, CHECK = ("undo",), ("check",)


def a_share(points, turn, of):
    """Every so many-th of the points, beginning with this turn; all of them with LVSARP_FAULTS=all."""
    return points if os.environ.get("LVSARP_FAULTS") == "all" else points[turn::of]


class Victim:
    """A namespace with levels, an address and a route of its own, on which lvsarp then acts."""

    def __init__(self, program):
        self.program = program
        self._number = 0
        self._build()

    def _build(self):
        self._number += 1
        self.host, self._peer = Namespace(f"rs{self._number}"), Namespace(f"peer{self._number}")
        for place in self.host, self._peer:
            place.set_sysctl("net/ipv6/conf/default/disable_ipv6", 1)  # no link-local address that appears later
        veth(self._peer, self.host)
        self.host.ip("addr add 192.0.2.11/24 dev eth0")
        self.host.ip(f"addr add {THERE_BEFORE}/32 dev lo label lo:old")
        self.host.ip("route add local 203.0.113.0/28 dev lo")  # hand-made, and not ours
        self.host.set_conf("eth0", "arp_ignore", 4)
        self.host.set_conf("eth0", "arp_announce", 1)
        self.before = self.state()
        self.lvsarp(*APPLY)
        self.after = self.state()
        self.lvsarp(*UNDO)
        assert self.after != self.before, "apply changed nothing"
        assert self.state() == self.before, f"undo left {self.changes(self.before)}"

    def delete(self):
        self.host.delete()
        self._peer.delete()

    def rebuild(self):
        """A new host after a fault that the old one did not survive as it should."""
        self.delete()
        for path in journals():
            os.unlink(path)
        self._build()

    def lvsarp(self, *command, check=True):
        return self.host.run(self.program, *command, check=check)

    def command(self, command):
        return self.program, *command

    def state(self):
        """All that apply and undo may touch, as the kernel shows it: {thing: value}."""
        found = {f"{interface}/{key}": self.host.conf(interface, key)
                 for interface in self.host.interfaces() for key in ("arp_ignore", "arp_announce")}
        for interface in self.host.ip_json("addr show"):
            found[f"addresses of {interface['ifname']}"] = [address(info) for info in interface["addr_info"]]
        for route in self.host.ip("route show table all").splitlines():
            found[f"route: {route.strip()}"] = "there"
        return found

    def changes(self, wanted):
        """How the host differs from a state, in words."""
        now = self.state()
        return ", ".join(f"{thing}: {now.get(thing)} instead of {wanted.get(thing)}"
                         for thing in sorted(now.keys() | wanted.keys()) if now.get(thing) != wanted.get(thing))

    def loud(self):
        """Whether the VIP is bound while a level is not yet, or no longer, what apply makes it."""
        now = self.state()
        bound = any(PREFIX in thing or VIP in str(value) for thing, value in now.items())
        return bound and any(now[thing] != level for thing, level in self.after.items() if isinstance(level, int))

    def which(self):
        """'before', 'after', or what is neither."""
        now = self.state()
        if now == self.before:
            return "before"
        if now == self.after:
            return "after"
        return f"neither (against before: {self.changes(self.before)}; against after: {self.changes(self.after)})"


def address(info):
    """An address with all that `ip -j` tells about it, in a few words; 'for ever' is left out."""
    rest = {key: value for key, value in info.items() if value != 0xFFFFFFFF and key not in ("family", "local", "prefixlen")}
    return " ".join([f"{info['local']}/{info['prefixlen']}", *(f"{key} {value}" for key, value in rest.items())])


def journals():
    """What lies in /run/lvsarp beside the locks."""
    return [path for path in glob.glob("/run/lvsarp/*") if not path.endswith(".lock")]


_victim = None  # one a process


def prepare(program, kind=Victim):
    """Make this process's Victim, or another host to hurt."""
    global _victim
    sandbox.enter()
    _victim = kind(program)


def ask(question, *arguments):
    """Put a question to this process's Victim."""
    return question(_victim, *arguments)


def hurt(deed, *arguments):
    """Do a deed to this process's Victim; the complaints about what it looks like then.

    A complaint gives the next deed a new host, so that one fault does not spoil the verdict on another.
    """
    try:
        complaints = deed(_victim, *arguments)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        complaints = [f"{deed.__name__} {' '.join(map(str, arguments))}: {error}"]
    if complaints:
        _victim.rebuild()
    return complaints
