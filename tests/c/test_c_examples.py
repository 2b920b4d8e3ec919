"""The examples in C, as their users run them."""

import select
import shlex
import signal
import subprocess
import sys
import time

import build
import pytest
from lab.namespaces import wait_up
from running import HOST

VIP = "192.0.2.10"


@pytest.fixture(scope="session")
def examples(in_a_sandbox):
    """The example programs, by name."""
    sources = sorted((build.ROOT / "examples/c").glob("*.c"))
    return {source.stem: build.program(source.stem, source) for source in sources}


def test_a_health_check_fits_on_a_page():
    lines = (build.ROOT / "examples/c/dr_check.c").read_text().splitlines()
    assert len(lines) < 80


def test_dr_check_tells_healthy_from_not_and_from_unknown(examples, sandboxed):
    check = examples["dr_check"]
    done = sandboxed(
        "sh",
        "-c",
        f"""{HOST}
        {check} {VIP}; echo $?
        for key in arp_ignore=1 arp_announce=2; do echo ${{key#*=}} >/proc/sys/net/ipv4/conf/all/${{key%=*}}; done
        ip addr add {VIP}/32 dev lo
        {check} {VIP}; echo $?
        echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore
        {check} {VIP}; echo $?
        {check}; echo $?
        {check} -n nowhere {VIP}; echo $?
        {check} nonsense; echo $?""",
    )
    lines = done.stdout.splitlines()
    assert lines[1::2] == ["1", "0", "1", "1", "1", "1"], done
    expected = "not bound anywhere", "silent in ARP", "answered on eth0", "answered on", "no /run/netns/nowhere", "nonsense"
    assert all(words in line for words, line in zip(expected, lines[::2], strict=True)), done.stdout
    assert done.stderr == ""


def test_dr_check_prints_a_line_whenever_the_verdict_changes(examples, sandboxed):
    done = sandboxed(
        "sh",
        "-c",
        f"""{HOST}
        {examples["dr_check"]} -i 1 {VIP} >/run/lines & sleep 0.5
        for key in arp_ignore=1 arp_announce=2; do echo ${{key#*=}} >/proc/sys/net/ipv4/conf/all/${{key%=*}}; done
        ip addr add {VIP}/32 dev lo; sleep 2.5
        ip addr del {VIP}/32 dev lo; sleep 1.5
        kill $!; cat /run/lines""",
    )
    first, second, third = done.stdout.splitlines()
    assert "not bound" in first and second == "silent in ARP" and third == first, done


def test_dr_agent_applies_repairs_and_undoes(examples, in_a_sandbox):
    script = f"{HOST} exec {shlex.quote(str(examples['dr_agent']))} -i 1 {VIP}"
    words = [sys.executable, "-m", "lab.sandbox", "sh", "-ec", script]
    agent = subprocess.Popen(words, cwd=build.ROOT / "tests", stdout=subprocess.PIPE, text=True)
    try:
        said = until(agent, "apply: silent")
        assert f"apply: bind {VIP}/32 dev lo" in said
        inside = ["nsenter", f"--target={agent.pid}", "--user", "--net", "--mount", "--preserve-credentials"]
        sabotage = f"ip addr del {VIP}/32 dev lo; echo 0 >/proc/sys/net/ipv4/conf/all/arp_ignore"
        subprocess.run([*inside, "sh", "-ec", sabotage], check=True)
        said = until(agent, "apply: silent")
        assert any("not bound" in line for line in said) and "apply: set all/arp_ignore" in said, said
        agent.send_signal(signal.SIGTERM)
        said = until(agent, "undo: done")
        assert f"undo: unbind {VIP}/32 dev lo" in said and "undo: set all/arp_ignore" in said, said
        assert agent.wait(timeout=10) == 0
    finally:
        agent.kill()
        agent.wait()


