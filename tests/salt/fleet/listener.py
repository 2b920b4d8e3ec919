"""A listener on the bridge: counts what every host says there in the name of a VIP, while somebody asks for the VIPs all the time."""
import contextlib
import itertools
import time

from lab.arp import DISCARD, Wire, bound, request
from lab.storm import Child
from lab.tap import Tap

PAUSE = 0.005  # seconds between two rounds of questions: slow enough to leave the processors to Salt
LONGEST = 1800.0  # seconds, for a machine that has other things to do
HEARD = 20  # frames of a host in its own name, before its silence about the VIPs means anything


class Listener:
    """Counts, from now on, the ARP frames with a VIP as their sender that each host of a fleet puts on the bridge.

    Meanwhile the client asks who has the VIPs, and each server has packets from the VIPs to send to neighbours that it does not know.
    """

    def __init__(self, fleet, addresses, vips, nobody):
        self._ends = contextlib.ExitStack()
        self.vips, self._servers = vips, list(fleet.servers)
        self._begin = time.monotonic()
        self._made = dict.fromkeys(self._servers, 0)
        self._taps = {name: [self._tap(place, vip) for vip in vips] for name, place in fleet.minions.items()}
        self._own = {name: self._tap(place, addresses[name]) for name, place in fleet.servers.items()}
        self._traffic = self._ends.enter_context(
            Child(_traffic, fleet.client, addresses["client"], list(fleet.servers.values()), vips, nobody, most=LONGEST))

    def close(self):
        self._ends.close()

    def said(self, name):
        """How many frames with a VIP as their sender a host has sent."""
        return sum(tap.count().frames for tap in self._taps[name])

    def own(self, name):
        """How many frames with its own address as their sender a server has sent."""
        return self._own[name].count().frames

    def heard(self):
        """Whether each server was heard in its own name, and the director in that of the VIPs."""
        return all(self.own(name) >= HEARD for name in self._servers) and all(
            self.said(name) >= HEARD for name in self._taps if name not in self._servers)

    @contextlib.contextmanager
    def a_leak_of(self, name):
        """Meanwhile the test itself makes a server leak: what that one sends is not held against it."""
        before = self.said(name)
        yield
        self._made[name] += self.said(name) - before

    def made(self, name):
        """What a server sent while the test made it leak."""
        return self._made[name]

    def leaked(self):
        """The servers that said anything in the name of a VIP, except where the test made them: {server: Counts}."""
        return {name: [str(tap.count()) for tap in self._taps[name]] for name in self._servers if self.said(name) != self._made[name]}

    def stop(self):
        """End the questions: (how many there were, seconds)."""
        return self._traffic.stop(), time.monotonic() - self._begin

    def _tap(self, place, sender):
        return self._ends.enter_context(Tap(place, "eth0", sender))


def _traffic(client, address, servers, vips, nobody):
    senders = []
    for server in servers:
        with server.entered():
            senders += [bound(vip) for vip in vips]
    targets = itertools.cycle(nobody)
    with Wire(client) as wire:
        frames = [bytes(request(wire.mac, vip, address)) for vip in vips]
        while True:
            for frame in frames:
                wire.socket.send(frame)
            target = next(targets)
            for sender in senders:
                with contextlib.suppress(OSError):  # the VIP is not there now, or the last resolution failed
                    sender.sendto(b"fleet", (target, DISCARD))
            time.sleep(PAUSE)
            yield len(frames)
