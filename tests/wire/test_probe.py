"""Everybody who answers for a VIP is found, each answer is counted, and nobody is made up."""
import json
import os
import re
import signal
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ASKER, ASKER6, PATIENCE, finish, mac

from lab.arp import BROADCAST, REPLY, REQUEST, Frame, Wire
from lab.topology import kinds_here

ONE, TWO, THREE, NOBODYS = "192.0.2.101", "192.0.2.102", "192.0.2.103", "192.0.2.199"
ONE6, TWO6 = "2001:db8::101", "2001:db8::102"
WITHOUT_CAP_NET_RAW = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
MACS = [mac(number) for number in (11, 12, 13)]


@pytest.fixture(scope="module")
def three(lasting_lan):
    """Three hosts, which the tests leave as they are: all have THREE, two have TWO and TWO6, one has ONE and ONE6."""
    return with_three(lasting_lan)


@pytest.fixture
def other_three(lan):
    """Three such hosts to do something with."""
    return with_three(lan)


def with_three(lan):
    lan.hosts = [lan.host(11, ONE, TWO, THREE, ONE6, TWO6), lan.host(12, TWO, THREE, TWO6), lan.host(13, THREE)]
    return lan


def by_vip(answer):
    """{VIP: {MAC: count}}"""
    found = {}
    for responder in answer["responders"]:
        found.setdefault(responder["vip"], {})[responder["mac"]] = responder["count"]
    return found


def test_one_two_and_three_responders_are_found_and_every_answer_is_counted(three):
    answer = three.ask(THREE, ONE, NOBODYS, TWO, TWO6, ONE6, "--requests", "7", "--timeout", "0.4", status=1)
    assert by_vip(answer) == {
        THREE: dict.fromkeys(MACS, 7), ONE: {MACS[0]: 7}, TWO: dict.fromkeys(MACS[:2], 7),
        TWO6: dict.fromkeys(MACS[:2], 7), ONE6: {MACS[0]: 7},
    }
    assert list(by_vip(answer)) == [THREE, ONE, TWO, TWO6, ONE6], "not in the order in which they were named"
    assert answer["lost"] == 0
    for responder in answer["responders"]:
        assert responder["duplicate"] is (responder["vip"] not in (ONE, ONE6)), responder
        assert responder["source"] == responder["mac"] and 0 <= responder["delay"] < PATIENCE, responder
        assert (responder["ours"], responder["director"]) == (False, False), responder


