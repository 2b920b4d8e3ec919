"""The program as it watches a host, and its events as they come."""
import json
import os
import select
import signal
import subprocess
import time

PATIENCE = 20.0


class Watcher:
    """`lvsarp watch --json` in a namespace, under way when this returns."""

    def __init__(self, program, namespace, *arguments, command=None):
        self.argv = [program, "watch", "--json", *map(str, arguments)]
        with namespace.entered():
            self.process = subprocess.Popen((command or []) + self.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self._rest, self._lines = b"", []
        self.begin = self.next()
        assert self.begin["kind"] == "watching", self.begin

    @property
    def pid(self):
        return self.process.pid

    def next(self, timeout=PATIENCE, missing="an event"):
        """The next event; fails if none comes in time."""
        deadline = time.monotonic() + timeout
        while not self._lines:
            left = deadline - time.monotonic()
            assert left > 0, f"within {timeout} s there was not: {missing}"
            self._read(left)
        return self._lines.pop(0)

    def _read(self, timeout):
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            return
        piece = os.read(self.process.stdout.fileno(), 1 << 20)
        assert piece, f"the watch ended: {self.process.stderr.read().decode()}"
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._lines += [json.loads(line) for line in lines]

    def until(self, kind, timeout=PATIENCE):
        """The events up to the first one of a kind, that one last."""
        deadline, events = time.monotonic() + timeout, []
        while not events or events[-1]["kind"] != kind:
            assert time.monotonic() < deadline, f"no {kind} within {timeout} s, but {[shown(event) for event in events]}"
            events.append(self.next(max(0.01, deadline - time.monotonic())))
        return events

    def quiet(self, seconds):
        """Everything that is told within this time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)
        events, self._lines = self._lines, []
        return events

    def signal(self, number):
        self.process.send_signal(number)

    def status(self, field):
        """A figure of /proc/PID/status, in KiB."""
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))

    def running(self):
        """How long it was on a processor, in seconds: the first figure of schedstat, in nanoseconds."""
        with open(f"/proc/{self.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9

    def end(self, timeout=PATIENCE):
        """Waits for its own end; the exit status."""
        while self.process.poll() is None:
            assert select.select([self.process.stdout], [], [], timeout)[0], "it does not end"
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._lines += [json.loads(line) for line in lines]
            if not piece:
                self.process.wait(timeout)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        complaint = self.process.communicate(timeout=PATIENCE)[1].decode()
        assert self.process.returncode in (0, 1, 2, -signal.SIGTERM, -signal.SIGKILL), self.process.returncode
        assert "panicked" not in complaint, complaint


def what(event):
    """What an event says that happened, without when, by whom and the verdict."""
    return tuple(event[field] for field in ("kind", "vip", "scope", "key", "old", "new"))


def shown(event):
    return " ".join(str(part) for part in what(event) if part is not None)
