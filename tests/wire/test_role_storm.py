"""Under a storm, while a host is promoted and demoted in turn: no wrong answer leaves it, and its VIPs are local without a gap."""
import contextlib
import socket
import struct
import time

import pytest
from lab import storm
from lab.arp import ETH_P_ARP, REPLY, REQUEST, parse
from lab.namespaces import veth
from lab.tap import Tap

VIP, RIP, NEIGHBOUR = "192.0.2.10", "192.0.2.11", "192.0.2.1"
VIP6, NEIGHBOUR6 = "2001:db8::10", "2001:db8::1"
OTHER = "198.51.100.1"  # the neighbour's end of the second link
SILENT_NEIGHBOURS = [f"192.0.2.{last}" for last in range(100, 116)]  # nobody has these: each packet to them asks
PORT = 7
CYCLES, CONTROL_CYCLES = 50, 20


@pytest.fixture
def host(lan):
    """The neighbour and the host, on two links: eth0 with the VIP's subnet, and eth1."""
    neighbour, host = lan.asker, lan.host(11)
    veth(neighbour, host, names=("eth1", "eth1"))
    neighbour.ip(f"addr add {OTHER}/24 dev eth1")
    host.ip("addr add 198.51.100.11/24 dev eth1")
    for place in neighbour, host:
        settled(place)
    return neighbour, host


def settled(namespace, within=10.0):
    """Waits until its IPv6 addresses are in use, which also without duplicate address detection is after they are shown."""
    deadline = time.monotonic() + within
    while namespace.ip("-6 addr show tentative scope global"):
        assert time.monotonic() < deadline, "an address stays tentative"
        time.sleep(0.002)


@contextlib.contextmanager
def under_storm(neighbour, host):
    """Requests for the VIP on both links and packets from the VIP meanwhile; the taps on what leaves by either."""
    storm.impatient(host, "eth0")
    with Tap(host, "eth0", VIP) as here, Tap(host, "eth1", VIP) as there, Tap(host, "eth0", RIP) as own, \
            storm.Child(_foreign, neighbour, "eth0", host.mac("eth0")) as foreign, \
            storm.requests(neighbour, "eth0", NEIGHBOUR, [VIP, VIP, VIP, RIP], burst=2) as asked, \
            storm.requests(neighbour, "eth1", OTHER, [VIP], burst=2) as asked_there, \
            storm.packets(host, VIP, SILENT_NEIGHBOURS) as sent:
        yield here, there
        assert asked.stop() and asked_there.stop() and sent.stop() > 100 and own.count().operations[REQUEST] > 0
        assert foreign.stop() == 0, "an answer for the VIP named a MAC that is not that of eth0"


def _foreign(namespace, interface, mac):
    """Counts the frames that say that the VIP is at another MAC than the host's on this link."""
    with namespace.entered():
        hearing = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        hearing.bind((interface, ETH_P_ARP))
    hearing.settimeout(0.05)
    while True:
        try:
            frame = parse(hearing.recv(2048))
        except TimeoutError:
            frame = None
        yield int(frame is not None and frame.sender_ip == VIP and not frame.sender_mac == frame.source == mac)


def silent_for(tap, seconds):
    """The frames from the VIP that left in the next moment."""
    before = tap.count().frames
    time.sleep(seconds)
    return tap.count().frames - before


def heard(tap, within=5.0):
    """Waits until the VIP is answered."""
    before, deadline = tap.count().frames, time.monotonic() + within
    while tap.count().frames == before:
        assert time.monotonic() < deadline, "the owner does not answer"
        time.sleep(0.001)


def test_only_the_owners_interface_answers_and_only_while_it_is_the_owner(host, program, say):
    neighbour, server = host
    server.run(program, "apply", "--vip", VIP)
    begin = time.monotonic()
    with under_storm(neighbour, server) as (here, there):
        assert silent_for(here, 0.05) == 0
        for cycle in range(CYCLES):
            server.run(program, "promote", VIP, "--on", "eth0", "--no-announce")
            heard(here)
            server.run(program, "demote", VIP, "--on", "eth0")
            late = silent_for(here, 0.01)
            assert late == 0, f"cycle {cycle}: {late} frames from the VIP left a silent real server: {here.count()}"
        answers, elsewhere = here.count(), there.count()
    say(f"{CYCLES} promotes and demotes in {time.monotonic() - begin:.1f} s: {answers.operations[REPLY]} answers of the owner kept of "
        f"{answers.frames}, {elsewhere.frames} on the other interface")
    assert answers.operations[REQUEST] == 0, "the host announced the VIP in a request"
    assert elsewhere.frames == 0, str(elsewhere)


