"""What every `RevisionHistory` does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.memory.revision_history import MemoryRevisionHistory
from adapters.parquet.history import ParquetRevisionHistory
from adapters.parquet.repository import ParquetBarRepository
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import BackupError, CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.ports import BarRepository
from domain.upkeep import RevisionHistory
from tests.builders import AAPL, minute_bars, new_partition, written


@attrs.frozen
class Place:
    """A repository, its history, and how a copy of it is read."""

    repository: BarRepository
    history: RevisionHistory
    impatient: RevisionHistory
    read_copy: Callable[[Path, PartitionWritten], Bars]

    def written(self, count: int, revision: int) -> PartitionWritten:
        new = new_partition(minute_bars(count=count), revision=revision)
        return written(new, self.repository.write([new])[0])

    def tidied(self, current: PartitionWritten) -> None:
        held = {current.partition: current}
        revisions = {current.partition: current.revision}
        self.repository.tidy(SeriesHoldings(AAPL, held, revisions))


def _parquet(folder: Path) -> Place:
    root = folder / "catalog"
    root.mkdir()
    return Place(
        ParquetBarRepository(root),
        ParquetRevisionHistory(root),
        ParquetRevisionHistory(root, lock_seconds=0.05),
        lambda copy, event: ParquetBarRepository(copy).read(event),
    )


def _memory(folder: Path) -> Place:
    del folder
    repository = MemoryBarRepository()
    history = MemoryRevisionHistory(repository, lock_seconds=0.05)
    return Place(
        repository, history, history, lambda copy, event: history.copies[copy].bars[event.path]
    )


@pytest.fixture(params=[_parquet, _memory], ids=["parquet", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    made: Place = request.param(tmp_path)
    return made


def test_a_discarded_revision_is_gone_and_its_bytes_are_free(place: Place) -> None:
    old, new = place.written(3, 1), place.written(7, 2)
    place.tidied(new)
    assert place.history.discard([old]) == old.size
    with pytest.raises(CorruptPartitionError):
        place.repository.read(old)
    assert len(place.repository.read(new)) == 7


def test_to_discard_what_is_gone_already_is_no_error(place: Place) -> None:
    old, new = place.written(3, 1), place.written(7, 2)
    place.tidied(new)
    assert place.history.discard([old]) > 0
    assert place.history.discard([old]) == 0
    assert place.history.discard([]) == 0


def test_a_current_revision_is_never_discarded(place: Place) -> None:
    current = place.written(3, 1)
    place.tidied(current)
    assert place.history.discard([current]) == 0
    assert len(place.repository.read(current)) == 3


def test_content_other_than_what_was_recorded_is_never_discarded(place: Place) -> None:
    old, new = place.written(3, 1), place.written(7, 2)
    place.tidied(new)
    assert place.history.discard([attrs.evolve(old, sha256="0" * 64)]) == 0


def test_only_one_deletes_or_copies_at_a_time(place: Place) -> None:
    failed = []

    def another() -> None:
        try:
            with place.impatient.exclusively():
                pass
        except CatalogBusyError as error:
            failed.append(error)

    with place.history.exclusively():
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
    assert len(failed) == 1
    with place.impatient.exclusively():
        pass


def test_a_copy_holds_current_and_superseded_revisions_to_the_bit(
    place: Place, tmp_path: Path
) -> None:
    old, new = place.written(3, 1), place.written(7, 2)
    place.tidied(new)
    with place.history.copying(tmp_path / "copy") as copy:
        copy.add(new, current=True)
        copy.add(old, current=False)
    for event in (old, new):
        copied = place.read_copy(tmp_path / "copy", event)
        assert copied.same_values(place.repository.read(event))


def test_what_a_writer_has_not_moved_to_the_history_yet_is_copied(
    place: Place, tmp_path: Path
) -> None:
    old, _ = place.written(3, 1), place.written(7, 2)
    with place.history.copying(tmp_path / "copy") as copy:
        copy.add(old, current=False)
    assert len(place.read_copy(tmp_path / "copy", old)) == 3


def test_a_damaged_revision_is_not_copied_and_the_others_are(place: Place, tmp_path: Path) -> None:
    event = place.written(3, 1)
    with place.history.copying(tmp_path / "copy") as copy:
        with pytest.raises(CorruptPartitionError):
            copy.add(attrs.evolve(event, sha256="0" * 64), current=True)
        copy.add(event, current=True)
    assert len(place.read_copy(tmp_path / "copy", event)) == 3


def test_nothing_is_left_of_a_copy_that_failed(place: Place, tmp_path: Path) -> None:
    event = place.written(3, 1)

    def fail_half_way() -> None:
        with place.history.copying(tmp_path / "a" / "copy") as copy:
            copy.add(event, current=True)
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert not (tmp_path / "a").exists()
    with place.history.copying(tmp_path / "a" / "copy") as copy:
        copy.add(event, current=True)


def test_a_copy_never_goes_where_another_lies(place: Place, tmp_path: Path) -> None:
    event = place.written(3, 1)
    with place.history.copying(tmp_path / "copy") as copy:
        copy.add(event, current=True)
    with (
        pytest.raises(BackupError, match="not empty"),
        place.history.copying(tmp_path / "copy") as copy,
    ):
        copy.add(event, current=True)
