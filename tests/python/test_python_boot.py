"""The prediction of the next boot, from Python."""

import copy
import json
import pickle

import lvsarp
import pytest
from lab.sandbox import CLONE_NEWUSER, call
from lvsarp import Boot, BootLevel, Finding, Verdict

VIP = "10.0.0.100"
FILE = "/etc/sysctl.d/50-a.conf"
LEVEL = BootLevel("eth0", "arp_ignore", 1, None, FILE, 3, False)
BOOT = Boot(
    False,
    (Finding("vip-answered", "error", "eth0", VIP, "it is answered", "set the level"),),
    (Verdict(VIP, "eth0", True, False),),
    (LEVEL, BootLevel("eth0", "arp_announce", 0, 2, None, None, False)),
    "systemd-sysctl 252",
    False,
)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / FILE[1:]).write_text(
        "# levels\nnet.ipv4.conf.all.arp_announce = 2\nnet.ipv4.conf.eth0.arp_ignore = 1\nnet.ipv4.conf.default.arp_ignore = 3\n"
    )
    return tmp_path


def by_name(boot):
    return {f"{level.scope}/{level.key}": level for level in boot.levels}


def test_a_boot_names_value_file_and_line(server, host, root):
    boot = host.boot(root=root, loader="systemd-sysctl 252", interfaces=["wlan0"])
    levels = by_name(boot)
    assert levels["eth0/arp_ignore"] == BootLevel("eth0", "arp_ignore", 1, 3, FILE, 3, False)
    assert levels["all/arp_announce"] == BootLevel("all", "arp_announce", 2, None, FILE, 2, False)
    assert levels["wlan0/arp_ignore"] == BootLevel("wlan0", "arp_ignore", 3, None, FILE, 4, True)
    assert levels["lo/arp_ignore"] == BootLevel("lo", "arp_ignore", 0, None, None, None, False)
    assert [level.scope for level in boot.levels] == [s for s in ("all", "default", "lo", "eth0", "wlan0") for _ in (1, 2)]
    assert (boot.loader, boot.rehearsed) == ("systemd-sysctl 252", False)


def test_a_boot_that_would_leak_is_not_ok_and_says_why(server, host, root):
    boot = host.boot([VIP], root=root, loader="systemd-sysctl 252")
    assert not boot.ok
    (verdict,) = boot.verdicts
    assert verdict == Verdict(VIP, "eth0", True, False)
    (first, *_) = boot.findings
    assert (first.code, first.severity, first.interface, first.vip) == ("vip-answered", "error", "eth0", VIP)
    assert first.message.startswith("after a reboot ") and f"{FILE}:4" in first.message
    host.persist([VIP], root=root, sysctl_conf="/etc/sysctl.conf")
    assert host.boot([VIP], root=root, loader="procps 4.0.2").verdicts == (Verdict(VIP, "eth0", True, False),)  # if late


def test_what_was_persisted_and_what_is_bound_is_what_is_asked_about(server, host, tmp_path):
    (tmp_path / "etc").mkdir()
    assert host.boot(root=tmp_path).verdicts == ()
    host.bind("10.0.0.101")
    host.persist([VIP], root=tmp_path)
    boot = host.boot(root=tmp_path)
    assert {verdict.vip for verdict in boot.verdicts} == {VIP, "10.0.0.101"}
    assert [(f.code, f.vip) for f in boot.findings if f.severity == "unknown"] == [("vip-not-persisted", "10.0.0.101")]
    assert not boot.ok and host.boot([VIP], root=tmp_path).ok


def test_a_snapshot_of_the_host_gives_the_same_and_runs_nothing(server, host, root):
    for options in ({}, {"interfaces": ["wlan0"]}, {"loader": "busybox"}):
        boot = host.boot([VIP], root=root, **options)
        snapshot = lvsarp.Snapshot.from_json(host.snapshot().to_json())
        assert snapshot.boot([VIP], root=str(root), **options) == boot
    with pytest.raises(TypeError):
        host.snapshot().boot(root=root, rehearse=True)


def test_a_boot_changes_nothing_and_needs_no_privilege(server, host, forked, root):
    before = [path.read_bytes() for path in sorted(root.rglob("*.conf"))], host.snapshot()

    def ask():
        call("unshare", CLONE_NEWUSER)
        return host.boot([VIP], root=root)

    asked, boot = forked(ask), host.boot([VIP], root=root)
    assert (asked.ok, asked.verdicts, asked.levels) == (boot.ok, boot.verdicts, boot.levels)
    assert ([path.read_bytes() for path in sorted(root.rglob("*.conf"))], host.snapshot()) == before


