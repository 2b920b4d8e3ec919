"""Each known way to get ARP wrong is found by `check` on a live host that has it, under a code of its own, and not on one that is right."""
import contextlib

import lvsarp
import pytest
from lab.namespaces import Namespace, veth

VIP, RIP, NEIGHBOUR = "192.0.2.10", "192.0.2.11", "192.0.2.1"


@pytest.fixture
def server(link):
    """A real server as it should be: the VIP on lo, silent."""
    _, server = link
    server.ip(f"addr add {VIP}/32 dev lo")
    server.set_conf("all", "arp_ignore", 1)
    server.set_conf("all", "arp_announce", 2)
    return server


def levels(server, scope, ignore, announce):
    server.set_conf(scope, "arp_ignore", ignore)
    server.set_conf(scope, "arp_announce", announce)


def found(server, vip=VIP):
    """{code: the interfaces that it names}"""
    codes = {}
    for finding in lvsarp.Host(netns=server.name).check([vip]).findings:
        codes.setdefault(finding.code, set()).add(finding.interface)
    return codes


def test_a_server_that_is_right_has_none_of_them(server):
    assert found(server) == {}


def test_levels_on_lo_only(server):
    levels(server, "all", 0, 0)
    levels(server, "lo", 1, 2)
    assert found(server)["inert-level"] == {"lo"}
    assert found(server)["vip-answered"] == {"eth0"}


def test_levels_on_a_port_of_a_bridge(server):
    levels(server, "all", 0, 0)
    server.ip("link add br0 type bridge")
    server.ip("link set br0 up")
    server.ip("addr del 192.0.2.11/24 dev eth0")
    server.ip("addr add 192.0.2.11/24 dev br0")
    server.ip("link set eth0 master br0")
    levels(server, "eth0", 1, 2)
    assert found(server)["level-on-port"] == {"eth0"}
    assert found(server)["vip-answered"] == {"br0"}


def test_levels_below_a_macvlan(server):
    levels(server, "all", 0, 0)
    server.ip("link add link eth0 name mac0 type macvlan mode bridge")
    server.ip("link set mac0 up")
    server.ip("addr add 192.0.2.12/24 dev mac0")
    levels(server, "eth0", 1, 2)
    assert found(server)["level-on-lower-device"] == {"mac0"}
    assert found(server)["vip-answered"] == {"mac0"}


@pytest.mark.parametrize(("everywhere", "own"), [(1, 3), (1, 4), (9, 8), (3, 1)])
def test_a_larger_value_that_hides_less(server, everywhere, own):
    server.set_conf("all", "arp_ignore", everywhere)
    server.set_conf("eth0", "arp_ignore", own)
    assert found(server)["level-overruled"] == {"eth0"}
    assert found(server)["vip-answered"] == {"eth0"}


def test_a_value_without_a_meaning(server):
    server.set_conf("eth0", "arp_ignore", 5)
    assert found(server)["level-without-meaning"] == {"eth0"}


def test_announce_one_with_the_vip_in_the_subnet(server):
    server.set_conf("all", "arp_announce", 1)
    assert found(server)["announce-one"] == {"eth0"}
    assert found(server)["vip-announced"] == {"eth0"}


def test_the_vip_on_the_uplink_as_well(server):
    server.ip(f"addr add {VIP}/32 dev eth0")
    assert found(server)["vip-on-interface"] == {"eth0"}


@pytest.mark.parametrize("prefix", [24, 8])
def test_a_short_prefix_on_lo(server, prefix):
    server.ip(f"addr del {VIP}/32 dev lo")
    server.ip(f"addr add {VIP}/{prefix} dev lo")
    assert None in found(server)["subnet-on-loopback"]


def test_default_set_when_the_interface_had_its_values(server):
    levels(server, "all", 0, 0)
    levels(server, "default", 1, 2)
    assert found(server)["default-too-late"] == {"eth0"}


def test_an_interface_that_is_added_later(server):
    levels(server, "all", 0, 0)
    levels(server, "eth0", 1, 2)
    assert "new-interfaces-unprotected" in found(server)


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("how", ["an entry", "the switch"])
def test_proxy_arp_answers_for_a_vip_that_was_taken_away_or_will_be(server, how, gone):
    with Namespace("behind") as behind:
        veth(server, behind, names=("eth1", "eth0"))
        server.ip(f"route add {VIP}/32 dev eth1")
        server.set_conf("eth0", "forwarding", 1)
        if how == "an entry":
            server.ip(f"neigh add proxy {VIP} dev eth0")
        else:
            server.set_conf("eth0", "proxy_arp", 1)
        if gone:
            server.ip(f"addr del {VIP}/32 dev lo")
        report = lvsarp.Host(netns=server.name).check([VIP])
        severity = {f.severity for f in report.findings if f.code == "proxy-arp" and f.interface == "eth0"}
        assert severity == {"error" if gone else "warning"}, report
        assert [v.replies for v in report.verdicts if v.interface == "eth0"] == [gone]


