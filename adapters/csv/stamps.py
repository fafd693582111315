"""Text becomes instants: a file's stamps, all of the kind that its first ones show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.csv.date_order import order_of
from adapters.csv.stamp_columns import UNREADABLE, Column, read_column
from adapters.csv.stamp_formats import KINDS, Form, StampKind, written
from adapters.csv.stamp_text import stamp_text
from adapters.csv.stamp_values import NO_SUCH_TIME, Meaning
from adapters.csv.zone_names import zone_named
from adapters.csv.zones import to_utc
from domain.bar_files import BarFile, FileLayout
from domain.bars import Int64Array
from domain.errors import TimeZoneNeededError

if TYPE_CHECKING:
    import pyarrow as pa

_SINGULAR = {
    StampKind.DATE: "a date alone",
    StampKind.LOCAL: "a time without a zone",
    StampKind.ZONED: "a time with a zone",
    StampKind.SECONDS: "a number in the range of epoch seconds",
    StampKind.MILLISECONDS: "a number in the range of epoch milliseconds",
    StampKind.MICROSECONDS: "a number in the range of epoch microseconds",
    StampKind.NANOSECONDS: "a number in the range of epoch nanoseconds",
}
_EPOCHS = KINDS[StampKind.SECONDS.code :]
_DIGITS_OF_TIME = {
    Form.HOURS_AND_MINUTES: "is a time of hours and minutes, where the file's have seconds",
    Form.WITH_SECONDS: "is a time with seconds, where the file's are hours and minutes",
}


@attrs.frozen(eq=False)
class Stamps:
    """A column of stamps as UTC nanoseconds; `problems` tells, by row, which are none.

    A row with a problem has the value 0.
    """

    values: Int64Array
    problems: Mapping[int, str]


class StampReader:
    """Reads the stamps of one file, chunk by chunk.

    The first chunk with a stamp that can be read settles what is common to all of the file:
    their most common kind, and whether the day or the month comes first.
    """

    def __init__(self, file: BarFile, layout: FileLayout) -> None:
        self._file = file
        # A zone that does not exist is told before a large file is read.
        self._zone = None if layout.time_zone is None else zone_named(layout.time_zone)
        self._meaning = Meaning(layout.date_order, layout.clock_change)
        self._kind: StampKind | None = None
        self._time_form: Form | None = None
        self._found: list[str] = []
        self._chosen = 0

    @property
    def dates_only(self) -> bool:
        """Whether the file's stamps are dates alone, read as midnight UTC."""
        return self._kind is StampKind.DATE

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was found without being told, or chosen by a rule."""
        if not self._chosen or self._meaning.change is None:
            return tuple(self._found)
        stamps = "1 stamp" if self._chosen == 1 else f"{self._chosen:,} stamps"
        chosen = f"{stamps} in hours that the clock repeats or skips: read as the "
        return (*self._found, f"{chosen}{self._meaning.change.value} instant.")

    def text_of(self, stamp: int) -> str:
        """Return an instant that was read (UTC nanoseconds) as the file writes its stamps."""
        return stamp_text(stamp, self._kind, self._zone)

    def read(self, texts: pa.StringArray, lines: Int64Array) -> Stamps:
        """Return the instants of the trimmed `texts`, which stand in `lines`.

        Raises:
            TimeZoneNeededError, DateOrderNeededError: they could mean several.
        """
        if self._kind is None and self._meaning.order is None:
            self._find_order(texts, lines)
        column = read_column(texts, self._meaning)
        if self._kind is None:
            self._settle(column, texts, lines)
        problems = {**column.problems, **self._odd(column, texts)}
        values = column.values
        if self._kind is StampKind.LOCAL:
            values, clock_problems = self._instants(column)
            problems = {**clock_problems, **problems}
        if problems:
            values = values.copy()
            values[list(problems)] = 0
        return Stamps(values, problems)

    # ---- what is common to the file --------------------------------------------------------

    def _find_order(self, texts: pa.StringArray, lines: Int64Array) -> None:
        found = order_of(texts, lines, self._file)
        if found is not None:
            order, note = found
            self._meaning = attrs.evolve(self._meaning, order=order)
            self._found.append(note)

    def _settle(self, column: Column, texts: pa.StringArray, lines: Int64Array) -> None:
        """Keep what kind of stamps the file has, if any can be read."""
        readable = column.kinds[column.kinds != UNREADABLE]
        if not len(readable):
            return
        self._kind = KINDS[int(np.bincount(readable).argmax())]
        if self._kind in _EPOCHS:
            self._found.append(f"The stamps are read as {self._kind.value}.")
        if self._kind is StampKind.LOCAL and self._zone is None:
            raise self._zone_needed(column, texts, lines)

    def _zone_needed(
        self, column: Column, texts: pa.StringArray, lines: Int64Array
    ) -> TimeZoneNeededError:
        row = int(np.flatnonzero(column.kinds == StampKind.LOCAL.code)[0])
        return TimeZoneNeededError(
            f"The stamps of {self._file} carry no time zone, such as {texts[row].as_py()!r} in "
            f"line {lines[row]}.",
            "If the file holds exchange time, add --timezone America/New_York (or the exchange's "
            "zone); if it holds UTC, add --timezone UTC.",
        )

    # ---- chunk by chunk --------------------------------------------------------------------

    def _odd(self, column: Column, texts: pa.StringArray) -> Mapping[int, str]:
        """Return a problem for every readable stamp that is not like the file's others."""
        if self._kind is None:
            return {}
        readable = column.kinds != UNREADABLE
        odd = np.flatnonzero((column.kinds != self._kind.code) & readable)
        problems = {
            int(row): _odd_kind(KINDS[column.kinds[row]], self._kind, texts[int(row)].as_py())
            for row in odd
        }
        return {**self._odd_times(column.forms), **problems}

    def _odd_times(self, forms: NDArray[np.int8]) -> Mapping[int, str]:
        if not forms.any():
            return {}
        counts = {form: int(np.count_nonzero(forms & form)) for form in _DIGITS_OF_TIME}
        if self._time_form is None and any(counts.values()):
            self._time_form = max(counts, key=lambda form: counts[form])
        return {
            int(row): problem
            for form, problem in _DIGITS_OF_TIME.items()
            if form is not self._time_form
            for row in np.flatnonzero(forms & form)
        }

    def _instants(self, column: Column) -> tuple[Int64Array, Mapping[int, str]]:
        """Return the local stamps of `column` as UTC; the other rows mean nothing."""
        if self._zone is None:
            raise AssertionError("local stamps were settled without a zone")
        local = column.kinds == StampKind.LOCAL.code
        if local.all():
            utc = to_utc(column.values, self._zone, self._meaning.change)
            self._chosen += utc.chosen
            return utc.values, utc.problems
        rows = np.flatnonzero(local)
        utc = to_utc(column.values[rows], self._zone, self._meaning.change)
        values = np.zeros(len(column.values), np.int64)
        values[rows] = utc.values
        self._chosen += utc.chosen
        return values, {int(rows[row]): problem for row, problem in utc.problems.items()}


def _odd_kind(kind: StampKind, usual: StampKind, text: str) -> str:
    # 20240230 could be seconds, but nobody means that among dates.
    if kind in _EPOCHS and usual not in _EPOCHS and written(text, None) is not None:
        return NO_SUCH_TIME
    return f"is {_SINGULAR[kind]}, where the file's are {usual.value}"
