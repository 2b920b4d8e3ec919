"""The C programs in the documents compile without a warning and do what the text around them says."""

import re

import build
import pytest

HOST = """
ip link set lo up
ip link add eth0 type veth peer name wire0
ip addr add 192.0.2.1/24 dev eth0
ip link set wire0 up arp off
ip link set eth0 up
"""
SHOWN = "cat /proc/sys/net/ipv4/conf/all/arp_ignore; ip -o -4 addr show dev lo"


def programs(call="lvsarp_apply("):
    """Each block of C with a main() and a call in a document, and a name for it."""
    found = []
    for document in ("README.md", "docs/c-api.md"):
        text = (build.ROOT / document).read_text()
        blocks = [block for block in re.findall(r"^```c\n(.*?)^```", text, re.S | re.M) if "int main(" in block]
        blocks = [block for block in blocks if call in block]
        found += [(f"{document}-{at}".replace("/", "-"), block) for at, block in enumerate(blocks)]
    return found


def built(name, block, folder):
    source = folder / "program.c"
    source.write_text(block)
    return build.program(f"document-{name}", source)


@pytest.mark.parametrize("name, block", programs())
def test_a_program_in_a_document_makes_a_silent_real_server(name, block, sandboxed, tmp_path):
    done = sandboxed("sh", "-ec", f"{HOST}{built(name, block, tmp_path)}; {SHOWN}")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    holds = done.stdout.startswith("1\n") and "192.0.2.10/32" in done.stdout
    assert holds == ("rc = lvsarp_undo(h)" not in block), done.stdout


@pytest.mark.parametrize("name, block", programs())
def test_a_program_in_a_document_says_what_is_missing(name, block, sandboxed, tmp_path):
    without = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    done = sandboxed(*without, "sh", "-c", f"{built(name, block, tmp_path)}; echo $?")
    assert done.stdout == "1\n" and "cannot " in done.stderr, done
    assert "CAP_NET_ADMIN" in done.stderr or "lvsarp_hint" not in block, done.stderr


def test_there_is_a_program_in_each_document():
    assert len(programs()) == 2
    assert len(programs("int main(")) == 4


def test_the_program_that_persists_says_what_it_would_write(sandboxed, tmp_path):
    """In a sandbox where lvsarp is installed and /etc says nothing."""
    [(name, block)] = programs("lvsarp_boot(")
    installed = "mount -t tmpfs none /usr/local/bin; install -m 755 /dev/null /usr/local/bin/lvsarp"
    empty = "mount -t tmpfs none /etc"
    done = sandboxed("sh", "-ec", f"{HOST}{installed}; {empty}; {built(f'persists-{name}', block, tmp_path)}; ls /etc")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "write /etc/sysctl.d/90-lvsarp.conf: " in done.stdout
    assert "vip-answered: after a reboot 192.0.2.10 is answered on eth0" in done.stdout, done.stdout


def test_the_program_that_asks_says_what_would_change(sandboxed, tmp_path):
    [(name, block)] = programs("lvsarp_would_reply(")
    bound = f"{HOST}ip addr add 192.0.2.10/32 dev lo"
    done = sandboxed("sh", "-ec", f"{bound}; {built(f'asks-{name}', block, tmp_path)}; {SHOWN}")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    *notes, now, then, level, _, _ = done.stdout.splitlines()
    assert now.startswith("now: reply: arp_ignore is 0") and then.startswith("then: no reply: arp_ignore is 1"), then
    assert any("net/ipv4/arp.c: arp_ignore()" in note for note in notes), notes
    assert level == "0", "it wrote what it only asked about"
    done = sandboxed("sh", "-c", f"{built(f'asks-{name}', block, tmp_path)}; echo $?")
    assert done.stdout == "1\n" and "eth0" in done.stderr, done
