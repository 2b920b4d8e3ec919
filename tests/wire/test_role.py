"""Promote and demote on a live host: what moves, what it keeps, what is refused, and what undo gives back."""
import json
import re
import subprocess

import pytest
from lab.arp import Wire
from lab.sandbox import knows_everybody

VIP, RIP, VIP6 = "192.0.2.10", "192.0.2.11", "2001:db8::10"
LEVELS = ("arp_ignore", "arp_announce")


@pytest.fixture
def server(lan):
    """A host that nothing was done to yet: eth0 with 192.0.2.11/24. It has no link-local address, which would appear later."""
    server = lan.host(11)
    server.ip("-6 addr flush dev eth0")
    return server


@pytest.fixture
def lvsarp(server, program):
    """Runs the program on the host, its answer as JSON; and says whether it ended as it should."""
    def run(*words, status=0, **options):
        done = server.run(program, "--json", *words, check=False, **options)
        assert done.returncode == status, f"{' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}"
        return json.loads(done.stdout)

    run.program = program
    return run


def places(server, vip=VIP):
    """{device: the address there as `ip` shows it}, without what counts down."""
    family = "-6" if ":" in vip else "-4"
    return {row["ifname"]: {key: value for key, value in info.items() if not key.endswith("_life_time")}
            for row in server.ip_json(f"{family} addr show") for info in row["addr_info"] if info["local"] == vip}


def state(server):
    """Levels and addresses, without what counts down."""
    levels = {(name, key): server.conf(name, key) for name in server.interfaces() for key in LEVELS}
    return levels, re.sub(r"valid_lft \S+ preferred_lft \S+", "", server.ip("addr show"))


def lifetimes(server, device, vip=VIP):
    for row in server.ip_json(f"addr show dev {device}"):
        for info in row["addr_info"]:
            if info["local"] == vip:
                return info["valid_life_time"], info["preferred_life_time"]
    raise AssertionError(f"{vip} is not on {device}")


def codes(answer):
    return {finding["code"] for finding in answer["findings"]}


def acts(answer):
    return [f"{step['act']} {step['thing']}" for step in answer["steps"]]


def test_promote_moves_the_vip_from_lo_to_the_interface_and_demote_moves_it_back(server, lvsarp):
    lvsarp("apply", "--vip", f"{VIP},{VIP6}")
    answer = lvsarp("promote", f"{VIP},{VIP6}", "--on", "eth0", "--no-announce")
    assert acts(answer) == [f"bind {VIP}/32 dev eth0", f"bind {VIP6}/128 dev eth0", f"unbind {VIP}/32 dev lo", f"unbind {VIP6}/128 dev lo"]
    assert answer["changed"] and places(server).keys() == places(server, VIP6).keys() == {"eth0"}
    answer = lvsarp("demote", VIP, VIP6, "--on", "eth0")
    assert acts(answer) == [f"bind {VIP}/32 dev lo", f"bind {VIP6}/128 dev lo", f"unbind {VIP}/32 dev eth0", f"unbind {VIP6}/128 dev eth0"]
    assert places(server).keys() == places(server, VIP6).keys() == {"lo"}
    lvsarp("check")


def test_a_second_call_changes_nothing(server, lvsarp):
    for command in (["promote", VIP, "--on", "eth0", "--no-announce"], ["demote", VIP, "--on", "eth0"]):
        assert lvsarp(*command)["changed"]
        sent = {"sent": None} if command[0] == "promote" else {}
        assert lvsarp(*command) | {"findings": []} == {"changed": False, "steps": [], "findings": [], **sent}


def test_demote_sets_the_levels_before_it_binds_and_removes_the_owners_address_last(server, lvsarp):
    server.ip(f"addr add {VIP}/32 dev eth0")
    done = acts(lvsarp("demote", VIP, "--on", "eth0"))
    assert [act.split()[0] for act in done] == ["set"] * 4 + ["bind", "unbind"]
    assert server.conf("all", "arp_ignore") == 1 and server.conf("all", "arp_announce") == 2


def test_demote_on_single_interfaces_leaves_all_alone(server, lvsarp):
    server.ip(f"addr add {VIP}/32 dev eth0")
    lvsarp("demote", VIP, "--on", "eth0", "--scope", "interface")
    assert [server.conf("all", key) for key in LEVELS] == [0, 0]
    assert [server.conf("eth0", key) for key in LEVELS] == [1, 2]


