"""Every test of this folder runs in a user-mode Linux of its own, whose kernel has ip_vs.

In the guest pytest runs again, for this one test. Its reports are carried out and told here as if they were made here.
"""
import ast
import os
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from lab import uml  # noqa: E402
from lab.cluster import VIP, Cluster  # noqa: E402
from lab.program import example, lvsarp  # noqa: E402

REPORTS = os.environ.get("UML_REPORTS")  # set in the guest: the file for its reports


@pytest.fixture
def cluster():
    cluster = Cluster(lvsarp())
    for name in cluster.servers:
        cluster.prepare(name)
    return cluster


@pytest.fixture
def check():
    """The health check's command for a real server."""
    program = example("dr_check")
    return lambda name: f"{program} -n {name} {VIP}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    if REPORTS or HERE not in item.path.parents:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in in_a_guest(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def in_a_guest(item):
    """Run one test in a guest; its reports, and one more failure where the guest or its pytest failed."""
    test = f"{item.path}::{item.nodeid.partition('::')[2]}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "reports")
        try:
            done = uml.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", item.config.rootpath,
                           test, env={"UML_REPORTS": file}, share=[folder])
            trouble = "" if done.status in (0, 1) and file.exists() else str(done)
        except uml.GuestError as error:
            trouble = str(error)
        lines = file.read_text().splitlines() if file.exists() else []
    for line in lines:
        yield item.config.hook.pytest_report_from_serializable(config=item.config, data=ast.literal_eval(line))
    if trouble:
        yield pytest.TestReport(item.nodeid, item.location, {}, "failed", trouble, "call")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if REPORTS:
        data = item.config.hook.pytest_report_to_serializable(config=item.config, report=report)
        with open(REPORTS, "a") as file:
            file.write(f"{data!r}\n")
