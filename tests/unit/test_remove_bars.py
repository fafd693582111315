"""Removing takes what a window holds, leaves all else as it is, and can be undone."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.disk_space import MemoryDiskSpace
from application.remove_bars import BarsToRemove, RemoveBars
from application.series_writer import Change
from domain.bar_type import BarType
from domain.bars import Bars
from domain.coverage import tolerated_silence
from domain.errors import (
    CorruptPartitionError,
    DataNotFoundError,
    LedgerConflictError,
    NotEnoughSpaceError,
)
from domain.events import CoverageBasis, PartitionRemoved, PartitionWritten, WriteCause
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.venues import venue
from domain.window import Window
from tests.builders import AAPL, MINUTE, minute_bars, session_bars, utc
from tests.memory_catalog import MemoryCatalog, same, window

FUTURE = Series(InstrumentId.parse("ESH4.CME"), BarType.parse("1_HOUR"))
PAIR = Series(InstrumentId.parse("EUR/USD.IDEALPRO"), BarType.parse("30_MIN"))
DAILY = Series(InstrumentId.parse("AAPL.NASDAQ"), BarType.parse("1_DAY"))


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


def bars_every(step: int, start: str, count: int, *, close: int | None = None) -> Bars:
    """Return bars one after the other, `step` nanoseconds from open to open."""
    few = minute_bars(start, count)
    opens = utc(start) + np.arange(count, dtype=np.int64) * step
    return attrs.evolve(few, ts_open=opens, ts_event=opens + (close or step))


def daily_bars(start: str, count: int) -> Bars:
    day, until_close = 24 * 60 * MINUTE, 21 * 60 * MINUTE
    return bars_every(day, f"{start}T00:00:00", count, close=until_close)


def dates(bars: Bars) -> list[str]:
    return [str(np.datetime64(int(stamp), "ns"))[:10] for stamp in bars.ts_open]


def test_whole_days_go_and_the_others_stay(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-05"))
    done = catalog.remove(AAPL, window("2024-01-03", "2024-01-04"))
    assert (done.bars, done.whole, done.cut) == (780, ("2024-01-03", "2024-01-04"), ())
    assert [str(date) for date in done.dates] == ["2024-01-03", "2024-01-04"]
    assert sorted(set(dates(catalog.bars(AAPL)))) == ["2024-01-02", "2024-01-05"]
    assert done.as_of == 4
    assert len(catalog.bars(AAPL, as_of=done.as_of)) == 4 * 390


def test_what_is_left_of_a_partition_is_a_new_revision_of_the_same_origin(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"), detail="jan.csv")
    before = catalog.holdings(AAPL).partitions["2024-01-02"]
    done = catalog.remove(AAPL, window("2024-01-02T17:00:00Z"))
    assert (done.bars, done.whole, done.cut) == (240, (), ("2024-01-02",))
    after = catalog.holdings(AAPL).partitions["2024-01-02"]
    assert (after.bars, after.revision, after.cause) == (150, 2, WriteCause.REMOVAL)
    assert (after.source, after.detail, after.basis) == ("csv", "jan.csv", before.basis)
    assert after.coverage == IntervalSet.of((utc("2024-01-02T14:30"), utc("2024-01-02T17:00")))


def test_a_day_of_the_venue_that_spans_two_utc_dates_goes_as_one(catalog: MemoryCatalog) -> None:
    # Chicago is six hours behind: its day runs from 06:00 to 06:00 UTC.
    hours = bars_every(60 * MINUTE, "2024-01-02T00:00:00", 72)
    catalog.write(FUTURE, hours)
    done = catalog.remove(FUTURE, window("2024-01-03", "2024-01-03"))
    assert done.bars == 24
    assert [str(date) for date in done.dates] == ["2024-01-03"]
    assert (done.whole, done.cut) == ((), ("2024-01-03", "2024-01-04"))
    gone = (hours.ts_open >= utc("2024-01-03T06:00")) & (hours.ts_open < utc("2024-01-04T06:00"))
    assert same(catalog.bars(FUTURE), hours.take(~gone))
    held = catalog.holdings(FUTURE).partitions
    assert held["2024-01-03"].last_close == utc("2024-01-03T06:00")
    assert held["2024-01-04"].first_open == utc("2024-01-04T06:00")


def test_a_week_goes_out_of_a_year_of_daily_bars(catalog: MemoryCatalog) -> None:
    catalog.write(DAILY, daily_bars("2024-01-01", 31))
    done = catalog.remove(DAILY, window("2024-01-08", "2024-01-14"))
    assert (done.bars, len(done.dates), done.cut) == (7, 7, ("2024",))
    assert dates(catalog.bars(DAILY)) == [
        *(f"2024-01-{day:02}" for day in (*range(1, 8), *range(15, 32)))
    ]
    covered = catalog.holdings(DAILY).partitions["2024"].coverage
    assert covered == IntervalSet.of(
        *((utc(f"2024-01-{d:02}"), utc(f"2024-01-{d:02}T21:00")) for d in range(1, 8)),
        *((utc(f"2024-01-{d:02}"), utc(f"2024-01-{d:02}T21:00")) for d in range(15, 32)),
    )


def test_without_a_window_all_that_is_held_goes(catalog: MemoryCatalog) -> None:
    catalog.write(DAILY, daily_bars("2023-12-30", 5))
    done = catalog.remove(DAILY)
    assert (done.bars, done.whole) == (5, ("2023", "2024"))
    assert not catalog.holdings(DAILY).partitions
    (first, *_) = [r.event for r in catalog.ledger.replay(after=done.as_of or 0)]
    assert isinstance(first, PartitionRemoved)
    assert first.reason == "removed"


def test_all_of_a_series_goes_in_one_transaction(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-04"))
    catalog.remove(AAPL, window("2024-01-02T17:00:00Z", "2024-01-04T17:00:00Z"))
    kinds = [type(one.event) for one in catalog.ledger.replay(after=3)]
    assert kinds == [PartitionWritten, PartitionWritten, PartitionRemoved]
    assert len({one.recorded_at for one in catalog.ledger.replay(after=3)}) == 1


def test_nothing_there_is_data_not_found(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    for within in (window("2024-02-01"), window("2024-01-02T14:30:30Z", "2024-01-02T14:31:10Z")):
        with pytest.raises(DataNotFoundError):
            catalog.remove(AAPL, within)
    with pytest.raises(DataNotFoundError):
        catalog.remove(DAILY)


def test_a_plan_changes_nothing(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    use_case = RemoveBars(catalog.catalog, catalog.disk, catalog.progress)
    request = BarsToRemove(("AAPL",), window=window("2024-01-02T17:00:00Z"), dry_run=True)
    assert use_case.plan(request)[0].bars == 240
    assert catalog.head == 1


def test_what_a_person_agreed_to_is_all_that_goes(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    use_case = RemoveBars(catalog.catalog, catalog.disk, catalog.progress)
    request = BarsToRemove(("AAPL",))
    (planned,) = use_case.plan(request)
    catalog.write(AAPL, session_bars("2024-01-03", "2024-01-03"))
    with pytest.raises(LedgerConflictError, match="while you were asked"):
        use_case.carry_out(planned, request, exactly=True)
    assert len(catalog.bars(AAPL)) == 780
    assert use_case.carry_out(planned, request, exactly=False).bars == 780
    assert use_case.carry_out(planned, request, exactly=False).bars == 0


def test_a_partition_that_is_known_as_damaged_is_forgotten(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-03"))
    catalog.damage(AAPL, "2024-01-02")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    assert catalog.holdings(AAPL).corrupt == {"2024-01-02"}
    done = catalog.remove(AAPL, window("2024-01-01", "2024-01-02"))
    assert (done.bars, done.damaged) == (0, ("2024-01-02",))
    assert catalog.holdings(AAPL).corrupt == frozenset()
    assert len(catalog.bars(AAPL)) == 390


def test_damage_that_the_window_leaves_in_part_stays_known(catalog: MemoryCatalog) -> None:
    catalog.write(DAILY, daily_bars("2024-01-01", 31))
    catalog.damage(DAILY, "2024")
    with pytest.raises(CorruptPartitionError):
        catalog.remove(DAILY, window("2024-01-08", "2024-01-14"))
    with pytest.raises(DataNotFoundError):
        catalog.remove(DAILY, window("2024-01-08", "2024-01-14"))
    assert catalog.holdings(DAILY).corrupt == {"2024"}


def test_a_damaged_file_can_be_removed_unseen_where_it_goes_whole(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-03"))
    catalog.damage(AAPL, "2024-01-02")
    assert catalog.remove(AAPL, window(end="2024-01-02")).whole == ("2024-01-02",)
    assert len(catalog.bars(AAPL)) == 390


def test_damage_outside_the_window_is_in_nobodys_way(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-04"))
    catalog.damage(AAPL, "2024-01-02")
    catalog.damage(AAPL, "2024-01-04")
    assert catalog.remove(AAPL, window("2024-01-03", "2024-01-03")).bars == 390


def test_damage_met_while_cutting_is_recorded_unless_nothing_may_be_written(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.damage(AAPL, "2024-01-02")
    use_case = RemoveBars(catalog.catalog, catalog.disk, catalog.progress)
    part = window("2024-01-02T17:00:00Z")
    with pytest.raises(CorruptPartitionError) as caught:
        use_case.plan(BarsToRemove(("AAPL",), window=part, dry_run=True))
    assert catalog.head == 1
    assert "quarantine" not in caught.value.recovery
    with pytest.raises(CorruptPartitionError) as caught:
        use_case.plan(BarsToRemove(("AAPL",), window=part))
    assert "quarantine" in caught.value.recovery
    assert catalog.holdings(AAPL).corrupt == {"2024-01-02"}


def test_the_other_files_keep_their_scale(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    finer = attrs.evolve(session_bars("2024-01-03", "2024-01-03", price=1_800_001))
    catalog.write(AAPL, attrs.evolve(finer, price_precision=4))
    catalog.remove(AAPL, window("2024-01-03", "2024-01-03"))
    catalog.remove(AAPL, window("2024-01-02T17:00:00Z"))
    assert {p.price_precision for p in catalog.holdings(AAPL).partitions.values()} == {4}


@pytest.mark.parametrize("minutes", [1, 10, 30])
def test_a_short_hole_never_passes_for_a_quiet_market(catalog: MemoryCatalog, minutes: int) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.remove(AAPL, window("2024-01-02T16:00:00Z", f"2024-01-02T16:{minutes:02}:00Z"))
    after = catalog.holdings(AAPL).partitions["2024-01-02"]
    assert after.bars == 390 - minutes
    (before_hole, after_hole) = after.coverage
    assert after_hole.start - before_hole.end > tolerated_silence(AAPL.bar_type)


def test_attested_coverage_loses_exactly_what_was_removed(catalog: MemoryCatalog) -> None:
    bars = session_bars("2024-01-02", "2024-01-02")
    whole = IntervalSet.of((utc("2024-01-02T14:30"), utc("2024-01-02T21:00")))
    catalog.attest(AAPL, bars, Change(bars, whole, CoverageBasis.ATTESTED, "ibkr", "request 7"))
    catalog.remove(AAPL, window("2024-01-02T16:00:00Z", "2024-01-02T16:10:00Z"))
    after = catalog.holdings(AAPL).partitions["2024-01-02"]
    assert (after.basis, after.source) == (CoverageBasis.ATTESTED, "ibkr")
    assert after.coverage == IntervalSet.of(
        (utc("2024-01-02T14:30"), utc("2024-01-02T16:00")),
        (utc("2024-01-02T16:10"), utc("2024-01-02T21:00")),
    )


def test_a_full_disk_is_met_before_anything_is_written() -> None:
    catalog = MemoryCatalog()
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.disk = MemoryDiskSpace(100)
    with pytest.raises(NotEnoughSpaceError):
        catalog.remove(AAPL, window("2024-01-02T17:00:00Z"))
    assert catalog.head == 1
    assert catalog.remove(AAPL).bars == 390


SERIES = {
    AAPL: session_bars("2024-03-07", "2024-03-12", minutes=50),
    FUTURE: bars_every(60 * MINUTE, "2024-03-07T00:00:00", 120),
    PAIR: bars_every(30 * MINUTE, "2024-03-07T00:00:00", 240),
    DAILY: daily_bars("2023-12-20", 30),
}


@st.composite
def some_window(draw: st.DrawFn, bars: Bars) -> Window:
    """Draw dates or instants, one or both, in and around the bars (clocks change meanwhile)."""
    stamps = st.integers(
        int(bars.ts_open[0]) // MINUTE - 3000, int(bars.ts_event[-1]) // MINUTE + 3000
    )

    def bound(minute: int, *, date: bool) -> str:
        text = str(np.datetime64(minute * MINUTE, "ns"))[:19]
        return text[:10] if date else f"{text}Z"

    first, last = sorted((draw(stamps), draw(stamps)))
    start = bound(first, date=draw(st.booleans())) if draw(st.booleans()) else None
    end = bound(last + 2 * 1440, date=draw(st.booleans())) if draw(st.booleans()) else None
    return window(start, end)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SERIES)), st.data())
def test_exactly_the_bars_in_the_window_go_and_come_back(
    series: Series, data: st.DataObject
) -> None:
    catalog, bars = MemoryCatalog(), SERIES[series]
    catalog.write(series, bars)
    before = catalog.described(series)
    within = data.draw(some_window(bars))
    inside = within.mask(bars, series.bar_type, venue(series.instrument_id.venue).tzinfo)
    try:
        done = catalog.remove(series, within)
    except DataNotFoundError:
        assert not inside.any()
        return
    assert done.bars == inside.sum()
    assert done.as_of is not None
    left = bars.take(~inside)
    assert same(catalog.bars(series), left)
    _covers_no_more_than_before(catalog, series, left, before)
    after, removed = catalog.described(series), catalog.head
    catalog.restore(series, done.as_of, within)
    assert same(catalog.bars(series), bars)
    assert catalog.described(series) == before
    catalog.restore(series, removed)
    assert same(catalog.bars(series), left)
    assert catalog.described(series) == after


def _covers_no_more_than_before(
    catalog: MemoryCatalog, series: Series, left: Bars, before: list[tuple[object, ...]]
) -> None:
    covered = {one.partition: one.coverage for one in catalog.holdings(series).partitions.values()}
    for name, _, coverage, *_ in before:
        if name in covered:
            assert isinstance(coverage, IntervalSet)
            assert not covered[str(name)].difference(coverage)
    if not series.bar_type.is_intraday:
        spans = zip(left.ts_open.tolist(), left.ts_event.tolist(), strict=True)
        held = [interval for one in covered.values() for interval in one]
        assert IntervalSet(tuple(held)) == IntervalSet.of(*spans)
