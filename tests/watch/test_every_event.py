"""Every kind of event: what it says, when, who did it, and what the check says after it."""
import os
import signal
import time

from lab.namespaces import veth
from lab.rtnetlink import UP, Route, bind, level, link as change, unbind
from watcher import what

VIP, VIP6 = "192.0.2.10", "2001:db8::10"
OURS = "192.0.2.10/32 scope global label lo"


def prepared(server, program, *vips):
    server.run(program, "apply", "--vip", ",".join(vips or (VIP,)))


def test_it_begins_with_what_is_watched_and_the_verdict(server, program, watching):
    prepared(server, program, VIP, VIP6)
    begin = watching(server).begin
    assert (sorted(begin["vips"]), begin["silent"], begin["finding"]) == ([VIP, VIP6], True, None)
    server.set_conf("all", "arp_ignore", 0)
    begin = watching(server).begin
    assert (begin["silent"], begin["finding"]["code"]) == (False, "vip-answered")


def test_nothing_to_watch_is_an_error_that_says_what_to_do(server, program):
    refused = server.run(program, "watch", check=False)
    assert refused.returncode == 2
    assert "no VIP is bound and none is named" in refused.stderr and "apply --vip" in refused.stderr


def test_a_vip_that_an_apply_had_bound_is_watched_although_it_is_gone(server, program, watching):
    prepared(server, program)
    server.ip(f"addr del {VIP}/32 dev lo")
    begin = watching(server).begin
    assert (begin["vips"], begin["silent"], begin["finding"]["code"]) == ([VIP], False, "vip-missing")


def test_a_vip_is_removed_and_added_by_this_process(server, program, watching, route):
    prepared(server, program)
    watcher = watching(server, "--interval", 60)
    lo = route.index("lo")
    before = time.time()
    route.do(unbind(lo, VIP, 32))
    event = watcher.next()
    assert what(event) == ("vip-removed", VIP, "lo", None, OURS, None)
    assert before <= event["time"] <= time.time()
    assert (event["silent"], event["finding"]["code"]) == (False, "vip-missing")
    assert event["by"].endswith(f"({os.getpid()})") and route.port == os.getpid(), event["by"]
    route.do(bind(lo, VIP, 32, scope="host", label="lo:7"))
    event = watcher.next()
    assert what(event) == ("vip-added", VIP, "lo", None, None, "192.0.2.10/32 scope host label lo:7")
    assert (event["silent"], event["finding"]) == (True, None)
    assert watcher.quiet(0.1) == []


def test_a_vip_that_is_removed_and_added_at_once_is_both(server, program, watching, route):
    prepared(server, program)
    watcher = watching(server, "--interval", 60)
    lo = route.index("lo")
    route.do(unbind(lo, VIP, 32), bind(lo, VIP, 32, label="lo:1"), unbind(lo, VIP, 32), bind(lo, VIP, 32, label="lo"))
    assert [what(watcher.next())[0] for _ in range(4)] == ["vip-removed", "vip-added"] * 2
    assert watcher.quiet(0.1) == []


def test_new_lifetimes_and_other_addresses_are_no_event(server, program, watching):
    prepared(server, program, VIP, VIP6)
    watcher = watching(server, "--interval", 0.05)
    server.ip(f"addr change {VIP}/32 dev lo valid_lft 1000 preferred_lft 500")
    server.ip(f"addr change {VIP6}/128 dev lo preferred_lft 0 valid_lft 1000")
    server.ip("addr add 198.51.100.9/32 dev lo")
    server.ip("addr add 2001:db8::99/64 dev eth0 nodad")
    server.ip("link set eth0 mtu 1400")
    server.ip("route add 203.0.113.0/24 via 192.0.2.1")
    assert watcher.quiet(0.3) == []


def test_a_vip_on_a_device_that_speaks_arp_is_misplaced(server, program, watching, route):
    prepared(server, program)
    watcher = watching(server, "--interval", 60)
    eth0 = route.index("eth0")
    route.do(bind(eth0, VIP, 24, label="eth0"))
    event = watcher.next()
    assert what(event) == ("vip-misplaced", VIP, "eth0", None, None, "192.0.2.10/24 scope global label eth0")
    assert (event["silent"], event["finding"]["code"]) == (False, "vip-on-interface")
    route.do(unbind(eth0, VIP, 24))
    event = watcher.next()
    assert (what(event)[:3], event["silent"]) == (("vip-removed", VIP, "eth0"), True)


def test_keepaliveds_mark_names_it_where_the_process_is_not_known(server, program, watching, route):
    prepared(server, program)
    watcher = watching(server, "--interval", 60)
    with Route(server) as second:  # whose port says nothing, because the first one has this process's number
        second.do(bind(second.index("eth0"), VIP, 24, label="eth0", proto=18))
        event = watcher.next()
        assert (event["kind"], event["by"]) == ("vip-misplaced", "keepalived, by the mark of the address")
        second.do(unbind(second.index("eth0"), VIP, 24))
        assert watcher.next()["by"] is None
    assert route.port == os.getpid()


