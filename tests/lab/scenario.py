"""Build a host and its peer from a case in plain data, and ask the host as the case says.

    with Scenario(case) as scenario:
        outcomes = scenario.ask(case["requests"])

A case has `interfaces` and `addresses`, and where it needs them `routes`, `rules`, `proxy_neigh`, `sysctls_before`
(written before an interface goes up), `sysctls`, `up` (the interfaces that go up; without it all of them and lo) and
`post` (lines for `ip`, at the end). Where it says `may_fail`, a line that the kernel refuses is left out.

An `arp` request arrives at `iface`, in a frame to `dst_mac` with the tag `vlan`, and asks for `target_ip` in the name
of `sender_ip` and `sender_mac`. A `solicit` is a packet of the host to `dst`, from `saddr`, bound to `oif`. Before any
of them come the changes in its `before`.
"""
import itertools
import os
import re
import subprocess
import threading

from .arp import BROADCAST, NOBODY, REQUEST, Frame
from .exchange import Exchange, Question
from .links import set_up
from .namespaces import CONF, KERNEL_DEFAULTS, Namespace
from .sandbox import CLONE_NEWNET, call

MS_BIND, MNT_DETACH = 0x1000, 0x2
NUMBERS = itertools.count()
# The keys beside KERNEL_DEFAULTS that take part in an answer, with the kernel's own values.
MORE_DEFAULTS = {"send_redirects": 1, "proxy_arp_pvlan": 0, "medium_id": 0, "ignore_routes_with_linkdown": 0,
                 "shared_media": 1, "promote_secondaries": 0, "src_valid_mark": 0, "log_martians": 0}
DEFAULTS = {**dict.fromkeys(KERNEL_DEFAULTS, 0), **MORE_DEFAULTS}
CHOSEN_MAC = ("macvlan", "dummy", "vrf")  # the others take the MAC of what is below them
GROUPS = ("bridge", "bond")  # these receive in place of their ports


class CannotBuild(Exception):
    """The kernel has no such KIND of interface."""

    def __init__(self, kind):
        super().__init__(f"the kernel has no {kind}")
        self.kind = kind


class Fresh(Namespace):
    """A namespace in which nothing is up and nothing was written, without IPv6. It takes no process to make one."""

    def __init__(self, name):
        self.name = name
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            call("unshare", CLONE_NEWNET)
            with open(self._path, "x"):
                call("mount", b"/proc/thread-self/ns/net", self._path.encode(), None, MS_BIND, None)
            self._reset()
        finally:
            call("setns", home, CLONE_NEWNET)
            os.close(home)
        self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    @property
    def _path(self):
        return f"/run/netns/{self.name}"

    def _reset(self):
        for scope in ("all", "default"):
            for key, value in DEFAULTS.items():
                with open(f"/proc/sys/{CONF}/{scope}/{key}") as file:
                    there = int(file.read())
                if there != value:  # a written `default` acts differently, even where it has the same value
                    _write(f"{CONF}/{scope}/{key}", value)
            if os.path.exists(f"/proc/sys/net/ipv6/conf/{scope}"):
                _write(f"net/ipv6/conf/{scope}/disable_ipv6", 1)

    def delete(self):
        os.close(self._fd)
        call("umount2", self._path.encode(), MNT_DETACH)
        os.unlink(self._path)

    def set_sysctls(self, values):
        """Write several sysctls, named with dots or with slashes."""
        with self.entered():
            for name, value in values.items():
                _write(name if "/" in name else name.replace(".", "/"), value)


