"""A client, a director and two real servers on one bridge; the calling thread stays outside."""

import contextlib
from threading import Thread

from lab.arp import REPLY, REQUEST, Frame, Wire
from lab.namespaces import Namespace, veth

VIP = "192.0.2.10"
ADDRESSES = {"client": "192.0.2.1", "director": "192.0.2.2", "web1": "192.0.2.11", "web2": "192.0.2.12"}
MACS = {"client": "02:00:00:00:00:01", "director": "02:00:00:00:00:02", "web1": "02:00:00:00:00:11"}
MACS["web2"] = "02:00:00:00:00:12"


class Segment:
    """The hosts by their names as attributes, the bridge's `lan`, and what a test does to them."""

    def __init__(self, lan, hosts):
        self.lan, self.hosts = lan, hosts
        self.__dict__.update(hosts)

    @contextlib.contextmanager
    def bound(self, *places):
        """Meanwhile addresses are bound: (host, address, device)."""
        for host, address, dev in places:
            self.hosts[host].ip(f"addr add {address}/32 dev {dev}")
        try:
            yield
        finally:
            for host, address, dev in places:
                self.hosts[host].run("ip", "addr", "del", f"{address}/32", "dev", dev, check=False)
            self.forget()

    @contextlib.contextmanager
    def silent(self, *names):
        """Meanwhile these hosts have the levels that keep a VIP on lo silent."""
        for key, value in (("arp_ignore", 1), ("arp_announce", 2)):
            for name in names:
                self.hosts[name].set_conf("all", key, value)
        try:
            yield
        finally:
            for name in names:
                for key in ("arp_ignore", "arp_announce"):
                    self.hosts[name].set_conf("all", key, 0)

    @contextlib.contextmanager
    def crowd(self, number):
        """Meanwhile so many MAC addresses answer the client's first who-has for the VIP, all behind the director."""
        with Wire(self.director) as wire:

            def answer():
                for frame in wire.hear(20):
                    if (frame.operation, frame.target_ip) == (REQUEST, VIP):
                        for one in range(number):
                            mac = f"02:00:00:01:{one >> 8:02x}:{one & 255:02x}"
                            wire.send(Frame(frame.source, mac, REPLY, mac, VIP, frame.source, frame.sender_ip))
                        return

            thread = Thread(target=answer)
            thread.start()
            yield
            thread.join()

    def forget(self):
        """Nobody knows a neighbour any more."""
        for host in self.hosts.values():
            host.ip("neigh flush all")

    def knows(self, name, address):
        """The MAC address that a host has of a neighbour, or None."""
        found = self.hosts[name].ip_json(f"neigh show {address} dev eth0")
        return found[0].get("lladdr") if found else None


@contextlib.contextmanager
def segment():
    with contextlib.ExitStack() as last:
        lan = last.enter_context(Namespace("lan"))
        lan.ip("link add br0 type bridge")
        lan.ip("link set br0 up")
        hosts = {}
        for name, address in ADDRESSES.items():
            host = hosts[name] = last.enter_context(Namespace(name))
            host.set_sysctl("net/ipv6/conf/default/disable_ipv6", 1)
            veth(host, lan, names=("eth0", name), macs=(MACS[name], None))
            lan.ip(f"link set {name} master br0")
            host.ip(f"addr add {address}/24 dev eth0")
        yield Segment(lan, hosts)
