"""Fetched bars meet held ones of another source: levels are compared before anything is kept."""

from __future__ import annotations

import attrs
import pytest

from application.fetch_joins import ratio_text
from application.fetch_request import Keep
from domain.bars import Bars
from domain.errors import LevelDifferenceError
from domain.events import CoverageBasis, FetchCompleted, PartitionWritten
from domain.gaps import Status
from tests.builders import AAPL, MINUTE, MSFT
from tests.fetching import SESSIONS, Desk, bars_of, session_minutes, window_of
from tests.memory_catalog import same

ALL = session_minutes(SESSIONS)
JANUARY = [one for one in SESSIONS if "2024-01-02" <= one.date.isoformat() <= "2024-01-12"]
WANTED = window_of(ALL, JANUARY[0], JANUARY[-1])


def _desk(held: Bars, served: Bars = ALL) -> Desk:
    desk = Desk({AAPL: served})
    desk.memory.write(AAPL, held)
    return desk


def _before_the_split(bars: Bars) -> Bars:
    """Return the same bars at four times their prices."""
    return attrs.evolve(
        bars, open=bars.open * 4, high=bars.high * 4, low=bars.low * 4, close=bars.close * 4
    )


def test_a_neighbour_of_another_source_is_compared_and_stays() -> None:
    desk = _desk(session_minutes(JANUARY[3:5]))
    outcome = desk.one()
    # Friday and Monday are held; each is compared, and they are asked for first.
    first, _ = desk.source.requests
    assert [one.date.isoformat() for one in first[0].sessions] == ["2024-01-05", "2024-01-08"]
    assert len(desk.asked_dates()) == 2 + 7
    assert same(desk.held(), WANTED)
    held = desk.memory.holdings(AAPL).partitions
    assert held["2024-01-05"].source == "csv"
    assert held["2024-01-04"].source == "memory"
    assert outcome.joined == "MEMORY's prices are on the level of those held (780 bars compared)."
    (completed,) = desk.events(FetchCompleted)
    assert isinstance(completed, FetchCompleted)
    assert completed.joined == outcome.joined
    desk.source.requests.clear()
    desk.fetch()
    assert desk.source.requests == []


def test_a_difference_in_level_is_told_with_the_ratio_and_refused() -> None:
    desk = _desk(_before_the_split(session_minutes(JANUARY[:3])))
    head = desk.memory.head
    with pytest.raises(LevelDifferenceError, match=r"0\.25 \(1:4\) times those held") as caught:
        desk.fetch()
    assert caught.value.exit_code == 2
    assert [one["day"] for one in caught.value.conflicts] == ["2024-01-04"]
    written = [one.event for one in desk.memory.ledger.replay(after=head)]
    assert not any(isinstance(one, PartitionWritten) for one in written)


def test_held_bars_of_another_level_stay_where_the_user_says_so() -> None:
    old = _before_the_split(session_minutes(JANUARY[:3]))
    desk = _desk(old)
    outcome = desk.one(keep=Keep.HELD)
    assert same(desk.held(), Bars.concat([old, window_of(ALL, JANUARY[3], JANUARY[-1])]))
    assert outcome.joined is not None
    assert "0.25 (1:4)" in outcome.joined


def test_all_of_the_series_is_fetched_anew_where_the_user_says_so() -> None:
    old = _before_the_split(session_minutes(SESSIONS[:5]))
    desk = _desk(old)
    desk.fetch("2023-12-08", "2023-12-12", keep=Keep.FETCHED)
    assert same(desk.held(), window_of(ALL, SESSIONS[0], SESSIONS[7]))
    assert {one.source for one in desk.memory.holdings(AAPL).partitions.values()} == {"memory"}
    desk.source.requests.clear()
    desk.fetch("2023-12-08", "2023-12-12", keep=Keep.FETCHED)
    assert desk.source.requests == []


