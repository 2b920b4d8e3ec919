"""What is compared with what: for every section its peers, what one step of them is, and the limit that lvsarp has to keep."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sandbox
from measure import Coprocess, Peer, Step, run, take_turns

HERE = os.path.dirname(os.path.abspath(__file__))
VIP = "192.0.2.10"


@dataclass
class Programs:
    """Where the built programs are."""

    raw: str
    c_lib: str
    bench: str
    cli: str
    python: str
    python_module: bool

    def c(self, name: str, *args: str) -> Coprocess:
        return Coprocess([os.path.join(self.raw, name), *args])

    def rust(self, *args: str) -> Coprocess:
        return Coprocess([self.bench, *args])

    def py(self, *args: str) -> Coprocess:
        return Coprocess([self.python, os.path.join(HERE, "python_peer.py"), *args])

    def module(self, name: str, args: list[str], step: Callable[[Coprocess], Step]) -> list[Peer]:
        """A peer that is there unless lvsarp's Python module was left out."""
        return [Peer(name, step(self.py(*args)))] if self.python_module else []


@dataclass
class Comparison:
    """One table: its peers, which is lvsarp, and by how much it may be slower than which of the others."""

    title: str
    text: str
    figure: str
    unit: str
    peers: list[Peer]
    ours: str
    limit_to: tuple[str, ...] = ()
    limit: float = 0.0
    lines: list[str] = field(default_factory=list)

    def peer(self, name: str) -> Peer:
        return next(p for p in self.peers if p.name == name)


def process(argv: list[str], figure: str, saw: Callable[[str], int] | None = None, statuses: tuple[int, ...] = (0,)) -> Step:
    def step() -> tuple[dict[str, float], int | None]:
        ns, out = run(argv, statuses)
        return {figure: ns}, saw(out) if saw else None

    return step


# 1. The effective levels of one interface


def both_levels(out: str) -> int:
    all_ignore, own_ignore, all_announce, own_announce = map(int, out.split())
    return max(all_ignore, own_ignore) * 10 + max(all_announce, own_announce)


def get(programs: Programs) -> Iterator[Comparison]:
    sandbox.ordinary_host()
    sandbox.write("all", "arp_ignore", 1)
    sandbox.write("eth0", "arp_announce", 2)
    files = programs.c("pread_levels", "eth0")
    keys = [f"net.ipv4.conf.{scope}.{key}" for key in ("arp_ignore", "arp_announce") for scope in ("all", "eth0")]
    peers = [
        Peer("lvsarp, `Host` kept open", programs.rust("get", "eth0").step("get", "read")),
        Peer("C, the four files kept open", files.step("kept", "read")),
        Peer("C, open, read, close the four files", files.step("open", "read")),
        *programs.module("lvsarp, Python, `Host` kept open", ["lvsarp-get", "eth0"], lambda p: p.step("get", "read")),
        Peer("Python, open, read, close the four files", programs.py("files-get", "eth0").step("get", "read")),
        Peer("`sysctl -n`, four keys", process(["sysctl", "-n", *keys], "read", both_levels)),
    ]
    take_turns(peers, rounds=60, seconds_each=4)
    proof = Coprocess([programs.bench, "prove", "eth0"])
    proven = proof.child.communicate()[0].strip().splitlines()
    if proof.child.returncode != 0:
        raise RuntimeError(f"lvsarp_bench prove: exit status {proof.child.returncode}: {proven}")
    yield Comparison(
        "Effective levels of one interface",
        "Both keys, `all` and `eth0`, merged: one call. The interface has an own level, `all` has another.",
        "read", "time", peers, peers[0].name, limit_to=("C, open, read, close the four files",), limit=1.0, lines=proven,
    )  # fmt: skip


# 2. A snapshot of all interfaces

SHELL_LOOP = f"""
for dir in {sandbox.CONF}/*; do
    read ignore < $dir/arp_ignore
    read announce < $dir/arp_announce
    echo ${{dir##*/}} $ignore $announce
done
"""


def levels_of_lines(out: str) -> int:
    """What a dump counts, out of lines `NAME IGNORE ANNOUNCE`: links * 1000 + the sum of their levels."""
    rows = [line.split() for line in out.splitlines()]
    rows = [row for row in rows if row[0] not in ("all", "default")]
    return len(rows) * 1000 + sum(int(row[1]) + int(row[2]) for row in rows)


