"""Whose VIP it is: what a repair takes from an interface and what it leaves there, and that it is done or not done."""
import fcntl
import glob
import os
import resource
import time
from contextlib import contextmanager

from test_repair import OFTEN, mended

VIP, OTHER, PREFIX = "192.0.2.10", "192.0.2.12", "203.0.113.0/24"


def places(server, vip=VIP):
    """The devices that have a VIP."""
    return [i["ifname"] for i in server.ip_json("addr show") for a in i["addr_info"] if a["local"] == vip]


def kinds(events):
    return [event["kind"] for event in events]


@contextmanager
def locked():
    """Holds the lock of every namespace that lvsarp has worked on here."""
    files = [open(path) for path in glob.glob("/run/lvsarp/*.lock")]
    assert files
    try:
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        for file in files:
            file.close()


def test_the_vip_of_a_director_stays_whatever_is_said_of_it_and_until_it_is_removed(server, program, watching):
    server.ip(f"addr add {VIP}/32 dev eth0 valid_lft 1000 preferred_lft 1000")
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", *OFTEN)
    watcher.until("repair-failed")
    server.ip(f"addr change {VIP}/32 dev eth0 valid_lft 2000 preferred_lft 2000")
    server.ip("link set eth0 down")
    server.ip("link set eth0 name wan0")
    server.ip("link set wan0 up")
    events = watcher.until("device-up")
    assert not [event for event in events if event["kind"] in ("vip-added", "vip-misplaced", "vip-removed")], events
    # A repair of another VIP begins now, and leaves this one.
    server.ip(f"addr del {OTHER}/32 dev lo")
    watcher.until("repaired")
    assert (places(server), places(server, OTHER)) == (["wan0"], ["lo"])
    server.ip(f"addr del {VIP}/32 dev wan0")
    watcher.until("repaired")
    assert places(server) == ["lo"]
    server.ip(f"addr add {VIP}/32 dev wan0")
    mended(watcher)
    assert places(server) == ["lo"]


def test_a_vip_that_is_left_alone_does_not_keep_the_others_from_being_repaired(server, program, watching):
    server.run(program, "apply", "--vip", OTHER)
    server.ip(f"addr add {VIP}/32 dev eth0")
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", *OFTEN)
    left = watcher.next()
    assert left["kind"] == "repair-failed" and left["message"].startswith(f"{VIP} is left on eth0"), left
    for _ in range(2):
        server.ip(f"addr del {OTHER}/32 dev lo")
        server.set_conf("all", "arp_ignore", 0)
        while (places(server, OTHER), server.conf("all", "arp_ignore")) != (["lo"], 1):
            watcher.until("repaired")
    assert places(server) == ["eth0"]


def test_a_repair_that_cannot_be_applied_takes_the_vip_from_nowhere(server, program, watching):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--vip", VIP, *OFTEN)
    with locked():
        server.ip(f"addr del {VIP}/32 dev lo")
        server.ip(f"addr add {VIP}/32 dev eth0")
        assert "another lvsarp has held the lock" in watcher.until("repair-failed")[-1]["message"]
        assert places(server) == ["eth0"]
    repaired = mended(watcher)[-1]["message"]
    assert repaired == f"bind {VIP}/32 dev lo: scope global label lo; unbind {VIP}/32 dev eth0"
    assert places(server) == ["lo"]
    # What somebody else had put there is not put there again.
    server.run(program, "undo")
    mended(watcher)
    assert places(server) == ["lo"]


def promote(server, program):
    server.run(program, "promote", VIP, "--on", "eth0", "--no-announce")


def demote(server, program):
    server.run(program, "demote", VIP, "--on", "eth0")


def settled(watcher, *expected):
    """No repair follows these events."""
    events = watcher.until(expected[-1])
    events += watcher.quiet(0.4)
    assert sorted(kinds(events)) == sorted(expected), events


