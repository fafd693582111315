"""Bars of an answer are stamped by when they really close, and kept as they were sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import attrs
import pytest

from adapters.ibkr.answered_bars import heard
from adapters.ibkr.decoding import HistoryAnswer
from adapters.ibkr.failures import OffGrid, Undecodable
from domain.bar_type import BarType
from domain.bars import Bars
from domain.fetching import Wanted
from domain.instrument import Instrument, InstrumentClass, InstrumentId, Series
from domain.intervals import IntervalSet
from domain.sessions import Session, instant_text, midnight_utc
from tests.builders import AAPL, utc

APPLE = Instrument(
    AAPL.instrument_id, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
EURO = Instrument(
    InstrumentId.parse("EUR/USD.IDEALPRO"),
    InstrumentClass.CURRENCY_PAIR,
    "USD",
    5,
    0,
    Decimal("0.00005"),
    Decimal(1),
    base_currency="EUR",
)
WEDNESDAY = Session(
    dt.date(2024, 7, 3), utc("2024-07-03T13:30:00"), utc("2024-07-03T17:00:00")
)  # an early close
FRIDAY = Session(dt.date(2024, 7, 5), utc("2024-07-05T13:30:00"), utc("2024-07-05T20:00:00"))


def _wanted(
    bar_type: str, instrument: Instrument = APPLE, sessions: Sequence[Session] = (WEDNESDAY, FRIDAY)
) -> Wanted:
    time = IntervalSet.of(*((one.open, one.close) for one in sessions))
    return Wanted(Series(instrument.id, BarType.parse(bar_type)), instrument, tuple(sessions), time)


def _answer(*dates: str, volume: str = "100", price: str = "187.5") -> HistoryAnswer:
    same = [price] * len(dates)
    return HistoryAnswer("", "", list(dates), same, same, same, same, [volume] * len(dates))


def _epochs(*instants: str) -> list[str]:
    return [str(utc(text) // 10**9) for text in instants]


def _closes(bars: Bars) -> list[str]:
    return [instant_text(int(one)) for one in bars.ts_event]


def test_hours_close_on_the_clock_and_with_their_session() -> None:
    opens = _epochs(
        "2024-07-03T13:30:00", "2024-07-03T14:00:00", "2024-07-03T16:00:00", "2024-07-05T19:00:00"
    )
    bars = heard(_answer(*opens), _wanted("1_HOUR"), 0).bars
    assert _closes(bars) == [
        "2024-07-03T14:00:00Z",
        "2024-07-03T15:00:00Z",
        "2024-07-03T17:00:00Z",
        "2024-07-05T20:00:00Z",
    ]


def test_two_hours_end_with_an_early_close() -> None:
    bars = heard(_answer(*_epochs("2024-07-03T16:00:00")), _wanted("2_HOUR"), 0).bars
    assert _closes(bars) == ["2024-07-03T17:00:00Z"]


def test_bars_of_no_session_that_was_asked_for_are_left_out() -> None:
    opens = _epochs("2024-07-02T14:00:00", "2024-07-03T14:00:00", "2024-07-04T14:00:00")
    bars = heard(_answer(*opens), _wanted("1_HOUR"), 0).bars
    assert [int(one) for one in bars.ts_open] == [utc("2024-07-03T14:00:00")]


def test_days_close_with_their_session_and_are_labelled_by_its_date() -> None:
    bars = heard(_answer("20240703", "20240704", "20240705"), _wanted("1_DAY"), 0).bars
    assert _closes(bars) == ["2024-07-03T17:00:00Z", "2024-07-05T20:00:00Z"]
    assert bars.ts_open.tolist() == [midnight_utc(WEDNESDAY.date), midnight_utc(FRIDAY.date)]


@pytest.mark.parametrize("label", ["20240701", "20240703", "20240705"])
def test_a_week_is_kept_under_its_monday_whichever_day_names_it(label: str) -> None:
    bars = heard(_answer(label), _wanted("1_WEEK"), 0).bars
    assert bars.ts_open.tolist() == [midnight_utc(dt.date(2024, 7, 1))]
    assert _closes(bars) == ["2024-07-05T20:00:00Z"]


INDEX = Instrument(
    InstrumentId.parse("SPX.CBOE"), InstrumentClass.INDEX, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)


@pytest.mark.parametrize("instrument", [EURO, INDEX], ids=["the middle of bid and ask", "an index"])
def test_what_is_not_traded_has_no_volume(instrument: Instrument) -> None:
    wanted = _wanted("1_MIN", instrument)
    bars = heard(_answer(*_epochs("2024-07-03T14:00:00"), volume="-1"), wanted, 0).bars
    assert bars.volume.tolist() == [0]


def test_a_volume_of_less_than_nothing_is_not_made_right() -> None:
    answer = _answer(*_epochs("2024-07-03T14:00:00"), volume="-1")
    with pytest.raises(Undecodable, match=r"the volume -1 of the bar at .* is negative"):
        heard(answer, _wanted("1_MIN"), 0)


def test_prices_in_hundredths_are_kept_in_whole_units() -> None:
    answer = _answer(*_epochs("2024-07-03T14:00:00"), price="123.45")
    bars = heard(answer, _wanted("1_MIN"), 2).bars
    assert (bars.open.tolist(), bars.price_precision) == ([12_345], 4)


# Each runs from 17:00 to 17:00 in New York, which is 21:00 UTC.
WEEK = [
    Session(
        dt.date(2024, 7, day), utc(f"2024-07-0{day - 1}T21:00:00"), utc(f"2024-07-0{day}T21:00:00")
    )
    for day in (2, 3, 4)
]


def test_the_bars_before_and_after_the_turn_of_the_day_are_two() -> None:
    opens = _epochs(
        "2024-07-02T16:00:00", "2024-07-02T20:00:00", "2024-07-02T21:15:00", "2024-07-03T00:00:00"
    )
    bars = heard(_answer(*opens), _wanted("4_HOUR", EURO, WEEK), 0).bars
    assert _closes(bars) == [
        "2024-07-02T20:00:00Z",
        "2024-07-02T21:00:00Z",
        "2024-07-03T00:00:00Z",
        "2024-07-03T04:00:00Z",
    ]


def test_bars_that_go_on_over_the_end_of_the_day_are_refused() -> None:
    opens = _epochs(
        "2024-07-02T16:00:00", "2024-07-02T20:00:00", "2024-07-03T00:00:00", "2024-07-03T04:00:00"
    )
    with pytest.raises(OffGrid, match=r"bar of 2024-07-02T20:00:00Z seems to go on over the end"):
        heard(_answer(*opens), _wanted("4_HOUR", EURO, WEEK), 0)


def test_a_day_that_begins_quietly_after_others_did_not_is_no_bar_that_goes_on() -> None:
    opens = _epochs(
        "2024-07-02T20:00:00", "2024-07-02T21:00:00", "2024-07-03T20:00:00", "2024-07-04T00:00:00"
    )
    bars = heard(_answer(*opens), _wanted("4_HOUR", EURO, WEEK), 0).bars
    assert _closes(bars)[-2:] == ["2024-07-03T21:00:00Z", "2024-07-04T04:00:00Z"]


@pytest.mark.parametrize("opens", [("21:15", "22:15"), ("21:00", "21:15"), ("21:15", "21:30")])
def test_only_the_first_bar_of_a_day_may_begin_late(opens: tuple[str, str]) -> None:
    stamps = _epochs(*(f"2024-07-02T{one}:00" for one in opens))
    with pytest.raises(OffGrid, match=rf"opens at 2024-07-02T{opens[1]}:00Z"):
        heard(_answer(*stamps), _wanted("1_HOUR", EURO, WEEK), 0)


@pytest.mark.parametrize(
    ("bar_type", "dates", "problem"),
    [
        ("1_HOUR", ["2024-07-03T14:10:00"], "opens at 2024-07-03T14:10:00Z"),
        ("4_HOUR", ["2024-07-03T15:30:00"], "opens at 2024-07-03T15:30:00Z"),
        ("1_HOUR", ["2024-07-03T13:46:00"], "opens at 2024-07-03T13:46:00Z"),
        ("1_MIN", ["2024-07-03T14:00:30"], "opens at 2024-07-03T14:00:30Z"),
        ("1_MIN", ["2024-07-03T14:01:00", "2024-07-03T14:00:00"], "not in order"),
    ],
)
def test_bars_that_cannot_be_stamped_are_refused(
    bar_type: str, dates: list[str], problem: str
) -> None:
    with pytest.raises(Undecodable, match=problem):
        heard(_answer(*_epochs(*dates)), _wanted(bar_type), 0)


@pytest.mark.parametrize(
    ("answer", "bar_type"),
    [
        (_answer("20240703"), "1_MIN"),
        (_answer("1720015200"), "1_DAY"),
        (_answer("yesterday"), "1_DAY"),
        (_answer("20241301"), "1_DAY"),
        (_answer(*_epochs("2024-07-03T14:00:00"), price="nan"), "1_MIN"),
        (_answer(*_epochs("2024-07-03T14:00:00"), price="1.0000000001"), "1_MIN"),
        (_answer(*_epochs("2024-07-03T14:00:00"), volume=""), "1_MIN"),
    ],
)
def test_values_that_are_none_are_refused(answer: HistoryAnswer, bar_type: str) -> None:
    with pytest.raises(Undecodable):
        heard(answer, _wanted(bar_type), 0)


@pytest.mark.parametrize(
    ("bar_type", "stamp"),
    [
        ("1_MIN", "garbage"),
        ("1_MIN", ""),
        ("1_MIN", "20240703 14:00:00"),
        ("1_MIN", "9223372036854"),
        ("1_MIN", "99999999999999999999"),
        ("1_DAY", "yesterday"),
        ("1_DAY", "20241301"),
        ("1_DAY", "1720015200"),
    ],
)
def test_a_stamp_that_is_none_is_named(bar_type: str, stamp: str) -> None:
    with pytest.raises(Undecodable) as refused:
        heard(_answer(stamp), _wanted(bar_type), 0)
    what = "time" if bar_type == "1_MIN" else "date"
    assert str(refused.value) == f"a bar has '{stamp}' for a stamp, which is no {what}"


def test_too_many_decimals_in_all_are_refused() -> None:
    answer = _answer(*_epochs("2024-07-03T14:00:00"), price="1.00000001")
    with pytest.raises(Undecodable):
        heard(answer, _wanted("1_MIN"), 2)


def test_a_bar_that_is_sent_twice_is_there_once() -> None:
    opens = _epochs("2024-07-03T14:00:00", "2024-07-03T14:00:00", "2024-07-03T14:01:00")
    found = heard(_answer(*opens), _wanted("1_MIN"), 0)
    assert len(found.bars) == len(found.opens) == 2


def test_two_bars_of_one_time_that_differ_are_refused() -> None:
    opens = _epochs("2024-07-03T14:00:00", "2024-07-03T14:00:00")
    answer = attrs.evolve(_answer(*opens), closes=["187.5", "187.6"], highs=["188", "188"])
    with pytest.raises(Undecodable, match="two bars that differ open at 2024-07-03T14:00:00Z"):
        heard(answer, _wanted("1_MIN"), 0)


def test_what_lies_in_no_session_is_still_heard_of() -> None:
    opens = _epochs("2024-07-02T14:00:00", "2024-07-03T14:00:00", "2024-07-04T14:00:00")
    found = heard(_answer(*opens), _wanted("1_HOUR"), 0)
    assert (len(found.bars), len(found.opens)) == (1, 3)


def test_no_bars_are_no_error() -> None:
    assert len(heard(_answer(), _wanted("1_MIN"), 0).bars) == 0
    assert len(heard(_answer(), _wanted("1_DAY"), 0).bars) == 0


def test_after_the_pause_bars_may_open_off_the_grid() -> None:
    pause = (utc("2024-07-05T15:30:00"), utc("2024-07-05T16:30:00"))
    session = attrs.evolve(FRIDAY, pause=pause)
    answer = _answer(*_epochs("2024-07-05T16:30:00"))
    bars = heard(answer, _wanted("1_HOUR", sessions=[session]), 0).bars
    assert _closes(bars) == ["2024-07-05T17:00:00Z"]