def test_levels_that_are_written_through_proc_are_found_by_reading_again(server, program, watching):
    prepared(server, program)
    watcher = watching(server, "--interval", 0.02)
    for scope, key, old, new, silent in [
        ("all", "arp_ignore", 1, 0, False), ("all", "arp_ignore", 0, 3, False), ("all", "arp_ignore", 3, 8, True),
        ("all", "arp_announce", 2, 1, False), ("all", "arp_announce", 1, 2, True), ("eth0", "arp_ignore", 0, -7, True),
        ("eth0", "arp_ignore", -7, 2147483647, False),
    ]:
        before = time.time()
        server.set_conf(scope, key, new)
        event = watcher.next()
        assert what(event) == ("level-changed", None, scope, key, str(old), str(new))
        assert event["silent"] is silent, event
        assert before <= event["time"] <= time.time() and event["by"] is None
    assert watcher.quiet(0.1) == []


def test_default_reaches_interfaces_that_never_had_an_address(server, program, watching):
    prepared(server, program)
    server.ip("link add name v0 type veth peer name v1")
    watcher = watching(server, "--interval", 0.02)
    server.set_conf("default", "arp_announce", 1)
    told = sorted(what(watcher.next())[2:] for _ in range(3))
    assert told == sorted((scope, "arp_announce", "0", "1") for scope in ("default", "v0", "v1"))
    assert watcher.quiet(0.1) == []


def test_a_level_over_netlink_is_told_at_once_and_not_again(server, program, watching, route):
    prepared(server, program)
    eth0 = route.index("eth0")
    watcher = watching(server, "--interval", 60)
    route.do(level(eth0, "arp_ignore", 2))
    assert what(watcher.next()) == ("level-changed", None, "eth0", "arp_ignore", "0", "2")
    route.do(level(eth0, "arp_ignore", 5), level(eth0, "arp_ignore", 2))
    assert [what(watcher.next())[4:] for _ in range(2)] == [("2", "5"), ("5", "2")]
    again = watching(server, "--interval", 0.02)
    route.do(level(eth0, "arp_announce", 1))
    assert what(again.next()) == ("level-changed", None, "eth0", "arp_announce", "0", "1")
    assert again.quiet(0.2) == []


def test_an_interface_that_appears_unprotected_is_told(server, program, watching):
    server.run(program, "apply", "--vip", VIP, "--scope", "interface", "--address-scope", "host")
    watcher = watching(server, "--interval", 60)
    server.ip("link add name v0 type veth peer name v1")
    assert watcher.quiet(0.1) == []  # it is down
    server.ip("link set v0 up")
    event = watcher.next()
    assert what(event)[:3] == ("interface-unprotected", VIP, "v0")
    assert (event["silent"], event["finding"]["interface"]) == (False, "v0")
    server.ip("link set v0 mtu 1300")
    assert watcher.quiet(0.1) == []
    server.ip("link set v0 down")
    server.ip("link set v0 up")
    assert what(watcher.next())[:3] == ("interface-unprotected", VIP, "v0")


def test_an_interface_that_is_covered_is_no_event(server, program, watching):
    server.run(program, "apply", "--vip", VIP, "--address-scope", "host")
    watcher = watching(server, "--interval", 0.05)
    server.ip("link add name v0 up type veth peer name v1")
    server.ip("link set v0 down")
    server.ip("link set v0 name w0")
    server.ip("link set w0 up")
    server.ip("link del w0")
    assert watcher.quiet(0.2) == []


def test_levels_are_found_under_the_new_name_of_an_interface(server, program, watching):
    server.run(program, "apply", "--vip", VIP, "--address-scope", "host")
    server.ip("link add name v0 up type veth peer name v1")
    watcher = watching(server, "--interval", 0.02)
    # The two change names.
    for old, new in (("v0", "x"), ("v1", "v0"), ("x", "v1")):
        server.ip(f"link set {old} down")
        server.ip(f"link set {old} name {new}")
    assert watcher.quiet(0.1) == []
    server.set_conf("v0", "arp_ignore", 2)
    assert what(watcher.next()) == ("level-changed", None, "v0", "arp_ignore", "0", "2")
    server.set_conf("v1", "arp_ignore", 5)
    assert what(watcher.next()) == ("level-changed", None, "v1", "arp_ignore", "0", "5")


def test_vips_of_a_deleted_interface_are_removed_each(server, program, watching):
    prepared(server, program)
    server.ip("link add name v0 up type veth peer name v1")
    watcher = watching(server, "--interval", 60, "--vip", f"{VIP},192.0.2.20")
    server.ip("addr add 192.0.2.20/32 dev v0")
    assert what(watcher.next())[:3] == ("vip-misplaced", "192.0.2.20", "v0")
    server.ip("link del v0")
    assert what(watcher.next()) == ("device-down", None, "v0", None, "up", "down")
    assert what(watcher.next()) == ("vip-removed", "192.0.2.20", "v0", None, "192.0.2.20/32 scope global label v0", None)
    assert watcher.quiet(0.1) == []


