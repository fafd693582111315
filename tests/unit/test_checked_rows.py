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
    time_zone: str | None = None,
    *,
    sparse: bool = False,
) -> CheckedRows:
    kind = BarType.parse(bar_type) if bar_type else None
    reading = Reading(
        BarFile(None),
        instrument_id,
        kind,
        stamp,
        None,
        NOW,
        lambda _: least_precisions,
        sparse=sparse,
        time_zone=time_zone,
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
    time_zone: str | None = None,
) -> list[tuple[int, str, str]]:
    with pytest.raises(RowsRefusedError) as caught:
        check(rows, bar_type, stamp, instrument_id, time_zone=time_zone)
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


def test_hours_that_are_stamped_by_their_close_open_with_the_session() -> None:
    closes = [utc(f"2024-01-02T{hour}:00:00") for hour in range(15, 22)]
    hours = bars_of(check(file_rows(stamped(closes), (3,)), "1_HOUR", Stamp.CLOSE))
    assert hours.ts_open[0] == utc("2024-01-02T14:30:00")
    assert hours.ts_open[1:].tolist() == closes[:-1]
    assert hours.ts_event.tolist() == closes


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


@pytest.mark.parametrize("time", ["14:30", "21:00", "05:00"])
def test_the_edge_of_a_session_or_a_midnight_names_its_date(time: str) -> None:
    stamps = [utc(f"2024-01-0{day}T{time}:00") for day in (2, 3, 4, 5)]
    for bar_type in (None, "1_DAY"):
        daily = bars_of(check(file_rows(stamped(stamps), (2,)), bar_type))
        assert daily.ts_open.tolist() == [midnight(f"2024-01-0{day}") for day in (2, 3, 4, 5)]
        assert daily.ts_event[0] == utc("2024-01-02T21:00:00")


@pytest.mark.parametrize("time", ["05:01", "18:00", "23:00"])
def test_another_time_names_no_date(time: str) -> None:
    """A midnight of Warsaw is the evening before in New York: a day too early."""
    stamps = [utc(f"2024-01-0{day}T{time}:00") for day in (2, 3, 4, 5)]
    found = problems(file_rows(stamped(stamps)), "1_DAY")
    assert [line for line, _, _ in found] == [2, 3, 4, 5]
    assert "names no date" in found[0][2]


def test_the_usual_close_names_the_date_of_a_half_day_too() -> None:
    stamps = [utc(f"2023-11-{day}T21:00:00") for day in (21, 22, 24, 27)]
    daily = bars_of(check(file_rows(stamped(stamps)), "1_DAY"))
    assert daily.ts_open[2] == midnight("2023-11-24")
    assert daily.ts_event[2] == utc("2023-11-24T18:00:00")


def test_a_midnight_on_the_files_own_clock_is_the_date_that_was_written() -> None:
    warsaw = [utc(f"2024-01-{day}T23:00:00") for day in (22, 23, 24)]
    rows = file_rows(stamped(warsaw))
    daily = bars_of(check(rows, "1_DAY", time_zone="Europe/Warsaw"))
    assert daily.ts_open.tolist() == [midnight(f"2024-01-{day}") for day in (23, 24, 25)]
    coin = InstrumentId.parse("BTC/USD.BINANCE")
    assert problems(
        file_rows(stamped(warsaw)), "1_DAY", instrument_id=coin, time_zone="Europe/Warsaw"
    )


@pytest.mark.parametrize(
    ("instrument", "closes"),
    [
        ("EUR/USD.IDEALPRO", ["2024-01-03T00:00", "2024-01-04T00:00", "2024-01-05T00:00"]),
        ("ESH4.CME", ["2024-01-03T00:00", "2024-01-04T00:00", "2024-01-05T00:00"]),
        ("BTC/USD.BINANCE", ["2024-01-03T00:00", "2024-01-04T00:00", "2024-01-05T00:00"]),
    ],
)
def test_a_day_from_midnight_to_midnight_does_not_close_before_it_ends(
    instrument: str, closes: list[str]
) -> None:
    stamps = [midnight(f"2024-01-0{day}") for day in (2, 3, 4)]
    named = InstrumentId.parse(instrument)
    daily = bars_of(check(file_rows(stamped(stamps)), "1_DAY", instrument_id=named))
    assert daily.ts_event.tolist() == [utc(f"{close}:00") for close in closes]
    dates = bars_of(check(file_rows(stamped(stamps), dates_only=True), "1_DAY", None, named))
    assert (dates.ts_event <= daily.ts_event).all()


@pytest.mark.parametrize("instrument", ["EUR/USD.IDEALPRO", "ESH4.CME"])
def test_a_month_from_midnight_to_midnight_does_not_close_before_it_ends(instrument: str) -> None:
    """The last session of January ends at 22:00 UTC, and the next begins in January."""
    rows = file_rows(stamped([midnight("2024-01-01"), midnight("2024-02-01")]))
    named = InstrumentId.parse(instrument)
    monthly = bars_of(check(rows, "1_MONTH", instrument_id=named))
    assert monthly.ts_event.tolist() == [midnight("2024-02-01"), midnight("2024-03-01")]
    dates = file_rows(stamped([midnight("2024-01-01")]), dates_only=True)
    assert bars_of(check(dates, "1_MONTH", None, named)).ts_event[0] < midnight("2024-02-01")


