"""Files that anybody may have put into the catalog's folder: none is believed, none does harm."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.parquet import files
from adapters.parquet.inspection import ParquetCatalogFiles
from adapters.parquet.repository import ParquetBarRepository
from domain.errors import CorruptPartitionError, UnreadablePartitionError
from domain.ports import StoredFile
from domain.soundness import event_of
from domain.upkeep import DescribedFile, FilePlace
from tests.builders import AAPL, minute_bars, new_partition

NAME = "AAPL.NASDAQ/1_MIN/2024-01-02.parquet"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where a partition would lie in the catalog `tmp_path / "catalog"`."""
    path = tmp_path / "catalog" / NAME
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def catalog_files(tmp_path: Path) -> ParquetCatalogFiles:
    return ParquetCatalogFiles(tmp_path / "catalog")


def _refused(catalog_files: ParquetCatalogFiles) -> str:
    with pytest.raises(UnreadablePartitionError) as caught:
        catalog_files.describe(NAME)
    assert NAME in caught.value.message
    return caught.value.message


def _file(metadata: dict[bytes, Any], content: bytes | None = None) -> bytes:
    """Return a partition's columns with other words about them."""
    table = pq.read_table(pa.BufferReader(content or files.encode(new_partition())))
    table = table.replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    options = {"store_decimal_as_integer": True, "store_schema": False}
    with pq.ParquetWriter(sink, table.schema, **options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return bytes(sink.getvalue())


def _footer(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        pq.read_metadata(pa.BufferReader(content)).metadata[files.FOOTER_KEY]
    )
    return found


def _with_footer(change: Callable[[dict[str, Any]], object], *, honest: bool = True) -> bytes:
    """Return a partition's file whose footer says something else, hashed as ours are."""
    footer = _footer(files.encode(new_partition()))
    changed = change(footer)
    text = json.dumps(footer if changed is None else changed).encode()
    digest = files.sha256(text if honest else b"")
    return _file({files.FOOTER_KEY: text, files.FOOTER_HASH_KEY: digest})


def test_a_rewritten_footer_is_read_if_it_makes_sense(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    place.write_bytes(_with_footer(lambda footer: None))
    assert catalog_files.describe(NAME).new.series == AAPL


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PAR1", id="magic"),
        pytest.param(b"PAR1PAR1PAR1", id="no-footer"),
        pytest.param(b"timestamp,open\n1,2\n" * 100, id="csv"),
        pytest.param(bytes(range(256)) * 64, id="noise"),
        pytest.param(b"PAR1" + b"\xff" * 4 + b"PAR1", id="footer-longer-than-the-file"),
    ],
)
def test_what_is_no_parquet_file_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles, content: bytes
) -> None:
    place.write_bytes(content)
    _refused(catalog_files)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"open": [1.5]}),
        pd.DataFrame({name: ["x" * 100] for name in ("ts_open", "ts_event", "open", "high")}),
        pd.DataFrame({name: [] for name in ("ts_open", "ts_event", "open", "high", "low")}),
    ],
)
def test_a_parquet_file_of_someone_else_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles, frame: pd.DataFrame
) -> None:
    frame.to_parquet(place)
    assert "columns" in _refused(catalog_files)


def test_a_file_with_our_columns_and_no_footer_of_ours_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    place.write_bytes(_file({b"someone": b"else"}))
    assert "barledger" in _refused(catalog_files)


def _set(**values: object) -> Callable[[dict[str, Any]], None]:
    return lambda footer: footer.update(values)


