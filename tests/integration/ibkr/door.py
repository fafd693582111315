"""A port that takes connections and hangs up on them, and then takes none any more."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import attrs

from tests.integration.ibkr.arrivals import GREETING, frame


@attrs.define
class Door:
    """Says the same to each of so many connections, and closes it."""

    server: socket.socket
    port: int
    times: int
    says: bytes
    taken: int = 0

    def serve(self) -> None:
        with self.server:
            while self.taken < self.times:
                self._take(self.server.accept()[0])
                self.taken += 1

    def _take(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.sendall(self.says)
            # What was not read when a socket closes resets it, and loses what was said.
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass


@contextlib.contextmanager
def door(times: int, *messages: tuple[str, ...]) -> Iterator[Door]:
    """Listen; with `messages` it shakes hands first and then says them."""
    said = [GREETING, *messages] if messages else []
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    opened = Door(server, port, times, b"".join(frame(*one) for one in said))
    thread = threading.Thread(target=opened.serve)
    thread.start()
    try:
        yield opened
    finally:
        opened.times = 0
        while thread.is_alive():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", opened.port)).close()
            thread.join(0.01)
