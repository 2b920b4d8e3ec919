"""What is done to a real server behind lvsarp's back, and how the kernel says that it is mended."""
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass

from lab.cluster import NAMES, VIP, VIP6
from lab.namespaces import run


@dataclass(frozen=True)
class Sabotage:
    """What the table calls it, what does it, whether it is mended, and what takes away what it had brought."""

    name: str
    act: Callable
    mended: Callable
    clear: Callable = lambda cluster, server: None


def silent(cluster, server, interface="eth0"):
    """Whether the levels hide a VIP on this interface: the kernel takes the greater of its own and of all's."""
    host = cluster.servers[server]
    level = {key: max(host.conf(scope, key) for scope in ("all", interface)) for key in ("arp_ignore", "arp_announce")}
    return level == {"arp_ignore": 1, "arp_announce": 2}


def accepts(cluster, server):
    """Whether the VIPs are local: only then bind() takes them."""
    with cluster.servers[server].entered():
        for family, vip in (socket.AF_INET, VIP), (socket.AF_INET6, VIP6):
            with socket.socket(family, socket.SOCK_STREAM) as sock:
                try:
                    sock.bind((vip, 0))
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:
                        raise
                    return False
    return True


def lo_down_and_up(cluster, server):
    cluster.servers[server].ip_batch("link set lo down", "link set lo up")


def add_interface(cluster, server):
    """A second plug into the same switch, as when somebody adds a card."""
    number = cluster.servers[server].mac()[-2:]
    mac, switch = f"02:00:00:00:01:{number}", cluster.switch
    NAMES[mac] = server
    run("ip", "link", "add", "name", "eth1", "netns", server, "address", mac, "type", "veth",
        "peer", "name", f"{server}-2", "netns", switch.name)
    switch.ip_batch(f"link set {server}-2 master br0", f"link set {server}-2 up")
    cluster.servers[server].ip_batch(f"addr add 192.0.2.1{number}/24 dev eth1", "link set eth1 up")


def remove_interface(cluster, server):
    cluster.servers[server].ip("link del eth1")
    cluster.director.ip("neigh flush dev eth0")  # eth1 may have answered for the real server's own address


ON_A_SERVER = {
    "levels": Sabotage("levels set to 0", lambda cluster, server: cluster.reset_levels(server), silent),
    "deleted": Sabotage("VIP deleted", lambda cluster, server: cluster.remove_vip(server), accepts),
    "lo": Sabotage("lo set down and up, which deletes the IPv6 VIP", lo_down_and_up, accepts),
}
INTERFACE = Sabotage("an interface added on the same switch; levels are per interface (--scope interface)",
                     add_interface, lambda cluster, server: silent(cluster, server, "eth1"), remove_interface)
