"""What is available of one series, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import attrs

from application.checked_range import CheckedRange
from application.files_at_hand import FileDamage, FilesAtHand
from domain.availability import Availability, SeriesHoldings
from domain.bar_type import BarType
from domain.ends import Ends
from domain.gaps import Judged, Status, judge
from domain.held_range import HeldInRange, held_in_range
from domain.instrument import InstrumentId, Series
from domain.ports import TradingCalendar
from domain.sessions import Hours
from domain.stretches import Stretch, gaps, stretches
from domain.window import Window


@attrs.frozen
class SeriesCheck:
    """What is available of one series, and what is not.

    `name` is the instrument as it was typed. `sessions` counts the `judged` ones by status, of
    which `confirmed_empty` complete ones hold no bar; `gaps` are the stretches that are not
    complete, and `stretches` all dates that were judged, closed days included. `available` are
    the first and the last date for which there is nothing more to be had: those of the bars held,
    and closed days up to the ends of the range that was named. `checked` are the first and the
    last date that were judged, None where no session was over. `not_over` is how many sessions
    are still open or to come, and not judged; `hours` are those that sessions were judged by.
    `holdings` are what is held, and at hand but for
    what is `damaged`.
    """

    name: str
    series: Series
    holdings: SeriesHoldings
    damaged: tuple[FileDamage, ...]
    held: HeldInRange
    available: tuple[dt.date, dt.date] | None
    checked: tuple[dt.date, dt.date] | None
    judged: tuple[Judged, ...]
    sessions: Mapping[Status, int]
    confirmed_empty: int
    gaps: tuple[Stretch, ...]
    stretches: tuple[Stretch, ...]
    not_over: int
    calendar: str
    hours: Hours

    @property
    def judged_by(self) -> str:
        """The calendar, and its hours where they are not the regular ones."""
        extended = ", with its extended hours" if self.hours is Hours.EXTENDED else ""
        return f"{self.calendar}{extended}"

    @property
    def can_be_filled(self) -> bool:
        """Whether anything is lacking that a source may have."""
        return any(one.status is not Status.BEFORE_HISTORY for one in self.gaps)


class SeriesChecker:
    """Judges every session of a range, or of what is held; no bar is loaded.

    `past` tells that the availability is that of an earlier point of the catalog's history.
    """

    def __init__(
        self,
        files: FilesAtHand,
        calendar: TradingCalendar,
        hours: Hours = Hours.REGULAR,
        *,
        past: bool = False,
    ) -> None:
        self._files = files
        self._calendar = calendar
        self._hours = hours
        self._past = past

    def check(
        self, name: str, series: Series, window: Window, availability: Availability, now: int
    ) -> SeriesCheck:
        """Return what is available of `series`; sessions that end after `now` are not judged.

        Raises:
            NothingHeldError: an end is open, and nothing is held to take it from.
            UnknownCalendarError: the calendar that was named is none that is known now.
            CatalogError: the catalog's folder cannot be read.
        """
        at_hand = self._files.look(availability.holdings(series), past=self._past)
        held, instrument_id = at_hand.holdings.remembered(), series.instrument_id
        named = availability.calendar_of(instrument_id)
        # A bar of a day is of the regular session, whichever hours are asked for.
        hours = self._hours if series.bar_type.is_intraday else Hours.REGULAR
        span = CheckedRange.of(window, held, now)
        dates = span.whole_periods(series.bar_type)
        known = self._calendar.sessions(instrument_id, *dates, named, hours)
        sessions, ends = span.chosen(known), Ends(series.bar_type, known)
        judged = judge(sessions, held, span.within, now, known)
        checked = span.shown(held, sessions, ends, now)
        kept = held_in_range(held, window, sessions)
        return SeriesCheck(
            name=name,
            series=series,
            holdings=at_hand.holdings,
            damaged=at_hand.damaged,
            held=kept,
            available=span.joined(kept.dates, sessions, checked),
            checked=checked,
            judged=tuple(judged),
            sessions=Counter(one.status for one in judged),
            confirmed_empty=sum(one.confirmed_empty for one in judged),
            gaps=tuple(gaps(judged)),
            stretches=tuple(stretches(judged, *checked)) if checked else (),
            not_over=sum(not ends.is_over(one, now) for one in sessions),
            calendar=self._calendar.describe(instrument_id, named),
            hours=hours,
        )


def held_series(
    instrument_id: InstrumentId | None, bar_type: BarType | None, availability: Availability
) -> list[Series]:
    """Return the series of an instrument, or of all, that hold bars or lost them to damage."""
    fitting = [
        series
        for series in sorted(availability.series)
        if instrument_id in (None, series.instrument_id) and bar_type in (None, series.bar_type)
    ]
    return [
        series
        for series in fitting
        if availability.series[series].partitions or availability.series[series].corrupt
    ]
