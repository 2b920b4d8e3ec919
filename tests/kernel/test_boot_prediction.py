"""`lvsarp boot` held against what the real loaders make of the same files, and what a rehearsal leaves behind: nothing."""
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from lab import sandbox
from lab.machine import LOADER, PROCPS, Machine, loaders
from lab.namespaces import Namespace, veth

VIP = "192.0.2.10"
KEYS = ("arp_ignore", "arp_announce")
SILENT = {"/etc/sysctl.d/50-ours.conf": "net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.all.arp_announce = 2\n"}
LOUD = {**SILENT, "/etc/sysctl.d/99-z.conf": "# somebody else's\n\nnet/ipv4/conf/eth0.100/arp_ignore = 3\n"}
# Files on which the two loaders, and interfaces that are there and those that come later, do not all end alike.
TREES = {
    "nothing": {},
    "exact": LOUD,
    "default": {"/etc/sysctl.d/10-a.conf": "net.ipv4.conf.default.arp_ignore = 5\nnet.ipv4.conf.eth0.arp_ignore = 0\n"},
    "default last": {"/etc/sysctl.d/10-a.conf": "net.ipv4.conf.eth0.arp_ignore = 0\nnet.ipv4.conf.default.arp_ignore = 5\n"},
    "glob": {"/etc/sysctl.d/10-a.conf": "net.ipv4.conf.eth*.arp_ignore = 1\nnet.ipv4.conf.*.arp_announce = 2\n-net.ipv4.conf.eth0.arp_announce\n"},
    "naive name": {"/etc/sysctl.d/10-a.conf": "net.ipv4.conf.eth0.100.arp_ignore = 1\nnet.ipv4.conf.eth0/100.arp_announce = 2\n"},
    "mask": {"/etc/sysctl.d/10-a.conf": Path("/dev/null"), "/run/sysctl.d/10-a.conf": "net.ipv4.conf.all.arp_ignore = 8\n"},
    "sysctl.conf": {**SILENT, "/etc/sysctl.conf": "net.ipv4.conf.all.arp_ignore = 2\n"},
    "linked sysctl.conf": {**SILENT, "/etc/sysctl.conf": "net.ipv4.conf.all.arp_ignore = 2\n", "/etc/sysctl.d/99-sysctl.conf": Path("../sysctl.conf")},
}
NAMES = ("eth0", "eth0.100")
SCOPES = ("all", "default", "lo", *NAMES)


@pytest.fixture(scope="module", autouse=True)
def both_loaders():
    loaders()


def predicted(machine, program, *options):
    """The answer of boot as plain data, with its levels by scope and key, and its exit status."""
    done = machine.run(program, "boot", "--json", *options, check=False)
    answer = json.loads(done.stdout)
    answer["levels"] = {(level["scope"], level["key"]): level for level in answer["levels"]}
    return answer, done.returncode


def booted(files, loader, late):
    """What a loader really makes of the files: {(scope, key): value}. Interfaces are there before it, or come later."""
    with Machine("booted", files) as machine:
        if late:
            machine.load(loader)
        for name in NAMES:
            machine.ip(f"link add {name} type bridge")
        if not late:
            machine.load(loader)
        if loader == LOADER:
            for name in NAMES:
                machine.udev(name)
        return {(scope, key): machine.conf(scope, key) for scope in SCOPES for key in KEYS}


