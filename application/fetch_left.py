"""Of which sessions a fetch brought nothing, and what is known of why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from application.fetch_plan import SeriesPlan
from application.fetch_publishing import Published
from application.fetch_request import SeriesOutcome
from application.fetch_texts import left_text, old_left_text
from domain.fetching import MAY_STILL_COME
from domain.instrument import Series
from domain.ports import Clock
from domain.venues import venue


class Left:
    """Tells sessions before the source's first bar from those that it may have bars of.

    `start` is where its bars begin, UTC nanoseconds, None as long as nobody knows.
    """

    def __init__(self, plan: SeriesPlan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self.start = plan.holdings.history_start

    def early(self, done: Published) -> tuple[dt.date, ...]:
        """Return the dates that were meant, lie before the first bar and hold nothing.

        Where it begins can become known after answers about them.
        """
        start, plan = self.start, self._plan
        if start is None:
            return ()
        lacking = {*plan.early, *(one for part in plan.parts for one in part.sessions)}
        held = {*done.written, *done.kept}
        return tuple(
            one.date
            for one in plan.meant
            if one.close <= start and one in lacking and one.date not in held
        )

    def left(self, done: Published) -> tuple[dt.date, ...]:
        """Return the dates of which nothing came, though the source may have something."""
        early = set(self.early(done))
        return tuple(date for date in done.left if date not in early)

    def texts(self, done: Published, source: str) -> Iterator[str]:
        """Yield what is told of the dates that are left."""
        left = self.left(done)
        closes = {one.date: one.close for part in self._plan.parts for one in part.sessions}
        since = self._clock.now() - MAY_STILL_COME
        old = [date for date in left if closes[date] <= since]
        if old:
            yield old_left_text(self._plan.name, old, source)
        young = [date for date in left if closes[date] > since]
        if young:
            yield left_text(self._plan.name, young, source)


def why_nothing(outcome: SeriesOutcome) -> str | None:
    """Return why no bar can be had of sessions of the range, in a sentence without its stop."""
    if outcome.is_to_come:
        return "no session of this range has closed yet"
    if outcome.start is None:
        return "this range holds no session"
    if not outcome.early:
        return None
    text = early_text(len(outcome.early), _span(outcome.early))
    return f"{text}{begins_text(outcome.series, outcome.history_start)}"


def early_text(count: int, dates: str) -> str:
    """Return what is told of so many sessions before the first bar that can be had."""
    sessions = f"{count} session{'' if count == 1 else 's'}"
    return f"its history begins later than {sessions} of this range: {dates}"


def begins_text(series: Series, start: int | None) -> str:
    """Return when the history begins, by the venue's clock; UTC nanoseconds are given."""
    if start is None:
        return ""
    zone = venue(series.instrument_id.venue).tzinfo
    return f" (it begins on {dt.datetime.fromtimestamp(start // 10**9, zone).date()})"


def as_sentence(text: str) -> str:
    """Return `text` with a capital letter and a stop, after a space."""
    return f" {text[0].upper()}{text[1:]}."


def _span(dates: Sequence[dt.date]) -> str:
    first, last = dates[0], dates[-1]
    return f"{first}" if first == last else f"{first} to {last}"
