"""Bars that were fetched or imported at different times can be on different levels."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import pytest

from adapters.memory.market_data_source import MemoryMarketDataSource
from application.fetch_joins import level_of
from application.fetch_request import Keep
from application.series_writer import inferred_change
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import CorruptPartitionError, GatewayLostError, LevelDifferenceError
from domain.events import FetchCompleted
from domain.fetching import Answer, FetchedBars, Wanted
from domain.instrument import Series
from domain.partitions import split_by_partition
from domain.sessions import Session, midnight_utc
from tests.builders import AAPL, MINUTE, utc
from tests.fetching import SESSIONS, Desk, bars_of, scaled, session_minutes, share, window_of
from tests.memory_catalog import same, window

ALL = session_minutes(SESSIONS)
SPLIT = scaled(ALL, 4)
JANUARY = [one for one in SESSIONS if "2024-01-02" <= one.date.isoformat() <= "2024-01-12"]
WANTED = window_of(ALL, JANUARY[0], JANUARY[-1])


def _held_then_split(first: str, last: str) -> Desk:
    """Hold some days that were fetched at four times the prices that the source has now."""
    desk = Desk({AAPL: SPLIT})
    desk.fetch(first, last)
    desk.source.bars[AAPL] = ALL
    desk.source.requests.clear()
    return desk


@pytest.mark.parametrize(
    ("held", "compared", "written"),
    [
        (("2024-01-02", "2024-01-04"), ["2024-01-04"], 0),
        (("2024-01-10", "2024-01-12"), ["2024-01-10"], 3),
        (("2024-01-05", "2024-01-08"), ["2024-01-05", "2024-01-08"], 0),
    ],
)
def test_a_split_since_the_last_fetch_is_found_and_refused(
    held: tuple[str, str], compared: list[str], written: int
) -> None:
    desk = _held_then_split(*held)
    before = desk.memory.holdings(AAPL).partitions
    with pytest.raises(LevelDifferenceError, match=r"0\.25 \(1:4\) times those held") as caught:
        desk.fetch()
    _, second = desk.source.requests
    asked = [f"{one.date}" for one in second[0].sessions]
    assert asked[0] == compared[0]
    assert asked[-1] == compared[-1]
    assert "--start 2024-01-02 --end 2024-01-12 --refetch" in caught.value.recovery
    assert "--keep held" in caught.value.recovery
    after = desk.memory.holdings(AAPL).partitions
    assert {name: after[name] for name in before} == dict(before.items())
    assert len(after) - len(before) == written
    # It stays refused, and refetching all mends it.
    with pytest.raises(LevelDifferenceError):
        desk.fetch()
    desk.fetch(refetch=True)
    assert same(desk.held(), WANTED)


def test_bars_of_another_level_stay_where_the_user_keeps_them() -> None:
    desk = _held_then_split("2024-01-02", "2024-01-04")
    desk.fetch(keep=Keep.HELD)
    assert len(desk.source.requests) == 1
    old = window_of(SPLIT, JANUARY[0], JANUARY[2])
    assert same(desk.held(), Bars.concat([old, window_of(ALL, JANUARY[3], JANUARY[-1])]))


def test_a_gap_asks_for_the_gap_alone_where_prices_do_not_jump() -> None:
    desk = Desk({AAPL: ALL})
    desk.fetch()
    desk.memory.remove(AAPL, window("2024-01-04", "2024-01-08"))
    desk.source.requests.clear()
    desk.fetch()
    assert len(desk.source.requests) == 1
    assert same(desk.held(), WANTED)


@pytest.mark.parametrize("first", ["2024-01-02", "2024-01-09"])
def test_a_market_that_jumps_is_taken_as_it_is_without_a_word(first: str) -> None:
    # Half of its price is gone from one day to the next.
    fallen = Bars.concat(
        [
            ALL.take(ALL.ts_open < JANUARY[4].open),
            attrs.evolve(
                after := ALL.take(ALL.ts_open >= JANUARY[4].open),
                open=after.open // 2,
                high=after.high // 2 + 1,
                low=after.low // 2 - 1,
                close=after.close // 2,
            ),
        ]
    )
    desk = Desk({AAPL: fallen})
    desk.fetch(first, "2024-01-05" if first == "2024-01-02" else "2024-01-12")
    if first == "2024-01-09":
        desk.fetch("2024-01-02", "2024-01-05")
    desk.source.requests.clear()
    outcome = desk.one()
    assert same(desk.held(), window_of(fallen, JANUARY[0], JANUARY[-1]))
    assert len(desk.source.requests) == 2
    assert desk.memory.progress.warnings == []
    assert (outcome.joined, outcome.left) == (None, ())
    assert len(desk.events(FetchCompleted)) == (2 if first == "2024-01-02" else 3)


def test_where_levels_were_compared_a_market_that_jumps_is_not_compared_again() -> None:
    fallen = Bars.concat([window_of(SPLIT, *JANUARY[0:3:2]), window_of(ALL, *JANUARY[3:9:5])])
    desk = Desk({AAPL: fallen})
    desk.memory.write(AAPL, window_of(SPLIT, *JANUARY[0:3:2]))
    outcome = desk.one()
    assert [len(one.sessions) for request in desk.source.requests for one in request] == [1, 6]
    assert same(desk.held(), fallen)
    assert outcome.joined is not None
    assert desk.memory.progress.warnings == []


def test_a_split_within_a_day_that_was_held_in_part_is_found() -> None:
    noon = JANUARY[3].open + 120 * MINUTE
    desk = Desk({AAPL: SPLIT}, now=noon)
    desk.fetch("2024-01-05", "2024-01-05")
    desk.source.bars[AAPL] = ALL
    desk.now = desk.source.now = JANUARY[8].close
    desk.memory.clock.advance(JANUARY[8].close - noon)
    with pytest.raises(LevelDifferenceError):
        desk.fetch("2024-01-05", "2024-01-05")
    assert len(desk.held()) == 120


def test_what_goes_with_the_session_that_is_fetched_whole_is_not_compared() -> None:
    """Of a session over midnight one partition is damaged: the other one's bars are replaced."""
    nights = [
        Session(
            dt.date(2024, 1, day),
            utc(f"2024-01-0{day - 1}T22:00:00"),
            utc(f"2024-01-0{day}T04:00:00"),
        )
        for day in (3, 4, 5)
    ]
    now = bars_of([(one.open, one.close) for one in nights])
    desk = Desk({AAPL: scaled(now, 4)}, sessions=nights)
    desk.fetch("2024-01-04", "2024-01-04")
    desk.memory.damage(AAPL, "2024-01-04")
    with pytest.raises(CorruptPartitionError):
        desk.held()
    desk.source.bars[AAPL] = now
    desk.source.requests.clear()
    desk.fetch("2024-01-04", "2024-01-04")
    assert len(desk.source.requests) == 1
    assert same(desk.held(), window_of(now, nights[1], nights[1]))


