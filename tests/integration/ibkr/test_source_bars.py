"""Fetched bars are the served ones to the last digit, of every kind of instrument and bar."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from adapters.ibkr.answered_bars import heard
from adapters.ibkr.decoding import HistoryAnswer
from adapters.ibkr.details import instrument_of, price_decimals
from domain.bars import Bars
from domain.fetching import Wanted
from domain.gaps import trading_time
from domain.instrument import Instrument, InstrumentId
from domain.intervals import IntervalSet
from domain.sessions import Hours
from tests.integration.ibkr.desk import Opening, sessions_of
from tests.integration.ibkr.serving import bars_of, series_of, within
from tests.integration.ibkr.wire import answer
from tests.integration.simulated_gateway.instruments import (
    BITCOIN,
    EQUITY,
    EURO,
    INDEX,
    MARCH,
    equity,
)

HONG_KONG, LONDON = equity("700.SEHK", "HKD"), equity("VOD.LSE", "GBP")
TOKYO = equity("7203.TSEJ", "JPY")


def _no_volume(bars: Bars) -> Bars:
    return attrs.evolve(bars, volume=np.zeros(len(bars), np.int64))


@pytest.mark.parametrize(
    ("instrument", "bar_type", "first", "last"),
    [
        (EQUITY, "1_MIN", "2023-10-30", "2023-11-28"),  # clocks change, holiday, early close
        (EQUITY, "1_MIN", "2024-03-07", "2024-03-12"),
        (EQUITY, "1_MIN", "2024-06-28", "2024-07-08"),
        (EQUITY, "2_MIN", "2024-07-01", "2024-07-05"),
        (EQUITY, "5_MIN", "2023-10-02", "2024-04-02"),
        (EQUITY, "30_MIN", "2023-10-02", "2024-04-02"),
        (EQUITY, "1_HOUR", "2023-01-03", "2024-04-02"),
        (EQUITY, "2_HOUR", "2024-03-01", "2024-03-20"),
        (EQUITY, "4_HOUR", "2022-01-03", "2024-04-02"),
        (EQUITY, "8_HOUR", "2022-01-03", "2024-04-02"),
        (EQUITY, "1_DAY", "2022-01-03", "2024-04-02"),
        (EQUITY, "1_WEEK", "2022-01-03", "2024-04-05"),
        (EQUITY, "1_MONTH", "2022-01-01", "2024-03-31"),
        (MARCH, "1_MIN", "2024-01-10", "2024-01-22"),  # over midnight, a shortened holiday
        (MARCH, "1_HOUR", "2024-01-02", "2024-03-15"),
        (MARCH, "1_DAY", "2023-11-01", "2024-03-15"),
        (INDEX, "1_MIN", "2024-07-02", "2024-07-05"),
        (INDEX, "1_DAY", "2023-07-03", "2024-07-05"),
        (HONG_KONG, "1_MIN", "2024-02-07", "2024-02-16"),  # a pause at noon, half a day
        (HONG_KONG, "1_HOUR", "2024-02-01", "2024-03-15"),
        (TOKYO, "1_MIN", "2024-04-26", "2024-05-08"),
        (TOKYO, "1_WEEK", "2023-01-02", "2024-05-10"),
        (LONDON, "1_MIN", "2024-03-27", "2024-04-03"),
    ],
)
def test_bars_are_the_served_ones(
    opening: Opening, instrument: Instrument, bar_type: str, first: str, last: str
) -> None:
    series, sessions = series_of(instrument, bar_type), sessions_of(instrument, first, last)
    served = bars_of(series, sessions)
    assert len(served) > 4
    desk = opening({series: served}, instrument)
    assert desk.given(desk.wanted(series, sessions)).same_values(served)
    assert desk.gateway.abandoned_requests == desk.gateway.open_requests == ()


@pytest.mark.soak
@pytest.mark.parametrize("bar_type", ["1_DAY", "1_WEEK", "1_MONTH"])
def test_decades_are_asked_for_in_several_questions(opening: Opening, bar_type: str) -> None:
    series, sessions = series_of(EQUITY, bar_type), sessions_of(EQUITY, "1990-01-01", "2024-03-31")
    served = bars_of(series, sessions)
    desk = opening({series: served}, EQUITY)
    assert desk.given(desk.wanted(series, sessions)).same_values(served)
    assert len(desk.asked()) == 4


@pytest.mark.parametrize(
    ("bar_type", "minutes", "durations"),
    [
        ("1_SEC", 60, ["1800 S", "1800 S"]),  # more at once is refused
        ("5_SEC", 210, ["7200 S", "5400 S"]),
        ("10_SEC", 390, ["14400 S", "9000 S"]),
        ("15_SEC", 390, ["14400 S", "9000 S"]),
        ("30_SEC", 390, ["23400 S"]),
    ],
)
def test_small_bars_are_asked_for_by_seconds(
    opening: Opening, bar_type: str, minutes: int, durations: list[str]
) -> None:
    series, (session,) = (
        series_of(EQUITY, bar_type),
        sessions_of(EQUITY, "2024-07-02", "2024-07-02"),
    )
    served = bars_of(series, [session])
    desk = opening({series: served}, EQUITY)
    start, end = session.open, session.open + minutes * 60 * 10**9
    bars = desk.given(desk.wanted(series, [session], IntervalSet.of((start, end))))
    assert bars.same_values(within(served, start, end))
    assert [one.duration for one in desk.asked()] == durations


@pytest.mark.parametrize(
    ("bar_type", "first", "last"),
    [
        ("1_MIN", "2024-03-07", "2024-03-12"),
        ("1_HOUR", "2024-02-26", "2024-03-29"),
        ("1_DAY", "2023-03-01", "2024-03-29"),
        ("1_MONTH", "2019-01-01", "2024-03-31"),
        ("4_HOUR", "2023-01-02", "2024-03-29"),
        ("8_HOUR", "2021-01-04", "2024-03-29"),
    ],
)
def test_currencies_have_middles_and_no_volume(
    opening: Opening, bar_type: str, first: str, last: str
) -> None:
    series, sessions = series_of(EURO, bar_type), sessions_of(EURO, first, last)
    served = bars_of(series, sessions, digits=6, price=1_084_315)
    desk = opening({series: served}, EURO)
    assert desk.given(desk.wanted(series, sessions)).same_values(_no_volume(served))
    assert {one.what_to_show for one in desk.asked()} == {"MIDPOINT"}


@pytest.mark.parametrize(
    ("bar_type", "first", "last"),
    [
        ("1_MIN", "2024-03-08", "2024-03-12"),
        ("4_HOUR", "2023-01-01", "2024-03-12"),
        ("1_DAY", "2018-01-01", "2024-03-12"),
    ],
)
def test_coins_trade_on_all_days_in_fractions(
    opening: Opening, bar_type: str, first: str, last: str
) -> None:
    series, sessions = series_of(BITCOIN, bar_type), sessions_of(BITCOIN, first, last)
    served = bars_of(series, sessions, price=6_512_345, size_digits=8, volume=10**11)
    desk = opening({series: served}, BITCOIN)
    assert desk.given(desk.wanted(series, sessions)).same_values(served)
    assert {one.what_to_show for one in desk.asked()} == {"AGGTRADES"}


@pytest.mark.parametrize(
    ("digits", "size_digits", "price", "volume"),
    [
        (9, 9, 10**17, 10**17),
        (9, 0, 1, 10**17),
        (0, 9, 10**17, 5),
        (4, 1, 123_456_789_012, 999),
        (8, 3, 31, 12_345_678_901_234_567),
    ],
)
def test_long_numbers_stay_what_they_are(
    opening: Opening, digits: int, size_digits: int, price: int, volume: int
) -> None:
    series, sessions = series_of(EQUITY, "1_MIN"), sessions_of(EQUITY, "2024-07-02", "2024-07-03")
    served = bars_of(
        series, sessions, digits=digits, size_digits=size_digits, price=price, volume=volume
    )
    desk = opening({series: served}, EQUITY)
    assert desk.given(desk.wanted(series, sessions)).same_values(served)


@pytest.mark.parametrize("piece", [1, 7])
def test_answers_can_come_in_pieces(opening: Opening, piece: int) -> None:
    series, sessions = series_of(EQUITY, "1_MIN"), sessions_of(EQUITY, "2024-07-03", "2024-07-03")
    served = bars_of(series, sessions)
    desk = opening({series: served}, EQUITY, piece=piece)
    assert desk.given(desk.wanted(series, sessions)).same_values(served)


def test_hours_before_and_after_market_come_where_they_are_wanted(opening: Opening) -> None:
    series = series_of(EQUITY, "1_MIN")
    extended = sessions_of(EQUITY, "2024-07-01", "2024-07-05", Hours.EXTENDED)
    regular = sessions_of(EQUITY, "2024-07-01", "2024-07-05")
    served = bars_of(series, extended)
    desk = opening({series: served}, EQUITY)
    assert desk.given(desk.wanted(series, extended, hours=Hours.EXTENDED)).same_values(served)
    inside = Bars.concat([within(served, one.open, one.close) for one in regular])
    assert desk.given(desk.wanted(series, regular)).same_values(inside)
    assert [one.use_rth for one in desk.asked()] == [False, True]


def test_pence_are_hundredths_of_the_pound_that_the_share_is_defined_in() -> None:
    told = answer(
        symbol="VOD",
        exchange="LSE",
        primaryExchange="LSE",
        currency="GBP",
        localSymbol="VOD",
        minTick="0.0002",
        priceMagnifier="100",
    )
    instrument = instrument_of(told, asked=InstrumentId.parse("VOD.LSE"))
    series, sessions = series_of(LONDON, "1_MIN"), sessions_of(LONDON, "2024-07-02", "2024-07-02")
    time = IntervalSet(tuple(one for each in sessions for one in trading_time(each)))
    pence = HistoryAnswer(
        "",
        "",
        *([text] for text in (str(sessions[0].open // 10**9), "70.5", "70.52", "70.48", "70.5")),
        volumes=["1200"],
    )
    wanted = Wanted(series, instrument, tuple(sessions), time)
    bars = heard(pence, wanted, price_decimals(told)).bars
    assert bars.price_precision == 4
    assert [bars.open[0], bars.high[0], bars.low[0]] == [7050, 7052, 7048]
    assert instrument.currency == "GBP"
