"""What the kernel says about the interfaces of a namespace, over one netlink socket that stays open."""
import fcntl
import socket
import struct
from dataclasses import dataclass

IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
OPER_UP = 6  # IF_OPER_UP
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFREQ = struct.Struct("16sH22x")
NLM_F_REQUEST, RTM_NEWLINK, RTM_GETLINK = 1, 16, 18
IFLA_ADDRESS, IFLA_IFNAME, IFLA_OPERSTATE = 1, 3, 16
HEADER = struct.Struct("=IHHIIBxHiII")  # struct nlmsghdr, struct ifinfomsg
ATTRIBUTE = struct.Struct("=HH")


@dataclass(frozen=True)
class Link:
    """An interface: whether it was set up, whether it has a carrier, its operational state (RFC 2863) and its MAC."""

    up: bool = False
    carrier: bool = False
    operstate: int = 0
    mac: str = ""


NONE = Link()


class Links:
    """The interfaces of a namespace."""

    def __init__(self, namespace):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        self._socket.settimeout(5.0)

    def close(self):
        self._socket.close()

    def __getitem__(self, name):
        """The Link of this name, NONE where there is none."""
        text = name.encode() + b"\0"
        attribute = ATTRIBUTE.pack(ATTRIBUTE.size + len(text), IFLA_IFNAME) + text + bytes(-len(text) % 4)
        header = HEADER.pack(HEADER.size + len(attribute), RTM_GETLINK, NLM_F_REQUEST, 0, 0, 0, 0, 0, 0, 0)
        self._socket.send(header + attribute)
        answer = self._socket.recv(1 << 16)
        length, kind = struct.unpack_from("=IH", answer)
        if kind != RTM_NEWLINK:
            return NONE
        flags = HEADER.unpack_from(answer)[8]
        found, place = {}, HEADER.size
        while place < length:
            size, kind = ATTRIBUTE.unpack_from(answer, place)
            found[kind] = answer[place + ATTRIBUTE.size:place + size]
            place += (size + 3) & ~3
        return Link(bool(flags & IFF_UP), bool(flags & IFF_LOWER_UP), found[IFLA_OPERSTATE][0],
                    found[IFLA_ADDRESS].hex(":"))


def set_up(interface):
    """Set an interface of the calling thread's namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = interface.encode()
        flags = IFREQ.unpack(fcntl.ioctl(any_socket, SIOCGIFFLAGS, IFREQ.pack(name, 0)))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(name, flags | IFF_UP))
