"""Several hosts to hurt at once, each in a process and a sandbox of its own."""
import concurrent.futures
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import disk  # noqa: E402
import victim  # noqa: E402
from lab import sandbox  # noqa: E402
from lab.say import say  # noqa: E402, F401
from lab.program import lvsarp  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture(scope="session")
def program():
    return lvsarp()


@pytest.fixture(scope="session")
def strace():
    assert shutil.which("strace"), "cannot inject faults: strace is not installed (Debian package strace)"


@pytest.fixture(scope="session")
def victims(program, strace):
    """A pool of processes; each holds one Victim, which `victim.hurt` finds there."""
    with hosts(program) as pool:
        yield pool


@pytest.fixture(scope="session")
def disks(program, strace):
    """The same with a Disk in each process."""
    with hosts(program, disk.Disk) as pool:
        yield pool


def hosts(*arguments):
    fresh = multiprocessing.get_context("spawn")  # a new interpreter has one thread, as a user namespace wants
    return concurrent.futures.ProcessPoolExecutor(os.cpu_count(), fresh, victim.prepare, arguments)