def test_a_dry_run_says_the_same_steps_and_changes_nothing(server, lvsarp):
    for device, command in ("lo", "promote"), ("eth0", "demote"):
        server.ip(f"addr add {VIP}/32 dev {device}")
        before, told = state(server), lvsarp(command, VIP, "--on", "eth0", "--dry-run")
        assert not told["changed"] and told["steps"] and state(server) == before
        assert lvsarp(command, VIP, "--on", "eth0", *(["--no-announce"] if command == "promote" else []))["steps"] == told["steps"]
        lvsarp("undo")
        server.ip(f"addr del {VIP}/32 dev {device}")


@pytest.mark.parametrize("attributes", ["", "label lo:web", "scope link", "scope host label lo:x", "preferred_lft 0", "metric 77",
                                        "noprefixroute", "valid_lft 1000 preferred_lft 500"])
def test_label_scope_and_lifetimes_go_there_and_come_back(server, lvsarp, attributes):
    server.ip(f"addr add {VIP}/32 dev lo {attributes}")
    before, there = state(server), places(server)["lo"]
    lvsarp("promote", VIP, "--on", "eth0", "--no-announce")
    owned = places(server)["eth0"]
    assert owned == there | {"label": there["label"].replace("lo", "eth0", 1)}
    if "valid_lft" in attributes:
        assert all(wanted - 60 < left <= wanted for left, wanted in zip(lifetimes(server, "eth0"), (1000, 500)))
    lvsarp("demote", VIP, "--on", "eth0")
    assert places(server) == {"lo": there}
    if "valid_lft" in attributes:
        assert all(wanted - 60 < left <= wanted for left, wanted in zip(lifetimes(server, "lo"), (1000, 500)))
    lvsarp("undo")
    assert state(server) == before


@pytest.mark.parametrize("attributes", ["", "nodad", "preferred_lft 0", "valid_lft 1000 preferred_lft 500"])
def test_an_ipv6_vip_goes_and_comes_back_and_is_never_tentative(server, lvsarp, attributes):
    server.ip(f"addr add {VIP6}/128 dev lo {attributes}")
    before, there = state(server), places(server, VIP6)["lo"]
    lvsarp("promote", VIP6, "--on", "eth0", "--no-announce")
    assert places(server, VIP6)["eth0"] == there | {"nodad": True}
    lvsarp("demote", VIP6, "--on", "eth0")
    assert places(server, VIP6) == {"lo": there}
    lvsarp("undo")
    assert state(server) == before


def test_a_vip_that_keepalived_bound_already_is_left_on_the_interface_and_only_leaves_lo(server, lvsarp):
    lvsarp("apply", "--vip", VIP)
    server.ip(f"addr add {VIP}/24 dev eth0")
    assert acts(lvsarp("promote", VIP, "--on", "eth0", "--no-announce")) == [f"unbind {VIP}/32 dev lo"]
    assert places(server)["eth0"]["prefixlen"] == 24 and "lo" not in places(server)


def test_a_vip_that_keepalived_removed_already_comes_back_to_lo_as_it_was(server, lvsarp):
    server.ip(f"addr add {VIP}/32 dev lo label lo:web")
    server.ip(f"addr add {VIP}/32 dev eth0")
    lvsarp("promote", VIP, "--on", "eth0", "--no-announce")
    server.ip(f"addr del {VIP}/32 dev eth0")
    lvsarp("demote", VIP, "--on", "eth0")
    assert places(server).keys() == {"lo"} and places(server)["lo"]["label"] == "lo:web"


def test_a_vip_that_is_nowhere_is_bound_by_either_and_promote_says_so(server, lvsarp):
    answer = lvsarp("promote", VIP, "--on", "eth0", "--no-announce")
    assert places(server).keys() == {"eth0"} and "vip-was-nowhere" in codes(answer)
    server.ip(f"addr del {VIP}/32 dev eth0")
    lvsarp("demote", VIP, "--on", "eth0")
    assert places(server).keys() == {"lo"}


def test_undo_gives_back_the_owner_that_was_made_by_hand(server, lvsarp):
    server.ip(f"addr add {VIP}/24 dev eth0 label eth0:v valid_lft 1000 preferred_lft 500")
    server.set_sysctl("net/ipv4/conf/all/promote_secondaries", 1)
    before = state(server)
    for after in ([], [["promote", VIP, "--on", "eth0", "--no-announce"]]):
        for command in [["demote", VIP, "--on", "eth0"], *after]:
            assert lvsarp(*command)["changed"]
        lvsarp("undo")
        assert state(server) == before
        assert all(wanted - 60 < left <= wanted for left, wanted in zip(lifetimes(server, "eth0"), (1000, 500)))


def test_undo_after_apply_and_switches_takes_all_of_it_back(server, lvsarp):
    before = state(server)
    lvsarp("apply", "--vip", f"{VIP},{VIP6}", "--label", "lo:v")
    for command in ("promote", "demote", "promote"):
        lvsarp(command, f"{VIP},{VIP6}", "--on", "eth0", *(["--no-announce"] if command == "promote" else []))
    told = lvsarp("undo", "--dry-run")["steps"]
    assert lvsarp("undo")["steps"] == told
    assert state(server) == before


