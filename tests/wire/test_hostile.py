"""Whatever is on the wire, nobody is believed who did not answer, and what is lost is said to be lost."""
import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import ASKER, ASKER6, PATIENCE, finish, mac

from lab.arp import REPLY, Frame, Wire, request
from lab.namespaces import run

VIP, OTHER, VIP6 = "192.0.2.101", "192.0.2.102", "2001:db8::101"
SECONDS = 1.5
BURST = 20_000  # more than fits into the room that the program asks for, and that the kernel may cut


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    program = tmp_path_factory.mktemp("hostile") / "hostile"
    source = Path(__file__).with_name("hostile.c")
    run("cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", source, "-o", program)
    return program


def dropped():
    """How many frames this machine has dropped between two interfaces because nobody took them over in time."""
    with open("/proc/net/softnet_stat") as file:
        return sum(int(line.split()[1], 16) for line in file)


def test_under_a_storm_the_real_responders_are_found_and_nobody_else(lan, hostile, say):
    for number in 11, 12:
        lan.host(number, VIP, VIP6)
    attacker = lan.host(13)
    words = ("eth0", SECONDS, 1, mac(1), ASKER, VIP, ASKER6, VIP6)
    listener = lan.start("--json", "probe", VIP, VIP6, "--on", "eth0", "--listen", "--for", SECONDS)
    with attacker.popen(hostile, *words, stdout=subprocess.PIPE, text=True) as storm:
        words = ("probe", VIP, VIP6, "--on", "eth0", "--timeout", SECONDS * 0.7, "--requests", "50", "--sender")
        probes = [lan.start("--json", *words, sender) for sender in ("own", "unspecified")]
        answers = [finish(probe) for probe in probes]
        heard = finish(listener)
        sent = int(storm.communicate(timeout=PATIENCE)[0])
    for status, lines, error in answers:
        assert (status, error) == (1, "")
        answer = json.loads(lines[0])
        counts = {(r["vip"], r["mac"]): r["count"] for r in answer["responders"]}
        say(f"{sent} hostile frames, {answer['lost']} answers lost, counted {sorted(counts.values())}")
        assert set(counts) == {(vip, mac(number)) for vip in (VIP, VIP6) for number in (11, 12)}
        assert max(counts.values()) <= 50, "more answers than requests"
    assert sent > 10_000
    status, lines, error = heard
    assert (status, error) == (1, "")
    for line in map(json.loads, lines):
        assert line.keys() == {"lost"} or line["vip"] in (VIP, VIP6), line


def test_frames_that_nobody_fetched_in_time_are_counted_as_lost(lan):
    """More comes than the kernel keeps while the program is stopped; what is counted and what is lost is all of it."""
    with Wire(lan.host(11, VIP)) as wire, Wire(lan.host(12, OTHER)) as other:
        probe = lan.start("--json", "probe", VIP, "--on", "eth0", "--requests", "1", "--timeout", "2")
        asked = next(frame for frame in wire.hear(PATIENCE) if frame.target_ip == VIP)
        listener = lan.start("--json", "probe", OTHER, "--on", "eth0", "--listen", "--for", "2")
        for child in probe, listener:
            child.send_signal(signal.SIGSTOP)
        before = dropped()
        for number in range(BURST):
            liar = mac(0x1000 + number)
            wire.send(Frame(asked.source, liar, REPLY, liar, VIP, asked.source, ASKER))
            other.send(request(other.mac, ASKER, OTHER))
            if number % 64 == 0:
                time.sleep(0.001)  # the queue between two interfaces has an end, too
        on_the_way = dropped() - before
        for child in probe, listener:
            child.send_signal(signal.SIGCONT)
    answer = json.loads(finish(probe)[1][0])
    counted = sum(responder["count"] for responder in answer["responders"])
    lost = answer["lost"]
    assert lost > 0 and BURST + 1 - on_the_way <= counted + lost <= BURST + 1, (counted, lost)
    assert len(answer["responders"]) == 256, "there is room for so many"
    lines = [json.loads(line) for line in finish(listener)[1]]
    lost = lines.pop()["lost"]
    assert lost > 0 and BURST - on_the_way <= len(lines) + lost <= BURST, (len(lines), lost)
    assert Counter(line["kind"] for line in lines) == {"request": len(lines)}
