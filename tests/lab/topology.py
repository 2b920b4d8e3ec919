"""Random hosts: cases in the format of `scenario`, so odd that every branch of the kernel's ARP decisions is taken.

    make_case(seed, number, kinds)      the same case for the same arguments, on every machine

Beside the fields of `scenario` a request has `on`: the interface of the host that receives it behind bridge, bond, VLAN
or macvlan, which is what the model is asked about. One with `to` goes to the MAC of that interface and to nobody else.
"""
import ipaddress
import random
import subprocess

from .questions import BOTH_WAYS, ask_about

# What a kernel may lack. A veth and a bridge are everywhere.
OPTIONAL_KINDS = {"macvlan": "link add probe0 link eth0 type macvlan", "dummy": "link add probe0 type dummy",
                  "vlan": "link add probe0 link eth0 type vlan id 5", "bond": "link add probe0 type bond",
                  "vrf": "link add probe0 type vrf table 100"}
# Few and overlapping, so that addresses collide, cover each other and are secondaries of each other.
SUBNETS = ("10.0.0", "10.0.0", "10.0.0", "10.0.1", "10.1.0", "192.168.50", "172.16.3")
HOSTS = (1, 2, 3, 9, 100, 101, 102, 127, 129, 200)
LENGTHS = {24: 40, 32: 25, 16: 8, 25: 7, 30: 5, 31: 3, 28: 4, 8: 3, 23: 2, 1: 1, 0: 1}
SCOPES = {None: 64, "host": 12, "link": 10, "site": 4, 77: 2, 252: 2, 201: 2, "nowhere": 2}
ODD_ADDRESSES = ("127.0.0.2", "224.0.0.5", "240.0.0.1", "0.1.2.3", "255.255.255.255", "127.8.0.1", "10.0.0.255",
                 "10.0.0.0")
ELSEWHERE = ("10.9.0", "10.9.1", "172.31.0", "198.51.100")
TABLES = (100, 101, 200)

# key: (odds that a case uses it, odds of a value on `all`, odds of a value on a device, the values)
KEYS = {
    "arp_ignore": (0.65, 0.3, 0.5, (1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 7, 8, 9, 100, -1, -8)),
    "arp_announce": (0.8, 0.3, 0.6, (1, 1, 1, 2, 2, 2, 3, 9, -1, 0)),
    "arp_filter": (0.25, 0.3, 0.6, (1, 1, 2, -1)),
    "rp_filter": (0.4, 0.2, 0.6, (1, 1, 1, 2, 2, 2, 3, 7, -1)),
    "accept_local": (0.3, 0.4, 0.6, (1, 1, -1)),
    "route_localnet": (0.2, 0.3, 0.6, (1, 1, 5)),
    "proxy_arp": (0.3, 0.5, 0.7, (1, 1, -1)),
    "proxy_arp_pvlan": (0.25, 0.5, 0.7, (1, 1, 2)),
    "medium_id": (0.2, 0.1, 0.8, (1, 2, 3, -1, -1, 0)),
    "drop_gratuitous_arp": (0.3, 0.3, 0.6, (1, -1)),
    "send_redirects": (0.5, 0.7, 0.6, (0, 0, 0, 1, -1)),
    "shared_media": (0.3, 0.6, 0.6, (0, 0, 1)),
    "secure_redirects": (0.1, 0.5, 0.5, (0,)),
    "accept_redirects": (0.1, 0.5, 0.5, (0,)),
    "ignore_routes_with_linkdown": (0.25, 0.4, 0.6, (1, 1, 3)),
    "arp_accept": (0.2, 0.3, 0.5, (1, 2, 3, -1)),
    "arp_notify": (0.1, 0.3, 0.5, (1, 2)),
    "arp_evict_nocarrier": (0.1, 0.3, 0.5, (0,)),
    "src_valid_mark": (0.15, 0.3, 0.5, (1,)),
    "bc_forwarding": (0.15, 0.8, 0.8, (1,)),
    "promote_secondaries": (0.3, 0.5, 0.5, (1,)),
    "disable_policy": (0.05, 0.5, 0.5, (1,)),
    "disable_xfrm": (0.05, 0.5, 0.5, (1,)),
}


