"""The behaviour suite in tests/conformance, through C: the same cases run through the other faces."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build
import pytest

FILES = sorted((Path(__file__).resolve().parents[1] / "conformance").glob("*.json"))
CASES = [
    pytest.param(file, number, id=f"{file.stem}: {case['name']}")
    for file in FILES
    for number, case in enumerate(json.loads(file.read_text()))
]
SOURCES = [f"conformance{part}.c" for part in ("", "_boot", "_calls", "_look", "_root", "_values")]
SANITIZERS = "address,undefined"
WATCHED = 99  # how a watcher ends a program that it found something in
VALGRIND = (
    "valgrind",
    "--quiet",
    f"--error-exitcode={WATCHED}",
    "--leak-check=full",
    "--show-leak-kinds=all",
    "--errors-for-leak-kinds=definite,indirect,possible",
)
REQUEST = {"target": "192.0.2.10", "sender": "192.0.2.1", "on": "lo"}
LEAK = """
#include <lvsarp.h>

int main(void)
{
    struct lvsarp_host *h;
    int rc = lvsarp_open(0, &h);
    h = 0;
    return rc != 0;
}
"""


@pytest.fixture(scope="session")
def runner():
    return build.program("conformance", *SOURCES, flags=build.package("jansson"))


@pytest.fixture(scope="session")
def sanitized():
    return build.program("conformance", *SOURCES, flags=build.package("jansson"), sanitize=SANITIZERS)


@pytest.fixture
def sanitizer_options(monkeypatch):
    found = f"exitcode={WATCHED}:detect_leaks=1:detect_stack_use_after_return=1"
    monkeypatch.setenv("ASAN_OPTIONS", f"{found}:fast_unwind_on_malloc=0")  # Rust keeps no frame pointers


@pytest.fixture
def watched(sandboxed, sanitizer_options):
    """Run every case with a program that watches it; what went wrong, by case."""

    def run(*command):
        def one(case):
            return case.id, sandboxed(*command, *case.values)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return {name: done.stderr for name, done in pool.map(one, CASES) if done.returncode != 0}

    return run


@pytest.mark.parametrize(("file", "number"), CASES)
def test_case(runner, sandboxed, file, number):
    done = sandboxed(runner, file, number)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "call",
    [
        {"call": "bind", "with": {"vip": "192.0.2.10"}, "expect": False},
        {"call": "bind", "with": {"vip": "192.0.2.10"}, "error": "unsupported"},
        {"call": "bind", "with": {"vip": "0.0.0.0"}},
        {"call": "bind", "with": {"vip": "0.0.0.0"}, "error": "no-interface"},
        {"call": "get", "with": {"name": "eth7"}, "error": "no-interface", "says": "not that"},
        {"call": "get", "with": {"name": "lo"}, "expect": {"arp_ignore": {"own": 7}}},
        {"call": "get", "with": {"name": "lo"}, "expect": {"arp_filter": {}}},
        {"call": "addresses", "with": {"dev": "lo"}, "expect": []},
        {"call": "addresses", "with": {"dev": "lo"}, "expect": [{"local": "127.0.0.1", "peer": "127.0.0.1"}, {}]},
        {"call": "shown", "with": {"dev": "lo"}, "expect": ["127.0.0.1/8 host lo"]},
        {"call": "sysctl", "with": {"key": "all/arp_ignore"}, "expect": "0"},
        {"call": "sh", "with": {"line": "false"}},
        {"call": "would_reply", "with": REQUEST, "expect": {"replies": True}},
        {"call": "would_reply", "with": REQUEST, "expect": {"trace": []}},
        {"call": "would_reply", "with": {**REQUEST, "set": "all.arp_ignore=1"}, "error": "invalid-input"},
        {"call": "would_reply", "with": {**REQUEST, "set": "nothing"}},
        {"call": "would_announce", "with": {"target": "192.0.2.1", "on": "lo"}, "expect": {"rule": "sender"}},
        {"call": "undo", "with": {"force": True}},
        {"call": "boot"},
        {"call": "tree", "expect": []},
        {"call": "pray"},
    ],
    ids=str,
)
def test_a_case_that_does_not_hold_is_named(runner, sandboxed, tmp_path, call):
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps([{"name": "a wrong one", "setup": [], "calls": [call]}]))
    done = sandboxed(runner, file, 0)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a wrong one" in done.stderr
    assert call["call"] in done.stderr


def test_there_are_cases_and_the_runner_finds_them(runner, sandboxed):
    assert len(CASES) > 20
    file, number = CASES[-1].values
    done = sandboxed(runner, file, number + 1)
    assert done.returncode == 1
    assert f"no case {number + 1}" in done.stderr


@pytest.mark.slow
def test_valgrind_finds_no_wrong_access_and_no_leak(runner, watched):
    build.need("valgrind")
    assert watched(*VALGRIND, runner) == {}


def test_the_sanitizers_find_no_wrong_access_and_no_leak(sanitized, watched):
    assert watched(sanitized) == {}


@pytest.mark.parametrize(
    ("sanitize", "command"), [(SANITIZERS, ()), pytest.param("", VALGRIND, marks=pytest.mark.slow)]
)
def test_a_handle_that_is_not_closed_is_found(sandboxed, sanitizer_options, tmp_path, sanitize, command):
    source = tmp_path / "leak.c"
    source.write_text(LEAK)
    done = sandboxed(*command, build.program("leak", source, sanitize=sanitize))
    assert done.returncode == WATCHED, done
    assert "lvsarp_open" in done.stderr
