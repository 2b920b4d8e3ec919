"""What is wanted comes from the argument, else from pillar, else from the minion's configuration; never from a
grain."""

import pytest
import salt.config
import salt.loader
import salt.pillar
from salt.exceptions import SaltInvocationError

ARGUMENT, PILLAR, CONFIGURED = "192.0.2.10", "192.0.2.20", "192.0.2.30"


def planned(modules, **arguments):
    """What would be bound, and the device and label of it."""
    steps = modules["lvsarp.plan"](**arguments)["steps"]
    return [step["thing"].split()[-3] for step in steps if step["act"] in ("bind", "add-route")]


@pytest.mark.parametrize(
    "value",
    [
        ["192.0.2.10", "192.0.2.11"],
        ("192.0.2.10", "192.0.2.11"),
        "192.0.2.10,192.0.2.11",
        " 192.0.2.10 , 192.0.2.11, ",
        ["192.0.2.10,192.0.2.11"],
    ],
)
def test_a_list_and_a_text_with_commas_are_the_same(server, minion, value):
    wanted = ["192.0.2.10/32", "192.0.2.11/32"]
    modules, _ = minion()
    assert planned(modules, vips=value) == wanted
    assert [v["vip"] for v in modules["lvsarp.check"](value)["verdicts"]] == ["192.0.2.10", "192.0.2.11"]
    assert planned(minion({"lvsarp": {"vips": value}})[0]) == wanted
    assert planned(minion(lvsarp={"vips": value})[0]) == wanted


def test_prefixes_are_a_list_or_a_text_too(server, minion):
    modules, _ = minion()
    for value in (["198.51.100.0/28", "198.51.100.64/28"], "198.51.100.0/28,198.51.100.64/28"):
        assert planned(modules, prefixes=value) == ["198.51.100.0/28", "198.51.100.64/28"]


def test_the_argument_comes_first_then_pillar_then_the_configuration(server, minion):
    modules, _ = minion({"lvsarp": {"vips": [PILLAR]}}, lvsarp={"vips": [CONFIGURED]})
    assert planned(modules, vips=ARGUMENT) == [f"{ARGUMENT}/32"]
    assert planned(modules) == [f"{PILLAR}/32"]
    assert planned(minion(lvsarp={"vips": [CONFIGURED]})[0]) == [f"{CONFIGURED}/32"]
    assert planned(minion({"lvsarp": {"vips": None}}, lvsarp={"vips": [CONFIGURED]})[0]) == [f"{CONFIGURED}/32"]


def test_each_name_is_looked_up_by_itself(server, host, minion):
    modules, _ = minion(
        {"lvsarp": {"vips": [PILLAR], "label": "lo:p", "address_scope": "host"}},
        lvsarp={"vips": [CONFIGURED], "label": "lo:c", "scope": "interface", "prefixes": "198.51.100.0/28"},
    )
    assert (
        modules["lvsarp.plan"](label="lo:a")
        == host.plan(
            [PILLAR], prefixes=["198.51.100.0/28"], label="lo:a", address_scope="host", scope="interface"
        ).as_dict()
    )


def test_false_as_an_argument_overrules_a_true_below(server, minion, etc):
    modules, _ = minion({"lvsarp": {"vips": [PILLAR], "persist": True}})
    modules["lvsarp.apply"](persist=False)
    assert not (etc / "lvsarp").exists()
    modules["lvsarp.apply"]()
    assert (etc / "lvsarp/real-server.json").exists()


@pytest.mark.parametrize("wish", [{"vips": ARGUMENT}, {"prefixes": "198.51.100.16/28", "vips": ARGUMENT}])
def test_a_call_that_names_vips_itself_takes_exact_and_persist_from_nowhere_else(server, host, minion, etc, wish):
    all_of_it = {"vips": [PILLAR], "persist": True, "exact": True}
    for modules, _ in (minion({"lvsarp": all_of_it}), minion(lvsarp=all_of_it)):
        host.apply([PILLAR])
        assert {step["act"] for step in modules["lvsarp.plan"](**wish)["steps"]} <= {"bind", "add-route"}
        modules["lvsarp.apply"](**wish)
        assert {a.local for a in host.vips()} == {PILLAR, ARGUMENT} and not (etc / "lvsarp").exists()
        modules["lvsarp.apply"](**wish, exact=True, persist=True)
        assert {a.local for a in host.vips()} == {ARGUMENT} and (etc / "lvsarp").exists()
        modules["lvsarp.undo"](persist=True)


