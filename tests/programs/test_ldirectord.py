"""ldirectord with the health check as its external check: a real server that answers for the VIP leaves the pool."""
import os

import pytest
from cluster import REAL_SERVERS, VIP, OnDirector, dr_check

# ldirectord calls it with the virtual server's address and port and the real server's; the health check wants a host.
CHECK = """\
#!/bin/sh
case $3 in
{cases}esac
exec {check} -n "$server" "$1"
"""
# `supervised` keeps it in the foreground; `quiescent = no` removes a real server that fails, instead of setting weight 0.
CONFIGURATION = """\
supervised = yes
checktimeout = 5
checkinterval = 1
quiescent = no
virtual = {vip}:80
        protocol = tcp
        scheduler = rr
        checktype = external
        checkcommand = "{command}"
{real_servers}"""


@pytest.fixture
def ldirectord(cluster, tmp_path):
    command = tmp_path / "check"
    cases = [f"{address}) server={name} ;;\n" for name, address in REAL_SERVERS.items()]
    command.write_text(CHECK.format(cases="".join(cases), check=dr_check()))
    command.chmod(0o755)
    file = tmp_path / "ldirectord.cf"
    real_servers = [f"        real = {address}:80 gate 1\n" for address in REAL_SERVERS.values()]
    file.write_text(CONFIGURATION.format(vip=VIP, command=command, real_servers="".join(real_servers)))
    with OnDirector(cluster, os.environ.get("LVSARP_LDIRECTORD", "ldirectord"), file, "start") as running:
        yield running


def test_ldirectord_removes_a_real_server_whose_levels_were_reset_and_takes_it_back(cluster, ldirectord):
    ldirectord.reaches("rs1", "rs2")
    cluster.reset_levels("rs1")
    ldirectord.reaches("rs2")
    cluster.prepare("rs1")
    ldirectord.reaches("rs1", "rs2")


def test_ldirectord_removes_a_real_server_without_the_vip_and_takes_it_back(cluster, ldirectord):
    ldirectord.reaches("rs1", "rs2")
    cluster.remove_vip("rs2")
    ldirectord.reaches("rs1")
    cluster.prepare("rs2")
    ldirectord.reaches("rs1", "rs2")
