"""What the tests of a fleet keep for each other: the VIPs, what was foretold, and the listener on the bridge."""
import contextlib

from fleet import ADDRESSES, DIRECTOR, NET, SERVERS
from listener import Listener

NOBODY = [f"{NET}.{last}" for last in range(100, 132)]  # nobody has these: each packet to them asks
REAL_SERVER = "lvsarp_|-"
OFFERED = "/etc/lvs-ready"


class Story:
    """One fleet and what happened to it so far."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.vips = self.foretold = self.listener = None
        self._ends = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ends.close()

    def listen(self):
        """From now on every ARP frame with a VIP as its sender is counted."""
        self.listener = Listener(self.fleet, ADDRESSES, self.vips, NOBODY)
        self._ends.callback(self.listener.close)

    def offered(self):
        """The servers that the director offers to the clients."""
        return [line for line in self.fleet.minions[DIRECTOR].path(OFFERED).read_text().splitlines() if line in SERVERS]

    def tell(self, say):
        """The counts, for a person."""
        questions, seconds = self.listener.stop()
        say(f"in {seconds:.0f} s, from before the first apply on, the client asked {questions} times who has {' or '.join(self.vips)};")
        say("ARP frames that each host sent, by the address in whose name it spoke:")
        say(f"{'host':10}{'a VIP':>10}{'a VIP while the test made it leak':>40}{'its own':>10}")
        say(f"{DIRECTOR:10}{self.listener.said(DIRECTOR):>10}{'(it has the VIPs)':>40}")
        for name in SERVERS:
            made = self.listener.made(name)
            say(f"{name:10}{self.listener.said(name) - made:>10}{made:>40}{self.listener.own(name):>10}")

    def silent(self, server):
        """Whether a server has all VIPs, and both levels that keep them silent, asked of the kernel."""
        return bound(server) == set(self.vips) and server.conf("all", "arp_ignore") == 1 and server.conf("all", "arp_announce") == 2


def bound(server):
    """The addresses on a server's lo, but for its own."""
    return {address["local"] for address in server.ip_json("addr show dev lo")[0]["addr_info"]} - {"127.0.0.1"}


def states(answer):
    """The lvsarp states in what a minion answered to state.apply."""
    assert isinstance(answer, dict), answer
    return [state for name, state in answer.items() if name.startswith(REAL_SERVER)]


def the_state(answer):
    """The one lvsarp state in it."""
    found = states(answer)
    assert len(found) == 1, answer
    return found[0]