@pytest.mark.parametrize(
    "change",
    [
        _set(instrument_id="../../etc.passwd"),
        _set(instrument_id="AAPL"),
        _set(instrument_id=None),
        _set(bar_type="7_MIN"),
        _set(partition="2024-01-03"),
        _set(partition="2024"),
        _set(partition="../2024-01-02"),
        _set(revision=0),
        _set(revision=-1),
        _set(revision=True),
        _set(revision=1.5),
        _set(revision=10**30),
        _set(revision="1"),
        _set(format=3),
        _set(format="2"),
        _set(bars=4),
        _set(price_precision=3),
        _set(size_precision=9),
        _set(basis="hearsay"),
        _set(source=["csv"]),
        _set(detail="\ud800"),
        _set(detail="x" * 100_000),
        _set(coverage=[[1, 2, 3]]),
        _set(coverage=[[2, 1]]),
        _set(coverage=[[0, 2**62]]),
        _set(coverage=[["a", "b"]]),
        _set(coverage=5),
        _set(coverage=None),
        _set(values_sha256="0" * 64),
        lambda footer: footer.pop("coverage") and None,
        lambda footer: footer.pop("instrument_id") and None,
        lambda footer: footer.pop("values_sha256") and None,
        lambda footer: [footer],
        lambda footer: "footer",
        lambda footer: 5,
        lambda footer: {},
    ],
)
def test_a_footer_that_says_what_cannot_be_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles, change: Callable[[dict[str, Any]], object]
) -> None:
    place.write_bytes(_with_footer(change))
    _refused(catalog_files)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{", b"", b"\xff\xfe", b"1" * 10_000])
def test_a_footer_that_is_no_json_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles, text: bytes
) -> None:
    place.write_bytes(_file({files.FOOTER_KEY: text, files.FOOTER_HASH_KEY: files.sha256(text)}))
    _refused(catalog_files)


