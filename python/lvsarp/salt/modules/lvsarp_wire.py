"""The part of the execution module ``lvsarp`` that is about the wire: who answers for a VIP, what a real server is as
seen from outside, announcements, and the change of roles in a cluster of two.

The VIPs are those of the argument, else those of pillar ``lvsarp:vips`` or of ``lvsarp: {vips: ...}`` in the minion's
configuration: a list, or one text with commas. All results are plain data.
"""

from __future__ import annotations

import sys

try:
    import lvsarp
    from lvsarp.salt import _call, _failures, _wanted

    HAS_LVSARP = True
except ImportError:
    HAS_LVSARP = False

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from lvsarp._types import ProbeSender
    from lvsarp.salt._types import Texts, Virtual, __context__, __opts__, __pillar__

__virtualname__ = "lvsarp"

# So many frames are in an answer of listen: a VIP that is fought for may be in thousands.
MOST = 100


def __virtual__() -> Virtual:
    if not sys.platform.startswith("linux"):
        return False, "lvsarp works on Linux only"
    return __virtualname__ if HAS_LVSARP else (False, "the library lvsarp cannot be imported")


def probe(
    interface: str,
    vips: Texts = None,
    timeout: float = 1.0,
    requests: int = 3,
    sender: ProbeSender = "own",
    directors: Texts = None,
) -> dict[str, Any]:
    """Asks on the wire who has the VIPs: by ARP, and by neighbour solicitations for IPv6.

    interface
        The interface by which it is asked, such as ``eth0``.
    vips
        The VIPs. Without: those of pillar or configuration.
    timeout
        How long answers are collected, in seconds. Default 1.
    requests
        How many requests are sent for each VIP: 1 to 1000. Default 3.
    sender
        ``own`` (default): an address of the interface, as a neighbour asks. ``unspecified``: 0.0.0.0, from which nobody
        learns. ``both``: one after the other.
    directors
        The MAC addresses that may answer, a list or one text with commas.

    Returns ``responders`` (each with ``vip``, ``mac``, ``source``, ``address``, ``count``, ``delay`` in seconds,
    ``ours``, ``director`` and ``duplicate``), ``lost``, how many answers were not counted for want of room, and
    ``ok``: whether each VIP has exactly one, and a director if any is named. The return code is that of
    ``lvsarp probe``: 1 where it is not so.

    CLI Example:

    .. code-block:: bash

        salt 'director' lvsarp.probe eth0
        salt 'director' lvsarp.probe eth0 192.0.2.10,192.0.2.11 directors=02:00:00:00:00:02
    """
    with _failures.shown(), lvsarp.Host() as host:
        asked, known = _vips(vips), _macs(directors)
        found = host.probe(asked, interface, timeout, requests=requests, sender=sender, directors=known)
        alone = {one.vip for one in found if not one.duplicate and (one.director or not known)}
        ok = len(alone) == len(asked)
        _call.set_retcode(__context__, 0 if ok else 1)
        return {"ok": ok, "responders": [one.as_dict() for one in found], "lost": found.lost}


def listen(interface: str, vips: Texts = None, seconds: float = 10.0, directors: Texts = None) -> dict[str, Any]:
    """Hears for a while who speaks in the name of the VIPs, without sending anything.

    interface
        The interface that listens, such as ``eth0``.
    vips
        The VIPs. Without: those of pillar or configuration.
    seconds
        For how long. Default 10.
    directors
        The MAC addresses that may speak for them, a list or one text with commas.

    Returns ``count``, how many frames carried a VIP as their sender, ``heard``, the first 100 of them (each with
    ``time`` in seconds since 1970, ``interface``, ``vip``, ``kind``, ``mac``, ``source``, ``target``, ``ours`` and
    ``director``), ``lost``, how many frames came too fast to be read, and ``ok``: whether all were ours or a
    director's. The return code is 1 where they were not.

    CLI Example:

    .. code-block:: bash

        salt 'director' lvsarp.listen eth0
        salt 'director' lvsarp.listen eth0 192.0.2.10 seconds=60 directors=02:00:00:00:00:02
    """
    from time import monotonic

    with _failures.shown(), lvsarp.Host() as host:
        until = monotonic() + _seconds(seconds)
        heard: list[dict[str, Any]] = []
        count, ok = 0, True
        with host.listen(_vips(vips), interface, directors=_macs(directors)) as listener:
            while (left := until - monotonic()) > 0 and listener.wait(left):
                for frame in listener.dispatch():
                    count, ok = count + 1, ok and (frame.ours or frame.director)
                    heard += [frame.as_dict()] if len(heard) < MOST else []
            lost = listener.lost
        _call.set_retcode(__context__, 0 if ok else 1)
        return {"ok": ok, "count": count, "heard": heard, "lost": lost}


def audit(
    vip: str, real_server: str, interface: str, port: Optional[int] = None, timeout: float = 1.0, tries: int = 8
) -> dict[str, Any]:
    """Looks from outside, as the director does, whether a real server is silent for a VIP and accepts it.

    vip
        The VIP.
    real_server
        The real server's own address.
    interface
        The interface of this minion behind which it is, such as ``eth0``.
    port
        The TCP port on which the VIP is served. Without: an ICMP echo request, which says nothing about the service.
    timeout
        The deadline in seconds. Default 1.
    tries
        How often each question is asked: 1 to 1000. Default 8.

    Returns ``state`` (``healthy``, ``leaks``, ``black-hole`` or ``down``), ``reasons``, ``vip``, ``real_server``,
    ``mac``, ``answered``, ``announced``, ``from_vip``, ``from_real_server``, ``delay`` in seconds and ``others``. The
    return code is that of ``lvsarp audit``: 1 unless it is healthy.

    CLI Example:

    .. code-block:: bash

        salt 'director' lvsarp.audit 192.0.2.10 192.0.2.11 eth0 port=80
    """
    with _failures.shown(), lvsarp.Host() as host:
        audited = host.audit(vip, real_server, interface, port=port, timeout=timeout, tries=tries)
        _call.set_retcode(__context__, 0 if audited.healthy else 1)
        return audited.as_dict()


