"""What a watch costs while nothing happens, and where it cannot write."""
import statistics
import time

from lab.rtnetlink import bind, unbind
from watcher import what

VIPS, PAIRS = 1000, 50


def test_it_costs_less_than_a_thousandth_of_a_core_with_1000_vips_and_100_interfaces(server, program, watching, route, say):
    lo = route.index("lo")
    vips = [f"10.9.{number // 250}.{number % 250 + 1}" for number in range(VIPS)]
    for begin in range(0, VIPS, 100):
        route.do(*(bind(lo, vip, 32, label="lo") for vip in vips[begin:begin + 100]))
    server.set_conf("all", "arp_ignore", 1)
    server.set_conf("all", "arp_announce", 2)
    for number in range(PAIRS):
        server.ip(f"link add name a{number} up type veth peer name b{number}")
        server.ip(f"link set b{number} up")
    costs = {}
    for interval, seconds in ((1, 2.0), (0.1, 1.0)):
        watcher = watching(server, "--interval", interval)
        assert len(watcher.begin["vips"]) == VIPS
        watcher.quiet(0.3)
        windows = []
        for _ in range(3):
            before, begin = watcher.running(), time.monotonic()
            assert watcher.quiet(seconds) == []
            windows.append((watcher.running() - before) / (time.monotonic() - begin))
        costs[interval] = statistics.median(windows)
        watcher.close()
    say(f"idle with {VIPS} VIPs and {2 * PAIRS + 2} interfaces: {costs[1] * 100:.4f}% of a core at 1 s, {costs[0.1] * 100:.4f}% at 0.1 s")
    # A tenth of the interval is ten times the work.
    assert costs[0.1] < 0.01 and costs[1] < 0.001
    watcher = watching(server, "--interval", 0.05)
    begin = time.time()
    server.set_conf("b7", "arp_ignore", 3)
    event = watcher.next()
    assert what(event)[2:] == ("b7", "arp_ignore", "0", "3")
    say(f"one event there, with its check of {VIPS} VIPs on every interface: told after {time.time() - begin:.2f} s")


def test_it_watches_without_any_privilege(server, program, watching, route):
    server.run(program, "apply", "--vip", "192.0.2.10")
    nobody = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    watcher = watching(server, "--interval", 0.02, command=nobody)
    assert watcher.status("CapEff") == 0
    server.set_conf("all", "arp_ignore", 0)
    assert what(watcher.next())[2:] == ("all", "arp_ignore", "1", "0")
    route.do(unbind(route.index("lo"), "192.0.2.10", 32))
    assert what(watcher.next())[0] == "vip-removed"


def test_it_watches_where_proc_sys_is_read_only(server, program, watching):
    server.run(program, "apply", "--vip", "192.0.2.10")
    script = 'mount -o bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"'
    watcher = watching(server, "--interval", 0.02, command=["unshare", "--mount", "sh", "-c", script, "sh"])
    server.set_conf("all", "arp_ignore", 0)
    assert what(watcher.next())[2:] == ("all", "arp_ignore", "1", "0")


def test_it_watches_more_interfaces_than_files_may_be_open(server, program, watching):
    server.run(program, "apply", "--vip", "192.0.2.10", "--address-scope", "host")
    for number in range(10):
        server.ip(f"link add name a{number} type veth peer name b{number}")
    few = ["prlimit", "--nofile=24", "--"]
    watcher = watching(server, "--interval", 0.02, command=few)
    server.set_conf("b7", "arp_ignore", 3)
    assert what(watcher.next())[2:] == ("b7", "arp_ignore", "0", "3")
    server.set_conf("all", "arp_announce", 1)
    assert what(watcher.next())[2:] == ("all", "arp_announce", "2", "1")
    assert watcher.quiet(0.2) == []
