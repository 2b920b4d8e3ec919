"""A host that changes its role, and how a switch that suffers a fault is judged."""
import os
import socket
import struct
from dataclasses import dataclass

from disk import CANNOT_FAIL, changing
from lab.namespaces import Namespace, veth
from strace_faults import ENDLESS_RUN, ERRORS, calls, failed_at, killed_at
from victim import address, journals

VIPS = VIP, VIP6 = "192.0.2.10", "2001:db8::10"
LEVELS = {"arp_ignore": 1, "arp_announce": 2}
PROMOTE = ("promote", *VIPS, "--on", "eth0", "--no-announce")
DEMOTE = ("demote", *VIPS, "--on", "eth0")
CHECK, UNDO = ("check",), ("undo",)
APPLY = ("apply", "--vip", ",".join(VIPS))
KILLED = -9


@dataclass(frozen=True)
class Case:
    """A switch: the device on which the VIPs are by hand, what was done since, the command, and the device that the VIPs leave by it."""

    by_hand: str
    earlier: tuple
    command: tuple
    leaves: str

    @property
    def opposite(self):
        return DEMOTE if self.command == PROMOTE else PROMOTE


CASES = {
    "promote": Case("lo", (), PROMOTE, "lo"),
    "demote": Case("eth0", (), DEMOTE, "eth0"),
    "demote after promote": Case("lo", (PROMOTE,), DEMOTE, "eth0"),
}


class Node:
    """A namespace in which the VIPs are on one device, and a socket that hears of every address that comes and goes."""

    def __init__(self, case, program, number):
        self.case, self.program = case, program
        self.host, self._peer = Namespace(f"node{number}"), Namespace(f"peer{number}")
        for place in self.host, self._peer:
            place.set_sysctl("net/ipv6/conf/default/disable_ipv6", 1)  # no link-local address that appears later
        veth(self._peer, self.host)
        self.host.ip("link set eth0 addrgenmode none")
        self.host.set_sysctl("net/ipv6/conf/eth0/disable_ipv6", 0)
        self.host.ip("addr add 192.0.2.11/24 dev eth0")
        if case.by_hand == "lo":
            for key, level in LEVELS.items():
                self.host.set_conf("all", key, level)
        self.host.ip(f"addr add {VIP}/32 dev {case.by_hand} label {case.by_hand}:v")
        self.host.ip(f"addr add {VIP6}/128 dev {case.by_hand} nodad")
        with self.host.entered():
            self._events = Events()
        self.by_hand = self.state()
        self.start()
        self.before = self.state()
        self.lvsarp(*case.command)
        self.after = self.state()
        self.lvsarp(*UNDO)
        assert self.state() == self.by_hand, (self.state(), self.by_hand)
        assert self.after[0] != self.before[0]

    def delete(self):
        self._events.close()
        self.host.delete()
        self._peer.delete()

    def start(self):
        """As the command finds it; it was as by hand."""
        for command in self.case.earlier:
            self.lvsarp(*command)
        self.came_and_went()

    def lvsarp(self, *command, check=True):
        return self.host.run(self.program, *command, check=check)

    def command(self):
        return self.program, *self.case.command

    def state(self):
        """(what has the VIPs, with all that `ip` tells about them; the levels)."""
        found = {(row["ifname"], info["local"]): address(info).replace(" tentative True", "")
                 for row in self.host.ip_json("addr show") for info in row["addr_info"] if info["local"] in VIPS}
        return found, {(scope, key): self.host.conf(scope, key) for scope in ("all", "lo", "eth0") for key in LEVELS}

    def came_and_went(self):
        """[(came, device, VIP)] since it was asked last."""
        return self._events.heard()

    def loud(self):
        """Whether lo has the IPv4 VIP at levels at which eth0 answers for it."""
        places, levels = self.state()
        return ("lo", VIP) in places and any(max(levels["all", key], levels["eth0", key]) < level for key, level in LEVELS.items())


class Nodes:
    """A Node for each case."""

    def __init__(self, program):
        self._program, self._number = program, 0
        self._build()

    def _build(self):
        self._number += 1
        self._nodes = {name: Node(case, self._program, f"{self._number}-{at}") for at, (name, case) in enumerate(CASES.items())}

    def rebuild(self):
        """New hosts after a fault that an old one did not survive as it should."""
        for node in self._nodes.values():
            node.delete()
        for path in journals():
            os.unlink(path)
        self._build()

    def __getitem__(self, name):
        return self._nodes[name]


class Events:
    """The kernel's messages about the VIPs' addresses in the namespace of the calling thread (include/uapi/linux/rtnetlink.h)."""

    NEW, DEL, LOCAL, ADDRESS = 20, 21, 2, 1
    GROUPS = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR

    def __init__(self):
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._socket.bind((0, self.GROUPS))
        self._names = dict(socket.if_nameindex())

    def close(self):
        self._socket.close()

    def heard(self):
        heard = []
        while True:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                return heard
            size, kind = struct.unpack_from("=IH", data)
            family, index = data[16], *struct.unpack_from("=I", data, 20)
            attributes, at = {}, 24
            while at < size:
                length, name = struct.unpack_from("=HH", data, at)
                attributes[name] = data[at + 4:at + length]
                at += (length + 3) & ~3
            local = socket.inet_ntop(family, attributes.get(self.LOCAL) or attributes[self.ADDRESS])
            if local in VIPS:
                heard.append((kind == self.NEW, self._names[index], local))


