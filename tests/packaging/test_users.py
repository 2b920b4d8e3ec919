"""Programs find the library through pkg-config and CMake, shared and static, in C and C++, and run with it."""

import subprocess

import pytest
from conftest import ROOT, need, run

USE = ROOT / "tests/packaging/use.c"
STRICT = "-pedantic", "-Wall", "-Wextra", "-Werror"
# A Rust library as others have them: it brings its own copy of the runtime, and unwinds.
OTHER = """
#[unsafe(no_mangle)]
pub extern "C" fn other() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let nothing: Vec<i32> = std::env::args().skip(1000).map(|_| 1).collect();
    std::panic::catch_unwind(|| nothing[std::process::id() as usize]).unwrap_or(7)
}
"""


def flags(prefix, *words, library="lvsarp"):
    words = [need("pkg-config"), *words, "--print-errors", library]
    return run(*words, env=prefix.environment()).split()


@pytest.fixture
def build(prefix, tmp_path):
    """Compile a program with these words."""

    def build(*words):
        program = tmp_path / "use"
        run(*words, "-o", program, env=prefix.environment())
        return program

    return build


def libraries(program, prefix):
    """Which files the dynamic linker takes."""
    lines = run("ldd", program, env=prefix.environment()).splitlines()
    return [line.split()[2] for line in lines if "lvsarp" in line]


def test_pkg_config(prefix, build, version):
    program = build("cc", "-std=c99", *STRICT, USE, *flags(prefix, "--cflags", "--libs"))
    assert libraries(program, prefix) == [f"{prefix.lib}/liblvsarp.so.0"]
    assert run(program, env=prefix.environment()).strip() == version
    assert run("pkg-config", "--modversion", "lvsarp", env=prefix.environment()).strip() == version


def test_pkg_config_of_the_whole_library(prefix, build, version):
    program = build("cc", "-std=c99", *STRICT, USE, *flags(prefix, "--cflags", "--libs", library="lvsarp-full"))
    assert libraries(program, prefix) == [f"{prefix.lib}/liblvsarp-full.so.0"]
    assert run(program, env=prefix.environment()).strip() == version


def test_pkg_config_where_the_prefix_was_moved(prefix, tmp_path):
    moved = tmp_path / "moved"
    prefix.path.rename(moved)
    try:
        lib = moved / prefix.lib.relative_to(prefix.path)
        words = "pkg-config", f"--define-variable=prefix={moved}", "--cflags", "--libs", "lvsarp"
        found = run(*words, env={**prefix.environment(), "PKG_CONFIG_PATH": f"{lib}/pkgconfig"}).split()
        assert found == [f"-I{moved}/include", f"-L{lib}", "-llvsarp"]
    finally:
        moved.rename(prefix.path)


def test_the_archive(prefix, build, version):
    words = [word.replace("-llvsarp", "-l:liblvsarp.a") for word in flags(prefix, "--static", "--cflags", "--libs")]
    program = build("cc", "-std=c99", *STRICT, USE, *words)
    assert libraries(program, prefix) == []
    assert run(program).strip() == version


def test_cpp(prefix, build, version):
    words = flags(prefix, "--cflags", "--libs")
    program = build(need("c++", "g++"), "-x", "c++", "-std=c++11", *STRICT, USE, "-x", "none", *words)
    assert run(program, env=prefix.environment()).strip() == version


@pytest.mark.parametrize("order", [1, -1], ids=["ours first", "ours last"])
def test_the_archive_beside_another_rust_library(prefix, tmp_path, order):
    (tmp_path / "other.rs").write_text(OTHER)
    run("rustc", "--edition=2024", "-O", "--crate-type=staticlib", "-o", tmp_path / "libother.a", tmp_path / "other.rs")
    both = tmp_path / "both.c"
    first = "int other(void);\nint main(void)\n{\n    if (other() != 7)\n        return 2;"
    both.write_text(USE.read_text().replace("int main(void)\n{", first))
    words = flags(prefix, "--static", "--cflags", "--libs")
    ours = ["-l:liblvsarp.a", f"{tmp_path}/libother.a"][::order]
    words = [part for word in words for part in (ours if word == "-llvsarp" else [word])]
    run("cc", both, "-o", tmp_path / "both", *words, env=prefix.environment())
    run(tmp_path / "both")


@pytest.mark.parametrize("library", ["lvsarp", "lvsarp_full", "lvsarp_static"])
def test_cmake(prefix, tmp_path, version, library):
    (tmp_path / "CMakeLists.txt").write_text(f"""
        cmake_minimum_required(VERSION 3.13)
        project(use C)
        find_package(Lvsarp {version} REQUIRED)
        add_executable(use {USE})
        target_link_libraries(use PRIVATE lvsarp::{library})
    """)
    run(need("cmake"), "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix.path}")
    run("cmake", "--build", tmp_path / "build")
    program = tmp_path / "build/use"
    assert [bool(libraries(program, prefix))] == [library != "lvsarp_static"]
    assert run(program).strip() == version


@pytest.mark.parametrize(("wanted", "found"), [("0.0.1", True), ("0.9", False), ("1", False)])
def test_cmake_takes_a_version_that_serves(prefix, tmp_path, wanted, found):
    (tmp_path / "CMakeLists.txt").write_text(f"""
        cmake_minimum_required(VERSION 3.13)
        project(use NONE)
        find_package(Lvsarp {wanted} REQUIRED CONFIG PATHS {prefix.lib}/cmake NO_DEFAULT_PATH)
    """)
    done = subprocess.run([need("cmake"), "-S", tmp_path, "-B", tmp_path / "build"], capture_output=True, text=True)
    assert (done.returncode == 0) == found, done.stderr
