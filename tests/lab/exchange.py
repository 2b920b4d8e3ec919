"""Ask a host over the wire, and know at once what it did not answer.

Silence is seen without waiting. Frames that one CPU sends stay in their order: after the questions goes a marker, and
when it has reached the host's end of the link, the questions are dealt with. A marker of the host then follows their
answers back. Only a macvlan takes broadcasts from a queue of its own: the marker has to reach it, too, and an answer
gets a little time.
"""
import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
import time
from dataclasses import dataclass

from .arp import DISCARD, ETH_P_ARP, IP_FREEBIND, REPLY, REQUEST, Frame, parse
from .links import OPER_UP, Links
from .tap import ETH_P_ALL, ETHERTYPE, JUMP_EQUAL, LOAD_HALF, RETURN, SO_ATTACH_FILTER, SOL_PACKET

MARKER = struct.Struct("!6s6sHIB")  # destination, source, ETH_P_MARKER, number, direction
ETH_P_MARKER = 0x88B5  # the ethertype for experiments
THERE, BACK = 0, 1
LONGEST = 5.0  # seconds until a marker, or a link, is lost
A_WHILE = 0.02  # seconds for what a macvlan sends after the marker reached it
MOST = 64  # questions at once: their answers fit into the buffer of a socket

PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 8, 23
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata
TP_STATUS_VLAN_VALID = 1 << 4
TAGGED = struct.Struct("!HH")
ETH_P_8021Q = 0x8100
ARPREQ = struct.Struct("=HH4s8x16xi16x16s")
SIOCDARP = 0x8953
IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
ICMP_UNREACHABLE = 3
# What a host says that has no way to a destination, or none from this source.
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL, errno.ENETDOWN, errno.EADDRNOTAVAIL,
          errno.EPERM, errno.ENODEV, errno.ENONET}


@dataclass(frozen=True)
class Heard:
    """An ARP frame of the host: the port where it left, and the VLAN in its tag."""

    frame: Frame
    port: str
    vlan: int | None


@dataclass(frozen=True)
class Question:
    """An ARP frame for the host: the port where it arrives, and the VLAN of its tag."""

    frame: Frame
    port: str
    vlan: int | None = None

    def __bytes__(self):
        data = bytes(self.frame)
        return data if self.vlan is None else data[:ETHERTYPE] + TAGGED.pack(ETH_P_8021Q, self.vlan) + data[ETHERTYPE:]

    def answered_by(self, frame):
        return (frame.operation, frame.destination, frame.sender_ip, frame.target_ip) == (
            REPLY, self.frame.sender_mac, self.frame.target_ip, self.frame.sender_ip)


