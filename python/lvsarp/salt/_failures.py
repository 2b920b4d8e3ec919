"""The library's errors as those that Salt shows as one line instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def shown() -> Iterator[None]:
    """Wrong arguments become SaltInvocationError, failures CommandExecutionError, each with the library's words."""
    from lvsarp import LvsarpError

    # Salt is not installed where the types are checked, and has none.
    from salt.exceptions import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
        CommandExecutionError,
        SaltInvocationError,
    )

    try:
        yield
    except LvsarpError as error:
        raise CommandExecutionError(text(error)) from error
    except (TypeError, ValueError) as error:
        raise SaltInvocationError(str(error)) from error


def text(error: BaseException) -> str:
    """An error in words: its words and hint, and those reasons among its findings that it does not name."""
    words = str(error)
    more = [f for f in getattr(error, "findings", ()) if f.severity in ("error", "unknown") and f.message not in words]
    return "\n".join([words, *map(str, more)])
