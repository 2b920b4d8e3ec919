"""A cluster in little: a director with ip_vs and two real servers on one switch, and programs that run on the director.

Nothing is taken down again: every test has a kernel of its own, which ends with it.
"""
import os
import subprocess
import tempfile
import time
from pathlib import Path

from lab.namespaces import Namespace, run, veth

VIP = "192.0.2.10"
REAL_SERVERS = {"rs1": "192.0.2.11", "rs2": "192.0.2.12"}
BUILT = Path(__file__).resolve().parents[2] / "target" / "c" / "examples" / "dr_check"


def dr_check():
    """The health check under test: $LVSARP_DR_CHECK, or the one built in this repository."""
    path = Path(os.environ.get("LVSARP_DR_CHECK") or BUILT).resolve()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"cannot run {path}: build the C examples or set LVSARP_DR_CHECK")
    return str(path)


class Cluster:
    """The VIP is on the director's eth0, and on each real server's lo, silent."""

    def __init__(self, program):
        self._program = program
        self._switch = Namespace("switch")
        self._switch.ip("link add br0 type bridge")
        self._switch.ip("link set br0 up")
        self.director = self._host("director", "192.0.2.1/24", f"{VIP}/32")
        self.servers = {name: self._host(name, f"{address}/24") for name, address in REAL_SERVERS.items()}
        for name in self.servers:
            self.prepare(name)

    def _host(self, name, *addresses):
        host = Namespace(name)
        veth(host, self._switch, names=("eth0", name))
        self._switch.ip(f"link set {name} master br0")
        for address in addresses:
            host.ip(f"addr add {address} dev eth0")
        return host

    def prepare(self, name):
        """Make a real server silent, or silent again."""
        run(self._program, "apply", "--netns", name, "--vip", VIP)

    def reset_levels(self, name):
        """What a careless sysctl does to a real server: it answers for the VIP."""
        self.servers[name].set_conf("all", "arp_ignore", 0)

    def remove_vip(self, name):
        self.servers[name].ip(f"addr del {VIP}/32 dev lo")

    def pool(self):
        """The real servers that the director sends connections to, with their weights."""
        names = {f"{address}:80": name for name, address in REAL_SERVERS.items()}
        rows = [line.split() for line in self.director.run("ipvsadm", "-Ln").stdout.splitlines()]
        return {names[row[1]]: int(row[3]) for row in rows if row[0] == "->" and row[1] in names}


class OnDirector:
    """A program that runs on the director while the block runs, and what it does to the pool."""

    def __init__(self, cluster, *argv):
        self._cluster = cluster
        self._log = tempfile.NamedTemporaryFile("w", prefix="log-")
        self._process = cluster.director.popen(*argv, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._log.close()

    def log(self):
        return Path(self._log.name).read_text()

    def reaches(self, *names, within=15.0):
        """Wait until exactly these real servers are in the pool, each with weight 1."""
        wanted = dict.fromkeys(names, 1)
        deadline = time.monotonic() + within
        while (pool := self._cluster.pool()) != wanted:
            trouble = f"the pool is {pool}, not {wanted}, after {within} s"
            if self._process.poll() is not None:
                trouble, deadline = f"the program ended with {self._process.returncode}", 0
            assert time.monotonic() < deadline, f"{trouble}; what it wrote:\n{self.log()}"
            time.sleep(0.1)
