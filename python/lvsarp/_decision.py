"""One decision of the kernel: what it does, why, and the checks that lead to it."""

from __future__ import annotations

from ._value import Value, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ._types import DrawnTuple


class Check(Value):
    """One check on the way to a decision.

    function
        The kernel's function that it mirrors, such as ``net/ipv4/arp.c: arp_ignore()``.
    passes
        Whether the way goes on.
    text
        What was found, with the values that were read.
    """

    function: str
    passes: bool
    text: str

    def __str__(self) -> str:
        return f"{'pass' if self.passes else 'stop'} {self.text} [{self.function}]"


class Witness(Value):
    """The running kernel's word on the part of a decision that routing decides.

    agrees
        Whether it agrees with the model. None: it could not be asked.
    text
        What it was asked and said, in one sentence.
    """

    agrees: Optional[bool]
    text: str


class Decision(Value):
    """What the kernel does with a who-has, or which sender it puts into a request of its own, and why.

    Look at ``replies`` or ``source``: a decision itself is always true, whatever it says.

    question
        What was asked: ``who-has 192.0.2.10 tell 192.0.2.1 on eth0``, ``announce 192.0.2.1 on eth0 from 192.0.2.10``.
    replies
        Whether the who-has is answered. None: a level that decides is unknown, or the decision is about a request of
        the host's own.
    learns
        What the host remembers of the sender of a who-has: ``enters`` (the sender enters the neighbour cache, or its
        entry gets the sender's MAC), ``updates`` (only an entry that is there gets it) or ``nothing``. None: unknown, or
        the decision is about a request of the host's own.
    source
        The sender of the host's own request; ``0.0.0.0`` where the host has no address to choose. None: no request is
        sent, a level that decides is unknown, or the decision is about a who-has.
    rule
        The answer in one sentence.
    trace
        The checks in the kernel's order, up to the one that decides, and what follows from it.
    caveats
        What is outside of the model and may change the answer, such as a packet filter.
    witness
        What the running kernel says, where it was asked to verify; otherwise None.
    """

    question: str
    replies: Optional[bool]
    learns: Optional[str]
    source: Optional[str]
    rule: str
    trace: tuple[Check, ...]
    caveats: tuple[str, ...]
    witness: Optional[Witness]

    def as_dict(self) -> dict[str, Any]:
        """The decision as plain data, in the shape of ``lvsarp explain --json``: with ``replies`` and ``learns``, or with
        ``source``."""
        left_out = ("source",) if self.question.startswith("who-has") else ("replies", "learns")
        data = {name: value for name, value in super().as_dict().items() if name not in left_out}
        for check in data["trace"]:
            check["pass"] = check.pop("passes")
        return data

    def _drawn(self) -> DrawnTuple:
        witness = None if self.witness is None else (self.witness.agrees, self.witness.text)
        return self.question, self.rule, [(c.function, c.passes, c.text) for c in self.trace], witness

    def __repr__(self) -> str:
        return f"<Decision {self.rule}>"

    def __str__(self) -> str:
        lines = [self.rule, *[f"  {check}" for check in self.trace], *[f"  but {text}" for text in self.caveats]]
        return "\n".join(lines if self.witness is None else [*lines, f"  {self.witness.text}"])

    def _repr_html_(self) -> str:
        from ._html import decision

        return decision(self)


def decision(text: str) -> Decision:
    """A decision from the native module's JSON."""
    data = decode(text)
    trace = tuple([Check(check["function"], check["pass"], check["text"]) for check in data["trace"]])
    witness = None if data["witness"] is None else Witness(**data["witness"])
    return Decision(
        data["question"],
        data.get("replies"),
        data.get("learns"),
        data.get("source"),
        data["rule"],
        trace,
        tuple(data["caveats"]),
        witness,
    )
