"""A real server in a sandbox with an /etc of its own, and Salt's real loader on it: no daemon, nothing played."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "python")]

import lvsarp  # noqa: E402
import salt._logging  # noqa: E402
import salt.config  # noqa: E402
import salt.loader  # noqa: E402
from lab import sandbox  # noqa: E402
from lab.child import in_a_child  # noqa: E402
from lab.namespaces import real_server  # noqa: E402
from lab.sandbox import call  # noqa: E402
from saltfactories.utils.functional import Loaders  # noqa: E402
from surroundings import MS_BIND  # noqa: E402

# Salt keeps what is logged before it is set up, to print it at the end, when pytest has closed the standard error.
salt._logging.shutdown_temp_handler()

# What Salt's own modules read in /etc.
READ = ("group", "hosts", "ld.so.cache", "nsswitch.conf", "os-release", "passwd", "ssl")
# Where lvsarp writes, and Salt's sysctl.present.
WRITTEN = ("lvsarp", "sysctl.conf", "sysctl.d", "systemd")


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter()


@pytest.fixture(scope="session")
def private_etc(in_a_sandbox, tmp_path_factory):
    """This process sees an /etc of the tests' own, and a machine with systemd."""
    home, systemd = tmp_path_factory.mktemp("etc"), tmp_path_factory.mktemp("systemd")
    for name in READ:
        if os.path.isdir(f"/etc/{name}"):
            shutil.copytree(f"/etc/{name}", home / name, ignore_dangling_symlinks=True, ignore=lambda *_: ["private"])
        elif os.path.exists(f"/etc/{name}"):
            shutil.copy(f"/etc/{name}", home)
    (systemd / "systemd").touch()
    assert Path("/usr/lib/systemd").is_dir(), "there is no /usr/lib/systemd to mount a directory of the tests' own on"
    call("mount", bytes(home), b"/etc", None, MS_BIND, None)
    call("mount", bytes(systemd), b"/usr/lib/systemd", None, MS_BIND, None)


@pytest.fixture
def etc(private_etc):
    """/etc without any file of lvsarp."""
    etc = Path("/etc")
    yield etc
    for name in WRITTEN:
        path = etc / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def minion_config(private_etc, tmp_path_factory):
    """The configuration of a minion without a master."""
    root = tmp_path_factory.mktemp("minion")
    (root / "states").mkdir()
    (root / "pillar").mkdir()
    (root / "minion").write_text(
        f"root_dir: {root}\nid: rs1\nuser: root\nfile_client: local\nenable_fqdns_grains: False\nlog_level: error\n"
        f"file_roots: {{base: [{root}/states]}}\npillar_roots: {{base: [{root}/pillar]}}\n"
    )
    return root / "minion"


@pytest.fixture(scope="session")
def loaders(minion_config):
    return Loaders(salt.config.minion_config(str(minion_config)))


@pytest.fixture
def modules(loaders, etc):
    """The execution modules, with a return code of 0."""
    loaders.context.pop("retcode", None)
    return loaders.modules


@pytest.fixture
def states(loaders, etc):
    return loaders.states


@pytest.fixture
def sls(modules, minion_config):
    """Run the states of a text; what they returned, by their identifiers."""

    def run(text, **options):
        path = minion_config.parent / "states/tested.sls"
        path.write_text(text)
        try:
            return modules.state.sls("tested", **options)
        finally:
            path.unlink()

    return run


@pytest.fixture
def minion(loaders, etc):
    """Another minion: its module lvsarp with this pillar and this configuration, and its context."""

    def made(pillar=None, **options):
        context = {}
        opts = {**loaders.opts, "pillar": pillar or {}, **options}
        return salt.loader.minion_mods(opts, context=context, whitelist=["lvsarp"]), context

    return made


@pytest.fixture
def server(in_a_sandbox):
    """A real server with eth0 192.0.2.11/24; the test's thread is in its namespace."""
    with real_server() as server:
        yield server


@pytest.fixture
def host(server):
    with lvsarp.Host() as host:
        yield host


@pytest.fixture
def everything(server, host, etc):
    """All that an act could change: the namespace, every file below /etc, and lvsarp's records."""

    def read():
        records = {name: text for name, text in tree("/run/lvsarp").items() if not name.endswith(".lock")}
        # What the kernel remembers of routing that was there once is no part of it; the routes are.
        namespace = {name: value for name, value in host.snapshot().as_dict().items() if name != "routing"}
        return namespace, server.ip("route show table all"), tree(etc), records

    return read


@pytest.fixture
def forked(in_a_sandbox):
    return in_a_child


def tree(root):
    """Every file below a root with its bytes, every link with where it leads."""
    return {
        str(path): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in Path(root).rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
