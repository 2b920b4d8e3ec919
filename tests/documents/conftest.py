"""The product as it is installed, and the network that a document's reader sits at."""
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from documents.reader import Reader  # noqa: E402
from lab import sandbox  # noqa: E402
from lab.machine import Machine  # noqa: E402
from lab.namespaces import Namespace, veth  # noqa: E402
from lab.say import say  # noqa: E402, F401

ROOT = TESTS.parent
VIP = "192.0.2.10"
# name: (MAC, own address). The director has the VIP on eth0 as well; the reader sits at rs1.
HOSTS = {
    "client": ("02:00:00:00:00:01", "192.0.2.1"),
    "director": ("02:00:00:00:00:02", "192.0.2.2"),
    "rs1": ("02:00:00:00:00:11", "192.0.2.11"),
}
# Names of other hosts that `ip netns` finds, and the program where `make install` puts it.
INSIDE = """
mkdir -p /run/netns
for pair in $NAMES; do
  ip netns attach "${pair%=*}" "${pair#*=}"
done
[ -z "$PREFIX" ] || mount --bind "$PREFIX/sbin" /usr/local/sbin
"""


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """What `make install` installs: the folder that is /usr/local to those who use it."""
    stage = tmp_path_factory.mktemp("stage")
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    where = f"TARGET={target}", f"DESTDIR={stage}", "PREFIX=/usr/local"
    installed = subprocess.run(["make", "-s", "-C", ROOT, "install", *where], capture_output=True, text=True)
    assert installed.returncode == 0, f"{installed.stdout}{installed.stderr}"
    return stage / "usr/local"


@pytest.fixture(scope="session")
def environment(prefix):
    """The reader's environment: the installed program first, then the Python that has the package."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG", "HOME", "TERM")}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "PATH": f"/usr/local/sbin:{Path(sys.executable).parent}:{kept['PATH']}:/usr/sbin:/sbin",
        "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig",
        "PKG_CONFIG_SYSROOT_DIR": str(prefix.parents[1]),
        "LD_LIBRARY_PATH": f"{prefix}/lib",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def reader(environment, prefix, tmp_path):
    """Makes a reader of a document: at rs1 of a network, or, with `network=False`, at a host that has only lo."""
    with contextlib.ExitStack() as last:

        def make(name, network=True, installed=True, environment=environment, **options):
            host = Machine("rs1")
            last.callback(host.delete)
            names = connect(host, last) if network else ""
            inside = {"NAMES": names, "PREFIX": str(prefix) if installed else ""}
            host.run("sh", "-ec", INSIDE, env={**environment, **inside})
            reader = Reader(host.popen, name, tmp_path, environment, **options)
            last.callback(reader.close)
            return reader

        yield make


def connect(server, last):
    """Joins the real server with a director and a client; the names of all and a process in each."""
    lan = Namespace("lan")
    last.callback(lan.delete)
    lan.ip("link add br0 type bridge")
    lan.ip("link set br0 up")
    names = []
    for name, (mac, address) in HOSTS.items():
        host = server
        if name != "rs1":
            host = Namespace(name)
            last.callback(host.delete)
        veth(host, lan, names=("eth0", name), macs=(mac, None))
        lan.ip(f"link set {name} master br0")
        host.ip(f"addr add {address}/24 dev eth0")
        waiting = host.popen("cat", stdin=subprocess.PIPE)
        last.callback(waiting.wait)
        last.callback(waiting.stdin.close)
        names.append(f"{name}={waiting.pid}")
        if name == "director":
            host.ip(f"addr add {VIP}/32 dev eth0")
    return " ".join(names)
