"""Starts a kernel that has ip_vs, runs the chapters in it, and prints the table as it grows; exits with 1 if a line is wrong.

    python3 -m cluster [--short] [CHAPTER...]        all chapters, or those with these numbers
"""
import os
import sys
import tempfile
import threading
from pathlib import Path

from lab import uml

MOST = 280  # seconds


def main(*words):
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table")
        table.touch()
        ended = threading.Event()
        printing = threading.Thread(target=follow, args=(table, ended))
        printing.start()
        try:
            done = uml.run(sys.executable, "-m", "cluster.guest", "--out", table, *words, cwd=Path(__file__).resolve().parents[1], timeout=MOST,
                           share=[folder])
        except uml.GuestError as error:
            return f"lab: {error}"
        finally:
            ended.set()
            printing.join()
    # What the guest had to say beside the table: an error of Python, or the stacks of a hang.
    return f"lab: {done}" if done.output or done.status not in (0, 1) else done.status


def follow(file, ended):
    """Print what is written to a file, until it has ended."""
    with file.open() as text:
        while True:
            last = ended.wait(0.2)
            sys.stdout.write(text.read())
            sys.stdout.flush()
            if last:
                return


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except BrokenPipeError:
        os._exit(1)
