"""The Python libraries' side of the comparison: a program that takes turns (see raw/step.h for the two lines of protocol)."""

from __future__ import annotations

import ipaddress
import sys
import time
from collections.abc import Callable

GETS = 500
PER_SEND = 1000


def addresses(first: str, count: int) -> list[str]:
    start = int(ipaddress.IPv4Address(first))
    return [str(ipaddress.IPv4Address(start + k)) for k in range(count)]


def pyroute2_links() -> Callable[[str], int]:
    """get_links, and the two levels out of every link."""
    from pyroute2 import IPRoute

    ipr = IPRoute()

    def step(_: str) -> int:
        links = levels = 0
        for link in ipr.get_links():
            conf = link.get_attr("IFLA_AF_SPEC").get_attr("AF_INET")
            links += 1
            levels += conf["arp_ignore"] + conf["arp_announce"]
        return links * 1000 + levels

    return step


def pyroute2_addresses(first: str, count: str) -> Callable[[str], int]:
    """One request, one acknowledgement: the way its documentation shows."""
    from pyroute2 import IPRoute

    ipr = IPRoute()
    lo = ipr.link_lookup(ifname="lo")[0]
    vips = addresses(first, int(count))

    def step(line: str) -> int:
        verb = "add" if line == "bind" else "del"
        for vip in vips:
            ipr.addr(verb, index=lo, address=vip, prefixlen=32)
        return len(vips)

    return step


def pyroute2_batch(first: str, count: str) -> Callable[[str], int]:
    """Its fastest way: IPBatch compiles, one send carries a thousand requests; the answers are not read."""
    from pyroute2 import IPBatch, IPRoute

    ipr = IPRoute()
    lo = ipr.link_lookup(ifname="lo")[0]
    vips = addresses(first, int(count))
    batch = IPBatch()

    def step(line: str) -> int:
        verb = "add" if line == "bind" else "del"
        for k in range(0, len(vips), PER_SEND):
            batch.reset()
            for vip in vips[k : k + PER_SEND]:
                batch.addr(verb, index=lo, address=vip, prefixlen=32)
            ipr.sendto(batch.batch, (0, 0))
        return len(vips)

    return step


def files_get(interface: str) -> Callable[[str], int]:
    """The effective levels as a Python script reads them: four files, opened each time."""
    root = "/proc/sys/net/ipv4/conf"

    def number(path: str) -> int:
        with open(path) as f:
            return int(f.read())

    def step(line: str) -> int:
        for _ in range(GETS):
            level = [max(number(f"{root}/all/{k}"), number(f"{root}/{interface}/{k}")) for k in ("arp_ignore", "arp_announce")]
        return level[0] * 10 + level[1]

    return step


def lvsarp_get(interface: str) -> Callable[[str], int]:
    import lvsarp

    host = lvsarp.Host()

    def step(line: str) -> int:
        for _ in range(GETS):
            levels = host.get(interface)
        return int(levels.arp_ignore.effective * 10 + levels.arp_announce.effective)

    return step


def lvsarp_snapshot() -> Callable[[str], int]:
    """A snapshot, and the two levels out of every interface."""
    import lvsarp

    host = lvsarp.Host()

    def step(_: str) -> int:
        links = levels = 0
        for interface in host.snapshot().interfaces:
            links += 1
            levels += interface.conf["arp_ignore"] + interface.conf["arp_announce"]
        return links * 1000 + levels

    return step


def lvsarp_addresses(first: str, count: str) -> Callable[[str], int]:
    import lvsarp

    host = lvsarp.Host()
    vips = addresses(first, int(count))

    def step(line: str) -> int:
        return sum(host.bind_many(vips) if line == "bind" else host.unbind_many(vips))

    return step


ROLES: dict[str, tuple[Callable[..., Callable[[str], int]], int]] = {
    "pyroute2-links": (pyroute2_links, 1),
    "pyroute2-addresses": (pyroute2_addresses, 1),
    "pyroute2-batch": (pyroute2_batch, 1),
    "files-get": (files_get, GETS),
    "lvsarp-get": (lvsarp_get, GETS),
    "lvsarp-snapshot": (lvsarp_snapshot, 1),
    "lvsarp-addresses": (lvsarp_addresses, 1),
}


def main() -> None:
    role, times = ROLES[sys.argv[1]]
    step = role(*sys.argv[2:])
    for line in sys.stdin:
        start = time.perf_counter_ns()
        seen = step(line.strip())
        ns = (time.perf_counter_ns() - start) / times
        print(f"{ns:.1f} {seen}", flush=True)


if __name__ == "__main__":
    main()
