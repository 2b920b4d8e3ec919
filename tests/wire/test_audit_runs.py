"""A hundred audits of each state are right a hundred times, also where the switch loses every tenth frame; nothing is left half open."""
import collections
import contextlib
import subprocess
import time

import pytest
from audited import Started, Switch, counter, half_open

RUNS = 100
STATES = ("healthy", "leaks", "black-hole", "down")
# How many audits go on at once: each waits most of its time. A slow machine may not wake each of them when it should.
AT_ONCE = 64
DEADLINE = 2.0
SILENT = ("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")


class Fleet:
    """Four hosts, each of which is a hundred real servers of one state, and a director of all of them.

    Audit N of state S has a subnet of its own, 10.S.N.0/24, with the director at .2, the VIP at .10 and the real server at .11, so that each has
    its own entries in the neighbour tables of both sides, which are cold.
    """

    def __init__(self, stack, program):
        self.switch, self.program = Switch(stack, program), program
        self.director = self.switch.host("director")
        self.servers = {state: self.switch.host(state) for state in STATES if state != "down"}
        batch(self.director, [line for state in range(4) for n in range(RUNS) for line in (
            f"addr add 10.{state}.{n}.2/24 dev eth0", f"addr add 10.{state}.{n}.10/32 dev lo")])
        for number, (state, server) in enumerate(self.servers.items()):
            if state != "leaks":
                server.run("sysctl", "-qw", *SILENT)
            batch(server, [f"addr add 10.{number}.{n}.11/24 dev eth0" for n in range(RUNS)])
            if state != "black-hole":
                batch(server, [f"addr add 10.{number}.{n}.10/32 dev lo" for n in range(RUNS)])
            self.switch.listen(server)

    def audit_all(self):
        """Audits everything: state -> Counter of what was found."""
        found = {state: collections.Counter() for state in STATES}
        wanted = [(number, n) for n in range(RUNS) for number in range(4)]
        for begin in range(0, len(wanted), AT_ONCE):
            started = [(number, Started(self.director, self.program, f"10.{number}.{n}.10", "--real-server", f"10.{number}.{n}.11",
                                        "--port", "80", "--on", "eth0", "--timeout", DEADLINE)) for number, n in wanted[begin:begin + AT_ONCE]]
            for number, audit in started:
                found[STATES[number]][audit.end()[1]["state"]] += 1
        return found

    def forget(self):
        for host in (self.director, *self.servers.values()):
            host.ip("neigh flush all")


def batch(host, lines):
    """Lines for one `ip`."""
    with host.entered():
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def fleet(in_a_sandbox, program):
    with contextlib.ExitStack() as stack:
        yield Fleet(stack, program)


@pytest.mark.parametrize("loss", [0, 10])
def test_a_hundred_of_a_hundred_audits_are_right(fleet, loss, say):
    fleet.forget()
    if loss:
        fleet.switch.lose(loss)
    began = time.monotonic()
    found = fleet.audit_all()
    say(f"{4 * RUNS} audits, {loss}% of the frames lost either way (nft numgen on the bridge): {time.monotonic() - began:.1f} s")
    assert found == {state: {state: RUNS} for state in STATES}
    for state, server in fleet.servers.items():
        assert half_open(server) == [], state
        assert counter(server, "TcpPassiveOpens") == 0, state
