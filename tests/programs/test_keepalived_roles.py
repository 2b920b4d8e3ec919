"""Two nodes of a cluster change their roles as the example for keepalived has it: one answers for the VIP, the other accepts it silently."""
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from lab.namespaces import Namespace, run, veth
from lab.program import lvsarp

VIP = "192.0.2.10"
NODES = {"one": "192.0.2.11", "two": "192.0.2.12"}
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "keepalived"


class Node:
    """A real server that may become the director, with a keepalived of its own."""

    def __init__(self, name, switch):
        self.name, self._switch = name, switch
        self.host = host_on(switch, name, NODES[name])
        self.mac = self.host.mac()
        # Both nodes see one file system, which two machines do not.
        configuration = (EXAMPLE / "keepalived.conf").read_text()
        file, self.log = Path(f"/run/{name}.conf"), Path(f"/run/{name}.log")
        file.write_text(configuration.replace("/run/lvsarp-role", f"/run/lvsarp-role-{name}"))
        with self.log.open("w") as log:
            self._keepalived = self.host.popen(
                "keepalived", "--dont-fork", "--log-console", "--vrrp", "-f", file, "-p", f"/run/{name}.pid",
                "-r", f"/run/{name}.vrrp", stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def unplug(self):
        self._switch.ip(f"link set {self.name} down")

    def plug(self):
        self._switch.ip(f"link set {self.name} up")

    def stop(self):
        self._keepalived.terminate()
        self._keepalived.wait(20)

    def places(self):
        """The devices that the VIP is bound on."""
        return {row["ifname"] for row in self.host.ip_json("addr show") for info in row["addr_info"] if info["local"] == VIP}

    def is_a_silent_real_server(self):
        return self.places() == {"lo"} and self.host.run(lvsarp(), "check", "--vip", VIP, check=False).returncode == 0


class Pair:
    """The nodes and a client, which asks who has the VIP whenever anything is waited for."""

    def __init__(self):
        switch = Namespace("switch")
        switch.ip("link add br0 type bridge")
        switch.ip("link set br0 up")
        self.client = host_on(switch, "client", "192.0.2.1")
        self.nodes = {name: Node(name, switch) for name in NODES}

    def owner(self):
        """The name of the node that answers for the VIP, or None. There is never more than one."""
        done = self.client.run(lvsarp(), "--json", "probe", VIP, "--on", "eth0", "--timeout", "0.2", check=False)
        found = {answer["mac"] for answer in json.loads(done.stdout)["responders"]}
        assert len(found) < 2, f"{found} answer for the VIP\n{self.logs()}"
        return next((name for name, node in self.nodes.items() if node.mac in found), None)

    def until(self, what, condition, within=30.0):
        deadline = time.monotonic() + within
        while not condition(self.owner()):
            assert time.monotonic() < deadline, f"{what}: not so after {within} s\n{self.logs()}"

    def logs(self):
        return "\n".join(f"{name}, the VIP on {node.places()}:\n{node.log.read_text()}" for name, node in self.nodes.items())


def host_on(switch, name, address):
    host = Namespace(name)
    veth(host, switch, names=("eth0", name))
    switch.ip(f"link set {name} master br0")
    host.ip(f"addr add {address}/24 dev eth0")
    return host


@pytest.fixture
def pair():
    Path("/etc/keepalived").mkdir(exist_ok=True)
    shutil.copy(EXAMPLE / "lvsarp-role", "/etc/keepalived/lvsarp-role")
    Path("/usr/local/sbin/lvsarp").unlink(missing_ok=True)
    Path("/usr/local/sbin/lvsarp").symlink_to(lvsarp())
    run("modprobe", "bridge", check=False)
    return Pair()


def test_one_node_answers_for_the_vip_and_the_other_accepts_it_silently(pair):
    nodes = pair.nodes

    def roles(owner):
        others = [node for name, node in nodes.items() if name != owner]
        return owner and nodes[owner].places() == {"eth0"} and all(node.is_a_silent_real_server() for node in others)

    pair.until("one is the master, the other a silent real server", roles)
    first = pair.owner()
    second = next(name for name in nodes if name != first)

    nodes[first].unplug()
    pair.until("the backup takes over", lambda owner: owner == second)
    pair.until("the old master is a silent real server", lambda _: nodes[first].places() == {"lo"})

    nodes[first].plug()
    pair.until("the old master comes back as a backup", roles)
    assert pair.owner() == second

    nodes[second].stop()
    pair.until("the other takes over from one that was stopped", roles)
    assert pair.owner() == first
