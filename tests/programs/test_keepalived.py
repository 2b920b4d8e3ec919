"""keepalived with the health check as its MISC_CHECK: a real server that answers for the VIP leaves the pool."""
import pytest
from lab import balancers


@pytest.fixture
def keepalived(cluster, check, tmp_path):
    with balancers.keepalived(cluster, tmp_path, check) as running:
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
