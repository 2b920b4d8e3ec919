"""What comes out: findings, reports, plans and changes."""

from __future__ import annotations

from ._value import Value, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional, Union


class Finding(Value):
    """One thing that was found.

    code
        A stable word for programs, such as ``vip-answered``.
    severity
        ``error`` (a VIP is not silent, or not there), ``unknown`` (it could not be told), ``warning`` (silent, but
        for a reason that may not last, or at a price) or ``info``.
    interface, vip
        What it is about, or None.
    message
        What was found, in one sentence.
    hint
        What to do about it; empty where there is nothing to do.
    """

    code: str
    severity: str
    interface: Optional[str]
    vip: Optional[str]
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}" + (f"; {self.hint}" if self.hint else "")

    def _brief(self) -> str:
        return " ".join([word for word in (self.severity, self.code, self.interface, self.vip) if word])


class Verdict(Value):
    """What the kernel does about one VIP on one interface that is up and speaks ARP.

    vip, interface
        Which.
    replies
        Whether a who-has for the VIP that arrives here is answered, for some sender. None: a level that decides is
        unknown.
    announces
        Whether a request that leaves here can carry the VIP as its sender, for some target. None: unknown.
    """

    vip: str
    interface: str
    replies: Optional[bool]
    announces: Optional[bool]


class Report(Value):
    """The answer to "is every VIP silent?".

    Look at ``ok``: a report itself is always true, whatever it says.

    ok
        No finding is an error, and nothing that decides was unknown.
    findings
        What was found, the most important first.
    verdicts
        Every VIP on every interface that is up and speaks ARP.
    """

    ok: bool
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]

    def __repr__(self) -> str:
        return f"Report(ok={self.ok}, findings={brief(self.findings)}, verdicts={len(self.verdicts)})"

    def __str__(self) -> str:
        return "\n".join(["silent" if self.ok else "not silent", *map(str, self.findings)])

    def _repr_html_(self) -> str:
        from ._html import report

        return report(self)


class Step(Value):
    """One change and why it is made.

    act
        ``set``, ``bind``, ``unbind``, ``rebind``, ``add-route`` or ``delete-route``; of a file ``write`` or ``remove``.
    thing
        What it is done to: ``eth0/arp_ignore``, ``192.0.2.10/32 dev lo``, ``local 198.51.100.0/24 dev lo``, or the path
        of a file.
    old, new
        The value before and after: an int for a level, otherwise text. None where there was or will be nothing.
    reason
        Why.
    """

    act: str
    thing: str
    old: Union[int, str, None]
    new: Union[int, str, None]
    reason: str

    def __str__(self) -> str:
        text = f"{self.act} {self.thing}"
        if self.new is None or self.act in ("add-route", "write"):
            return text
        return f"{text}: {self.new}" if self.old is None else f"{text}: {self.old} -> {self.new}"


class Changes(Value):
    """What a call changed.

    changed
        Whether anything was changed. After a dry run it is False: look at ``steps``.
    steps
        What was changed, in order; after a dry run what would be.
    findings
        What the caller should know besides: things left alone, side effects, what a check found afterwards.
    """

    changed: bool
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"Changes(changed={self.changed}, steps={_brief_steps(self.steps)}, findings={brief(self.findings)})"

    def __str__(self) -> str:
        return _lines(self.steps, self.findings)

    def _repr_html_(self) -> str:
        from ._html import changes

        return changes(self)


class Plan(Value):
    """What an apply would do, and what would be found afterwards.

    steps
        The steps, in order: levels first, then addresses and routes. Empty where everything is right already.
    findings
        What the steps may break elsewhere, and what a check would find after them, the most important first.
    ok
        Whether every VIP is silent after the steps. Where it is False an apply is refused and changes nothing.
    """

    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    ok: bool

    @property
    def changed(self) -> bool:
        """False: a plan has the shape of what an apply gives, and has changed nothing."""
        return False

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data, ``changed`` included."""
        return {"changed": False, **super().as_dict()}

    def __repr__(self) -> str:
        return f"Plan(ok={self.ok}, steps={_brief_steps(self.steps)}, findings={brief(self.findings)})"

    def __str__(self) -> str:
        return _lines(self.steps, self.findings)

    def _repr_html_(self) -> str:
        from ._html import plan

        return plan(self)


def brief(findings: Iterable[Finding]) -> str:
    """Findings in a repr."""
    return _brief([finding._brief() for finding in findings])


def _brief_steps(steps: Iterable[Step]) -> str:
    return _brief([str(step) for step in steps])


def _brief(texts: list[str]) -> str:
    """The first of many: 200 VIPs have 200 steps."""
    most = 12
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return "[" + ", ".join(texts[:most] + more) + "]"


def _lines(steps: Iterable[Step], findings: Iterable[Finding]) -> str:
    return "\n".join([*map(str, steps), *map(str, findings)]) or "nothing to do"


def _findings(data: dict[str, Any]) -> tuple[Finding, ...]:
    return tuple([Finding(**finding) for finding in data["findings"]])


def findings(text: str) -> tuple[Finding, ...]:
    """Findings from the native module's JSON."""
    return tuple([Finding(**finding) for finding in decode(text)])


def _steps(data: dict[str, Any]) -> tuple[Step, ...]:
    return tuple([Step(**step) for step in data["steps"]])


def report(text: str) -> Report:
    """A report from the native module's JSON."""
    return report_of(decode(text))


def report_of(data: dict[str, Any]) -> Report:
    """A report from decoded JSON."""
    return Report(data["ok"], _findings(data), tuple([Verdict(**verdict) for verdict in data["verdicts"]]))


def changes(text: str) -> Changes:
    """Changes from the native module's JSON."""
    data = decode(text)
    return Changes(data["changed"], _steps(data), _findings(data))


def plan(text: str) -> Plan:
    """A plan from the native module's JSON."""
    data = decode(text)
    return Plan(_steps(data), _findings(data), data["ok"])
