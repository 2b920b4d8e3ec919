"""The beacon: what configuration it takes, when it speaks, and what a look costs."""

import os
import resource
import threading
from pathlib import Path

import pytest
import salt.beacons
import salt.loader
from lab.sandbox import CLONE_NEWUSER, call
from lvsarp.salt import _seen

VIP, OTHER = "192.0.2.10", "192.0.2.20"
START = "Configuration for lvsarp beacon"


@pytest.fixture
def watching(loaders, server, etc):
    """A minion with this configuration of the beacon, looked after by Salt's own code: each call is one turn of its
    loop, and returns the events."""

    def made(*config, pillar=None, name="lvsarp"):
        opts = {**loaders.opts, "pillar": pillar or {}, "beacons": {}}
        beacons = salt.beacons.Beacon(opts, loaders.modules)
        return lambda: beacons.process({name: [dict(item) for item in config]}, {})

    _seen.LAST.clear()  # the minion has just started
    return made


@pytest.fixture
def validate(loaders):
    beacons = salt.loader.beacons(loaders.opts, loaders.modules)
    return lambda config: beacons["lvsarp.validate"](config)


def told(events):
    return [(event["tag"], event["data"].get("ok")) for event in events]


DRIFT, OK, ERROR = (
    ("salt/beacon/rs1/lvsarp/drift", False),
    ("salt/beacon/rs1/lvsarp/ok", True),
    ("salt/beacon/rs1/lvsarp/error", None),
)


@pytest.mark.parametrize(
    "config",
    [
        [],
        [{"vips": [VIP]}],
        [{"vips": f"{VIP}, {OTHER}"}, {"interval": 10}],
        [{"vips": ["2001:db8::10", "192.0.2.10/32"], "interval": 10}],
        [{"vips": None}],
        [
            {"interval": 5},
            {"disable_during_state_run": True},
            {"enabled": True},
            {"run_once": False},
            {"_beacon_name": "x"},
        ],
        [{"beacon_module": "lvsarp"}],
    ],
)
def test_configuration_that_can_be_used_is_valid(validate, config):
    assert validate(config) == (True, "Valid beacon configuration")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"vips": [VIP]}, f"{START} must be a list of dictionaries."),
        ("192.0.2.10", f"{START} must be a list of dictionaries."),
        (None, f"{START} must be a list of dictionaries."),
        (["vips"], f"{START} must be a list of dictionaries."),
        ([{"vip": [VIP]}, {"dev": "lo"}], f"{START} has options that mean nothing: dev, vip."),
        ([{"vips": 7}], f"{START}: vips must be a list of addresses, or one text with commas."),
        ([{"vips": [7]}], f"{START}: vips must be a list of addresses, or one text with commas."),
        ([{"vips": {VIP: {}}}], f"{START}: vips must be a list of addresses, or one text with commas."),
        ([{"vips": []}], f"{START}: vips names no address; leave it out for those of pillar."),
        ([{"vips": ""}], f"{START}: vips names no address; leave it out for those of pillar."),
        ([{"vips": ["192.0.2.300"]}], f"{START}: '192.0.2.300' in vips is no IPv4 or IPv6 address."),
        ([{"vips": "www"}], f"{START}: 'www' in vips is no IPv4 or IPv6 address."),
    ],
)
def test_configuration_that_cannot_be_used_is_refused_with_the_reason(validate, config, message):
    assert validate(config) == (False, message)


def test_drift_and_ok_are_told_on_change_only(watching, host):
    look = watching({"vips": [VIP]})
    host.apply([VIP])
    assert look() == [] and look() == []
    host.set("all", arp_ignore=0)
    (event,) = look()
    assert event["tag"] == DRIFT[0] and event["beacon_name"] == "lvsarp"
    assert event["data"] == {
        "id": "rs1",
        "ok": False,
        "vips": [VIP],
        "findings": [f.as_dict() for f in host.check([VIP]).findings if f.severity in ("error", "unknown")],
        "count": 1,
    }
    assert {f["code"] for f in event["data"]["findings"]} == {"vip-answered"}
    assert look() == [] and look() == []
    host.apply([VIP])
    (event,) = look()
    assert event["tag"] == OK[0]
    assert event["data"] == {"id": "rs1", "ok": True, "vips": [VIP], "findings": [], "count": 0}
    assert look() == []


def test_another_reason_is_another_drift_and_another_value_is_none(watching, host):
    look = watching({"vips": [VIP]})
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    host.set("lo", arp_ignore=1)  # still answered, and announced
    assert look() == []
    host.set("all", arp_ignore=1)
    assert told(look()) == [DRIFT]
    host.unbind(VIP)
    assert told(look()) == [DRIFT]
    assert look() == []


def test_another_interface_with_the_same_finding_is_no_news(watching, server, host):
    """A host of containers gets and loses interfaces all the time."""
    look = watching({"vips": [VIP]})
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    before = len(host.check([VIP]).findings)
    server.ip("link add eth1 type bridge")
    server.ip("link set eth1 up")
    server.ip("addr add 203.0.113.1/24 dev eth1")
    assert len(host.check([VIP]).findings) > before
    assert look() == []
    host.bind(OTHER)
    assert look() == []  # not asked for


