"""Writes bars as CSV: `timestamp,open,high,low,close,volume` and one bar a line."""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from adapters.csv.bar_texts import date_texts, decimal_texts, instant_texts, price_texts
from adapters.csv.zone_names import zone_named
from domain.bars import Bars
from domain.exporting import BarsToWrite
from domain.instrument import Series
from domain.sessions import Stamp

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER = b"timestamp,open,high,low,close,volume\n"
_ROWS = 8_192
_GZIP_LEVEL = 6
_PLAIN, _GZIP, _ZSTD = ".csv", ".csv.gz", ".csv.zst"


class CsvBarWriter:
    """A `BarWriter` of CSV files, which works on whole columns.

    An intraday bar is stamped by its open or close, in UTC (`…Z`) or, where a zone is named, by
    its clock and with its offset; a bar of a day or longer by its date. Prices and volumes have
    the series' number of decimals, trailing zeros included, so that a column lines up and what
    the precision is can be seen.
    """

    def __init__(self, stamp: Stamp = Stamp.OPEN, time_zone: str | None = None) -> None:
        """Take the name of a zone of the IANA database, or None for UTC.

        Raises:
            UnknownTimeZoneError: there is no zone of that name.
        """
        self._stamp = stamp
        self._zone = None if time_zone is None else zone_named(time_zone)

    @property
    def endings(self) -> Sequence[str]:
        """Plain text, or compressed by gzip or Zstandard."""
        return (_PLAIN, _GZIP, _ZSTD)

    def write(self, out: BinaryIO, ending: str, bars: BarsToWrite) -> None:
        """Write the header and all bars, a few chunks at a time."""
        with _compressed(out, ending) as text:
            text.write(_HEADER)
            for chunk in _together(bars.chunks):
                text.write(self._lines(chunk, bars))

    def _lines(self, chunk: Bars, bars: BarsToWrite) -> Any:
        import pyarrow.compute as pc

        stamps = self._stamps(chunk, bars.series)
        prices = price_texts(chunk, bars.price_precision)
        volumes = decimal_texts(chunk.volume, chunk.size_precision, bars.size_precision)
        rows = pc.binary_join_element_wise(stamps, *prices, volumes, ",")
        return _content(pc.binary_join_element_wise(rows, "", "\n"))

    def _stamps(self, chunk: Bars, series: Series) -> pa.StringArray:
        if not series.bar_type.is_intraday:
            return date_texts(chunk.ts_open)
        stamps = chunk.ts_open if self._stamp is Stamp.OPEN else chunk.ts_event
        return instant_texts(stamps, self._zone)


def _together(chunks: Iterable[Bars]) -> Iterator[Bars]:
    """Yield all bars in chunks of some thousand, which take half the time of those of a day."""
    kept: list[Bars] = []
    for chunk in chunks:
        # At another precision, a value could become too long for an integer.
        if kept and (sum(map(len, kept)) >= _ROWS or _precisions(kept[0]) != _precisions(chunk)):
            yield Bars.concat(kept)
            kept.clear()
        kept.append(chunk)
    if kept:
        yield Bars.concat(kept)


def _precisions(bars: Bars) -> tuple[int, int]:
    return bars.price_precision, bars.size_precision


def _content(texts: pa.StringArray) -> Any:
    """Return the bytes of all texts, one after the other, as they lie in memory."""
    _, offsets, content = texts.buffers()
    end = int(np.frombuffer(offsets, np.int32)[len(texts)])
    return content.slice(0, end) if content is not None else b""


@contextlib.contextmanager
def _compressed(out: BinaryIO, ending: str) -> Iterator[Any]:
    """Give what is to be written to, and leave `out` open."""
    if ending == _GZIP:
        # Without a name and a time in it, the same bars give the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, out, mtime=0) as packed:
            yield packed
    elif ending == _ZSTD:
        import pyarrow as pa

        with pa.CompressedOutputStream(pa.PythonFile(_KeptOpen(out), "wb"), "zstd") as packed:
            yield packed
    else:
        yield out


class _KeptOpen(io.RawIOBase):
    """Stands before a file that outlives whoever writes to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, content: Any) -> int:
        """Hand on to the file."""
        return self._file.write(content)
