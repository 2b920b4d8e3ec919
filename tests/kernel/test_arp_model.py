"""The model of ARP says of random hosts what the kernel does; `lab.differential` is the same as a program.

LVSARP_REQUESTS and LVSARP_SEED ask more, and of other hosts.
"""
import os
import re

import pytest
from lab.differential import Differential
from lab.scenario import Scenario
from lab.topology import make_case

REQUESTS = int(os.environ.get("LVSARP_REQUESTS", 2500))
SEED = os.environ.get("LVSARP_SEED", "1")
# Each of these decides at least one in a thousand requests, or the run says nothing about it.
DECIDING = ("arp_rcv", "arp_process", "inet_addr_type_dev_table", "ip_route_input_slow", "fib_validate_source",
            "__fib_validate_source", "arp_ignore", "arp_filter", "arp_fwd_pvlan", "pneigh_lookup")
ANSWERING = ("arp_ignore", "arp_filter", "arp_fwd_pvlan", "arp_fwd_proxy", "pneigh_lookup")
SENDING = ("arp_solicit", "inet_select_addr")


@pytest.fixture(scope="module")
def run(in_a_sandbox):
    return Differential(SEED).run(REQUESTS)


def decided(result, kind, verdict, function):
    """The share of the questions of a kind that one function decided so."""
    counts = [count for (of, text), count in result.decided.items()
              if of == kind and re.match(rf"{verdict} +{re.escape(function)}\(\):", text)]
    return sum(counts) / result.of(kind)


def test_the_model_says_what_the_kernel_does(run, say):
    say(run.counts)
    assert run.requests >= REQUESTS and run.solicitations >= REQUESTS // 5
    assert not run.mismatches, "\n\n".join(map(str, run.mismatches))
    assert run.unanswerable <= (run.requests + run.solicitations) / 3, "too much is not compared"
    assert sum(run.not_built.values()) <= run.cases // 20, run.not_built
    assert len(run.unrepeatable) <= run.requests // 2000, run.unrepeatable


def test_every_check_decides(run):
    rare = [f"silent {function}" for function in DECIDING if decided(run, "arp", "silent", function) < 0.001]
    rare += [f"answered {function}" for function in ANSWERING if decided(run, "arp", "answered", function) < 0.001]
    rare += [f"sent {function}" for function in SENDING if decided(run, "solicit", "sent", function) < 0.1]
    assert not rare, f"{rare}\n{run.table()}"


def test_a_case_is_the_same_for_the_same_seed():
    kinds = ["veth", "bridge", "macvlan"]
    assert make_case("a seed", 5, kinds) == make_case("a seed", 5, kinds) != make_case("a seed", 6, kinds)


def test_a_wrong_model_is_found_and_the_case_made_small(in_a_sandbox):
    """The comparison can fail: a snapshot with another arp_ignore is not what the kernel has."""
    def hide(snapshot):
        snapshot["all"]["arp_ignore"] = 8
        return snapshot

    result = Differential("wrong", spoil=hide).run(64, most=1)
    assert len(result.mismatches) >= 5
    found = result.mismatches[0]
    assert (found.compared.seen, found.compared.said) == (True, False)
    assert found.compared.trace[-1][0].endswith("arp_ignore()"), found
    small = found.case
    assert len(small["requests"]) == 1 and small["requests"][0]["expect"] is True
    assert len(small["addresses"]) <= 2 and len(small["interfaces"]) <= 2, found
    assert not {"routes", "rules", "sysctls", "post"} & small.keys(), found
    assert not result.unrepeatable
    with Scenario(small) as scenario:
        assert scenario.ask(small["requests"])[0]["replied"], "the small case says what the wire shows"
