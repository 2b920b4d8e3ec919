"""Chapter 2: keepalived and ldirectord audit the real servers from the director, and keep the bad ones out of the pool."""
import tempfile

from lab import balancers
from lab.cluster import PORT, SEATS, VIP
from lab.program import example

from .questions import announce, straight
from .traffic import Traffic, told

TITLE = "2. The director's health checks"
SHOWS = ("keepalived, and then ldirectord, fill the pool of ip_vs. Their health check is examples/c/dr_audit.c, which asks each real server from the director: "
         "is it silent, and does it take the VIP? A real server that leaks, or a black hole that lost its VIP, leaves the pool and comes back after its repair.")


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
                checked(table, cluster, traffic, running, name)


def checked(table, cluster, traffic, running, name):
    """Each line that waits for the pool is an error where the wait is too long."""
    everyone, others = list(cluster.servers), list(cluster.servers)[1:]
    table.line(f"{name} starts with an empty pool", f"rs1, rs2 and rs3 in the pool after {running.reaches(*everyone):.1f} s", "all of them", True)
    steady(table, cluster, traffic)
    with traffic.meanwhile() as meanwhile:
        cluster.reset_levels("rs1")
        took = running.reaches(*others)
        meanwhile.connections(20)
    table.line("  rs1's levels are reset: it leaks", f"out of the pool after {took:.1f} s", "rs1 leaves the pool", True)
    table.line("    which does not silence it: only its repair does", str(meanwhile.count), "connections go astray", meanwhile.count.astray > 0)
    cluster.prepare("rs1")
    announce(cluster)
    table.line("  lvsarp apply on rs1, lvsarp announce on the director", f"back in the pool after {running.reaches(*everyone):.1f} s", "rs1 comes back", True)
    steady(table, cluster, traffic)
    cluster.remove_vip("rs1")
    table.line("  rs1 loses its VIP: a black hole, though its own address still answers", f"out of the pool after {running.reaches(*others):.1f} s",
               "rs1 leaves the pool", True)
    count = traffic.of(60)
    table.line("    connections now", f"{count}{told(count.spread)}", "0 astray, 0 lost, none to rs1", straight(count) and "rs1" not in count.spread)
    cluster.prepare("rs1")
    table.line("  lvsarp apply on rs1", f"back in the pool after {running.reaches(*everyone):.1f} s", "rs1 comes back", True)
    steady(table, cluster, traffic)


def steady(table, cluster, traffic):
    count = traffic.of(60)
    table.line("    connections now", f"{count}{told(count.spread)}", "0 astray, 0 lost, to all of them",
               straight(count) and set(count.spread) == set(cluster.servers))
