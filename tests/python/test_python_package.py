"""The package as others get it: a source archive that builds and installs from a clean directory, offline."""

import configparser
import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import lvsarp
import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = f"lvsarp-{lvsarp.__version__}"

pytestmark = pytest.mark.slow


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return tmp_path_factory.mktemp("clean")


@pytest.fixture(scope="module")
def sdist(clean):
    """What `maturin sdist` makes of the repository."""
    maturin = Path(sys.executable).parent / "maturin"
    assert maturin.exists(), "maturin is not installed beside this Python"
    run(maturin, "sdist", "--manifest-path", ROOT / "bindings/python/Cargo.toml", "--out", clean, cwd=ROOT)
    return clean / f"{NAME}.tar.gz"


@pytest.fixture(scope="module")
def wheel(clean, sdist):
    """What pip makes of the source archive alone, with what this machine has already: the crates of others are not built again."""
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    surroundings = {**os.environ, "CARGO_NET_OFFLINE": "true", "CARGO_TARGET_DIR": str(target)}
    surroundings["PATH"] = f"{Path(sys.executable).parent}:{surroundings['PATH']}"
    pip = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir"]
    run(*pip, "--wheel-dir", clean, sdist, cwd=clean, env=surroundings)
    (wheel,) = clean.glob("*.whl")
    return wheel


def test_the_source_archive_has_what_it_needs_and_nothing_else(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.removeprefix(f"{NAME}/") for name in archive.getnames()}
    wanted = {"PKG-INFO", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "Cargo.toml", "Cargo.lock", "pyproject.toml"}
    wanted |= {"python/lvsarp/__init__.py", "python/lvsarp/_native.pyi", "python/lvsarp/py.typed"}
    wanted |= {f"python/lvsarp/salt/{kind}/lvsarp_mod.py" for kind in ("modules", "states", "beacons", "grains")}
    wanted |= {f"{crate}/Cargo.toml" for crate in ("bindings/python", "crates/lvsarp", "crates/lvsarp-svg", "crates/lvsarp-cli")}
    assert wanted <= names, wanted - names
    unwanted = [
        n for n in names if n.endswith((".so", ".pyc")) or n.startswith(("target", ".venv", "tests", "benches"))
    ]
    assert unwanted == []


def test_the_wheel_is_one_for_all_pythons_from_3_9(wheel):
    assert wheel.name.startswith(f"{NAME}-cp39-abi3-")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"{NAME}.dist-info/METADATA").decode()
        scripts = archive.read(f"{NAME}.dist-info/entry_points.txt").decode()
    assert {"lvsarp/_native.abi3.so", "lvsarp/_native.pyi", "lvsarp/py.typed"} <= names
    assert {f"{NAME}.dist-info/licenses/LICENSE-{kind}" for kind in ("MIT", "APACHE")} <= names
    assert "Requires-Python: >=3.9" in metadata and "License-Expression: MIT OR Apache-2.0" in metadata
    assert "Requires-Dist" not in metadata
    entries = configparser.ConfigParser()
    entries.read_string(scripts)
    assert {name: dict(entries[name]) for name in entries.sections()} == {
        "console_scripts": {"lvsarp": "lvsarp.__main__:main"},
        "salt.loader": {"lvsarp": "lvsarp.salt"},
    }
    sources = {path for path in (ROOT / "python/lvsarp").rglob("*") if path.suffix in (".py", ".pyi", ".typed")}
    sources = {str(path.relative_to(ROOT / "python")) for path in sources}
    assert {name for name in names if name.startswith("lvsarp/")} == sources | {"lvsarp/_native.abi3.so"}


def test_the_native_module_uses_what_is_stable_since_python_3_9_and_nothing_else(wheel):
    """What abi3audit finds in the wheel, which says cp39-abi3: it knows the stable ABI of every Python."""
    abi3audit = Path(sys.executable).parent / "abi3audit"
    (told,) = json.loads(run(abi3audit, "--strict", "--report", wheel))["specs"].values()
    (module,) = told["wheel"]
    result = module["result"]
    assert (module["name"], result["is_abi3"], result["baseline"]) == ("_native.abi3.so", True, "3.9")
    assert (result["non_abi3_symbols"], result["future_abi3_objects"]) == ([], {})


def test_the_wheel_installs_and_works_in_an_environment_of_its_own(server, clean, wheel):
    home = clean / "environment"
    run(sys.executable, "-m", "venv", home)
    run(home / "bin/pip", "install", "--no-index", "--disable-pip-version-check", wheel)
    program = "import lvsarp; h = lvsarp.Host(); print(lvsarp.__file__, h.apply(['192.0.2.10']).changed, h.check().ok)"
    printed = run(home / "bin/python", "-I", "-c", program, cwd=clean)
    assert printed.split()[1:] == ["True", "True"] and printed.startswith(str(home))
    assert run(home / "bin/lvsarp", "--version").strip() == f"lvsarp {lvsarp.__version__}"
    assert run(home / "bin/lvsarp", "undo")
    assert "No broken requirements" in run(home / "bin/pip", "check")


def sections(elf):
    """The names of the sections of a 64-bit ELF file."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<I20xQ", elf, table + number * size) for number in range(count)]
    start = headers[names][1]
    return {elf[start + name : elf.index(b"\0", start + name)].decode() for name, _ in headers}


def test_the_native_module_is_stripped(wheel, clean):
    with zipfile.ZipFile(wheel) as archive:
        module = archive.extract("lvsarp/_native.abi3.so", clean / "unpacked")
    names = sections(Path(module).read_bytes())
    assert ".dynsym" in names and not {".symtab", ".debug_info"} & names
