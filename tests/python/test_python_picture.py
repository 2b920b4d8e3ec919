"""The picture: what a reader of the SVG sees, in hosts of every size, and that every way to it gives the same text."""

import random
import re
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import lvsarp
import pytest
from described import Described, four, many, one, twenty
from drawing import Drawing

ROOT = Path(__file__).resolve().parents[2]
REAL_SERVER = lvsarp.Snapshot.from_json((ROOT / "tests/conformance/snapshots/real-server.json").read_text())
HOSTILE = "<&\"'>\u202e]]>"


def snapshot(host):
    return lvsarp.Snapshot.from_dict(host.as_dict())


def three_of(count):
    """Many VIPs of which arp_ignore 3 hides all but three."""
    host = Described(3, 2).add("eth0", "10.1.255.254/16", kind="veth")
    for number in range(count):
        host.bind("lo", f"10.1.{number // 250}.{number % 250 + 1}", "global" if number in (5, 6, 77) else "host")
    return host


def hostile():
    host = Described(0, 0).add(HOSTILE, "192.0.2.11/24", kind="<script>alert(1)</script>" + "W" * 70)
    host.add("\U0001f600\ufdfd", kind="\x00\x1b[31m\ud7ff\ufffe", link=HOSTILE).add("网卡网卡", kind="bridge")
    return host.bind("lo", "192.0.2.10", label="lo:\u202e<b>&amp;").bind("lo", "192.0.2.9", "host", "x" * 300)


def sixes():
    host = many(60)
    for number in range(140):
        host.vips(f"2001:db8:1111:2222:3333:4444:5555:{number * 7:x}")
    return host


def rolled(seed):
    """A host that nobody would build."""
    dice = random.Random(seed)
    host = Described(dice.choice([None, 0, 1, 2, 3, 8, -1, 2**31 - 1]), dice.choice([0, 1, 2, -(2**31)]))
    names = ["lo"]
    for number in range(dice.choice([1, 4, 20])):
        name = dice.choice(["eth{}", "WWWWWWWWWWWWW{}", "{}<b>", "网{}", "enp0s31f6.{}"]).format(number)
        subnets = range(dice.randrange(4))
        addresses = [f"10.{dice.randrange(250)}.0.{number + 1}/{dice.randrange(8, 33)}" for _ in subnets]
        addresses += [f"fd00:1111:2222:3333:4444:5555:6666:{dice.randrange(65536):x}/64"] * dice.randrange(2)
        flags = dice.choice([("UP",), ("UP",), ("BROADCAST",), ("UP", "NOARP")])
        own = dice.choice([None, (0, 0), (1, 2), (2**31 - 1, -(2**31))])
        kind = dice.choice([None, "bridge", "bond", "vlan", "macvlan", "vrf", "x" * 90])
        above = dice.choice([None, None, dice.choice(names)])
        below = dice.choice([None, dice.choice(names)])
        host.add(name, *addresses, kind=kind, flags=flags, own=own, master=above, link=below)
        names.append(name)
    for number in range(dice.choice([1, 2, 30, 200])):
        dev, scope = dice.choice(names) if dice.random() < 0.1 else "lo", dice.choice(["global", "host", "link"])
        host.bind(dev, f"10.9.{number // 100}.{number * dice.choice([1, 2]) % 256}", scope)
    return host


HOSTS = {
    **{f"one-{levels}": one(*levels) for levels in ((1, 2), (0, 0), (8, 1), (None,))},
    **{f"four-{levels}": four(*levels) for levels in ((1, 2), (0, 1))},
    **{f"twenty-{levels}": twenty(*levels) for levels in ((1, 2), (3, 0))},
    **{f"vips-{count}": many(count) for count in (0, 1, 2, 200)},
    **{f"leaking-{count}": many(count, (), 0, 0) for count in (1, 2, 200)},
    **{"three-of-200": three_of(200), "sixes": sixes(), "hostile": hostile(), "empty": Described()},
    **{f"rolled-{seed}": rolled(seed) for seed in range(30)},
}


