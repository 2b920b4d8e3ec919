"""A thousand random disturbances with a fixed seed: each is reported once, and nothing is reported that did not happen.

What is expected of the levels is the difference of what the kernel shows before and after; of addresses and interfaces it is what the request says.
Whether an interface is unprotected is asked of `lvsarp check`.
"""
import json
import random
import statistics
import time
from collections import Counter

from lab.rtnetlink import UP, bind, level, link as change, unbind
from watcher import what

DISTURBANCES, SEED, INTERVAL = 1000, 7, 0.02
VIPS = {"192.0.2.10": 32, "192.0.2.20": 32, "2001:db8::10": 128}
KEYS = ("arp_ignore", "arp_announce")


class Host:
    """The real server as the test knows it: what it did there, and what the kernel shows."""

    def __init__(self, server, route, program, rng):
        self.server, self.route, self.program, self.rng = server, route, program, rng
        self.places = {("lo", vip): f"scope global{'' if ':' in vip else ' label lo'}" for vip in VIPS}
        self.names = {"v0", "v1", "w0"}  # pairs in this namespace: v0 and v1, w0 and w1
        self.up = {"lo", "eth0"}
        self.made = 0

    def levels(self):
        with self.server.entered():
            values = {}
            for scope in ["all", "default", "lo", "eth0", *self.names]:
                for key in KEYS:
                    with open(f"/proc/sys/net/ipv4/conf/{scope}/{key}") as file:
                        values[scope, key] = file.read().strip()
            return values

    def unprotected(self, *names):
        """The events of interfaces that came up, as the check says."""
        answer = self.server.run(self.program, "check", "--json", "--vip", ",".join(VIPS), check=False)
        found = json.loads(answer.stdout)["findings"]
        worst = {}
        for finding in found:
            if finding["severity"] == "error" and finding["interface"] in names:
                worst.setdefault(finding["interface"], finding["vip"])
        return [("interface-unprotected", vip, name, None, None, None) for name, vip in worst.items()]

    def set_up(self, name, up):
        """Up or down; the events of the VIPs there, without those of what is unprotected then."""
        self.route.do(change(self.route.index(name), UP if up else 0, UP))
        (self.up.add if up else self.up.discard)(name)
        events = []
        if any(dev == name for dev, _ in self.places):
            kind, old, new = ("device-up", "down", "up") if up else ("device-down", "up", "down")
            events.append((kind, None, name, None, old, new))
        if not up:
            events += [self.gone(name, vip) for dev, vip in list(self.places) if dev == name and ":" in vip]
        return events

    def gone(self, dev, vip):
        how = self.places.pop((dev, vip))
        return ("vip-removed", vip, dev, None, f"{vip}/{VIPS[vip]} {how}", None)

    # Each disturbance does something and gives the events that it must be told as, or None where it does not fit now.

    def add(self):
        dev, vip = self.rng.choice(["lo", "lo", "lo", "eth0", "v0"]), self.rng.choice(list(VIPS))
        if (dev, vip) in self.places or (dev == "v0" and not {"v0"} & self.names) or ("v0" not in self.up and dev == "v0"):
            return None
        scope, label = self.rng.choice(["global", "host", "link"]), self.rng.choice([dev, f"{dev}:1"])
        if dev == "lo" and "lo" not in self.up and ":" in vip:
            return None
        self.route.do(bind(self.route.index(dev), vip, VIPS[vip], scope, label))
        how = "scope global" if ":" in vip else f"scope {scope} label {label}"
        self.places[dev, vip] = how
        kind = "vip-added" if dev == "lo" else "vip-misplaced"
        return [(kind, vip, dev, None, None, f"{vip}/{VIPS[vip]} {how}")]

    def remove(self):
        if not self.places:
            return None
        dev, vip = self.rng.choice(list(self.places))
        self.route.do(unbind(self.route.index(dev), vip, VIPS[vip]))
        return [self.gone(dev, vip)]

    def move(self):
        """Bound anew with another scope and label, in one datagram."""
        bound = [place for place in self.places if ":" not in place[1]]
        if not bound:
            return None
        dev, vip = self.rng.choice(bound)
        index, scope, label = self.route.index(dev), self.rng.choice(["global", "host"]), f"{dev}:{self.rng.randrange(9)}"
        self.route.do(unbind(index, vip, 32), bind(index, vip, 32, scope, label))
        removed = self.gone(dev, vip)
        self.places[dev, vip] = f"scope {scope} label {label}"
        kind = "vip-added" if dev == "lo" else "vip-misplaced"
        return [removed, (kind, vip, dev, None, None, f"{vip}/32 {self.places[dev, vip]}")]

    def write(self):
        """One to four levels through /proc/sys."""
        scopes = self.rng.sample(["all", "default", "lo", "eth0", *sorted(self.names)], self.rng.randint(1, 4))
        before = self.levels()
        for scope in scopes:
            self.server.set_conf(scope, self.rng.choice(KEYS), self.rng.choice([-1, 0, 1, 2, 3, 8]))
        return changed(before, self.levels())

    def set_level(self):
        """A level of an interface that is up over netlink, which is told at once."""
        name, key = self.rng.choice(sorted(self.up)), self.rng.choice(KEYS)
        before = self.levels()
        self.route.do(level(self.route.index(name), key, self.rng.choice([0, 1, 2])))
        return changed(before, self.levels()) or None

    def set_and_restore(self):
        name, key = self.rng.choice(sorted(self.up)), self.rng.choice(KEYS)
        index, was = self.route.index(name), self.server.conf(name, key)
        if was not in (0, 1, 2):
            return None
        self.route.do(level(index, key, (was + 1) % 3), level(index, key, was))
        one = ("level-changed", None, name, key)
        return [(*one, str(was), str((was + 1) % 3)), (*one, str((was + 1) % 3), str(was))]

    def up_or_down(self):
        name = self.rng.choice(["lo", *sorted(self.names)])
        up = name not in self.up
        events = self.set_up(name, up)
        return events + (self.unprotected(name) if up else [])

    def rename(self):
        name = self.rng.choice(sorted(self.names - {"v0"}) or ["v0"])
        if name == "v0" or name in self.up:
            return None
        self.made += 1
        self.server.ip(f"link set {name} name n{self.made}")
        self.names = self.names - {name} | {f"n{self.made}"}
        return []

    def delete_or_make(self):
        if "v0" in self.names and self.rng.random() < 0.5:
            peer = self.server.ip_json("link show dev v0")[0]["link"]
            events = []
            # The kernel takes a device down before it removes what is bound there.
            if "v0" in self.up and any(dev == "v0" for dev, _ in self.places):
                events.append(("device-down", None, "v0", None, "up", "down"))
            events += [self.gone(dev, vip) for dev, vip in list(self.places) if dev == "v0"]
            self.server.ip("link del v0")
            self.names -= {"v0", peer}
            self.up -= {"v0", peer}
            return events
        if "v0" in self.names:
            return None
        self.made += 1
        peer = f"p{self.made}"
        self.server.ip(f"link add name v0 up type veth peer name {peer}")
        self.names |= {"v0", peer}
        self.up.add("v0")
        return self.unprotected("v0")


