"""Levels: read, written and explained, against the files of /proc/sys."""

import threading

import lvsarp
import pytest
from lvsarp import Level, Levels
from surroundings import read_only_proc_sys, without_privilege


def test_get_shows_own_all_and_what_is_in_force(server, host):
    server.set_conf("all", "arp_ignore", 1)
    server.set_conf("eth0", "arp_announce", 2)
    assert host.get("eth0") == Levels(Level(own=0, all=1, effective=1), Level(own=2, all=0, effective=2))


def test_get_reads_the_kernel_every_time(server, host):
    for value in (0, 8, 3):
        server.set_conf("eth0", "arp_ignore", value)
        assert host.get("eth0").arp_ignore.own == value


def test_get_of_all_and_default(server, host):
    server.set_conf("all", "arp_ignore", 2)
    server.set_conf("default", "arp_ignore", 1)
    assert host.get("all").arp_ignore == Level(2, 2, 2)
    assert host.get("default").arp_ignore == Level(1, 2, 2)


def test_odd_values_that_somebody_else_wrote_are_read_as_they_are(server, host):
    server.set_conf("eth0", "arp_ignore", -1)
    server.set_conf("eth0", "arp_announce", 9)
    assert host.get("eth0").arp_ignore == Level(own=-1, all=0, effective=0)
    assert host.get("eth0").arp_announce == Level(own=9, all=0, effective=9)


def test_dots_in_an_interface_name_are_normal(server, host):
    for name in ("eth0.100", "eth0.100.200"):
        server.ip(f"link add name {name} type bridge")
        assert host.set(name, arp_ignore=1).changed
        assert server.conf(name, "arp_ignore") == 1
        assert host.get(name).arp_ignore.own == 1


@pytest.mark.parametrize("scope", ["eth0", "lo", "all", "default"])
def test_set_writes_what_differs_and_says_so(server, host, scope):
    changes = host.set(scope, arp_ignore=1, arp_announce=2)
    assert changes.changed
    assert [(s.act, s.thing, s.old, s.new) for s in changes.steps] == [
        ("set", f"{scope}/arp_ignore", 0, 1),
        ("set", f"{scope}/arp_announce", 0, 2),
    ]
    assert (server.conf(scope, "arp_ignore"), server.conf(scope, "arp_announce")) == (1, 2)
    assert host.set(scope, arp_ignore=1, arp_announce=2) == lvsarp.Changes(False, (), ())


def test_set_leaves_the_other_level_alone(server, host):
    server.set_conf("eth0", "arp_announce", 1)
    host.set("eth0", arp_ignore=8)
    assert (server.conf("eth0", "arp_ignore"), server.conf("eth0", "arp_announce")) == (8, 1)
    assert not host.set("eth0").changed


@pytest.mark.parametrize("via", ["procfs", "netlink"])
def test_either_way_of_writing_reaches_an_interface(server, host, via):
    assert host.set("eth0", arp_ignore=2, via=via).changed
    assert server.conf("eth0", "arp_ignore") == 2
    assert host.set("eth0", arp_ignore=0, via=via).changed
    assert server.conf("eth0", "arp_ignore") == 0


def test_netlink_has_no_way_to_all(host):
    with pytest.raises(lvsarp.UnsupportedError, match="no netlink request"):
        host.set("all", arp_ignore=1, via="netlink")


@pytest.mark.parametrize("value", [-1, 9, 2**31, 2**64, -(2**70)])
def test_levels_outside_the_range_are_refused(server, host, value):
    with pytest.raises(ValueError, match=f"cannot use {value} as a value of arp_ignore: the range is 0 to 8"):
        host.set("eth0", arp_ignore=value)
    assert server.conf("eth0", "arp_ignore") == 0


def test_arp_announce_3_is_refused(host):
    with pytest.raises(ValueError, match="arp_announce: the range is 0 to 2"):
        host.set("eth0", arp_announce=3)


@pytest.mark.parametrize("value", [True, False, "1", "", "abc", 1.0, b"1", [1]])
def test_a_level_is_an_int_and_nothing_else(server, host, value):
    with pytest.raises(TypeError):
        host.set("eth0", arp_ignore=value)
    assert server.conf("eth0", "arp_ignore") == 0


def test_a_wrong_second_level_leaves_the_first_unwritten(server, host):
    with pytest.raises(ValueError):
        host.set("eth0", arp_ignore=1, arp_announce=3)
    assert server.conf("eth0", "arp_ignore") == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "it is empty"),
        (".", "directory"),
        ("..", "directory"),
        ("../lo", "contains '/'"),
        ("a/b", "contains '/'"),
        ("eth 0", "white space"),
        ("eth0\n", "white space"),
        ("eth0\0", "NUL"),
        ("lo:0", "label"),
        ("abcdefghijklmnop", "longer than 15 bytes"),
        ("eth\udcff", "not UTF-8"),
    ],
)
def test_what_is_no_interface_name_is_a_value_error(host, name, reason):
    calls = [host.get, lambda n: host.set(n, arp_ignore=1), host.addresses, host.vips, host.snapshot().levels]
    calls += [lambda n: host.bind("192.0.2.10", n), lambda n: host.plan(["192.0.2.10"], dev=n)]
    for call in calls:
        with pytest.raises(ValueError, match=reason):
            call(name)


