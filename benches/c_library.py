"""The C library, liblvsarp, beside raw C, libnl-route-3 and the shell: its calls, its size and its start."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator

import sandbox
from measure import Peer, Step, run, take_turns
from sections import VIP, Comparison, Programs, process, there_and_back

LIBNL = ("libnl-3.so.200", "libnl-route-3.so.200")
OWN = (
    "The interface's own values alone, which is all that libnl can read: netlink does not carry those of `all`, so what is in force stays unknown. "
    "`lvsarp_get` reads both in its time."
)


def c_library(programs: Programs) -> Iterator[Comparison]:
    sandbox.ordinary_host()
    levels = [*merged_levels(programs), *own_levels(programs, times=50)]
    rest = [*start(programs), *check(programs), *bind_many(programs)]
    sandbox.links(100, 2)
    yield from [*levels, *own_levels(programs, times=10), *rest]


# 1. The levels of one interface


def merged_levels(programs: Programs) -> Iterator[Comparison]:
    sandbox.write("all", "arp_ignore", 1)
    sandbox.write("eth0", "arp_announce", 2)
    files = programs.c("pread_levels", "eth0")
    peers = [
        Peer("C library, `lvsarp_get`, handle kept open", programs.c("c_library", "levels", "eth0").step("merged", "read")),
        Peer("C, the four files kept open", files.step("kept", "read")),
        Peer("C, open, read, close the four files", files.step("open", "read")),
    ]
    take_turns(peers, rounds=60, seconds_each=3)
    yield Comparison(
        "C library: effective levels of one interface",
        "Both keys, `all` and `eth0`, merged: one call. The raw program reads by `pread` and takes the numbers by `strtol`.",
        "read", "time", peers, peers[0].name, limit_to=("C, the four files kept open",), limit=2.0,
    )  # fmt: skip


def interfaces() -> int:
    """How many there are besides lo."""
    with open("/proc/net/dev") as f:
        return len(f.readlines()) - 3


def own_levels(programs: Programs, times: int) -> Iterator[Comparison]:
    libnl = programs.c("libnl_levels", "levels", "eth0", str(times))
    peers = [
        Peer("C library, `lvsarp_get`, handle kept open", programs.c("c_library", "levels", "eth0").step("own", "read")),
        Peer("libnl, `nl_cache_refill`, `rtnl_link_inet_get_conf`", libnl.step("refill", "read")),
        Peer("libnl, `rtnl_link_get_kernel`, `rtnl_link_inet_get_conf`", libnl.step("one", "read")),
    ]
    take_turns(peers, rounds=60, seconds_each=3)
    yield Comparison(
        f"C library: own levels of one of {interfaces()} interfaces", f"{OWN} lo is not counted. The handle and the socket stay open.",
        "read", "time", peers, peers[0].name,
    )  # fmt: skip


# 2. A whole check

SCRIPT = f"""
set -- $(sysctl -n net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce net.ipv4.conf.lo.arp_ignore net.ipv4.conf.lo.arp_announce)
if [ "$1 $2 $3 $4" = "1 2 1 2" ] && ip -4 addr show dev lo | grep -qF "inet {VIP}/32 "; then
    echo silent in ARP
else
    echo not silent
