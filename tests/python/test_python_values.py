"""Values: frozen, comparable, printable, plain data, HTML, pickle."""

import copy
import inspect
import json
import pickle
from html.parser import HTMLParser

import lvsarp
import pytest
from lvsarp import Address, Changes, Conf, Finding, Interface, Level, Levels, LocalRoute, Plan, Report, Step, Verdict

LEVELS = Levels(Level(own=0, all=1, effective=1), Level(own=2, all=None, effective=None))
FINDING = Finding("vip-answered", "error", "eth0", "192.0.2.10", "it is answered", "set the level")
STEP = Step("set", "all/arp_ignore", 0, 1, "it is needed")
DIRECTOR, LEAK = "02:00:00:00:00:02", "02:00:00:00:00:11"
AUDIT = lvsarp.Audit(
    *("leaks", "192.0.2.10", "192.0.2.11", LEAK, 8, 0, "accepted", "accepted", 0.002, 1),
    ("it answers <itself>", "another one does, too"),
)
VALUES = [
    Level(0, 1, 1),
    LEVELS,
    FINDING,
    STEP,
    Verdict("192.0.2.10", "eth0", True, None),
    Report(False, (FINDING,), (Verdict("192.0.2.10", "eth0", True, False),)),
    Changes(True, (STEP,), (FINDING,)),
    Plan((STEP,), (), True),
    Conf({"arp_ignore": 1}),
    Interface(**{**dict.fromkeys(Interface._fields), "index": 2, "name": "eth0", "flags": ("UP",), "conf": Conf({})}),
    Address(1, "lo", "192.0.2.10", None, 32, None, "host", "lo:0", ("permanent",), None, 204, None, None),
    LocalRoute("198.51.100.0/24", 1, "lo", 255, 204),
    lvsarp.keys()[3],
    lvsarp.levels("arp_ignore")[0],
    lvsarp.BootLevel("eth0", "arp_ignore", 1, None, "/etc/sysctl.d/50-a.conf", 3, False),
    lvsarp.Responder("192.0.2.10", DIRECTOR, DIRECTOR, "192.0.2.2", 3, 0.0001, False, True, False),
    lvsarp.Heard(1.5, "eth0", "192.0.2.10", "request", LEAK, LEAK, "192.0.2.1", False, False),
    AUDIT,
    lvsarp.Event(1.5, "vip-removed", "192.0.2.10", "lo", None, "scope global", None, False, FINDING, None, "it is gone"),
]


@pytest.fixture
def seen(server, host):
    """One of everything that a host gives."""
    host.bind("192.0.2.10")
    host.bind_prefix("198.51.100.0/28")
    snapshot = host.snapshot()
    report, plan, levels = host.check(), host.plan(["192.0.2.10", "192.0.2.20"]), host.get("eth0")
    changes = host.apply(["192.0.2.10"])
    decision = host.would_reply("192.0.2.10", "192.0.2.1", "eth0", verify=True)
    return [snapshot, report, plan, levels, changes, decision, *snapshot.interfaces, *snapshot.addresses, *snapshot.local_routes]


def is_plain(data):
    if type(data) is dict:
        return all(type(key) is str and is_plain(value) for key, value in data.items())
    if type(data) is list:
        return all(is_plain(item) for item in data)
    return type(data) in (str, int, float, bool, type(None))


def name_of(value):
    return type(value).__name__


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_a_value_survives_pickle_and_copy(value):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value and hash(again) == hash(value) and type(again) is type(value)
    assert copy.copy(value) == copy.deepcopy(value) == value


def test_a_list_of_responders_is_a_list_that_keeps_what_was_lost():
    one = lvsarp.Responder("192.0.2.10", DIRECTOR, DIRECTOR, None, 3, 0.0001, False, True, False)
    found = lvsarp.Responders([one], 7)
    assert isinstance(found, list) and found == [one] and lvsarp.Responders().lost == 0
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(found, protocol))
        assert (type(again), again, again.lost) == (lvsarp.Responders, [one], 7)
    assert copy.copy(found).lost == copy.deepcopy(found).lost == 7


def test_a_value_can_be_copied_with_other_fields():
    assert Level(0, 1, 1).__replace__(own=2, effective=2) == Level(2, 1, 2)
    with pytest.raises(TypeError):
        Level(0, 1, 1).__replace__(other=2)
    if hasattr(copy, "replace"):
        assert copy.replace(Level(0, 1, 1), own=2) == Level(2, 1, 1)


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_a_value_never_changes(value):
    name = next(iter(getattr(value, "_fields", ["_values"])))
    for act in (lambda: setattr(value, name, 5), lambda: setattr(value, "new", 5)):
        with pytest.raises(AttributeError, match="does not change"):
            act()
    with pytest.raises(AttributeError):
        delattr(value, name)


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_a_value_is_plain_data_that_json_takes(value):
    plain = value.as_dict()
    assert is_plain(plain)
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) >= set(getattr(value, "_fields", ()))


