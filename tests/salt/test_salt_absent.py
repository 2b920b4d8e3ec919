"""The state absent: it takes back what lvsarp did, and nothing else."""

import pytest
from conftest import tree
from surroundings import read_only

VIP, OTHER, PREFIX = "192.0.2.10", "192.0.2.20", "198.51.100.0/28"

BACK = {
    "192.0.2.10/32 dev lo": {"old": "scope global label lo", "new": None},
    "local 198.51.100.0/28 dev lo": {"old": "present", "new": None},
    "all/arp_ignore": {"old": 1, "new": 0},
    "lo/arp_ignore": {"old": 1, "new": 0},
    "all/arp_announce": {"old": 2, "new": 0},
    "lo/arp_announce": {"old": 2, "new": 0},
}


def test_where_nothing_was_applied_there_is_nothing_to_take_back(server, states, everything):
    before = everything()
    for test in (True, False):
        ret = states.lvsarp.absent(name="gone", vips=[VIP], test=test)
        assert (ret.result, ret.changes, ret.comment) == (True, {}, "There is nothing of lvsarp to take back.")
    assert everything() == before


def test_a_test_run_tells_the_changes_and_a_run_makes_them(server, states, everything):
    before = everything()
    states.lvsarp.real_server(name="rs", vips=VIP, prefixes=PREFIX)
    applied = everything()
    ret = states.lvsarp.absent(name="gone", vips=VIP, test=True)
    assert (ret.result, ret.changes, ret.comment) == (None, BACK, "What lvsarp did would be taken back.")
    assert everything() == applied
    ret = states.lvsarp.absent(name="gone", vips=VIP)
    assert (ret.result, ret.changes, ret.comment) == (True, BACK, "What lvsarp did was taken back.")
    assert everything() == before
    assert states.lvsarp.absent(name="gone", vips=VIP).changes == {}


def test_the_files_go_too_unless_they_are_to_stay(server, states, everything):
    before = everything()
    states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    written = {thing: {"old": "present", "new": None} for thing in everything()[2] if thing not in before[2]}
    kept = states.lvsarp.absent(name="gone", persist=False)
    assert kept.result is True and not set(kept.changes) & set(written) and set(everything()[2]) >= set(written)
    for test, result in ((True, None), (False, True)):
        ret = states.lvsarp.absent(name="gone", test=test)
        assert (ret.result, ret.changes) == (result, written)
    assert everything() == before


def test_a_vip_that_somebody_else_bound_is_left_and_fails_the_state(server, host, states):
    states.lvsarp.real_server(name="rs", vips=VIP)
    host.bind(OTHER)
    for test in (True, False):
        ret = states.lvsarp.absent(name="gone", vips=[VIP, OTHER], test=test)
        assert ret.result is False and "192.0.2.10/32 dev lo" in ret.changes
        assert ret.comment == "192.0.2.20/32 dev lo: lvsarp did not bind it, so it is left there."
    assert [a.local for a in host.vips()] == [OTHER]
    assert states.lvsarp.absent(name="gone", vips=[VIP]).result is True


def test_what_must_not_be_bound_is_taken_from_pillar_unless_none_is_named(server, host, sls):
    host.bind(OTHER)
    wish = {"lvsarp": {"vips": [OTHER]}}
    assert sls("gone:\n  lvsarp.absent: []\n", pillar=wish)["gone"].result is False
    assert sls("gone:\n  lvsarp.absent:\n    - vips: []\n", pillar=wish)["gone"].result is True
    assert [a.local for a in host.vips()] == [OTHER]


def test_values_in_pillar_that_it_does_not_need_do_not_stop_it(server, host, sls, etc):
    host.apply([VIP])
    wish = {"lvsarp": {"vips": [VIP], "persist": "yes", "label": 7, "scope": [], "prefixes": 3, "exact": 1}}
    ret = sls("gone:\n  lvsarp.absent: []\n", pillar=wish)["gone"]
    assert ret.result is True and host.vips() == []
    ret = sls("gone:\n  lvsarp.absent:\n    - vips: []\n", pillar={"lvsarp": "none"})["gone"]
    assert ret.result is True


def test_an_address_is_the_same_in_every_spelling(server, host, states):
    server.set_sysctl("net/ipv6/conf/lo/disable_ipv6", 0)
    host.bind("2001:db8::10")
    for spelling in ("2001:DB8:0:0::10", "2001:db8::10/128"):
        assert states.lvsarp.absent(name="gone", vips=spelling).result is False


def test_what_somebody_changed_meanwhile_is_left_with_a_warning(server, states):
    states.lvsarp.real_server(name="rs", vips=VIP)
    server.set_conf("all", "arp_ignore", 2)
    for test in (True, False):
        ret = states.lvsarp.absent(name="gone", vips=VIP, test=test)
        assert "all/arp_ignore" not in ret.changes and any("all/arp_ignore" in text for text in ret.warnings)
    assert ret.result is True and server.conf("all", "arp_ignore") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vips": "192.0.2.300"}, "192.0.2.300"),
        ({"vips": 7}, "argument vips: 7 is neither"),
        ({"persist": "no"}, "argument persist: 'no' is neither true nor false"),
    ],
)
def test_an_error_is_a_result_and_changes_nothing(server, states, everything, arguments, message):
    states.lvsarp.real_server(name="rs", vips=VIP)
    before = everything()
    for test in (True, False):
        ret = states.lvsarp.absent(name="gone", **arguments, test=test)
        assert (ret.result, ret.changes) == (False, {}) and message in ret.comment
    assert everything() == before


def test_files_that_cannot_be_removed_fail_the_state_and_its_changes_are_what_was_done(
    server, host, states, etc, forked
):
    states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    files = tree(etc)

    def ask():
        read_only("/etc")
        ret = states.lvsarp.absent(name="gone", vips=VIP)
        return ret.result, ret.changes, ret.comment

    result, changes, comment = forked(ask)
    assert result is False and "Read-only file system" in comment
    assert changes == {thing: change for thing, change in BACK.items() if "198" not in thing}
    assert host.vips() == [] and tree(etc) == files
    ret = states.lvsarp.absent(name="gone", vips=VIP)
    assert ret.result is True and set(ret.changes) <= set(files) and host.vips() == []
