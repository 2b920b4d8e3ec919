"""What changes on a host that is to stay silent, as it changes."""

from __future__ import annotations

from . import _outcome
from ._stream import Stream
from ._value import Value, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from . import _native
    from ._outcome import Finding


class Event(Value):
    """One thing that happened on a host.

    time
        When it was noticed, in seconds since 1970.
    kind
        ``vip-added``, ``vip-removed``, ``vip-misplaced`` (on a device that speaks ARP), ``level-changed``,
        ``interface-unprotected`` (one that appeared, came up or left its bridge or bond, and a VIP is not silent on
        it), ``device-down`` and ``device-up`` (one on which a VIP is bound), ``resynced`` (the kernel had more to tell
        than the socket holds, and everything was read again), ``repaired``, ``repair-failed``, or ``repair-limited``
        (repairs wait, because something else keeps changing the host).
    vip
        The VIP, or None.
    scope
        The device, or ``all`` or ``default`` for a level, or None.
    key
        ``arp_ignore`` or ``arp_announce`` for a level, or None.
    old, new
        Before and after, as text: the value of a level, how an address was bound, ``up`` or ``down``. None where there
        was or is nothing.
    silent
        Whether every VIP is silent and there, by a check after the event. None: it could not be told.
    finding
        The most important error that this check found, or None.
    by
        Who did it: the name and the number of a process. None where that is not known.
    message
        What happened, in one sentence.
    """

    time: float
    kind: str
    vip: Optional[str]
    scope: Optional[str]
    key: Optional[str]
    old: Optional[str]
    new: Optional[str]
    silent: Optional[bool]
    finding: Optional[Finding]
    by: Optional[str]
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Watch(Stream[Event]):
    """What happens on a host from the moment on when it was opened: an iterator of :class:`Event`.

    :meth:`Host.watch` opens one. It waits for the next event in a ``for``, and in an ``async for`` on its descriptor
    in the running loop of asyncio, without a thread; or it is waited for with :meth:`wait` or in a loop of your own,
    and asked with :meth:`dispatch`, which also does the repairs. It ends when it is closed, by :meth:`close` or at the
    end of a ``with``.

    Threads that share one take turns, and each event goes to one of them. It stays in its network namespace, and
    outlives the host that it was opened with. After a fork it is the parent's.
    """

    __slots__ = ()
    _inner: _native.Watch

    @property
    def vips(self) -> tuple[str, ...]:
        """The VIPs that are watched."""
        self._check()
        return tuple(self._inner.vips())

    def _read(self, text: str) -> list[Event]:
        return [_event(data) for data in decode(text)]


def _event(data: dict[str, Any]) -> Event:
    finding = data["finding"]
    return Event(**{**data, "finding": None if finding is None else _outcome.Finding(**finding)})
