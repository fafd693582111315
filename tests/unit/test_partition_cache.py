"""Partitions are read once while they are kept, and no more are kept than fit."""

from __future__ import annotations

import attrs

from application.partition_cache import PartitionCache
from domain.bars import Bars
from domain.events import PartitionWritten
from tests.builders import minute_bars, new_partition, written

BARS = minute_bars(count=100)


def _partition(name: str) -> PartitionWritten:
    return attrs.evolve(written(new_partition(BARS)), sha256=name * 64)


class _Disk:
    def __init__(self) -> None:
        self.reads: list[str] = []

    def read(self, partition: PartitionWritten) -> Bars:
        self.reads.append(partition.sha256[0])
        return BARS


def _read(cache: PartitionCache, names: str) -> str:
    disk = _Disk()
    for name in names:
        assert cache.get(_partition(name), disk.read) is BARS
    return "".join(disk.reads)


def test_what_was_read_is_not_read_again() -> None:
    assert _read(PartitionCache(), "abcabcabc") == "abc"


def test_the_least_recently_used_goes_first() -> None:
    assert _read(PartitionCache(2 * BARS.nbytes), "abacab") == "abcb"


def test_what_is_greater_than_the_bound_is_kept_until_the_next() -> None:
    assert _read(PartitionCache(1), "aab") == "ab"
