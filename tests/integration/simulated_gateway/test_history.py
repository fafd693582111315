"""Bars: which of them, in which order, and exactly as they are served."""

from __future__ import annotations

import asyncio
import datetime as dt

import ib_async
import numpy as np
import pytest

from adapters.simulated_gateway.server import SimulatedGateway
from domain.bars import Bars
from tests.builders import AAPL, minute_bars, session_bars, utc
from tests.integration.simulated_gateway.conftest import Serving
from tests.integration.simulated_gateway.driving import (
    as_received,
    ask,
    bars_at,
    clock_bars,
    driven,
    history,
    opens,
    received,
    soon,
)
from tests.integration.simulated_gateway.instruments import (
    BITCOIN,
    COIN,
    EQUITY,
    EURO,
    INDEX,
    JUNE,
    LONDON,
    PAIR,
    STOCK,
    series,
)

HOUR = 3600 * 10**9
DAY = 24 * HOUR


def test_bars_arrive_exactly_as_they_are_served(serving: Serving) -> None:
    served = session_bars("2024-06-24", "2024-07-02")
    got = history(serving({AAPL: served}), STOCK, "1 M", "2024-07-03T00:00:00")
    assert received(got) == as_received(served)


def test_values_keep_every_decimal_and_no_exponent(serving: Serving) -> None:
    values = np.array([1, 100_000_000, 123_456_789_012], np.int64)
    at = utc("2024-06-03T14:00:00") + np.arange(3) * 60 * 10**9
    bars = Bars(at, at + 60 * 10**9, values, values, values, values, values, 8, 9)
    gateway = serving({series(BITCOIN, "1_MIN"): bars}, BITCOIN)
    got = history(gateway, COIN, "1 D", "2024-06-04T00:00:00", shows="AGGTRADES", rth=False)
    assert [bar.open for bar in got] == [0.00000001, 1.0, 1234.56789012]
    assert [bar.volume for bar in got] == [0.000000001, 0.1, 123.456789012]


def test_frames_may_come_in_small_pieces(serving: Serving) -> None:
    served = session_bars("2024-06-24", "2024-06-25")
    gateway = serving({AAPL: served}, piece=7)
    got = history(gateway, STOCK, "2 D", "2024-06-26T00:00:00")
    assert received(got) == as_received(served)


def test_trading_days_are_counted_over_weekends_and_holidays(gateway: SimulatedGateway) -> None:
    """From Friday the 5th back: the 4th was Independence Day, the 3rd closed at 13:00."""
    got = history(gateway, STOCK, "3 D", "2024-07-05T20:00:00")
    assert opens(got)[0] == "07-02 13:30"
    assert opens(got)[-1] == "07-05 19:59"
    assert sum(bar.date.day == 3 for bar in got) == 3 * 60 + 30
    assert not any(bar.date.day == 4 for bar in got)


def test_the_session_in_which_the_end_lies_is_the_first_of_the_days(
    gateway: SimulatedGateway,
) -> None:
    got = history(gateway, STOCK, "1 D", "2024-07-02T15:00:00")
    assert (opens(got)[0], opens(got)[-1]) == ("07-02 13:30", "07-02 14:59")
    before = history(gateway, STOCK, "1 D", "2024-07-02T13:30:00")
    assert (opens(before)[0], opens(before)[-1]) == ("07-01 13:30", "07-01 19:59")


def test_an_early_close_ends_the_regular_hours(serving: Serving) -> None:
    served = clock_bars("2024-11-29T09:00:00", "2024-11-30T01:00:00")
    gateway = serving({AAPL: served})
    regular = history(gateway, STOCK, "1 D", "2024-11-30T00:00:00")
    assert (opens(regular)[0], opens(regular)[-1]) == ("11-29 14:30", "11-29 17:59")
    extended = history(gateway, STOCK, "1 D", "2024-12-01T00:00:00", rth=False)
    assert len(extended) > len(regular)
    assert opens(extended)[0] == "11-29 09:00"


def test_a_session_moves_in_utc_with_the_clock_of_its_exchange(serving: Serving) -> None:
    """New York's clocks went forward on 2024-03-10."""
    served = clock_bars("2024-03-08T00:00:00", "2024-03-12T00:00:00")
    got = history(serving({AAPL: served}), STOCK, "2 D", "2024-03-12T00:00:00")
    firsts = [opens(got)[0], opens(got)[390]]
    assert firsts == ["03-08 14:30", "03-11 13:30"]
    assert len(got) == 780


