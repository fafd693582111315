"""Compressed files, whole and damaged."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from adapters.csv.reader import CsvBarFileReader
from adapters.memory.progress import MemoryProgress
from adapters.memory.row_problem_log import MemoryRowProblemLog
from domain.bar_files import BarFile, FileLayout
from domain.errors import UnreadableFileError
from tests.integration.csv.reading import HEADER, ROW, read, read_file, refused

Compress = Callable[[bytes], bytes]


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def skippable_then_zstd(content: bytes) -> bytes:
    """As pzstd writes it: a frame that tells the size of the next comes first."""
    return b"\x50\x2a\x4d\x18\x04\x00\x00\x00size" + zstd(content)


TEXT = "\n".join([HEADER, *(f"{ROW}{n}" for n in range(3_000)), f"x{ROW}", ""]).encode()
MIDDLE = TEXT.index(b"Z,1", len(TEXT) // 2)


@pytest.fixture(params=[gzip.compress, zstd, skippable_then_zstd])
def compress(request: pytest.FixtureRequest) -> Compress:
    return request.param


@pytest.fixture(params=["bars.csv", "bars.csv.gz", "bars.csv.zst", "bars"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / request.param


def assert_whole(path: Path, content: bytes) -> None:
    for size in (1_000, 2**22):
        rows = read(path, content, reader=CsvBarFileReader(MemoryRowProblemLog, block_size=size))
        assert rows.lines.tolist() == list(range(2, 3_002))
        assert [p.line for p in rows.problems] == [3_002]
        assert rows.sha256 == hashlib.sha256(content).hexdigest()


def test_what_it_is_told_by_content_and_not_by_name(path: Path, compress: Compress) -> None:
    assert_whole(path, compress(TEXT))
    assert_whole(path, TEXT)


def test_several_members_are_one_file(tmp_path: Path, compress: Compress) -> None:
    """The second begins in the middle of a row."""
    content = compress(TEXT[:MIDDLE]) + compress(b"") + compress(TEXT[MIDDLE:])
    assert_whole(tmp_path / "bars.csv", content)


def test_a_byte_order_mark_may_be_compressed(tmp_path: Path, compress: Compress) -> None:
    assert_whole(tmp_path / "bars.csv", compress(b"\xef\xbb\xbf" + TEXT))
    assert_whole(tmp_path / "bars.csv", compress(TEXT.decode().encode("utf-16")))


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
@pytest.mark.parametrize("members", [1, 2])
def test_a_file_that_is_cut_short_anywhere_is_refused(
    tmp_path: Path, compress: Compress, members: int
) -> None:
    """A file that ends where a row ends must not be taken for the whole."""
    small = compress(f"{HEADER}\n{ROW}\n{ROW}\n".encode())
    content = small * members
    for length in range(len(small) * (members - 1) + 1, len(content)):
        # A magic number that is not whole, alone, is no compressed file but no text either.
        refused(tmp_path / "bars.csv", content[:length])


@pytest.mark.parametrize("cut", [1, 4, 8, 100, 2_000])
def test_a_long_file_that_is_cut_short_says_so(
    tmp_path: Path, compress: Compress, cut: int
) -> None:
    error = refused(tmp_path / "bars.csv", compress(TEXT)[:-cut])
    assert "damaged or cut short" in error.message


@pytest.mark.parametrize("tail", [b"\n", b"garbage", bytes(511) + b"x", b"\0\n", ROW.encode()])
def test_what_follows_compressed_data_is_refused(
    tmp_path: Path, compress: Compress, tail: bytes
) -> None:
    error = refused(tmp_path / "bars.csv", compress(TEXT) + tail)
    assert "damaged or cut short" in error.message


def test_zeros_that_fill_a_block_of_a_tape_may_follow_gzip(tmp_path: Path) -> None:
    for padding in (1, 512, 200_000):
        content = gzip.compress(TEXT[:MIDDLE]) + gzip.compress(TEXT[MIDDLE:]) + bytes(padding)
        assert_whole(tmp_path / "bars.csv", content)


def test_a_member_after_such_zeros_is_refused(tmp_path: Path) -> None:
    """gunzip would leave it out without a word."""
    content = gzip.compress(TEXT) + bytes(512) + gzip.compress(TEXT)
    assert "something else follows" in refused(tmp_path / "bars.csv", content).message


def test_zeros_after_zstandard_are_refused(tmp_path: Path) -> None:
    assert "damaged" in refused(tmp_path / "bars.csv", zstd(TEXT) + bytes(512)).message


def test_a_wrong_length_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[-2] ^= 1
    assert "damaged" in refused(tmp_path / "bars.csv", bytes(content)).message


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[-6] ^= 1
    assert "damaged" in refused(tmp_path / "bars.csv", bytes(content)).message


def test_compressed_nothing_is_empty(tmp_path: Path, compress: Compress) -> None:
    assert "is empty" in refused(tmp_path / "bars.csv", compress(b"")).message


def test_what_is_compressed_twice_is_refused(tmp_path: Path, compress: Compress) -> None:
    refused(tmp_path / "bars.csv", compress(compress(TEXT)))


@pytest.mark.parametrize(
    ("begin", "word"),
    [
        (b"PK\x03\x04", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook"),
        (b"PAR1", "Parquet"),
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
    ],
)
def test_other_kinds_are_told_what_they_are(tmp_path: Path, begin: bytes, word: str) -> None:
    assert word in refused(tmp_path / "bars.csv", begin + TEXT).message


def test_text_that_begins_like_another_kind_is_text(tmp_path: Path) -> None:
    rows = read(tmp_path / "bars.csv", f"BZh1,{HEADER}\nx,{ROW}\n")
    assert rows.lines.tolist() == [2]


def test_progress_counts_the_bytes_on_the_disk(tmp_path: Path, compress: Compress) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(compress(TEXT))
    progress = MemoryProgress()
    with CsvBarFileReader(MemoryRowProblemLog).reading(BarFile(path), FileLayout(), progress):
        (task,) = progress.tasks
        assert (task.total, task.done) == (path.stat().st_size,) * 2


def test_the_total_of_standard_input_is_unknown(
    monkeypatch: pytest.MonkeyPatch, compress: Compress
) -> None:
    content = compress(TEXT)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    progress = MemoryProgress()
    with CsvBarFileReader(MemoryRowProblemLog).reading(BarFile(None), FileLayout(), progress):
        (task,) = progress.tasks
        assert (task.description, task.total, task.done) == (
            "Reading standard input",
            0,
            len(content),
        )


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_what_goes_wrong_below_is_not_called_damage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compress: Compress, error: BaseException
) -> None:
    class Failing(io.RawIOBase):
        """Gives half of the file, then fails."""

        def __init__(self) -> None:
            self._begin = compress(TEXT)[:-100]

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            given, self._begin = self._begin[:size], self._begin[size:]
            if not given:
                raise error
            return given

    class Input:
        buffer = Failing()

    monkeypatch.setattr("sys.stdin", Input())
    expected = UnreadableFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        read_file(None)
    assert "damaged" not in str(caught.value)
