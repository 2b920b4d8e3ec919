"""A boot, step by step, under a storm from the first instant on: no frame with the VIP as its sender may leave."""
import contextlib
import time

from . import storm
from .arp import REPLY, REQUEST
from .machine import LOADER
from .tap import Tap

VIP = "192.0.2.10"
# The networks that the interfaces are in: the neighbour, the real server, and neighbours that nobody is, so that each packet to them asks.
SUBNETS = {net: (f"{net}.1", f"{net}.11", [f"{net}.{last}" for last in range(100, 116)]) for net in ("192.0.2", "198.51.100")}
LOAD, RESTORE = "loader", "restore"
HEARD = 30  # frames from the server's own address, before the storm counts as heard


class Server:
    """A machine that is booted, and its neighbour, which asks all the time. Its interfaces arrive one by one."""

    def __init__(self, machine, neighbour, interfaces, loader=LOADER):
        self.machine, self.loader = machine, loader
        self._neighbour = neighbour
        self._subnets = dict(zip(interfaces, SUBNETS.values()))
        self._ends = contextlib.ExitStack()
        self._loaded = False
        self._taps = {}
        self._ends.enter_context(
            storm.packets(machine, VIP, [target for *_, targets in SUBNETS.values() for target in targets]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ends.close()

    def arrive(self, name):
        """An interface appears, udev does what it does then, and it gets its address and is set up. Its wire is in a storm already."""
        ours, theirs, _ = self._subnets[name]
        port, made = f"p{len(self._taps)}", f"new{len(self._taps)}"
        self._neighbour.ip(f"link add {port} type veth peer name {made}")
        self._neighbour.ip(f"addr add {ours}/24 dev {port}")
        self._neighbour.ip(f"link set {port} up")
        self._ends.enter_context(storm.requests(self._neighbour, port, ours, [VIP, VIP, theirs], burst=1))
        self._neighbour.ip(f"link set {made} netns {self.machine.name} name {name}")
        storm.impatient(self.machine, name)
        leaked, own = Tap(self.machine, name, VIP), Tap(self.machine, name, theirs)
        self._taps[name] = self._ends.enter_context(leaked), self._ends.enter_context(own)
        # An interface that is there before the loader is one that the kernel made before process 1.
        if self._loaded and self.loader == LOADER:
            self.machine.udev(name)
        self.machine.ip(f"addr add {theirs}/24 dev {name}")
        self.machine.ip(f"link set {name} up")
        self._until(name, REPLY)

    def load(self):
        self.machine.load(self.loader)
        self._loaded = True

    def restore(self, program):
        return self.machine.run(program, "restore", check=False)

    def _until(self, name, operation):
        """Wait until the storm is heard: otherwise silence proves nothing."""
        own, deadline = self._taps[name][1], time.monotonic() + 10
        while own.count().operations[operation] < HEARD:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} is in no storm: {own.count()}")
            time.sleep(0.002)

    def asks_in_its_own_name(self):
        """Packets from the VIP leave on every interface, and who they ask for is asked for in the name of the interface's own address."""
        for name in self._taps:
            self._until(name, REQUEST)

    def wait_for_leaks(self):
        """Wait until something left with the VIP as its sender."""
        deadline = time.monotonic() + 10
        while not self.leaked() and time.monotonic() < deadline:
            time.sleep(0.002)

    def leaked(self):
        """What left with the VIP as its sender: {interface: Count}."""
        return {name: leaked.count() for name, (leaked, _) in self._taps.items() if leaked.count().frames}


def boot(server, order, program):
    """Do the steps in this order: LOAD, RESTORE, and names of interfaces that arrive."""
    for step in order:
        if step == LOAD:
            server.load()
        elif step == RESTORE:
            done = server.restore(program)
            assert done.returncode == 0, done.stderr
        else:
            server.arrive(step)
