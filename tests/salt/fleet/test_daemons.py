"""What the laboratory itself promises about the daemons that it starts."""
import json
import os
import signal

from daemons import MINION, Daemon, gone, wait


def test_no_daemon_outlives_the_process_that_started_it(fleet):
    """As when pytest is killed: nobody is left who could end what it began."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            root = fleet.root / "orphan"
            root.mkdir()
            daemon = Daemon(fleet.client, "salt-minion", root)
            daemon.configure(**MINION, id="orphan", master="127.0.0.1")
            daemon.start()
            wait(lambda: len(daemon.processes()) > 1, "a minion that has started another process")
            os.write(writer, json.dumps(daemon.processes()).encode() + b"\n")
            signal.pause()
        finally:
            os._exit(1)
    try:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            processes = json.loads(pipe.readline())
        assert len(processes) > 1 and not all(map(gone, processes))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    wait(lambda: all(map(gone, processes)), "the end of daemons whose parent was killed", 10)
