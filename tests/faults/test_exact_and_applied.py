"""An apply that also removes, and one for a block, killed at every call that changes something: the host is as before or as after."""
import sys

import pytest
from lab.namespaces import Namespace, veth
from strace_faults import every_call, killed_at
from victim import journals

FIRST = ("apply", "--vip", "192.0.2.10,192.0.2.20", "--prefix", "198.51.100.0/28")
EXACT = ("apply", "--exact", "--vip", "192.0.2.20,192.0.2.30")
# The same change, made for a block and taken back.
BLOCK = """
import os, lvsarp
host = lvsarp.Host()
with host.applied(["192.0.2.20", "192.0.2.30"], exact=True):
    os.write(1, b"in the block\\n")
"""
CHANGING = ("sendto", "sendmsg", "rename", "renameat2", "unlink", "unlinkat", "fsync")


class Server:
    """A real server with an apply on it, and what it looks like."""

    def __init__(self, host, program):
        self.host, self.program = host, program
        self.plain = self.state()
        self.lvsarp(*FIRST)
        self.before = self.state()
        self.lvsarp(*EXACT)
        self.after = self.state()
        self.again()
        assert len({str(state) for state in (self.plain, self.before, self.after)}) == 3

    def lvsarp(self, *words, check=True):
        return self.host.run(self.program, *words, check=check)

    def again(self):
        """As it is before the command that is to be killed."""
        self.lvsarp("undo")
        assert self.state() == self.plain and not journals()
        self.lvsarp(*FIRST)
        assert self.state() == self.before

    def state(self):
        levels = {f"{i}/{k}": self.host.conf(i, k) for i in ("all", "lo", "eth0") for k in ("arp_ignore", "arp_announce")}
        addresses = sorted(a["local"] for i in self.host.ip_json("addr show") for a in i["addr_info"])
        return levels, addresses, self.host.ip("route show table local 198.51.100.0/28").strip()


@pytest.fixture
def server(program, strace):
    with Namespace("peer") as peer, Namespace("rs") as host:
        for place in peer, host:
            place.set_sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        veth(peer, host)
        host.ip("addr add 192.0.2.11/24 dev eth0")
        yield Server(host, program)
        host.run(program, "undo")


def killed(server, command, found, say):
    """What is wrong after a kill at each call that changes something, and how often the next command found before and after."""
    points = [call for call in found if call.name in CHANGING]
    assert len(points) > 8, points
    complaints, seen = [], {"before": 0, "after": 0}
    for call in points:
        server.again()
        done = killed_at(server.host.run, call, command)
        if done.returncode != -9:
            complaints.append(f"{call}: not reached, {done.returncode} {done.stderr}")
        server.lvsarp("check", check=False)
        now = server.state()
        which = {str(server.before): "before", str(server.after): "after"}.get(str(now))
        if which is None:
            complaints.append(f"{call}: then check: {now}")
        else:
            seen[which] += 1
        server.lvsarp("undo")
        if server.state() != server.plain or journals():
            complaints.append(f"{call}: then undo: {server.state()} {journals()}")
        server.lvsarp(*FIRST)
    say(f"killed at {len(points)} calls: {seen['before']} times as before, {seen['after']} times as after, {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)
    return seen


def test_an_exact_apply_that_is_killed_leaves_before_or_after(server, say):
    command = (server.program, *EXACT)
    seen = killed(server, command, every_call(server.host.run, command), say)
    assert seen["before"] > 0 and seen["after"] > 0


def test_a_block_that_is_killed_on_its_way_out_leaves_before_or_after(server, say):
    command = (sys.executable, "-c", BLOCK)
    found = every_call(server.host.run, command)
    (inside,) = [place for place, call in enumerate(found) if "in the block" in call.text and call.name == "write"]
    seen = killed(server, command, found[inside + 1:], say)
    assert seen["before"] > 0 and seen["after"] > 0
