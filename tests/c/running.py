"""Runs a C program on a host of its own: plain, under valgrind, or with sanitizers.

It must end well and say nothing on stderr.
"""

import functools
import os
import re
import subprocess

import build
from lab.namespaces import Namespace, wait_up

LEAKS = "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible"
VALGRIND = "valgrind", "-q", "--vgdb=no", "--error-exitcode=99"
SANITIZERS = "address,undefined"
# Sanitized programs must look for leaks; under valgrind only some of what is tried a thousand times is tried.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=1", "LVSARP_TEST_STRIDE": "1"}
SLOWLY = {"LVSARP_TEST_STRIDE": "40"}
# Valgrind before 3.20 answers openat2() with ENOSYS, as an old kernel does, and says so.
WITHOUT_OPENAT2 = re.compile(r"--\d+-- WARNING: unhandled \S+ syscall: 437\n(--\d+-- (You may|Read|Nevertheless|it at).*\n)+")

# In a sandbox of a program's own: what makes it a real server with eth0.
HOST = """
ip link set lo up
ip link add eth0 type veth peer name wire0
ip addr add 192.0.2.1/24 dev eth0
ip link set wire0 up arp off
ip link set eth0 up
"""

SOURCES = {"hostile": sorted(path.name for path in build.HERE.glob("hostile*.c"))}


def run(name, *arguments, under=(), sanitize="", wires=1, environment=ENVIRONMENT, timeout=60):
    """Run a program in a namespace beside another one, named other; what it printed."""
    path = program(name, sanitize)
    with Namespace("here") as here, Namespace("other") as other:
        for host in (here, other):
            wire(host, wires)
        if under:
            build.need(under[0])
        options = {"check": False, "timeout": timeout, "errors": "replace", "env": os.environ | environment}
        done = here.run(*under, path, *arguments, **options)
    errors = WITHOUT_OPENAT2.sub("", done.stderr)
    said = f"{name} {' '.join(map(str, arguments))} ended with {done.returncode}:\n{errors[:6000]}"
    assert done.returncode == 0 and errors == "", said
    return done.stdout


def under_valgrind(name, *arguments, options=(), **others):
    """Run a program under valgrind; leaks are errors."""
    return run(name, *arguments, under=(*VALGRIND, *LEAKS, *options), environment=ENVIRONMENT | SLOWLY, **others)


def sanitized(name, *arguments, **others):
    """Run a program that was built with sanitizers."""
    return run(name, *arguments, sanitize=SANITIZERS, **others)


def program(name, sanitize=""):
    """The path of a program, built where it has to be."""
    if (build.HERE / f"{name}.cpp").exists():
        return cpp_program(f"{name}.cpp", sanitize)
    return build.program(name, *SOURCES.get(name, [f"{name}.c"]), flags=["-pthread"], sanitize=sanitize)


@functools.cache
def cpp_program(source, sanitize):
    """A program in C++11."""
    made = build.PROGRAMS / f"{source}{'-sanitized' if sanitize else ''}"
    command = [build.need("c++", "g++"), "-std=c++11", *(flag for flag in build.STRICT if not flag.startswith("-std"))]
    command += [f"-fsanitize={sanitize}", "-fno-sanitize-recover=all"] if sanitize else []
    command += [f"-I{build.ROOT / 'include'}", build.HERE / source, "-o", made]
    command += [f"-L{build.LIBRARY}", "-llvsarp", f"-Wl,-rpath,{build.LIBRARY}"]
    build.PROGRAMS.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return made


def wire(host, wires):
    """Give a host eth0 with 192.0.2.11/24 and eth1, the two ends of one wire, and more wires that stay down."""
    for number in range(wires):
        left, right = f"eth{2 * number}", f"eth{2 * number + 1}"
        host.ip(f"link add {left} type veth peer name {right}")
        # Without link-local addresses nothing changes by itself while a test looks.
        for end in (left, right):
            host.ip(f"link set {end} addrgenmode none")
    host.ip("addr add 192.0.2.11/24 dev eth0")
    for end in ("eth0", "eth1"):
        host.ip(f"link set {end} up")
    for end in ("eth0", "eth1"):
        wait_up(host, end)
