"""The real servers' HTTP servers, all in one selector: each listens in its namespace and answers with its name."""
import selectors
import socket

from lab.cluster import PORT

ANSWER = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{name}\n"
SO_BINDTODEVICE = 25


class Servers:
    """One for each real server of a cluster, on every address of a family, so that the VIP may come and go."""

    def __init__(self, cluster, family, selector):
        self._selector, self._waiting = selector, set()
        self._listening = [self._listen(cluster, name, family) for name in cluster.servers]

    def close(self):
        for sock in [*self._listening, *self._waiting]:
            sock.close()

    def _listen(self, cluster, name, family):
        with cluster.servers[name].entered():
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if cluster.kind == "vrf":
            sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, cluster.vip_device.encode())
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", PORT))
        sock.listen(128)
        answer = ANSWER.format(name=name).encode()
        self._selector.register(sock, selectors.EVENT_READ, lambda listening: self._accept(listening, answer))
        return sock

    def _accept(self, listening, answer):
        try:
            sock, _ = listening.accept()
        except OSError:  # it has gone again, as a health check does
            return
        sock.setblocking(False)
        if not self._serve(sock, answer):
            self._waiting.add(sock)
            self._selector.register(sock, selectors.EVENT_READ, lambda ready: self._serve(ready, answer))

    def _serve(self, sock, answer):
        """Answer a request that is there and end the connection; whether it was there."""
        try:
            if sock.recv(4096):
                sock.send(answer)
        except BlockingIOError:
            return False
        except OSError:
            pass
        if sock in self._waiting:
            self._waiting.remove(sock)
            self._selector.unregister(sock)
        sock.close()
        return True