def test_a_promote_under_a_repair_lasts_and_is_told(server, program, watching):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", *OFTEN)
    mended(watcher)
    for _ in range(2):
        promote(server, program)
        settled(watcher, "vip-misplaced", "vip-removed")
        assert places(server) == ["eth0"]
        # The others are repaired all the same.
        server.ip(f"addr del {OTHER}/32 dev lo")
        assert kinds(watcher.until("repaired")) == ["vip-removed", "repaired"]
        assert (places(server), places(server, OTHER)) == (["eth0"], ["lo"])
        demote(server, program)
        settled(watcher, "vip-added", "vip-removed")
        # It is nobody's there now.
        server.ip(f"addr add {VIP}/32 dev eth0")
        mended(watcher)
        assert places(server) == ["lo"]


def test_an_owner_that_is_demoted_and_promoted_again_keeps_its_vip(server, program, watching):
    """Then the host is as it was before the first call, and the journal says nothing any more."""
    server.ip(f"addr add {VIP}/32 dev eth0")
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", *OFTEN)
    watcher.until("repair-failed")
    demote(server, program)
    watcher.until("vip-removed")
    watcher.quiet(0.3)
    promote(server, program)
    watcher.until("vip-removed")
    watcher.quiet(0.4)
    assert places(server) == ["eth0"]
    demote(server, program)
    watcher.close()
    # The same for a watch that begins when the host is silent.
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", *OFTEN)
    server.ip(f"addr add {VIP}/32 dev eth0")
    mended(watcher)
    assert places(server) == ["lo"]
    promote(server, program)
    watcher.until("vip-removed")
    watcher.quiet(0.4)
    assert places(server) == ["eth0"]


def test_the_route_of_a_prefix_is_repaired_as_soon_as_it_is_gone(server, program, watching):
    server.run(program, "apply", "--prefix", PREFIX)
    watcher = watching(server, "--repair", "--interval", 3600)
    server.ip(f"route del table local local {PREFIX} dev lo")
    events = mended(watcher)
    assert [event["message"] for event in events] == [f"add-route local {PREFIX} dev lo"]
    assert watcher.quiet(0.1) == []


def test_a_renamed_device_is_no_event_of_its_vips(server, program, watching):
    server.ip("link add name d0 type veth peer name d9")
    server.ip(f"addr add {VIP}/32 dev d0")
    server.ip(f"addr add {OTHER}/32 dev d0")
    watcher = watching(server, "--vip", f"{VIP},{OTHER}", "--interval", 0.02)
    server.ip("link set d0 name d1")
    server.ip("link set d1 up")
    events = watcher.until("device-up") + watcher.quiet(0.1)
    assert [(event["kind"], event["scope"]) for event in events][:1] == [("device-up", "d1")], events
    assert {event["kind"] for event in events} <= {"device-up", "interface-unprotected"}, events
    labels = {a.get("label") for a in server.ip_json("addr show dev d1")[0]["addr_info"] if a["local"] in (VIP, OTHER)}
    assert all(label.startswith("d1") for label in labels), labels


def descriptors(watcher):
    return len(os.listdir(f"/proc/{watcher.pid}/fd"))


def test_where_descriptors_ran_out_the_files_are_tried_again(server, program, watching):
    watcher = watching(server, "--vip", VIP, "--interval", 0.02)
    before, limit = descriptors(watcher), resource.prlimit(watcher.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(watcher.pid, resource.RLIMIT_NOFILE, (before, limit[1]))
    server.ip("link add name v0 type veth peer name v1")
    deadline = time.monotonic() + 20
    while descriptors(watcher) >= before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # By a dump it sees as much.
    server.set_conf("v0", "arp_ignore", 2)
    assert watcher.until("level-changed")[-1]["scope"] == "v0"
    resource.prlimit(watcher.pid, resource.RLIMIT_NOFILE, limit)
    while descriptors(watcher) != before + 4:
        assert time.monotonic() < deadline, (before, descriptors(watcher))
        time.sleep(0.01)
    server.set_conf("v0", "arp_ignore", 1)
    assert watcher.until("level-changed")[-1]["new"] == "1"
