"""Rows that were read, kept in memory, or in a temporary file when they are many."""

from __future__ import annotations

import contextlib
import errno
import functools
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Self, overload

import numpy as np

from domain.bar_files import RowChunk
from domain.bars import Bars, Int64Array
from domain.errors import CatalogError, DiskFullError

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = ("stamp", "open", "high", "low", "close", "volume")
_LINE = "line"
# Neighbours are looked at together, be it forwards or backwards.
_READ_AHEAD = 4
_PRICE, _SIZE, _FIRST_LINE = b"price", b"size", b"first line"


class Spool(Sequence[RowChunk]):
    """Chunks of rows, in the order in which they were added.

    As soon as they take more than `limit` bytes of memory all go to a file without a name, which
    the operating system removes whatever happens to this process. To be closed.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._in_memory: list[RowChunk] = []
        self._places: list[tuple[int, int]] = []
        self._file: IO[bytes] | None = None
        self._recent = functools.lru_cache(_READ_AHEAD)(self._load)

    def add(self, chunk: RowChunk) -> None:
        """Keep a chunk.

        Raises:
            DiskFullError: there is no room for the temporary file.
        """
        if self._file is None:
            self._in_memory.append(chunk)
            self._held += chunk.bars.nbytes + chunk.lines.nbytes
            if self._held > self._limit:
                self._move()
        else:
            self._write(chunk)

    def close(self) -> None:
        """Let go of all chunks."""
        self._in_memory.clear()
        self._places.clear()
        self._recent.cache_clear()
        if self._file is not None:
            # What could not be written is not missed any more.
            with contextlib.suppress(OSError):
                self._file.close()

    def __len__(self) -> int:
        return len(self._in_memory) + len(self._places)

    @overload
    def __getitem__(self, index: int) -> RowChunk: ...
    @overload
    def __getitem__(self, index: slice) -> list[RowChunk]: ...
    def __getitem__(self, index: int | slice) -> RowChunk | list[RowChunk]:
        """Return the chunk at a place, or those of a slice."""
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self[place] for place in places]
        return self._recent(places) if self._file else self._in_memory[places]

    def __iter__(self) -> Iterator[RowChunk]:
        return (self[place] for place in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _move(self) -> None:
        with _translated():
            # Unbuffered: a chunk is written at once, and a full disk is noticed at once.
            self._file = tempfile.TemporaryFile(prefix="barledger-", buffering=0)  # noqa: SIM115
        chunks, self._in_memory = self._in_memory, []
        for chunk in chunks:
            self._write(chunk)

    def _write(self, chunk: RowChunk) -> None:
        content = memoryview(_packed(chunk))
        begin = sum(self._places[-1]) if self._places else 0
        with _translated():
            self._open_file.seek(begin)
            written = 0
            while written < len(content):
                written += self._open_file.write(content[written:])
        self._places.append((begin, len(content)))

    def _load(self, place: int) -> RowChunk:
        begin, length = self._places[place]
        with _translated():
            self._open_file.seek(begin)
            content = self._open_file.read(length)
        return _unpacked(content)

    @property
    def _open_file(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("nothing was moved to a file yet")
        return self._file


def _packed(chunk: RowChunk) -> pa.Buffer:
    import pyarrow as pa

    bars, lines = chunk.bars, chunk.lines
    columns = dict(zip(_NAMES, bars.columns()[1:], strict=True))
    first = int(lines[0])
    if not np.array_equal(lines, np.arange(first, first + len(lines))):
        columns[_LINE] = lines
    batch = pa.record_batch({name: pa.array(column) for name, column in columns.items()})
    metadata = {_PRICE: bars.price_precision, _SIZE: bars.size_precision, _FIRST_LINE: first}
    batch = batch.replace_schema_metadata({key: str(metadata[key]) for key in metadata})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")
    ) as out:
        out.write_batch(batch)
    return sink.getvalue()


def _unpacked(content: bytes) -> RowChunk:
    import pyarrow as pa

    with pa.ipc.open_stream(content) as stream:
        batch = stream.read_next_batch()
    numbers = {key: int(value) for key, value in batch.schema.metadata.items()}
    columns = {name: _array(batch.column(name)) for name in batch.schema.names}
    first = numbers[_FIRST_LINE]
    lines = columns.pop(_LINE, None)
    if lines is None:
        lines = np.arange(first, first + batch.num_rows, dtype=np.int64)
    stamps, *others = columns.values()
    bars = Bars.of_columns((stamps, stamps, *others), numbers[_PRICE], numbers[_SIZE])
    return RowChunk(bars, lines)


def _array(column: pa.Int64Array) -> Int64Array:
    # Bars copy what may be written to, and Arrow's memory may not.
    array: Int64Array = column.to_numpy(zero_copy_only=True)
    return array


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        folder = _folder()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"There is no room in {folder} for the rows of a large file; nothing was imported.",
                "Make room there, or set TMPDIR to a folder with more, then run it again.",
            ) from error
        raise CatalogError(
            f"The rows of a large file cannot be kept in {folder}: {error.strerror or error}.",
            "Set TMPDIR to a folder that can be written to, then run it again.",
        ) from error


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "the folder for temporary files"
