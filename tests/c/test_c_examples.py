"""The examples in C, as their users run them."""

import shlex
import signal
import subprocess
import sys
import time

import build
import pytest
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


def until(agent, last, seconds=10):
    """What the agent says up to a line."""
    deadline, said = time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        said.append(agent.stdout.readline().rstrip("\n"))
        if said[-1] == last:
            return said
    raise AssertionError(f"no {last!r} in {said}")