@pytest.fixture(params=HOSTS, scope="module")
def host(request):
    return snapshot(HOSTS[request.param])


def decisions(host):
    for interface in host.interfaces[:5]:
        if interface.name.isprintable():
            yield host.would_reply("192.0.2.10", "192.0.2.1", interface.name)
            yield host.would_reply("255.255.255.255", "255.255.255.254", interface.name)
            yield host.would_announce("192.0.2.1", interface.name, "192.0.2.10")
            yield host.would_announce("255.255.255.254", interface.name)


def pictures(host):
    yield Drawing(host.svg())
    for decision in decisions(host):
        yield Drawing(host.svg(decision=decision))


# Every picture


def test_no_text_lies_on_another_or_crosses_the_edge_of_a_box(host):
    for drawing in pictures(host):
        assert drawing.untidy() == []


def test_it_is_one_document_that_names_itself_and_needs_nothing_else(host):
    for drawing in pictures(host):
        root = drawing.root
        assert (root.get("role"), root.get("width")) == ("img", "800") and drawing.title and drawing.description
        tags = [element.tag.rpartition("}")[2] for element in root.iter()]
        assert set(tags) <= {"svg", "title", "desc", "style", "g", "rect", "path", "text"}, set(tags)
        assert tags.count("style") == 1 and "@media (prefers-color-scheme:dark)" in drawing.style
        assert not re.search(r"url\(|@import|http", drawing.style)
        for element in root.iter():
            known = {"class", "role", "width", "height", "viewBox", "x", "y", "rx", "d", "text-anchor"}
            assert set(element.keys()) <= known, element.keys()
        # On a page the sheet is everybody's: each rule is about this picture only.
        rules = [rule for line in drawing.style.splitlines() for rule in line.partition("{")[0].split(",")]
        assert all(re.match(r"(svg)?\.lvsarp-picture|@media|}|\(|$", rule) for rule in rules), rules


def test_every_size_can_be_read():
    for weight, size, family in Drawing(snapshot(one()).svg()).fonts.values():
        assert size >= 11 and family in ("sans-serif", "monospace") and weight in ("normal", "bold")


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_every_text_contrasts_with_its_ground(scheme):
    """WCAG 2.1, 1.4.3: at least 4.5 to 1."""
    light, dark = Drawing(snapshot(one()).svg()).style.split("@media (prefers-color-scheme:dark)")
    fills = re.findall(r"\.lvsarp-picture ([^{}]*)\{fill:(#\w+)", {"light": light, "dark": dark}[scheme])
    colours = {name.rpartition(".lvsarp-picture ")[2]: colour for names, colour in fills for name in [names]}
    grounds = [colours[".page"], colours["rect.card"]]
    for tone in "", ".dim", ".good", ".bad", ".doubt":
        chip = [colours[f"rect.chip{tone}"]] if tone not in ("", ".dim") else []
        for ground in grounds + chip:
            one_side, other = sorted((luminance(colours["text" + tone]), luminance(ground)))
            assert (other + 0.05) / (one_side + 0.05) >= 4.5, (tone, ground)


# What it says


def expanded(text):
    """The addresses in `192.0.2.1, 192.0.2.4 – 192.0.2.6 (3)`."""
    for part in filter(None, re.split(r",\s*", text.strip(" ,"))):
        first, _, last = re.sub(r" \(\d+\)$", "", part).partition(" – ")
        first, last = ip_address(first), ip_address(last or first)
        yield from (str(first + step) for step in range(int(last) - int(first) + 1))


def named(drawing, tone):
    """The VIPs that are named on grounds of a colour."""
    texts = [text for group in drawing.within("ground", tone) for text in group if text.classes[0] == "code"]
    return [vip for text in texts for vip in expanded(text.text)]


