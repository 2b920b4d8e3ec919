"""Decisions: what the kernel does and why, of a host, of a snapshot, and of the same host with other values."""

import copy
import ipaddress
import json
import pickle
import subprocess
import sys
from pathlib import Path

import lvsarp
import pytest
from lvsarp import Check, Decision, NoInterfaceError, Snapshot, Witness
from test_python_values import is_plain, text_of

OLD = Path(__file__).resolve().parents[1] / "conformance" / "snapshots" / "format-1.json"
VIP, ASKER = "192.0.2.10", "192.0.2.1"
HIDDEN = "no reply: arp_ignore is 1 (all=1, eth0=0) and 192.0.2.10 is on lo (scope global), not on eth0"

ARRIVES = Check("net/ipv4/arp.c: arp_rcv()", True, "eth0 is up and speaks ARP")
IGNORED = Check("net/ipv4/arp.c: arp_ignore()", False, "arp_ignore is 1")
REPLY = Decision(
    question="who-has 192.0.2.10 tell 192.0.2.1 on eth0",
    replies=False,
    learns="nothing",
    source=None,
    rule="no reply: arp_ignore is 1",
    trace=(ARRIVES, IGNORED),
    caveats=("a filter may drop it",),
    witness=Witness(True, "the kernel routes it to lo"),
)
ANNOUNCED = Decision("announce 192.0.2.1 on eth0", None, None, "192.0.2.11", "sender 192.0.2.11: best", (ARRIVES,), (), None)


@pytest.fixture
def vip_host(server, host):
    """A real server at arp_ignore 1 with the VIP on lo."""
    for where in "all", "eth0":
        server.set_conf(where, "rp_filter", 0)
    server.set_conf("all", "arp_ignore", 1)
    host.bind(VIP)
    return host


