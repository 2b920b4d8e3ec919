"""Traffic that makes a real server betray its VIP at the first chance: a storm of requests, and packets of its own.

Both run as child processes until they are told to stop, or for MOST seconds. `Child` does that for other work, too.
"""
import multiprocessing
import time

from .arp import DISCARD, Wire, bound, request

MOST = 180.0
FORK = multiprocessing.get_context("fork")


class Child:
    """A child process that works in a namespace until `stop`, which returns what it counted: the sum of what the WORK yields."""

    def __init__(self, work, *arguments, most=MOST):
        self._ours, theirs = FORK.Pipe()
        self._process = FORK.Process(name=work.__name__.strip("_"), target=_work, args=(self._ours, theirs, work, arguments, most), daemon=True)
        self._process.start()
        theirs.close()
        self._ours.recv()  # it is under way
        self.counted = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """End the work; what it counted. A work that had ended by itself is an error: nobody knows when."""
        if self.counted is None:
            try:
                self._ours.send("stop")
                self.counted = self._ours.recv()
            except (EOFError, OSError) as error:
                raise RuntimeError(f"the {self._process.name} ended before it was told to") from error
            finally:
                self._process.join()
        return self.counted


def requests(namespace, interface, sender, targets, burst=32):
    """A storm of who-has for all targets in turn, so often without a pause; counts the requests sent."""
    return Child(_requests, namespace, interface, sender, targets, burst)


def packets(namespace, source, targets):
    """UDP packets from SOURCE to each target, over and over; counts those that the host agreed to send.

    While the host does not own SOURCE it refuses them. For each target that is not resolved it sends a request, as
    soon as the last one has failed: see `impatient`.
    """
    return Child(_packets, namespace, source, targets)


def impatient(namespace, interface):
    """One request a resolution, given up after 5 ms, so that packets keep asking."""
    namespace.set_sysctl(f"net/ipv4/neigh/{interface}/mcast_solicit", 1)
    namespace.set_sysctl(f"net/ipv4/neigh/{interface}/retrans_time_ms", 5)


def _work(parents_end, pipe, work, arguments, most):
    parents_end.close()  # so that the end of the parent ends the child
    done = 0
    pipe.send("ready")
    try:
        deadline = time.monotonic() + most
        rounds = work(*arguments)
        while not pipe.poll():
            done += next(rounds)
            if time.monotonic() > deadline:
                return
        pipe.send(done)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass


def _requests(namespace, interface, sender, targets, burst):
    with Wire(namespace, interface) as wire:
        frames = [bytes(request(wire.mac, target, sender)) for target in targets]
        while True:
            for frame in frames * burst:
                wire.socket.send(frame)
            time.sleep(0.0001)  # leaves the kernel time to answer; without it the link's queue drops most requests
            yield burst * len(frames)


def _packets(namespace, source, targets):
    namespace.join()
    sender = bound(source)
    while True:
        sent = 0
        for target in targets:
            try:
                sender.sendto(b"storm", (target, DISCARD))
                sent += 1
            except OSError:  # not ours at this moment, or the last resolution failed
                pass
        time.sleep(0.001)
        yield sent