def test_what_the_source_does_not_have_stays_and_is_named() -> None:
    desk = _desk(session_minutes(JANUARY[:3]), window_of(ALL, JANUARY[1], JANUARY[-1]))
    desk.source.bars[AAPL] = Bars.concat(
        [session_minutes(JANUARY[:1]), session_minutes(JANUARY[2:])]
    )
    outcome = desk.one(keep=Keep.FETCHED)
    assert outcome.left == (JANUARY[1].date,)
    assert same(desk.held(), WANTED)
    assert desk.memory.holdings(AAPL).partitions["2024-01-03"].source == "csv"
    assert any("2024-01-03" in one for one in desk.memory.progress.warnings)


def test_a_difference_of_rounding_is_none() -> None:
    near = session_minutes(JANUARY[:3])
    near = attrs.evolve(near, close=near.close + 1, high=near.high + 1)
    desk = _desk(near)
    assert desk.one().bars_fetched == 6 * 390


def test_one_series_that_differs_does_not_stop_another() -> None:
    desk = Desk({AAPL: ALL, MSFT: session_minutes(SESSIONS, price=40_000)})
    desk.memory.write(AAPL, _before_the_split(session_minutes(JANUARY[:3])))
    with pytest.raises(LevelDifferenceError):
        desk.fetch()
    assert len(desk.memory.holdings(MSFT).partitions) == 9


def test_nothing_can_be_said_where_no_bars_are_of_the_same_time() -> None:
    # What is held of Thursday ends before what the source has of it begins.
    morning = bars_of([(JANUARY[2].open, JANUARY[2].open + 40 * MINUTE)])
    served = ALL.take(
        (ALL.ts_open < JANUARY[2].open) | (ALL.ts_open >= JANUARY[2].open + 3_600 * 10**9)
    )
    desk = _desk(morning, served)
    outcome = desk.one()
    assert outcome.joined is not None
    assert "could not be compared" in outcome.joined
    assert any("could not be compared" in one for one in desk.memory.progress.warnings)
    held = desk.memory.holdings(AAPL).partitions["2024-01-04"]
    assert held.source == "csv+memory"


def test_a_partial_day_of_a_file_is_fetched_whole_and_its_own_bars_stay() -> None:
    morning = session_minutes(JANUARY[2:3]).take(slice(0, 120))
    mine = attrs.evolve(morning, volume=morning.volume + 7)
    desk = _desk(mine)
    desk.fetch()
    assert "2024-01-04" in desk.asked_dates()
    rest = WANTED.take(
        ~((WANTED.ts_open >= mine.ts_open[0]) & (WANTED.ts_open <= mine.ts_open[-1]))
    )
    held = desk.held()
    assert len(held) == len(WANTED)
    assert same(held.take(slice(2 * 390, 2 * 390 + 120)), mine)
    assert same(Bars.concat([held.take(slice(0, 780)), held.take(slice(900, None))]), rest)
    partition = desk.memory.holdings(AAPL).partitions["2024-01-04"]
    assert partition.source == "csv+memory"
    assert partition.detail == "test.csv + regular hours, 2024-01-02 to 2024-01-12"
    assert partition.basis is CoverageBasis.ATTESTED
    (thursday,) = [one for one in desk.judged() if one.session == JANUARY[2]]
    assert thursday.status is Status.COMPLETE


def test_a_thin_day_of_a_file_is_complete_and_not_asked_for() -> None:
    thin = session_minutes(JANUARY[:9])
    thin = thin.take((thin.ts_open // MINUTE) % 7 == 0)
    desk = _desk(thin)
    assert desk.one().days_held == 9
    assert desk.source.requests == []


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(4.0, "4 (4:1)"), (0.25, "0.25 (1:4)"), (1.5, "1.5 (3:2)"), (0.1002, "0.1002 (1:10)")],
)
def test_a_ratio_reads_as_a_split_where_it_is_near_one(ratio: float, text: str) -> None:
    assert ratio_text(ratio) == text


def test_a_ratio_that_is_none_of_a_split_is_a_number() -> None:
    assert ratio_text(0.000123456) == "0.0001"
    assert ratio_text(-37.5) == "-37.5"
