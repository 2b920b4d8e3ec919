"""Programs that were built with the last release still run: what may change in the header and what may not.

`cargo xtask abi --check` compares with the record of the last release in bindings/c/abi.
"""

import subprocess

import header
import pytest
from conftest import ROOT, need

MAP = ROOT / "bindings/c/lvsarp.map"
UNDO = "int lvsarp_undo(struct lvsarp_host *h);"
TIMEOUT = "int lvsarp_lock_timeout(struct lvsarp_host *h, uint32_t milliseconds);"
NEXT = "\nLVSARP_0.2 { global: %s; } LVSARP_0.1;\n"

BREAKS = {
    "the type of a member": ("    uint32_t prefixlen;", "    int32_t prefixlen;"),
    "the length of a member": ("    uint32_t mtu;", "    uint64_t mtu;"),
    "the length of an array": ("    char mac[96];", "    char mac[104];"),
    "a member in between": ("    uint32_t mtu;", "    uint32_t more;\n    uint32_t mtu;"),
    "a member that is gone": ("    char mac[96];\n", ""),
    "a member of a struct in another": ("    uint32_t known;", "    uint32_t known;\n    uint32_t more;"),
    "the type of a parameter": (TIMEOUT, TIMEOUT.replace("uint32_t", "int32_t")),
    "one more parameter": (UNDO, UNDO.replace(")", ", int more)")),
    "the type of a result": (UNDO, UNDO.replace("int", "long", 1)),
    "a parameter of a callback": ("(const char *json, size_t length,", "(const char *json, uint32_t length,"),
    "a number": ("#define LVSARP_VIA_NETLINK 2", "#define LVSARP_VIA_NETLINK 3"),
    "a number that is gone": ("#define LVSARP_VIA_NETLINK 2", ""),
}
ADDITIONS = {
    "nothing": ("", ""),
    "a member at the end of a result": ("    char mac[96];", "    char mac[96];\n    uint64_t more;"),
    "a member at the end of options": ("    char address_scope[16];", "    char address_scope[16];\n    char more[9];"),
    "a number": ("#define LVSARP_VIA_NETLINK 2", "#define LVSARP_VIA_NETLINK 2\n#define LVSARP_VIA_PIGEON 3"),
}


@pytest.fixture
def check(tmp_path):
    """Compare a header and a version script, given as texts, with the record."""
    need("abidiff", "abigail-tools")

    def check(text, script=MAP.read_text()):
        (tmp_path / "lvsarp.h").write_text(text)
        (tmp_path / "lvsarp.map").write_text(script)
        files = "--header", tmp_path / "lvsarp.h", "--map", tmp_path / "lvsarp.map"
        return subprocess.run(["cargo", "xtask", "abi", "--check", *files], cwd=ROOT, capture_output=True, text=True)

    return check


def changed(old, new):
    text = header.HEADER.read_text()
    assert old in text, f"the header has no {old!r}: choose another one"
    return text.replace(old, new, 1)


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_found(check, change):
    done = check(changed(*BREAKS[change]))
    assert done.returncode == 1 and ("ABI" in done.stderr or "numbers never" in done.stderr), done.stderr


@pytest.mark.parametrize("change", ADDITIONS)
def test_an_addition_is_none(check, change):
    done = check(changed(*ADDITIONS[change]))
    assert done.returncode == 0, done.stderr


def test_a_function_may_come_but_not_go_nor_change_its_version(check):
    script = MAP.read_text()
    more = UNDO.replace("undo", "redo")
    done = check(changed(UNDO, f"{UNDO}\n{more}"), script + NEXT % "lvsarp_redo")
    assert done.returncode == 0, done.stderr
    without = script.replace("    lvsarp_undo;\n", "")
    assert check(changed(UNDO, ""), without).returncode == 1
    assert check(header.HEADER.read_text(), without + NEXT % "lvsarp_undo").returncode == 1
