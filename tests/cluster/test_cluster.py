"""The lab in short, line by line; and that it says so where something is wrong."""
import concurrent.futures
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from lab import uml

from cluster import wiring
from cluster.table import Table

TESTS = Path(__file__).resolve().parents[1]


def lab(*words, **options):
    """Run it in short in a guest: what the guest left, and the lines."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows")
        done = uml.run(sys.executable, "-m", "cluster.guest", "--short", "--rows", rows, *words, cwd=TESTS,
                       share=[folder], timeout=240, **options)
        return done, [json.loads(line) for line in rows.read_text().splitlines()]


@pytest.fixture(scope="module")
def guests():
    """One with lvsarp, and one with a program that does nothing and says that all is well."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return pool.submit(lab), pool.submit(lab, "1", env={"LVSARP_BIN": "/bin/true"})


def test_every_line_is_so(guests):
    done, lines = guests[0].result()
    assert done.status == 0 and lines and all(line["ok"] for line in lines), str(done)


def test_the_promised_number_of_connections_was_made(guests):
    _, lines = guests[0].result()
    assert [line["counted"] for line in lines if line["done"] == "lvsarp apply on rs1, rs2 and rs3"] == [
        "300 connections: 300 through the director, 0 astray, 0 lost"]


def test_it_has_lines_of_each_chapter(guests):
    _, lines = guests[0].result()
    assert sorted({line["chapter"][:2] for line in lines}) == ["1.", "2.", "3.", "4."]


def test_with_a_program_that_does_nothing_lines_are_wrong_and_the_status_says_so(guests):
    done, lines = guests[1].result()
    wrong = [line["done"] for line in lines if not line["ok"]]
    assert done.status == 1, str(done)
    assert {"lvsarp apply on rs1, rs2 and rs3", "lvsarp watch --repair"} <= set(wrong), str(done)


def test_an_error_is_a_wrong_line_and_the_next_step_follows():
    out = io.StringIO()
    table = Table(out)
    with table.step("the first", 10):
        raise OSError("no such luck")
    with table.step("the second", 10):
        table.line("the second", "1", "1", True)
    assert (table.wrong, table.statements, table.end()) == (1, 2, 1)
    assert "OSError: no such luck" in out.getvalue()


def test_a_table_without_lines_is_a_failure():
    assert Table(io.StringIO()).end() == 1


def test_a_hang_ends_the_whole_and_names_the_step():
    hang = "import time; from cluster.table import Table\nwith Table().step('the slow one', 0.1): time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", hang], cwd=TESTS, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "the slow one" in done.stdout and "still under way after 0.1 s" in done.stdout, done


@pytest.mark.parametrize("there", [False, True])
def test_a_module_that_cannot_be_loaded_is_told_and_is_wrong_only_where_its_file_is_there(there):
    out = io.StringIO()
    table = Table(out)
    wiring.chapter(table, None, SimpleNamespace(kinds=("vrf",), missing={"vrf": there}))
    assert "this kernel has no vrf" in out.getvalue() and (table.statements, table.wrong) == (1, int(there))
