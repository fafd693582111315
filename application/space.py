"""How much room a change of the catalog takes, and whether the disk has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from domain.availability import SeriesHoldings
from domain.errors import NotEnoughSpaceError
from domain.sizes import size_text
from domain.upkeep import DiskSpace

# Bars of stocks and currencies take 5 to 13 bytes each, those of crypto-currencies with 8 decimals
# up to 15, and a file 1.6 kB more: what is counted here is more than all of these.
_BYTES_PER_BAR = 16
_BYTES_PER_FILE = 2048
# An event takes up to 2 kB in the ledger and as much in its write-ahead log.
_BYTES_PER_EVENT = 4096
# What the ledger and its log take at the least.
_BYTES_PER_CHANGE = 256 * 1024
_BLOCK = 4096
# A ledger that is made anew is written in steps, and so is its log.
_EVENTS_IN_LOG = 1_000
_ELSEWHERE = (
    "Free some space, or name a folder on another disk with --catalog, then run the same "
    "command again: nothing was written."
)


@attrs.frozen
class SpaceNeeded:
    """The room that a change takes: how many files, with how many bars, and the bytes in all."""

    partitions: int
    bars: int
    size: int


def space_needed(partitions: Iterable[int]) -> SpaceNeeded:
    """Return the room for files with so many bars each, on the safe side, and their events.

    A fetch of `n` sessions with `m` bars each needs `space_needed([m] * n)`.
    """
    counts = list(partitions)
    if not counts:
        return SpaceNeeded(0, 0, 0)
    files = sum(_blocks(_BYTES_PER_FILE + bars * _BYTES_PER_BAR) for bars in counts)
    size = files + len(counts) * _BYTES_PER_EVENT + _BYTES_PER_CHANGE
    return SpaceNeeded(len(counts), sum(counts), size)


def ledger_bytes(events: int) -> int:
    """Return the room that a new ledger of so many events takes, on the safe side."""
    return (events + min(events, _EVENTS_IN_LOG)) * _BYTES_PER_EVENT // 2 + _BYTES_PER_CHANGE


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def revisions_needed(
    holdings: SeriesHoldings, changes: Mapping[str, int], precisions: tuple[int, int]
) -> list[int]:
    """Return how many bars each file has that a commit of `changes` to `holdings` writes.

    `changes` tells how many bars each partition holds afterwards. Where `precisions` (price,
    size) are more decimals than the files have, the other files of the series are written anew,
    too.
    """
    if not changes:
        return []
    price = max(precisions[0], holdings.price_precision)
    size = max(precisions[1], holdings.size_precision)
    others = (
        held.bars
        for name, held in holdings.partitions.items()
        if name not in changes and (held.price_precision, held.size_precision) != (price, size)
    )
    return [*filter(None, changes.values()), *others]


def ensure_space(disk: DiskSpace, needed: SpaceNeeded) -> None:
    """Do nothing where the disk has the room, or does not say how much it has.

    Raises:
        NotEnoughSpaceError: it has less.
    """
    bars = f"{needed.bars:,} bar{'' if needed.bars == 1 else 's'}"
    partitions = f"{needed.partitions:,} partition{'' if needed.partitions == 1 else 's'}"
    verb = "needs" if needed.partitions == 1 else "need"
    ensure_room(disk, needed.size, "The Parquet catalog's disk", f"{partitions} with {bars} {verb}")


def ensure_room(
    disk: DiskSpace, size: int, whose: str, needs: str, recovery: str = _ELSEWHERE
) -> None:
    """Do nothing where the disk has `size` bytes, or does not say how much it has.

    `whose` names the disk, `needs` what needs the room, both for the user.

    Raises:
        NotEnoughSpaceError: it has less.
    """
    free = disk.free()
    if free is None or size <= free:
        return
    raise NotEnoughSpaceError(
        f"{whose} has {size_text(free)} free; {needs} about {size_text(size)}.", recovery
    )


def file_bytes(sizes: Iterable[int]) -> int:
    """Return the room that files of these sizes take."""
    return sum(map(_blocks, sizes))
