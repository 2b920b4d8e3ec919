"""The behaviour suite in tests/conformance, through Python: the same cases run through the other faces."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import lvsarp
import pytest
from lab import sandbox

SUITE = Path(__file__).parents[1] / "conformance"
FILES = sorted(SUITE.glob("*.json"))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}") for file in FILES for case in json.loads(file.read_text())
]


LOOKS = "sh", "sysctl", "shown", "file", "tree"
REQUEST = {"target": "127.0.0.1", "sender": "10.0.0.2", "on": "lo"}


def sh(line):
    done = subprocess.run(["sh", "-ec", line], capture_output=True, text=True)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    return done.stdout.strip()


def shown(dev):
    """What `ip` shows on a device, as `192.0.2.10/32 host lo:0`."""
    listed = json.loads(sh(f"ip -j addr show dev {dev}"))[0]["addr_info"]
    return [f"{a['local']}/{a['prefixlen']} {a['scope']} {a.get('label', '')}".rstrip() for a in listed]


def make_files(root, files):
    """The files of a case below a root of its own."""
    Path(root, "etc").mkdir()
    for name, content in files.items():
        path = below(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(content["link"]) if isinstance(content, dict) else path.write_text(content)


def below(root, path):
    assert path.startswith("/")
    return Path(root, path[1:])


def content(path):
    """The text of a file; where a link leads; None where nothing is."""
    if path.is_symlink():
        return {"link": os.readlink(path)}
    return path.read_bytes().decode() if path.exists() else None


def tree(root):
    """Every path below the root that is no directory, in the order of its bytes."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    found += [os.path.join(folder, n) for folder, names, _ in os.walk(root) for n in names if Path(folder, n).is_symlink()]
    return sorted([path[len(root) :] for path in found], key=os.fsencode)


def look(call, root, line="", key="", dev="lo", path=""):
    """What only looks or disturbs, past the library."""
    if call == "sysctl":
        return int(Path("/proc/sys/net/ipv4/conf", key).read_text())
    if call == "file":
        return content(below(root, path))
    if call == "tree":
        return tree(root)
    return sh(line) if call == "sh" else shown(dev)


def decide(host, call, options):
    """A decision of the host, or of a snapshot: one in a file (`snapshot`), or with other values (`set`)."""
    options = dict(options)
    name, values = options.pop("snapshot", None), options.pop("set", "").split()
    snapshot = lvsarp.Snapshot.from_json((SUITE / "snapshots" / f"{name}.json").read_text()) if name else host.snapshot()
    if name or values:
        return getattr(snapshot.with_(*values) if values else snapshot, call)(**options).as_dict()
    decision = getattr(host, call)(**options)
    options.pop("verify", None)
    assert getattr(snapshot, call)(**options) == decision.__replace__(witness=None)
    return decision.as_dict()


def boot(host, options):
    """A prediction, with the levels by scope and key. The same snapshot as JSON gives the same one for the same VIPs."""
    answer = host.boot(**options)
    if "vips" in options:
        again = lvsarp.Snapshot.from_json(host.snapshot().to_json()).boot(**options)
        assert [f.code for f in again.findings] == [f.code for f in answer.findings] and again.levels == answer.levels
    return {**answer.as_dict(), "levels": {f"{b.scope}/{b.key}": b.as_dict() for b in answer.levels}}


def ask(host, root, call, options):
    """One call of the package, its answer as plain data."""
    if call in ("would_reply", "would_announce"):
        return decide(host, call, options)
    options = dict(options)
    if call in ("persist", "unpersist", "restore", "boot"):
        options["root"] = root
    first = {"get": "name", "set": "name", "bind": "vip", "unbind": "vip"}.get(
        call, "prefix" if "prefix" in call else None
    )
    if call in ("plan", "apply", "persist"):
        options.setdefault("vips", [])
    if call == "boot":
        return with_codes(boot(host, options))
    answer = getattr(host, call)(*([options.pop(first)] if first else []), **options)
    if call == "check" and "vips" in options:
        again = lvsarp.Snapshot.from_json(host.snapshot().to_json()).check(**options)
        assert [f.code for f in again.findings] == [f.code for f in answer.findings]
    if isinstance(answer, list):
        return [item.as_dict() for item in answer]
    if isinstance(answer, bool):
        return answer
    return with_codes(answer.as_dict())


