"""What a namespace holds: interfaces, their values, addresses, local routes."""

from __future__ import annotations

from collections.abc import Mapping

from ._value import Value, decode, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional


class Conf(Mapping[str, int]):
    """Values of ``net.ipv4.conf`` keys: a mapping that does not change, such as ``conf["arp_ignore"]``.

    A value that the kernel did not report is absent, never 0: use ``conf.get("arp_ignore")`` to get None then.
    ``lvsarp.keys()`` lists the keys.
    """

    __slots__ = ("_values",)
    _values: dict[str, int]

    def __init__(self, values: Mapping[str, int]) -> None:
        object.__setattr__(self, "_values", dict(values))

    def __getitem__(self, key: str) -> int:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name}: a Conf does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name}: a Conf does not change")

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Conf({self._values!r})"

    def __reduce__(self) -> tuple[type[Conf], tuple[dict[str, int]]]:
        return Conf, (self._values,)

    def as_dict(self) -> dict[str, int]:
        """The values as a dict of their own."""
        return dict(self._values)


class Interface(Value):
    """One network interface.

    index, name
        The kernel's. Control characters, backslashes and bytes that are not UTF-8 are shown as ``\\xNN`` in a name.
    kind
        ``veth``, ``bridge``, ``bond``, ``vlan`` ...; None for a physical device.
    flags
        The words of ``ip link``: ``UP``, ``BROADCAST``, ``NOARP`` ...
    hardware
        The hardware type (``ARPHRD_*``): 1 is Ethernet, 772 loopback.
    mac
        The MAC address, ``02:00:00:00:00:01``, or None.
    mtu
        In bytes.
    master
        The index of the bridge, bond or VRF that it belongs to, or None.
    vrf_table
        The routing table of a VRF, or None.
    link
        The index of the device below it (VLAN, macvlan) or of its peer (veth, possibly in another namespace), or
        None.
    xdp
        Whether an XDP program sees every frame first. None where the kernel does not say.
    port_answers
        Whether, as the port of a bridge, it is one that answers ARP for others (``proxy_arp``, ``neigh_suppress``). None
        where it is no port.
    conf
        Its own values of ``net.ipv4.conf``. None where it has no IPv4 part (an MTU below 68).
    """

    index: int
    name: str
    kind: Optional[str]
    flags: tuple[str, ...]
    hardware: int
    mac: Optional[str]
    mtu: int
    master: Optional[int]
    vrf_table: Optional[int]
    link: Optional[int]
    xdp: Optional[bool]
    port_answers: Optional[bool]
    conf: Optional[Conf]

    @property
    def is_up(self) -> bool:
        """Whether it is administratively up."""
        return "UP" in self.flags

    @property
    def is_loopback(self) -> bool:
        """Whether it is a loopback device."""
        return "LOOPBACK" in self.flags

    def as_dict(self) -> dict[str, Any]:
        """The interface as plain data."""
        return {**super().as_dict(), "conf": None if self.conf is None else self.conf.as_dict()}


class Address(Value):
    """One address of an interface, as ``ip address`` shows it.

    index, dev
        The interface.
    local
        The address, as text; ``ipaddress.ip_address(a.local)`` makes an object of it.
    peer
        The other end of a point-to-point address, or None.
    prefixlen
        The prefix length in bits: 0 to 32, or to 128.
    broadcast
        The broadcast address, or None.
    scope
        ``global``, ``site``, ``link``, ``host`` or a number.
    label
        The label (IPv4), such as ``lo:0``; the interface's name where none was given. None for IPv6.
    flags
        The words of ``ip address``: ``permanent``, ``secondary``, ``deprecated``, ``nodad`` ...
    metric
        The metric of the routes that the kernel makes for it; None where the kernel chooses.
    proto
        Who made it, ``IFA_PROTO`` (0 to 255; lvsarp is 204); None where the kernel does not say, which before 5.18 is
        always.
    valid_lft, preferred_lft
        Seconds until it is removed, and until it is deprecated. None means forever.
    """

    index: int
    dev: str
    local: str
    peer: Optional[str]
    prefixlen: int
    broadcast: Optional[str]
    scope: str
    label: Optional[str]
    flags: tuple[str, ...]
    metric: Optional[int]
    proto: Optional[int]
    valid_lft: Optional[int]
    preferred_lft: Optional[int]

    def __str__(self) -> str:
        return f"{self.local}/{self.prefixlen} dev {self.dev}"


class LocalRoute(Value):
    """A route of type local that was made by hand: a whole prefix that the host accepts without an address (AnyIP).

    prefix
        Such as ``198.51.100.0/24``.
    index, dev
        The interface, where the route names one.
    table
        The routing table: 255 is ``local``.
    proto
        Who made it, ``rtm_protocol`` (0 to 255; lvsarp is 204).
    """

    prefix: str
    index: Optional[int]
    dev: Optional[str]
    table: int
    proto: int


def interface(data: dict[str, Any]) -> Interface:
    """An interface from decoded JSON."""
    conf = data["conf"]
    return Interface(**{**frozen(data, "flags"), "conf": None if conf is None else Conf(conf)})


def address(data: dict[str, Any]) -> Address:
    """An address from decoded JSON."""
    return Address(**frozen(data, "flags"))


def interfaces(text: str) -> list[Interface]:
    """Interfaces from the native module's JSON."""
    return [interface(data) for data in decode(text)]


def addresses(text: str) -> list[Address]:
    """Addresses from the native module's JSON."""
    return [address(data) for data in decode(text)]
