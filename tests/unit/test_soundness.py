"""What a partition can hold, and what it cannot."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from domain.bar_type import BarType
from domain.bars import Bars
from domain.coverage import inferred_coverage
from domain.events import CoverageBasis
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.ports import NewPartition, StoredFile
from domain.sessions import NANOSECONDS_IN_DAY
from domain.soundness import contradiction, event_of, unsoundness
from domain.upkeep import DescribedFile
from tests.builders import MINUTE, minute_bars, new_partition, utc

HOUR = 60 * MINUTE


def _bars(opens: list[int], length: int) -> Bars:
    stamps = np.array(opens, np.int64)
    one = np.ones(len(opens), np.int64)
    return Bars(stamps, stamps + length, one, one, one, one, one, 0, 0)


def _new(bar_type: str, partition: str, opens: list[int], length: int) -> NewPartition:
    series = Series(InstrumentId.parse("AAPL.NASDAQ"), BarType.parse(bar_type))
    bars = _bars(opens, length)
    coverage = inferred_coverage(bars, series.bar_type)
    return NewPartition(
        series, partition, 1, bars, coverage, CoverageBasis.INFERRED, "csv", "a.csv"
    )


@pytest.mark.parametrize(
    ("bar_type", "partition", "first", "length"),
    [
        ("1_SEC", "2024-01-02", "2024-01-02T23:59:59", MINUTE // 60),
        ("8_HOUR", "2024-01-02", "2024-01-02T23:00:00", 8 * HOUR),
        ("1_DAY", "2024", "2024-01-02T00:00:00", 21 * HOUR),
        ("1_DAY", "2024", "2024-12-31T00:00:00", 21 * HOUR),
        ("1_WEEK", "2024", "2024-12-30T00:00:00", 5 * NANOSECONDS_IN_DAY),
        ("1_MONTH", "2024", "2024-12-01T00:00:00", 31 * NANOSECONDS_IN_DAY),
    ],
)
def test_the_last_bar_of_a_partition_may_close_after_it(
    bar_type: str, partition: str, first: str, length: int
) -> None:
    assert unsoundness(_new(bar_type, partition, [utc(first)], length)) is None


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (_new("1_DAY", "2023", [utc("2024-01-02T00:00:00")], HOUR), "outside 2023"),
        (_new("1_DAY", "2024", [utc("2024-01-02T05:00:00")], HOUR), "not stamped by dates"),
        (_new("1_DAY", "2024-01-02", [utc("2024-01-02T00:00:00")], HOUR), "names no partition"),
        (_new("1_MIN", "2024", [utc("2024-01-02T00:00:00")], MINUTE), "names no partition"),
        (_new("1_MIN", "2024-02-30", [utc("2024-02-29T00:00:00")], MINUTE), "names no partition"),
        (
            _new("1_MIN", "2024-01-02", [utc("2024-01-02T00:00:00")], 50 * NANOSECONDS_IN_DAY),
            "takes too long",
        ),
    ],
)
def test_what_cannot_be_is_named(new: NewPartition, problem: str) -> None:
    assert problem in str(unsoundness(new))


def test_coverage_far_outside_the_partition_would_hide_gaps() -> None:
    day = utc("2024-01-02T00:00:00")
    near = IntervalSet.of((day - HOUR, day + 25 * HOUR))
    far = IntervalSet.of((day, day + 10 * NANOSECONDS_IN_DAY))
    assert unsoundness(attrs.evolve(new_partition(), coverage=near)) is None
    assert "covers time far outside" in str(
        unsoundness(attrs.evolve(new_partition(), coverage=far))
    )


def test_prices_below_zero_can_be() -> None:
    bars = minute_bars(first_price=-500)
    assert unsoundness(new_partition(bars)) is None


def test_a_file_agrees_with_the_event_that_was_made_of_it() -> None:
    found = DescribedFile(new_partition(), StoredFile("a", "0" * 64, 5))
    recorded = event_of(found, "a")
    assert contradiction(found, recorded) is None
    assert "bars of 5, and 4 was recorded" in str(
        contradiction(found, attrs.evolve(recorded, bars=4))
    )