def test_seconds_and_calendar_units_go_back_by_the_clock(gateway: SimulatedGateway) -> None:
    by_seconds = history(gateway, STOCK, "1800 S", "2024-07-02T15:00:00")
    assert (opens(by_seconds)[0], len(by_seconds)) == ("07-02 14:30", 30)
    by_week = history(gateway, STOCK, "1 W", "2024-07-05T20:00:00")
    assert opens(by_week)[0] == "07-01 13:30"
    by_month = history(gateway, STOCK, "1 M", "2024-07-27T15:00:00")
    assert opens(by_month)[0] == "06-27 15:00"


def test_a_week_over_the_change_of_the_clock_starts_at_the_same_time_of_day(
    serving: Serving,
) -> None:
    served = clock_bars("2024-03-07T00:00:00", "2024-03-15T00:00:00")
    got = history(serving({AAPL: served}), STOCK, "1 W", "2024-03-14T18:00:00", rth=False)
    assert opens(got)[0] == "03-07 19:00"


def test_a_month_goes_back_to_the_last_day_of_a_shorter_one(serving: Serving) -> None:
    served = clock_bars("2024-02-28T00:00:00", "2024-03-03T00:00:00", HOUR)
    gateway = serving({series(EQUITY, "1_HOUR"): served})
    got = history(gateway, STOCK, "1 M", "2024-03-31T18:00:00", size="1 hour", rth=False)
    assert opens(got)[0] == "02-29 19:00"


def test_bars_that_open_at_the_end_are_not_given(gateway: SimulatedGateway) -> None:
    got = history(gateway, STOCK, "60 S", "2024-07-02T15:00:00")
    assert opens(got) == ["07-02 14:59"]


def test_the_bar_that_is_not_finished_is_given_and_later_ones_are_not(serving: Serving) -> None:
    served = session_bars("2024-07-02", "2024-07-02")
    gateway = serving({AAPL: served}, now=utc("2024-07-02T15:00:30"))
    for end in ("", "2024-07-03T00:00:00"):
        assert opens(history(gateway, STOCK, "1 D", end))[-1] == "07-02 15:00"


def test_a_day_that_is_not_over_is_given_too(serving: Serving) -> None:
    labels = [utc(f"2024-07-0{day}T00:00:00") for day in (1, 2, 3)]
    gateway = serving(
        {series(EQUITY, "1_DAY"): bars_at(*labels, length=DAY)}, now=utc("2024-07-02T15:00:00")
    )
    got = history(gateway, STOCK, "1 Y", size="1 day")
    assert [bar.date for bar in got] == [dt.date(2024, 7, 1), dt.date(2024, 7, 2)]


def test_a_day_opens_with_its_session(serving: Serving) -> None:
    """At 09:00 in New York the second of July has not opened, though its date has begun."""
    labels = [utc(f"2024-07-0{day}T00:00:00") for day in (1, 2)]
    gateway = serving({series(EQUITY, "1_DAY"): bars_at(*labels, length=DAY)})
    got = history(gateway, STOCK, "1 Y", "2024-07-02T13:00:00", size="1 day")
    assert [bar.date for bar in got] == [dt.date(2024, 7, 1)]


@pytest.mark.parametrize(("size", "name"), [("1 week", "1_WEEK"), ("1 month", "1_MONTH")])
def test_weeks_and_months_open_with_their_first_session(
    serving: Serving, size: str, name: str
) -> None:
    labels = [utc("2024-05-01T00:00:00"), utc("2024-06-03T00:00:00"), utc("2024-07-01T00:00:00")]
    gateway = serving({series(EQUITY, name): bars_at(*labels, length=DAY)})
    got = history(gateway, STOCK, "1 Y", "2024-07-01T13:00:00", size=size)
    assert [bar.date for bar in got] == [dt.date(2024, 5, 1), dt.date(2024, 6, 3)]


def test_a_session_of_futures_spans_midnight(serving: Serving) -> None:
    """Monday's session opens on Sunday at 17:00 in Chicago."""
    served = clock_bars("2024-06-02T20:00:00", "2024-06-05T00:00:00")
    gateway = serving({series(JUNE, "1_MIN"): served}, JUNE, now=utc("2024-06-05T00:00:00"))
    contract = ib_async.Future("ES", "202406", "CME")
    got = history(gateway, contract, "1 D", "2024-06-03T21:00:00", rth=False)
    assert (opens(got)[0], opens(got)[-1]) == ("06-02 22:00", "06-03 20:59")


