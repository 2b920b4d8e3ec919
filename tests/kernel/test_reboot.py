"""A reboot rehearsed: with nothing but the persisted files, no order of loader, restore and interfaces lets the VIP be seen, and the end is as it was."""
import contextlib
import itertools
import json
from pathlib import Path

import pytest
from lab.arp import REPLY, REQUEST
from lab.machine import LOADER, PROCPS, Machine, loaders
from lab.namespaces import Namespace, veth
from lab.reboot import LOAD, RESTORE, SUBNETS, VIP, Server, boot

APPLY = ("apply", "--persist", "--vip", VIP, "--label", "lo:vip")
SINGLE = ("--scope", "interface")
ONE, TWO = ("eth0",), ("eth0", "eth1.100")


@pytest.fixture(scope="module", autouse=True)
def both_loaders():
    loaders()


@pytest.fixture(scope="module")
def applied(in_a_sandbox, program):
    """What apply --persist leaves on a host with these interfaces: (its files, its state)."""
    known = {}

    def of(interfaces, options=()):
        if (interfaces, options) not in known:
            with Machine("before") as machine, Namespace("peer") as peer:
                for name, (_, address, _) in zip(interfaces, SUBNETS.values()):
                    veth(peer, machine, names=(name, name))
                    machine.ip(f"addr add {address}/24 dev {name}")
                machine.run(program, *APPLY, *options)
                known[interfaces, options] = machine.files(), machine.state()
        return known[interfaces, options]

    return of


@pytest.fixture
def booting(in_a_sandbox):
    """A function that switches a machine on which has these files and is to get these interfaces."""
    with Namespace("neighbour") as neighbour, contextlib.ExitStack() as running:

        def switch_on(files, interfaces=ONE, loader=LOADER):
            machine = running.enter_context(Machine("rs1", files))
            return running.enter_context(Server(machine, neighbour, interfaces, loader))

        yield switch_on


def orders(interfaces):
    """Every order of the loader, restore and the interfaces in which restore comes after the loader, as in the unit."""
    return [order for order in itertools.permutations((LOAD, RESTORE, *interfaces)) if order.index(LOAD) < order.index(RESTORE)]


def silent(server, order, program):
    boot(server, order, program)
    server.asks_in_its_own_name()
    assert not server.leaked(), {name: str(count) for name, count in server.leaked().items()}


@pytest.mark.parametrize("options", [(), SINGLE], ids=["all", "interface"])
@pytest.mark.parametrize("order", orders(TWO), ids=" ".join)
def test_two_interfaces_come_in_any_order(booting, applied, program, order, options):
    files, state = applied(TWO, options)
    server = booting(files, TWO)
    silent(server, order, program)
    assert server.machine.state() == state


@pytest.mark.parametrize("order", orders(ONE), ids=" ".join)
def test_procps_is_the_loader(booting, applied, program, order):
    files, state = applied(ONE)
    server = booting(files, loader=PROCPS)
    silent(server, order, program)
    assert server.machine.state() == state


@pytest.mark.parametrize("order", [(LOAD, *ONE, RESTORE), (*ONE, LOAD, RESTORE)], ids=" ".join)
def test_procps_sets_single_interfaces_that_are_there(booting, applied, program, order):
    files, state = applied(ONE, SINGLE)
    server = booting(files, loader=PROCPS)
    silent(server, order, program)
    assert server.machine.state() == state


def test_the_storm_hears_a_single_interface_that_no_loader_covers(booting, applied, program):
    """The control of a late arrival: procps is not run again for an interface that is added, as udev runs systemd-sysctl."""
    files, _ = applied(ONE, SINGLE)
    server = booting(files, loader=PROCPS)
    boot(server, (LOAD, RESTORE, *ONE), program)
    server.wait_for_leaks()
    assert server.leaked()["eth0"].operations[REPLY] > 0


def test_the_storm_hears_a_script_that_binds_first(booting, applied):
    """The control: the usual start script, the VIP before the levels."""
    files, _ = applied(ONE)
    server = booting(files)
    server.arrive("eth0")
    server.machine.ip(f"addr add {VIP}/32 dev lo")
    server.wait_for_leaks()
    server.load()
    assert server.leaked()["eth0"].operations[REPLY] > 0


def test_the_storm_hears_announcements_without_arp_announce(booting, program):
    """The control of the packets from the VIP."""
    server = booting({"/etc/sysctl.d/10-half.conf": "net.ipv4.conf.all.arp_ignore = 1\n"})
    boot(server, (LOAD, "eth0"), program)
    server.machine.ip(f"addr add {VIP}/32 dev lo")
    server.wait_for_leaks()
    assert server.leaked()["eth0"].operations[REQUEST] > 0
    assert server.leaked()["eth0"].operations[REPLY] == 0


@pytest.mark.parametrize("order", [(*ONE, RESTORE), (RESTORE, *ONE)], ids=" ".join)
def test_without_any_loader_restore_sets_the_levels_itself(booting, applied, program, order):
    files, state = applied(ONE)
    server = booting(files)
    silent(server, order, program)
    assert server.machine.state() == state


