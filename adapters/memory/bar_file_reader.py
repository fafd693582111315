"""Files of bars that were never on a disk."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from itertools import chain
from pathlib import Path

import numpy as np

from domain.bars import MAX_DIGITS, MAX_PRECISION, PRICE_COLUMNS, Bars, Int64Array
from domain.errors import (
    PrecisionError,
    TimeZoneNeededError,
    UnknownTimeZoneError,
    UnreadableFileError,
)
from domain.instrument import decimals_of
from domain.ports import FileLayout, FileRows
from domain.rules import RowProblem
from domain.window import nanoseconds

_DECIMAL_COLUMNS = (*PRICE_COLUMNS, "volume")
_FIRST_LINE = 2
_LIMIT = Decimal(10) ** MAX_DIGITS
_EXACT = Context(prec=400)
_DATE, _LOCAL, _ZONED = "a date alone", "a time without a zone", "a time with a zone"

Row = Mapping[str, str]
"""A row's cells by column; one that is left out is missing."""


class _UnreadableError(ValueError):
    """What is wrong with one value, in words; it never leaves this module."""


class MemoryBarFileReader:
    """A `BarFileReader` of rows that were put under a path; the first stands in line 2.

    Each value is read on its own, with the standard library: slow, and easy to be sure of.
    Stamps have at most six digits after the second's point.
    """

    def __init__(self) -> None:
        self._files: dict[Path, tuple[Row, ...]] = {}

    def put(self, path: Path, rows: Iterable[Row]) -> None:
        """Make `rows` the content of the file at `path`."""
        self._files[path] = tuple(dict(row) for row in rows)

    def read(self, path: Path, layout: FileLayout) -> FileRows:
        """Return all rows of the file at `path`, in the file's order.

        Raises:
            UnreadableFileError: nothing was put there, or no rows.
            PrecisionError: a long value and one of many decimals stand together.
            TimeZoneNeededError, UnknownTimeZoneError: a stamp could mean several instants.
        """
        zone = None if layout.time_zone is None else _zone(layout.time_zone)
        rows = self._content(path)
        kinds = Counter(filter(None, (_kind(row.get("timestamp", "")) for row in rows)))
        kind = kinds.most_common(1)[0][0] if kinds else ""
        good: list[list[Decimal]] = []
        lines: list[int] = []
        problems: list[RowProblem] = []
        for line, row in enumerate(rows, _FIRST_LINE):
            values, own = _values(row, line, kind, zone)
            problems += own
            if not own:
                good.append(values)
                lines.append(line)
        return FileRows(
            bars=_bars(good),
            lines=np.array(lines, np.int64),
            dates_only=kind == _DATE,
            rows=len(rows),
            sha256=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
            problems=tuple(sorted(problems)),
        )

    def _content(self, path: Path) -> tuple[Row, ...]:
        rows = self._files.get(path)
        if not rows:
            raise UnreadableFileError(f"There is no file {path} with rows.", "Put one there first.")
        return rows


def _bars(rows: Sequence[Sequence[Decimal]]) -> Bars:
    """Return rows of a stamp, four prices and a volume at the least precisions they need."""
    stamps, *prices, volumes = zip(*rows, strict=True) if rows else ((),) * 6
    price_precision = max(map(decimals_of, chain(*prices)), default=0)
    size_precision = max(map(decimals_of, volumes), default=0)
    instants = np.array([int(stamp) for stamp in stamps], np.int64)
    numbers = [_scaled(column, price_precision) for column in prices]
    numbers.append(_scaled(volumes, size_precision))
    return Bars.of_columns((instants, instants, *numbers), price_precision, size_precision)


def _scaled(values: Iterable[Decimal], precision: int) -> Int64Array:
    scaled = [int(value.scaleb(precision, _EXACT)) for value in values]
    if any(abs(value) >= 10**MAX_DIGITS for value in scaled):
        raise PrecisionError("Values of the file have too many digits together.", "Split it.")
    return np.array(scaled, np.int64)


def _values(
    row: Row, line: int, kind: str, zone: zoneinfo.ZoneInfo | None
) -> tuple[list[Decimal], list[RowProblem]]:
    values, problems = [], []
    for column in ("timestamp", *_DECIMAL_COLUMNS):
        text = row.get(column, "")
        try:
            stamp = column == "timestamp"
            values.append(Decimal(_stamp(text, kind, zone)) if stamp else _number(text))
        except _UnreadableError as error:
            problem = str(error) if text else "is missing"
            problems.append(RowProblem(line, column, text, problem))
    return values, problems


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text).normalize(_EXACT)
    except InvalidOperation:
        raise _UnreadableError("is not a number") from None
    if not value.is_finite():
        raise _UnreadableError("is not a number")
    if decimals_of(value) > MAX_PRECISION or abs(value) * 10 ** decimals_of(value) >= _LIMIT:
        raise _UnreadableError("has more digits than can be kept")
    return value


def _kind(text: str) -> str | None:
    """Return whether a stamp is a date, a time or a time with a zone, or None for neither."""
    try:
        stamp = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if stamp.tzinfo is not None:
        return _ZONED
    return _LOCAL if ":" in text else _DATE


def _stamp(text: str, kind: str, zone: zoneinfo.ZoneInfo | None) -> int:
    own = _kind(text)
    if own is None:
        raise _UnreadableError("is no date or time")
    if own != kind:
        raise _UnreadableError(f"is {own}, where most are {kind}")
    stamp = dt.datetime.fromisoformat(text)
    if kind == _LOCAL:
        stamp = _on_clock(stamp, zone)
    return nanoseconds(stamp.replace(tzinfo=dt.UTC) if kind == _DATE else stamp)


def _on_clock(stamp: dt.datetime, zone: zoneinfo.ZoneInfo | None) -> dt.datetime:
    if zone is None:
        raise TimeZoneNeededError(
            f"The stamp {stamp} carries no time zone.", "Name one with --timezone."
        )
    first, second = (stamp.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise _UnreadableError("falls into the hour that daylight saving skips or repeats")
    return first


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(f"There is no time zone {name!r}.", "Name another.") from error