def test_a_jump_that_cannot_be_looked_into_is_told() -> None:
    desk = _held_then_split("2024-01-02", "2024-01-04")
    desk.source.bars[AAPL] = ALL.take(ALL.ts_open >= JANUARY[3].open)
    desk.one()
    assert any("could not be compared" in one for one in desk.memory.progress.warnings)
    assert len(desk.memory.holdings(AAPL).partitions) == 9


# What a keep of the fetched leaves.


def test_bars_of_others_before_the_sources_history_are_told_where_others_are_replaced() -> None:
    old = scaled(session_minutes(JANUARY[:6]), 4)
    desk = Desk({AAPL: ALL.take(ALL.ts_open >= JANUARY[3].open)})
    desk.memory.write(AAPL, old)
    outcome = desk.one(keep=Keep.FETCHED)
    assert same(desk.held().take(slice(3 * 390, None)), window_of(ALL, JANUARY[3], JANUARY[-1]))
    assert outcome.joined is not None
    assert "no bars of 2024-01-02, 2024-01-03, 2024-01-04." in outcome.joined
    assert "on a level that may be another one" in outcome.joined
    assert any("2024-01-02" in one for one in desk.memory.progress.warnings)
    (completed,) = desk.events(FetchCompleted)
    assert isinstance(completed, FetchCompleted)
    assert completed.joined == outcome.joined
    # They are told of anew, and not asked for in vain.
    desk.source.requests.clear()
    again = desk.one(keep=Keep.FETCHED)
    assert desk.source.requests == []
    assert again.left == outcome.left
    assert again.joined is not None
    assert outcome.joined.endswith(again.joined)
    stays = [one for one in desk.memory.progress.warnings if "What is held of it stays" in one]
    assert len(stays) == 2