def test_an_owner_without_levels_is_silent_when_demote_returns_and_undo_makes_it_the_owner_again(host, program):
    neighbour, server = host
    server.ip(f"addr add {VIP}/32 dev eth0")
    with under_storm(neighbour, server) as (here, there):
        for _ in range(CYCLES // 5):
            server.run(program, "demote", VIP, "--on", "eth0")
            assert silent_for(here, 0.01) == silent_for(there, 0.01) == 0
            server.run(program, "undo")
            heard(here)


@pytest.fixture
def streams(host):
    """Asks the VIP of the host all the time, by its MAC, over IPv4 and IPv6: what was asked and what was not answered."""
    neighbour, server = host
    for vip in VIP, VIP6:
        neighbour.ip(f"neigh replace {vip} lladdr {server.mac()} dev eth0 nud permanent")
    for address in NEIGHBOUR, NEIGHBOUR6:
        server.ip(f"neigh replace {address} lladdr {neighbour.mac()} dev eth0 nud permanent")

    @contextlib.contextmanager
    def running():
        with storm.Child(_echo, server):
            for vip in VIP, VIP6:
                answered(neighbour, vip)
            with storm.Child(_ask, neighbour, VIP) as first, storm.Child(_ask, neighbour, VIP6) as second:
                yield first, second

    return running


def _echo(namespace):
    """Answers each datagram from the address that it was sent to."""
    namespace.join()
    echo = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    echo.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    echo.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    echo.bind(("::", PORT))
    echo.settimeout(0.05)
    while True:
        try:
            data, control, _, peer = echo.recvmsg(64, 256)
        except TimeoutError:
            yield 0
            continue
        # The address as source, and no interface: the kernel chooses the way.
        to = next(info[:16] + bytes(4) for level, kind, info in control if kind == socket.IPV6_PKTINFO)
        try:
            echo.sendmsg([data], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, to)], 0, peer)
        except OSError:  # the VIP is not local at this moment, which the asker notices
            pass
        yield 1


def asker(vip):
    asking = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect((vip, PORT))
    asking.settimeout(1)
    return asking


def answered(namespace, vip, within=10.0):
    """Waits until the echo listens and answers."""
    deadline = time.monotonic() + within
    with namespace.entered(), asker(vip) as asking:
        while True:
            try:
                asking.send(bytes(8))
                asking.recv(64)
                return
            except OSError:
                assert time.monotonic() < deadline, f"no answer from {vip}"


def _ask(namespace, vip):
    """Asks and waits, over and over; 1 for each question that has no answer in a time that no scheduler needs."""
    namespace.join()
    asking = asker(vip)
    number = 0
    while True:
        number += 1
        asking.send(struct.pack("!Q", number))
        try:
            while struct.unpack("!Q", asking.recv(64))[0] != number:
                pass
            yield 0
        except OSError:
            yield 1


def test_the_vips_are_local_all_the_time(host, program, streams):
    _, server = host
    server.run(program, "apply", "--vip", f"{VIP},{VIP6}")
    with streams() as unanswered:
        for _ in range(CYCLES):
            server.run(program, "promote", f"{VIP},{VIP6}", "--on", "eth0", "--no-announce")
            server.run(program, "demote", f"{VIP},{VIP6}", "--on", "eth0")
    assert [child.counted for child in unanswered] == [0, 0]


def test_the_vips_are_local_all_the_time_while_undo_takes_a_switch_back(host, program, streams):
    _, server = host
    server.ip(f"addr add {VIP}/32 dev lo")
    server.ip(f"addr add {VIP6}/128 dev eth0 nodad")
    settled(server)
    with streams() as unanswered:
        for _ in range(CYCLES // 5):
            server.run(program, "promote", VIP, "--on", "eth0", "--no-announce")
            server.run(program, "demote", VIP6, "--on", "eth0")
            server.run(program, "undo")
    assert [child.counted for child in unanswered] == [0, 0]


def test_a_connection_lives_through_promote_and_demote(host, program):
    neighbour, server = host
    server.run(program, "apply", "--vip", VIP)
    neighbour.ip(f"neigh replace {VIP} lladdr {server.mac()} dev eth0 nud permanent")
    with server.entered():
        listening = socket.create_server((VIP, 80))
    with neighbour.entered():
        client = socket.create_connection((VIP, 80), timeout=10)
    accepted, _ = listening.accept()
    accepted.settimeout(10)
    with listening, client, accepted:
        for cycle in range(5):
            for command in ["promote", "--no-announce"], ["demote"]:
                server.run(program, *command, VIP, "--on", "eth0")
                client.sendall(f"{cycle} {command[0]}".encode())
                accepted.sendall(accepted.recv(64))
                assert client.recv(64).decode() == f"{cycle} {command[0]}"


def test_the_other_order_leaves_questions_without_an_answer(host, streams):
    """The control: removed first and bound then, which the streams must notice."""
    _, server = host
    server.ip(f"addr add {VIP}/32 dev lo")
    server.ip(f"addr add {VIP6}/128 dev lo")
    settled(server)
    with streams() as unanswered:
        for _ in range(CONTROL_CYCLES):
            for here, there in ("lo", "eth0"), ("eth0", "lo"):
                for vip in f"{VIP}/32", f"{VIP6}/128":
                    server.ip(f"addr del {vip} dev {here}")
                    server.ip(f"addr add {vip} dev {there} {'nodad' if ':' in vip else ''}")
    assert all(child.counted > 0 for child in unanswered), [child.counted for child in unanswered]
