"""The daemons of Salt, each in a process namespace of its own, so that one signal ends it with everything that it started."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent  # where pip put the programs of Salt
# What Salt would take from the machine and what would only cost time; the rest is its default.
COMMON = {
    "user": "root",
    "log_level": "error",
    "log_level_logfile": "info",
    "keysize": 2048,
    "enable_fqdns_grains": False,
    "enable_gpu_grains": False,
}
MASTER = {**COMMON, "worker_threads": 3, "timeout": 30, "gather_job_timeout": 15}
MINION = {**COMMON, "random_reauth_delay": 1, "acceptance_wait_time": 1, "recon_default": 100, "loop_interval": 1}


class Daemon:
    """A master or a minion: PROGRAM with the configuration below ROOT, in the namespaces of PLACE."""

    def __init__(self, place, program, root):
        self.name, self.root, self._place, self._program = place.name, root, place, program
        self._process = None

    def configure(self, **configuration):
        """Write the one file of its configuration. What else is in minion.d or master.d counts, too."""
        file = self.root / "etc/salt" / self._program.removeprefix("salt-")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**configuration, "root_dir": str(self.root)}, indent=1))  # JSON is YAML

    def start(self):
        """Start it, from the main thread: the kernel kills it when the thread that started it ends, however that is."""
        assert self._process is None
        with open(self.root / "console", "ab") as console:
            self._process = self._place.popen(
                "setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
                sys.executable, BIN / self._program, "--config-dir", self.root / "etc/salt",
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def kill(self):
        """SIGKILL for the first process of the process namespace; when it is gone all others in it are, too."""
        if self._process is not None:
            self.signal(signal.SIGKILL, self.processes()[:1])
            self._process.wait(30)
            self._process = None

    @contextlib.contextmanager
    def standing_still(self):
        """All its processes are stopped until the function is called that this gives, or the block ends."""
        stopped = self.processes()
        self.signal(signal.SIGSTOP, stopped)
        try:
            yield lambda: self.signal(signal.SIGCONT, stopped)
        finally:
            self.signal(signal.SIGCONT, stopped)

    @staticmethod
    def signal(number, processes):
        """Send a signal to processes, of which some may have ended."""
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def processes(self):
        """The daemon and everything that it started, by the numbers that they have outside."""
        found, fresh = [], _children(self._process.pid)  # the parent of the first is unshare, which waits for it
        while fresh:
            found += fresh
            fresh = [child for parent in fresh for child in _children(parent)]
        return found

    def said(self):
        """The end of what it wrote: its console, and the warnings and errors of its log."""
        console, log = (file.read_text(errors="replace").splitlines() if file.exists() else [] for file in (
            self.root / "console", self.root / "var/log/salt" / self._program.removeprefix("salt-")))
        return "\n".join([*console[-20:], *[line for line in log if "[INFO" not in line][-30:]])


def wait(happened, what, timeout=60.0):
    """Wait until a function returns something true, and return that."""
    deadline = time.monotonic() + timeout
    while not (found := happened()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.01)
    return found


def acquaint(master, minions):
    """Make the keys of all, and let them know each other, so that nobody has to accept anything."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    def pair(folder, name):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                    serialization.NoEncryption())
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.pem").write_bytes(private)
        (folder / f"{name}.pem").chmod(0o400)
        (folder / f"{name}.pub").write_bytes(public)
        return public

    known = master.root / "etc/salt/pki/master"
    masters = pair(known, "master")
    (known / "minions").mkdir()
    for minion in minions:
        folder = minion.root / "etc/salt/pki/minion"
        (known / "minions" / minion.name).write_bytes(pair(folder, "minion"))
        (folder / "minion_master.pub").write_bytes(masters)


def gone(process):
    """Whether a process has ended; that nobody has asked for its status yet does not matter."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _children(process):
    try:
        tasks = os.listdir(f"/proc/{process}/task")
        texts = [Path(f"/proc/{process}/task/{task}/children").read_text() for task in tasks]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for text in texts for word in text.split()]
