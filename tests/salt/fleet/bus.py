"""The event bus of the master: every event from now on, with the time when it arrived.

    python bus.py CONFIGURATION        prints `ready`, then one line of JSON an event; needs Salt
"""
import fnmatch
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """What was said on the bus, and when (time.monotonic)."""

    tag: str
    data: dict
    at: float


class Bus:
    """A listener on the bus of a master that runs in a namespace, or is just starting there."""

    def __init__(self, master, configuration, timeout=60.0):
        self._process = master.popen("setpriv", "--pdeathsig", "KILL", sys.executable, __file__, configuration,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._events, self._news = [], threading.Condition()
        self._ready = self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._news:
            self._news.wait_for(lambda: self._ready or self._ended, timeout)
        if not self._ready:
            self.close()
            raise TimeoutError(f"no event bus of a master within {timeout} s")

    def close(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def mark(self):
        """A place in the stream, for `wait`: only what comes later counts."""
        with self._news:
            return len(self._events)

    def since(self, mark, pattern="*"):
        """The Events after a mark whose tag fits a pattern with * and ?."""
        with self._news:
            return [event for event in self._events[mark:] if fnmatch.fnmatchcase(event.tag, pattern)]

    def wait(self, mark, pattern, fits=lambda data: True, timeout=60.0):
        """The first Event after a mark whose tag fits the pattern and whose data fits, as soon as it is there."""
        def first():
            return next((event for event in self.since(mark, pattern) if fits(event.data)), None)

        with self._news:
            self._news.wait_for(lambda: self._ended or first(), timeout)
        if not (found := first()):
            seen = "\n  ".join(event.tag for event in self.since(mark))
            raise TimeoutError(f"no event {pattern} within {timeout} s; these came:\n  {seen}")
        return found

    def _read(self):
        for line in self._process.stdout:
            now = time.monotonic()
            with self._news:
                if self._ready:
                    said = json.loads(line)
                    self._events.append(Event(said["tag"], said["data"], now))
                self._ready = True
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def main(configuration):
    import salt.config
    import salt.utils.event

    options = salt.config.client_config(configuration)
    bus = salt.utils.event.get_event("master", sock_dir=options["sock_dir"], opts=options, listen=True)
    hello = "fleet/bus"
    # Heard only when the master has accepted the connection: what it said before is lost.
    while not (bus.connect_pub(timeout=0.1) and bus.fire_event({}, hello, timeout=100) and bus.get_event(wait=0.1, tag=hello)):
        time.sleep(0.02)
    print("ready", flush=True)
    while True:
        event = bus.get_event(full=True, auto_reconnect=True)
        if event and event["tag"] != hello:
            print(json.dumps({"tag": event["tag"], "data": event["data"]}, default=str), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