def test_a_later_file_that_undoes_the_levels_is_undone_before_the_vip_is_bound(booting, applied, program):
    files, state = applied(ONE)
    server = booting({**files, "/etc/sysctl.d/99-z.conf": "net.ipv4.conf.all.arp_ignore = 0\nnet.ipv4.conf.all.arp_announce = 0\n"})
    silent(server, (LOAD, *ONE, RESTORE), program)
    assert server.machine.state() == state


def test_a_second_restore_changes_nothing(booting, applied, program):
    files, state = applied(ONE)
    server = booting(files)
    silent(server, (*ONE, LOAD, RESTORE, RESTORE), program)
    assert json.loads(server.machine.run(program, "restore", "--json").stdout)["changed"] is False
    assert server.machine.state() == state


@pytest.mark.parametrize("loader", [LOADER, PROCPS], ids=["systemd", "procps"])
def test_levels_in_sysctl_conf_hold_after_a_reboot(booting, program, loader):
    """The classic place, and the link through which systemd-sysctl reads it."""
    classic = {"/etc/sysctl.conf": "# the administrator's own\nnet.ipv4.conf.all.arp_ignore = 0\n",
               "/etc/sysctl.d/99-sysctl.conf": Path("../sysctl.conf")}
    with Machine("before", classic) as machine:
        machine.run(program, *APPLY, "--sysctl-conf", "/etc/sysctl.conf", "--comment-out")
        files, state = machine.files(), machine.state()
    assert "/etc/sysctl.d/90-lvsarp.conf" not in files
    server = booting(files, loader=loader)
    boot(server, (LOAD,), program)
    assert {**server.machine.state(), "addresses of lo": None} == {**state, "addresses of lo": None}
    silent(server, (*ONE, RESTORE), program)


def read_only_proc_sys(machine):
    machine.run("mount", "--bind", "/proc/sys", "/proc/sys")
    machine.run("mount", "-o", "remount,bind,ro", "/proc/sys")


def nothing_to_lower_all_with(machine):
    machine.set_conf("all", "arp_ignore", 3)  # no interface can go below it
    read_only_proc_sys(machine)


def bound_elsewhere(machine):
    machine.ip(f"addr add {VIP}/32 dev eth0")


def others_may_write_the_wish(machine):
    machine.path("/etc/lvsarp/real-server.json").chmod(0o666)


def a_wish_that_cannot_be_read(machine):
    machine.path("/etc/lvsarp/real-server.json").write_text("{\n")


def a_wish_that_is_a_link(machine):
    machine.path("/etc/lvsarp/real-server.json").rename(machine.path("/etc/lvsarp/elsewhere.json"))
    machine.path("/etc/lvsarp/real-server.json").symlink_to("elsewhere.json")


@pytest.mark.parametrize("obstacle, said", [
    (nothing_to_lower_all_with, "all=3"),
    (bound_elsewhere, "it is bound there"),
    (others_may_write_the_wish, "others than root may write it"),
    (a_wish_that_cannot_be_read, "cannot use /etc/lvsarp/real-server.json"),
    (a_wish_that_is_a_link, "it is a link"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_restore_binds_nothing_where_it_cannot_be_silent(booting, applied, program, obstacle, said):
    server = booting(applied(ONE)[0])
    server.arrive("eth0")
    obstacle(server.machine)
    before = server.machine.state()
    done = server.restore(program)
    assert done.returncode == 1, done
    assert said in done.stdout + done.stderr
    assert server.machine.state() == before


@pytest.mark.parametrize("options", [(), SINGLE], ids=["all", "interface"])
def test_restore_without_the_right_binds_nothing(booting, applied, program, options):
    server = booting(applied(ONE, options)[0])
    server.arrive("eth0")
    before = server.machine.state()
    done = server.machine.run("setpriv", "--bounding-set=-net_admin", program, "restore", check=False)
    assert (done.returncode, "CAP_NET_ADMIN" in done.stderr) == (2, True), done
    assert server.machine.state() == before
    assert not server.leaked()


@pytest.mark.parametrize("options", [(), SINGLE], ids=["all", "interface"])
def test_with_a_read_only_proc_sys_restore_makes_each_interface_silent_first(booting, applied, program, options):
    server = booting(applied(ONE, options)[0])
    read_only_proc_sys(server.machine)
    silent(server, (LOAD, *ONE, RESTORE), program)
    state = server.machine.state()
    assert (state["all/arp_ignore"], state["eth0/arp_ignore"], state["eth0/arp_announce"]) == (0, 1, 2)


def test_nothing_persisted_is_nothing_restored(booting, program):
    server = booting({})
    before = server.machine.state()
    assert server.restore(program).returncode == 0
    assert server.machine.state() == before


def test_unpersisted_is_as_if_never_persisted(booting, applied, program):
    files, _ = applied(ONE)
    with Machine("before", files) as machine:
        machine.run(program, "unpersist")
        assert machine.files() == {}
    server = booting({})
    boot(server, (LOAD, *ONE, RESTORE), program)
    state = server.machine.state()
    assert {value for name, value in state.items() if "/" in name} == {0} and VIP not in str(state)
