"""Reads files of bars: `timestamp,open,high,low,close,volume` and one bar a line."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

import attrs
import numpy as np

from adapters.csv.decimals import Decimals, aligned, decimals
from adapters.csv.files import content_of, text_of
from adapters.csv.header import STAMP_COLUMN, VOLUME_COLUMN, clipped
from adapters.csv.lines import TextRows, text_rows
from adapters.csv.stamps import StampKind, Stamps, stamps
from adapters.csv.zones import to_utc, zone_named
from domain.bars import PRICE_COLUMNS, Bars
from domain.errors import TimeZoneNeededError
from domain.ports import FileLayout, FileRows
from domain.rules import RowProblem


class CsvBarFileReader:
    """A `BarFileReader` of CSV files, which works on whole columns."""

    def read(self, path: Path, layout: FileLayout) -> FileRows:
        """Return all rows of the file at `path`, in the file's order.

        Raises:
            UnreadableFileError: it cannot be opened, decoded or split into the columns.
            TimeZoneNeededError, UnknownTimeZoneError: a stamp could mean several instants.
        """
        # A zone that does not exist is told before a large file is read.
        zone = None if layout.time_zone is None else zone_named(layout.time_zone)
        content = content_of(path)
        text = text_rows(text_of(content, path), path)
        stamped = stamps(text.columns[STAMP_COLUMN])
        instants, problems = stamped.values, stamped.problems
        if stamped.kind is StampKind.LOCAL:
            if zone is None:
                raise _zone_needed(path, text, stamped)
            instants, clock_problems = to_utc(stamped.values, zone)
            problems = {**clock_problems, **stamped.problems}
        stamped = attrs.evolve(stamped, values=instants, problems=problems)
        return _rows(text, stamped, hashlib.sha256(content).hexdigest())


def _rows(text: TextRows, stamped: Stamps, sha256: str) -> FileRows:
    """Return the rows without problems as bars; `stamped` holds UTC."""
    prices, price_precision = aligned([decimals(text.columns[name]) for name in PRICE_COLUMNS])
    (volume,), size_precision = aligned([decimals(text.columns[VOLUME_COLUMN])])
    numbers = dict(zip((*PRICE_COLUMNS, VOLUME_COLUMN), (*prices, volume), strict=True))
    problems = _all_problems(text, stamped, numbers)
    taken = ~np.isin(text.lines, [problem.line for problem in problems])
    columns = [stamped.values, stamped.values, *(column.values for column in numbers.values())]
    bars = Bars.of_columns((c[taken] for c in columns), price_precision, size_precision)
    return FileRows(
        # The refused rows may have been the ones that needed the most decimals.
        bars=bars.reduced() if problems else bars,
        lines=text.lines[taken],
        dates_only=stamped.kind is StampKind.DATE,
        rows=len(text.lines) + len(text.problems),
        sha256=sha256,
        problems=tuple(sorted((*text.problems, *problems))),
    )


def _all_problems(
    text: TextRows, stamped: Stamps, numbers: Mapping[str, Decimals]
) -> list[RowProblem]:
    by_column = {name: column.problems for name, column in numbers.items()}
    by_column[STAMP_COLUMN] = stamped.problems
    return [
        RowProblem(int(text.lines[row]), name, clipped(text.columns[name][row].as_py()), problem)
        for name, problems in by_column.items()
        for row, problem in problems.items()
    ]


def _zone_needed(path: Path, text: TextRows, stamped: Stamps) -> TimeZoneNeededError:
    row = next(row for row in range(len(stamped.values)) if row not in stamped.problems)
    example = text.columns[STAMP_COLUMN][row].as_py()
    command = f"barledger import-csv {shlex.quote(str(path))} --timezone"
    return TimeZoneNeededError(
        f"The stamps of {path} carry no time zone, such as {example!r} in line {text.lines[row]}.",
        f"If the file holds exchange time: {command} America/New_York (or the exchange's zone); "
        f"if it holds UTC: {command} UTC.",
    )
