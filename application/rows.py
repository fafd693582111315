"""Rows of a file become bars of a series: every rule is checked, and what is odd is told."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator

import attrs
import numpy as np

from application.bar_type_check import longer_than_named
from application.new_bars import ChunkedBars, TimedChunks
from application.row_facts import facts_of
from application.row_timing import TimedRows, stamp_problems, timing
from domain.bar_files import BarFile, FileRows
from domain.bar_type import BarType
from domain.bars import MAX_DIGITS, PRICE_COLUMNS, Bars, Int64Array
from domain.errors import BarTypeNeededError, RowsRefusedError
from domain.instrument import InstrumentId, Series
from domain.ports import ProgressTask, TradingCalendar
from domain.row_order import RowOrder
from domain.rules import RowProblem, problems_of, value_text
from domain.sessions import NANOSECONDS_IN_DAY, Hours, Session, Stamp, slots
from domain.suspicions import Suspicion, Suspicions
from domain.venues import venue

# From the day before a long weekend to the day after it.
_DAYS_OFF = 4
_SATURDAY = 5


@attrs.frozen
class Reading:
    """How rows are to be understood. `bar_type` None stands for the one that the spacing shows.

    `calendar_name` names a calendar in place of the venue's; `now` is UTC nanoseconds.
    `least_precisions` returns the digits that prices and sizes of a series have at least, because
    of its instrument or of what is held. `sparse` tells that bars can be far apart, `time_zone`
    which clock stamps without a zone are of.
    """

    file: BarFile
    instrument_id: InstrumentId
    bar_type: BarType | None
    stamp: Stamp | None
    calendar_name: str | None
    now: int
    least_precisions: Callable[[Series], tuple[int, int]]
    prices_may_be_negative: bool = False
    sparse: bool = False
    time_zone: str | None = None


@attrs.frozen(eq=False)
class CheckedRows:
    """Rows that met every rule, as bars, and what is suspicious about them all the same."""

    bars: ChunkedBars
    suspicions: tuple[Suspicion, ...]


class RowCheck:
    """Checks the rows of one file."""

    @staticmethod
    def steps(rows: FileRows) -> int:
        """Return by how many steps a check of `rows` advances its task, one at least."""
        return max(2 * len(rows.chunks), 1)

    def __init__(
        self, rows: FileRows, reading: Reading, calendar: TradingCalendar, task: ProgressTask
    ) -> None:
        self._rows = rows
        self._task = task
        self._reading = reading
        self._calendar = calendar
        self._zone = venue(reading.instrument_id.venue).tzinfo
        self._file_zone = zoneinfo.ZoneInfo(reading.time_zone) if reading.time_zone else None
        self._facts = facts_of(rows, self._zone, self._file_zone)

    def run(self) -> CheckedRows:
        """Return the bars of all rows, or refuse the file.

        Raises:
            RowsRefusedError: naming every row that cannot be taken.
            BarTypeNeededError: no bar type was named and the spacing shows none.
            BarTypeMismatchError: the rows are too far apart for the one that was named.
        """
        series = Series(self._reading.instrument_id, self._bar_type())
        regular = self._sessions(series, Hours.REGULAR)
        time = timing(
            self._rows,
            self._facts,
            series.bar_type,
            self._reading.stamp,
            self._zone,
            regular,
            self._file_zone,
        )
        newest_first = self._facts.steps.newest_first
        chunks = TimedChunks(self._rows.chunks, time, newest_first=newest_first)
        order = RowOrder(newest_first, self._rows.stamp_text)
        for chunk in chunks.as_written():
            self._rows.problems.add(self._problems(chunk, order, series))
            self._task.advance(1)
        if len(self._rows.problems):
            raise self._refused()
        doubtful = self._doubtful(series.bar_type)
        taken = self._taken(series, chunks, regular)
        return attrs.evolve(taken, suspicions=(*doubtful, *taken.suspicions))

    def _bar_type(self) -> BarType:
        if self._reading.bar_type is not None:
            return self._reading.bar_type
        if self._facts.steps.disordered:
            # Their steps show no bar type; in order they may.
            order = RowOrder(self._facts.steps.newest_first, self._rows.stamp_text)
            for chunk in self._rows.chunks:
                self._rows.problems.add(order.problems(chunk.bars.ts_open, chunk.lines))
                self._rows.problems.add(self._breaches(chunk.bars, chunk.lines))
            raise self._refused()
        found = self._facts.steps.bar_type(dates_only=self._facts.by_date) or self._thin_days()
        if found is None and len(self._rows.problems):
            raise self._refused()
        if found is None:
            raise BarTypeNeededError(
                f"The spacing of the stamps of {self._reading.file} shows no bar type.",
                f"Name one: --bar-type {', '.join(BarType.all_names())}.",
            )
        return found

    def _thin_days(self) -> BarType | None:
        """Return the type of a day where dates are some days apart because of days off.

        Where the venue trades every day they may be bars of two or three days.
        """
        day, step = BarType.parse("1_DAY"), self._facts.steps.usual
        if step is None or not NANOSECONDS_IN_DAY < step <= _DAYS_OFF * NANOSECONDS_IN_DAY:
            return None
        sessions = self._sessions(Series(self._reading.instrument_id, day), Hours.REGULAR)
        rests = all(session.date.weekday() < _SATURDAY for session in sessions)
        return day if rests and step % NANOSECONDS_IN_DAY == 0 else None

    def _doubtful(self, bar_type: BarType) -> tuple[Suspicion, ...]:
        if self._reading.bar_type is None or self._reading.sparse or not self._facts.any:
            return ()
        line = int(self._rows.chunks[0].lines[0])
        found = longer_than_named(self._facts, bar_type, line, str(self._reading.file))
        return (found,) if found else ()

    def _sessions(self, series: Series, hours: Hours) -> tuple[Session, ...]:
        dates = self._facts.dates(series.bar_type)
        name = self._reading.calendar_name
        return tuple(self._calendar.sessions(series.instrument_id, *dates, name, hours))

    def _problems(self, chunk: TimedRows, order: RowOrder, series: Series) -> Iterator[RowProblem]:
        bars = chunk.bars
        text = self._rows.stamp_text
        yield from chunk.problems(text)
        yield from self._breaches(bars, chunk.lines)
        # One bar a slot: two weekly bars may close differently and be of one week all the same.
        at = slots(bars.ts_open, series.bar_type, self._zone)
        for misplaced, _ in chunk.misplaced:
            at = np.where(misplaced, chunk.written, at)
        yield from order.problems(at, chunk.lines, chunk.written)
        unclosed = bars.ts_event > self._reading.now
        yield from stamp_problems(chunk, unclosed, "the bar has not closed yet", text)
        yield from self._too_long(chunk, series)

    def _breaches(self, bars: Bars, lines: Int64Array) -> list[RowProblem]:
        may = self._reading.prices_may_be_negative
        return problems_of(bars, lambda row: int(lines[row]), prices_may_be_negative=may)

    def _too_long(self, chunk: TimedRows, series: Series) -> Iterator[RowProblem]:
        """Yield the values that are too long with the decimals that the series needs."""
        bars, facts = chunk.bars, self._facts
        price, size = self._reading.least_precisions(series)
        for columns, have, rows_need, least in (
            (PRICE_COLUMNS, bars.price_precision, facts.price_precision, price),
            (("volume",), bars.size_precision, facts.size_precision, size),
        ):
            need = max(rows_need, least)
            whose = "other rows" if rows_need >= least else str(series.instrument_id)
            most = 10 ** (MAX_DIGITS - (need - have))
            problem = f"has more than {MAX_DIGITS} digits with the {need} decimals of {whose}"
            for name in columns if need > have else ():
                for row in np.flatnonzero(np.abs(getattr(bars, name)) >= most):
                    value = value_text(bars, name, int(row))
                    yield RowProblem(int(chunk.lines[row]), name, value, problem)

    def _taken(
        self, series: Series, chunks: TimedChunks, regular: tuple[Session, ...]
    ) -> CheckedRows:
        extended = self._sessions(series, Hours.EXTENDED) if series.bar_type.is_intraday else ()
        suspicions = Suspicions(series, regular, extended)
        precisions = (self._facts.price_precision, self._facts.size_precision)
        bars = ChunkedBars(series, chunks, precisions)
        for index, chunk in enumerate(chunks):
            bars.add(index, chunk.bars)
            suspicions.add(chunk.bars, chunk.lines)
            self._task.advance(1)
        return CheckedRows(bars, suspicions.found())

    def _refused(self) -> RowsRefusedError:
        problems = self._rows.problems
        return RowsRefusedError(
            f"{self._reading.file}: {problems.lines():,} of {self._rows.rows:,} rows are refused; "
            "nothing of the file was written.",
            _again(inferred=self._reading.bar_type is None),
            problems,
        )


def _again(*, inferred: bool) -> str:
    again = (
        "Correct these rows in the file, then import it again. Where a problem names an option, "
        "that may be all it takes."
    )
    named = " If the bars are of another type than was found, say --bar-type."
    return again + named if inferred else again
