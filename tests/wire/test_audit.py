"""Each way to be healthy, to leak, to be a black hole or to be down is told from the others, by what a real server does on the wire."""
import contextlib
from dataclasses import dataclass, field

import pytest
from audited import Started, Switch, counter, half_open

HOLD = ("ip addr add {vip}/{bits} dev lo",)
SILENT = ("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",)
LISTEN = ("listen",)
DROP = "nft add table inet f; add chain inet f c {{ type filter hook input priority 0; }}; add rule inet f c "


@dataclass
class Case:
    """A real server that is made by these commands, and what an audit of it must say.

    `asks` is the director, which holds the VIP, or the checker, which does not. `has` is what some reason says.
    """

    make: tuple
    state: str
    facts: dict = field(default_factory=dict)
    asks: str = "director"
    words: tuple = ("--port", "80")
    ipv6: bool = False
    on: str = "eth0"
    has: tuple = ()


ACCEPTED = {"from_vip": "accepted", "from_real_server": "accepted"}
QUIET = {"answered": 0, "announced": 0, "others": 0}
HEALTHY = {**ACCEPTED, **QUIET}
CASES = {
    "a silent real server is healthy": Case(SILENT + HOLD + LISTEN, "healthy", HEALTHY),
    "a health checker without the VIP finds it healthy too": Case(SILENT + HOLD + LISTEN, "healthy", HEALTHY, asks="checker"),
    "echo needs no listener": Case(SILENT + HOLD, "healthy", HEALTHY, words=("--echo",)),
    "echo from a health checker": Case(SILENT + HOLD, "healthy", HEALTHY, asks="checker", words=("--echo",)),
    "the service may listen on the VIP alone": Case(
        SILENT + HOLD + ("listen {vip}",), "healthy", {"from_vip": "accepted", "from_real_server": "refused"},
        has=("the service listens on the VIP alone",)),
    "its own address may be behind a packet filter": Case(
        SILENT + HOLD + LISTEN + (DROP + "ip daddr {rip} drop",), "healthy",
        {"from_vip": "accepted", "from_real_server": "none"}, has=("nothing came back from {rip} itself",)),
    "who does not answer the sender 0.0.0.0 is asked with another": Case(
        SILENT + HOLD + LISTEN + (
            "nft add table arp f; add chain arp f c {{ type filter hook input priority 0; }}; "
            "add rule arp f c arp saddr ip 0.0.0.0 drop",), "healthy", HEALTHY),
    "by a bridge": Case(SILENT + HOLD + LISTEN, "healthy", HEALTHY, asks="bridged", on="br1"),
    "IPv6 is healthy": Case(HOLD + ("listen ::",), "healthy", HEALTHY, ipv6=True),
    "IPv6 is healthy for a health checker and echo": Case(HOLD, "healthy", HEALTHY, asks="checker", words=("--echo",), ipv6=True),

    "a reply is a leak": Case(
        ("sysctl -qw net.ipv4.conf.all.arp_announce=2",) + HOLD + LISTEN, "leaks",
        {**ACCEPTED, "answered": 8, "announced": 0}, has=("answered 8 times for {vip}",)),
    "an announcement to a director is a leak": Case(
        ("sysctl -qw net.ipv4.conf.all.arp_ignore=1",) + HOLD + LISTEN, "leaks", {**ACCEPTED, "answered": 0, "announced": 1},
        has=("announced {vip} as its own once",)),
    "an announcement to a health checker is a leak": Case(
        ("sysctl -qw net.ipv4.conf.all.arp_ignore=1",) + HOLD + LISTEN, "leaks", {**ACCEPTED, "answered": 0, "announced": 1},
        asks="checker"),
    "an echo finds announcements too": Case(
        ("sysctl -qw net.ipv4.conf.all.arp_ignore=1",) + HOLD, "leaks", {**ACCEPTED, "announced": 1}, words=("--echo",)),
    "a leak where nobody listens is a leak": Case(
        ("sysctl -qw net.ipv4.conf.all.arp_announce=2",) + HOLD, "leaks", {"answered": 8, "from_vip": "refused"},
        has=("answered 8 times", "was refused")),
    "a leak and a black hole are told both": Case(
        ("ip link add stub0 type veth peer name stub1", "ip link set stub0 up", "ip route add {vip}/32 dev stub0",
         "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.proxy_arp=1") + LISTEN, "leaks",
        {"from_vip": "none", "from_real_server": "accepted"}, has=("answered", "nothing came back from {vip}")),
    "two MAC addresses are one real server": Case(
        ("plug eth1", "ip addr add 192.0.2.{n_eth1}/24 dev eth1") + HOLD + LISTEN, "leaks", {**ACCEPTED, "answered": 16, "others": 0}),
    "IPv6 leaks from the interface itself": Case(
        ("ip addr add {vip}/128 dev eth0 nodad", "listen ::"), "leaks", {**ACCEPTED, "answered": 8}, ipv6=True),

    "a VIP that is missing is a black hole": Case(
        SILENT + LISTEN, "black-hole", {"from_vip": "none", "from_real_server": "accepted", **QUIET},
        has=("{vip} is missing there",)),
    "so it is where packets are forwarded": Case(
        SILENT + LISTEN + ("sysctl -qw net.ipv4.ip_forward=1",), "black-hole", {"from_real_server": "accepted", **QUIET}),
    "so it is for echo": Case(SILENT, "black-hole", {"from_vip": "none", "from_real_server": "accepted"}, words=("--echo",)),
    "so it is for a health checker": Case(SILENT + LISTEN, "black-hole", {"from_vip": "none", **QUIET}, asks="checker"),
    "so it is where nothing listens on the real server's own address": Case(
        SILENT, "black-hole", {"from_vip": "none", "from_real_server": "refused"}),
    "an ICMP error for the VIP is a black hole": Case(
        SILENT + HOLD + LISTEN + (DROP + "ip daddr {vip} reject with icmp type host-unreachable",), "black-hole",
        {"from_vip": "unreachable", "from_real_server": "accepted"}, has=("an ICMP error came back for {vip}",)),
    "an ICMP error for an echo": Case(
        SILENT + HOLD + (DROP + "ip daddr {vip} reject with icmp type admin-prohibited",), "black-hole",
        {"from_vip": "unreachable", "from_real_server": "accepted"}, words=("--echo",)),
    "an IPv6 VIP that is missing is a black hole": Case(
        ("listen ::",), "black-hole", {"from_vip": "none", "from_real_server": "accepted", **QUIET}, ipv6=True),
    "an ICMPv6 error is a black hole": Case(
        HOLD + ("listen ::", DROP + "ip6 daddr {vip} reject with icmpv6 type addr-unreachable"), "black-hole",
        {"from_vip": "unreachable", "from_real_server": "accepted"}, ipv6=True),

    "a host that is gone is down": Case(
        ("ip link set eth0 down",), "down", {"mac": None, "from_vip": "none", "from_real_server": "none"},
        has=("nobody answered for {rip}",)),
    "an IPv6 host that is gone is down": Case(("ip link set eth0 down",), "down", {"mac": None}, ipv6=True),
    "a closed port is down": Case(
        SILENT + HOLD, "down", {"from_vip": "refused", "from_real_server": "refused"}, has=("nothing listens on that port",)),
    "a service that listens on the real server's own address alone is down": Case(
        SILENT + HOLD + ("listen {rip}",), "down", {"from_vip": "refused", "from_real_server": "accepted"},
        has=("listens on {rip} alone",)),
    "a host whose packet filter drops everything is down": Case(
        SILENT + HOLD + LISTEN + (DROP + "drop",), "down", {"from_vip": "none", "from_real_server": "none", **QUIET},
        has=("nothing else came back",)),
}