def explained(*words, text=None):
    """What `lvsarp explain --json` prints."""
    line = [sys.executable, "-m", "lvsarp", "explain", *words, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, input=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


# A decision as a value


@pytest.mark.parametrize("value", [REPLY, ANNOUNCED, IGNORED, REPLY.witness])
def test_a_decision_is_a_value(value):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value and hash(again) == hash(value) and type(again) is type(value)
    assert copy.copy(value) == copy.deepcopy(value) == value
    with pytest.raises(AttributeError, match="does not change"):
        value.text = value.rule = ""
    with pytest.raises(AttributeError, match="does not change"):
        del value.text
    assert is_plain(value.as_dict()) and value != value.as_dict()


def test_decisions_are_equal_where_every_field_is():
    again = REPLY.__replace__()
    assert again == REPLY and hash(again) == hash(REPLY) and len({again, REPLY, ANNOUNCED}) == 2
    for other in (
        {"question": "who-has 192.0.2.10 tell 192.0.2.2 on eth0"},
        {"replies": None},
        {"learns": None},
        {"source": "192.0.2.10"},
        {"rule": "no reply"},
        {"trace": (IGNORED, ARRIVES)},
        {"trace": (ARRIVES, IGNORED.__replace__(passes=True))},
        {"caveats": ()},
        {"witness": None},
        {"witness": Witness(False, "the kernel routes it to lo")},
    ):
        assert REPLY.__replace__(**other) != REPLY, other
    assert Check("f", True, "t") != Witness(True, "t")


def test_the_repr_is_the_answer_and_the_text_has_the_checks_below_it():
    assert repr(REPLY) == "<Decision no reply: arp_ignore is 1>"
    assert str(REPLY).splitlines() == [
        "no reply: arp_ignore is 1",
        "  pass eth0 is up and speaks ARP [net/ipv4/arp.c: arp_rcv()]",
        "  stop arp_ignore is 1 [net/ipv4/arp.c: arp_ignore()]",
        "  but a filter may drop it",
        "  the kernel routes it to lo",
    ]
    assert str(ANNOUNCED).splitlines()[1:] == ["  pass eth0 is up and speaks ARP [net/ipv4/arp.c: arp_rcv()]"]
    assert repr(IGNORED) == "Check(function='net/ipv4/arp.c: arp_ignore()', passes=False, text='arp_ignore is 1')"
    assert eval(repr(IGNORED), {"Check": Check}) == IGNORED
    assert eval(repr(REPLY.witness), {"Witness": Witness}) == REPLY.witness


def test_as_plain_data_it_has_the_names_of_the_command_line():
    assert REPLY.as_dict() == {
        "question": "who-has 192.0.2.10 tell 192.0.2.1 on eth0",
        "replies": False,
        "learns": "nothing",
        "rule": "no reply: arp_ignore is 1",
        "trace": [
            {"function": "net/ipv4/arp.c: arp_rcv()", "pass": True, "text": "eth0 is up and speaks ARP"},
            {"function": "net/ipv4/arp.c: arp_ignore()", "pass": False, "text": "arp_ignore is 1"},
        ],
        "caveats": ["a filter may drop it"],
        "witness": {"agrees": True, "text": "the kernel routes it to lo"},
    }
    assert list(ANNOUNCED.as_dict()) == ["question", "source", "rule", "trace", "caveats", "witness"]
    assert (ANNOUNCED.as_dict()["source"], ANNOUNCED.as_dict()["witness"]) == ("192.0.2.11", None)
    assert IGNORED.passes is False and REPLY.trace[1] is IGNORED, "a check keeps its fields"


def test_html_shows_the_answer_the_checks_and_the_doubts():
    for decision, mark in (
        (REPLY, "lvsarp-good"),
        (REPLY.__replace__(replies=True), "lvsarp-bad"),
        (REPLY.__replace__(replies=None), "lvsarp-doubt"),
        (ANNOUNCED, "lvsarp-good"),
        (ANNOUNCED.__replace__(source=None), "lvsarp-doubt"),
    ):
        html = decision._repr_html_()
        assert f'<div class="{mark}"><strong>{decision.rule}</strong></div>' in html
        for text in [*decision.caveats, *[t for c in decision.trace for t in (c.text, c.function)]]:
            assert text in text_of(html), text
        assert "currentColor" in html and "prefers-color-scheme: dark" in html and "<script" not in html
    for agrees, mark in ((True, "lvsarp-good"), (False, "lvsarp-bad"), (None, "lvsarp-doubt")):
        html = REPLY.__replace__(witness=Witness(agrees, "its word"))._repr_html_()
        assert f'<div class="{mark}"><strong>its word</strong></div>' in html


def test_html_escapes_every_text():
    wild = Decision(
        "who-has <i>", True, "<i>", None, "<i>&", (Check("<i>", True, '<i>"'),), ("<i>",), Witness(False, "<i>'")
    )
    for decision in (wild, wild.__replace__(question="announce <i>", source="<i>")):
        html = decision._repr_html_()
        assert "<i>" not in html and text_of(html).count("<i>") == 7


# What a host and a snapshot decide


def test_a_host_and_its_snapshot_say_whether_a_who_has_is_answered(vip_host):
    decision = vip_host.would_reply(VIP, ASKER, "eth0")
    assert type(decision) is Decision and all(type(check) is Check for check in decision.trace)
    assert (decision.replies, decision.learns, decision.source) == (False, "nothing", None)
    assert decision.question == f"who-has {VIP} tell {ASKER} on eth0"
    assert decision.rule == HIDDEN and str(decision).startswith(HIDDEN + "\n  pass eth0 is up and speaks ARP [")
    assert repr(decision) == f"<Decision {HIDDEN}>"
    assert [check.passes for check in decision.trace][-1] is False and decision.trace[-1].text in HIDDEN
    assert decision.witness is None
    assert vip_host.snapshot().would_reply(VIP, ASKER, "eth0") == decision
    assert HIDDEN in text_of(decision._repr_html_())
    assert vip_host.would_reply("192.0.2.11", ASKER, "eth0").replies is True


def test_a_host_and_its_snapshot_say_which_sender_a_request_carries(vip_host):
    decision = vip_host.would_announce(ASKER, "eth0", VIP)
    assert (decision.source, decision.replies, decision.learns) == (VIP, None, None)
    assert decision.question == f"announce {ASKER} on eth0 from {VIP}"
    assert decision == vip_host.snapshot().would_announce(ASKER, on="eth0", source=VIP)
    assert vip_host.would_announce(ASKER, "eth0").source == "192.0.2.11"
    assert vip_host.would_announce("224.0.0.5", "eth0", VIP).source is None
    vip_host.set("eth0", arp_announce=2)
    assert vip_host.would_announce(ASKER, "eth0", VIP).source == "192.0.2.11"


def test_what_is_asked_may_be_objects_of_ipaddress(vip_host):
    vip, asker = ipaddress.ip_address(VIP), ipaddress.IPv4Address(ASKER)
    for place in vip_host, vip_host.snapshot():
        assert place.would_reply(vip, asker, "eth0") == place.would_reply(VIP, ASKER, "eth0")
        assert place.would_reply(sender=asker, on="eth0", target=VIP) == place.would_reply(VIP, ASKER, "eth0")
        assert place.would_announce(asker, "eth0", vip) == place.would_announce(ASKER, "eth0", VIP)
        for ipv6 in ("2001:db8::10", ipaddress.ip_address("2001:db8::10")):
            for ask in (
                lambda: place.would_reply(ipv6, ASKER, "eth0"),
                lambda: place.would_reply(VIP, ipv6, "eth0"),
                lambda: place.would_announce(ipv6, "eth0"),
                lambda: place.would_announce(ASKER, "eth0", ipv6),
            ):
                with pytest.raises(ValueError, match="ARP is IPv4 only") as caught:
                    ask()
                assert type(caught.value) is ValueError


def test_wrong_types_are_type_errors_and_wrong_words_value_errors(vip_host):
    for place in vip_host, vip_host.snapshot():
        for wrong in (None, 1, b"192.0.2.10", [VIP], ipaddress.ip_network("192.0.2.0/24"), 3232235777):
            for ask in (
                lambda: place.would_reply(wrong, ASKER, "eth0"),
                lambda: place.would_reply(VIP, wrong, "eth0"),
                lambda: place.would_announce(wrong, "eth0"),
            ):
                with pytest.raises(TypeError, match="an address is a str or an ipaddress"):
                    ask()
            if wrong is not None:
                with pytest.raises(TypeError, match="an address is a str or an ipaddress"):
                    place.would_announce(ASKER, "eth0", wrong)
        for wrong in (None, 2, b"eth0"):
            with pytest.raises(TypeError, match="an interface is named by a str"):
                place.would_reply(VIP, ASKER, wrong)
            with pytest.raises(TypeError, match="an interface is named by a str"):
                place.would_announce(ASKER, wrong)
        for wrong in ("", "192.0.2", "192.0.2.010", "192.0.2.10/32", "vip", " 192.0.2.10", "192.0.2.10\0", "\udc80"):
            with pytest.raises(ValueError):
                place.would_reply(wrong, ASKER, "eth0")
            with pytest.raises(ValueError):
                place.would_announce(ASKER, "eth0", wrong)
        for wrong in ("", "all", "default", "lo:0", "../eth0", "abcdefghijklmnop", "eth0\0"):
            with pytest.raises(ValueError, match="interface name"):
                place.would_reply(VIP, ASKER, wrong)
        for ask in (lambda: place.would_reply(VIP, ASKER, "eth7"), lambda: place.would_announce(ASKER, "eth7")):
            with pytest.raises(NoInterfaceError) as caught:
                ask()
            assert isinstance(caught.value, LookupError) and str(caught.value) == "cannot find interface eth7: No such device"
        for missing in ((VIP,), (VIP, ASKER), (VIP, ASKER, "eth0", True)):
            with pytest.raises(TypeError):
                place.would_reply(*missing)
        with pytest.raises(TypeError):
            place.would_announce(ASKER)


def test_only_a_host_can_verify(vip_host):
    asked = vip_host.would_reply(VIP, ASKER, "eth0", verify=True)
    assert asked.__replace__(witness=None) == vip_host.would_reply(VIP, ASKER, "eth0", verify=False)
    announced = vip_host.would_announce(ASKER, "eth0", VIP, verify=True)
    assert announced.__replace__(witness=None) == vip_host.would_announce(ASKER, "eth0", VIP)
    with pytest.raises(TypeError, match="verify"):
        vip_host.snapshot().would_reply(VIP, ASKER, "eth0", verify=True)
    with pytest.raises(TypeError, match="verify"):
        vip_host.snapshot().would_announce(ASKER, "eth0", verify=True)
    vip_host.close()
    with pytest.raises(ValueError, match="closed"):
        vip_host.would_reply(VIP, ASKER, "eth0")


def test_what_a_host_decides_pickles_and_is_hashable(vip_host):
    for decision in (vip_host.would_reply(VIP, ASKER, "eth0"), vip_host.would_announce(ASKER, "eth0", VIP)):
        again = pickle.loads(pickle.dumps(decision))
        assert again == decision and hash(again) == hash(decision) and again.as_dict() == decision.as_dict()
        assert is_plain(decision.as_dict()) and len({decision, again}) == 1


def test_as_plain_data_it_is_what_the_command_line_prints(vip_host):
    text = vip_host.snapshot().to_json()
    elsewhere = Snapshot.from_json(text)
    for words, here, there in (
        (
            ["who-has", VIP, "--tell", ASKER, "--on", "eth0"],
            vip_host.would_reply(VIP, ASKER, "eth0"),
            elsewhere.would_reply(VIP, ASKER, "eth0"),
        ),
        (
            ["announce", ASKER, "--on", "eth0", "--from", VIP],
            vip_host.would_announce(ASKER, "eth0", VIP),
            elsewhere.would_announce(ASKER, "eth0", VIP),
        ),
        (
            ["who-has", VIP, "--tell", ASKER, "--on", "eth0", "--set", "all.arp_ignore=3"],
            vip_host.snapshot().with_("all.arp_ignore=3").would_reply(VIP, ASKER, "eth0"),
            elsewhere.with_(all={"arp_ignore": 3}).would_reply(VIP, ASKER, "eth0"),
        ),
    ):
        printed = explained(*words)
        assert here == there and json.loads(printed) == here.as_dict()
        assert explained(*words, "--snapshot", "-", text=text) == printed
    verified = json.loads(explained("who-has", VIP, "--tell", ASKER, "--on", "eth0", "--verify"))
    assert verified == vip_host.would_reply(VIP, ASKER, "eth0", verify=True).as_dict()


def test_a_level_that_is_not_known_gives_no_answer(vip_host):
    data = vip_host.snapshot().as_dict()
    data["all"] = {}
    unknown = Snapshot.from_dict(data)
    decision = unknown.would_reply(VIP, ASKER, "eth0")
    assert (decision.replies, decision.learns) == (None, None) and decision.rule.startswith("unknown: ")
    assert unknown.would_announce(ASKER, "eth0", VIP).source is None
    assert unknown.with_("all.arp_ignore=1").would_reply(VIP, ASKER, "eth0").rule == HIDDEN


def test_an_old_snapshot_decides_too():
    snapshot = Snapshot.from_json(OLD.read_text())
    assert snapshot.as_dict()["format"] == 1 and snapshot.as_dict()["routing"] is None
    assert snapshot.would_reply("10.0.0.100", "10.0.0.2", "eth0").replies is False
    assert snapshot.with_("all", arp_ignore=3).would_reply("10.0.0.100", "10.0.0.2", "eth0").replies is True
    assert snapshot.would_announce("10.0.0.2", "eth0", "10.0.0.100").source == "10.0.0.100"
    assert Snapshot.from_json(snapshot.to_json()) == snapshot == pickle.loads(pickle.dumps(snapshot))


# The same host with other values


@pytest.fixture
def snapshot():
    return Snapshot.from_json(OLD.read_text())


def values(snapshot, scope, *keys):
    if scope in ("all", "default"):
        conf = getattr(snapshot, scope)
    else:
        conf = next(i.conf for i in snapshot.interfaces if i.name == scope)
    return tuple([conf[key] for key in keys])


def test_every_way_to_name_other_values_means_the_same(snapshot):
    want = snapshot.with_("all.arp_ignore=3", "eth0.100.arp_announce=1")
    assert values(want, "all", "arp_ignore") == (3,) and values(want, "eth0.100", "arp_announce") == (1,)
    for same in (
        snapshot.with_({"all.arp_ignore": 3, "eth0.100.arp_announce": 1}),
        snapshot.with_({"all.arp_ignore": 3}, "eth0.100.arp_announce=1"),
        snapshot.with_(all={"arp_ignore": 3}, **{"eth0.100": {"arp_announce": 1}}),
        snapshot.with_("all", arp_ignore=3).with_("eth0.100", arp_announce=1),
        snapshot.with_("eth0.100.arp_announce=1", "all", arp_ignore=3),
        snapshot.with_("all.arp_ignore=1").with_("all.arp_ignore=3", {"eth0.100.arp_announce": 1}),
    ):
        assert same == want and hash(same) == hash(want)
    both = snapshot.with_("eth0", arp_ignore=3, arp_announce=1)
    assert values(both, "eth0", "arp_ignore", "arp_announce") == (3, 1)
    assert snapshot.with_("eth0", "lo", arp_ignore=3) == snapshot.with_("eth0.arp_ignore=3", "lo.arp_ignore=3")
    assert snapshot.with_("all.arp_ignore=1", "all.arp_ignore=3") == snapshot.with_("all.arp_ignore=3")


def test_the_snapshot_itself_never_changes(snapshot):
    before = snapshot.to_json()
    changed = snapshot.with_("all.arp_ignore=3")
    assert type(changed) is Snapshot and changed != snapshot and snapshot.to_json() == before
    assert snapshot.with_("all.arp_ignore=1") == snapshot, "the value that it has"
    ours, theirs = snapshot.as_dict(), changed.as_dict()
    assert theirs.pop("all") == {**ours.pop("all"), "arp_ignore": 3} and theirs == ours
    assert changed.levels("eth0").arp_ignore == lvsarp.Level(0, 3, 3)
    assert pickle.loads(pickle.dumps(changed)) == changed == copy.deepcopy(changed)


def test_other_values_reach_check_and_plan(snapshot):
    assert snapshot.check(["10.0.0.100"]).ok is False
    silent = snapshot.with_("all.arp_announce=2")
    assert silent.check(["10.0.0.100"]).ok is True
    assert [step.thing for step in silent.plan(["10.0.0.100"]).steps if step.thing.startswith("all/")] == []


def test_any_value_of_32_bits_and_every_key_is_taken(snapshot):
    for number in (-(2**31), -1, 0, 9, 2**31 - 1):
        assert values(snapshot.with_("all", arp_ignore=number), "all", "arp_ignore") == (number,)
        assert values(snapshot.with_(f"eth0.arp_ignore={number}"), "eth0", "arp_ignore") == (number,)
    for key in lvsarp.keys():
        assert values(snapshot.with_({f"eth0.{key.name}": 7, f"default.{key.name}": 6}), "eth0", key.name) == (7,)
    for number in (2**31, -(2**31) - 1, 2**64, -(2**100)):
        with pytest.raises(ValueError, match="32 bits"):
            snapshot.with_("all", arp_ignore=number)
        with pytest.raises(ValueError):
            snapshot.with_(f"all.arp_ignore={number}")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((), {}),
        (("all",), {}),
        (({},), {}),
        ((), {"all": {}}),
        ((), {"arp_ignore": 3}),
        (("",), {}),
        (("=",), {}),
        (("all.arp_ignore",), {}),
        (("all.arp_ignore=",), {}),
        (("all.arp_ignore=three",), {}),
        (("all.arp_ignore=1.0",), {}),
        (("all.arp_ignore=0x1",), {}),
        (("arp_ignore=3",), {}),
        ((".arp_ignore=3",), {}),
        (("all.arp_ignor=3",), {}),
        (("all.=3",), {}),
        (("all/arp_ignore=3",), {}),
        (("lo:0.arp_ignore=3",), {}),
        (("net.ipv4.conf.all.arp_ignore=3",), {}),
        (({"arp_ignore": 3},), {}),
        (({"all.arp_ignor": 3},), {}),
        (("all",), {"arp_ignor": 3}),
        (("eth 0",), {"arp_ignore": 3}),
        ((), {"all": {"arp_ignor": 3}}),
        ((), {"a/b": {"arp_ignore": 3}}),
    ],
)
def test_what_names_no_value_is_a_value_error(snapshot, changes, named):
    with pytest.raises(ValueError) as caught:
        snapshot.with_(*changes, **named)
    assert type(caught.value) is ValueError and str(caught.value)


