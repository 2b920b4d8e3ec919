"""On random hosts and for random wishes a test run tells exactly what the run changes, and a third run changes
nothing."""

import random

import lvsarp
import pytest
import salt.loader
from lab.differential import kinds_of_this_kernel
from lab.scenario import Scenario
from lab.topology import make_case

HOSTS, SEED = 120, 6
VIPS = ("192.0.2.10", "192.0.2.20", "10.0.0.100", "10.0.1.9", "172.16.3.1")
PREFIXES = ("198.51.100.0/28", "10.0.0.64/26", "203.0.113.0/24")


@pytest.fixture(scope="module")
def real_server(loaders):
    """The state by Salt's own loader: once as in a test run, once as in a real one."""
    found = {}
    for test in (True, False):
        opts = {**loaders.opts, "test": test, "pillar": {}}
        modules = salt.loader.minion_mods(opts, whitelist=["lvsarp"])
        states = salt.loader.states(opts, modules, loaders.utils, loaders.serializers, whitelist=["lvsarp"])
        found[test] = states["lvsarp.real_server"]
    return found


def a_wish(dice):
    wish = {"vips": dice.sample(VIPS, dice.randint(1, 3))}
    for name, values in (
        ("prefixes", [[], [dice.choice(PREFIXES)]]),
        ("scope", ["all", "interface"]),
        ("address_scope", ["auto", "auto", "global", "host", "link"]),
        ("label", [None, None, "lo:v"]),
        ("exact", [None, False, True]),
    ):
        if dice.random() < 0.5:
            wish[name] = dice.choice(values)
    return wish


def seen(host):
    """The namespace without what the kernel remembers of routing that was there once."""
    return {name: value for name, value in host.snapshot().as_dict().items() if name != "routing"}


def test_a_test_run_tells_what_a_run_changes_and_a_third_changes_nothing(in_a_sandbox, real_server, etc):
    kinds, told = kinds_of_this_kernel(), {"changed": 0, "right already": 0, "refused": 0, "exact": 0}
    for number in range(HOSTS):
        dice = random.Random(f"{SEED}/{number}")
        case = make_case(SEED, number, kinds, requests=0, solicitations=0, learning=0)
        with Scenario(case) as scenario, scenario.host.entered(), lvsarp.Host() as host:
            if dice.random() < 0.5:  # an earlier wish, of which some is listed no more
                try:
                    host.apply(a_wish(dice)["vips"])
                except lvsarp.LvsarpError:
                    pass
            wish, before = a_wish(dice), seen(host)
            about = f"seed {SEED} host {number} {wish}"
            dry = real_server[True]("rs", **wish)
            assert seen(host) == before, about
            done = real_server[False]("rs", **wish)
            assert done["changes"] == dry["changes"], (about, dry, done)
            if dry["result"] is False:
                assert done["result"] is False and done["changes"] == {} and seen(host) == before, (about, done)
                told["refused"] += 1
                continue
            assert (dry["result"], done["result"]) == (None if dry["changes"] else True, True), (about, dry, done)
            third = real_server[False]("rs", **wish)
            assert (third["result"], third["changes"]) == (True, {}), (about, third)
            told["changed" if dry["changes"] else "right already"] += 1
            told["exact"] += any(change["new"] is None for change in done["changes"].values())
    assert min(told["changed"], told["refused"]) > HOSTS // 10 and told["exact"] > 2, told
