"""Gives rows of a file their true open and close."""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from application.date_timing import Dating
from application.row_facts import RowFacts
from domain.bar_files import FileRows, RowChunk
from domain.bar_type import BarType
from domain.bars import Bars, Int64Array
from domain.rules import RowProblem
from domain.sessions import (
    Session,
    Stamp,
    inside_sessions,
    intraday_closes,
    intraday_opens,
    utc_offsets,
    within_dates,
)
from domain.spacing import off_grid
from domain.turns import Turns

Mask = NDArray[np.bool_]
_OVER_THE_TURN = (
    "seems to run over the end of the trading day, as no other bar begins with the next one: when "
    "it ends cannot be told. Import it together with the days before, where bars end with the day; "
    "or shorter bars; or stamps of the close, with --stamp close"
)
StampText = Callable[[int], str]


@attrs.frozen(eq=False)
class TimedRows:
    """Rows that follow one another in the file, as bars with their true open and close.

    `misplaced` are the rows that cannot have them, each mask with what is wrong; what `bars`
    says of them means nothing. `written` are the stamps that the file has.
    """

    bars: Bars
    lines: Int64Array
    written: Int64Array
    misplaced: tuple[tuple[Mask, str], ...] = ()

    def problems(self, stamp_text: StampText) -> Iterator[RowProblem]:
        """Yield what is wrong with the stamps."""
        for mask, problem in self.misplaced:
            yield from stamp_problems(self, mask, problem, stamp_text)

    def reversed(self) -> TimedRows:
        """Return the rows from the last to the first."""
        back = slice(None, None, -1)
        return TimedRows(self.bars.take(back), self.lines[back], self.written[back])


def stamp_problems(
    rows: TimedRows, mask: Mask, problem: str, stamp_text: StampText
) -> Iterator[RowProblem]:
    """Yield `problem` for the stamp of each row in `mask`."""
    for row in np.flatnonzero(mask):
        stamp = stamp_text(int(rows.written[row]))
        yield RowProblem(int(rows.lines[row]), "timestamp", stamp, problem)


Timing = Callable[[RowChunk], TimedRows]


def timing(
    rows: FileRows,
    facts: RowFacts,
    bar_type: BarType,
    stamp: Stamp | None,
    zone: zoneinfo.ZoneInfo,
    sessions: Sequence[Session],
    file_zone: zoneinfo.ZoneInfo | None,
) -> Timing:
    """Return what gives rows their times; it is the same for all rows of a file.

    `stamp` None is the open of intraday bars.
    """
    if not bar_type.is_intraday:
        label = _labels(rows, facts, zone, sessions, file_zone)
        shown = facts.steps.bar_type(dates_only=False)
        if label is None and shown is not None and shown.is_intraday:
            return _NoTimes(f"is no date; {bar_type} bars need one")
        timed = not rows.dates_only
        return _ByDate(Dating(bar_type, sessions, zone, stamp, label, timed))
    if rows.dates_only:
        return _NoTimes(f"is a date; {bar_type} bars need a time")
    named = stamp or Stamp.OPEN
    regular = _all_regular(rows, named, sessions)
    turns = Turns(bar_type, zone, sessions)
    for chunk in rows.chunks:
        turns.see(chunk.bars.ts_open)
    uncut = None if turns.end_bars else turns
    return _ByInstant(bar_type, named, zone, sessions, regular, uncut)


def _all_regular(rows: FileRows, stamp: Stamp, sessions: Sequence[Session]) -> bool:
    """Whether every row lies in a regular session, whose end then ends a bar, too."""
    # A stamp of the close lies behind its bar.
    back = int(stamp is Stamp.CLOSE)
    return all(
        bool(inside_sessions(chunk.bars.ts_open - back, sessions).all()) for chunk in rows.chunks
    )


Labels = Callable[[Int64Array], Int64Array]


def _labels(
    rows: FileRows,
    facts: RowFacts,
    zone: zoneinfo.ZoneInfo,
    sessions: Sequence[Session],
    file_zone: zoneinfo.ZoneInfo | None,
) -> Labels | None:
    """Return what turns stamps into midnights UTC of their dates, where they are dates at all."""
    if rows.dates_only or facts.midnights == "utc":
        return lambda stamps: stamps
    if facts.midnights == "venue":
        return lambda stamps: stamps + utc_offsets(stamps, zone)
    if facts.midnights == "file" and file_zone and within_dates(sessions, zone):
        # Another clock's midnight names the date that was written, where no trading goes over it.
        return lambda stamps: stamps + utc_offsets(stamps, file_zone)
    return None


@attrs.frozen
class _NoTimes:
    problem: str

    def __call__(self, chunk: RowChunk) -> TimedRows:
        stamps = chunk.bars.ts_open
        whole = np.ones(len(stamps), np.bool_)
        return TimedRows(chunk.bars, chunk.lines, stamps, ((whole, self.problem),))


@attrs.frozen
class _ByInstant:
    bar_type: BarType
    stamp: Stamp
    zone: zoneinfo.ZoneInfo
    sessions: Sequence[Session]
    regular: bool
    uncut: Turns | None
    """The turns of the trading day, where no row shows that bars end there."""

    def __call__(self, chunk: RowChunk) -> TimedRows:
        stamps = chunk.bars.ts_open
        # Where not all rows are regular, a session's end does not end a bar, but a turn does.
        edges = self.sessions if self.regular else _that_turn(self.sessions)
        where = (self.bar_type, self.zone, edges)
        is_open = self.stamp is Stamp.OPEN
        if is_open:
            opens, closes = stamps, intraday_closes(stamps, *where, each=not self.regular)
        else:
            opens, closes = intraday_opens(stamps, *where, each=not self.regular), stamps
        astray = off_grid(stamps, self.bar_type, self.zone, self.sessions, opens=is_open)
        bars = attrs.evolve(chunk.bars, ts_open=opens, ts_event=closes)
        whose = f"the venue's clock ({self.zone.key})"
        problem = f"does not lie on the grid of {self.bar_type} bars by {whose}"
        misplaced = [(astray, problem)]
        if is_open and self.uncut is not None:
            misplaced.append((self.uncut.crossed(stamps) & ~astray, _OVER_THE_TURN))
        return TimedRows(bars, chunk.lines, stamps, tuple(misplaced))


def _that_turn(sessions: Sequence[Session]) -> Sequence[Session]:
    """Return the sessions that the next follows at once, or that follow another so."""
    pairs = [pair for pair in itertools.pairwise(sessions) if pair[0].close == pair[1].open]
    return sorted({one for pair in pairs for one in pair})


@attrs.frozen
class _ByDate:
    dating: Dating

    def __call__(self, chunk: RowChunk) -> TimedRows:
        stamps = chunk.bars.ts_open
        dated = self.dating.dated(stamps)
        bars = attrs.evolve(chunk.bars, ts_open=dated.labels, ts_event=dated.closes)
        return TimedRows(bars, chunk.lines, stamps, dated.misplaced)
