"""The table: for each statement what was done, what was counted, what was expected, and whether it was so."""
import contextlib
import faulthandler
import json
import os
import sys
import textwrap
import threading
import time

COLUMNS = (("what was done", 56), ("what was counted", 46), ("expected", 34))
INDENT = "  "


class Table:
    """Writes each line as soon as it is known, and for programs one JSON object a line."""

    def __init__(self, out=sys.stdout, rows=None):
        self._out, self._rows, self._begin = out, rows, time.monotonic()
        self._chapter, self.wrong, self.statements = "", 0, 0

    def chapter(self, title, shows):
        """A heading, and one sentence that says what the lines below it show."""
        self._chapter = title
        self._say(f"\n{title}\n{textwrap.fill(shows, 142, initial_indent=INDENT, subsequent_indent=INDENT)}\n")
        self._line(*(name for name, _ in COLUMNS), "")
        self._line(*("-" * width for _, width in COLUMNS), "-----")

    def line(self, done, counted, expected, right):
        """One statement."""
        self.statements += 1
        self.wrong += not right
        self._line(done, counted, expected, "ok" if right else "WRONG")
        if self._rows:
            row = {"chapter": self._chapter, "done": done.strip(), "counted": counted, "expected": expected,
                   "ok": bool(right), "at": round(time.monotonic() - self._begin, 2)}
            self._rows.write(json.dumps(row) + "\n")
            _flush(self._rows)

    def figure(self, done, counted):
        """What was counted where nothing is expected."""
        self._line(done, counted, "(a figure)", "")

    @contextlib.contextmanager
    def step(self, name, seconds):
        """What the block does takes at most so long. An error in it is a wrong line; a hang ends it all."""
        guard = threading.Timer(seconds, self._hang, (name, seconds))
        guard.daemon = True
        guard.start()
        try:
            yield
        except Exception as error:
            self.line(name, f"an error: {type(error).__name__}: {error}", "no error", False)
        finally:
            guard.cancel()

    def end(self):
        """The last line; the exit status."""
        seconds = time.monotonic() - self._begin
        result = f"{self.wrong} of them WRONG" if self.wrong else "all of them ok"
        self._say(f"\n{self.statements} statements, {result}; {seconds:.0f} s")
        return 1 if self.wrong or not self.statements else 0

    def _hang(self, name, seconds):
        self.line(name, f"still under way after {seconds} s", "an end", False)
        faulthandler.dump_traceback(sys.stdout, all_threads=True)
        self.end()
        os._exit(1)

    def _line(self, *cells):
        columns = [textwrap.wrap(cell, width, subsequent_indent=cell[:len(cell) - len(cell.lstrip())]) or [""]
                   for cell, (_, width) in zip(cells, COLUMNS)]
        for row in range(max(map(len, columns))):
            words = [(column[row] if row < len(column) else "").ljust(width)
                     for column, (_, width) in zip(columns, COLUMNS)]
            self._say((INDENT + "  ".join(words) + "  " + (cells[-1] if row == 0 else "")).rstrip())

    def _say(self, text):
        self._out.write(text + "\n")
        _flush(self._out)


def _flush(file):
    """A guest's file is the machine's only when it is synchronized."""
    file.flush()
    with contextlib.suppress(OSError):
        os.fsync(file.fileno())
