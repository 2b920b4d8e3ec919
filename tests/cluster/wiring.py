"""Chapter 3: every way a real server is plugged in: VLAN, bond, bridge, VRF, a tunnel, and IPv6."""
from lab.cluster import VIP, VIP6

from .counted import told
from .questions import agree, even, leaking
from .traffic import Traffic

TITLE = "3. Every way to be plugged in"
SHOWS = ("The same where the real servers are plugged in otherwise, and with IPv6. Each time lvsarp check is asked "
         "first and the cable afterwards: they must name the same real servers, before lvsarp apply and after it.")
FEW = 30  # connections show a leak; those that two servers answer wait until they are given up
# kind: what the table calls it, and the kernel's module for it
KINDS = {
    "plain": ("a plain eth0", "veth"),
    "vlan": ("VLAN 5 on eth0, of all hosts", "8021q"),
    "bond": ("a bond over eth0", "bonding"),
    "bridge": ("a bridge over eth0", "bridge"),
    "vrf": ("eth0 in a VRF, VIP on the VRF's device", "vrf"),
    "tunnel": ("LVS-TUN: packets come by ipip, VIP on tunl0", "ipip"),
}


def chapter(table, cluster, size):
    for kind in size.kinds:
        name, module = KINDS[kind]
        if module in size.missing:
            # That the module cannot be loaded is an error where its file is there.
            table.line(name, f"this kernel has no {module}", f"{module}, or no file of it", not size.missing[module])
            continue
        with table.step(name, 60):
            cluster.renew(kind)
            plugged(table, cluster, size, name)


def plugged(table, cluster, size, name):
    cluster.balance()
    with Traffic(cluster, seed=size.seed) as traffic:
        for server in cluster.servers:
            cluster.hold(server)
        before_and_after(table, cluster, traffic, size, f"{name}, IPv4", VIP)
        if cluster.kind == "tunnel":
            reverse_path(table, cluster, traffic, size)
    if cluster.kind != "tunnel":  # ipip carries IPv4 only
        cluster.balance(VIP6)
        with Traffic(cluster, VIP6, seed=size.seed) as traffic:
            ipv6(table, cluster, traffic, size, name)


def ipv6(table, cluster, traffic, size, name):
    """Neighbour discovery never tells a VIP that is on lo. On the interface that is asked it does."""
    wrong = [(server, VIP6, cluster.interface(server)) for server in cluster.servers]
    for place in wrong:
        cluster.hold(*place)
    before_and_after(table, cluster, traffic, size, f"{name}, IPv6, VIP on {wrong[0][2]}", VIP6, wrong)


def before_and_after(table, cluster, traffic, size, name, vip, wrong=()):
    leaks = leaking(cluster, vip)
    count = traffic.of(FEW)
    table.line(f"{name}: without lvsarp", str(count), "connections go astray", count.astray > 0)
    agree(table, leaks, count)
    for place in wrong:
        cluster.remove_vip(*place)
    for server in cluster.servers:
        cluster.prepare(server, vip=vip)
    traffic.forget()
    leaks = leaking(cluster, vip)
    count = traffic.of(size.some)
    table.line(f"  with lvsarp apply, VIP on {cluster.vip_device}", f"{count}{told(count.spread)}",
               "0 astray, 0 lost, spread evenly", count.straight and even(count, cluster))
    agree(table, leaks, count)


def reverse_path(table, cluster, traffic, size):
    """fib_validate_source() asks where the client is: behind eth0, and not behind tunl0, where the packet came from."""
    for server in cluster.servers.values():
        server.set_conf("tunl0", "rp_filter", 1)
    count = traffic.of(6)
    table.line("  tunl0/rp_filter=1, as some distributions have it: the servers drop what comes out of the tunnel",
               str(count), "all lost, 0 astray", count.lost == len(count) and not count.astray)
    for server in cluster.servers.values():
        server.set_conf("tunl0", "rp_filter", 0)
    count = traffic.of(size.few)
    table.line("  tunl0/rp_filter=0", str(count), "0 astray, 0 lost", count.straight)
