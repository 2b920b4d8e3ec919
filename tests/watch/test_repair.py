"""A watch that repairs: each sabotage is mended, no wrong answer leaves afterwards, and a fight has an end."""
import os
import signal
import threading
import time

import pytest

from lab import storm
from lab.arp import REPLY, Wire
from lab.rtnetlink import UP, Route, bind, link as change, unbind
from lab.tap import Tap
from watcher import what

VIP, VIP6, NEIGHBOUR, RIP = "192.0.2.10", "2001:db8::10", "192.0.2.1", "192.0.2.11"
OFTEN = ("--repair", "--per-minute", 1000, "--interval", 0.02)


def check(server, program):
    return server.run(program, "check", "--vip", f"{VIP},{VIP6}", check=False).returncode


def mended(watcher):
    """The events up to a repair after which every VIP is silent, without those of later repairs."""
    events = watcher.until("repaired")
    while not events[-1]["silent"]:
        events += watcher.until("repaired")
    return events


@pytest.fixture
def guarded(server, watching):
    """A watch that has made the host a real server itself."""
    watcher = watching(server, "--vip", f"{VIP},{VIP6}", *OFTEN)
    assert watcher.begin["silent"] is False
    assert [event["kind"] for event in mended(watcher)] == ["repaired"]
    return watcher


def test_a_host_that_is_none_becomes_a_real_server_at_the_start(server, program, guarded):
    assert check(server, program) == 0
    assert guarded.quiet(0.1) == []
    server.run(program, "undo")
    assert "vip-removed" in [event["kind"] for event in mended(guarded)]
    assert check(server, program) == 0


def test_what_was_done_is_said_and_is_no_event_of_its_own(server, guarded, route):
    route.do(unbind(route.index("lo"), VIP, 32))
    removed, repaired = mended(guarded)
    assert what(removed)[:3] == ("vip-removed", VIP, "lo") and removed["silent"] is False
    assert repaired["message"] == f"bind {VIP}/32 dev lo: scope global label lo"
    assert (repaired["silent"], repaired["finding"]) == (True, None)
    assert guarded.quiet(0.1) == []


def test_each_sabotage_is_mended_and_no_wrong_answer_leaves_after_the_repair(link, program, guarded, route, say):
    neighbour, server = link
    lo, eth0 = route.index("lo"), route.index("eth0")
    sabotages = {
        "arp_ignore of all reset": lambda: server.set_conf("all", "arp_ignore", 0),
        "arp_announce of all reset": lambda: server.set_conf("all", "arp_announce", 0),
        "the VIP deleted": lambda: route.do(unbind(lo, VIP, 32)),
        "the VIP on eth0": lambda: route.do(bind(eth0, VIP, 24, label="eth0")),
        "the VIP moved to eth0": lambda: route.do(unbind(lo, VIP, 32), bind(eth0, VIP, 24, label="eth0")),
        "lo down and up": lambda: route.do(change(lo, 0, UP), change(lo, UP, UP)),
        "both levels reset and both VIPs deleted": lambda: (
            route.do(unbind(lo, VIP, 32), unbind(lo, VIP6, 128)), server.set_conf("all", "arp_ignore", 0), server.set_conf("all", "arp_announce", 0)),
    }
    storm.impatient(server, "eth0")
    took, leaked = [], 0
    with Tap(server, "eth0", VIP) as tap, Tap(server, "eth0", RIP) as own, \
            storm.requests(neighbour, "eth0", NEIGHBOUR, [VIP, RIP]), storm.packets(server, VIP, ["192.0.2.100", "192.0.2.101"]):
        for name, sabotage in sabotages.items():
            begin = time.time()
            sabotage()
            while check(server, program) != 0:
                assert time.time() < begin + 20, name
            repaired = [event for event in guarded.quiet(0.1) if event["kind"] == "repaired"]
            assert repaired and repaired[-1]["silent"], name
            took.append(repaired[-1]["time"] - begin)
            before, answers = tap.count().frames, own.count().frames
            leaked = before
            deadline = time.time() + 20
            while own.count().frames < answers + 500:
                assert time.time() < deadline
                time.sleep(0.01)
            assert tap.count().frames == before, f"{name}: {tap.count()}"
    say(f"{len(sabotages)} sabotages under a storm of requests, repaired after {', '.join(f'{seconds * 1e3:.0f}' for seconds in took)} ms; "
        f"{leaked} wrong answers before the repairs, 0 after")


def test_an_interface_that_appears_is_protected_where_single_interfaces_are(server, program, watching):
    watcher = watching(server, "--vip", VIP, "--scope", "interface", *OFTEN)
    mended(watcher)
    server.ip("link add name v0 type veth peer name v1")
    server.ip("addr add 198.51.100.1/24 dev v0")
    server.ip("link set v0 up")
    events = mended(watcher)
    assert "interface-unprotected" in [event["kind"] for event in events]
    assert server.conf("v0", "arp_ignore") == 1 and server.conf("all", "arp_ignore") == 0
    assert server.run(program, "check", "--vip", VIP, check=False).returncode == 0


def test_the_options_of_apply_are_obeyed(server, program, watching):
    watcher = watching(server, "--vip", VIP, "--label", "lo:5", "--address-scope", "host", *OFTEN)
    mended(watcher)
    address = [a for a in server.ip_json("addr show dev lo")[0]["addr_info"] if a["local"] == VIP]
    assert [(a["label"], a["scope"]) for a in address] == [("lo:5", "host")]


