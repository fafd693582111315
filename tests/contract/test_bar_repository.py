"""What every `BarRepository` does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from adapters.memory.bar_repository import MemoryBarRepository
from adapters.parquet.repository import ParquetBarRepository
from domain.availability import SeriesHoldings
from domain.bars import Bars
from domain.errors import CatalogBusyError, CorruptPartitionError
from domain.events import PartitionWritten
from domain.ports import BarRepository, NewPartition
from tests.builders import AAPL, MSFT, minute_bars, new_partition, written

ADAPTERS: dict[str, Callable[[Path], BarRepository]] = {
    "parquet": ParquetBarRepository,
    "memory": lambda _: MemoryBarRepository(),
}


@pytest.fixture(params=ADAPTERS)
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> BarRepository:
    return ADAPTERS[request.param](tmp_path / "catalog")


def _write(repository: BarRepository, new: NewPartition) -> PartitionWritten:
    with repository.lock(new.series):
        return written(new, repository.write([new])[0])


def _exactly(bars: Bars) -> list[object]:
    columns = [column.tolist() for column in bars.columns()]
    return [columns, bars.price_precision, bars.size_precision]


def test_what_was_written_is_read_back_to_the_bit(repository: BarRepository) -> None:
    bars = minute_bars(price_precision=4, size_precision=3)
    assert _exactly(repository.read(_write(repository, new_partition(bars)))) == _exactly(bars)


def test_a_new_revision_leaves_the_old_one_readable(repository: BarRepository) -> None:
    old = _write(repository, new_partition(minute_bars(count=3)))
    new = _write(repository, new_partition(minute_bars(count=7), revision=2))
    assert old.path != new.path
    for _ in range(3):
        assert len(repository.read(old)) == 3
        assert len(repository.read(new)) == 7
        repository.tidy(_holdings(new))


def test_a_committed_revision_is_never_written_again(repository: BarRepository) -> None:
    event = _write(repository, new_partition(minute_bars(count=3)))
    with pytest.raises(CatalogBusyError):
        _write(repository, new_partition(minute_bars(count=7)))
    assert len(repository.read(event)) == 3


def _holdings(*current: PartitionWritten) -> SeriesHoldings:
    partitions = {one.partition: one for one in current}
    revisions = {one.partition: one.revision for one in current}
    return SeriesHoldings(current[0].series, partitions, revisions)


def test_a_batch_is_stored_in_order_under_names_of_its_own(repository: BarRepository) -> None:
    news = [
        new_partition(minute_bars(f"2024-01-0{day}T14:30:00", day), partition=f"2024-01-0{day}")
        for day in (1, 2, 3)
    ]
    stored = repository.write(iter(news))
    assert len({one.path for one in stored}) == 3
    read = [repository.read(written(*pair)) for pair in zip(news, stored, strict=True)]
    assert [len(bars) for bars in read] == [1, 2, 3]
    assert repository.write([]) == ()


def test_what_was_put_into_quarantine_cannot_be_read(repository: BarRepository) -> None:
    event = _write(repository, new_partition())
    repository.quarantine(event)
    repository.quarantine(event)
    with pytest.raises(CorruptPartitionError):
        repository.read(event)


def test_series_do_not_mix(repository: BarRepository) -> None:
    apple = _write(repository, new_partition(minute_bars(count=3)))
    microsoft = _write(repository, new_partition(minute_bars(count=4), series=MSFT))
    assert len(repository.read(apple)) == 3
    assert len(repository.read(microsoft)) == 4


def test_content_other_than_what_was_recorded_is_damage(repository: BarRepository) -> None:
    event = _write(repository, new_partition())
    with pytest.raises(CorruptPartitionError, match=r"2024-01-02") as caught:
        repository.read(attrs.evolve(event, sha256="0" * 64))
    assert "again" in caught.value.recovery


def test_a_file_that_is_not_there_is_damage(repository: BarRepository) -> None:
    with pytest.raises(CorruptPartitionError):
        repository.read(written(new_partition()))


def test_one_writer_of_a_series_waits_for_the_other(repository: BarRepository) -> None:
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with repository.lock(AAPL):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with repository.lock(AAPL):
        inside.set()
        thread.join(timeout=0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_writers_of_different_series_do_not_wait(repository: BarRepository) -> None:
    with repository.lock(AAPL), repository.lock(MSFT):
        assert repository.write([new_partition()])[0].size > 0


def test_the_lock_is_free_again_after_a_failure(repository: BarRepository) -> None:
    with pytest.raises(RuntimeError, match="boom"), repository.lock(AAPL):
        raise RuntimeError("boom")
    with repository.lock(AAPL):
        pass


def test_one_fetches_a_series_and_others_write_it_meanwhile(repository: BarRepository) -> None:
    had: list[bool] = []

    def second() -> None:
        with repository.fetching(AAPL, 0.05) as free, repository.fetching(MSFT) as other:
            had.extend([free, other])

    with repository.fetching(AAPL) as mine:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=10)
        with repository.lock(AAPL):
            assert repository.write([new_partition()])[0].size > 0
    assert (mine, had) == (True, [False, True])


def test_the_right_to_fetch_can_be_had_once_its_holder_has_let_go(
    repository: BarRepository,
) -> None:
    had = threading.Event()
    result: list[bool] = []

    def second() -> None:
        had.wait(10)
        with repository.fetching(AAPL, 10) as free:
            result.append(free)

    thread = threading.Thread(target=second)
    thread.start()
    with contextlib.ExitStack() as held:
        assert held.enter_context(repository.fetching(AAPL))
        had.set()
        thread.join(timeout=0.2)
        assert result == []
    thread.join(timeout=10)
    assert result == [True]


def test_the_right_to_fetch_is_free_again_after_a_failure(repository: BarRepository) -> None:
    with pytest.raises(RuntimeError, match="boom"), repository.fetching(AAPL):
        raise RuntimeError("boom")
    with repository.fetching(AAPL) as free:
        assert free
