"""What every `CatalogFiles` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.memory.catalog_files import MemoryCatalogFiles
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.parquet.repository import ParquetBarRepository
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogBusyError, CorruptPartitionError, UnreadablePartitionError
from domain.events import PartitionWritten
from domain.ports import BarRepository, NewPartition
from domain.soundness import event_of
from domain.upkeep import CatalogFiles, FilePlace
from tests.builders import AAPL, MSFT, minute_bars, new_partition


@attrs.frozen
class Shelf:
    """A repository, and what looks at its files."""

    repository: BarRepository
    files: CatalogFiles

    def write(self, new: NewPartition) -> PartitionWritten:
        """Write a revision, and return the event that records it."""
        (stored,) = self.repository.write([new])
        return event_of(self.files.describe(stored.path), stored.path)

    def tidy(self, *current: PartitionWritten) -> None:
        """Let the repository know which revisions are current."""
        partitions = {one.partition: one for one in current}
        revisions = {one.partition: one.revision for one in current}
        self.repository.tidy(SeriesHoldings(current[0].series, partitions, revisions))

    def places(self) -> list[tuple[FilePlace, int | None]]:
        """Return where files lie, and which revision each is by its name."""
        return sorted(
            ((one.place, one.revision) for one in self.files.find()), key=lambda one: one[0].value
        )


def _parquet(folder: Path) -> Shelf:
    return Shelf(ParquetBarRepository(folder), ParquetCatalogFiles(folder))


def _memory(folder: Path) -> Shelf:
    repository = MemoryBarRepository()
    return Shelf(repository, MemoryCatalogFiles(repository))


ADAPTERS: dict[str, Callable[[Path], Shelf]] = {"parquet": _parquet, "memory": _memory}


@pytest.fixture(params=ADAPTERS)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return ADAPTERS[request.param](tmp_path / "catalog")


def _exactly(bars: Bars) -> list[object]:
    columns = [column.tolist() for column in bars.columns()]
    return [columns, bars.price_precision, bars.size_precision]


def test_where_nothing_is_nothing_is_found(shelf: Shelf) -> None:
    assert list(shelf.files.find()) == []
    assert not shelf.files.any_partition()


def test_a_file_is_found_with_what_its_path_names(shelf: Shelf) -> None:
    first = shelf.write(new_partition())
    second = shelf.write(new_partition(revision=2, series=MSFT))
    assert [one.path for one in shelf.files.find()] == [first.path, second.path]
    found = {one.path: one for one in shelf.files.find()}
    assert found[first.path].size == first.size
    assert found[first.path].place is FilePlace.CURRENT
    for event in (first, second):
        one = found[event.path]
        assert (one.series, one.partition, one.revision) == (
            event.series,
            event.partition,
            event.revision,
        )
        assert shelf.files.place_of(event.series, event.partition, event.revision) == event.path
    assert shelf.files.any_partition()


def test_superseded_and_unknown_revisions_are_found_where_they_went(shelf: Shelf) -> None:
    shelf.write(new_partition())
    current = shelf.write(new_partition(revision=2))
    shelf.write(new_partition(revision=3))
    shelf.tidy(current)
    assert shelf.places() == [
        (FilePlace.CURRENT, 2),
        (FilePlace.HISTORY, 1),
        (FilePlace.ORPHANS, 3),
    ]


def test_a_catalog_of_superseded_revisions_alone_has_partitions(shelf: Shelf) -> None:
    event = shelf.write(new_partition())
    shelf.repository.tidy(SeriesHoldings(AAPL, {}, {event.partition: 1}))
    assert shelf.places() == [(FilePlace.HISTORY, 1)]
    assert shelf.files.any_partition()


def test_files_that_nobody_recorded_do_not_make_a_catalog(shelf: Shelf) -> None:
    shelf.write(new_partition())
    shelf.repository.tidy(SeriesHoldings(AAPL))
    assert shelf.places() == [(FilePlace.ORPHANS, 1)]
    assert not shelf.files.any_partition()


def test_a_file_says_of_itself_what_was_written(shelf: Shelf) -> None:
    new = new_partition(minute_bars(price_precision=4, size_precision=3), revision=7)
    (stored,) = shelf.repository.write([new])
    found = shelf.files.describe(stored.path)
    assert found.stored == stored
    assert _exactly(found.new.bars) == _exactly(new.bars)
    for name in ("series", "partition", "revision", "coverage", "basis", "source", "detail"):
        assert getattr(found.new, name) == getattr(new, name)
    assert shelf.files.digest(stored.path) == stored.sha256


def test_a_recorded_file_is_examined_wherever_it_lies(shelf: Shelf) -> None:
    old = shelf.write(new_partition(minute_bars(count=3)))
    new = shelf.write(new_partition(minute_bars(count=4), revision=2))
    for _ in range(2):
        assert len(shelf.files.examine(old).new.bars) == 3
        assert len(shelf.files.examine(new).new.bars) == 4
        shelf.tidy(new)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"bars": 4}, "number of bars", id="count"),
        pytest.param({"price_precision": 3}, "price precision", id="price-precision"),
        pytest.param({"size_precision": 3}, "size precision", id="size-precision"),
        pytest.param({"first_open": 1}, "first bar", id="first-bar"),
        pytest.param({"last_close": 1}, "last bar", id="last-bar"),
        pytest.param({"size": 1}, "size in bytes", id="size"),
        pytest.param({"series": MSFT}, "AAPL", id="series"),
        pytest.param({"partition": "2024-01-03"}, "2024-01-02", id="partition"),
        pytest.param({"revision": 2}, "revision 1", id="revision"),
    ],
)
def test_a_file_that_is_other_than_recorded_is_damage(
    shelf: Shelf, change: dict[str, object], problem: str
) -> None:
    event = shelf.write(new_partition())
    recorded = attrs.evolve(event, **change)  # type: ignore[arg-type]
    with pytest.raises(CorruptPartitionError, match=problem) as caught:
        shelf.files.examine(recorded)
    assert caught.value.partition == recorded


def test_a_changed_and_a_missing_file_are_damage(shelf: Shelf) -> None:
    event = shelf.write(new_partition())
    with pytest.raises(CorruptPartitionError, match="not what was written"):
        shelf.files.examine(attrs.evolve(event, sha256="0" * 64))
    shelf.repository.quarantine(event)
    with pytest.raises(CorruptPartitionError, match="missing"):
        shelf.files.examine(event)
    assert shelf.places() == [(FilePlace.QUARANTINE, 1)]


def _out_of_order(bars: Bars) -> Bars:
    return bars.take(slice(None, None, -1))


def _repeated(bars: Bars) -> Bars:
    return Bars.concat([bars.take(slice(0, 2)), bars.take(slice(1, 3))])


def _closing_early(bars: Bars) -> Bars:
    return attrs.evolve(bars, ts_event=bars.ts_open)


def _high_below_low(bars: Bars) -> Bars:
    return attrs.evolve(bars, high=bars.low, low=bars.high)


def _too_large(bars: Bars) -> Bars:
    return attrs.evolve(bars, volume=bars.volume + 10**18)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_out_of_order, "order"),
        (_repeated, "twice"),
        (_closing_early, "closes before"),
        (_high_below_low, "high"),
        (_too_large, "digits"),
        (lambda bars: bars.take(slice(0, 0)), "no bars"),
        (lambda bars: minute_bars("2024-01-03T14:30:00"), "outside 2024-01-02"),
        (lambda bars: minute_bars("2024-01-02T23:58:00"), "outside 2024-01-02"),
    ],
)
def test_a_file_whose_bars_cannot_be_true_is_not_believed(
    shelf: Shelf, change: Callable[[Bars], Bars], problem: str
) -> None:
    (stored,) = shelf.repository.write(
        [attrs.evolve(new_partition(), bars=change(minute_bars(count=3)))]
    )
    with pytest.raises(UnreadablePartitionError, match=problem):
        shelf.files.describe(stored.path)


def test_what_is_not_there_cannot_be_described(shelf: Shelf) -> None:
    with pytest.raises(UnreadablePartitionError):
        shelf.files.describe("AAPL.NASDAQ/1_MIN/2024-01-02.parquet")
    with pytest.raises(UnreadablePartitionError):
        shelf.files.digest("AAPL.NASDAQ/1_MIN/2024-01-02.parquet")


def test_a_file_that_was_set_aside_can_be_put_back(shelf: Shelf) -> None:
    event = shelf.write(new_partition())
    for place in (FilePlace.ORPHANS, FilePlace.QUARANTINE):
        aside = shelf.files.set_aside(event.path, place)
        assert shelf.places() == [(place, 1)]
        assert shelf.files.digest(aside) == event.sha256
        shelf.files.put_back(aside, event.path)
        assert shelf.files.examine(event).stored.sha256 == event.sha256
        assert shelf.places() == [(FilePlace.CURRENT, 1)]


def test_a_file_is_never_put_in_the_place_of_another(shelf: Shelf) -> None:
    first = shelf.write(new_partition(minute_bars(count=3)))
    aside = shelf.files.set_aside(first.path, FilePlace.ORPHANS)
    second = shelf.write(new_partition(minute_bars(count=4)))
    with pytest.raises(CatalogBusyError):
        shelf.files.put_back(aside, second.path)
    assert len(shelf.files.describe(aside).new.bars) == 3
    assert len(shelf.files.examine(second).new.bars) == 4


def test_sizes_are_told_by_revision_and_by_place(shelf: Shelf) -> None:
    assert shelf.files.sizes(AAPL, FilePlace.CURRENT) == {}
    first = shelf.write(new_partition())
    current = shelf.write(new_partition(minute_bars(count=9), revision=2))
    shelf.write(new_partition(series=MSFT))
    shelf.tidy(current)
    day = "2024-01-02"
    assert shelf.files.sizes(AAPL, FilePlace.CURRENT) == {(day, 2): current.size}
    assert shelf.files.sizes(AAPL, FilePlace.HISTORY) == {(day, 1): first.size}
    assert shelf.files.sizes(MSFT, FilePlace.HISTORY) == {}
