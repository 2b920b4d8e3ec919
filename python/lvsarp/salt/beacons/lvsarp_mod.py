"""The beacon ``lvsarp``: an event when VIPs stop being silent, or are not silent for other reasons, and one when they
are again; each with what happened in between.

.. code-block:: yaml

    beacons:
      lvsarp:
        - vips:
          - 192.0.2.10
        - interval: 10

Without ``vips`` those of pillar ``lvsarp:vips`` and ``lvsarp:prefixes``, or of the minion's configuration; without
those what is bound, and what an apply had bound. The events are

    salt/beacon/<minion>/lvsarp/drift   {"ok": false, "vips": [...], "findings": [...], "count": 1, "changes": [...]}
    salt/beacon/<minion>/lvsarp/ok      {"ok": true, "vips": [...], "findings": [], "count": 0, "changes": [...]}
    salt/beacon/<minion>/lvsarp/change  the same, where something happened and the answer is the last one
    salt/beacon/<minion>/lvsarp/error   {"error": "...", "changes": [...]}    the host could not be looked at

each once, when the answer changes. ``findings`` are the first 20, ``count`` is the number of all. Another interface
with the same finding about the same VIP is no other reason. The first look after the minion has started is told only
where it is no ``ok``.

``changes`` are the fields of ``lvsarp.Event`` of what happened since the look before, each once: ``time`` in seconds
since 1970, ``kind``, ``vip``, ``scope``, ``key``, ``old``, ``new``, ``silent``, ``finding``, ``by`` and ``message``.
They are the first 200; where there are more, ``more_changes`` says how many. The kernel keeps for a watch what happens
between the looks, in order; it is fetched by the look, and ``time`` is when the look noticed it. Of a level that is
written through ``/proc/sys`` the look finds the last value only.

The watch stays open between the looks, with 11 descriptors and two more for each interface where there are at most 250.
Salt does not tell a beacon that it was removed: its watch is closed when it has not looked for a day and another beacon
of this kind looks or the grains are refreshed, and at the latest when the minion ends.
"""

from __future__ import annotations

import sys

try:
    import lvsarp
    from lvsarp.salt import _failures, _seen, _wanted

    HAS_LVSARP = True
except ImportError:
    HAS_LVSARP = False

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from lvsarp.salt._types import Virtual, __opts__, __pillar__

__virtualname__ = "lvsarp"

# So many findings are in an event: a host with 100 VIPs and 50 interfaces may have 10000.
MOST = 20

# And so many changes.
MOST_CHANGES = 200

# What Salt itself reads in the configuration of every beacon.
SALTS = ("interval", "enabled", "disable_during_state_run", "run_once", "beacon_module", "_beacon_name")


def __virtual__() -> Virtual:
    if not sys.platform.startswith("linux"):
        return False, "lvsarp works on Linux only"
    return __virtualname__ if HAS_LVSARP else (False, "the library lvsarp cannot be imported")


def validate(config: Any) -> tuple[bool, str]:
    """Whether the configuration can be used, and why not."""
    if not isinstance(config, list) or not all(isinstance(item, dict) for item in config):
        return False, "Configuration for lvsarp beacon must be a list of dictionaries."
    options = _options(config)
    strange = sorted(str(name) for name in options if name != "vips" and name not in SALTS)
    if strange:
        return False, f"Configuration for lvsarp beacon has options that mean nothing: {', '.join(strange)}."
    if options.get("vips") is not None:
        from ipaddress import ip_address

        try:
            vips = _wanted.targets(options["vips"], {}, {})
        except ValueError:
            return False, "Configuration for lvsarp beacon: vips must be a list of addresses, or one text with commas."
        if not vips:
            return False, "Configuration for lvsarp beacon: vips names no address; leave it out for those of pillar."
        for vip in vips:
            try:
                ip_address(vip)
            except ValueError:
                return False, f"Configuration for lvsarp beacon: {vip!r} in vips is no IPv4 or IPv6 address."
    return True, "Valid beacon configuration"


def beacon(config: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One look: an event where something happened, or the answer is another one than the last."""
    options = _options(config)
    name = options.get("_beacon_name", __virtualname__)
    changes: list[dict[str, Any]] = []
    try:
        asked = _wanted.targets(options.get("vips"), __pillar__, __opts__)
        with lvsarp.Host() as host:
            changes = [event.as_dict() for event in _seen.happened(name)]
            tag, state, event = _look(host, asked)
            _seen.keep_watching(name, host, event["vips"])
    except Exception as error:  # a beacon that raises is told by Salt on every look
        text = _failures.text(error)
        tag, state, event = "error", text, {"error": text}
    before = _seen.LAST.get(name)
    _seen.LAST[name] = tag, state
    if before == (tag, state) or (before is None and tag == "ok"):
        if not changes:
            return []
        tag = "change"
    event["changes"] = changes[:MOST_CHANGES]
    if len(changes) > MOST_CHANGES:
        event["more_changes"] = len(changes) - MOST_CHANGES
    return [{"tag": tag, **event}]


def _look(host: lvsarp.Host, asked: Optional[list[str]]) -> tuple[str, Any, dict[str, Any]]:
    """The tag, what makes it the same as another one, and the event."""
    report, vips = _seen.look(host, asked)
    bad = _seen.bad(report)
    # Without the interface: on a host of containers each new one would be news.
    reasons = {(finding.code, finding.vip) for finding in bad}
    findings = [finding.as_dict() for finding in bad[:MOST]]
    event = {"ok": report.ok, "vips": vips, "findings": findings, "count": len(bad)}
    return "ok" if report.ok else "drift", reasons, event


def _options(config: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for item in config for name, value in item.items()}
