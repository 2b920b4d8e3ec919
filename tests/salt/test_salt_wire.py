"""The execution module on the wire: what it returns is the library's, and its return code that of the program."""

import contextlib
import json
import time
from threading import Thread

import lvsarp
import pytest
import salt.payload
from lab.arp import packet_sockets, send_from
from salt.exceptions import CommandExecutionError, SaltInvocationError
from segment import ADDRESSES, MACS, VIP, segment

OTHER = "192.0.2.20"


def plain(value):
    """The value, after it was made sure that it travels: as it is, by JSON and by what masters and minions speak."""
    assert json.loads(json.dumps(value)) == value
    assert salt.payload.loads(salt.payload.dumps(value)) == value
    return value


@pytest.fixture(scope="module")
def wire(in_a_sandbox):
    with segment() as wire:
        yield wire


@pytest.fixture
def at(wire, minion):
    """The functions as a minion on a host has them, and its context; the test's thread is on that host meanwhile."""
    with contextlib.ExitStack() as last:

        def made(name, **options):
            last.enter_context(wire.hosts[name].entered())
            return minion(**options)

        yield made


def test_a_probe_is_good_where_each_vip_has_one_responder_who_is_a_director_if_any_is_named(wire, at):
    lvs, context = at("client")
    director = MACS["director"]
    with wire.bound(("director", VIP, "eth0")):
        found = plain(lvs["lvsarp.probe"]("eth0", VIP, timeout=0.2))
        assert found["ok"] is True and context == {}
        (one,) = found["responders"]
        assert found["lost"] == 0
        assert set(one) == set(lvsarp.Responder._fields) and (one["mac"], one["director"]) == (director, False)
        assert lvs["lvsarp.probe"]("eth0", [VIP], timeout=0.2, directors=director)["ok"] is True and context == {}
        for vips, known in ((VIP, MACS["web1"]), (f"{VIP},{OTHER}", None)):
            assert lvs["lvsarp.probe"]("eth0", vips, timeout=0.2, directors=known)["ok"] is False
            assert context.pop("retcode") == 1
        with wire.bound(("web1", VIP, "lo")):
            found = lvs["lvsarp.probe"]("eth0", VIP, timeout=0.2, directors=[director])
            assert found["ok"] is False and len(found["responders"]) == 2 and context["retcode"] == 1


def test_the_vips_are_those_of_pillar_where_none_is_named(wire, at):
    lvs, _ = at("client", pillar={"lvsarp": {"vips": [VIP, OTHER]}})
    with wire.bound(("director", VIP, "eth0"), ("director", OTHER, "eth0")):
        assert [one["vip"] for one in lvs["lvsarp.probe"]("eth0", timeout=0.2)["responders"]] == [VIP, OTHER]


def test_without_vips_anywhere_it_says_where_they_are_looked_for(wire, at):
    lvs, _ = at("client")
    for name in ("probe", "listen", "announce", "promote", "demote"):
        with pytest.raises(SaltInvocationError, match="no VIP is named: give vips, or set them in pillar lvsarp:vips"):
            lvs[f"lvsarp.{name}"]("eth0")


def hijack(wire):
    """Once somebody listens on the client."""
    deadline = time.monotonic() + 20
    while not packet_sockets(wire.client) and time.monotonic() < deadline:
        time.sleep(0.002)
    send_from(wire.web1, VIP, ADDRESSES["client"])


def test_answers_for_which_there_is_no_room_are_counted_as_lost(wire, at):
    lvs, _ = at("client")
    with wire.crowd(300):
        found = plain(lvs["lvsarp.probe"]("eth0", VIP, timeout=1, requests=1))
    assert found["lost"] >= 44 and len(found["responders"]) + found["lost"] == 300


def test_listen_counts_who_speaks_for_a_vip(wire, at):
    lvs, context = at("client")
    assert plain(lvs["lvsarp.listen"]("eth0", VIP, seconds=0.05)) == {
        "ok": True,
        "count": 0,
        "heard": [],
        "lost": 0,
    }
    with wire.bound(("web1", VIP, "lo")):
        wire.forget()
        thread = Thread(target=hijack, args=(wire,))
        thread.start()
        heard = plain(lvs["lvsarp.listen"]("eth0", VIP, seconds=2, directors=MACS["director"]))
        thread.join()
    assert heard["ok"] is False and heard["count"] >= 1 and context["retcode"] == 1
    assert (heard["heard"][0]["mac"], heard["heard"][0]["kind"]) == (MACS["web1"], "request")


def test_an_audit_is_that_of_the_library_and_its_return_code_says_whether_it_is_healthy(wire, at):
    lvs, context = at("director")
    with wire.silent("web1"), wire.bound(("web1", VIP, "lo")):
        audited = plain(lvs["lvsarp.audit"](VIP, ADDRESSES["web1"], "eth0"))
        assert audited["state"] == "healthy" and set(audited) == set(lvsarp.Audit._fields) and context == {}
    assert lvs["lvsarp.audit"](VIP, ADDRESSES["web1"], "eth0")["state"] == "black-hole" and context["retcode"] == 1


