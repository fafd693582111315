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
from domain.errors import BarTypeMismatchError, BarTypeNeededError, RowsRefusedError
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
    stamp: Stamp | None = None,
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


def stamped(stamps: list[int]) -> Bars:
    """Bars whose open and close are these stamps."""
    at = np.array(stamps, np.int64)
    return attrs.evolve(minute_bars(count=len(at)), ts_open=at, ts_event=at)


def midnight(date: str) -> int:
    return utc(f"{date}T00:00:00")


def problems(
    rows: FileRows,
    bar_type: str | None = None,
    stamp: Stamp | None = None,
    instrument_id: InstrumentId = AAPL.instrument_id,
) -> list[tuple[int, str, str]]:
    with pytest.raises(RowsRefusedError) as caught:
        check(rows, bar_type, stamp, instrument_id)
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
    rows = file_rows(stamped(hours))
    with pytest.raises(RowsRefusedError) as caught:
        check(rows, "1_HOUR", Stamp.CLOSE)
    same = "lies in the same bar as the row before it"
    assert [(one.line, one.problem) for one in caught.value.rows] == [(3, same)]
    weeks = file_rows(stamped([midnight("2024-01-02"), midnight("2024-01-05")]), dates_only=True)
    assert problems(weeks, "1_WEEK") == [(3, "timestamp", same)]


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


def test_a_time_names_the_date_on_which_the_venue_trades() -> None:
    """Daily bars that are stamped by the session's open, close or some time of its date."""
    for time in ("14:30", "21:00", "05:00", "05:01", "18:00"):
        stamps = [utc(f"2024-01-0{day}T{time}:00") for day in (2, 3, 4, 5)]
        for bar_type in (None, "1_DAY"):
            daily = bars_of(check(file_rows(stamped(stamps), (2,)), bar_type))
            assert daily.ts_open.tolist() == [midnight(f"2024-01-0{day}") for day in (2, 3, 4, 5)]
            assert daily.ts_event[0] == utc("2024-01-02T21:00:00")


def test_the_evening_of_a_futures_session_names_the_next_date() -> None:
    es = InstrumentId.parse("ESH4.CME")
    stamps = [utc(f"2024-01-0{day}T23:00:00") for day in (1, 2, 3, 4)]
    daily = bars_of(check(file_rows(stamped(stamps)), "1_DAY", instrument_id=es))
    assert daily.ts_open.tolist() == [midnight(f"2024-01-0{day}") for day in (2, 3, 4, 5)]


def test_a_time_between_two_sessions_needs_to_be_said() -> None:
    euro = InstrumentId.parse("EUR/USD.IDEALPRO")
    stamps = [utc(f"2024-01-0{day}T22:00:00") for day in (2, 3)]
    rows = file_rows(stamped(stamps))
    assert [line for line, _, _ in problems(rows, "1_DAY", instrument_id=euro)] == [2, 3]
    for stamp, days in ((Stamp.OPEN, (3, 4)), (Stamp.CLOSE, (2, 3))):
        daily = bars_of(check(file_rows(stamped(stamps)), "1_DAY", stamp, euro))
        assert daily.ts_open.tolist() == [midnight(f"2024-01-0{day}") for day in days]


def test_a_time_on_a_day_without_a_session_names_no_date() -> None:
    stamps = [utc("2024-01-12T14:30:00"), utc("2024-01-15T14:30:00")]
    ((line, _, problem),) = problems(file_rows(stamped(stamps)), "1_DAY")
    assert line == 3
    assert "no session" in problem


WEEKLY = [
    # label, stamp, the label in the catalog and the close, or a part of the problem
    ("2024-01-08", None, "2024-01-08", "2024-01-12T21:00"),
    ("2024-01-12", None, "2024-01-12", "2024-01-12T21:00"),
    ("2024-01-02", None, "2024-01-02", "2024-01-05T21:00"),
    ("2024-03-28", None, "2024-03-28", "2024-03-28T20:00"),
    ("2024-01-10", None, None, "amid a week"),
    ("2024-01-07", None, None, "--stamp open if the week begins then"),
    ("2024-01-07", Stamp.OPEN, "2024-01-08", "2024-01-12T21:00"),
    ("2024-01-06", Stamp.OPEN, "2024-01-08", "2024-01-12T21:00"),
    ("2024-01-07", Stamp.CLOSE, "2024-01-01", "2024-01-05T21:00"),
    ("2024-01-08", Stamp.CLOSE, "2024-01-01", "2024-01-05T21:00"),
]


@pytest.mark.parametrize(("label", "stamp", "kept", "close"), WEEKLY)
def test_a_week_never_closes_before_it_has_traded(
    label: str, stamp: Stamp | None, kept: str | None, close: str
) -> None:
    rows = file_rows(stamped([midnight(label)]), dates_only=True)
    if kept is None:
        ((_, _, problem),) = problems(rows, "1_WEEK", stamp)
        assert close in problem
        return
    weekly = bars_of(check(rows, "1_WEEK", stamp))
    assert weekly.ts_open.tolist() == [midnight(kept)]
    assert weekly.ts_event.tolist() == [utc(f"{close}:00")]


