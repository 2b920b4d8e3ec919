"""The execution module ``lvsarp``: LVS-DR real servers that are silent in ARP. What it does on the wire is in
``lvsarp_wire.py``.

What is wanted (``vips``, ``prefixes``, ``scope``, ``dev``, ``label``, ``address_scope``, ``method``, ``force``,
``persist``, ``exact``) is taken from the argument, else from pillar ``lvsarp:<name>``, else from
``lvsarp: {<name>: ...}`` in the minion's configuration; ``persist`` and ``exact`` of a call that names VIPs or prefixes
from the argument only. VIPs and prefixes are a list, or one text with commas. All results are plain data.
"""

from __future__ import annotations

import sys

try:
    import lvsarp
    from lvsarp.salt import _call, _failures, _seen, _wanted

    HAS_LVSARP = True
except ImportError:
    HAS_LVSARP = False

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from lvsarp.salt._types import Texts, Virtual, __context__, __opts__, __pillar__

__virtualname__ = "lvsarp"


def __virtual__() -> Virtual:
    if not sys.platform.startswith("linux"):
        return False, "lvsarp works on Linux only"
    return __virtualname__ if HAS_LVSARP else (False, "the library lvsarp cannot be imported")


def status(dev: Optional[str] = None) -> dict[str, Any]:
    """What the host looks like now: its levels and addresses, its VIPs, and whether they are silent. Changes nothing.

    dev
        Only this interface, instead of all.

    Returns ``ok`` and ``findings`` of a check of what is bound, ``vips`` (the addresses on loopback devices without
    127.0.0.0/8 and ::1, what lvsarp bound elsewhere, and the first address of each local route), and ``interfaces``:
    for each name ``arp_ignore`` and ``arp_announce``, both with ``own``, ``all`` and ``effective`` (the larger of the
    two; None where it is unknown), and ``addresses``, such as ``192.0.2.11/24``.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.status
        salt '*' lvsarp.status dev=eth0
    """
    with _failures.shown(), lvsarp.Host() as host:
        snapshot = host.snapshot()
        interfaces = _seen.interfaces(snapshot)
        if dev is not None:
            snapshot.levels(dev)  # says that there is no such interface
            interfaces = {dev: interfaces[dev]}
        report = snapshot.check().as_dict()
        vips = _seen.vips(snapshot)
        return {"ok": report["ok"], "findings": report["findings"], "vips": vips, "interfaces": interfaces}


def check(vips: Texts = None) -> dict[str, Any]:
    """Whether every VIP is silent: neither answered nor announced on any interface, and bound.

    vips
        The VIPs. Without: those of pillar or configuration, with the first address of each prefix there; without those
        what is bound, and what an apply had bound.

    Returns ``ok``, ``findings`` (each with ``code``, ``severity``, ``interface``, ``vip``, ``message`` and ``hint``)
    and ``verdicts`` (every VIP on every interface that is up and speaks ARP: ``replies``, ``announces``). The return
    code is that of ``lvsarp check``: 1 where a VIP is not silent or not bound, 2 where that cannot be told. An apply
    that was killed midway is taken back before.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.check
        salt '*' lvsarp.check 192.0.2.10,192.0.2.11
    """
    with _failures.shown(), lvsarp.Host() as host:
        report = host.check(_wanted.targets(vips, __pillar__, __opts__))
        _report_retcode(report)
        return report.as_dict()


def ready(vips: Texts = None) -> dict[str, Any]:
    """Whether the minion may get traffic: there is a VIP, and each one is bound and silent. For the mine and for gates.

    vips
        The VIPs, as in :py:func:`check`.

    Returns ``ready``, ``vips`` (the addresses that the answer is about) and ``why`` (at most 5 sentences, none where it
    is ready). It raises nothing and sets no return code: an error, such as a wrong value in pillar, is not ready, with
    the error as why. An apply that was killed midway is taken back before.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.ready
        salt '*' lvsarp.ready 192.0.2.10,192.0.2.11
    """
    try:
        asked = _wanted.targets(vips, __pillar__, __opts__)
        with lvsarp.Host() as host:
            report, about = _seen.look(host, asked)
    except Exception as error:  # whatever it is, the answer of a gate is that it stays closed
        return {"ready": False, "vips": [], "why": _seen.brief([str(error) or type(error).__name__])}
    why = [finding.message for finding in _seen.bad(report)] if about else ["there is no VIP"]
    return {"ready": report.ok and bool(about), "vips": about, "why": _seen.brief(why)}


