"""What a minion is asked to be: by the arguments of a call, else by pillar, else by the minion's configuration."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Optional

LISTS = ("vips", "prefixes")
WORDS = ("scope", "dev", "label", "address_scope", "method")
FLAGS = ("force", "persist", "exact")
NAMES = (*LISTS, *WORDS, *FLAGS)
# What is said of all VIPs of a host together.
WHOLE = ("persist", "exact")

NOTHING_NAMED = (
    "no VIP is named: give vips (or prefixes), or set them in pillar lvsarp:vips, or as vips below lvsarp in the "
    "minion's configuration"
)


class Wanted:
    """The real server that is wanted.

    vips, prefixes
        Texts, as the library reads them.
    options
        The other arguments of ``Host.plan`` that were given.
    persist, exact
        Whether it is to hold after a reboot, and whether what is not listed goes.
    """

    vips: list[str]
    prefixes: list[str]
    options: dict[str, Any]
    persist: bool
    exact: bool

    def __init__(self, found: dict[str, Any]) -> None:
        self.vips = found.get("vips", [])
        self.prefixes = found.get("prefixes", [])
        self.options = {name: found[name] for name in (*WORDS, "force") if name in found}
        self.persist = found.get("persist", False)
        self.exact = found.get("exact", False)

    def plan(self) -> dict[str, Any]:
        """The arguments of ``Host.plan``."""
        return {"vips": self.vips, "prefixes": self.prefixes, "exact": self.exact, **self.options}

    def apply(self) -> dict[str, Any]:
        """The arguments of ``Host.apply``."""
        return {**self.plan(), "persist": self.persist}

    def targets(self) -> list[str]:
        """What a check looks at: the VIPs, and of each prefix the first address."""
        return [text.partition("/")[0] for text in (*self.vips, *self.prefixes)]


def find(
    given: Mapping[str, Any], pillar: Mapping[str, Any], opts: Mapping[str, Any], names: Iterable[str] = NAMES
) -> Wanted:
    """What is wanted, each name from the first place that has it; ``given`` are the arguments, None where one was not.
    What is below other names is not looked at.

    Grains are no such place: the grain has the same name. Raises ValueError for what is not what its name says.
    """
    found = {}
    for name in names:
        for place, values in _places(given, pillar, opts):
            if values.get(name) is not None:
                found[name] = _checked(name, values[name], place + name)
                break
    return Wanted(found)


def named(given: Mapping[str, Any], pillar: Mapping[str, Any], opts: Mapping[str, Any]) -> Wanted:
    """The same, with a VIP or a prefix in it; ValueError without."""
    wanted = find(given, pillar, opts)
    if not wanted.targets():
        raise ValueError(NOTHING_NAMED)
    return wanted


def called(given: Mapping[str, Any], pillar: Mapping[str, Any], opts: Mapping[str, Any]) -> Wanted:
    """The same for a call by hand. One that names VIPs or prefixes itself is about these, and not about all that pillar
    wants: exact and persist are then those of the call, too, or False."""
    if given.get("vips") is not None or given.get("prefixes") is not None:
        given = {**given, **{name: False for name in WHOLE if given.get(name) is None}}
    return named(given, pillar, opts)


def targets(vips: Any, pillar: Mapping[str, Any], opts: Mapping[str, Any]) -> Optional[list[str]]:
    """The addresses that a check looks at: those that are named, else those that are wanted; None where none are."""
    if vips is not None:
        return [text.partition("/")[0] for text in texts(vips, "argument vips")]
    return find({}, pillar, opts).targets() or None


def unknown(pillar: Mapping[str, Any], opts: Mapping[str, Any]) -> list[str]:
    """Sentences about names in pillar and configuration that are none of ours, such as ``vip``."""
    found = []
    for place, values in (("pillar lvsarp", pillar), ("minion configuration lvsarp", opts)):
        strange = sorted(str(name) for name in _below(values, place) if name not in NAMES)
        if strange:
            found.append(f"{place} has names that mean nothing here: {', '.join(strange)}")
    return found


def texts(value: Any, place: str) -> list[str]:
    """A list of texts, also from one text with commas."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        return [part for part in parts if part]
    if isinstance(value, (list, tuple)):
        for item in value:
            if not isinstance(item, str):
                raise ValueError(f"{place}: {item!r} is no text; write it in quotes")
        return [part for item in value for part in texts(item, place)]
    raise ValueError(f"{place}: {value!r} is neither a list nor a text with commas")


def flag(value: Any, place: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{place}: {value!r} is neither true nor false")
    return value


def _checked(name: str, value: Any, place: str) -> Any:
    if name in LISTS:
        return texts(value, place)
    if name in FLAGS:
        return flag(value, place)
    if not isinstance(value, str):
        raise ValueError(f"{place}: {value!r} is no text; write it in quotes")
    return value


def _places(
    given: Mapping[str, Any], pillar: Mapping[str, Any], opts: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "argument ", given
    yield "pillar lvsarp:", _below(pillar, "pillar lvsarp")
    yield "minion configuration lvsarp:", _below(opts, "minion configuration lvsarp")


def _below(values: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    ours: Any = values.get("lvsarp")
    if ours is None:
        return {}
    if not hasattr(ours, "items"):
        raise ValueError(f"{place}: {ours!r} is no mapping of names such as vips")
    return ours  # type: ignore[no-any-return]
