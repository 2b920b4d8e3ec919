"""Errors: one base class, and subclasses that are the built-in exceptions of the same meaning as well."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from ._outcome import Finding


class LvsarpError(OSError):
    """Anything that failed, other than a wrong argument (that is a ValueError or TypeError).

    Its text names the act, the thing and the cause, and on a second line what to do, where there is something to do.

    errno
        The errno that stands for it, as in :mod:`errno`.
    strerror
        The text without the hint.
    kind
        A stable word for programs: ``no-interface``, ``no-namespace``, ``permission``, ``read-only``,
        ``unsupported``, ``lock-timeout``, ``interrupted`` (the kernel's tables kept changing), ``journal``,
        ``not-verified``, ``refused`` or ``system``.
    hint
        What to do about it, or None.
    rolled_back
        None: nothing had been changed. True: what had been changed was put back. False: the way back failed in part;
        the next apply, undo or check tries again.
    findings
        Why an apply was refused or not verified, the most important first; empty for anything else.
    """

    kind: str
    hint: Optional[str]
    rolled_back: Optional[bool]
    findings: tuple[Finding, ...]

    def __init__(
        self,
        errno: int,
        strerror: str,
        kind: str = "system",
        hint: Optional[str] = None,
        rolled_back: Optional[bool] = None,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        super().__init__(errno, strerror)
        self.kind = kind
        self.hint = hint
        self.rolled_back = rolled_back
        self.findings = findings

    def __str__(self) -> str:
        return _text(str(self.strerror), self.hint)


class AccessError(LvsarpError, PermissionError):
    """A capability is missing, or the file system is mounted read-only. ``EPERM`` or ``EROFS``"""


class NoInterfaceError(LvsarpError, LookupError):
    """There is no such interface, or it vanished. ``ENODEV``"""


class NoNamespaceError(LvsarpError, FileNotFoundError):
    """There is no such network namespace. ``ENOENT``"""


class UnsupportedError(LvsarpError):
    """The kernel or the platform does not have it. ``EOPNOTSUPP``"""


class LockTimeoutError(LvsarpError, TimeoutError):
    """Another process held the namespace's lock until the deadline. ``ETIMEDOUT``"""


class JournalError(LvsarpError):
    """The undo journal cannot be used; it was kept aside. ``EBADMSG``"""


class NotVerifiedError(LvsarpError):
    """The act was done but the kernel does not show it, or the result is not silent: see its findings. ``EIO``"""


class RefusedError(LvsarpError):
    """Nothing was done: the plan could not make every VIP silent (see its findings), a VIP is not this host's to
    announce, or a file is not lvsarp's, was edited since, or is masked. ``ECANCELED``"""


_CLASSES = {
    "permission": AccessError,
    "read-only": AccessError,
    "no-interface": NoInterfaceError,
    "no-namespace": NoNamespaceError,
    "unsupported": UnsupportedError,
    "lock-timeout": LockTimeoutError,
    "journal": JournalError,
    "not-verified": NotVerifiedError,
    "refused": RefusedError,
}


def _text(text: str, hint: Optional[str]) -> str:
    return f"{text}\nhint: {hint}" if hint else text


def from_native(
    kind: str, errno: int, text: str, hint: Optional[str], rolled_back: Optional[bool], findings: str
) -> Union[LvsarpError, ValueError]:
    """The exception for an error of the native module, which calls this; ``findings`` are a list in JSON."""
    if kind == "invalid-input":
        return ValueError(_text(text, hint))
    why: tuple[Finding, ...] = ()
    if findings != "[]":
        from ._outcome import findings as read

        why = read(findings)
    return _CLASSES.get(kind, LvsarpError)(errno, text, kind, hint, rolled_back, why)