def test_what_an_interrupted_replacement_leaves_is_told() -> None:
    desk = Desk({AAPL: ALL}, scripts=[{2: GatewayLostError("lost", "again")}], chunk=2)
    desk.memory.write(AAPL, scaled(session_minutes(JANUARY[:6]), 4))
    with pytest.raises(GatewayLostError):
        desk.fetch(keep=Keep.FETCHED)
    (warning,) = desk.memory.progress.warnings
    assert "still held of 2024-01-04, 2024-01-05, 2024-01-08, 2024-01-09" in warning
    desk.fetch(keep=Keep.FETCHED)
    assert same(desk.held(), WANTED)


# What the source does not give any more.


@pytest.mark.parametrize("keep", [None, Keep.FETCHED])
def test_refetching_keeps_and_tells_of_own_bars_that_the_answer_lacks(keep: Keep | None) -> None:
    desk = Desk({AAPL: ALL})
    desk.fetch()
    lacking = (ALL.ts_open >= JANUARY[2].open + 30 * MINUTE) & (
        ALL.ts_open < JANUARY[2].open + 40 * MINUTE
    )
    desk.source.bars[AAPL] = ALL.take(~lacking)
    desk.fetch(refetch=True, keep=keep)
    assert same(desk.held(), WANTED)
    (warning,) = desk.memory.progress.warnings
    assert "no longer gives 10 bars that it gave before, on 2024-01-04" in warning


