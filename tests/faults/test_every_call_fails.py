"""Every system call of apply and undo fails in turn: rolled back with a clear message, or harmless and done.

Each call with each error fails once, or from then on, in turn; with LVSARP_FAULTS=all in both ways.
"""
import deeds
import pytest
import victim
from strace_faults import NEVER_FAIL, ERRORS, OTHERS
from victim import APPLY, UNDO


def faults(victims, command):
    """All (call, error) from the command's own business on."""
    calls, business = victims.submit(victim.ask, deeds.listed, command).result()
    return [(call, error) for call in calls[business:] if call.name not in NEVER_FAIL
            for error in ERRORS.get(call.name, OTHERS)]


@pytest.mark.parametrize("deed", [deeds.failed, deeds.failed_on], ids=["once", "from_then_on"])
@pytest.mark.parametrize("command", [APPLY, UNDO], ids=lambda command: command[0])
def test_a_failing_call_is_reported_and_rolled_back(victims, command, deed, say):
    turn = [deeds.failed, deeds.failed_on].index(deed)
    points = [(call, error) for call, error in victim.a_share(faults(victims, command), turn, 2)
              if (deed, error) != (deeds.failed_on, "EINTR")]  # to try again for ever is right, and a signal ends some day
    assert len(points) > 20, points
    under_way = [victims.submit(victim.hurt, deed, command, call, error) for call, error in points]
    complaints = [complaint for result in under_way for complaint in result.result()]
    say(f"{command[0]} with {len(points)} failing calls ({deed.__name__}): {len(complaints)} complaints")
    assert not complaints, "\n".join(complaints)
