"""A real server for the length of a `with` block."""

from __future__ import annotations

from . import _outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional

    from . import _native
    from ._outcome import Changes


class Applied:
    """What :meth:`Host.applied` gives: the apply is done on the way into the block and taken back on the way out.

    ``changes`` is what was changed on the way in, and ``reverted`` what was taken back on the way out; each is None
    before. One object is for one block.
    """

    __slots__ = ("_desired", "_inner", "_kept", "_lock_timeout", "changes", "reverted")
    changes: Optional[Changes]
    reverted: Optional[Changes]

    def __init__(self, inner: _native.Host, desired: _native.Desired, lock_timeout: float) -> None:
        self._inner = inner
        self._desired = desired
        self._lock_timeout = lock_timeout
        self._kept: Optional[_native.Applied] = None
        self.changes = None
        self.reverted = None

    def __enter__(self) -> Changes:
        if self.changes is not None:
            raise RuntimeError("this block was entered before: call applied() again")
        text, self._kept = self._inner.apply_for_now(self._desired, self._lock_timeout)
        self.changes = _outcome.changes(text)
        return self.changes

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        assert self._kept is not None
        try:
            self.reverted = _outcome.changes(self._inner.revert(self._kept, self._lock_timeout))
        except Exception as failure:
            if error is None:
                raise
            # The block's own exception is the one that is raised. Before Python 3.11 there is no add_note, and tracebacks do not show it.
            notes = getattr(error, "__notes__", [])
            setattr(error, "__notes__", [*notes, f"lvsarp could not take back what it applied for the block: {failure}"])
