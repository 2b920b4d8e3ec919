"""Holds an apply of a minion in its middle: the levels are set and the VIPs bound, and the journal does not say yet that it was done.

strace finds the place: the second time that the journal gets its name is the end of the apply. There the job waits.
"""
import signal
import socket
import struct
import subprocess

from daemons import gone, wait

SO_NETNS_COOKIE = 71
HELD = "600s"


class Middle:
    """From now on the next apply of a minion's jobs stops in its middle, until `kill`."""

    def __init__(self, machine, daemon):
        self._machine, self._daemon = machine, daemon
        with machine.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            cookie, = struct.unpack("=Q", any_socket.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8))
        self._journal, self._next = f"/run/lvsarp/netns-{cookie}.json", f"/run/lvsarp/netns-{cookie}.new"
        processes = daemon.processes()
        self._log = daemon.root / "strace"
        with open(self._log, "wb") as log:
            self._strace = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "strace", "-f", "-o", "/dev/null", "-P", self._next, "-e", "trace=rename",
                 "-e", f"inject=rename:delay_enter={HELD}:when=2", *(f"--attach={process}" for process in processes)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: all(gone(process) or f"Process {process} attached" in self._log.read_text() for process in processes), "strace to attach")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._strace.kill()
        self._strace.wait()

    def reached(self):
        """Wait until the apply stands there: the next journal is written whole, and the one before is in force."""
        def there():
            return '"phase":"applying"' in self._text(self._journal) and '"phase":"applied"' in self._text(self._next)

        wait(there, "the middle of an apply")

    def kill(self):
        """SIGKILL for the minion, its job and everything else that it started."""
        self._daemon.signal(signal.SIGKILL, self._daemon.processes())
        self._strace.kill()  # it keeps them although they are dead
        self._daemon.kill()

    def _text(self, path):
        file = self._machine.path(path)
        return file.read_text() if file.exists() else ""


def journal(machine):
    """The phases of the journals that a machine has."""
    return [file.read_text().partition('"phase":"')[2].partition('"')[0] for file in machine.path("/run/lvsarp").glob("*.json")]