def test_arping_and_arp_scan_find_the_same_responders(three):
    commands = {
        "lvsarp": None,
        "arping": ("arping", "-b", "-c", "3", "-w", "1", "-I", "eth0", THREE),
        "arp-scan": ("arp-scan", "-I", "eth0", "-x", "--retry=1", "--timeout=300", "--ouifile=/dev/null",
                     "--macfile=/dev/null", THREE),
    }

    def found(name):
        if not commands[name]:
            return set(by_vip(three.ask(THREE, "--timeout", "0.4"))[THREE])
        out = three.asker.run(*commands[name], check=False).stdout.lower()
        return set(re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", out))

    with ThreadPoolExecutor() as pool:
        assert dict(zip(commands, pool.map(found, commands))) == dict.fromkeys(commands, set(MACS))


def test_fifty_responders_are_found_and_every_answer_is_counted(lan):
    numbers = range(100, 150)
    for number in numbers:
        lan.host(number, NOBODYS)
    answer = lan.ask(NOBODYS, "--requests", "5", "--timeout", "1", "--sender", "both", "--director", mac(120), status=1)
    assert by_vip(answer) == {NOBODYS: {mac(number): 10 for number in numbers}}
    assert answer["lost"] == 0
    assert [r["mac"] for r in answer["responders"] if r["director"]] == [mac(120)]
    assert all(r["duplicate"] for r in answer["responders"])


@pytest.mark.parametrize("sender, senders", [
    ("own", [ASKER]), ("unspecified", ["0.0.0.0"]), ("both", [ASKER, "0.0.0.0"]),
])
def test_each_sender_asks_as_often_as_it_is_told(three, sender, senders):
    with Wire(three.hosts[2]) as wire:
        answer = three.ask(THREE, "--sender", sender, "--requests", "4", "--timeout", "0.2", status=1)
        asked = [f for f in wire.hear(0.05) if f.operation == REQUEST and f.target_ip == THREE]
    assert sorted(frame.sender_ip for frame in asked) == sorted(senders * 4)
    assert {(f.sender_mac, f.destination) for f in asked} == {(mac(1), "ff:ff:ff:ff:ff:ff")}
    assert by_vip(answer) == {THREE: dict.fromkeys(MACS, 4 * len(senders))}


def test_without_an_address_it_asks_as_one_who_looks_for_duplicates(other_three):
    other_three.asker.ip("addr flush dev eth0")
    assert by_vip(other_three.ask(TWO, TWO6, "--timeout", "0.2")) == {
        TWO: dict.fromkeys(MACS[:2], 3), TWO6: dict.fromkeys(MACS[:2], 3)}


def test_a_vip_that_the_asker_has_itself_is_no_sender(other_three):
    """As a director sees it: an answer to a request from the VIP would be an answer to nobody."""
    other_three.asker.ip("addr flush dev eth0")
    for address in f"{TWO}/24", f"{TWO6}/64", f"{ASKER}/24", f"{ASKER6}/64":
        other_three.asker.ip(f"addr add {address} dev eth0" + (" nodad" if ":" in address else ""))
    with Wire(other_three.hosts[2]) as wire:
        answer = other_three.ask(TWO, TWO6, "--timeout", "0.2", status=1)
        asked = {frame.sender_ip for frame in wire.hear(0.05) if frame.target_ip == TWO}
    assert asked == {ASKER}
    assert by_vip(answer) == {TWO: dict.fromkeys(MACS[:2], 3), TWO6: dict.fromkeys(MACS[:2], 3)}


def test_ipv6_is_asked_with_both_senders_in_turn(other_three):
    answer = other_three.ask(TWO6, "--sender", "both", "--requests", "2", "--timeout", "0.2", status=1)
    assert by_vip(answer) == {TWO6: dict.fromkeys(MACS[:2], 4)}
    other_three.asker.ip(f"addr del {ASKER6}/64 dev eth0")
    from_link_local = other_three.ask(TWO6, "--timeout", "0.2")
    assert by_vip(from_link_local) == {TWO6: dict.fromkeys(MACS[:2], 3)}


def test_an_ipv6_proxy_answers_too(other_three):
    other_three.hosts[2].set_sysctl("net/ipv6/conf/eth0/proxy_ndp", 1)
    other_three.hosts[2].set_sysctl("net/ipv6/conf/eth0/forwarding", 1)
    other_three.hosts[2].set_sysctl("net/ipv6/neigh/eth0/proxy_delay", 0)
    other_three.hosts[2].ip(f"neigh add proxy {ONE6} dev eth0")
    assert by_vip(other_three.ask(ONE6, "--timeout", "0.4", status=1)) == {ONE6: {MACS[0]: 3, MACS[2]: 3}}


def test_ours_and_the_director_are_marked_and_the_responders_own_address_is_shown(other_three):
    # A second leg of the asker's own, which answers although the request comes from the same host.
    other_three.plug(other_three.asker, "eth1", mac(7))
    other_three.asker.ip(f"addr add {ONE}/32 dev eth1")
    other_three.asker.run("ping", "-c1", "-W5", "192.0.2.11")
    words = ("--sender", "unspecified", "--timeout", "0.2", "--director", mac(11).upper())
    answer = other_three.ask(ONE, *words, status=1)
    marks = {r["mac"]: (r["ours"], r["director"], r["address"]) for r in answer["responders"]}
    assert marks.pop(mac(11)) == (False, True, "192.0.2.11")
    # eth0 answers for it as well (arp_ignore 0), but a host does not hear itself.
    assert marks == {mac(7): (True, False, None)}


def test_the_exit_status_says_whether_each_vip_has_one_responder_and_whether_it_is_a_director(three):
    cases = [
        (0, [ONE]), (0, [ONE, ONE6]), (1, [TWO]), (1, [NOBODYS]), (1, [ONE, NOBODYS]),
        (0, [ONE, "--director", MACS[0]]), (1, [ONE, "--director", MACS[1]]),
        (0, [ONE, "--director", f"{MACS[1]},{MACS[0]}"]), (1, [TWO, "--director", MACS[0]]),
    ]

    def status(case):
        words = ("probe", *case[1], "--on", "eth0", "--timeout", "0.2")
        return three.asker.run(three.program, *words, check=False).returncode

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(status, cases)) == [expected for expected, _ in cases]


