"""What arrived at the gateway, and what of it is still open; any thread may look."""

from __future__ import annotations

import threading

import attrs

from adapters.simulated_gateway.frames import Fields


@attrs.frozen
class Seen:
    """A message that arrived.

    `at` is in seconds of the gateway's clock, `connection` counts the connections from 1, and
    `message` is the number that says what the message is: the first of its `fields`.
    """

    at: float
    connection: int
    client_id: int
    message: int
    fields: Fields


class SeenLog:
    """All that arrived, in order, and the requests that are neither answered nor cancelled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Seen] = []
        self._open: dict[tuple[int, str], Seen] = {}
        self._abandoned: list[Seen] = []

    def add(self, seen: Seen) -> None:
        """Keep a message that arrived."""
        with self._lock:
            self._all.append(seen)

    def all(self) -> tuple[Seen, ...]:
        """Return every message so far."""
        with self._lock:
            return tuple(self._all)

    def open(self, request_id: str, seen: Seen) -> None:
        """Note that a request is to be answered."""
        with self._lock:
            self._open[seen.connection, request_id] = seen

    def is_open(self, connection: int, request_id: str) -> bool:
        """Whether a request is neither answered nor cancelled."""
        with self._lock:
            return (connection, request_id) in self._open

    def close(self, connection: int, request_id: str) -> bool:
        """Note that a request is answered or cancelled, and return whether it was open."""
        with self._lock:
            return self._open.pop((connection, request_id), None) is not None

    def abandon(self, connection: int) -> None:
        """Note that a connection is gone, and with it what was open on it."""
        with self._lock:
            for key in [key for key in self._open if key[0] == connection]:
                self._abandoned.append(self._open.pop(key))

    def opened(self) -> tuple[Seen, ...]:
        """Return the requests that are neither answered nor cancelled."""
        with self._lock:
            return tuple(self._open.values())

    def abandoned(self) -> tuple[Seen, ...]:
        """Return the requests that were open when their connection closed."""
        with self._lock:
            return tuple(self._abandoned)
