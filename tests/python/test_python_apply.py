"""Plan, apply, check and undo, from Python, on a real kernel."""

import errno
import json
import multiprocessing
from pathlib import Path

import lvsarp
import pytest
from lab.sandbox import CLONE_NEWUSER, call
from surroundings import read_only_proc_sys, read_only_run

VIP = "192.0.2.10"
KEYS = ("arp_ignore", "arp_announce")


def state(server):
    """The levels of every interface and the addresses of lo, as the kernel shows them."""
    levels = {f"{i}/{key}": server.conf(i, key) for i in server.interfaces() for key in KEYS}
    return levels, server.ip_json("addr show dev lo")[0]["addr_info"], server.ip("route show table local")


def journal():
    (path,) = Path("/run/lvsarp").glob("netns-*.json")
    return path


@pytest.fixture(autouse=True)
def no_journal_of_another_test(server):
    for path in Path("/run/lvsarp").glob("netns-*"):
        path.unlink()


def test_apply_makes_a_silent_real_server_and_undo_takes_it_back(server, host):
    before = state(server)
    assert not host.check([VIP]).ok
    changes = host.apply([VIP])
    assert changes.changed
    assert [str(s) for s in changes.steps] == [
        "set all/arp_ignore: 0 -> 1",
        "set lo/arp_ignore: 0 -> 1",
        "set all/arp_announce: 0 -> 2",
        "set lo/arp_announce: 0 -> 2",
        "bind 192.0.2.10/32 dev lo: scope global label lo",
    ]
    assert [server.conf("all", key) for key in KEYS] == [server.conf("lo", key) for key in KEYS] == [1, 2]
    report = host.check([VIP])
    assert report.ok
    assert report.verdicts == (lvsarp.Verdict(VIP, "eth0", replies=False, announces=False),)
    undone = host.undo()
    assert undone.changed and undone.steps[0].act == "unbind"
    assert state(server) == before


def test_a_second_apply_and_a_second_undo_change_nothing(host):
    assert host.apply([VIP]).changed
    assert host.apply([VIP]) == lvsarp.Changes(False, (), ())
    assert host.undo().changed
    assert host.undo() == lvsarp.Changes(False, (), ())


def test_a_dry_run_changes_nothing_and_shows_the_same_steps(server, host):
    before = state(server)
    planned = host.plan([VIP], prefixes=["198.51.100.0/28"])
    dry = host.apply([VIP], prefixes=["198.51.100.0/28"], dry_run=True)
    assert (dry.changed, dry.steps, dry.findings) == (False, planned.steps, planned.findings)
    assert state(server) == before
    assert not Path("/run/lvsarp").exists() or not list(Path("/run/lvsarp").iterdir())
    assert host.apply([VIP], prefixes=["198.51.100.0/28"]).steps == planned.steps


def test_scope_interface_leaves_all_alone(server, host):
    changes = host.apply([VIP], scope="interface")
    assert {s.thing for s in changes.steps} == {"eth0/arp_ignore", "eth0/arp_announce", "192.0.2.10/32 dev lo"}
    assert "new-interfaces-unprotected" in {f.code for f in changes.findings}
    assert [server.conf("all", key) for key in KEYS] == [0, 0]
    assert host.check([VIP]).ok


def test_every_wish_reaches_the_kernel(server, host):
    host.apply(["192.0.2.10", "192.0.2.20"], prefixes=["198.51.100.0/28"], label="lo:v", address_scope="host")
    bound = {a["local"]: a for a in server.ip_json("addr show dev lo")[0]["addr_info"]}
    assert [(bound[v]["label"], bound[v]["scope"]) for v in ("192.0.2.10", "192.0.2.20")] == [("lo:v", "host")] * 2
    assert "local 198.51.100.0/28 dev lo" in server.ip("route show table local")
    host.undo()
    host.apply(["10.1.2.3"], method="ioctl")
    bound = {a["local"]: a for a in server.ip_json("addr show dev lo")[0]["addr_info"]}
    assert bound["10.1.2.3"]["label"] == "lo:0" and bound["127.0.0.1"]["label"] == "lo"


def test_a_vip_on_the_receiving_interface_is_refused_and_the_error_says_why(server, host):
    before = state(server)
    with pytest.raises(lvsarp.RefusedError, match="answered on eth0.*nothing was changed") as caught:
        host.apply([VIP], dev="eth0")
    error = caught.value
    assert (error.errno, error.kind) == (errno.ECANCELED, "refused")
    assert error.findings[0].code == "vip-on-interface" and error.findings[0].severity == "error"
    assert state(server) == before
    plan = host.plan([VIP], dev="eth0")
    assert not plan.ok and plan.steps and plan.findings == error.findings


