"""The neighbour cache of one interface, over a netlink socket that stays open: no program is started for an entry."""
import socket
import struct
import threading

RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NLMSG_ERROR = 2
NDA_DST, NDA_LLADDR = 1, 2
HEADER = struct.Struct("=IHHIIBxxxiHBB")  # struct nlmsghdr, struct ndmsg
ATTRIBUTE = struct.Struct("=HH")


class Neighbours:
    """The entries of an interface of a namespace."""

    def __init__(self, namespace, interface):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
            self._index = socket.if_nametoindex(interface)
        self._socket.settimeout(5.0)
        self._asking = threading.Lock()

    def close(self):
        self._socket.close()

    def delete(self, address):
        """Delete the entry of an address, where there is one: the next packet to it begins with a who-has.

        One that is being resolved stays: neigh_invalidate() drops the packets that wait for it, and tells their senders
        that the host cannot be reached, which ends a connection that begins.
        """
        if self.get(address):
            self._ask(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, address)

    def get(self, address):
        """The MAC of an address; None where the cache has none."""
        answer = self._ask(RTM_GETNEIGH, NLM_F_REQUEST, address)
        length, kind = struct.unpack_from("=IH", answer)
        place = HEADER.size
        while kind == RTM_NEWNEIGH and place < length:
            size, name = ATTRIBUTE.unpack_from(answer, place)
            if name == NDA_LLADDR:
                return answer[place + ATTRIBUTE.size:place + size].hex(":")
            place += (size + 3) & ~3
        return None

    def _ask(self, kind, flags, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
        attribute = ATTRIBUTE.pack(ATTRIBUTE.size + len(packed), NDA_DST) + packed
        with self._asking:
            header = HEADER.pack(HEADER.size + len(attribute), kind, flags, 0, 0, family, self._index, 0, 0, 0)
            self._socket.send(header + attribute)
            return self._socket.recv(1 << 16)