def listed(nodes, name):
    """The system calls of a case's command, from its lock on."""
    node = nodes[name]
    node.start()
    found, _ = calls(node.host.run, node.command())
    node.lvsarp(*UNDO)
    return found[next(at for at, call in enumerate(found) if call.name == "flock"):]


def listed_after_kill(nodes, name, call):
    """The same of the command that is called again after a kill."""
    node = nodes[name]
    node.start()
    killed_at(node.host.run, call, node.command())
    found, _ = calls(node.host.run, node.command())
    node.lvsarp(*UNDO)
    return found[next(at for at, call in enumerate(found) if call.name == "flock"):]


def rescues(name, at):
    """What comes after the kill at the change of this number: the same command, and some of the others."""
    case = CASES[name]
    others = UNDO, case.opposite
    if case.command == DEMOTE:
        return case.command, CHECK, APPLY, others[at % 2]
    return case.command, (CHECK, *others)[at % 3]


def failing(found):
    """(call, error): those that change something, and of those that look only every sixth, because apply's test has all of them."""
    able = [call for call in found if call.name not in CANNOT_FAIL and not call.tells]
    change = set(changing(able))
    look = [call for call in able if call not in change]
    return [(call, ERRORS.get(call.name, ("EPERM",))[0]) for call in [*change, *look[::6]]]


def killed(nodes, name, points, rescue):
    """SIGKILL at a call, and where there are more of them at those of the same command called again; then comes the rescue."""
    node = nodes[name]
    node.start()
    complaints = []
    for call in points:
        done = killed_at(node.host.run, call, node.command())
        complaints += [] if done.returncode == KILLED else [f"not reached (status {done.returncode}): {done.stderr.strip()}"]
        complaints += _silent(node)
    by_killed = node.came_and_went()
    left = {vip for new, device, vip in by_killed if not new and device == node.case.leaves}
    told = node.lvsarp(*UNDO, "--dry-run").stdout if rescue == UNDO else None
    done = node.lvsarp(*rescue, check=False)
    if told is not None and told.removeprefix("would:\n") != done.stdout:
        complaints.append(f"the dry run told {told!r} and it did {done.stdout!r}")
    # Of an owner check says that it answers, and apply is refused.
    may_say_no = rescue == CHECK or rescue == APPLY and not left
    if done.returncode not in ((0, 1) if may_say_no else (0,)):
        complaints.append(f"{rescue[0]} ended with {done.returncode}: {done.stderr.strip()}")
    by_rescue = node.came_and_went()
    came = by_killed + by_rescue
    complaints += _always_local(node, came) + _silent(node)
    case, now = node.case, node.state()
    if rescue == case.command:
        complaints += [f"{vip} came back to {device} on the way" for new, device, vip in came if new and device == case.leaves]
        complaints += _is(now, [node.after])
    elif rescue == case.opposite:
        complaints += _is(now[:1], [node.before[:1]])
    elif rescue == UNDO:
        complaints += _is(now, [node.by_hand])
    elif case.command == DEMOTE:
        complaints += _is(now, [node.after if left else node.before])
    else:
        complaints += _is(now, [node.before, node.after])
    # The call that was killed may have told others that they own it by then. Undo puts an owner back that was made by hand, promote makes one.
    if case.command == DEMOTE and not (rescue == case.opposite or rescue == UNDO and case.by_hand == "eth0"):
        complaints += [f"{vip} was bound on {device} again" for new, device, vip in by_rescue if new and device == case.leaves]
    places = " and ".join(map(str, points))
    return [f"{name} killed at {places}, then {rescue[0]}: {complaint}" for complaint in complaints + _back(node)]


def failed(nodes, name, call, error):
    """A call fails: either all was done, or it is rolled back and says why."""
    node = nodes[name]
    node.start()
    done = failed_at(node.host.run, call, error, node.command())
    complaints = _always_local(node, node.came_and_went()) + _silent(node)
    if done.returncode == 0:
        complaints += _is(node.state(), [node.after])
    elif done.returncode == ENDLESS_RUN:
        complaints.append("it did not end")
    else:
        complaints += _is(node.state(), [node.before])
        complaints += [] if "cannot" in done.stderr else [f"no 'cannot': {done.stderr.strip()!r}"]
    return [f"{name} with {error} at {call}: {complaint}" for complaint in complaints + _back(node)]


def _silent(node):
    return [f"lo has the VIP and eth0 answers for it: {node.state()}"] if node.loud() else []


def _always_local(node, came_and_went):
    """No VIP has left its last device before it came to the next."""
    places, complaints = set(node.before[0]), []
    for came, device, vip in came_and_went:
        (places.add if came else places.discard)((device, vip))
        if not any(local == vip for _, local in places):
            complaints.append(f"{vip} was on no device: {came_and_went}")
    return complaints


def _is(now, allowed):
    return [] if now in allowed else [f"{now} instead of {' or '.join(map(str, allowed))}"]


def _back(node):
    """Undo leaves what was there by hand; and where a file was left behind, the next command and undo leave none."""
    if node.state() != node.by_hand:
        node.lvsarp(*UNDO)
    complaints = _is(node.state(), [node.by_hand])
    if journals():
        for command in (*node.case.earlier, node.case.command, UNDO):
            node.lvsarp(*command)
        complaints += _is(node.state(), [node.by_hand]) + [f"undo left {path}" for path in journals()]
    node.came_and_went()
    return complaints
