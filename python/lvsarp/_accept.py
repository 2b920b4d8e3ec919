"""Arguments: addresses as text or as objects of `ipaddress`, one or many."""

from __future__ import annotations

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from ._types import AddressLike, PrefixLike, T


def address(value: AddressLike) -> str:
    """An address as text."""
    if isinstance(value, str):
        return value
    from ipaddress import IPv4Address, IPv6Address

    if isinstance(value, (IPv4Address, IPv6Address)):
        return str(value)
    raise TypeError(f"an address is a str or an ipaddress.IPv4Address or IPv6Address, not {_kind(value)}")


def prefix(value: PrefixLike) -> str:
    """A prefix as text."""
    if isinstance(value, str):
        return value
    from ipaddress import IPv4Network, IPv6Network

    if isinstance(value, (IPv4Network, IPv6Network)):
        return str(value)
    raise TypeError(f"a prefix is a str or an ipaddress.IPv4Network or IPv6Network, not {_kind(value)}")


def addresses(values: Iterable[AddressLike]) -> list[str]:
    """Addresses as text; a single one is a slip that would be read letter by letter."""
    return [address(value) for value in _many(values, "addresses")]


def prefixes(values: Iterable[PrefixLike]) -> list[str]:
    """Prefixes as text."""
    return [prefix(value) for value in _many(values, "prefixes")]


def _many(values: Iterable[T], what: str) -> Iterable[T]:
    # Only the objects of ipaddress have max_prefixlen; a network would be read address by address.
    if isinstance(values, (str, bytes)) or hasattr(values, "max_prefixlen") or not hasattr(values, "__iter__"):
        raise TypeError(f"a list of {what} is wanted, not {_kind(values)}: write [{values!r}] for a single one")
    return values


def _kind(value: object) -> str:
    return type(value).__name__


def desired(
    vips: Iterable[AddressLike],
    prefix_list: Iterable[PrefixLike],
    scope: str,
    dev: str,
    label: Optional[str],
    address_scope: str,
    method: str,
    force: bool,
) -> _native.Desired:
    """What plan and apply are asked for."""
    return _native.Desired(
        addresses(vips),
        prefixes=prefixes(prefix_list),
        scope=scope,
        dev=dev,
        label=label,
        address_scope=address_scope,
        method=method,
        force=force,
    )
