"""Twenty applies at once end in the right state, and one undo brings back the first original."""
import subprocess

import pytest
from victim import APPLY, UNDO, Victim

MANY = 20


@pytest.fixture
def host(program):
    victim = Victim(program)
    yield victim
    victim.delete()


def test_twenty_applies_at_once_end_right_and_one_undo_restores(host):
    running = [host.host.popen(*host.command(APPLY), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
               for _ in range(MANY)]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * MANY, ended
    assert host.which() == "after"
    host.lvsarp(*UNDO)
    assert host.which() == "before"


def test_applies_and_undos_at_once_leave_before_or_after(host):
    commands = [APPLY, UNDO] * (MANY // 2)
    running = [host.host.popen(*host.command(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
               for command in commands]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * MANY, ended
    assert host.which() in ("before", "after")
    host.lvsarp(*UNDO)
    assert host.which() == "before"
