"""The hours of real venues, at their exact instants."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.calendars import library
from adapters.calendars.edition import edition
from adapters.calendars.kept_files import KeptFiles
from adapters.calendars.market_calendars import MarketCalendars
from adapters.calendars.table import SessionTable
from adapters.calendars.venues import CALENDARS
from domain.errors import UnknownCalendarError
from domain.instrument import InstrumentId
from domain.sessions import Hours, Session, instant_text
from domain.venues import VENUES

AAPL = InstrumentId("AAPL", "NASDAQ")
EURUSD = InstrumentId("EUR/USD", "IDEALPRO")
BITCOIN = InstrumentId("BTC/USD", "PAXOS")


@pytest.fixture(scope="module")
def calendars() -> MarketCalendars:
    return MarketCalendars(KeptFiles(Path(os.environ["BARLEDGER_CACHE_DIR"]), edition))


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
        # Equity index futures: a day of mourning, a hurricane, Good Friday with the jobs report,
        # a Friday when the week ended at 15:15, holidays' halts at noon, the eve of 4 July.
        ("ESH5.CME", "2025-01-09", "2025-01-08T23:00 2025-01-09T14:30"),
        ("ESZ8.CME", "2018-12-05", "2018-12-04T23:00 2018-12-05T14:30"),
        ("ESZ2.CME", "2012-10-30", "2012-10-29T22:00 2012-10-30T13:15"),
        ("ESM3.CME", "2023-04-07", "2023-04-06T22:00 2023-04-07T13:15"),
        ("ESM2.CME", "2012-05-04", "2012-05-03T22:00 2012-05-04T20:15"),
        ("NQH4.CME", "2024-01-15", "2024-01-14T23:00 2024-01-15T18:00"),
        ("RTYH4.CME", "2024-02-19", "2024-02-18T23:00 2024-02-19T18:00"),
        ("MESU4.CME", "2024-07-03", "2024-07-02T22:00 2024-07-03T17:15"),
        # Currencies and crypto trade through the holidays that shares keep.
        ("6EH4.CME", "2024-01-15", "2024-01-14T23:00 2024-01-15T22:00"),
        ("BTCF4.CME", "2024-01-15", "2024-01-14T23:00 2024-01-15T22:00"),
        ("ZNH4.CBOT", "2024-01-15", "2024-01-14T23:00 2024-01-15T18:00"),
        # Oil and gold end at 13:45 in New York before Christmas.
        ("CLG5.NYMEX", "2024-12-24", "2024-12-23T23:00 2024-12-24T18:45"),
        ("GCG0.COMEX", "2019-12-24", "2019-12-23T23:00 2019-12-24T18:45"),
        ("CLG4.NYMEX", "2024-01-15", "2024-01-14T23:00 2024-01-15T19:30"),
        # Corn: the night before, none after a holiday amid the week, and short days.
        ("ZCH4.CBOT", "2024-01-03", "2024-01-03T01:00 2024-01-03T19:20"),
        ("ZCH4.CBOT", "2024-01-16", "2024-01-16T01:00 2024-01-16T19:20"),
        ("ZCH4.CBOT", "2024-01-02", "2024-01-02T14:30 2024-01-02T19:20"),
        ("ZCZ4.CBOT", "2024-07-05", "2024-07-05T13:30 2024-07-05T18:20"),
        ("ZSF5.CBOT", "2024-11-29", "2024-11-29T14:30 2024-11-29T18:05"),
        ("ZWH5.CBOT", "2024-12-24", "2024-12-24T01:00 2024-12-24T18:05"),
        ("ZCN1.CBOT", "2011-05-04", "2011-05-04T00:00 2011-05-04T18:15"),
        ("LEQ4.CME", "2024-07-03", "2024-07-03T13:30 2024-07-03T17:05"),
        # Livestock ended ten minutes later until 2020, and early before holidays kept on Fridays.
        ("LEQ9.CME", "2019-07-03", "2019-07-03T13:30 2019-07-03T17:15"),
        ("LEZ0.CME", "2020-11-27", "2020-11-27T14:30 2020-11-27T18:05"),
        ("LEQ5.CME", "2015-07-02", "2015-07-02T13:30 2015-07-02T17:15"),
        ("LEQ0.CME", "2020-07-02", "2020-07-02T13:30 2020-07-02T17:15"),
        ("HEG7.CME", "2016-12-23", "2016-12-23T14:30 2016-12-23T18:15"),
        ("GFF8.CME", "2017-12-22", "2017-12-22T14:30 2017-12-22T18:15"),
        ("LEG9.CME", "2018-12-21", "2018-12-21T14:30 2018-12-21T19:05"),
        # Rice has the days of corn; lumber those of cattle, but hours of its own.
        ("ZRH4.CBOT", "2024-01-03", "2024-01-03T01:00 2024-01-03T19:20"),
        ("LBRH4.CME", "2024-01-03", "2024-01-03T15:00 2024-01-03T21:05"),
        ("LBRH4.CME", "2023-11-24", "2023-11-24T15:00 2023-11-24T18:05"),
        # Cboe ends early before Christmas, as New York does.
        ("VX.CFE", "2024-12-24", "2024-12-24T14:30 2024-12-24T18:15"),
        ("SPX.CBOE", "2024-12-24", "2024-12-24T14:30 2024-12-24T18:15"),
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
        ("BHP.ASX", "2024-12-24", "2024-12-23T23:00 2024-12-24T03:10"),
        ("NESN.EBS", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("ASML.AEB", "2024-12-24", "2024-12-24T08:00 2024-12-24T13:05"),
        ("ENI.BVME", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("SAN.BM", "2024-12-31", "2024-12-31T08:00 2024-12-31T13:00"),
        ("VOLVB.SFB", "2024-03-28", "2024-03-28T08:00 2024-03-28T12:00"),
        ("NOVOB.CPH", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:00"),
        ("NOKIA.HEX", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:30"),
        ("EQNR.OSE", "2024-07-01", "2024-07-01T07:00 2024-07-01T14:20"),
        ("PKN.WSE", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:00"),
        ("FDAX.EUREX", "2024-07-01", "2024-07-01T06:00 2024-07-01T20:00"),
        ("RELIANCE.NSE", "2024-07-01", "2024-07-01T03:45 2024-07-01T10:00"),
        ("D05.SGX", "2024-02-09", "2024-02-09T01:00 2024-02-09T04:00"),
        ("D05.SGX", "2024-12-24", "2024-12-24T01:00 2024-12-24T04:00"),
        ("005930.KSE", "2024-01-02", "2024-01-02T01:00 2024-01-02T06:30"),
        ("005930.KSE", "2023-11-16", "2023-11-16T01:00 2023-11-16T07:30"),
        # Mexico trades with New York: an hour earlier while that alone is on summer time.
        ("AMXL.MEXI", "2024-01-03", "2024-01-03T14:30 2024-01-03T21:00"),
        ("AMXL.MEXI", "2024-03-08", "2024-03-08T14:30 2024-03-08T21:00"),
        ("AMXL.MEXI", "2024-03-11", "2024-03-11T13:30 2024-03-11T20:00"),
        ("AMXL.MEXI", "2024-07-03", "2024-07-03T13:30 2024-07-03T20:00"),
        ("AMXL.MEXI", "2024-11-01", "2024-11-01T13:30 2024-11-01T20:00"),
        ("AMXL.MEXI", "2024-11-04", "2024-11-04T14:30 2024-11-04T21:00"),
        ("AMXL.MEXI", "2022-07-01", "2022-07-01T13:30 2022-07-01T20:00"),
        ("AMXL.MEXI", "2022-10-28", "2022-10-28T13:30 2022-10-28T20:00"),
        ("AMXL.MEXI", "2022-10-31", "2022-10-31T13:30 2022-10-31T20:00"),
        ("AMXL.MEXI", "2022-11-07", "2022-11-07T14:30 2022-11-07T21:00"),
        # Hong Kong after a typhoon that was over by noon, and a half day when noon was 12:30.
        ("700.SEHK", "2023-10-09", "2023-10-09T06:00 2023-10-09T08:00"),
        ("700.SEHK", "2009-12-24", "2009-12-24T02:00 2009-12-24T04:30"),
        # Tokyo's year ended and began with a morning, until January 2009.
        ("7203.TSEJ", "2007-12-28", "2007-12-28T00:00 2007-12-28T02:00"),
        ("7203.TSEJ", "2008-01-04", "2008-01-04T00:00 2008-01-04T02:00"),
        ("7203.TSEJ", "2008-01-07", "2008-01-07T00:00 2008-01-07T06:00"),
        ("7203.TSEJ", "2008-12-29", "2008-12-29T00:00 2008-12-29T06:00"),
        ("7203.TSEJ", "2008-12-30", "2008-12-30T00:00 2008-12-30T02:00"),
        ("7203.TSEJ", "2009-01-05", "2009-01-05T00:00 2009-01-05T02:00"),
        ("7203.TSEJ", "2009-12-30", "2009-12-30T00:00 2009-12-30T06:00"),
        ("7203.TSEJ", "2010-01-04", "2010-01-04T00:00 2010-01-04T06:00"),
        # India's budgets, and its Diwali, on Saturdays and Sundays.
        ("INFY.NSE", "2015-02-28", "2015-02-28T03:45 2015-02-28T10:00"),
        ("INFY.NSE", "2020-02-01", "2020-02-01T03:45 2020-02-01T10:00"),
        ("INFY.NSE", "2024-01-20", "2024-01-20T03:45 2024-01-20T10:00"),
        ("INFY.XNSE", "2025-02-01", "2025-02-01T03:45 2025-02-01T10:00"),
        ("INFY.NSE", "2026-02-01", "2026-02-01T03:45 2026-02-01T10:00"),
        ("INFY.NSE", "2013-11-03", "2013-11-03T12:45 2013-11-03T14:00"),
        ("INFY.NSE", "2016-10-30", "2016-10-30T13:00 2016-10-30T14:00"),
        ("INFY.NSE", "2019-10-27", "2019-10-27T12:45 2019-10-27T13:45"),
        ("INFY.NSE", "2020-11-14", "2020-11-14T12:45 2020-11-14T13:45"),
        ("INFY.NSE", "2023-11-12", "2023-11-12T12:45 2023-11-12T13:45"),
        # Half of these sessions was traded from a second site.
        ("INFY.NSE", "2024-03-02", "2024-03-02T03:45 2024-03-02T07:00"),
        ("INFY.NSE", "2024-05-18", "2024-05-18T03:45 2024-05-18T07:00"),
        # More of Europe, Africa and China.
        ("SAP.SWB", "2024-07-01", "2024-07-01T05:30 2024-07-01T20:00"),
        ("SAP.FWB", "2024-07-01", "2024-07-01T06:00 2024-07-01T20:00"),
        ("CEZ.PRA", "2024-07-01", "2024-07-01T07:00 2024-07-01T14:20"),
        ("OTP.BUX", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:00"),
        ("RYA.XDUB", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:28"),
        ("NPN.JSE", "2024-07-01", "2024-07-01T07:00 2024-07-01T15:00"),
        ("600519.SEHKNTL", "2024-07-01", "2024-07-01T01:30 2024-07-01T07:00"),
        ("2330.TWSE", "2024-07-01", "2024-07-01T01:00 2024-07-01T05:30"),
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
        ("ESZ1.CME", "2001-09-12", "2001-09-14"),
        # Good Friday without the jobs report.
        ("ESM4.CME", "2024-03-29", "2024-03-29"),
        ("6EM5.CME", "2025-04-18", "2025-04-18"),
        ("ZNM4.CBOT", "2024-03-29", "2024-03-29"),
        ("BTCJ4.CME", "2024-03-29", "2024-03-29"),
        ("GCJ4.COMEX", "2024-03-29", "2024-03-29"),
        ("CLG2.NYMEX", "2021-12-24", "2021-12-24"),
        # Juneteenth, for what grows and grazes.
        ("ZCN4.CBOT", "2024-06-19", "2024-06-19"),
        ("HEN2.CME", "2022-06-20", "2022-06-20"),
        ("SPX.CBOE", "2001-09-11", "2001-09-14"),
        ("FDAX.EUREX", "2024-12-24", "2024-12-26"),
        ("BHP.ASX", "2005-01-26", "2005-01-26"),
        ("ESH4.CME", "2024-01-06", "2024-01-07"),
        ("EUR/USD.IDEALPRO", "2024-01-06", "2024-01-07"),
        ("700.SEHK", "2024-09-06", "2024-09-06"),
        # A typhoon, and black rain.
        ("700.SEHK", "2023-09-01", "2023-09-01"),
        ("700.SEHK", "2023-09-08", "2023-09-08"),
        ("2330.TWSE", "2024-10-31", "2024-10-31"),
        # Elections, and the day after a championship.
        ("005930.KSE", "2026-06-03", "2026-06-03"),
        ("NPN.JSE", "2021-11-01", "2021-11-01"),
        ("NPN.JSE", "2023-12-15", "2023-12-15"),
        ("NPN.JSE", "2024-05-29", "2024-05-29"),
        # Weekends beside those on which India traded.
        ("INFY.NSE", "2024-03-03", "2024-03-03"),
        ("INFY.NSE", "2024-01-21", "2024-01-22"),
        ("ZRN4.CBOT", "2024-06-19", "2024-06-19"),
        ("LBRN4.CME", "2024-06-19", "2024-06-19"),
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


def test_years_are_worked_out_once_and_many_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int, int]] = []
    real = library.exchange_table

    def counting(name: str, first: int, last: int) -> SessionTable:
        asked.append((name, first, last))
        return real(name, first, last)

    monkeypatch.setattr(library, "exchange_table", counting)
    calendars = MarketCalendars()
    calendars.sessions(AAPL, day("2013-03-01"), day("2013-04-01"), None)
    calendars.sessions(InstrumentId("IBM", "NYSE"), day("1998-01-01"), day("2021-12-31"), None)
    calendars.sessions(AAPL, day("2012-12-01"), day("2014-02-01"), None, Hours.EXTENDED)
    assert asked == [("NYSE", 1990, 2029)]
    calendars.sessions(AAPL, day("1989-12-01"), day("1990-02-01"), None)
    assert asked[1:] == [("NYSE", 1950, 1989)]


@pytest.mark.parametrize("instrument", [AAPL, EURUSD, BITCOIN, InstrumentId("ESH4", "CME")])
@pytest.mark.parametrize("year", [1, 1677, 1678, 2150, 2261, 2262, 9999])
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
    assert {session.close - session.open for session in found} == {24 * 3_600 * 10**9}
    assert {session.date.weekday() for session in found} == {0, 1, 2, 3, 4}
    for earlier, later in itertools.pairwise(found):
        assert (earlier.close == later.open) is (earlier.date.weekday() != 4)


@pytest.mark.parametrize("name", sorted(set(CALENDARS.values())))
def test_the_sessions_of_every_venue_are_in_order(calendars: MarketCalendars, name: str) -> None:
    for hours in Hours:
        found = calendars.sessions(AAPL, day("1999-01-01"), day("2029-12-31"), name, hours)
        assert len(found) > 31 * 240
        for earlier, later in itertools.pairwise(found):
            assert earlier.date < later.date
            assert earlier.open < earlier.close <= later.open
        for one in found:
            start, stop = one.pause or (one.open + 1, one.open + 2)
            assert one.open < start < stop < one.close


def test_every_venue_that_the_domain_knows_has_a_calendar() -> None:
    assert set(CALENDARS) == set(VENUES)


def test_a_session_of_a_venue_begins_on_its_date_or_the_evening_before(
    calendars: MarketCalendars,
) -> None:
    """A clock and a calendar that belong to different places would show here."""
    for name, venue in VENUES.items():
        for month in (1, 7):
            date = dt.date(2024, month, 9)
            (session,) = calendars.sessions(InstrumentId("X", name), date, date, None)
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
    with pytest.raises(UnknownCalendarError) as caught:
        calendars.describe(AAPL, name)
    assert meant in caught.value.recovery


def test_a_calendar_that_the_library_cannot_work_out_is_refused(
    calendars: MarketCalendars,
) -> None:
    """pandas_market_calendars 5.5 lists Santiago's exchange and fails when asked for it."""
    with pytest.raises(UnknownCalendarError, match="XSGO cannot be worked out"):
        calendars.sessions(AAPL, day("2024-01-01"), day("2024-01-31"), "XSGO")