def installed_procps():
    """What --loader takes for the procps that is there: only that is rehearsed."""
    return "procps " + subprocess.run([PROCPS, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


@pytest.mark.parametrize("loader, named", [(LOADER, ()), (PROCPS, ("--loader", installed_procps))], ids=["systemd", "procps"])
@pytest.mark.parametrize("tree", TREES)
def test_the_levels_are_those_that_the_loader_sets(in_a_sandbox, program, tree, loader, named):
    named = [word() if callable(word) else word for word in named]
    with Machine("rs1", TREES[tree]) as machine:
        for name in NAMES:
            machine.ip(f"link add {name} type bridge")
        rehearsed, _ = predicted(machine, program, *named)
        worked_out, _ = predicted(machine, program, *named, "--no-rehearsal")
    assert (rehearsed["rehearsed"], worked_out["rehearsed"]) == (True, False)
    assert not [finding for finding in rehearsed["findings"] if finding["code"] == "loader-disagrees"]
    assert rehearsed["levels"] == worked_out["levels"]
    # Only process 1 of a systemd host has brought lo up by then, as a machine of these tests has.
    known = {of: level for of, level in rehearsed["levels"].items() if of[0] in SCOPES and (loader == LOADER or of[0] != "lo")}
    for late in False, True:
        real = booted(TREES[tree], loader, late)
        assert {of: level["late"] if late and level["late"] is not None else level["value"] for of, level in known.items()} == {
            of: real[of] for of in known}


@pytest.fixture
def server(in_a_sandbox):
    """A function that makes a machine with these files, eth0 in 192.0.2.0/24 and eth0.100 in 198.51.100.0/24, and the VIP."""
    made = []

    def make(files):
        machine, peer = Machine("rs1", files), Namespace("peer")
        made.extend((peer, machine))
        for name, address in zip(NAMES, ("192.0.2.11/24", "198.51.100.11/24")):
            veth(peer, machine, names=(name, name))
            machine.ip(f"addr add {address} dev {name}")
        machine.ip(f"addr add {VIP}/32 dev lo")
        return machine

    yield make
    for place in reversed(made):
        place.delete()


def test_the_line_that_decides_is_named(server, program):
    machine = server(LOUD)
    done = machine.run(program, "boot", "--vip", VIP, check=False)
    assert done.returncode == 1
    said = next(line for line in done.stdout.splitlines() if line.startswith("error vip-answered"))
    assert f"after a reboot {VIP} is answered on eth0.100" in said
    assert said.endswith("/etc/sysctl.d/99-z.conf:3 sets eth0.100/arp_ignore to 3")
    level = predicted(machine, program)[0]["levels"]["eth0.100", "arp_ignore"]
    assert (level["value"], level["file"], level["line"]) == (3, "/etc/sysctl.d/99-z.conf", 3)


def test_the_prediction_comes_true(server, program):
    """What boot says of the next kernel is what check says there."""
    machine = server(LOUD)
    foretold, _ = predicted(machine, program, "--vip", VIP)
    machine.load()
    for name in NAMES:
        machine.udev(name)
    found = json.loads(machine.run(program, "check", "--vip", VIP, "--json", check=False).stdout)
    errors = {(finding["code"], finding["interface"]) for finding in found["findings"] if finding["severity"] == "error"}
    assert errors == {(finding["code"], finding["interface"]) for finding in foretold["findings"] if finding["severity"] == "error"}
    assert errors == {("vip-answered", "eth0.100")}
    assert foretold["verdicts"] == found["verdicts"]


@pytest.mark.parametrize("files, persist, vip, status", [(SILENT, True, VIP, 0), ({}, False, VIP, 1), (LOUD, True, VIP, 1), (SILENT, False, VIP, 2)],
                         ids=["silent", "nothing set", "one line too many", "bound by nobody"])
def test_the_status_tells(server, program, files, persist, vip, status):
    machine = server(files)
    if persist:
        machine.run(program, "persist", "--vip", vip)
    answer, ended = predicted(machine, program, "--vip", vip)
    assert (ended, answer["ok"]) == (status, status == 0)
    assert ("vip-not-persisted" in {finding["code"] for finding in answer["findings"]}) == (not persist)


def test_an_interface_that_will_be_plugged_in_is_predicted(server, program):
    machine = server({"/etc/sysctl.d/10-a.conf": "net.ipv4.conf.usb0.arp_ignore = 1\nnet.ipv4.conf.usb0.arp_announce = 2\n"})
    answer, _ = predicted(machine, program, "--interface", "usb0,usb1")
    assert [answer["levels"][name, "arp_ignore"]["value"] for name in ("usb0", "usb1")] == [1, 0]
    assert answer["rehearsed"] is True


def test_without_the_privilege_the_same_is_worked_out(server, program):
    machine = server(LOUD)
    machine.run(program, "persist", "--vip", VIP)
    rehearsed, status = predicted(machine, program, "--vip", VIP)
    done = machine.run("setpriv", "--bounding-set=-sys_admin", program, "boot", "--vip", VIP, "--json", check=False)
    worked_out = json.loads(done.stdout)
    worked_out["levels"] = {(level["scope"], level["key"]): level for level in worked_out["levels"]}
    assert (rehearsed.pop("rehearsed"), worked_out.pop("rehearsed"), done.returncode) == (True, False, status)
    reasons = [finding for finding in worked_out["findings"] if finding["code"] == "not-rehearsed"]
    assert len(reasons) == 1 and "CAP_SYS_ADMIN" in reasons[0]["hint"]
    worked_out["findings"] = [finding for finding in worked_out["findings"] if finding not in reasons]
    assert worked_out == rehearsed


def test_the_tree_of_an_image_is_read_by_an_ordinary_user(server, program):
    """A host that sets nothing looks at an image that has a persisted real server and a line too many."""
    with Machine("live") as live:
        live.run(program, "persist", "--vip", VIP)
        files = {**live.files(), "/etc/sysctl.d/99-z.conf": "net.ipv4.conf.all.arp_ignore = 3\n"}
    machine = server({f"/run/image{path}": content for path, content in files.items()})
    # A user of this sandbox where there is one beside root, or root without any right.
    other = ("--reuid=1000", "--regid=1000", "--clear-groups") if sandbox.knows_everybody() else ("--bounding-set=-all",)
    shutil.copy(program, machine.path("/run/program"))  # where every user may run it
    done = machine.run("setpriv", *other, "/run/program", "boot", "--root", "/run/image", "--json", check=False)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["rehearsed"]) == (1, False), done
    decided = [level for level in answer["levels"] if (level["scope"], level["key"]) == ("all", "arp_ignore")]
    assert [(level["value"], level["file"], level["line"]) for level in decided] == [(3, "/etc/sysctl.d/99-z.conf", 1)]
    assert {finding["vip"] for finding in answer["findings"] if finding["code"] == "vip-answered"} == {VIP}


def test_fifty_interfaces_take_less_than_two_seconds(in_a_sandbox, program):
    with Machine("rs1", {"/etc/sysctl.d/10-a.conf": "".join(f"net.ipv4.conf.eth{n}.arp_ignore = {n % 3}\n" for n in range(50))}) as machine:
        machine.write("/run/links", "".join(f"link add eth{n} type bridge\n" for n in range(50)))
        machine.run("ip", "-batch", "/run/links")
        begin = time.monotonic()
        answer, _ = predicted(machine, program)
        assert time.monotonic() - begin < 2
        assert answer["rehearsed"] is True
        assert [answer["levels"][f"eth{n}", "arp_ignore"]["value"] for n in range(50)] == [n % 3 for n in range(50)]


@pytest.mark.parametrize("loader, why", [("systemd-sysctl 230", "systemd-sysctl 230 was asked for"), ("procps -p", "alone"), ("busybox", "alone")])
def test_a_loader_that_is_not_the_installed_one_is_not_rehearsed_and_that_is_said(server, program, loader, why):
    answer, _ = predicted(server(SILENT), program, "--loader", loader)
    reasons = [finding["message"] for finding in answer["findings"] if finding["code"] == "not-rehearsed"]
    assert answer["rehearsed"] is False
    assert len(reasons) == 1 and why in reasons[0]


def test_many_interfaces_are_not_rehearsed_and_that_is_said(server, program):
    answer, _ = predicted(server(SILENT), program, "--interface", ",".join(f"usb{n}" for n in range(256)))
    assert answer["rehearsed"] is False
    assert ["256" in finding["message"] for finding in answer["findings"] if finding["code"] == "not-rehearsed"] == [True]


def test_a_masked_loader_is_not_rehearsed(server, program):
    machine = server({**SILENT, "/etc/systemd/system/systemd-sysctl.service": Path("/dev/null")})
    answer, status = predicted(machine, program, "--vip", VIP)
    assert (answer["rehearsed"], answer["levels"]["all", "arp_ignore"]["value"], status) == (False, 0, 1)
    assert "loader-does-not-run" in {finding["code"] for finding in answer["findings"]}


def test_a_state_that_others_may_write_is_a_finding(server, program):
    machine = server(SILENT)
    machine.run(program, "persist", "--vip", VIP)
    machine.run("chmod", "666", "/etc/lvsarp/real-server.json")
    answer, status = predicted(machine, program, "--vip", VIP)
    assert status == 2 and "state-unusable" in {finding["code"] for finding in answer["findings"]}


def surroundings(machine):
    """All that a rehearsal could leave behind: mounts, levels, interfaces, files, and the processes and namespaces of this sandbox."""
    spaces = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/user") == os.readlink("/proc/self/ns/user"):
                spaces[pid] = [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "mnt")]
        except OSError:  # ended meanwhile, or not ours to see
            pass
    return (machine.run("cat", "/proc/self/mountinfo").stdout, machine.run("grep", "-r", "", "/proc/sys/net/ipv4/conf").stdout,
            machine.ip("link show"), machine.files(), machine.files("/run"), sorted(os.listdir("/run/netns")), spaces)


def test_a_rehearsal_leaves_nothing_behind(server, program):
    machine = server(LOUD)
    machine.run(program, "boot", check=False)  # makes nothing that a second one would not find
    before = surroundings(machine)
    assert predicted(machine, program)[0]["rehearsed"] is True
    assert surroundings(machine) == before


def test_a_killed_rehearsal_leaves_nothing_behind(server, program):
    """Killed anywhere: its namespaces end with it, and so does the loader that it runs, or it ends soon by itself."""
    machine = server(LOUD)
    begin = time.monotonic()
    machine.run(program, "boot", check=False)
    longest, before = time.monotonic() - begin, surroundings(machine)
    killed = 0
    for at in range(20):
        running = machine.popen(program, "boot", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(longest * at / 20)
        running.kill()
        killed += running.wait() == -9
    assert killed > 10
    deadline = time.monotonic() + 5
    while (left := surroundings(machine)) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == before
