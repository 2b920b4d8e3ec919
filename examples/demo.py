#!/usr/bin/env python3
"""lvsarp on a real kernel, in throw-away namespaces: who answers for a virtual IP before, during and after `lvsarp apply`.

Run it with `make demo`, or `LVSARP_BIN=path/to/lvsarp python3 examples/demo.py`. It needs no privilege where user
namespaces are allowed, and changes nothing on the machine. It exits with 1 if the network does not do what it tells.
"""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from lab import sandbox  # noqa: E402
from lab.arp import Wire, provoke, request, send_from  # noqa: E402
from lab.namespaces import Namespace, veth  # noqa: E402
from lab.program import lvsarp  # noqa: E402

VIP = "192.0.2.10"
HOSTS = {  # name: (MAC, own address, where the VIP is)
    "client": ("02:00:00:00:00:01", "192.0.2.1", None),
    "director": ("02:00:00:00:00:02", "192.0.2.2", "eth0"),
    "rs1": ("02:00:00:00:00:11", "192.0.2.11", "lo"),
    "rs2": ("02:00:00:00:00:12", "192.0.2.12", "lo"),
}
REAL_SERVERS = ("rs1", "rs2")
OWNER = {mac: name for name, (mac, _, _) in HOSTS.items()}
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


class Story:
    """Prints what happens, and remembers whether it was what the story says."""

    def __init__(self):
        self.true = True

    def heading(self, text):
        print("\n" + _paint("1", text))

    def line(self, text):
        print(f"    {text}".rstrip())

    def frame(self, frame):
        who = OWNER.get(frame.source, "?")
        self.line(f"{who:>8}  {frame}")

    def expect(self, true, text):
        self.true = self.true and true
        print(f"    {_paint('32', 'ok') if true else _paint('31', 'NOT SO')}: {text}")


class Network:
    """Client, director and real servers on one bridge; the VIP where direct routing wants it."""

    def __init__(self):
        lan = Namespace("lan")
        lan.ip("link add br0 type bridge")
        lan.ip("link set br0 up")
        self.hosts = {}
        for name, (mac, address, device) in HOSTS.items():
            host = self.hosts[name] = Namespace(name)
            veth(host, lan, names=("eth0", name), macs=(mac, None))
            lan.ip(f"link set {name} master br0")
            host.ip(f"addr add {address}/24 dev eth0")
            if device:
                host.ip(f"addr add {VIP}/32 dev {device}")
        self.client, self.director = self.hosts["client"], self.hosts["director"]
        self.real_servers = [self.hosts[name] for name in REAL_SERVERS]
        self.wire = Wire(self.client)

    def who_answers(self, story):
        """The client asks for the VIP; the names of all who answer."""
        asked = request(self.wire.mac, VIP, HOSTS["client"][1])
        replies = self.wire.who_has(VIP, asked.sender_ip)
        for frame in [asked, *replies]:
            story.frame(frame)
        return sorted(OWNER.get(frame.source, "?") for frame in replies)

    def where_the_client_sends(self, story):
        """The client knows the director; then rs1 sends it a packet from the VIP. Where the client sends next."""
        rs1, own = self.hosts["rs1"], HOSTS["client"][1]
        for host in self.hosts.values():
            host.ip("neigh flush dev eth0")
        send_from(self.director, VIP, own)
        before = self.neighbour()
        story.line(f"the client's neighbour entry: {VIP} is {before}")
        frame = provoke(rs1, VIP, own, self.wire)
        if frame is None:
            return before, None, None
        story.line(f"rs1 answers a connection: a packet from {VIP}, for which it must find the client")
        story.frame(frame)
        story.line(f"the client's neighbour entry: {VIP} is {self.neighbour()}")
        return before, frame.sender_ip, self.neighbour()

    def neighbour(self):
        """Who the client takes for the VIP's owner; None where it knows nobody for a second."""
        for _ in range(100):
            entries = self.client.ip_json(f"neigh show to {VIP} dev eth0")
            if entries and "lladdr" in entries[0]:
                return OWNER.get(entries[0]["lladdr"], "?")
            time.sleep(0.01)
        return None

    def state(self):
        """Levels and addresses of the real servers."""
        return [({(interface, key): host.conf(interface, key) for interface in host.interfaces()
                  for key in ("arp_ignore", "arp_announce")}, host.ip_json("-4 addr show")) for host in self.real_servers]


def main():
    try:
        program = lvsarp()
        sandbox.enter()
    except (FileNotFoundError, sandbox.SandboxError) as error:
        sys.exit(f"demo: {error}")
    story, network = Story(), Network()
    rip = HOSTS["rs1"][1]

    print(_paint("1", f"LVS direct routing: the virtual IP {VIP} on one director and two real servers"))
    for name, (mac, address, device) in HOSTS.items():
        story.line(f"{name:>8}  {mac}  {address:<12}" + (f"VIP on {device}" if device else ""))
    original = network.state()

    story.heading("1. As it comes: everybody answers for the VIP")
    story.expect(network.who_answers(story) == ["director", "rs1", "rs2"], "director, rs1 and rs2 answer; the client cannot know better")

    story.heading("2. And one packet from a real server hijacks it (arp_announce)")
    found = network.where_the_client_sends(story)
    story.expect(found == ("director", VIP, "rs1"), "the client now sends to rs1, past the director")

    story.heading("3. lvsarp apply on the real servers")
    for host in network.real_servers:
        told(story, host, program, "check", "--vip", VIP, wanted=1, quiet=True)
        told(story, host, program, "apply", "--vip", VIP, wanted=0, quiet=host is not network.real_servers[0])
        told(story, host, program, "check", "--vip", VIP, wanted=0, quiet=True)

    story.heading("4. Now the director answers alone")
    story.expect(network.who_answers(story) == ["director"], "only the director answers")
    found = network.where_the_client_sends(story)
    story.expect(found == ("director", rip, "director"), "rs1 asks in its own name, the client stays with the director")

    story.heading("5. lvsarp undo: the original state is back")
    for host in network.real_servers:
        told(story, host, program, "undo", wanted=0, quiet=True)
    story.expect(network.state() == original, "levels and addresses are what they were")
    story.expect(network.who_answers(story) == ["director", "rs1", "rs2"], "and everybody answers again")

    print()
    return 0 if story.true else 1


def told(story, host, program, *command, wanted, quiet):
    """Run lvsarp on a host and show what it says; its status must be as wanted."""
    done = host.run(program, *command, check=False)
    story.line(f"{host.name}# lvsarp {' '.join(command)}   (status {done.returncode})")
    for line in [] if quiet else (done.stdout + done.stderr).splitlines():
        story.line(f"    {line}")
    if done.returncode != wanted:
        story.expect(False, f"status {wanted} was to come: {done.stderr.strip() or done.stdout.strip()}")


def _paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


if __name__ == "__main__":
    sys.exit(main())
