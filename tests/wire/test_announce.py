"""An announcement mends what neighbours believe, and a real server makes none by mistake."""
import json
import os
import signal
import subprocess
from collections import Counter

import pytest
from conftest import PATIENCE, mac, wait_for

from lab.arp import REPLY, REQUEST, Wire

VIP, OTHER, VIP6 = "192.0.2.101", "192.0.2.102", "2001:db8::101"
LIAR = mac(66)


def announce(lan, host, *words, status=0):
    done = host.run(lan.program, "--json", "announce", *words, "--on", "eth0", check=False)
    assert done.returncode == status, done
    return json.loads(done.stdout)


def believed(host, vip):
    """The MAC that a host has for an address, and the state of the entry."""
    entries = host.ip_json(f"neigh show to {vip} dev eth0")
    return (entries[0].get("lladdr"), entries[0]["state"][0]) if entries else None


@pytest.mark.parametrize("form", ["both", "request", "reply"])
def test_it_heals_the_neighbours_that_a_leak_has_poisoned(lan, form):
    director = lan.host(11, VIP, VIP6)
    for vip in VIP, VIP6:
        lan.asker.ip(f"neigh replace {vip} lladdr {LIAR} nud stale dev eth0")
    assert announce(lan, director, VIP, VIP6, "--count", "1", "--form", form) == {"sent": 3 if form == "both" else 2}
    for vip in VIP, VIP6:
        wait_for(lambda: believed(lan.asker, vip)[0] == mac(11))


def test_it_sends_what_it_is_told_as_often_as_it_is_told(lan):
    director = lan.host(11, VIP, OTHER)
    for form, operations in (("both", {REQUEST: 4, REPLY: 4}), ("request", {REQUEST: 4}), ("reply", {REPLY: 4})):
        with Wire(lan.asker) as wire:
            words = (VIP, OTHER, "--count", "2", "--interval", "0.05", "--form", form)
            assert announce(lan, director, *words) == {"sent": sum(operations.values())}
            frames = list(wire.hear(0.02))
        assert Counter(frame.operation for frame in frames) == operations
        for frame in frames:
            assert (frame.destination, frame.source, frame.sender_mac) == ("ff:ff:ff:ff:ff:ff", mac(11), mac(11))
            assert frame.sender_ip == frame.target_ip and frame.sender_ip in (VIP, OTHER)


def test_a_dry_run_sends_nothing_and_says_what_would_be_sent_or_why_nothing(lan):
    director = lan.host(11, VIP, VIP6)
    with Wire(lan.asker) as wire:
        assert announce(lan, director, VIP, VIP6, "--count", "5", "--dry-run") == {"would_send": 15}
        refusal = announce(lan, director, OTHER, "--dry-run", status=1)["error"]
        assert refusal == announce(lan, director, OTHER, status=1)["error"]
        assert not [frame for frame in wire.hear(0.1) if frame.sender_ip in (VIP, OTHER)]


def test_a_real_server_is_refused_unless_forced(lan):
    server = lan.host(11)
    lan.host(12)
    cases = [("lo", f"addr add {VIP}/32 dev lo", "it is bound on lo, so this host is a real server"),
             ("silent0", f"addr add {VIP}/32 dev silent0", "it is bound on silent0, so this host is a real server")]
    server.ip("link add silent0 type bridge")
    server.ip("link set silent0 arp off up")
    with Wire(lan.asker) as wire:
        for device, line, cause in cases:
            server.ip(line)
            for also in "", "on the interface as well":
                if also:
                    server.ip(f"addr add {VIP}/32 dev eth0")
                error = announce(lan, server, VIP, "--count", "1", status=1)["error"]
                assert (error["kind"], error["message"]) == ("refused", f"cannot announce {VIP} on eth0: {cause}")
                assert "force" in error["hint"]
            server.ip(f"addr del {VIP}/32 dev {device}")
            server.ip(f"addr del {VIP}/32 dev eth0")
        error = announce(lan, server, VIP, status=1)["error"]
        assert error["message"] == f"cannot announce {VIP} on eth0: it is not bound on eth0"
        server.ip(f"addr add {OTHER}/32 dev eth0")
        assert announce(lan, server, OTHER, VIP, status=1)["error"]["kind"] == "refused", "one of two is enough"
        heard = [frame for frame in wire.hear(0.02) if frame.sender_ip in (VIP, OTHER)]
        assert heard == [], "something was sent although it was refused"
        assert announce(lan, server, VIP, "--count", "1", "--force") == {"sent": 2}
        assert [f.sender_ip for f in wire.hear(0.02)] == [VIP, VIP]


def test_a_vip_that_goes_away_within_a_round_is_announced_no_more(lan):
    vips = [f"198.18.{high}.{low}" for high in range(8) for low in range(1, 251)]
    director = lan.host(11)
    director.ip_batch(*(f"addr add {vip}/32 dev eth0" for vip in vips))
    with Wire(lan.asker) as wire:
        words = ("--json", "announce", *vips, "--on", "eth0", "--count", "1")
        child = director.popen(lan.program, *words, stdout=subprocess.PIPE)
        try:
            assert next(wire.hear(PATIENCE)).sender_ip == vips[0]
            os.kill(child.pid, signal.SIGSTOP)  # most of the round is still to come: it pauses 62 times
            director.ip(f"addr del {vips[-1]}/32 dev eth0")
            os.kill(child.pid, signal.SIGCONT)
            heard = []
            while child.poll() is None:
                heard += wire.hear(0.1)
            heard += wire.hear(0.1)
        finally:
            child.kill()
            out, _ = child.communicate()
    assert child.returncode == 0 and 64 <= json.loads(out)["sent"] < 2 * len(vips), out
    assert vips[-1] not in {frame.sender_ip for frame in heard}


def test_a_wrong_word_is_refused(lan):
    for words, message in (
        (["--count", "0"], "cannot use 0 rounds: it is not from 1 to 1000"),
        (["--count", "1001"], "cannot use 1001 rounds: it is not from 1 to 1000"),
        (["--interval", "86401"], 'cannot use --interval "86401": it is not a number of seconds from 0 to 86400'),
        ([VIP], f"cannot use VIP {VIP}: it is named twice"),
    ):
        assert announce(lan, lan.asker, VIP, *words, status=2)["error"]["message"] == message
    told = announce(lan, lan.asker, f"{OTHER}/24", status=2)["error"]["message"]
    assert told == f"cannot use VIP {OTHER}/24: no prefix length belongs to it here, so name it without"
    done = lan.asker.run(lan.program, "announce", VIP, "--on", "lo", "--force", check=False)
    assert (done.returncode, done.stderr) == (2, "lvsarp: cannot announce on lo: it carries no Ethernet frames\n")