def test_pairs_have_midpoints_and_no_volume(serving: Serving) -> None:
    served = minute_bars("2024-07-02T14:00:00", 5, price_precision=5)
    gateway = serving({series(EURO, "1_MIN"): served}, EURO)
    got = history(gateway, PAIR, "1 D", "2024-07-02T15:00:00", shows="MIDPOINT", rth=False)
    assert [bar.open for bar in got] == [0.187, 0.18701, 0.18702, 0.18703, 0.18704]
    assert {(bar.volume, bar.average, bar.barCount) for bar in got} == {(-1, -1, -1)}


def test_an_index_has_trades(serving: Serving) -> None:
    served = minute_bars("2024-07-02T14:00:00", 5)
    gateway = serving({series(INDEX, "1_MIN"): served}, INDEX)
    got = history(gateway, ib_async.Index("SPX", "CBOE"), "1 D", "2024-07-02T15:00:00")
    assert len(got) == 5


@pytest.mark.parametrize(
    ("contract", "instrument", "shows", "code"),
    [
        (STOCK, EQUITY, "MIDPOINT", 162),
        (STOCK, EQUITY, "AGGTRADES", 162),
        (PAIR, EURO, "TRADES", 162),
        (COIN, BITCOIN, "TRADES", 10299),
    ],
)
def test_what_there_is_none_of_cannot_be_shown(
    serving: Serving, contract: ib_async.Contract, instrument: object, shows: str, code: int
) -> None:
    gateway = serving({series(instrument, "1_MIN"): minute_bars()}, instrument)  # type: ignore[arg-type]
    with pytest.raises(ib_async.RequestError) as failed:
        history(gateway, contract, "1 D", "2024-01-03T00:00:00", shows=shows)
    assert failed.value.code == code


def test_text_stamps_are_by_the_exchange_clock(gateway: SimulatedGateway) -> None:
    got = history(gateway, STOCK, "60 S", "2024-07-02T15:00:00", form=1)
    assert str(got[0].date) == "2024-07-02 10:59:00-04:00"


@pytest.mark.parametrize(
    "end",
    [
        "20240702 15:00:00 UTC",
        "20240702-15:00:00",
        "20240702 11:00:00 US/Eastern",
        "20240702 10:00:00 America/Chicago",
        "20240702 11:00:00",
    ],
)
def test_the_end_may_be_written_in_several_ways(gateway: SimulatedGateway, end: str) -> None:
    async def doing(ib: ib_async.IB) -> ib_async.BarDataList:
        return await soon(
            ib.reqHistoricalDataAsync(STOCK, end, "60 S", "1 min", "TRADES", True, 2, timeout=0)
        )

    assert opens(driven(gateway, doing)) == ["07-02 14:59"]


@pytest.mark.parametrize("end", ["soon", "20241302 15:00:00 UTC", "20240702 15:00:00 Mars/Base"])
def test_an_end_that_is_no_instant_is_an_error(gateway: SimulatedGateway, end: str) -> None:
    async def doing(ib: ib_async.IB) -> None:
        await soon(
            ib.reqHistoricalDataAsync(STOCK, end, "60 S", "1 min", "TRADES", True, 2, timeout=0)
        )

    with pytest.raises(ib_async.RequestError) as failed:
        driven(gateway, doing)
    assert failed.value.code == 10314


@pytest.mark.parametrize(
    ("size", "duration"),
    [
        ("1 secs", "1 D"),
        ("5 secs", "1 W"),
        ("15 secs", "1 M"),
        ("30 secs", "1 Y"),
        ("5 mins", "3600 S"),
        ("2 hours", "5 D"),
        ("8 hours", "1 W"),
        ("1 day", "6 M"),
    ],
)
def test_a_unit_that_a_bar_size_does_not_allow_is_refused(
    gateway: SimulatedGateway, size: str, duration: str
) -> None:
    with pytest.raises(ib_async.RequestError) as failed:
        history(gateway, STOCK, duration, "2024-07-03T00:00:00", size=size)
    assert failed.value.code == 162
    assert "invalid step" in failed.value.message


def test_a_range_without_bars_says_so(gateway: SimulatedGateway) -> None:
    for how in ({"end": "2023-07-03T00:00:00"}, {"end": "2024-07-03T00:00:00", "size": "5 mins"}):
        with pytest.raises(ib_async.RequestError) as failed:
            history(gateway, STOCK, "1 D", **how)
        assert failed.value.code == 162
        assert "HMDS query returned no data" in failed.value.message