@pytest.mark.parametrize("wrong", ["3", 3.0, None, True, b"3", [3]])
def test_a_value_that_is_no_int_is_a_type_error(snapshot, wrong):
    with pytest.raises(TypeError):
        snapshot.with_({"all.arp_ignore": wrong})
    with pytest.raises(TypeError):
        snapshot.with_(all={"arp_ignore": wrong})
    with pytest.raises(TypeError):
        snapshot.with_("all", arp_ignore=wrong)


@pytest.mark.parametrize("wrong", [3, None, b"all.arp_ignore=3", [("all.arp_ignore", 3)], {3: 3}, {("all", "arp_ignore"): 3}])
def test_a_change_that_is_neither_text_nor_a_mapping_is_a_type_error(snapshot, wrong):
    with pytest.raises(TypeError):
        snapshot.with_(wrong)


def test_an_interface_that_is_not_there_is_named(snapshot):
    for ask in (
        lambda: snapshot.with_("eth7.arp_ignore=3"),
        lambda: snapshot.with_("eth7", arp_ignore=3),
        lambda: snapshot.with_(eth7={"arp_ignore": 3}),
        lambda: snapshot.with_({"eth0.101.arp_ignore": 3}),
    ):
        with pytest.raises(NoInterfaceError, match="No such device"):
            ask()
