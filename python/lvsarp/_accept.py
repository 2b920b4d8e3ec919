"""Arguments: addresses as text or as objects of `ipaddress`, one or many, and what else a call is told."""

from __future__ import annotations

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Optional, Union

    from ._types import AddressLike, PrefixLike, StrPath, T


def address(value: AddressLike) -> str:
    """An address as text."""
    if isinstance(value, str):
        return value
    from ipaddress import IPv4Address, IPv6Address

    if isinstance(value, (IPv4Address, IPv6Address)):
        return str(value)
    raise TypeError(f"an address is a str or an ipaddress.IPv4Address or IPv6Address, not {_kind(value)}")


def device(value: str) -> str:
    """An interface's name."""
    if isinstance(value, str):
        return value
    raise TypeError(f"an interface is named by a str, not {_kind(value)}")


def settings(
    changes: Iterable[Union[str, Mapping[str, int]]], values: Mapping[str, Union[int, Mapping[str, int]]]
) -> Iterator[tuple[str, str, int]]:
    """(scope, key, value) of what `Snapshot.with_` is told."""
    scopes: list[str] = []
    found: list[tuple[str, str, int]] = []
    for change in changes:
        if not isinstance(change, str):
            found += [(*_scope_and_key(name), value) for name, value in _items(change)]
        elif "=" in change:
            name, _, value = change.partition("=")
            try:
                found.append((*_scope_and_key(name.strip()), int(value)))
            except ValueError:
                raise ValueError(f"{change!r} is not SCOPE.KEY=VALUE, such as all.arp_ignore=3") from None
        else:
            scopes.append(change)
    for name, one_or_many in values.items():
        if isinstance(one_or_many, int):
            found += [(scope, name, one_or_many) for scope in scopes]
            if not scopes:
                raise ValueError(f"{name}={one_or_many} needs a scope in front of it: with_('all', {name}={one_or_many})")
        else:
            found += [(name, key, value) for key, value in _items(one_or_many)]
    if not found:
        raise ValueError("no value is named: with_('all', arp_ignore=3)")
    yield from found


def _items(values: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    if not hasattr(values, "items"):
        raise TypeError(f"a value is an int, and several are a mapping such as {{'all.arp_ignore': 3}}, not {_kind(values)}")
    return values.items()


def _scope_and_key(name: str) -> tuple[str, str]:
    if not isinstance(name, str):
        raise TypeError(f"a key is named by a str such as 'all.arp_ignore', not {_kind(name)}")
    # An interface's name may have dots in it, a key has none.
    scope, _, key = name.rpartition(".")
    return scope, key


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


def vips(values: Union[AddressLike, Iterable[AddressLike]]) -> list[str]:
    """One address or several as text, for what is asked on the wire: there one is what is asked for most."""
    if isinstance(values, str) or hasattr(values, "max_prefixlen"):
        return [address(values)]  # type: ignore[arg-type]
    return addresses(values)


def macs(values: Union[str, Iterable[str]]) -> list[str]:
    """One MAC address or several as text."""
    found = [values] if isinstance(values, str) else list(_many(values, "MAC addresses"))
    for value in found:
        if not isinstance(value, str):
            raise TypeError(f"a MAC address is a str, not {_kind(value)}")
    return found


def milliseconds(timeout: Optional[float]) -> Optional[int]:
    """A time in seconds as poll() takes it, rounded up; None: for ever."""
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"a time is a number of seconds, not {_kind(timeout)}")
    if not 0 <= timeout <= 86400:
        raise ValueError(f"cannot use timeout {timeout}: it is not a number of seconds from 0 to 86400")
    return -int(-timeout * 1000 // 1)


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
    exact: bool = False,
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
        exact=exact,
    )


def files(
    root: StrPath = "/",
    *,
    sysctl_conf: Optional[StrPath] = None,
    comment_out: bool = False,
    program: Optional[StrPath] = None,
    native: bool = False,
    overwrite: bool = False,
) -> _native.PersistOptions:
    """What persist and its reverse are asked for."""
    return _native.PersistOptions(
        root=root,
        sysctl_conf=sysctl_conf,
        comment_out=comment_out,
        program=_program(root) if program is None else program,
        native=native,
        overwrite=overwrite,
    )


def _program(root: StrPath) -> Optional[str]:
    """The console script of the interpreter that runs, for this machine; None leaves it to the library to look."""
    import os
    import sys

    if not sys.executable or os.fspath(root) != "/":
        return None
    script = os.path.join(os.path.dirname(sys.executable), "lvsarp")
    return script if os.access(script, os.X_OK) else None


def boot(
    interfaces: Iterable[str], root: StrPath, loader: Optional[str], rehearse: bool = False
) -> _native.BootOptions:
    """What boot is asked for."""
    names = [device(name) for name in _many(interfaces, "interfaces")]
    return _native.BootOptions(interfaces=names, root=root, loader=loader, rehearse=rehearse)