@pytest.mark.parametrize(
    ("size", "duration"),
    [("90 secs", "1 D"), ("1 min", "1 X"), ("1 min", "0 D"), ("1 min", "400 D"), ("1 min", "13 M")],
)
def test_a_request_that_makes_no_sense_is_warned_of_and_never_ends(
    gateway: SimulatedGateway, size: str, duration: str
) -> None:
    """The client takes 321 for a warning, so that nothing but its event tells."""
    codes: list[int] = []

    async def doing(ib: ib_async.IB) -> None:
        told = asyncio.Event()

        def note(_id: int, code: int, _text: str, _contract: object) -> None:
            codes.append(code)
            if code == 321:
                told.set()

        ib.errorEvent += note
        asking = asyncio.ensure_future(ask(ib, STOCK, duration, "2024-07-03T00:00:00", size=size))
        await soon(told.wait())
        asking.cancel()

    driven(gateway, doing)
    assert 321 in codes
    assert gateway.open_requests == ()


def test_two_years_of_minutes_close_the_connection(gateway: SimulatedGateway) -> None:
    with pytest.raises(ConnectionError):
        history(gateway, STOCK, "2 Y", "2024-07-03T00:00:00")
    assert len(history(gateway, STOCK, "1 Y", "2024-07-03T00:00:00")) == 7 * 390


def test_history_of_an_ambiguous_contract_is_refused(serving: Serving) -> None:
    gateway = serving({}, EQUITY, LONDON)
    contract = ib_async.Contract(secType="STK", symbol="AAPL", exchange="SMART")
    with pytest.raises(ib_async.RequestError) as failed:
        history(gateway, contract, "1 D")
    assert (failed.value.code, "ambiguous" in failed.value.message) == (200, True)


@pytest.mark.parametrize(
    ("rth", "first"), [(True, "2024-07-01 13:30"), (False, "2024-07-01 08:00")]
)
@pytest.mark.parametrize("form", [1, 2])
def test_the_head_is_when_the_first_bar_opens(
    serving: Serving, rth: bool, first: str, form: int
) -> None:
    served = {
        AAPL: clock_bars("2024-07-01T08:00:00", "2024-07-01T20:00:00"),
        series(EQUITY, "1_DAY"): bars_at(utc("2024-07-01T00:00:00"), length=DAY),
    }
    gateway = serving(served)
    head = driven(gateway, lambda ib: soon(ib.reqHeadTimeStampAsync(STOCK, "TRADES", rth, form)))
    assert f"{head:%Y-%m-%d %H:%M}" == first


@pytest.mark.parametrize(("bars", "now"), [(0, "2024-12-31T00:00:00"), (5, "2024-01-01T00:00:00")])
def test_where_nothing_is_served_yet_there_is_no_head(
    serving: Serving, bars: int, now: str
) -> None:
    gateway = serving({AAPL: minute_bars(count=bars)}, now=utc(now))
    with pytest.raises(ib_async.RequestError) as failed:
        driven(gateway, lambda ib: soon(ib.reqHeadTimeStampAsync(STOCK, "TRADES", True, 2)))
    assert (failed.value.code, "head time stamp" in failed.value.message) == (162, True)


def test_the_schedule_tells_of_every_session(gateway: SimulatedGateway) -> None:
    end = dt.datetime(2024, 7, 5, 20, tzinfo=dt.UTC)
    told = driven(gateway, lambda ib: soon(ib.reqHistoricalScheduleAsync(STOCK, 3, end)))
    assert told.timeZone == "US/Eastern"
    assert [(one.startDateTime, one.endDateTime, one.refDate) for one in told.sessions] == [
        ("20240702-09:30:00", "20240702-16:00:00", "20240702"),
        ("20240703-09:30:00", "20240703-13:00:00", "20240703"),
        ("20240705-09:30:00", "20240705-16:00:00", "20240705"),
    ]


def test_what_was_asked_can_be_looked_at(gateway: SimulatedGateway) -> None:
    history(gateway, STOCK, "1 D", "2024-07-02T15:00:00", rth=False)
    (asked,) = gateway.history_requests()
    assert (asked.symbol, asked.con_id, asked.end, asked.bar_size, asked.duration) == (
        "AAPL",
        0,
        "20240702 15:00:00 UTC",
        "1 min",
        "1 D",
    )
    assert (asked.use_rth, asked.what_to_show) == (False, "TRADES")
    assert gateway.open_requests == ()