def with_codes(plain):
    """Cases name findings by their codes."""
    if "findings" in plain:
        plain["codes"] = [finding["code"] for finding in plain["findings"]]
    return plain


def includes(result, expect):
    """Whether a result has everything that is expected: objects may have more, lists may not."""
    if isinstance(expect, dict):
        return isinstance(result, dict) and all(k in result and includes(result[k], v) for k, v in expect.items())
    if isinstance(expect, list):
        return isinstance(result, list) and len(result) == len(expect) and all(map(includes, result, expect))
    return type(result) is type(expect) and result == expect


def run(case):
    sandbox.enter()
    with tempfile.TemporaryDirectory() as root:
        os.environ["ROOT"] = root
        if "files" in case:
            make_files(root, case["files"])
        run_in(root, case)


def run_in(root, case):
    sh("ip link set lo up")
    for line in case["setup"]:
        sh(line)
    host = lvsarp.Host()

    def without_root(text):
        return text.replace(root, "")

    for step in case["calls"]:
        call, options = step["call"], step.get("with", {})
        try:
            result = look(call, root, **options) if call in LOOKS else ask(host, root, call, options)
        except (ValueError, lvsarp.LvsarpError) as error:
            kind = getattr(error, "kind", "invalid-input")
            assert kind == step.get("error"), f"{step}\n  said {error}"
            assert step.get("says", "") in without_root(str(error)).replace("\nhint: ", " "), f"{step}\n  said {error}"
        else:
            result = json.loads(without_root(json.dumps(result)))
            assert "error" not in step, f"{step}\n  gave {result} instead of an error"
            assert includes(result, step.get("expect", result)), f"{step}\n  gave {result}"


@pytest.mark.parametrize("case", CASES)
def test_case(forked, case):
    forked(run, case)


def test_there_are_cases_and_each_could_fail(forked):
    assert len(CASES) > 20
    for call in (
        {"call": "bind", "with": {"vip": "192.0.2.10"}, "expect": False},
        {"call": "bind", "with": {"vip": "192.0.2.10"}, "error": "unsupported"},
        {"call": "get", "with": {"name": "lo"}, "expect": {"arp_ignore": {"own": 7}}},
        {"call": "addresses", "with": {"dev": "lo"}, "expect": []},
        {"call": "get", "with": {"name": "eth7"}, "error": "no-interface", "says": "not that"},
        {"call": "would_reply", "with": REQUEST, "expect": {"replies": True}},
        {"call": "would_reply", "with": REQUEST, "expect": {"trace": []}},
        {"call": "would_reply", "with": {**REQUEST, "set": "all.arp_ignore=1"}, "error": "invalid-input"},
        {"call": "would_reply", "with": {**REQUEST, "snapshot": "format-1"}, "expect": {"rule": "reply: it is up"}},
        {"call": "file", "with": {"path": "/etc/a"}, "expect": "net.ipv4.conf.all.arp_ignore=1"},
        {"call": "file", "with": {"path": "/etc/b"}, "expect": {"link": "b"}},
        {"call": "file", "with": {"path": "/etc/c"}, "expect": ""},
        {"call": "tree", "expect": ["/etc/a"]},
        {"call": "sh", "with": {"line": "echo $ROOT"}, "expect": "/"},
        {"call": "persist", "with": {"vips": ["192.0.2.10"]}, "expect": {"changed": False}},
        {"call": "persist", "with": {"vips": ["192.0.2.10"], "dry_run": True}, "expect": {"steps": []}},
        {"call": "unpersist", "expect": {"changed": True}},
        {"call": "restore", "expect": {"codes": []}},
        {"call": "boot", "expect": {"levels": {"all/arp_ignore": {"file": "/etc/a"}}}},
        {"call": "boot", "expect": {"levels": {"eth7/arp_ignore": {}}}},
    ):
        files = {"/etc/a": "net.ipv4.conf.all.arp_ignore=1\n", "/etc/b": {"link": "a"}}
        with pytest.raises(AssertionError):
            forked(run, {"name": "wrong", "setup": [], "files": files, "calls": [call]})
