"""A TCP proxy between two programs: what they say to one another can be cut off or held up."""

import contextlib
import socket
import struct
import threading

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
READ_BYTES = 1 << 16


class Proxy:
    """Pass connections on to a port of this machine; it may change while the proxy runs."""

    def __init__(self, target_port: int = 0) -> None:
        self.target_port = target_port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listening.getsockname()[1])
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._threads = [threading.Thread(target=self._accept, name="proxy", daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Reset every connection."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()

    def stall(self) -> None:
        """Pass nothing on any more; connections stay open."""
        self._flows.clear()

    def go_on(self) -> None:
        """Pass on what was held up, and what follows."""
        self._flows.set()

    def stop(self) -> None:
        """End it and every connection."""
        self.go_on()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(10)
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._open(_Pair(near, far))

    def _open(self, pair: "_Pair") -> None:
        with self._lock:
            self._pairs.add(pair)
        for source, sink in ((pair.near, pair.far), (pair.far, pair.near)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._pump, args=(pair, source, sink), name="proxy-pump", daemon=True)
            self._threads = [self._threads[0], *(one for one in self._threads[1:] if one.is_alive()), thread]
            thread.start()

    def _pump(self, pair: "_Pair", source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(READ_BYTES):
                self._flows.wait()
                sink.sendall(content)
            sink.shutdown(socket.SHUT_WR)
        if pair.ended_once():
            with self._lock:
                self._pairs.discard(pair)


class _Pair:
    """Both ends of one connection, closed when neither says anything more."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self._open_directions = 2
        self._lock = threading.Lock()

    def reset(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RDWR)

    def ended_once(self) -> bool:
        """Note that one direction has ended; True when that was the other one, too."""
        with self._lock:
            self._open_directions -= 1
            if self._open_directions:
                return False
        self.near.close()
        self.far.close()
        return True
