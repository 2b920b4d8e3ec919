"""The states ``lvsarp.real_server`` and ``lvsarp.absent``: a silent LVS-DR real server, and none any more.

.. code-block:: yaml

    silent real server:
      lvsarp.real_server:
        - vips:
          - 192.0.2.10
        - persist: true

What is not given is taken from pillar ``lvsarp:<name>``, else from ``lvsarp: {<name>: ...}`` in the minion's
configuration. A minion is one real server, with all its VIPs in one state.
"""

from __future__ import annotations

try:
    import lvsarp
    from lvsarp.salt import _failures, _told, _wanted

    HAS_LVSARP = True
except ImportError:
    HAS_LVSARP = False

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from lvsarp.salt._types import Addresses, Result, Return, Texts, Virtual, __opts__, __pillar__, __salt__

__virtualname__ = "lvsarp"


def __virtual__() -> Virtual:
    if not HAS_LVSARP:
        return False, "the library lvsarp cannot be imported"
    return __virtualname__ if "lvsarp.apply" in __salt__ else (False, "the execution module lvsarp is not loaded")


def real_server(
    name: str,
    vips: Texts = None,
    prefixes: Texts = None,
    scope: Optional[str] = None,
    dev: Optional[str] = None,
    label: Optional[str] = None,
    address_scope: Optional[str] = None,
    method: Optional[str] = None,
    force: Optional[bool] = None,
    persist: Optional[bool] = None,
    exact: Optional[bool] = None,
) -> Return:
    """The minion is a real server that accepts packets to the VIPs, and neither answers nor announces them in ARP.

    name
        Only names the state.
    vips, prefixes, scope, dev, label, address_scope, method, force, persist, exact
        As in the execution function ``lvsarp.apply``.

    A state with ``exact`` or ``persist`` says what the whole minion is to be: beside another ``real_server`` in the
    same run it fails and changes nothing.

    ``changes`` has for each level, address, route and file what it was and what it is. The host is read again
    afterwards: the result is True only if every VIP is silent then and nothing is left to do. A failure is rolled back.

    In test mode nothing is changed: the result is None where something would be, with the same ``changes``, and False
    where the real run would be refused.
    """
    given = {
        "vips": vips,
        "prefixes": prefixes,
        "scope": scope,
        "dev": dev,
        "label": label,
        "address_scope": address_scope,
        "method": method,
        "force": force,
        "persist": persist,
        "exact": exact,
    }
    try:
        wanted = _wanted.named(given, __pillar__, __opts__)
        if (wanted.exact or wanted.persist) and (others := _others(name)):
            return _return(name, False, {}, [_told.one_state(others)], [])
        warnings = _wanted.unknown(__pillar__, __opts__)
        with lvsarp.Host() as host:
            return _real_server(name, host, wanted, warnings)
    except (lvsarp.LvsarpError, TypeError, ValueError) as error:
        return _failed(name, error)


def _real_server(name: str, host: lvsarp.Host, wanted: _wanted.Wanted, warnings: list[str]) -> Return:
    planned = host.plan(**wanted.plan())
    who = _told.server(wanted)
    if not planned.ok:
        reasons = _told.reasons(planned.findings)
        return _return(name, False, {}, [f"{who} cannot be made silent, so nothing is changed.", *reasons], warnings)
    if __opts__.get("test"):
        foreseen = host.apply(**wanted.apply(), dry_run=True)
        warnings += _told.warnings(foreseen.findings) + _told.of_salt(host, wanted)
        result = None if foreseen.steps else True
        return _return(
            name, result, _told.changes(foreseen.steps), _told.done(who, foreseen.steps, "would be"), warnings
        )
    done = host.apply(**wanted.apply())
    changes = _told.changes(done.steps)
    try:
        report = host.check(wanted.targets())
        accepted = host.plan(**wanted.plan())
        left = host.apply(**wanted.apply(), dry_run=True).steps
        salts = _told.of_salt(host, wanted)
    except lvsarp.LvsarpError as error:
        return _return(
            name, False, changes, ["It was not possible to look at it afterwards:", _failures.text(error)], warnings
        )
    # What force lets through is an error of every check, and an apply accepts it.
    known = accepted.findings if accepted.ok and not accepted.steps else ()
    reasons = _told.reasons(finding for finding in report.findings if finding not in known)
    warnings += _told.warnings((*done.findings, *(() if reasons else report.findings))) + salts
    if reasons or left:
        more = [*reasons, *[f"still to do: {step}" for step in left]]
        return _return(name, False, changes, [f"{who} is not silent, or not as it was made.", *more], warnings)
    return _return(name, True, changes, _told.done(who, done.steps, "was"), warnings)