def test_an_announcement_is_sent_by_the_director_and_refused_on_a_real_server(wire, at):
    lvs, _ = at("director")
    with wire.bound(("director", VIP, "eth0"), ("web1", VIP, "lo")):
        wire.client.ip(f"neigh replace {VIP} lladdr {MACS['web1']} dev eth0 nud stale")
        assert plain(lvs["lvsarp.announce"]("eth0", VIP, test=True)) == {"sent": 0}
        assert wire.knows("client", VIP) == MACS["web1"]
        assert plain(lvs["lvsarp.announce"]("eth0", VIP, count=2, interval=0)) == {"sent": 4}
        assert wire.knows("client", VIP) == MACS["director"]
        with wire.web1.entered(), pytest.raises(CommandExecutionError, match="real server"):
            lvs["lvsarp.announce"]("eth0", VIP)


def test_an_announcement_in_test_mode_fails_where_the_run_would_and_sends_nothing(wire, at):
    lvs, _ = at("director")
    wire.director.ip("link add noarp type veth peer name other")
    wire.director.ip("link set noarp arp off up")
    wire.director.ip("link add idle address 02:00:00:00:00:99 type veth peer name idle2")
    places = ("director", VIP, "noarp"), ("director", OTHER, "eth0"), ("director", "192.0.2.30", "lo")
    try:
        with wire.bound(*places), lvsarp.listen([VIP, OTHER], "eth0", netns="client") as heard:
            for arguments in (
                {"vips": VIP},
                {"vips": [OTHER, VIP]},
                {"vips": "192.0.2.30"},
                {"vips": "192.0.2.40"},
                {"vips": OTHER, "interface": "noarp", "force": True},
                {"vips": OTHER, "interface": "lo"},
                {"vips": OTHER, "interface": "idle"},
                {"vips": OTHER, "interface": "nope"},
                {"vips": "2001:db8::10"},
                {"vips": [OTHER, OTHER]},
                {"vips": "www"},
                {"vips": OTHER, "count": 0},
                {"vips": OTHER, "interval": -1},
                {"vips": OTHER, "request": False, "reply": False},
            ):
                said = []
                for test in (True, False):
                    with pytest.raises((CommandExecutionError, SaltInvocationError)) as caught:
                        lvs["lvsarp.announce"](**{"interface": "eth0", "test": test, **arguments})
                    said.append((caught.type, str(caught.value)))
                assert said[0] == said[1], arguments
            for arguments in ({"vips": OTHER, "reply": False}, {"vips": VIP, "force": True}):
                assert lvs["lvsarp.announce"]("eth0", test=True, **arguments) == {"sent": 0}
            assert heard.wait(0.1) is False
    finally:
        wire.director.ip("link del noarp")
        wire.director.ip("link del idle")


def test_promote_and_demote_are_those_of_the_library_and_test_changes_nothing(wire, at):
    lvs, _ = at("web2", pillar={"lvsarp": {"vips": [VIP], "scope": "interface"}}, test=True)
    with lvsarp.Host() as host:

        def devices():
            return [address.dev for address in host.addresses() if address.local == VIP]

        host.apply([VIP])
        foretold = plain(lvs["lvsarp.promote"]("eth0"))
        assert foretold["changed"] is False and foretold["steps"] and devices() == ["lo"]
        done = plain(lvs["lvsarp.promote"]("eth0", announce=False, test=False))
        assert done["changed"] is True and done["steps"] == foretold["steps"] and devices() == ["eth0"]
        assert lvs["lvsarp.demote"]("eth0")["changed"] is False and devices() == ["eth0"]
        assert plain(lvs["lvsarp.demote"]("eth0", test=False))["changed"] is True and devices() == ["lo"]
        assert host.check([VIP]).ok
        lvs["lvsarp.undo"](test=False)
        assert devices() == []


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("probe", {"vips": VIP, "timeout": "long"}, "a time is a number of seconds, not str"),
        ("probe", {"vips": VIP, "timeout": -1}, "cannot use timeout -1"),
        ("probe", {"vips": VIP, "sender": "me"}, 'sender "me"'),
        ("probe", {"vips": VIP, "directors": 7}, "argument directors: 7 is neither"),
        ("probe", {"vips": VIP, "directors": "02:00"}, "MAC address"),
        ("listen", {"vips": VIP, "seconds": "long"}, "argument seconds: 'long' is not a number of seconds"),
        ("announce", {"vips": VIP, "force": "yes"}, "argument force: 'yes' is neither true nor false"),
        ("announce", {"vips": VIP, "reply": 1}, "argument reply: 1 is neither true nor false"),
        ("announce", {"vips": VIP, "test": "yes"}, "argument test: 'yes' is neither true nor false"),
        ("promote", {"vips": VIP, "announce": "yes"}, "argument announce: 'yes' is neither true nor false"),
        ("promote", {"vips": VIP, "dev": 7}, "argument dev: 7 is no text; write it in quotes"),
        ("demote", {"vips": VIP, "scope": "world"}, "world"),
    ],
)
def test_wrong_arguments_are_said(wire, at, function, arguments, message):
    lvs, _ = at("client")
    with pytest.raises(SaltInvocationError, match=message):
        lvs[f"lvsarp.{function}"]("eth0", **arguments)


def test_failures_have_the_librarys_words(wire, at):
    lvs, _ = at("client")
    for name in ("probe", "listen", "announce", "promote", "demote"):
        with pytest.raises(CommandExecutionError, match="eth7"):
            lvs[f"lvsarp.{name}"]("eth7", VIP)
    with pytest.raises(CommandExecutionError, match="eth7"):
        lvs["lvsarp.audit"](VIP, ADDRESSES["web1"], "eth7")
