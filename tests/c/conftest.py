"""C programs that run in a sandbox."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from lab import sandbox  # noqa: E402
from lab.say import say  # noqa: E402, F401


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture(scope="session")
def sandboxed(in_a_sandbox):
    """Run a program in a sandbox of its own; how it ended, with what it printed. Also for several threads at once."""

    def run(*command, **options):
        words = [sys.executable, "-m", "lab.sandbox", *map(str, command)]
        return subprocess.run(words, cwd=TESTS, capture_output=True, text=True, **options)

    return run
