"""A second kernel as a process: run a command inside user-mode Linux, on this machine's files.

The guest's root is the machine's file system, mounted read-only under a layer in memory: whatever is installed here
runs there, and whatever the guest writes is gone with it. Only the folders in `share` are the machine's own. It has a
network and sysctls of its own, ip_vs and the other modules of Debian's kernel, one processor, and needs no root.

    python3 -m lab.uml COMMAND...        runs a command in a guest
"""
import glob
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

KERNEL = "linux.uml"
MODULES = "/usr/lib/uml/modules"
SHIM = Path(__file__).with_name("xstate.c")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
GRACE = 30  # seconds, for the start and the end of a guest, beside the command's own timeout
TIMED_OUT = (124, 137)  # what timeout(1) says: it ended the command, or had to kill it

# Process 1 of the guest. Its root becomes the layer over the machine's; the command's output and status go into the
# first shared folder, because the kernel writes its messages to the console whenever it likes.
INIT = """\
#!/bin/sh
set -e
export PATH={path}
mount -t proc proc /proc
mount -t tmpfs -o mode=0755 tmpfs /mnt
modprobe -d {folder} overlay
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs devtmpfs dev
mkdir -p dev/pts dev/shm
mount -t devpts devpts dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=0755 tmpfs run
for folder in {shared}; do
  mkdir -p ".$folder"
  mount -t hostfs -o "$folder" hostfs ".$folder"
done
pivot_root . mnt
umount -l /mnt
mkdir -p /lib/modules
rm -rf /lib/modules/{version}
ln -s {folder}/lib/modules/{version} /lib/modules/{version}
{rest}
"""
COMMAND = """\
ip link set lo up
status=0
timeout --kill-after=5 {timeout} env -i -C {cwd} {environment} {command} </dev/null >{folder}/output 2>&1 || status=$?
echo $status >{folder}/status
sync
echo o >/proc/sysrq-trigger
while :; do sleep 1; done"""
# The command takes process 1 over. It writes its status to this file and ends the guest: see `power_off`.
PROCESS_1 = "exec env -i -C {cwd} {environment} UML_STATUS={folder}/status {command} </dev/null >{folder}/output 2>&1"


class GuestError(RuntimeError):
    """The guest could not be started, or did not live to the end of its command."""


@dataclass(frozen=True)
class Result:
    """What a command left: its exit status, what it wrote, what the kernel wrote, and how long the guest lived."""

    status: int
    output: str
    console: str
    seconds: float

    def __str__(self):
        return f"ended with {self.status} after {self.seconds:.1f} s\n{_both(self.output, self.console)}"


def run(*argv, timeout=300, env=None, cwd=None, memory="512M", share=(), process_1=False):
    """Run a command inside a new guest, with this process' LVSARP_* variables and those of `env`.

    The folders in `share` have the same path in the guest, and what it writes there stays. A command that is still
    running after `timeout` seconds, a panic and a missing package are a GuestError. With `process_1` the command is the
    guest's process 1, which finds the file systems mounted and nothing else done, and ends with `power_off`.
    """
    begin, command = time.monotonic(), shlex.join(str(word) for word in argv)
    with tempfile.TemporaryDirectory(prefix="uml-") as folder:
        version = _prepare(Path(folder))
        init = _init(Path(folder), version, command, timeout, env or {}, cwd or os.getcwd(), share,
                     PROCESS_1 if process_1 else COMMAND)
        console = _boot(Path(folder), init, memory, timeout + GRACE)
        output, status = _read(Path(folder, "output")), _read(Path(folder, "status"))
    if not status:
        raise GuestError(f"the guest ended before its command: {command}\n{_both(output, console)}")
    if int(status) in TIMED_OUT:
        raise GuestError(f"killed, or still running after {timeout} s, in the guest: {command}\n{_both(output, console)}")
    return Result(int(status), output, console, time.monotonic() - begin)


