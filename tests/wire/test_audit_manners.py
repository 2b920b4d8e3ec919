"""An audit disturbs nobody, refuses bad input before it opens anything, and says what it lacks."""
import contextlib
import json
import random
import socket
import struct
import threading

import pytest
from audited import PORT, Started, Switch, counter

VIP, RIP = "192.0.2.10", "192.0.2.11"
GOOD = {"vip": VIP, "--real-server": RIP, "--on": "eth0", "--port": "80", "--timeout": "1", "--tries": "8"}
# What is wrong, and what the error says.
WRONG = [
    ({"--real-server": "2001:db8::1"}, "other family"), ({"vip": "2001:db8::1"}, "other family"),
    ({"--real-server": VIP}, "it is the VIP"), ({"vip": "127.0.0.1"}, "loopback"), ({"vip": "224.0.0.1"}, "multicast"),
    ({"vip": "web"}, "not an IPv4 or IPv6 address"), ({"--real-server": "127.0.0.1"}, "no address of a host"),
    ({"--real-server": "0.0.0.0"}, "no address of a host"), ({"--real-server": "ff02::1", "vip": "2001:db8::1"}, "no address of a host"),
    ({"--port": "0"}, "port 0"), ({"--port": "65536"}, "1 to 65535"), ({"--port": "-1"}, "1 to 65535"), ({"--port": "http"}, "1 to 65535"),
    ({"--timeout": "0"}, "0.001 to 86400"), ({"--timeout": "86401"}, "number of seconds from 0 to 86400"),
    ({"--timeout": "nan"}, "number of seconds from 0 to 86400"), ({"--tries": "x"}, '--tries "x": it is not a whole number of 32 bits'),
    ({"--timeout": "-1"}, "number of seconds"), ({"--tries": "0"}, "1 to 1000"), ({"--tries": "1001"}, "1 to 1000"),
    ({"--on": "eth7"}, "No such device"), ({"--on": "lo"}, "no Ethernet"), ({"--on": "a/b"}, "contains '/'"),
]


@pytest.fixture(scope="module")
def pair(in_a_sandbox, program):
    """(director, real server, listener of the real server)"""
    with contextlib.ExitStack() as stack:
        switch = Switch(stack, program)
        director, server = switch.host("director", "192.0.2.1/24"), switch.host("rs1", f"{RIP}/24")
        director.ip(f"addr add {VIP}/32 dev lo")
        server.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        server.ip(f"addr add {VIP}/32 dev lo")
        client = switch.host("client", "192.0.2.3/24")
        client.ip(f"route add {VIP}/32 via {RIP}")
        yield director, server, client, switch.listen(server)


def words(changed=()):
    given = {**GOOD, **dict(changed)}
    return [given.pop("vip")] + [word for name, value in given.items() for word in (f"{name}={value}",)]


@pytest.mark.parametrize("wrong, says", WRONG, ids=lambda wrong: " ".join(wrong.values()) if isinstance(wrong, dict) else "")
def test_bad_input_is_refused(pair, program, wrong, says):
    done = pair[0].run(program, "audit", *words(wrong), check=False)
    assert done.returncode == 2 and says in done.stderr, done


def test_without_a_capability_bad_input_is_refused_and_good_input_names_it(pair, program):
    def unprivileged(*given):
        return pair[0].run("setpriv", "--bounding-set=-all", program, "--json", "audit", *given, check=False)
    done = unprivileged(*words())
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["kind"]) == (2, "permission") and "CAP_NET_RAW" in error["hint"], done
    assert "it is the VIP" in unprivileged(*words({"--real-server": VIP})).stderr


def test_our_own_address_is_no_real_server(pair, program):
    done = pair[1].run(program, "audit", "192.0.2.9", "--real-server", RIP, "--on", "eth0", "--echo", check=False)
    assert done.returncode == 2 and "it is an address of this host, on eth0" in done.stderr, done


def test_a_host_that_has_nothing_but_the_vip_cannot_ask(pair, program):
    director = pair[0]
    director.ip("link add veth9 type veth peer name veth8")
    director.ip("link set veth9 up")
    director.ip("link set veth8 up")
    director.ip(f"addr add {VIP}/32 dev veth9")
    try:
        done = director.run(program, "audit", *words({"--on": "veth9"}), check=False)
    finally:
        director.ip("link del veth9")
    assert done.returncode == 2 and "no IPv4 address to ask with" in done.stderr, done


def test_an_interface_that_goes_down_ends_the_audit_with_an_error(pair, program):
    director = pair[0]
    director.ip("link add veth9 type veth peer name veth8")
    director.ip("link set veth9 up")
    director.ip("link set veth8 up")
    director.ip("addr add 198.51.100.1/24 dev veth9")
    try:
        audit = director.popen(program, "audit", "198.51.100.10", "--real-server=198.51.100.11", "--on=veth9", "--echo", "--timeout=50",
                               stderr=-1, text=True)
        with director.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as wire:
            wire.bind(("veth8", 0x0806))
            wire.settimeout(30)
            wire.recv(100)
        director.ip("link set veth9 down")
        message = audit.communicate(timeout=30)[1]
    finally:
        director.ip("link del veth9")
    assert audit.returncode == 2 and "Network is down" in message, message


