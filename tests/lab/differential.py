"""The model of ARP against the kernel: random hosts, and the same questions to both.

    python3 -m lab.differential --requests 50000 --seed 7       many random hosts
    python3 -m lab.differential --seed 7 --case 12              one of them again
"""
import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import lvsarp

from . import sandbox
from .namespaces import Namespace, veth
from .scenario import CannotBuild, Scenario
from .shrinking import shrink
from .topology import kinds_here, make_case

A_TICK = 0.021  # longer than one of the kernel's clock
ANOTHER, LEARNED = "02:0e:00:00:00:01", "02:0e:00:00:00:02"  # a neighbour's MAC, before and after it is learnt


@dataclass(frozen=True)
class Compared:
    """One question, what the model said, what the wire showed, and why the model said so."""

    question: dict
    said: object
    seen: object
    trace: tuple

    @property
    def agrees(self):
        return self.said == self.seen


@dataclass
class Mismatch:
    """A question that the model answers wrongly, last in a case made small."""

    number: int
    case: dict
    compared: Compared
    rerun: str

    def __str__(self):
        lines = [f"the wire shows {self.compared.seen!r}, the model says {self.compared.said!r}, because"]
        lines += [f"  {'+' if passed else '-'} {function}  {text}" for function, passed, text in self.compared.trace]
        return "\n".join([*lines, f"rerun: {self.rerun}", json.dumps(self.case)])


@dataclass
class Result:
    """What a run compared."""

    seed: str
    kinds: list
    cases: int = 0
    not_built: Counter = field(default_factory=Counter)
    requests: int = 0
    solicitations: int = 0
    entries: int = 0
    unanswerable: int = 0
    unrepeatable: list = field(default_factory=list)
    mismatches: list = field(default_factory=list)
    decided: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def counts(self):
        speed = (self.requests + self.solicitations + self.entries) / (self.seconds or 1)
        return (f"seed {self.seed}, {' '.join(self.kinds)}: {self.cases} cases, {self.requests} requests, "
                f"{self.solicitations} solicitations, {self.entries} entries, {len(self.mismatches)} mismatches; "
                f"beside these {sum(self.not_built.values())} cases not built, {self.unanswerable} questions could "
                f"not be asked, {len(self.unrepeatable)} mismatches did not come again; {self.seconds:.1f} s, "
                f"{speed:.0f}/s")

    def table(self):
        """How often each last check decided how."""
        rows = [f"{count:8} {count / total:6.1%}  {text}" for (kind, text), count in sorted(
            self.decided.items(), key=lambda item: (item[0][0], -item[1])) for total in [self.of(kind)]]
        return "\n".join(rows)

    def of(self, kind):
        return {"arp": self.requests, "learn": self.entries, "solicit": self.solicitations}[kind] or 1


