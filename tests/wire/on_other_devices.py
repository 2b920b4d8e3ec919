"""VLAN, bond, VRF and dummy devices, for a kernel that has them: see `second` in the Makefile."""
import json

import pytest
from conftest import mac
from lab.namespaces import wait_up

VIP, OTHER, VLAN_VIP = "192.0.2.101", "192.0.2.102", "198.51.100.101"


@pytest.fixture(scope="module")
def host(lasting_lan):
    """One who has the VIPs, in and outside of a VLAN."""
    host = lasting_lan.host(11, VIP)
    vlan(host, 11)
    host.ip(f"addr add {VLAN_VIP}/32 dev eth0.5")
    host.set_conf("eth0", "arp_ignore", 1)  # or it would answer for both everywhere
    host.set_conf("eth0.5", "arp_ignore", 1)
    return host


def vlan(place, number):
    place.ip("link add link eth0 name eth0.5 type vlan id 5")
    place.ip(f"addr add 198.51.100.{number}/24 dev eth0.5")
    place.ip("link set eth0.5 up")
    wait_up(place, "eth0.5")


def responders(answer):
    return {responder["mac"]: responder["count"] for responder in answer["responders"]}


def test_a_vlan_is_asked_on_its_own_interface_and_answers_there_alone(lasting_lan, host):
    lan = lasting_lan
    vlan(lan.asker, 1)
    assert responders(lan.ask(VLAN_VIP, "--timeout", "0.3", on="eth0.5", status=0)) == {mac(11): 3}
    lan.ask(VLAN_VIP, "--timeout", "0.3", on="eth0", status=1)
    lan.ask(VIP, "--timeout", "0.3", on="eth0.5", status=1)


def test_a_bond_is_asked_on_and_its_port_is_refused(lasting_lan, host):
    lan, asker = lasting_lan, lasting_lan.host(21)
    asker.ip("link add bond0 type bond mode active-backup miimon 50")
    for line in ("link set eth0 down", "link set eth0 master bond0", "link set bond0 up",
                 "addr add 192.0.2.22/24 dev bond0"):
        asker.ip(line)
    wait_up(asker, "bond0")
    assert responders(lan.ask(VIP, "--timeout", "0.3", host=asker, on="bond0", status=0)) == {mac(11): 3}
    error = lan.ask(VIP, host=asker, on="eth0", status=2)["error"]
    assert (error["message"], error["hint"]) == ("cannot probe on eth0: it is a port of bond0", "name bond0")


def test_a_member_of_a_vrf_is_asked_on_and_what_is_on_vrf_or_dummy_is_not_announced(lasting_lan, host):
    lan, asker = lasting_lan, lasting_lan.host(31)
    for line in ("link add red type vrf table 100", "link set red up", "link set eth0 master red",
                 "link add silent0 type dummy", "link set silent0 up"):
        asker.ip(line)
    assert responders(lan.ask(VIP, "--timeout", "0.3", host=asker, status=0)) == {mac(11): 3}
    for home in "red", "silent0":
        asker.ip(f"addr add {OTHER}/32 dev {home}")
        done = asker.run(lan.program, "--json", "announce", OTHER, "--on", "eth0", check=False)
        cause = f"it is bound on {home}, so this host is a real server"
        message = json.loads(done.stdout)["error"]["message"]
        assert (done.returncode, message) == (1, f"cannot announce {OTHER} on eth0: {cause}")
        asker.ip(f"addr del {OTHER}/32 dev {home}")
    message = lan.ask(OTHER, host=asker, on="silent0", status=2)["error"]["message"]
    assert message == "cannot probe on silent0: it does no ARP (NOARP)"
