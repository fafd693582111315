"""Damage to a partition's file, bit by bit: it is found, or it changes nothing.

A repository compares the hash that the ledger has. Where the ledger is lost, what a file says
of itself must be enough.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from adapters.parquet import files
from adapters.parquet.repository import ParquetBarRepository
from domain.bars import Bars
from domain.errors import CorruptPartitionError
from domain.events import PartitionWritten
from domain.ports import NewPartition, StoredFile
from domain.soundness import event_of
from domain.upkeep import DescribedFile
from entrypoints.cli.main import main
from tests.builders import DATA, minute_bars, new_partition

FLIPS, TRUNCATIONS = 10_000, 500
READ_FLIPS, READ_TRUNCATIONS = 200, 50


def _real_day(folder: Path) -> bytes:
    """Return the file of 390 real bars."""
    source = str(DATA / "SPY_1min_2013-10-04_2013-10-11_utc.csv")
    catalog = folder / "catalog"
    options = ["-i", "SPY.ARCA", "--timezone", "UTC", "--catalog", str(catalog)]
    assert main(["import-csv", source, *options]) == 0
    return (catalog / "SPY.ARCA" / "1_MIN" / "2013-10-07.parquet").read_bytes()


def _small(folder: Path) -> bytes:
    """Return the file of five bars."""
    return files.encode(new_partition(minute_bars(price_precision=4)))


CONTENTS: dict[str, Callable[[Path], bytes]] = {"day": _real_day, "small": _small}


@pytest.fixture(scope="module", params=CONTENTS)
def content(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return CONTENTS[request.param](tmp_path_factory.mktemp("damage"))


def _recorded(content: bytes) -> PartitionWritten:
    stored = StoredFile("a/b.parquet", files.sha256(content), len(content))
    return event_of(DescribedFile(files.describe(content), stored), stored.path)


def _flipped(content: bytes, bits: Iterator[int] | range | list[int]) -> Iterator[bytes]:
    for bit in bits:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        yield bytes(damaged)


def _some_bits(content: bytes, count: int) -> list[int]:
    """Return places spread over the whole file, the same ones in every run."""
    return random.Random(count).choices(range(8 * len(content)), k=count)


def _cut(content: bytes, count: int) -> Iterator[bytes]:
    lengths = random.Random(count).choices(range(len(content)), k=count)
    return (content[:length] for length in lengths)


def _facts(new: NewPartition) -> list[object]:
    columns = [column.tolist() for column in new.bars.columns()]
    rest = attrs.astuple(attrs.evolve(new, bars=Bars.empty()), recurse=False)
    kept = [one for one in rest if not isinstance(one, Bars)]
    return [columns, new.bars.price_precision, new.bars.size_precision, *kept]


def _changed_unseen(content: bytes, damaged: Iterator[bytes]) -> list[bytes]:
    """Return what is still believed although it says something else; nothing else may happen."""
    facts = _facts(files.describe(content))
    unseen = []
    for one in damaged:
        try:
            new = files.describe(one)
        except files.UNREADABLE:
            continue
        if _facts(new) != facts:
            unseen.append(one)
    return unseen


def test_the_hash_in_the_ledger_finds_every_flipped_bit_and_every_cut(content: bytes) -> None:
    recorded = _recorded(content)
    assert files.damage(content, recorded) is None
    for damaged in _flipped(content, _some_bits(content, FLIPS)):
        assert files.damage(damaged, recorded)
    for damaged in _cut(content, TRUNCATIONS):
        assert "truncated" in str(files.damage(damaged, recorded))


def test_no_damaged_file_is_read_from_a_catalog(content: bytes, tmp_path: Path) -> None:
    """What a backtest reads comes through the repository, from a real file."""
    repository, recorded = ParquetBarRepository(tmp_path), _recorded(content)
    path = tmp_path / recorded.path
    path.parent.mkdir()
    path.write_bytes(content)
    assert len(repository.read(recorded)) == recorded.bars
    flipped = _flipped(content, _some_bits(content, READ_FLIPS))
    for damaged in (*flipped, *_cut(content, READ_TRUNCATIONS)):
        path.write_bytes(damaged)
        with pytest.raises(CorruptPartitionError):
            repository.read(recorded)


def test_a_flipped_bit_is_found_without_a_ledger_or_changes_nothing(content: bytes) -> None:
    bits = _some_bits(content, FLIPS)
    assert _changed_unseen(content, _flipped(content, bits)) == []


def test_a_file_that_was_cut_is_found_without_a_ledger(content: bytes) -> None:
    for damaged in _cut(content, TRUNCATIONS):
        with pytest.raises(files.UNREADABLE):
            files.describe(damaged)


@pytest.mark.soak
def test_every_single_bit_is_found_without_a_ledger_or_changes_nothing(content: bytes) -> None:
    everywhere = range(8 * len(content))
    assert _changed_unseen(content, _flipped(content, everywhere)) == []


def test_a_footer_that_was_changed_by_hand_is_not_believed() -> None:
    content = files.encode(new_partition())
    changed = content.replace(b'"source": "csv"', b'"source": "xyz"')
    assert changed != content
    with pytest.raises(files.UNREADABLE, match="footer"):
        files.describe(changed)


def test_the_test_can_fail() -> None:
    """Without the footer's own hash some flips would go unseen: they are what is looked for."""
    content = files.encode(new_partition())
    unprotected = content.replace(files.FOOTER_HASH_KEY, b"barledger.sha25X").replace(
        b'"format": 2', b'"format": 1'
    )
    assert files.describe(unprotected).source == "csv"
    place = unprotected.index(b'"source": "csv"') + len(b'"source": "')
    (damaged,) = _flipped(unprotected, [8 * place])
    assert _changed_unseen(unprotected, iter([damaged])) == [damaged]
