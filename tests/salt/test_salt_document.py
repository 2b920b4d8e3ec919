"""docs/salt.md: the walk without a master, from an empty directory and a fresh environment, and its files."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import tree

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT, EXAMPLES = ROOT / "docs/salt.md", ROOT / "examples/salt"
NOT_RUN = "<!-- not run: needs a salt-master; "
VIPS = ["192.0.2.10", "192.0.2.12"]


class Block(NamedTuple):
    kind: str
    file: str
    text: str
    run: bool
    line: int


def blocks():
    lines = DOCUMENT.read_text().splitlines()
    found, at = [], 0
    while at < len(lines):
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            kind, _, file = lines[at][3:].partition(" ")
            text = "\n".join(lines[at + 1 : end]) + "\n"
            found.append(Block(kind, file, text, kind == "sh" and not lines[at - 1].startswith(NOT_RUN), at + 1))
            at = end
        at += 1
    return found


def shown():
    """The files that the document shows, by their paths in the examples."""
    files = {block.file: block.text for block in blocks() if block.file}
    for block in blocks():
        for path, text in re.findall(r"^cat > srv/(\S+) <<'END'\n(.*?)^END$", block.text, re.MULTILINE | re.DOTALL):
            files[f"examples/salt/{path}"] = text
    return files


@pytest.fixture
def wheels():
    lvsarp, salt = ROOT / "target/python", ROOT / "target/salt-wheels"
    assert list(lvsarp.glob("lvsarp-*.whl")) and list(salt.glob("salt-*.whl")), "run `make salt`, which makes them"
    return f"{lvsarp} {salt}"


@pytest.fixture
def user(tmp_path, wheels):
    """Somebody in an empty directory runs a block; what it printed. The package index is a directory here."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(sys._base_executable)
    home = tmp_path / "home"
    home.mkdir()
    others = ("PYTHON", "PIP_", "VIRTUAL_")
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    surroundings |= {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(home), "PIP_NO_INDEX": "1"}
    surroundings |= {"PIP_FIND_LINKS": wheels, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def run(block):
        done = subprocess.run(
            ["sh", "-e"], input=block.text, capture_output=True, text=True, cwd=home, env=surroundings, timeout=300
        )
        assert done.returncode == 0, f"line {block.line}\n{block.text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def assert_printed(block, output):
    """The lines of a block stand in the output in this order, without a gap but where the block has `...`."""
    lines = [line.rstrip() for line in output.splitlines()]
    at = 0
    for part in block.text.split("...\n"):
        wanted = [line.rstrip() for line in part.splitlines()]
        starts = [n for n in range(at, len(lines) - len(wanted) + 1) if lines[n : n + len(wanted)] == wanted]
        assert starts, f"line {block.line}: not printed:\n{part}\nbut:\n{output}"
        at = starts[0] + len(wanted)


def test_every_file_that_the_document_shows_is_the_example_and_every_example_is_shown():
    there = {str(path.relative_to(ROOT)): path.read_text() for path in EXAMPLES.rglob("*") if path.is_file()}
    assert shown() == {name: text for name, text in there.items() if "__pycache__" not in name}


def test_every_command_is_run_or_says_why_not():
    assert {block.kind for block in blocks()} == {"sh", "text", "yaml", "python"}
    for block in blocks():
        if block.kind == "sh" and not block.run:
            assert all(line.startswith(("salt ", "salt-run ")) for line in block.text.splitlines()), block
        if block.kind in ("yaml", "python"):
            assert block.file, block


def test_the_walk_without_a_master(server, host, etc, user):
    before, commands = tree(etc), []
    for block in blocks():
        if block.run:
            output = user(block)
            commands += [line for line in block.text.splitlines() if "salt-call" in line]
            if "state.apply absent" in block.text:
                assert host.vips() == [] and tree(etc) == before
            elif "test=True" in block.text:
                assert host.vips() == [] and tree(etc) == before
            elif "state.apply" in block.text:
                assert [a.local for a in host.vips()] == VIPS and host.check(VIPS).ok
                assert "/etc/lvsarp/real-server.json" in tree(etc)
        elif block.kind == "text":
            assert_printed(block, output)
    assert len(commands) == 7, commands