def test_another_namespace_is_asked_from_outside(three):
    words = ("--netns", three.asker.name, "--json", "probe", TWO, TWO6, "--on", "eth0", "--timeout", "0.2")
    done = three.switch.run(three.program, *words, check=False)
    assert by_vip(json.loads(done.stdout)) == {TWO: dict.fromkeys(MACS[:2], 3), TWO6: dict.fromkeys(MACS[:2], 3)}


def test_the_text_names_who_answers_and_who_is_silent(three):
    words = (ONE, TWO, NOBODYS, "--director", MACS[0], "--timeout", "0.2")
    done = three.asker.run(three.program, "probe", *words, "--on", "eth0", check=False)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["VIP", "MAC", "address", "answers", "delay"]
    assert re.fullmatch(rf"{ONE} +{MACS[0]} +\S+ +3 +[0-9.]+ ms +director", lines[1]), lines
    assert sorted(line.split()[-2] for line in lines[2:4]) == ["director,", "unknown,"], lines
    assert lines[4:] == [f"nobody answers for {NOBODYS}", "not ok: of 3 VIPs 1 with several responders, 1 with none"]


def test_a_silent_real_server_is_not_found_and_a_leaking_one_is(other_three):
    server = other_three.hosts[0]
    server.ip(f"addr del {ONE}/32 dev eth0")
    server.ip(f"addr add {ONE}/32 dev lo")
    assert by_vip(other_three.ask(ONE, "--timeout", "0.2")) == {ONE: {MACS[0]: 3}}
    server.run(other_three.program, "apply", "--vip", ONE)
    for sender in "own", "unspecified":
        assert other_three.ask(ONE, "--timeout", "0.2", "--sender", sender, status=1) == {"responders": [], "lost": 0}


def test_a_macvlan_on_another_host_is_a_responder_of_its_own(other_three):
    if "macvlan" not in kinds_here(other_three.asker):
        pytest.fail("this kernel has no macvlan")
    host = other_three.hosts[0]
    host.ip(f"link add mac0 link eth0 address {mac(77)} type macvlan mode bridge")
    host.ip("link set mac0 up")
    assert set(by_vip(other_three.ask(ONE, "--timeout", "0.2"))[ONE]) == {MACS[0], mac(77)}
    # And between two of one host: the sibling is ours.
    other_three.asker.ip(f"link add mac0 link eth0 address {mac(78)} type macvlan mode bridge")
    other_three.asker.ip(f"link add mac1 link eth0 address {mac(79)} type macvlan mode bridge")
    for name in "mac0", "mac1":
        other_three.asker.ip(f"link set {name} up")
    other_three.asker.ip(f"addr add {NOBODYS}/32 dev mac1")
    answer = other_three.ask(NOBODYS, "--sender", "unspecified", "--timeout", "0.2", on="mac0", status=0)
    assert [(r["mac"], r["ours"], r["count"]) for r in answer["responders"]] == [(mac(79), True, 3)]


def test_a_bridge_is_asked_on_and_its_port_is_refused(other_three):
    other_three.switch.ip("addr add 192.0.2.2/24 dev br0")
    answer = other_three.ask(TWO, "--timeout", "0.2", host=other_three.switch, on="br0")
    assert by_vip(answer) == {TWO: dict.fromkeys(MACS[:2], 3)}
    port = other_three.switch.ip_json("link show master br0")[0]["ifname"]
    answer = other_three.ask(TWO, host=other_three.switch, on=port, status=2)["error"]
    assert (answer["message"], answer["hint"]) == (f"cannot probe on {port}: it is a port of br0", "name br0")


