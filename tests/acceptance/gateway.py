"""A port where a gateway could be, that notes who knocks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs


@attrs.define
class Doorbell:
    """Listens, answers nothing, and counts connections."""

    port: int
    rings: int = 0


@contextmanager
def doorbell() -> Iterator[Doorbell]:
    """Listen on a free port of this machine until the context ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        bell = Doorbell(server.getsockname()[1])
        closing = threading.Event()

        def listen() -> None:
            while not closing.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                bell.rings += 1
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield bell
        finally:
            closing.set()
            thread.join()
