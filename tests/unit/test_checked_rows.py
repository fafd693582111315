"""Rows of a file become bars alike, however the file was cut into chunks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.market_calendars import MarketCalendars
from adapters.memory.progress import MemoryProgressTask
from adapters.memory.row_problem_log import MemoryRowProblemLog
from application.rows import CheckedRows, Reading, RowCheck
from domain.bar_files import BarFile, FileRows, RowChunk
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import BarTypeNeededError, RowsRefusedError
from domain.instrument import InstrumentId
from domain.sessions import Stamp
from tests.builders import AAPL, MINUTE, minute_bars, session_bars, utc

CALENDARS = MarketCalendars()
NOW = utc("2026-01-01T00:00:00")


def file_rows(
    bars: Bars, cuts: Sequence[int] = (), *, dates_only: bool = False, first_line: int = 2
) -> FileRows:
    """Return rows whose stamps are the opens of `bars`, cut into chunks at `cuts`."""
    stamped = attrs.evolve(bars, ts_event=bars.ts_open)
    lines = np.arange(first_line, first_line + len(bars))
    edges = sorted({0, *(cut for cut in cuts if cut < len(bars)), len(bars)})
    chunks = [RowChunk(stamped.take(slice(a, b)), lines[a:b]) for a, b in itertools.pairwise(edges)]
    return FileRows(chunks, MemoryRowProblemLog(), dates_only, len(bars), "ab" * 32)


def check(
    rows: FileRows,
    bar_type: str | None = None,
    stamp: Stamp = Stamp.OPEN,
    instrument_id: InstrumentId = AAPL.instrument_id,
    least_precisions: tuple[int, int] = (0, 0),
) -> CheckedRows:
    kind = BarType.parse(bar_type) if bar_type else None
    reading = Reading(
        BarFile(None), instrument_id, kind, stamp, None, NOW, lambda _: least_precisions
    )
    task = MemoryProgressTask("", RowCheck.steps(rows))
    checked = RowCheck(rows, reading, CALENDARS, task).run()
    assert task.done == task.total
    return checked


def bars_of(checked: CheckedRows) -> Bars:
    parts = [checked.bars.part(name) for name in checked.bars.counts]
    assert [len(part) for part in parts] == list(checked.bars.counts.values())
    return Bars.concat(parts)


def problems(rows: FileRows, bar_type: str | None = None) -> list[tuple[int, str, str]]:
    with pytest.raises(RowsRefusedError) as caught:
        check(rows, bar_type)
    return [(one.line, one.column, one.problem) for one in caught.value.rows]


CUTS = st.lists(st.integers(1, 1_200), max_size=4)
YEAR = session_bars("2024-01-02", "2024-01-04")


@given(CUTS, st.booleans())
def test_chunks_and_direction_do_not_matter(cuts: list[int], newest_first: bool) -> None:
    bars = YEAR.take(slice(None, None, -1)) if newest_first else YEAR
    checked = check(file_rows(bars, cuts))
    assert checked.bars.series == AAPL
    assert bars_of(checked).same_values(YEAR)
    assert checked.bars.counts == dict.fromkeys(("2024-01-02", "2024-01-03", "2024-01-04"), 390)
    assert [str(date) for date in checked.bars.dates] == ["2024-01-02", "2024-01-03", "2024-01-04"]


def test_a_partition_is_read_from_the_chunks_that_it_lies_in() -> None:
    checked = check(file_rows(YEAR, range(50, 1_170, 50)))
    assert checked.bars.part("2024-01-03").same_values(YEAR.take(slice(390, 780)))
    assert len(checked.bars.part("2024-01-05")) == 0


def test_one_bar_outside_the_session_in_another_chunk_keeps_the_hours_whole() -> None:
    """An hour bar is cut at the session's end only where all bars lie in sessions."""
    london = InstrumentId.parse("VOD.LSE")
    hours = utc("2024-01-02T08:00:00") + np.arange(9) * 60 * MINUTE
    opens = np.concatenate((hours, hours + 24 * 60 * MINUTE))
    bars = attrs.evolve(minute_bars(count=18), ts_open=opens, ts_event=opens)
    regular = bars_of(check(file_rows(bars, (9,)), "1_HOUR", instrument_id=london))
    assert regular.ts_event[8] == utc("2024-01-02T16:30:00")
    late = np.append(opens, utc("2024-01-03T17:00:00"))
    more = attrs.evolve(minute_bars(count=19), ts_open=late, ts_event=late)
    extended = bars_of(check(file_rows(more, (9,)), "1_HOUR", instrument_id=london))
    assert extended.ts_event[8] == utc("2024-01-02T17:00:00")


@given(CUTS)
def test_problems_have_the_lines_of_the_file(cuts: list[int]) -> None:
    closes = YEAR.close.copy()
    closes[700] = -5
    stamps = YEAR.ts_open.copy()
    stamps[391] = stamps[390]
    broken = attrs.evolve(YEAR, close=closes, ts_open=stamps)
    assert problems(file_rows(broken, cuts)) == [
        (393, "timestamp", "repeats the row before it"),
        (702, "close", "is not greater than 0"),
        (702, "low", "is not the least of the four prices"),
    ]


