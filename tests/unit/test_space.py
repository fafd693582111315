"""How much room a change is said to need, and what happens where there is less."""

from __future__ import annotations

import pytest

from adapters.memory.disk_space import MemoryDiskSpace
from application.space import SpaceNeeded, ensure_space, revisions_needed, space_needed
from domain.availability import SeriesHoldings
from domain.errors import NotEnoughSpaceError
from tests.builders import AAPL, minute_bars, new_partition, written

YEAR = [390] * 250


def _holding(days: int, price_precision: int = 2) -> SeriesHoldings:
    bars = minute_bars(count=7, price_precision=price_precision)
    names = [f"2024-01-{day:02}" for day in range(1, days + 1)]
    return SeriesHoldings(AAPL, {n: written(new_partition(bars, partition=n)) for n in names})


def test_a_year_of_minutes_needs_some_megabytes() -> None:
    needed = space_needed(YEAR)
    assert (needed.partitions, needed.bars) == (250, 97_500)
    assert 3_000_000 < needed.size < 6_000_000


def test_nothing_needs_nothing() -> None:
    assert space_needed([]) == SpaceNeeded(0, 0, 0)
    assert revisions_needed(_holding(3), {}, (2, 0)) == []


def test_more_bars_and_more_files_need_more() -> None:
    assert space_needed([390] * 2).size > space_needed([390]).size
    assert space_needed([3900]).size > space_needed([390]).size


def test_too_little_room_is_refused_with_both_figures_and_what_to_do() -> None:
    with pytest.raises(NotEnoughSpaceError) as caught:
        ensure_space(MemoryDiskSpace(1_000_000), SpaceNeeded(250, 98_280, 4_100_000))
    assert caught.value.message == (
        "The Parquet catalog's disk has 1.0 MB free; 250 partitions with 98,280 bars need about "
        "4.1 MB."
    )
    assert "--catalog" in caught.value.recovery
    assert (caught.value.code, caught.value.exit_code) == ("not-enough-space", 1)


@pytest.mark.parametrize("free", [4_100_000, None])
def test_room_enough_and_room_unknown_pass(free: int | None) -> None:
    ensure_space(MemoryDiskSpace(free), SpaceNeeded(250, 98_280, 4_100_000))


def test_new_days_are_counted_alone() -> None:
    assert revisions_needed(_holding(3), {"2024-02-01": 5}, (2, 0)) == [5]


def test_a_partition_that_is_emptied_needs_no_file() -> None:
    assert revisions_needed(_holding(3), {"2024-01-01": 0}, (2, 0)) == []


def test_more_decimals_rewrite_every_other_partition() -> None:
    assert revisions_needed(_holding(3), {"2024-01-01": 5}, (4, 0)) == [5, 7, 7]
    assert revisions_needed(_holding(3), {"2024-01-01": 5}, (2, 1)) == [5, 7, 7]
    assert revisions_needed(_holding(3), {"2024-01-01": 5}, (0, 0)) == [5]
