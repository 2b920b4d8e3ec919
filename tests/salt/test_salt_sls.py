"""The states among others: pillar, watch, require, and the whole of it in a test run."""

import pytest

VIP, OTHER = "192.0.2.10", "192.0.2.20"

REAL_SERVER = f"""
silent:
  lvsarp.real_server:
    - vips: [{VIP}]
    - scope: interface
"""

ADDED = """
added:
  cmd.run:
    - name: ip link add eth1 type bridge && ip addr add 203.0.113.1/24 dev eth1 && ip link set eth1 up
    - unless: ip link show eth1
"""


def test_pillar_names_the_vips(server, host, sls):
    wish = {"lvsarp": {"vips": f"{VIP},{OTHER}", "label": "lo:v"}}
    ret = sls("silent:\n  lvsarp.real_server: []\n", pillar=wish)["silent"]
    assert ret.result is True and [(a.local, a.label) for a in host.vips()] == [(VIP, "lo:v"), (OTHER, "lo:v")]
    assert "warnings" not in ret.full_return


def test_a_name_in_pillar_that_means_nothing_is_a_warning(server, sls):
    wish = {"lvsarp": {"vips": [VIP], "vip": OTHER, "persits": True}}
    ret = sls("silent:\n  lvsarp.real_server: []\n", pillar=wish)["silent"]
    assert ret.result is True and ret.warnings == ["pillar lvsarp has names that mean nothing here: persits, vip"]


def test_watch_sets_the_levels_of_an_interface_that_another_state_added(server, host, sls):
    assert sls(REAL_SERVER)["silent"].result is True
    again = sls(REAL_SERVER + "    - watch: [{cmd: added}]\n" + ADDED)
    assert again["added"].changes and again["silent"].result is True
    assert set(again["silent"].changes) == {"eth1/arp_ignore", "eth1/arp_announce"}
    assert host.get("eth1").arp_ignore.own == 1
    unchanged = sls(REAL_SERVER + "    - watch: [{cmd: added}]\n" + ADDED)
    assert [state.changes for state in unchanged] == [{}, {}]


def test_watch_of_a_change_applies_again_in_a_state_that_had_nothing_to_do(server, host, sls):
    """There is no mod_watch, so Salt makes each watch a require, and runs the state after what it watches."""
    assert sls(REAL_SERVER)["silent"].result is True
    text = REAL_SERVER + "    - watch: [{test: news}]\nnews:\n  test.succeed_with_changes: []\n"
    for test in (False, True):
        ret = sls(text, test=test)["silent"]
        assert (ret.result, ret.changes) == (True, {}) and ret.comment == f"The real server of {VIP} is silent already."
    absent = text.replace("silent:", "gone:").replace("real_server", "absent").replace("    - scope: interface\n", "")
    ret = sls(absent)["gone"]
    assert ret.result is True and f"{VIP}/32 dev lo" in ret.changes
    assert sls(absent)["gone"].comment == "There is nothing of lvsarp to take back."


OTHERS = f"""
other:
  lvsarp.real_server:
    - vips: [{OTHER}]
    - scope: interface
"""


@pytest.mark.parametrize("whole", ["exact", "persist"])
def test_beside_another_one_a_state_that_means_the_whole_minion_fails_and_changes_nothing(
    server, host, sls, everything, whole
):
    host.apply([OTHER], scope="interface")
    before = everything()
    for text in (REAL_SERVER + f"    - {whole}: true\n" + OTHERS, OTHERS + REAL_SERVER + f"    - {whole}: true\n"):
        for test in (True, False):
            ret = sls(text, test=test)
            assert (ret["silent"].result, ret["silent"].changes) == (False, {})
            assert "another lvsarp.real_server (other)" in ret["silent"].comment
            assert "put all VIPs into one state" in ret["silent"].comment
            assert (ret["other"].result, ret["other"].changes) == (True, {})
            assert everything() == before


def test_pillar_can_make_two_states_mean_the_whole_minion(server, host, sls):
    ret = sls(REAL_SERVER + OTHERS, pillar={"lvsarp": {"exact": True}})
    assert [state.result for state in ret] == [False, False] and host.vips() == []
    named = "silent:\n  lvsarp.real_server:\n    - vips: [192.0.2.10]\n    - exact: true\n    - names: [a, b]\n"
    assert [state.result for state in sls(named)] == [False, False] and host.vips() == []


def test_two_states_that_only_add_are_two(server, host, sls):
    assert [state.result for state in sls(REAL_SERVER + OTHERS)] == [True, True]
    assert [a.local for a in host.vips()] == [VIP, OTHER]


def test_one_state_is_alone_beside_states_of_other_kinds(server, host, sls, etc):
    text = REAL_SERVER + "    - exact: true\n    - persist: true\n"
    others = "news:\n  test.succeed_with_changes: []\nnone:\n  lvsarp.absent:\n    - vips: []\n    - onlyif: 'false'\n"
    assert [state.result for state in sls(text + "    - prereq: [{test: news}]\n" + others)] == [True, True, True]
    assert [a.local for a in host.vips()] == [VIP]


def test_what_requires_a_real_server_runs_only_where_it_is_silent(server, sls):
    after = "after:\n  test.nop:\n    - require: [{lvsarp: silent}]\n"
    ret = sls(REAL_SERVER + after)
    assert ret["after"].result is True and ret["after"].run_num == 1
    ret = sls(REAL_SERVER.replace("scope: interface", "dev: eth0") + after)
    assert ret["silent"].result is False
    assert ret["after"].result is False and "requisite failed" in ret["after"].comment


def test_onchanges_sees_the_changes_of_a_test_run_too(server, sls):
    text = REAL_SERVER + "after:\n  test.succeed_with_changes:\n    - onchanges: [{lvsarp: silent}]\n"
    assert [state.result for state in sls(text, test=True)] == [None, None]
    assert [state.result for state in sls(text)] == [True, True]
    assert "onchanges" in sls(text)["after"].comment
