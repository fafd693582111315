"""What --keep and --refetch do with bars of others, and that every word about it is true."""

from __future__ import annotations

import pytest

from application.fetch_request import Keep, SeriesOutcome
from domain.bars import Bars
from domain.events import CoverageBasis, FetchCompleted
from domain.gaps import Status
from domain.sessions import Session
from tests.builders import AAPL, MINUTE
from tests.fetching import SESSIONS, Desk, careful, scaled, session_minutes
from tests.memory_catalog import same

DAYS = [one for one in SESSIONS if "2024-01-02" <= f"{one.date}" <= "2024-01-12"]
ALL = session_minutes(SESSIONS)
RATIO = "MEMORY's prices are 0.25 (1:4) times those held on"


def holding(bars: Bars, served: Bars = ALL) -> Desk:
    desk = Desk({AAPL: served})
    desk.memory.write(AAPL, bars)
    return desk


def fetched(desk: Desk, first: Session, last: Session, **how: object) -> SeriesOutcome:
    return desk.one(f"{first.date}", f"{last.date}", **how)


def described(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return source and detail of each partition."""
    held = desk.memory.holdings(AAPL).partitions
    return {name: (one.source, one.detail) for name, one in held.items()}


def test_what_is_replaced_is_told_with_its_ratio() -> None:
    desk = holding(scaled(session_minutes(DAYS[:2]), 4))
    outcome = fetched(desk, DAYS[0], DAYS[2], keep=Keep.FETCHED)
    assert outcome.joined == (
        f"{RATIO} 2024-01-02, and on 1 more. Bars of other sources were replaced on 2024-01-02, "
        "2024-01-03."
    )
    assert desk.memory.progress.warnings == [f"AAPL.NASDAQ: {outcome.joined}"]
    (completed,) = desk.events(FetchCompleted)
    assert isinstance(completed, FetchCompleted)
    assert completed.joined == outcome.joined
    assert same(desk.held(), session_minutes(DAYS[:3]))


@pytest.mark.parametrize("how", [{"keep": Keep.FETCHED}, {"refetch": True}])
def test_what_is_replaced_on_one_level_is_told_with_the_result(how: dict[str, object]) -> None:
    desk = holding(session_minutes(DAYS[:2]))
    outcome = fetched(desk, DAYS[0], DAYS[2], **how)
    assert outcome.joined == (
        "MEMORY's prices are on the level of those held (780 bars compared). Bars of other sources "
        "were replaced on 2024-01-02, 2024-01-03."
    )
    assert desk.memory.progress.warnings == []


def test_days_outside_the_range_are_told_before_they_are_replaced() -> None:
    desk = holding(scaled(session_minutes(DAYS[:4]), 4))
    outcome = fetched(desk, DAYS[2], DAYS[4], keep=Keep.FETCHED)
    outside, ratio = desk.memory.progress.warnings
    assert outside == (
        "AAPL.NASDAQ: bars of other sources are held outside this range, too, and are replaced by "
        "--keep fetched: 2024-01-02, 2024-01-03."
    )
    assert RATIO in ratio
    assert (f"{outcome.start}", outcome.days_written) == ("2024-01-04", 5)
    assert same(desk.held(), session_minutes(DAYS[:5]))


@pytest.mark.parametrize("factor", [1, 4])
def test_asking_again_leaves_what_others_gave_where_that_is_to_be_kept(factor: int) -> None:
    mine = scaled(session_minutes(DAYS[:2]), factor)
    desk = holding(mine)
    before = described(desk)
    outcome = fetched(desk, DAYS[0], DAYS[1], keep=Keep.HELD, refetch=True)
    assert (outcome.bars_fetched, outcome.days_written, outcome.days_held) == (0, 0, 2)
    assert outcome.left == ()
    assert same(desk.held(), mine)
    assert described(desk) == before
    assert any(RATIO in one for one in desk.memory.progress.warnings) is (factor == 4)


def test_asking_again_replaces_own_bars_beside_those_that_are_kept() -> None:
    desk = Desk({AAPL: scaled(ALL, 2)})
    fetched(desk, DAYS[0], DAYS[0])
    mine = scaled(session_minutes(DAYS[1:2]), 4)
    desk.memory.write(AAPL, mine)
    desk.source.bars = {AAPL: ALL}
    outcome = fetched(desk, DAYS[0], DAYS[1], keep=Keep.HELD, refetch=True)
    assert (outcome.bars_fetched, outcome.days_written, outcome.days_held) == (390, 1, 1)
    assert same(desk.held(), Bars.concat([session_minutes(DAYS[:1]), mine]))


def _part_of(day: Session) -> Bars:
    """Return the first 290 minutes of a day."""
    return session_minutes([day]).take(slice(0, 290))


def test_where_a_source_has_just_what_is_held_that_is_said_and_nothing_else() -> None:
    served = ALL.take((ALL.ts_open < DAYS[0].open + 290 * MINUTE) | (ALL.ts_open >= DAYS[1].open))
    desk = holding(_part_of(DAYS[0]), served)
    outcome = fetched(desk, DAYS[0], DAYS[1])
    assert (outcome.bars_fetched, outcome.days_written, outcome.days_held) == (390, 1, 1)
    assert outcome.left == ()
    assert desk.memory.progress.warnings == []
    assert desk.memory.progress.told[-1] == (
        "AAPL.NASDAQ: MEMORY has no other bars of 2024-01-02 than those that are held."
    )
    assert described(desk)["2024-01-02"] == ("csv", "test.csv")
    assert desk.memory.holdings(AAPL).partitions["2024-01-02"].basis is CoverageBasis.ATTESTED
    statuses = {f"{one.session.date}": one.status for one in desk.judged()}
    assert statuses["2024-01-02"] is Status.COMPLETE
    desk.source.requests.clear()
    assert fetched(desk, DAYS[0], DAYS[1]).days_held == 2
    assert desk.source.requests == []


def test_where_a_source_has_more_both_are_named() -> None:
    desk = holding(_part_of(DAYS[0]))
    outcome = fetched(desk, DAYS[0], DAYS[0])
    assert (outcome.bars_fetched, outcome.days_written) == (100, 1)
    source, detail = described(desk)["2024-01-02"]
    assert (source, detail.startswith("test.csv + regular hours")) == ("csv+memory", True)


def test_where_a_source_has_nothing_it_is_said_that_it_has_nothing() -> None:
    desk = holding(_part_of(DAYS[0]), ALL.take(ALL.ts_open >= DAYS[1].open))
    outcome = fetched(desk, DAYS[0], DAYS[1])
    assert [f"{one}" for one in outcome.left] == ["2024-01-02"]
    assert any("has no bars of 2024-01-02." in one for one in desk.memory.progress.warnings)


def test_of_a_session_that_the_source_has_not_all_of_the_rest_is_asked_for_later() -> None:
    day = DAYS[0]
    at = day.close + MINUTE
    served = ALL.take(ALL.ts_open < day.open + 290 * MINUTE)
    desk = careful(Desk({AAPL: served}, now=at))
    desk.memory.write(AAPL, _part_of(day))
    outcome = fetched(desk, day, day)
    assert [f"{one}" for one in outcome.left] == ["2024-01-02"]
    assert outcome.days_held == 0
    (told,) = desk.memory.progress.warnings
    assert "cannot tell yet whether it has all bars of 2024-01-02" in told
    desk.source.bars = {AAPL: ALL}
    assert fetched(desk, day, day).bars_fetched == 100
