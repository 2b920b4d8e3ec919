"""The execution module: what each function returns, which return code it sets, and what is an error."""

import json

import lvsarp
import pytest
import salt.payload
import salt.utils.args
import salt.utils.yaml
from conftest import tree
from lab.sandbox import CLONE_NEWUSER, call
from salt.exceptions import CommandExecutionError, SaltInvocationError

VIP, OTHER = "192.0.2.10", "192.0.2.20"


def plain(value):
    """The value, after it was made sure that it travels: as it is, by JSON and by what masters and minions speak."""
    assert json.loads(json.dumps(value)) == value
    assert salt.payload.loads(salt.payload.dumps(value)) == value
    return value


def retcode(loaders):
    return loaders.context.get("retcode", 0)


def test_every_function_is_there_and_shows_how_it_is_called(modules):
    functions = ["apply", "boot", "check", "explain", "plan", "ready", "snapshot", "status", "undo", "version"]
    functions = sorted([*functions, "announce", "audit", "demote", "listen", "probe", "promote"])
    assert sorted(name for name in modules if name.startswith("lvsarp.")) == [f"lvsarp.{name}" for name in functions]
    for name in functions:
        text = modules[f"lvsarp.{name}"].__doc__
        assert "CLI Example:\n\n    .. code-block:: bash\n\n        salt" in text and f"lvsarp.{name}" in text
        spec = salt.utils.args.get_function_argspec(modules[f"lvsarp.{name}"])
        for argument in spec.args:
            if f"\n    {argument}\n" not in text:
                assert name == "plan" and f"\n    {argument}\n" in modules["lvsarp.apply"].__doc__, (name, argument)


def test_status_shows_levels_addresses_and_vips(server, host, modules, loaders):
    host.apply([VIP])
    status = plain(modules.lvsarp.status())
    assert set(status) == {"ok", "findings", "vips", "interfaces"}
    assert status["ok"] is True and status["vips"] == [VIP] and set(status["interfaces"]) == {"lo", "eth0"}
    assert status["findings"] == [finding.as_dict() for finding in host.snapshot().check().findings]
    for name, interface in status["interfaces"].items():
        levels = host.get(name)
        assert (
            interface["arp_ignore"]
            == levels.arp_ignore.as_dict()
            == {"own": int(name == "lo"), "all": 1, "effective": 1}
        )
        assert interface["arp_announce"] == levels.arp_announce.as_dict()
        assert interface["addresses"] == [f"{a.local}/{a.prefixlen}" for a in host.addresses(name)]
    assert modules.lvsarp.status(dev="eth0")["interfaces"] == {"eth0": status["interfaces"]["eth0"]}
    with pytest.raises(CommandExecutionError, match="eth7"):
        modules.lvsarp.status("eth7")
    assert retcode(loaders) == 0


def test_status_has_interfaces_of_every_name_and_levels_of_every_value(server, host, modules):
    for name in ("a\\b", "é", "eth0.100"):
        server.ip(f"link add {name} type bridge")
    server.set_conf("é", "arp_ignore", 8)
    server.set_conf("all", "arp_ignore", 3)
    server.set_conf("all", "arp_announce", -1)
    status = plain(modules.lvsarp.status())
    assert set(status["interfaces"]) == {"lo", "eth0", "a\\x5cb", "é", "eth0.100"}
    for name in {"lo", "eth0", "é", "eth0.100"}:
        found = {key: status["interfaces"][name][key] for key in ("arp_ignore", "arp_announce")}
        assert found == host.get(name).as_dict(), name
    assert modules.lvsarp.status("é")["interfaces"]["é"]["arp_ignore"] == {"own": 8, "all": 3, "effective": 8}


def test_check_is_that_of_the_library_and_its_return_code_that_of_the_program(server, host, modules, loaders):
    assert plain(modules.lvsarp.check()) == host.check().as_dict() and retcode(loaders) == 0
    host.bind(VIP)
    report = plain(modules.lvsarp.check())
    assert report == host.check().as_dict() and report["ok"] is False
    assert retcode(loaders) == 1
    host.apply([VIP])
    loaders.context.pop("retcode")
    assert modules.lvsarp.check(vips=[VIP])["ok"] is True and retcode(loaders) == 0
    assert modules.lvsarp.check(vips=[OTHER])["ok"] is False and retcode(loaders) == 1


def test_retcode_false_leaves_the_return_code_of_boot_alone(server, modules, loaders):
    assert modules.lvsarp.boot(vips=VIP, retcode=False)["ok"] is False
    assert "retcode" not in loaders.context


