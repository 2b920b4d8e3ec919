"""The resolver of sysctl files against the real programs of this host, in namespaces and a root directory of their own.

LVSARP_TREES and LVSARP_SEED ask about more trees, and about others.
"""
import json
import os
from pathlib import Path

import pytest
from lab.loaders import Lab, in_children
from lab.trees import make_tree, shrink

TREES = int(os.environ.get("LVSARP_TREES", 2000))
SEED = os.environ.get("LVSARP_SEED", "1")
CASES = Path(__file__).resolve().parents[2] / "crates" / "lvsarp" / "tests" / "boot" / "sysctl_cases.json"
PLACE = "/run/root"
SYSTEMD, PROCPS = "systemd-sysctl", "procps"
# After this many failures the answer is known.
ENOUGH = 5


@pytest.fixture(scope="module")
def place(in_a_sandbox):
    os.makedirs(PLACE, exist_ok=True)
    return PLACE


def as_tree(case):
    """A recorded case as a tree. lo was up when they were recorded."""
    files = {path: text.encode().decode("latin-1") if isinstance(text, str) else text for path, text in case["files"].items()}
    arguments = case.get("systemd_arguments", [])
    return {"files": files, "interfaces": case.get("interfaces", []), "addresses": ["lo", *case.get("addresses", [])],
            "before": case.get("before", []), "late": case.get("late", []),
            "prefixes": [one.removeprefix("--prefix=") for one in arguments if one.startswith("--prefix=")],
            "arguments": [one for one in arguments if not one.startswith("--prefix=")]}


def test_the_recorded_cases_are_what_this_hosts_programs_do(place, say):
    cases = json.loads(CASES.read_text())

    def work(_):
        lab, wrong, recorded = Lab(place), [], 0
        for case in cases:
            tree = as_tree(case)
            for kind in (SYSTEMD, PROCPS):
                seen = lab.observe(tree, kind)
                said = lab.say(tree, kind)
                for moment in ("values", "late") if tree["late"] else ("values",):
                    known = [result for result in case["results"] if lab.names[kind] in result["loaders"]]
                    recorded += len(known)
                    for key, number in zip(case["keys"], known[0][moment] if known else ()):
                        if seen[moment].get(key) != number:
                            wrong.append(f"{case['id']} {lab.names[kind]}: {key} is {seen[moment].get(key)}, recorded {number}")
                    if seen[moment] != said[moment]:
                        wrong.append(f"{case['id']} {lab.names[kind]}: it is {seen[moment]}, said {said[moment]}")
        return {"wrong": wrong, "recorded": recorded, "names": lab.names}

    [result] = in_children(1, work)
    say(f"{len(cases)} recorded cases again, by {result['names'][SYSTEMD]} and {result['names'][PROCPS]}")
    assert not result["wrong"], "\n".join(result["wrong"])
    assert result["recorded"] >= 2 * len(cases), "a recording of this host's versions"


def test_the_resolver_says_what_the_programs_do_with_random_trees(place, say):
    workers = min(len(os.sched_getaffinity(0)), 8)

    def work(number):
        lab, wrong, values, moved = Lab(place), [], 0, 0
        for at in range(number, TREES, workers):
            tree = make_tree(SEED, at)
            for kind in (SYSTEMD, PROCPS):
                if lab.differences(tree, kind):
                    small = shrink(tree, lambda smaller: bool(lab.differences(smaller, kind)))
                    wrong.append(f"seed {SEED}, tree {at}, {lab.names[kind]}: (moment, key, is, said)\n"
                                 + "\n".join(f"  {one}" for one in lab.differences(small, kind)) + "\n  " + json.dumps(small))
                values += len(lab.seen)
                moved += any(lab.seen.values())
            if len(wrong) >= ENOUGH:
                break
        return {"wrong": wrong, "values": values, "moved": moved, "names": lab.names}

    results = in_children(workers, work)
    wrong = [one for result in results for one in result["wrong"]]
    moved = sum(result["moved"] for result in results)
    say(f"{TREES} random trees, {SYSTEMD} and {PROCPS}: {sum(result['values'] for result in results)} values, {len(wrong)} trees differ")
    assert not wrong, "\n\n".join(wrong)
    assert moved >= TREES, "at least every other run sets something"


def test_the_order_of_many_interfaces_is_the_programs_own(place):
    """A pattern of systemd's comes out in blocks of names: what default is written after does not follow it any more."""
    text = "net.ipv4.conf.*.arp_ignore = 1\nnet/ipv4/conf/default/arp_ignore = 2\nnet.ipv4.conf.[d]*.arp_ignore = 3\n"
    text += "net.ipv4.conf.*.arp_announce = 1\nnet.ipv4.conf.d[e]*.arp_announce = 2\n"
    tree = {"files": {"/etc/sysctl.d/a.conf": text}, "interfaces": [f"{letter}{number:02}" for letter in "amz" for number in range(80)]}

    def work(_):
        lab = Lab(place)
        found = {kind: lab.differences(tree, kind) for kind in (SYSTEMD, PROCPS)}
        lab.differences(tree, SYSTEMD)
        return {"found": found, "values": sorted({value for key, value in lab.seen.items() if key[0] in "amz" and key.endswith("announce")})}

    [result] = in_children(1, work)
    assert not any(result["found"].values()), result["found"]
    assert result["values"] == [1, 2], "some interfaces came before default and some after it"


def test_a_tree_is_the_same_for_the_same_seed():
    assert make_tree("a seed", 5) == make_tree("a seed", 5) != make_tree("a seed", 6)


def test_a_wrong_answer_is_found_and_the_tree_made_small(place):
    """The comparison can fail: the program that is asked about is not the one that ran."""
    def work(_):
        lab = Lab(place)
        lab.names[PROCPS] = "procps 3.3.17"
        for at in range(200):
            tree = make_tree("wrong", at)
            if lab.differences(tree, PROCPS):
                return shrink(tree, lambda smaller: bool(lab.differences(smaller, PROCPS)))
        return None

    [small] = in_children(1, work)
    assert small, "version 3.3.17 has no patterns"
    assert len(small["files"]) <= 2 and not small.get("prefixes"), small
    assert sum(len(text.splitlines()) for text in small["files"].values() if isinstance(text, str)) <= 2, small
