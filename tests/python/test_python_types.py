"""The annotations are strict, and the stubs say what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "python" / "lvsarp"


def mypy(*arguments, cwd):
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_package_is_strictly_typed(tmp_path):
    mypy("mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(SOURCE), cwd=tmp_path)


@pytest.mark.slow
def test_the_stubs_match_the_module(tmp_path):
    mypy("mypy.stubtest", "lvsarp", cwd=tmp_path)


def test_a_caller_is_checked(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import ipaddress, pathlib\n"
        "from typing import Optional\n"
        "import lvsarp\n"
        "host = lvsarp.Host(netns=pathlib.Path('/run/netns/rs1'))\n"
        "level: Optional[int] = host.get('eth0').arp_ignore.effective\n"
        "changes = host.apply([ipaddress.ip_address('192.0.2.10'), '192.0.2.11'], scope='interface')\n"
        "texts: list[str] = [finding.message for finding in changes.findings]\n"
        "host.persist(['192.0.2.10'], root=pathlib.Path('/mnt'), sysctl_conf='/etc/sysctl.conf', dry_run=True)\n"
        "host.unpersist(root='/mnt', overwrite=True).steps[0].thing.startswith('/mnt')\n"
        "boot = host.boot(interfaces=['wlan0'], loader='procps 4.0.2')\n"
        "lines: list[tuple[str, Optional[str], Optional[int]]] = [(b.key, b.file, b.line) for b in boot.levels]\n"
        "host.snapshot().boot(rehearse=True)  # type: ignore[call-arg]\n"
        "host.apply([], persist='yes')  # type: ignore[arg-type]\n"
        "lvsarp.Level(own=1, all=2, effective=None)\n"
        "lvsarp.Level(1, 2)  # type: ignore[call-arg]\n"
        "host.set('eth0', arp_ignore='1')  # type: ignore[arg-type]\n"
        "macs: list[str] = [one.mac for one in lvsarp.probe('192.0.2.10', 'eth0', directors=['02:00:00:00:00:02'])]\n"
        "healthy: bool = host.audit(ipaddress.ip_address('192.0.2.10'), '192.0.2.11', 'eth0', port=80).healthy\n"
        "heard: list[lvsarp.Heard] = host.listen(['192.0.2.10'], 'eth0').dispatch()\n"
        "for event in host.watch(repair=True, interval=0.5): before: Optional[str] = event.old\n"
        "async def follow(watch: lvsarp.Watch) -> None:\n"
        "    async for event in watch: kind: str = event.kind\n"
        "host.probe('192.0.2.10', 'eth0', sender='me')  # type: ignore[arg-type]\n"
        "host.watch(vips='192.0.2.10', interval='1')  # type: ignore[arg-type]\n"
        "host.plan([], scope='world')  # type: ignore[arg-type]\n"
        "changes.changed = True  # type: ignore[misc]\n"
    )
    mypy("mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program), cwd=tmp_path)
