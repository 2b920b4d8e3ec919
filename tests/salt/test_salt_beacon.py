"""The beacon: what configuration it takes, when it speaks, and what a look costs."""

import os
import resource
import threading
import time
from pathlib import Path

import lvsarp
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

    started()
    yield made
    started()


def started():
    """The minion has just started, and remembers nothing."""
    _seen.LAST.clear()
    _seen.LOOKED.clear()
    while _seen.WATCHES:
        _seen.WATCHES.popitem()[1][2].close()


def later():
    """Time goes on, so that the watch reads the levels again."""
    time.sleep(0.02)


@pytest.fixture
def validate(loaders):
    beacons = salt.loader.beacons(loaders.opts, loaders.modules)
    return lambda config: beacons["lvsarp.validate"](config)


def told(events):
    return [(event["tag"], event["data"].get("ok")) for event in events]


DRIFT, OK, CHANGE, ERROR = (
    ("salt/beacon/rs1/lvsarp/drift", False),
    ("salt/beacon/rs1/lvsarp/ok", True),
    ("salt/beacon/rs1/lvsarp/change", False),
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
    later()
    (event,) = look()
    assert event["tag"] == DRIFT[0] and event["beacon_name"] == "lvsarp"
    (change,) = event["data"].pop("changes")
    assert (change["kind"], change["scope"], change["old"], change["new"]) == ("level-changed", "all", "1", "0")
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
    later()
    (event,) = look()
    assert event["tag"] == OK[0] and [change["new"] for change in event["data"].pop("changes")] == ["1"]
    assert event["data"] == {"id": "rs1", "ok": True, "vips": [VIP], "findings": [], "count": 0}
    assert look() == []


def test_another_reason_is_another_drift_and_another_value_is_none(watching, host):
    look = watching({"vips": [VIP]})
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    host.set("lo", arp_ignore=1)  # still answered, and announced
    later()
    assert told(look()) == [CHANGE]
    host.set("all", arp_ignore=1)
    assert told(look()) == [DRIFT]
    host.unbind(VIP)
    assert told(look()) == [DRIFT]
    assert look() == []


def test_another_interface_with_the_same_finding_is_a_change_and_no_other_drift(watching, server, host):
    """A host of containers gets and loses interfaces all the time."""
    look = watching({"vips": [VIP]})
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    before = len(host.check([VIP]).findings)
    server.ip("link add eth1 type bridge")
    server.ip("link set eth1 up")
    server.ip("addr add 203.0.113.1/24 dev eth1")
    assert len(host.check([VIP]).findings) > before
    (event,) = look()
    assert told([event]) == [CHANGE]
    seen = {(change["kind"], change["scope"]) for change in event["data"]["changes"]}
    assert seen == {("interface-unprotected", "eth1")}
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
    started()
    assert watching({"vips": [VIP]})() == []


def test_beacons_that_a_state_run_refreshed_still_know_what_was_told(watching, host):
    """Salt's autoload_dynamic_modules makes the beacons anew on every state.apply, so also on the one that heals."""
    assert told(watching({"vips": [VIP]})()) == [DRIFT]
    assert watching({"vips": [VIP]})() == []
    host.apply([VIP])
    later()
    assert told(watching({"vips": [VIP]})()) == [OK]
    assert watching({"vips": [VIP]})() == []


def test_without_vips_it_looks_at_those_of_pillar_then_at_what_was_applied(watching, host):
    pillar = {"lvsarp": {"vips": [VIP], "prefixes": ["198.51.100.0/28"]}}
    (event,) = watching(pillar=pillar)()
    assert event["data"]["vips"] == [VIP, "198.51.100.0"]
    assert {f["vip"] for f in event["data"]["findings"]} == {VIP, "198.51.100.0"}
    started()
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
    started()
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
        and set(error["data"]) == {"id", "error", "changes"}
        and "Too many open files" in error["data"]["error"]
    )
    assert told([ok]) == [OK]


def test_a_wish_in_pillar_that_cannot_be_is_an_error_event(watching):
    look = watching(pillar={"lvsarp": {"vips": 7}})
    (event,) = look()
    assert event["tag"] == ERROR[0]
    message = "pillar lvsarp:vips: 7 is neither a list nor a text with commas"
    assert event["data"] == {"id": "rs1", "error": message, "changes": []}
    assert look() == []


def test_a_look_needs_no_privilege(watching, host, forked):
    host.apply([VIP])
    look = watching({"vips": [VIP]})

    def without_privilege():
        call("unshare", CLONE_NEWUSER)
        first = look()
        return told(first)

    assert forked(without_privilege) == []


def test_a_look_changes_nothing_opens_nothing_more_and_starts_no_thread(watching, host, everything):
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