def test_a_thousand_vips_are_asked_for_without_a_loss(lan):
    vips = [f"10.0.{high}.{low}" for high in range(4) for low in range(1, 251)]
    host = lan.host(11)
    host.ip("route add local 10.0.0.0/16 dev lo")
    answer = lan.ask(*vips, "--timeout", "1", "--requests", "2", "--director", mac(11), status=0)
    assert by_vip(answer) == {vip: {mac(11): 2} for vip in vips}
    assert answer["lost"] == 0


def test_what_cannot_be_asked_is_refused_with_its_reason(other_three, program):
    other_three.asker.ip("link add down0 type veth peer name down1")
    other_three.asker.ip("link add noarp0 type bridge")
    other_three.asker.ip("link set noarp0 arp off up")
    cases = [
        ([ONE, "--on", "nothere0"], "cannot find interface nothere0: No such device"),
        ([ONE, "--on", "lo"], "cannot probe on lo: it carries no Ethernet frames"),
        ([ONE, "--on", "down0"], "cannot probe on down0: it is down"),
        ([ONE, "--on", "noarp0"], "cannot probe on noarp0: it does no ARP (NOARP)"),
        ([ONE, ONE, "--on", "eth0"], f"cannot use VIP {ONE}: it is named twice"),
        ([f"{ONE}/24", "--on", "eth0"],
         f"cannot use VIP {ONE}/24: no prefix length belongs to it here, so name it without"),
        (["224.0.0.1", "--on", "eth0"], "cannot use address 224.0.0.1 as a VIP: it is a multicast address"),
        (["fe80::1", "--on", "eth0"], "cannot use address fe80::1 as a VIP: it is a link-local address"),
        ([ONE, "--on", "eth0", "--timeout", "0"], "cannot use a timeout of 0ns: it is not from 1 ms to a day"),
        ([ONE, "--on", "eth0", "--timeout=-1"],
         'cannot use --timeout "-1": it is not a number of seconds from 0 to 86400'),
        ([ONE, "--on", "eth0", "--requests", "0"], "cannot use 0 requests: it is not from 1 to 1000"),
        ([ONE, "--on", "eth0", "--requests", "1001"], "cannot use 1001 requests: it is not from 1 to 1000"),
        ([ONE, "--on", "eth0", "--requests", "x"], 'cannot use --requests "x": it is not a whole number of 32 bits'),
        ([ONE, "--on", "eth0", "--director", "me"],
         'cannot use MAC address "me": it is not of the form 02:00:00:00:00:01'),
        ([ONE, "--on", "eth0", "--director", "ff:ff:ff:ff:ff:ff"],
         "cannot use MAC address ff:ff:ff:ff:ff:ff as a director: no host has such an address"),
        (["--on", "eth0"], "VIP"),
        ([ONE], "--on"),
    ]
    for words, message in cases:
        done = other_three.asker.run(program, "probe", *words, check=False)
        assert done.returncode == 2 and message in done.stderr, (words, done)
        assert done.stdout == "", done


def test_what_is_refused_is_refused_before_anything_is_opened(three, program):
    """A wrong word is named also by somebody who might not do it anyway."""
    done = three.asker.run(*WITHOUT_CAP_NET_RAW, program, "probe", ONE, "--on", "eth0", "--requests", "0", check=False)
    assert done.stderr == "lvsarp: cannot use 0 requests: it is not from 1 to 1000\n"


def test_without_cap_net_raw_it_says_so(three, program):
    for words in ("probe", ONE), ("probe", ONE, "--listen"), ("announce", ONE, "--force"):
        done = three.asker.run(*WITHOUT_CAP_NET_RAW, program, *words, "--on", "eth0", check=False)
        assert done.returncode == 2 and done.stderr == (
            "lvsarp: cannot open a packet socket on eth0: Operation not permitted\n"
            "  hint: CAP_NET_RAW is needed in the user namespace that owns the network namespace\n"), done


def test_it_writes_nothing_and_works_where_nothing_can_be_written(three, program):
    script = """mount -o remount,bind,ro / && mount -o remount,bind,ro /run && mount -t proc -o ro proc /proc
                exec "$@" """
    done = three.asker.run("unshare", "--mount", "--pid", "--fork", "sh", "-ec", script, "sh",
                           program, "probe", ONE, "--on", "eth0", "--timeout", "0.2", check=False)
    assert done.returncode == 0 and f"ok: {ONE} has one responder" in done.stdout, done


