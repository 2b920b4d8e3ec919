"""A fleet from its first apply to its last check, in order: each test goes on where the one before it ended."""
import json
import time

from lab import storm
from lab.arp import REPLY, Wire

from daemons import wait
from fleet import ADDRESSES, DIRECTOR, MINIONS, SERVERS
from middle import Middle, journal
from story import bound, states, the_state


def test_every_real_server_gets_its_vips_from_the_master(fleet, story):
    told = fleet.salt("*", "pillar.get", "lvsarp:vips", "unmask=True")
    assert set(told.answers) == set(MINIONS), told.text
    story.vips = told.answers["rs1"]
    assert story.vips and all(told.answers[server] == story.vips for server in SERVERS)
    for vip in story.vips:
        fleet.minions[DIRECTOR].ip(f"addr add {vip}/32 dev eth0")
    story.listen()


def test_a_dry_run_foretells_the_changes_and_makes_none(fleet, story):
    before = fleet.state()
    told = fleet.salt("*", "state.apply", "test=True")
    assert fleet.state() == before
    assert set(told.answers) == set(MINIONS), told.text
    assert states(told.answers[DIRECTOR]) == []
    story.foretold = {server: the_state(told.answers[server]) for server in SERVERS}
    for server, state in story.foretold.items():
        assert state["result"] is None, (server, state)
        assert state["changes"]["all/arp_ignore"] == {"old": 0, "new": 1}, (server, state)
        named = [thing.partition("/")[0] for thing in state["changes"]]
        assert [thing for thing in named if thing in story.vips] == story.vips, (server, state)


def test_an_apply_does_what_was_foretold(fleet, story):
    told = fleet.salt("*", "state.apply")
    assert told.status == 0, told.text
    assert states(told.answers[DIRECTOR]) == []
    for server, machine in fleet.servers.items():
        state = the_state(told.answers[server])
        assert state["result"] is True and state["changes"] == story.foretold[server]["changes"], (server, state)
        assert story.silent(machine)
        assert "/etc/sysctl.d/90-lvsarp.conf" in machine.files()
        assert journal(machine) == ["applied"]


def test_another_apply_changes_nothing(fleet, story):
    before = fleet.state()
    told = fleet.salt("*", "state.apply")
    assert told.status == 0, told.text
    for server in SERVERS:
        state = the_state(told.answers[server])
        assert state["result"] is True and state["changes"] == {}, (server, state)
    assert fleet.state() == before


def test_a_vip_that_pillar_does_not_name_any_more_is_removed(fleet, story):
    rs1, (kept, *dropped) = fleet.minions["rs1"], story.vips
    before = fleet.state("rs1", folders=["/etc"])
    told = fleet.salt("rs1", "state.apply", "pillar=" + json.dumps({"lvsarp": {"vips": [kept]}}))
    state = the_state(told.answers["rs1"])
    assert dropped and state["result"] is True, told.text
    assert {thing.partition("/")[0] for thing, change in state["changes"].items() if change["new"] is None} == set(dropped), state
    assert bound(rs1) == {kept}
    assert fleet.salt("rs1", "state.apply").status == 0
    assert fleet.state("rs1", folders=["/etc"]) == before


def test_a_drift_is_told_on_the_bus_and_healed_by_the_reactor(fleet, watched, story, say):
    vip = story.vips[0]
    before, mark = fleet.state("rs2", folders=["/etc"]), fleet.bus.mark()
    with story.listener.a_leak_of("rs2"):
        begin = time.monotonic()
        watched.ip(f"addr del {vip}/32 dev lo")
        watched.set_conf("all", "arp_ignore", 0)
        drift = fleet.bus.wait(mark, "salt/beacon/rs2/lvsarp/drift")
        wait(lambda: story.silent(watched), "rs2 to be healed")
        healed = time.monotonic()
    fleet.salt("rs2", "saltutil.refresh_beacons")  # as every highstate does: the beacon is loaded anew, and has to remember the drift
    fine = fleet.bus.wait(mark, "salt/beacon/rs2/lvsarp/ok")
    say(f"rs2 drifted: told after {drift.at - begin:.1f} s, healed after {healed - begin:.1f} s, told again after {fine.at - begin:.1f} s")
    assert drift.data["id"] == "rs2" and drift.data["ok"] is False and vip in drift.data["vips"], drift
    assert vip in {finding["vip"] for finding in drift.data["findings"]}, drift
    assert fine.data["ok"] is True and fine.data["findings"] == [], fine
    assert len(fleet.bus.since(mark, "salt/beacon/*")) == 2
    assert fleet.state("rs2", folders=["/etc"]) == before


