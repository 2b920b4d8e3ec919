"""A real server for the length of a `with` block."""

from __future__ import annotations

from . import _native, _outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Optional

    from ._outcome import Changes


class Applied:
    """What :meth:`Host.applied` gives: the apply is done on the way into the block and taken back on the way out.

    ``changes`` is what was changed on the way in, and ``reverted`` what was taken back on the way out; each is None
    before. One object is for one block.
    """

    __slots__ = ("_applied", "_desired", "_inner", "_lock_timeout", "changes", "reverted")
    changes: Optional[Changes]
    reverted: Optional[Changes]

    def __init__(self, inner: _native.Host, desired: _native.Desired, lock_timeout: float) -> None:
        self._inner = inner
        self._desired = desired
        self._lock_timeout = lock_timeout
        self._applied: Optional[_native.Applied] = None
        self.changes = None
        self.reverted = None

    def __enter__(self) -> Changes:
        if self._applied is not None:
            raise RuntimeError("this block was entered before: call applied() again")
        self._applied = _native.Applied()
        try:
            self.changes = _outcome.changes(
                self._inner.apply_for_now(self._desired, self._lock_timeout, self._applied)
            )
            return self.changes
        except BaseException as error:  # a signal's, for one, that came while it was applied
            self._take_back(self._applied, error)
            raise

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        assert self._applied is not None
        self._take_back(self._applied, error)

    def _take_back(self, applied: _native.Applied, error: Optional[BaseException]) -> None:
        try:
            self.reverted = _outcome.changes(self._inner.revert(applied, self._lock_timeout))
        except Exception as failure:
            if error is None:
                raise
            # The block's own exception is the one that is raised. Tracebacks show its notes from Python 3.11 on.
            notes = [*getattr(error, "__notes__", []), f"lvsarp could not take back what it applied: {failure}"]
            try:
                setattr(error, "__notes__", notes)
            except Exception:  # one that takes no attributes
                pass