class Differential:
    """A run: the cases of a seed, one after the other. SPOIL changes each snapshot before the model reads it."""

    def __init__(self, seed, kinds=None, spoil=None, say=lambda line: None):
        self.seed, self.spoil, self.say = str(seed), spoil, say
        self.kinds = kinds or kinds_of_this_kernel()
        self.result = Result(self.seed, self.kinds)

    def run(self, requests, seconds=None, most=3):
        """Ask at least so many requests, or until so many seconds are over; MOST mismatches are made small."""
        begin, number = time.monotonic(), 0
        while self.result.requests < requests and (seconds is None or time.monotonic() - begin < seconds):
            self.one(number, most)
            number += 1
            self.result.seconds = time.monotonic() - begin
            if number % 100 == 0:
                self.say(self.result.counts)
        return self.result

    def one(self, number, most=3):
        """Case NUMBER."""
        case = make_case(self.seed, number, self.kinds)
        try:
            compared = compare(case, self.spoil)
        except CannotBuild as error:
            self.result.not_built[re.sub(r"\d[\d./]*", "N", str(error))] += 1
            return
        except Exception as error:
            error.add_note(f"case {number} of seed {self.seed}")
            raise
        self.result.cases += 1
        self.result.unanswerable += len(case["requests"]) - len(compared)
        for answer in compared:
            self.count(case, answer)
            if not answer.agrees:
                known = any(mismatch.number == number for mismatch in self.result.mismatches)
                self.examine(case, answer, number, small=not known and len(self.result.mismatches) < most)

    def count(self, case, answer):
        kind = "learn" if "learn" in answer.question else answer.question["kind"]
        self.result.requests += kind == "arp"
        self.result.entries += kind == "learn"
        self.result.solicitations += kind == "solicit"
        verdicts = {"arp": ("silent", "answered"), "learn": ("passed", "learned"), "solicit": ("", "sent")}[kind]
        verdict = verdicts[bool(answer.said)]
        function, _, text = answer.trace[-1]
        self.result.decided[kind, f"{verdict:8} {function.split(': ')[-1]}: {generic(text, case)}"] += 1

    def examine(self, case, answer, number, small):
        """Ask again; what comes again is a mismatch."""
        wrong = []

        def still_wrong(smaller):
            found = wrong_in(smaller, self.spoil)
            wrong.extend([found] if found else [])
            return found is not None

        at = case["requests"].index(answer.question)
        for requests in ([answer.question], case["requests"][:at + 1]):
            again = case | {"requests": requests}
            if still_wrong(again):
                break
        else:
            self.result.unrepeatable.append((number, answer))
            self.say(f"did not come again, case {number}: {answer.question} said {answer.said} seen {answer.seen}")
            return
        if small:
            again = shrink(again, still_wrong)
        final = wrong[-1]
        again = again | {"requests": again["requests"][:-1] + [final.question | {"expect": final.seen}]}
        rerun = f"python3 -m lab.differential --seed {self.seed} --case {number} --kinds {','.join(self.kinds)}"
        self.result.mismatches.append(Mismatch(number, again, final, rerun))
        if small:
            self.say(str(self.result.mismatches[-1]))


def compare(case, spoil=None):
    """Build a case, ask the kernel and the model; one Compared per question that has an answer."""
    with Scenario(case) as scenario:
        snapshot = lvsarp.Host(netns=scenario.host.name).snapshot()
        if spoil:
            snapshot = lvsarp.Snapshot.from_json(json.dumps(spoil(json.loads(snapshot.to_json()))))
        outcomes = list(ask_the_kernel(scenario, case["requests"], snapshot))
    compared = []
    for question, seen, *about in outcomes:
        said, decision = ask_the_model(snapshot, question, *about)
        compared.append(Compared(question, said, seen, checks(decision)))
    return compared


def ask_the_kernel(scenario, questions, snapshot):
    """(question, what was seen, what the model has to know beside it) for each that could be asked and answered."""
    there = {interface["name"]: interface for interface in json.loads(snapshot.to_json())["interfaces"]}
    asked = [question for question in questions if arrives(question, there)]
    together = [question for question in asked if "learn" not in question]
    sources = [source_of(scenario.host, question) for question in together]
    outcomes = scenario.ask_many([addressed(question, there) for question in together])
    for question, source, outcome in zip(together, sources, outcomes, strict=True):
        if question["kind"] == "arp":
            yield question, outcome["replied"]
        elif outcome["sender"] is not None:
            yield question, outcome["sender"], outcome["target"], outcome["out"], source
    for question in asked:
        if "learn" in question and (entered := learned(scenario, addressed(question, there))) is not None:
            yield question, entered


def ask_the_model(snapshot, question, target=None, out=None, source=None):
    """(what the model says, the decision)"""
    if question["kind"] == "solicit":
        decision = snapshot.would_announce(target, out, source)
        return decision.source, decision
    decision = snapshot.would_reply(question["target_ip"], question["sender_ip"], question["on"])
    if "learn" not in question:
        return decision.replies, decision
    enough = {"new": ("enters",), "known": ("enters", "updates")}[question["learn"]]
    return decision.learns and decision.learns in enough, decision