def test_a_drift_during_another_state_run_is_healed_after_it(fleet, watched, story):
    vip, before, mark = story.vips[0], fleet.state("rs2", folders=["/etc"]), fleet.bus.mark()
    begun, go = watched.path("/run/begun"), watched.path("/run/go")
    queue = fleet.daemons["rs2"].root / "var/cache/salt/minion"
    fleet.salt("--async", "rs2", "state.single", "cmd.run",
               "name=touch /run/begun; timeout 60 sh -c 'until [ -e /run/go ]; do sleep 0.1; done'")
    wait(begun.exists, "a state run to begin")
    watched.ip(f"addr del {vip}/32 dev lo")
    fleet.bus.wait(mark, "salt/beacon/rs2/lvsarp/drift")
    wait(lambda: list(queue.rglob("state_queue/queued_*.p")), "the reactor's job to stand behind the state run")
    assert not story.silent(watched)
    go.touch()
    wait(lambda: story.silent(watched), "rs2 to be healed")
    fleet.bus.wait(mark, "salt/beacon/rs2/lvsarp/ok")
    assert fleet.state("rs2", folders=["/etc"]) == before
    begun.unlink()
    go.unlink()


def test_a_minion_that_was_killed_in_the_middle_of_an_apply_is_healed_by_the_next(fleet, story):
    server, before = fleet.minions["rs4"], fleet.state("rs4", folders=["/etc"])
    told = fleet.salt("rs4", "lvsarp.undo")
    assert told.status == 0 and journal(server) == [], told.text
    with Middle(server, fleet.daemons["rs4"]) as middle:
        fleet.salt("--async", "rs4", "state.apply")
        middle.reached()
        middle.kill()
    assert story.silent(server)
    assert journal(server) == ["applying"]
    fleet.start_minions("rs4")
    told = fleet.salt("rs4", "state.apply")
    assert told.status == 0 and the_state(told.answers["rs4"])["result"] is True, told.text
    told = fleet.salt("rs4", "lvsarp.check")
    assert told.status == 0 and told.answers["rs4"]["ok"] is True, told.text
    assert fleet.state("rs4", folders=["/etc"]) == before
    assert journal(server) == ["applied"]


def test_the_mine_offers_only_servers_that_are_silent(fleet, story):
    rs3 = fleet.minions["rs3"]
    with story.listener.a_leak_of("rs3"):
        rs3.set_conf("all", "arp_ignore", 0)
        leaking = fleet.salt("rs*", "lvs_site.leaking").answers
        fleet.salt("rs*", "mine.update")
        fleet.salt(DIRECTOR, "state.apply", "director")
        wait(lambda: story.listener.said("rs3") > 0, "rs3 to answer for a VIP")
        rs3.set_conf("all", "arp_ignore", 1)
    assert leaking == {server: {"eth0": story.vips} if server == "rs3" else {} for server in SERVERS}
    assert story.offered() == [server for server in SERVERS if server != "rs3"]


def test_the_director_gets_the_servers_when_all_are_silent(fleet, story):
    mark = fleet.bus.mark()
    told = fleet.orchestrate("orch.add")
    assert told.status == 0, told.text
    assert published(fleet, mark) == [("rs*", "state.sls"), ("rs*", "lvsarp.check"), ("rs*", "mine.update"), (DIRECTOR, "state.sls")]
    assert story.offered() == list(SERVERS)


