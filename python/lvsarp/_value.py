"""A value: fields that never change, with equality, hash, pickle and plain data.

It does what a frozen dataclass does. The module `dataclasses` takes longer to import than the rest of this package
and the interpreter together, and a program that reads two levels should not wait for it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from inspect import Signature
    from typing import Any, ClassVar

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda cls: cls


class _FieldsAsSignature:
    """Tells `help()` and editors the fields as the arguments of the constructor."""

    def __get__(self, _: object, owner: type[Value]) -> Signature:
        from inspect import Parameter, Signature

        types = owner.__annotations__
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(name, kind, annotation=types[name]) for name in owner._fields])


@dataclass_transform(frozen_default=True)
class Value:
    """A frozen value: compares by its fields, hashes, pickles, and becomes plain data with :meth:`as_dict`."""

    _fields: ClassVar[tuple[str, ...]] = ()
    __signature__: ClassVar[Signature] = _FieldsAsSignature()  # type: ignore[assignment]

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)
        setattr(cls, "__match_args__", cls._fields)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self._fields
        if named or len(values) != len(fields):
            state = dict(zip(fields, values), **named)
            if not len(values) + len(named) == len(state) == len(fields) or state.keys() != set(fields):
                raise TypeError(f"{type(self).__name__} takes each of these once: {', '.join(fields)}")
            self.__dict__.update(state)
        else:
            self.__dict__.update(zip(fields, values))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name}: a {type(self).__name__} does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name}: a {type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        state = self.__dict__
        return hash((type(self).__name__, *[state[name] for name in self._fields]))

    def __repr__(self) -> str:
        fields = ", ".join([f"{name}={getattr(self, name)!r}" for name in self._fields])
        return f"{type(self).__name__}({fields})"

    def __replace__(self, **changes: Any) -> Self:
        return type(self)(**{**self.__dict__, **changes})

    def as_dict(self) -> dict[str, Any]:
        """The value as plain data: only dict, list, str, int, float, bool and None, in the order of the fields."""
        return {name: plain(getattr(self, name)) for name in self._fields}


def plain(value: Any) -> Any:
    """A field as plain data."""
    if isinstance(value, Value):
        return value.as_dict()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def decode(text: str) -> Any:
    """The plain data in a text of JSON from the native module."""
    from json import loads

    return loads(text)


def frozen(data: Mapping[str, Any], *lists: str) -> dict[str, Any]:
    """The fields of a value from decoded JSON, with tuples in place of these lists."""
    return {**data, **{name: tuple(data[name]) for name in lists}}
