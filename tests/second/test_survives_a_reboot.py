"""One kernel applies and persists and is switched off; others boot with its files, each in another order, and are as it was and never heard."""
import concurrent.futures
import json
import shutil
import sys
from pathlib import Path

import pytest
from lab import uml
from lab.reboot import LOAD, RESTORE

HERE = Path(__file__).resolve().parent
INTERFACES = ("eth0", "eth1.100")
# Each interface is there before the loader, between the loader and restore, or comes after restore.
ORDERS = [("eth0", LOAD, "eth1.100", RESTORE), (LOAD, "eth0", RESTORE, "eth1.100")]


def guest(folder, what, *words):
    """Switch a guest on whose /etc has the folder's files; what it leaves."""
    (folder / "etc").mkdir(exist_ok=True)
    done = uml.run(sys.executable, HERE / "process_1.py", folder, what, *words, share=[folder], process_1=True)
    assert done.status == 0, str(done)
    return json.loads((folder / f"{what}.json").read_text())


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    """What the first kernel was at its end, and what each of the others was."""
    first = tmp_path_factory.mktemp("first")
    before = guest(first, "apply", *INTERFACES)
    folders = [Path(shutil.copytree(first, tmp_path_factory.mktemp("next") / "disk", symlinks=True)) for _ in ORDERS]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        after = pool.map(lambda folder, order: guest(folder, "boot", *order), folders, ORDERS)
        return before, dict(zip(ORDERS, after))


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_the_next_kernel_is_as_the_last_one_was_and_never_heard(booted, order):
    before, after = booted[0], booted[1][order]
    assert (after["state"], after["leaked"]) == (before["state"], [])
    assert after["heard"], "the storm would hear nothing from this kernel"
