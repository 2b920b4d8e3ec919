"""What several chapters ask and say: who leaks, who claims the VIP, how connections are spread."""
from lab.cluster import VIP


def leaking(cluster, vip=VIP):
    """The real servers of which lvsarp check says that they are not silent."""
    return {name for name in cluster.servers
            if cluster.lvsarp(name, "check", "--vip", vip, wanted=(0, 1)).returncode == 1}


def agree(table, leaks, count):
    """A line: who says on the cable that the VIP is his, and of whom lvsarp check said so before."""
    claiming = count.answered - {"director"}
    table.line("  lvsarp check says who leaks, and the cable shows who claimed the VIP",
               f"check: {names(leaks)}; cable: {names(claiming)}", "the same",
               leaks == claiming and "director" in count.answered)


def names(found):
    return ", ".join(sorted(found)) or "nobody"


def even(count, cluster):
    """Whether every real server answered as many as the others, or one less."""
    spread = [count.spread[name] for name in cluster.servers]
    return max(spread) - min(spread) <= 1


def announce(cluster):
    """Tell all neighbours where the VIP is."""
    cluster.lvsarp("director", "announce", VIP, "--on", cluster.interface("director"), "--count", "1")
