"""A flood of link events, and a watch that cannot keep up: nothing is lost for good, and it stays small."""
import signal
import time

from lab.rtnetlink import UP, alias, bind, level, link as change, unbind
from watcher import what

VIP, FLOOD, AT_ONCE = "192.0.2.10", 100_000, 250


def flooding(index):
    """Link events that mean nothing: another alias each time."""
    return [alias(index, f"number {number % 2}") for number in range(AT_ONCE)]


def test_a_flood_of_link_events_is_survived(server, program, watching, route, say):
    server.run(program, "apply", "--vip", VIP)
    watcher = watching(server, "--interval", 0.1)
    eth0, lo = route.index("eth0"), route.index("lo")
    memory, begin = watcher.status("VmRSS"), time.monotonic()
    sent = route.flood(flooding(eth0), FLOOD // AT_ONCE // 2)
    route.do(unbind(lo, VIP, 32))
    server.set_conf("all", "arp_ignore", 0)
    sent += route.flood(flooding(eth0), FLOOD // AT_ONCE // 2)
    assert sent == FLOOD
    flooded = time.monotonic() - begin
    wanted = {("vip-removed", VIP, "lo", None, f"{VIP}/32 scope global label lo", None),
              ("level-changed", None, "all", "arp_ignore", "1", "0")}
    seen, lost = [], 0
    while not wanted <= set(seen):
        event = watcher.next(60, f"{wanted - set(seen)}, but {seen}")
        lost += event["kind"] == "resynced"
        if event["kind"] != "resynced":
            seen.append(what(event))
    took = time.monotonic() - begin
    rest = [event for event in watcher.quiet(0.5) if event["kind"] != "resynced"]
    assert sorted(seen, key=str) == sorted(wanted, key=str) and rest == [], (seen, rest)
    # What comes later is told as before.
    route.do(bind(lo, VIP, 32, label="lo"))
    event = watcher.next()
    assert (what(event)[0], event["silent"]) == ("vip-added", False)
    server.set_conf("all", "arp_ignore", 1)
    event = watcher.next()
    assert (what(event)[2:], event["silent"]) == (("all", "arp_ignore", "0", "1"), True)
    grown = watcher.status("VmHWM") - memory
    say(f"{FLOOD} link events in {flooded:.1f} s: all told after {took:.1f} s, read again {lost} times, {grown} KiB of memory more at most")
    assert grown < 16 * 1024


def test_interfaces_that_flap_are_survived_and_each_end_is_right(server, program, watching, route):
    server.run(program, "apply", "--vip", VIP, "--address-scope", "host")
    server.ip("link add name v0 up type veth peer name v1")
    watcher = watching(server, "--interval", 0.05)
    v0 = route.index("v0")
    route.flood([change(v0, 0, UP), change(v0, UP, UP)] * 50, 20)
    server.set_conf("v0", "arp_announce", 1)
    events = watcher.until("level-changed", 60)
    assert {event["kind"] for event in events[:-1]} <= {"resynced"}
    assert what(events[-1])[2:] == ("v0", "arp_announce", "0", "1")


def test_a_watch_that_lost_messages_reads_everything_again(server, program, watching, route):
    server.run(program, "apply", "--vip", f"{VIP},192.0.2.20,192.0.2.30")
    server.ip("link add name v0 type veth peer name v1")
    watcher = watching(server, "--interval", 60)
    eth0, lo, v0 = (route.index(name) for name in ("eth0", "lo", "v0"))
    watcher.signal(signal.SIGSTOP)
    route.flood(flooding(eth0), 40)
    # From here on the socket is full.
    route.do(unbind(lo, VIP, 32))
    route.do(unbind(lo, "192.0.2.20", 32), bind(lo, "192.0.2.20", 32, scope="host", label="lo:2"))
    route.do(unbind(lo, "192.0.2.30", 32), bind(lo, "192.0.2.30", 32, label="lo"))
    route.do(bind(eth0, VIP, 32, label="eth0"))
    route.do(level(eth0, "arp_ignore", 2))
    route.do(change(v0, UP, UP))
    server.set_conf("all", "arp_announce", 1)
    watcher.signal(signal.SIGCONT)
    assert watcher.next()["kind"] == "resynced"
    told = {what(event) for event in (watcher.next() for _ in range(6))}
    expected = {
        ("vip-removed", VIP, "lo", None, f"{VIP}/32 scope global label lo", None),
        ("vip-misplaced", VIP, "eth0", None, None, f"{VIP}/32 scope global label eth0"),
        ("vip-removed", "192.0.2.20", "lo", None, "192.0.2.20/32 scope global label lo", None),
        ("vip-added", "192.0.2.20", "lo", None, None, "192.0.2.20/32 scope host label lo:2"),
        ("level-changed", None, "eth0", "arp_ignore", "0", "2"),
        ("level-changed", None, "all", "arp_announce", "2", "1"),
    }
    rest = watcher.quiet(0.3)
    assert told == expected
    assert {what(event)[0] for event in rest} <= {"interface-unprotected"}, rest
    route.do(unbind(eth0, VIP, 32))
    assert what(watcher.next())[:3] == ("vip-removed", VIP, "eth0")