def test_an_event_has_the_first_20_findings_and_the_number_of_all(watching, host):
    vips = [f"203.0.113.{last}" for last in range(1, 101)]
    host.bind_many(vips)
    (event,) = watching({"vips": vips})()
    bad = [f.as_dict() for f in host.check(vips).findings if f.severity in ("error", "unknown")]
    assert len(bad) > 20
    assert event["data"]["findings"] == bad[:20] and event["data"]["count"] == len(bad)
    assert event["data"]["vips"] == vips


def test_the_first_look_is_told_only_where_it_is_a_drift(watching, host):
    assert told(watching({"vips": [VIP]})()) == [DRIFT]
    host.apply([VIP])
    _seen.LAST.clear()
    assert watching({"vips": [VIP]})() == []


def test_beacons_that_a_state_run_refreshed_still_know_what_was_told(watching, host):
    """Salt's autoload_dynamic_modules makes the beacons anew on every state.apply, so also on the one that heals."""
    assert told(watching({"vips": [VIP]})()) == [DRIFT]
    assert watching({"vips": [VIP]})() == []
    host.apply([VIP])
    assert told(watching({"vips": [VIP]})()) == [OK]
    assert watching({"vips": [VIP]})() == []


def test_without_vips_it_looks_at_those_of_pillar_then_at_what_was_applied(watching, host):
    pillar = {"lvsarp": {"vips": [VIP], "prefixes": ["198.51.100.0/28"]}}
    (event,) = watching(pillar=pillar)()
    assert event["data"]["vips"] == [VIP, "198.51.100.0"]
    assert {f["vip"] for f in event["data"]["findings"]} == {VIP, "198.51.100.0"}
    _seen.LAST.clear()
    look = watching({"interval": 0})
    assert look() == []  # nothing is bound, nothing was applied
    host.apply([OTHER])
    assert look() == []
    host.unbind(OTHER)
    (event,) = look()
    assert event["tag"] == DRIFT[0] and event["data"]["vips"] == [OTHER]
    assert [(f["code"], f["vip"]) for f in event["data"]["findings"]] == [("vip-missing", OTHER)]


def test_two_beacons_of_one_module_remember_for_themselves(loaders, server, host, etc):
    beacons = salt.beacons.Beacon({**loaders.opts, "beacons": {}}, loaders.modules)
    _seen.LAST.clear()
    host.apply([VIP])

    def look():
        config = {name: [{"vips": [vip]}, {"beacon_module": "lvsarp"}] for name, vip in (("web", VIP), ("mail", OTHER))}
        return [event["tag"] for event in beacons.process(config, {})]

    assert look() == ["salt/beacon/rs1/mail/drift"] and look() == []
    host.apply([OTHER])
    assert look() == ["salt/beacon/rs1/mail/ok"] and look() == []


def test_an_error_is_one_event_and_so_is_its_end(watching, host, forked):
    host.apply([VIP])
    look = watching({"vips": [VIP]})

    def ask():
        found = [look()]
        few = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, few[1]))  # no descriptor is left for a socket
        found += [look(), look()]
        resource.setrlimit(resource.RLIMIT_NOFILE, few)
        return [*found, look(), look()]

    quiet, (error,), same, (ok,), again = forked(ask)
    assert (quiet, same, again) == ([], [], [])
    assert (
        error["tag"] == ERROR[0]
        and set(error["data"]) == {"id", "error"}
        and "Too many open files" in error["data"]["error"]
    )
    assert told([ok]) == [OK]


def test_a_wish_in_pillar_that_cannot_be_is_an_error_event(watching):
    look = watching(pillar={"lvsarp": {"vips": 7}})
    (event,) = look()
    assert event["tag"] == ERROR[0]
    assert event["data"] == {"id": "rs1", "error": "pillar lvsarp:vips: 7 is neither a list nor a text with commas"}
    assert look() == []


def test_a_look_needs_no_privilege(watching, host, forked):
    host.apply([VIP])
    look = watching({"vips": [VIP]})

    def without_privilege():
        call("unshare", CLONE_NEWUSER)
        first = look()
        return told(first)

    assert forked(without_privilege) == []


def test_a_look_changes_nothing_keeps_nothing_open_and_starts_no_thread(watching, host, everything):
    host.apply([VIP])
    look = watching({"vips": [VIP]})
    look()
    before, threads, open_files = everything(), threading.active_count(), os.listdir("/proc/self/fd")
    for _ in range(20):
        assert look() == []
    assert (threading.active_count(), os.listdir("/proc/self/fd")) == (threads, open_files)
    assert len(list(Path("/proc/self/task").iterdir())) <= threads + 1
    assert everything() == before


def test_a_child_goes_on_with_what_its_parent_remembers(watching, host, forked):
    """Jobs run in forked children of the minion, and the beacon in the minion itself."""
    look = watching({"vips": [VIP]})
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    assert forked(lambda: look()) == []
    assert look() == []
