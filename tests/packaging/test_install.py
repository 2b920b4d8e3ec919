"""make install and make uninstall: exactly the files of the list, and nothing else."""

import os
import subprocess

from conftest import ROOT

MAN = {"share/man/man3/lvsarp.3", "share/man/man8/lvsarp.8"}
COMPLETIONS = {
    "share/bash-completion/completions/lvsarp",
    "share/zsh/site-functions/_lvsarp",
    "share/fish/vendor_completions.d/lvsarp.fish",
}
CMAKE = {"lib/cmake/Lvsarp/LvsarpConfig.cmake", "lib/cmake/Lvsarp/LvsarpConfigVersion.cmake"}


def contents(folder):
    """Every file with its mode and what is in it; every link with where it goes."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(folder))] = oct(path.stat().st_mode & 0o777), path.read_bytes()
    return found


def test_everything_is_installed_below_destdir(make, tmp_path, version):
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/lvsarp")
    found = contents(tmp_path / "opt/lvsarp")
    both = "liblvsarp", "liblvsarp-full"
    shared = {f"lib/{name}.so{end}" for name in both for end in (f".{version}", ".0", "")}
    pc = {"lib/pkgconfig/lvsarp.pc", "lib/pkgconfig/lvsarp-full.pc"}
    plain = {"include/lvsarp.h", "lib/liblvsarp.a"} | pc | CMAKE | MAN | COMPLETIONS
    assert set(found) == {"sbin/lvsarp", "lib/liblvsarp-full.a"} | shared | plain
    for name in both:
        assert (found[f"lib/{name}.so"], found[f"lib/{name}.so.0"]) == (f"{name}.so.0", f"{name}.so.{version}")
    assert found["lib/liblvsarp-full.a"] == "liblvsarp.a"
    assert {found[name][0] for name in plain} == {"0o644"}
    assert {found[name][0] for name in ("sbin/lvsarp", *(f"lib/{name}.so.{version}" for name in both))} == {"0o755"}
    assert len(contents(tmp_path)) == len(found)
    assert not any(str(tmp_path).encode() in text for _, text in (found[name] for name in plain))
    assert not any(b"@" in found[name][1] for name in CMAKE | pc)
    assert all(text.strip() for _, text in (found[name] for name in plain))


def test_a_second_install_is_the_same(make, tmp_path):
    make("install", f"PREFIX={tmp_path}")
    first = contents(tmp_path)
    make("install", f"PREFIX={tmp_path}")
    assert contents(tmp_path) == first


def test_uninstall_removes_what_was_installed_and_nothing_else(make, tmp_path):
    other = tmp_path / "share/zsh/site-functions/_other"
    other.parent.mkdir(parents=True)
    other.write_text("#compdef other\n")
    where = f"DESTDIR={tmp_path}", "PREFIX=/", "LIBDIR=/usr/lib/here", "INCLUDEDIR=/usr/include"
    make("install", *where)
    assert (tmp_path / "usr/lib/here/liblvsarp.so").exists()
    make("uninstall", *where)
    assert set(contents(tmp_path)) == {"share/zsh/site-functions/_other"}
    assert not list(tmp_path.rglob("*vsarp*"))


def test_install_builds_nothing(make, without_cargo, tmp_path):
    make("install", f"PREFIX={tmp_path}")
    assert not os.path.exists(f"{without_cargo['HOME']}/called")


def test_install_without_a_build_says_so_and_installs_nothing(without_cargo, tmp_path):
    words = ["make", "-s", "-C", ROOT, "install", f"PREFIX={tmp_path}/prefix", f"TARGET={tmp_path}/empty"]
    done = subprocess.run(words, capture_output=True, text=True, env=without_cargo)
    assert done.returncode != 0
    assert "release/lvsarp is not there: run make first" in done.stderr
    assert not (tmp_path / "prefix").exists()
