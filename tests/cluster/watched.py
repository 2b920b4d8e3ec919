"""Chapter 1, continued: lvsarp watch --repair on every real server, while somebody does to them what the field knows."""
import contextlib
import errno
import json
import random
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab.cluster import NAMES, VIP, VIP6
from lab.namespaces import run
from lab.program import lvsarp

from .questions import announce, straight
from .traffic import Count, Traffic

INTERVAL = 0.2  # seconds, between two looks of a watch
REPAIRED_WITHIN = 10.0
BOTH = f"{VIP},{VIP6}"


class Watch:
    """lvsarp watch --repair on one real server."""

    def __init__(self, name, *words):
        self.name, self._said = name, tempfile.NamedTemporaryFile("w", prefix="watch-")
        self._process = subprocess.Popen([lvsarp(), "watch", "--netns", name, "--vip", BOTH, "--interval", str(INTERVAL), "--repair",
                                          "--per-minute", "600", "--json", *words],
                                         stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT)

    def begun(self):
        """Wait until it says that it is watching."""
        deadline = time.monotonic() + 10
        while not (said := Path(self._said.name).read_text()).endswith("\n"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"lvsarp watch on {self.name} ended with {self._process.poll()}, or does not begin: {said.strip()}")
            time.sleep(0.02)

    def events(self, kind):
        """How many events of a kind it told."""
        lines = Path(self._said.name).read_text().splitlines()
        return sum(json.loads(line)["kind"] == kind for line in lines)

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._said.close()


class Sabotage:
    """What is done to a real server, and when it is mended, as the kernel says."""

    def __init__(self, done, act, mended, clear=lambda cluster, name: None):
        self.done, self.act, self.mended, self.clear = done, act, mended, clear


def silent(cluster, name, interface="eth0"):
    """Whether the levels hide a VIP on this interface: net/ipv4/arp.c takes the greater of its own and of all's."""
    host = cluster.servers[name]
    return (max(host.conf(scope, "arp_ignore") for scope in ("all", interface)),
            max(host.conf(scope, "arp_announce") for scope in ("all", interface))) == (1, 2)


def accepts(cluster, name):
    """Whether the VIPs are local: only then bind() takes them."""
    with cluster.servers[name].entered():
        for family, vip in (socket.AF_INET, VIP), (socket.AF_INET6, VIP6):
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                try:
                    sock.bind((vip, 0))
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:
                        raise
                    return False
    return True


def lo_down_and_up(cluster, name):
    cluster.servers[name].ip_batch("link set lo down", "link set lo up")


def second_interface(cluster, name):
    """A second plug into the same switch, as when somebody adds a card."""
    mac = f"02:00:00:00:01:{cluster.servers[name].mac()[-2:]}"
    NAMES[mac] = name
    run("ip", "link", "add", "name", "eth1", "netns", name, "address", mac, "type", "veth", "peer", "name", f"{name}-2", "netns", cluster.switch.name)
    cluster.switch.ip_batch(f"link set {name}-2 master br0", f"link set {name}-2 up")
    cluster.servers[name].ip_batch(f"addr add 192.0.2.1{mac[-2:]}/24 dev eth1", "link set eth1 up")


def without_second_interface(cluster, name):
    cluster.servers[name].ip("link del eth1")
    cluster.director.ip("neigh flush dev eth0")  # eth1 may have answered for the real server's own address


SABOTAGES = {
    "levels": Sabotage("levels set to 0", lambda cluster, name: cluster.reset_levels(name), silent),
    "deleted": Sabotage("VIP deleted", lambda cluster, name: cluster.remove_vip(name), accepts),
    "lo": Sabotage("lo set down and up, which deletes the IPv6 VIP", lo_down_and_up, accepts),
}
INTERFACE = Sabotage("an interface added on the same switch; levels are per interface (--scope interface)", second_interface,
                     lambda cluster, name: silent(cluster, name, "eth1"), without_second_interface)