@pytest.mark.parametrize(
    ("arguments", "options", "reason"),
    [
        ([], {}, "at least one VIP or prefix"),
        ([VIP, VIP], {}, "named twice"),
        ([VIP], {"prefixes": ["198.51.100.0/28"] * 2}, "named twice"),
        ([VIP], {"scope": "world"}, "none of all, interface"),
        ([VIP], {"address_scope": "wide"}, "none of global"),
        ([VIP], {"method": "brute"}, "none of netlink, ioctl"),
        ([VIP], {"label": "eth0:1"}, "neither"),
        (["2001:db8::1"], {"label": "lo:1"}, "none of the VIPs is an IPv4"),
        ([VIP, "192.0.2.20"], {"method": "ioctl", "label": "lo:1"}, "a label of its own"),
        (["192.0.2.10/24"], {}, "makes all of"),
    ],
)
def test_a_wish_that_can_never_be_right_is_a_value_error(server, host, arguments, options, reason):
    before = state(server)
    for call_it in (host.plan, host.apply, host.snapshot().plan):
        with pytest.raises(ValueError, match=reason):
            call_it(arguments, **options)
    assert state(server) == before


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), float("inf"), 86401, 1e300])
def test_a_lock_timeout_is_from_0_to_a_day(host, seconds):
    for wait in (lambda: host.apply([VIP], lock_timeout=seconds), lambda: host.undo(seconds)):
        with pytest.raises(ValueError, match="lock_timeout .*from 0 to 86400"):
            wait()


def test_an_empty_list_to_check_is_a_value_error(host):
    for check in (host.check, host.snapshot().check):
        with pytest.raises(ValueError, match="empty list"):
            check([])


def test_check_without_vips_looks_at_what_is_bound(host):
    assert [f.code for f in host.check().findings] == ["no-vips"]
    host.bind(VIP)
    report = host.check()
    assert not report.ok
    assert {f.code for f in report.findings if f.severity == "error"} == {"vip-answered", "vip-announced"}
    assert {v.vip for v in report.verdicts} == {VIP}
    assert bool(report) is True  # ok is the answer, not the report itself


def test_a_snapshot_decides_as_the_host_does(host):
    host.bind(VIP)
    snapshot = host.snapshot()
    assert snapshot.check() == host.check()
    assert snapshot.check([VIP, "192.0.2.99"]) == host.check([VIP, "192.0.2.99"])
    assert snapshot.plan([VIP]) == host.plan([VIP])
    assert snapshot.levels("eth0") == host.get("eth0") and snapshot.levels("all") == host.get("all")
    host.apply([VIP])
    assert snapshot != host.snapshot()
    assert not snapshot.check([VIP]).ok and host.check([VIP]).ok


def test_a_host_elsewhere_is_named_by_name_path_or_process(server):
    server.set_conf("eth0", "arp_ignore", 7)
    child = server.popen("sleep", "60")
    from lab.namespaces import Namespace

    try:
        with Namespace("elsewhere") as elsewhere, elsewhere.entered():
            path = Path(f"/run/netns/{server.name}")
            for netns in ("rs1", str(path), path, child.pid, str(child.pid)):
                host = lvsarp.Host(netns)
                assert host.get("eth0").arp_ignore.own == 7, netns
                assert repr(host) == f"Host(netns={netns!r})"
            assert lvsarp.Host(netns="rs1").apply([VIP]).changed
            assert lvsarp.Host(netns="rs1").check([VIP]).ok
            assert lvsarp.Host("rs1").bind("10.1.2.3", method="ioctl")
            assert lvsarp.Host().vips() == []
            assert lvsarp.Host(path).undo().changed
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("netns", ["nowhere", "/nowhere/at/all", Path("/nowhere"), Path("rs1"), "999999999", 999999999])
def test_a_namespace_that_does_not_exist_is_a_file_not_found_error(server, netns):
    with pytest.raises(lvsarp.NoNamespaceError, match="cannot open network namespace") as caught:
        lvsarp.Host(netns)
    assert isinstance(caught.value, FileNotFoundError) and caught.value.errno == errno.ENOENT


