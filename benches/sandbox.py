"""Where the benchmarks run: a user, network and mount namespace of their own, so that the machine is never touched."""

from __future__ import annotations

import subprocess

UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]

CONF = "/proc/sys/net/ipv4/conf"


def enter() -> None:
    """Called first inside: lvsarp keeps its journal under /run, and nothing may reach the machine's own."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def ip_batch(lines: list[str]) -> None:
    if lines:
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


def write(scope: str, key: str, value: int) -> None:
    with open(f"{CONF}/{scope}/{key}", "w") as f:
        f.write(f"{value}\n")


def read(scope: str, key: str) -> int:
    with open(f"{CONF}/{scope}/{key}") as f:
        return int(f.read())


def ordinary_host() -> None:
    """Three interfaces: lo, eth0 and eth1, both up and with an address."""
    ip_batch(
        [
            "link add eth0 type veth peer name peer0",
            "link add eth1 type veth peer name peer1",
            "link set peer0 netns " + str(hidden_namespace()),
            "link set peer1 netns " + str(hidden_namespace()),
            "link set eth0 up",
            "link set eth1 up",
            "addr add 192.0.2.20/24 dev eth0",
            "addr add 198.51.100.20/24 dev eth1",
        ]
    )


_hidden: list[subprocess.Popen[bytes]] = []


def hidden_namespace() -> int:
    """The pid of a process in a network namespace that takes the other ends of the veth pairs."""
    if not _hidden:
        _hidden.append(subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        out = _hidden[0].stdout
        assert out
        out.readline()
    return _hidden[0].pid


def links(total: int, have: int) -> None:
    """Grows the namespace to `total` links besides lo, as veth pairs left down; every 100th end has an address, every 10th a level."""
    pairs = range(have // 2, total // 2)
    ip_batch([f"link add p{k} type veth peer name q{k}" for k in pairs])
    ip_batch([f"addr add 10.{k >> 8}.{k & 255}.1/24 dev p{k}" for k in pairs if k % 50 == 0])
    for k in pairs:
        if k % 5 == 0:
            write(f"p{k}", "arp_ignore", 1)
            write(f"p{k}", "arp_announce", 2)


def addresses_on_lo() -> int:
    """How many IPv4 addresses lo has besides 127.0.0.1."""
    shown = subprocess.run(["ip", "-4", "-o", "addr", "show", "dev", "lo"], stdout=subprocess.PIPE, text=True, check=True)
    return sum(1 for line in shown.stdout.splitlines() if " 127." not in line)