def by_all(table, cluster, size):
    """The lines for what is done on all real servers; the VIPs are applied here."""
    for name in cluster.servers:
        cluster.prepare(name, vip=BOTH)
    sabotaged(table, cluster, size, tuple(SABOTAGES[name] for name in size.sabotages))
    with Traffic(cluster, VIP6, seed=size.seed) as traffic:
        count = traffic.of(size.some)
    table.line("  and after all of this the IPv6 VIP", str(count), "0 astray, 0 lost", straight(count))


def by_interface(table, cluster, size):
    for name in cluster.servers:
        cluster.lvsarp(name, "undo")
        cluster.prepare(name, "--scope", "interface", vip=BOTH)
    sabotaged(table, cluster, size, (INTERFACE,), "--scope", "interface")


def sabotaged(table, cluster, size, kinds, *words):
    dice = random.Random(size.seed)
    with contextlib.ExitStack() as last, Traffic(cluster, seed=size.seed) as traffic:
        watches = {}
        for name in cluster.servers:
            watch = watches[name] = Watch(name, *words)
            last.callback(watch.close)
        for watch in watches.values():
            watch.begun()
        for kind in kinds:
            times = []
            with traffic.meanwhile() as meanwhile:
                meanwhile.connections(10)
                for _ in range(size.times):
                    times.append(one_sabotage(cluster, meanwhile, kind, dice.choice(list(cluster.servers))))
            lines(table, meanwhile.count, kind, times)
        told = {kind: sum(watch.events(kind) for watch in watches.values()) for kind in ("repaired", "repair-failed", "repair-limited")}
        table.line("  what the watches told of their repairs", ", ".join(f"{kind} {number}" for kind, number in told.items()),
                   "some repaired, none failed or limited", told["repaired"] > 0 and not told["repair-failed"] and not told["repair-limited"])


@dataclass
class Time:
    """When a sabotage began, was done, was seen to be mended, and all neighbours had been told (time.monotonic); and what came after."""

    began: float
    done: float
    mended: float
    told: float
    cleared: tuple = (0.0, 0.0)  # what the sabotage had brought was taken away

    def touches(self, connection):
        """Whether a connection was under way before the neighbours had been told, or while it was cleared away."""
        return any(connection.began < end and connection.ended > begin for begin, end in ((self.began, self.told), self.cleared))


def one_sabotage(cluster, meanwhile, kind, name):
    """Do it once, and wait until it is mended; then tell all neighbours, and wait for what comes after that."""
    began = time.monotonic()
    kind.act(cluster, name)
    done = time.monotonic()
    while not kind.mended(cluster, name):
        if time.monotonic() > done + REPAIRED_WITHIN:
            raise TimeoutError(f"{kind.done} on {name}: not repaired within {REPAIRED_WITHIN} s")
        time.sleep(0.005)
    mended = time.monotonic()
    announce(cluster)
    told = time.monotonic()
    meanwhile.connections(20)
    clearing = time.monotonic()
    kind.clear(cluster, name)
    return Time(began, done, mended, told, (clearing, time.monotonic()))


def lines(table, count, kind, times):
    """What was astray before the announcement, and that nothing was after it."""
    took = [one.mended - one.done for one in times]
    before = [one for one in count.connections if any(time.touches(one) for time in times)]
    after = Count([one for one in count.connections if not any(time.touches(one) for time in times)])
    table.line(f"lvsarp watch --repair on each; {len(times)} times, on one at random: {kind.done}",
               f"repaired after {statistics.median(took):.2f} s (median), {max(took):.2f} s (worst)", f"each within {REPAIRED_WITHIN:.0f} s", max(took) <= REPAIRED_WITHIN)
    table.figure("  from the sabotage until the repair and lvsarp announce on the director", str(Count(before)))
    table.line("  after the announcement", str(after), "0 astray, 0 lost", straight(after))
