"""Addresses: what the package lists, binds and removes, against `ip`."""

import ipaddress

import lvsarp
import pytest
from surroundings import without_privilege


def bound(server, dev="lo"):
    """{address: what ip shows of it}, without lo's own."""
    listed = server.ip_json(f"addr show dev {dev}")[0]["addr_info"]
    return {a["local"]: a for a in listed if a["local"] not in ("127.0.0.1", "::1")}


def with_ipv6(server):
    server.set_sysctl("net/ipv6/conf/all/disable_ipv6", 0)


def test_addresses_are_those_that_ip_lists(server, host):
    with_ipv6(server)
    server.ip("addr add 198.51.100.1/24 brd + dev eth0 label eth0:x")
    server.ip("addr add 198.51.100.2/24 dev eth0 valid_lft 1000 preferred_lft 500")
    server.ip("addr add 203.0.113.1 peer 203.0.113.2/32 dev eth0 scope link")
    server.ip("addr add 2001:db8::1/64 dev eth0 nodad")
    for dev in ("lo", "eth0"):
        shown = server.ip_json(f"addr show dev {dev}")[0]
        ours = host.addresses(dev)
        assert [(a.local if a.peer is None else a.peer) for a in ours] == [
            a.get("address", a["local"]) for a in shown["addr_info"]
        ]
        for mine, its in zip(ours, shown["addr_info"]):
            assert (mine.dev, mine.index) == (dev, shown["ifindex"])
            assert (mine.local, mine.prefixlen, mine.scope) == (its["local"], its["prefixlen"], its["scope"])
            assert (mine.label, mine.broadcast) == (its.get("label"), its.get("broadcast"))
            for word in ("secondary", "nodad", "deprecated"):
                assert (word in mine.flags) == bool(its.get(word)), word
            forever = 2**32 - 1
            for mine_left, its_left in (
                (mine.valid_lft, its["valid_life_time"]),
                (mine.preferred_lft, its["preferred_life_time"]),
            ):
                assert (mine_left is None) == (its_left == forever)
                assert mine_left is None or abs(mine_left - its_left) <= 2
    by_place = sorted(host.addresses("lo") + host.addresses("eth0"), key=str)
    assert [str(a) for a in sorted(host.addresses(), key=str)] == [str(a) for a in by_place]


def test_vips_leave_out_what_belongs_to_lo_itself(server, host):
    with_ipv6(server)
    assert [a.local for a in host.addresses("lo")] == ["127.0.0.1", "::1"]
    assert host.vips() == []
    host.bind_many(["192.0.2.10", "2001:db8::10"])
    assert [a.local for a in host.vips()] == ["192.0.2.10", "2001:db8::10"]
    assert [a.local for a in host.vips("eth0") if "." in a.local] == ["192.0.2.11"]


def test_bind_says_whether_something_changed(server, host):
    assert host.bind("192.0.2.10") is True
    assert host.bind("192.0.2.10") is False
    shown = bound(server)["192.0.2.10"]
    assert (shown["prefixlen"], shown["scope"], shown["label"]) == (32, "global", "lo")
    assert host.unbind("192.0.2.10") is True
    assert host.unbind("192.0.2.10") is False
    assert bound(server) == {}


def test_bind_with_a_label_and_a_scope(server, host):
    assert host.bind("192.0.2.10", dev="lo", label="lo:0")
    assert bound(server)["192.0.2.10"]["label"] == "lo:0"
    assert host.bind("192.0.2.10", label="lo:1", scope="host")  # replace would change neither
    assert not host.bind("192.0.2.10", label="lo:1", scope="host")
    shown = bound(server)["192.0.2.10"]
    assert (shown["label"], shown["scope"]) == ("lo:1", "host")


@pytest.mark.parametrize(
    ("scope", "shown"), [("global", "global"), ("site", "site"), ("link", "link"), ("host", "host"), ("77", "77")]
)
def test_every_scope_reaches_the_kernel(server, host, scope, shown):
    host.bind("192.0.2.10", scope=scope)
    assert bound(server)["192.0.2.10"]["scope"] == shown
    assert host.vips()[0].scope == shown


def test_an_ipv6_vip_is_never_a_source(server, host):
    with_ipv6(server)
    assert host.bind("2001:db8::10")
    shown = bound(server)["2001:db8::10"]
    assert (shown["prefixlen"], shown["preferred_life_time"]) == (128, 0)
    assert host.unbind("2001:db8::10")