def changed(before, after):
    return [("level-changed", None, scope, key, before[scope, key], after[scope, key])
            for scope, key in after if before[scope, key] != after[scope, key]]


def test_each_disturbance_is_reported_once_and_nothing_else(server, program, watching, route, say):
    rng = random.Random(SEED)
    server.run(program, "apply", "--vip", ",".join(VIPS))
    host = Host(server, route, program, rng)
    server.ip("link add name v0 type veth peer name v1")
    server.ip("link add name w0 type veth peer name w1")
    host.names = {"v0", "v1", "w0", "w1"}
    watcher = watching(server, "--interval", INTERVAL, "--vip", ",".join(VIPS))
    acts = [host.add, host.remove, host.move, host.write, host.set_level, host.set_and_restore, host.up_or_down, host.rename, host.delete_or_make]
    weights = [5, 3, 2, 5, 3, 2, 2, 1, 1]
    told, events, done = Counter(), 0, 0
    at_once, by_reading = [], []
    while done < DISTURBANCES:
        act = rng.choices(acts, weights)[0]
        before = time.time()
        expected = act()
        if expected is None:
            continue
        done += 1
        told[act.__name__] += 1
        events += len(expected)
        wanted, seen = Counter(expected), Counter()
        while seen != wanted:
            event = watcher.next()
            seen[what(event)] += 1
            assert not seen - wanted, f"{done}: {act.__name__}: {seen - wanted} did not happen, but {wanted}"
            assert before <= event["time"] <= time.time()
            (by_reading if act == host.write else at_once).append(event["time"] - before)
    assert watcher.quiet(10 * INTERVAL) == []
    say(f"{done} disturbances ({', '.join(f'{count} {name}' for name, count in told.items())}), {events} events, each once")
    for name, times in (("told by the kernel", at_once), (f"found by reading every {INTERVAL * 1e3:.0f} ms", by_reading)):
        say(f"{name}: {len(times)} events, median {statistics.median(times) * 1e3:.2f} ms, worst {max(times) * 1e3:.1f} ms")


def test_the_default_interval_finds_a_written_level_within_about_a_second(server, program, watching, say):
    server.run(program, "apply", "--vip", "192.0.2.10")
    watcher, times = watching(server), []
    for value in (0, 1, 0):
        before = time.time()
        server.set_conf("all", "arp_ignore", value)
        times.append(watcher.next()["time"] - before)
    assert max(times) < 10
    say(f"a level written through /proc/sys, default interval: {', '.join(f'{seconds:.2f} s' for seconds in times)}")
