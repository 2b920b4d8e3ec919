"""C programs on a wire with real servers in every state: probe, listen, audit, watch, announce, promote, demote."""

import contextlib
import socket
import threading

import build
import pytest
from lab.namespaces import Namespace, wait_up

VIP, OWNED = "192.0.2.10", "192.0.2.20"
# The last number of each host's address.
HOSTS = {"director": 2, "healthy": 11, "leaky": 12, "hole": 13, "leaky2": 15, "watched": 16, "switched": 17}
SILENT = {"arp_ignore": 1, "arp_announce": 2}


@pytest.fixture(scope="module")
def wire(in_a_sandbox):
    """Hosts on one bridge, by name: a silent real server, two that leak, one without the VIP, and three without a state of their own."""
    with contextlib.ExitStack() as stack:
        switch = stack.enter_context(Namespace("switch"))
        switch.ip("link add br0 type bridge mcast_snooping 0")
        switch.ip("link set br0 up")
        hosts = {name: stack.enter_context(Namespace(name)) for name in HOSTS}
        for name, host in hosts.items():
            host.ip(f"link add eth0 type veth peer name {name} netns switch")
            host.ip("link set eth0 addrgenmode none")
            host.ip(f"addr add 192.0.2.{HOSTS[name]}/24 dev eth0")
            switch.ip(f"link set {name} master br0 up")
            host.ip("link set eth0 up")
        for host in hosts.values():
            wait_up(host, "eth0")
        for name in ("healthy", "leaky", "leaky2"):
            hosts[name].ip(f"addr add {VIP}/32 dev lo")
        for key, value in SILENT.items():
            hosts["healthy"].set_conf("all", key, value)
        hosts["leaky"].ip(f"addr add {OWNED}/32 dev eth0")
        with hosts["healthy"].entered():
            service = stack.enter_context(socket.create_server((VIP, 80), backlog=64))
        assert service
        yield hosts


@pytest.fixture
def hijacker(wire):
    """A host that asks for others in the name of the VIP, again and again, as a real server does that is told nothing."""
    stop = threading.Event()
    with wire["leaky"].entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((VIP, 0))

    def send():
        for number in range(100, 250):
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