def test_what_happened_between_two_looks_is_told_once_with_old_and_new_value_and_the_time_of_the_look(watching, host):
    look = watching({"vips": [VIP]})
    host.apply([VIP])
    assert look() == []
    host.unbind(VIP)
    host.bind(VIP, label="lo:1")
    begin = time.time()  # a time is that of the look
    (event,) = look()
    assert event["tag"] == CHANGE[0] and event["data"]["ok"] is True and event["data"]["findings"] == []
    gone, back = event["data"]["changes"]
    assert set(gone) == set(lvsarp.Event._fields)
    assert (gone["kind"], gone["vip"], gone["scope"], gone["new"]) == ("vip-removed", VIP, "lo", None)
    assert (back["kind"], back["vip"], back["scope"], back["old"]) == ("vip-added", VIP, "lo", None)
    assert "lo:1" in back["new"] and begin <= gone["time"] <= back["time"] <= time.time()
    assert look() == []


def test_what_happens_while_salt_refreshes_its_beacons_is_told(loaders, watching, host):
    host.apply([VIP])
    assert watching({"vips": [VIP]})() == []
    salt.beacons.Beacon({**loaders.opts, "beacons": {"lvsarp": [{"vips": [VIP]}]}}, loaders.modules).close_beacons()
    host.unbind(VIP)
    host.bind(VIP)
    (event,) = watching({"vips": [VIP]})()
    assert [change["kind"] for change in event["data"]["changes"]] == ["vip-removed", "vip-added"]


def test_a_beacon_that_has_not_looked_for_a_day_is_watched_no_more(watching, host, loaders):
    names = ("lvsarp", "second", "third")
    looks = {name: watching({"vips": [VIP]}, {"beacon_module": "lvsarp"}, name=name) for name in names}
    host.apply([VIP])
    before = len(os.listdir("/proc/self/fd"))
    for look in looks.values():
        assert look() == []
    assert set(_seen.WATCHES) == set(names) == set(_seen.LOOKED)
    for name in names:
        _seen.LOOKED[name] -= 86401
    host.unbind(VIP)
    host.bind(VIP)
    (event,) = looks["second"]()
    assert [change["kind"] for change in event["data"]["changes"]] == ["vip-removed", "vip-added"]
    assert set(_seen.WATCHES) == {"second"} == set(_seen.LOOKED)
    _seen.LOOKED["second"] -= 86401
    assert salt.loader.grains({**loaders.opts, "grains": {}}, force_refresh=True)["lvsarp"]["ready"] is True
    assert _seen.WATCHES == {} and len(os.listdir("/proc/self/fd")) == before


def test_of_many_changes_the_first_200_are_told_and_how_many_more_there_were(watching, host):
    look = watching({"vips": [VIP]})
    host.apply([VIP])
    assert look() == []
    for _ in range(103):
        host.unbind(VIP)
        host.bind(VIP)
    told_of = 0
    for event in [event for _ in range(20) for event in look()]:  # the watch hands on so many at once, and goes on
        told_of += len(event["data"]["changes"]) + event["data"].get("more_changes", 0)
        assert len(event["data"]["changes"]) == 200 or "more_changes" not in event["data"]
    assert told_of == 206


def test_without_vips_what_was_seen_last_is_watched(watching, host):
    look = watching()
    host.bind(VIP)
    assert told(look()) == [DRIFT]
    host.unbind(VIP)
    (event,) = look()
    assert event["tag"] == OK[0] and [change["kind"] for change in event["data"]["changes"]] == ["vip-removed"]
    host.bind(OTHER)
    assert told(look()) == [DRIFT]
    host.unbind(OTHER)
    (event,) = look()
    assert [(change["kind"], change["vip"]) for change in event["data"]["changes"]] == [("vip-removed", OTHER)]


def test_a_host_that_cannot_be_watched_is_looked_at_all_the_same(watching, host, monkeypatch):
    def cannot(*_, **__):
        raise lvsarp.LvsarpError(24, "cannot open a netlink socket: Too many open files")

    monkeypatch.setattr(lvsarp.Host, "watch", cannot)
    look = watching({"vips": [VIP]})
    host.apply([VIP])
    assert look() == []
    host.unbind(VIP)
    (event,) = look()
    assert event["tag"] == DRIFT[0] and event["data"]["changes"] == []


def test_a_child_watches_for_itself_and_takes_nothing_from_its_parent(watching, host, forked):
    look = watching({"vips": [VIP]})
    host.apply([VIP])
    assert look() == []

    def in_the_child():
        first = look()
        host.unbind(VIP)
        host.bind(VIP)
        return first, [change["kind"] for event in look() for change in event["data"]["changes"]]

    assert forked(in_the_child) == ([], ["vip-removed", "vip-added"])
    assert [change["kind"] for event in look() for change in event["data"]["changes"]] == ["vip-removed", "vip-added"]