def arrives(question, there):
    """Whether a request can come to the interface that it is for: the port below that is up."""
    if question["kind"] == "solicit" or question["iface"] == question["on"]:
        return True
    return "UP" in there[question["iface"]]["flags"]


def addressed(question, there):
    """A request that is for one interface alone has the MAC of that as its destination."""
    return question | {"dst_mac": there[question["to"]]["mac"]} if "to" in question else question


def wrong_in(case, spoil):
    """The last question's Compared if the model is wrong about it."""
    try:
        compared = compare(case, spoil)
    except (CannotBuild, RuntimeError, OSError, lvsarp.LvsarpError):
        return None
    last = [answer for answer in compared if answer.question is case["requests"][-1]]
    return last[-1] if last and not last[-1].agrees else None


def learned(scenario, question):
    """Whether the sender's entry has the MAC of a request that it sent; None where there can be no entry before it."""
    host, on, sender = scenario.host, question["on"], question["sender_ip"]
    host.ip("neigh flush all")
    if question["learn"] == "known":
        try:
            host.set_sysctls({f"net/ipv4/neigh/{on}/locktime": 0})
            host.ip(f"neigh replace {sender} lladdr {ANOTHER} dev {on} nud stale")
        except (FileNotFoundError, RuntimeError):
            return None
        time.sleep(A_TICK)  # an entry of this very moment keeps its MAC
    scenario.ask([question | {"sender_mac": LEARNED}])
    with host.entered(), open("/proc/thread-self/net/arp") as file:
        entries = [line.split() for line in file][1:]
    return any((entry[0], entry[3], entry[5]) == (sender, LEARNED, on) for entry in entries)


def source_of(host, question):
    """The source of the packet of a solicitation: its own, or the one that the kernel gives to a packet without."""
    if question["kind"] != "solicit" or "saddr" in question:
        return question.get("saddr")
    oif = f" oif {question['oif']}" if "oif" in question else ""
    try:
        return host.ip_json(f"route get {question['dst']}{oif}")[0].get("prefsrc")
    except RuntimeError:
        return None  # there is no way to it


def checks(decision):
    """The model's checks as (function, whether the way goes on, text), up to the one that decides."""
    trace = [(check.function, check.passes, check.text) for check in decision.trace]
    while len(trace) > 1 and not decision.rule.endswith(trace[-1][2]):
        trace.pop()  # what follows from the decision
    return tuple(trace)


def generic(text, case):
    """A sentence of the model without the names and numbers of a case."""
    text = re.sub(r" \([^)]*\)|;.*", "", text)
    text = re.sub(r"\d+\.\d+\.\d+\.\d+(/\d+)?", "A", text)
    for name in sorted((device["name"] for device in case["interfaces"]), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", "D", text)
    return re.sub(r"\b(D|lo)(, (D|lo))*\b", "D", text)


def kinds_of_this_kernel():
    with Namespace("probe") as left, Namespace("probed") as right:
        veth(left, right)
        return kinds_here(left)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python3 -m lab.differential")
    parser.add_argument("--requests", type=int, default=int(os.environ.get("LVSARP_REQUESTS", 2000)))
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", default=os.environ.get("LVSARP_SEED", "1"))
    parser.add_argument("--case", type=int, help="only this case of the seed")
    parser.add_argument("--kinds", help="the kinds of device to use, separated by commas")
    parser.add_argument("--most", type=int, default=3, help="so many mismatches are made small")
    options = parser.parse_args(argv)
    sandbox.enter()
    kinds = options.kinds and options.kinds.split(",")
    run = Differential(options.seed, kinds, say=lambda line: print(line, flush=True))
    if options.case is None:
        run.run(options.requests, options.seconds, options.most)
    else:
        run.one(options.case, options.most)
    print(run.result.table())
    for text, count in run.result.not_built.most_common(20):
        print(f"not built {count:5}  {text}")
    print(run.result.counts)
    return 1 if run.result.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
