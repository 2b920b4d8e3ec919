"""For every pair of levels and every place of a VIP, `lvsarp check` says what the wire shows.

All pairs (all, own) of 0..9 x 0..9, both keys at once (they do not meet in the kernel), three VIPs at once. Own is the
receiving interface's level. The level of lo goes along with changing values, since it must not matter.

Silence is seen without waiting. After the requests for the VIPs goes one for the sentinel, an address that the real
server answers by proxy ARP at every level (arp_ignore does not apply there). One link, one CPU: the kernel answers in
the order of the requests, so what was not answered before the sentinel is not answered. A request of the real server's
own is sent before its sendto() returns, and the sentinel closes that round, too.
"""
import json
import os
from dataclasses import dataclass

import pytest
from lab.arp import REPLY, REQUEST, Wire, request, send_from
from lab.namespaces import Namespace, veth

NEIGHBOUR, RIP = "192.0.0.1", "192.0.0.2"
SENTINEL = "192.0.0.200"
PLACES = {"lo, scope global": "192.0.0.11", "lo, scope host": "192.0.0.12", "the receiving interface": "192.0.0.13"}
LEVELS = range(10)
PAIRS = [(everywhere, own) for everywhere in LEVELS for own in LEVELS]


@dataclass(frozen=True)
class Cell:
    everywhere: int
    own: int
    place: str
    key: str

    def __str__(self):
        return f"{self.key} all={self.everywhere} own={self.own}, VIP on {self.place}"


@pytest.fixture(scope="module")
def table(in_a_sandbox, program):
    """{Cell: (what the wire showed, what check said)}"""
    home = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(home)})  # requests from one CPU stay in their order
    try:
        with Namespace("neighbour") as neighbour, Namespace("rs1") as server, Namespace("behind") as behind:
            build(neighbour, server, behind)
            with Wire(neighbour) as wire:
                return {cell: pair for number, levels in enumerate(PAIRS)
                        for cell, pair in compare(program, server, wire, number, *levels)}
    finally:
        os.sched_setaffinity(0, home)


def build(neighbour, server, behind):
    veth(neighbour, server)
    veth(server, behind, names=("eth1", "eth0"))
    neighbour.ip(f"addr add {NEIGHBOUR}/16 dev eth0")
    server.ip(f"addr add {RIP}/16 dev eth0")
    for (place, vip), where in zip(PLACES.items(), ("lo scope global", "lo scope host", "eth0")):
        server.ip(f"addr add {vip}/32 dev {where}")
    # The sentinel: routed out of another interface, and a proxy entry for it on the receiving one.
    server.ip(f"route add {SENTINEL}/32 dev eth1")
    server.ip(f"neigh add proxy {SENTINEL} dev eth0")
    server.set_conf("eth0", "forwarding", 1)
    server.set_sysctl("net/ipv4/neigh/eth0/proxy_delay", 0)


def compare(program, server, wire, number, everywhere, own):
    for key in ("arp_ignore", "arp_announce"):
        server.set_conf("all", key, everywhere)
        server.set_conf("eth0", key, own)
        server.set_conf("lo", key, number % 7)
    seen = {"arp_ignore": answered(wire), "arp_announce": announced(server, wire, number)}
    said = checked(program, server)
    for place, vip in PLACES.items():
        yield Cell(everywhere, own, place, "arp_ignore"), (vip in seen["arp_ignore"], said[vip]["replies"])
        yield Cell(everywhere, own, place, "arp_announce"), (vip in seen["arp_announce"], said[vip]["announces"])


def answered(wire):
    """The VIPs whose who-has gets a reply."""
    wire.forget()
    for vip in PLACES.values():
        wire.send(request(wire.mac, vip, NEIGHBOUR))
    return {frame.sender_ip for frame in until_the_sentinel(wire) if frame.operation == REPLY}


def announced(server, wire, number):
    """The VIPs that are the sender of a request which a packet from them provokes."""
    wire.forget()
    targets = {}
    for place, vip in enumerate(PLACES.values(), start=1):
        target = f"192.0.{place}.{number + 1}"  # never asked before, so nothing is resolved or under way
        targets[target] = vip
        send_from(server, vip, target)
    senders = {frame.target_ip: frame.sender_ip for frame in until_the_sentinel(wire) if frame.operation == REQUEST}
    assert senders.keys() >= targets.keys(), f"no request for {targets.keys() - senders.keys()}"
    if number % 10 == 9:
        server.ip("neigh flush dev eth0")
    return {vip for target, vip in targets.items() if senders[target] == vip}


def until_the_sentinel(wire):
    """The frames that arrive before the sentinel's reply, which must come."""
    wire.send(request(wire.mac, SENTINEL, NEIGHBOUR))
    frames = []
    for frame in wire.hear(5.0):
        if frame.operation == REPLY and frame.sender_ip == SENTINEL:
            return frames
        frames.append(frame)
    raise AssertionError("the sentinel did not answer within 5 s")


def checked(program, server):
    """{VIP: its verdict on eth0}"""
    vips = [word for vip in PLACES.values() for word in ("--vip", vip)]
    done = server.run(program, "check", *vips, "--json", check=False)
    assert done.returncode in (0, 1), done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    return {verdict["vip"]: verdict for verdict in verdicts if verdict["interface"] == "eth0"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["arp_ignore", "arp_announce"])
def test_check_says_what_the_wire_shows(table, key, place, say):
    cells = {cell: pair for cell, pair in table.items() if (cell.key, cell.place) == (key, place)}
    loud = sum(seen for seen, _ in cells.values())
    say(f"{key}, VIP on {place}: {len(cells)} pairs compared, {loud} loud and {len(cells) - loud} silent on the wire")
    assert len(cells) == len(PAIRS)
    wrong = [f"{cell}: the wire {'is loud' if seen else 'is silent'}, check says the opposite"
             for cell, (seen, said) in cells.items() if seen != said]
    assert not wrong, "\n".join(wrong)


def test_the_wire_shows_both_sides_of_every_rule(table):
    """The table can fail: the known cases of the kernel are in it, loud and silent."""
    def wire(key, place, everywhere, own):
        return table[Cell(everywhere, own, place, key)][0]

    on_lo, host, receiving = PLACES
    assert [wire("arp_ignore", on_lo, 0, level) for level in LEVELS] == [True, False, False] + [True] * 5 + [False, True]
    assert [wire("arp_ignore", host, level, 0) for level in LEVELS] == [True] + [False] * 3 + [True] * 4 + [False, True]
    assert [wire("arp_ignore", receiving, 0, level) for level in LEVELS] == [True] * 8 + [False, True]
    assert [wire("arp_announce", on_lo, level, 0) for level in LEVELS] == [True, True, False] + [True] * 7
    assert wire("arp_ignore", on_lo, 1, 3), "the greater value counts, not the stricter one"