def kinds_here(namespace):
    """The kinds of device that this kernel can make, asked in a namespace that has an eth0."""
    def works(line):
        try:
            namespace.ip(line)
            namespace.ip("link del probe0")
        except (RuntimeError, subprocess.SubprocessError):
            return False
        return True
    return ["veth", "bridge"] + [kind for kind, line in OPTIONAL_KINDS.items() if works(line)]


def make_case(seed, number, kinds, requests=30, solicitations=12, learning=4):
    """Case NUMBER of a seed."""
    host = Topology(random.Random(f"{seed}/{number}"), kinds)
    host.case = {"id": f"seed {seed} case {number}", "title": "a random host", **host.case}
    host.case["requests"] = ask_about(host, requests, solicitations, learning)
    return host.case


class Topology:
    """One random host. What the questions need to know of it is in attributes, the rest only in `case`."""

    def __init__(self, dice, kinds):
        self.dice, self.kinds = dice, kinds
        self.arrivals = []      # (interface that receives, port, VLAN, its MAC where a macvlan makes it matter)
        self.devices = ["lo"]   # every interface with IPv4 of its own
        self.ports = []         # those of bridges and bonds, whose own IPv4 part receives nothing
        self.masters = {}       # member: VRF
        self.tables = {}        # VRF: table
        self.addresses = []     # (device, local, prefix that the kernel compares with)
        self.covered = []       # prefixes of routes
        self.proxied = []
        self.both_ways = None   # a prefix behind two devices at once
        self.lines = []         # for `ip`, at the end
        self.hot = [self.host() for _ in range(dice.randint(1, 3))]
        self.case = {"may_fail": True, "interfaces": []}
        for part in (self.links, self.states, self.assign, self.routes, self.rules, self.proxies, self.sysctls,
                     self.later):
            part()

    # Dice.

    def chance(self, odds):
        return self.dice.random() < odds

    def pick(self, weights):
        return self.dice.choices(list(weights), list(weights.values()))[0]

    def host(self, nets=SUBNETS):
        return f"{self.dice.choice(nets)}.{self.dice.choice(HOSTS)}"

    def prefix(self, nets=SUBNETS + ELSEWHERE):
        length = self.pick({32: 35, 24: 25, 28: 10, 25: 8, 30: 5, 16: 7, 8: 4, 31: 2, 0: 4})
        return str(ipaddress.ip_network(f"{self.host(nets)}/{length}", strict=False))

    # The interfaces.

    def links(self):
        made, dice = [], self.dice
        for port in (f"eth{i}" for i in range(dice.choices((1, 2, 3, 4), (20, 35, 30, 15))[0])):
            odds = {"veth": 45, "bridge": 14, "macvlan": 14, "vlan": 14, "bond": 10}
            top = self.pick({kind: odds[kind] for kind in odds if kind in self.kinds})
            number = port[3:]
            if top in ("bridge", "bond"):
                master = ("br" if top == "bridge" else "bond") + number
                made += [{"name": master, "kind": top}, {"name": port, "kind": "veth", "master": master}]
                self.arrivals.append((master, port, None, None))
                self.ports.append(port)
            else:
                made.append({"name": port, "kind": "veth"})
                self.arrivals.append((port, port, None, port if top == "macvlan" else None))
            if top == "vlan":
                made.append({"name": f"{port}.5", "kind": "vlan", "link": port, "id": 5})
                self.arrivals.append((f"{port}.5", port, 5, None))
            if top == "macvlan":
                made.append({"name": f"mv{number}", "kind": "macvlan", "link": port})
                self.arrivals.append((f"mv{number}", port, None, f"mv{number}"))
        self.devices += [on for on, *_ in self.arrivals]
        if self.chance(0.3):
            made.insert(dice.randint(0, len(made)), {"name": "d0", "kind": self.pick(
                {kind: 1 for kind in ("dummy", "bridge") if kind in self.kinds})})
            self.devices.append("d0")
        if "vrf" in self.kinds and self.chance(0.25):
            made = self.put_into_vrfs(made)
        for device, index in zip(made, dice.sample(range(10, 250), len(made))):
            device["index"] = index
        self.case["interfaces"] = made

    def put_into_vrfs(self, made):
        for vrf, table in (("blue", 100), ("red", 101))[:1 + self.chance(0.3)]:
            made.insert(0, {"name": vrf, "kind": "vrf", "table": table})
            self.tables[vrf] = table
            self.devices.append(vrf)
        for device in made:
            if device["kind"] != "vrf" and device["name"] in self.devices and self.chance(0.6):
                device["master"] = self.masters[device["name"]] = self.dice.choice(list(self.tables))
        return made

    def states(self):
        names = ["lo"] + [device["name"] for device in self.case["interfaces"]]
        self.up = [name for name in names if not self.chance(0.07)]
        if len(self.up) < len(names):
            self.case["up"] = self.up

    # Addresses.

    def assign(self):
        self.case["addresses"] = chosen = []
        taken = {}
        for device in self.devices:
            for _ in range(self.pick({0: 10, 1: 35, 2: 30, 3: 15, 4: 10})):
                address = self.address(device)
                compared = f"{address.get('peer', address['local'])}/{address['prefixlen']}"
                net = ipaddress.ip_network(compared, strict=False)
                # The kernel refuses the same address twice, and one subnet with two scopes.
                scope = taken.setdefault((device, net), address.get("scope"))
                if scope == address.get("scope") and (device, net, address["local"]) not in taken:
                    taken[device, net, address["local"]] = True
                    chosen.append(address)
                    self.addresses.append((device, address["local"], net))
        chosen += [{"dev": port, "local": self.host(), "prefixlen": 32} for port in self.ports if self.chance(0.3)]
        self.dice.shuffle(chosen)

    def address(self, device):
        hot = self.chance(0.45 if device == "lo" else 0.2)
        local = self.dice.choice(self.hot) if hot else self.host()
        length = 32 if hot and self.chance(0.7) else self.pick(LENGTHS)
        if self.chance(0.03):
            local, length = self.dice.choice(ODD_ADDRESSES), self.pick({32: 3, 24: 1, 8: 1})
        address = {"dev": device, "local": local, "prefixlen": length}
        if device == "lo" and length < 32 and not self.chance(0.3):
            address["prefixlen"] = 32
        if self.chance(0.07):
            address["peer"] = self.host()
        scope = self.pick(SCOPES)
        if scope is not None:
            address["scope"] = scope
        if self.chance(0.12):
            address["flags"] = ["noprefixroute"]
        if self.chance(0.08):
            address["label"] = f"{device}:{self.dice.choice('01x')}"
        if self.chance(0.08):
            address["preferred_lft"] = 0
            address["valid_lft"] = "forever"
        if self.chance(0.1):
            address["broadcast"] = self.dice.choice((self.host(), local, "255.255.255.255"))
        return address

    # Routes and rules.

    def routes(self):
        self.case["routes"] = routes = []
        taken = set()
        for _ in range(self.pick({0: 20, 1: 20, 2: 20, 3: 15, 5: 15, 8: 10})):
            route = self.route()
            key = route["dst"], route.get("table", 254), route.get("tos")
            while (*key, route.get("metric")) in taken:
                route["metric"] = route.get("metric", 0) + self.dice.randint(1, 5)
            taken.add((*key, route.get("metric")))
            routes.append(route)
            self.covered.append(route["dst"])
        if not routes:
            del self.case["routes"]
        out = self.usable()
        if len(out) > 1 and self.chance(0.15):
            # Which way a packet takes is not decided here, so only senders are in it: any of its ways is good for them.
            self.both_ways = f"{BOTH_WAYS}.0.0/16"
            hops = [f"dev {device}" for device in self.dice.sample(out, 2)]
            hops = [f"via {self.gateway()} {hop} onlink" if self.chance(0.5) else hop for hop in hops]
            self.lines.append(f"route add {self.both_ways} {' '.join(f'nexthop {hop}' for hop in hops)}")

    def usable(self):
        return [name for name in self.devices if name in self.up and name != "lo"]

    def route(self):
        usable = self.usable() or ["lo"]
        kind = self.pick({"unicast": 40, "via": 20, "local": 18, "refuse": 15, "broadcast": 3, "odd": 2,
                          "multipath": 5})
        device = self.dice.choice(usable)
        route = {"dst": self.prefix()}
        if kind in ("unicast", "broadcast", "odd"):
            route["dev"] = device
            if kind == "odd":
                route["type"] = self.dice.choice(("multicast", "anycast"))
            elif kind == "broadcast":
                route["type"] = "broadcast"
            elif self.chance(0.5):
                route["scope"] = "link"
        elif kind == "via":
            route |= {"via": self.gateway(), "dev": device, "flags": ["onlink"]}
        elif kind == "multipath":
            # Two gateways behind one device, so that the choice between them does not matter to a request.
            hops = " ".join(f"nexthop via {self.gateway()} dev {device} onlink" for _ in range(2))
            self.lines.append(f"route add {route['dst']} metric {self.dice.randint(301, 400)} {hops}")
            return route | {"dev": device, "metric": 1000}
        elif kind == "local":
            route |= {"type": "local", "dev": self.dice.choice(["lo", "lo", *self.devices])}
            if self.chance(0.75):
                route["table"] = 255
        else:
            route["type"] = self.dice.choice(("blackhole", "prohibit", "unreachable", "throw"))
        if self.masters.get(route.get("dev")) and self.chance(0.7):
            route["table"] = self.tables[self.masters[route["dev"]]]
        elif "table" not in route and self.chance(0.25):
            route["table"] = self.dice.choice((255, 253, *TABLES))
        if self.chance(0.2):
            route["metric"] = self.dice.randint(0, 300)
        if self.chance(0.03):
            route["tos"] = "0x10"
        return route

    def gateway(self):
        """A neighbour that is no address of any host here."""
        return f"{self.dice.choice(SUBNETS)}.{self.dice.randint(250, 253)}"

    def rules(self):
        if not self.chance(0.35):
            return
        rules = [self.rule() for _ in range(self.dice.randint(1, 4))]
        if kept := [rule for rule in rules if not isinstance(rule, str)]:
            self.case["rules"] = kept
        self.lines += [rule for rule in rules if isinstance(rule, str)]

    def rule(self):
        """A rule, as a line where `rules` has no words for it."""
        dice, odd = self.dice, ""
        rule = {"pref": dice.choice((0, 1, 5, 100, 500, 1000, 5000, 32765, 32766, 40000, dice.randint(1, 32764)))}
        for selector in ("from", "to"):
            if self.chance(0.4):
                rule[selector] = dice.choice([self.prefix(), f"{dice.choice(self.hot)}/32", self.known()])
        if self.chance(0.25):
            rule["iif"] = dice.choice(["lo", *self.devices])
        if self.chance(0.1):
            rule["oif"] = dice.choice(self.devices)
        if self.chance(0.06):
            rule["not"] = True
        if self.chance(0.06):
            rule["fwmark"] = dice.choice(("1", "0/1", "1/1"))
        if self.chance(0.04):
            rule["tos"] = "0x10"
        if self.chance(0.04):
            odd += " " + dice.choice(("ipproto tcp", "sport 53", "uidrange 0-0", "uidrange 5-9"))
        what = self.pick({"lookup": 70, "refuse": 15, "goto": 4, "nop": 3})
        if what == "lookup":
            rule["lookup"] = dice.choice(("local", "main", "main", "default", "99", *TABLES))
            if self.chance(0.08):
                odd += f" suppress_prefixlength {dice.choice((0, 8, 24, 31))}"
        elif what == "goto":
            odd += f" goto {dice.choice((32766, 32767)) if rule['pref'] < 32766 else 50000}"
        else:
            rule["type"] = dice.choice(("blackhole", "prohibit", "unreachable")) if what == "refuse" else "nop"
        if not odd:
            return rule
        turned, kind = "not " * rule.pop("not", False), rule.pop("type", "")
        return f"rule add {turned}{' '.join(f'{key} {value}' for key, value in rule.items())}{odd} {kind}".strip()

    def known(self):
        """A prefix or address that is somewhere in this host."""
        known = [f"{local}/32" for _, local, _ in self.addresses] + self.covered
        return self.dice.choice(known or ["10.0.0.0/24"])

    def proxies(self):
        if not self.chance(0.4):
            return
        beside = [route["dst"] for route in self.case.get("routes", ()) if route.get("type", "unicast") == "unicast"]
        beside += [str(net) for _, _, net in self.addresses if net.prefixlen < 32]
        for _ in range(self.dice.randint(1, 4)):
            inside = ipaddress.ip_network(self.dice.choice(beside) if beside and self.chance(0.85) else self.known())
            self.proxied.append(str(inside[self.dice.randint(0, 70) % inside.num_addresses]))
        self.case["proxy_neigh"] = [{"dst": dst, "dev": device} for dst in dict.fromkeys(self.proxied)
                                    for device in dict.fromkeys(on for on, *_ in self.arrivals) if self.chance(0.7)]

    # Keys.

    def sysctls(self):
        self.case["sysctls"] = written = {}
        forwards = self.pick({0.0: 2 if not self.proxied else 0, 0.5: 3, 1.0: 3})
        if forwards == 1.0:
            written["net/ipv4/conf/all/forwarding"] = 1
        for key, (used, on_all, on_device, values) in KEYS.items():
            if not self.chance(used) or key == "arp_filter" and self.both_ways:
                continue
            if self.chance(on_all):
                written[f"net/ipv4/conf/all/{key}"] = self.dice.choice(values)
            for device in self.devices + self.ports:
                if self.chance(on_device):
                    written[f"net/ipv4/conf/{device}/{key}"] = self.dice.choice(values)
        for device in self.devices[1:]:
            if self.chance(forwards) and forwards < 1.0:
                written[f"net/ipv4/conf/{device}/forwarding"] = 1

    # What happens to a host that is already there.

    def later(self):
        dice, lines = self.dice, self.lines
        if self.chance(0.06):
            lines += ["rule add pref 500 from 1.2.3.4 lookup main", "rule del pref 500"]
        if self.chance(0.06):
            lines += [f"rule add pref {dice.choice((1, 10, 32765))} lookup local", "rule del pref 0"]
        if self.chance(0.02):
            lines.append("rule del pref 32766")
        if self.chance(0.1) and self.case["addresses"]:
            gone = dice.choice(self.case["addresses"])
            peer = f" peer {gone['peer']}" if "peer" in gone else ""
            lines.append(f"address del {gone['local']}{peer}/{gone['prefixlen']} dev {gone['dev']}")
        made = [route for route in self.case.get("routes", ()) if route.get("type") == "local"]
        if made and self.chance(0.2):
            route = dice.choice(made)  # the kernel remembers that there was one
            lines.append(f"route del local {route['dst']} dev {route['dev']} table {route.get('table', 254)}")
        if self.addresses and self.chance(0.04):
            device, local, _ = dice.choice(self.addresses)
            lines.append(f"route del local {local} dev {device} table local")
        device = dice.choice(self.devices)
        if self.chance(0.06) and device in self.up:
            lines += [f"link set {device} down", f"link set {device} up"]
        if self.chance(0.03) and device != "lo":
            lines.append(f"link set {device} arp off")
        if self.chance(0.03) and device.startswith("eth"):
            lines += [f"link set {device} mtu 60"] + [f"link set {device} mtu 1500"] * self.chance(0.5)
        if self.chance(0.05):
            lines.append(f"address add {self.host()}/{self.pick(LENGTHS)} dev {device}")
        if self.chance(0.05) and device in self.up and device != "lo":
            lines += [f"nexthop add id 7 dev {device}", f"route add {self.prefix(ELSEWHERE)} nhid 7 metric 77"]
            if self.chance(0.3):
                lines += [f"nexthop add id 6 via {self.gateway()} dev {device} onlink", "nexthop add id 9 group 6/7",
                          f"route add {self.prefix(ELSEWHERE)} nhid 9 metric 79"]
        if self.chance(0.03):
            lines += ["nexthop add id 8 blackhole", f"route add {self.prefix(ELSEWHERE)} nhid 8 metric 78"]
        if self.chance(0.05):
            lines.append(f"address add {self.host()}/24 dev {device} metric {dice.randint(1, 300)}")
        if self.chance(0.05) and device in self.up:
            kind = dice.choice(("unicast", "local"))
            lines.append(f"route add {kind} 127.8.0.0/{dice.choice((16, 32))} dev {device} metric 5")
        if lines:
            self.case["post"] = lines
