"""The client's connections to a VIP, what answers them, and the way that each of them took.

Client and HTTP servers are one thread of this process with a socket in each namespace, because the guest has one processor.
Each connection has a source port of its own, and its way is counted twice, independently of each other: by the frames on the
client's cable, whose destination MAC says to whom they went, and by the director's table of connections.
"""
import errno
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

from lab.cluster import NAMES, PORT, SEATS, VIP

from .cable import Cable
from .neighbours import Neighbours

PATIENCE = 4.0  # seconds for one connection: a lost SYN is sent again after one and after three
AT_ONCE = 4
PACE = 0.01  # seconds between the beginnings of two connections where something else is to get on meanwhile
ENOUGH_LOST = 8  # one after another: what waits for connections waits no longer
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{name}\n"
UNDER_WAY = (errno.EINPROGRESS, errno.EAGAIN)
SO_BINDTODEVICE = 25
FIRST_PORT, LAST_PORT = 10000, 60000
_next_port = FIRST_PORT


@dataclass
class Connection:
    """One connection: its source port, when it began and ended, who answered, and to which hosts the client's frames went."""

    port: int
    began: float
    ended: float = 0.0
    server: str = ""        # what the answer says; empty where none came
    refused: bool = False   # rather than not answered
    went_to: set = field(default_factory=set)
    known: bool = False     # to the director's ip_vs

    @property
    def astray(self):
        return bool(self.went_to - {"director"})

    @property
    def lost(self):
        return not self.server


@dataclass
class Count:
    """What was counted of some connections."""

    connections: list
    frames: int = 0         # of the client to the VIP
    packets: int = 0        # that ip_vs took
    answered: frozenset = frozenset()   # hosts that said on the cable that the VIP is theirs

    def __len__(self):
        return len(self.connections)

    @property
    def through(self):
        """Connections of which every frame went to the director, and that its ip_vs knows."""
        return sum(one.known and one.went_to == {"director"} for one in self.connections)

    @property
    def astray(self):
        return sum(one.astray for one in self.connections)

    @property
    def lost(self):
        return sum(one.lost for one in self.connections)

    @property
    def spread(self):
        """How many each real server answered, in the order of their names."""
        servers = [one.server for one in self.connections if one.server]
        return {name: servers.count(name) for name in sorted(set(servers))}

    @property
    def strays(self):
        """To whom connections went that went past the director, in the order of their names."""
        went = [name for one in self.connections for name in one.went_to - {"director"}]
        return {name: went.count(name) for name in sorted(set(went))}

    @property
    def refusals(self):
        """Of those that are lost, those that were refused."""
        refused = sum(one.refused for one in self.connections)
        return {"refused": refused} if refused else {}

    def __str__(self):
        return f"{len(self)} connections: {self.through} through the director, {self.astray} astray{told(self.strays)}, {self.lost} lost{told(self.refusals)}"


