"""Process 1 of a guest. It boots with the files in a folder as all that its /etc has of its own, and leaves there what came of it.

    process_1.py FOLDER apply INTERFACE...     applies and persists on a host that has these interfaces, and carries the files out
    process_1.py FOLDER boot STEP...           brings lo up, and does the steps under a storm: loader, restore, or an interface arrives
"""
import json
import shutil
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab import uml  # noqa: E402
from lab.machine import ThisMachine  # noqa: E402
from lab.namespaces import Namespace, run, veth  # noqa: E402
from lab.program import lvsarp  # noqa: E402
from lab.reboot import LOAD, RESTORE, SUBNETS, VIP, Server, boot  # noqa: E402

OWN = ("/etc/sysctl.d", "/etc/sysctl.conf", "/etc/lvsarp", "/etc/systemd")


def apply(machine, folder, *interfaces):
    with Namespace("peer") as peer:
        for name, (_, address, _) in zip(interfaces, SUBNETS.values()):
            veth(peer, machine, names=(name, name))
            machine.ip(f"addr add {address}/24 dev {name}")
        machine.run(lvsarp(), "apply", "--persist", "--vip", VIP)
        shutil.rmtree(folder / "etc")
        for path, content in machine.files().items():
            if path.startswith(OWN):
                place = folder / path.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(content) if isinstance(content, Path) else place.write_bytes(content)
        return {"state": machine.state()}


def rehearse(machine, _, *order):
    interfaces = sorted(set(order) - {LOAD, RESTORE})
    with Namespace("neighbour") as neighbour, Server(machine, neighbour, interfaces) as server:
        boot(server, order, lvsarp())
        server.asks_in_its_own_name()
        found = {"state": machine.state(), "leaked": sorted(server.leaked())}
        # The control: this storm hears this kernel.
        machine.set_conf("all", "arp_ignore", 0)
        server.wait_for_leaks()
        return {**found, "heard": sorted(server.leaked())}


def main(folder, what, *words):
    for path in OWN:
        run("rm", "-rf", path)
    run("cp", "-a", f"{folder}/etc/.", "/etc")
    machine = ThisMachine("rs1")
    machine.ip("link set lo up")
    found = {"apply": apply, "boot": rehearse}[what](machine, Path(folder), *words)
    Path(folder, f"{what}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
        status = 0
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        status = 1
    uml.power_off(status)
