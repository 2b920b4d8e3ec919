"""C and C++ programs that use handles for long, in callbacks, after a fork, and in threads."""

import os

import pytest
import running

SOAK = os.environ.get("LVSARP_SOAK_SECONDS", "5")
# AddressSanitizer itself does not survive a thread that is cancelled.
CANCELLED = ("threads", "cancel", "1", "other")
# What every program is called with here. A watched one does less: it is ten to fifty times slower.
PLAIN = [
    ("callbacks",),
    ("lifetime", "here", "10000"),
    ("lifetime", "named", "other", "500"),
    ("lifetime", "get", "100000"),
    ("lifetime", "ask", "5000"),
    ("lifetime", "what-if", "50000"),
    ("lifetime", "loops", "300"),
    ("fork", "other"),
    ("threads", "two", "2"),
    ("threads", "two", "1", "other"),
    ("threads", "one", "1"),
    ("threads", "cancel", "1"),
    CANCELLED,
    ("boot", "files"),
    ("boot", "image"),
    ("many_vips",),
    ("program",),
]
WATCHED = [
    ("callbacks",),
    ("fork", "other"),
    ("threads", "two", "3", "other"),
    ("threads", "one", "1"),
    ("boot", "files"),
    ("many_vips",),
    ("program",),
]


def words(command):
    return " ".join(command)


@pytest.mark.parametrize("command", PLAIN, ids=words)
def test_a_program_ends_well(command, say):
    for line in running.run(*command).splitlines():
        say(line)


def test_a_rehearsal_leaves_nothing_behind(say):
    say(running.run("boot", "rehearsal").strip())


def test_a_handle_keeps_few_descriptors_and_hands_none_on(say):
    for line in running.run("lifetime", "descriptors", "other", wires=7).splitlines():
        say(line)


def test_calls_on_another_namespace_do_not_slow_down(say):
    for line in running.run("lifetime", "steady", "other", "1000").splitlines():
        say(line)


@pytest.mark.slow
@pytest.mark.parametrize("command", WATCHED, ids=words)
def test_a_program_has_no_error_that_sanitizers_see(command):
    running.sanitized(*command)


@pytest.mark.slow
@pytest.mark.parametrize("command", [*WATCHED, CANCELLED], ids=words)
def test_a_program_has_no_error_that_valgrind_sees(command):
    running.under_valgrind(*command)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["helgrind", "drd"])
def test_two_threads_with_two_handles_share_nothing(tool):
    """In one namespace without a name: the atomics of std's own threads are invisible to both tools."""
    running.run("threads", "two", "3", under=(*running.VALGRIND, f"--tool={tool}"))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["two", "one"])
def test_threads_get_along_for_long(how, say):
    """For $LVSARP_SOAK_SECONDS."""
    say(running.run("threads", how, SOAK, timeout=60 + float(SOAK)).strip())
