"""Builds what the benchmarks run: the raw C programs and lvsarp's release build. The Python modules are those of this interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from sections import HERE, Programs

ROOT = os.path.dirname(HERE)
RAW = ("dump_links", "batch_addresses", "pread_levels", "grace_period")


def step(argv: list[str]) -> None:
    print("+", " ".join(argv), file=sys.stderr, flush=True)
    subprocess.run(argv, cwd=ROOT, check=True, stdout=sys.stderr)


def target_directory() -> str:
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return str(json.loads(metadata.stdout)["target_directory"])


def programs(python_module: bool) -> Programs:
    release = os.path.join(target_directory(), "release")
    return Programs(
        raw=os.path.join(HERE, "raw", "bin"),
        bench=os.path.join(release, "examples", "lvsarp_bench"),
        cli=os.environ.get("LVSARP_BIN") or os.path.join(release, "lvsarp"),
        python=sys.executable,
        python_module=python_module,
    )


def build(built: Programs) -> None:
    os.makedirs(built.raw, exist_ok=True)
    for name in RAW:
        source = os.path.join(HERE, "raw", f"{name}.c")
        step(["cc", "-O2", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", os.path.join(built.raw, name), source])
    step(["cargo", "build", "--release", "--locked", "--package", "lvsarp", "--example", "lvsarp_bench"])
    if "LVSARP_BIN" not in os.environ:
        step(["cargo", "build", "--release", "--locked", "--package", "lvsarp-cli"])


def missing(programs: Programs) -> list[str]:
    """The Python modules that are to be measured and that this interpreter does not have."""
    wanted = ["pyroute2", *(["lvsarp"] if programs.python_module else [])]
    return [
        name
        for name in wanted
        if subprocess.run([programs.python, "-I", "-c", f"import {name}"], check=False, capture_output=True).returncode
    ]
