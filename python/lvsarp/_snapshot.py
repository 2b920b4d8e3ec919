"""A snapshot: one network namespace as plain data, which every decision reads."""

from __future__ import annotations

from . import _accept, _boot, _decision, _levels, _native, _network, _outcome
from ._network import Address, Conf, Interface, LocalRoute
from ._value import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Optional, Union

    from ._boot import Boot
    from ._decision import Decision
    from ._levels import Levels
    from ._outcome import Plan, Report
    from ._types import AddressLike, LevelScope, Method, PrefixLike, StrPath


class Snapshot:
    """What a network namespace looked like when it was observed.

    It never changes, does no I/O, and travels as JSON, so it can be checked on another machine than the one it was
    taken on. ``host.snapshot()`` takes one; :meth:`from_json` and :meth:`from_dict` read one.
    """

    __slots__ = ("_data", "_inner")
    _inner: _native.Snapshot
    _data: Optional[dict[str, Any]]

    def __init__(self) -> None:
        raise TypeError("a snapshot is taken with host.snapshot(), or read with Snapshot.from_json() or from_dict()")

    @classmethod
    def _of(cls, native: _native.Snapshot) -> Snapshot:
        self = cls.__new__(cls)
        object.__setattr__(self, "_inner", native)
        object.__setattr__(self, "_data", None)
        return self

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """Reads what :meth:`to_json` or ``lvsarp snapshot`` wrote, here or on another machine.

        ``text`` is that JSON. Raises ValueError for text that is no snapshot, or one of another format.
        """
        return cls._of(_native.Snapshot.from_json(text))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Snapshot:
        """Reads what :meth:`as_dict` gave, or what a JSON parser made of :meth:`to_json`.

        Raises ValueError where ``data`` is no snapshot, TypeError where it is not plain data.
        """
        from json import dumps

        return cls.from_json(dumps(data))

    def to_json(self) -> str:
        """The snapshot as one line of JSON."""
        return self._inner.to_json()

    def as_dict(self) -> dict[str, Any]:
        """The snapshot as plain data: only dict, list, str, int and None."""
        return decode(self.to_json())  # type: ignore[no-any-return]

    def _field(self, name: str) -> Any:
        if self._data is None:
            object.__setattr__(self, "_data", self.as_dict())
        return self._data[name]  # type: ignore[index]

    @property
    def kernel(self) -> str:
        """The kernel's release, such as ``6.1.0-13-amd64``."""
        return self._inner.kernel

    @property
    def proc_sys(self) -> str:
        """How ``/proc/sys`` could be used: ``read-write``, ``read-only`` or ``absent``."""
        return self._field("proc_sys")  # type: ignore[no-any-return]

    @property
    def all(self) -> Conf:
        """``net.ipv4.conf.all``."""
        return Conf(self._field("all"))

    @property
    def default(self) -> Conf:
        """``net.ipv4.conf.default``."""
        return Conf(self._field("default"))

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The interfaces, in the kernel's order."""
        return tuple([_network.interface(data) for data in self._field("interfaces")])

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses of both families; those of one interface are in the kernel's order, which decides about
        senders."""
        return tuple([_network.address(data) for data in self._field("addresses")])

    @property
    def local_routes(self) -> tuple[LocalRoute, ...]:
        """The routes of type local that somebody made by hand; those that the kernel made for an address are left
        out."""
        return tuple([LocalRoute(**data) for data in self._field("local_routes")])

    def levels(self, scope: str) -> Levels:
        """Both levels of ``scope``, an interface, ``all`` or ``default``: own, all and effective.

        Raises NoInterfaceError if there is no such interface, ValueError for what is no interface name.
        """
        return _levels.from_tuples(self._inner.levels(scope))

    def check(self, vips: Optional[Iterable[AddressLike]] = None) -> Report:
        """Says for every VIP and every interface that speaks ARP whether the kernel would answer for it or announce
        it.

        ``vips`` are addresses; None stands for what is bound on loopback devices outside 127.0.0.0/8 and ::1, what
        lvsarp bound elsewhere, and the first address of each local route. Raises ValueError for an empty list or an
        address that is none.
        """
        return _outcome.report(self._inner.check(None if vips is None else _accept.addresses(vips)))

    def would_reply(self, target: AddressLike, sender: AddressLike, on: str) -> Decision:
        """Whether the kernel would answer the who-has "who has ``target``, tell ``sender``" that arrives on interface
        ``on``, and why.

        ``on`` is the interface that receives the frame in the end: a bridge, not its port; a VLAN, not the interface below
        it. Raises NoInterfaceError if there is no such interface, ValueError for what is no IPv4 address.
        """
        asked = _accept.address(target), _accept.address(sender), _accept.device(on)
        return _decision.decision(self._inner.would_reply(*asked))

    def would_announce(self, target: AddressLike, on: str, source: Optional[AddressLike] = None) -> Decision:
        """Which sender the kernel would put into its own request for ``target`` (the next hop) that leaves by interface
        ``on``, and why.

        ``source`` is the source address of the packet that waits for the answer. None stands for a request without a
        packet, such as the unicast request by which the kernel makes sure of a neighbour that it knows. Raises
        NoInterfaceError if there is no such interface, ValueError for what is no IPv4 address.
        """
        sent_from = None if source is None else _accept.address(source)
        return _decision.decision(
            self._inner.would_announce(_accept.address(target), _accept.device(on), sent_from)
        )

    def svg(self, vips: Optional[Iterable[AddressLike]] = None, *, decision: Optional[Decision] = None) -> str:
        """The host as a picture: one SVG document, 800 pixels wide, light and dark, without scripts and references.

        It shows the interfaces with their levels and addresses, and the VIPs: in green what is silent, in red what
        leaks, in amber what cannot be told. With ``decision``, one that this snapshot or its host made, it shows the way
        of that request through the kernel's checks instead. ``vips`` are as in :meth:`check`.

        Raises ValueError for an empty list, an address that is none, or a decision that was not made of this snapshot.
        """
        vips = None if vips is None else _accept.addresses(vips)
        return self._inner.svg(vips, None if decision is None else decision._drawn())

    def with_(self, *changes: Union[str, Mapping[str, int]], **values: Union[int, Mapping[str, int]]) -> Snapshot:
        """The same host with other values: "what if", without touching anything.

        ``changes`` and ``values`` are any of these, and several at once::

            snapshot.with_("all.arp_ignore=3")
            snapshot.with_({"all.arp_ignore": 3, "eth0.arp_ignore": 0})
            snapshot.with_("eth0", arp_ignore=3, arp_announce=1)
            snapshot.with_(all={"arp_ignore": 3})

        Any value that the kernel can hold is taken, also one without a meaning. Raises NoInterfaceError if there is no such
        interface, ValueError for what is no key, no value of 32 bits, or says nothing at all.
        """
        inner = self._inner
        for scope, key, value in _accept.settings(changes, values):
            inner = inner.with_value(scope, key, value)
        return Snapshot._of(inner)

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
    ) -> Plan:
        """Works out what would have to be done to the host of this snapshot; see :meth:`Host.plan` for the arguments
        and errors."""
        desired = _accept.desired(vips, prefixes, scope, dev, label, address_scope, method, force)
        return _outcome.plan(self._inner.plan(desired))

    def boot(
        self,
        vips: Optional[Iterable[AddressLike]] = None,
        *,
        interfaces: Iterable[str] = (),
        root: StrPath = "/",
        loader: Optional[str] = None,
    ) -> Boot:
        """Works out what will be in force after the next boot of the host of this snapshot, from the files below ``root``;
        see :meth:`Host.boot` for the arguments and errors. The loader itself is never run."""
        options = _accept.boot(interfaces, root, loader)
        return _boot.boot(self._inner.boot(None if vips is None else _accept.addresses(vips), options))

    def __eq__(self, other: object) -> bool:
        return self._inner == other._inner if isinstance(other, Snapshot) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name}: a Snapshot does not change")

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Snapshot.from_json, (self.to_json(),)

    def __copy__(self) -> Snapshot:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Snapshot:
        return self

    def __repr__(self) -> str:
        counts = ", ".join([f"{name}={len(self._field(name))}" for name in ("interfaces", "addresses", "local_routes")])
        return f"<Snapshot kernel={self.kernel!r} proc_sys={self.proc_sys!r} {counts}>"

    def _repr_html_(self) -> str:
        from ._html import snapshot

        return snapshot(self)
