"""Says what is available and what is missing, from the ledger and the calendar alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import attrs

from application.catalog import Catalog
from application.checked_range import CheckedRange
from application.past import Past, past_of, resolve_then
from application.then import then_of
from domain.as_of import AsOf
from domain.availability import Availability
from domain.bar_type import BarType
from domain.errors import NothingHeldError
from domain.gaps import Status, is_over, judge
from domain.held_range import HeldInRange, held_in_range
from domain.instrument import InstrumentId, Series
from domain.ports import Clock, Progress, TradingCalendar
from domain.stretches import Stretch, gaps, stretches
from domain.window import Window

# What is taken for bars that are not held, where nobody says which: those a backtest runs on.
_USUAL = BarType.parse("1_MIN")


@attrs.frozen
class CheckRequest:
    """What is to be checked: `instruments` as the user typed them, all that is held if none."""

    instruments: tuple[str, ...] = ()
    bar_type: BarType | None = None
    window: Window = attrs.field(factory=Window)
    as_of: AsOf | None = None


@attrs.frozen
class SeriesCheck:
    """What is available of one series, and what is not.

    `name` is the instrument as it was typed. `sessions` counts them by status, `gaps` are the
    stretches that are not complete, and `stretches` all dates that were judged, closed days
    included. `available` are the first and the last date for which there is nothing more to be
    had: those of the bars held, and closed days up to the ends of the range that was named.
    `checked` are the first and the last date that were judged, None where no session was over.
    `not_over` is how many sessions are still open or to come, and not judged.
    """

    name: str
    series: Series
    held: HeldInRange
    available: tuple[dt.date, dt.date] | None
    checked: tuple[dt.date, dt.date] | None
    sessions: Mapping[Status, int]
    gaps: tuple[Stretch, ...]
    stretches: tuple[Stretch, ...]
    not_over: int
    calendar: str


@attrs.frozen
class CheckReport:
    """What was found, and at which point of the catalog's history, if one was asked for."""

    series: tuple[SeriesCheck, ...]
    past: Past | None = None

    @property
    def has_gaps(self) -> bool:
        """Whether any session is not complete."""
        return any(one.gaps for one in self.series)


class CheckAvailability:
    """The use case: no bar is loaded and nothing is fetched."""

    def __init__(
        self, catalog: Catalog, calendar: TradingCalendar, clock: Clock, progress: Progress
    ) -> None:
        self._catalog = catalog
        self._calendar = calendar
        self._clock = clock
        self._progress = progress

    def run(self, request: CheckRequest) -> CheckReport:
        """Judge every session of the range, or of what is held, by the venue's calendar.

        Raises:
            NothingHeldError: no range was named, and nothing is held to take one from.
            DataNotFoundError, AmbiguousSymbolError, InvalidInstrumentIdError: see `resolve`.
            InvalidAsOfError: the point of the history is yet to come.
        """
        availability = self._catalog.availability(request.as_of)
        past = past_of(request.as_of, availability, self._catalog, self._progress)
        chosen = _chosen(request, availability, past)
        now = self._clock.now()
        if past is not None:
            held = [series for _, series in chosen if series in availability.series]
            then = then_of(self._catalog, availability, past, held)
            now = min(now, then.now(request.as_of))
            then.warn_of_discarded(request.window, self._progress)
        checks = []
        with self._progress.track("Checking", len(chosen)) as task:
            for name, series in chosen:
                checks.append(self._check(name, series, request.window, availability, now))
                task.advance(1)
        return CheckReport(tuple(checks), past)

    def _check(
        self, name: str, series: Series, window: Window, availability: Availability, now: int
    ) -> SeriesCheck:
        held = availability.holdings(series)
        instrument = availability.instruments.get(series.instrument_id)
        named = instrument.calendar if instrument else None
        span = CheckedRange.of(window, held, now)
        sessions = span.chosen(
            self._calendar.sessions(series.instrument_id, span.first, span.last, named)
        )
        judged = judge(sessions, held, span.within, now)
        checked = span.shown(held, sessions, now)
        kept = held_in_range(held, window, sessions)
        return SeriesCheck(
            name=name,
            series=series,
            held=kept,
            available=span.joined(kept.dates, sessions, checked),
            checked=checked,
            sessions=Counter(one.status for one in judged),
            gaps=tuple(gaps(judged)),
            stretches=tuple(stretches(judged, *checked)) if checked else (),
            not_over=sum(not is_over(one, series.bar_type, now) for one in sessions),
            calendar=self._calendar.describe(series.instrument_id, named),
        )


def _chosen(
    request: CheckRequest, availability: Availability, past: Past | None
) -> list[tuple[str, Series]]:
    """Return the series to check, each with its instrument's name as it was typed."""
    if not request.instruments:
        held = _held(None, request, availability)
        if not held:
            raise _nothing_held(request)
        return [(str(series.instrument_id), series) for series in held]
    names = {resolve_then(text, availability, past): text for text in request.instruments}
    return [
        (name, series)
        for instrument_id, name in names.items()
        for series in _held(instrument_id, request, availability)
        or [Series(instrument_id, request.bar_type or _USUAL)]
    ]


def _held(
    instrument_id: InstrumentId | None, request: CheckRequest, availability: Availability
) -> list[Series]:
    """Return the series of an instrument, or of all, that hold bars or lost them to damage."""
    fitting = [
        series
        for series in sorted(availability.series)
        if instrument_id in (None, series.instrument_id)
        and request.bar_type in (None, series.bar_type)
    ]
    return [
        series
        for series in fitting
        if availability.series[series].partitions or availability.series[series].corrupt
    ]


def _nothing_held(request: CheckRequest) -> NothingHeldError:
    kind = f"{request.bar_type.label} bars" if request.bar_type else "bars"
    if request.as_of:
        return NothingHeldError(
            f"The Parquet catalog held no {kind} then.",
            "Name a later --as-of; `barledger ledger log` lists what changed when.",
        )
    return NothingHeldError(
        f"The Parquet catalog holds no {kind}.",
        "Import some first: barledger import-csv FILE -i SYMBOL.VENUE; or name an instrument "
        "with -i and a range with --start and --end, to see which sessions it has.",
    )
