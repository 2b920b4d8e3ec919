"""ARP frames: build, parse, send, hear."""
import ipaddress
import socket
import struct
import time
from dataclasses import dataclass

ETH_P_ARP = 0x0806
REQUEST, REPLY = 1, 2
BROADCAST = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"
LAYOUT = struct.Struct("!6s6sH HHBBH 6s4s6s4s")
IP_FREEBIND = 15
DISCARD = 9  # the UDP port that nobody listens to


@dataclass(frozen=True)
class Frame:
    """One Ethernet frame with an ARP packet for IPv4."""

    destination: str
    source: str
    operation: int
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str

    def __bytes__(self):
        return LAYOUT.pack(_mac(self.destination), _mac(self.source), ETH_P_ARP, 1, 0x0800, 6, 4, self.operation,
                           _mac(self.sender_mac), socket.inet_aton(self.sender_ip),
                           _mac(self.target_mac), socket.inet_aton(self.target_ip))

    def __str__(self):
        if self.operation == REQUEST:
            return f"{self.source} who-has {self.target_ip} tell {self.sender_ip}"
        return f"{self.source} reply {self.sender_ip} is-at {self.sender_mac}"


def parse(data):
    """The Frame in these bytes, or None where they are not ARP for IPv4 over Ethernet."""
    if len(data) < LAYOUT.size:
        return None
    to, source, ethertype, hardware, protocol, hardware_size, protocol_size, operation, sm, si, tm, ti = (
        LAYOUT.unpack_from(data))
    if (ethertype, hardware, protocol, hardware_size, protocol_size) != (ETH_P_ARP, 1, 0x0800, 6, 4):
        return None
    return Frame(_text(to), _text(source), operation, _text(sm), socket.inet_ntoa(si), _text(tm), socket.inet_ntoa(ti))


def request(mac, target, sender):
    """A broadcast who-has TARGET tell SENDER."""
    return Frame(BROADCAST, mac, REQUEST, mac, sender, NOBODY, target)


class Wire:
    """An interface of a namespace, seen as ARP: what arrives there, and a way to send."""

    def __init__(self, namespace, interface="eth0"):
        self.mac = namespace.mac(interface)
        with namespace.entered():
            # Protocol 0 hears nothing until bind() names the interface and the protocol at once.
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((interface, ETH_P_ARP))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame):
        self.socket.send(bytes(frame))

    def hear(self, window):
        """Yield the frames that arrive, until the window (seconds) is over."""
        deadline = time.monotonic() + window
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame = parse(self.socket.recv(2048))
            except socket.timeout:
                return
            if frame:
                yield frame

    def forget(self):
        """Drop what arrived so far."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(2048)
        except BlockingIOError:
            pass

    def who_has(self, target, sender, window=0.2):
        """Ask who has TARGET, in the name of SENDER; all replies that come within the window."""
        self.forget()
        self.send(request(self.mac, target, sender))
        return [frame for frame in self.hear(window) if frame.operation == REPLY and frame.sender_ip == target]


def provoke(namespace, source, target, wire, window=1.0):
    """Make a host send a packet from SOURCE to TARGET, which it must resolve first.

    The answer is the request that the wire hears, or None: its `sender_ip` is what arp_announce chose. TARGET must be
    on-link and unresolved in the host.
    """
    wire.forget()
    send_from(namespace, source, target)
    for frame in wire.hear(window):
        if frame.operation == REQUEST and frame.target_ip == target:
            return frame
    return None


def send_from(namespace, source, target):
    """Send one UDP packet from SOURCE to TARGET."""
    with namespace.entered(), bound(source) as sender:
        sender.sendto(b"lab", (target, DISCARD))


def bound(source):
    """A UDP socket bound to SOURCE, whether the host owns that address at this moment or not."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sender.setblocking(False)
    sender.bind((source, 0))
    return sender


def packet_sockets(namespace):
    """How many packet sockets of a namespace are bound to ARP or IPv6, and so hear."""
    with namespace.entered(), open("/proc/thread-self/net/packet") as file:
        return sum(line.split()[3] in ("0806", "86dd") for line in list(file)[1:])


def number(address):
    """An IPv4 address as the number that a packet carries."""
    return int(ipaddress.IPv4Address(address))


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def _text(mac):
    return mac.hex(":")
