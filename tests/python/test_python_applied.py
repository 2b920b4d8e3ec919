"""An apply for the length of a block, and what shrinks: exact applies and dry runs of the way back."""

import glob
import inspect
import os
import subprocess
import sys

import lvsarp
import pytest

VIP, OTHER = "192.0.2.10", "192.0.2.20"


def journal():
    """The journal of the namespace in which something was applied last."""
    return max(glob.glob("/run/lvsarp/*.json"), key=lambda path: os.stat(path).st_mtime_ns)


def state(host):
    """What apply and undo may touch."""
    snapshot = host.snapshot().as_dict()
    return [snapshot[part] for part in ("all", "default", "interfaces", "addresses", "local_routes")]


def test_a_block_takes_back_what_it_applied(host):
    before = state(host)
    with host.applied([VIP], prefixes=["198.51.100.0/24"]) as changes:
        assert changes.changed and host.check([VIP]).ok and host.get("all").arp_ignore.own == 1
    assert state(host) == before and host.undo().changed is False


def test_a_block_leaves_what_was_applied_before_it(host):
    host.apply([VIP])
    before = state(host)
    block = host.applied([OTHER], scope="interface")
    with block as changes:
        assert {step.thing for step in changes.steps} >= {f"{OTHER}/32 dev lo"}
    assert state(host) == before and block.reverted.steps[0].thing == f"{OTHER}/32 dev lo"
    assert {step.thing for step in host.undo().steps} >= {f"{VIP}/32 dev lo", "all/arp_ignore"}


def test_an_exact_block_brings_back_what_it_removed(host):
    host.apply([VIP], prefixes=["198.51.100.0/24"])
    before = state(host)
    with host.applied([OTHER], exact=True):
        assert [address.local for address in host.vips()] == [OTHER]
    assert state(host) == before
    host.undo()
    assert host.vips() == []


def test_a_block_that_changes_nothing_takes_nothing_back(host):
    host.apply([VIP])
    before = state(host)
    block = host.applied([VIP])
    with block as changes:
        assert not changes.changed
    assert state(host) == before and not block.reverted.changed


def test_what_somebody_else_changed_in_the_block_is_left_alone_and_said(host, server):
    block = host.applied([VIP])
    with block:
        server.set_conf("all", "arp_ignore", 2)
    assert [finding.code for finding in block.reverted.findings] == ["left-alone"]
    assert server.conf("all", "arp_ignore") == 2 and server.conf("all", "arp_announce") == 0


def test_what_a_later_apply_changed_again_stays(host, server):
    server.set_conf("all", "arp_ignore", 3)
    block = host.applied([VIP])
    with block:
        host.apply([VIP, OTHER], label="lo:7")
    assert "left-alone" in [finding.code for finding in block.reverted.findings]
    assert {(a.local, a.label) for a in host.vips()} == {(VIP, "lo:7"), (OTHER, "lo:7")}
    host.undo()
    assert host.vips() == []


def test_the_levels_of_a_block_stay_where_anothers_vip_needs_them(host):
    before = state(host)
    block = host.applied([VIP])
    with block:
        host.apply([OTHER])
    assert [address.local for address in host.vips()] == [OTHER] and host.check().ok
    (finding,) = block.reverted.findings
    assert (finding.code, finding.vip) == ("levels-stay", OTHER)
    host.undo()
    assert state(host) == before


def test_blocks_that_end_in_the_wrong_order_leak_nothing(host):
    before = state(host)
    first, second = host.applied([VIP]), host.applied([OTHER])
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert [address.local for address in host.vips()] == [OTHER] and host.check().ok
    second.__exit__(None, None, None)
    assert host.vips() == [] and host.undo().changed
    assert state(host) == before


def test_a_block_gives_back_the_scope_that_an_address_had(host, server):
    server.ip(f"addr add {VIP}/32 dev lo")
    host.apply([VIP], address_scope="host")
    before = state(host)
    with host.applied([VIP, OTHER], address_scope="global", exact=True):
        assert {(a.local, a.scope) for a in host.vips()} == {(VIP, "global"), (OTHER, "global")}
    assert state(host) == before