def test_one_row_out_of_order_does_not_turn_a_file_round() -> None:
    backwards = YEAR.take(slice(None, None, -1))
    stamps = backwards.ts_open.copy()
    stamps[5] = stamps[3]
    ((line, column, problem),) = problems(file_rows(attrs.evolve(backwards, ts_open=stamps)))
    assert (line, column) == (7, "timestamp")
    assert "newest first" in problem


def test_decimals_of_one_chunk_can_be_too_many_for_the_values_of_another() -> None:
    long = attrs.evolve(
        minute_bars(count=2),
        **{name: np.array([10**17, 5]) for name in ("open", "high", "low", "close")},
        price_precision=0,
    )
    fine = minute_bars("2024-01-02T14:32:00", 2, price_precision=9, first_price=10**9)
    rows = file_rows(Bars.concat([minute_bars(count=2), fine]))
    first, second = file_rows(long).chunks[0], file_rows(fine, first_line=4).chunks[0]
    found = problems(attrs.evolve(rows, chunks=[first, second]), "1_MIN")
    assert {(line, column) for line, column, _ in found} == {
        (2, name) for name in ("open", "high", "low", "close")
    }
    assert all("9 decimals" in problem for _, _, problem in found)


def test_a_value_can_be_too_long_for_the_decimals_that_the_series_has() -> None:
    long = attrs.evolve(
        minute_bars(count=2),
        **{name: np.array([10**17, 5]) for name in ("open", "high", "low", "close")},
        price_precision=0,
    )
    assert check(file_rows(long), "1_MIN").bars.precisions == (0, 0)
    with pytest.raises(RowsRefusedError) as caught:
        check(file_rows(long), "1_MIN", least_precisions=(2, 0))
    assert {(one.line, one.column) for one in caught.value.rows} == {
        (2, name) for name in ("open", "high", "low", "close")
    }
    assert "2 decimals of AAPL.NASDAQ" in next(iter(caught.value.rows)).problem


def test_two_stamps_of_one_slot_are_one_bar_told_twice() -> None:
    hours = [utc(f"2024-01-02T{time}:00") for time in ("14:30", "15:00", "16:00", "17:00")]
    bars = attrs.evolve(minute_bars(count=4), ts_open=hours, ts_event=hours)
    with pytest.raises(RowsRefusedError) as caught:
        check(file_rows(bars), "1_HOUR", Stamp.CLOSE)
    assert [(one.line, one.problem) for one in caught.value.rows] == [
        (3, "repeats the row before it")
    ]
    weeks = [utc("2024-01-02T00:00:00"), utc("2024-01-06T00:00:00")]
    weekly = attrs.evolve(minute_bars(count=2), ts_open=weeks, ts_event=weeks)
    assert problems(file_rows(weekly, dates_only=True), "1_WEEK")[0][0] == 3


def test_the_precisions_are_those_that_every_chunk_needs() -> None:
    coarse, fine = minute_bars(count=2), minute_bars("2024-01-02T14:32:00", 2, price_precision=4)
    rows = attrs.evolve(
        file_rows(coarse),
        chunks=[file_rows(coarse).chunks[0], file_rows(fine, first_line=4).chunks[0]],
    )
    assert check(rows).bars.precisions == (4, 0)


def test_stamps_at_midnight_are_dates_where_nothing_else_is_said() -> None:
    labels = np.array([utc(f"2024-01-0{day}T05:00:00") for day in (2, 3, 4, 5)])
    bars = attrs.evolve(minute_bars(count=4), ts_open=labels, ts_event=labels)
    daily = bars_of(check(file_rows(bars, (2,))))
    assert daily.ts_open.tolist() == [utc(f"2024-01-0{day}T00:00:00") for day in (2, 3, 4, 5)]
    assert daily.ts_event[0] == utc("2024-01-02T21:00:00")
    assert problems(file_rows(bars, (2,), dates_only=True), "1_MIN")[0][2].startswith("is a date")


def test_one_stamp_that_is_no_midnight_makes_all_of_them_times() -> None:
    labels = np.array([utc(f"2024-01-0{day}T05:00:00") for day in (2, 3, 4, 5)])
    labels[3] += MINUTE
    bars = attrs.evolve(minute_bars(count=4), ts_open=labels, ts_event=labels)
    assert [line for line, _, _ in problems(file_rows(bars, (2,)), "1_DAY")] == [2, 3, 4, 5]


def test_bars_that_have_not_closed_yet_are_refused() -> None:
    bars = minute_bars("2025-12-31T23:58:00", 3)
    (found,) = problems(file_rows(bars, (1, 2)), "1_MIN")
    assert found == (4, "timestamp", "the bar has not closed yet")


def test_one_row_shows_no_bar_type() -> None:
    with pytest.raises(BarTypeNeededError):
        check(file_rows(minute_bars(count=1)))


def test_stamps_of_the_close_make_the_same_bars() -> None:
    closes = attrs.evolve(YEAR, ts_open=YEAR.ts_event)
    checked = check(file_rows(closes, (100, 500)), stamp=Stamp.CLOSE)
    assert bars_of(checked).same_values(YEAR)
