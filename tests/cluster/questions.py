"""What several chapters ask: who leaks, who claims the VIP, and whether every connection went straight."""
from lab.cluster import VIP


def leaking(cluster, vip=VIP):
    """The real servers of which lvsarp check says that they are not silent."""
    return {name for name in cluster.servers if cluster.lvsarp(name, "check", "--vip", vip, wanted=(0, 1)).returncode == 1}


def agree(table, leaks, count):
    """A line: who says on the cable that the VIP is his, and of whom lvsarp check says so."""
    claiming = sorted(count.answered - {"director"})
    table.line("  lvsarp check says who leaks, and the cable shows who claimed the VIP", f"check: {names(leaks)}; cable: {names(claiming)}",
               "the same", sorted(leaks) == claiming and "director" in count.answered)


def names(found):
    return ", ".join(sorted(found)) or "nobody"


def straight(count):
    return len(count) > 0 and count.through == len(count) and count.astray == count.lost == 0


def even(count, cluster):
    spread = [count.spread.get(name, 0) for name in cluster.servers]
    return max(spread) - min(spread) <= 1


def announce(cluster, vip=VIP):
    """Tell all neighbours where the VIP is."""
    cluster.lvsarp("director", "announce", vip, "--on", cluster.interface("director"), "--count", "1")
