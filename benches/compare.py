"""Measures lvsarp beside its peers in one run, and writes the figures into docs/benchmarks.md.

    python3 benches/compare.py --out docs/benchmarks.md [--json FILE] [--only SECTION]... [--no-build] [--no-python-module]

Exit status: 0 every limit was kept; 1 one was missed; 2 it could not be measured.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import build
import report
import sandbox
from c_library import c_library
from sections import Comparison, Programs, apply, bind, get, imports, snapshot

SECTIONS: dict[str, Callable[[Programs], Iterator[Comparison]]] = {
    "get": get,
    "import": imports,
    "apply": apply,
    "bind": bind,
    "c": c_library,
    "snapshot": snapshot,  # last: the kernel is busy for a while with removing ten thousand links
}
SECONDS = {"get": 120, "import": 120, "apply": 120, "bind": 240, "c": 120, "snapshot": 240}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", metavar="FILE", help="the document whose figures are rewritten")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON, too")
    parser.add_argument("--only", metavar="SECTION", action="append", choices=list(SECTIONS), help="leave out the other sections")
    parser.add_argument("--no-build", action="store_true", help="the programs are already built")
    parser.add_argument("--no-python-module", action="store_true", help="leave out lvsarp's Python module, and say so")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--programs", help=argparse.SUPPRESS)
    return parser.parse_args()


def inside(section: str, programs: Programs) -> None:
    """In the sandbox: one section, its figures as JSON on standard output."""
    sandbox.enter()
    print(json.dumps([report.plain(c) for c in SECTIONS[section](programs)]))


def measure(section: str, programs: Programs) -> list[dict[str, Any]]:
    argv = [*sandbox.UNSHARE, sys.executable, __file__, "--inside", section, "--programs", json.dumps(dataclasses.asdict(programs))]
    start = time.monotonic()
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=SECONDS[section], check=True)
    print(f"{section}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return list(json.loads(done.stdout))


def main() -> int:
    args = arguments()
    if args.inside:
        inside(args.inside, Programs(**json.loads(args.programs)))
        return 0
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where sysctl and ip are, which an ordinary user's PATH may lack
    try:
        sections = [section for section in SECTIONS if not args.only or section in args.only]
        programs = build.programs(python_module=not args.no_python_module)
        if missing := build.missing(programs, sections):
            print(f"compare: cannot import {' and '.join(missing)} into {sys.executable}; run it by `make bench`", file=sys.stderr)
            return 2
        if missing := build.missing_packages(sections):
            print(f"compare: missing Debian packages, install them as root: apt-get install {' '.join(missing)}", file=sys.stderr)
            return 2
        if not args.no_build:
            build.build(programs, sections)
        comparisons = [c for section in sections for c in measure(section, programs)]
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as e:
        print(f"compare: cannot measure: {e}", file=sys.stderr)
        return 2
    facts = report.circumstances(programs, sections)
    figures = report.markdown(facts, comparisons)
    print(figures)
    if args.out:
        report.put_between_markers(args.out, figures)
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"measured_on": facts, "comparisons": comparisons}, f, indent=1)
            f.write("\n")
    missed = [c["title"] for c in comparisons if not all(limit["kept"] for limit in c["limits"])]
    for title in missed:
        print(f"compare: a limit was missed: {title}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