fi
"""


def not_silent(out: str) -> int:
    return 0 if out.strip() == "silent in ARP" else 1


def everybody_sees(peers: list[Peer], expected: int) -> None:
    for peer in peers:
        saw = peer.step()[1]
        if saw not in (expected, None):
            raise RuntimeError(f"{peer.name} says {saw} instead of {expected}")


def unseen(step: Step) -> Step:
    """The figures of a peer that sees something else than the others."""
    return lambda: (step()[0], None)


def check(programs: Programs) -> Iterator[Comparison]:
    library = programs.c("c_library", "check", VIP)
    dr_check = os.path.join(programs.raw, "dr_check")
    library.ask("apply")
    peers = [
        Peer("C library, `lvsarp_check`, handle kept open", library.step("kept", "check", times=5)),
        Peer("C library, `lvsarp_open`, `lvsarp_check`, `lvsarp_close`", library.step("each", "check", times=5)),
        Peer("C, the five netlink dumps of it alone", unseen(programs.c("dump_links", "skip-stats").step("all", "check", times=5))),
        Peer("`dr_check` (examples/c), a process", process([dr_check, VIP], "check", not_silent, statuses=(0, 1))),
        Peer("shell script, `sysctl -n`, `ip addr`, `grep`", process(["sh", "-c", SCRIPT], "check", not_silent)),
    ]
    sandbox.write("all", "arp_ignore", 0)
    everybody_sees(peers, 1)
    sandbox.write("all", "arp_ignore", 1)
    everybody_sees(peers, 0)
    take_turns(peers, rounds=60, seconds_each=4)
    everybody_sees(peers, 0)
    library.ask("undo")
    yield Comparison(
        "C library: a check of one VIP",
        "lo and two interfaces that are up, after `lvsarp_apply`. Before it counts, everybody has to say that the VIP is not silent without the level of "
        "`all`. The script compares four levels and looks for the VIP; `lvsarp_check` decides for every interface, from all addresses and local routes.",
        "check", "time", peers, peers[0].name,
    )  # fmt: skip


# 3. Size and start


def known(name: str, figure: str, value: float) -> Peer:
    """A peer whose figure is not a time: it is the same in every round."""
    return Peer(name, lambda: ({figure: value}, None), {figure: [value]})


def output(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def loaded(program: str) -> dict[str, str]:
    """The shared libraries that a program loads, by name, and where each is."""
    return dict(re.findall(r"^\s*(\S+) => (/\S+)", output(["ldd", program]), re.MULTILINE))


def stripped_size(library: str) -> int:
    with tempfile.NamedTemporaryFile() as f:
        output(["strip", "-o", f.name, library])
        return os.stat(f.name).st_size


def relocations(library: str) -> int:
    """How many the loader does: DT_RELA and DT_JMPREL, and those that a DT_RELR packs."""
    return sum(map(int, re.findall(r"contains (\d+) entr", output(["readelf", "-rW", library]))))


def needed(library: str) -> str:
    return ", ".join(re.findall(r"\(NEEDED\).*\[(.*)\]", output(["readelf", "-dW", library])))


def calls(argv: list[str]) -> int:
    """How many system calls a program makes between its markers."""
    with tempfile.NamedTemporaryFile("r") as f:
        run(["strace", "-f", "-qq", "-e", "signal=none", "-o", f.name, *argv])
        lines = [line for line in f.read().splitlines() if " resumed>" not in line]
    first, last = (k for k, line in enumerate(lines) if 'write(-1, "marker"' in line)
    return last - first - 1


def start(programs: Programs) -> Iterator[Comparison]:
    ours, peer = (os.path.join(programs.raw, name) for name in ("c_library", "libnl_levels"))
    lvsarp, libnl = loaded(ours)["liblvsarp.so.0"], [loaded(peer)[name] for name in LIBNL]
    gcc = loaded(ours).get("libgcc_s.so.1")
    opened, first, cache = "C library, open, close", "C library, open, first `lvsarp_get`, close", "libnl, socket, connect, link cache, free"
    together = " + ".join(LIBNL)

    lines = [
        f"Relocations at the start: {relocations(lvsarp):,} in liblvsarp.so.0, {sum(map(relocations, libnl)):,} in {together}.",
        *(f"{name} needs {needed(path)}." for name, path in zip(("liblvsarp.so.0", *LIBNL), (lvsarp, *libnl))),
        *([f"Not counted: libgcc_s.so.1, {os.stat(gcc).st_size:,} bytes."] if gcc else []),
    ]
    sizes = [
        known("liblvsarp.so.0, stripped", "size", stripped_size(lvsarp)),
        known(f"{together}, as installed", "size", sum(os.stat(path).st_size for path in libnl)),
    ]
    yield Comparison("C library: size", "The files of the shared libraries.", "size", "bytes", sizes, sizes[0].name, lines=lines)

    counts = [
        known(opened, "calls", calls([ours, "trace", "eth0", "open"])),
        known(first, "calls", calls([ours, "trace", "eth0", "first"])),
        known(cache, "calls", calls([peer, "trace", "eth0"])),
    ]
    text = (
        "In a process that does it for the first time, by `strace`, with those of the allocator. The link cache holds the own levels of all interfaces, "
        f"here of lo and {interfaces()} more; `lvsarp_open` reads none yet."
    )
    yield Comparison("C library: system calls of a start", text, "calls", "count", counts, counts[0].name)

    library, nl = programs.c("c_library", "start", "eth0"), programs.c("libnl_levels", "start", "eth0")
    peers = [
        Peer(opened, unseen(library.step("open", "time", times=5))),
        Peer(first, library.step("first", "time", times=5)),
        Peer(cache, nl.step("all", "time", times=5)),
    ]
    take_turns(peers, rounds=60, seconds_each=3)
    yield Comparison(
        "C library: time of a start", "The same in a process that does it again and again.",
        "time", "time", peers, peers[0].name,
    )  # fmt: skip

    peers = [
        Peer("C library, open, `lvsarp_get`, close", process([ours, "once", "eth0"], "time", int)),
        Peer(cache, process([peer, "once", "eth0"], "time", int)),
    ]
    take_turns(peers, rounds=100, seconds_each=3)
    yield Comparison(
        "C library: a process that reads the levels of one interface", "From its start to its exit, thus with the loader's work. Own values.",
        "time", "time", peers, peers[0].name,
    )  # fmt: skip


# 4. Binding and unbinding on lo


def bind_many(programs: Programs) -> Iterator[Comparison]:
    first, count = "10.0.0.1", 1_000
    ours, raw = programs.c("c_library", "bind", first, str(count)), programs.c("batch_addresses", first, str(count))
    peers = [
        Peer("C library, `lvsarp_vip_bind_many`, `lvsarp_vip_unbind_many`", there_and_back(count, ours.ask)),
        Peer("C, 128 requests a send", there_and_back(count, raw.ask)),
    ]
    take_turns(peers, rounds=40, seconds_each=4)
    for figure, text in (("bind", "binding"), ("unbind", "unbinding")):
        yield Comparison(
            f"C library: {text} {count:,} VIPs on lo", "/32, scope global, from their texts; counted afterwards by `ip addr`.",
            figure, "time", peers, peers[0].name, limit_to=("C, 128 requests a send",), limit=1.15,
        )  # fmt: skip
