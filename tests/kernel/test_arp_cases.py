"""What kernels were seen to do with the hosts in arp_cases.json, this kernel does, and the model says of each of them.

A snapshot taken here stands for the same host on another kernel when it names that kernel's release, and has what only
kernels before 5.14 made: a broadcast route to the network address of each prefix.
"""
import ipaddress
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import lvsarp
import pytest
from lab.scenario import CannotBuild, Scenario

CASES = json.loads(Path(__file__).with_name("arp_cases.json").read_text())["cases"]
KERNELS = ["5.10.46", "6.1.176", "6.12.101", "6.18.44", "7.2.7"]
# A kernel may lack these; the one of user-mode Linux has them all.
OPTIONAL = set() if "User Mode Linux" in Path("/proc/cpuinfo").read_text() else {"vlan", "vrf"}
RTN_BROADCAST, RTPROT_KERNEL = 3, 2


@dataclass(frozen=True)
class Asked:
    """A request of a case, what the host looked like before it, which of its devices it is about, what came of it."""

    case: dict
    number: int
    snapshot: lvsarp.Snapshot
    devices: list
    live: dict

    def __str__(self):
        return f"{self.case['id']} ({self.case['title']}), {json.dumps(self.request)}"

    @property
    def request(self):
        return self.case["requests"][self.number]

    def observed(self, kernel):
        """The outcome on a kernel, None where the case was not asked there."""
        for group in self.case["observed"]:
            if kernel in group["kernels"]:
                return group["outcomes"][self.number]
        return None


@pytest.fixture(scope="module")
def built(in_a_sandbox):
    """([Asked], {the cases that this kernel cannot build: the kind of device that it lacks})"""
    asked, lacking = [], {}
    for case in CASES:
        try:
            asked += ask(case)
        except CannotBuild as error:
            lacking[case["id"]] = error.kind
    return asked, lacking


@pytest.fixture(scope="module")
def asked(built):
    return built[0]


def ask(case):
    asked = []
    with Scenario(case) as scenario:
        host = lvsarp.Host(netns=scenario.host.name)
        for number, request in enumerate(case["requests"]):
            scenario.change(request.get("before", ()))
            snapshot = host.snapshot()
            live = scenario.ask([{**request, "before": ()}])[0]
            devices = scenario.receivers(request) if request["kind"] == "arp" else [live["out"]]
            asked.append(Asked(case, number, snapshot, devices, live))
    return asked


def disagreement(one, snapshot, outcome):
    """What the model says otherwise than the outcome, None where they agree."""
    request = one.request
    if request["kind"] == "arp":
        decisions = {on: snapshot.would_reply(request["target_ip"], request["sender_ip"], on) for on in one.devices}
        assert not any(decision.replies is None for decision in decisions.values()), one
        macs = {interface["name"]: interface["mac"] for interface in snapshot.as_dict()["interfaces"]}
        said = {macs[on] for on, decision in decisions.items() if decision.replies}
        seen = set(outcome.get("reply_shas", [outcome["reply_sha"]] if "reply_sha" in outcome else []))
    else:
        decisions = {on: snapshot.would_announce(outcome["target"], on, source=request["saddr"]) for on in one.devices}
        said, seen = [decision.source for decision in decisions.values()], [outcome["sender"]]
    if said == seen:
        return None
    return f"{one}\n  the wire shows {seen}, the model says {said}:\n" + "\n".join(map(str, decisions.values()))


def on_kernel(snapshot, release):
    """The same host, had it run another kernel."""
    data = snapshot.as_dict()
    data["kernel"] = release
    if version(release) < (5, 14):
        data["routing"]["routes"] += network_broadcasts(data)
    return lvsarp.Snapshot.from_dict(data)


def network_broadcasts(data):
    """To each network address the route that the kernel made to the other end of the prefix."""
    starts = {}
    for address in data["addresses"]:
        network = ipaddress.ip_network(f"{address['peer'] or address['local']}/{address['prefixlen']}", strict=False)
        if network.version == 4 and network.prefixlen < 31:
            starts[address["index"], f"{network.broadcast_address}/32"] = f"{network.network_address}/32"
    made = [route for route in data["routing"]["routes"]
            if (route["kind"], route["proto"]) == (RTN_BROADCAST, RTPROT_KERNEL)]
    found = [(route, starts.get((route["hops"][0]["index"], route["prefix"]))) for route in made]
    return [{**route, "prefix": prefix} for route, prefix in found if prefix]


def version(release):
    return tuple(map(int, re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release).groups(default="0")))


def nearest():
    """Of the kernels that were observed, the last one that is not newer than the one that runs, or the first."""
    older = [kernel for kernel in KERNELS if version(kernel) <= version(os.uname().release)]
    return older[-1] if older else KERNELS[0]


def kinds(case):
    return {interface["kind"] for interface in case["interfaces"]}


def test_a_case_is_built_unless_the_kernel_lacks_a_kind(built, say):
    asked, lacking = built
    missing = set(lacking.values())
    say(f"{len({one.case['id'] for one in asked})} of {len(CASES)} cases built, {len(asked)} requests"
        + "".join(f"; not {case} for want of {kind}" for case, kind in lacking.items()))
    assert missing <= OPTIONAL
    assert lacking.keys() == {case["id"] for case in CASES if kinds(case) & missing}
    assert {one.case["id"] for one in asked} == {case["id"] for case in CASES if not kinds(case) & missing}


def test_the_cases_show_both_sides(asked):
    assert sum(one.live.get("replied") is True for one in asked) > 50
    assert sum(one.live.get("replied") is False for one in asked) > 50
    assert sum(one.live.get("sender") is not None for one in asked) > 20


def test_this_kernel_does_what_was_observed(asked):
    wrong = []
    for one in asked:
        expected = one.observed(nearest()) or one.case["observed"][0]["outcomes"][one.number]
        if not expected.items() <= one.live.items():
            wrong.append(f"{one}\n  observed {expected}\n  now      {one.live}")
    assert not wrong, "\n".join(wrong)


def test_the_model_says_what_this_kernel_does(asked):
    wrong = [text for one in asked if (text := disagreement(one, one.snapshot, one.live))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_model_says_what_was_observed_on(asked, kernel, say):
    here = [one for one in asked if one.observed(kernel)]
    wrong = [text for one in here if (text := disagreement(one, on_kernel(one.snapshot, kernel), one.observed(kernel)))]
    say(f"{kernel}: {len(here)} outcomes compared")
    assert len(here) > 100
    assert not wrong, "\n".join(wrong)


def test_a_wrong_level_is_noticed(asked):
    """The comparison can fail: at level 8 a host answers nothing for an address of its own."""
    loud = [one for one in asked if one.live.get("replied")]
    noticed = [one for one in loud if disagreement(one, one.snapshot.with_("all.arp_ignore=8"), one.live)]
    assert len(noticed) > 0.9 * len(loud)
