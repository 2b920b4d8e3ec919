"""Chapter 1: without lvsarp connections go past the director; with it none does, whatever is done to the servers."""
from lab.cluster import VIP, VIP6

from . import watched
from .counted import told
from .questions import agree, announce, even, leaking, names
from .traffic import Traffic

TITLE = "1. Through the director, or past it"
SHOWS = ("The client connects to the VIP again and again, while neighbour caches are emptied at random. Each "
         "connection should go through the director. A connection is astray where a frame of it went to another MAC on "
         "the client's cable.")
FRAMES = "  the client's frames that the director's ip_vs counted"


def chapter(table, cluster, size):
    for vip in VIP, VIP6:
        cluster.balance(vip)
    with Traffic(cluster, seed=size.seed) as traffic:
        with table.step("without lvsarp", 60):
            without(table, cluster, traffic, size)
        with table.step("with lvsarp apply", 60):
            applied(table, cluster, traffic, size)
        with table.step("the client's cache after a repair", 60):
            refreshed(table, cluster, traffic, size)
        with table.step("applied and undone in turn", 120):
            in_turn(table, cluster, traffic, size)
    with table.step("lvsarp watch --repair", 120):
        watched.by_all(table, cluster, size)
    with table.step("lvsarp watch --repair --scope interface", 60):
        watched.by_interface(table, cluster, size)


def without(table, cluster, traffic, size):
    for name in cluster.servers:
        cluster.hold(name)
    leaks = leaking(cluster)
    count = traffic.of(size.few)
    table.line("VIP on lo of rs1, rs2 and rs3, all levels 0, no lvsarp",
               f"{count}; the client takes {traffic.believed()} for the VIP's owner", "connections go astray",
               count.astray > 0)
    table.line(FRAMES, f"{count.packets} of {count.frames}", "not all", count.packets < count.frames)
    agree(table, leaks, count)


def applied(table, cluster, traffic, size):
    for name in cluster.servers:
        cluster.prepare(name)
    traffic.forget()
    leaks = leaking(cluster)
    count = traffic.of(size.many)
    table.line("lvsarp apply on rs1, rs2 and rs3", str(count), f"{size.many} through, 0 astray, 0 lost",
               count.straight and len(count) == size.many)
    table.line("  spread over the real servers", told(count.spread).strip(" ()"), "evenly: they differ by 1 at most",
               even(count, cluster))
    table.line(FRAMES, f"{count.packets} of {count.frames}", "all", count.packets == count.frames)
    agree(table, leaks, count)


def refreshed(table, cluster, traffic, size):
    """Nobody empties the client's cache here, so that it shows what stays in it."""
    traffic.empty = 0
    cluster.reset_levels("rs3")
    traffic.forget()
    traffic.of(size.few)
    cluster.prepare("rs3")
    before, count = traffic.believed(), traffic.of(size.few)
    table.line("rs3's levels were reset and lvsarp apply mended them; the client's cache is as it was",
               f"the client takes {before} for the VIP's owner; {count}", "rs3; still astray",
               before == "rs3" and count.astray == size.few)
    announce(cluster)
    after, count = traffic.believed(), traffic.of(size.few)
    table.line("  then lvsarp announce on the director", f"the client takes {after} for the VIP's owner; {count}",
               "director; 0 astray, 0 lost", after == "director" and count.straight)
    traffic.empty = 0.5


def in_turn(table, cluster, traffic, size):
    for name in cluster.servers:
        cluster.lvsarp(name, "undo")
    traffic.forget()
    leaks, count = leaking(cluster), traffic.of(size.few)
    table.line("lvsarp undo on rs1, rs2 and rs3, which had the VIP before lvsarp apply: all is as it was",
               f"check: {names(leaks)}; {count}", "the leak is back",
               leaks == set(cluster.servers) and count.astray > 0)
    # From here on it is apply that binds the VIP, and undo removes it first.
    for name in cluster.servers:
        cluster.remove_vip(name)
        cluster.prepare(name)
    traffic.forget()
    if not (count := traffic.of(10)).straight:
        raise RuntimeError(f"lvsarp apply should have bound the VIP, but of {count}")
    with traffic.meanwhile() as meanwhile:
        for name in list(cluster.servers) * size.rounds:
            cluster.pool_remove(name)
            meanwhile.connections(10)  # those that it had have ended
            cluster.lvsarp(name, "undo")
            meanwhile.connections(20)
            cluster.prepare(name)
            cluster.pool_add(name)
            meanwhile.connections(20)
    table.line(f"rs1, rs2 and rs3 in turn, {size.rounds} times each: out of the pool, lvsarp undo, lvsarp apply, back "
               "into the pool", str(meanwhile.count), "0 astray, 0 lost", meanwhile.count.straight)
    if size.slow:
        in_the_pool(table, cluster, traffic)


def in_the_pool(table, cluster, traffic):
    with traffic.meanwhile() as meanwhile:
        for name in cluster.servers:
            cluster.lvsarp(name, "undo")
            meanwhile.connections(5)
            cluster.prepare(name)
            meanwhile.connections(20)
    count = meanwhile.count
    waited = sum(one.ended - one.began > 0.9 for one in count.connections)
    table.line("once more, but left in the pool: ip_vs gives connections to a server without the VIP, and they wait for it",
               f"{count}, {waited} waited", "0 astray", len(count) > 0 and not count.astray)