def test_every_vip_that_leaks_is_named_as_leaking_and_no_other():
    for name, made in HOSTS.items():
        host = snapshot(made)
        leaking = {v.vip for v in host.check().verdicts if v.replies or v.announces}
        drawing = Drawing(host.svg())
        shown = named(drawing, "bad")
        assert len(shown) == len(set(shown)) and set(shown) == leaking, name
        assert (drawing.title.startswith("LEAKS: ")) == bool(leaking), name


def test_a_silent_host_has_nothing_red_and_a_leaking_one_says_where():
    silent, leaking = Drawing(REAL_SERVER.svg()), Drawing(REAL_SERVER.with_(all={"arp_ignore": 0}).svg())
    assert not [text for text in silent.texts if "bad" in text.classes or "doubt" in text.classes]
    assert named(silent, "good") == ["192.0.2.10"]
    assert silent.title == "SILENT: 192.0.2.10 on every interface that speaks ARP"
    red = {text.text for text in leaking.texts if "bad" in text.classes}
    assert {"LEAKS", "leaks: answered on eth0", "answers for 192.0.2.10", "VIP is here"} <= red
    green = {text.text for text in leaking.texts if "good" in text.classes}
    assert green == {"2", "announces no VIP", "asks as itself"}


def test_a_colour_is_never_alone():
    words = {
        "good": r"SILENT|silent|no VIP|who-has VIP\?|asks as itself|\d",
        "bad": r"LEAKS|leaks?:|answers for|announces|VIP is here|asks as the VIP|found:|\d|ERROR|not bound here",
        "doubt": r"UNKNOWN|cannot be told|who-has VIP\?|asks as whom\?|once it is up|found:|\?|without effect",
    }
    for made in HOSTS.values():
        before = None
        for text in Drawing(snapshot(made).svg()).texts:
            goes_on = before and (before.classes, before.left) == (text.classes, text.left)
            for tone, word in words.items():
                assert goes_on or tone not in text.classes or re.search(word, text.text), text
            before = text


def test_every_interface_is_named_with_its_levels():
    host = snapshot(twenty())
    drawing = Drawing(host.svg())
    texts = [text.text for text in drawing.texts]
    for interface in host.interfaces:
        assert any(interface.name in text.split(" ")[0].rstrip(",") for text in texts), interface.name
        levels = host.levels(interface.name)
        told = [levels.arp_ignore.effective, levels.arp_announce.effective]
        ignore, announce = ["unknown" if value is None else value for value in told]
        said = rf"{re.escape(interface.name)} \([^)]*\): arp_ignore {ignore}, arp_announce {announce} in force"
        assert re.search(said, drawing.description), interface.name
    assert "eth3 of bond0, down" in texts and "leaks once it is up" in texts and "does no ARP" in texts


def test_names_are_text_and_nothing_else():
    drawing = Drawing(snapshot(hostile()).svg())
    shown = " ".join(text.text for text in drawing.texts)
    assert "<&\"'>\\u{202e}]]>" in shown and "\u202e" not in shown and "\ufdfd" not in shown
    assert all(c.isprintable() for c in shown + drawing.title + drawing.description)


def test_a_decision_shows_every_check_with_its_function_and_what_leaves():
    for levels, vip, tone in (((1, 2), "who-has", "good"), ((0, 0), "who-has", "bad"), ((0, 0), "announce", "bad")):
        host = snapshot(one(*levels))
        if vip == "who-has":
            decision = host.would_reply("192.0.2.10", "192.0.2.1", "eth0")
        else:
            decision = host.would_announce("192.0.2.1", "eth0", "192.0.2.10")
        drawing = Drawing(host.svg(decision=decision))
        texts = [text.text for text in drawing.texts]
        assert [t for t in texts if t in ("pass", "stop")] == [("pass" if c.passes else "stop") for c in decision.trace]
        assert [t for t in texts if t.startswith("net/")] == [check.function for check in decision.trace]
        assert drawing.texts[0].classes == ("title", tone) and drawing.title == f"{decision.question}: {decision.rule}"
        assert ("is here" in texts or "tell 192.0.2.10" in texts) == (tone == "bad")