def test_this_machine_can_be_asked_with_a_rehearsal_and_without(server, host):
    before = host.snapshot()
    worked_out, tried = host.boot([VIP], rehearse=False), host.boot([VIP])
    assert not worked_out.rehearsed
    assert tried.levels == worked_out.levels and tried.loader == worked_out.loader
    assert host.snapshot() == before


@pytest.mark.parametrize(
    ("said", "loader"),
    [
        ("systemd-sysctl", "systemd-sysctl 262"),
        ("systemd-sysctl 252.39-1", "systemd-sysctl 252"),
        ("procps", "procps 4.0.7"),
        ("procps 3.3.17", "procps 3.3.17"),
        ("procps -p", "procps -p 4.0.7"),
        ("busybox 1.35.0", "busybox 1.35.0"),
    ],
)
def test_a_loader_is_named_with_or_without_its_version(server, host, root, said, loader):
    assert host.boot(root=root, loader=said).loader == loader
    assert host.snapshot().boot(root=root, loader=said).loader == loader


@pytest.mark.parametrize(
    ("arguments", "options", "kind"),
    [
        ([[]], {}, ValueError),
        ([["10.0.0"]], {}, ValueError),
        ([], {"loader": "sysvinit"}, ValueError),
        ([], {"loader": "procps x"}, ValueError),
        ([], {"loader": "procps \udcff"}, ValueError),
        ([], {"interfaces": ["a/b"]}, ValueError),
        ([], {"interfaces": [""]}, ValueError),
        ([], {"root": "/nowhere/at/all"}, lvsarp.LvsarpError),
        ([VIP], {}, TypeError),
        ([], {"loader": 252}, TypeError),
        ([], {"interfaces": "wlan0"}, TypeError),
        ([], {"interfaces": [7]}, TypeError),
        ([], {"root": 7}, TypeError),
        ([], {"root": None}, TypeError),
    ],
)
def test_what_cannot_be_asked_is_an_error(server, host, root, arguments, options, kind):
    for act in (host.boot, host.snapshot().boot):
        with pytest.raises(kind):
            act(*arguments, **{"root": root, **options})


def test_whether_to_rehearse_is_a_bool(server, host):
    with pytest.raises(TypeError):
        host.boot(rehearse="no")


@pytest.mark.parametrize("value", [LEVEL, BOOT], ids=["BootLevel", "Boot"])
def test_the_values_are_frozen_plain_and_pickle(value):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == value and hash(again) == hash(value) and type(again) is type(value)
    assert copy.deepcopy(value) == value
    assert json.loads(json.dumps(value.as_dict())) == value.as_dict()
    assert list(value.as_dict()) == list(value._fields)
    with pytest.raises(AttributeError, match="does not change"):
        value.ok = True
    assert (type(value).__module__, type(value).__name__ in lvsarp.__all__) == ("lvsarp", True)


def test_a_boot_as_plain_data_is_all_of_it(server, host, root):
    boot = host.boot([VIP], root=root)
    assert pickle.loads(pickle.dumps(boot)) == boot
    plain = boot.as_dict()
    assert plain["levels"] == [level.as_dict() for level in boot.levels]
    assert plain["findings"] == [finding.as_dict() for finding in boot.findings]
    assert plain["verdicts"] == [verdict.as_dict() for verdict in boot.verdicts]


def test_reprs_and_texts():
    assert eval(repr(LEVEL), {"BootLevel": BootLevel}) == LEVEL
    assert repr(BOOT) == (
        "Boot(ok=False, findings=[error vip-answered eth0 10.0.0.100], verdicts=1, levels=2, loader='systemd-sysctl 252', "
        "rehearsed=False)"
    )
    assert str(BOOT) == "not silent after a reboot\nerror: it is answered; set the level"
    assert str(BOOT.__replace__(ok=True, findings=())) == "silent after a reboot"
    assert str(LEVEL) == f"eth0/arp_ignore = 1 ({FILE}:3)"
    assert str(BOOT.levels[1]) == "eth0/arp_announce = 0, or 2 if the interface is added later"
    copied = LEVEL.__replace__(by_default=True, late=0)
    assert str(copied) == f"eth0/arp_ignore = 1, or 0 if the interface is added later ({FILE}:3 by way of default)"


def test_html_shows_the_lines_and_escapes_names():
    html = BOOT._repr_html_()
    assert f"{FILE}:3" in html and "not silent after a reboot" in html and "by the rules of systemd-sysctl 252" in html
    assert "systemd-sysctl 252 was run" in BOOT.__replace__(rehearsed=True)._repr_html_()
    wild = Boot(True, (), (Verdict("<i>", "<i>", None, None),), (BootLevel("<i>", "<i>", 0, None, "<i>", 1, True),), "<i>", True)
    assert "<i>" not in wild._repr_html_() and "prefers-color-scheme: dark" in wild._repr_html_()
