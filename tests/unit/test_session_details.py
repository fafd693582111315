"""What is told of each judged session: its bars, where they came from, and the last event."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from adapters.memory.trading_calendar import MemoryTradingCalendar
from application.check_availability import CheckAvailability, CheckRequest
from application.session_details import Scope, SessionDetail, SessionDetails
from domain.as_of import AsOf
from domain.bar_type import BarType
from domain.bars import Bars
from domain.events import HistoryStartFound, RangeConfirmedEmpty
from domain.gaps import Status
from domain.instrument import InstrumentId, Series
from domain.intervals import IntervalSet
from domain.sessions import Session, midnight_utc
from tests.builders import AAPL, ORIGIN, minute_bars, session_bars, utc
from tests.memory_catalog import MemoryCatalog, window

DAILY = Series(InstrumentId.parse("IBM.NYSE"), BarType.parse("1_DAY"))
WEEKLY = Series(InstrumentId.parse("IBM.NYSE"), BarType.parse("1_WEEK"))
FUTURE = Series(InstrumentId.parse("ESH4.CME"), BarType.parse("1_MIN"))
DATES = [dt.date(2024, 1, day) for day in (2, 3, 4, 5, 8, 9)]


def stock_session(date: dt.date) -> Session:
    return Session(date, utc(f"{date}T14:30:00"), utc(f"{date}T21:00:00"))


def futures_session(date: dt.date) -> Session:
    """Return the 23 hours from 17:00 Chicago on the evening before."""
    evening = date - dt.timedelta(days=1)
    return Session(date, utc(f"{evening}T23:00:00"), utc(f"{date}T22:00:00"))


CALENDAR = MemoryTradingCalendar(
    {"stocks": map(stock_session, DATES), "futures": map(futures_session, DATES)},
    {"NASDAQ": "stocks", "NYSE": "stocks", "CME": "futures"},
)


@pytest.fixture
def catalog() -> MemoryCatalog:
    catalog = MemoryCatalog()
    catalog.clock.advance(utc("2024-02-01T00:00:00") - catalog.clock.now())
    return catalog


def details(
    catalog: MemoryCatalog, series: Series, as_of: int | None = None, **named: str
) -> dict[dt.date, SessionDetail]:
    """Return the details of a series' sessions by their dates, 2 to 9 January."""
    check = CheckAvailability(
        catalog.catalog, catalog.files, CALENDAR, catalog.clock, catalog.progress
    )
    request = CheckRequest(
        (str(series.instrument_id),),
        series.bar_type,
        window(named.get("start", "2024-01-02"), named.get("end", "2024-01-09")),
        None if as_of is None else AsOf(seq=as_of),
    )
    report = check.run(request)
    found = SessionDetails(catalog.catalog).of(report.series[0], report.head)
    return {one.judged.session.date: one for one in found}


def seq(detail: SessionDetail) -> int | None:
    return detail.last.seq if detail.last else None