def test_an_uplink_without_an_address_falls_back_to_the_vip(server):
    server.ip("addr flush dev eth0")
    assert found(server)["vip-fallback-sender"] == {"eth0"}


def test_an_uplink_whose_addresses_have_scope_host_falls_back_to_the_vip(server):
    server.ip("addr flush dev eth0")
    server.ip(f"addr add {RIP}/24 dev eth0 scope host")
    assert found(server)["vip-fallback-sender"] == {"eth0"}


def test_the_vip_before_the_real_servers_own_address(server):
    server.ip("addr flush dev eth0")
    server.ip(f"addr add {VIP}/32 dev eth0")
    server.ip(f"addr add {RIP}/24 dev eth0")
    assert found(server)["vip-best-sender"] == {"eth0"}


def test_neighbours_that_heard_of_the_vip_before_the_levels_were_set(server):
    levels(server, "all", 0, 0)
    host = lvsarp.Host(netns=server.name)
    planned = {finding.code for finding in host.plan([VIP]).findings}
    host.apply([VIP])
    try:
        assert "peers-may-remember" in planned
        assert "peers-may-remember" in found(server)
    finally:
        host.undo()


def test_a_vip_that_an_apply_bound_behind_its_levels_was_never_heard_of(server):
    server.ip(f"addr del {VIP}/32 dev lo")
    levels(server, "all", 0, 0)
    host = lvsarp.Host(netns=server.name)
    changes = host.apply([VIP])
    try:
        assert "peers-may-remember" not in {finding.code for finding in changes.findings}
        assert "peers-may-remember" not in found(server)
    finally:
        host.undo()


@pytest.mark.parametrize("how", ["rp_filter", "arp_filter", "rule", "prohibit"])
def test_what_keeps_the_servers_own_address_from_being_answered(server, how):
    with Namespace("behind") as behind:
        veth(server, behind, names=("eth1", "eth0"))
        match how:
            case "rp_filter":
                server.set_conf("eth0", "rp_filter", 1)
                server.ip("route replace 192.0.2.0/25 dev eth1")
            case "arp_filter":
                server.set_conf("eth0", "arp_filter", 1)
                server.ip("route replace 192.0.2.0/25 dev eth1")
            case "rule":
                server.set_conf("eth0", "rp_filter", 1)
                server.ip("rule add pref 100 to 192.0.2.0/25 from 192.0.2.11 blackhole")
            case "prohibit":
                server.set_conf("eth0", "rp_filter", 1)
                server.ip("route add prohibit 192.0.2.0/25")
        assert found(server)["own-address-silent"] == {"eth0"}


def test_a_probe_that_is_answered_otherwise_than_a_request(server):
    server.set_conf("all", "arp_ignore", 0)
    server.ip("rule add pref 1 lookup local")
    server.ip("rule del pref 0")
    server.ip(f"rule add pref 0 to {VIP} blackhole")
    report = lvsarp.Host(netns=server.name).check([VIP])
    assert found(server)["probe-misleads"] == {"eth0"}
    assert any("0.0.0.0" in f.message for f in report.findings if f.code == "vip-answered"), report


def test_a_packet_filter(server):
    with contextlib.ExitStack() as stack:
        server.run("tc", "qdisc", "add", "dev", "eth0", "clsact")
        stack.callback(server.run, "tc", "qdisc", "del", "dev", "eth0", "clsact")
        assert found(server)["packet-filter"] == {"eth0"}
        decision = lvsarp.Host(netns=server.name).would_reply(VIP, NEIGHBOUR, "eth0")
        assert any("tc" in caveat for caveat in decision.caveats), decision


def test_the_kernel_says_otherwise_where_a_rule_asks_for_what_the_model_does_not_read(server):
    host = lvsarp.Host(netns=server.name)
    agreed = host.would_reply(RIP, NEIGHBOUR, "eth0", verify=True)
    assert agreed.replies and agreed.witness.agrees is True, agreed
    # The local table's result is passed over because lo is in the group, so RIP and VIP are no longer local.
    server.ip("link set dev lo group 7")
    server.ip("link set dev eth0 group 7")
    server.ip("rule add pref 1 lookup local suppress_ifgroup 7")
    server.ip("rule del pref 0")
    decision = host.would_reply(RIP, NEIGHBOUR, "eth0", verify=True)
    assert decision.witness.agrees is False and "please report" in decision.witness.text, decision
    assert "kernel-disagrees" in found(server)
    assert any("group" in caveat for caveat in decision.caveats)
