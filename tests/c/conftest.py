"""C programs that run in a sandbox."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from lab import sandbox  # noqa: E402
from lab.namespaces import Namespace, wait_up  # noqa: E402
from lab.say import say  # noqa: E402, F401

VIP, OWNED = "192.0.2.10", "192.0.2.20"
# The last number of each host's address.
HOSTS = {"director": 2, "healthy": 11, "leaky": 12, "hole": 13, "leaky2": 15, "watched": 16, "switched": 17}
SILENT = {"arp_ignore": 1, "arp_announce": 2}


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture(scope="session")
def sandboxed(in_a_sandbox):
    """Run a program in a sandbox of its own; how it ended, with what it printed. Also for several threads at once."""

    def run(*command, **options):
        words = [sys.executable, "-m", "lab.sandbox", *map(str, command)]
        return subprocess.run(words, cwd=TESTS, capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="module")
def wire(in_a_sandbox):
    """Hosts on one bridge, by name: a silent real server, two that leak, one without the VIP, and three without a state of their own."""
    with contextlib.ExitStack() as stack:
        switch = stack.enter_context(Namespace("switch"))
        switch.ip("link add br0 type bridge mcast_snooping 0")
        switch.ip("link set br0 up")
        hosts = {name: stack.enter_context(Namespace(name)) for name in HOSTS}
        for name, host in hosts.items():
            host.ip(f"link add eth0 type veth peer name {name} netns switch")
            host.ip("link set eth0 addrgenmode none")
            host.ip(f"addr add 192.0.2.{HOSTS[name]}/24 dev eth0")
            switch.ip(f"link set {name} master br0 up")
            host.ip("link set eth0 up")
        for host in hosts.values():
            wait_up(host, "eth0")
        for name in ("healthy", "leaky", "leaky2"):
            hosts[name].ip(f"addr add {VIP}/32 dev lo")
        for key, value in SILENT.items():
            hosts["healthy"].set_conf("all", key, value)
        hosts["leaky"].ip(f"addr add {OWNED}/32 dev eth0")
        with hosts["healthy"].entered():
            service = stack.enter_context(socket.create_server((VIP, 80), backlog=64))
        assert service
        yield hosts