@pytest.mark.parametrize(
    ("venue", "date", "pause"),
    [
        ("TSEJ", "2024-03-08", "2024-03-08T02:30 2024-03-08T03:30"),
        ("SEHK", "2024-03-08", "2024-03-08T04:00 2024-03-08T05:00"),
        # On the day before Christmas, Hong Kong closes at noon.
        ("SEHK", "2024-12-24", None),
        ("SGX", "2024-03-08", "2024-03-08T04:00 2024-03-08T05:00"),
        ("SGX", "2015-03-06", None),
        ("SGX", "2011-07-29", "2011-07-29T04:30 2011-07-29T06:00"),
        ("SGX", "2011-08-01", None),
        ("SGX", "2017-11-10", None),
        ("SGX", "2017-11-13", "2017-11-13T04:00 2017-11-13T05:00"),
        ("SEHK", "2010-06-01", "2010-06-01T04:30 2010-06-01T06:30"),
        ("SEHK", "2011-03-04", "2011-03-04T04:30 2011-03-04T06:30"),
        ("SEHK", "2011-03-07", "2011-03-07T04:00 2011-03-07T05:30"),
        ("SEHK", "2012-03-02", "2012-03-02T04:00 2012-03-02T05:30"),
        ("SEHK", "2012-03-05", "2012-03-05T04:00 2012-03-05T05:00"),
        ("SEHK", "2009-12-24", None),
        ("SEHK", "2023-10-09", None),
        ("TSEJ", "2011-11-18", "2011-11-18T02:00 2011-11-18T03:30"),
        ("TSEJ", "2011-11-21", "2011-11-21T02:30 2011-11-21T03:30"),
        ("TSEJ", "2008-12-30", None),
        ("NSE", "2024-05-18", "2024-05-18T04:30 2024-05-18T06:00"),
        ("NSE", "2024-05-17", None),
        ("KSE", "2024-03-08", None),
        # Equity index futures, until 2021-06-25; not on a day that ended before it.
        ("CME", "2021-06-25", "2021-06-25T20:15 2021-06-25T20:30"),
        ("CME", "2021-06-28", None),
        ("CME", "2021-05-31", None),
        ("NASDAQ", "2024-03-08", None),
    ],
)
def test_a_pause_at_noon_is_part_of_a_session(
    calendars: MarketCalendars, venue: str, date: str, pause: str | None
) -> None:
    (session,) = calendars.sessions(InstrumentId("X", venue), day(date), day(date), None)
    found = session.pause and " ".join(instant_text(stamp)[:16] for stamp in session.pause)
    assert found == pause


