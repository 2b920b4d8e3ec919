"""What the wire tells: who answers for a VIP, who speaks in its name, and what a real server is from outside."""

from __future__ import annotations

from . import _accept
from ._stream import Stream
from ._value import Value, decode, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional, Union

    from . import _native
    from ._types import AddressLike, Started


class Responder(Value):
    """One who answers for a VIP.

    vip
        The VIP.
    mac
        The MAC address that it says the VIP is at, which is what everybody learns.
    source
        The MAC address that its frames came from; another one than ``mac`` where somebody answers for somebody else.
    address
        Its own address, where the host that asks has one for the MAC address in its neighbour table, or None.
    count
        How many answers came.
    delay
        How long the first answer took after the last request before it, in seconds.
    ours
        Whether it is an interface of the host that asks.
    director
        Whether it is one of the known directors.
    duplicate
        Whether another MAC address answers for the same VIP as well.
    """

    vip: str
    mac: str
    source: str
    address: Optional[str]
    count: int
    delay: float
    ours: bool
    director: bool
    duplicate: bool

    def __str__(self) -> str:
        who = self.mac if self.address is None else f"{self.mac} ({self.address})"
        times = "1 answer" if self.count == 1 else f"{self.count} answers"
        told = [f"{self.vip} is at {who}", f"{times}, the first after {self.delay * 1000:.1f} ms"]
        return ", ".join(told + _known(self) + (["not the only one"] if self.duplicate else []))


class Responders(list[Responder]):
    """Those who answered a probe: a list of :class:`Responder`.

    lost
        How many answers were not counted, because the kernel or the probe had no room for them: where it is not 0 there
        may be more responders, and counts are too low.
    """

    lost: int

    def __init__(self, responders: Iterable[Responder] = (), lost: int = 0) -> None:
        super().__init__(responders)
        self.lost = lost


class Heard(Value):
    """A frame that carried a VIP as its sender.

    time
        When it was read, in seconds since 1970.
    interface
        The interface that heard it.
    vip
        The VIP.
    kind
        ``request`` (an ARP request for somebody else, which teaches everybody who hears it: the hijack), ``reply``,
        ``gratuitous-request``, ``gratuitous-reply``, and of IPv6 ``solicitation`` and ``advertisement``.
    mac
        The MAC address that it says the VIP is at.
    source
        The MAC address that the frame came from.
    target
        Whom it asked for, or told it to.
    ours
        Whether it is an interface of the host that listens.
    director
        Whether it is one of the known directors.
    """

    time: float
    interface: str
    vip: str
    kind: str
    mac: str
    source: str
    target: str
    ours: bool
    director: bool

    def __str__(self) -> str:
        told = [f"{self.interface}: {self.kind} from {self.vip} at {self.mac} for {self.target}"]
        return ", ".join(told + _known(self))


class Audit(Value):
    """What a real server is for one VIP, as seen from the wire.

    state
        ``healthy``: silent for the VIP, and it accepts what is sent to it. ``leaks``: it answers for the VIP or
        announces it. ``black-hole``: it is alive, and what the director sends it for the VIP is lost. ``down``: it
        does not answer for its own address, or nothing accepts connections to the VIP's port.
    vip
        The VIP.
    real_server
        The real server's own address.
    mac
        Its MAC address, or None where it did not answer for its own address.
    answered
        How many who-has for the VIP it answered.
    announced
        How many of its own requests carried the VIP as their sender.
    from_vip, from_real_server
        What came back from the VIP and from its own address, which are asked the same: ``none``, ``accepted``,
        ``refused`` (nobody listens on the port) or ``unreachable`` (an ICMP error).
    delay
        How long the first answer from the VIP took, in seconds, or None without one.
    others
        How many other MAC addresses answered for the VIP: directors, or other leaks.
    reasons
        Why, each one sentence, the most important first.
    """

    state: str
    vip: str
    real_server: str
    mac: Optional[str]
    answered: int
    announced: int
    from_vip: str
    from_real_server: str
    delay: Optional[float]
    others: int
    reasons: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether it is silent for the VIP and accepts what is sent to it. An audit itself is always true."""
        return self.state == "healthy"

    def __str__(self) -> str:
        return "\n".join([f"{self.state}: {self.vip} on {self.real_server}", *self.reasons])

    def _repr_html_(self) -> str:
        from ._html import audit

        return audit(self)


class Listener(Stream[Heard]):
    """Every frame on an interface that carries a VIP as its sender, from the moment on when it was opened: an iterator
    of :class:`Heard`.

    :func:`listen` and :meth:`Host.listen` open one. It waits for the next frame in a ``for``, and in an ``async for``
    on its descriptor in the running loop of asyncio, without a thread; or it is waited for with :meth:`wait` or in a
    loop of your own, and asked with :meth:`dispatch`. It ends when it is closed, by :meth:`close` or at the end of a
    ``with``.

    Threads that share one take turns, and each frame goes to one of them. It stays in its network namespace, and
    outlives the host that it was opened with. After a fork it is the parent's.
    """

    __slots__ = ()
    _inner: _native.Listener

    @property
    def lost(self) -> int:
        """How many frames were lost because they were not fetched in time."""
        self._check()
        return self._inner.lost()

    def _read(self, text: str) -> list[Heard]:
        return [Heard(**heard) for heard in decode(text)]


def _known(one: Union[Responder, Heard]) -> list[str]:
    return [word for word, is_so in (("ours", one.ours), ("a director", one.director)) if is_so]


def _wait_for(begun: Started) -> None:
    """Waits until there is something to do. A signal's handler, such as that of Ctrl-C, runs at once."""
    from select import POLLIN, poll

    watched = poll()
    watched.register(begun.fileno(), POLLIN)
    watched.poll()


def probe(
    inner: _native.Host,
    vips: Union[AddressLike, Iterable[AddressLike]],
    on: str,
    timeout: float,
    requests: int,
    sender: str,
    directors: Union[str, Iterable[str]],
) -> Responders:
    """Asks, and waits until the time is over."""
    prober = inner.prober(
        _accept.vips(vips), on, timeout, requests=requests, sender=sender, directors=_accept.macs(directors)
    )
    prober.start()
    while not prober.dispatch():
        _wait_for(prober)
    return Responders([Responder(**responder) for responder in decode(prober.responders())], prober.lost())


def audit(
    inner: _native.Host,
    vip: AddressLike,
    real_server: AddressLike,
    on: str,
    port: Optional[int],
    timeout: float,
    tries: int,
) -> Audit:
    """Audits, and waits until there is a result."""
    asked = _accept.address(vip), _accept.address(real_server)
    auditor = inner.auditor(*asked, on, port=port, timeout=timeout, tries=tries)
    auditor.start()
    while (text := auditor.dispatch()) is None:
        _wait_for(auditor)
    return Audit(**frozen(decode(text), "reasons"))
