"""Reads files of bars with one bar a line, block after block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.csv.buffer import TextBuffer
from adapters.csv.compression import decompressed
from adapters.csv.decimals import Decimals, Notation, aligned, decimals
from adapters.csv.encoding import utf8
from adapters.csv.head import Named, shape_of
from adapters.csv.header import clipped
from adapters.csv.notation import currency_of
from adapters.csv.source import RawInput, opened
from adapters.csv.spellings import STAMP_COLUMN, SYMBOL_COLUMN, VOLUME_COLUMN
from adapters.csv.spool import Spool
from adapters.csv.stamps import StampReader
from adapters.csv.symbols import OneSymbol
from adapters.csv.text_rows import TextRows, text_rows
from domain.bar_files import BarFile, FileLayout, FileRows, NewProblemLog, RowChunk, RowProblemLog
from domain.bars import PRICE_COLUMNS, Bars, Int64Array
from domain.errors import UnreadableFileError
from domain.ports import Progress
from domain.rules import RowProblem

_BLOCK_SIZE = 4 * 2**20
_KEPT_IN_MEMORY = 64 * 2**20


class CsvBarFileReader:
    """A `BarFileReader` of CSV files, which works on whole columns of a block at a time."""

    def __init__(
        self,
        new_problem_log: NewProblemLog,
        block_size: int = _BLOCK_SIZE,
        kept_in_memory: int = _KEPT_IN_MEMORY,
    ) -> None:
        """Read blocks of `block_size` bytes; rows beyond `kept_in_memory` bytes go to a file."""
        self._new_problem_log = new_problem_log
        self._block_size, self._kept_in_memory = block_size, kept_in_memory

    @contextlib.contextmanager
    def reading(self, file: BarFile, layout: FileLayout, progress: Progress) -> Iterator[FileRows]:
        """Read the file to its end and give its rows until the context ends.

        The log of problems is closed then, but not where the context ends with an exception:
        that may have to show them.
        """
        # What is wrong with the layout is told before a large file is read.
        named, notation = Named.of(layout), Notation.of(layout)
        stamps = StampReader(file, layout)
        problems = self._new_problem_log()
        with Spool(self._kept_in_memory) as chunks:
            pass_ = _Pass(stamps, notation, chunks, problems)
            try:
                with opened(file, progress) as raw:
                    notes = self._read(raw, file, named, pass_)
            except BaseException:
                problems.close()
                raise
            yield FileRows(
                chunks,
                problems,
                dates_only=stamps.dates_only,
                rows=pass_.rows,
                sha256=raw.sha256,
                notes=(*notes, *pass_.notes),
                stamp_text=stamps.text_of,
            )
        problems.close()

    def _read(self, raw: RawInput, file: BarFile, named: Named, pass_: _Pass) -> tuple[str, ...]:
        """Take all rows of the file and return the notes on how its lines are cut."""
        buffer = TextBuffer(utf8(decompressed(raw, file), file), file, self._block_size)
        shape, notes = shape_of(buffer, named)
        for rows in text_rows(buffer, shape):
            pass_.take(rows)
        if not pass_.rows:
            raise UnreadableFileError(
                f"{file} has a header and no rows.", "Export it again with at least one bar."
            )
        return notes


class _Pass:
    """One reading of a file: text rows become chunks of bars, and problems."""

    def __init__(
        self, stamps: StampReader, notation: Notation, chunks: Spool, problems: RowProblemLog
    ) -> None:
        self._stamps, self._symbol = stamps, OneSymbol()
        self._notation = notation
        # The prices' own, which their first row shows.
        self._prices: Notation | None = None
        self._chunks, self._problems = chunks, problems
        self.rows = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was found without being told."""
        sign = None if self._prices is None else self._prices.currency
        written = () if sign is None else (f"Prices are written with {sign}.",)
        return (*self._symbol.notes, *self._stamps.notes, *written)

    def take(self, text: TextRows) -> None:
        """Keep the rows without problems, and what is wrong with the others."""
        self.rows += len(text)
        self._problems.add(text.problems)
        if not len(text.lines):
            return
        stamped = self._stamps.read(text.columns[STAMP_COLUMN], text.lines)
        prices, price_precision = aligned(self._price_columns(text))
        (volume,), size_precision = aligned([decimals(text.columns[VOLUME_COLUMN], self._notation)])
        numbers = dict(zip((*PRICE_COLUMNS, VOLUME_COLUMN), (*prices, volume), strict=True))
        problems = {name: column.problems for name, column in numbers.items()}
        problems[STAMP_COLUMN] = stamped.problems
        if SYMBOL_COLUMN in text.columns:
            problems[SYMBOL_COLUMN] = self._symbol.problems(text.columns[SYMBOL_COLUMN], text.lines)
        wrong = set[int]().union(*problems.values())
        if wrong:
            self._problems.add(_told(text, problems))
        columns = [stamped.values, *(column.values for column in numbers.values())]
        self._keep(_bars(columns, price_precision, size_precision), text, wrong)

    def _price_columns(self, text: TextRows) -> list[Decimals]:
        texts = [text.columns[name] for name in PRICE_COLUMNS]
        if self._prices is None:
            signs = (currency_of(column[0].as_py()) for column in texts)
            sign = next(filter(None, signs), None)
            self._prices = attrs.evolve(self._notation, currency=sign)
        return [decimals(column, self._prices) for column in texts]

    def _keep(self, bars: Bars, text: TextRows, wrong: set[int]) -> None:
        lines = text.lines
        if wrong:
            good: NDArray[np.bool_] = np.ones(len(bars), np.bool_)
            good[list(wrong)] = False
            # The refused rows may have been the ones that needed the most decimals.
            bars, lines = bars.take(good).reduced(), lines[good]
        if len(bars):
            self._chunks.add(RowChunk(bars, lines))


def _bars(columns: Sequence[Int64Array], price_precision: int, size_precision: int) -> Bars:
    for column in columns:
        # Nobody else has them; Bars would copy what may be written to.
        column.flags.writeable = False
    return Bars.of_columns((columns[0], *columns), price_precision, size_precision)


def _told(text: TextRows, problems: Mapping[str, Mapping[int, str]]) -> Iterator[RowProblem]:
    for name, by_row in problems.items():
        for row, problem in by_row.items():
            shown = clipped(text.columns[name][row].as_py())
            yield RowProblem(int(text.lines[row]), name, shown, problem)
