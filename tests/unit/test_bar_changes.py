"""Every bar that was replaced or removed is found, with what it was and what it is."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.bar_repository import MemoryBarRepository
from application.bar_changes import BarChanges, ChangedBar, TraceBars
from application.bar_differences import VALUES, BarAt, difference
from application.series_writer import Change, Lazily, Removal, inferred_change
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import CorruptPartitionError, RevisionDiscardedError, UsageError
from domain.events import CsvImported, Event, PartitionWritten, WriteCause
from domain.instrument import InstrumentId, Series
from domain.partitions import split_by_partition
from tests import histories
from tests.builders import AAPL, MINUTE, MSFT, NEW_YORK, minute_bars, utc
from tests.memory_catalog import MemoryCatalog, window

HOURLY = BarType.parse("1_HOUR")
DAILY = Series(InstrumentId.parse("AAPL.NASDAQ"), BarType.parse("1_DAY"))
OPEN = utc("2024-01-02T14:30:00")


def _bars(minutes: dict[int, tuple[int, ...]], price: int = 2, size: int = 0) -> Bars:
    """Return one-minute bars by their minute, each with open, high, low, close and volume."""
    opens = np.array(sorted(minutes), np.int64) * MINUTE + OPEN
    values = np.array([minutes[one] for one in sorted(minutes)], np.int64).reshape(-1, 5)
    return Bars.of_columns((opens, opens + MINUTE, *values.T), price, size)


def _values(bar: BarAt) -> tuple[Decimal, ...]:
    return tuple(Decimal(bar.text(name)) for name in VALUES)


def _decimals(row: tuple[int, ...], price: int, size: int) -> tuple[Decimal, ...]:
    *prices, volume = row
    return (*(Decimal(one).scaleb(-price) for one in prices), Decimal(volume).scaleb(-size))


_ROWS = st.dictionaries(st.integers(0, 8), st.tuples(*[st.sampled_from([10, 100, 1000])] * 5))
_DIGITS = st.integers(0, 3)


@given(before=_ROWS, after=_ROWS, digits=st.tuples(_DIGITS, _DIGITS, _DIGITS, _DIGITS))
def test_bars_are_told_apart_as_a_comparison_one_by_one_does(
    before: dict[int, tuple[int, ...]],
    after: dict[int, tuple[int, ...]],
    digits: tuple[int, int, int, int],
) -> None:
    old = {key: _decimals(row, digits[0], digits[1]) for key, row in before.items()}
    new = {key: _decimals(row, digits[2], digits[3]) for key, row in after.items()}
    found = difference(
        _bars(before, *digits[:2]), _bars(after, *digits[2:]), AAPL.bar_type, NEW_YORK
    )
    expected = [
        (OPEN + key * MINUTE, old[key], new.get(key))
        for key in sorted(old)
        if old[key] != new.get(key)
    ]
    assert expected == [
        (was.ts_open, _values(was), _values(now) if now else None) for was, now in found.changed()
    ]
    assert found.added == len(new.keys() - old.keys())
    assert found.unchanged == sum(old[key] == new.get(key) for key in old)


def test_values_that_fit_no_common_precision_are_compared_all_the_same() -> None:
    great = 10**17
    before = _bars({0: (great,) * 5, 1: (7,) * 5}, 0, 0)
    after = _bars({0: (7 * 10**9,) * 5, 1: (7 * 10**9,) * 5}, 9, 9)
    found = difference(before, after, AAPL.bar_type, NEW_YORK)
    ((was, now),) = found.changed()
    assert (was.text("open"), now and now.text("open")) == (str(great), "7.000000000")
    assert found.unchanged == 1


def _hour(open_: str, close: str, price: int) -> Bars:
    opens, closes = np.array([utc(open_)], np.int64), np.array([utc(close)], np.int64)
    return Bars.of_columns((opens, closes, *np.full((5, 1), price, np.int64)), 2, 0)


def test_an_hour_cut_short_is_the_same_hour() -> None:
    whole = _hour("2024-01-02T14:00:00", "2024-01-02T15:00:00", 5)
    cut = _hour("2024-01-02T14:30:00", "2024-01-02T15:00:00", 5)
    found = difference(whole, cut, HOURLY, NEW_YORK)
    ((was, now),) = found.changed()
    assert now is not None
    assert (was.ts_open, now.ts_open) == (whole.ts_open[0], cut.ts_open[0])
    assert (found.added, len(found.removed)) == (0, 0)


def test_an_hour_that_was_there_twice_is_found_by_when_it_opens() -> None:
    twice = Bars.concat(
        [
            _hour("2024-01-02T14:00:00", "2024-01-02T14:30:00", 5),
            _hour("2024-01-02T14:30:00", "2024-01-02T15:00:00", 6),
        ]
    )
    assert difference(twice, twice, HOURLY, NEW_YORK).unchanged == 2
    found = difference(twice, twice.take(slice(1, None)), HOURLY, NEW_YORK)
    assert (found.unchanged, len(found.replaced), found.removed.open.tolist()) == (1, 0, [5])


def test_another_close_alone_is_a_change() -> None:
    before = _hour("2024-01-02T00:00:00", "2024-01-02T21:00:00", 5)
    after = _hour("2024-01-02T00:00:00", "2024-01-02T18:00:00", 5)
    found = difference(before, after, DAILY.bar_type, NEW_YORK)
    assert [one.ts_event for pair in found.changed() for one in pair if one] == [
        utc("2024-01-02T21:00:00"),
        utc("2024-01-02T18:00:00"),
    ]


@pytest.fixture
def catalog() -> MemoryCatalog:
    return MemoryCatalog()


def _traced(catalog: MemoryCatalog, seq: int | None = None) -> BarChanges:
    seq = seq or catalog.head
    (recorded,) = catalog.ledger.replay(after=seq - 1, upto=seq)
    return TraceBars(catalog.catalog, catalog.ledger, catalog.progress).run(recorded)


def _counts(changes: BarChanges) -> tuple[int, int, int, int]:
    return changes.added, len(changes.replaced), len(changes.removed), changes.unchanged


def _import(catalog: MemoryCatalog, changes: dict[str, Bars | None], later: int = 1) -> None:
    """Record what an import does: whole partitions, None for one that goes, and the file."""
    series = AAPL
    catalog.clock.advance(later)
    made: dict[str, Change | Removal] = {
        name: Removal("overwritten")
        if bars is None
        else inferred_change(bars, series.bar_type, "csv", "new.csv")
        for name, bars in changes.items()
    }
    event = CsvImported(series, "new.csv", "ab" * 32, 1, 1, 0, 1, None, "open", "overwrite")
    with catalog.catalog.writing(series) as writer, catalog.progress.track("", 1) as task:
        writer.commit(Lazily(made, made.__getitem__), [event], task)


def _day(day: int, count: int = 5, price: int = 18_700) -> Bars:
    return minute_bars(f"2024-01-{day:02}T14:30:00", count, first_price=price)


def test_the_first_revision_adds_all_of_its_bars(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, _day(2))
    changes = _traced(catalog)
    assert _counts(changes) == (5, 0, 0, 0)
    assert list(changes.changed) == []


def test_a_revision_is_compared_with_the_one_before_it(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, _day(2))
    other = attrs.evolve(_day(2, 6), volume=np.array([100, 7, 102, 103, 104, 105]))
    catalog.write(AAPL, other.take(np.array([0, 1, 2, 4, 5])))
    catalog.write(AAPL, _day(2, 1))
    changes = _traced(catalog, 2)
    assert _counts(changes) == (1, 1, 1, 3)
    (replaced,), (removed,) = changes.replaced, changes.removed
    assert (replaced.before.text("volume"), replaced.after and replaced.after.text("volume")) == (
        "101",
        "7",
    )
    assert (removed.before.ts_open, removed.after) == (OPEN + 3 * MINUTE, None)
    assert [one.before.ts_open for one in changes.changed] == [OPEN + MINUTE, OPEN + 3 * MINUTE]
    step = replaced.step
    assert (step.seq, step.partition) == (2, "2024-01-02")
    assert step.before
    assert step.after
    assert (step.before.seq, step.before.event.revision) == (1, 1)
    assert (step.after.seq, step.after.event.revision) == (2, 2)


def test_a_removal_shows_what_went(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, _day(2))
    catalog.remove(AAPL, window("2024-01-02", "2024-01-02"))
    changes = _traced(catalog)
    assert _counts(changes) == (0, 0, 5, 0)
    assert [_values(one.before) for one in changes.removed] == [
        _values(BarAt(_day(2), row)) for row in range(5)
    ]
    catalog.write(AAPL, _day(2))
    assert _counts(_traced(catalog)) == (5, 0, 0, 0)


def test_an_import_stands_for_all_that_it_wrote(catalog: MemoryCatalog) -> None:
    for day in (2, 3, 4):
        catalog.write(AAPL, _day(day))
    catalog.write(MSFT, _day(3))
    changed = _day(4, price=9_000)
    _import(catalog, {"2024-01-05": _day(5, 2), "2024-01-04": changed, "2024-01-02": None})
    changes = _traced(catalog)
    assert _counts(changes) == (2, 5, 5, 0)
    assert [part.step.partition for part in changes.parts] == [
        "2024-01-02",
        "2024-01-04",
        "2024-01-05",
    ]
    opens = [one.before.ts_open for one in changes.changed]
    assert opens == sorted(opens)
    assert [one.step.seq for one in changes.changed] == [7] * 5 + [6] * 5
    assert _counts(_traced(catalog, 5)) == (2, 0, 0, 0)


def test_an_import_that_followed_at_once_is_another(catalog: MemoryCatalog) -> None:
    """A clock may stand still between two files of one command."""
    _import(catalog, {"2024-01-02": _day(2)})
    _import(catalog, {"2024-01-02": _day(2, 7)}, later=0)
    first, second = (one for one in catalog.ledger.replay() if isinstance(one.event, CsvImported))
    assert first.recorded_at == second.recorded_at
    assert _counts(_traced(catalog, first.seq)) == (5, 0, 0, 0)
    assert _counts(_traced(catalog, second.seq)) == (2, 0, 0, 5)


def test_more_decimals_leave_bars_unchanged(catalog: MemoryCatalog) -> None:
    catalog.write(AAPL, _day(2))
    _import(catalog, {"2024-01-03": minute_bars("2024-01-03T14:30:00", price_precision=4)})
    causes = [
        one.event.cause
        for one in catalog.ledger.replay(after=1)
        if isinstance(one.event, PartitionWritten)
    ]
    assert causes == [WriteCause.BARS, WriteCause.PRECISION]
    assert _counts(_traced(catalog)) == (5, 0, 0, 5)


def test_what_was_deleted_keeps_its_own_partition_from_being_compared(
    catalog: MemoryCatalog,
) -> None:
    for day in (2, 3):
        catalog.write(AAPL, _day(day))
    _import(catalog, {"2024-01-02": _day(2, price=9_000), "2024-01-03": _day(3, price=9_000)})
    seq = catalog.head
    old = next(catalog.ledger.replay())
    assert isinstance(old.event, PartitionWritten)
    catalog.repository.damage(old.event)
    changes = _traced(catalog, seq)
    (failed,) = changes.not_compared
    assert isinstance(failed.error, CorruptPartitionError)
    assert (failed.step.partition, failed.step.seq) == ("2024-01-02", 3)
    assert _counts(changes) == (0, 5, 0, 0)
    catalog.discard()
    changes = _traced(catalog, seq)
    errors = [type(one.error) for one in changes.not_compared]
    assert errors == [CorruptPartitionError, RevisionDiscardedError]
    assert changes.parts == ()


@pytest.mark.parametrize(
    "event",
    [
        one
        for one in histories.everything()
        if type(one).__name__ not in ("PartitionWritten", "PartitionRemoved", "CsvImported")
    ],
    ids=lambda one: type(one).__name__,
)
def test_other_events_have_no_bars(catalog: MemoryCatalog, event: Event) -> None:
    catalog.catalog.record([event])
    with pytest.raises(UsageError, match=f"Event 1 is of the type {type(event).__name__}") as told:
        _traced(catalog)
    for name in ("PartitionWritten", "PartitionRemoved", "CsvImported"):
        assert name in told.value.recovery


class _Watched(MemoryBarRepository):
    """Gives each reader bars of its own, and counts those that are still held."""

    reads = 0
    most = 0

    def __init__(self) -> None:
        super().__init__()
        self._given: list[weakref.ref[Bars]] = []

    def read(self, partition: PartitionWritten) -> Bars:
        bars = super().read(partition)
        mine = bars.take(slice(0, len(bars)))
        self.reads += 1
        self._given.append(weakref.ref(mine))
        self.most = max(self.most, sum(one() is not None for one in self._given))
        return mine


@pytest.fixture
def watched() -> _Watched:
    return _Watched()


def _long_import(repository: _Watched, count: int = 30) -> MemoryCatalog:
    catalog = MemoryCatalog(repository=repository)
    days = [_day(day + 1) for day in range(count)]
    for price in (0, 100):
        bars = [attrs.evolve(one, open=one.open + price % 7) for one in days]
        _import(catalog, {name: one for part in bars for name, one in _split(part)})
    repository.reads = repository.most = 0
    return catalog


def _split(bars: Bars) -> Sequence[tuple[str, Bars]]:
    return list(split_by_partition(bars, AAPL.bar_type))


def _opens(bars: Callable[[], Sequence[ChangedBar]]) -> list[int]:
    return [one.before.ts_open for one in bars()]


def test_what_was_read_is_not_asked_for_again(watched: _Watched) -> None:
    """So that nobody can delete it between the count and the list."""
    catalog = _long_import(watched)
    changes = _traced(catalog)
    assert watched.reads == 60
    assert len(list(changes.changed)) == len(list(changes.replaced)) == 150
    assert watched.reads == 60


def test_of_a_long_import_few_partitions_are_in_memory(
    watched: _Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.bar_changes._KEPT_BYTES", 0)
    catalog = _long_import(watched)
    changes = _traced(catalog)
    assert len(changes.replaced) == 150
    first = list(itertools.islice(changes.changed, 20))
    assert watched.reads == 60 + 8
    assert watched.most <= 3
    assert [one.before.ts_open for one in changes.changed][:20] == [
        one.before.ts_open for one in first
    ]
    assert list(changes.removed) == []