def test_bars_of_others_go_by_session_where_they_are_replaced() -> None:
    desk = Desk({AAPL: ALL.take(ALL.ts_open // MINUTE % 3 == 0)})
    desk.memory.write(AAPL, scaled(session_minutes(JANUARY[:6]), 4))
    desk.fetch(keep=Keep.FETCHED)
    assert same(desk.held(), WANTED.take(WANTED.ts_open // MINUTE % 3 == 0))
    (told,) = desk.memory.progress.warnings
    assert "are 0.25 (1:4) times those held on 2024-01-02, and on 5 more." in told


# What others write while a fetch runs.


class _Importing(MemoryMarketDataSource):
    """A source during whose second answer somebody imports a file."""

    desk: Desk
    bars_of_file: Bars

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        for number, answer in enumerate(
            one for one in super().fetch(wanted) if isinstance(one, FetchedBars)
        ):
            if number == 1:
                self.desk.memory.write(AAPL, self.bars_of_file)
            yield answer


def _while_importing(bars: Bars) -> Desk:
    desk = Desk({AAPL: ALL})
    source = _Importing([share(AAPL)], desk.bars, now=desk.now, sessions=3)
    source.desk, source.bars_of_file = desk, bars
    desk.source = source
    return desk


def test_a_file_of_another_level_that_comes_in_meanwhile_is_found() -> None:
    desk = _while_importing(scaled(session_minutes(JANUARY[4:5]), 4))
    with pytest.raises(LevelDifferenceError, match=r"0\.25 \(1:4\)"):
        desk.fetch()
    assert len(desk.memory.holdings(AAPL).partitions) == 3 + 1


def test_a_file_of_the_same_level_that_comes_in_meanwhile_is_no_matter() -> None:
    bars = session_minutes(JANUARY[4:5])
    mine = attrs.evolve(bars, volume=bars.volume + 1)
    desk = _while_importing(mine)
    desk.fetch()
    assert desk.memory.progress.warnings == []
    assert len(desk.memory.holdings(AAPL).partitions) == 9
    assert same(window_of(desk.held(), JANUARY[4], JANUARY[4]), mine)


def test_a_file_beside_what_is_published_that_cannot_be_compared_is_told() -> None:
    early = bars_of([(JANUARY[4].open - 60 * MINUTE, JANUARY[4].open - 20 * MINUTE)])
    desk = _while_importing(early)
    desk.fetch()
    told = [one for one in desk.memory.progress.warnings if "while this fetch ran" in one]
    assert len(told) == 1
    assert "of 2024-01-08" in told[0]
    assert "could not be compared" in told[0]


def test_a_file_that_comes_in_meanwhile_stays_where_the_user_keeps_what_is_held() -> None:
    mine = scaled(session_minutes(JANUARY[4:5]), 4)
    desk = _while_importing(mine)
    desk.fetch(keep=Keep.HELD)
    (told,) = [one for one in desk.memory.progress.warnings if "while this fetch ran" in one]
    assert "0.25 (1:4) times those held on 2024-01-08" in told
    assert same(window_of(desk.held(), JANUARY[4], JANUARY[4]), mine)
    assert len(desk.memory.holdings(AAPL).partitions) == 9


def test_a_file_that_comes_in_meanwhile_is_not_replaced_unseen() -> None:
    desk = _while_importing(scaled(session_minutes(JANUARY[4:5]), 4))
    with pytest.raises(LevelDifferenceError, match=r"0\.25 \(1:4\)"):
        desk.fetch(keep=Keep.FETCHED)


@pytest.mark.parametrize("place", [2, 6])
def test_a_file_in_the_session_before_or_after_what_is_published_is_told(place: int) -> None:
    """The second answer is of the fourth to the sixth session."""
    desk = _while_importing(scaled(session_minutes(JANUARY[place : place + 1]), 4))
    with contextlib.suppress(LevelDifferenceError):  # in its own session, once that is reached
        desk.fetch()
    told = [one for one in desk.memory.progress.warnings if "while this fetch ran" in one]
    assert f"of {JANUARY[place].date}" in told[0]
    assert "could not be compared" in told[0]


# Levels of bars of a day.

DAILY = Series(AAPL.instrument_id, BarType.parse("1_DAY"))
DAYS = attrs.evolve(
    bars_of([(0, len(SESSIONS) * MINUTE)]),
    ts_open=np.array([midnight_utc(one.date) for one in SESSIONS], np.int64),
    ts_event=np.array([one.close for one in SESSIONS], np.int64),
)


def _higher(bars: Bars, parts_in_10_000: int) -> Bars:
    """Return bars with higher prices, and four decimals."""
    finer = bars.rescaled(4, 0)
    more = {
        name: getattr(finer, name) * (10_000 + parts_in_10_000) // 10_000
        for name in ("open", "high", "low", "close")
    }
    return attrs.evolve(finer, **more)


def _days_held(count: int, *, off: int) -> Desk:
    """Return a desk that holds the last days before 2024, of a file."""
    place = next(i for i, one in enumerate(SESSIONS) if one.date.year == 2024)
    desk = Desk({DAILY: DAYS})
    mine = _higher(DAYS.take(slice(place - count, place)), off)
    for name, part in split_by_partition(mine, DAILY.bar_type):
        desk.memory.change(DAILY, {name: inferred_change(part, DAILY.bar_type, "csv", "a.csv")})
    return desk


@pytest.mark.parametrize(("count", "compared"), [(1, 1), (2, 2), (5, 5), (8, 5)])
def test_up_to_five_days_are_compared_in_one_request(count: int, compared: int) -> None:
    desk = _days_held(count, off=0)
    outcome = desk.one()
    assert outcome.joined is not None
    assert f"({compared} bars compared)" in outcome.joined
    assert [len(one[0].sessions) for one in desk.source.requests] == [compared, 9]


@pytest.mark.parametrize(
    ("count", "off", "refused"),
    [(1, 50, False), (2, 150, False), (3, 50, True), (5, 20, True), (1, 250, True), (5, 5, False)],
)
def test_a_small_difference_over_few_days_is_told_and_not_refused(
    count: int, off: int, refused: bool
) -> None:
    desk = _days_held(count, off=off)
    if refused:
        with pytest.raises(LevelDifferenceError) as caught:
            desk.one()
        said = "dividends" in caught.value.recovery
        assert said
        return
    outcome = desk.one()
    told = [one for one in desk.memory.progress.warnings if "too few" in one]
    assert len(told) == (off > 10)
    assert outcome.days_written == 9


def test_large_ticks_do_not_hide_a_clear_difference() -> None:
    # At a price of a dime a cent is ten percent.
    cheap = session_minutes(SESSIONS)
    cheap = attrs.evolve(
        cheap,
        **{name: np.full(len(cheap), 10) for name in ("open", "high", "low", "close")},
    )
    held = attrs.evolve(
        window_of(cheap, JANUARY[0], JANUARY[2]),
        **{name: np.full(3 * 390, 12) for name in ("open", "high", "low", "close")},
    )
    desk = Desk({AAPL: cheap})
    desk.memory.write(AAPL, held)
    with pytest.raises(LevelDifferenceError):
        desk.fetch()


@pytest.mark.parametrize(
    ("bars", "differs", "doubtful"), [(2, False, True), (3, True, False), (4, True, False)]
)
def test_a_difference_is_either_clear_or_doubtful(bars: int, differs: bool, doubtful: bool) -> None:
    held = ALL.take(slice(0, bars))
    level = level_of(JANUARY[0].date, _higher(held, 50), held.rescaled(4, 0), share(AAPL), AAPL)
    assert (level.bars, level.differs, level.is_doubtful) == (bars, differs, doubtful)
