"""What `make install` puts into a prefix, for its users: pkg-config, CMake, C, C++, man."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words, **options):
    """What a command prints, and what it said where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def need(tool, debian=None):
    """A tool's path; a clear error where it is not there."""
    path = shutil.which(tool)
    assert path, f"cannot find {tool}: install the Debian package {debian or tool}"
    return path


@pytest.fixture(scope="session")
def target():
    """Where `make` has put what it built."""
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    assert (target / "c/lib/liblvsarp.so").exists(), f"{target}/c/lib is empty: run `make`"
    return target


@pytest.fixture(scope="session")
def version():
    """The version, as Cargo.toml has it."""
    (line,) = [line for line in (ROOT / "Cargo.toml").read_text().splitlines() if line.startswith("version = ")]
    return line.split('"')[1]


@pytest.fixture(scope="session")
def without_cargo(tmp_path_factory):
    """An environment in which cargo and Python only leave a trace of who called them."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("cargo", "rustc", "python3", "python3.11"):
        tool = folder / name
        tool.write_text(f'#!/bin/sh\necho {name} "$@" >>{folder}/called\nexit 1\n')
        tool.chmod(0o755)
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**surroundings, "PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)}


@pytest.fixture(scope="session")
def make(target, without_cargo):
    """Run make as `sudo make install` may find the world: no cargo, another home."""

    def make(*words):
        return run("make", "-s", "-C", ROOT, f"TARGET={target}", *words, env=without_cargo)

    return make


class Prefix:
    """A prefix that everything is installed in."""

    def __init__(self, path, lib):
        self.path = path
        self.lib = path / lib

    def environment(self):
        """In which this prefix is where libraries are looked for."""
        return {**os.environ, "PKG_CONFIG_PATH": f"{self.lib}/pkgconfig", "LD_LIBRARY_PATH": str(self.lib)}


@pytest.fixture(scope="session", params=["lib", "lib of the architecture"])
def prefix(request, make, tmp_path_factory):
    """With its libraries in the usual place, and where Debian has them."""
    architecture = run("cc", "-print-multiarch").strip() if "architecture" in request.param else ""
    prefix = Prefix(tmp_path_factory.mktemp("prefix"), f"lib/{architecture}".rstrip("/"))
    make("install", f"PREFIX={prefix.path}", f"LIBDIR={prefix.lib}")
    return prefix