class Exchange:
    """A host and its peer, joined by links whose ends have the same name, the PORTS.

    LATE are the host's macvlans, each with the ports from which it hears.
    """

    def __init__(self, host, peer, ports, late):
        self._host, self._ports, self._late = host, ports, late
        self.links = Links(host)
        self._outside, self._inside = _tap(peer, ETH_P_ARP, ETH_P_MARKER), _tap(host, ETH_P_MARKER)
        with host.entered():
            self._ioctl = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._number = 0

    def close(self):
        """Close the sockets; each of the taps waits here for a grace period of the kernel."""
        for one in (self.links, self._ioctl, self._outside, self._inside):
            one.close()

    def wait_running(self, interfaces):
        """Wait until these interfaces of the host carry frames: its ports, and what is above them."""
        ports = [name for name in interfaces if name in self._ports]
        above = [name for name in interfaces if name not in self._ports]
        deadline = time.monotonic() + LONGEST
        # The operational state of a port may lag by a second, what it carries does not.
        while not self._passes(ports) or (above := [name for name in above if self.links[name].operstate != OPER_UP]):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._host.name}: {[*ports, *above]} do not carry frames after {LONGEST} s")

    def _passes(self, ports):
        """Whether a marker goes over each of the ports, there and back."""
        with self._in_order():
            self._number += 1
            for end, other, direction in ((self._outside, self._inside, THERE), (self._inside, self._outside, BACK)):
                self._mark(end, ports, direction)
                try:
                    list(self._until_marked(other, ports, direction, 0.002))
                except TimeoutError:
                    return False
        return True

    def ask(self, questions):
        """What was Heard as an answer to each question, a list each; what seems silent is asked twice.

        An answer is known by the MAC to which it goes, so that no two questions may have the same sender MAC.
        """
        answers = [[] for _ in questions]
        for _ in range(2):
            silent = [number for number, heard in enumerate(answers) if not heard]
            for begin in range(0, len(silent), MOST):
                self._ask(questions, silent[begin:begin + MOST], answers)
        return answers

    def _ask(self, questions, numbers, answers):
        by_mac = {questions[number].frame.sender_mac: number for number in numbers}
        assert len(by_mac) == len(numbers), "two questions with one sender MAC"
        with self._in_order():
            ports = self._running()
            for question in (questions[number] for number in numbers):
                if question.port in ports:
                    self._outside.sendto(bytes(question), (question.port, 0))
            for heard in self._hear(ports):
                number = by_mac.get(heard.frame.destination)
                if number is not None and questions[number].answered_by(heard.frame):
                    answers[number].append(heard)

    def solicit(self, destination, source, interface):
        """Send a packet from the host, which knows no neighbour: what was Heard as the first request, or None."""
        self.forget_neighbours()
        with self._in_order():
            self._send(destination, source, interface)
            requests = [heard for heard in self._hear_own(self._running()) if heard.frame.operation == REQUEST]
        self.forget_neighbours()
        return requests[0] if requests else None

    def chosen_source(self, destination, interface):
        """The source that the host would give to a packet, or None where it has no way to the destination."""
        with self._host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, _no_way():
            _prepare(asking, interface)
            asking.connect((destination, DISCARD))
            return asking.getsockname()[0]
        return None

    def forget_neighbours(self):
        """Remove all neighbour entries of the host."""
        with self._host.entered(), open("/proc/thread-self/net/arp") as file:
            entries = [line.split() for line in file][1:]
        for address, *_, interface in entries:
            with contextlib.suppress(OSError):  # it has gone by itself
                entry = ARPREQ.pack(socket.AF_INET, 0, socket.inet_aton(address), 0, interface.encode())
                fcntl.ioctl(self._ioctl, SIOCDARP, entry)

    def _send(self, destination, source, interface):
        """One packet with any source address, routed as one that has it.

        It looks like an ICMP error, to which nobody answers, so that no other packet asks for a neighbour.
        """
        with self._host.entered():
            packets = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with packets, _no_way():
            _prepare(packets, interface)
            if source is not None:
                packets.bind((source, 0))
            header = IP_HEADER.pack(0x45, 0, 0, 0, 0, 64, socket.IPPROTO_ICMP, 0,
                                    socket.inet_aton(source or "0.0.0.0"), socket.inet_aton(destination))
            packets.sendto(header + struct.pack("!BBHI", ICMP_UNREACHABLE, 0, 0, 0), (destination, 0))

    @contextlib.contextmanager
    def _in_order(self):
        """What is sent here stays in its order, and what came before is not heard."""
        home = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(home)[os.getpid() % len(home)]})
        try:
            for end in (self._outside, self._inside):
                end.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        end.recv(1)
            yield
        finally:
            os.sched_setaffinity(0, home)

    def _running(self):
        """The ports whose link carries frames."""
        return {port for port in self._ports if self.links[port].carrier}

    def _hear_own(self, ports):
        """The ARP frames that the host sent before."""
        self._number += 1
        self._mark(self._inside, ports, BACK)
        yield from self._until_marked(self._outside, ports, BACK)

    def _hear(self, ports):
        """The ARP frames of the host until everything that was sent to it before is dealt with."""
        self._number += 1
        late = {name for name, its in self._late.items() if ports & set(its) and self.links[name].carrier}
        self._mark(self._outside, ports, THERE)
        for _ in self._until_marked(self._inside, ports | late, THERE):
            pass
        yield from self._hear_own(ports)
        if late:
            yield from _within(self._outside, A_WHILE)

    def _mark(self, end, ports, direction):
        marker = MARKER.pack(b"\xff" * 6, b"\x02\x0c\0\0\0\0", ETH_P_MARKER, self._number, direction)
        for port in ports:
            end.sendto(marker, (port, 0))

    def _until_marked(self, end, interfaces, direction, longest=LONGEST):
        """The ARP frames that arrive before the marker did at each of the interfaces."""
        missing, deadline = set(interfaces), time.monotonic() + longest
        while missing:
            end.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data, tag, name = _receive(end)
            except TimeoutError:
                raise TimeoutError(f"{self._host.name}: no marker at {missing} within {longest} s") from None
            if frame := parse(data):
                yield Heard(frame, name, tag)
            elif MARKER.unpack(data[:MARKER.size])[3:] == (self._number, direction):
                missing.discard(name)


def _within(end, window):
    """The ARP frames that arrive within so many seconds."""
    deadline = time.monotonic() + window
    while (left := deadline - time.monotonic()) > 0:
        end.settimeout(left)
        with contextlib.suppress(TimeoutError):
            data, tag, name = _receive(end)
            if frame := parse(data):
                yield Heard(frame, name, tag)


def _tap(namespace, *ethertypes):
    """A socket that hears the frames of these types that arrive anywhere in a namespace, and can send there."""
    with namespace.entered():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    tests = [(JUMP_EQUAL, len(ethertypes) - place, 0, kind) for place, kind in enumerate(ethertypes)]
    program = [(LOAD_HALF, 0, 0, ETHERTYPE), *tests, (RETURN, 0, 0, 0), (RETURN, 0, 0, 0xFFFF)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    tap.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))
    tap.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    tap.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return tap


def _receive(tap):
    """(the frame, the VLAN of its tag, the interface)"""
    data, ancillary, _, address = tap.recvmsg(2048, socket.CMSG_SPACE(AUXDATA.size))
    for _, kind, value in ancillary:
        if kind == PACKET_AUXDATA:
            status, _, _, _, _, tag, _ = AUXDATA.unpack(value)
            return data, tag & 0xFFF if status & TP_STATUS_VLAN_VALID else None, address[0]
    return data, None, address[0]


def _prepare(sending, interface):
    sending.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if interface is not None:
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())


@contextlib.contextmanager
def _no_way():
    """Leave the block where the host has no way for a packet."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_WAY:
            raise
