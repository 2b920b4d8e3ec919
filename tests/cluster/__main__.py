"""Starts a kernel that has ip_vs, runs the chapters in it, and prints the table as it grows; 1 if a line is wrong.

    python3 -m cluster [--short] [--into DOCUMENT] [CHAPTER...]

All chapters, or those with these numbers. In DOCUMENT a block begins with `$ make lab`: the table takes its place.
"""
import argparse
import os
import re
import sys
import tempfile
import threading
from pathlib import Path

from lab import uml

MOST = 280  # seconds
BLOCK = re.compile(r"(^```console\n\$ make lab\n).*?(^```$)", re.M | re.S)


def main():
    parser = argparse.ArgumentParser(prog="python3 -m cluster")
    parser.add_argument("--short", action="store_true", help="as make test does it")
    parser.add_argument("--into", type=Path, metavar="DOCUMENT", help="put the table into this document, too")
    parser.add_argument("chapters", nargs="*", help="their numbers")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "table")
        table.touch()
        ended = threading.Event()
        printing = threading.Thread(target=follow, args=(table, ended))
        printing.start()
        try:
            done = uml.run(sys.executable, "-m", "cluster.guest", "--out", table, *["--short"] * words.short,
                           *words.chapters, cwd=Path(__file__).resolve().parents[1], timeout=MOST, share=[folder])
        except uml.GuestError as error:
            return f"lab: {error}"
        finally:
            ended.set()
            printing.join()
        # What the guest had to say beside the table: an error of Python, or the stacks of a hang.
        if done.output or done.status not in (0, 1):
            return f"lab: {done}"
        if words.into:
            put(words.into, table.read_text())
    return done.status


def follow(file, ended):
    """Print what is written to a file, until it has ended."""
    with file.open() as text:
        while True:
            last = ended.wait(0.2)
            sys.stdout.write(text.read())
            sys.stdout.flush()
            if last:
                return


def put(document, table):
    """Put the table into the document's block."""
    text, found = BLOCK.subn(lambda block: block[1] + table.lstrip("\n") + block[2], document.read_text())
    if found != 1:
        sys.exit(f"lab: {document} has {found} blocks that begin with `$ make lab`, not one")
    document.write_text(text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        os._exit(1)
