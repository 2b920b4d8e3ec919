"""On the wire: who answers for a VIP, who speaks in its name, what a real server is from outside, and announcements."""

import errno
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import lvsarp
import pytest
from lab.arp import send_from
from lab.namespaces import veth
from segment import ADDRESSES, MACS, VIP, segment
from surroundings import without_privilege

OTHER, THIRD = "192.0.2.20", "192.0.2.30"
SOON = 20.0  # seconds: later than any machine is slow


@pytest.fixture(scope="module")
def wire(in_a_sandbox):
    with segment() as wire:
        yield wire


@pytest.fixture
def client(wire):
    with lvsarp.Host("client") as host:
        yield host


@pytest.fixture
def director(wire):
    with lvsarp.Host("director") as host:
        yield host


@pytest.fixture
def interrupted():
    """Ctrl-C as soon as the test waits; what a shell in the background sets does not count."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def expect(act):
        main = threading.main_thread().native_id

        def press():
            deadline = time.monotonic() + SOON
            while time.monotonic() < deadline:  # until the main thread sleeps in the kernel
                with open(f"/proc/self/task/{main}/wchan") as file:
                    where = file.read()
                if "poll" in where or "nanosleep" in where:
                    break
                time.sleep(0.005)
            os.kill(os.getpid(), signal.SIGINT)

        begin, thread = time.monotonic(), threading.Thread(target=press)
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            act()
        thread.join()
        assert time.monotonic() - begin < SOON

    yield expect
    signal.signal(signal.SIGINT, before)


def test_two_responders_are_both_found_and_the_director_is_marked(wire, client):
    with wire.bound(("director", VIP, "eth0"), ("web1", VIP, "lo")):
        found = client.probe(VIP, "eth0", 0.3, requests=4, directors=MACS["director"].upper())
    assert [type(one) for one in found] == [lvsarp.Responder] * 2
    by_mac = {one.mac: one for one in found}
    assert set(by_mac) == {MACS["director"], MACS["web1"]}
    for name, one in (("director", by_mac[MACS["director"]]), ("web1", by_mac[MACS["web1"]])):
        assert (one.vip, one.source, one.count) == (VIP, MACS[name], 4)
        assert (one.ours, one.director, one.duplicate) == (False, name == "director", True)
        assert 0 <= one.delay < 0.3


def test_a_responder_has_the_address_that_the_neighbour_table_has_of_it(wire, client):
    wire.client.run("ping", "-q", "-c", "1", ADDRESSES["director"])
    with wire.bound(("director", VIP, "eth0")):
        (one,) = client.probe(VIP, "eth0", 0.2)
    assert one.address == ADDRESSES["director"] and not one.duplicate
    assert str(one).startswith(f"{VIP} is at {MACS['director']} ({ADDRESSES['director']}), 3 answers, the first after ")


def test_several_vips_are_asked_for_at_once_and_come_in_their_order(wire):
    with wire.bound(("web1", OTHER, "lo"), ("director", VIP, "eth0"), ("web2", OTHER, "lo")):
        found = lvsarp.probe([OTHER, ip_address(VIP), THIRD], "eth0", 0.3, requests=1, sender="both", netns="client")
    assert [one.vip for one in found] == [OTHER, OTHER, VIP]
    assert [one.duplicate for one in found] == [True, True, False] and {one.count for one in found} == {2}


def test_an_interface_of_the_host_that_asks_is_ours(wire, client):
    veth(wire.client, wire.lan, names=("eth1", "client1"))
    wire.lan.ip("link set client1 master br0")
    try:
        with wire.bound(("client", VIP, "eth1")):
            found = client.probe(VIP, "eth0", 0.3, sender="unspecified")
    finally:
        wire.client.ip("link del eth1")
    assert [(one.ours, one.director, one.duplicate) for one in found] == [(True, False, False)]


def test_a_vip_that_nobody_has_is_answered_by_nobody(wire, client):
    assert client.probe([VIP, OTHER], "eth0", 0.05) == []


def test_answers_for_which_there_is_no_room_are_counted_as_lost(wire, client):
    with wire.crowd(300):
        found = client.probe(VIP, "eth0", 1, requests=1)
    assert len(found) <= 256 and found.lost >= 44 and len(found) + found.lost == 300


def test_a_hijack_is_heard(wire):
    begin, hears = time.time(), lvsarp.listen(VIP, "eth0", directors=[MACS["director"]], netns="client")
    with wire.bound(("web1", VIP, "lo")), hears as heard:
        wire.web1.ip("neigh flush all")
        send_from(wire.web1, VIP, ADDRESSES["client"])
        one = next(heard)
        assert heard.lost == 0
    assert isinstance(one, lvsarp.Heard) and begin <= one.time <= time.time()
    seen = (one.interface, one.vip, one.kind, one.mac, one.source, one.target, one.ours, one.director)
    assert seen == ("eth0", VIP, "request", MACS["web1"], MACS["web1"], ADDRESSES["client"], False, False)
    assert str(one) == f"eth0: request from {VIP} at {MACS['web1']} for {ADDRESSES['client']}"


def test_what_the_director_announces_is_heard_as_the_directors(wire, director):
    hears = lvsarp.listen(VIP, "eth0", directors=MACS["director"], netns="client")
    with wire.bound(("director", VIP, "eth0")), hears as heard:
        assert director.announce(VIP, "eth0", count=1) == 2
        assert [(one.kind, one.director) for one in (next(heard), next(heard))] == [
            ("gratuitous-request", True),
            ("gratuitous-reply", True),
        ]
        assert heard.dispatch() == [] and heard.wait(0) is False


def test_an_interface_that_goes_down_is_an_error_once_and_the_listener_goes_on(wire, client, director):
    veth(wire.client, wire.lan, names=("eth1", "client1"))
    wire.lan.ip("link set client1 master br0")
    try:
        with client.listen(VIP, "eth1") as heard:
            director.announce(VIP, "eth0", count=1, reply=False, force=True)
            assert heard.wait(SOON)
            wire.client.ip("link set eth1 down")
            with pytest.raises(lvsarp.LvsarpError) as caught:
                next(heard)
            assert caught.value.errno == errno.ENETDOWN
            assert next(heard).kind == "gratuitous-request"
    finally:
        wire.client.ip("link del eth1")


def test_a_listener_on_an_interface_that_is_gone_says_so_in_every_call(wire, client):
    veth(wire.client, wire.lan, names=("eth1", "client1"))
    with client.listen([VIP, "2001:db8::10"], "eth1") as heard:
        wire.client.ip("link set eth1 down")
        assert heard.wait(SOON)
        with pytest.raises(lvsarp.LvsarpError) as caught:
            heard.dispatch()
        assert caught.value.errno == errno.ENETDOWN
        assert heard.wait(0) is False and heard.dispatch() == []
        wire.client.ip("link del eth1")  # of which a packet socket is not told
        for _ in range(3):
            assert heard.wait(SOON)
            with pytest.raises(lvsarp.NoInterfaceError, match="cannot listen on eth1: No such device"):
                heard.dispatch()
        with pytest.raises(lvsarp.NoInterfaceError):
            next(heard)


def test_an_audit_tells_the_four_states_apart(wire, director):
    vips = {"healthy": VIP, "leaks": OTHER, "black-hole": THIRD, "down": VIP}
    servers = dict.fromkeys(vips, ADDRESSES["web1"]) | {"down": "192.0.2.99"}
    places = ("web1", VIP, "lo"), ("web1", OTHER, "eth0")
    with wire.silent("web1"), wire.bound(*places), ThreadPoolExecutor(4) as threads:
        jobs = {state: threads.submit(director.audit, vips[state], servers[state], "eth0") for state in vips}
        found = {state: job.result() for state, job in jobs.items()}
    assert {state: audit.state for state, audit in found.items()} == {state: state for state in vips}
    assert {state: audit.healthy for state, audit in found.items()} == {state: state == "healthy" for state in vips}
    for state, audit in found.items():
        assert (audit.vip, audit.real_server) == (vips[state], servers[state])
        assert audit.mac == (None if state == "down" else MACS["web1"])
        assert audit.reasons and all(isinstance(reason, str) for reason in audit.reasons)
    assert found["healthy"].delay > 0 and found["black-hole"].delay is None
    assert found["leaks"].answered > 0 and found["healthy"].answered == 0
    assert found["healthy"].from_vip == "accepted" and found["black-hole"].from_real_server == "accepted"


def test_an_audit_of_a_port_says_whether_somebody_listens_there(wire):
    with wire.web2.entered(), socket.create_server((ADDRESSES["web2"], 0)) as server:
        port = server.getsockname()[1]
    with wire.silent("web2"), wire.bound(("web2", VIP, "lo")):
        with wire.web2.entered(), socket.create_server((VIP, port)):
            served = lvsarp.audit(VIP, ADDRESSES["web2"], "eth0", port=port, netns="director")
        refused = lvsarp.audit(VIP, ADDRESSES["web2"], "eth0", port=port, netns="director")
    assert (served.state, served.from_vip) == ("healthy", "accepted")
    assert (refused.state, refused.from_vip) == ("down", "refused")


def test_an_announcement_mends_what_a_neighbour_has_learned(wire, director):
    with wire.bound(("director", VIP, "eth0")):
        wire.client.ip(f"neigh replace {VIP} lladdr {MACS['web1']} dev eth0 nud stale")
        assert director.announce([VIP], "eth0", count=2, interval=60, dry_run=True) == 4
        assert wire.knows("client", VIP) == MACS["web1"]
        assert director.announce([VIP], "eth0", count=2, interval=0, request=False) == 2
        assert wire.knows("client", VIP) == MACS["director"]


def test_a_real_server_does_not_announce_unless_it_is_forced(wire):
    with wire.bound(("web1", VIP, "lo")), lvsarp.Host("web1") as server:
        with pytest.raises(lvsarp.RefusedError, match="real server"):
            server.announce(VIP, "eth0", count=1, dry_run=True)
        with pytest.raises(lvsarp.RefusedError, match="real server"):
            server.announce(VIP, "eth0", count=1)
        assert server.announce(VIP, "eth0", count=1, force=True) == 2
    with lvsarp.Host("web1") as server, pytest.raises(lvsarp.RefusedError, match="not bound on eth0"):
        server.announce(VIP, "eth0")


def test_an_announcement_ends_when_the_host_gives_the_vip_away(wire, director):
    with wire.bound(("director", VIP, "eth0")), ThreadPoolExecutor(1) as threads:
        with lvsarp.listen(VIP, "eth0", netns="client") as heard:
            job = threads.submit(director.announce, VIP, "eth0", count=1000, interval=0.02)
            next(heard)
            wire.director.ip(f"addr del {VIP}/32 dev eth0")
            assert 2 <= job.result(SOON) < 2000
        wire.director.ip(f"addr add {VIP}/32 dev eth0")


def test_ctrl_c_ends_every_wait_at_once(wire, client, director, interrupted):
    with wire.bound(("director", VIP, "eth0")):
        interrupted(lambda: client.probe(VIP, "eth0", 600))
        interrupted(lambda: client.audit(VIP, ADDRESSES["web1"], "eth0", timeout=600))
        interrupted(lambda: director.announce(VIP, "eth0", interval=600))
        with client.listen(VIP, "eth0") as heard, director.watch(VIP) as watch:
            interrupted(lambda: next(heard))
            interrupted(lambda: heard.wait(600))
            interrupted(lambda: next(watch))
        interrupted(lambda: next(client.listen(VIP, "eth0")))


def test_a_probe_needs_a_capability_and_says_which(wire, forked):
    def without():
        wire.client.join()
        host = lvsarp.Host()
        without_privilege()
        said = []
        for act in (
            lambda: host.probe(VIP, "eth0"),
            lambda: host.listen(VIP, "eth0"),
            lambda: host.audit(VIP, ADDRESSES["web1"], "eth0"),
            lambda: host.announce(VIP, "eth0", force=True),
        ):
            with pytest.raises(lvsarp.AccessError) as caught:
                act()
            said.append(str(caught.value))
        return said

    for text in forked(without):
        assert "CAP_NET_RAW" in text


def test_an_interface_that_cannot_be_asked_on_is_said(wire, client):
    for act in (client.probe, client.listen, client.announce):
        with pytest.raises(lvsarp.NoInterfaceError, match="eth7"):
            act(VIP, "eth7")
        pytest.raises(lvsarp.UnsupportedError, act, VIP, "lo")
    with pytest.raises(lvsarp.NoInterfaceError, match="eth7"):
        client.audit(VIP, ADDRESSES["web1"], "eth7")


@pytest.mark.parametrize("time", [-1, -0.0001, float("nan"), float("inf"), 86401, 10**400])
def test_a_time_that_cannot_be_is_a_value_error(wire, client, time):
    for act in (
        lambda: client.probe(VIP, "eth0", time),
        lambda: client.audit(VIP, ADDRESSES["web1"], "eth0", timeout=time),
        lambda: client.announce(VIP, "eth0", interval=time, force=True),
        lambda: client.watch(VIP, interval=time),
        lambda: client.listen(VIP, "eth0").wait(time),
    ):
        with pytest.raises(ValueError, match="it is not a number of seconds from 0"):
            act()


@pytest.mark.parametrize("number", [0, -1, 1001, 70000, 2**70])
def test_a_number_that_cannot_be_is_a_value_error(wire, client, number):
    for act in (
        lambda: client.probe(VIP, "eth0", requests=number),
        lambda: client.audit(VIP, ADDRESSES["web1"], "eth0", tries=number),
        lambda: client.audit(VIP, ADDRESSES["web1"], "eth0", port=0 if number == 1001 else number),
        lambda: client.announce(VIP, "eth0", count=number, force=True),
        lambda: client.watch(VIP, per_minute=6001 if number == 1001 else number),
    ):
        with pytest.raises(ValueError, match="it is not 1 to "):
            act()


def test_what_is_no_number_is_a_type_error(wire, client):
    for wrong in (True, "1", None, [1], 1j):
        for act in (
            lambda: client.probe(VIP, "eth0", wrong),
            lambda: client.probe(VIP, "eth0", requests=wrong),
            lambda: client.announce(VIP, "eth0", interval=wrong),
            lambda: client.announce(VIP, "eth0", count=wrong),
            lambda: client.watch(VIP, interval=wrong),
        ):
            with pytest.raises(TypeError):
                act()
    for wrong in (True, "1", [1]):
        with pytest.raises(TypeError):
            client.listen(VIP, "eth0").wait(wrong)
        with pytest.raises(TypeError):
            client.audit(VIP, ADDRESSES["web1"], "eth0", port=wrong)
    with pytest.raises(TypeError):
        client.probe(VIP, "eth0", requests=1.5)


@pytest.mark.parametrize(
    "vips", [[], "", "www", ["192.0.2.300"], ["224.0.0.1"], ["0.0.0.0"], [VIP, VIP], "192.0.2.10,192.0.2.11"]
)
def test_vips_that_cannot_be_are_value_errors(wire, client, vips):
    for act in (client.probe, client.listen, client.announce, client.promote, client.demote):
        with pytest.raises(ValueError):
            act(vips, "eth0")


def test_what_is_no_address_or_name_is_a_type_error(wire, client):
    for wrong in (None, 7, b"192.0.2.10", [b"192.0.2.10"], [7], 1.5):
        for act in (client.probe, client.listen, client.announce, client.promote, client.demote):
            with pytest.raises(TypeError):
                act(wrong, "eth0")
        if wrong is not None:
            with pytest.raises(TypeError):
                client.watch(wrong)
        with pytest.raises(TypeError):
            client.audit(VIP, wrong, "eth0")
        with pytest.raises(TypeError):
            client.probe(VIP, wrong)
        with pytest.raises(TypeError):
            client.listen(VIP, "eth0", directors=wrong)


def test_words_and_mac_addresses_that_cannot_be_are_value_errors(wire, client):
    for act in (
        lambda: client.probe(VIP, "eth0", sender="me"),
        lambda: client.probe(VIP, "eth0", directors="02:00"),
        lambda: client.listen(VIP, "eth0", directors=["02-00-00-00-00-00-01"]),
        lambda: client.audit(VIP, "www", "eth0"),
        lambda: client.audit(VIP, "2001:db8::11", "eth0"),
        lambda: client.announce(VIP, "eth0", request=False, reply=False, force=True),
        lambda: client.demote(VIP, "eth0", scope="world"),
    ):
        with pytest.raises(ValueError):
            act()
    with pytest.raises(lvsarp.NoNamespaceError):
        lvsarp.probe(VIP, "eth0", netns="nowhere")


def test_promote_moves_a_vip_to_the_interface_and_announces_it_and_demote_moves_it_back(wire):
    with lvsarp.Host("web2") as host:
        host.apply([VIP], label="lo:0")
        foretold = host.promote(VIP, "eth0", dry_run=True)
        assert foretold.steps and not foretold.changed and [a.dev for a in host.addresses() if a.local == VIP] == ["lo"]
        with lvsarp.listen(VIP, "eth0", netns="client") as heard:
            done = host.promote([VIP], "eth0")
            kinds = [one.kind for one in heard.dispatch()]
        assert done.changed and done.steps == foretold.steps and done.findings == foretold.findings
        assert kinds == ["gratuitous-request", "gratuitous-reply"] * 3
        assert [a.dev for a in host.addresses() if a.local == VIP] == ["eth0"]
        assert not host.promote(VIP, "eth0", announce=False).changed
        assert [one.mac for one in lvsarp.probe(VIP, "eth0", 0.2, netns="client")] == [MACS["web2"]]
        done = host.demote(VIP, "eth0")
        assert done.changed and [a.dev for a in host.addresses() if a.local == VIP] == ["lo"]
        assert lvsarp.probe(VIP, "eth0", 0.2, netns="client") == [] and host.check([VIP]).ok
        host.undo()
        assert not [a for a in host.addresses() if a.local == VIP]


def test_a_promotion_that_cannot_be_announced_is_one_all_the_same(wire, monkeypatch):
    def fails(*_):
        raise lvsarp.AccessError(1, "cannot announce on eth0: Operation not permitted", "permission")

    with lvsarp.Host("web2") as host:
        host.apply([VIP])
        monkeypatch.setattr(lvsarp.Host, "announce", fails)
        done = host.promote(VIP, "eth0")
        assert done.changed and [a.dev for a in host.addresses() if a.local == VIP] == ["eth0"]
        (finding,) = [finding for finding in done.findings if finding.code == "not-announced"]
        assert (finding.severity, finding.interface) == ("warning", "eth0") and "not permitted" in finding.message
        host.undo()


def test_a_thousand_opens_and_closes_leave_no_descriptor(wire, client):
    """Eight at a time, because a socket of the wire waits for the kernel when it is closed."""
    client.apply([OTHER])

    def work(rounds):
        for number in range(rounds):
            with client.listen(VIP, "eth0") as heard, client.watch(VIP) as watch:
                assert heard.fileno() != watch.fileno()
                if number % 10 == 0:
                    heard.wait(0), watch.wait(0)
            if number % 2:
                watch = client.watch(OTHER)
                watch.wait(0)
                del watch  # not closed, and gone all the same
        client.probe(VIP, "eth0", 0.01)
        client.audit(VIP, ADDRESSES["web1"], "eth0", timeout=0.01)

    work(2)
    before = sorted(os.listdir("/proc/self/fd"))
    with ThreadPoolExecutor(8) as threads:
        for job in [threads.submit(work, 50) for _ in range(8)]:
            job.result()
    assert sorted(os.listdir("/proc/self/fd")) == before
    client.undo()
