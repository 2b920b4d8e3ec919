"""What a state tells: changes, reasons and warnings in the shapes that Salt shows."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lvsarp import Changes, Finding, Host, Step

    from ._types import Addresses
    from ._wanted import Wanted

# The file of Salt's own sysctl.present, and the finding about a line of ours in it.
SALTS_FILE, SALTS_LINE = "/99-salt.conf", "level-of-another-tool"


def changes(steps: Iterable[Step]) -> dict[str, Any]:
    """``{thing: {"old": ..., "new": ...}}``. A file that gets another text is rewritten: it was present before, too."""
    told: dict[str, Any] = {}
    for step in steps:
        new = "rewritten" if step.act == "write" and step.old is not None else step.new
        old = told[step.thing]["old"] if step.thing in told else step.old
        told[step.thing] = {"old": old, "new": new}
    return told


def server(wanted: Wanted) -> str:
    """The beginning of a sentence about it."""
    named = [*wanted.vips, *wanted.prefixes]
    more = f" and {len(named) - 4} more" if len(named) > 4 else ""
    return f"The real server of {', '.join(named[:4])}{more}"


def done(who: str, steps: Iterable[Step], was: str) -> list[str]:
    """What steps did to a real server, as sentences; ``was`` is that word, or ``would be``."""
    acts = {step.act for step in steps}
    files, removals = acts & {"write", "remove"}, acts & {"unbind", "delete-route"}
    told = [f"{who} {was} made silent."] if acts - files - removals else []
    told += [f"What is not listed any more {was} removed."] if removals else []
    told += [f"What brings it back after a reboot {was} written."] if files else []
    return told or [f"{who} is silent already."]


def one_state(others: Iterable[str]) -> str:
    """Why a state that says what the whole minion is to be does nothing beside others."""
    return (
        f"This run has another lvsarp.real_server ({', '.join(others)}), and a minion is one real server: put all VIPs "
        "into one state. Nothing is changed."
    )


def reasons(findings: Iterable[Finding]) -> list[str]:
    """The findings that make an answer not ok, as sentences."""
    return [str(finding) for finding in findings if finding.severity in ("error", "unknown")]


def warnings(findings: Iterable[Finding]) -> list[str]:
    """What a person should look at although the state is fine."""
    return [str(finding) for finding in findings if finding.severity != "info"]


def of_salt(host: Host, wanted: Wanted) -> list[str]:
    """Lines about the levels in the file that Salt's ``sysctl.present`` writes, by the prediction of the next boot."""
    found = host.boot(wanted.targets(), rehearse=False).findings
    return [str(finding) for finding in found if finding.code == SALTS_LINE and SALTS_FILE in finding.message]


def addresses(texts: Iterable[str]) -> Addresses:
    """Addresses as objects, whatever their spelling and prefix. Raises ValueError for what is none."""
    from ipaddress import ip_address

    return {ip_address(text.partition("/")[0]) for text in texts}


def bound(host: Host, unwanted: Addresses, gone: Iterable[str]) -> list[str]:
    """Sentences about those of some addresses that are bound. ``gone`` are the things of steps that would unbind."""
    there = [(f"{a.local}/{a.prefixlen} dev {a.dev}", addresses([a.local])) for a in host.addresses()]
    left = [thing for thing, local in there if local & unwanted and thing not in gone]
    return [f"{thing}: lvsarp did not bind it, so it is left there." for thing in left]


def both(first: Changes, second: Changes) -> Changes:
    """What two calls changed, as one."""
    changed = first.changed or second.changed
    return type(first)(changed, first.steps + second.steps, first.findings + second.findings)
