"""Chapter 1, continued: lvsarp watch --repair on every real server, while each kind of sabotage is done to them."""
import contextlib
import json
import random
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab.cluster import VIP, VIP6
from lab.program import lvsarp

from .counted import Count
from .questions import announce
from .sabotage import INTERFACE, ON_A_SERVER
from .traffic import Traffic

INTERVAL = 0.2  # seconds between two looks of a watch
WITHIN = 10.0  # seconds for a repair
BOTH = f"{VIP},{VIP6}"


class Watch:
    """lvsarp watch --repair on one real server."""

    def __init__(self, server, *words):
        self._server, self._said = server, tempfile.NamedTemporaryFile("w", prefix="watch-")
        self._process = subprocess.Popen(
            [lvsarp(), "watch", "--netns", server, "--vip", BOTH, "--interval", str(INTERVAL), "--json",
             "--repair", "--per-minute", "600", *words],
            stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT)

    def begun(self):
        """Wait until it says that it is watching."""
        deadline = time.monotonic() + 10
        while not (said := self._text()).endswith("\n"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"lvsarp watch on {self._server} ended with {self._process.poll()}, "
                                   f"or does not begin: {said.strip()}")
            time.sleep(0.02)

    def events(self, kind):
        """How many events of a kind it told."""
        return sum(json.loads(line)["kind"] == kind for line in self._text().splitlines())

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._said.close()

    def _text(self):
        return Path(self._said.name).read_text()


@dataclass(frozen=True)
class Times:
    """When a sabotage began, was done, was seen to be mended, and all neighbours had been told; and when what it had
    brought was taken away. All by time.monotonic()."""

    began: float
    done: float
    mended: float
    told: float
    cleared: tuple

    def touches(self, connection):
        """Whether a connection was under way before the neighbours had been told, or while it was cleared away."""
        spans = (self.began, self.told), self.cleared
        return any(connection.began < end and connection.ended > begin for begin, end in spans)


def by_all(table, cluster, size):
    for name in cluster.servers:
        cluster.prepare(name, vip=BOTH)
    watched(table, cluster, size, [ON_A_SERVER[name] for name in size.sabotages])
    with Traffic(cluster, VIP6, seed=size.seed) as traffic:
        count = traffic.of(size.some)
    table.line("  and after all of this the IPv6 VIP", str(count), "0 astray, 0 lost", count.straight)


def by_interface(table, cluster, size):
    for name in cluster.servers:
        cluster.lvsarp(name, "undo")
        cluster.prepare(name, "--scope", "interface", vip=BOTH)
    watched(table, cluster, size, [INTERFACE], "--scope", "interface")


def watched(table, cluster, size, kinds, *words):
    """The lines of each kind of sabotage, done to real servers at random, with a watch on each of them."""
    dice, servers = random.Random(size.seed), list(cluster.servers)
    with contextlib.ExitStack() as last, Traffic(cluster, seed=size.seed) as traffic:
        watches = []
        for name in servers:
            watches.append(Watch(name, *words))
            last.callback(watches[-1].close)
        for watch in watches:
            watch.begun()
        for kind in kinds:
            with traffic.meanwhile() as meanwhile:
                meanwhile.connections(10)
                times = [sabotaged(cluster, meanwhile, kind, dice.choice(servers)) for _ in range(size.times)]
            lines(table, meanwhile.count, kind, times)
        repaired, failed, limited = (sum(watch.events(kind) for watch in watches)
                                     for kind in ("repaired", "repair-failed", "repair-limited"))
    done = size.times * len(kinds)
    table.line("  what the watches told of their repairs", f"{repaired} repaired, {failed} failed, {limited} limited",
               f"{done} repaired at least, 0 failed, 0 limited", repaired >= done and not failed and not limited)


def sabotaged(cluster, meanwhile, kind, server):
    """Do it once, and wait until it is mended; then tell all neighbours, and wait for what comes after that."""
    began = time.monotonic()
    kind.act(cluster, server)
    done = time.monotonic()
    while not kind.mended(cluster, server):
        if time.monotonic() > done + WITHIN:
            raise TimeoutError(f"{kind.name} on {server}: not repaired within {WITHIN} s")
        time.sleep(0.005)
    mended = time.monotonic()
    announce(cluster)
    told = time.monotonic()
    meanwhile.connections(20)
    clearing = time.monotonic()
    kind.clear(cluster, server)
    return Times(began, done, mended, told, (clearing, time.monotonic()))


def lines(table, count, kind, times):
    """How long it took, what was astray before the announcement, and that nothing was after it."""
    took = [one.mended - one.done for one in times]
    before = [one for one in count.connections if any(sabotage.touches(one) for sabotage in times)]
    after = Count([one for one in count.connections if one not in before])
    table.line(f"lvsarp watch --repair on each; {len(times)} times, on one at random: {kind.name}",
               f"repaired after {statistics.median(took):.2f} s (median), {max(took):.2f} s (worst)",
               f"each within {WITHIN:.0f} s", max(took) <= WITHIN)
    table.figure("  from the sabotage until the repair and lvsarp announce on the director", str(Count(before)))
    table.line("  after the announcement", str(after), "0 astray, 0 lost", after.straight)
