"""The command line: `lvsarp` and `python -m lvsarp` are the same program as the binary."""

from __future__ import annotations

import sys

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Optional


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs the program with these arguments (those of the process if None) and returns its exit status.

    0: done. 1: findings. 2: errors. It writes to the standard output and error of the process, not to ``sys.stdout``.
    """
    arguments = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with _InterruptedAtOnce():
        return _native.main(["lvsarp", *arguments])


class _InterruptedAtOnce:
    """Ctrl-C ends the process meanwhile: Python's own handler would wait until the native code returns."""

    def __enter__(self) -> None:
        import signal

        try:
            self._before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        except ValueError:  # only the main thread has a say in signals
            self._before = None

    def __exit__(self, *_: object) -> None:
        import signal

        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


if __name__ == "__main__":
    sys.exit(main())
