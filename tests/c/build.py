"""C programs against the library, each built once, and again only where something that it is made of is newer.

    build.program("conformance", *SOURCES, flags=build.package("jansson"))   -> the program's path
    build.program("conformance", *SOURCES, sanitize="address,undefined")     -> the same with sanitizers

The library is liblvsarp-full of `cargo xtask lib`, or the one in the folder $LVSARP_C_LIB.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = Path(os.environ.get("LVSARP_C_LIB") or ROOT / "target/c/lib").resolve()
PROGRAMS = ROOT / "target/c/tests"
STRICT = "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-g"


def program(name, *sources, flags=(), sanitize=""):
    """Compile and link a program; sources are paths, or names in this folder. Flags are for both."""
    linked = LIBRARY / "liblvsarp-full.so"
    assert linked.exists(), f"cannot link against {linked}: build it with `cargo xtask lib` or set LVSARP_C_LIB"
    sources = [HERE / source for source in sources]
    made = PROGRAMS / (f"{name}-{sanitize.replace(',', '-')}" if sanitize else name)
    command = [need("cc", "gcc"), *STRICT, f"-I{ROOT / 'include'}", f"-I{HERE}"]
    if sanitize:
        command += [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    command += [*map(str, sources), f"-L{LIBRARY}", "-llvsarp-full", f"-Wl,-rpath,{LIBRARY}", *flags]
    made_by = made.with_name(f"{made.name}.command")
    parts = [*sources, *HERE.glob("*.h"), ROOT / "include/lvsarp.h", linked]
    if is_current(made, parts) and made_by.exists() and made_by.read_text() == shlex.join(command):
        return made
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROGRAMS) as folder:
        fresh = Path(folder, made.name)
        done = subprocess.run([*command, "-o", fresh], capture_output=True, text=True)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"
        fresh.replace(made)
    made_by.write_text(shlex.join(command))
    return made


def is_current(made, parts):
    """Whether a file is there and newer than all of its parts."""
    return made.exists() and all(part.stat().st_mtime < made.stat().st_mtime for part in parts)


def package(name):
    """The flags that pkg-config has for a library."""
    done = subprocess.run([need("pkg-config"), "--cflags", "--libs", name], capture_output=True, text=True)
    assert done.returncode == 0, f"cannot find the library {name}: install lib{name}-dev\n{done.stderr}"
    return shlex.split(done.stdout)


def need(tool, debian=None):
    """A tool's path; a clear error where it is not there."""
    path = shutil.which(tool)
    assert path, f"cannot find {tool}: install the Debian package {debian or tool}"
    return path
