"""A cluster with direct routing: a director with ip_vs, real servers and if wanted a client, namespaces on one switch.

It needs a kernel with ip_vs: see `uml`.
"""
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .namespaces import Namespace, run, wait_up

VIP, VIP6 = "192.0.2.10", "2001:db8::10"
PORT = 80


@dataclass(frozen=True)
class Seat:
    """Where a host sits: its MAC, and its own addresses in the VIPs' subnets."""

    mac: str
    ip: str
    ip6: str


def _seat(number):
    return Seat(f"02:00:00:00:00:{number:02}", f"192.0.2.{number}", f"2001:db8::{number}")


SEATS = {"client": _seat(1), "director": _seat(2), "rs1": _seat(11), "rs2": _seat(12), "rs3": _seat(13)}
NAMES = {seat.mac: name for name, seat in SEATS.items()}


@dataclass(frozen=True)
class Plug:
    """How a host gets the interface that speaks IP from its eth0: what `ip` is told, and what takes it away again."""

    interface: str
    lines: tuple = ()
    away: tuple = ()
    vip_device: str = "lo"  # of a real server


PLUGS = {
    "plain": Plug("eth0"),
    "vlan": Plug("eth0.5", ("link add link eth0 name eth0.5 type vlan id 5", "link set eth0.5 up")),
    "bond": Plug("bond0", ("link add bond0 type bond mode active-backup", "link set eth0 down",
                           "link set eth0 master bond0", "link set bond0 up"), ("link del bond0",)),
    "bridge": Plug("br0", ("link add br0 type bridge", "link set eth0 master br0", "link set br0 up"),
                   ("link del br0",)),
    # A VRF's own device is the lo of its routing table.
    "vrf": Plug("eth0", ("link add red type vrf table 100", "link set red up", "link set eth0 master red"),
                ("link del red",), "red"),
    "tunnel": Plug("eth0", ("link set tunl0 up",), ("link set tunl0 down",), "tunl0"),
}