@pytest.mark.parametrize("netns", ["", ".", "..", "a\0b", "0", 0, -1, 2**40, "99999999999", "a\udcff"])
def test_what_names_no_namespace_is_a_value_error(netns):
    with pytest.raises(ValueError, match="cannot use"):
        lvsarp.Host(netns)


@pytest.mark.parametrize("netns", [True, b"rs1", 1.0, ["rs1"]])
def test_a_namespace_is_text_a_number_or_a_path(netns):
    with pytest.raises(TypeError):
        lvsarp.Host(netns)


def test_a_file_that_is_no_namespace_is_said_to_be_none(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(lvsarp.NoNamespaceError, match="not a network namespace"):
        lvsarp.Host(file)


def test_another_namespace_needs_privilege(server, forked):
    def enter_without():
        from lab.sandbox import CLONE_NEWNET

        call("unshare", CLONE_NEWUSER | CLONE_NEWNET)
        lvsarp.Host("rs1")

    with pytest.raises(lvsarp.AccessError, match="CAP_SYS_ADMIN"):
        forked(enter_without)


def test_with_a_read_only_run_nothing_is_changed(server, forked):
    before = state(server)

    def apply():
        read_only_run()
        lvsarp.Host().apply([VIP])

    with pytest.raises(lvsarp.AccessError, match="(?s)cannot create .*/run/lvsarp.*nothing was changed") as caught:
        forked(apply)
    assert caught.value.errno == errno.EROFS
    assert state(server) == before


def test_with_a_read_only_proc_sys_apply_sets_each_interface_and_says_so(server, forked):
    def apply():
        read_only_proc_sys()
        return lvsarp.Host().apply([VIP])

    changes = forked(apply)
    assert "all-not-writable" in {f.code for f in changes.findings}
    assert [server.conf("eth0", key) for key in KEYS] == [1, 2] and server.conf("all", "arp_ignore") == 0
    assert lvsarp.Host().check([VIP]).ok


@pytest.mark.parametrize("damage", ["", "{", "garbage \0\xff", '{"format": 99}'])
def test_a_journal_that_cannot_be_used_is_kept_aside(server, host, damage):
    host.apply([VIP])
    path = journal()
    path.write_text(damage, "latin-1")
    with pytest.raises(lvsarp.JournalError, match="(?s)was kept as .*nothing was changed") as caught:
        host.undo()
    assert caught.value.kind == "journal"
    assert [p.read_text("latin-1") for p in path.parent.glob("*unusable*")] == [damage]
    assert host.check([VIP]).ok


def test_twenty_applies_at_once_leave_one_result_and_the_first_original(server, host):
    before = state(server)
    fork = multiprocessing.get_context("fork")
    start = fork.Event()

    def apply(number, answers):
        start.wait()
        try:
            answers.put(lvsarp.Host().apply([VIP, f"192.0.2.{100 + number % 4}"], lock_timeout=300).changed)
        except BaseException as error:
            answers.put(repr(error))

    answers = fork.SimpleQueue()
    racers = [fork.Process(target=apply, args=(n, answers)) for n in range(20)]
    for racer in racers:
        racer.start()
    start.set()
    results = [answers.get() for _ in racers]
    for racer in racers:
        racer.join()
    assert sorted(results) == [False] * 16 + [True] * 4
    assert [a.local for a in host.vips()].count(VIP) == 1 and len(host.vips()) == 5
    assert host.check().ok
    host.undo()
    assert state(server) == before


def test_what_apply_gives_is_what_the_program_prints(host):
    import subprocess
    import sys

    def program(*arguments):
        done = subprocess.run([sys.executable, "-m", "lvsarp", *arguments, "--json"], capture_output=True, text=True)
        return json.loads(done.stdout)

    plan = program("apply", "--vip", VIP, "--dry-run")
    assert lvsarp.Host().apply([VIP], dry_run=True).as_dict() == {k: plan[k] for k in ("changed", "steps", "findings")}
    assert host.plan([VIP]).as_dict() == plan
    done = program("apply", "--vip", VIP)
    assert done["changed"] and done["steps"] == plan["steps"]
    assert program("check", "--vip", VIP) == host.check([VIP]).as_dict()
    assert program("snapshot") == host.snapshot().as_dict()
    levels = program("levels", "arp_ignore")
    assert levels["arp_ignore"] == [row.as_dict() for row in lvsarp.levels("arp_ignore")]
    assert program("levels")["keys"] == [key.as_dict() for key in lvsarp.keys()]
