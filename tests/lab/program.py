"""The programs under test: those that the environment names, or the builds of this repository."""
import os
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "target"


def lvsarp():
    """The program: $LVSARP_BIN, or the release build; a clear error where it is not there."""
    return _runnable("LVSARP_BIN", TARGET / "release" / "lvsarp", "build it with `cargo build --release`")


def example(name):
    """A C example, such as dr_check: $LVSARP_DR_CHECK, or what `make examples` built; an error where it is not there."""
    return _runnable(f"LVSARP_{name.upper()}", TARGET / "c" / "examples" / name, "build it with `make examples`")


def _runnable(variable, built, advice):
    path = Path(os.environ.get(variable) or built).resolve()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"cannot run {path}: {advice} or set {variable}")
    return str(path)
