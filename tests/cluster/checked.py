"""Chapter 2: keepalived and ldirectord audit the real servers from the director, and keep the bad ones out."""
import tempfile

from lab import balancers
from lab.cluster import PORT, SEATS, VIP
from lab.program import example

from .counted import told
from .questions import announce
from .traffic import Traffic

TITLE = "2. The director's health checks"
SHOWS = ("keepalived, and then ldirectord, fill the pool of ip_vs. Their health check is examples/c/dr_audit.c, which "
         "asks each real server from the director: is it silent, and does it take the VIP? A real server that leaks, or "
         "a black hole that lost its VIP, leaves the pool and comes back after its repair.")
NUMBER = 60  # connections for one line


def chapter(table, cluster, size):
    audit = example("dr_audit")

    def check(name):
        return f"{audit} -i eth0 -r {SEATS[name].ip} -p {PORT} {VIP}"

    for name in cluster.servers:
        cluster.prepare(name)
    for name in size.balancers:
        # The kernel answers a health check's SYN, because the traffic's HTTP servers listen.
        with table.step(name, 90), tempfile.TemporaryDirectory() as folder, Traffic(cluster, seed=size.seed) as traffic:
            with getattr(balancers, name)(cluster, folder, check) as running:
                Checked(table, cluster, traffic, running).lines(name)


class Checked:
    """The lines of one program on the director. A wait for the pool that is too long is an error."""

    def __init__(self, table, cluster, traffic, running):
        self._table, self._cluster, self._traffic, self._running = table, cluster, traffic, running
        self._all, self._others = list(cluster.servers), list(cluster.servers)[1:]

    def lines(self, name):
        self._line(f"{name} starts with an empty pool", "in the pool", "all of them", self._running.reaches(*self._all))
        self._now(self._all)
        self._leaking()
        self._cluster.prepare("rs1")
        announce(self._cluster)
        self._line("  lvsarp apply on rs1, lvsarp announce on the director", "back in the pool", "rs1 comes back",
                   self._running.reaches(*self._all))
        self._now(self._all)
        self._cluster.remove_vip("rs1")
        self._line("  rs1 loses its VIP: a black hole, though its own address still answers", "out of the pool",
                   "rs1 leaves the pool", self._running.reaches(*self._others))
        self._now(self._others)
        self._cluster.prepare("rs1")
        self._line("  lvsarp apply on rs1", "back in the pool", "rs1 comes back", self._running.reaches(*self._all))
        self._now(self._all)

    def _leaking(self):
        with self._traffic.meanwhile() as meanwhile:
            self._cluster.reset_levels("rs1")
            took = self._running.reaches(*self._others)
            meanwhile.connections(20)
        self._line("  rs1's levels are reset: it leaks", "out of the pool", "rs1 leaves the pool", took)
        self._table.line("    which does not silence it: only its repair does", str(meanwhile.count),
                         "connections go astray", meanwhile.count.astray > 0)

    def _line(self, done, where, expected, took):
        self._table.line(done, f"{where} after {took:.1f} s", expected, True)

    def _now(self, servers):
        count = self._traffic.of(NUMBER)
        self._table.line("    connections now", f"{count}{told(count.spread)}",
                         f"0 astray, 0 lost, to {', '.join(servers)}",
                         count.straight and set(count.spread) == set(servers))
