"""The grain: its shape, and that it never raises and never changes anything."""

import os
import resource
from pathlib import Path

import lvsarp
import pytest
import salt.loader
from lab.namespaces import Namespace
from lab.sandbox import CLONE_NEWNS, CLONE_NEWUSER, MS_PRIVATE, MS_REC, call
from lvsarp.salt import _seen
from surroundings import read_only_proc_sys, read_only_run

VIP, OTHER = "192.0.2.10", "192.0.2.20"


@pytest.fixture
def grain(loaders, server, etc):
    """The grain, as the grains' own loader calls it."""
    functions = salt.loader.grain_funcs(loaders.opts)
    assert [name for name in functions if name.startswith("lvsarp.")] == ["lvsarp.real_server"]
    return functions["lvsarp.real_server"]


def test_it_is_among_the_grains(server, host, loaders, etc):
    host.apply([VIP])
    grains = salt.loader.grains({**loaders.opts, "grains": {}}, force_refresh=True)
    assert grains["lvsarp"] == {"role": "real_server", "vips": [VIP], "ready": True}


def test_role_vips_and_ready_are_those_of_the_host_as_it_is(host, grain):
    assert grain() == {"lvsarp": {"role": "none", "vips": [], "ready": False}}
    host.bind(VIP)
    assert grain() == {"lvsarp": {"role": "real_server", "vips": [VIP], "ready": False}}
    host.apply([VIP, OTHER], prefixes=["198.51.100.0/28"])
    assert grain() == {"lvsarp": {"role": "real_server", "vips": [VIP, OTHER, "198.51.100.0"], "ready": True}}
    host.undo()
    host.unbind(VIP)
    assert grain() == {"lvsarp": {"role": "none", "vips": [], "ready": False}}


def test_the_vips_are_those_that_a_check_of_what_is_bound_looks_at(server, host, grain):
    server.set_sysctl("net/ipv6/conf/lo/disable_ipv6", 0)
    server.set_sysctl("net/ipv6/conf/eth0/disable_ipv6", 0)
    server.ip("addr add 2001:db8::10/128 dev lo")
    server.ip("addr add 169.254.7.7/32 dev lo")
    server.ip("addr add 127.9.9.9/32 dev lo")
    server.ip("addr add 203.0.113.9/32 dev eth0")
    server.ip("route add local 198.51.100.0/28 dev lo")
    host.apply([VIP])
    looked_at = list(dict.fromkeys(verdict.vip for verdict in host.snapshot().check().verdicts))
    assert sorted(grain()["lvsarp"]["vips"]) == sorted(looked_at) and "203.0.113.9" not in looked_at


@pytest.mark.parametrize(
    ("part", "name", "change"), [("addresses", "203.0.113.9", {"proto": 204}), ("interfaces", "eth1", {"kind": "vrf"})]
)
def test_what_lvsarp_bound_elsewhere_and_what_is_on_a_vrf_are_vips(server, host, part, name, change):
    """On the snapshot, because this kernel may know neither VRFs nor the mark."""
    server.ip("link add eth1 type bridge")
    server.ip("addr add 203.0.113.9/32 dev eth1")
    data = host.snapshot().as_dict()
    for item in data[part]:
        if name in (item.get("local"), item.get("name")):
            item.update(change)
    changed = lvsarp.Snapshot.from_dict(data)
    assert _seen.vips(changed) == [verdict.vip for verdict in changed.check().verdicts] == ["203.0.113.9"]
    assert _seen.vips(host.snapshot()) == []


def test_a_host_without_an_interface_that_speaks_arp_has_its_vips_too(loaders, etc):
    grain = salt.loader.grain_funcs(loaders.opts)["lvsarp.real_server"]
    with Namespace("alone") as alone, alone.entered():
        alone.ip("addr add 192.0.2.10/32 dev lo")
        assert grain() == {"lvsarp": {"role": "real_server", "vips": [VIP], "ready": True}}


def test_it_changes_nothing_and_leaves_an_interrupted_apply_alone(host, grain, everything):
    host.apply([VIP])
    record = max(Path("/run/lvsarp").glob("*.json"), key=os.path.getmtime)
    record.write_text(record.read_text().replace('"phase":"applied"', '"phase":"applying"'))
    before = everything()
    assert '"phase":"applying"' in before[3][str(record)].decode()
    assert grain()["lvsarp"]["vips"] == [VIP]
    assert everything() == before


def without_proc():
    call("unshare", CLONE_NEWNS)
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"tmpfs", b"/proc", b"tmpfs", 0, None)


@pytest.mark.parametrize(
    "spoil", [without_proc, read_only_run, read_only_proc_sys, lambda: call("unshare", CLONE_NEWUSER)]
)
def test_it_is_there_or_not_there_and_never_an_error(host, grain, forked, spoil):
    host.apply([VIP])

    def ask():
        spoil()
        return grain()

    assert forked(ask) in ({}, {"lvsarp": {"role": "real_server", "vips": [VIP], "ready": True}})


def test_where_the_host_cannot_be_read_there_is_no_grain(grain, forked):
    def ask():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))  # no descriptor is left for a socket
        return grain()

    assert forked(ask) == {}
