"""The client's cable, at the switch's end: to which MAC each frame to the VIP goes, and who says that the VIP is his.

A classic BPF program picks the frames, so that the rest costs nothing. One that was picked and had no room is an error.
"""
import socket
import struct

from lab.arp import ETH_P_ARP
from lab.tap import (ETH_P_ALL, ETHERTYPE, JUMP_EQUAL, LOAD_HALF, LOAD_WORD, OUTGOING, PACKET_STATISTICS, PACKET_TYPE,
                     RETURN, ROOM, SOL_PACKET, attach)

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
LOAD_BYTE = 0x30
NEXT_HEADER = 14 + 6
TCP, ICMPV6 = 6, 58
NEIGHBOUR_ADVERTISEMENT = 136
KEPT = 128  # bytes of a frame
# ARP and ICMPv6 of both ways, and all other IP that comes from the client.
PROGRAM = [
    (LOAD_HALF, 0, 0, ETHERTYPE),
    (JUMP_EQUAL, 6, 0, ETH_P_ARP),
    (JUMP_EQUAL, 3, 0, ETH_P_IP),
    (JUMP_EQUAL, 0, 5, ETH_P_IPV6),
    (LOAD_BYTE, 0, 0, NEXT_HEADER),
    (JUMP_EQUAL, 2, 0, ICMPV6),
    (LOAD_WORD, 0, 0, PACKET_TYPE),
    (JUMP_EQUAL, 1, 0, OUTGOING),
    (RETURN, 0, 0, KEPT),
    (RETURN, 0, 0, 0),
]


class Cable:
    """What a port of the switch sees of one VIP.

    `frames` counts the client's TCP frames to it, `claims` has the MACs whose ARP or neighbour advertisements say that
    the VIP is theirs.
    """

    def __init__(self, switch, port, vip):
        self._vip = socket.inet_pton(socket.AF_INET6 if ":" in vip else socket.AF_INET, vip)
        with switch.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        attach(self.socket, PROGRAM)
        self.socket.bind((port, ETH_P_ALL))
        self.socket.setblocking(False)
        self.frames, self.claims = 0, set()

    def close(self):
        self.socket.close()

    def hear(self):
        """The client's TCP frames to the VIP that have come: (source port, destination MAC) of each."""
        while True:
            try:
                frame, (_, _, way, *_) = self.socket.recvfrom(KEPT)
            except BlockingIOError:
                return
            source, ethertype = frame[6:12].hex(":"), int.from_bytes(frame[12:14], "big")
            if ethertype == ETH_P_ARP:
                self._arp(frame, source)
            elif ethertype == ETH_P_IP and frame[30:34] == self._vip and frame[23] == TCP:
                start = 14 + (frame[14] & 15) * 4
                self.frames += 1
                yield int.from_bytes(frame[start:start + 2], "big"), frame[:6].hex(":")
            elif ethertype == ETH_P_IPV6 and frame[20] == TCP and frame[38:54] == self._vip:
                self.frames += 1
                yield int.from_bytes(frame[54:56], "big"), frame[:6].hex(":")
            elif ethertype == ETH_P_IPV6 and frame[20] == ICMPV6:
                self._advertisement(frame, source)

    def complete(self):
        """An error where a frame was not kept."""
        lost = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        if lost:
            raise RuntimeError(f"{lost} frames on the client's cable were not counted")

    def _arp(self, frame, source):
        # A reply, and a request too, tells whoever hears it where its sender is.
        if frame[28:32] == self._vip:
            self.claims.add(source)

    def _advertisement(self, frame, source):
        if frame[54] == NEIGHBOUR_ADVERTISEMENT and frame[62:78] == self._vip:
            self.claims.add(source)
