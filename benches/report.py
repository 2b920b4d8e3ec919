"""The figures as a table for people, as JSON for programs, and where a limit was missed."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from typing import Any

from measure import ratio
from sections import Comparison, Programs

BEGIN = "<!-- figures: begin (written by benches/compare.py) -->"
END = "<!-- figures: end -->"

# Units of figures that are the same in every round.
COUNTED = ("bytes", "count")


def plain(c: Comparison) -> dict[str, Any]:
    """A comparison as plain data, with the verdict on its limit."""
    ours = c.peer(c.ours)
    rows = []
    for peer in c.peers:
        row: dict[str, Any] = {
            "peer": peer.name,
            "rounds": len(peer.rounds[c.figure]),
            "least": peer.least(c.figure),
            "median": peer.median(c.figure),
            "times_ours": ratio(peer, ours, c.figure),
        }
        rows.append(row)
    result: dict[str, Any] = {"title": c.title, "text": c.text, "unit": c.unit, "rows": rows, "lines": c.lines}
    result["limits"] = []
    for name in c.limit_to:
        measured = ratio(ours, c.peer(name), c.figure)
        result["limits"].append({"to": name, "at_most": c.limit, "measured": measured, "kept": measured <= c.limit})
    return result


def amount(value: float, unit: str) -> str:
    if unit == "memory":
        return f"{value / 1024:.1f} MiB"
    if unit in COUNTED:
        return f"{value:,.0f}"
    for size, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if abs(value) >= size:
            digits = 3 - len(str(int(abs(value) / size)))
            return f"{value / size:.{max(digits, 0)}f} {name}"
    return f"{value:.0f} ns"


def times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def table(rows: list[list[str]]) -> list[str]:
    """A markdown table whose columns also line up as text; the first is left-aligned, the others right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if k else "-") for k, width in enumerate(widths)) + "|"
    return [line(rows[0]), rule, *map(line, rows[1:])]


def comparison_lines(c: dict[str, Any]) -> list[str]:
    if c["unit"] in COUNTED:
        head = ["peer", c["unit"], "times lvsarp"]
        body = [[r["peer"], amount(r["median"], c["unit"]), times(r["times_ours"])] for r in c["rows"]]
    else:
        head = ["peer", "rounds", "least", "median", "times lvsarp"]
        body = [
            [r["peer"], str(r["rounds"]), amount(r["least"], c["unit"]), amount(r["median"], c["unit"]), times(r["times_ours"])]
            for r in c["rows"]
        ]
    lines = [f"### {c['title']}", "", c["text"], "", *table([head, *body]), ""]
    for limit in c["limits"]:
        verdict = "kept" if limit["kept"] else "MISSED"
        lines += [f'* Limit: at most {limit["at_most"]:g} times "{limit["to"]}". Measured: {limit["measured"]:.2f}, {verdict}.']
    for text in c["lines"]:
        lines += [f"* {text}"]
    return lines + ([""] if c["lines"] or c["limits"] else [])


def first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError:
        return "unknown"
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"


def circumstances(programs: Programs, sections: list[str]) -> dict[str, str]:
    """What somebody needs to know to compare these figures with their own."""
    python = programs.python
    version = "import importlib.metadata as m; print(m.version('pyroute2'))"
    load = os.getloadavg()
    others, c = any(section != "c" for section in sections), "c" in sections
    facts = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "kernel": platform.release(),
        "processors": f"{os.cpu_count()} ({platform.machine()})",
        "load": f"{load[0]:.2f} (one minute, at the end)",
        "rustc": first_line(["rustc", "--version"]),
        "cc": first_line(["cc", "--version"]),
        "python": first_line([python, "--version"]),
        "lvsarp": first_line([programs.cli, "--version"]) + ("" if programs.python_module else ", its Python module left out") if others else "",
        "liblvsarp": first_line([os.path.join(programs.raw, "c_library"), "version"]) if c else "",
        "libnl": first_line(["pkg-config", "--modversion", "libnl-route-3.0"]) if c else "",
        "pyroute2": first_line([python, "-c", version]) if others else "",
        "iproute2": first_line(["ip", "-V"]),
        "sysctl": first_line(["sysctl", "--version"]),
    }
    return {name: value for name, value in facts.items() if value}


def markdown(facts: dict[str, str], comparisons: list[dict[str, Any]]) -> str:
    lines = ["| measured on | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in facts.items()] + [""]
    for c in comparisons:
        lines += comparison_lines(c)
    return "\n".join(lines).rstrip() + "\n"


def put_between_markers(path: str, figures: str) -> None:
    """Rewrites the figures of a document and nothing else in it."""
    with open(path) as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise SystemExit(f"compare: cannot write figures into {path}: it has no single pair of the lines {BEGIN!r} and {END!r}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    new = f"{path}.new"
    with open(new, "w") as f:
        f.write(f"{before}{BEGIN}\n\n{figures}\n{END}{after}")
    os.replace(new, path)