@pytest.mark.parametrize(
    ("instrument", "close", "pause"),
    [
        ("ESZ5.CME", "18:15", True),
        ("ZNZ5.CBOT", "18:15", True),
        ("6EZ5.CME", "18:15", True),
        ("BTCZ5.CME", "18:45", True),
        ("GCZ5.COMEX", "18:45", True),
        # They began at 8:30 on this day anyway.
        ("ZCZ5.CBOT", "18:05", False),
        ("LEZ5.CME", "18:05", False),
    ],
)
def test_what_traded_on_globex_paused_when_a_data_centre_was_too_hot(
    calendars: MarketCalendars, instrument: str, close: str, *, pause: bool
) -> None:
    date = day("2025-11-28")
    (session,) = calendars.sessions(InstrumentId.parse(instrument), date, date, None)
    assert instant_text(session.close) == f"2025-11-28T{close}:00Z"
    found = session.pause and tuple(map(instant_text, session.pause))
    assert found == (("2025-11-28T02:40:00Z", "2025-11-28T13:30:00Z") if pause else None)


@pytest.mark.parametrize(
    ("date", "pause"),
    [
        ("2024-01-03", "2024-01-03T03:00 2024-01-03T14:30"),
        ("2024-07-02", "2024-07-02T02:00 2024-07-02T13:30"),
        # No night before it.
        ("2024-01-02", None),
        # When days began at 9:30.
        ("2011-05-04", "2011-05-04T02:00 2011-05-04T14:30"),
    ],
)
def test_rice_pauses_from_nine_in_the_evening_to_the_morning(
    calendars: MarketCalendars, date: str, pause: str | None
) -> None:
    (session,) = calendars.sessions(InstrumentId("ZRH4", "CBOT"), day(date), day(date), None)
    found = session.pause and " ".join(instant_text(stamp)[:16] for stamp in session.pause)
    assert found == pause


