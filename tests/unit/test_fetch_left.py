"""What is said of sessions of which a fetch brought nothing, by what is known of why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import pytest

from application.backtest_bars import Leg
from application.backtest_gaps import judged_sessions, notices
from application.fetch_left import nothing_found
from domain.fetching import Answer, HistoryStart, Wanted
from domain.intervals import IntervalSet
from tests.builders import AAPL, MINUTE
from tests.fetching import NOW, SESSIONS, CarefulSource, Desk, careful, session_minutes, share
from tests.memory_catalog import window

JANUARY = [one for one in SESSIONS if one.date.isoformat() >= "2024-01-02"]
DECEMBER = [one for one in SESSIONS if "2023-12-18" <= one.date.isoformat() <= "2023-12-29"]
BARS = session_minutes(JANUARY)
DATES = tuple(one.date for one in DECEMBER)


class LateSource(CarefulSource):
    """A source that tells where its bars begin only after it has answered, and knows little."""

    unknown = DECEMBER

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        answers = list(super().fetch(wanted))
        starts = [one for one in answers if isinstance(one, HistoryStart)]
        rest = [one for one in answers if not isinstance(one, HistoryStart)]
        yield from [*rest[:-1], *starts, rest[-1]]


def test_sessions_before_a_start_that_is_told_late_are_not_left() -> None:
    desk = Desk({AAPL: BARS})
    desk.source = LateSource([share(AAPL)], desk.bars, now=NOW, sessions=3)
    outcome = desk.one("2023-12-18", "2024-01-12")
    assert outcome.left == ()
    assert outcome.early == DATES
    assert outcome.history_start == JANUARY[0].open
    assert desk.memory.progress.warnings == []
    desk.source.requests.clear()
    assert desk.one("2023-12-18", "2023-12-29").early == DATES
    assert desk.source.requests == []


def test_what_is_long_over_is_not_said_to_be_coming() -> None:
    lacking = [one for one in JANUARY if one.date.isoformat() in ("2024-01-04", "2024-02-29")]
    served = [one for one in JANUARY if one not in lacking]
    desk = careful(Desk({AAPL: session_minutes(served)}), unknown=lacking)
    outcome = desk.one("2024-01-02", "2024-02-29")
    assert outcome.left == tuple(one.date for one in lacking)
    old, young = desk.memory.progress.warnings
    assert "gave no bars of 2024-01-04. That confirms nothing" in old
    assert "has no bars of 2024-02-29. It may still get them" in young


@pytest.mark.parametrize(
    ("start", "end", "silent"),
    [
        ("2024-01-04", "2024-01-04", ["2024-01-04"]),
        ("2024-02-29", "2024-02-29", []),  # it may still get bars
        ("2024-01-03", "2024-01-04", []),  # something came
    ],
)
def test_only_what_is_long_over_and_has_nothing_at_all_is_silent(
    start: str, end: str, silent: list[str]
) -> None:
    lacking = [one for one in JANUARY if one.date.isoformat() in ("2024-01-04", "2024-02-29")]
    served = [one for one in JANUARY if one not in lacking]
    desk = careful(Desk({AAPL: session_minutes(served)}), unknown=lacking)
    outcome = desk.fetch(start, end)
    assert [f"{one}" for one in outcome.series[0].silent] == silent
    error = nothing_found(outcome, "ibkr")
    assert (error is None) == (not silent)
    if error:
        assert "1 session that ended long ago: 2024-01-04. Check" in error.recovery


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (("2024-01-08", "2024-01-12"), ["4 sessions before what is held missing"]),
        (("2024-01-02", "2024-01-08"), ["4 sessions after what is held missing"]),
        (("2024-01-04", "2024-01-10"), ["2 sessions before", "2 sessions after"]),
    ],
)
def test_sessions_outside_of_what_is_held_are_not_called_inside(
    held: tuple[str, str], told: list[str]
) -> None:
    desk = Desk({AAPL: BARS})
    desk.fetch(*held)
    holdings = desk.memory.holdings(AAPL)
    # What lies outside of it was never asked for, and where the history begins is not known.
    leg = Leg(
        "AAPL",
        share(AAPL),
        attrs.evolve(holdings, history_start=None),
        window("2024-01-02", "2024-01-12"),
        window("2024-01-02", "2024-01-12"),
    )
    judged = judged_sessions(leg, desk.calendar, NOW)
    sentences = list(notices(leg, judged, desk.calendar))
    assert len(sentences) == len(told)
    assert all(part in one for part, one in zip(told, sentences, strict=True))


def test_damage_in_a_session_that_goes_on_is_told() -> None:
    desk = Desk({AAPL: BARS})
    desk.fetch("2024-01-02", "2024-01-03")
    today = JANUARY[1]
    lost = IntervalSet.of((today.open, today.open + 60 * MINUTE))
    held = desk.memory.holdings(AAPL)
    held = attrs.evolve(
        held,
        partitions={"2024-01-02": held.partitions["2024-01-02"]},
        corrupt=frozenset({"2024-01-03"}),
        lost=lost,
    )
    range_ = window("2024-01-02", "2024-01-03")
    leg = Leg("AAPL", share(AAPL), held, range_, range_)
    judged = judged_sessions(leg, desk.calendar, today.open + 90 * MINUTE)
    assert list(notices(leg, judged, desk.calendar)) == [
        "AAPL: damaged and left out until imported again: part of the session 2024-01-03"
    ]
