"""What a backtest lacks of its range, judged as `check` judges it, and how that is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Sequence
from itertools import groupby

from application.backtest_bars import Leg
from application.checked_range import CheckedRange
from application.fetch_left import as_sentence, begins_text, early_text, to_come_text
from domain.errors import NothingHeldError
from domain.gaps import Judged, Status, judge
from domain.intervals import Interval
from domain.partitions import partition_bounds
from domain.ports import TradingCalendar
from domain.venues import venue
from domain.window import FAR_FUTURE

# The date of a session differs from the UTC date of its bars by one at the most.
_ONE_DAY = dt.timedelta(days=1)
_NOT_HELD = frozenset({Status.MISSING, Status.CORRUPT})
_SHOWN = 5
_HOLES_SHOWN = 3


def judged_sessions(leg: Leg, calendar: TradingCalendar, now: int) -> list[Judged]:
    """Return what is held of each session of the leg's window that is over at `now`, in order."""
    try:
        span = CheckedRange.of(leg.window, leg.holdings, now)
    except NothingHeldError:
        return []  # all that is held lies after the only end that was named
    dates = span.whole_periods(leg.holdings.series.bar_type)
    known = calendar.sessions(leg.instrument.id, *dates, leg.calendar)
    return judge(span.chosen(known), leg.holdings, span.within, now, known)


def lacks_sessions(judged: Sequence[Judged]) -> bool:
    """Whether any session is missing, or corrupt, which counts as missing."""
    return any(one.status in _NOT_HELD for one in judged)


def missing_text(judged: Sequence[Judged], calendar: str) -> str:
    """Return which sessions are missing, and which of them are corrupt."""
    count = sum(one.status in _NOT_HELD for one in judged)
    text = f"Missing by the calendar {calendar}: {_ranges(judged, _NOT_HELD)} ({_count(count)})."
    corrupt = _ranges(judged, {Status.CORRUPT})
    return f"{text} Corrupt: {corrupt}." if corrupt else text


def nothing_text(leg: Leg, judged: Sequence[Judged], now: int) -> str:
    """Return why no bar is to be loaded, where no session is missing."""
    if not judged:
        ends = leg.window.bounds(venue(leg.instrument.id.venue).tzinfo)[1]
        if ends > now:
            return as_sentence(to_come_text(leg.holdings.series)).strip()
        return "The range that was asked for holds no session of it."
    series, start = leg.holdings.series, leg.holdings.history_start
    before = _early(judged)
    if before:
        return as_sentence(f"{before}{begins_text(series, start)}").strip()
    return "The range that was asked for is confirmed to hold no bar of it."


def notices(leg: Leg, judged: Sequence[Judged], calendar: TradingCalendar) -> Iterator[str]:
    """Yield a sentence for each kind of thing that the run does without."""
    damaged = _damaged(leg, judged) if leg.window.is_open else _damaged_beside(leg, calendar)
    if damaged:
        yield f"{leg.name}: damaged and left out until imported again: {damaged}"
    for where, some in _places(leg, judged):
        missing = sum(one.status is Status.MISSING for one in some)
        if missing:
            yield (
                f"{leg.name}: {_count(missing)} {where} what is held missing and left out: "
                f"{_ranges(some, {Status.MISSING})}"
            )
    before = _early(judged)
    if before:
        yield f"{leg.name}: {before}"
    partial = [one for one in judged if one.status is Status.PARTIAL]
    if partial:
        yield f"{leg.name}: {_partial_text(leg, partial)}"


def _places(leg: Leg, judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    """Yield the sessions before, inside and after what is held, with how that is called."""
    held = leg.holdings.trading_dates
    first, last = held[0], held[-1]
    yield "before", [one for one in judged if one.session.date < first]
    yield "inside", [one for one in judged if first <= one.session.date <= last]
    yield "after", [one for one in judged if one.session.date > last]


def _early(judged: Sequence[Judged]) -> str:
    """Return how many sessions lie before the first bar that can be had, if any do."""
    before = sum(one.status is Status.BEFORE_HISTORY for one in judged)
    return early_text(before, _ranges(judged, {Status.BEFORE_HISTORY})) if before else ""


def _damaged(leg: Leg, judged: Sequence[Judged]) -> str:
    """Return the damaged partitions, and the sessions they are of where those differ.

    Damage at either end would otherwise only make what is held look shorter.
    """
    names = ", ".join(sorted(leg.holdings.corrupt))
    sessions = _ranges(judged, {Status.CORRUPT})
    return names if sessions in ("", names) else f"{names} (sessions {sessions})"


def _damaged_beside(leg: Leg, calendar: TradingCalendar) -> str:
    """Return the sessions that a range touches, and whose part of it is damaged.

    One that is not over is not judged, and would be left out without a word.
    """
    corrupt = leg.holdings.corrupt
    if not corrupt or not leg.holdings.series.bar_type.is_intraday:
        return ""
    instrument = leg.instrument
    start, end = leg.loaded.bounds(venue(instrument.id.venue).tzinfo)
    dates = [date for name in corrupt for date in partition_bounds(name)]
    sessions = calendar.sessions(
        instrument.id, min(dates) - _ONE_DAY, max(dates) + _ONE_DAY, leg.calendar
    )
    judged = judge(sessions, leg.holdings, Interval(start, end), FAR_FUTURE)
    text = _ranges(judged, {Status.CORRUPT})
    return f"part of the session {text}" if text else ""


def _ranges(judged: Sequence[Judged], statuses: Container[Status]) -> str:
    """Return unbroken runs of sessions as dates, such as `2024-01-16 to 2024-01-31`."""
    runs = [
        list(run) for among, run in groupby(judged, lambda one: one.status in statuses) if among
    ]
    edges = [(run[0].session.date, run[-1].session.date) for run in runs]
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in edges)


def _partial_text(leg: Leg, partial: Sequence[Judged]) -> str:
    zone = venue(leg.instrument.id.venue).tzinfo
    shown = [f"{one.session.date} lacks {_holes(one, zone)}" for one in partial[:_SHOWN]]
    if len(partial) > _SHOWN:
        shown.append(f"and {len(partial) - _SHOWN} more, which `barledger check --json` lists")
    verb = "is" if len(partial) == 1 else "are"
    return f"{_count(len(partial))} {verb} partial, and the rest is used: {'; '.join(shown)}"


def _holes(one: Judged, zone: dt.tzinfo) -> str:
    """Return what a session lacks by the venue's clock, such as `10:00-13:00 (Asia/Tokyo)`."""
    holes = list(one.holes)
    texts = [
        f"{_clock(hole.start, one, zone)}-{_clock(hole.end, one, zone)}"
        for hole in holes[:_HOLES_SHOWN]
    ]
    more = f" and {len(holes) - _HOLES_SHOWN} more" if len(holes) > _HOLES_SHOWN else ""
    return f"{', '.join(texts)}{more} ({zone})"


def _clock(stamp: int, one: Judged, zone: dt.tzinfo) -> str:
    at = dt.datetime.fromtimestamp(stamp // 10**9, zone)
    day = "" if at.date() == one.session.date else f"{at:%b} {at.day} "
    return f"{day}{at:%H:%M}"


def _count(number: int) -> str:
    return f"{number} session{'' if number == 1 else 's'}"
