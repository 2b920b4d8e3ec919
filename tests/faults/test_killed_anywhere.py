"""SIGKILL at every system call of apply and undo: the next command leaves the host exactly before or exactly after.

Each call is killed once, and the commands that come next take turns; with LVSARP_FAULTS=all each of them follows each call.
"""
import json

import deeds
import pytest
import victim
from victim import APPLY, CHECK, UNDO


@pytest.mark.parametrize("rescue", [CHECK, APPLY, UNDO], ids=lambda command: f"then_{command[0]}")
@pytest.mark.parametrize("command", [APPLY, UNDO], ids=lambda command: command[0])
def test_killed_at_any_call_the_next_command_leaves_before_or_after(victims, command, rescue, say):
    calls, _ = victims.submit(victim.ask, deeds.listed, command).result()
    assert len(calls) > 60, calls
    calls = victim.a_share(calls, [CHECK, APPLY, UNDO].index(rescue), 3)
    under_way = [victims.submit(victim.hurt, deeds.killed, command, call, rescue) for call in calls]
    complaints = [complaint for result in under_way for complaint in result.result()]
    say(f"{command[0]} killed at each of {len(calls)} system calls, then {rescue[0]}: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("rescue", [CHECK, UNDO], ids=lambda command: command[0])
def test_the_rescue_may_be_killed_at_any_call_too(victims, rescue, say):
    first = last_change(victims.submit(victim.ask, deeds.listed, APPLY).result()[0])
    calls = victims.submit(victim.ask, deeds.listed_after_kill, APPLY, first, rescue).result()
    under_way = [victims.submit(victim.hurt, deeds.killed_again, APPLY, first, call, rescue) for call in calls]
    complaints = [complaint for result in under_way for complaint in result.result()]
    say(f"apply killed at its last change, then {rescue[0]} killed at each of {len(calls)} calls: {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)


def test_undo_after_a_killed_apply_says_what_it_took_back(victims):
    last = last_change(victims.submit(victim.ask, deeds.listed, APPLY).result()[0])
    told = json.loads(victims.submit(victim.ask, deeds.undo_told_after_kill, last).result())
    assert told["changed"] and {"set", "unbind"} <= {step["act"] for step in told["steps"]}, told


def last_change(calls):
    """Where apply has changed all it wants to, and has not committed yet."""
    return [call for call in calls if call.name in ("rename", "renameat", "renameat2")][-1]
