"""Hosts on one switch, in a sandbox: an asker and those whom it asks, each in a namespace of its own."""
import contextlib
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import sandbox  # noqa: E402
from lab.arp import packet_sockets  # noqa: E402, F401
from lab.namespaces import Namespace, veth, wait_up  # noqa: E402
from lab.program import lvsarp  # noqa: E402
from lab.say import say  # noqa: E402, F401

ASKER, ASKER6 = "192.0.2.1", "2001:db8::1"
PATIENCE = 30.0  # for everything that is waited for


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter(everybody=True)


@pytest.fixture(scope="session")
def program():
    return lvsarp()


class Lan:
    """A bridge and the hosts on it; host N has a MAC that ends with N, and the addresses 192.0.2.N and 2001:db8::N."""

    names = itertools.count()

    def __init__(self, stack, program):
        self._stack, self.program = stack, program
        self._prefix = f"lan{next(self.names)}"
        self.switch = self._namespace("switch")
        self.switch.ip("link add br0 type bridge")
        self.switch.ip("link set br0 up")
        self.asker = self.host(1)

    def _namespace(self, name):
        namespace = self._stack.enter_context(Namespace(f"{self._prefix}-{name}"))
        for scope in "all", "default":
            namespace.set_sysctl(f"net/ipv6/conf/{scope}/accept_dad", 0)
            namespace.set_sysctl(f"net/ipv6/conf/{scope}/router_solicitations", 0)
        return namespace

    def host(self, number, *vips):
        """A new host, with these VIPs on eth0."""
        host = self._namespace(str(number))
        self.plug(host, "eth0", mac(number))
        host.ip(f"addr add 192.0.2.{number}/24 dev eth0")
        host.ip(f"addr add 2001:db8::{number:x}/64 dev eth0 nodad")
        for vip in vips:
            host.ip(f"addr add {vip}/{128 if ':' in vip else 32} dev eth0" + (" nodad" if ":" in vip else ""))
        return host

    def plug(self, host, name, address):
        """A new interface of a host, on the switch."""
        port = f"p{next(self.names)}"
        veth(host, self.switch, names=(name, port), macs=(address, None))
        self.switch.ip(f"link set {port} master br0")
        wait_up(self.switch, port)

    def ask(self, *words, host=None, status=None, on="eth0"):
        """`lvsarp probe` with these words and --json, as the asker: the object that it printed."""
        done = (host or self.asker).run(self.program, "--json", "probe", *words, "--on", on, check=False)
        assert status is None or done.returncode == status, done
        return json.loads(done.stdout)

    def start(self, *words, host=None):
        """Starts the program, and waits until it hears."""
        host = host or self.asker
        before = packet_sockets(host)
        child = self.begin(host, self.program, *words)
        wait_for(lambda: packet_sockets(host) > before or child.poll() is not None)
        return child

    def begin(self, host, *words):
        """Starts any command on a host, which is ended with the hosts at the latest."""
        child = host.popen(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._stack.callback(end, child)
        return child


@pytest.fixture
def lan(in_a_sandbox, program):
    with contextlib.ExitStack() as stack:
        yield Lan(stack, program)


@pytest.fixture(scope="module")
def lasting_lan(in_a_sandbox, program):
    """The same for all tests of a file, which leave it as it is."""
    with contextlib.ExitStack() as stack:
        yield Lan(stack, program)


def mac(number):
    return f"02:00:00:00:{number >> 8:02x}:{number & 0xff:02x}"


def wait_for(condition):
    """Waits until it is true; not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.002)


def end(child):
    """Ends a child, whatever it does."""
    if child.poll() is None:
        child.kill()
    child.communicate()


def finish(child):
    """Waits for the end of a child: (status, lines, error text)."""
    out, err = child.communicate(timeout=PATIENCE)
    return child.returncode, out.splitlines(), err

