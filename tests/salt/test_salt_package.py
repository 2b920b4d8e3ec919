"""The extension as Salt meets it: found through the entry point of the installed wheel, and only there; and the plain
way."""

import json
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from pathlib import Path

import lvsarp
import pytest
import salt.loader
from conftest import tree

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(lvsarp.__file__).parent
KINDS = ("modules", "states", "beacons", "grains")
VIP = "192.0.2.10"


def test_the_installed_wheel_has_the_entry_point_and_the_files_of_this_repository():
    (entry,) = [entry for entry in entry_points(group="salt.loader") if entry.name == "lvsarp"]
    assert (entry.value, entry.dist.name) == ("lvsarp.salt", "lvsarp")
    assert PACKAGE.is_relative_to(sys.prefix) and "Requires-Dist" not in str(distribution("lvsarp").metadata)
    for path in (ROOT / "python/lvsarp/salt").rglob("*.py"):
        installed = PACKAGE / path.relative_to(ROOT / "python/lvsarp")
        assert installed.read_text() == path.read_text(), f"{installed} is not that of the repository: run `make salt`"


def test_the_loader_takes_the_files_from_there(loaders, modules, states):
    assert Path(modules["lvsarp.check"].__globals__["__file__"]) == PACKAGE / "salt/modules/lvsarp_mod.py"
    assert {name for name in states if name.startswith("lvsarp.")} == {"lvsarp.real_server", "lvsarp.absent"}
    beacons = salt.loader.beacons(loaders.opts, loaders.modules)
    assert {name for name in beacons if name.startswith("lvsarp.")} == {"lvsarp.validate", "lvsarp.beacon"}


def test_importing_the_library_imports_nothing_of_salt():
    program = "import sys, json, lvsarp; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert "lvsarp" in names and [name for name in names if "salt" in name.split(".")] == []


@pytest.fixture
def loaded(loaders):
    """The lvsarp functions of each kind, by a loader that finds the files in a folder, and why some are missing."""

    def load():
        opts = {**loaders.opts, "module_dirs": [str(PACKAGE / "salt")]}
        modules = salt.loader.minion_mods(opts, whitelist=["lvsarp", "lvsarp_mod"])
        loaders_of = {
            "modules": modules,
            "states": salt.loader.states(opts, modules, None, None, whitelist=["lvsarp", "lvsarp_mod"]),
            "beacons": salt.loader.beacons(opts, modules),
        }
        found = {}
        for kind, loader in loaders_of.items():
            functions = [name for name in loader if name.startswith("lvsarp.")]
            found[kind] = functions or loader.missing_modules.get("lvsarp") or loader.missing_modules.get("lvsarp_mod")
        found["grains"] = [name for name in salt.loader.grain_funcs(opts) if name.startswith("lvsarp.")]
        return found

    return load


def test_where_the_library_cannot_be_imported_salt_says_so(loaded, monkeypatch):
    assert all(isinstance(functions, list) and functions for functions in loaded().values())
    monkeypatch.setitem(sys.modules, "lvsarp", None)
    found = loaded()
    assert found["modules"] == found["beacons"] == found["states"] == "the library lvsarp cannot be imported"


def test_off_linux_salt_says_so(loaded, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    found = loaded()
    assert found["modules"] == found["beacons"] == "lvsarp works on Linux only"
    assert found["states"] == "the execution module lvsarp is not loaded"
    assert found["grains"] == []


def test_a_module_of_the_sites_own_imports_the_library(server, host, loaders, etc):
    opts = {**loaders.opts, "module_dirs": [str(ROOT / "examples/salt/states")]}
    modules = salt.loader.minion_mods(opts, whitelist=["lvs_site"])
    assert modules["lvs_site.leaking"]() == {}
    host.bind(VIP)
    before = tree(etc)
    assert modules["lvs_site.leaking"]() == {"eth0": [VIP]}
    host.apply([VIP])
    assert modules["lvs_site.leaking"]() == {} and tree(etc) == before
