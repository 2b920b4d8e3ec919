"""The libraries: what they export, what they need, how large they are."""

import re
from pathlib import Path

import header
import pytest
from conftest import ROOT, run

# What health checkers link; a large part of what it would have without `cargo xtask lib`: see there and in docs.
LARGEST = 450_000
MAP = ROOT / "bindings/c/lvsarp.map"


@pytest.fixture(scope="module", params=["liblvsarp", "liblvsarp-full"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def shared(target, name):
    return (target / f"c/lib/{name}.so").resolve()


def versions(name):
    """The version of each function that a library has."""
    full = set(re.findall(r"lvsarp_\w+", MAP.read_text().split("LVSARP_FULL_0.1 {")[1]))
    all_of_them = {function: "LVSARP_FULL_0.1" if function in full else "LVSARP_0.1" for function in header.functions()}
    return {function: version for function, version in all_of_them.items() if name == "liblvsarp-full" or function not in full}


def dynamic(shared, tag):
    return re.findall(rf"\({tag}\)\s+.*\[(.*)\]", run("readelf", "-dW", shared))


def test_it_exports_the_functions_of_the_header_with_a_version_each(shared, name):
    lines = [line.split() for line in run("nm", "-D", "--defined-only", shared).splitlines()]
    exported = [function for _, sort, function in lines if sort != "A"]
    assert sorted(version for _, sort, version in lines if sort == "A") == sorted(set(versions(name).values()))
    assert exported == [f"{function}@@{version}" for function, version in versions(name).items()]


def test_its_soname_is_that_of_its_generation(shared, name, version):
    assert dynamic(shared, "SONAME") == [f"{name}.so.0"]
    assert shared.name == f"{name}.so.{version}"
    assert (shared.parent / f"{name}.so.0").resolve() == shared


def test_it_needs_the_c_library_and_the_unwinder_alone(shared):
    needed = [name for name in dynamic(shared, "NEEDED") if not name.startswith("ld-linux")]
    assert sorted(needed) == ["libc.so.6", "libgcc_s.so.1"]


def test_it_is_stripped(shared):
    assert ".symtab" not in run("readelf", "-SW", shared)


def test_what_health_checkers_link_is_small(target):
    assert (target / "c/lib/liblvsarp.so").stat().st_size < LARGEST


def test_it_is_hardened(shared):
    flags, segments = run("readelf", "-dW", shared), run("readelf", "-lW", shared)
    assert "BIND_NOW" in flags and "GNU_RELRO" in segments
    assert "TEXTREL" not in flags
    (stack,) = [line for line in segments.splitlines() if "GNU_STACK" in line]
    assert "E" not in stack.split()[6]


def test_it_does_not_say_where_it_was_built(shared, target):
    text = shared.read_bytes() + (target / "c/lib/liblvsarp.a").read_bytes()
    assert not [place for place in (ROOT, Path.home() / ".cargo") if f"{place}/".encode() in text]


def test_the_archive_is_one_object_with_nothing_else_to_see(target):
    archive = target / "c/lib/liblvsarp.a"
    assert run("ar", "t", archive).split() == ["lvsarp.o"]
    names = [line.split()[2] for line in run("nm", "-g", "--defined-only", archive).splitlines() if " T " in line]
    assert sorted(names) == header.functions()
    assert len(run("nm", "-g", "--defined-only", archive).strip().splitlines()) == len(names) + 1  # a title


def test_what_a_static_program_needs_is_what_rustc_says(target):
    pc = (ROOT / "bindings/c/packaging/lvsarp.pc.in").read_text()
    (private,) = re.findall("^Libs.private: (.*)$", pc, flags=re.MULTILINE)
    assert private == (target / "c/native-static-libs").read_text().strip()
