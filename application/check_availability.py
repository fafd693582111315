"""Says what is available and what is missing, from the ledger and the calendar alone."""

from __future__ import annotations

import attrs

from application.catalog import Catalog
from application.files_at_hand import FilesAtHand
from application.past import Past, past_of, resolve_then
from application.series_check import SeriesCheck, SeriesChecker, held_series
from application.then import then_of
from domain.as_of import AsOf
from domain.availability import Availability
from domain.bar_type import BarType
from domain.errors import NothingHeldError
from domain.instrument import Series
from domain.ports import Clock, Progress, TradingCalendar
from domain.sessions import Hours
from domain.upkeep import CatalogFiles
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
    hours: Hours = Hours.REGULAR


@attrs.frozen
class CheckReport:
    """What was found, and at which point of the catalog's history, if one was asked for.

    `head` is the last event of the ledger that was taken into account.
    """

    series: tuple[SeriesCheck, ...]
    past: Past | None = None
    head: int = 0

    @property
    def has_gaps(self) -> bool:
        """Whether any session is not complete."""
        return any(one.gaps for one in self.series)


class CheckAvailability:
    """The use case: no bar is loaded and nothing is fetched."""

    def __init__(
        self,
        catalog: Catalog,
        files: CatalogFiles,
        calendar: TradingCalendar,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._catalog = catalog
        self._files = FilesAtHand(catalog, files)
        self._calendar = calendar
        self._clock = clock
        self._progress = progress

    def run(self, request: CheckRequest) -> CheckReport:
        """Judge every session of the range, or of what is held, by the venue's calendar.

        Raises:
            NothingHeldError: no range was named, and nothing is held to take one from.
            DataNotFoundError, AmbiguousSymbolError, InvalidInstrumentIdError: see `resolve`.
            InvalidAsOfError: the point of the history is yet to come.
            UnknownCalendarError: a calendar that was named once is none that is known now.
            CatalogError: the catalog's folder cannot be read.
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
        checker = SeriesChecker(self._files, self._calendar, request.hours, past=past is not None)
        checks = []
        with self._progress.track("Checking", len(chosen)) as task:
            for name, series in chosen:
                checks.append(checker.check(name, series, request.window, availability, now))
                task.advance(1)
        return CheckReport(tuple(checks), past, availability.head)


def _chosen(
    request: CheckRequest, availability: Availability, past: Past | None
) -> list[tuple[str, Series]]:
    """Return the series to check, each with its instrument's name as it was typed."""
    if not request.instruments:
        held = held_series(None, request.bar_type, availability)
        if not held:
            raise _nothing_held(request)
        return [(str(series.instrument_id), series) for series in held]
    names = {resolve_then(text, availability, past): text for text in request.instruments}
    return [
        (name, series)
        for instrument_id, name in names.items()
        for series in held_series(instrument_id, request.bar_type, availability)
        or [Series(instrument_id, request.bar_type or _USUAL)]
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
