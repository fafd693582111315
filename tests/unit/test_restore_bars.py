"""Restoring makes a window what it was, leaves the rest as it is, and can be undone."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.restore_bars import BarsToRestore, RestoreBars
from domain.as_of import AsOf
from domain.bars import Bars
from domain.errors import (
    CorruptPartitionError,
    DataNotFoundError,
    InvalidAsOfError,
    LedgerConflictError,
    RevisionDiscardedError,
)
from domain.events import PartitionRemoved, PartitionRestored, PartitionWritten, WriteCause
from domain.instrument import Series
from domain.venues import venue
from tests.builders import AAPL, MSFT, session_bars
from tests.memory_catalog import MemoryCatalog, same, window
from tests.unit.test_remove_bars import DAILY, SERIES, daily_bars, some_window

JANUARY = session_bars("2024-01-02", "2024-01-04")
CHEAPER = session_bars("2024-01-02", "2024-01-04", price=9_000)


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


def test_old_bars_come_back_with_all_that_was_known_of_them(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY, detail="first.csv")
    before, then = catalog.described(AAPL), catalog.head
    catalog.write(AAPL, CHEAPER, detail="second.csv")
    done = catalog.restore(AAPL, then)
    assert (done.bars, done.bars_gone, len(done.written), done.removed) == (1170, 0, 3, ())
    assert (done.as_of, done.before) == (3, 6)
    assert same(catalog.bars(AAPL), JANUARY)
    assert catalog.described(AAPL) == before
    held = catalog.holdings(AAPL).partitions.values()
    assert {(one.revision, one.cause) for one in held} == {(3, WriteCause.RESTORED)}


def test_each_new_revision_is_told_beside_the_one_that_it_restores(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.write(AAPL, CHEAPER)
    catalog.restore(AAPL, 3, window("2024-01-03", "2024-01-03"))
    written, restored = [one.event for one in catalog.ledger.replay(after=6)]
    assert isinstance(written, PartitionWritten)
    assert restored == PartitionRestored(AAPL, "2024-01-03", 3, 1, 3)


def test_what_held_nothing_then_is_removed(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.write(AAPL, session_bars("2024-01-03", "2024-01-03"))
    done = catalog.restore(AAPL, 1)
    assert (done.bars, done.bars_gone, done.removed) == (0, 390, ("2024-01-03",))
    (event,) = [one.event for one in catalog.ledger.replay(after=2)]
    assert isinstance(event, PartitionRemoved)
    assert "event 1" in event.reason
    assert catalog.restore(AAPL, 2).bars == 390


def test_partitions_that_hold_what_they_held_are_left_alone(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.write(AAPL, CHEAPER.take(slice(0, 390)))
    assert catalog.restore(AAPL, 3).written == ("2024-01-02",)
    head = catalog.head
    assert not catalog.restore(AAPL, 3)
    assert catalog.head == head


def test_more_decimals_alone_are_no_difference(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    finer = session_bars("2024-01-03", "2024-01-03", price=1_800_001)
    catalog.write(AAPL, attrs.evolve(finer, price_precision=4))
    done = catalog.restore(AAPL, 1)
    assert (done.written, done.removed) == ((), ("2024-01-03",))


def test_old_bars_take_the_scale_of_the_others(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.remove(AAPL)
    finer = session_bars("2024-01-03", "2024-01-03", price=1_800_001)
    catalog.write(AAPL, attrs.evolve(finer, price_precision=4))
    catalog.restore(AAPL, 1, window(end="2024-01-02"))
    assert {one.price_precision for one in catalog.holdings(AAPL).partitions.values()} == {4}
    assert same(catalog.bars(AAPL).take(slice(0, 390)), session_bars("2024-01-02", "2024-01-02"))


def test_the_others_take_the_scale_of_old_bars(catalog: MemoryCatalog) -> None:
    finer = session_bars("2024-01-03", "2024-01-03", price=1_800_001)
    catalog.write(AAPL, attrs.evolve(finer, price_precision=4))
    catalog.remove(AAPL)
    catalog.write(AAPL, session_bars("2024-01-02", "2024-01-02"))
    catalog.restore(AAPL, 1, window("2024-01-03"))
    held = catalog.holdings(AAPL).partitions
    assert {one.price_precision for one in held.values()} == {4}
    assert held["2024-01-02"].cause is WriteCause.PRECISION


def test_a_week_of_a_year_of_daily_bars_comes_back(catalog: MemoryCatalog) -> None:
    catalog.write(DAILY, daily_bars("2024-01-01", 31))
    catalog.remove(DAILY)
    catalog.restore(DAILY, 1, window("2024-01-08", "2024-01-14"))
    assert len(catalog.bars(DAILY)) == 7
    assert len(catalog.holdings(DAILY).partitions["2024"].coverage.intervals) == 7


def test_a_point_that_is_yet_to_come_is_refused(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    with pytest.raises(InvalidAsOfError):
        catalog.restore(AAPL, 99)


def test_before_the_first_event_there_was_nothing(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    assert len(catalog.restore(AAPL, 0).removed) == 3


def test_what_was_never_there_is_not_found(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    with pytest.raises(DataNotFoundError):
        catalog.restore(MSFT, 1)
    with pytest.raises(DataNotFoundError):
        catalog.restore(AAPL, 3, window("2025-01-01"))


def test_what_was_discarded_stops_it_before_anything_is_written(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.write(AAPL, CHEAPER.take(slice(390, 780)))
    catalog.discard()
    head = catalog.head
    with pytest.raises(RevisionDiscardedError, match="2024-01-03"):
        catalog.restore(AAPL, 3)
    assert catalog.head == head
    assert not catalog.restore(AAPL, 3, window(end="2024-01-02"))


def test_a_damaged_old_revision_stops_it_before_anything_is_written(
    catalog: MemoryCatalog,
) -> None:
    catalog.write(AAPL, JANUARY)
    damaged = catalog.damage(AAPL, "2024-01-03")
    catalog.write(AAPL, CHEAPER)
    with pytest.raises(CorruptPartitionError) as caught:
        catalog.restore(AAPL, 3)
    assert "not touched" in caught.value.recovery
    assert same(catalog.bars(AAPL), CHEAPER)
    history = catalog.catalog.history(AAPL)
    found = history.find("2024-01-03", 1)
    assert found is not None
    assert found.corrupted is not None
    assert found.event == damaged
    assert catalog.holdings(AAPL).corrupt == frozenset()


def test_damage_known_at_that_point_cannot_be_brought_back(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.damage(AAPL, "2024-01-03")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    then = catalog.head
    catalog.write(AAPL, CHEAPER)
    with pytest.raises(CorruptPartitionError, match="already"):
        catalog.restore(AAPL, then)
    assert catalog.restore(AAPL, then, window("2024-01-04")).written == ("2024-01-04",)


def test_damage_of_now_is_healed_by_what_was_there_before(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.write(AAPL, CHEAPER)
    catalog.damage(AAPL, "2024-01-02")
    catalog.damage(AAPL, "2024-01-03")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    assert catalog.holdings(AAPL).corrupt == {"2024-01-02"}
    catalog.restore(AAPL, 3)
    assert same(catalog.bars(AAPL), JANUARY)
    assert catalog.holdings(AAPL).corrupt == frozenset()


def test_damage_where_nothing_was_then_is_forgotten(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.damage(AAPL, "2024-01-02")
    with pytest.raises(CorruptPartitionError):
        catalog.bars(AAPL)
    assert len(catalog.restore(AAPL, 0).removed) == 3
    assert catalog.holdings(AAPL).corrupt == frozenset()


def test_what_a_person_agreed_to_is_all_that_happens(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, JANUARY)
    catalog.write(AAPL, CHEAPER)
    use_case = RestoreBars(catalog.catalog, catalog.disk, catalog.progress)
    request = BarsToRestore(("AAPL",), AsOf(seq=3))
    (planned,) = use_case.plan(request)
    catalog.write(AAPL, session_bars("2024-01-05", "2024-01-05"))
    with pytest.raises(LedgerConflictError, match="while you were asked"):
        use_case.carry_out(planned, request, exactly=True)
    assert use_case.carry_out(planned, request, exactly=False).removed == ("2024-01-05",)
    assert same(catalog.bars(AAPL), JANUARY)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SERIES)), st.data())
def test_the_window_is_as_it_was_and_the_rest_as_it_is(series: Series, data: st.DataObject) -> None:
    catalog, bars = MemoryCatalog(), SERIES[series]
    states = [Bars.empty()]
    heads = [0]
    for number in range(data.draw(st.integers(1, 4))):
        seed = data.draw(st.integers(0, 99)) if number else None
        chosen = np.random.default_rng(seed).random(len(bars)) < (0.5 if number else 2)
        part = bars.take(chosen)
        shift = data.draw(st.integers(0, 3))
        catalog.write(series, attrs.evolve(part, volume=part.volume + shift))
        states.append(catalog.bars(series))
        heads.append(catalog.head)
    point = data.draw(st.integers(0, len(states) - 1))
    within = data.draw(some_window(bars))
    zone = venue(series.instrument_id.venue).tzinfo
    then, now = (
        state.take(within.mask(state, series.bar_type, zone) == inside)
        for state, inside in ((states[point], True), (states[-1], False))
    )
    described = catalog.described(series)
    try:
        catalog.restore(series, heads[point], within)
    except DataNotFoundError:
        assert not len(then)
    joined = Bars.concat([then, now])
    expected = joined.take(np.argsort(joined.ts_open, kind="stable"))
    assert same(catalog.bars(series), expected)
    catalog_now = catalog.head
    catalog.restore(series, heads[-1])
    assert same(catalog.bars(series), states[-1])
    assert catalog.described(series) == described
    catalog.restore(series, catalog_now)
    assert same(catalog.bars(series), expected)
