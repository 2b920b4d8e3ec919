"""The next boot: what will be in force after it, and which line of which file decides."""

from __future__ import annotations

from . import _outcome
from ._value import Value, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from ._outcome import Finding, Verdict


class BootLevel(Value):
    """One level after the next boot.

    scope
        Where it stands: an interface, ``all`` or ``default``.
    key
        ``arp_ignore`` or ``arp_announce``.
    value
        The value when the boot is over.
    late
        The value where the interface is only added after the loader has run, if that is another one; else None.
    file
        The file that decides, as its path below the root. None where no file does and the kernel's 0 stays, and where
        the loader did something else than its rules say.
    line
        The line in that file, from 1, or None.
    by_default
        Whether it comes by way of ``default``, which the kernel copies to interfaces that have no value of their own.
    """

    scope: str
    key: str
    value: int
    late: Optional[int]
    file: Optional[str]
    line: Optional[int]
    by_default: bool

    def __str__(self) -> str:
        text = f"{self.scope}/{self.key} = {self.value}"
        if self.late is not None:
            text += f", or {self.late} if the interface is added later"
        if self.file is None:
            return text
        return f"{text} ({self.file}:{self.line}{' by way of default' if self.by_default else ''})"


class Boot(Value):
    """The answer to "what will be in force after a reboot?".

    Look at ``ok``: a prediction itself is always true, whatever it says.

    ok
        No finding is an error, and nothing that decides was unknown.
    findings
        What was found in the files, and what a check would find after the boot; the most important first.
    verdicts
        Every VIP on every interface that is up and speaks ARP, after the boot.
    levels
        Both levels of ``all``, ``default``, lo and every interface.
    loader
        The program that sets them at boot and its version, such as ``systemd-sysctl 252``.
    rehearsed
        Whether that program itself was run in namespaces of its own to see what it does. Otherwise its rules were
        worked out.
    """

    ok: bool
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    levels: tuple[BootLevel, ...]
    loader: str
    rehearsed: bool

    def __repr__(self) -> str:
        findings = _outcome.brief(self.findings)
        counts = f"verdicts={len(self.verdicts)}, levels={len(self.levels)}"
        return (
            f"Boot(ok={self.ok}, findings={findings}, {counts}, loader={self.loader!r}, rehearsed={self.rehearsed})"
        )

    def __str__(self) -> str:
        return "\n".join(["silent after a reboot" if self.ok else "not silent after a reboot", *map(str, self.findings)])

    def _repr_html_(self) -> str:
        from ._html import boot

        return boot(self)


def boot(text: str) -> Boot:
    """A prediction from the native module's JSON."""
    data = decode(text)
    levels = tuple([BootLevel(**level) for level in data["levels"]])
    report = _outcome.report_of(data)
    return Boot(report.ok, report.findings, report.verdicts, levels, data["loader"], data["rehearsed"])