class Traffic:
    """Connections of the cluster's client to one VIP, with neighbour caches emptied at random.

    `empty` is how probable it is, for each connection that begins, that an entry is deleted: of the client for the VIP, of a
    real server for the client, or of the director for a real server.
    """

    def __init__(self, cluster, vip=VIP, seed=1, empty=0.5):
        self._cluster, self._vip, self._dice, self.empty = cluster, vip, random.Random(seed), empty
        self._family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        self._own = SEATS["client"].ip6 if ":" in vip else SEATS["client"].ip
        self._selector = selectors.DefaultSelector()
        self._cable = Cable(cluster.switch, "client", vip)
        self._selector.register(self._cable.socket, selectors.EVENT_READ, self._frames)
        self._neighbours = {name: Neighbours(host, cluster.interface(name))
                            for name, host in {"client": cluster.client, "director": cluster.director, **cluster.servers}.items()}
        self._listening = [self._listen(name) for name in cluster.servers]
        self._client = cluster.client
        self._open, self._done, self._kept = {}, [], []
        self._begin_counting()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [*self._listening, *self._kept, *self._neighbours.values(), self._cable]:
            one.close()
        self._selector.close()

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

    # The loop.

    def _run(self, more, most, pace=0.0):
        # Sockets belong to the namespace that the thread is in when it makes them.
        with self._client.entered():
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
                    raise TimeoutError(f"{begun} connections were begun and {len(self._open)} are open after {most} s")
        self._settle()

    def _begin(self):
        global _next_port
        if self._dice.random() < self.empty:
            self._empty_one()
        sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.bind((self._own, _next_port))
        one = self._open[sock] = Connection(_next_port, time.monotonic())
        self._by_port[_next_port] = one
        _next_port = _next_port + 1 if _next_port < LAST_PORT else FIRST_PORT
        if (trouble := sock.connect_ex((self._vip, PORT))) not in (0, *UNDER_WAY):
            return self._refused(sock)
        self._selector.register(sock, selectors.EVENT_WRITE, self._connected)

    def _empty_one(self):
        name = self._dice.choice(["client", "client", "director", *self._cluster.servers])
        if name == "client":
            self._neighbours[name].delete(self._vip)
        elif name == "director":
            seat = SEATS[self._dice.choice(list(self._cluster.servers))]
            self._neighbours[name].delete(seat.ip6 if ":" in self._vip else seat.ip)
        else:
            self._neighbours[name].delete(self._own)

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

    # The real servers.

    def _listen(self, name):
        with self._cluster.servers[name].entered():
            sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._cluster.kind == "vrf":
            sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self._cluster.vip_device.encode())
        sock.bind(("::" if ":" in self._vip else "0.0.0.0", PORT))
        sock.listen(128)
        answer = ANSWER.format(name=name).encode()
        self._selector.register(sock, selectors.EVENT_READ, lambda listening: self._accept(listening, answer))
        return sock

    def _accept(self, listening, answer):
        try:
            sock, _ = listening.accept()
        except OSError:
            return
        sock.setblocking(False)
        if not self._serve(sock, answer):
            self._selector.register(sock, selectors.EVENT_READ, lambda ready: self._serve(ready, answer))
            self._kept.append(sock)

    def _serve(self, sock, answer):
        """Answer a request that is there and end the connection; whether it was there."""
        try:
            if sock.recv(4096):
                sock.send(answer)
        except BlockingIOError:
            return False
        except OSError:
            pass
        if sock in self._kept:
            self._kept.remove(sock)
            self._selector.unregister(sock)
        sock.close()
        return True

    # The counting.

    def _begin_counting(self):
        self._by_port, self._packets = {}, ip_vs_packets(self._cluster.director)
        self._done, self._before = [], self._cable.frames
        self._cable.claims.clear()

    def _frames(self, _):
        for port, mac in self._cable.hear():
            one = self._by_port.get(port)
            if one:
                one.went_to.add(NAMES.get(mac, mac))

    def _settle(self):
        """Until the last frames of the last connections are where they go: the cable is silent for a while."""
        with selectors.DefaultSelector() as quiet:
            quiet.register(self._cable.socket, selectors.EVENT_READ)
            while quiet.select(0.1):
                self._frames(None)

    def _counted(self):
        table = ip_vs_ports(self._cluster.director, self._vip)
        for one in self._done:
            one.known = one.port in table
        count = Count(self._done, self._cable.frames - self._before, ip_vs_packets(self._cluster.director) - self._packets,
                      frozenset(NAMES.get(mac, mac) for mac in self._cable.claims))
        self._cable.complete()
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


def told(names):
    """How many each of these hosts had, in brackets; nothing where there are none."""
    return f" ({', '.join(f'{name} {number}' for name, number in names.items())})" if names else ""


def ip_vs_packets(director):
    """How many packets of clients ip_vs has taken, all in all: a live sum, where the counters of ipvsadm are two seconds old."""
    with director.entered(), open("/proc/thread-self/net/ip_vs_stats_percpu") as file:
        rows = [line.split() for line in file]
    return sum(int(row[2], 16) for row in rows[2:] if row and row[0].isalnum())


def ip_vs_ports(director, vip):
    """The source ports of the client's connections to a VIP in the director's table."""
    wanted = socket.inet_pton(socket.AF_INET6 if ":" in vip else socket.AF_INET, vip).hex().upper()
    with director.entered(), open("/proc/thread-self/net/ip_vs_conn") as file:
        rows = [line.split() for line in file][1:]
    return {int(row[2], 16) for row in rows if row[3].replace(":", "").strip("[]").upper() == wanted}