@pytest.mark.parametrize("value", VALUES, ids=name_of)
def test_a_value_is_not_equal_to_what_it_looks_like(value):
    assert value != value.as_dict() or isinstance(value, Conf)
    assert value != tuple(getattr(value, "_fields", ()))
    assert value != None  # noqa: E711


def test_plain_reprs_are_python():
    names = {name: getattr(lvsarp, name) for name in lvsarp.__all__}
    for value in VALUES:
        if type(value) not in (Levels, Report, Changes, Plan):
            assert eval(repr(value), names) == value


def test_the_repr_of_levels_shows_what_is_in_force_first():
    assert repr(LEVELS) == "Levels(arp_ignore=1 (all=1, own=0), arp_announce=None (all=None, own=2))"


def test_reprs_and_texts_of_outcomes():
    assert repr(VALUES[5]) == "Report(ok=False, findings=[error vip-answered eth0 192.0.2.10], verdicts=1)"
    assert str(VALUES[5]) == "not silent\nerror: it is answered; set the level"
    assert repr(VALUES[6]) == (
        "Changes(changed=True, steps=[set all/arp_ignore: 0 -> 1], findings=[error vip-answered eth0 192.0.2.10])"
    )
    assert repr(VALUES[7]) == "Plan(ok=True, steps=[set all/arp_ignore: 0 -> 1], findings=[])"
    assert str(VALUES[7]) == "set all/arp_ignore: 0 -> 1"
    assert str(Plan((), (), True)) == "nothing to do"
    assert (
        str(Address(1, "lo", "192.0.2.10", None, 32, None, "host", "lo", (), None, None, None, None))
        == "192.0.2.10/32 dev lo"
    )
    assert str(Step("add-route", "local 198.51.100.0/24", None, "present", "")) == "add-route local 198.51.100.0/24"
    assert str(Step("unbind", "192.0.2.10/32 dev lo", "scope host", None, "")) == "unbind 192.0.2.10/32 dev lo"


def test_what_the_wire_told_reads_well():
    responder, heard, audit, event = VALUES[-4:]
    assert str(responder) == (
        "192.0.2.10 is at 02:00:00:00:00:02 (192.0.2.2), 3 answers, the first after 0.1 ms, a director"
    )
    alone = responder.__replace__(address=None, count=1, director=False, duplicate=True)
    assert str(alone).endswith("is at 02:00:00:00:00:02, 1 answer, the first after 0.1 ms, not the only one")
    assert str(heard) == "eth0: request from 192.0.2.10 at 02:00:00:00:00:11 for 192.0.2.1"
    assert str(audit) == "leaks: 192.0.2.10 on 192.0.2.11\nit answers <itself>\nanother one does, too"
    assert not audit.healthy and audit.__replace__(state="healthy").healthy
    assert str(event) == "vip-removed: it is gone"


def test_the_html_of_an_audit_has_its_state_and_reasons():
    html = AUDIT._repr_html_()
    assert all(text in text_of(html) for text in ("leaks", *AUDIT.reasons)) and "<itself>" not in html


@pytest.mark.parametrize("arguments", [(), (1,), (1, 2, 3, 4)])
def test_a_value_takes_each_field_once(arguments):
    with pytest.raises(TypeError, match="own, all, effective"):
        Level(*arguments)
    for named in ({"own": 1, "other": 2, "all": 3}, {"own": 1}):
        with pytest.raises(TypeError):
            Level(**named)
    with pytest.raises(TypeError):
        Level(1, 2, own=1)
    assert Level(1, effective=3, all=2) == Level(1, 2, 3)


def test_the_signature_of_a_value_is_its_fields():
    assert list(inspect.signature(Finding).parameters) == ["code", "severity", "interface", "vip", "message", "hint"]


def test_a_conf_is_a_mapping_in_which_absent_is_not_zero():
    conf = Conf({"arp_ignore": 0})
    assert conf["arp_ignore"] == 0 and conf.get("arp_announce") is None and dict(conf) == {"arp_ignore": 0}
    with pytest.raises(KeyError):
        conf["arp_announce"]
    assert len({conf, Conf({"arp_ignore": 0}), Conf({})}) == 2


