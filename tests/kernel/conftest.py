"""A neighbour and a real server on one link, in a sandbox, and the program to run there."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import sandbox  # noqa: E402
from lab.say import say  # noqa: E402, F401
from lab.namespaces import Namespace, veth  # noqa: E402
from lab.program import lvsarp  # noqa: E402


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
        veth(neighbour, server)
        neighbour.ip("addr add 192.0.2.1/24 dev eth0")
        server.ip("addr add 192.0.2.11/24 dev eth0")
        yield neighbour, server
