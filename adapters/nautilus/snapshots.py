"""Keeps Nautilus from reading the same closed positions again and again."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator

from nautilus_trader.model.position import Position
from nautilus_trader.portfolio import portfolio


class _RememberingPickle:
    """Stands in for the module `pickle`: bytes that were read once are not read again."""

    def __init__(self) -> None:
        self._read: dict[bytes, Position] = {}

    def loads(self, data: bytes) -> Position:
        """Return the position that was pickled as `data`."""
        if data not in self._read:
            self._read[data] = pickle.loads(data)  # noqa: S301 (pickled by this process)
        return self._read[data]


@contextlib.contextmanager
def each_read_once() -> Iterator[None]:
    """Let the portfolio read each snapshot of a position once, until the context ends.

    Under NETTING a position that is opened again leaves its earlier self behind, pickled. With
    two instruments 1.231.0 takes the one's snapshots for stale whenever the other's position
    closes, and reads all of them anew: a month of minutes took 15 s in place of 2.
    """
    portfolio.pickle = _RememberingPickle()
    try:
        yield
    finally:
        portfolio.pickle = pickle
