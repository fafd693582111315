"""What stood before each event, and which events touched a day."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from domain.events import (
    CsvImported,
    Event,
    InstrumentRegistered,
    PartitionMarkedCorrupt,
    PartitionRemoved,
    Recorded,
    RevisionsDiscarded,
)
from domain.instrument import InstrumentClass, VenueDefaults, assumed_instrument
from domain.standing import Entry, Standing, Standings, State
from domain.touched_day import TouchedDay
from tests.builders import AAPL, MSFT, ORIGIN, minute_bars, new_partition, written

DAY = dt.date(2024, 1, 2)
FIRST = written(new_partition())
SECOND = written(new_partition(minute_bars(count=9), revision=2))
REMOVED = PartitionRemoved(AAPL, FIRST.partition, 1, FIRST.path, 5, "removed")
DAMAGED = PartitionMarkedCorrupt(AAPL, FIRST.partition, 1, FIRST.path, "it is cut")
IMPORTED = CsvImported(AAPL, "day.csv", "ab" * 32, 5, 5, 0, 0, None, "open", "skip")


def _recorded(*events: Event) -> list[Recorded]:
    return [
        Recorded(seq, f"id-{seq}", seq * 10, ORIGIN, event)
        for seq, event in enumerate(events, start=1)
    ]


def _last(*events: Event) -> Standing | None:
    """Return what stood before the last of `events`."""
    standings = Standings()
    before = [standings.follow(one).before for one in _recorded(*events)][-1]
    assert before is None or isinstance(before, Standing)
    return before


def test_before_the_first_revision_there_was_nothing() -> None:
    assert _last(FIRST) is None
    assert _last(FIRST, attrs.evolve(FIRST, series=MSFT)) is None


def test_before_a_revision_stood_the_one_before_with_who_wrote_it() -> None:
    assert _last(FIRST, SECOND) == Standing(
        State.HELD, 1, 5, "csv", "test.csv", seq=1, recorded_at=10, user="trader"
    )


@pytest.mark.parametrize(("event", "state"), [(REMOVED, State.REMOVED), (DAMAGED, State.CORRUPT)])
def test_what_was_removed_or_damaged_is_said_to_be_so(event: Event, state: State) -> None:
    before = _last(FIRST, event, SECOND)
    assert before
    assert (before.state, before.revision, before.bars, before.seq) == (state, 1, 5, 2)


def test_damage_of_an_old_revision_leaves_what_stands() -> None:
    before = _last(FIRST, SECOND, DAMAGED, SECOND)
    assert before
    assert (before.state, before.revision) == (State.HELD, 2)


def test_a_definition_stands_until_the_next() -> None:
    assumed = assumed_instrument(AAPL.instrument_id, VenueDefaults(InstrumentClass.EQUITY, "USD"))
    assert assumed
    standings = Standings()
    anew = attrs.evolve(assumed, price_precision=3)
    entries = [
        standings.follow(one)
        for one in _recorded(InstrumentRegistered(assumed), InstrumentRegistered(anew))
    ]
    assert [entry.before for entry in entries] == [None, assumed]


def test_the_past_is_asked_for_once_for_each_series() -> None:
    events = _recorded(FIRST, SECOND, SECOND)
    asked = []

    def past(series: object) -> list[Recorded]:
        asked.append(series)
        return events[:1]

    standings = Standings(past)
    before = standings.follow(events[1]).before
    standings.follow(events[2])
    assert isinstance(before, Standing)
    assert before.seq == 1
    assert asked == [AAPL]


def _touching(*events: Event, batches: tuple[int, ...] = ()) -> list[int]:
    """Return the numbers of those of `events` that touched the day."""
    recorded = _recorded(*events)
    if batches:
        recorded = [
            attrs.evolve(one, recorded_at=batch)
            for one, batch in zip(recorded, batches, strict=True)
        ]
    standings, touched = Standings(), TouchedDay(DAY)
    return [one.seq for one in recorded if touched(standings.follow(one))]


OTHER = attrs.evolve(FIRST, partition="2024-01-03", trading_dates=(dt.date(2024, 1, 3),))


def test_a_day_is_touched_by_what_wrote_damaged_removed_or_deleted_its_bars() -> None:
    gone = RevisionsDiscarded(AAPL, ((FIRST.partition, 1),), 1, 50)
    assert _touching(FIRST, OTHER, DAMAGED, SECOND, gone) == [1, 3, 4, 5]


def test_a_day_is_touched_by_the_revision_that_lost_it() -> None:
    without = attrs.evolve(SECOND, trading_dates=OTHER.trading_dates)
    third = attrs.evolve(without, revision=3)
    assert _touching(FIRST, without, third) == [1, 2]


def test_a_removed_day_is_touched_again_by_its_own_bars_alone() -> None:
    elsewhere = attrs.evolve(SECOND, trading_dates=OTHER.trading_dates)
    assert _touching(FIRST, REMOVED, elsewhere) == [1, 2]
    assert _touching(FIRST, REMOVED, SECOND) == [1, 2, 3]


def test_an_import_touched_the_day_if_a_revision_beside_it_did() -> None:
    assert _touching(FIRST, IMPORTED, OTHER, IMPORTED, batches=(1, 1, 2, 2)) == [1, 2]


def test_a_definition_touches_no_day() -> None:
    assumed = assumed_instrument(AAPL.instrument_id, VenueDefaults(InstrumentClass.EQUITY, "USD"))
    assert assumed
    assert _touching(InstrumentRegistered(assumed)) == []
    assert TouchedDay(DAY)(Entry(_recorded(FIRST)[0]))
