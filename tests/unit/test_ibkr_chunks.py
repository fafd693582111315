"""What is wanted is cut into questions that ask for all of it and for little else."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ibkr.chunks import Question, bar_size, halves, question_about, questions
from adapters.ibkr.limits import BARS_PER_QUESTION, SECONDS_PER_QUESTION
from domain.bar_type import NANOSECONDS_IN_SECOND, BarType
from domain.fetching import Wanted
from domain.instrument import Instrument, InstrumentClass, Series
from domain.intervals import IntervalSet
from domain.sessions import Session, period_dates
from tests.builders import AAPL, MINUTE, NEW_YORK, utc

APPLE = Instrument(
    AAPL.instrument_id, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1)
)
HOUR = 60 * MINUTE


def _sessions(days: int, *, hours: float = 6.5) -> tuple[Session, ...]:
    found, date = [], dt.date(2024, 1, 2)
    while len(found) < days:
        if date.weekday() < 5:
            opened = utc(f"{date}T14:30:00")
            found.append(Session(date, opened, opened + round(hours * HOUR)))
        date += dt.timedelta(days=1)
    return tuple(found)


def _wanted(
    bar_type: str, sessions: tuple[Session, ...], time: IntervalSet | None = None
) -> Wanted:
    whole = IntervalSet.of(*((one.open, one.close) for one in sessions))
    series = Series(AAPL.instrument_id, BarType.parse(bar_type))
    return Wanted(series, APPLE, sessions, whole if time is None else time)


def _asked(found: list[Question]) -> IntervalSet:
    return IntervalSet(tuple(one for question in found for one in question.time))


@pytest.mark.parametrize(
    ("bar_type", "days", "durations"),
    [
        ("1_MIN", 45, ["20 D", "20 D", "5 D"]),
        ("1_MIN", 1, ["23400 S"]),
        ("5_MIN", 130, ["102 D", "28 D"]),
        ("1_HOUR", 300, ["220 D", "80 D"]),
        ("4_HOUR", 10, ["3 W"]),
        ("8_HOUR", 60, ["4 M"]),
        ("8_HOUR", 220, ["12 M"]),
        ("1_DAY", 250, ["2 Y"]),
        ("1_DAY", 1, ["1 Y"]),
    ],
)
def test_sessions_in_a_row_are_asked_for_together(
    bar_type: str, days: int, durations: list[str]
) -> None:
    found = list(questions(_wanted(bar_type, _sessions(days))))
    assert [one.duration for one in found] == durations
    assert found[-1].end == _sessions(days)[-1].close


@pytest.mark.parametrize("bar_type", ["4_HOUR", "8_HOUR"])
def test_what_a_market_closed_for_weeks_makes_longer_than_a_year_is_asked_for_in_years(
    bar_type: str,
) -> None:
    days = _sessions(300)
    sessions = [*days[:100], *days[-100:]]
    found = question_about(
        sessions,
        IntervalSet.of(*((one.open, one.close) for one in sessions)),
        BarType.parse(bar_type),
    )
    assert found.duration == "2 Y"


def test_a_session_that_is_held_divides_questions() -> None:
    sessions = _sessions(5)
    time = IntervalSet.of(*((one.open, one.close) for one in sessions if one != sessions[2]))
    found = list(questions(_wanted("1_MIN", sessions, time)))
    assert [(one.duration, len(one.sessions)) for one in found] == [("2 D", 2), ("2 D", 2)]
    assert _asked(found) == time


def test_a_hole_is_asked_for_alone() -> None:
    session = _sessions(3)[1]
    hole = IntervalSet.of((session.open + HOUR, session.open + HOUR + 7 * MINUTE))
    (found,) = questions(_wanted("1_MIN", _sessions(3), hole))
    assert (found.duration, found.end, found.time) == ("420 S", hole.intervals[0].end, hole)


@pytest.mark.parametrize(("first", "last"), [(0, HOUR), (-HOUR, 0), (HOUR, -HOUR)])
def test_a_session_that_lacks_a_part_is_asked_for_by_itself_amid_others(
    first: int, last: int
) -> None:
    """Together with its neighbours, all of it would be asked for."""
    before, amid, after = sessions = _sessions(3)
    hole = (
        (amid.close if first < 0 else amid.open) + first,
        (amid.close if last <= 0 else amid.open) + last,
    )
    time = IntervalSet.of((before.open, before.close), hole, (after.open, after.close))
    found = list(questions(_wanted("1_MIN", sessions, time)))
    assert [one.sessions for one in found] == [(before,), (amid,), (after,)]
    assert (found[1].span.start, found[1].span.end) == hole
    assert found[1].duration == f"{(hole[1] - hole[0]) // NANOSECONDS_IN_SECOND} S"


def test_days_are_asked_for_together_whatever_part_of_them_is_lacking() -> None:
    before, amid, after = sessions = _sessions(3)
    time = IntervalSet.of(
        (before.open, before.close), (amid.open, amid.open + HOUR), (after.open, after.close)
    )
    (found,) = questions(_wanted("1_DAY", sessions, time))
    assert found.sessions == sessions


@pytest.mark.parametrize("seconds", sorted(SECONDS_PER_QUESTION))
def test_small_bars_are_asked_for_in_pieces_of_a_session(seconds: int) -> None:
    (session,) = _sessions(1)
    found = list(questions(_wanted(f"{seconds}_SEC", (session,))))
    longest = SECONDS_PER_QUESTION[seconds]
    assert len(found) == -(-23_400 // longest)
    assert _asked(found) == IntervalSet.of((session.open, session.close))
    for one in found:
        length = (one.span.end - one.span.start) // NANOSECONDS_IN_SECOND
        assert one.duration == f"{length} S"
        assert length <= longest


@given(
    st.sampled_from(["1_MIN", "5_MIN", "30_MIN", "1_HOUR", "1_DAY"]),
    st.integers(1, 60),
    st.floats(1, 23.5),
    st.integers(0, 2**32),
)
def test_all_that_is_wanted_is_asked_for_once_and_in_order(
    bar_type: str, days: int, hours: float, seed: int
) -> None:
    sessions = _sessions(days, hours=hours)
    rng = random.Random(seed)
    lacking = [one for one in sessions if rng.random() < 0.7]
    time = IntervalSet.of(*((one.open, one.close) for one in lacking))
    found = list(questions(_wanted(bar_type, sessions, time)))
    assert _asked(found) == time
    assert [s for one in found for s in one.sessions] == lacking
    if BarType.parse(bar_type).is_intraday:
        length = BarType.parse(bar_type).length
        for one in found:
            bars = sum(-(-(s.close - s.open) // length) for s in one.sessions)
            assert bars <= BARS_PER_QUESTION or len(one.sessions) == 1


@given(st.sampled_from(["1_MIN", "1_HOUR", "1_DAY"]), st.integers(1, 20))
def test_halves_ask_for_the_same(bar_type: str, days: int) -> None:
    (question,) = questions(_wanted(bar_type, _sessions(days)))
    parts = halves(question, BarType.parse(bar_type), NEW_YORK)
    assert _asked(parts) == question.time
    can_be_cut = days > 1 or bar_type == "1_MIN" or bar_type == "1_HOUR"
    assert len(parts) == (2 if can_be_cut else 1)
    if len(parts) == 2:
        assert parts[0].end <= parts[1].span.start


@pytest.mark.parametrize(
    ("bar_type", "middle"),
    [("30_MIN", "17:30"), ("1_HOUR", "17:00"), ("2_HOUR", "17:00"), ("4_HOUR", "17:00")],
)
def test_a_session_is_cut_where_a_bar_ends_by_the_clock(bar_type: str, middle: str) -> None:
    (question,) = questions(_wanted(bar_type, _sessions(1)))
    first, second = halves(question, BarType.parse(bar_type), NEW_YORK)
    assert first.span.end == second.span.start == utc(f"2024-01-02T{middle}:00")


@pytest.mark.parametrize(("bar_type", "days"), [("1_WEEK", 5 * 600), ("1_MONTH", 2_700)])
def test_no_week_or_month_is_asked_for_twice(bar_type: str, days: int) -> None:
    size = BarType.parse(bar_type)
    found = list(questions(_wanted(bar_type, _sessions(days))))
    assert len(found) > 1
    found += [half for one in found for half in halves(one, size, NEW_YORK)]
    for questions_in_a_row in (found[:2], found[-2:]):
        first, second = questions_in_a_row
        last, following = first.sessions[-1].date, second.sessions[0].date
        assert period_dates(last, size) != period_dates(following, size)


def test_bar_sizes_are_in_the_gateways_words() -> None:
    assert [bar_size(one) for one in BarType.all()] == [
        "1 secs",
        "5 secs",
        "10 secs",
        "15 secs",
        "30 secs",
        "1 min",
        "2 mins",
        "3 mins",
        "5 mins",
        "10 mins",
        "15 mins",
        "20 mins",
        "30 mins",
        "1 hour",
        "2 hours",
        "3 hours",
        "4 hours",
        "8 hours",
        "1 day",
        "1 week",
        "1 month",
    ]


def test_where_sessions_follow_at_once_no_question_ends_amid_the_next() -> None:
    session = Session(dt.date(2024, 1, 2), utc("2024-01-02T00:00:00"), utc("2024-01-03T00:00:00"))
    (found,) = questions(_wanted("1_MIN", (session,)))
    assert (found.end, found.duration) == (session.close, "86400 S")


@pytest.mark.parametrize(
    ("bar_type", "duration"),
    [
        ("30_SEC", "23460 S"),
        ("1_MIN", "7 D"),
        ("1_HOUR", "7 D"),
        ("4_HOUR", "2 W"),
        ("1_DAY", "1 Y"),
    ],
)
def test_what_is_to_be_confirmed_is_asked_for_with_days_before_it(
    bar_type: str, duration: str
) -> None:
    sessions = _sessions(2)[1:] if bar_type == "30_SEC" else _sessions(2)
    time = IntervalSet.of(*((one.open, one.close) for one in sessions))
    found = question_about(sessions, time, BarType.parse(bar_type), control=True)
    assert found.duration == duration


@pytest.mark.parametrize(
    ("length", "asked"), [(28_700, 28_760), (28_740, 28_800), (28_741, 28_741), (28_800, 28_800)]
)
def test_of_seconds_no_more_is_asked_for_than_allowed_even_to_confirm(
    length: int, asked: int
) -> None:
    """Where there is room, the question goes a minute beyond the close."""
    (session,) = _sessions(1, hours=length / 3_600)
    time = IntervalSet.of((session.open, session.close))
    found = question_about([session], time, BarType.parse("30_SEC"), control=True)
    assert found.duration == f"{asked} S"
    assert found.end - session.close == (asked - length) * NANOSECONDS_IN_SECOND


@pytest.mark.parametrize("unit", ["DAY", "WEEK", "MONTH"])
@pytest.mark.parametrize(("hours", "minutes"), [(6.5, 1), (23, 1), (23.5, 0), (24, 0)])
def test_what_is_to_confirm_a_day_does_not_end_amid_the_next(
    unit: str, hours: float, minutes: int
) -> None:
    """The bar of a day that goes on is none; where there is a break it ends a minute after."""
    (session,) = _sessions(1, hours=hours)
    time = IntervalSet.of((session.open, session.close))
    found = question_about([session], time, BarType.parse(f"1_{unit}"), control=True)
    assert found.end == session.close + minutes * MINUTE
