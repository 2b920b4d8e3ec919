"""keepalived with the health check as its MISC_CHECK: a real server that answers for the VIP leaves the pool."""
import pytest
from cluster import REAL_SERVERS, VIP, OnDirector, dr_check

# `alpha` keeps a real server out until its first check succeeds. A real server that fails is removed, not set to
# weight 0, because inhibit_on_failure is off.
CONFIGURATION = """\
global_defs {{
    script_user root
}}
virtual_server {vip} 80 {{
    delay_loop 1
    lb_algo rr
    lb_kind DR
    protocol TCP
    alpha
{real_servers}}}
"""
REAL_SERVER = """\
    real_server {address} 80 {{
        weight 1
        MISC_CHECK {{
            misc_path "{check} -n {name} {vip}"
            misc_timeout 5
            warmup 0
        }}
    }}
"""


@pytest.fixture
def keepalived(cluster, tmp_path):
    file = tmp_path / "keepalived.conf"
    real_servers = [REAL_SERVER.format(name=name, address=address, check=dr_check(), vip=VIP)
                    for name, address in REAL_SERVERS.items()]
    file.write_text(CONFIGURATION.format(vip=VIP, real_servers="".join(real_servers)))
    with OnDirector(cluster, "keepalived", "-n", "-l", "-f", file) as running:
        yield running


def test_keepalived_removes_a_real_server_whose_levels_were_reset_and_takes_it_back(cluster, keepalived):
    keepalived.reaches("rs1", "rs2")
    cluster.reset_levels("rs1")
    keepalived.reaches("rs2")
    cluster.prepare("rs1")
    keepalived.reaches("rs1", "rs2")


def test_keepalived_removes_a_real_server_without_the_vip_and_takes_it_back(cluster, keepalived):
    keepalived.reaches("rs1", "rs2")
    cluster.remove_vip("rs2")
    keepalived.reaches("rs1")
    cluster.prepare("rs2")
    keepalived.reaches("rs1", "rs2")
