"""C programs on a wire with real servers in every state: probe, listen, audit, watch, announce, promote, demote."""

import contextlib
import itertools
import socket
import threading

import build
import pytest

VIP = "192.0.2.10"


@pytest.fixture
def hijacker(wire):
    """A host that asks for others in the name of the VIP, again and again, as a real server does that is told nothing."""
    build.program("wire", "wire.c")  # which takes its time
    stop = threading.Event()
    with wire["leaky"].entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((VIP, 0))

    def send():
        # Each of them is asked for again when its entry has failed.
        for number in itertools.cycle(range(100, 250)):
            if stop.wait(0.02):
                return
            with contextlib.suppress(OSError):
                sender.sendto(b"", (f"192.0.2.{number}", 9))

    thread = threading.Thread(target=send)
    thread.start()
    yield
    stop.set()
    thread.join()
    sender.close()


def run(host, *arguments):
    done = host.run(build.program("wire", "wire.c"), *arguments, check=False, timeout=60)
    assert done.returncode == 0 and done.stderr == "", f"{arguments} ended with {done.returncode}:\n{done.stderr}"


def test_a_probe_finds_everybody_who_answers_and_allocates_nothing(wire):
    run(wire["director"], "probe")


def test_a_listener_hears_the_hijack(wire, hijacker):
    run(wire["director"], "listen")


def test_an_audit_tells_the_four_states_also_all_at_once(wire):
    run(wire["director"], "audit")


def test_a_watch_and_an_audit_share_a_loop_and_a_repair_mends(wire):
    run(wire["watched"], "watch")


def test_a_real_server_is_promoted_announces_and_is_demoted_again(wire):
    run(wire["switched"], "roles")