def test_ipaddress_objects_are_addresses_too(server, host):
    with_ipv6(server)
    v4, v6 = ipaddress.ip_address("192.0.2.10"), ipaddress.ip_address("2001:db8::10")
    assert host.bind_many([v4, v6]) == [True, True]
    assert host.bind_many(iter([str(v4), v6])) == [False, False]
    assert {v.vip for v in host.check([v4]).verdicts} == {"192.0.2.10"}
    assert [s.thing for s in host.plan((v4, v6)).steps if s.act != "set"] == []
    assert host.unbind(v4) and host.unbind_many([v6]) == [True]
    assert host.bind_prefix(ipaddress.ip_network("198.51.100.0/24"))
    assert host.unbind_prefix("198.51.100.0/24")
    assert len(host.plan([v4], prefixes=[ipaddress.ip_network("198.51.100.0/24")]).steps) == 6


def test_an_interface_address_keeps_its_prefix(server, host):
    with pytest.raises(ValueError, match="makes all of 192.0.2.0/24 local"):
        host.bind(ipaddress.ip_interface("192.0.2.10/24"))
    assert host.bind(ipaddress.ip_interface("192.0.2.10/32"))


def test_thousands_go_through_at_once(server, host):
    vips = [ipaddress.IPv4Address("198.18.0.0") + n for n in range(1, 3001)]
    assert host.bind_many(vips) == [True] * 3000
    assert len(bound(server)) == 3000
    assert host.bind_many(vips[:10] + [ipaddress.ip_address("198.19.0.1")]) == [False] * 10 + [True]
    assert host.unbind_many(vips) == [True] * 3000
    assert list(bound(server)) == ["198.19.0.1"]


def test_none_is_none(host):
    assert host.bind_many([]) == [] and host.unbind_many([]) == []


def test_ioctl_binds_on_a_label_of_its_own(server, host):
    assert host.bind_many(["10.9.8.7", "10.9.8.6"], method="ioctl") == [True, True]
    assert {a: (i["label"], i["prefixlen"]) for a, i in bound(server).items()} == {
        "10.9.8.7": ("lo:0", 32),
        "10.9.8.6": ("lo:1", 32),
    }
    assert server.ip_json("addr show dev lo")[0]["addr_info"][0]["local"] == "127.0.0.1"
    assert not host.bind("10.9.8.7", method="ioctl")


def test_a_prefix_is_one_route(server, host):
    assert host.bind_prefix("198.51.100.0/24") is True
    assert host.bind_prefix("198.51.100.0/24") is False
    assert [r["dst"] for r in server.ip_json("route show table local type local proto 204")] == ["198.51.100.0/24"]
    (route,) = host.snapshot().local_routes
    assert (route.prefix, route.dev, route.table, route.proto) == ("198.51.100.0/24", "lo", 255, 204)
    assert host.unbind_prefix("198.51.100.0/24") is True
    assert host.unbind_prefix("198.51.100.0/24") is False


