"""How stretches of sessions and of dates read on the screen."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.bar_type import BarUnit
from domain.gaps import Judged, Status
from domain.intervals import Interval
from domain.stretches import Stretch
from domain.venues import venue

if TYPE_CHECKING:
    from application.series_check import SeriesCheck

_MARKS = {
    Status.COMPLETE: "✓",
    Status.PARTIAL: "◐ partial",
    Status.MISSING: "✗",
    Status.CORRUPT: "! corrupt",
    Status.BEFORE_HISTORY: "- before its history",
}
_SHOWN = 5
# What a bar is of, where it is longer than a day.
_UNITS = {BarUnit.WEEK: "week", BarUnit.MONTH: "month"}


def line(one: SeriesCheck) -> str:
    """Return all stretches of a series, such as `MSFT: Jan 1-15 ✓, Jan 16-31 ✗`."""
    stretches = one.stretches
    if not stretches:
        none = "no session that is over" if one.not_over else "no session"
        return f"{one.name}: {none} in this range"
    shown = None if stretches[0].start.year != stretches[-1].end.year else stretches[0].start.year
    texts = []
    for stretch in stretches:
        texts.append(f"{_dates(stretch, shown)} {_mark(stretch.status)}")
        shown = stretch.end.year
    return f"{one.name}: {', '.join(texts)}"


def _dates(stretch: Stretch, year: int | None) -> str:
    """Return the dates of a stretch; `year` is the one that a reader has in mind."""
    first, last = stretch.start, stretch.end
    text = _date(first, year)
    if first == last:
        return text
    if (first.year, first.month) == (last.year, last.month):
        return f"{text}-{last.day}"
    return f"{text}-{_date(last, first.year)}"


def _date(date: dt.date, year: int | None = None) -> str:
    text = f"{date:%b} {date.day}"
    return text if date.year == year else f"{date.year} {text}"


def _mark(status: Status) -> str:
    mark = _MARKS[status]
    try:
        mark.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return status.value.replace("_", " ")
    return mark


def available(one: SeriesCheck) -> str:
    """Return the range that is held, the bar type, and the number of days, weeks or months."""
    kind, count = f"{one.series.bar_type.label} bars", len(one.held.dates)
    if one.available is None:
        return f"Available: nothing ({kind})"
    start, end = one.available
    unit = _UNITS.get(one.series.bar_type.unit, "trading day")
    return f"Available: {start} to {end} ({kind}, {count} {unit}{'' if count == 1 else 's'})"


def partial_sessions(one: SeriesCheck) -> Iterator[str]:
    """Yield what the first few partial sessions lack, by the venue's clock."""
    partial = [each for gap in one.gaps if gap.status is Status.PARTIAL for each in gap.judged]
    for each in partial[:_SHOWN]:
        yield _lacking(each, one)
    if len(partial) > _SHOWN:
        yield f"and {len(partial) - _SHOWN} more partial sessions; --json lists them all"


def _lacking(each: Judged, one: SeriesCheck) -> str:
    zone = venue(one.series.instrument_id.venue).tzinfo
    holes = ", ".join(clock_text(hole, each, zone) for hole in each.holes)
    year = one.checked[1].year if one.checked else None
    return f"{_date(each.session.date, year)} lacks {holes} ({zone.key})"


def clock_text(hole: Interval, each: Judged, zone: dt.tzinfo) -> str:
    """Return a stretch of a session by the clock of `zone`, with dates that are not its own."""
    return f"{_time(hole.start, each, zone)}-{_time(hole.end, each, zone)}"


def _time(stamp: int, each: Judged, zone: dt.tzinfo) -> str:
    at = dt.datetime.fromtimestamp(stamp // 10**9, zone)
    day = "" if at.date() == each.session.date else f"{_date(at.date(), at.year)} "
    return f"{day}{at:%H:%M}"