class Scenario:
    """A host that a case describes, and a peer at the other end of each of its veths."""

    def __init__(self, case):
        self.case = case
        self._interfaces = {interface["name"]: interface for interface in case["interfaces"]}
        veths = [name for name, interface in self._interfaces.items() if interface["kind"] == "veth"]
        # The MACs of both ends of each link, the host's first.
        self._ports = {name: (f"02:00:00:00:01:{place:02x}", f"02:00:00:00:02:{place:02x}")
                       for place, name in enumerate(veths)}
        self._bodies = itertools.count(1)
        self.host = self.peer = self._exchange = None

    def __enter__(self):
        number = next(NUMBERS)
        try:
            self.host = Fresh(f"host-{os.getpid()}-{number}")
            self.peer = Fresh(f"peer-{os.getpid()}-{number}")
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._exchange is not None:
            self._exchange.forget_neighbours()  # all namespaces share one table of a thousand
            threading.Thread(target=self._exchange.close).start()
            self._exchange = None
        for namespace in (self.host, self.peer):
            if namespace is not None:
                namespace.delete()
        self.host = self.peer = None

    def ask(self, requests):
        """The outcome of each request, one after the other, each after the changes that it names in `before`."""
        return [self._ask_one(request) for request in requests]

    def _ask_one(self, request):
        self.change(request.get("before", ()))
        return self._solicit(request) if request["kind"] == "solicit" else self._arp([request])[0]

    def ask_many(self, requests):
        """The outcomes of requests without `before`, as `ask` gives them, in one go."""
        assert not any(request.get("before") for request in requests)
        outcomes = [None] * len(requests)
        together = [place for place, request in enumerate(requests)
                    if request["kind"] == "arp" and "sender_mac" not in request]
        for place, outcome in zip(together, self._arp([requests[place] for place in together], self._fresh_mac)):
            outcomes[place] = outcome
        return [self._ask_one(request) if outcome is None else outcome for request, outcome in zip(requests, outcomes)]

    def change(self, actions):
        """Change the host: ["sysctl", name, value] and ["ip", line], in this order."""
        for kind, *words in actions:
            if kind == "sysctl":
                self.host.set_sysctls({words[0]: words[1]})
            else:
                self._ip([*words])
        if any(kind != "sysctl" for kind, *_ in actions):
            self._wait_running()

    def receivers(self, request):
        """The host's devices whose ARP gets the frame of a request, by what stands in the case."""
        port, vlan = request["iface"], request.get("vlan")
        master = self._interfaces.get(self._interfaces[port].get("master"), {})
        on = {port, master["name"]} if master.get("kind") in GROUPS else {port}
        if vlan is not None:
            receiving = {name for name, interface in self._interfaces.items()
                         if interface["kind"] == "vlan" and interface["link"] in on and interface["id"] == vlan}
        else:
            receiving = ({master["name"]} if len(on) == 2 else on) | self._above(on)
        to = request.get("dst_mac", BROADCAST)
        if int(to[:2], 16) & 1:
            return sorted(receiving)
        return sorted(name for name in receiving if self._exchange.links[name].mac == to)

    def _above(self, names):
        return {name for name, interface in self._interfaces.items()
                if interface["kind"] == "macvlan" and interface["link"] in names}

    def _fresh_mac(self, _):
        return "02:0b:" + next(self._bodies).to_bytes(4, "big").hex(":")

    def _arp(self, requests, sender_mac=None):
        questions = []
        for request in requests:
            mac = self._ports[request["iface"]][1]
            body = sender_mac(request) if sender_mac else request.get("sender_mac", mac)
            frame = Frame(request.get("dst_mac", BROADCAST), mac, REQUEST, body, request["sender_ip"],
                          NOBODY, request["target_ip"])
            questions.append(Question(frame, request["iface"], request.get("vlan")))
        return [_replied(request, heard) for request, heard in zip(requests, self._exchange.ask(questions))]

    def _solicit(self, request):
        source = request.get("saddr")
        heard = self._exchange.solicit(request["dst"], source, request.get("oif"))
        if heard is None:
            return {"sender": None, "target": None, "out": None}
        source = source or self._exchange.chosen_source(request["dst"], request.get("oif"))
        return {"sender": heard.frame.sender_ip, "target": heard.frame.target_ip, "out": self._sent_by(heard),
                "source": source, "port": heard.port}

    def _sent_by(self, heard):
        """The device of the host that sent a frame."""
        names = self.receivers({"iface": heard.port, "vlan": heard.vlan})
        if len(names) > 1:
            names = [name for name in names if self._exchange.links[name].mac == heard.frame.source]
        assert len(names) == 1, f"{heard} was sent by one of {names}"
        return names[0]

    def _build(self):
        case = self.case
        self._ip([self._link(place, interface) for place, interface in enumerate(case["interfaces"])]
                 + [line for interface in case["interfaces"] for line in _after(interface)])
        with self.peer.entered():
            for port in self._ports:
                set_up(port)
        self.host.set_sysctls({f"net/ipv4/neigh/{name}/proxy_delay": 0 for name in self._interfaces})
        self.host.set_sysctls(case.get("sysctls_before", {}))
        up = ["lo"] + [interface["name"] for interface in case["interfaces"] if interface.get("up", True)]
        self._ip([f"link set {name} up" for name in case.get("up", up)]
                 + [_address(address) for address in case.get("addresses", ())]
                 + [_route(route) for route in case.get("routes", ())]
                 + [_rule(rule) for rule in case.get("rules", ())]
                 + [f"neigh add proxy {entry['dst']} dev {entry['dev']}" for entry in case.get("proxy_neigh", ())])
        self.host.set_sysctls(case.get("sysctls", {}))
        self._ip(case.get("post", ()))
        late = {name: self._ports_below(name) for name, interface in self._interfaces.items()
                if interface["kind"] == "macvlan"}
        self._exchange = Exchange(self.host, self.peer, tuple(self._ports), late)
        self._wait_running()

    def _link(self, place, interface):
        name, kind = interface["name"], interface["kind"]
        words = [f"link add name {name}"]
        if "link" in interface:
            words.append(f"link {interface['link']}")
        if kind == "veth":
            words.append(f"address {self._ports[name][0]}")
        elif kind in CHOSEN_MAC:
            words.append(f"address 02:00:00:00:03:{place:02x}")
        words += _pairs(interface, "mtu", "index")
        words.append(f"type {kind}")
        if kind == "veth":
            words.append(f"peer name {name} address {self._ports[name][1]} netns {self.peer.name}")
        words += _pairs(interface, "id", "table", "mode")
        if kind == "macvlan" and "mode" not in interface:
            words.append("mode bridge")
        return " ".join(words)

    def _ip(self, lines):
        """Give all lines to one `ip` of the host."""
        lines = list(lines)
        if not lines:
            return
        force = ["-force"] if self.case.get("may_fail") else []
        with self.host.entered():
            done = subprocess.run(["ip", *force, "-batch", "-"], input="\n".join([*lines, ""]), text=True, timeout=60,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if unknown := re.search(r"Unknown device type[^:]*Command failed -:(\d+)", done.stderr):
            raise CannotBuild(re.search(r" type (\S+)", lines[int(unknown[1]) - 1])[1])
        if done.returncode != 0 and not force:
            raise RuntimeError(f"{lines}: {done.stderr.strip()}")

    def _wait_running(self):
        self._exchange.wait_running([name for name in self._interfaces if self._carries(name)])

    def _carries(self, name):
        """Whether an interface is up and has a link below it that is up."""
        interface = self._interfaces[name]
        if not self._exchange.links[name].up or interface["kind"] in ("dummy", "vrf"):
            return False
        if interface["kind"] in GROUPS:
            return any(self._carries(port) for port, its in self._interfaces.items() if its.get("master") == name)
        return self._carries(interface["link"]) if "link" in interface else True

    def _ports_below(self, name):
        interface = self._interfaces[name]
        if interface["kind"] in GROUPS:
            return [port for port, its in self._interfaces.items() if its.get("master") == name]
        return self._ports_below(interface["link"]) if "link" in interface else [name]


def _after(interface):
    """What is set on an interface when all of them are there."""
    if "master" in interface:
        yield f"link set {interface['name']} master {interface['master']}"
    if interface.get("noarp"):
        yield f"link set {interface['name']} arp off"


def _address(address):
    peer = f" peer {address['peer']}" if "peer" in address else ""
    words = ["address add", f"{address['local']}{peer}/{address['prefixlen']}", f"dev {address['dev']}"]
    words += _pairs(address, "scope", "broadcast", "label", "valid_lft", "preferred_lft", "metric")
    return " ".join(words + address.get("flags", []))


def _route(route):
    words = ["route add", route.get("type", ""), route["dst"]]
    words += _pairs(route, "via", "dev", "src", "scope", "table", "metric", "tos")
    return " ".join(words + route.get("flags", []))


def _rule(rule):
    words = ["rule add"] + (["not"] if rule.get("not") else [])
    words += _pairs(rule, "from", "to", "iif", "oif", "tos", "fwmark", "pref", "lookup")
    return " ".join(words + ([rule["type"]] if "type" in rule else []))


def _pairs(data, *keys):
    """`key value` for those of the keys that are there."""
    return [f"{key} {data[key]}" for key in keys if key in data]


def _replied(request, heard):
    if not heard:
        return {"replied": False}
    if request.get("all_replies"):
        return {"replied": True, "reply_shas": sorted({one.frame.sender_mac for one in heard})}
    first = heard[0]
    return {"replied": True, "reply_port": first.port, "reply_sha": first.frame.sender_mac,
            "reply_tpa": first.frame.target_ip, "reply_eth_dst": first.frame.destination}


def _write(path, value):
    with open(f"/proc/sys/{path}", "w") as file:
        file.write(f"{value}\n")
