"""Every frame that carries a VIP as its sender is heard, with its time, and nothing else is."""
import json
import re
import signal
import time

import pytest
from conftest import ASKER, PATIENCE, end, finish, mac

from lab import storm
from lab.arp import REPLY, Frame, Wire, request

VIP, VIP6, GATEWAY = "192.0.2.101", "2001:db8::101", "192.0.2.1"
OTHERS = [f"192.0.2.{last}" for last in range(150, 160)]


def listen(lan, *words, vips=(VIP, VIP6)):
    """A listener with --json, and a function that reads what it hears next."""
    child = lan.start("--json", "probe", *vips, "--on", "eth0", "--listen", *words)
    return child, lambda: json.loads(child.stdout.readline())


def said(heard):
    return heard["kind"], heard["vip"], heard["mac"], heard["target"]


def test_the_hijack_is_heard_and_nothing_else_of_a_busy_network(lan):
    """A real server with arp_announce 0 asks for its gateway from the VIP, while others ask and answer all the time."""
    server, other = lan.host(11), lan.host(12)
    server.ip(f"addr add {VIP}/32 dev lo")
    child, heard = listen(lan)
    with storm.requests(other, "eth0", "192.0.2.12", [*OTHERS, VIP, "192.0.2.11"]) as others:
        begin = time.time()
        lan.begin(server, "ping", "-c1", "-W1", "-I", VIP, GATEWAY)
        frame = heard()
        assert said(frame) == ("request", VIP, mac(11), GATEWAY), frame
        assert (frame["source"], frame["interface"]) == (mac(11), "eth0")
        assert (frame["ours"], frame["director"]) == (False, False)
        assert begin - 1 <= frame["time"] <= time.time() + 1
        # The answers to the storm go to the one who asks, so the listener is not told of them.
        lan.begin(server, "arping", "-U", "-c1", "-I", "eth0", "-s", VIP, VIP)
        assert said(heard()) == ("gratuitous-request", VIP, mac(11), VIP)
    assert others.counted > 1000
    child.send_signal(signal.SIGTERM)
    assert finish(child)[:2] == (-signal.SIGTERM, []), "more was heard than was said"


def test_every_form_is_told_apart_and_who_said_it(lan):
    host = lan.host(11, VIP, VIP6)
    child, heard = listen(lan, "--director", mac(66))
    with Wire(host) as wire:
        for operation, kind in ((1, "gratuitous-request"), (REPLY, "gratuitous-reply")):
            wire.send(Frame("ff:ff:ff:ff:ff:ff", wire.mac, operation, wire.mac, VIP, wire.mac, VIP))
            assert said(heard()) == (kind, VIP, wire.mac, VIP)
        wire.send(Frame(mac(1), wire.mac, REPLY, mac(66), VIP, mac(1), ASKER))
        frame = heard()
        assert said(frame) == ("reply", VIP, mac(66), ASKER)
        assert (frame["source"], frame["director"], frame["ours"]) == (wire.mac, True, False)
        wire.send(Frame("ff:ff:ff:ff:ff:ff", mac(1), 1, mac(1), VIP, "00:00:00:00:00:00", GATEWAY))
        assert heard()["ours"] is True
    lan.begin(host, "ping", "-c1", "-W1", "-I", VIP6, "2001:db8::77")
    assert said(heard()) == ("solicitation", VIP6, mac(11), "2001:db8::77")
    host.run(lan.program, "announce", VIP6, "--on", "eth0", "--count", "1")
    frame = heard()
    while frame["kind"] == "solicitation":  # the kernel asks again
        frame = heard()
    assert said(frame) == ("advertisement", VIP6, mac(11), "ff02::1")
    end(child)


def test_what_others_say_and_what_is_no_arp_is_not_heard(lan):
    host = lan.host(11)
    child, heard = listen(lan)
    with Wire(host) as wire:
        vip = request(wire.mac, GATEWAY, VIP)
        for frame in (
            request(wire.mac, VIP, "192.0.2.11"), request(wire.mac, GATEWAY, "192.0.2.100"),
            Frame(mac(99), wire.mac, REPLY, wire.mac, VIP, mac(99), "192.0.2.99"),  # to somebody else
            Frame("ff:ff:ff:ff:ff:ff", wire.mac, 3, wire.mac, VIP, wire.mac, VIP),  # a request of RARP
            Frame("ff:ff:ff:ff:ff:ff", wire.mac, 1, "00:00:00:00:00:00", VIP, wire.mac, VIP),
        ):
            wire.send(frame)
        whole = bytes(vip)
        for bad in (whole[:30], whole[:14] + b"\0\7" + whole[16:], whole[:18] + b"\6\6" + whole[20:],
                    whole[:12] + bytes.fromhex("81000005") + whole[12:],
                    whole[:12] + bytes.fromhex("88a8000581000006") + whole[12:]):
            wire.socket.send(bad)
        wire.send(vip)
        assert said(heard()) == ("request", VIP, wire.mac, GATEWAY)
    end(child)


@pytest.mark.parametrize("director, status", [(mac(11), 0), (mac(12), 1)])
def test_the_status_and_the_last_line_say_whether_a_leak_was_heard(lan, director, status):
    host = lan.host(11)
    child = lan.start("probe", VIP, "--on", "eth0", "--listen", "--for", "0.4", "--director", director)
    with Wire(host) as wire:
        wire.send(request(wire.mac, GATEWAY, VIP))
    code, lines, _ = finish(child)
    word = "leak" if status else "director"
    said = rf"\d\d:\d\d:\d\d\.\d{{6}} {mac(11)} request {VIP} who-has {GATEWAY} \({word}\)"
    assert re.fullmatch(said, lines[0]), lines
    last = "not ok: 1 of 1 frames are leaks" if status else "ok: only this host or a director used a VIP as a sender"
    assert (code, lines[1:]) == (status, [last])


def test_a_quiet_wire_is_good_news(lan):
    child = lan.start("probe", VIP, VIP6, "--on", "eth0", "--listen", "--for", "0.1")
    assert finish(child)[:2] == (0, ["ok: nobody used a VIP as a sender"])


def test_a_signal_and_a_reader_that_goes_away_end_it_quietly(lan):
    host = lan.host(11)
    for number in signal.SIGINT, signal.SIGTERM:
        child = lan.start("probe", VIP, "--on", "eth0", "--listen")
        child.send_signal(number)
        assert finish(child) == (-number, [], "")
    child = lan.start("probe", VIP, "--on", "eth0", "--listen")
    child.stdout.close()
    with Wire(host) as wire:
        wire.send(request(wire.mac, GATEWAY, VIP))
    assert child.wait(PATIENCE) == 1 and child.stderr.read() == ""