def test_what_a_host_gives_is_plain_hashable_and_pickles(seen):
    for value in seen:
        assert is_plain(value.as_dict()), value
        again = pickle.loads(pickle.dumps(value))
        assert again == value and hash(again) == hash(value) and copy.deepcopy(value) == value
        assert type(value).__name__ in repr(value)


def test_a_snapshot_travels_as_json_and_as_plain_data(seen):
    snapshot = seen[0]
    cls = lvsarp.Snapshot
    assert cls.from_json(snapshot.to_json()) == cls.from_dict(snapshot.as_dict()) == snapshot
    assert json.loads(snapshot.to_json()) == snapshot.as_dict()
    assert snapshot.as_dict()["interfaces"] == [i.as_dict() for i in snapshot.interfaces]
    assert snapshot.as_dict()["addresses"] == [a.as_dict() for a in snapshot.addresses]
    assert snapshot.as_dict()["local_routes"] == [r.as_dict() for r in snapshot.local_routes]
    assert snapshot.as_dict()["all"] == snapshot.all.as_dict() and snapshot.as_dict()["default"] == dict(
        snapshot.default
    )
    assert (snapshot.kernel, snapshot.proc_sys) == (snapshot.as_dict()["kernel"], "read-write")
    assert [i.name for i in snapshot.interfaces] == ["lo", "eth0"]
    assert snapshot.interfaces[0].is_loopback and snapshot.interfaces[1].is_up
    with pytest.raises(AttributeError):
        snapshot.kernel = "6.1"
    with pytest.raises(TypeError, match="host.snapshot"):
        cls()


def test_what_is_no_snapshot_is_a_value_error(seen):
    good = seen[0].as_dict()
    no_address = [{**good["addresses"][0], "prefixlen": 99}]
    for bad in (
        "",
        "{",
        "[]",
        "null",
        '{"format": 99}',
        '{"format": 1}',
        json.dumps({**good, "addresses": no_address}),
    ):
        with pytest.raises(ValueError, match="cannot read snapshot"):
            lvsarp.Snapshot.from_json(bad)
    for bad in (b"{}", None):
        with pytest.raises(TypeError):
            lvsarp.Snapshot.from_json(bad)
    with pytest.raises(ValueError):
        lvsarp.Snapshot.from_dict({})
    with pytest.raises(TypeError):
        lvsarp.Snapshot.from_dict({"format": object()})


class Text(HTMLParser):
    """The text between the tags, and a check that every tag is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def text_of(html):
    parser = Text()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return " ".join(parser.text)


def test_html_is_well_formed_and_follows_light_and_dark(seen):
    for value in seen[:6]:
        html = value._repr_html_()
        assert text_of(html)
        assert "currentColor" in html and "prefers-color-scheme: dark" in html
        # The name of SVG's namespace is no address that is fetched.
        assert "<script" not in html and "http" not in html.replace("http://www.w3.org/2000/svg", "")


def test_html_escapes_the_names_that_the_kernel_allows(server, host):
    name = "<b>&\"x'"
    server.run("ip", "link", "add", name, "type", "bridge")
    server.run("ip", "link", "set", name, "up")
    host.bind("192.0.2.10")
    assert name in {i.name for i in host.interfaces()}
    report = host.check()
    assert name in {v.interface for v in report.verdicts}
    for value in (
        host.snapshot(),
        report,
        host.plan(["192.0.2.10"]),
        host.set(name, arp_ignore=1),
        host.apply(["192.0.2.10"]),
        host.would_reply("192.0.2.10", "192.0.2.1", name),
    ):
        html = value._repr_html_()
        assert name in text_of(html) and "<b>" not in html, value
    wild = Report(False, (Finding("<i>", "<i>", "<i>", "<i>", "<i>", "<i>"),), (Verdict("<i>", "<i>", None, None),))
    assert "<i>" not in wild._repr_html_()
    assert "<i>" not in Plan((Step("<i>", "<i>", "<i>", "<i>", "<i>"),), (), False)._repr_html_()


def test_html_of_levels_says_what_they_mean(server, host):
    server.set_conf("eth0", "arp_ignore", 3)
    assert lvsarp.meaning("arp_ignore", 3) in text_of(host.get("eth0")._repr_html_())
    assert text_of(LEVELS._repr_html_())


def test_a_notebook_gets_a_thousand_rows_at_most_and_is_told_of_the_rest():
    verdicts = tuple(lvsarp.Verdict(f"10.0.{n >> 8}.{n & 255}", "eth0", False, False) for n in range(3000))
    page = lvsarp.Report(True, (), verdicts)._repr_html_()
    assert page.count("<tr>") == 12 + 1000 + 2 and "2988 more, of which 1000 are here" in page