def test_a_market_that_trades_every_day_has_weeks_from_monday_alone() -> None:
    """Some exchanges begin their weeks on a Thursday, of which three days would be foretold."""
    coin = InstrumentId.parse("BTC/USD.KRAKEN")
    thursday = file_rows(stamped([midnight("2024-01-04")]), dates_only=True)
    assert "amid a week" in problems(thursday, "1_WEEK", instrument_id=coin)[0][2]
    monday = file_rows(stamped([midnight("2024-01-08")]), dates_only=True)
    closes = bars_of(check(monday, "1_WEEK", None, coin)).ts_event
    assert closes.tolist() == [midnight("2024-01-15")]


@pytest.mark.parametrize(
    ("label", "stamp", "kept", "close"),
    [
        ("2024-03-01", None, "2024-03-01", "2024-03-28T20:00"),
        ("2024-03-31", None, "2024-03-31", "2024-03-31T00:01"),
        ("2024-01-02", None, "2024-01-02", "2024-01-31T21:00"),
        ("2024-03-15", None, None, "amid a month"),
        ("2024-04-01", Stamp.CLOSE, "2024-03-01", "2024-03-28T20:00"),
    ],
)
def test_a_month_is_labelled_by_its_first_or_last_day(
    label: str, stamp: Stamp | None, kept: str | None, close: str
) -> None:
    rows = file_rows(stamped([midnight(label)]), dates_only=True)
    if kept is None:
        assert close in problems(rows, "1_MONTH", stamp)[0][2]
        return
    monthly = bars_of(check(rows, "1_MONTH", stamp))
    assert (monthly.ts_open[0], monthly.ts_event[0]) == (midnight(kept), utc(f"{close}:00"))


# ---- bar types that are named wrongly --------------------------------------------------------


def every(minutes: int, count: int) -> list[int]:
    """Stamps of a session, so many minutes apart."""
    return [utc("2024-01-02T14:30:00") + step * minutes * MINUTE for step in range(count)]


@pytest.mark.parametrize(
    ("stamps", "named", "found"),
    [
        (every(5, 40), "1_MIN", "5_MIN"),
        (every(2, 40), "1_MIN", "2_MIN"),
        ([utc(f"2024-01-{day:02}T05:00:00") for day in (2, 3, 4, 5)], "1_MIN", "1_DAY"),
        (
            [midnight(date) for date in ("2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26")],
            "1_DAY",
            "1_WEEK",
        ),
        (
            [midnight(date) for date in ("2024-01-08", "2024-02-05", "2024-03-04", "2024-04-01")],
            "1_WEEK",
            "1_MONTH",
        ),
    ],
)
def test_bars_of_a_longer_type_than_named_are_refused_or_told(
    stamps: list[int], named: str, found: str
) -> None:
    """As the named type their high, low and close would be known before they were."""
    with pytest.raises(BarTypeMismatchError) as caught:
        check(file_rows(stamped(stamps)), named)
    assert f"--bar-type {found}" in caught.value.recovery


def test_few_bars_of_a_longer_type_are_told() -> None:
    checked = check(file_rows(stamped(every(5, 6))), "1_MIN")
    assert checked.suspicions[0].kind == "bar-type"
    assert "5_MIN" in checked.suspicions[0].sentence


@pytest.mark.parametrize("seed", range(5))
def test_a_thin_stock_is_what_it_is_named(seed: int) -> None:
    minutes = np.sort(np.random.default_rng(seed).choice(390, 25, replace=False))
    stamps = (utc("2024-01-02T14:30:00") + minutes * MINUTE).tolist()
    checked = check(file_rows(stamped(stamps)), "1_MIN")
    assert "bar-type" not in {one.kind for one in checked.suspicions}


def test_bars_that_have_not_closed_yet_are_refused() -> None:
    bars = minute_bars("2025-12-31T23:58:00", 3)
    (found,) = problems(file_rows(bars, (1, 2)), "1_MIN")
    assert found == (4, "timestamp", "the bar has not closed yet")


def test_rows_in_no_order_are_named_before_a_bar_type_is_guessed() -> None:
    minutes = [35, 34, 32, 33, 31]
    stamps = [utc(f"2024-01-02T14:{minute}:00") for minute in minutes]
    broken = attrs.evolve(stamped(stamps), close=np.array([18_701, -5, 18_703, 18_704, 18_705]))
    found = problems(file_rows(broken))
    assert [(line, column) for line, column, _ in found] == [
        (3, "close"),
        (3, "low"),
        (5, "timestamp"),
    ]


def test_one_row_shows_no_bar_type() -> None:
    with pytest.raises(BarTypeNeededError):
        check(file_rows(minute_bars(count=1)))


def test_stamps_of_the_close_make_the_same_bars() -> None:
    closes = attrs.evolve(YEAR, ts_open=YEAR.ts_event)
    checked = check(file_rows(closes, (100, 500)), stamp=Stamp.CLOSE)
    assert bars_of(checked).same_values(YEAR)
