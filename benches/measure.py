"""Peers take turns: every round gives each of them one step, so that all see the same noise of the machine."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Step = Callable[[], "tuple[dict[str, float], int | None]"]


class Unequal(Exception):
    """Two peers did not see the same thing, so their figures cannot be compared."""


@dataclass
class Peer:
    """One way to do the work.

    `step` does it once and returns its figures by name (nanoseconds, or KiB), and what it saw (None: it cannot tell).
    """

    name: str
    step: Step
    rounds: dict[str, list[float]] = field(default_factory=dict)
    spent: float = 0.0

    def median(self, figure: str) -> float:
        return statistics.median(self.rounds[figure])

    def least(self, figure: str) -> float:
        return min(self.rounds[figure])


def take_turns(peers: list[Peer], rounds: int, seconds_each: float) -> None:
    """One round that is not counted warms caches; then at most `rounds`, fewer for a peer that used up `seconds_each`.

    The order is reversed every other round. A peer whose warm-up alone used up its time keeps that one figure.
    """
    for turn in range(rounds + 1):
        seen: dict[str, int] = {}
        for peer in peers if turn % 2 == 0 else reversed(peers):
            if turn and peer.spent >= seconds_each:
                continue
            start = time.monotonic()
            figures, saw = peer.step()
            peer.spent += time.monotonic() - start
            if turn or peer.spent >= seconds_each:
                for name, value in figures.items():
                    peer.rounds.setdefault(name, []).append(value)
            if saw is not None:
                seen[peer.name] = saw
        if len(set(seen.values())) > 1:
            raise Unequal(f"the peers saw different things: {seen}")


def ratio(of: Peer, to: Peer, figure: str) -> float:
    """How many times `to` goes into `of`: the median over the rounds that both took part in, of the medians where these are few."""
    pairs = [a / b for a, b in zip(of.rounds[figure], to.rounds[figure]) if b > 0]
    if len(pairs) >= 3:
        return statistics.median(pairs)
    return of.median(figure) / to.median(figure)


class Coprocess:
    """A program that answers every line on its input with `NANOSECONDS SEEN`."""

    def __init__(self, argv: list[str]) -> None:
        self.argv = argv
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, line: str) -> tuple[float, int]:
        assert self.child.stdin and self.child.stdout
        try:
            self.child.stdin.write(line + "\n")
        except BrokenPipeError:
            pass
        answer = self.child.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"{' '.join(self.argv)} ended with status {self.child.wait()} when asked for {line!r}")
        return float(answer[0]), int(answer[1])

    def step(self, line: str, figure: str, times: int = 1) -> Step:
        """A short step is asked several times a turn, and their median is the turn's figure."""

        def ask() -> tuple[dict[str, float], int | None]:
            answers = [self.ask(line) for _ in range(times)]
            return {figure: statistics.median(ns for ns, _ in answers)}, answers[-1][1]

        return ask


def run(argv: list[str], statuses: tuple[int, ...] = (0,)) -> tuple[float, str]:
    """One whole process, from its start to its exit, as somebody who calls the program pays for it; and its output."""
    start = time.perf_counter_ns()
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    ns = float(time.perf_counter_ns() - start)
    if done.returncode not in statuses:
        raise RuntimeError(f"{' '.join(argv)[:200]}: exit status {done.returncode}: {done.stderr.strip()[:500]}")
    return ns, done.stdout
