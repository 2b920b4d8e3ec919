"""What the type checker needs to know: the names that Salt's loader puts into every module, and types of arguments.
Nothing imports this when the program runs."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any, Optional, Union

__opts__: dict[str, Any] = {}
__pillar__: dict[str, Any] = {}
__context__: dict[str, Any] = {}
__salt__: dict[str, Any] = {}

# Several texts: a list, or one text with commas.
Texts = Union[str, list[str], None]
# VIPs in whatever spelling.
Addresses = set[Union[IPv4Address, IPv6Address]]
# What a state returns.
Return = dict[str, Any]
# What __virtual__ returns: a name, or False and why.
Virtual = Union[str, tuple[bool, str]]
# True, False, and in test mode None where something would change.
Result = Optional[bool]
