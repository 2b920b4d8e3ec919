"""Calls that no careful program makes: each is refused with its documented errno, and nothing else happens."""

import re

import build
import pytest
import running

SECTIONS = "nulls", "numbers", "structs", "texts", "snapshots", "handles", "limits"
# The optimiser looks at the value of a level before it asks whether there is one, where both ways lead to the same
# place (check_level.rs: in_force()), and Memcheck takes that for a decision on garbage. Only recorded namespaces have
# levels without a value.
WITHOUT_VALUES = {"snapshots": ["--undef-value-errors=no"]}


def functions():
    """The header's functions, each with its parameters' types and names."""
    header = re.sub(r"/\*.*?\*/|//[^\n]*", "", (build.ROOT / "include/lvsarp.h").read_text(), flags=re.DOTALL)
    found = re.findall(r"^(?:int|void|const char \*)\s*(lvsarp_\w+)\(([^;]*?)\);", header, flags=re.MULTILINE)
    assert len(found) >= 36, found
    return {name: [" ".join(one.split()) for one in parameters.split(",")] for name, parameters in found}


def tried(text):
    """The calls that the program printed: a name and the arguments as they stand in its source."""
    calls = re.findall(r"^(lvsarp_\w+)\((.*)\)$", text, flags=re.MULTILINE)
    return [(name, arguments.split(", ") if arguments else []) for name, arguments in calls]


@pytest.fixture(scope="module")
def calls():
    return tried(running.run("hostile", "nulls"))


def test_every_function_of_the_header_is_tried(calls):
    assert {name for name, _ in calls} == set(functions())


def test_every_pointer_of_every_function_is_tried_as_null(calls):
    missing = []
    for name, parameters in functions().items():
        pointers = [at for at, parameter in enumerate(parameters) if "*" in parameter or "_cb " in parameter]
        for at in pointers:
            others = [other for other in pointers if other != at]
            null_here = [given for called, given in calls if called == name and given[at] == "NULL"]
            if not any({"NULL", "NOBODY"}.isdisjoint(given[other] for other in others) for given in null_here):
                missing.append(f"{name}: {parameters[at]}")
    assert missing == []


@pytest.mark.parametrize("section", [*SECTIONS, "closed"])
def test_hostile_calls_are_refused(section):
    running.run("hostile", section)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_hostile_calls_read_and_write_no_byte_too_many(section):
    running.sanitized("hostile", section)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_hostile_calls_leak_nothing_and_hand_out_no_garbage(section):
    running.under_valgrind("hostile", section, options=WITHOUT_VALUES.get(section, ()))