class Cluster:
    """The VIP is on the director's interface. Where the real servers have it is for `hold` or `prepare` to say."""

    def __init__(self, program, servers=("rs1", "rs2"), client=False, ipv6=False):
        self._program, self._ipv6 = program, ipv6
        self.switch = Namespace("switch")
        self.switch.ip_batch("link add br0 type bridge", "link set br0 up")
        self.director = self._host("director")
        self.servers = {name: self._host(name) for name in servers}
        self.client = self._host("client") if client else None
        self.hosts = {"director": self.director, **self.servers, **({"client": self.client} if client else {})}
        self._plugged = {}
        self.plug()

    def _host(self, name):
        host = Namespace(name)
        if self._ipv6:
            for key in ("accept_dad", "dad_transmits", "router_solicitations"):  # its addresses are good at once
                host.set_sysctl(f"net/ipv6/conf/default/{key}", 0)
        return host

    def plug(self, kind="plain"):
        """Plug the real servers in, in this way: see PLUGS. A VLAN is one of all hosts."""
        self.kind, self.vip_device = kind, PLUGS[kind].vip_device
        wanted = {name: PLUGS[kind if name in self.servers or kind == "vlan" else "plain"] for name in self.hosts}
        wanted = {name: plug for name, plug in wanted.items() if self._plugged.get(name) != plug}
        for name in wanted.keys() & self._plugged.keys():
            self.hosts[name].ip_batch(*self._plugged[name].away, "link del eth0")
        # Few processes, because a guest starts only twenty a second.
        run("ip", "-batch", "-", input="".join(f"link add name eth0 netns {name} address {SEATS[name].mac} type veth "
                                               f"peer name {name} netns {self.switch.name}\n" for name in wanted))
        self.switch.ip_batch(*(f"link set {name} master br0 up" for name in wanted))
        for name, plug in wanted.items():
            self.hosts[name].ip_batch("link set eth0 up", *plug.lines, *self._addresses(name, plug.interface))
        self._plugged.update(wanted)
        for name, plug in wanted.items():
            wait_up(self.hosts[name], plug.interface)

    def _addresses(self, name, interface):
        seat = SEATS[name]
        addresses = [f"{seat.ip}/24", f"{seat.ip6}/64"] + [f"{VIP}/32", f"{VIP6}/128"] * (name == "director")
        return [f"addr add {address} dev {interface}" + " nodad" * (":" in address)
                for address in addresses if self._ipv6 or ":" not in address]

    def interface(self, name):
        """The interface of a host that speaks IP."""
        return self._plugged[name].interface

    def renew(self, kind="plain"):
        """Undo what was done to the real servers and to ip_vs, by lvsarp and others, and plug them in in this way."""
        self.director.run("ipvsadm", "-C")
        for name, host in self.servers.items():
            self.lvsarp(name, "undo", wanted=())
            held = [f"addr del {address['local']}/{address['prefixlen']} dev {one['ifname']}"
                    for one in host.ip_json("addr show") for address in one["addr_info"]
                    if address["local"] in (VIP, VIP6)]
            if held:
                host.ip_batch(*held)
            self.reset_levels(name)
        self.plug(kind)

    def hold(self, name, vip=VIP, device=None):
        """Give a real server the VIP by hand, as if nobody had heard of levels."""
        length, words = (128, " nodad") if ":" in vip else (32, "")
        self.servers[name].ip(f"addr add {vip}/{length} dev {device or self.vip_device}{words}")

    def remove_vip(self, name, vip=VIP, device=None):
        self.servers[name].ip(f"addr del {vip}/{128 if ':' in vip else 32} dev {device or self.vip_device}")

    def lvsarp(self, name, *words, wanted=(0,)):
        """Run lvsarp on a host; an error where it ends with a status that is not wanted."""
        done = run(self._program, words[0], "--netns", name, *words[1:], check=False)
        if wanted and done.returncode not in wanted:
            raise RuntimeError(f"`lvsarp {' '.join(map(str, words))}` on {name} ended with {done.returncode}: "
                               f"{done.stderr.strip() or done.stdout.strip()}")
        return done

    def prepare(self, name, *words, vip=VIP):
        """Make a real server silent, or silent again."""
        return self.lvsarp(name, "apply", "--vip", vip, "--dev", self.vip_device, *words)

    def reset_levels(self, name):
        """What a careless sysctl does to a real server: it answers for the VIP, and announces it."""
        for key in "arp_ignore", "arp_announce":
            self.servers[name].set_conf("all", key, 0)

    def balance(self, vip=VIP):
        """Give the director's IPVS the virtual service, and all real servers in turn."""
        lines = [f"-A -t {service(vip)} -s rr"] + [self._pool_add(name, vip) for name in self.servers]
        self.director.run("ipvsadm", "-R", input="".join(f"{line}\n" for line in lines))

    def pool_add(self, name, vip=VIP):
        self.director.run("ipvsadm", *self._pool_add(name, vip).split())

    def _pool_add(self, name, vip):
        return f"-a -t {service(vip)} -r {self._real(name, vip)} {'-i' if self.kind == 'tunnel' else '-g'}"

    def pool_remove(self, name, vip=VIP):
        self.director.run("ipvsadm", "-d", "-t", service(vip), "-r", self._real(name, vip))

    def pool(self):
        """The real servers that the director sends connections to the IPv4 VIP to, with their weights."""
        names = {self._real(name, VIP): name for name in self.servers}
        rows = [line.split() for line in self.director.run("ipvsadm", "-Ln").stdout.splitlines()]
        return {names[row[1]]: int(row[3]) for row in rows if row[0] == "->" and row[1] in names}

    def _real(self, name, vip):
        seat = SEATS[name]
        return f"[{seat.ip6}]:{PORT}" if ":" in vip else f"{seat.ip}:{PORT}"


class OnDirector:
    """A program that runs on the director while the block runs, and what it does to the pool."""

    def __init__(self, cluster, *argv):
        self._cluster = cluster
        self._log = tempfile.NamedTemporaryFile("w", prefix="log-")
        self._process = cluster.director.popen(*argv, stdin=subprocess.DEVNULL, stdout=self._log,
                                               stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()  # so that it takes its children with it, and what it told ip_vs
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def log(self):
        return Path(self._log.name).read_text()

    def reaches(self, *names, within=15.0):
        """Wait until exactly these real servers are in the pool, each with weight 1; how long it took, in seconds."""
        wanted, begin = dict.fromkeys(names, 1), time.monotonic()
        deadline = begin + within
        while (pool := self._cluster.pool()) != wanted:
            trouble = f"the pool is {pool}, not {wanted}, after {within} s"
            if self._process.poll() is not None:
                trouble, deadline = f"the program ended with {self._process.returncode}", 0
            assert time.monotonic() < deadline, f"{trouble}; what it wrote:\n{self.log()}"
            time.sleep(0.1)
        return time.monotonic() - begin


def service(vip):
    """The virtual service, as ipvsadm writes it."""
    return f"[{vip}]:{PORT}" if ":" in vip else f"{vip}:{PORT}"


def modules():
    """Load what the kernel needs for a cluster. Those that cannot be loaded: whether the kernel has files of them."""
    wanted = ("ip_vs", "ip_vs_rr", "ipv6", "veth", "bridge", "8021q", "bonding", "vrf", "ipip")
    missing = [name for name in wanted if run("modprobe", name, check=False).returncode != 0]
    place = Path("/lib/modules", os.uname().release)
    return {name: any(place.rglob(f"{name}.ko*")) for name in missing}