def test_the_text_says_the_verdict_first_then_the_facts(pair, program):
    done = pair[0].run(program, "audit", *words(), check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith(f"healthy {RIP} for {VIP}: it is silent for {VIP}")
    assert f"  MAC address           {pair[1].mac()}" in lines
    assert any(line.startswith("  from the VIP          accepted after ") for line in lines)


def test_an_audit_of_a_real_server_under_load_disturbs_no_connection(pair, program, say):
    director, server, client, listener = pair
    clients, failures, exchanged, over = 20, [], [0] * 20, threading.Event()

    def serve(connection):
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    def ask(number, connection):
        try:
            with connection:
                while not over.is_set():
                    connection.sendall(b"x" * 1000)
                    got = 0
                    while got < 1000:
                        part = connection.recv(4096)
                        assert part, "the connection was closed"
                        got += len(part)
                    exchanged[number] += 1
        except Exception as failure:
            failures.append(failure)

    threads, resets = [], counter(server, "TcpEstabResets")
    for number in range(clients):
        with client.entered():
            connection = socket.create_connection((VIP, PORT), timeout=30)
        threads.append(threading.Thread(target=ask, args=(number, connection)))
        threads.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
    for thread in threads:
        thread.start()
    began = list(exchanged)
    audits = [Started(director, program, *words()) for _ in range(20)]
    states = [audit.end()[1]["state"] for audit in audits]
    after = list(exchanged)
    over.set()
    for thread in threads:
        thread.join(30)
    say(f"{sum(exchanged)} exchanges on {clients} connections during 20 audits")
    assert states == ["healthy"] * 20
    assert not failures and all(b < a for b, a in zip(began, after)), (failures, began, after)
    assert counter(server, "TcpEstabResets") == resets
    assert server.run("ss", "-tanH", "state", "syn-recv").stdout == ""


def hostile(rng, to, own):
    """A frame that means no good: ARP for the VIP by others, segments from the VIP that answer nothing, errors about nothing, cut and flipped."""
    mac, other = bytes.fromhex(to.replace(":", "")), bytes([2]) + rng.randbytes(5)
    vip, own = socket.inet_aton(VIP), socket.inet_aton(own)
    kind = rng.randrange(4)
    if kind == 0:
        operation, target = rng.choice([1, 2]), rng.choice([own, vip])
        frame = mac + other + struct.pack("!HHHBBH6s4s6s4s", 0x0806, 1, 0x0800, 6, 4, operation, other, vip, mac, target)
    else:
        body = rng.randbytes(40)
        if kind == 1:
            body = struct.pack("!HHIIBB", PORT, rng.randrange(1 << 16), 7, rng.getrandbits(32), 0x50, rng.randrange(64)) + bytes(6)
        elif kind == 2:
            body = bytes([rng.choice([0, 3, 11]), 0]) + rng.randbytes(6) + b"\x45" + rng.randbytes(11) + own + vip + rng.randbytes(8)
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 6 if kind == 1 else 1, 0) + vip + own
        frame = mac + other + b"\x08\x00" + header + body
    if rng.random() < 0.3:
        frame = bytearray(frame)
        for _ in range(3):
            frame[rng.randrange(14, len(frame))] ^= 1 << rng.randrange(8)
        frame = bytes(frame[:rng.randrange(14, len(frame) + 1)])
    return frame


def test_a_storm_of_hostile_frames_changes_nothing_but_the_others(pair, program, say):
    director, server, client, _ = pair
    mac, rng, over, sent = director.mac(), random.Random(7), threading.Event(), [0]
    frames = [hostile(rng, mac, "192.0.2.1") for _ in range(5000)]
    with client.entered():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wire.bind(("eth0", 0))

    def storm():
        while not over.is_set():
            with contextlib.suppress(BlockingIOError, OSError):
                wire.send(rng.choice(frames))
                sent[0] += 1

    thread = threading.Thread(target=storm)
    thread.start()
    try:
        audits = [Started(director, program, *words()) for _ in range(10)]
        found = [audit.end()[1] for audit in audits]
    finally:
        over.set()
        thread.join(30)
        wire.close()
    say(f"{sent[0]} hostile frames during {len(found)} audits")
    assert sent[0] > 1000
    for audit in found:
        assert (audit["state"], audit["answered"], audit["announced"]) == ("healthy", 0, 0), audit
        assert (audit["from_vip"], audit["mac"]) == ("accepted", server.mac())
        assert audit["others"] > 10, audit
