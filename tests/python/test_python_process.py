"""What the package does to its process: threads, the interpreter's lock, forks, descriptors, imports."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import lvsarp
import pytest


def descriptors():
    return sorted(os.listdir("/proc/self/fd"))


@pytest.fixture
def locked(host):
    """The namespace's lock is held, as by another lvsarp at work."""
    host.apply(["192.0.2.20"])
    host.undo()
    newest = max(Path("/run/lvsarp").glob("*.lock"), key=os.path.getmtime)
    with open(newest) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield newest


def test_a_held_lock_ends_in_a_timeout_error(host, locked):
    start = time.monotonic()
    for wait in (
        lambda: host.apply(["192.0.2.10"], lock_timeout=0.2),
        lambda: host.apply(["192.0.2.10"], lock_timeout=0),
    ):
        with pytest.raises(lvsarp.LockTimeoutError, match="another lvsarp has held the lock") as caught:
            wait()
        assert isinstance(caught.value, TimeoutError)
    assert 0.2 <= time.monotonic() - start < 5
    assert host.vips() == []


def test_other_threads_run_while_a_call_waits(host, locked):
    done = []

    def wait():
        try:
            host.apply(["192.0.2.10"], lock_timeout=1.5)
        except lvsarp.LockTimeoutError as error:
            done.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    turns = 0
    while thread.is_alive():
        time.sleep(0.01)
        turns += 1
    thread.join()
    assert done and turns > 20, f"{turns} turns in 1.5 s"


def test_eight_threads_share_one_host(server, host):
    failures = []

    def work(number):
        vip = f"198.51.100.{number}"
        try:
            for _ in range(25):
                assert host.bind(vip)
                assert vip in [a.local for a in host.vips()]
                assert host.get("eth0").arp_ignore.own == 0
                assert {i.name for i in host.interfaces()} == {"lo", "eth0"}
                assert {i.name for i in host.snapshot().interfaces} == {"lo", "eth0"}
                assert vip in {v.vip for v in host.check([vip]).verdicts}
                assert host.unbind(vip)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert host.vips() == []


def test_parent_and_child_of_a_fork_can_both_go_on_with_a_host(host):
    """On one netlink socket each would take the other's answers, and see empty lists."""
    expected = host.addresses()
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            try:
                right = all(host.addresses() == expected for _ in range(300)) and host.get("eth0").arp_ignore.own == 0
                os._exit(0 if right else 1)
            finally:
                os._exit(2)
        children.append(child)
    assert all(host.addresses() == expected for _ in range(300))
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]


def test_a_forked_host_stays_in_its_namespace(forked, host):
    def elsewhere():
        from lab.sandbox import CLONE_NEWNET, call

        call("unshare", CLONE_NEWNET)
        return [i.name for i in host.interfaces()]

    assert forked(elsewhere) == [i.name for i in host.interfaces()]


def test_a_thousand_hosts_leave_no_descriptor_behind(server):
    lvsarp.Host().get("eth0")
    before = descriptors()
    for number in range(1000):
        host = lvsarp.Host("rs1") if number % 100 == 0 else lvsarp.Host()
        assert host.get("eth0").arp_ignore.own == 0
        if number % 2:
            host.close()
    with pytest.raises(lvsarp.NoInterfaceError):
        host.close()
        lvsarp.Host().get("eth7")
    del host
    assert descriptors() == before


def test_a_closed_host_says_so(server):
    with lvsarp.Host() as host:
        assert host.get("eth0")
    host.close()
    for call in (host.snapshot, host.interfaces, lambda: host.get("eth0"), lambda: host.apply(["192.0.2.10"])):
        with pytest.raises(ValueError, match="the host is closed"):
            call()
    assert repr(host) == "Host()"


def test_descriptors_do_not_survive_an_exec(host):
    host.get("eth0")
    listed = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, close_fds=False).stdout
    assert "net:[" not in listed and "arp_ignore" not in listed and "socket:" not in listed


IMPORT = """
import json, os, sys
def descriptors():
    return sorted(os.listdir("/proc/self/fd"))
before, modules = descriptors(), set(sys.modules)
import lvsarp
print(json.dumps({
    "fds": descriptors() == before,
    "threads": len(os.listdir("/proc/self/task")),
    "modules": sorted(set(sys.modules) - modules),
}))
"""


def test_an_import_starts_no_thread_opens_nothing_and_loads_little():
    done = subprocess.run([sys.executable, "-I", "-c", IMPORT], capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    assert seen["fds"] and seen["threads"] == 1
    heavy = {
        "asyncio",
        "dataclasses",
        "enum",
        "html",
        "inspect",
        "ipaddress",
        "json",
        "re",
        "select",
        "signal",
        "socket",
        "subprocess",
        "threading",
        "typing",
    }
    assert not heavy & set(seen["modules"]), seen["modules"]


def test_the_public_names_and_the_version():
    from importlib.metadata import version

    assert lvsarp.__version__ == version("lvsarp")
    assert sorted(lvsarp.__all__) == sorted(n for n in dir(lvsarp) if not n.startswith("_") or n == "__version__")
    names: dict = {}
    exec("from lvsarp import *", names)
    assert set(lvsarp.__all__) <= set(names)


def public_members(cls):
    for name in dir(cls):
        if not name.startswith("_") and not hasattr(BaseException, name) and not hasattr(OSError, name):
            yield name, getattr(cls, name)


def test_every_public_name_is_explained():
    missing = []
    for name in lvsarp.__all__:
        value = getattr(lvsarp, name)
        if isinstance(value, str):
            continue
        if not value.__doc__:
            missing.append(name)
        if isinstance(value, type):
            members = public_members(value)
            missing += [f"{name}.{n}" for n, m in members if (callable(m) or isinstance(m, property)) and not m.__doc__]
            fields = getattr(value, "_fields", ())
            missing += [f"{name}.{field}" for field in fields if field not in value.__doc__]
    assert missing == []