def test_a_footer_that_does_not_match_its_own_hash_is_refused(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    place.write_bytes(_with_footer(_set(source="elsewhere"), honest=False))
    assert "footer is not what was written" in _refused(catalog_files)


def _first_format(content: bytes) -> bytes:
    """Return a file as the first version wrote it, whose footer had no hash and no count."""
    footer = _footer(content)
    del footer["bars"]
    return _file({files.FOOTER_KEY: json.dumps({**footer, "format": 1})}, content)


def test_files_of_the_first_format_are_read_still(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    new = new_partition(minute_bars(price_precision=4))
    place.write_bytes(_first_format(files.encode(new)))
    found = catalog_files.describe(NAME).new
    assert found.bars.same_values(new.bars)
    assert (found.series, found.coverage, found.source) == (new.series, new.coverage, new.source)


def test_a_file_of_more_rows_than_a_day_has_seconds_is_refused_unread(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    zeros = np.zeros(3_000_000, np.int64)
    kinds = [pa.timestamp("ns", tz="UTC")] * 2 + [pa.decimal128(18, 2)] * 5
    names = ["ts_open", "ts_event", "open", "high", "low", "close", "volume"]
    columns = [pa.array(zeros).cast(pa.int64()).view(kinds[0])] * 2
    columns += [pa.array(zeros % 10).cast(pa.decimal128(20, 0)).cast(kinds[2])] * 5
    pq.write_table(pa.table(columns, names=names), place, compression="zstd", store_schema=False)
    assert place.stat().st_size < 1_000_000
    assert "more rows" in _refused(catalog_files)


def test_a_file_that_is_larger_than_any_partition_is_refused_unread(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    with place.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    assert "larger" in _refused(catalog_files)


def test_a_link_is_no_partition_wherever_it_leads(
    place: Path, catalog_files: ParquetCatalogFiles, tmp_path: Path
) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(files.encode(new_partition()))
    place.symlink_to(outside)
    assert "link" in _refused(catalog_files)
    with pytest.raises(UnreadablePartitionError):
        catalog_files.digest(NAME)
    place.unlink()
    place.symlink_to(place)
    assert "link" in _refused(catalog_files)


def test_a_recorded_partition_may_lie_behind_a_link(
    place: Path, catalog_files: ParquetCatalogFiles, tmp_path: Path
) -> None:
    """The hash says that the bytes are right; where the user keeps them is the user's affair."""
    repository = ParquetBarRepository(tmp_path / "catalog")
    (stored,) = repository.write([new_partition()])
    event = event_of(catalog_files.describe(stored.path), stored.path)
    elsewhere = tmp_path / "other-disk"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    assert len(repository.read(event)) == len(catalog_files.examine(event).new.bars) == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_nobody_waits_for_a_pipe(place: Path, catalog_files: ParquetCatalogFiles) -> None:
    os.mkfifo(place)
    assert "regular file" in _refused(catalog_files)
    event = event_of(_described(), NAME)
    for read in (catalog_files.examine, ParquetBarRepository(place.parents[2]).read):
        with pytest.raises(CorruptPartitionError, match="regular file"):
            read(event)
    assert [one.path for one in catalog_files.find()] == [NAME]


def _described() -> DescribedFile:
    content = files.encode(new_partition())
    digest = hashlib.sha256(content).hexdigest()
    return DescribedFile(files.describe(content), StoredFile(NAME, digest, len(content)))


def test_a_folder_is_no_partition(place: Path, catalog_files: ParquetCatalogFiles) -> None:
    (place / "part-0.parquet").mkdir(parents=True)
    assert "folder" in _refused(catalog_files)
    found = {one.path: one.place for one in catalog_files.find()}
    assert found == {NAME: FilePlace.CURRENT, f"{NAME}/part-0.parquet": FilePlace.ELSEWHERE}
    with pytest.raises(CorruptPartitionError, match="folder"):
        catalog_files.examine(event_of(_described(), NAME))


def test_folders_that_lead_round_in_a_circle_end(
    place: Path, catalog_files: ParquetCatalogFiles
) -> None:
    place.write_bytes(files.encode(new_partition()))
    (place.parent / "again").symlink_to(place.parents[2])
    found = [one.path for one in catalog_files.find()]
    assert found == [NAME]


def test_a_series_may_lie_on_another_disk(
    place: Path, catalog_files: ParquetCatalogFiles, tmp_path: Path
) -> None:
    place.write_bytes(files.encode(new_partition()))
    elsewhere = tmp_path / "other-disk"
    place.parents[1].rename(elsewhere)
    place.parents[1].symlink_to(elsewhere)
    assert [one.path for one in catalog_files.find()] == [NAME]
    assert len(catalog_files.describe(NAME).new.bars) == 5


@pytest.mark.parametrize(
    ("path", "place", "named"),
    [
        ("AAPL.NASDAQ/1_MIN/2024-01-02.parquet", FilePlace.CURRENT, ("2024-01-02", 1)),
        ("AAPL.NASDAQ/1_MIN/2024-01-02.12.parquet", FilePlace.CURRENT, ("2024-01-02", 12)),
        ("AAPL.NASDAQ/1_MIN/.history/2024-01-02.parquet", FilePlace.HISTORY, ("2024-01-02", 1)),
        (f"AAPL.NASDAQ/1_MIN/.orphans/2024-01-02.{'1' * 32}.parquet", FilePlace.ORPHANS, None),
        (f".quarantine/AAPL.NASDAQ/1_MIN/2024-01-02.3.{'a' * 32}.parquet", FilePlace.QUARANTINE, 3),
        ("AAPL.NASDAQ/1_MIN/2024-01-02.1.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_MIN/2024-01-02.02.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_MIN/2024-01-32.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_MIN/2024.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_DAY/2024.parquet", FilePlace.CURRENT, ("2024", 1)),
        ("AAPL.NASDAQ/1_DAY/2024-01-02.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_MIN/copy.parquet", FilePlace.ELSEWHERE, ()),
        ("AAPL.NASDAQ/1_MIN/.0123.tmp", FilePlace.TEMPORARY, ()),
        ("AAPL.NASDAQ/1_min/2024-01-02.parquet", FilePlace.ELSEWHERE, None),
        ("aapl/1_MIN/2024-01-02.parquet", FilePlace.ELSEWHERE, None),
        ("2024-01-02.parquet", FilePlace.ELSEWHERE, None),
        ("a/b/AAPL.NASDAQ/1_MIN/2024-01-02.parquet", FilePlace.ELSEWHERE, None),
    ],
)
def test_a_path_tells_what_a_file_would_be(
    tmp_path: Path, path: str, place: FilePlace, named: Any
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    (found,) = ParquetCatalogFiles(tmp_path).find()
    assert (found.path, found.place) == (path, place)
    if isinstance(named, tuple):
        assert found.series is not None
        assert (found.partition, found.revision) == (named or (None, None))
    elif named:
        assert found.revision == named


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(st.data())
def test_whatever_the_bytes_are_the_answer_is_the_same_error(
    place: Path, catalog_files: ParquetCatalogFiles, data: st.DataObject
) -> None:
    whole = files.encode(new_partition())
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    place.write_bytes(whole[:start] + data.draw(st.binary(max_size=40)) + whole[end:])
    with contextlib.suppress(UnreadablePartitionError):
        assert catalog_files.describe(NAME).new.bars.same_values(new_partition().bars)