def test_lo_goes_down_and_takes_the_ipv6_vip_with_it(server, program, watching, route):
    prepared(server, program, VIP, VIP6)
    watcher = watching(server, "--interval", 60)
    lo = route.index("lo")
    route.do(change(lo, 0, UP))
    told = sorted(what(watcher.next()) for _ in range(2))
    assert told == [("device-down", None, "lo", None, "up", "down"),
                    ("vip-removed", VIP6, "lo", None, f"{VIP6}/128 scope global", None)]
    route.do(change(lo, UP, UP))
    assert what(watcher.next()) == ("device-up", None, "lo", None, "down", "up")
    assert watcher.quiet(0.1) == []


def test_a_port_that_leaves_its_bridge_may_be_unprotected(server, program, watching):
    server.run(program, "apply", "--vip", VIP, "--address-scope", "host", "--scope", "interface")
    server.ip("link add name br0 type bridge")
    server.ip("link add name v0 type veth peer name v1")
    server.ip("link set v0 master br0")
    watcher = watching(server, "--interval", 60)
    server.ip("link set v0 up")
    assert watcher.quiet(0.1) == []
    server.ip("link set v0 nomaster")
    assert what(watcher.next())[:3] == ("interface-unprotected", VIP, "v0")


def test_another_namespace_is_watched_by_its_name(link, program, watching):
    neighbour, server = link
    prepared(server, program)
    watcher = watching(neighbour, "--netns", server.name, "--interval", 0.05)
    assert watcher.begin["vips"] == [VIP]
    server.set_conf("all", "arp_ignore", 0)
    assert what(watcher.next())[2:] == ("all", "arp_ignore", "1", "0")
    server.ip("link add name v0 type veth peer name v1")
    server.ip("link set v0 up")
    assert what(watcher.next())[0] == "interface-unprotected"
    server.set_conf("v0", "arp_announce", 1)
    assert what(watcher.next())[2:] == ("v0", "arp_announce", "0", "1")


def test_the_exit_status_is_the_verdict_when_the_time_is_over(server, program, watching):
    prepared(server, program)
    assert watching(server, "--for", 0.1).end() == 0
    server.set_conf("all", "arp_ignore", 0)
    assert watching(server, "--for", 0.1).end() == 1
    watcher = watching(server, "--for", 0.5, "--interval", 0.02)
    server.set_conf("all", "arp_ignore", 1)
    assert watcher.end() == 0


def test_lines_for_people_say_what_by_whom_and_the_verdict(server, program, route):
    prepared(server, program)
    with server.entered():
        process = server.popen(program, "watch", "--interval", "0.02", stdout=-1, text=True)
    try:
        assert process.stdout.readline().split(" ", 1)[1] == f"watching: silent: {VIP} on eth0\n"
        server.set_conf("all", "arp_ignore", 0)
        line = process.stdout.readline().split(" ", 1)[1]
        assert line.startswith(f"level-changed all/arp_ignore 1 -> 0; {VIP} is answered on eth0: ")
        route.do(unbind(route.index("lo"), VIP, 32))
        line = process.stdout.readline().split(" ", 1)[1]
        assert line.startswith(f"vip-removed {VIP} on lo by ") and f"({os.getpid()}); {VIP} is not bound anywhere" in line
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_it_can_be_killed_at_any_time_and_leaves_nothing(server, program, watching):
    server.ip(f"addr add {VIP}/32 dev lo")
    before = server.run("sh", "-c", "ip -4 addr; ip link; find /run/lvsarp 2>/dev/null; grep -r . /proc/sys/net/ipv4/conf").stdout
    for wait in (0, 0.003, 0.01, 0.03):
        watcher = watching(server, "--interval", 0.01)
        time.sleep(wait)
        watcher.signal(signal.SIGKILL)
        watcher.process.wait(20)
    after = server.run("sh", "-c", "ip -4 addr; ip link; find /run/lvsarp 2>/dev/null; grep -r . /proc/sys/net/ipv4/conf").stdout
    assert before == after


def test_bad_arguments_are_refused_before_anything_is_watched(server, program):
    for words in (["--interval", "0.001"], ["--interval", "nan"], ["--per-minute", "5"], ["--per-minute", "0", "--repair"],
                  ["--vip", "300.0.0.1"], ["--scope", "interface"], ["--for", "-1"], ["--vip", "0.0.0.0"], ["--repair", "--dev", "nope"]):
        refused = server.run(program, "watch", "--vip", VIP, *words, check=False, timeout=10)
        assert refused.returncode == 2 and refused.stdout == "", (words, refused.stdout)


def test_a_veth_that_moves_here_is_seen(link, program, watching):
    neighbour, server = link
    server.run(program, "apply", "--vip", VIP, "--address-scope", "host", "--scope", "interface")
    watcher = watching(server, "--interval", 60)
    veth(neighbour, server, names=("m0", "m0"))
    assert what(watcher.next())[:3] == ("interface-unprotected", VIP, "m0")
