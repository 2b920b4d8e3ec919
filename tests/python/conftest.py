"""A real server and its neighbour in a sandbox, and the installed package lvsarp on it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lvsarp  # noqa: E402
from lab import sandbox  # noqa: E402
from lab.child import in_a_child  # noqa: E402
from lab.namespaces import real_server  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture
def server(in_a_sandbox):
    """A real server with eth0 192.0.2.11/24; the test's thread is in its namespace."""
    with real_server() as server:
        yield server


@pytest.fixture
def host(server):
    with lvsarp.Host() as host:
        yield host


@pytest.fixture
def forked(in_a_sandbox):
    """Run a function in a child process that may change its namespaces; its result, or its exception, comes back."""

    return in_a_child
