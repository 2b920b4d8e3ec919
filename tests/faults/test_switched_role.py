"""Promote and demote under faults: healed by the next call, and the same command goes on where it was.

A kill comes at every system call that changes something, or begins to: killed at any other call, a command leaves what it leaves at the next of
these. After each comes the same command, and one of check, undo and the opposite command in turn; after a demote check and apply each time.
"""
import pytest
import switched
import victim
from conftest import hosts


@pytest.fixture(scope="module")
def nodes(program, strace):
    """A pool of processes with a Node for each case."""
    with hosts(program, switched.Nodes) as pool:
        yield pool


@pytest.fixture
def found(nodes, name):
    """The system calls of a case's command behind its lock."""
    return nodes.submit(victim.ask, switched.listed, name).result()


def complaints_of(nodes, deed, name, points):
    under_way = [nodes.submit(victim.hurt, deed, name, *point) for point in points]
    return [complaint for result in under_way for complaint in result.result()]


@pytest.mark.parametrize("name", switched.CASES)
def test_killed_at_any_change_the_same_command_goes_on_and_any_other_heals(nodes, found, name, say):
    points = switched.changing(found)
    assert len(points) > 8, points
    deeds = [([call], rescue) for at, call in enumerate(points) for rescue in switched.rescues(name, at)]
    complaints = complaints_of(nodes, switched.killed, name, deeds)
    say(f"{name} killed at {len(points)} of {len(found)} system calls, {len(deeds)} rescues: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", switched.CASES)
def test_a_command_that_goes_on_may_be_killed_too(nodes, found, name, say):
    """The first kill is where all is done and not committed yet."""
    first = [call for call in switched.changing(found) if call.name.startswith("rename")][-1]
    calls = nodes.submit(victim.ask, switched.listed_after_kill, name, first).result()
    # Also where the call that was killed has removed the address, no answer may be under way when demote returns.
    assert any(call.name == "membarrier" for call in calls) or name == "promote"
    points = switched.changing(calls)
    deeds = [([first, call], switched.CASES[name].command) for call in points]
    complaints = complaints_of(nodes, switched.killed, name, deeds)
    say(f"{name} killed at its commit, then at {len(points)} system calls: {len(complaints)} complaints")
    assert points and not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", switched.CASES)
def test_a_failing_call_is_reported_and_rolled_back(nodes, found, name, say):
    points = switched.failing(found)
    complaints = complaints_of(nodes, switched.failed, name, points)
    say(f"{name} with {len(points)} failing calls: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)