def test_a_prefix_stays_a_prefix(server, program, watching):
    server.run(program, "apply", "--prefix", "203.0.113.0/24", "--vip", VIP)
    watcher = watching(server, *OFTEN)
    assert sorted(watcher.begin["vips"]) == [VIP, "203.0.113.0"] and watcher.begin["silent"]
    server.ip("route del table local local 203.0.113.0/24 dev lo")
    server.set_conf("all", "arp_ignore", 0)
    mended(watcher)
    assert "203.0.113.0/24" in server.ip("route show table local type local")
    assert "203.0.113.0" not in server.ip("addr show dev lo")


def test_a_vip_that_was_on_an_interface_from_the_start_is_not_taken_from_there(server, program, watching):
    """A director that is watched by mistake keeps its VIP."""
    server.ip(f"addr add {VIP}/24 dev eth0")
    watcher = watching(server, "--vip", VIP, *OFTEN)
    event = watcher.next()
    assert (event["kind"], event["silent"]) == ("repair-failed", False)
    assert "nothing was changed" in event["message"]
    assert watcher.quiet(0.5) == []  # it says so once
    assert [a["dev"] for a in server.ip_json("-d route show table local type local") if a["dst"] == VIP] == ["eth0"]


def test_a_fight_is_limited_and_the_fighter_is_named(server, program, watching, say):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--vip", VIP, "--repair", "--per-minute", 5, "--interval", 0.02)
    stop, rounds = threading.Event(), [0]

    def fight():
        with Route(server) as route:
            lo = route.index("lo")
            assert route.port == os.getpid()
            while not stop.is_set():
                try:
                    route.do(unbind(lo, VIP, 32))
                    rounds[0] += 1
                except OSError:
                    pass  # it is not bound now

    fighter = threading.Thread(target=fight)
    fighter.start()
    try:
        events = watcher.until("repair-limited")
        rest = watcher.quiet(1.0)
    finally:
        stop.set()
        fighter.join()
    limited = events[-1]
    assert f"({os.getpid()})" in limited["by"] and limited["by"] in limited["message"], limited
    assert limited["silent"] is False
    assert sum(event["kind"] in ("repaired", "repair-failed") for event in events) <= 5
    assert [event for event in rest if event["kind"].startswith("repair")] == []
    say(f"a fight: {rounds[0]} removals, {sum(e['kind'] == 'repaired' for e in events)} repairs, then: {limited['message']}")


def test_one_repair_a_minute_is_one(server, program, watching, route):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--vip", VIP, "--repair", "--per-minute", 1, "--interval", 0.02)
    lo = route.index("lo")
    route.do(unbind(lo, VIP, 32))
    assert [event["kind"] for event in watcher.until("repaired")] == ["vip-removed", "repaired"]
    route.do(unbind(lo, VIP, 32))
    limited = watcher.until("repair-limited")[-1]
    assert 50 <= int(limited["message"].split("waits for ")[1].split()[0]) <= 60
    server.set_conf("all", "arp_ignore", 0)
    assert [event["kind"] for event in watcher.quiet(0.3)] == ["level-changed"]


def test_without_the_right_to_apply_the_failure_is_said_once(server, program, watching, route):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--vip", VIP, *OFTEN, command=["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--ambient-caps=-net_admin"])
    route.do(unbind(route.index("lo"), VIP, 32))
    assert watcher.next()["kind"] == "vip-removed"
    event = watcher.next()
    assert event["kind"] == "repair-failed" and "Operation not permitted" in event["message"], event
    assert watcher.quiet(0.5) == []


def test_what_others_do_while_it_repairs_is_not_lost(server, program, guarded, route):
    """Each removal is told although the repair of the one before is under way; and at the end the VIPs are there."""
    lo = route.index("lo")
    removals = 0
    deadline = time.time() + 20
    while removals < 40:
        assert time.time() < deadline
        try:
            route.do(unbind(lo, VIP, 32))
            removals += 1
        except OSError:
            pass  # not bound again yet
    events = []
    while check(server, program) != 0:
        assert time.time() < deadline
        events += guarded.quiet(0.05)
    events += guarded.quiet(0.2)
    assert sum(event["kind"] == "vip-removed" for event in events) == removals
    assert {event["kind"] for event in events} <= {"vip-removed", "repaired", "repair-failed"}, events


def test_killed_in_the_middle_of_a_repair_the_next_call_settles_it(server, program, watching, route):
    lo = route.index("lo")
    for wait in range(8):
        watcher = watching(server, "--vip", VIP, *OFTEN)
        if not watcher.begin["silent"]:
            mended(watcher)
        server.set_conf("all", "arp_ignore", 0)
        route.do(unbind(lo, VIP, 32))
        time.sleep(wait * 0.0007)
        watcher.signal(signal.SIGKILL)
        watcher.process.wait(20)
        server.run(program, "apply", "--vip", VIP)
        assert server.run(program, "check", "--vip", VIP, check=False).returncode == 0
    server.run(program, "undo")
    assert server.conf("all", "arp_ignore") == 0


def test_the_neighbour_hears_nothing_about_the_vip_after_a_repair(link, program, guarded):
    neighbour, server = link
    server.set_conf("all", "arp_ignore", 0)
    mended(guarded)
    with Wire(neighbour) as wire:
        assert [frame for frame in wire.who_has(VIP, NEIGHBOUR) if frame.operation == REPLY] == []
        assert [frame for frame in wire.who_has(RIP, NEIGHBOUR) if frame.operation == REPLY] != []