def test_a_signal_on_the_way_into_a_block_leaves_nothing(host, server):
    before, locks = state(host), set(glob.glob("/run/lvsarp/*.lock"))
    host.apply([VIP])
    host.undo()
    (lock,) = set(glob.glob("/run/lvsarp/*.lock")) - locks
    program = (
        "import fcntl, os, signal, sys, threading, time, lvsarp\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where a shell runs this in the background
        "host = lvsarp.Host()\n"
        "lock = open(sys.argv[1], 'r+')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "def later():\n"
        "    time.sleep(0.3); os.kill(os.getpid(), signal.SIGINT); time.sleep(0.3); fcntl.flock(lock, fcntl.LOCK_UN)\n"
        "threading.Thread(target=later).start()\n"
        "try:\n"
        "    with host.applied(['192.0.2.10']): print('in the block')\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, lock], stdout=subprocess.PIPE, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("interrupted\n", 0) and state(host) == before


def test_an_undo_in_the_block_is_enough(host):
    before = state(host)
    block = host.applied([VIP])
    with block:
        host.undo()
    assert state(host) == before and not block.reverted.changed


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_of_the_block_goes_on(host, error):
    before = state(host)
    with pytest.raises(type(error)) as caught, host.applied([VIP]):
        raise error
    assert caught.value is error and state(host) == before and not getattr(error, "__notes__", [])


def test_what_cannot_be_taken_back_is_an_error_or_a_note_of_the_blocks_own(host):
    def spoil():
        with open(journal(), "w") as file:
            file.write("no journal")

    with pytest.raises(lvsarp.JournalError), host.applied([VIP]):
        spoil()
    host.unbind(VIP)
    with pytest.raises(ZeroDivisionError) as caught, host.applied([VIP]):
        spoil()
        1 / 0
    (note,) = caught.value.__notes__
    assert "could not take back" in note and "journal" in note


def test_an_exception_that_takes_no_note_goes_on_all_the_same(host):
    class Closed(Exception):
        def __setattr__(self, name, value):
            raise AttributeError(name)

    with pytest.raises(Closed), host.applied([VIP]):
        with open(journal(), "w") as file:
            file.write("no journal")
        raise Closed
    host.unbind(VIP)


def test_what_cannot_be_applied_raises_before_the_block(host, server):
    server.ip("addr add 192.0.2.10/32 dev eth0")
    before = state(host)
    with pytest.raises(lvsarp.RefusedError), host.applied([VIP]):
        raise AssertionError("the block ran")
    assert state(host) == before
    with pytest.raises(ValueError, match="at least one VIP"), host.applied([]):
        raise AssertionError("the block ran")


def test_one_object_is_for_one_block(host):
    block = host.applied([VIP])
    with block:
        pass
    with pytest.raises(RuntimeError, match="entered before"), block:
        raise AssertionError("the block ran")


def test_a_block_takes_what_apply_takes():
    words = inspect.signature(lvsarp.Host.apply).parameters
    assert set(inspect.signature(lvsarp.Host.applied).parameters) == set(words) - {"persist", "dry_run"}


def test_a_dry_run_of_undo_says_what_undo_does(host):
    host.apply([VIP])
    before = state(host)
    foretold = host.undo(dry_run=True)
    assert not foretold.changed and state(host) == before
    assert host.undo().steps == foretold.steps


def test_a_plan_is_exact_as_the_apply_is(host):
    host.apply([VIP, OTHER])
    plan = host.plan([OTHER], exact=True)
    assert [str(step) for step in plan.steps] == [f"unbind {VIP}/32 dev lo"]
    assert host.apply([OTHER], exact=True, dry_run=True).steps == plan.steps
    assert host.apply([OTHER], exact=True).steps == plan.steps
    assert host.plan([OTHER], exact=True).steps == ()


def test_an_exact_apply_on_an_unusable_journal_changes_nothing(host):
    host.apply([VIP, OTHER])
    before = state(host)
    with open(journal(), "w") as file:
        file.write("no journal")
    for act in host.plan, host.apply:
        with pytest.raises(lvsarp.JournalError, match="cannot read the journal"):
            act([OTHER], exact=True)
    assert state(host) == before
