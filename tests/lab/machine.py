"""A host with files of its own: an /etc without anything that sets levels or binds addresses, and an empty /run, as a machine just installed has them."""
import os
import shutil
import subprocess
from pathlib import Path

from .namespaces import Namespace, run

LOADER = "/usr/lib/systemd/systemd-sysctl"
PROCPS = "/usr/sbin/sysctl"
# What udev's 99-systemd.rules runs for an interface that appears.
PREFIXES = ("net/ipv4/conf", "net/ipv4/neigh", "net/ipv6/conf", "net/ipv6/neigh")

# Everything else in /etc is the machine's own, by a link: the linker's cache, names of users and the like. The process waits in its mount
# namespace until its input ends.
MOUNTS = """
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/machine-etc
mount --bind /etc /run/machine-etc
mount -t tmpfs -o mode=0755 tmpfs /etc
for entry in /run/machine-etc/*; do
  case ${entry##*/} in
    sysctl.conf | sysctl.d | systemd | lvsarp | network | netplan | NetworkManager | tuned | '*') ;;
    *) set -- "$@" "$entry" ;;
  esac
done
[ $# = 0 ] || ln -s "$@" /etc/
mkdir -p /etc/sysctl.d /etc/systemd/system
for folder in /lib/sysctl.d /usr/lib/sysctl.d /usr/local/lib/sysctl.d; do
  [ ! -d $folder ] || mount -t tmpfs -o mode=0755 tmpfs $folder
done
echo ready
read -r end || :
"""


class Machine(Namespace):
    """A network namespace and a mount namespace; commands that it runs are in both."""

    _holder = None

    def __init__(self, name, files=None):
        super().__init__(name)
        self._holder = self.popen("unshare", "--mount", "--propagation", "private", "sh", "-ec", MOUNTS,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout.readline() != b"ready\n":
            self.delete()
            raise RuntimeError("cannot mount a machine's own /etc and /run")
        self.root = Path(f"/proc/{self._holder.pid}/root")
        for path, content in (files or {}).items():
            self.write(path, content)

    def delete(self):
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()
        super().delete()

    def run(self, *argv, **options):
        """Run a command in both namespaces; see `namespaces.run`."""
        return super().run(*self._inside(), *argv, **options)

    def popen(self, *argv, **options):
        """Start a command in both namespaces."""
        return super().popen(*self._inside(), *argv, **options)

    def _inside(self):
        return ("nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", "--") if self._holder else ()

    def path(self, path):
        """A file of the machine as this process finds it. Links with a slash in front lead elsewhere there."""
        return self.root / path.lstrip("/")

    def write(self, path, content):
        """A file, its content as text or bytes; of a Path a link to it."""
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            place.symlink_to(content)
        else:
            place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def files(self, folder="/etc"):
        """What was written below a folder: {path: bytes, or of a link the Path to which it leads}. Links into the machine's own /etc are left out."""
        return files(self.path(folder), folder)

    def load(self, program=LOADER, *arguments):
        """Run the program that sets sysctls at boot; `sysctl` is procps' and takes all files."""
        return self.run(program, *(["--system"] if program == PROCPS and not arguments else arguments), check=False)

    def udev(self, interface):
        """What udev runs when an interface appears."""
        return self.load(LOADER, *(f"--prefix=/{prefix}/{interface}" for prefix in PREFIXES))

    def state(self):
        """The levels of every scope, and every address with all that the kernel tells about it."""
        found = {f"{scope}/{key}": self.conf(scope, key) for scope in self.interfaces() for key in ("arp_ignore", "arp_announce")}
        for interface in self.ip_json("addr show"):
            found[f"addresses of {interface['ifname']}"] = [
                {key: value for key, value in address.items() if key != "link_index"}
                for address in interface["addr_info"] if address["family"] == "inet"]
        return found


class ThisMachine(Machine):
    """The machine that this process runs on, and its first namespace: a guest that ends with the test."""

    root = Path("/")

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "attach", name, os.getpid())
        self._fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    def delete(self):
        Namespace.delete(self)


def files(folder, shown=""):
    """All files and links below a folder: {path as shown: bytes or Path}."""
    found = {}
    for place, folders, names in os.walk(folder):
        if "machine-etc" in folders:
            folders.remove("machine-etc")
        for name in sorted(folders + names):
            path = Path(place, name)
            at = f"{shown}/{path.relative_to(folder)}"
            if path.is_symlink():
                if not (target := path.readlink()).is_relative_to("/run/machine-etc"):
                    found[at] = target
            elif path.is_file():
                found[at] = path.read_bytes()
    return found


def loaders():
    """The programs that set sysctls at boot here; both have to be there."""
    missing = [program for program in (LOADER, PROCPS) if not shutil.which(program)]
    if missing:
        raise FileNotFoundError(f"cannot rehearse a boot: {' and '.join(missing)} missing (Debian packages systemd and procps)")
    return LOADER, PROCPS
