"""New bars meet a catalog: counts by day, and what each partition holds afterwards."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.progress import MemoryProgressTask
from application.conflicts import OnConflict, Overlap
from application.partition_changes import PartitionChanges
from application.series_writer import SeriesReader
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import ConflictError
from domain.instrument import InstrumentId, Series
from domain.partitions import split_by_partition, trading_dates
from tests.builders import AAPL, MINUTE, NEW_YORK, minute_bars, utc
from tests.memory_catalog import MemoryCatalog

POLICIES = (OnConflict.SKIP, OnConflict.OVERWRITE, OnConflict.MERGE)
# From the afternoon of one day in New York over midnight UTC to the next day.
FIRST = utc("2024-01-02T20:00:00")
STEP = 60 * MINUTE


@attrs.frozen(eq=False)
class PlainBars:
    """`NewBars` that are all in memory."""

    bars: Bars
    series: Series = AAPL

    @property
    def counts(self) -> Mapping[str, int]:
        parts = split_by_partition(self.bars, self.series.bar_type)
        return {name: len(part) for name, part in parts}

    @property
    def dates(self) -> Sequence[dt.date]:
        return trading_dates(self.bars, self.series)

    @property
    def precisions(self) -> tuple[int, int]:
        return self.bars.price_precision, self.bars.size_precision

    def part(self, partition: str) -> Bars:
        parts = dict(split_by_partition(self.bars, self.series.bar_type))
        return parts.get(partition, Bars.empty())


def _bars(values: dict[int, int]) -> Bars:
    """One-minute bars at whole hours since FIRST, each with one price."""
    hours = np.array(sorted(values), np.int64)
    prices = np.array([values[hour] for hour in sorted(values)], np.int64)
    opens = FIRST + hours * STEP
    return Bars(opens, opens + MINUTE, prices, prices, prices, prices, prices, 0, 0)


def _values(parts: Sequence[Bars]) -> dict[int, int]:
    return {
        (int(stamp) - FIRST) // STEP: int(price)
        for part in parts
        for stamp, price in zip(part.ts_open, part.rescaled(0, 0).open, strict=True)
    }


def _date(hour: int) -> dt.date:
    zone: zoneinfo.ZoneInfo = NEW_YORK
    return dt.datetime.fromtimestamp((FIRST + hour * STEP) // 10**9, zone).date()


def _expected(held: dict[int, int], new: dict[int, int], policy: OnConflict) -> dict[int, int]:
    replaced = {_date(hour) for hour in new}
    kept = {h: v for h, v in held.items() if _date(h) not in replaced}
    return {
        OnConflict.SKIP: {**new, **held},
        OnConflict.MERGE: {**held, **new},
        OnConflict.OVERWRITE: {**kept, **new},
    }[policy]


def compared(held: SeriesReader, new: PlainBars) -> PartitionChanges:
    changes = PartitionChanges(held, new)
    task = MemoryProgressTask("", changes.steps)
    changes.compare(task)
    assert task.done == task.total
    return changes


_HOURS = st.dictionaries(st.integers(0, 70), st.integers(1, 3), min_size=1, max_size=25)


@settings(max_examples=150, deadline=None)
@given(_HOURS, _HOURS)
def test_partitions_hold_what_each_policy_says(held: dict[int, int], new: dict[int, int]) -> None:
    memory = MemoryCatalog()
    memory.write(AAPL, _bars(held))
    reader = memory.catalog.reader(memory.holdings(AAPL))
    changes = compared(reader, PlainBars(_bars(new)))
    for policy in POLICIES:
        changing = changes.changing(policy)
        after = {name: changes.after(name, policy) for name in changing}
        assert {name: len(bars) for name, bars in after.items()} == changing
        others = [reader.read(n) for n in reader.holdings.partitions if n not in changing]
        assert _values([*after.values(), *others]) == _expected(held, new, policy)
        untouched = _expected(held, new, policy) == held
        assert (not changing) == untouched


@settings(max_examples=150, deadline=None)
@given(_HOURS, _HOURS)
def test_counts_by_day_are_those_of_counting_by_hand(
    held: dict[int, int], new: dict[int, int]
) -> None:
    memory = MemoryCatalog()
    memory.write(AAPL, _bars(held))
    changes = compared(memory.catalog.reader(memory.holdings(AAPL)), PlainBars(_bars(new)))
    expected: dict[dt.date, Overlap] = defaultdict(Overlap)
    for hour, value in new.items():
        known = held.get(hour)
        expected[_date(hour)] += Overlap(
            new=int(known is None),
            identical=int(known == value),
            different=int(known not in (None, value)),
        )
    for hour in held.keys() - new.keys():
        expected[_date(hour)] += Overlap(vanishing=int(_date(hour) in {_date(h) for h in new}))
    assert changes.overlap == sum(expected.values(), Overlap())
    assert changes.by_day == {date: one for date, one in expected.items() if one.held}
    assert list(changes.by_day) == sorted(changes.by_day)


def test_days_that_hold_nothing_are_not_read() -> None:
    memory = MemoryCatalog()
    memory.write(AAPL, minute_bars("2024-01-02T15:00:00"))

    @attrs.frozen(eq=False)
    class Unread(PlainBars):
        def part(self, partition: str) -> Bars:
            raise AssertionError(partition)

    reader = memory.catalog.reader(memory.holdings(AAPL))
    changes = compared(reader, Unread(minute_bars("2024-03-05T15:00:00")))
    assert changes.overlap == Overlap(new=5)
    assert changes.by_day == {}
    assert changes.changing(OnConflict.SKIP) == {"2024-03-05": 5}


@pytest.mark.parametrize("held_first", [True, False])
def test_a_day_of_the_venue_in_two_partitions_is_counted_as_one(held_first: bool) -> None:
    """In Tokyo a day begins on the UTC date before it."""
    tokyo = Series(InstrumentId.parse("7203.TSEJ"), BarType.parse("1_HOUR"))
    stamps = ["2024-01-09T23:00:00", "2024-01-10T01:00:00"]
    held, new = stamps if held_first else reversed(stamps)
    memory = MemoryCatalog()
    memory.write(tokyo, _four_hours(held))
    reader = memory.catalog.reader(memory.holdings(tokyo))
    changes = compared(reader, PlainBars(_four_hours(new), tokyo))
    assert changes.by_day == {dt.date(2024, 1, 10): Overlap(new=1, vanishing=1)}


# ---- one slot in two partitions --------------------------------------------------------------

TOYOTA = Series(InstrumentId.parse("7203.TSEJ"), BarType.parse("4_HOUR"))
SLOT, SESSION = "2024-01-09T23:00:00", "2024-01-10T00:00:00"  # 08:00 and 09:00 in Tokyo


def _four_hours(*opens: str) -> Bars:
    at = np.array([utc(each) for each in opens], np.int64)
    return attrs.evolve(minute_bars(count=len(at)), ts_open=at, ts_event=at + 240 * MINUTE)


@pytest.mark.parametrize(("held", "new"), [(SLOT, SESSION), (SESSION, SLOT)])
def test_a_slot_that_two_partitions_would_tell_of_is_refused(held: str, new: str) -> None:
    memory = MemoryCatalog()
    memory.write(TOYOTA, _four_hours(held, "2024-01-10T03:00:00"))
    reader = memory.catalog.reader(memory.holdings(TOYOTA))
    changes = PartitionChanges(reader, PlainBars(_four_hours(new, "2024-01-10T03:00:00"), TOYOTA))
    with pytest.raises(ConflictError) as caught:
        changes.refuse_doubles()
    for stamp in (held, new):
        assert f"{stamp}Z" in caught.value.message


@pytest.mark.parametrize("stamp", [SLOT, SESSION])
def test_the_same_stamp_is_an_ordinary_meeting(stamp: str) -> None:
    memory = MemoryCatalog()
    memory.write(TOYOTA, _four_hours(stamp, "2024-01-10T03:00:00"))
    reader = memory.catalog.reader(memory.holdings(TOYOTA))
    more = PlainBars(_four_hours(stamp, "2024-01-10T03:00:00", "2024-01-10T23:00:00"), TOYOTA)
    PartitionChanges(reader, more).refuse_doubles()
    assert compared(reader, more).overlap == Overlap(new=1, identical=2)


def test_weeks_that_were_labelled_by_their_end_are_not_doubled_over_the_new_year() -> None:
    weekly = Series(InstrumentId.parse("IBM.NYSE"), BarType.parse("1_WEEK"))
    memory = MemoryCatalog()
    memory.write(weekly, _four_hours("2025-01-03T00:00:00"))
    reader = memory.catalog.reader(memory.holdings(weekly))
    with pytest.raises(ConflictError):
        PartitionChanges(
            reader, PlainBars(_four_hours("2024-12-30T00:00:00"), weekly)
        ).refuse_doubles()