@pytest.mark.parametrize("name", [None, 1, b"eth0", ["eth0"]])
def test_an_interface_is_named_by_text(host, name):
    with pytest.raises(TypeError):
        host.get(name)


@pytest.mark.parametrize("name", ["all", "default"])
def test_all_and_default_are_no_interfaces(host, name):
    for call in (host.addresses, host.vips, lambda n: host.bind("192.0.2.10", dev=n)):
        with pytest.raises(ValueError, match="name one interface"):
            call(name)


def test_an_unknown_interface_is_a_lookup_error(host):
    for call in (host.get, host.addresses, host.vips, host.snapshot().levels, lambda n: host.set(n, arp_ignore=1)):
        with pytest.raises(lvsarp.NoInterfaceError, match="No such device") as caught:
            call("eth7")
        assert isinstance(caught.value, LookupError)
        assert (caught.value.errno, caught.value.kind) == (19, "no-interface")


def test_an_interface_that_vanishes_and_comes_back_is_noticed(server, host):
    server.ip("link add br0 type bridge")
    server.set_conf("br0", "arp_ignore", 8)
    assert host.get("br0").arp_ignore.own == 8
    server.ip("link del br0")
    with pytest.raises(lvsarp.NoInterfaceError):
        host.get("br0")
    server.ip("link add br0 type bridge")
    assert host.get("br0").arp_ignore.own == 0


def test_an_unknown_way_is_a_value_error(host):
    with pytest.raises(ValueError, match='via "sysctl": it is none of auto, procfs, netlink'):
        host.set("eth0", arp_ignore=1, via="sysctl")


def test_without_privilege_levels_can_be_read_but_not_set(server, forked):
    def read_and_set():
        without_privilege()
        host = lvsarp.Host()
        assert host.get("eth0").arp_ignore.effective == 0
        host.set("eth0", arp_ignore=1)

    with pytest.raises(lvsarp.AccessError, match="CAP_NET_ADMIN") as caught:
        forked(read_and_set)
    assert isinstance(caught.value, PermissionError)
    assert caught.value.kind == "permission"


def test_with_a_read_only_proc_sys_an_interface_can_be_set_but_all_cannot(server, forked):
    def set_both():
        read_only_proc_sys()
        host = lvsarp.Host()
        assert host.snapshot().proc_sys == "read-only"
        assert host.set("eth0", arp_ignore=1).changed
        host.set("all", arp_ignore=1)

    with pytest.raises(lvsarp.AccessError, match="single interfaces can still be set") as caught:
        forked(set_both)
    assert (caught.value.kind, caught.value.errno) == ("read-only", 30)
    assert (server.conf("eth0", "arp_ignore"), server.conf("all", "arp_ignore")) == (1, 0)


def test_a_host_stays_in_its_namespace_whatever_thread_uses_it(server, host):
    server.set_conf("eth0", "arp_ignore", 3)
    seen = []

    def look():
        from lab.sandbox import CLONE_NEWNET, call

        call("unshare", CLONE_NEWNET)
        seen.append(host.get("eth0").arp_ignore.own)
        seen.append(sorted(i.name for i in host.interfaces()))
        seen.append([i.name for i in lvsarp.Host().interfaces()])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [3, ["eth0", "lo"], ["lo"]]


@pytest.mark.parametrize("key", ["arp_ignore", "arp_announce"])
@pytest.mark.parametrize("lang", ["en", "zh", "zh_CN.UTF-8"])
def test_the_table_of_levels_covers_every_integer_once(key, lang):
    rows = lvsarp.levels(key, lang)
    assert rows[0].first == -(2**31) and rows[-1].last == 2**31 - 1
    assert all(a.last + 1 == b.first for a, b in zip(rows, rows[1:]))
    for row in rows:
        assert row.meaning == lvsarp.meaning(key, row.first, lang) == lvsarp.meaning(key, row.last, lang)
        assert row.meaning.isascii() == (lang == "en")


def test_only_1_2_and_8_hide_a_vip_and_only_announce_2():
    hiding = {
        key: [row.values for row in lvsarp.levels(key) if row.hides_vip] for key in ("arp_ignore", "arp_announce")
    }
    assert hiding == {"arp_ignore": ["1", "2", "8"], "arp_announce": ["2"]}


def test_meanings_of_what_has_none():
    for bad in (("rp_filter", 1), ("arp_ignored", 1), ("arp_ignore", 2**31), ("arp_ignore", 1, "fr")):
        with pytest.raises(ValueError):
            lvsarp.meaning(*bad)
    for bad in (("arp_ignore", True), ("arp_ignore", "1"), (1, 1)):
        with pytest.raises(TypeError):
            lvsarp.meaning(*bad)


def test_the_table_of_keys_names_files_of_this_kernel(server):
    table = {key.name: key for key in lvsarp.keys()}
    assert table["arp_ignore"].range == (0, 8) and table["arp_announce"].range == (0, 2)
    assert table["arp_ignore"].merge == "max" and table["forwarding"].merge == "own"
    assert table["arp_accept"].merge_before == lvsarp.OlderMerge("6.0", "or")
    assert {key.merge for key in table.values()} == {"max", "or", "and", "own"}
    for name in table:
        server.conf("lo", name)
