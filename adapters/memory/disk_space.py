"""A disk that has as much room as it is told."""

from __future__ import annotations


class MemoryDiskSpace:
    """A `DiskSpace` with `free` bytes, or one that does not say."""

    def __init__(self, free: int | None = None) -> None:
        self._free = free

    def free(self) -> int | None:
        """Return the bytes that it was given."""
        return self._free

    def fill(self, size: int) -> None:
        """Take `size` bytes."""
        self._free = None if self._free is None else max(0, self._free - size)
