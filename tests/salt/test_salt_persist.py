"""`persist: true` in the state: the files of Host.persist, byte for byte, and what the next boot makes of them."""

import shutil

import pytest
from conftest import WRITTEN, tree

VIP, OTHER = "192.0.2.10", "192.0.2.20"


def test_the_files_are_those_of_the_library_and_no_others(server, host, states, etc):
    before = tree(etc)
    wish = {"prefixes": ["198.51.100.0/28"], "label": "lo:v", "scope": "interface"}
    host.persist([VIP, OTHER], **wish)
    files = tree(etc)
    for name in WRITTEN:
        shutil.rmtree(etc / name, ignore_errors=True)
    assert tree(etc) == before
    ret = states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], **wish, persist=True)
    assert ret.result is True and tree(etc) == files
    assert {thing for thing in ret.changes if thing.startswith("/")} == set(files) - set(before)


@pytest.mark.parametrize("persist", [False, None])
def test_without_persist_no_file_is_written_or_removed(server, states, etc, persist):
    before = tree(etc)
    states.lvsarp.real_server(name="rs", vips=VIP, persist=persist)
    assert tree(etc) == before
    states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    files = tree(etc)
    ret = states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], persist=persist)
    assert ret.result is True and tree(etc) == files and list(ret.changes) == ["192.0.2.20/32 dev lo"]


def test_files_alone_are_a_change(server, states, etc):
    states.lvsarp.real_server(name="rs", vips=VIP)
    for test, result in ((True, None), (False, True)):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, persist=True, test=test)
        assert ret.result is result and ret.changes and all(thing.startswith("/etc/") for thing in ret.changes)
        assert ret.changes["/etc/sysctl.d/90-lvsarp.conf"] == {"old": None, "new": "present"}
        verb = "would be" if test else "was"
        assert ret.comment == f"What brings it back after a reboot {verb} written."
    again = states.lvsarp.real_server(name="rs", vips=VIP, persist=True, test=True)
    assert (again.result, again.changes) == (True, {})


def test_a_file_that_gets_another_text_is_rewritten(server, states, etc):
    states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    for test, result in ((True, None), (False, True)):
        ret = states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], persist=True, test=test)
        assert ret.result is result and ret.changes == {
            "/etc/lvsarp/real-server.json": {"old": "present", "new": "rewritten"},
            "192.0.2.20/32 dev lo": {"old": None, "new": "scope global label lo"},
        }


def test_a_file_that_somebody_edited_is_refused_and_nothing_is_changed(server, states, etc, everything):
    states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    with open(etc / "sysctl.d/90-lvsarp.conf", "a") as file:
        file.write("# mine\n")
    server.set_conf("all", "arp_ignore", 0)
    before = everything()
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], persist=True, test=test)
        assert (ret.result, ret.changes) == (False, {}) and "it was edited" in ret.comment
        assert everything() == before


def test_files_that_cannot_be_written_leave_the_host_as_it_was(server, states, etc, everything):
    (etc / "lvsarp").write_text("a file where a directory is to be\n")
    before = everything()
    ret = states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
    assert (ret.result, ret.changes) == (False, {}) and "/etc/lvsarp" in ret.comment
    assert everything() == before


def test_what_spoils_the_next_boot_is_a_warning_where_it_is_to_hold_then(server, host, states, etc):
    (etc / "sysctl.d").mkdir()
    (etc / "sysctl.d/99-z.conf").write_text("net.ipv4.conf.all.arp_ignore = 0\n")
    for _ in range(2):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, persist=True)
        assert ret.result is True
        assert set(ret.warnings) >= {str(f) for f in host.boot([VIP], rehearse=False).findings if f.severity == "error"}
        assert any("/etc/sysctl.d/99-z.conf:1" in text for text in ret.warnings), ret.warnings
    ret = states.lvsarp.real_server(name="rs", vips=VIP)
    assert (ret.result, ret.warnings) == (True, [])


@pytest.mark.parametrize("persist", [False, True])
def test_keys_in_the_file_of_salts_sysctl_present_are_a_warning(server, states, etc, persist):
    # Where Salt itself puts them on a machine that was booted with systemd.
    (etc / "sysctl.d").mkdir()
    for key, value in (("arp_ignore", 1), ("arp_announce", 2)):
        ret = states.sysctl.present(name=f"net.ipv4.conf.all.{key}", value=value, config="/etc/sysctl.d/99-salt.conf")
        assert ret.result is True, ret.comment
    lines = (etc / "sysctl.d/99-salt.conf").read_text().splitlines()
    salts = [
        f"/etc/sysctl.d/99-salt.conf:{lines.index(line) + 1} names all/{key}: it belongs to Salt's sysctl.present"
        for key, line in (
            ("arp_ignore", "net.ipv4.conf.all.arp_ignore = 1"),
            ("arp_announce", "net.ipv4.conf.all.arp_announce = 2"),
        )
    ]
    for test in (True, False):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, persist=persist, test=test)
        for text in salts:
            assert len([warning for warning in ret.warnings if text in warning]) == 1, ret.warnings
    assert ret.result is True


def test_exact_and_persist_go_together(server, host, states, etc):
    states.lvsarp.real_server(name="rs", vips=[VIP, OTHER], persist=True)
    for test, result in ((True, None), (False, True)):
        ret = states.lvsarp.real_server(name="rs", vips=VIP, persist=True, exact=True, test=test)
        assert ret.result is result and ret.changes == {
            "/etc/lvsarp/real-server.json": {"old": "present", "new": "rewritten"},
            "192.0.2.20/32 dev lo": {"old": "scope global label lo", "new": None},
        }
    assert OTHER not in (etc / "lvsarp/real-server.json").read_text() and [a.local for a in host.vips()] == [VIP]
    assert states.lvsarp.real_server(name="rs", vips=VIP, persist=True, exact=True).changes == {}