def test_a_function_that_is_fine_does_not_hide_what_another_one_found(server, modules, loaders):
    loaders.context["retcode"] = 3
    assert modules.lvsarp.check()["ok"] is True and retcode(loaders) == 3
    assert modules.lvsarp.plan(VIP)["ok"] is True and retcode(loaders) == 3
    assert modules.lvsarp.apply(VIP, test=True)["steps"] and retcode(loaders) == 3


def test_what_cannot_be_told_is_return_code_2(server, host, modules, loaders):
    host.persist([OTHER])
    host.apply([VIP])
    foreseen = plain(modules.lvsarp.boot(VIP, rehearse=False))
    assert {f["severity"] for f in foreseen["findings"]} >= {"unknown"}, foreseen
    assert "error" not in {f["severity"] for f in foreseen["findings"]}
    assert retcode(loaders) == 2


def test_plan_is_that_of_the_library_and_says_by_its_return_code_what_is_refused(server, host, modules, loaders):
    wish = {"prefixes": ["198.51.100.0/28"], "scope": "interface", "label": "lo:v", "address_scope": "host"}
    assert plain(modules.lvsarp.plan([VIP], **wish)) == host.plan([VIP], **wish).as_dict()
    assert retcode(loaders) == 0
    assert plain(modules.lvsarp.plan([VIP], dev="eth0")) == host.plan([VIP], dev="eth0").as_dict()
    assert retcode(loaders) == 1


def test_apply_and_undo_are_those_of_the_library(server, host, modules, loaders, everything):
    before = everything()
    steps = host.plan([VIP]).as_dict()["steps"]
    dry = plain(modules.lvsarp.apply([VIP], test=True))
    assert (dry["changed"], dry["steps"]) == (False, steps) and everything() == before
    done = plain(modules.lvsarp.apply([VIP]))
    assert (done["changed"], done["steps"]) == (True, steps) and host.check([VIP]).ok
    assert plain(modules.lvsarp.apply([VIP])) == {"changed": False, "steps": [], "findings": []}
    applied = everything()
    would = plain(modules.lvsarp.undo(test=True))
    assert would["changed"] is False and everything() == applied
    undone = plain(modules.lvsarp.undo())
    assert undone["changed"] is True and undone["steps"] == would["steps"]
    assert everything()[:3] == before[:3] and retcode(loaders) == 0


def test_apply_that_would_be_refused_says_so_by_its_return_code_in_test_mode_and_by_an_error(server, modules, loaders):
    dry = modules.lvsarp.apply(VIP, dev="eth0", test=True)
    assert dry["changed"] is False and retcode(loaders) == 1
    with pytest.raises(CommandExecutionError, match="192.0.2.10 is answered on eth0(.|\n)*hint: "):
        modules.lvsarp.apply(VIP, dev="eth0")


def test_apply_with_exact_removes_what_is_not_listed(server, host, modules):
    host.bind("192.0.2.99")
    host.apply([VIP, OTHER], prefixes=["198.51.100.0/28"])
    planned = plain(modules.lvsarp.plan(OTHER, exact=True))
    done = plain(modules.lvsarp.apply(OTHER, exact=True))
    assert done["steps"] == planned["steps"]
    assert {(step["act"], step["thing"].split()[-3]) for step in done["steps"]} == {
        ("unbind", "192.0.2.10/32"),
        ("delete-route", "198.51.100.0/28"),
    }
    assert [a.local for a in host.vips()] == ["192.0.2.99", OTHER]


def test_the_minions_test_mode_is_one_and_an_argument_overrules_it(server, host, minion):
    modules, _ = minion(test=True)
    assert modules["lvsarp.apply"](VIP)["changed"] is False and host.vips() == []
    assert modules["lvsarp.apply"](VIP, test=False)["changed"] is True and len(host.vips()) == 1
    assert modules["lvsarp.undo"]()["changed"] is False and len(host.vips()) == 1
    assert modules["lvsarp.undo"](test=False)["changed"] is True and host.vips() == []


def test_persist_writes_and_undo_with_persist_removes_the_same_files(server, host, modules, etc):
    before = tree(etc)
    done = plain(modules.lvsarp.apply(VIP, persist=True))
    written = [step["thing"] for step in done["steps"] if step["act"] == "write"]
    assert sorted(written) == sorted(set(tree(etc)) - set(before)) and "/etc/sysctl.d/90-lvsarp.conf" in written
    modules.lvsarp.undo()
    assert sorted(written) == sorted(set(tree(etc)) - set(before)) and host.vips() == []
    modules.lvsarp.undo(persist=True)
    assert tree(etc) == before