def plan(
    vips: Texts = None,
    prefixes: Texts = None,
    scope: Optional[str] = None,
    dev: Optional[str] = None,
    label: Optional[str] = None,
    address_scope: Optional[str] = None,
    method: Optional[str] = None,
    force: Optional[bool] = None,
    exact: Optional[bool] = None,
) -> dict[str, Any]:
    """What :py:func:`apply` would do, with reasons. Changes nothing. The arguments are those of :py:func:`apply`, and
    are taken from the same places where they are missing.

    Returns ``changed`` (False), ``steps`` (each with ``act``, ``thing``, ``old``, ``new`` and ``reason``), ``findings``
    and ``ok``: whether every VIP is silent after the steps. Where it is not an apply is refused, and the return code is
    1.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.plan 192.0.2.10
        salt '*' lvsarp.plan vips='["192.0.2.10", "192.0.2.11"]' scope=interface
    """
    with _failures.shown(), lvsarp.Host() as host:
        wanted = _called(
            vips=vips,
            prefixes=prefixes,
            scope=scope,
            dev=dev,
            label=label,
            address_scope=address_scope,
            method=method,
            force=force,
            exact=exact,
        )
        planned = host.plan(**wanted.plan())
        _call.set_retcode(__context__, 0 if planned.ok else 1)
        return planned.as_dict()


def apply(
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
    test: Optional[bool] = None,
) -> dict[str, Any]:
    """Makes the minion a silent real server: the levels first, read back, then the VIPs, then a check of the whole. A
    second call changes nothing; a failure is rolled back.

    An argument that is missing is taken from pillar ``lvsarp:<name>``, then from the minion's configuration, and only
    then is the default. ``exact`` and ``persist`` are not where ``vips`` or ``prefixes`` is an argument: they are about
    all that a host is to be, and such a call names some of it.

    vips
        IPv4 and IPv6 addresses, each bound as /32 or /128.
    prefixes
        Prefixes to accept as a whole, such as ``198.51.100.0/24``, each by one local route.
    scope
        ``all`` (default): the levels of ``all`` and lo, and single interfaces where that is not enough. ``interface``:
        only those of the interfaces that are up and speak ARP; for those that are added later apply again.
    dev
        The device of the VIPs: ``lo`` (default).
    label
        The label of the IPv4 VIPs: the device's name, or that, a colon and more, such as ``lo:0``; 15 bytes at most.
    address_scope
        The scope of the IPv4 VIPs: ``auto`` (default), ``global``, ``site``, ``link``, ``host`` or a number up to 255
        as text.
    method
        ``netlink`` (default), or ``ioctl`` as ifconfig does it.
    force
        Also bind a prefix such as ``192.0.2.10/24`` on a loopback device, which makes all of it local. Default False.
    persist
        Also write the files that bring it back after a reboot. Default False: no file is written or removed. Not taken
        from pillar or configuration where ``vips`` or ``prefixes`` is given.
    exact
        VIPs and prefixes that an earlier apply bound and that are not listed are removed. Default False. Not taken from
        pillar or configuration where ``vips`` or ``prefixes`` is given.
    test
        True: change nothing and return the steps that would be done. Default: the minion's ``test``.

    Returns ``changed``, ``steps`` and ``findings``. In test mode ``changed`` is False, and the return code is 1 where
    the apply would be refused.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.apply 192.0.2.10 test=True
        salt '*' lvsarp.apply vips=192.0.2.10,192.0.2.11 persist=True
    """
    with _failures.shown(), lvsarp.Host() as host:
        wanted = _called(
            vips=vips,
            prefixes=prefixes,
            scope=scope,
            dev=dev,
            label=label,
            address_scope=address_scope,
            method=method,
            force=force,
            persist=persist,
            exact=exact,
        )
        if not _call.is_test(test, __opts__):
            return host.apply(**wanted.apply()).as_dict()
        _call.set_retcode(__context__, 0 if host.plan(**wanted.plan()).ok else 1)
        return host.apply(**wanted.apply(), dry_run=True).as_dict()


