"""Types of arguments, for annotations only: nothing imports this when the program runs."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from os import PathLike
from typing import Literal, Optional, Protocol, TypeVar, Union

AddressLike = Union[str, IPv4Address, IPv6Address]
PrefixLike = Union[str, IPv4Network, IPv6Network]
NetnsLike = Union[str, int, "PathLike[str]", None]
StrPath = Union[str, "PathLike[str]"]
# Unions, because that is what a checker of stubs takes a Literal of several words for.
LevelKey = Union[Literal["arp_ignore"], Literal["arp_announce"]]
LevelScope = Union[Literal["all"], Literal["interface"]]
ProbeSender = Union[Literal["own"], Literal["unspecified"], Literal["both"]]
Method = Union[Literal["netlink"], Literal["ioctl"]]
Via = Union[Literal["auto"], Literal["procfs"], Literal["netlink"]]
LevelTuple = tuple[Optional[int], Optional[int], Optional[int]]
LevelsTuple = tuple[LevelTuple, LevelTuple]
# A decision on its way to the picture: question, rule, checks, and the running kernel's word.
DrawnTuple = tuple[str, str, list[tuple[str, bool, str]], Optional[tuple[Optional[bool], str]]]
T = TypeVar("T")


class Started(Protocol):
    """What takes a while in the native module, and has a descriptor."""

    def fileno(self) -> int: ...


class Fetched(Protocol):
    """What goes on in the native module, and is fetched from its descriptor."""

    def fileno(self) -> int: ...
    def dispatch(self) -> str: ...
    def close(self) -> None: ...