def announce(
    interface: str,
    vips: Texts = None,
    count: int = 3,
    interval: float = 1.0,
    request: bool = True,
    reply: bool = True,
    force: bool = False,
    test: Optional[bool] = None,
) -> dict[str, Any]:
    """Tells all neighbours by gratuitous ARP that the VIPs are at this minion: for the director, after a leak was
    mended. Refused on a real server.

    interface
        The interface on which the VIPs are, such as ``eth0``.
    vips
        The VIPs. Without: those of pillar or configuration.
    count
        How many rounds: 1 to 1000. Default 3.
    interval
        How long between two rounds, in seconds. Default 1.
    request
        Whether the request form of gratuitous ARP is sent. Default True.
    reply
        Whether the reply form is sent. Default True.
    force
        Also where a VIP is on a loopback device, or not on the interface. Default False.
    test
        True: send nothing, and fail where the run would be refused. Default: the minion's ``test``.

    Returns ``sent``: how many frames.

    CLI Example:

    .. code-block:: bash

        salt 'director' lvsarp.announce eth0
        salt 'director' lvsarp.announce eth0 192.0.2.10 count=1
    """
    with _failures.shown(), lvsarp.Host() as host:
        named = _vips(vips)
        given = {"request": request, "reply": reply, "force": force}
        flags = {name: _wanted.flag(value, f"argument {name}") for name, value in given.items()}
        if _call.is_test(test, __opts__):
            host.announce(named, interface, count=count, interval=interval, dry_run=True, **flags)
            return {"sent": 0}
        return {"sent": host.announce(named, interface, count=count, interval=interval, **flags)}


def promote(
    interface: str,
    vips: Texts = None,
    dev: Optional[str] = None,
    announce: bool = True,
    test: Optional[bool] = None,
) -> dict[str, Any]:
    """Makes a silent real server the owner of the VIPs: each moves from lo to the interface, and is then announced.
    ``lvsarp.undo`` takes it back.

    interface
        The interface on which the owner answers for them, such as ``eth0``.
    vips
        The VIPs. Without: those of pillar or configuration.
    dev
        The device of a silent real server's VIPs. Default: that of pillar or configuration, else ``lo``.
    announce
        Tell the neighbours afterwards, which takes 2 seconds. Default True.
    test
        True: change nothing and return the steps that would be done. Default: the minion's ``test``.

    Returns ``changed``, ``steps`` and ``findings``.

    CLI Example:

    .. code-block:: bash

        salt 'rs1' lvsarp.promote eth0 192.0.2.10 test=True
        salt 'rs1' lvsarp.promote eth0 192.0.2.10
    """
    with _failures.shown(), lvsarp.Host() as host:
        named, options = _switch(vips, dev=dev)
        told, dry_run = _wanted.flag(announce, "argument announce"), _call.is_test(test, __opts__)
        return host.promote(named, interface, **options, announce=told, dry_run=dry_run).as_dict()


def demote(
    interface: str,
    vips: Texts = None,
    dev: Optional[str] = None,
    scope: Optional[str] = None,
    test: Optional[bool] = None,
) -> dict[str, Any]:
    """Makes the owner of the VIPs a silent real server: the levels first, then each VIP moves from the interface to lo.
    ``lvsarp.undo`` takes it back.

    interface
        The interface on which the VIPs are, such as ``eth0``.
    vips
        The VIPs. Without: those of pillar or configuration.
    dev
        The device of a silent real server's VIPs. Default: that of pillar or configuration, else ``lo``.
    scope
        Where the levels are set, ``all`` or ``interface``. Default: that of pillar or configuration, else ``all``.
    test
        True: change nothing and return the steps that would be done. Default: the minion's ``test``.

    Returns ``changed``, ``steps`` and ``findings``.

    CLI Example:

    .. code-block:: bash

        salt 'rs1' lvsarp.demote eth0 192.0.2.10 test=True
        salt 'rs1' lvsarp.demote eth0 192.0.2.10
    """
    with _failures.shown(), lvsarp.Host() as host:
        named, options = _switch(vips, dev=dev, scope=scope)
        return host.demote(named, interface, **options, dry_run=_call.is_test(test, __opts__)).as_dict()


def _vips(given: Texts) -> list[str]:
    return _call.vips(given, __pillar__, __opts__)


def _macs(given: Texts) -> list[str]:
    return [] if given is None else _wanted.texts(given, "argument directors")


def _switch(vips: Texts, **given: Optional[str]) -> tuple[list[str], dict[str, Any]]:
    """The VIPs, and those of the options that are wanted."""
    return _vips(vips), _wanted.find(given, __pillar__, __opts__, list(given)).options


def _seconds(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 86400:
        raise ValueError(f"argument seconds: {value!r} is not a number of seconds from 0 to 86400")
    return value