@pytest.mark.parametrize("name", ["FOREX", "Forex"])
def test_the_librarys_week_of_currencies_is_our_own(calendars: MarketCalendars, name: str) -> None:
    ask = (AAPL, day("2024-01-01"), day("2024-12-31"))
    assert calendars.sessions(*ask, name) == calendars.sessions(*ask, "FX")
    assert calendars.describe(AAPL, name) == "FX"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-01-02", "2024-01-02T09:00 2024-01-03T01:00"),
        ("2024-07-01", "2024-07-01T08:00 2024-07-02T00:00"),
        # The market after the market ends early too.
        ("2024-07-03", "2024-07-03T08:00 2024-07-03T21:00"),
        ("2024-11-29", "2024-11-29T09:00 2024-11-29T22:00"),
    ],
)
def test_extended_hours_of_new_york_run_from_four_to_twenty(
    calendars: MarketCalendars, date: str, expected: str
) -> None:
    (session,) = calendars.sessions(AAPL, day(date), day(date), None, Hours.EXTENDED)
    assert hours(session) == expected


def test_extended_hours_hold_the_regular_ones_and_their_pause(calendars: MarketCalendars) -> None:
    for venue in VENUES:
        instrument = InstrumentId("X", venue)
        ask = (instrument, day("2024-01-01"), day("2024-12-31"), None)
        regular, extended = (calendars.sessions(*ask, each) for each in Hours)
        for inner, outer in zip(regular, extended, strict=True):
            assert outer.open <= inner.open < inner.close <= outer.close
            assert (outer.date, outer.pause) == (inner.date, inner.pause)


