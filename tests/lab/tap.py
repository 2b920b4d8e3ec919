"""Count the ARP frames that leave an interface with a given sender, in the kernel, so that none is missed.

A classic BPF program picks the frames where the host hands them to the interface, before a full queue of the link
could drop them; PACKET_STATISTICS counts each frame picked, also those for which our buffer had no room.
"""
import ctypes
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field

from .arp import ETH_P_ARP, number, parse

ETH_P_ALL = 0x0003  # only taps of all protocols see what leaves
SOL_PACKET, PACKET_STATISTICS = 263, 6
SO_ATTACH_FILTER = 26
ROOM = 64 << 20  # the kernel cuts this to net.core.rmem_max

LOAD_WORD, LOAD_HALF, JUMP_EQUAL, RETURN = 0x20, 0x28, 0x15, 0x06
PACKET_TYPE, OUTGOING = 0xFFFFF000 + 4, 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
ETHERTYPE, SENDER_IP = 12, 28  # where they lie in the frame


@dataclass
class Count:
    """What a tap saw: the number of frames, and of those that it kept the operations and the first few."""

    frames: int = 0
    only_counted: int = 0
    operations: Counter = field(default_factory=Counter)
    first: list = field(default_factory=list)

    def __str__(self):
        lines = [f"{self.frames} frames ({self.only_counted} of them counted only, without room to keep them)"]
        return "\n  ".join(lines + [str(frame) for frame in self.first])


class Tap:
    """Counts, from now on, the ARP frames that leave an interface of a namespace with SENDER_IP as their sender."""

    def __init__(self, namespace, interface, sender_ip):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self._pick(sender_ip)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # forgets that the interface is down, if it is; it will come up
        self._socket.setblocking(False)
        self._total = Count()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def count(self):
        """The count since the tap was opened."""
        answer = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        frames, only_counted = struct.unpack("II", answer)  # reading sets both to 0
        self._total.frames += frames
        self._total.only_counted += only_counted
        try:
            while True:
                frame = parse(self._socket.recv(2048))
                self._total.operations[frame.operation] += 1
                if len(self._total.first) < 5:
                    self._total.first.append(frame)
        except BlockingIOError:
            return self._total

    def _pick(self, sender_ip):
        program = [
            (LOAD_WORD, 0, 0, PACKET_TYPE),
            (JUMP_EQUAL, 0, 5, OUTGOING),
            (LOAD_HALF, 0, 0, ETHERTYPE),
            (JUMP_EQUAL, 0, 3, ETH_P_ARP),
            (LOAD_WORD, 0, 0, SENDER_IP),
            (JUMP_EQUAL, 0, 1, number(sender_ip)),
            (RETURN, 0, 0, 0xFFFF),
            (RETURN, 0, 0, 0),
        ]
        attach(self._socket, program)


def attach(packet_socket, program):
    """Give a packet socket a filter: (code, jump if true, jump if false, operand) of each step."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    packet_socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))