def levels_of_sysctl(out: str) -> int:
    interfaces, levels = set(), 0
    for line in out.splitlines():
        key, _, value = line.partition(" = ")
        if not key.startswith("net.ipv4.conf."):
            continue
        scope, _, name = key[len("net.ipv4.conf.") :].rpartition(".")
        if name in ("arp_ignore", "arp_announce") and scope not in ("all", "default"):
            interfaces.add(scope)
            levels += int(value)
    return len(interfaces) * 1000 + levels


def snapshot(programs: Programs) -> Iterator[Comparison]:
    have = 0
    for total, rounds, seconds, times in ((1_000, 30, 5, 9), (10_000, 12, 12, 3)):
        sandbox.links(total, have)
        have = total
        dump, counted = programs.c("dump_links", "skip-stats"), programs.c("dump_links")
        peers = [
            Peer("lvsarp, `Host::snapshot`", programs.rust("snapshot").step("snapshot", "read", times)),
            Peer("C, the same dumps, levels only", dump.step("all", "read", times)),
            Peer("C, these dumps with the counters", counted.step("all", "read", times)),
            Peer("C, the link dump alone", dump.step("links", "read", times)),
            *programs.module("lvsarp, Python, `host.snapshot().interfaces`", ["lvsarp-snapshot"], lambda p: p.step("snapshot", "read")),
            Peer("pyroute2, `get_links`", programs.py("pyroute2-links").step("links", "read")),
            Peer("shell loop, `read < file`", process(["sh", "-c", SHELL_LOOP], "read", levels_of_lines)),
            Peer("`sysctl -a`", process(["sysctl", "-a"], "read", levels_of_sysctl)),
        ]
        take_turns(peers, rounds, seconds)
        yield Comparison(
            f"A snapshot of {total:,} interfaces",
            "veth ends, left down; a few with addresses, some with levels. A dump with the counters costs the kernel more the more processors there are; "
            "lvsarp asks for one without them.",
            "read", "time", peers, peers[0].name, limit_to=("C, the same dumps, levels only", "C, these dumps with the counters"), limit=1.3,
        )  # fmt: skip


# 3. Binding and unbinding on lo


def bind(programs: Programs) -> Iterator[Comparison]:
    yield from bind_many(programs, 1_000, rounds=30, seconds=4)
    yield from bind_many(programs, 10_000, rounds=6, seconds=16)


def bind_many(programs: Programs, count: int, rounds: int, seconds: float) -> Iterator[Comparison]:
    first = "10.0.0.1"
    ours, raw = programs.rust("bind", first, str(count)), programs.c("batch_addresses", first, str(count))
    plain, batch = programs.py("pyroute2-addresses", first, str(count)), programs.py("pyroute2-batch", first, str(count))
    with tempfile.TemporaryDirectory() as directory:

        def ip_batch(line: str) -> tuple[float, str]:
            return run(["ip", "-batch", os.path.join(directory, line)])

        for line, verb in (("bind", "add"), ("unbind", "del")):
            start = int(ipaddress.IPv4Address(first))
            with open(os.path.join(directory, line), "w") as f:
                f.writelines(f"addr {verb} {ipaddress.IPv4Address(start + k)}/32 dev lo\n" for k in range(count))
        peers = [
            Peer("lvsarp, `bind_many` and `unbind_many`", there_and_back(count, ours.ask)),
            Peer("C, 128 requests a send", there_and_back(count, raw.ask)),
            Peer("`ip -batch`", there_and_back(count, ip_batch)),
            *programs.module(
                "lvsarp, Python, `bind_many`, `unbind_many`",
                ["lvsarp-addresses", first, str(count)],
                lambda p: there_and_back(count, p.ask),
            ),
            Peer("pyroute2, `IPBatch`", there_and_back(count, batch.ask)),
            Peer("pyroute2, `addr`", there_and_back(count, plain.ask)),
        ]
        take_turns(peers, rounds, seconds)
    for figure, text in (("bind", "Binding"), ("unbind", "Unbinding")):
        yield Comparison(
            f"{text} {count:,} VIPs on lo", "/32, scope global, all that the call does; counted afterwards by `ip addr`.",
            figure, "time", peers, peers[0].name, limit_to=("C, 128 requests a send",), limit=1.15,
        )  # fmt: skip


def there_and_back(count: int, ask: Callable[[str], tuple[float, object]]) -> Step:
    """Binds, counts what is there, unbinds, counts again: a peer that did nothing must not look fast."""

    def step() -> tuple[dict[str, float], int | None]:
        figures = {}
        for line, expected in (("bind", count), ("unbind", 0)):
            figures[line] = ask(line)[0]
            there = sandbox.addresses_on_lo()
            if there != expected:
                raise RuntimeError(f"after {line} lo has {there} addresses instead of {expected}")
        return figures, None

    return step


