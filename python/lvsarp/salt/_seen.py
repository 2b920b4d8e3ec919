"""What a host shows of a real server, and what the beacon has seen last."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from lvsarp import Event, Finding, Host, Report, Snapshot, Watch

# IFA_PROTO of what lvsarp bound.
OURS = 204

# What the beacon told last, by its name. Here and not in the beacon's file, which Salt executes anew whenever a state
# run synchronises modules: then the end of a drift would look like the first look of all.
LAST: dict[str, Any] = {}

# The beacon's watches by its name, each with the process that opened it and the VIPs that it is about. They stay open
# between two looks, also where Salt refreshes its beacons in between: what happens then would be missed. So the beacon
# has no close(), which Salt calls before each refresh and cannot tell from the end.
WATCHES: dict[str, tuple[int, list[str], Watch]] = {}

# When each watch was looked at last, by time.monotonic().
LOOKED: dict[str, float] = {}

# After so many seconds without a look a beacon is taken for one that was removed.
LONG = 86400.0


def look(host: Host, asked: Optional[list[str]]) -> tuple[Report, list[str]]:
    """A check of some addresses, or of what is bound and was applied; and the addresses that it is about."""
    report = host.check(asked)
    if asked is not None:
        return report, asked
    # What an apply had bound and is not there any more is in the findings only.
    missing = [finding.vip for finding in bad(report) if finding.vip]
    return report, list(dict.fromkeys([*vips(host.snapshot()), *missing]))


def happened(name: str) -> list[Event]:
    """What happened since the last call for a beacon of this name, where there is a watch of this process."""
    from os import getpid

    from lvsarp import LvsarpError

    process, _, watch = WATCHES.get(name, (None, None, None))
    if watch is None or process != getpid():
        return []
    try:
        return watch.dispatch()
    except (LvsarpError, ValueError):  # the look itself says what is wrong
        _close(name)
        return []


def keep_watching(name: str, host: Host, vips: list[str]) -> None:
    """Keeps a watch over these VIPs open for the next call. Where there can be none the looks go on alone."""
    from os import getpid
    from time import monotonic

    from lvsarp import LvsarpError

    wanted = getpid(), vips
    LOOKED[name] = monotonic()
    close_forgotten()
    if name in WATCHES:
        if WATCHES[name][:2] == wanted:
            return
        WATCHES.pop(name)[2].close()
    try:
        if vips:
            # Nobody waits for it, so its time is always over when a look comes: each reads the levels.
            WATCHES[name] = (*wanted, host.watch(vips, interval=0.01))
    except (LvsarpError, ValueError):
        pass


def close_forgotten() -> None:
    """Closes the watches of beacons that have not looked for long."""
    from time import monotonic

    for name in [name for name in WATCHES if monotonic() - LOOKED[name] > LONG]:
        _close(name)


def _close(name: str) -> None:
    LOOKED.pop(name, None)
    WATCHES.pop(name)[2].close()


def bad(report: Report) -> list[Finding]:
    """The findings that make a report not ok."""
    return [finding for finding in report.findings if finding.severity in ("error", "unknown")]


def brief(sentences: list[str]) -> list[str]:
    """The first of many sentences, 5 with the one that counts the others, each one line of at most 200 characters."""
    more = [f"and {len(sentences) - 4} more"] if len(sentences) > 5 else []
    return [sentence.partition("\n")[0][:200] for sentence in sentences[: 4 if more else 5]] + more


def vips(snapshot: Snapshot) -> list[str]:
    """The VIPs that ``Snapshot.check(None)`` looks at, also where no interface speaks ARP and so there is no verdict:
    those on loopback devices and VRFs, what lvsarp bound elsewhere, and the first address of each local route."""
    homes = {i.index for i in snapshot.interfaces if i.is_loopback or i.kind == "vrf"}
    bound = [a.local for a in snapshot.addresses if a.index in homes or a.proto == OURS]
    bound += [route.prefix.partition("/")[0] for route in snapshot.local_routes]
    return list(dict.fromkeys(vip for vip in bound if not _ordinary(vip)))


def interfaces(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Levels and addresses by interface. The levels are those of ``Snapshot.levels``, also where an interface's name is
    shown with ``\\xNN`` and cannot be asked for by it."""
    found: dict[str, dict[str, Any]] = {}
    for interface in snapshot.interfaces:
        levels: dict[str, Any] = {}
        for key in ("arp_ignore", "arp_announce"):
            own, for_all = None if interface.conf is None else interface.conf.get(key), snapshot.all.get(key)
            effective = None if own is None or for_all is None else max(own, for_all)
            levels[key] = {"own": own, "all": for_all, "effective": effective}
        addresses = [f"{a.local}/{a.prefixlen}" for a in snapshot.addresses if a.index == interface.index]
        found[interface.name] = {**levels, "addresses": addresses}
    return found


def _ordinary(address: str) -> bool:
    """Loopback, or link-local of IPv6: no VIP."""
    return address.startswith(("127.", "fe8", "fe9", "fea", "feb")) or address == "::1"