def test_pandas_is_imported_by_the_first_question_of_all_runs_only(tmp_path: Path) -> None:
    """Without what was kept the library is asked; with it neither it nor pandas is imported."""
    program = (
        "import sys, datetime as dt; from pathlib import Path; "
        "from adapters.calendars.edition import edition; "
        "from adapters.calendars.kept_files import KeptFiles; "
        "from adapters.calendars.market_calendars import MarketCalendars; "
        "from domain.instrument import InstrumentId; "
        "d = dt.date(2024, 1, 2); "
        "calendars = MarketCalendars(KeptFiles(Path(sys.argv[1]), edition)); "
        "calendars.sessions(InstrumentId('EUR/USD', 'IDEALPRO'), d, d, None); "
        "assert 'pandas' not in sys.modules; "
        "(one,) = calendars.sessions(InstrumentId('AAPL', 'NASDAQ'), d, d, None); "
        "calendars.require('CMEGlobex_Grains'); "
        "print(one, 'pandas' in sys.modules)"
    )

    def run() -> str:
        command = [sys.executable, "-W", "error", "-c", program, str(tmp_path)]
        root = Path(__file__).parents[3]
        return subprocess.run(
            command, check=True, cwd=root, stdout=subprocess.PIPE, text=True
        ).stdout

    first, second = run(), run()
    assert first.endswith("True\n")
    assert second == first.replace("True\n", "False\n")