def test_explain_answers_both_questions(server, host, modules):
    host.bind(VIP)
    reply = plain(modules.lvsarp.explain(VIP, "eth0", sender="192.0.2.1"))
    assert reply == host.would_reply(VIP, "192.0.2.1", "eth0").as_dict() and reply["replies"] is True
    own = plain(modules.lvsarp.explain("192.0.2.1", "eth0", source=VIP))
    assert own == host.would_announce("192.0.2.1", "eth0", VIP).as_dict() and own["source"] == VIP
    assert plain(modules.lvsarp.explain("192.0.2.1", "eth0")) == host.would_announce("192.0.2.1", "eth0").as_dict()
    named = salt.utils.yaml.safe_load("{target: 192.0.2.10, interface: eth0, sender: 192.0.2.1}")
    assert modules.lvsarp.explain(**named) == reply
    assert plain(modules.lvsarp.explain(VIP, "eth0", sender="192.0.2.1", verify=True))["witness"]["agrees"] is True
    with pytest.raises(SaltInvocationError, match="sender.*or source.*not both"):
        modules.lvsarp.explain(VIP, "eth0", sender="192.0.2.1", source=VIP)


def test_boot_is_that_of_the_library(server, host, modules, loaders, etc):
    host.apply([VIP], persist=True)
    assert plain(modules.lvsarp.boot(VIP)) == host.boot([VIP]).as_dict() and retcode(loaders) == 0
    (etc / "sysctl.d/99-z.conf").write_text("net.ipv4.conf.all.arp_ignore = 0\n")
    for arguments in ({}, {"vips": [VIP], "interfaces": "eth1,eth2", "loader": "procps", "rehearse": False}):
        named = {**arguments, "interfaces": ["eth1", "eth2"]} if arguments else {}
        foreseen = plain(modules.lvsarp.boot(**arguments))
        assert foreseen == host.boot(**named).as_dict() and foreseen["ok"] is False
    assert retcode(loaders) == 1


def test_a_snapshot_goes_to_another_machine(server, host, modules):
    data = plain(modules.lvsarp.snapshot())
    assert lvsarp.Snapshot.from_dict(data) == host.snapshot()


def test_the_version_is_that_of_the_library(modules):
    assert plain(modules.lvsarp.version()) == lvsarp.__version__


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("plan", {}, "no VIP is named: give vips"),
        ("apply", {}, "no VIP is named: give vips"),
        ("apply", {"vips": []}, "no VIP is named: give vips"),
        ("apply", {"vips": ""}, "no VIP is named: give vips"),
        ("check", {"vips": []}, "empty list"),
        ("check", {"vips": "192.0.2.300"}, "192.0.2.300"),
        ("boot", {"vips": VIP, "retcode": OTHER}, "argument retcode: '192.0.2.20' is neither true nor false"),
        ("check", {"vips": 3}, "argument vips: 3 is neither a list nor a text with commas"),
        ("apply", {"vips": [1.5]}, "argument vips: 1.5 is no text; write it in quotes"),
        ("apply", {"vips": [VIP, VIP]}, "named twice"),
        ("apply", {"vips": VIP, "scope": "world"}, "world"),
        ("apply", {"vips": VIP, "dev": 7}, "argument dev: 7 is no text; write it in quotes"),
        ("apply", {"vips": VIP, "persist": "yes"}, "argument persist: 'yes' is neither true nor false"),
        ("apply", {"vips": VIP, "exact": 1}, "argument exact: 1 is neither true nor false"),
        ("apply", {"vips": VIP, "test": "yes"}, "argument test: 'yes' is neither true nor false"),
        ("undo", {"persist": "yes"}, "argument persist: 'yes' is neither true nor false"),
        ("boot", {"vips": VIP, "loader": "lilo"}, "lilo"),
        ("explain", {"target": VIP, "interface": "eth0", "sender": "me"}, "me"),
        ("explain", {"target": VIP, "interface": "eth0", "verify": "yes"}, "argument verify"),
    ],
)
def test_wrong_arguments_are_said_and_change_nothing(server, modules, everything, function, arguments, message):
    before = everything()
    with pytest.raises(SaltInvocationError, match=message):
        modules[f"lvsarp.{function}"](**arguments)
    assert everything() == before


def test_failures_have_the_librarys_words(server, host, modules, forked):
    wrong = ("plan", {"vips": VIP, "dev": "eth7"}), ("explain", {"target": VIP, "interface": "eth7"})
    for function, arguments in wrong:
        with pytest.raises(CommandExecutionError, match="eth7"):
            modules[f"lvsarp.{function}"](**arguments)

    def without_privilege():
        call("unshare", CLONE_NEWUSER)
        try:
            modules.lvsarp.apply(VIP)
        except CommandExecutionError as error:
            return str(error)

    assert "Permission denied" in forked(without_privilege) or "Operation not permitted" in forked(without_privilege)
    assert host.vips() == []
