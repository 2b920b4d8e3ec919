"""What notebooks show: pictures, and small tables that take the colours of the page around them."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from ._boot import Boot
    from ._decision import Decision
    from ._levels import Levels
    from ._network import Interface
    from ._outcome import Changes, Finding, Plan, Report, Step, Verdict
    from ._probe import Audit
    from ._snapshot import Snapshot
    from ._types import LevelKey

# Text and lines are currentColor, so that light and dark pages both work. The few colours are beside the words, never
# instead of them.
_STYLE = """<style>
.lvsarp table { border-collapse: collapse; color: inherit; background: none; margin: .4em 0 .6em; }
.lvsarp th, .lvsarp td { border: 0; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  padding: .2em .8em .2em 0; text-align: left; vertical-align: top; color: inherit; background: none; }
.lvsarp .lvsarp-code { font-family: monospace; white-space: nowrap; }
.lvsarp summary { cursor: pointer; opacity: .75; }
.lvsarp .lvsarp-good, .lvsarp .lvsarp-bad, .lvsarp .lvsarp-doubt { border-left: .3em solid; padding-left: .5em; }
.lvsarp .lvsarp-good { border-left-color: #1a7f37; }
.lvsarp .lvsarp-bad { border-left-color: #cf222e; }
.lvsarp .lvsarp-doubt { border-left-color: #9a6700; }
@media (prefers-color-scheme: dark) {
  .lvsarp .lvsarp-good { border-left-color: #3fb950; }
  .lvsarp .lvsarp-bad { border-left-color: #f85149; }
  .lvsarp .lvsarp-doubt { border-left-color: #d29922; }
}
</style>"""

# The rows of a table that are shown at once; more are folded away.
_SHOWN = 12

# And the rows that are folded away, because no notebook shows a million.
_FOLDED = 1000
_KEYS: tuple[LevelKey, LevelKey] = ("arp_ignore", "arp_announce")
_GOOD = {True: "lvsarp-good", False: "lvsarp-bad", None: "lvsarp-doubt"}
_LEARNS = {
    "enters": "the sender enters the host's neighbour cache",
    "updates": "an entry that the host has of the sender gets its MAC; none is made",
    "nothing": "the host remembers nothing of the sender",
}
_MARKS = {"error": "lvsarp-bad", "unknown": "lvsarp-doubt", "warning": "lvsarp-doubt"}


def levels(value: Levels) -> str:
    """Both levels with what is in force and what that means."""
    from ._levels import levels as table

    rows: list[Iterable[object]] = []
    marks = []
    for key in _KEYS:
        level = getattr(value, key)
        means = [row for row in table(key) if level.effective is not None and row.first <= level.effective <= row.last]
        hides = means[0].hides_vip if means else None
        marks.append(_GOOD[hides])
        says = means[0].meaning if means else "it cannot be told what is in force"
        rows.append((key, level.own, level.all, level.effective, _yes_or_no(hides), says))
    return _page(_table(("key", "own", "all", "effective", "hides a VIP on lo", "meaning"), rows, marks))


def report(value: Report) -> str:
    """The verdict, what was found, and every VIP on every interface."""
    verdict = _mark("lvsarp-good", "silent") if value.ok else _mark("lvsarp-bad", "not silent")
    return _page(verdict, _findings(value.findings), _verdicts(value.verdicts))


def boot(value: Boot) -> str:
    """The verdict, what was found, every VIP on every interface, and every level with the line that decides it."""
    then = "silent after a reboot"
    verdict = _mark("lvsarp-good", then) if value.ok else _mark("lvsarp-bad", f"not {then}")
    way = f"{value.loader} was run to see" if value.rehearsed else f"by the rules of {value.loader}"
    levels = [
        (b.scope, b.key, b.value, b.late, "" if b.file is None else f"{b.file}:{b.line}", "yes" if b.by_default else "")
        for b in value.levels
    ]
    titles = "scope", "key", "value", "if added later", "decided by", "by way of default"
    verdicts = _verdicts(value.verdicts)
    return _page(verdict, f"<div>{escape(way)}</div>", _findings(value.findings), verdicts, _table(titles, levels))


def decision(value: Decision) -> str:
    """The answer, the checks that lead to it, and what may change it."""
    if value.question.startswith("who-has"):
        mark = {True: "lvsarp-bad", False: "lvsarp-good", None: "lvsarp-doubt"}[value.replies]
    else:
        mark = "lvsarp-doubt" if value.source is None else "lvsarp-good"
    checks = [("pass" if check.passes else "stop", check.text, check.function) for check in value.trace]
    marks = ["" if check.passes else mark for check in value.trace]
    asked = f"<div>{escape(value.question)}</div>"
    learns = "" if value.learns is None else f"<div>{escape(_LEARNS.get(value.learns, value.learns))}</div>"
    doubts = [f'<div class="lvsarp-doubt">but {escape(text)}</div>' for text in value.caveats]
    if value.witness is not None:
        doubts.append(_mark(_GOOD[value.witness.agrees], value.witness.text))
    way = _table(("", "check", "kernel function"), checks, marks, code=2)
    return _page(asked, _mark(mark, value.rule), way, learns, *doubts)


def plan(value: Plan) -> str:
    """The steps with their reasons, and what would be found."""
    then = _mark("lvsarp-good", "silent afterwards") if value.ok else _mark("lvsarp-bad", "would be refused")
    verdict = then if value.steps else then + "<div>nothing to do</div>"
    return _page(verdict, _steps(value.steps), _findings(value.findings))


def changes(value: Changes) -> str:
    """What was changed, and what else is to be known."""
    verdict = _mark("lvsarp-good", "changed" if value.changed else "nothing changed")
    return _page(verdict, _steps(value.steps), _findings(value.findings))


def audit(value: Audit) -> str:
    """The state with its reasons, and what came back."""
    mark = "lvsarp-good" if value.healthy else "lvsarp-bad"
    asked = ((value.vip, value.answered, value.announced, value.from_vip, value.others),)
    titles = "VIP", "who-has answered", "announced", "from the VIP", "others that answer"
    reasons = [f"<div>{escape(reason)}</div>" for reason in value.reasons]
    whom = f"<div>{escape(value.real_server)} {escape(value.mac or 'without a MAC address')}</div>"
    return _page(_mark(mark, value.state), whom, *reasons, _table(titles, asked))


def snapshot(value: Snapshot) -> str:
    """The picture, and below it the interfaces with their levels and addresses, and what was found."""
    bound: dict[int, list[str]] = {}
    for address in value.addresses:
        bound.setdefault(address.index, []).append(f"{address.local}/{address.prefixlen}")
    rows = [
        (
            interface.name,
            interface.kind or "",
            "up" if interface.is_up else "down",
            _own(interface, "arp_ignore"),
            _own(interface, "arp_announce"),
            ", ".join(bound.get(interface.index, ())),
        )
        for interface in value.interfaces
    ]
    above = f"kernel {value.kernel}; all: " + ", ".join([f"{key} {value.all.get(key)}" for key in _KEYS])
    table = _table(("interface", "kind", "state", "own arp_ignore", "own arp_announce", "addresses"), rows)
    report = value.check()
    findings, verdicts = _findings(report.findings), _verdicts(report.verdicts)
    return _page(
        value.svg(),
        _folded("as tables", f"<div>{escape(above)}</div>{table}{findings}{verdicts}"),
    )


def _own(interface: Interface, key: str) -> Optional[int]:
    return None if interface.conf is None else interface.conf.get(key)


def _page(*parts: str) -> str:
    return f'{_STYLE}<div class="lvsarp">{"".join(parts)}</div>'


def _mark(kind: str, text: str) -> str:
    return f'<div class="{kind}"><strong>{escape(text)}</strong></div>'


def _yes_or_no(value: object) -> str:
    return "unknown" if value is None else "yes" if value else "no"


def _cell(tag: str, content: object, mark: str = "") -> str:
    text = escape("" if content is None else str(content))
    return f'<{tag} class="{mark}">{text}</{tag}>' if mark else f"<{tag}>{text}</{tag}>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>" if content else ""


def _table(
    titles: Iterable[str],
    rows: Iterable[Iterable[object]],
    marks: Iterable[str] = (),
    *,
    code: Optional[int] = None,
) -> str:
    """A table; rows beyond those that are shown at once are folded away. ``code`` is a column in type of one width."""
    all_rows, all_titles = list(rows), list(titles)
    if not all_rows:
        return ""
    all_marks = [*marks] or [""] * len(all_rows)
    # One more is shown rather than announced.
    end = _SHOWN if len(all_rows) > _SHOWN + 1 else len(all_rows)
    table = _rows(all_titles, all_rows[:end], all_marks[:end], code)
    more = len(all_rows) - end
    if not more:
        return table
    last = min(len(all_rows), end + _FOLDED)
    left_out = f", of which {_FOLDED} are here" if last < len(all_rows) else ""
    return table + _folded(f"{more} more{left_out}", _rows(all_titles, all_rows[end:last], all_marks[end:last], code))


def _rows(titles: list[str], rows: list[Iterable[object]], marks: list[str], code: Optional[int]) -> str:
    head = "".join([_cell("th", title) for title in titles])
    body = []
    for row, mark in zip(rows, marks):
        cells = [
            _cell("td", content, mark if column == 0 else "lvsarp-code" if column == code else "")
            for column, content in enumerate(row)
        ]
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _steps(steps: Iterable[Step]) -> str:
    rows = [(s.act, s.thing, s.old, s.new, s.reason) for s in steps]
    return _table(("act", "thing", "old", "new", "reason"), rows, code=1)


def _verdicts(verdicts: Iterable[Verdict]) -> str:
    """Those that leak first, then those that cannot be told."""
    marked = []
    for verdict in verdicts:
        is_so = verdict.replies, verdict.announces
        rank = 0 if True in is_so else 1 if None in is_so else 2
        marked.append((rank, ("lvsarp-bad", "lvsarp-doubt", "lvsarp-good")[rank], verdict))
    marked.sort(key=lambda one: one[0])
    rows = [(v.vip, v.interface, _yes_or_no(v.replies), _yes_or_no(v.announces)) for _, _, v in marked]
    return _table(("VIP", "interface", "answered", "announced"), rows, [mark for _, mark, _ in marked])


def _findings(findings: Iterable[Finding]) -> str:
    findings = list(findings)
    rows = [(f.severity, f.interface, f.vip, f.message, f.hint) for f in findings]
    return _table(
        ("severity", "interface", "VIP", "found", "what to do"), rows, [_MARKS.get(f.severity, "") for f in findings]
    )
