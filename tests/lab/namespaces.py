"""Network namespaces that act as hosts, and the links between them."""
import contextlib
import json
import os
import subprocess
import time

from .links import OPER_UP, Links
from .sandbox import CLONE_NEWNET, call

CONF = "net/ipv4/conf"
# A new namespace copies `all` and `default` from the machine's own. These keys go back to 0, so that a hardened
# machine gives the same answers as a plain one.
KERNEL_DEFAULTS = ("arp_ignore", "arp_announce", "arp_filter", "arp_notify", "arp_accept", "proxy_arp",
                   "drop_gratuitous_arp", "rp_filter", "accept_local", "route_localnet", "forwarding")


class Namespace:
    """One host: a namespace under /run/netns, with lo up and the kernel's default levels."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self._fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        for scope in ("all", "default"):
            for key in KERNEL_DEFAULTS:
                if self.conf(scope, key) != 0:
                    self.set_conf(scope, key, 0)
        self.ip("link set lo up")

    def __repr__(self):
        return f"Namespace({self.name!r})"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.delete()

    def delete(self):
        """Remove the namespace; its interfaces go with it."""
        os.close(self._fd)
        run("ip", "netns", "del", self.name)

    @property
    def inode(self):
        return os.fstat(self._fd).st_ino

    @contextlib.contextmanager
    def entered(self):
        """The calling thread, and no other, is in this namespace meanwhile."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.join()
            yield
        finally:
            call("setns", home, CLONE_NEWNET)
            os.close(home)

    def join(self):
        """The calling thread goes into this namespace and stays there."""
        call("setns", self._fd, CLONE_NEWNET)

    def run(self, *argv, **options):
        """Run a command in the namespace; see `run`."""
        with self.entered():
            return run(*argv, **options)

    def popen(self, *argv, **options):
        """Start a command in the namespace."""
        with self.entered():
            return subprocess.Popen([str(word) for word in argv], **options)

    def ip(self, line):
        """Run `ip` with the words of a line; the answer's text."""
        return self.run("ip", *line.split()).stdout

    def ip_batch(self, *lines):
        """Run one `ip` for all of these lines, in order."""
        self.run("ip", "-batch", "-", input="".join(f"{line}\n" for line in lines))

    def ip_json(self, line):
        """Run `ip -j` with the words of a line; the answer as plain data."""
        return json.loads(self.ip("-j " + line) or "[]")

    def sysctl(self, path):
        """Read /proc/sys/PATH as this namespace sees it."""
        with self.entered(), open(f"/proc/sys/{path}") as file:
            return file.read().strip()

    def set_sysctl(self, path, value):
        """Write /proc/sys/PATH as this namespace sees it."""
        with self.entered(), open(f"/proc/sys/{path}", "w") as file:
            file.write(f"{value}\n")

    def conf(self, interface, key):
        """The own value of net.ipv4.conf.INTERFACE.KEY."""
        return int(self.sysctl(f"{CONF}/{interface}/{key}"))

    def set_conf(self, interface, key, value):
        self.set_sysctl(f"{CONF}/{interface}/{key}", value)

    def interfaces(self):
        """The names in net.ipv4.conf, `all` and `default` included."""
        with self.entered():
            return sorted(os.listdir(f"/proc/sys/{CONF}"))

    def mac(self, interface="eth0"):
        return self.ip_json(f"link show dev {interface}")[0]["address"]


def run(*argv, check=True, timeout=60, **options):
    """Run a command and collect its text; a failure says which command and what it wrote."""
    words = [str(word) for word in argv]
    options = options if "input" in options else {"stdin": subprocess.DEVNULL, **options}
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"`{' '.join(words)}` ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def veth(left, right, names=("eth0", "eth0"), macs=(None, None)):
    """Join two namespaces by a veth pair and wait until both ends carry frames."""
    words = ["ip", "link", "add"]
    for place, name, mac in zip((left, right), names, macs):
        words += ["name", name, "netns", place.name] + (["address", mac] if mac else [])
        words += ["type", "veth", "peer"] if place is left else []
    run(*words)
    for place, name in zip((left, right), names):
        place.ip(f"link set {name} up")
    for place, name in zip((left, right), names):
        wait_up(place, name)


def wait_up(namespace, interface, timeout=5.0):
    """Wait for the operational state UP: before that, the first reply on a link is lost and looks like silence."""
    deadline, links = time.monotonic() + timeout, Links(namespace)
    try:
        while (state := links[interface].operstate) != OPER_UP:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{namespace.name}/{interface} is in state {state} (RFC 2863) after {timeout} s")
            time.sleep(0.002)
    finally:
        links.close()


@contextlib.contextmanager
def real_server():
    """A real server with eth0 192.0.2.11/24 and its neighbour 192.0.2.1; the calling thread is in its namespace meanwhile."""
    with Namespace("neighbour") as neighbour, Namespace("rs1") as server:
        for place in neighbour, server:
            place.set_sysctl("net/ipv6/conf/default/disable_ipv6", 1)  # no link-local address that appears later
        veth(neighbour, server)
        neighbour.ip("addr add 192.0.2.1/24 dev eth0")
        server.ip("addr add 192.0.2.11/24 dev eth0")
        with server.entered():
            yield server