def power_off(status):
    """What process 1 of a guest does last."""
    Path(os.environ["UML_STATUS"]).write_text(str(status))
    sys.stdout.flush()
    os.sync()
    Path("/proc/sysrq-trigger").write_text("o")
    while True:
        time.sleep(1)


def _prepare(folder):
    """Put into the folder what a guest needs beside the package: the shim, and the index of the modules."""
    kernel = _tool(KERNEL, "user-mode-linux")
    version = _do(kernel, "--version").strip()
    if not os.path.isdir(f"{MODULES}/{version}"):
        raise GuestError(f"{MODULES}/{version} is missing: {kernel} is not the one of Debian's package user-mode-linux")
    _do(_tool(os.environ.get("CC", "cc"), "gcc"), "-shared", "-fPIC", "-O2", "-o", folder / "xstate.so", SHIM, "-ldl")
    place = folder / "lib/modules" / version
    place.mkdir(parents=True)
    (place / "kernel").symlink_to(f"{MODULES}/{version}/kernel")
    for file in glob.glob(f"{MODULES}/{version}/modules.builtin*") + [f"{MODULES}/{version}/modules.order"]:
        shutil.copy(file, place)
    _do(_tool("depmod", "kmod"), "-b", folder, version)
    return version


def _init(folder, version, command, timeout, env, cwd, share, rest):
    """Write process 1 of the guest; its path."""
    passed = {key: value for key, value in os.environ.items() if key.startswith("LVSARP_")}
    environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", **passed, **env}
    path = folder / "init"
    rest = rest.format(timeout=timeout, folder=shlex.quote(str(folder)), cwd=shlex.quote(str(cwd)), command=command,
                       environment=shlex.join(f"{key}={value}" for key, value in environment.items()))
    path.write_text(INIT.format(path=PATH, version=version, folder=shlex.quote(str(folder)), rest=rest,
                                shared=shlex.join(os.path.realpath(place) for place in (folder, *share))))
    path.chmod(0o755)
    return path


def _boot(folder, init, memory, timeout):
    """Start the kernel and wait for its end; the text of its console."""
    # The guest's memory is a file. /dev/shm is best, but a container's is small and does not let files be executed.
    environment = {"PATH": PATH, "LD_PRELOAD": str(folder / "xstate.so")}
    if not _good_for_memory("/dev/shm", memory):
        environment["TMPDIR"] = str(folder)
    argv = [_tool(KERNEL, "user-mode-linux"), "rootfstype=hostfs", "ro", f"mem={memory}", f"init={init}",
            f"uml_dir={folder}", "con=null", "con0=fd:0,fd:1", "quiet"]
    # A session of its own: the guest's processes are processes here, and all of them have to end.
    guest = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                             env=environment, text=True, errors="replace", start_new_session=True)
    try:
        return guest.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        os.killpg(guest.pid, signal.SIGKILL)
        raise GuestError(f"the guest hung for {timeout} s and was killed\n{_both('', guest.communicate()[0])}") from None
    finally:
        if guest.poll() is None:
            os.killpg(guest.pid, signal.SIGKILL)
            guest.wait()


def _good_for_memory(place, memory):
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[memory[-1].upper()]
    try:
        there = os.statvfs(place)
    except OSError:
        return False
    return not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > int(memory[:-1]) * unit


def _tool(name, package):
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATH}")
    if path is None:
        raise GuestError(f"cannot find {name}: install Debian's package {package}")
    return path


def _do(*argv):
    words = [str(word) for word in argv]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise GuestError(f"`{shlex.join(words)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _read(path):
    return path.read_text(errors="replace") if path.exists() else ""


def _both(output, console):
    return f"--- the command's output ---\n{output}\n--- the guest's console ---\n{console}"


if __name__ == "__main__":
    try:
        done = run(*sys.argv[1:])
    except GuestError as error:
        sys.exit(f"uml: {error}")
    sys.stdout.write(done.output)
    sys.exit(done.status)
