"""A fleet: a master, a director, real servers and a client on one bridge, each in its own namespaces, with the real daemons of Salt."""
import concurrent.futures
import contextlib
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.machine import Machine
from lab.namespaces import Namespace, run, veth, wait_up
from lab.sandbox import MS_NODEV, MS_NOSUID, call, knows_everybody

from bus import Bus
from daemons import BIN, MASTER, MINION, Daemon, acquaint

DIRECTOR, SERVERS = "director", ("rs1", "rs2", "rs3", "rs4", "rs5")
MINIONS = (DIRECTOR, *SERVERS)
MNT_DETACH = 2
# Where they are on the bridge.
NET = "192.0.2"
PLACES = {"client": 1, "master": 2, DIRECTOR: 3} | {server: 21 + place for place, server in enumerate(SERVERS)}
ADDRESSES = {name: f"{NET}.{last}" for name, last in PLACES.items()}


@dataclass
class Told:
    """What a command of Salt told: its exit status, its JSON, and what it wrote beside that."""

    status: int
    answers: dict
    text: str


class Fleet:
    """The hosts and their daemons. Everything that is written is below `root`, a tmpfs that this process and its children alone see."""

    def __init__(self):
        with contextlib.ExitStack() as self._ends:
            self.root = Path(tempfile.mkdtemp(prefix="fleet."))  # a short path: that of a socket has at most 107 bytes
            self._ends.callback(self.root.rmdir)
            call("mount", b"tmpfs", bytes(self.root), b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=0755")
            self._ends.callback(call, "umount2", bytes(self.root), MNT_DETACH)
            self.switch, self.client, self.master = (self._place(Namespace, name) for name in ("switch", "client", "master"))
            self.minions = {name: self._place(Machine, name) for name in MINIONS}
            self.switch.ip("link add br0 type bridge forward_delay 0")
            self.switch.ip("link set br0 up")
            for place in (self.client, self.master, *self.minions.values()):
                self._plug_in(place)
            self.daemons = {place.name: self._daemon(place) for place in (self.master, *self.minions.values())}
            acquaint(self.daemons["master"], [self.daemons[name] for name in MINIONS])
            self.bus = None
            self._ends = self._ends.pop_all()

    @property
    def servers(self):
        return {name: self.minions[name] for name in SERVERS}

    def configure(self, **master):
        """The configuration of the master and of all minions; `master` has what is not needed by every fleet."""
        self.daemons["master"].configure(**MASTER, interface=ADDRESSES["master"], **master)
        for name in MINIONS:
            self.daemons[name].configure(**MINION, id=name, master=ADDRESSES["master"])

    def drop_in(self, name, file):
        """A further file of the configuration of the master or of a minion."""
        folder = self.daemons[name].root / "etc/salt" / ("master.d" if name == "master" else "minion.d")
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder)

    def start(self):
        """Start all daemons, and wait until each minion has said that it is there."""
        master = self.daemons["master"]
        master.start()
        self.bus = Bus(self.master, str(master.root / "etc/salt/master"))
        self._ends.callback(self.bus.close)
        self.start_minions(*MINIONS)

    def start_minions(self, *names):
        """Start minions, and wait until each has said that it is there."""
        mark = self.bus.mark()
        for name in names:
            self.daemons[name].start()
        for name in names:
            self.bus.wait(mark, f"salt/minion/{name}/start")

    def salt(self, *words):
        """What `salt TARGET FUNCTION...` tells: an answer for each minion."""
        return self._told("salt", "--timeout", "60", *words)

    def orchestrate(self, file, **other):
        """What `salt-run state.orchestrate FILE` tells; `other` is what it takes for the master's configuration besides."""
        return self._told("salt-run", "state.orchestrate", file, **other)

    @contextlib.contextmanager
    def orchestrating(self, file, **other):
        """The same, which runs while the block does: a Future of what it tells."""
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            yield thread.submit(self.orchestrate, file, **other)

    def _told(self, program, *words, **other):
        folder = self.daemons["master"].root / "etc/salt"
        if other:
            own = folder / "other"
            own.mkdir(exist_ok=True)
            (own / "master").write_text(json.dumps({**json.loads((folder / "master").read_text()), **other}))
            folder = own
        done = self.master.run("setpriv", "--pdeathsig", "KILL", sys.executable, BIN / program,
                               "--config-dir", folder, "--out", "json", "--log-level", "quiet",
                               *words, check=False, timeout=120)
        return Told(done.returncode, _together(done.stdout), done.stdout + done.stderr)

    def state(self, *names, folders=("/etc", "/run")):
        """The levels, addresses (in no order) and files of these minions, or of all. In /run is the journal, which remembers the order."""
        found = {}
        for name in names or MINIONS:
            state = self.minions[name].state()
            for of in state:
                if isinstance(state[of], list):
                    state[of].sort(key=lambda address: address["local"])
            found[name] = state | {path: file for folder in folders for path, file in self.minions[name].files(folder).items()}
        return found

    def said(self):
        """The end of what each daemon wrote."""
        return "\n".join(f"---- {daemon.name}\n{daemon.said()}" for daemon in self.daemons.values())

    def close(self):
        """Kill all daemons, and remove the rest."""
        self._ends.close()

    def _place(self, kind, name):
        place = kind(name)
        self._ends.callback(place.delete)
        for scope in ("all", "default"):
            place.set_sysctl(f"net/ipv6/conf/{scope}/disable_ipv6", 1)  # no link-local address that appears later
        return place

    def _plug_in(self, place):
        veth(self.switch, place, (f"to-{place.name}", "eth0"))
        self.switch.ip(f"link set to-{place.name} master br0")
        place.ip(f"addr add {ADDRESSES[place.name]}/24 dev eth0")
        wait_up(self.switch, "br0")

    def _daemon(self, place):
        root = self.root / place.name
        root.mkdir()
        daemon = Daemon(place, "salt-master" if place is self.master else "salt-minion", root)
        self._ends.callback(daemon.kill)
        return daemon


def _together(text):
    """The objects that a command printed one after the other, each as an answer came, as one."""
    answers, decoder = {}, json.JSONDecoder()
    while text := text.lstrip():
        try:
            one, end = decoder.raw_decode(text)
        except ValueError:  # a sentence of Salt's: it is in the text that is told
            text = text.partition("\n")[2]
            continue
        answers |= one if isinstance(one, dict) else {}
        text = text[end:]
    return answers


def needs():
    """What is missing here for a fleet, in words; nothing if all is there."""
    missing = [f"{program} ({package})" for program, package in (
        ("ip", "iproute2"), ("unshare", "util-linux"), ("setpriv", "util-linux"), ("nsenter", "util-linux"), ("strace", "strace"))
        if not shutil.which(program)]
    if not knows_everybody():
        missing.append("root")
    if not (BIN / "salt-master").exists():
        missing.append(f"salt-master beside {sys.executable}: run `make test-salt`, which installs Salt into .venv-salt")
    # Processes of their own need a /proc of their own, which a container with a masked /proc does not allow.
    if not missing and (tried := run("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "true", check=False)).returncode:
        missing.append(f"the right to mount /proc in a process namespace ({tried.stderr.strip()}): a container needs --privileged")
    return missing
