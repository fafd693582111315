"""Of which sessions a fetch brought nothing, and what is known of why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from application.fetch_plan import SeriesPlan
from application.fetch_publishing import Published
from application.fetch_request import FetchOutcome, SeriesOutcome
from application.fetch_texts import left_text, old_left_text, shown_source
from application.instruments import data_not_found
from domain.bar_type import BarUnit
from domain.errors import DataNotFoundError
from domain.fetching import MAY_STILL_COME
from domain.instrument import Series
from domain.ports import Clock
from domain.venues import venue

_PERIODS = {BarUnit.WEEK: "week", BarUnit.MONTH: "month"}


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
        held = {*done.written, *done.kept, *done.same}
        return tuple(
            one.date
            for one in plan.meant
            if one.close <= start and one in lacking and one.date not in held
        )

    def left(self, done: Published) -> tuple[dt.date, ...]:
        """Return the dates of which nothing came, though the source may have something."""
        early = set(self.early(done))
        return tuple(date for date in done.left if date not in early)

    def silent(self, done: Published) -> tuple[dt.date, ...]:
        """Return those dates that are `left` and long over, where there is nothing else at all."""
        something = done.sessions or done.kept or done.rest or self._plan.held
        return () if something else tuple(self._by_age(done)[0])

    def texts(self, done: Published, source: str) -> Iterator[str]:
        """Yield what is told of the dates that are left."""
        old, young = self._by_age(done)
        if old:
            yield old_left_text(self._plan.name, old, source)
        if young:
            yield left_text(self._plan.name, young, source)

    def _by_age(self, done: Published) -> tuple[list[dt.date], list[dt.date]]:
        """Return the dates that are left: those long over, and those that may still get bars."""
        left = self.left(done)
        closes = {one.date: one.close for part in self._plan.parts for one in part.sessions}
        since = self._clock.now() - MAY_STILL_COME
        return (
            [date for date in left if closes[date] <= since],
            [date for date in left if closes[date] > since],
        )


def why_nothing(outcome: SeriesOutcome) -> str | None:
    """Return why no bar can be had of sessions of the range, in a sentence without its stop."""
    if outcome.is_to_come:
        return to_come_text(outcome.series)
    if outcome.start is None:
        return "this range holds no session"
    if not outcome.early:
        return None
    text = early_text(len(outcome.early), _span(outcome.early))
    return f"{text}{begins_text(outcome.series, outcome.history_start)}"


def nothing_found(outcome: FetchOutcome, source: str) -> DataNotFoundError | None:
    """Return the error that of series of the range nothing came, though it is long over.

    None where there are no such series. Of the others, what came is kept all the same.
    """
    silent = [one for one in outcome.series if one.silent]
    if not silent:
        return None
    first, others = silent[0], ", ".join(one.name for one in silent[1:])
    count = len(first.silent)
    sessions = f"{count} session{'' if count == 1 else 's'}"
    also = f" So it is with {others}." if others else ""
    return data_not_found(
        first.name,
        f"{shown_source(source)} gave nothing of {sessions} that ended long ago: "
        f"{_span(first.silent)}.{also} Check the venue and the expiry, and that your account has "
        "this market's data. Nothing is recorded, so the same command asks again.",
    )


def to_come_text(series: Series) -> str:
    """Return what is told of a range of which everything is still to come.

    Of a week or month that goes on, sessions have closed; its bar has not.
    """
    return f"no {_PERIODS.get(series.bar_type.unit, 'session')} of this range has closed yet"


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