@pytest.mark.parametrize("by_hand, commands", [("lo", ["promote"]), ("eth0", ["demote"]), ("lo", ["promote", "demote"])])
def test_undo_finds_an_interface_that_was_renamed_since(server, lvsarp, by_hand, commands):
    server.ip(f"addr add {VIP}/32 dev {by_hand} label {by_hand}:v")
    there, on = places(server)[by_hand], "eth0"
    for command in commands:
        lvsarp(command, VIP, "--on", on, *(["--no-announce"] if command == "promote" else []))
        server.ip(f"link set {on} down")
        server.ip(f"link set {on} name {on}x up")
        on += "x"
    told = lvsarp("undo", "--dry-run")["steps"]
    assert lvsarp("undo") == {"changed": True, "steps": told, "findings": []}
    expected = "lo" if by_hand == "lo" else on
    assert places(server) == {expected: there | {"label": f"{expected}:v"}}


def test_an_ipv6_vip_leaves_an_interface_that_is_down_without_waiting_for_its_route(server, lvsarp):
    server.set_sysctl("net/ipv6/conf/eth0/keep_addr_on_down", 1)
    lvsarp("promote", VIP6, "--on", "eth0", "--no-announce")
    server.ip("link set eth0 down")
    assert "eth0" in places(server, VIP6)
    trace = server.run("strace", "-f", "-c", lvsarp.program, "demote", VIP6, "--on", "eth0").stderr
    assert places(server, VIP6).keys() == {"lo"} and "nanosleep" not in trace, trace


def test_a_demote_that_would_take_other_addresses_along_is_refused(server, lvsarp):
    server.ip("addr del 192.0.2.11/24 dev eth0")
    server.ip(f"addr add {VIP}/24 dev eth0")
    server.ip(f"addr add {RIP}/24 dev eth0")  # a secondary, because the VIP came first
    server.set_sysctl("net/ipv4/conf/all/promote_secondaries", 0)
    server.set_sysctl("net/ipv4/conf/eth0/promote_secondaries", 0)
    before = state(server)
    told = lvsarp("demote", VIP, "--on", "eth0", status=1)
    assert told["error"]["kind"] == "refused" and RIP in told["error"]["message"] and "others-would-go" in codes(told)
    assert state(server) == before
    server.set_sysctl("net/ipv4/conf/all/promote_secondaries", 1)
    lvsarp("demote", VIP, "--on", "eth0")
    assert places(server).keys() == {"lo"} and places(server, RIP).keys() == {"eth0"}


def test_a_demote_of_the_last_address_warns_of_the_routes_and_keeps_the_vip_out_of_requests(server, lvsarp):
    server.ip("addr del 192.0.2.11/24 dev eth0")
    server.ip(f"addr add {VIP}/24 dev eth0")
    answer = lvsarp("demote", VIP, "--on", "eth0")
    assert "routes-would-go" in codes(answer)
    assert places(server)["lo"]["scope"] == "host"  # an interface without an address would announce a global one


def test_a_demote_that_would_not_be_silent_is_refused(server, lvsarp):
    server.ip(f"addr add {VIP}/32 dev eth0")
    server.ip("link add eth1 type bridge")
    server.ip("link set eth1 up")
    server.ip(f"addr add {VIP}/32 dev eth1")
    before = state(server)
    assert "vip-on-interface" in codes(lvsarp("demote", VIP, "--on", "eth0", status=1))
    assert state(server) == before


def test_promote_is_refused_where_nobody_can_be_answered(server, lvsarp):
    lvsarp("apply", "--vip", VIP)
    before = places(server)
    server.ip("link add br0 type bridge")
    for line in ("link set eth0 down", "link set eth0 up arp off", "link set eth0 arp on master br0"):
        server.ip(line)
        told = lvsarp("promote", VIP, "--on", "eth0", status=1)
        assert codes(told) == {"interface-cannot-answer"} and "nothing was changed" in told["error"]["message"]
        assert codes(lvsarp("promote", VIP, "--on", "eth0", "--dry-run", status=1)) == {"interface-cannot-answer"}
    assert places(server) == before


def test_promote_warns_where_the_levels_hide_the_owner_and_where_another_interface_answers_too(server, lvsarp):
    server.set_conf("eth0", "arp_ignore", 8)
    assert codes(lvsarp("promote", VIP, "--on", "eth0", "--no-announce")) == {"owner-is-silent", "vip-was-nowhere"}
    server.set_conf("eth0", "arp_ignore", 0)
    server.ip("link add eth1 type bridge")
    server.ip("link set eth1 up")
    assert "answered-elsewhere" in codes(lvsarp("promote", VIP, "--on", "eth0", "--no-announce"))


