"""ldirectord with the health check as its external check: a real server that answers for the VIP leaves the pool."""
import pytest
from lab import balancers


@pytest.fixture
def ldirectord(cluster, check, tmp_path):
    with balancers.ldirectord(cluster, tmp_path, check) as running:
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
