"""The hours of real venues, at their exact instants."""

from __future__ import annotations

import datetime as dt
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.calendars import market_calendars
from adapters.calendars.market_calendars import MarketCalendars
from adapters.calendars.venues import CALENDARS
from domain.errors import InvalidInstrumentError
from domain.instrument import InstrumentId
from domain.sessions import Session, instant_text
from domain.venues import VENUES

AAPL = InstrumentId("AAPL", "NASDAQ")
EURUSD = InstrumentId("EUR/USD", "IDEALPRO")
BITCOIN = InstrumentId("BTC/USD", "PAXOS")


@pytest.fixture(scope="module")
def calendars() -> MarketCalendars:
    return MarketCalendars()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def hours(session: Session) -> str:
    return f"{instant_text(session.open)[:16]} {instant_text(session.close)[:16]}"


@pytest.mark.parametrize(
    ("instrument", "date", "expected"),
    [
        # Summer and winter in New York, early closes, an opening that waited for a minute's
        # silence, and a Saturday morning.
        ("AAPL.NASDAQ", "2013-10-04", "2013-10-04T13:30 2013-10-04T20:00"),
        ("SPY.ARCA", "2024-01-02", "2024-01-02T14:30 2024-01-02T21:00"),
        ("IBM.NYSE", "2013-11-29", "2013-11-29T14:30 2013-11-29T18:00"),
        ("AAPL.XNAS", "2023-07-03", "2023-07-03T13:30 2023-07-03T17:00"),
        ("IBM.NYSE", "2001-09-17", "2001-09-17T13:33 2001-09-17T20:00"),
        ("IBM.NYSE", "1950-12-30", "1950-12-30T15:00 1950-12-30T17:00"),
        # The days around both changes of New York's clocks.
        ("AAPL.NASDAQ", "2024-03-08", "2024-03-08T14:30 2024-03-08T21:00"),
        ("AAPL.NASDAQ", "2024-03-11", "2024-03-11T13:30 2024-03-11T20:00"),
        ("AAPL.NASDAQ", "2024-11-01", "2024-11-01T13:30 2024-11-01T20:00"),
        ("AAPL.NASDAQ", "2024-11-04", "2024-11-04T14:30 2024-11-04T21:00"),
        # Futures open on the evening before; the day after Thanksgiving ends early.
        ("ESH4.CME", "2024-01-03", "2024-01-02T23:00 2024-01-03T22:00"),
        ("ESZ4.CME", "2024-11-29", "2024-11-28T23:00 2024-11-29T18:15"),
        ("YMH4.CBOT", "2024-01-03", "2024-01-02T23:00 2024-01-03T22:00"),
        ("CLG4.NYMEX", "2024-01-03", "2024-01-02T23:00 2024-01-03T22:00"),
        # Currencies: Monday begins on Sunday evening, and Friday ends the week.
        ("EUR/USD.IDEALPRO", "2024-01-08", "2024-01-07T22:00 2024-01-08T22:00"),
        ("EUR/USD.IDEALPRO", "2024-03-11", "2024-03-10T21:00 2024-03-11T21:00"),
        ("EUR/USD.IDEALPRO", "2024-07-05", "2024-07-04T21:00 2024-07-05T21:00"),
        ("BTC/USD.PAXOS", "2024-02-29", "2024-02-29T00:00 2024-03-01T00:00"),
        # The rest of the world.
        ("VOD.LSE", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("VOD.LSE", "2024-12-24", "2024-12-24T08:00 2024-12-24T12:30"),
        ("SAP.IBIS", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("AIR.SBF", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("7203.TSEJ", "2024-11-01", "2024-11-01T00:00 2024-11-01T06:00"),
        ("7203.TSEJ", "2024-11-05", "2024-11-05T00:00 2024-11-05T06:30"),
        ("700.SEHK", "2024-07-02", "2024-07-02T01:30 2024-07-02T08:00"),
        ("RY.TSE", "2024-07-02", "2024-07-02T13:30 2024-07-02T20:00"),
        ("BHP.ASX", "2024-07-01", "2024-07-01T00:00 2024-07-01T06:10"),
    ],
)
def test_a_session_has_its_exact_hours(
    calendars: MarketCalendars, instrument: str, date: str, expected: str
) -> None:
    found = calendars.sessions(InstrumentId.parse(instrument), day(date), day(date), None)
    assert [(session.date, hours(session)) for session in found] == [(day(date), expected)]


@pytest.mark.parametrize(
    ("instrument", "first", "last"),
    [
        ("IBM.NYSE", "2001-09-11", "2001-09-14"),
        ("IBM.NYSE", "2012-10-29", "2012-10-30"),
        ("IBM.NYSE", "2018-12-05", "2018-12-05"),
        ("IBM.NYSE", "2025-01-09", "2025-01-09"),
        ("AAPL.NASDAQ", "2022-06-20", "2022-06-20"),
        ("ESH4.CME", "2024-01-01", "2024-01-01"),
        ("ESH4.CME", "2024-01-06", "2024-01-07"),
        ("EUR/USD.IDEALPRO", "2024-01-06", "2024-01-07"),
        ("700.SEHK", "2024-09-06", "2024-09-06"),
    ],
)
def test_a_day_without_trading_has_no_session(
    calendars: MarketCalendars, instrument: str, first: str, last: str
) -> None:
    assert not calendars.sessions(InstrumentId.parse(instrument), day(first), day(last), None)


@pytest.mark.parametrize(("year", "sessions"), [(2001, 248), (2012, 250), (2023, 250), (2024, 252)])
def test_a_year_of_new_york_has_as_many_sessions_as_it_had(
    calendars: MarketCalendars, year: int, sessions: int
) -> None:
    found = calendars.sessions(AAPL, dt.date(year, 1, 1), dt.date(year, 12, 31), None)
    assert len(found) == sessions


def test_years_that_were_asked_for_apart_are_put_together_in_order() -> None:
    calendars = MarketCalendars()
    for year in (2013, 2015, 2011):
        calendars.sessions(AAPL, dt.date(year, 6, 1), dt.date(year, 6, 30), None)
    apart = calendars.sessions(AAPL, day("2010-12-20"), day("2016-01-10"), None)
    assert apart == MarketCalendars().sessions(AAPL, day("2010-12-20"), day("2016-01-10"), None)
    assert (len(apart), apart[0].date, apart[-1].date) == (
        1_272,
        day("2010-12-20"),
        day("2016-01-08"),
    )


def test_a_year_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was looked up is kept, whichever part of the year is asked for."""
    asked: list[tuple[str, int, int]] = []
    real = market_calendars.exchange_sessions

    def counting(name: str, first: int, last: int) -> tuple[Session, ...]:
        asked.append((name, first, last))
        return real(name, first, last)

    monkeypatch.setattr(market_calendars, "exchange_sessions", counting)
    calendars = MarketCalendars()
    calendars.sessions(AAPL, day("2013-03-01"), day("2013-04-01"), None)
    calendars.sessions(InstrumentId("IBM", "NYSE"), day("2013-01-01"), day("2013-12-31"), None)
    calendars.sessions(AAPL, day("2012-12-01"), day("2014-02-01"), None)
    assert asked == [("NYSE", 2013, 2013), ("NYSE", 2012, 2012), ("NYSE", 2014, 2014)]


@pytest.mark.parametrize("instrument", [AAPL, EURUSD, BITCOIN, InstrumentId("ESH4", "CME")])
@pytest.mark.parametrize("year", [1, 1677, 1678, 1884, 2150, 2261, 2262, 9999])
def test_far_years_are_answered(
    calendars: MarketCalendars, instrument: InstrumentId, year: int
) -> None:
    """Outside 1678 to 2261 there are no sessions, for nanoseconds cannot count them."""
    found = calendars.sessions(instrument, dt.date(year, 1, 1), dt.date(year, 12, 31), None)
    assert bool(found) is (1678 <= year <= 2261)
    assert all(-(2**63) < s.open < s.close < 2**63 and s.date.year == year for s in found)


@pytest.mark.parametrize("name", ["FX", "24/7"])
def test_the_whole_of_time_can_be_asked_for(calendars: MarketCalendars, name: str) -> None:
    found = calendars.sessions(AAPL, dt.date.min, dt.date.max, name)
    assert (found[0].date.year, found[-1].date.year) == (1678, 2261)


def test_currencies_leave_no_hole_in_a_week_and_only_weekends_between(
    calendars: MarketCalendars,
) -> None:
    found = calendars.sessions(EURUSD, day("2024-01-01"), day("2024-12-31"), None)
    assert len(found) == 262
    assert {session.date.weekday() for session in found} == {0, 1, 2, 3, 4}
    for earlier, later in itertools.pairwise(found):
        assert (earlier.close == later.open) is (earlier.date.weekday() != 4)


@pytest.mark.parametrize("name", sorted(set(CALENDARS.values())))
def test_the_sessions_of_every_venue_are_in_order(calendars: MarketCalendars, name: str) -> None:
    found = calendars.sessions(AAPL, day("2000-01-01"), day("2030-12-31"), name)
    assert len(found) > 31 * 240
    for earlier, later in itertools.pairwise(found):
        assert earlier.date < later.date
        assert earlier.open < earlier.close <= later.open


def test_every_venue_that_the_domain_knows_has_a_calendar() -> None:
    assert set(CALENDARS) == set(VENUES)


def test_a_session_of_a_venue_begins_on_its_date_or_the_evening_before(
    calendars: MarketCalendars,
) -> None:
    """A clock and a calendar that belong to different places would show here."""
    for name, venue in VENUES.items():
        for month in (1, 7):
            (session,) = calendars.sessions(
                InstrumentId("X", name), dt.date(2024, month, 9), dt.date(2024, month, 9), None
            )
            opens = dt.datetime.fromtimestamp(session.open // 10**9, venue.tzinfo)
            closes = dt.datetime.fromtimestamp(session.close // 10**9 - 1, venue.tzinfo)
            assert closes.date() == session.date, name
            evening = dt.datetime.combine(
                session.date - dt.timedelta(days=1), dt.time(17), venue.tzinfo
            )
            assert evening <= opens, name


def test_a_calendar_of_the_library_can_be_named(calendars: MarketCalendars) -> None:
    grains = InstrumentId("ZCH4", "CBOT")
    found = calendars.sessions(grains, day("2024-01-03"), day("2024-01-03"), "CMEGlobex_Grains")
    assert [hours(session) for session in found] == ["2024-01-03T01:00 2024-01-03T19:20"]
    assert calendars.describe(grains, "CMEGlobex_Grains") == "CMEGlobex_Grains"


@pytest.mark.parametrize(
    ("name", "meant"), [("nyse", "NYSE"), ("CMEGlobex_Grain", "CMEGlobex_Grains"), ("fx", "FX")]
)
def test_a_misspelt_calendar_is_told_what_may_be_meant(
    calendars: MarketCalendars, name: str, meant: str
) -> None:
    with pytest.raises(InvalidInstrumentError) as caught:
        calendars.describe(AAPL, name)
    assert meant in caught.value.recovery


def test_a_calendar_that_the_library_cannot_work_out_is_refused(
    calendars: MarketCalendars,
) -> None:
    """pandas_market_calendars 5.5 lists Santiago's exchange and fails when asked for it."""
    with pytest.raises(InvalidInstrumentError, match="XSGO cannot be worked out"):
        calendars.sessions(AAPL, day("2024-01-01"), day("2024-01-31"), "XSGO")


@pytest.mark.parametrize(
    ("venue", "date", "pause"),
    [
        ("TSEJ", "2024-03-08", "2024-03-08T02:30 2024-03-08T03:30"),
        ("SEHK", "2024-03-08", "2024-03-08T04:00 2024-03-08T05:00"),
        # On the day before Christmas, Hong Kong closes at noon.
        ("SEHK", "2024-12-24", None),
        ("NASDAQ", "2024-03-08", None),
    ],
)
def test_a_pause_at_noon_is_part_of_a_session(
    calendars: MarketCalendars, venue: str, date: str, pause: str | None
) -> None:
    (session,) = calendars.sessions(InstrumentId("X", venue), day(date), day(date), None)
    found = session.pause and " ".join(instant_text(stamp)[:16] for stamp in session.pause)
    assert found == pause


def test_pandas_is_imported_by_the_first_question_only() -> None:
    program = (
        "import sys; from adapters.calendars.market_calendars import MarketCalendars; "
        "from domain.instrument import InstrumentId; import datetime as dt; "
        "d = dt.date(2024, 1, 2); calendars = MarketCalendars(); "
        "calendars.sessions(InstrumentId('EUR/USD', 'IDEALPRO'), d, d, None); "
        "assert 'pandas' not in sys.modules; "
        "calendars.sessions(InstrumentId('AAPL', 'NASDAQ'), d, d, None); "
        "assert 'pandas' in sys.modules"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=root)
