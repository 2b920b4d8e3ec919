"""What may drop or change ARP beside the ARP code shows up in a snapshot, and looking for it changes nothing.

Everything is made for real: nftables, arptables, tc, XDP and bridge ports on this kernel, ebtables and the loading of
modules on a second one, whose netfilter is made of modules.
"""
import ctypes
import json
import os
import socket
import struct

import pytest

from lab import uml
from lab.namespaces import Namespace

BPF_PROG_LOAD, BPF_PROG_TYPE_XDP = 5, 6
SYS_BPF = {"x86_64": 321, "aarch64": 280}
RTM_SETLINK, IFLA_XDP, IFLA_XDP_FD, IFLA_XDP_FLAGS, XDP_FLAGS_SKB_MODE = 19, 43, 1, 3, 2
NOTHING = {"found": [], "unknown": []}


def load_xdp():
    """A program that lets every frame pass: `r0 = XDP_PASS; exit`. None for an ordinary user."""
    code = ctypes.create_string_buffer(struct.pack("=BBhiBBhi", 0xb7, 0, 0, 2, 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    addresses = (ctypes.addressof(code), ctypes.addressof(licence))
    attributes = struct.pack("=IIQQIIQII", BPF_PROG_TYPE_XDP, 2, *addresses, 0, 0, 0, 0, 0)
    fd = ctypes.CDLL(None).syscall(SYS_BPF[os.uname().machine], BPF_PROG_LOAD, attributes, len(attributes))
    return fd if fd >= 0 else None


# Before the sandbox: in a user namespace nobody may load a program. Attaching it there is allowed.
XDP = load_xdp()


@pytest.fixture
def server(in_a_sandbox):
    """A real server: eth0 and eth1 are the ends of a pair, eth1 is a port of br0."""
    with Namespace("rs1") as server:
        server.ip("link add eth0 type veth peer name eth1")
        server.ip("link add br0 type bridge")
        server.ip("link set eth1 master br0")
        for interface in ("eth0", "eth1", "br0"):
            server.ip(f"link set {interface} up")
        yield server


@pytest.fixture
def seen(server, program):
    """What a snapshot of the server has found; fails where something could not be asked."""

    def look():
        filters = snapshot(server, program)["filters"]
        assert filters["unknown"] == []
        return filters["found"]

    return look


def snapshot(server, program, *before):
    return json.loads(server.run(*before, program, "snapshot", "--json").stdout)


def interfaces(server, program):
    return {interface["name"]: interface for interface in snapshot(server, program)["interfaces"]}


def one(by, family, name, *devs, incoming=False, outgoing=False):
    return {"by": by, "family": family, "name": name, "devs": list(devs), "incoming": incoming, "outgoing": outgoing}


def nft(server, line):
    server.run("nft", line)


def test_a_new_namespace_has_nothing(server, program):
    assert snapshot(server, program)["filters"] == NOTHING


def test_an_nftables_chain_of_the_family_arp_is_seen_once_it_has_a_rule(server, seen):
    nft(server, "add table arp filter")
    nft(server, "add chain arp filter in { type filter hook input priority 0; }")
    nft(server, "add chain arp filter other")
    nft(server, "add rule arp filter other drop")
    assert seen() == []
    nft(server, "add rule arp filter in arp operation request drop")
    nft(server, "add chain arp filter out { type filter hook output priority 0; policy drop; }")
    incoming = one("nftables", "arp", "filter in", incoming=True)
    assert seen() == [incoming, one("nftables", "arp", "filter out", outgoing=True)]
    nft(server, "delete chain arp filter out")
    assert seen() == [incoming]
    nft(server, "add table arp filter { flags dormant; }")
    assert seen() == []


def test_an_nftables_chain_on_an_interface_is_seen_there(server, seen):
    nft(server, "add table netdev f")
    nft(server, "add chain netdev f in { type filter hook ingress device eth0 priority 0; policy drop; }")
    assert seen() == [one("nftables", "netdev", "f in", "eth0", incoming=True)]
    nft(server, "flush ruleset")
    nft(server, "add table netdev f")
    nft(server, "add chain netdev f in { type filter hook ingress devices = { eth0, eth1 } priority 0; }")
    nft(server, "add rule netdev f in drop")
    [found] = seen()
    assert sorted(found["devs"]) == ["eth0", "eth1"]


def test_nftables_chains_of_a_bridge_are_seen_but_for_what_it_forwards(server, seen):
    nft(server, "add table bridge f")
    for hook in ("prerouting", "forward", "postrouting"):
        nft(server, f"add chain bridge f {hook} {{ type filter hook {hook} priority 0; }}")
        nft(server, f"add rule bridge f {hook} counter")
    assert seen() == [one("nftables", "bridge", "f prerouting", incoming=True),
                      one("nftables", "bridge", "f postrouting", outgoing=True)]


def test_nftables_of_other_families_are_none_of_ours(server, seen):
    for family in ("ip", "ip6", "inet"):
        nft(server, f"add table {family} f")
        nft(server, f"add chain {family} f in {{ type filter hook input priority 0; policy drop; }}")
    assert seen() == []


def test_a_rule_and_a_policy_of_arptables_are_seen(server, seen):
    server.run("arptables-legacy", "-A", "OUTPUT", "-s", "192.0.2.10", "-j", "DROP")
    outgoing = one("arptables", "arp", None, outgoing=True)
    assert seen() == [outgoing]
    server.run("arptables-legacy", "-F")
    assert seen() == []
    server.run("arptables-legacy", "-P", "INPUT", "DROP")
    assert seen() == [one("arptables", "arp", None, incoming=True)]


def test_looking_makes_no_table_of_arptables(server, seen):
    def tables():
        return server.run("cat", "/proc/thread-self/net/arp_tables_names").stdout

    assert (tables(), seen(), tables()) == ("", [], "")
    server.run("arptables-legacy", "-L")
    assert tables() == "filter\n"


def test_a_qdisc_that_holds_filters_is_seen(server, seen):
    server.run("tc", "qdisc", "add", "dev", "eth0", "clsact")
    clsact = one("tc", "netdev", "clsact", "eth0", incoming=True, outgoing=True)
    assert seen() == [clsact]
    server.run("tc", "qdisc", "add", "dev", "eth1", "ingress")
    server.run("tc", "qdisc", "add", "dev", "eth1", "root", "pfifo")
    assert sorted(seen(), key=lambda found: found["name"]) == [
        clsact, one("tc", "netdev", "ingress", "eth1", incoming=True)]


def test_an_xdp_program_is_seen(server, program, say):
    assert interfaces(server, program)["eth0"]["xdp"] is False
    if XDP is None:
        say("an ordinary user may not load an XDP program: none was tried")
        return
    attach_xdp(server, "eth0", XDP)
    after = interfaces(server, program)
    assert (after["eth0"]["xdp"], after["eth1"]["xdp"]) == (True, False)
    attach_xdp(server, "eth0", -1)
    assert interfaces(server, program)["eth0"]["xdp"] is False


def attach_xdp(server, interface, fd):
    """RTM_SETLINK with IFLA_XDP; -1 detaches."""
    with server.entered(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as route:
        nest = struct.pack("=HHiHHI", 8, IFLA_XDP_FD, fd, 8, IFLA_XDP_FLAGS, XDP_FLAGS_SKB_MODE)
        link = struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(interface), 0, 0)
        body = link + struct.pack("=HH", 4 + len(nest), IFLA_XDP | 0x8000) + nest
        route.send(struct.pack("=IHHII", 16 + len(body), RTM_SETLINK, 1 | 4, 1, 0) + body)
        error = -struct.unpack_from("=i", route.recv(4096), 16)[0]
        assert error == 0, os.strerror(error)


@pytest.mark.parametrize("flag", ["neigh_suppress", "proxy_arp", "proxy_arp_wifi"])
def test_a_bridge_port_that_answers_for_others_is_seen(server, program, flag):
    before = interfaces(server, program)
    assert (before["eth1"]["port_answers"], before["eth0"]["port_answers"]) == (False, None)
    server.run("ip", "link", "set", "eth1", "type", "bridge_slave", flag, "on")
    assert interfaces(server, program)["eth1"]["port_answers"] is True


def test_what_needs_a_capability_is_unknown_without_it(server, program):
    server.run("arptables-legacy", "-L")
    without = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    assert snapshot(server, program, *without)["filters"] == {"found": [], "unknown": ["nftables", "arptables"]}


IN_A_GUEST = """
filters() { "$1" snapshot --json | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["filters"]))'; }
modules() { lsmod | sort | grep -v ^bridge; }
modprobe bridge
ip link add br0 type bridge
modules >/tmp/before
filters "$1"
modules | diff /tmp/before - && echo no module was loaded
modprobe -a nf_tables arptable_filter ebtable_filter
filters "$1"
wc -c </proc/net/arp_tables_names
ebtables-legacy -A INPUT -p ARP -j DROP
arptables-legacy -A INPUT -d 192.0.2.10 -j DROP
tc qdisc add dev br0 clsact
filters "$1"
ebtables-legacy -F
arptables-legacy -F
tc qdisc del dev br0 clsact
filters "$1"
"""


def test_on_a_kernel_of_modules_none_is_loaded_and_ebtables_is_seen(program):
    guest = uml.run("sh", "-euc", IN_A_GUEST, "guest", program)
    assert guest.status == 0, guest
    nothing, unchanged, loaded, tables, found, flushed = guest.output.splitlines()
    assert (json.loads(nothing), unchanged) == (NOTHING, "no module was loaded")
    assert (json.loads(loaded), tables) == (NOTHING, "0")
    assert json.loads(found) == {"unknown": [], "found": [
        one("tc", "netdev", "clsact", "br0", incoming=True, outgoing=True),
        one("ebtables", "bridge", "filter", incoming=True, outgoing=True),
        one("arptables", "arp", None, incoming=True),
    ]}
    assert json.loads(flushed) == NOTHING
