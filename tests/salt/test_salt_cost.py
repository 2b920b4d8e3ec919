"""What a look of the beacon costs, counted in system calls and not in seconds: it runs every few seconds on every
minion."""

import subprocess
import sys

import pytest

VIPS = [f"203.0.113.{last}" for last in range(1, 101)]
LOOKS = 10

LOOK = """
import sys, salt.config, salt.loader
opts = salt.config.minion_config(sys.argv[1])
beacons = salt.loader.beacons({**opts, "grains": {}, "pillar": {}}, {})
for _ in range(int(sys.argv[2])):
    found = beacons["lvsarp.beacon"]([{"vips": sys.argv[3]}])
    assert found == [], found
"""


@pytest.fixture
def calls(server, minion_config, tmp_path):
    """How many system calls so many looks are, with what comes before the first."""

    def count(looks, vips):
        log = tmp_path / "calls"
        words = ["strace", "-f", "-qq", "-o", log, sys.executable, "-c", LOOK, minion_config, looks, ",".join(vips)]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return len(log.read_text().splitlines())

    return count


@pytest.mark.parametrize(("vips", "most"), [(VIPS[:1], 200), (VIPS, 550)])
def test_a_look_is_a_few_system_calls(host, calls, vips, most):
    host.apply(vips)
    each = (calls(1 + LOOKS, vips) - calls(1, vips)) / LOOKS
    assert 5 < each <= most, each
