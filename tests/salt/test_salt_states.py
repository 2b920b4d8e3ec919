"""The state real_server: what it changes, what it tells, and what it leaves."""

import pytest
from lab.sandbox import CLONE_NEWUSER, call
from lvsarp.salt import _told
from surroundings import read_only_proc_sys, read_only_run

VIP, OTHER, PREFIX = "192.0.2.10", "192.0.2.20", "198.51.100.0/28"

ALL_OF_IT = {
    "all/arp_ignore": {"old": 0, "new": 1},
    "lo/arp_ignore": {"old": 0, "new": 1},
    "all/arp_announce": {"old": 0, "new": 2},
    "lo/arp_announce": {"old": 0, "new": 2},
    "192.0.2.10/32 dev lo": {"old": None, "new": "scope global label lo"},
    "local 198.51.100.0/28 dev lo": {"old": None, "new": "present"},
}


def test_a_test_run_tells_the_changes_and_writes_nothing(server, states, everything):
    before = everything()
    ret = states.lvsarp.real_server(name="rs", vips=[VIP], prefixes=[PREFIX], persist=True, test=True)
    assert ret.result is None
    files = {thing: change for thing, change in ret.changes.items() if thing.startswith("/")}
    assert {**files, **ALL_OF_IT} == ret.changes
    assert files["/etc/sysctl.d/90-lvsarp.conf"] == {"old": None, "new": "present"}
    assert ret.comment == (
        "The real server of 192.0.2.10, 198.51.100.0/28 would be made silent.\n"
        "What brings it back after a reboot would be written."
    )
    assert everything() == before


def test_a_run_makes_those_changes_and_a_second_one_makes_none(server, host, states):
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=[VIP], prefixes=[PREFIX], test=test)
        assert (ret.result, ret.changes) == (None if test else True, ALL_OF_IT)
    assert ret.comment == "The real server of 192.0.2.10, 198.51.100.0/28 was made silent."
    assert host.check([VIP, "198.51.100.0"]).ok
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=[VIP], prefixes=[PREFIX], test=test)
        assert (ret.result, ret.changes) == (True, {})
        assert ret.comment == "The real server of 192.0.2.10, 198.51.100.0/28 is silent already."


def test_only_what_differs_is_a_change(server, states):
    states.lvsarp.real_server(name="rs", vips=[VIP, OTHER])
    server.set_conf("all", "arp_ignore", 0)
    server.ip("addr del 192.0.2.20/32 dev lo")
    drift = {
        "all/arp_ignore": {"old": 0, "new": 1},
        "192.0.2.20/32 dev lo": {"old": None, "new": "scope global label lo"},
    }
    for test, result in ((True, None), (False, True)):
        ret = states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], test=test)
        assert (ret.result, ret.changes) == (result, drift)


def test_every_argument_reaches_the_host(server, host, states):
    wish = {"scope": "interface", "label": "lo:v", "address_scope": "host", "method": "netlink", "dev": "lo"}
    ret = states.lvsarp.real_server(name="rs", vips=VIP, force=False, **wish)
    assert ret.result is True and set(ret.changes) == {"eth0/arp_ignore", "eth0/arp_announce", "192.0.2.10/32 dev lo"}
    assert [(a.local, a.label, a.scope) for a in host.vips()] == [(VIP, "lo:v", "host")]


def test_the_warnings_of_an_apply_are_warnings_of_the_state(server, states):
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, scope="interface", test=test)
        assert any("an interface that is added later will not be silent" in text for text in ret.warnings)


def test_what_would_be_refused_is_false_in_a_test_run_too(server, states, everything):
    before = everything()
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, dev="eth0", persist=True, test=test)
        assert (ret.result, ret.changes) == (False, {})
        assert ret.comment.startswith("The real server of 192.0.2.10 cannot be made silent, so nothing is changed.\n")
        assert "192.0.2.10 is answered on eth0: it is bound there" in ret.comment
    assert everything() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "no VIP is named: give vips"),
        ({"vips": ["192.0.2.300"]}, "192.0.2.300"),
        ({"vips": VIP, "dev": "eth7"}, "eth7"),
        ({"vips": VIP, "persist": "yes"}, "argument persist: 'yes' is neither true nor false"),
        ({"vips": [1]}, "argument vips: 1 is no text"),
    ],
)
def test_an_error_is_a_result_with_the_librarys_words(server, states, everything, arguments, message):
    before = everything()
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", **arguments, test=test)
        assert (ret.result, ret.changes) == (False, {}) and message in ret.comment and "Traceback" not in ret.comment
    assert everything() == before


