"""Requests to the kernel over netlink, thousands of them in a moment, which starting `ip` for each would not do."""
import itertools
import os
import socket
import struct

NEWLINK, DELLINK, SETLINK, NEWADDR, DELADDR = 16, 17, 19, 20, 21
REQUEST, ACK, EXCL, CREATE = 1, 4, 0x200, 0x400
ERROR = 2
UP = 1
NODAD = 2
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254}
LEVELS = {"arp_announce": 18, "arp_ignore": 19}  # include/uapi/linux/ip.h: IPV4_DEVCONF_*
NESTED = 0x8000


class Route:
    """A socket for NETLINK_ROUTE in a namespace."""

    def __init__(self, namespace):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._socket.bind((0, 0))
        self._socket.settimeout(20)
        self._sequence = itertools.count(1)
        self._namespace = namespace

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    @property
    def port(self):
        return self._socket.getsockname()[0]

    def index(self, interface):
        with self._namespace.entered():
            return socket.if_nametoindex(interface)

    def do(self, *requests):
        """Sends requests in one datagram, and waits until the kernel has done all of them."""
        last = next(self._sequence)
        parts = [message(kind, flags | (ACK if at == len(requests) - 1 else 0), last, body)
                 for at, (kind, flags, body) in enumerate(requests)]
        self._socket.send(b"".join(parts))
        error = 0
        while True:
            answer = self._socket.recv(65536)
            length, kind, _, _, _ = struct.unpack_from("IHHII", answer)
            if kind == ERROR:
                code, _, _, flags = struct.unpack_from("iIHH", answer, 16)
                error = error or -code
                if code == 0 or flags & ACK:
                    break
        if error:
            raise OSError(error, os.strerror(error))

    def flood(self, requests, times):
        """Sends the same requests over and over, as fast as the kernel takes them; how many it were."""
        once = b"".join(message(kind, flags, 0, body) for kind, flags, body in requests)
        for _ in range(times):
            self._socket.send(once)
        return times * len(requests)


def message(kind, flags, sequence, body):
    return struct.pack("IHHII", 16 + len(body), kind, flags | REQUEST, sequence, 0) + body


def attribute(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(index, flags=0, change=0, attributes=b""):
    """RTM_SETLINK for an interface: flags such as UP, or attributes."""
    return SETLINK, 0, struct.pack("BxHiII", 0, 0, index, flags, change) + attributes


def alias(index, text):
    """Another alias, which the kernel tells everybody, and which means nothing."""
    return link(index, attributes=attribute(20, text.encode()))


def level(index, key, value):
    """An interface's own level."""
    conf = attribute(1 | NESTED, attribute(LEVELS[key], struct.pack("i", value)))
    return link(index, attributes=attribute(26 | NESTED, attribute(socket.AF_INET | NESTED, conf)))


def bind(index, local, prefixlen, scope="global", label=None, proto=None):
    """RTM_NEWADDR; IPv6 without duplicate address detection."""
    body = address(index, local, prefixlen, scope) + (attribute(11, bytes([proto])) if proto else b"")
    if ":" in local:
        return NEWADDR, CREATE | EXCL, body + attribute(8, struct.pack("I", NODAD))
    return NEWADDR, CREATE | EXCL, body + (attribute(3, label.encode() + b"\0") if label else b"")


def unbind(index, local, prefixlen):
    return DELADDR, 0, address(index, local, prefixlen, "global")


def address(index, local, prefixlen, scope):
    family = socket.AF_INET6 if ":" in local else socket.AF_INET
    octets = socket.inet_pton(family, local)
    return struct.pack("BBBBi", family, prefixlen, 0, SCOPES[scope], index) + attribute(2, octets) + attribute(1, octets)
