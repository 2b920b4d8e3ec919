"""The execution function ready: the answer for the mine and for gates, which is small, and never an error."""

import json
import resource

import pytest
import salt.utils.args

VIP = "192.0.2.10"


@pytest.fixture
def ready(minion):
    """The function on a minion with this pillar. Whatever it answers sets no return code."""

    def asked(*arguments, pillar=None, **named):
        modules, context = minion(pillar)
        answer = modules["lvsarp.ready"](*arguments, **named)
        assert "retcode" not in context
        assert json.loads(json.dumps(answer)) == answer and list(answer) == ["ready", "vips", "why"]
        assert len(answer["why"]) <= 5
        assert all(len(sentence) <= 200 and "\n" not in sentence for sentence in answer["why"])
        assert answer["ready"] is (answer["why"] == [])
        return answer

    return asked


def test_a_server_is_ready_when_each_vip_is_there_and_silent(server, host, ready):
    wish = {"lvsarp": {"vips": [VIP], "prefixes": ["198.51.100.0/28"]}}
    about = [VIP, "198.51.100.0"]
    answer = ready(pillar=wish)
    assert answer["ready"] is False and answer["vips"] == about
    host.apply([VIP], prefixes=["198.51.100.0/28"])
    for given, named in (((), {"pillar": wish}), ((about,), {}), ((), {"vips": ",".join(about)}), ((), {})):
        assert ready(*given, **named) == {"ready": True, "vips": about, "why": []}
    host.unbind(VIP)
    for named in ({"pillar": wish}, {}):  # without a wish it knows what was applied
        assert ready(**named)["ready"] is False and VIP in ready(**named)["vips"]


def test_a_server_that_answers_for_a_vip_is_not_ready_and_says_why(server, host, ready):
    host.bind(VIP)
    why = ready()["why"]
    assert why == [finding.message for finding in host.check().findings if finding.severity == "error"] != []
    host.apply([VIP])
    assert ready()["ready"] is True


def test_a_host_without_a_vip_is_not_ready(server, host, ready):
    assert host.check().ok
    assert ready() == {"ready": False, "vips": [], "why": ["there is no VIP"]}


def test_of_many_reasons_the_first_are_told_and_the_others_counted(server, host, ready):
    host.bind_many([f"203.0.113.{last}" for last in range(1, 101)])
    bad = [finding.message for finding in host.check().findings if finding.severity in ("error", "unknown")]
    assert len(bad) > 100
    answer = ready()
    assert answer["why"] == [*bad[:4], f"and {len(bad) - 4} more"] and len(answer["vips"]) == 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"vips": []}, "empty list"),
        ({"vips": "192.0.2.300"}, "192.0.2.300"),
        ({"vips": 3}, "argument vips: 3 is neither a list nor a text with commas"),
        ({"pillar": {"lvsarp": [VIP]}}, "pillar lvsarp: ['192.0.2.10'] is no mapping"),
        ({"pillar": {"lvsarp": {"vips": 7}}}, "pillar lvsarp:vips: 7 is neither"),
        ({"pillar": {"lvsarp": {"vips": list(range(10000))}}}, "pillar lvsarp:vips: 0 is no text"),
        ({"pillar": {"lvsarp": [VIP] * 10000}}, "pillar lvsarp: ['192.0.2.10', "),
    ],
)
def test_an_error_is_not_ready_with_its_words(server, host, ready, given, message):
    host.apply([VIP])
    answer = ready(**given)
    assert answer["ready"] is False and answer["vips"] == [] and message in answer["why"][0]


def test_a_host_that_cannot_be_read_is_not_ready(server, host, modules, forked):
    host.apply([VIP])
    assert modules.lvsarp.ready()["ready"] is True

    def without_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))
        return modules.lvsarp.ready()

    answer = forked(without_descriptors)
    assert answer["ready"] is False and answer["vips"] == [] and "Too many open files" in answer["why"][0]


def test_the_mine_calls_it_with_keywords_and_every_default_filled(server, host, modules):
    host.apply([VIP])
    for arguments in ({}, {"vips": [VIP]}, {"vips": VIP}):
        spec = salt.utils.args.get_function_argspec(modules["lvsarp.ready"])
        filled = {**dict(zip(spec.args, spec.defaults)), **arguments}
        assert modules["lvsarp.ready"](**filled)["ready"] is True