@pytest.fixture(scope="module")
def network(in_a_sandbox, program):
    """All cases at once: case -> (its real server, exit status, what was printed, the names of its addresses)."""
    with contextlib.ExitStack() as stack:
        switch = Switch(stack, program)
        asking = {"director": switch.host("director", "192.0.2.1/24", "2001:db8::1/64"),
                  "checker": switch.host("checker", "192.0.2.2/24", "2001:db8::2/64"), "bridged": switch.host("bridged")}
        asking["bridged"].ip("link add br1 type bridge")
        asking["bridged"].ip("link set eth0 master br1")
        asking["bridged"].ip("addr add 192.0.2.3/24 dev br1")
        asking["bridged"].ip("link set br1 up")
        servers, started = {}, {}
        for number, (name, case) in enumerate(CASES.items(), 10):
            words = {"vip": f"192.0.2.{100 + number}", "rip": f"192.0.2.{number}", "bits": 32, "n_eth1": 200 + number}
            if case.ipv6:
                words.update(vip=f"2001:db8::1:{number:x}", rip=f"2001:db8::{number:x}", bits=128)
            servers[name] = (made(switch, case, number, words), words)
            if case.asks == "director":
                asking["director"].ip(f"addr add {words['vip']}/{words['bits']} dev lo")
        for name, case in CASES.items():
            words = servers[name][1]
            started[name] = Started(asking[case.asks], program, words["vip"], "--real-server", words["rip"], "--on", case.on,
                                    "--timeout", "2", *case.words)
        yield {name: (servers[name][0], *audit.end(), servers[name][1]) for name, audit in started.items()}


def made(switch, case, number, words):
    address = f"{words['rip']}/{64 if case.ipv6 else 24}"
    host = switch.host(str(number), address)
    for line in case.make:
        act, *rest = line.format(**words).split()
        if act == "listen":
            switch.listen(host, *rest)
        elif act == "plug":
            switch.plug(host, *rest)
        elif act == "nft":
            host.run(act, " ".join(rest))
        else:
            host.run(act, *rest)
    return host


@pytest.mark.parametrize("name", CASES)
def test_each_state_is_told_by_what_a_real_server_does(network, name):
    case = CASES[name]
    _, status, audit, words = network[name]
    assert audit["state"] == case.state, audit
    assert status == (0 if case.state == "healthy" else 1)
    assert {fact: audit[fact] for fact in case.facts} == case.facts, audit
    assert (audit["vip"], audit["real_server"]) == (words["vip"], words["rip"])
    assert (audit["delay"] is None) == (audit["from_vip"] == "none")
    for part in case.has:
        assert any(part.format(**words) in reason for reason in audit["reasons"]), audit["reasons"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.words == ("--port", "80")])
def test_no_connection_is_left_and_no_listener_got_one(network, name):
    server = network[name][0]
    assert half_open(server) == []
    assert counter(server, "TcpPassiveOpens") == 0


def test_the_mac_address_is_that_of_the_real_server(network):
    for name, (server, _, audit, _) in network.items():
        if audit["mac"] is not None and "two MAC" not in name:
            assert audit["mac"] == server.mac(), name
