"""The order of undo's system calls: the VIP goes, then the packets in flight, then the levels."""
import deeds
import victim
from victim import UNDO


def test_undo_waits_for_the_packets_in_flight_between_the_last_vip_and_the_first_level(victims):
    """The race that this closes is too narrow for a storm to hit, so its place is looked at."""
    calls, _ = victims.submit(victim.ask, deeds.listed, UNDO).result()
    lines = [str(call) for call in calls]
    unbound = [at for at, line in enumerate(lines) if "RTM_DELADDR" in line or "RTM_DELROUTE" in line]
    waited = [at for at, line in enumerate(lines) if line.startswith("membarrier")]
    levels = [at for at, line in enumerate(lines) if "RTM_SETLINK" in line or line.startswith("write") and '"0\\n"' in line]
    assert unbound and levels and len(waited) == 1, "\n".join(lines)
    assert max(unbound) < waited[0] < min(levels), "\n".join(lines)
