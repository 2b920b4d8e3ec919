"""A journal belongs to one namespace: it is never replayed in a later one that has got the same inode number."""
import json
import shutil
import time

import pytest
from lab.namespaces import Namespace
from strace_faults import OLD_KERNEL, calls, killed_at
from victim import journals

VIP = "192.0.2.10"
APPLY = ("apply", "--vip", VIP)
LIVES = 10
LEVELS = {("all", "arp_ignore"): 1, ("all", "arp_announce"): 2, ("lo", "arp_ignore"): 1, ("lo", "arp_announce"): 2}


def successor(act):
    """A new namespace with the inode number of one in which `act` was done and which is gone."""
    for _ in range(LIVES):
        shutil.rmtree("/run/lvsarp", ignore_errors=True)
        with Namespace("dead") as place:
            act(place)
            assert journals(), "there is no journal that could be replayed"
            inode = place.inode
        if place := reborn(inode):
            return place
    raise AssertionError(f"no new namespace got the inode number of one of {LIVES} dead ones")


def reborn(inode):
    """A new namespace with a given inode number, or None where the kernel gave that number to something else."""
    for _ in range(10):
        others = []
        try:
            while len(others) < 40:
                place = Namespace(f"rs{len(others)}")
                if place.inode == inode:
                    return place
                others.append(place)
        finally:
            for other in others:
                other.delete()
        time.sleep(0.02)  # the kernel destroys namespaces a little later
    return None


def as_if_applied(place):
    """What apply wrote in the dead namespace stands here by somebody else's hand: undo must not touch it."""
    for (interface, key), level in LEVELS.items():
        place.set_conf(interface, key, level)
    place.ip(f"addr add {VIP}/32 dev lo")
    return state(place)


def state(place):
    return {name: place.conf(*name) for name in LEVELS}, place.ip("-4 addr show dev lo")


@pytest.mark.parametrize("command", [("undo",), ("check",), APPLY], ids=lambda command: command[0])
def test_without_a_cookie_a_journal_is_not_replayed_elsewhere_either(program, strace, command):
    """Then it is the inode number that names the journal, and something else must tell the namespaces apart."""
    with successor(lambda place: place.run(*OLD_KERNEL, program, *APPLY)) as place:
        there = as_if_applied(place)
        place.run(*OLD_KERNEL, program, *command, check=False)
        assert state(place) == there


def test_without_a_cookie_undo_finds_its_journal(program, strace):
    with Namespace("old") as place:
        before = state(place)
        place.run(*OLD_KERNEL, program, *APPLY)
        assert state(place) != before
        place.run(*OLD_KERNEL, program, "undo")
        assert state(place) == before


@pytest.mark.parametrize("command", [("undo",), ("check",), APPLY], ids=lambda command: command[0])
def test_a_committed_journal_is_not_replayed_elsewhere(program, command):
    with successor(lambda place: place.run(program, *APPLY)) as place:
        there = as_if_applied(place)
        place.run(program, *command, check=False)
        assert state(place) == there
        changed = json.loads(place.run(program, "undo", "--json").stdout)["changed"]
        assert (changed, state(place)) == (False, there)


@pytest.mark.parametrize("command", [("undo",), ("check",), APPLY], ids=lambda command: command[0])
def test_an_unfinished_journal_is_not_replayed_elsewhere(program, strace, command):
    def killed_half_way(place):
        found, _ = calls(place.run, (program, *APPLY))
        place.run(program, "undo")
        half_way = [call for call in found if call.name in ("sendto", "sendmsg", "write")][-3]
        assert killed_at(place.run, half_way, (program, *APPLY)).returncode == -9

    with successor(killed_half_way) as place:
        there = as_if_applied(place)
        place.run(program, *command, check=False)
        assert state(place) == there
