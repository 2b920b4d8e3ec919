"""Builds what the benchmarks run: the C programs, lvsarp's release build and its C library. The Python modules are those of this interpreter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from sections import HERE, Programs

ROOT = os.path.dirname(HERE)
RAW = ("dump_links", "batch_addresses", "pread_levels", "grace_period")
CC = ["cc", "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror"]
LIBNL = ["libnl-3.0", "libnl-route-3.0"]

# What the section `c` runs, and where Debian has it.
TOOLS = {"pkg-config": "pkg-config", "strace": "strace", "strip": "binutils", "readelf": "binutils", "ldd": "libc-bin"}


def step(argv: list[str]) -> None:
    print("+", " ".join(argv), file=sys.stderr, flush=True)
    subprocess.run(argv, cwd=ROOT, check=True, stdout=sys.stderr)


def target_directory() -> str:
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return str(json.loads(metadata.stdout)["target_directory"])


def programs(python_module: bool) -> Programs:
    target = target_directory()
    release = os.path.join(target, "release")
    return Programs(
        raw=os.path.join(HERE, "raw", "bin"),
        c_lib=os.path.abspath(os.environ.get("LVSARP_C_LIB") or os.path.join(target, "c", "lib")),
        bench=os.path.join(release, "examples", "lvsarp_bench"),
        cli=os.environ.get("LVSARP_BIN") or os.path.join(release, "lvsarp"),
        python=sys.executable,
        python_module=python_module,
    )


def build(built: Programs, sections: list[str]) -> None:
    os.makedirs(built.raw, exist_ok=True)
    for name in RAW:
        step([*CC, "-o", os.path.join(built.raw, name), source(name)])
    if "c" in sections:
        build_c(built)
    if sections == ["c"]:
        return
    step(["cargo", "build", "--release", "--locked", "--package", "lvsarp", "--example", "lvsarp_bench"])
    if "LVSARP_BIN" not in os.environ:
        step(["cargo", "build", "--release", "--locked", "--package", "lvsarp-cli"])


def build_c(built: Programs) -> None:
    """The programs that call liblvsarp, and those that call libnl."""
    if not os.environ.get("LVSARP_C_LIB"):
        step(["cargo", "xtask", "lib"])
    library = [f"-L{built.c_lib}", "-llvsarp", f"-Wl,-rpath,{built.c_lib}"]
    header = f"-I{os.path.join(ROOT, 'include')}"
    for name, path in (("c_library", source("c_library")), ("dr_check", os.path.join(ROOT, "examples", "c", "dr_check.c"))):
        step([*CC, header, "-o", os.path.join(built.raw, name), path, *library])
    step([*CC, *flags("--cflags"), "-o", os.path.join(built.raw, "libnl_levels"), source("libnl_levels"), *flags("--libs")])


def flags(which: str) -> list[str]:
    return subprocess.run(["pkg-config", which, *LIBNL], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def source(name: str) -> str:
    return os.path.join(HERE, "raw", f"{name}.c")


def missing(programs: Programs, sections: list[str]) -> list[str]:
    """The Python modules that are to be measured and that this interpreter does not have."""
    if sections == ["c"]:
        return []
    wanted = ["pyroute2", *(["lvsarp"] if programs.python_module else [])]
    return [
        name
        for name in wanted
        if subprocess.run([programs.python, "-I", "-c", f"import {name}"], check=False, capture_output=True).returncode
    ]


def missing_packages(sections: list[str]) -> list[str]:
    """The Debian packages that the section `c` needs and that are not there."""
    if "c" not in sections:
        return []
    packages = {package for tool, package in TOOLS.items() if not shutil.which(tool)}
    if "pkg-config" in packages or subprocess.run(["pkg-config", "--exists", *LIBNL], check=False).returncode:
        packages.add("libnl-route-3-dev")
    return sorted(packages)
