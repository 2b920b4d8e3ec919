"""The program under test: $LVSARP_BIN, or the release build of this repository."""
import os
from pathlib import Path

BUILT = Path(__file__).resolve().parents[2] / "target" / "release" / "lvsarp"


def lvsarp():
    """The program's path; a clear error where it is not there."""
    path = Path(os.environ.get("LVSARP_BIN") or BUILT).resolve()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"cannot run {path}: build it with `cargo build --release` or set LVSARP_BIN")
    return str(path)
