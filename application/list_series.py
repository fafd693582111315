"""What the catalog holds, a row for each series."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from application.catalog import Catalog
from application.files_at_hand import FilesAtHand
from application.instruments import data_not_found, resolve
from application.past import Past, past_of
from application.series_check import SeriesCheck, SeriesChecker, held_series
from application.then import then_of
from domain.as_of import AsOf
from domain.availability import Availability
from domain.bar_type import BarType
from domain.instrument import Series
from domain.ports import Clock, Progress, TradingCalendar
from domain.upkeep import CatalogFiles
from domain.window import Window


@attrs.frozen
class SeriesRow:
    """One series, all of it judged: `size` is bytes, `updated` UTC nanoseconds."""

    check: SeriesCheck
    size: int
    updated: int
    sources: tuple[str, ...]


@attrs.frozen
class SeriesList:
    """The rows, and of which point of the catalog's history they are, if one was asked for."""

    rows: tuple[SeriesRow, ...]
    past: Past | None = None


class ListSeries:
    """Lists series from the ledger, the calendar and the files' sizes; no bar is read."""

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

    def run(
        self, instruments: Sequence[str], bar_type: BarType | None, as_of: AsOf | None = None
    ) -> SeriesList:
        """Return every series held, now or `as_of`, or those of `instruments` and `bar_type`.

        Raises:
            InvalidAsOfError: the point of the history is yet to come.
            InvalidInstrumentIdError, AmbiguousSymbolError: see `resolve`.
            DataNotFoundError: nothing is held of the instruments that were named.
            UnknownCalendarError, CatalogError: as of `CheckAvailability`.
        """
        availability = self._catalog.availability(as_of)
        past = past_of(as_of, availability, self._catalog, self._progress)
        chosen = _chosen(instruments, bar_type, availability)
        now = self._clock.now()
        if past is not None:
            now = min(now, then_of(self._catalog, availability, past, chosen).now(as_of))
        checker = SeriesChecker(self._files, self._calendar, past=past is not None)
        rows = []
        with self._progress.track("Judging sessions", len(chosen)) as task:
            for series in chosen:
                check = checker.check(
                    str(series.instrument_id), series, Window(), availability, now
                )
                held = check.holdings
                rows.append(SeriesRow(check, held.size, held.updated, held.sources))
                task.advance(1)
        return SeriesList(tuple(rows), past)


def _chosen(
    instruments: Sequence[str], bar_type: BarType | None, availability: Availability
) -> list[Series]:
    if not instruments:
        return held_series(None, bar_type, availability)
    wanted = {resolve(text, availability) for text in instruments}
    found = [one for each in sorted(wanted) for one in held_series(each, bar_type, availability)]
    if not found:
        kind = f"{bar_type.label} bars" if bar_type else "bars"
        raise data_not_found(", ".join(instruments), f"The Parquet catalog holds no {kind}.")
    return found
