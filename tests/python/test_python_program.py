"""`python -m lvsarp` and the console script are the program itself."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import lvsarp
import pytest
from lvsarp.__main__ import main

SCRIPT = str(Path(sys.executable).parent / "lvsarp")
WAYS = {"module": [sys.executable, "-m", "lvsarp"], "script": [SCRIPT]}


def run(way, *arguments, **options):
    return subprocess.run([*WAYS[way], *arguments], capture_output=True, timeout=60, **options)


@pytest.mark.parametrize("way", WAYS)
def test_the_program_applies_checks_and_undoes(server, host, way):
    assert run(way, "check", "--vip", "192.0.2.10").returncode == 1
    done = run(way, "apply", "--vip", "192.0.2.10", "--json")
    assert (done.returncode, json.loads(done.stdout)["changed"]) == (0, True), done.stderr
    assert host.get("eth0").arp_ignore.effective == 1 and [a.local for a in host.vips()] == ["192.0.2.10"]
    assert run(way, "check", "--vip", "192.0.2.10").returncode == 0
    assert run(way, "undo").returncode == 0
    assert host.vips() == []


@pytest.mark.parametrize("way", WAYS)
def test_its_name_version_and_errors(way):
    done = run(way, "--version", text=True)
    assert (done.returncode, done.stdout.strip()) == (0, f"lvsarp {lvsarp.__version__}")
    done = run(way, "apply", "--vip", "256.1.1.1", text=True)
    assert done.returncode == 2 and done.stderr.startswith("lvsarp: cannot use address")
    assert run(way).returncode == 2


def test_arguments_that_are_not_utf8_arrive_as_they_are():
    done = run("module", b"status", b"eth\xff")
    assert done.returncode == 2 and b"UTF-8" in done.stderr and b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly():
    shell = f"{sys.executable} -m lvsarp levels | head -n 1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True)
    assert done.stdout.strip() and done.stderr == ""


def test_main_returns_the_status_and_puts_the_handler_back(server, capfd):
    before = signal.getsignal(signal.SIGINT)
    print("before", end=" ")
    assert main(["check", "--vip", "192.0.2.10", "--json"]) == 1
    assert signal.getsignal(signal.SIGINT) is before
    written = capfd.readouterr().out
    assert written.startswith("before ") and json.loads(written[7:])["ok"] is False


def test_main_runs_in_any_thread(server, capfd):
    import threading

    status = []
    thread = threading.Thread(target=lambda: status.append(main(["levels", "arp_ignore"])))
    thread.start()
    thread.join()
    assert status == [0]


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_ends_it_at_once(server, host, way):
    host.apply(["192.0.2.20"])
    host.undo()
    newest = max(Path("/run/lvsarp").glob("*.lock"), key=os.path.getmtime)
    with open(newest) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = subprocess.Popen(
            [*WAYS[way], "apply", "--vip", "192.0.2.10", "--lock-timeout", "60"], stderr=subprocess.PIPE
        )
        try:
            deadline = time.monotonic() + 20
            opened = Path(f"/proc/{child.pid}/fd")
            while not any(os.path.realpath(fd) == str(newest) for fd in opened.iterdir()):
                assert time.monotonic() < deadline and child.poll() is None, "it never waited for the lock"
                time.sleep(0.01)
            start = time.monotonic()
            child.send_signal(signal.SIGINT)
            _, text = child.communicate(timeout=20)
        finally:
            child.kill()
            child.wait()
    assert child.returncode == -signal.SIGINT and time.monotonic() - start < 5
    assert text == b""


def test_the_console_script_is_installed():
    assert shutil.which(SCRIPT), f"no {SCRIPT}: install the package into this environment"
