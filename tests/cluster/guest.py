"""Runs in the guest, and prints the table.

    python3 -m cluster.guest [--short] [--out FILE] [--rows FILE] [CHAPTER...]
"""
import argparse
import sys
from dataclasses import dataclass, field, replace

from lab.cluster import Cluster, modules
from lab.program import lvsarp

from . import asked, checked, direct, sabotage, wiring
from .table import Table

CHAPTERS = {"1": direct, "2": checked, "3": wiring, "4": asked}


@dataclass(frozen=True)
class Size:
    """How much is done."""

    few: int            # connections, where a few are enough
    some: int
    many: int
    rounds: int         # of what is repeated on every real server
    slow: bool          # also what waits for connections that the kernel tries again
    times: int          # of each sabotage
    sabotages: tuple    # of sabotage.ON_A_SERVER
    kinds: tuple        # of wiring.KINDS
    balancers: tuple    # of lab.balancers
    seed: int = 7
    missing: dict = field(default_factory=dict)  # modules that cannot be loaded: whether their files are there


FULL = Size(few=100, some=300, many=900, rounds=4, slow=True, times=12, sabotages=tuple(sabotage.ON_A_SERVER),
            kinds=tuple(wiring.KINDS), balancers=("keepalived", "ldirectord"))
SHORT = Size(few=30, some=60, many=300, rounds=1, slow=False, times=1, sabotages=("levels", "deleted"),
             kinds=("vlan",), balancers=("keepalived",))


def main():
    parser = argparse.ArgumentParser(prog="python3 -m cluster.guest")
    parser.add_argument("--short", action="store_true", help="as make test does it")
    parser.add_argument("--out", help="the file for the table, instead of the standard output")
    parser.add_argument("--rows", help="a file for the lines as JSON")
    parser.add_argument("chapters", nargs="*", help="their numbers")
    words = parser.parse_args()
    if unknown := set(words.chapters) - set(CHAPTERS):
        parser.error(f"no such chapter: {', '.join(sorted(unknown))}")
    table = Table(open(words.out, "a") if words.out else sys.stdout, words.rows and open(words.rows, "a"))
    size, cluster = replace(SHORT if words.short else FULL, missing=modules()), None
    for number in words.chapters or CHAPTERS:
        chapter = CHAPTERS[number]
        table.chapter(chapter.TITLE, chapter.SHOWS)
        with table.step("the chapter as a whole", 200):
            if cluster:
                cluster.renew()
            else:
                cluster = Cluster(lvsarp(), ("rs1", "rs2", "rs3"), client=True, ipv6=True)
            chapter.chapter(table, cluster, size)
    return table.end()


if __name__ == "__main__":
    sys.exit(main())
