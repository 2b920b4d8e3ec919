"""The client's connections to a VIP, and the way that each of them took.

Client and HTTP servers are one thread of this process with a socket in each namespace, because the guest has one
processor. Each connection has a source port of its own, and its way is counted twice, independently of each other: by
the frames on the client's cable, whose destination MAC says to whom they went, and by the director's ip_vs.
"""
import errno
import itertools
import random
import selectors
import socket
import threading
import time

from lab.cluster import NAMES, PORT, SEATS, VIP

from . import ip_vs
from .cable import Cable
from .counted import Connection, Count
from .servers import Servers
from .neighbours import Neighbours

PATIENCE = 4.0  # seconds for one connection: a lost SYN is sent again after one and after three
AT_ONCE = 4
PACE = 0.01  # seconds between the beginnings of two connections where something else is to get on meanwhile
ENOUGH_LOST = 8  # one after another: what waits for connections waits no longer
QUIET = 0.1  # seconds without a frame of the client
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
PORTS = itertools.cycle(range(10000, 60000))  # of the client, none used twice in a run


class Traffic:
    """Connections of the cluster's client to one VIP, with neighbour caches emptied at random.

    `empty` is how probable it is, for each connection that begins, that an entry is deleted: of the client for the VIP,
    of a real server for the client, or of the director for a real server.
    """

    def __init__(self, cluster, vip=VIP, seed=1, empty=0.5):
        self._cluster, self._vip, self._dice, self.empty = cluster, vip, random.Random(seed), empty
        self._family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        self._own = self._address("client")
        self._selector = selectors.DefaultSelector()
        self._cable = Cable(cluster.switch, "client", vip)
        self._selector.register(self._cable.socket, selectors.EVENT_READ, self._frames)
        self._neighbours = {name: Neighbours(host, cluster.interface(name)) for name, host in cluster.hosts.items()}
        self._servers = Servers(cluster, self._family, self._selector)
        self._open = {}
        self._begin_counting()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self._servers, self._cable, *self._neighbours.values(), *self._open, self._selector):
            one.close()

    # What is asked of it.

    def of(self, number, most=60.0):
        """So many connections, a few at once, unless one after another is lost; what was counted."""
        self._run(lambda begun: begun < number and not self.in_vain, most)
        return self._counted()

    def meanwhile(self, most=120.0):
        """Connections for as long as the block runs; what was counted is in its `count` after it."""
        return Meanwhile(self, most)

    def forget(self):
        """Empty the client's entry for the VIP, and every real server's for the client."""
        self._neighbours["client"].delete(self._vip)
        for name in self._cluster.servers:
            self._neighbours[name].delete(self._own)

    def believed(self):
        """Whom the client takes for the VIP's owner now; None where it knows nobody."""
        return NAMES.get(self._neighbours["client"].get(self._vip))

    @property
    def in_vain(self):
        """Whether the last connections were all lost."""
        last = self._done[-ENOUGH_LOST:]
        return len(last) == ENOUGH_LOST and all(one.lost for one in last)

    # The client.

    def _run(self, more, most, pace=0.0):
        # Sockets belong to the namespace that the thread is in when it makes them.
        with self._cluster.client.entered():
            begun, deadline, next_one = 0, time.monotonic() + most, 0.0
            while more(begun) or self._open:
                while more(begun) and len(self._open) < AT_ONCE and time.monotonic() >= next_one:
                    next_one = time.monotonic() + pace
                    self._begin()
                    begun += 1
                for key, _ in self._selector.select(pace or 0.2):
                    key.data(key.fileobj)
                now = time.monotonic()
                for sock, one in list(self._open.items()):
                    if now - one.began > PATIENCE:
                        self._end(sock)
                if now > deadline:
                    raise TimeoutError(f"{begun} connections were begun, {len(self._open)} are open after {most} s")
        self._settle()

    def _begin(self):
        if self._dice.random() < self.empty:
            self._empty_one()
        port = next(PORTS)
        sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.bind((self._own, port))
        self._open[sock] = self._by_port[port] = Connection(port, time.monotonic())
        if sock.connect_ex((self._vip, PORT)) not in (0, errno.EINPROGRESS):
            return self._refused(sock)
        self._selector.register(sock, selectors.EVENT_WRITE, self._connected)

    def _empty_one(self):
        servers = list(self._cluster.servers)
        name = self._dice.choice(["client", "client", "director", *servers])
        address = {"client": self._vip, "director": self._address(self._dice.choice(servers))}.get(name, self._own)
        self._neighbours[name].delete(address)

    def _address(self, name):
        """A host's own address of the VIP's family."""
        return SEATS[name].ip6 if ":" in self._vip else SEATS[name].ip

    def _connected(self, sock):
        try:
            sock.send(REQUEST)
        except OSError:
            return self._refused(sock)
        self._selector.modify(sock, selectors.EVENT_READ, self._answered)

    def _answered(self, sock):
        try:
            data = sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:  # reset by a host that knows nothing of it
            return self._refused(sock)
        if data:
            self._open[sock].server = data.rpartition(b"\r\n")[2].decode().strip()
        else:
            self._end(sock)

    def _refused(self, sock):
        self._open[sock].refused = not self._open[sock].server
        self._end(sock)

    def _end(self, sock):
        one = self._open.pop(sock)
        one.ended = time.monotonic()
        self._done.append(one)
        if sock in self._selector.get_map():
            self._selector.unregister(sock)
        sock.close()

    # The counting.

    def _begin_counting(self):
        self._by_port, self._done = {}, []
        self._packets_before, self._frames_before = ip_vs.packets(self._cluster.director), self._cable.frames
        self._cable.claims.clear()

    def _frames(self, _):
        for port, mac in self._cable.hear():
            if port in self._by_port:
                self._by_port[port].went_to.add(NAMES.get(mac, mac))

    def _settle(self):
        """Until the last frames of the last connections are where they go: no more of them for a while, though the ARP
        of others, such as health checks, goes on."""
        begin = last = time.monotonic()
        with selectors.DefaultSelector() as cable:
            cable.register(self._cable.socket, selectors.EVENT_READ)
            while (now := time.monotonic()) < min(last + QUIET, begin + PATIENCE):
                before = self._cable.frames
                if cable.select(last + QUIET - now):
                    self._frames(None)
                if self._cable.frames > before:
                    last = time.monotonic()

    def _counted(self):
        self._cable.complete()
        table = ip_vs.ports(self._cluster.director, self._vip)
        for one in self._done:
            one.known = one.port in table
        count = Count(self._done, self._cable.frames - self._frames_before,
                      ip_vs.packets(self._cluster.director) - self._packets_before,
                      frozenset(NAMES.get(mac, mac) for mac in self._cable.claims))
        self._begin_counting()
        return count


class Meanwhile:
    """Traffic in a thread of its own, while the block runs."""

    def __init__(self, traffic, most):
        self._traffic, self._most, self._stop, self._trouble = traffic, most, threading.Event(), None
        self.count = None

    def __enter__(self):
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join(self._most)
        if kind is None:
            if self._trouble:
                raise self._trouble
            self.count = self._traffic._counted()

    def connections(self, number, most=30.0):
        """Wait until so many more connections have ended, or one after another is lost."""
        wanted, deadline = len(self._traffic._done) + number, time.monotonic() + most
        while len(self._traffic._done) < wanted and not self._traffic.in_vain:
            if self._trouble or time.monotonic() > deadline:
                raise self._trouble or TimeoutError(f"no {number} connections within {most} s")
            time.sleep(0.01)

    def _work(self):
        try:
            self._traffic._run(lambda begun: not self._stop.is_set(), self._most, PACE)
        except BaseException as trouble:
            self._trouble = trouble