def test_dr_audit_tells_healthy_from_the_rest_in_one_line(examples, wire):
    audit, director = examples["dr_audit"], wire["director"]
    told = {
        ("-r", "192.0.2.11", "-p", "80", VIP): (0, "healthy: "),
        ("-r", "192.0.2.12", VIP): (1, "leaks: "),
        ("-r", "192.0.2.13", "-t", "500", VIP): (1, "black hole: "),
        ("-r", "192.0.2.14", "-t", "300", VIP): (1, "down: "),
        ("-r", "192.0.2.11", "-p", "0", VIP): (1, "cannot use port"),
        ("-r", "192.0.2.11", "-t", "0", VIP): (1, "cannot use "),
        ("-r", "nonsense", VIP): (1, "cannot use "),
    }
    for words, (status, line) in told.items():
        done = director.run(audit, "-i", "eth0", *words, check=False)
        assert done.returncode == status and done.stdout.startswith(line), (words, done)
        assert done.stdout.count("\n") == 1 and done.stderr == "", done
    assert director.run(audit, "-i", "nowhere", "-r", "192.0.2.11", VIP, check=False).returncode == 1
    assert director.run(audit, VIP, check=False).stderr.startswith("usage: ")


def test_dr_watch_tells_what_happens_here_and_what_real_servers_are(examples, wire):
    host = wire["watched"]
    host.ip(f"addr add {VIP}/32 dev lo")
    servers = {"192.0.2.11": "healthy: ", "192.0.2.13": "black hole: ", "192.0.2.14": "down: "}
    watch = host.popen(examples["dr_watch"], "-s", "1", VIP, *servers, stdout=subprocess.PIPE, bufsize=0)
    try:
        lines = [read_line(watch) for _ in servers]
        assert sorted(line.split(": ")[0] for line in lines) == sorted(servers), lines
        assert all(line.split(": ", 1)[1].startswith(servers[line.split(": ")[0]]) for line in lines), lines
        host.ip(f"addr del {VIP}/32 dev lo")
        line = read_line(watch)
        assert VIP in line and "removed" in line, line
        watch.terminate()
        assert watch.wait(timeout=10) == 0
    finally:
        watch.kill()
        watch.wait()


def test_dr_watch_says_once_that_the_interface_is_gone_and_goes_on_when_it_is_back(examples, wire):
    host = wire["watched"]

    def plug():
        host.ip("link add eth1 type veth peer name again netns switch")
        host.ip("link set eth1 addrgenmode none")
        host.ip("addr add 192.0.2.116/24 dev eth1 noprefixroute")
        host.ip("-n switch link set again master br0 up")
        host.ip("link set eth1 up")
        wait_up(host, "eth1")

    plug()
    words = "-i", "eth1", "-p", "80", "-s", "1", VIP, "192.0.2.11"
    watch = host.popen(examples["dr_watch"], *words, stdout=subprocess.PIPE, bufsize=0)
    try:
        assert read_line(watch).startswith("192.0.2.11: healthy: ")
        host.ip("link del eth1")
        line = read_line(watch)
        if "Network is down" in line:  # an audit was going on
            line = read_line(watch)
        assert line.startswith("192.0.2.11: cannot ") and "No such device" in line, line
        again = select.select([watch.stdout], [], [], 2.5)[0]
        assert not again, f"the same is said again: {read_line(watch)}"
        plug()
        line = read_line(watch)
        while "down" in line or "no address" in line:  # not yet up
            line = read_line(watch)
        assert line.startswith("192.0.2.11: healthy: "), line
        watch.terminate()
        assert watch.wait(timeout=10) == 0
    finally:
        watch.kill()
        watch.wait()
        host.ip("link del eth1")


@pytest.mark.parametrize(
    "words", ["-p abc", "-p 0", "-p 65536", "-p 4294967376", "-p -1", "-s x", "-s 0", "-s 1x", "-s 99999999999"]
)
def test_dr_watch_refuses_a_number_that_cannot_be(examples, wire, words):
    done = wire["director"].run(examples["dr_watch"], *words.split(), VIP, "192.0.2.11", check=False, timeout=20)
    assert done.returncode == 2 and done.stderr.startswith("usage: ") and done.stdout == "", done


def read_line(program, seconds=10):
    """The next line that a program prints."""
    ready, _, _ = select.select([program.stdout], [], [], seconds)
    assert ready, f"nothing in {seconds} s"
    return program.stdout.readline().decode()


def until(agent, last, seconds=10):
    """What the agent says up to a line."""
    deadline, said = time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        said.append(agent.stdout.readline().rstrip("\n"))
        if said[-1] == last:
            return said
    raise AssertionError(f"no {last!r} in {said}")