def _others(name: str) -> list[str]:
    """The other real_server states of this run, by their identifiers. None where Salt injects no run, as for a state
    that another state calls."""
    run, this = globals().get("__lowstate__") or (), globals().get("__low__") or {}
    ours = this.get("__id__"), name
    found = [low for low in run if (low["state"], low["fun"]) == (__virtualname__, "real_server")]
    return [low["__id__"] for low in found if (low["__id__"], low["name"]) != ours]


def absent(name: str, vips: Texts = None, persist: Optional[bool] = None) -> Return:
    """The minion is no real server of lvsarp's any more: what apply did is taken back, and nothing else.

    name
        Only names the state.
    vips
        What must not be bound on any device afterwards. One that somebody else bound is left alone, and the result is
        False. Without: those of pillar or configuration; an empty list for none.
    persist
        Also remove the files that bring it back after a reboot. Default True.

    In test mode nothing is changed: the result is None where something would be, with the same ``changes``.
    """
    try:
        files = persist is None or _wanted.flag(persist, "argument persist")
        unwanted = _told.addresses(_wanted.find({"vips": vips}, __pillar__, __opts__, ["vips"]).vips)
        with lvsarp.Host() as host:
            return _absent(name, host, files, unwanted)
    except (lvsarp.LvsarpError, TypeError, ValueError) as error:
        return _failed(name, error)


def _absent(name: str, host: lvsarp.Host, files: bool, unwanted: Addresses) -> Return:
    # What is wrong with the files is said here, before anything is undone.
    undone = host.undo(persist=files, dry_run=True)
    if __opts__.get("test"):
        gone = [step.thing for step in undone.steps if step.act == "unbind"]
        return _taken_back(name, undone, _told.bound(host, unwanted, gone), None, "would be")
    undone = host.undo()
    try:
        if files:
            undone = _told.both(undone, host.unpersist())
        left = host.undo(persist=files, dry_run=True).steps
        bound = _told.bound(host, unwanted, ())
    except lvsarp.LvsarpError as error:
        return _return(
            name, False, _told.changes(undone.steps), [_failures.text(error)], _told.warnings(undone.findings)
        )
    return _taken_back(name, undone, [*bound, *[f"still to do: {step}" for step in left]], True, "was")


def _taken_back(name: str, undone: lvsarp.Changes, left: list[str], result: Result, was: str) -> Return:
    changes, warnings = _told.changes(undone.steps), _told.warnings(undone.findings)
    if left:
        return _return(name, False, changes, left, warnings)
    if not changes:
        return _return(name, True, {}, ["There is nothing of lvsarp to take back."], warnings)
    return _return(name, result, changes, [f"What lvsarp did {was} taken back."], warnings)


def _failed(name: str, error: BaseException) -> Return:
    return _return(name, False, {}, [_failures.text(error)], [])


def _return(name: str, result: Result, changes: dict[str, Any], comment: list[str], warnings: list[str]) -> Return:
    told = {"name": name, "result": result, "changes": changes, "comment": "\n".join(comment)}
    return {**told, "warnings": list(dict.fromkeys(warnings))} if warnings else told
