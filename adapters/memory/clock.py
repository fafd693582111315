"""A clock that stands where it is put."""

from __future__ import annotations


class MemoryClock:
    """A `Clock` that moves only when told to."""

    def __init__(self, now: int = 1_700_000_000_000_000_000) -> None:
        self._now = now

    def now(self) -> int:
        """Return the time it was set to, in UTC nanoseconds."""
        return self._now

    def elapsed(self) -> float:
        """Return the same time in seconds."""
        return self._now / 1e9

    def advance(self, nanoseconds: int) -> None:
        """Move on."""
        self._now += nanoseconds
