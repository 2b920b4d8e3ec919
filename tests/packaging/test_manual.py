"""The manual page lvsarp(3): every name of the header is in it, and man can show it."""

import re

import header
import pytest
from conftest import need, run


@pytest.fixture(scope="module")
def page(target):
    return target / "c/man/lvsarp.3"


def test_every_function_has_its_section(page):
    assert sorted(re.findall(r"^\.SS (lvsarp_\w+)\(\)$", page.read_text(), flags=re.MULTILINE)) == header.functions()


def test_every_struct_callback_and_number_is_there(page):
    text, page = header.HEADER.read_text(), re.sub(r"\\f.", "", page.read_text())
    names = re.findall(r"^(?:struct|#define) (\w+)|^typedef .*\(\*(\w+)\)", text, flags=re.MULTILINE)
    names = {one or other for one, other in names} - {"LVSARP_H"}
    assert len(names) > 60
    assert [name for name in names if not re.search(rf"\b{name}\b", page)] == []


def test_it_says_how_to_compile_and_where_to_read_on(page):
    shown = run(need("mandoc"), "-T", "ascii", "-O", "width=100", page)
    shown = re.sub(".\b", "", shown)
    for words in ("#include <lvsarp.h>", "pkg-config --cflags --libs lvsarp", "-llvsarp", "lvsarp(8)", "Return value"):
        assert words in shown


def test_the_formatter_has_no_complaints(page):
    complaints = run(need("mandoc"), "-T", "lint", "-W", "error", page)
    assert complaints == ""
