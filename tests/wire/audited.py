"""A switch with those who audit and those who are audited, each in a namespace of its own.

The director is 192.0.2.1 and holds every VIP, the health checker is 192.0.2.2 and holds none. Real server N is 192.0.2.N and its VIP is
192.0.2.(100+N); for IPv6 likewise 2001:db8::N and 2001:db8::1:N.
"""
import itertools
import json
import socket
import subprocess

from lab.namespaces import Namespace, veth, wait_up

PORT = 80
PATIENCE = 60.0


class Switch:
    """A bridge in a namespace of its own. `stack` takes everything down."""

    names = itertools.count()

    def __init__(self, stack, program):
        self.stack, self.program = stack, program
        self.prefix = f"audit{next(self.names)}"
        self.bridge = self._namespace("switch")
        self.bridge.ip("link add br0 type bridge")
        self.bridge.ip("link set br0 up")

    def _namespace(self, name):
        namespace = self.stack.enter_context(Namespace(f"{self.prefix}-{name}"))
        for scope in "all", "default":
            namespace.set_sysctl(f"net/ipv6/conf/{scope}/accept_dad", 0)
            namespace.set_sysctl(f"net/ipv6/conf/{scope}/router_solicitations", 0)
        return namespace

    def host(self, name, *addresses, interface="eth0"):
        host = self._namespace(name)
        self.plug(host, interface)
        for address in addresses:
            host.ip(f"addr add {address} dev {interface}" + (" nodad" if ":" in address else ""))
        return host

    def plug(self, host, interface):
        port = f"p{next(self.names)}"
        veth(host, self.bridge, names=(interface, port))
        self.bridge.ip(f"link set {port} master br0")
        wait_up(self.bridge, port)

    def listen(self, host, address="0.0.0.0", port=PORT):
        """A TCP listener of a host that takes no connection: the kernel accepts them until somebody does."""
        with host.entered():
            listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.stack.callback(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(4096)
        return listener

    def lose(self, percent):
        """From now on the switch loses so many of the frames that it forwards, in either direction."""
        self.bridge.run("nft", f"add table bridge lossy; add chain bridge lossy c {{ type filter hook forward priority 0; }}; "
                               f"add rule bridge lossy c numgen random mod 100 < {percent} drop")


class Started:
    """An audit in a process of its own."""

    def __init__(self, host, program, *words):
        self.words = words
        self._child = host.popen(program, "--json", "audit", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self):
        """(exit status, the object that it printed)."""
        out, err = self._child.communicate(timeout=PATIENCE)
        assert out, (self.words, err)
        return self._child.returncode, json.loads(out)


def half_open(host):
    """Connections of a host that are half open or more: what `ss` says, listeners and ended ones left out."""
    shown = host.run("ss", "-tanH", "state", "connected").stdout
    return [line for line in shown.splitlines() if "TIME-WAIT" not in line]


def counter(host, name):
    """A counter of the kernel, such as TcpPassiveOpens: connections that a listener got."""
    shown = host.run("nstat", "-asz", name).stdout
    return int(next(line.split()[1] for line in shown.splitlines() if line.startswith(name)))