@pytest.mark.parametrize("spoil", [read_only_run, read_only_proc_sys, lambda: call("unshare", CLONE_NEWUSER)])
def test_where_it_cannot_be_done_nothing_is(server, states, everything, forked, spoil):
    before = everything()

    def ask():
        spoil()
        ret = states.lvsarp.real_server(name="rs", vips=VIP, scope="all", persist=True)
        return ret.result, ret.changes, ret.comment

    result, changes, comment = forked(ask)
    if spoil is read_only_proc_sys:  # there single interfaces can still be set
        assert result is True and "eth0/arp_ignore" in changes
        return
    assert (result, changes) == (False, {}) and comment.startswith("cannot ") and "Traceback" not in comment
    assert everything() == before


def test_a_failure_halfway_leaves_nothing_behind(server, host, states, everything):
    # IPv6 is disabled, so the second VIP cannot be bound, after the levels and the first.
    server.set_sysctl("net/ipv6/conf/all/disable_ipv6", 1)
    server.set_sysctl("net/ipv6/conf/lo/disable_ipv6", 1)
    before = everything()
    ret = states.lvsarp.real_server(name="rs", vips=[VIP, "2001:db8::10"], persist=True)
    assert (ret.result, ret.changes) == (False, {})
    assert "2001:db8::10" in ret.comment and "rolled back" in ret.comment
    assert everything()[:3] == before[:3]


def test_what_drifts_before_the_look_afterwards_is_no_success(server, states, monkeypatch):
    def meanwhile(steps, changes=_told.changes):
        server.set_conf("all", "arp_ignore", 0)
        return changes(steps)

    monkeypatch.setattr(_told, "changes", meanwhile)
    ret = states.lvsarp.real_server(name="rs", vips=VIP, prefixes=PREFIX)
    assert (ret.result, ret.changes) == (False, ALL_OF_IT)
    assert "is not silent, or not as it was made." in ret.comment
    assert "192.0.2.10 is answered on eth0" in ret.comment and "still to do: set all/arp_ignore: 0 -> 1" in ret.comment


def test_what_force_lets_through_is_a_warning_and_no_failure(server, host, states):
    wide = "192.0.2.10/24"
    for test in (True, False):
        assert states.lvsarp.real_server(name="rs", vips=wide, test=test).result is False
    forced = {"name": "rs", "vips": wide, "force": True}
    for test, result in ((True, None), (False, True), (False, True), (True, True)):
        ret = states.lvsarp.real_server(**forced, test=test)
        assert ret.result is result, ret.comment
        assert any("192.0.2.10/24 on lo makes all of 192.0.2.0/24 local" in text for text in ret.warnings), ret.warnings
    assert ret.changes == {} and not host.check([VIP]).ok


def test_force_does_not_let_through_what_an_apply_would_not(server, states, monkeypatch):
    def meanwhile(steps, changes=_told.changes):
        server.ip("addr add 192.0.2.10/32 dev eth0")  # nothing is left to do, and the VIP is answered
        return changes(steps)

    monkeypatch.setattr(_told, "changes", meanwhile)
    ret = states.lvsarp.real_server(name="rs", vips="192.0.2.10/24", force=True)
    assert ret.result is False and "192.0.2.10 is answered on eth0" in ret.comment


def test_exact_removes_what_is_not_listed_any_more_and_only_what_is_lvsarps(server, host, states):
    states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], prefixes=[PREFIX])
    host.bind("192.0.2.99")
    gone = {"192.0.2.20/32 dev lo", "local 198.51.100.0/28 dev lo"}
    assert states.lvsarp.real_server(name="rs", vips=VIP).changes == {}
    for test, result in ((True, None), (False, True), (False, True)):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, exact=True, test=test)
        assert ret.result is result
        if ret.changes:
            assert set(ret.changes) == gone and {change["new"] for change in ret.changes.values()} == {None}
    assert ret.changes == {}
    assert [a.local for a in host.vips()] == [VIP, "192.0.2.99"]