# Every way to it


def program(*arguments, text):
    words = [sys.executable, "-m", "lvsarp", *arguments, "--snapshot", "-", "--svg", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ("one-(0, 0)", "four-(1, 2)", "three-of-200"))
def test_the_program_draws_the_same(name):
    host = snapshot(HOSTS[name])
    assert program("status", text=host.to_json()) == host.svg()
    decision = host.would_reply("192.0.2.10", "192.0.2.1", "eth0")
    asked = ["explain", "who-has", "192.0.2.10", "--tell", "192.0.2.1", "--on", "eth0"]
    assert program(*asked, text=host.to_json()) == host.svg(decision=decision)
    announced = host.would_announce("192.0.2.1", "eth0", "192.0.2.10")
    asked = ["explain", "announce", "192.0.2.1", "--from", "192.0.2.10", "--on", "eth0"]
    assert program(*asked, text=host.to_json()) == host.svg(decision=announced)


def test_a_picture_is_about_the_vips_that_are_named():
    host = snapshot(one())
    assert host.svg(["192.0.2.10"]) == host.svg()
    missing = Drawing(host.svg(["192.0.2.10", "192.0.2.99"]))
    assert missing.title.startswith("ERROR: 192.0.2.99") and named(missing, "bad") == ["192.0.2.99"]
    assert "not bound here" in [text.text for text in missing.texts]
    for wrong in ([], ["x"], ["192.0.2.10", ""]):
        with pytest.raises(ValueError):
            host.svg(wrong)


def test_a_decision_of_another_host_is_refused():
    host = snapshot(one())
    other = host.with_(all={"arp_ignore": 0})
    decision = host.would_reply("192.0.2.10", "192.0.2.1", "eth0")
    for wrong in (
        other.would_reply("192.0.2.10", "192.0.2.1", "eth0"),
        decision.__replace__(question="who-has 192.0.2.10 tell 192.0.2.1 on eth1"),
        decision.__replace__(question="<script>"),
        decision.__replace__(rule="reply: because"),
        decision.__replace__(trace=decision.trace[1:]),
    ):
        with pytest.raises(ValueError, match="it was not made of this snapshot"):
            host.svg(decision=wrong)


def test_a_live_host_is_drawn_with_the_running_kernels_word(server, host_with_vip):
    decision = host_with_vip.would_reply("192.0.2.10", "192.0.2.1", "eth0", verify=True)
    drawing = Drawing(host_with_vip.snapshot().svg(decision=decision))
    assert decision.witness.agrees and decision.witness.text in [text.text for text in drawing.texts]
    assert drawing.untidy() == []


@pytest.fixture
def host_with_vip(server):
    with lvsarp.Host() as host:
        host.apply(["192.0.2.10"])
        yield host


def test_a_notebook_shows_the_picture_and_the_tables_below():
    for host in (REAL_SERVER, snapshot(three_of(200)), snapshot(hostile())):
        html = host._repr_html_()
        assert host.svg() in html and html.index("<svg ") < html.index("<details>") < html.index("<table>")


def test_the_pictures_in_the_documents_are_what_is_drawn():
    leaking = REAL_SERVER.with_(all={"arp_ignore": 0, "arp_announce": 0})
    for name, host in (("silent", REAL_SERVER), ("leak", leaking)):
        path = ROOT / f"docs/picture-{name}.svg"
        assert path.read_text() == host.svg(), f"{path} is old: write what Snapshot.svg() draws"


def test_more_vips_that_are_silent_take_no_more_room():
    few, lots = (snapshot(many(count)).svg() for count in (20, 2000))
    assert len(lots) < 1.2 * len(few)