def undo(persist: bool = False, test: Optional[bool] = None) -> dict[str, Any]:
    """Takes back what :py:func:`apply` did: the VIPs first, then the levels, each only where it still is what apply
    made it. What is left alone is named in the findings. Without an apply before it changes nothing.

    persist
        Also remove the files that bring it back after a reboot. Default False.
    test
        True: change nothing and return the steps that would be done. Default: the minion's ``test``.

    Returns ``changed``, ``steps`` and ``findings``.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.undo
        salt '*' lvsarp.undo persist=True test=True
    """
    with _failures.shown(), lvsarp.Host() as host:
        files = _wanted.flag(persist, "argument persist")
        return host.undo(persist=files, dry_run=_call.is_test(test, __opts__)).as_dict()


def explain(
    target: str, interface: str, sender: Optional[str] = None, source: Optional[str] = None, verify: bool = False
) -> dict[str, Any]:
    """What the kernel does with a who-has, or which sender it puts into a request of its own, and why. Changes nothing.

    target
        The IPv4 address that is asked for: with ``sender`` by a who-has that arrives, otherwise by the host itself.
    interface
        The interface where the who-has arrives, or by which the own request leaves.
    sender
        Who asks: the sender's IPv4 address in a who-has. Without it the question is about an own request.
    source
        Of an own request, the source address of the packet that waits for the answer.
    verify
        Also ask the running kernel about the part that routing decides: ``witness`` in the result.

    Returns ``question``, ``rule``, ``trace``, ``caveats``, ``witness``, and ``replies`` and ``learns`` or ``source``.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.explain 192.0.2.10 eth0 sender=192.0.2.1
        salt '*' lvsarp.explain 192.0.2.1 eth0 source=192.0.2.10
    """
    with _failures.shown(), lvsarp.Host() as host:
        if sender is None:
            verified = _wanted.flag(verify, "argument verify")
            return host.would_announce(target, interface, source, verify=verified).as_dict()
        if source is not None:
            raise ValueError("give sender, for a who-has that arrives, or source, for an own request, not both")
        return host.would_reply(target, sender, interface, verify=_wanted.flag(verify, "argument verify")).as_dict()


def boot(
    vips: Texts = None,
    interfaces: Texts = None,
    root: str = "/",
    loader: Optional[str] = None,
    rehearse: bool = True,
    retcode: bool = True,
) -> dict[str, Any]:
    """What will be in force after the next boot, and which line of which file decides. Changes nothing.

    vips
        The VIPs to check. Without: those of pillar or configuration; without those what was persisted and what is
        bound.
    interfaces
        Names of interfaces that are not there now.
    root
        The directory whose files are read: ``/`` (default), or that of an image.
    loader
        The program that sets sysctls at boot, such as ``systemd-sysctl`` or ``procps 4.0.2``. Default: the one that is
        found.
    rehearse
        Also run that program in namespaces of its own to see what it does, where the minion may. Default True.
    retcode
        Set the return code as in :py:func:`check`. Default True.

    Returns ``ok``, ``findings``, ``verdicts``, ``levels``, ``loader`` and ``rehearsed``.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.boot
        salt '*' lvsarp.boot 192.0.2.10 interfaces=eth1
    """
    with _failures.shown(), lvsarp.Host() as host:
        names = [] if interfaces is None else _wanted.texts(interfaces, "argument interfaces")
        rehearsed = _wanted.flag(rehearse, "argument rehearse")
        asked = _wanted.targets(vips, __pillar__, __opts__)
        foreseen = host.boot(asked, interfaces=names, root=root, loader=loader, rehearse=rehearsed)
        if _wanted.flag(retcode, "argument retcode"):
            _report_retcode(foreseen)
        return foreseen.as_dict()


def snapshot() -> dict[str, Any]:
    """The minion's network namespace as plain data: interfaces, addresses, levels and local routes.
    ``lvsarp check --snapshot`` and ``lvsarp.Snapshot.from_dict`` read it on any machine.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.snapshot
        salt-call --out=json --out-file=rs1.json lvsarp.snapshot
    """
    with _failures.shown(), lvsarp.Host() as host:
        return host.snapshot().as_dict()


def version() -> str:
    """The version of the library.

    CLI Example:

    .. code-block:: bash

        salt '*' lvsarp.version
    """
    return lvsarp.__version__


def _called(**given: Any) -> _wanted.Wanted:
    return _wanted.called(given, __pillar__, __opts__)


def _report_retcode(report: Union[lvsarp.Report, lvsarp.Boot]) -> None:
    if not report.ok:
        _call.set_retcode(__context__, 1 if any(finding.severity == "error" for finding in report.findings) else 2)
