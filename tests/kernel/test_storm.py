"""No ARP frame with the VIP as its sender leaves the real server while lvsarp comes and goes, whatever the traffic."""
import contextlib
import random
import subprocess
import time
from dataclasses import dataclass

from lab import storm
from lab.arp import REPLY, REQUEST
from lab.tap import Tap

VIP, RIP, NEIGHBOUR = "192.0.2.10", "192.0.2.11", "192.0.2.1"
SILENT_NEIGHBOURS = [f"192.0.2.{last}" for last in range(100, 132)]  # nobody has these: each packet to them asks
CYCLES, CONTROL_CYCLES, KILLED_CYCLES = 200, 20, 100


@dataclass
class Storm:
    """What the storm counted: requests heard, packets sent from the VIP, frames that left by sender."""

    asked: int = 0
    sent: int = 0
    leaked: object = None
    own: object = None


@contextlib.contextmanager
def under_storm(say, name, cycles, neighbour, server):
    """Requests for the VIP (and the RIP) from the neighbour, and packets from the VIP, while the block runs."""
    storm.impatient(server, "eth0")
    seen = Storm()
    with Tap(server, "eth0", VIP) as leaked, Tap(server, "eth0", RIP) as own:
        begin = time.monotonic()
        with storm.requests(neighbour, "eth0", NEIGHBOUR, [VIP, VIP, VIP, RIP]) as asked, \
                storm.packets(server, VIP, SILENT_NEIGHBOURS) as sent:
            yield seen
        seen.asked, seen.sent, seen.leaked, seen.own = asked.counted, sent.counted, leaked.count(), own.count()
        say(f"{name}: {cycles} cycles in {time.monotonic() - begin:.1f} s under {seen.asked} requests, {seen.sent} packets from "
            f"the VIP: {seen.own.frames} frames from the RIP, {seen.leaked.frames} from the VIP")
    # The storm was heard, and packets left from the VIP while it was bound: otherwise silence proves nothing.
    assert seen.own.frames > 100 * cycles
    assert seen.sent > 100


def silent_through(say, program, neighbour, server, *options):
    with under_storm(say, " ".join(["apply", *options]), CYCLES, neighbour, server) as seen:
        for _ in range(CYCLES):
            server.run(program, "apply", "--vip", VIP, *options)
            server.run(program, "undo")
    assert seen.leaked.frames == 0, str(seen.leaked)


def test_apply_and_undo_never_leak(link, program, say):
    silent_through(say, program, *link)


def test_apply_and_undo_of_single_interfaces_never_leak(link, program, say):
    silent_through(say, program, *link, "--scope", "interface")


def test_the_usual_script_leaks(link, say):
    """The control: the order of ordinary start and stop scripts, which the tap must catch leaking."""
    neighbour, server = link
    keys = [("lo", "arp_ignore", 1), ("lo", "arp_announce", 2), ("all", "arp_ignore", 1), ("all", "arp_announce", 2)]
    with under_storm(say, "the usual script", CONTROL_CYCLES, neighbour, server) as seen:
        for _ in range(CONTROL_CYCLES):
            server.ip(f"addr add {VIP}/32 dev lo")
            for interface, key, level in keys:
                server.set_conf(interface, key, level)
            for interface, key, _ in keys:
                server.set_conf(interface, key, 0)
            server.ip(f"addr del {VIP}/32 dev lo")
    assert seen.leaked.operations[REPLY] > 0, str(seen.leaked)


def test_announcements_leak_where_only_arp_ignore_is_set(link, say):
    """The other control: the packets sent from the VIP do provoke announcements, which arp_announce must stop."""
    neighbour, server = link
    server.set_conf("all", "arp_ignore", 1)
    with under_storm(say, "arp_ignore alone", 1, neighbour, server) as seen:
        server.ip(f"addr add {VIP}/32 dev lo")
        time.sleep(0.2)
        server.ip(f"addr del {VIP}/32 dev lo")
    assert seen.leaked.operations[REQUEST] > 0, str(seen.leaked)
    assert seen.leaked.operations[REPLY] == 0, str(seen.leaked)


def test_a_killed_apply_or_undo_never_leaks(link, program, say):
    neighbour, server = link
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    killed = 0
    with under_storm(say, f"killed, seed {seed}", KILLED_CYCLES, neighbour, server) as seen:
        longest = {}
        for command in (["apply", "--vip", VIP], ["undo"]):
            begin = time.monotonic()
            server.run(program, *command)
            longest[command[0]] = time.monotonic() - begin
        for _ in range(KILLED_CYCLES):
            for command in (["apply", "--vip", VIP], ["undo"]):
                running = server.popen(program, *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.random() * longest[command[0]])
                running.kill()
                killed += running.wait() == -9
                checked = server.run(program, "check", check=False)
                assert checked.returncode in (0, 1), checked.stderr
        server.run(program, "undo")
    say(f"{killed} of {2 * KILLED_CYCLES} commands were killed before their end")
    assert killed > KILLED_CYCLES / 2
    assert seen.leaked.frames == 0, str(seen.leaked)
