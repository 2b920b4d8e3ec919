"""A host: one network namespace, what is observed there and what is done there."""

from __future__ import annotations

from . import _accept, _applied, _decision, _levels, _native, _network, _outcome
from ._persistent import Persistent
from ._snapshot import Snapshot
from ._wire import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from ._applied import Applied
    from ._decision import Decision
    from ._levels import Levels
    from ._network import Address, Interface
    from ._outcome import Changes, Plan, Report
    from ._types import AddressLike, LevelScope, Method, NetnsLike, PrefixLike, Via


class Host(Persistent, Wire):
    """One network namespace.

    ``Host()`` is the namespace of the calling thread, and stays that one whatever thread uses it later. ``netns``
    names another one: a name below ``/run/netns`` as ``ip netns`` makes it, a path (a text with a slash, or any
    ``os.PathLike``), or the number of a process, as an int or as digits. The caller stays where it is.

    A host keeps descriptors open, never values: every answer is read from the kernel when it is asked for. Its
    descriptors are closed with it, by the last reference or at the end of a ``with`` block. Several threads may use
    one host; they take turns. After a fork parent and child may both go on with it, unless another thread was in the
    middle of a call. Whatever asks the kernel releases the interpreter's lock; signals are handled when the call
    returns, or at once where it waits for the wire.

    Raises NoNamespaceError if there is no such namespace, AccessError without CAP_SYS_ADMIN for another one,
    ValueError for what names none.
    """

    __slots__ = ("__weakref__", "_inner", "_netns")
    _inner: _native.Host
    _netns: NetnsLike

    def __init__(self, netns: NetnsLike = None) -> None:
        self._netns = netns
        if isinstance(netns, bool):
            raise TypeError("a network namespace is a name, a path or the number of a process, not a bool")
        if isinstance(netns, int):
            if netns < 1:
                raise ValueError(f"cannot use network namespace {netns}: it is not the number of a process")
            self._inner = _native.Host(str(netns))
        elif netns is None or isinstance(netns, str):
            self._inner = _native.Host(netns)
        else:
            self._inner = _native.Host(path=netns)

    def __repr__(self) -> str:
        return "Host()" if self._netns is None else f"Host(netns={self._netns!r})"

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the host's descriptors. Later calls raise ValueError; a second close does nothing."""
        self._inner = _Closed()  # type: ignore[assignment]

    # Observe

    def snapshot(self) -> Snapshot:
        """The namespace as plain data: interfaces, addresses, levels and local routes, read with a few netlink dumps.

        Raises LvsarpError of kind ``interrupted`` where the kernel's tables kept changing.
        """
        return Snapshot._of(self._inner.snapshot())

    def interfaces(self) -> list[Interface]:
        """The interfaces with their own levels, in the kernel's order."""
        return _network.interfaces(self._inner.interfaces())

    def addresses(self, dev: Optional[str] = None) -> list[Address]:
        """The addresses of both families, in the kernel's order, as ``ip address`` lists them.

        ``dev`` is the device that they are on; None stands for all. Raises NoInterfaceError if there is no such
        device.
        """
        return _network.addresses(self._inner.addresses(dev))

    def vips(self, dev: str = "lo") -> list[Address]:
        """What is bound on the device ``dev``: its addresses without 127.0.0.0/8 and ::1.

        Raises NoInterfaceError if there is no such device.
        """
        return [a for a in self.addresses(dev) if not (a.local.startswith("127.") or a.local == "::1")]

    def get(self, scope: str) -> Levels:
        """Both levels of ``scope``, an interface, ``all`` or ``default``: own, all and effective.

        On a host that is kept open this opens no file. Raises NoInterfaceError if there is no such interface,
        ValueError for what is no interface name.
        """
        return _levels.from_tuples(self._inner.get(scope))

    def check(self, vips: Optional[Iterable[AddressLike]] = None) -> Report:
        """Says for every VIP whether the host is silent, and if not, why and what to do.

        ``vips`` are addresses; None stands for what is bound on loopback devices outside 127.0.0.0/8 and ::1, what
        lvsarp bound elsewhere, the first address of each local route, and what an apply had bound, so that one that
        was removed since is found missing. An apply or undo that was killed midway is
        finished or taken back before, where the caller may do so; otherwise it is a finding. Raises ValueError for an
        empty list or an address that is none.
        """
        return _outcome.report(self._inner.check(None if vips is None else _accept.addresses(vips)))

    def would_reply(self, target: AddressLike, sender: AddressLike, on: str, *, verify: bool = False) -> Decision:
        """Whether this host would answer the who-has "who has ``target``, tell ``sender``" that arrives on interface
        ``on``, and why; see :meth:`Snapshot.would_reply`.

        ``verify``: ask the running kernel about the part that routing decides, too; ``decision.witness`` says whether it
        agrees.
        """
        asked = _accept.address(target), _accept.address(sender), _accept.device(on)
        return _decision.decision(self._inner.would_reply(*asked, verify=verify))

    def would_announce(
        self, target: AddressLike, on: str, source: Optional[AddressLike] = None, *, verify: bool = False
    ) -> Decision:
        """Which sender this host would put into its own request for ``target`` that leaves by interface ``on``, and why;
        see :meth:`Snapshot.would_announce`.

        ``verify``: ask the running kernel about the part that routing decides, too; ``decision.witness`` says whether it
        agrees.
        """
        asked = _accept.address(target), _accept.device(on), None if source is None else _accept.address(source)
        return _decision.decision(self._inner.would_announce(*asked, verify=verify))

    # Act on single things

    def set(
        self,
        iface: str,
        *,
        arp_ignore: Optional[int] = None,
        arp_announce: Optional[int] = None,
        via: Via = "auto",
    ) -> Changes:
        """Sets levels of ``iface``, an interface, ``all`` or ``default``, and reads them back.

        ``arp_ignore`` is 0 to 8, ``arp_announce`` 0 to 2; None leaves a level alone. Only what differs is written,
        and if the second fails the first is put back. ``via`` says which way: ``auto`` takes netlink for an interface
        and procfs for the rest, ``procfs`` takes /proc/sys only, ``netlink`` takes RTM_SETLINK only, which cannot
        reach ``all`` and ``default``.

        Raises ValueError outside the range although the kernel would take the value, TypeError for what is no int,
        NoInterfaceError, AccessError without CAP_NET_ADMIN, or for ``all`` and ``default`` where /proc/sys is
        read-only, and UnsupportedError for those two over netlink.
        """
        return _outcome.changes(self._inner.set(iface, arp_ignore=arp_ignore, arp_announce=arp_announce, via=via))

    def bind(
        self,
        vip: AddressLike,
        dev: str = "lo",
        *,
        label: Optional[str] = None,
        scope: str = "global",
        method: Method = "netlink",
        force: bool = False,
    ) -> bool:
        """Binds an address; True where something changed, False where it was bound just so already.

        ``vip`` is bound as /32 or /128 on the device ``dev``. ``label`` (IPv4) is the device's name, or that, a colon
        and more, such as ``lo:0``: 15 bytes at most. ``scope`` (IPv4) is ``global``, ``site``, ``link``, ``host`` or
        a number up to 255. ``method`` ``ioctl`` binds as ifconfig does, and makes the address's whole class local for
        an instant. ``force`` lets a prefix such as ``192.0.2.10/24`` through on a loopback device, which makes all of
        it local. An address that is there with another scope or label is removed and added again.

        This sets no levels: a VIP that is bound at arp_ignore 0 is answered. :meth:`apply` does both in the right
        order.

        Raises ValueError for an address, label or scope that cannot be, NoInterfaceError, AccessError without
        CAP_NET_ADMIN, UnsupportedError for IPv6 where it is disabled.
        """
        return self.bind_many([vip], dev, label=label, scope=scope, method=method, force=force)[0]

    def bind_many(
        self,
        vips: Iterable[AddressLike],
        dev: str = "lo",
        *,
        label: Optional[str] = None,
        scope: str = "global",
        method: Method = "netlink",
        force: bool = False,
    ) -> list[bool]:
        """Binds many addresses with many requests in one send; each answer says whether that one changed something.

        ``vips`` are the addresses, and the answers are in their order. If one fails, those that this call had bound
        are removed again. See :meth:`bind` for the arguments and errors.
        """
        vips = _accept.addresses(vips)
        return self._inner.bind(vips, dev, label=label, scope=scope, method=method, force=force)

    def unbind(self, vip: AddressLike, dev: str = "lo") -> bool:
        """Removes the address ``vip`` from the device ``dev``; True where it was there.

        The prefix length is as in :meth:`bind`. Raises ValueError for an address that cannot be, NoInterfaceError,
        AccessError without CAP_NET_ADMIN.
        """
        return self.unbind_many([vip], dev)[0]

    def unbind_many(self, vips: Iterable[AddressLike], dev: str = "lo") -> list[bool]:
        """Removes many addresses with many requests in one send; each answer says whether that one was there.

        ``vips`` are the addresses, and the answers are in their order. See :meth:`unbind` for the rest and the
        errors.
        """
        return self._inner.unbind(_accept.addresses(vips), dev)

    def bind_prefix(self, prefix: PrefixLike, dev: str = "lo") -> bool:
        """Makes a whole prefix local by one route, so that every address in it is accepted; False where that route is
        there.

        ``prefix`` is such as ``198.51.100.0/24``, ``dev`` the device that the route names. Raises ValueError for a
        prefix with host bits set or one that cannot be a VIP, NoInterfaceError, AccessError without CAP_NET_ADMIN.
        """
        return self._inner.bind_prefix(_accept.prefix(prefix), dev)

    def unbind_prefix(self, prefix: PrefixLike, dev: str = "lo") -> bool:
        """Removes the local route of a prefix; False where it is not there. See :meth:`bind_prefix`."""
        return self._inner.unbind_prefix(_accept.prefix(prefix), dev)

    # Act on the whole

    def plan(
        self,
        vips: Iterable[AddressLike],
        *,
        prefixes: Iterable[PrefixLike] = (),
        scope: LevelScope = "all",
        dev: str = "lo",
        label: Optional[str] = None,
        address_scope: str = "auto",
        method: Method = "netlink",
        force: bool = False,
        exact: bool = False,
    ) -> Plan:
        """Works out what :meth:`apply` would do, with reasons. Changes nothing and needs no privilege.

        vips
            The VIPs, each once; see :meth:`bind` for what they may be. May be empty where there are prefixes.
        prefixes
            Prefixes to accept as a whole, such as ``198.51.100.0/24``, each by one local route.
        scope
            ``all`` sets the levels of ``all`` and lo, and of single interfaces where that is not enough.
            ``interface`` leaves ``all`` alone and sets the interfaces that are up and speak ARP; those that are added
            later are not covered.
        dev
            The device of the VIPs.
        label
            The label of the IPv4 VIPs. None: that of an address that is there already, or the device's name.
        address_scope
            The scope of the IPv4 VIPs. ``auto`` is ``host`` where an interface without an address of its own would
            announce a global one, otherwise that of an address that is there already, or ``global``.
        method
            ``netlink``, or ``ioctl`` as ifconfig does it.
        force
            Bind on a loopback device even with a prefix that makes a whole subnet local.
        exact
            Also remove the VIPs and prefixes that an earlier :meth:`apply` bound and that are not named now, where they
            still are as it bound them. What was there before, or is somebody else's, stays.

        Raises ValueError for a wish that can never be right (nothing named, a VIP named twice, multicast, 0.0.0.0,
        broadcast, loopback), NoInterfaceError if there is no such device.
        """
        desired = _accept.desired(vips, prefixes, scope, dev, label, address_scope, method, force, exact)
        return _outcome.plan(self._inner.plan(desired))

    def apply(
        self,
        vips: Iterable[AddressLike],
        *,
        prefixes: Iterable[PrefixLike] = (),
        scope: LevelScope = "all",
        dev: str = "lo",
        label: Optional[str] = None,
        address_scope: str = "auto",
        method: Method = "netlink",
        force: bool = False,
        exact: bool = False,
        persist: bool = False,
        lock_timeout: float = 10.0,
        dry_run: bool = False,
    ) -> Changes:
        """Makes the host a silent real server: levels first, read back, then the VIPs, then a check of the whole.

        A second call changes nothing. If anything fails, what was done is rolled back and the error says so. If the
        process is killed at any point, the next apply, undo or check rolls back first. What is changed is recorded
        below ``/run/lvsarp`` for :meth:`undo`.

        With ``persist`` it also holds after a reboot: what :meth:`persist` writes with its defaults is written first, and
        put back as it was if the rest fails.

        ``lock_timeout`` is how long to wait, in seconds from 0 to 86400, while another lvsarp works on the same
        namespace. With ``dry_run`` nothing is changed, nothing is locked and nothing is refused: ``steps`` and
        ``findings`` of the result are those of :meth:`plan`, and ``changed`` is False; with ``persist`` those of its dry
        run stand in front, and it may be refused. See :meth:`plan` for the other arguments.

        Raises what :meth:`plan` raises, RefusedError where the VIPs would not be silent afterwards (its ``findings``
        say why), LockTimeoutError, AccessError without CAP_NET_ADMIN or where /run cannot be written,
        NotVerifiedError where the kernel does not show what was written; with ``persist`` also what :meth:`persist`
        raises.
        """
        desired = _accept.desired(vips, prefixes, scope, dev, label, address_scope, method, force, exact)
        files = _accept.files() if persist else None
        if dry_run:
            plan = _outcome.plan(self._inner.plan(desired))
            now = _outcome.Changes(False, plan.steps, plan.findings)
            return now if files is None else _both(_outcome.changes(self._inner.plan_persist(desired, files)), now)
        if files is None:
            return _outcome.changes(self._inner.apply(desired, lock_timeout))
        return _outcome.changes(self._inner.apply_persistent(desired, files, lock_timeout))

    def applied(
        self,
        vips: Iterable[AddressLike],
        *,
        prefixes: Iterable[PrefixLike] = (),
        scope: LevelScope = "all",
        dev: str = "lo",
        label: Optional[str] = None,
        address_scope: str = "auto",
        method: Method = "netlink",
        force: bool = False,
        exact: bool = False,
        lock_timeout: float = 10.0,
    ) -> Applied:
        """An :meth:`apply` for the length of a ``with`` block.

            with host.applied(["192.0.2.10"]) as changes:
                ...

        On the way into the block it is done, and ``changes`` is what apply returns. On the way out exactly these changes
        are taken back, each where it still is as the apply made it; what other applies changed stays, and so do the
        levels where a VIP of another apply would not be silent without them (finding ``levels-stay``). An exception of
        the block goes on; if taking back fails as well, that becomes a note of it (``__notes__``). A process that is
        killed inside the block leaves an apply behind, which :meth:`undo` takes back. See :meth:`plan` and :meth:`apply`
        for the arguments.

        On the way in raises what :meth:`apply` raises, on the way out what :meth:`undo` raises.
        """
        desired = _accept.desired(vips, prefixes, scope, dev, label, address_scope, method, force, exact)
        return _applied.Applied(self._inner, desired, lock_timeout)

    def undo(self, lock_timeout: float = 10.0, *, persist: bool = False, dry_run: bool = False) -> Changes:
        """Takes back what apply did: the VIPs first, then the levels, each only where it still is what apply made it.

        The rest is left alone and named in the findings. Without an apply before it changes nothing. ``lock_timeout``
        is as in :meth:`apply`. With ``persist`` the files that hold it after a reboot are removed afterwards, as
        :meth:`unpersist` removes them. With ``dry_run`` nothing is changed and nothing is locked: ``steps`` and
        ``findings`` are what a call would do, ``changed`` is False.

        Raises LockTimeoutError, AccessError without CAP_NET_ADMIN, JournalError where the record cannot be used
        (nothing is changed then, no file either); with ``persist`` also what :meth:`unpersist` raises, when the running
        host is undone already.
        """
        files = _accept.files("/") if persist else None
        if dry_run:
            now = _outcome.changes(self._inner.plan_undo())
            return now if files is None else _both(now, _outcome.changes(self._inner.plan_unpersist(files)))
        if files is None:
            return _outcome.changes(self._inner.undo(lock_timeout))
        return _outcome.changes(self._inner.undo_persistent(files, lock_timeout))


def _both(first: Changes, second: Changes) -> Changes:
    """What two calls changed, as one."""
    return _outcome.Changes(
        first.changed or second.changed, first.steps + second.steps, first.findings + second.findings
    )


class _Closed:
    """What stands in a closed host."""

    def __getattr__(self, name: str) -> object:
        raise ValueError("the host is closed")
