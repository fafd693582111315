"""Takes bars out of the current catalog; what they were stays in its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import attrs

from application.catalog import Catalog
from application.chosen_series import chosen_series, partitions_touched
from application.cutting import Cut, cut, surely_inside, surely_outside, what_is_left
from application.instruments import data_not_found
from application.series_writer import (
    Change,
    Lazily,
    Removal,
    SeriesReader,
    SeriesWriter,
    removed,
)
from application.space import ensure_space, space_needed
from domain.bar_type import BarType
from domain.errors import CorruptPartitionError, LedgerConflictError
from domain.events import PartitionWritten
from domain.history import SeriesHistory
from domain.instrument import Series
from domain.partitions import trading_dates
from domain.ports import Progress
from domain.upkeep import DiskSpace
from domain.window import Window

_REASON = "removed"


@attrs.frozen
class BarsToRemove:
    """What is to go: the bars of `instruments` in `window`; no bar type stands for all."""

    instruments: tuple[str, ...]
    bar_type: BarType | None = None
    window: Window = attrs.field(factory=Window)
    dry_run: bool = False


@attrs.frozen
class SeriesRemoval:
    """What goes, or went, of one series.

    `dates` are those, by the venue's clock, that lose bars. Partitions go `whole`, keep some of
    their bars (`cut`), or were known as `damaged`, which is forgotten. `as_of` is the event
    after which all was still there, once it is gone.
    """

    series: Series
    dates: tuple[dt.date, ...] = ()
    bars: int = 0
    whole: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    as_of: int | None = None

    def __bool__(self) -> bool:
        return bool(self.whole or self.cut or self.damaged)


class RemoveBars:
    """The use case: first it plans, and what was planned is carried out series by series."""

    def __init__(self, catalog: Catalog, disk: DiskSpace, progress: Progress) -> None:
        self._catalog = catalog
        self._disk = disk
        self._progress = progress

    def plan(self, request: BarsToRemove) -> list[SeriesRemoval]:
        """Return what would go, of every series that loses something.

        Raises:
            InvalidInstrumentIdError, AmbiguousSymbolError, InvalidWindowError: the request.
            DataNotFoundError: nothing that the request names is held.
            CorruptPartitionError: a partition that the window cuts is damaged.
        """
        availability = self._catalog.availability()
        planned = []
        for series in chosen_series(availability, request.instruments, request.bar_type):
            reader = self._catalog.reader(availability.holdings(series))
            try:
                planned.append(self._planned(reader, request.window))
            except CorruptPartitionError as error:
                raise self._catalog.explained(error, touching=not request.dry_run) from error
        found = [one for one in planned if one]
        if not found:
            name = ", ".join(request.instruments)
            raise data_not_found(name, "The Parquet catalog holds no bars there to remove.")
        return found

    def carry_out(
        self, planned: SeriesRemoval, request: BarsToRemove, *, exactly: bool
    ) -> SeriesRemoval:
        """Remove what was planned, all of it or nothing, and return what was removed.

        `exactly` refuses anything but what was planned, as a person has agreed to that alone.

        Raises:
            LedgerConflictError: something else would go, for the series has changed.
            CorruptPartitionError: a partition that the window cuts is damaged.
            NotEnoughSpaceError, CatalogError, LedgerError: the catalog cannot be written.
        """
        try:
            with self._catalog.writing(planned.series) as writer:
                now = self._planned(writer, request.window)
                if exactly and now != planned:
                    raise LedgerConflictError(
                        f"Another process has changed {planned.series} while you were asked. "
                        "Nothing of it was removed.",
                        "Run the command again and look at what it would remove now.",
                    )
                return self._remove(writer, now, request.window) if now else now
        except CorruptPartitionError as error:
            raise self._catalog.explained(error) from error

    def _planned(self, held: SeriesReader, window: Window) -> SeriesRemoval:
        damaged = [one.partition for one in self._damaged(held, window)]
        return _removal(held, window, damaged)

    def _damaged(self, held: SeriesReader, window: Window) -> Iterator[PartitionWritten]:
        touched = partitions_touched(window, held.holdings)
        corrupt = held.holdings.corrupt.intersection(touched)
        history = self._catalog.history(held.holdings.series) if corrupt else SeriesHistory()
        for name in sorted(corrupt):
            last = history.last(name)
            # What the window leaves of it must stay known as damaged.
            if last and surely_inside(last.event, window):
                yield last.event

    def _remove(
        self, writer: SeriesWriter, removal: SeriesRemoval, window: Window
    ) -> SeriesRemoval:
        def change(name: str) -> Change | Removal:
            if name in whole:
                return Removal(_REASON)
            return what_is_left(held[name], _parts(held[name], writer, window), window)

        held = writer.holdings.partitions
        ensure_space(self._disk, space_needed(held[name].bars for name in removal.cut))
        whole = set(removal.whole)
        forgotten = [removed(one, _REASON) for one in self._damaged(writer, window)]
        changes = Lazily((*removal.whole, *removal.cut), change)
        with self._progress.track(f"Removing {removal.series}", len(removal.cut)) as task:
            recorded = writer.commit(changes, forgotten, task)
        return attrs.evolve(removal, as_of=recorded[0].seq - 1)


def _removal(held: SeriesReader, window: Window, damaged: Sequence[str]) -> SeriesRemoval:
    series = held.holdings.series
    dates: set[dt.date] = set()
    whole: list[str] = []
    partly: list[str] = []
    bars = 0
    for name in partitions_touched(window, held.holdings):
        one = held.holdings.partitions.get(name)
        if one is None or surely_outside(one, window):
            continue
        if surely_inside(one, window):
            whole.append(name)
            dates.update(one.trading_dates)
            bars += one.bars
            continue
        parts = _parts(one, held, window)
        if len(parts.inside):
            (partly if len(parts.outside) else whole).append(name)
            dates.update(trading_dates(parts.inside, series))
            bars += len(parts.inside)
    return SeriesRemoval(
        series, tuple(sorted(dates)), bars, tuple(whole), tuple(partly), tuple(damaged)
    )


def _parts(held: PartitionWritten, reader: SeriesReader, window: Window) -> Cut:
    return cut(reader.read_revision(held), held.series, window)