def test_prefixes_alone_are_the_calls_own_wish_too(server, host, minion, etc):
    modules, _ = minion({"lvsarp": {"vips": [PILLAR], "persist": True, "exact": True}})
    host.apply([PILLAR, CONFIGURED])
    modules["lvsarp.apply"](prefixes="198.51.100.16/28")
    assert {a.local for a in host.vips()} == {PILLAR, CONFIGURED} and not (etc / "lvsarp").exists()


def test_a_call_that_names_none_is_all_that_pillar_wants(server, host, minion, etc):
    modules, _ = minion({"lvsarp": {"vips": [PILLAR], "persist": True, "exact": True}})
    host.apply([PILLAR, CONFIGURED])
    modules["lvsarp.apply"]()
    assert [a.local for a in host.vips()] == [PILLAR] and (etc / "lvsarp/real-server.json").exists()


def test_a_check_looks_at_what_is_wanted_and_at_the_first_address_of_a_prefix(server, host, minion):
    modules, _ = minion({"lvsarp": {"vips": [f"{PILLAR}/32"], "prefixes": ["198.51.100.16/28"]}})
    missing = {f["vip"] for f in modules["lvsarp.check"]()["findings"] if f["code"] == "vip-missing"}
    assert missing == {PILLAR, "198.51.100.16"}
    modules["lvsarp.apply"]()
    assert modules["lvsarp.check"]() == host.check([PILLAR, "198.51.100.16"]).as_dict()
    assert [v["vip"] for v in modules["lvsarp.check"](vips=PILLAR)["verdicts"]] == [PILLAR]


def test_without_a_wish_a_check_looks_at_what_is_bound_and_at_what_was_applied(server, host, minion):
    modules, _ = minion()
    host.apply([PILLAR])
    host.bind(CONFIGURED)
    host.unbind(PILLAR)
    assert {v["vip"] for v in modules["lvsarp.check"]()["verdicts"]} == {PILLAR, CONFIGURED}


def test_the_grain_of_the_same_name_is_no_wish(server, host, minion, loaders):
    host.apply([PILLAR])
    grains = salt.loader.grains({**loaders.opts, "grains": {}}, force_refresh=True)
    assert grains["lvsarp"]["vips"] == [PILLAR]
    modules, _ = minion(grains=grains)
    with pytest.raises(SaltInvocationError, match="no VIP is named"):
        modules["lvsarp.plan"]()


def test_pillar_from_files_reaches_the_functions_and_the_states(server, host, minion_config, loaders, etc):
    pillar = minion_config.parent / "pillar"
    (pillar / "top.sls").write_text("base:\n  '*':\n    - vips\n")
    (pillar / "vips.sls").write_text(f"lvsarp:\n  vips:\n    - {PILLAR}\n")
    try:
        loaders.reload_all()
        assert planned(loaders.modules) == [f"{PILLAR}/32"]
        assert loaders.states.lvsarp.real_server(name="from pillar").result is True
        assert [a.local for a in host.vips()] == [PILLAR]
    finally:
        (pillar / "top.sls").unlink()
        (pillar / "vips.sls").unlink()
        loaders.reload_all()


@pytest.mark.parametrize(
    ("pillar", "options", "message"),
    [
        ({"lvsarp": [PILLAR]}, {}, r"pillar lvsarp: \['192.0.2.20'\] is no mapping of names such as vips"),
        ({"lvsarp": {"vips": 7}}, {}, "pillar lvsarp:vips: 7 is neither a list nor a text with commas"),
        ({"lvsarp": {"vips": [7]}}, {}, "pillar lvsarp:vips: 7 is no text; write it in quotes"),
        ({"lvsarp": {"vips": [PILLAR], "exact": "yes"}}, {}, "pillar lvsarp:exact: 'yes' is neither true nor false"),
        ({"lvsarp": {"label": 0}}, {}, "pillar lvsarp:label: 0 is no text; write it in quotes"),
        ({}, {"lvsarp": "lo"}, "minion configuration lvsarp: 'lo' is no mapping"),
        ({}, {"lvsarp": {"vips": 7}}, "minion configuration lvsarp:vips: 7 is neither"),
    ],
)
def test_an_error_says_where_the_wrong_value_stands(server, minion, pillar, options, message):
    modules, _ = minion(pillar, **options)
    with pytest.raises(SaltInvocationError, match=message):
        modules["lvsarp.plan"]()
