"""Levels: what stands in `net.ipv4.conf`, what is in force, and what it means."""

from __future__ import annotations

from . import _native
from ._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from ._types import LevelKey, LevelsTuple


class Level(Value):
    """The three values behind one key of an interface. A value that the kernel did not report is None, never 0.

    own
        The interface's own value, ``net.ipv4.conf.IFACE.KEY``.
    all
        The value of ``net.ipv4.conf.all.KEY``.
    effective
        What is in force: for arp_ignore and arp_announce the larger of the two, signed. None where one of them is
        unknown.
    """

    own: Optional[int]
    all: Optional[int]
    effective: Optional[int]

    def __str__(self) -> str:
        return f"{self.effective} (all={self.all}, own={self.own})"


class Levels(Value):
    """Both levels of an interface, of ``all`` (own and all are the same) or of ``default`` (in force for an interface
    made now).

    arp_ignore
        Which who-has requests are not answered: 0 to 8, see ``lvsarp.levels("arp_ignore")``.
    arp_announce
        Which sender address own requests carry: 0 to 2, see ``lvsarp.levels("arp_announce")``.
    """

    arp_ignore: Level
    arp_announce: Level

    def __repr__(self) -> str:
        return f"Levels(arp_ignore={self.arp_ignore}, arp_announce={self.arp_announce})"

    def _repr_html_(self) -> str:
        from ._html import levels

        return levels(self)


class LevelMeaning(Value):
    """One row of a table of levels.

    values
        The values as people write them: ``0``, ``4-7``, ``9 and above``.
    first, last
        The same as numbers; both are 32-bit integers.
    hides_vip
        Whether a VIP of scope global on lo is hidden at this level, from a sender in the interface's subnet.
    meaning
        What the kernel does, in words.
    """

    values: str
    first: int
    last: int
    hides_vip: bool
    meaning: str


class OlderMerge(Value):
    """How older kernels merge a key.

    kernel
        The first release that does it otherwise, such as ``6.0``.
    merge
        How those before it do: ``max``, ``or``, ``and`` or ``own``.
    """

    kernel: str
    merge: str


class Key(Value):
    """A key of ``net.ipv4.conf`` that ARP decisions read.

    name
        The file's name below ``/proc/sys/net/ipv4/conf/IFACE``.
    id
        The number in ``IFLA_INET_CONF``.
    range
        The first and the last value that have a meaning.
    merge
        How the kernel makes one value of ``all`` and the interface's own: ``max``, ``or``, ``and``, or ``own``
        (``all`` is not read).
    merge_before
        The rule of older kernels, where it was another one.
    since
        The first kernel that has the key; 2.6 where it is older than every kernel in use.
    text
        What it does, in one sentence.
    """

    name: str
    id: int
    range: tuple[int, int]
    merge: str
    merge_before: Optional[OlderMerge]
    since: str
    text: str


def from_tuples(both: LevelsTuple) -> Levels:
    """Levels as the native module hands them over."""
    ignore, announce = both
    return Levels(Level(*ignore), Level(*announce))


def meaning(key: LevelKey, value: int, lang: str = "en") -> str:
    """What the kernel really does at a value of a level, in words.

    ``key`` is ``arp_ignore`` or ``arp_announce``, ``value`` is any 32-bit integer, also one that has no meaning.
    ``lang`` is ``en`` or ``zh``, with or without a region (``zh_CN.UTF-8``). Raises ValueError for another key, a
    longer integer or another language.
    """
    return _native.meaning(key, value, lang)


def levels(key: LevelKey, lang: str = "en") -> tuple[LevelMeaning, ...]:
    """The table of all levels of a key, from the most negative value to the largest.

    ``key`` is ``arp_ignore`` or ``arp_announce``, ``lang`` is ``en`` or ``zh``. Raises ValueError for another key or
    language.
    """
    return tuple([LevelMeaning(*row) for row in _native.levels(key, lang)])


def keys() -> tuple[Key, ...]:
    """The table of the ``net.ipv4.conf`` keys that ARP decisions read, with the kernel's rule for merging each with
    ``all``."""

    def row(
        name: str, id: int, range: tuple[int, int], merge: str, before: Optional[tuple[str, str]], *rest: str
    ) -> Key:
        return Key(name, id, range, merge, OlderMerge(*before) if before else None, *rest)

    return tuple([row(*fields) for fields in _native.keys()])