def test_a_label_that_would_be_too_long_is_refused_before_anything_is_done(server, lvsarp):
    server.ip("link set eth0 name longname0")
    server.ip(f"addr add {VIP}/32 dev lo label lo:abcdefgh")
    server.ip("addr add 192.0.2.20/32 dev lo")
    before = state(server)
    told = lvsarp("promote", f"192.0.2.20,{VIP}", "--on", "longname0", status=1)
    assert codes(told) == {"label-too-long"} and "longname0:abcdefgh" in told["error"]["message"]
    assert state(server) == before


@pytest.mark.parametrize("words, cause", [
    (["192.0.2.10", "--on", "eth9"], "find interface eth9: No such device"),
    (["192.0.2.10", "--on", "eth0", "--dev", "eth9"], "find interface eth9: No such device"),
    (["192.0.2.10", "--on", "eth0", "--dev", "eth0"], "eth0 for both roles"),
    (["192.0.2.10/24", "--on", "eth0"], "name it without a prefix length"),
    (["192.0.2.10", "192.0.2.10", "--on", "eth0"], "named twice"),
    (["127.0.0.1", "--on", "eth0"], "loopback"),
    (["192.0.2.255", "--on", "eth0"], "broadcast address of 192.0.2.0/24"),
    (["--on", "eth0"], "<VIP>"),
    (["192.0.2.10"], "--on"),
    (["192.0.2.10", "--on", "eth0", "--lock-timeout", "x"], "--lock-timeout"),
])
@pytest.mark.parametrize("command", ["promote", "demote"])
def test_bad_input_is_refused_before_anything_is_done(server, lvsarp, command, words, cause):
    before = state(server)
    assert cause in lvsarp(command, *words, status=2)["error"]["message"]
    assert state(server) == before


def test_without_privilege_a_dry_run_works_and_nothing_else(server, lvsarp, program):
    if not knows_everybody():
        pytest.fail("this test needs root, to be somebody else in the sandbox")
    server.ip(f"addr add {VIP}/32 dev lo")
    before = state(server)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    dry = server.run(*nobody, program, "promote", VIP, "--on", "eth0", "--dry-run")
    assert f"bind {VIP}/32 dev eth0" in dry.stdout
    for command in "promote", "demote":
        refused = server.run(*nobody, program, command, VIP, "--on", "eth0", check=False)
        assert refused.returncode == 2 and "nothing was changed" in refused.stderr, refused
    assert state(server) == before


def test_two_calls_at_once_take_turns(server, program):
    server.ip(f"addr add {VIP}/32 dev lo")
    words = {"promote": ["--no-announce"], "demote": []}
    running = [server.popen(program, command, VIP, "--on", "eth0", *words[command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for command in ["promote", "demote"] * 8]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
    assert len(places(server)) == 1
    server.run(program, "undo")
    assert places(server).keys() == {"lo"}


def test_promote_tells_the_neighbours_also_where_nothing_is_to_do(lan, program):
    neighbour, server = lan.asker, lan.host(11)
    server.ip(f"addr add {VIP}/32 dev eth0")
    neighbour.ip(f"neigh replace {VIP} lladdr 02:00:00:00:00:99 dev eth0 nud stale")
    done = server.run(program, "promote", VIP, "--on", "eth0")
    assert done.stdout == "nothing to do\nsent 6 frames on eth0\n"
    assert neighbour.ip_json(f"neigh show {VIP}")[0]["lladdr"] == server.mac()
    told = json.loads(server.run(program, "--json", "promote", VIP, "--on", "eth0").stdout)
    assert (told["changed"], told["sent"]) == (False, 6)
    told = json.loads(server.run(program, "--json", "promote", VIP, "--on", "eth0", "--dry-run").stdout)
    assert told["sent"] is None


def test_a_demote_ends_the_announcements_of_a_promote(lan, program):
    neighbour, server = lan.asker, lan.host(11)
    with Wire(neighbour) as wire:
        promoting = server.popen(program, "promote", VIP, "--on", "eth0", stdout=subprocess.PIPE, text=True)
        assert next(frame for frame in wire.hear(30) if frame.sender_ip == VIP).sender_mac == server.mac()
        server.run(program, "demote", VIP, "--on", "eth0")
        wire.forget()
        out, _ = promoting.communicate(timeout=30)
        assert promoting.returncode == 0 and "sent 2 frames" in out
        assert not [frame for frame in wire.hear(0.1) if frame.sender_ip == VIP]