def test_a_stocks_session_has_the_bars_of_its_file_and_the_event_that_wrote_it(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-03"), "one.csv")
    found = details(catalog, AAPL)
    tuesday, friday = found[DATES[0]], found[DATES[3]]
    assert (tuesday.bars, tuesday.scope) == (390, Scope.SESSION)
    assert tuesday.sources == (("csv", "one.csv"),)
    assert (seq(tuesday), seq(found[DATES[1]])) == (1, 2)
    assert friday.judged.status is Status.MISSING
    assert (friday.bars, friday.sources, friday.last) == (0, (), None)


def test_the_last_event_is_the_one_that_changed_the_day_and_not_its_neighbours(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-05"))
    catalog.write(AAPL, session_bars("2024-01-03", "2024-01-03", price=9_000), "new.csv")
    catalog.remove(AAPL, window("2024-01-04", "2024-01-04"))
    found = details(catalog, AAPL)
    assert [seq(found[date]) for date in DATES[:4]] == [1, 5, 6, 4]
    assert found[DATES[1]].sources == (("csv", "new.csv"),)
    assert (found[DATES[2]].bars, found[DATES[2]].judged.status) == (0, Status.MISSING)
    # And as it was before.
    then = details(catalog, AAPL, as_of=4)
    assert [seq(then[date]) for date in DATES[:4]] == [1, 2, 3, 4]
    assert then[DATES[2]].bars == 390


def test_a_file_that_is_gone_holds_nothing_and_says_why(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-03"))
    del catalog.repository.files[catalog.holdings(AAPL).partitions["2024-01-03"].path]
    found = details(catalog, AAPL)[DATES[1]]
    assert found.judged.status is Status.CORRUPT
    assert (found.bars, found.problem, seq(found)) == (0, "the file is missing", 2)


def test_damage_of_what_was_replaced_long_ago_is_no_event_of_the_day(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    old = catalog.holdings(AAPL).partitions["2024-01-02"]
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02", price=9_000))
    catalog.repository.damage(old)
    with pytest.raises(Exception, match="2024-01-02"):
        list(catalog.catalog.load(catalog.holdings(AAPL, as_of=1), window()))
    assert catalog.head == 3
    assert seq(details(catalog, AAPL)[DATES[0]]) == 2


# What the bars are of: sessions of stocks are from 14:30 to 21:00 here


@pytest.mark.parametrize(
    ("bars", "status", "expected"),
    [
        pytest.param(
            minute_bars("2024-01-02T14:30:00", 390), Status.COMPLETE, Scope.SESSION, id="inside"
        ),
        pytest.param(
            minute_bars("2024-01-02T14:29:00", 391), Status.COMPLETE, Scope.DATE, id="a bar before"
        ),
        pytest.param(
            minute_bars("2024-01-02T14:30:00", 391), Status.COMPLETE, Scope.DATE, id="a bar after"
        ),
        pytest.param(
            minute_bars("2024-01-02T21:00:00", 60), Status.MISSING, Scope.OUTSIDE, id="none inside"
        ),
        pytest.param(
            Bars.concat(
                [minute_bars("2024-01-02T00:30:00", 30), minute_bars("2024-01-02T14:30:00", 390)]
            ),
            Status.COMPLETE,
            Scope.OTHERS,
            id="an hour of the evening before",
        ),
    ],
)
def test_bars_of_a_file_are_the_sessions_own_only_where_all_lie_inside_its_hours(
    catalog: MemoryCatalog, bars: Bars, status: Status, expected: Scope
) -> None:
    catalog.write(AAPL, bars)
    found = details(catalog, AAPL)[DATES[0]]
    assert found.judged.status is status
    assert (found.bars, found.scope) == (len(bars), expected)


def futures_bars(first: str, hours: int) -> Bars:
    return minute_bars(first, 60 * hours)


def test_a_futures_session_lies_in_two_files_that_hold_other_days_too(
    catalog: MemoryCatalog,
) -> None:
    for date in ("2024-01-01", "2024-01-02", "2024-01-03"):
        catalog.write(FUTURE, futures_bars(f"{date}T23:00:00", 1))
    # 2 January: from 23:00 on the evening before to 22:00, then the next one begins.
    day = Bars.concat(
        [futures_bars("2024-01-02T00:00:00", 22), futures_bars("2024-01-02T23:00:00", 1)]
    )
    catalog.write(FUTURE, day)
    found = details(catalog, FUTURE, end="2024-01-03")
    tuesday, wednesday = found[DATES[0]], found[DATES[1]]
    assert tuesday.judged.status is Status.COMPLETE
    # The evening's file is all its own; that of its date holds an hour of the next session.
    assert (tuesday.bars, tuesday.scope, seq(tuesday)) == (60 + 23 * 60, Scope.OTHERS, 4)
    assert (wednesday.bars, wednesday.scope) == (23 * 60, Scope.OTHERS)


def test_bars_of_the_evening_are_the_next_sessions_alone(catalog: MemoryCatalog) -> None:
    catalog.write(FUTURE, futures_bars("2024-01-01T23:00:00", 1))
    found = details(catalog, FUTURE, end="2024-01-03")
    assert (found[DATES[0]].bars, found[DATES[0]].scope) == (60, Scope.SESSION)
    assert (found[DATES[1]].bars, found[DATES[1]].last) == (0, None)


def daily_bars(*dates: dt.date) -> Bars:
    """Return bars of whole days or weeks, labelled with these dates."""
    bars = minute_bars("2024-01-02T00:00:00", len(dates))
    labels = attrs.evolve(bars).ts_open.copy()
    labels[:] = [midnight_utc(date) for date in dates]
    return attrs.evolve(bars, ts_open=labels, ts_event=labels + 21 * 3_600 * 10**9)


def test_a_daily_session_is_one_bar_of_its_years_file(catalog: MemoryCatalog) -> None:
    catalog.write(DAILY, daily_bars(*DATES[:3]))
    catalog.write(DAILY, daily_bars(*DATES[:2]))
    found = details(catalog, DAILY)
    assert {one.scope for one in found.values()} == {Scope.SESSION}
    assert [(one.bars, seq(one)) for one in found.values()] == [
        (1, 2),
        (1, 2),
        # It was there once; the event that left it out is the last that touched it.
        (0, 2),
        (0, None),
        (0, None),
        (0, None),
    ]


def test_every_day_of_a_week_is_told_of_the_weeks_bar(catalog: MemoryCatalog) -> None:
    catalog.write(WEEKLY, daily_bars(dt.date(2024, 1, 5)))
    found = details(catalog, WEEKLY)
    assert [found[date].bars for date in DATES] == [1, 1, 1, 1, 0, 0]


def test_what_sources_do_not_have_is_an_event_too(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-04", "2024-01-04"))
    friday = stock_session(DATES[3])
    empty = IntervalSet.of((friday.open, friday.close))
    events = [
        HistoryStartFound(AAPL, utc("2024-01-04T14:30:00"), "ibkr"),
        RangeConfirmedEmpty(AAPL, empty, "ibkr", "asked twice"),
    ]
    catalog.ledger.append(events, ORIGIN, expected_head=catalog.head)
    found = details(catalog, AAPL)
    assert found[DATES[0]].judged.status is Status.BEFORE_HISTORY
    assert found[DATES[3]].judged.confirmed_empty
    assert [seq(found[date]) for date in DATES] == [2, 2, 1, 3, None, None]


# Sessions of which a source lacks a part


def answer(catalog: MemoryCatalog, *events: RangeConfirmedEmpty | HistoryStartFound) -> None:
    catalog.ledger.append(list(events), ORIGIN, expected_head=catalog.head)


def confirmed_empty(start: str, end: str) -> RangeConfirmedEmpty:
    return RangeConfirmedEmpty(AAPL, IntervalSet.of((utc(start), utc(end))), "ibkr", "asked")


def test_a_session_that_an_answer_has_completed_names_the_answer(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-03", minutes=150))
    assert details(catalog, AAPL)[DATES[0]].judged.status is Status.PARTIAL
    answer(catalog, confirmed_empty("2024-01-02T17:00:00", "2024-01-02T21:00:00"))
    found = details(catalog, AAPL)
    tuesday = found[DATES[0]]
    assert (tuesday.judged.status, tuesday.judged.confirmed_empty) == (Status.COMPLETE, False)
    assert (tuesday.bars, seq(tuesday), seq(found[DATES[1]])) == (150, 3, 2)
    # What is written after the answer is the last event again.
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02", price=9_000))
    assert seq(details(catalog, AAPL)[DATES[0]]) == 4


def test_an_answer_touches_the_sessions_that_its_time_overlaps(catalog: MemoryCatalog) -> None:
    answer(
        catalog,
        # From the end of one session to the beginning of the next but one.
        confirmed_empty("2024-01-02T21:00:00", "2024-01-04T14:30:00"),
        confirmed_empty("2024-01-04T14:30:00", "2024-01-08T14:31:00"),
        confirmed_empty("2024-01-05T20:59:00", "2024-01-05T23:00:00"),
    )
    found = details(catalog, AAPL)
    assert [seq(found[date]) for date in DATES] == [None, 1, 2, 3, 2, None]


def test_a_start_of_history_touches_what_is_before_it_and_the_session_that_it_lies_in(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, minute_bars("2024-01-04T17:00:00", 240))
    answer(catalog, HistoryStartFound(AAPL, utc("2024-01-04T17:00:00"), "ibkr"))
    found = details(catalog, AAPL)
    statuses = [found[date].judged.status for date in DATES[:4]]
    before = Status.BEFORE_HISTORY
    assert statuses == [before, before, Status.COMPLETE, Status.MISSING]
    assert [seq(found[date]) for date in DATES[:4]] == [2, 2, 2, None]
