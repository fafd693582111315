"""Files of bars that were never on a disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from itertools import chain
from pathlib import Path

import attrs
import numpy as np

from adapters.memory.row_problem_log import MemoryRowProblemLog
from adapters.memory.stamp_texts import DATE, StampTexts, UnreadableError
from domain.bar_files import BarFile, FileLayout, FileRows, NewProblemLog, RowChunk
from domain.bars import MAX_DIGITS, MAX_PRECISION, PRICE_COLUMNS, Bars, Int64Array
from domain.errors import InvalidLayoutError, PrecisionError, UnreadableFileError
from domain.instrument import decimals_of
from domain.ports import Progress
from domain.rules import RowProblem

_COLUMNS = ("timestamp", *PRICE_COLUMNS, "volume")
_SYMBOL = "symbol"
_LIMIT = Decimal(10) ** MAX_DIGITS
_EXACT = Context(prec=400)
_CHUNK = 2
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?")

Row = Mapping[str, str]
"""A row's cells by column; one that is left out is missing."""


@attrs.frozen
class _Content:
    rows: tuple[Row, ...]
    first_line: int


class MemoryBarFileReader:
    """A `BarFileReader` of rows that were put under a path, None being standard input.

    Each value is read on its own, with the standard library: slow, and easy to be sure of. Rows may
    have a cell `symbol` as well, which must be the same in all.
    Stamps have at most six digits after the second's point. A chunk has two rows.
    """

    def __init__(self, new_problem_log: NewProblemLog = MemoryRowProblemLog) -> None:
        self._new_problem_log = new_problem_log
        self._files: dict[Path | None, _Content] = {}

    def put(self, path: Path | None, rows: Iterable[Row], *, header: bool = True) -> None:
        """Make `rows` the content of the file at `path`.

        The header is line 1. Without it, a row's cells have no names, but are in order.
        """
        self._files[path] = _Content(tuple(dict(row) for row in rows), 2 if header else 1)

    @contextlib.contextmanager
    def reading(self, file: BarFile, layout: FileLayout, progress: Progress) -> Iterator[FileRows]:
        """Give the rows of the file until the context ends.

        Raises:
            UnreadableFileError: nothing was put there, or no rows.
            PrecisionError: a long value and one of many decimals stand together.
            TimeZoneNeededError, UnknownTimeZoneError, DateOrderNeededError: a stamp could mean
                several instants.
            InvalidLayoutError: the layout names columns that are none, or not all of them.
        """
        columns = _columns(layout)
        stamps = StampTexts(layout)
        content = self._content(file)
        rows = [_named(row, columns) for row in content.rows]
        stamps.settle([row.get("timestamp", "") for row in rows])
        problems = self._new_problem_log()
        with progress.track(f"Reading {file}", len(rows)) as task:
            good: list[tuple[int, list[Decimal]]] = []
            for line, row in enumerate(rows, content.first_line):
                values, own = _values(row, line, stamps, layout)
                own += _other_symbol(row, line, rows[0], content.first_line)
                problems.add(own)
                if not own:
                    good.append((line, values))
                task.advance(1)
        yield FileRows(
            chunks=[_chunk(good[at : at + _CHUNK]) for at in range(0, len(good), _CHUNK)],
            problems=problems,
            dates_only=stamps.kind == DATE,
            rows=len(rows),
            sha256=hashlib.sha256(json.dumps(content.rows).encode()).hexdigest(),
            stamp_text=stamps.text_of,
        )
        problems.close()

    def _content(self, file: BarFile) -> _Content:
        content = self._files.get(file.path)
        if content is None or not content.rows:
            raise UnreadableFileError(f"There is no file {file} with rows.", "Put one there first.")
        return content


def _columns(layout: FileLayout) -> tuple[str, ...] | None:
    if layout.columns is None:
        return None
    used = sorted(name for name in layout.columns if name not in ("", "_", _SYMBOL))
    if used != sorted(_COLUMNS):
        raise InvalidLayoutError(
            f"The columns {', '.join(layout.columns)} do not name each thing once.",
            f"Name each of {', '.join(_COLUMNS)} once, and _ for what is to be ignored.",
        )
    return layout.columns


def _named(row: Row, columns: tuple[str, ...] | None) -> Row:
    return row if columns is None else dict(zip(columns, row.values(), strict=True))


def _chunk(rows: Sequence[tuple[int, Sequence[Decimal]]]) -> RowChunk:
    """Return rows of a stamp, four prices and a volume at the least precisions they need."""
    stamps, *prices, volumes = zip(*(values for _, values in rows), strict=True)
    price_precision = max(map(decimals_of, chain(*prices)), default=0)
    size_precision = max(map(decimals_of, volumes), default=0)
    instants = np.array([int(stamp) for stamp in stamps], np.int64)
    numbers = [_scaled(column, price_precision) for column in prices]
    numbers.append(_scaled(volumes, size_precision))
    bars = Bars.of_columns((instants, instants, *numbers), price_precision, size_precision)
    return RowChunk(bars, np.array([line for line, _ in rows], np.int64))


def _scaled(values: Iterable[Decimal], precision: int) -> Int64Array:
    scaled = [int(value.scaleb(precision, _EXACT)) for value in values]
    if any(abs(value) >= 10**MAX_DIGITS for value in scaled):
        raise PrecisionError("Values of the file have too many digits together.", "Split it.")
    return np.array(scaled, np.int64)


def _values(
    row: Row, line: int, stamps: StampTexts, layout: FileLayout
) -> tuple[list[Decimal], list[RowProblem]]:
    values, problems = [], []
    for column in _COLUMNS:
        text = row.get(column, "")
        try:
            stamp = column == "timestamp"
            values.append(Decimal(stamps.instant(text)) if stamp else _number(text, layout))
        except UnreadableError as error:
            problem = str(error) if text else "is missing"
            problems.append(RowProblem(line, column, text, problem))
    return values, problems


def _other_symbol(row: Row, line: int, first: Row, first_line: int) -> list[RowProblem]:
    symbol, expected = row.get(_SYMBOL, ""), first.get(_SYMBOL, "")
    if symbol.strip().lower() == expected.strip().lower():
        return []
    problem = f"is another symbol than {expected} in line {first_line}"
    return [RowProblem(line, _SYMBOL, symbol.strip(), problem)]


def _number(text: str, layout: FileLayout) -> Decimal:
    try:
        value = Decimal(_plain(text, layout)).normalize(_EXACT)
    except InvalidOperation:
        raise UnreadableError("is not a number") from None
    if not value.is_finite():
        raise UnreadableError("is not a number")
    if decimals_of(value) > MAX_PRECISION or abs(value) * 10 ** decimals_of(value) >= _LIMIT:
        raise UnreadableError("has more digits than can be kept")
    return value


def _plain(text: str, layout: FileLayout) -> str:
    """Return a number with a point and without thousands, or no number at all."""
    whole, mark, fraction = text.partition(layout.decimal)
    first, *groups = whole.split(layout.thousands) if layout.thousands else [whole]
    if any(len(group) != 3 for group in groups):
        return ""
    plain = first + "".join(groups) + ("." if mark else "") + fraction
    return plain if _NUMBER.fullmatch(plain) else ""
