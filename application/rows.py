"""Rows of a file become bars: their type, their open and close, and the rules they must meet."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import BarTypeNeededError, RowsRefusedError
from domain.instrument import InstrumentId, Series
from domain.partitions import trading_dates
from domain.ports import FileRows, TradingCalendar
from domain.rules import RowProblem, order_problems, problems_of
from domain.sessions import (
    NANOSECONDS_IN_DAY,
    NO_SESSION,
    Session,
    Stamp,
    daily_closes,
    date_of_label,
    instant_text,
    intraday_closes,
    intraday_opens,
    period_dates,
    utc_offsets,
)
from domain.spacing import inferred_bar_type, off_grid
from domain.venues import venue


@attrs.frozen(eq=False)
class NewBars:
    """Bars of one series that met every rule; `dates` are theirs by the venue's clock.

    `sha256` (hex) is that of the file that they were read from.
    """

    series: Series
    bars: Bars
    rows: int
    dates: tuple[dt.date, ...]
    sha256: str


def bars_of_rows(
    rows: FileRows,
    instrument_id: InstrumentId,
    *,
    bar_type: BarType | None,
    stamp: Stamp,
    calendar: TradingCalendar,
    calendar_name: str | None,
    now: int,
) -> NewBars:
    """Return the bars of all rows, or refuse the file. `now` is UTC nanoseconds.

    Raises:
        RowsRefusedError: naming every row that cannot be taken.
        BarTypeNeededError: no bar type was named and the spacing shows none.
    """
    zone = venue(instrument_id.venue).tzinfo
    rows = _labelled(_oldest_first(rows), zone, bar_type)
    series = Series(instrument_id, bar_type or _bar_type(rows))
    sessions = calendar.sessions(instrument_id, *_dates(rows, series.bar_type), calendar_name)
    timing = _Timing(rows, series.bar_type, zone, sessions)
    bars, misplaced = timing.by_instant(stamp) if series.bar_type.is_intraday else timing.by_date()
    problems = [*rows.problems, *misplaced, *_breaches(rows, bars, now)]
    if problems:
        raise _refused(problems, rows.rows)
    return NewBars(series, bars, rows.rows, trading_dates(bars, series), rows.sha256)


def _oldest_first(rows: FileRows) -> FileRows:
    """Return the rows turned round where the file runs newest first, as many vendors' do."""
    if len(rows.bars) > 1 and (np.diff(rows.bars.ts_open) < 0).all():
        backwards = slice(None, None, -1)
        return attrs.evolve(rows, bars=rows.bars.take(backwards), lines=rows.lines[backwards])
    return rows


def _labelled(rows: FileRows, zone: zoneinfo.ZoneInfo, bar_type: BarType | None) -> FileRows:
    """Return rows stamped at midnight, by the venue's clock or UTC, as rows of dates."""
    stamps = rows.bars.ts_open
    intraday = bar_type is not None and bar_type.is_intraday
    if rows.dates_only or intraday or not len(stamps):
        return rows
    for labels in (stamps + utc_offsets(stamps, zone), stamps):
        if not (labels % NANOSECONDS_IN_DAY).any():
            bars = attrs.evolve(rows.bars, ts_open=labels, ts_event=labels)
            return attrs.evolve(rows, bars=bars, dates_only=True)
    return rows


def _bar_type(rows: FileRows) -> BarType:
    found = inferred_bar_type(rows.bars.ts_open, dates_only=rows.dates_only)
    if found is None and rows.problems:
        raise _refused(list(rows.problems), rows.rows)
    if found is None:
        raise BarTypeNeededError(
            "The spacing of the stamps shows no bar type.",
            f"Name one: --bar-type {', '.join(BarType.all_names())}.",
        )
    return found


def _dates(rows: FileRows, bar_type: BarType) -> tuple[dt.date, dt.date]:
    """Return the first and last date of the sessions that the rows can lie in."""
    stamps = rows.bars.ts_open
    if not len(stamps):
        return dt.date(1970, 1, 1), dt.date(1970, 1, 1)
    first, _ = period_dates(date_of_label(int(stamps.min())), bar_type)
    _, last = period_dates(date_of_label(int(stamps.max())), bar_type)
    # A session's date can differ from the UTC date of its instants by one.
    return first - dt.timedelta(days=1), last + dt.timedelta(days=1)


@attrs.frozen
class _Timing:
    """Gives rows their true open and close, and says which cannot have one."""

    rows: FileRows
    bar_type: BarType
    zone: zoneinfo.ZoneInfo
    sessions: Sequence[Session]

    def by_instant(self, stamp: Stamp) -> tuple[Bars, list[RowProblem]]:
        """Return intraday bars."""
        rows, stamps = self.rows, self.rows.bars.ts_open
        if rows.dates_only:
            whole = np.ones(len(stamps), np.bool_)
            return rows.bars, _problems(rows, whole, f"is a date; {self.bar_type} bars need a time")
        where = (self.bar_type, self.zone, self.sessions)
        if stamp is Stamp.OPEN:
            opens, closes = stamps, intraday_closes(stamps, *where)
        else:
            opens, closes = intraday_opens(stamps, *where), stamps
        astray = off_grid(stamps, *where)
        return attrs.evolve(rows.bars, ts_open=opens, ts_event=closes), _problems(
            rows, astray, f"does not lie on the grid of {self.bar_type} bars"
        )

    def by_date(self) -> tuple[Bars, list[RowProblem]]:
        """Return bars of a day and longer."""
        rows, labels = self.rows, self.rows.bars.ts_open
        if not rows.dates_only:
            whole = np.ones(len(labels), np.bool_)
            return rows.bars, _problems(rows, whole, f"is no date; {self.bar_type} bars need one")
        closes = daily_closes(labels, self.bar_type, self.sessions)
        closed = closes == NO_SESSION
        bars = attrs.evolve(rows.bars, ts_event=np.where(closed, labels, closes))
        return bars, _problems(rows, closed, "the venue had no session then")


def _breaches(rows: FileRows, bars: Bars, now: int) -> list[RowProblem]:
    """Return what is wrong with `bars`, the rows with their times known."""

    def line_of(position: int) -> int:
        return int(rows.lines[position])

    return [
        *problems_of(bars, line_of),
        *order_problems(bars.ts_event, line_of, rows.bars.ts_open),
        *_problems(rows, bars.ts_event > now, "the bar has not closed yet"),
    ]


def _problems(rows: FileRows, where: NDArray[np.bool_], problem: str) -> list[RowProblem]:
    stamps = rows.bars.ts_open
    return [
        RowProblem(int(rows.lines[row]), "timestamp", instant_text(int(stamps[row])), problem)
        for row in np.flatnonzero(where)
    ]


def _refused(problems: list[RowProblem], rows: int) -> RowsRefusedError:
    lines = {problem.line for problem in problems}
    return RowsRefusedError(
        f"{len(lines)} of {rows} rows are refused; nothing of the file was written.",
        "Correct these rows in the file, then import it again.",
        sorted(problems),
    )
