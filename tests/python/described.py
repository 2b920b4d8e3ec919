"""Hosts that are described, not run: snapshots as plain data, to check and to draw."""

CONF = {"route_localnet": 0, "forwarding": 0, "rp_filter": 0}


class Described:
    """A host to which interfaces and addresses are added."""

    def __init__(self, arp_ignore=1, arp_announce=2, kernel="6.1.0-28-amd64"):
        levels = {} if arp_ignore is None else {"arp_ignore": arp_ignore, "arp_announce": arp_announce, **CONF}
        self.all = levels
        self.kernel = kernel
        self.interfaces = []
        self.addresses = []
        self.local_routes = []
        self.add("lo", flags=("UP", "LOOPBACK"), hardware=772, mac="00:00:00:00:00:00", mtu=65536)
        self.bind("lo", "127.0.0.1/8", "host")

    def add(self, name, *addresses, kind=None, flags=("UP", "BROADCAST"), own=(0, 0), master=None, link=None, **more):
        """An interface with its own levels and its addresses; `master` and `link` are names."""
        index = len(self.interfaces) + 1
        conf = None if own is None else {"arp_ignore": own[0], "arp_announce": own[1], **CONF}
        found = {i["name"]: i["index"] for i in self.interfaces}
        self.interfaces.append(
            {
                **{"index": index, "name": name, "kind": kind, "flags": list(flags), "hardware": 1, "mtu": 1500},
                **{"mac": f"02:00:00:00:{index >> 8 & 255:02x}:{index & 255:02x}", "conf": conf},
                **{"master": found.get(master), "link": found.get(link), "vrf_table": None, "xdp": None},
                **more,
            }
        )
        for address in addresses:
            self.bind(name, address)
        return self

    def bind(self, dev, address, scope="global", label=None):
        local, length = address.split("/") if "/" in address else (address, "128" if ":" in address else "32")
        (index,) = [i["index"] for i in self.interfaces if i["name"] == dev]
        self.addresses.append(
            {
                **{"index": index, "dev": dev, "local": local, "peer": None, "prefixlen": int(length), "proto": None},
                **{"broadcast": None, "scope": scope, "label": label or dev, "flags": ["permanent"]},
                **{"metric": None, "valid_lft": None, "preferred_lft": None},
            }
        )
        return self

    def vips(self, *addresses):
        for address in addresses:
            self.bind("lo", address)
        return self

    def as_dict(self):
        """The snapshot of it, in the first format: its routing is made up from its addresses."""
        return {
            **{"format": 1, "kernel": self.kernel, "proc_sys": "read-write" if self.all else "absent"},
            **{"all": self.all, "default": {"arp_ignore": 0, "arp_announce": 0}},
            **{"interfaces": self.interfaces, "addresses": self.addresses, "local_routes": self.local_routes},
        }


def one(*levels):
    """One interface and one VIP."""
    return Described(*levels).add("eth0", "192.0.2.11/24", kind="veth").vips("192.0.2.10")


def four(*levels):
    """A bridge with two ports, and a VLAN."""
    host = Described(*levels).add("eth0", kind=None, master=None)
    host.add("br0", "192.0.2.11/24", "2001:db8:0:1::11/64", "fe80::1/64", kind="bridge")
    host.add("eth1", kind="veth", master="br0", own=(1, 0)).add("tap0", kind="tun", master="br0", flags=("BROADCAST",))
    host.add("eth0.100", "198.51.100.11/24", kind="vlan", link="eth0", own=(0, 1))
    return host.vips("192.0.2.10", "2001:db8::10")


def twenty(*levels):
    """Bridges with ports, a bond with slaves that is a port, VLANs, tunnels, and some that are down."""
    host = Described(*levels).add("eth0", "192.0.2.11/24", "192.0.2.12/24", "192.0.2.13/24", "fe80::2/64")
    host.add("br0", "198.51.100.11/24", kind="bridge").add("bond0", kind="bond", master="br0")
    for number in range(1, 5):
        host.add(f"eth{number}", master="bond0", flags=("UP", "BROADCAST") if number != 3 else ("BROADCAST",))
    for number in range(6):
        host.add(f"veth{number:x}c0ffee{number}", kind="veth", master="br0")
    for number in (100, 200, 300):
        host.add(f"eth0.{number}", f"10.{number % 251}.0.11/16", kind="vlan", link="eth0", own=(number % 3, 2))
    host.add("eth9", "203.0.113.11/24", flags=("BROADCAST",)).add("eth10", flags=("BROADCAST",))
    host.add("tun0", "10.8.0.1/24", kind="tun", flags=("UP", "POINTOPOINT", "NOARP"))
    host.add("dummy0", "10.9.9.9/32", kind="dummy", flags=("UP", "NOARP"))
    host.add("tiny0", own=None, mtu=60)
    return host.vips("192.0.2.10", "198.51.100.10", "203.0.113.10")


def many(count, leaking=(), *levels):
    """One interface and many VIPs, of which some are on the interface."""
    host = Described(*levels).add("eth0", "10.1.255.254/16", kind="veth")
    for number in range(count):
        host.bind("eth0" if number in leaking else "lo", f"10.1.{number // 250}.{number % 250 + 1}/32")
    return host
