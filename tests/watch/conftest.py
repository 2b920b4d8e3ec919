"""A real server with a neighbour, in a sandbox, and a watch over it by the program."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import sandbox  # noqa: E402
from lab.say import say  # noqa: E402, F401
from lab.namespaces import Namespace, veth  # noqa: E402
from lab.program import lvsarp  # noqa: E402
from lab.rtnetlink import Route  # noqa: E402
from watcher import Watcher  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter(everybody=True)


@pytest.fixture(scope="session")
def program():
    return lvsarp()


@pytest.fixture
def link(in_a_sandbox):
    """(neighbour, real server): 192.0.2.1 and 192.0.2.11 in one /24, eth0 to eth0."""
    with Namespace("neighbour") as neighbour, Namespace("rs1") as server:
        for place in neighbour, server:
            place.set_sysctl("net/ipv6/conf/default/accept_dad", 0)
        veth(neighbour, server)
        neighbour.ip("addr add 192.0.2.1/24 dev eth0")
        server.ip("addr add 192.0.2.11/24 dev eth0")
        yield neighbour, server


@pytest.fixture
def server(link):
    return link[1]


@pytest.fixture
def route(server):
    """Requests to the kernel in the real server's namespace."""
    with Route(server) as route:
        yield route


@pytest.fixture
def watching(program):
    """Starts watches; every one of them is ended, and must have ended by the signal and without a complaint."""
    started = []

    def start(namespace, *arguments, **options):
        started.append(Watcher(program, namespace, *arguments, **options))
        return started[-1]

    yield start
    for watcher in started:
        watcher.close()
