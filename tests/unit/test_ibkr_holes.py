"""Half an hour without a bar amid a session that is otherwise full of them is a hole."""

from __future__ import annotations

import pytest

from adapters.ibkr.holes import holes
from domain.bar_type import BarType
from domain.bars import Bars
from domain.intervals import NO_TIME, IntervalSet
from tests.builders import MINUTE, utc

OPEN = utc("2024-01-02T14:30:00")


def _at(*minutes: tuple[int, int]) -> IntervalSet:
    return IntervalSet.of(*((OPEN + a * MINUTE, OPEN + b * MINUTE) for a, b in minutes))


SESSION = _at((0, 390))


def _bars(step: int, *without: tuple[int, int], every: int = 1) -> Bars:
    """Return a session's bars of so many minutes, but for those that open in some stretches."""
    opens = [
        at
        for at in range(0, 390, step * every)
        if not any(first <= at < last for first, last in without)
    ]
    times = [(OPEN + at * MINUTE, OPEN + (at + step) * MINUTE) for at in opens]
    columns = [[one[0] for one in times], [one[1] for one in times], *[[10] * len(times)] * 5]
    return Bars.of_columns(columns, 2, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("hole", [(0, 30), (100, 160), (290, 390), (100, 290)])
def test_a_hole_is_found_wherever_it_lies(step: int, hole: tuple[int, int]) -> None:
    found = holes(_bars(step, hole), SESSION, BarType.parse(f"{step}_MIN"))
    assert found == _at(hole)


def test_holes_of_half_an_hour_are_found_and_shorter_ones_are_not() -> None:
    bars = _bars(1, (50, 79), (100, 130), (200, 260))
    assert holes(bars, SESSION, BarType.parse("1_MIN")) == _at((100, 130), (200, 260))


def test_a_pause_is_no_hole_and_what_lies_beside_it_may_be() -> None:
    bars, time = _bars(1, (120, 180), (180, 220)), _at((0, 120), (180, 390))
    assert holes(bars, time, BarType.parse("1_MIN")) == _at((180, 220))


@pytest.mark.parametrize(
    "bars",
    [
        pytest.param(_bars(1), id="full"),
        pytest.param(_bars(1, (0, 390)), id="silent"),
        pytest.param(_bars(1, (100, 160), every=2), id="thin"),
        pytest.param(_bars(1, (100, 160), (10, 39), (200, 205)), id="a tenth is lacking"),
        pytest.param(_bars(1, (100, 300)), id="more is lacking than there is"),
    ],
)
def test_what_is_full_or_thin_or_silent_has_no_hole(bars: Bars) -> None:
    assert holes(bars, SESSION, BarType.parse("1_MIN")) == NO_TIME


@pytest.mark.parametrize(("bar_type", "minutes"), [("10_MIN", 10), ("30_MIN", 30)])
def test_longer_bars_have_none(bar_type: str, minutes: int) -> None:
    assert holes(_bars(minutes, (90, 180)), SESSION, BarType.parse(bar_type)) == NO_TIME


def test_only_the_time_that_is_asked_about_counts() -> None:
    bars = _bars(1, (100, 160))
    assert holes(bars, _at((200, 390)), BarType.parse("1_MIN")) == NO_TIME
    assert holes(bars, _at((60, 390)), BarType.parse("1_MIN")) == _at((100, 160))
