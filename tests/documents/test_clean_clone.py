"""With the README alone from `git clone` to a silent real server, and from a fresh virtual environment to Python.

The commands are the README's, typed in an empty directory. Three things are helped: its address of the repository is
this one, cargo builds into target/clone, so that the crates of others are built once, and pip finds maturin in
$LVSARP_WHEELS, because a sandbox has no way to the package index.
"""
import os
import subprocess
import time
from pathlib import Path

import pytest
from documents import blocks
from documents.conftest import ROOT
from documents.reader import Gone

ADDRESS = "https://ADDRESS/lvsarp.git"
WHEELS = Path(os.environ.get("LVSARP_WHEELS") or ROOT / ".venv/wheels")
# Nothing of the tests' own Python and build.
FOREIGN = ("PYTHON", "VIRTUAL_ENV", "LVSARP_", "MAKE", "MFLAGS", "CARGO_TARGET_DIR", "PIP_", "GIT_")


@pytest.fixture(scope="session")
def built():
    """Where cargo builds the clone, with the crates of others as this repository's build left them."""
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    (target / "clone").mkdir(exist_ok=True)
    for part in "deps", "build", ".fingerprint":
        # What another cargo writes meanwhile may be missed, and is then built.
        subprocess.run(["cp", "-a", "--update", target / "release" / part, "-t", make(target / "clone/release")], check=False)
    return target / "clone"


def make(folder):
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def nothing_installed(built):
    """The environment of somebody who has cargo and Python, and nothing of lvsarp."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    path = [folder for folder in own["PATH"].split(":") if not Path(folder, "lvsarp").exists()]
    git = {f"url.{ROOT}.insteadOf": ADDRESS, "safe.directory": "*"}
    for at, (key, value) in enumerate(git.items()):
        own |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    helped = {
        "CARGO_TARGET_DIR": str(built),
        "CARGO_NET_OFFLINE": "true",
        "GIT_CONFIG_COUNT": str(len(git)),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELS),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return {**own, **helped, "PATH": ":".join([*path, "/usr/sbin", "/sbin"]), "LC_ALL": "C.UTF-8"}


def begins(found, text):
    """The number of the block that begins so."""
    return next(at for at, block in enumerate(found) if block.text.startswith(text))


def test_the_readme_alone_leads_from_a_clone_to_a_silent_real_server(reader, nothing_installed, built, tmp_path, say):
    found, _ = blocks.read((ROOT / "README.md").read_text())
    clone = tmp_path / "lvsarp"
    python = str(clone / "env/bin/python")
    at_work = reader("README.md", environment=nothing_installed, python=python, installed=False, timeout=900)
    began = time.monotonic()
    try:
        first = begins(found, "git clone")
        at_work.sh(found[first])
        (clone / "target").symlink_to(built)
        assert at_work.type("command -v lvsarp") == (0, f"{clone}/target/release/lvsarp")
        for block in found[first + 1:begins(found, "make demo")]:
            at_work.do(block)
        walked = time.monotonic()
        virtual = begins(found, "python3 -m venv")
        for block in (found[virtual], found[virtual + 1]):
            at_work.sh(block) if block.language == "sh" else at_work.python(block)
    except Gone as gone:
        pytest.fail(f"{gone}\n{at_work.wrong}", pytrace=False)
    assert not at_work.wrong, "\n\n".join(at_work.wrong.values())
    say(f"README: from git clone to a silent real server in {walked - began:.0f} s, "
        f"from a fresh virtual environment to Python in {time.monotonic() - walked:.0f} s more")
