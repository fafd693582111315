"""Partitions that a run has read, kept in memory within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from domain.bars import Bars
from domain.events import PartitionWritten

DEFAULT_BYTES = 256 * 1024 * 1024


class PartitionCache:
    """Keeps the bars of partitions by their content, and forgets the least recently used.

    Content never changes under a hash, so what is kept can never be stale.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, Bars] = OrderedDict()

    def get(self, partition: PartitionWritten, read: Callable[[PartitionWritten], Bars]) -> Bars:
        """Return the partition's bars, reading them at most once while they are kept."""
        bars = self._kept.get(partition.sha256)
        if bars is None:
            bars = read(partition)
            self._keep(partition.sha256, bars)
        self._kept.move_to_end(partition.sha256)
        return bars

    def _keep(self, key: str, bars: Bars) -> None:
        self._kept[key] = bars
        self._bytes += bars.nbytes
        while self._bytes > self._max_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.nbytes