def test_a_week_from_midnight_to_midnight_has_the_evening_of_its_sunday() -> None:
    rows = file_rows(stamped([midnight("2024-01-08"), midnight("2024-01-15")]))
    euro = InstrumentId.parse("EUR/USD.IDEALPRO")
    weekly = bars_of(check(rows, "1_WEEK", instrument_id=euro))
    assert weekly.ts_event[0] == midnight("2024-01-15")
    dates = file_rows(stamped([midnight("2024-01-08")]), dates_only=True)
    friday = bars_of(check(dates, "1_WEEK", None, euro)).ts_event[0]
    assert friday == utc("2024-01-12T22:00:00")


def test_a_midnight_that_ends_a_day_is_of_the_day_before() -> None:
    stamps = [midnight(f"2024-01-0{day}") for day in (3, 4, 5)]
    coin = InstrumentId.parse("BTC/USD.BINANCE")
    daily = bars_of(check(file_rows(stamped(stamps)), "1_DAY", Stamp.CLOSE, coin))
    assert daily.ts_open.tolist() == [midnight(f"2024-01-0{day}") for day in (2, 3, 4)]
    assert daily.ts_event.tolist() == stamps


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
    assert "names no date" in problem


WEEKLY = [
    # label, stamp, the label in the catalog and the close, or a part of the problem
    ("2024-01-08", None, "2024-01-08", "2024-01-12T21:00"),
    ("2024-01-12", None, "2024-01-08", "2024-01-12T21:00"),
    ("2024-01-02", None, "2024-01-01", "2024-01-05T21:00"),
    ("2024-03-28", None, "2024-03-25", "2024-03-28T20:00"),
    ("2024-01-12", Stamp.OPEN, None, "amid a week"),
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
        ("2024-03-31", None, "2024-03-01", "2024-03-28T20:00"),
        ("2024-03-28", Stamp.OPEN, None, "amid a month"),
        ("2024-01-02", None, "2024-01-01", "2024-01-31T21:00"),
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


def days(step: int, count: int = 12) -> list[int]:
    """Mondays, or every nth day from one."""
    return [midnight("2023-01-02") + step * number * 24 * 60 * MINUTE for number in range(count)]


@pytest.mark.parametrize(
    ("stamps", "named", "said"),
    [
        (every(5, 40), "1_MIN", "--bar-type 5_MIN"),
        (every(2, 40), "1_MIN", "--bar-type 2_MIN"),
        (every(45, 40), "15_MIN", "no bar type"),
        (days(7), "1_DAY", "--bar-type 1_WEEK"),
        (days(28), "1_WEEK", "--bar-type 1_MONTH"),
        (days(14), "1_WEEK", "no bar type"),
        (days(91), "1_MONTH", "no bar type"),
    ],
)
def test_bars_that_are_longer_than_named_are_refused(
    stamps: list[int], named: str, said: str
) -> None:
    """As the named type their high, low and close would be known before they were."""
    coin = InstrumentId.parse("BTC/USD.BINANCE")
    rows = file_rows(stamped(stamps), dates_only="DAY" in named or "WEEK" in named)
    if named == "1_MONTH":
        stamps = [
            midnight(f"20{year}-{month:02}-01") for year in (21, 22, 23) for month in (1, 4, 7, 10)
        ]
        rows = file_rows(stamped(stamps), dates_only=True)
    with pytest.raises(BarTypeMismatchError) as caught:
        check(rows, named, None, coin)
    assert said in caught.value.recovery
    assert "--sparse" in caught.value.recovery
    assert check(rows, named, None, coin, sparse=True).bars.counts


def test_two_days_are_no_day() -> None:
    coin = InstrumentId.parse("BTC/USD.BINANCE")
    with pytest.raises(BarTypeNeededError):
        check(file_rows(stamped(days(2)), dates_only=True), None, None, coin)


def test_twice_or_three_times_as_far_apart_takes_more_bars_to_be_sure_of() -> None:
    """Of thin minutes every other step is even by chance."""
    told = check(file_rows(stamped(every(15, 13))), "5_MIN")
    assert told.suspicions[0].kind == "bar-type"
    with pytest.raises(BarTypeMismatchError):
        check(file_rows(stamped(every(15, 40))), "5_MIN")
    with pytest.raises(BarTypeMismatchError):
        check(file_rows(stamped(every(20, 13))), "5_MIN")


def test_few_bars_of_a_longer_type_are_told() -> None:
    checked = check(file_rows(stamped(every(5, 6))), "1_MIN")
    assert checked.suspicions[0].kind == "bar-type"
    assert "5 minutes apart" in checked.suspicions[0].sentence


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