def test_a_server_that_is_not_silent_stops_the_orchestration_before_the_director(fleet, story):
    """rs5 is broken between its preparation and its check: until it is, rs1 stands still, and everybody has to wait for it."""
    before, mark, rs5 = fleet.state(DIRECTOR), fleet.bus.mark(), fleet.minions["rs5"]
    with fleet.daemons["rs1"].standing_still() as goes_on, fleet.orchestrating("orch.add") as orchestration:
        fleet.bus.wait(mark, "salt/job/*/ret/rs5", lambda data: data["fun"] == "state.sls")
        with story.listener.a_leak_of("rs5"):
            rs5.set_conf("all", "arp_ignore", 0)
            goes_on()
            told = orchestration.result()
            rs5.set_conf("all", "arp_ignore", 1)
    assert told.status != 0, told.text
    assert published(fleet, mark) == [("rs*", "state.sls"), ("rs*", "lvsarp.check")]
    answers = [event.data for event in fleet.bus.since(mark, "salt/job/*/ret/*") if event.data["fun"] == "lvsarp.check"]
    assert {answer["id"]: answer["retcode"] for answer in answers} == {server: int(server == "rs5") for server in SERVERS}
    assert fleet.state(DIRECTOR) == before


def test_a_server_that_does_not_answer_stops_the_orchestration_before_the_director(fleet):
    """rs5 hangs between its preparation and its check; that the others are silent is not enough."""
    before, mark = fleet.state(DIRECTOR), fleet.bus.mark()
    impatient = fleet.orchestrating("orch.add", timeout=10, gather_job_timeout=10)
    with fleet.daemons["rs1"].standing_still() as goes_on, impatient as orchestration:
        fleet.bus.wait(mark, "salt/job/*/ret/rs5", lambda data: data["fun"] == "state.sls")
        with fleet.daemons["rs5"].standing_still():
            goes_on()
            told = orchestration.result()
    assert told.status != 0, told.text
    assert published(fleet, mark) == [("rs*", "state.sls"), ("rs*", "lvsarp.check")]
    answers = [event.data for event in fleet.bus.since(mark, "salt/job/*/ret/*") if event.data["fun"] == "lvsarp.check"]
    assert {answer["id"]: answer["retcode"] for answer in answers if answer["id"] != "rs5"} == dict.fromkeys(SERVERS[:-1], 0)
    assert fleet.state(DIRECTOR) == before
    fleet.bus.wait(mark, "salt/job/*/ret/rs5", lambda data: data["fun"] == "lvsarp.check")


def test_a_grain_names_the_real_servers(fleet):
    fleet.salt("*", "saltutil.refresh_grains")
    told = fleet.salt("-G", "lvsarp:role:real_server", "test.ping")
    assert told.answers == dict.fromkeys(SERVERS, True), told.text


def test_absent_takes_everything_back_on_one_server_and_touches_no_other(fleet, story):
    others = [name for name in MINIONS if name != "rs5"]
    before, rs5 = fleet.state(*others), fleet.minions["rs5"]
    told = fleet.salt("rs5", "state.apply", "absent")
    assert told.status == 0 and the_state(told.answers["rs5"])["result"] is True, told.text
    assert bound(rs5) == set()
    assert {rs5.conf(scope, key) for scope in ("all", "lo") for key in ("arp_ignore", "arp_announce")} == {0}
    assert rs5.files() == {} and journal(rs5) == []
    assert fleet.state(*others) == before


def test_nobody_but_the_director_answered_for_a_vip(fleet, story, say):
    """The client asks as fast as it can, and looks at every reply; and what the listener heard since before the first apply."""
    director = fleet.minions[DIRECTOR].mac()
    with Wire(fleet.client) as wire, storm.requests(fleet.client, "eth0", ADDRESSES["client"], story.vips) as asked:
        heard = [frame for frame in wire.hear(1.0) if frame.operation == REPLY and frame.sender_ip in story.vips]
    assert {frame.sender_ip for frame in heard} == set(story.vips)
    assert {frame.sender_mac for frame in heard} | {frame.source for frame in heard} == {director}
    wait(story.listener.heard, "the servers to be heard")
    say(f"{asked.counted} questions in a storm of 1 s: {len(heard)} answers of the director's were looked at, none of anybody else's")
    story.tell(say)
    assert story.listener.leaked() == {}
    assert story.listener.made("rs2") > 0 and story.listener.made("rs3") > 0, "the listener did not hear the leaks that the tests made"


def published(fleet, mark):
    """The jobs that were published after a mark: for whom, and what. Without Salt's own questions after those that do not answer."""
    jobs = [(event.data["tgt"], event.data["fun"]) for event in fleet.bus.since(mark, "salt/job/*/new")]
    return [job for job in jobs if job[1] != "saltutil.find_job"]
