"""What the kernel is asked for when a handle is opened, used and closed."""

import re

import build
import pytest
import running
from lab.namespaces import Namespace

# What is opened: the caller's namespace, its directory of levels, and the other namespace.
OPENED = {"/proc/thread-self/ns/net", "/proc/sys/net/ipv4/conf"}


@pytest.fixture
def trace(tmp_path):
    """The system calls of a program between its marks: {"open": [...], "get": [...], "close": [...]}."""

    def run(*arguments):
        log = tmp_path / "calls"
        path, strace = running.program("lifetime"), build.need("strace")
        with Namespace("here") as here, Namespace("other") as other:
            for host in (here, other):
                running.wire(host, 1)
            here.run(strace, "-f", "-o", log, path, "trace", *arguments)
        return between_marks(log.read_text())

    return run


def between_marks(text):
    """Lines without the process, in the part that the last mark began; the second half of a split call is no call."""
    parts, part = {}, None
    for line in text.splitlines():
        call = re.sub(r"^\d+\s+", "", line)
        mark = re.match(r'write\(2, "(\w+)"', call)
        if mark:
            part = mark[1]
        elif part and not call.startswith(("+++", "---", "<...")):
            parts.setdefault(part, []).append(call)
    return parts


def paths(calls):
    """What is opened by a path from the root."""
    return {path for path in re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"', "\n".join(calls))}


def test_opening_costs_under_30_system_calls(trace, say):
    calls = trace()["open"]
    say(f"lvsarp_open(NULL): {len(calls)} system calls, opens {', '.join(sorted(paths(calls)))}")
    assert len(calls) < 30, calls
    assert paths(calls) == OPENED


def test_opening_another_namespace_costs_a_thread_more(trace, say):
    calls = trace("other")["open"]
    say(f'lvsarp_open("other"): {len(calls)} system calls, opens {", ".join(sorted(paths(calls)))}')
    assert sum(call.startswith(("clone", "clone3")) for call in calls) == 1, calls
    assert len(calls) < 60, calls
    assert paths(calls) == OPENED | {"/run/netns/other"}


@pytest.mark.parametrize("netns", [[], ["other"]], ids=["here", "other"])
def test_a_handle_that_is_kept_reads_levels_with_four_reads(trace, netns):
    calls = trace(*netns)["get"]
    assert [call.split("(")[0] for call in calls] == ["pread64"] * 4, calls


@pytest.mark.parametrize("netns", [[], ["other"]], ids=["here", "other"])
def test_closing_gives_back_and_does_nothing_else(trace, netns):
    calls = trace(*netns)["close"]
    assert calls and all(call.startswith(("close(", "munmap(")) for call in calls), calls


@pytest.mark.parametrize("command", [("program",), ("lifetime", "named", "other", "3")], ids=" ".join)
def test_what_a_signal_interrupts_is_repeated(command):
    """Every other one of these calls fails with EINTR."""
    strace = build.need("strace"), "-f", "-qq", "-o", "/dev/null"
    inject = "inject=socket,setsockopt,sendto,recvfrom,setns,flock,membarrier:error=EINTR:when=1+2"
    running.run(*command, under=(*strace, "-e", inject))