@pytest.mark.parametrize("how", ["link del eth0", "link set eth0 down"])
def test_an_interface_that_goes_away_ends_the_probe_with_an_error(other_three, how):
    children = [other_three.start("probe", *words, ONE, ONE6, "--on", "eth0")
                for words in (["--timeout", "3600"], ["--listen"])]
    begin = time.monotonic()
    other_three.asker.ip(how)
    for child in children:
        status, lines, error = finish(child)
        assert (status, lines) == (2, [])
        expected = r"lvsarp: cannot (listen|send) on eth0: (Network is down|No such device or address)\n"
        assert re.fullmatch(expected, error), error
    assert time.monotonic() - begin < PATIENCE


@pytest.mark.parametrize("vlan, counts", [(5, False), (0, True)])
def test_a_frame_of_another_vlan_is_no_answer_and_a_priority_tag_is_no_vlan(lan, vlan, counts):
    with Wire(lan.host(11, ONE)) as wire:
        child = lan.start("--json", "probe", ONE, "--on", "eth0", "--requests", "1", "--timeout", "0.5")
        asked = next(frame for frame in wire.hear(PATIENCE) if frame.target_ip == ONE)
        reply = bytes(Frame(asked.source, mac(66), REPLY, mac(66), ONE, asked.source, asked.sender_ip))
        wire.socket.send(reply[:12] + struct.pack("!HH", 0x8100, vlan) + reply[12:])
    status, lines, error = finish(child)
    assert set(by_vip(json.loads(lines[0]))[ONE]) == {mac(11)} | ({mac(66)} if counts else set()), error


@pytest.mark.parametrize("to, counts", [(mac(1), True), (mac(2), False)])
def test_a_reply_that_everybody_hears_answers_the_target_that_it_names(lan, to, counts):
    """RFC 3927, 2.5."""
    with Wire(lan.host(11)) as wire:
        child = lan.start("--json", "probe", NOBODYS, "--on", "eth0", "--requests", "1", "--timeout", "0.5")
        asked = next(frame for frame in wire.hear(PATIENCE) if frame.target_ip == NOBODYS)
        wire.send(Frame(BROADCAST, mac(66), REPLY, mac(66), NOBODYS, to, asked.sender_ip))
    _, lines, error = finish(child)
    assert by_vip(json.loads(lines[0])) == ({NOBODYS: {mac(66): 1}} if counts else {}), error


def test_one_who_answers_with_many_macs_hides_nobody_who_answers_for_another_vip(lan):
    lan.host(12, TWO)
    with Wire(lan.host(11)) as wire:
        words = ("--requests", "1", "--timeout", "3", "--director", mac(12))
        child = lan.start("--json", "probe", ONE, TWO, "--on", "eth0", *words)
        asked = next(frame for frame in wire.hear(PATIENCE) if frame.target_ip == ONE)
        # TWO is asked for 750 ms later.
        for number in range(0x1000, 0x1000 + 400):
            wire.send(Frame(asked.source, mac(number), REPLY, mac(number), ONE, asked.source, asked.sender_ip))
    status, lines, error = finish(child)
    answer = json.loads(lines[0])
    assert (status, answer["lost"] > 0, by_vip(answer)[TWO]) == (1, True, {mac(12): 1}), error


def test_a_vip_that_seems_unanswered_where_answers_were_lost_is_not_called_so(lan):
    with Wire(lan.host(11)) as wire:
        child = lan.start("probe", ONE, NOBODYS, "--on", "eth0", "--requests", "1", "--timeout", "1")
        asked = next(frame for frame in wire.hear(PATIENCE) if frame.target_ip == ONE)
        os.kill(child.pid, signal.SIGSTOP)
        reply = bytes(Frame(asked.source, mac(66), REPLY, mac(66), ONE, asked.source, asked.sender_ip))
        for _ in range(20_000):  # more than a socket has room for
            wire.socket.send(reply)
        os.kill(child.pid, signal.SIGCONT)
    status, lines, error = finish(child)
    assert status == 2, (lines, error)
    assert lines[-1] == "unknown: of 2 VIPs 1 could not be told" and f"no answer was read for {NOBODYS}" in lines, lines