# 4. The whole job on an ordinary host

START = f"""
ip addr add {VIP}/32 dev lo label lo:0
echo 1 > {sandbox.CONF}/lo/arp_ignore
echo 2 > {sandbox.CONF}/lo/arp_announce
echo 1 > {sandbox.CONF}/all/arp_ignore
echo 2 > {sandbox.CONF}/all/arp_announce
"""
STOP = f"""
ip addr del {VIP}/32 dev lo
echo 0 > {sandbox.CONF}/lo/arp_ignore
echo 0 > {sandbox.CONF}/lo/arp_announce
echo 0 > {sandbox.CONF}/all/arp_ignore
echo 0 > {sandbox.CONF}/all/arp_announce
"""


def apply(programs: Programs) -> Iterator[Comparison]:
    sandbox.ordinary_host()
    for key in ("arp_ignore", "arp_announce"):
        for scope in ("all", "default", "lo", "eth0", "eth1"):
            sandbox.write(scope, key, 0)
    sh = {"apply": START, "undo": STOP}
    grace = programs.c("grace_period")
    cli = {"apply": ["apply", "--vip", VIP], "undo": ["undo"]}
    peers = [
        Peer("`lvsarp apply`, `lvsarp undo`", prepare_and_back(lambda line: run([programs.cli, *cli[line]]))),
        Peer("lvsarp, `Host::apply`, `Host::undo`", prepare_and_back(programs.rust("apply", VIP).ask)),
        Peer("the usual shell script", prepare_and_back(lambda line: run(["sh", "-e", "-c", sh[line]]))),
        Peer("a process that does nothing (`ip -V`)", process(["ip", "-V"], "apply")),
        Peer("C, the grace period alone", grace.step("wait", "undo")),
    ]
    take_turns(peers, rounds=80, seconds_each=8)
    text = {
        "apply": "One VIP, three interfaces, scope `all`. Whole processes, but for `Host::apply` in a program that has its host open.",
        "undo": "The way back of the same. lvsarp waits here for an RCU grace period, which is the kernel's to time.",
    }
    for figure, title in (("apply", "Preparing"), ("undo", "Undoing")):
        named = [p for p in peers if figure in p.rounds]
        yield Comparison(f"{title} an ordinary host", text[figure], figure, "time", named, peers[0].name)


def prepare_and_back(ask: Callable[[str], tuple[float, object]]) -> Step:
    def step() -> tuple[dict[str, float], int | None]:
        figures = {}
        for line, expected in (("apply", (1, 1, 2, 1)), ("undo", (0, 0, 0, 0))):
            figures[line] = ask(line)[0]
            levels = sandbox.read("all", "arp_ignore"), sandbox.read("lo", "arp_ignore"), sandbox.read("all", "arp_announce")
            there = (*levels, sandbox.addresses_on_lo())
            if there != expected:
                raise RuntimeError(f"after {line} the host holds {there} instead of {expected}")
        return figures, None

    return step


# 5. The cost of importing the Python module


def imports(programs: Programs) -> Iterator[Comparison]:
    if not programs.python_module:
        return
    statements = {
        "`import lvsarp`": "import lvsarp",
        "`import pyroute2`": "import pyroute2",
        "the bare interpreter": "pass",
    }

    def load(statement: str) -> Step:
        # Not ru_maxrss: that begins with the memory of the program that started the interpreter (fs/exec.c: exec_mmap()).
        def step() -> tuple[dict[str, float], int | None]:
            ns, _ = run([programs.python, "-I", "-c", statement])
            _, status = run([programs.python, "-I", "-c", f"{statement}; print(open('/proc/self/status').read())"])
            return {"time": ns, "memory": float(status.partition("VmHWM:")[2].split()[0])}, None

        return step

    peers = [Peer(name, load(statement)) for name, statement in statements.items()]
    take_turns(peers, rounds=30, seconds_each=12)
    bare = peers.pop()
    for peer in peers:
        for name in ("time", "memory"):
            peer.rounds[name] = [value - bare.median(name) for value in peer.rounds[name]]
    base = f"{bare.median('time') / 1e6:.1f} ms and {bare.median('memory') / 1024:.1f} MiB"
    for figure, title, unit in (("time", "Time to import", "time"), ("memory", "Peak memory of an import", "memory")):
        text = f"A fresh interpreter, less the median of a bare one ({base}). Byte code is already compiled."
        yield Comparison(title, text, figure, unit, peers, peers[0].name)
