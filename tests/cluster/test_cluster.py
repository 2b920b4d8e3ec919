"""The lab in short, line by line; and that it says so where lvsarp does nothing at all."""
import concurrent.futures
import json
import sys
import tempfile
from pathlib import Path

import pytest
from lab import uml

TESTS = Path(__file__).resolve().parents[1]


def lab(*words, **options):
    """Run it in short in a guest: what the guest left, and the lines."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows")
        done = uml.run(sys.executable, "-m", "cluster.guest", "--short", "--rows", rows, *words, cwd=TESTS, share=[folder], **options)
        return done, [json.loads(line) for line in rows.read_text().splitlines()]


@pytest.fixture(scope="module")
def guests():
    """One with lvsarp, and one where lvsarp does nothing and says that all is well."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        real, idle = pool.submit(lab), pool.submit(lab, "1", env={"LVSARP_BIN": "/bin/true"})
        return real, idle


def test_every_line_is_so(guests):
    done, lines = guests[0].result()
    print(done.output)
    assert done.status == 0 and all(line["ok"] for line in lines), str(done)


def test_the_promised_number_of_connections_was_made(guests):
    _, lines = guests[0].result()
    assert [line["ok"] for line in lines if line["expected"].startswith("300 through, 0 astray")] == [True]


def test_it_has_a_line_of_each_chapter(guests):
    _, lines = guests[0].result()
    assert sorted({line["chapter"].partition(".")[0] for line in lines}) == ["1", "2", "3", "4"]


def test_without_a_working_lvsarp_lines_are_wrong_and_the_status_says_so(guests):
    done, lines = guests[1].result()
    wrong = [line["done"] for line in lines if not line["ok"]]
    assert done.status == 1 and "lvsarp apply on rs1, rs2 and rs3" in wrong, str(done)