@pytest.mark.parametrize(
    ("vip", "reason"),
    [
        ("", "not an IPv4 or IPv6"),
        ("192.0.2", "not an IPv4 or IPv6"),
        ("192.0.2.256", "not an IPv4 or IPv6"),
        ("192.0.2.010", "not an IPv4 or IPv6"),
        (" 192.0.2.10", "not an IPv4 or IPv6"),
        ("192.0.2.10/33", "has 32 bits"),
        ("192.0.2.10\0", "not an IPv4 or IPv6"),
        ("192.0.2.10\udcff", "not UTF-8"),
        ("fe80::1%eth0", "not an IPv4 or IPv6"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "0.0.0.0/8"),
        ("127.0.0.2", "loopback"),
        ("224.0.0.5", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("ff02::1", "multicast"),
        ("::ffff:192.0.2.1", "mapped"),
        ("fe80::1", "link-local"),
        (ipaddress.ip_address("224.0.0.5"), "multicast"),
        (ipaddress.ip_address("fe80::1%eth0"), "not an IPv4 or IPv6"),
    ],
)
def test_what_no_real_server_may_hold_is_a_value_error(server, host, vip, reason):
    calls = [host.bind, host.unbind, lambda v: host.bind_many(["192.0.2.10", v]), lambda v: host.unbind_many([v])]
    calls += [
        lambda v: host.plan([v]),
        lambda v: host.apply([v]),
        lambda v: host.check([v]),
        lambda v: host.snapshot().check([v]),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=reason):
            call(vip)
    assert bound(server) == {}


@pytest.mark.parametrize("vip", [None, 3221225994, b"192.0.2.10", ["192.0.2.10"], ipaddress.ip_network("192.0.2.0/24")])
def test_what_is_no_address_is_a_type_error(host, vip):
    for call in (
        host.bind,
        host.unbind,
        lambda v: host.bind_many([v]),
        lambda v: host.plan([v]),
        lambda v: host.check([v]),
    ):
        with pytest.raises(TypeError, match="an address is a str or an ipaddress"):
            call(vip)


@pytest.mark.parametrize(
    "slip", ["192.0.2.10", b"x", ipaddress.ip_address("192.0.2.10"), ipaddress.ip_network("192.0.2.0/30"), 5]
)
def test_a_single_one_where_a_list_is_wanted_is_a_type_error(server, host, slip):
    for call in (host.bind_many, host.unbind_many, host.plan, host.apply, host.check, host.snapshot().check):
        with pytest.raises(TypeError, match=r"a list of addresses is wanted, not \w+: write \["):
            call(slip)
    with pytest.raises(TypeError, match="a list of prefixes is wanted"):
        host.plan(["192.0.2.10"], prefixes="198.51.100.0/24")
    assert bound(server) == {}


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"label": "eth0:0"}, "neither"),
        ({"label": "lo:" + "x" * 13}, "longer than 15"),
        ({"label": "lo:a b"}, "white space"),
        ({"label": ""}, "neither"),
        ({"scope": "everywhere"}, "none of global, site, link, host"),
        ({"scope": "256"}, "none of global, site, link, host"),
        ({"method": "ifconfig"}, "none of netlink, ioctl"),
        ({"method": "ioctl", "label": "lo"}, "replace the first address"),
        ({"method": "ioctl", "scope": "host"}, "scope global only"),
    ],
)
def test_a_binding_that_cannot_be_is_a_value_error(server, host, wish, reason):
    with pytest.raises(ValueError, match=reason):
        host.bind("192.0.2.10", **wish)
    assert bound(server) == {}


@pytest.mark.parametrize("wish", [{"label": "lo:0"}, {"method": "ioctl"}])
def test_ipv6_where_ipv4_is_needed_is_a_value_error(host, wish):
    with pytest.raises(ValueError, match="IPv6|IPv4"):
        host.bind("2001:db8::10", **wish)


def test_a_subnet_on_lo_is_refused_with_the_reason_unless_forced(server, host):
    with pytest.raises(ValueError, match="(?s)makes all of 192.0.2.0/24 local.*hint: bind 192.0.2.10/32"):
        host.bind("192.0.2.10/24")
    assert host.bind("198.51.100.10/24", force=True)
    assert bound(server)["198.51.100.10"]["prefixlen"] == 24


@pytest.mark.parametrize("prefix", ["198.51.100.7/24", "0.0.0.0/0", "224.0.0.0/4", "198.51.100.0/33", "", "x"])
def test_a_prefix_that_cannot_be_is_a_value_error(host, prefix):
    for call in (host.bind_prefix, host.unbind_prefix, lambda p: host.plan([], prefixes=[p])):
        with pytest.raises(ValueError):
            call(prefix)


def test_where_one_of_many_fails_the_others_are_taken_back(server, host):
    server.set_sysctl("net/ipv6/conf/lo/disable_ipv6", 1)
    with pytest.raises(lvsarp.LvsarpError) as caught:
        host.bind_many(["192.0.2.10", "2001:db8::10", "192.0.2.20"])
    assert caught.value.rolled_back is True
    assert bound(server) == {}


def test_without_privilege_nothing_is_bound(server, forked):
    def bind():
        without_privilege()
        lvsarp.Host().bind("192.0.2.10")

    with pytest.raises(lvsarp.AccessError, match="cannot bind 192.0.2.10/32 dev lo: .*\nhint: CAP_NET_ADMIN") as caught:
        forked(bind)
    assert caught.value.errno == 1
    assert bound(server) == {}
