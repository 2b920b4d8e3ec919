"""A fleet with the real daemons of Salt and the files of examples/salt, for the whole session."""
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab import sandbox  # noqa: E402
from lab.say import say  # noqa: E402, F401

import fleet as fleets  # noqa: E402
from story import Story  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[3] / "examples/salt"


@pytest.fixture(scope="session", autouse=True)
def in_a_sandbox():
    sandbox.enter(everybody=True)


@pytest.fixture(scope="session")
def fleet(in_a_sandbox):
    if missing := fleets.needs():
        pytest.exit(f"a fleet needs {', and '.join(missing)}", returncode=1)
    whole = fleets.Fleet()
    try:
        files = whole.root / "srv"
        shutil.copytree(EXAMPLES, files)
        whole.configure(file_roots={"base": [str(files / "states")]}, pillar_roots={"base": [str(files / "pillar")]})
        whole.drop_in("master", EXAMPLES / "master-reactor.conf")
        for name in whole.servers:
            whole.drop_in(name, EXAMPLES / "minion-mine.conf")
        try:
            whole.start()
        except Exception as error:
            raise RuntimeError(f"the daemons did not start; they said:\n{whole.said()}") from error
        yield whole
    finally:
        whole.close()


@pytest.fixture(scope="session")
def watched(fleet):
    """rs2, which has the beacon from now on. It would tell of a server that was never applied, too, and the reactor would apply it."""
    fleet.daemons["rs2"].kill()
    fleet.drop_in("rs2", EXAMPLES / "minion-beacon.conf")
    fleet.start_minions("rs2")
    return fleet.minions["rs2"]


@pytest.fixture(scope="session")
def story(fleet):
    with Story(fleet) as story:
        yield story


@pytest.fixture(autouse=True)
def timed(say, request):
    begin = time.monotonic()
    yield
    say(f"{request.node.name}: {time.monotonic() - begin:.1f} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What the daemons wrote belongs to a failure."""
    report = yield
    if report.failed and (whole := item.funcargs.get("fleet")):
        report.sections.append(("what the daemons wrote", whole.said()))
    return report
