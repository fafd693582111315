"""Brings back what the partitions of a series held at an earlier point of its history."""

from __future__ import annotations

import attrs

from application.catalog import Catalog
from application.chosen_series import chosen_series
from application.instruments import data_not_found
from application.past import past_of
from application.series_restoration import SeriesRestoration, SeriesTask
from application.series_writer import Lazily, SeriesWriter
from application.space import ensure_space, space_needed
from domain.as_of import AsOf
from domain.bar_type import BarType
from domain.errors import CorruptPartitionError, LedgerConflictError
from domain.ports import Progress
from domain.upkeep import DiskSpace
from domain.window import Window


@attrs.frozen
class BarsToRestore:
    """What is to be as it was `as_of`: the bars of `instruments` in `window`."""

    instruments: tuple[str, ...]
    as_of: AsOf
    bar_type: BarType | None = None
    window: Window = attrs.field(factory=Window)
    dry_run: bool = False


class RestoreBars:
    """The use case: first it plans, and what was planned is carried out series by series."""

    def __init__(self, catalog: Catalog, disk: DiskSpace, progress: Progress) -> None:
        self._catalog = catalog
        self._disk = disk
        self._progress = progress

    def plan(self, request: BarsToRestore) -> list[SeriesRestoration]:
        """Return what would come back, of every series that holds or held something there.

        Every old revision that is needed is read, so that nothing is begun that cannot be done.

        Raises:
            InvalidInstrumentIdError, AmbiguousSymbolError, InvalidWindowError: the request.
            InvalidAsOfError: the point is yet to come.
            DataNotFoundError: neither then nor now is there anything.
            RevisionDiscardedError, CorruptPartitionError: what was held cannot be read.
            ConflictError: the window cuts a bar.
        """
        then = self._catalog.availability(request.as_of)
        now = self._catalog.availability()
        past_of(request.as_of, then, self._catalog, self._progress)
        planned = []
        for series in chosen_series(now, request.instruments, request.bar_type):
            reader = self._catalog.reader(now.holdings(series))
            old = then.holdings(series)
            task = SeriesTask(self._catalog, reader, old, then.head, request.window)
            if task.names:
                planned.append(self._planned(task, request))
        if not planned:
            name = ", ".join(request.instruments)
            raise data_not_found(name, "The Parquet catalog held no bars there, and holds none.")
        return planned

    def _planned(self, task: SeriesTask, request: BarsToRestore) -> SeriesRestoration:
        try:
            with self._progress.track(f"Reading {task.series}", len(task.names)) as progress:
                return task.summary(progress.advance)
        except CorruptPartitionError as error:
            raise self._catalog.explained(error, touching=not request.dry_run) from error

    def carry_out(
        self, planned: SeriesRestoration, request: BarsToRestore, *, exactly: bool
    ) -> SeriesRestoration:
        """Restore what was planned, all of it or nothing, and return what was restored.

        `exactly` refuses anything but what was planned, as a person has agreed to that alone.

        Raises:
            LedgerConflictError: something else would change, for the series has.
            RevisionDiscardedError, CorruptPartitionError: what was held cannot be read any more.
            PrecisionError: values do not fit together with the series' others.
            NotEnoughSpaceError, CatalogError, LedgerError: the catalog cannot be written.
        """
        series = planned.series
        old = self._catalog.availability(AsOf(seq=planned.as_of)).holdings(series)
        try:
            with self._catalog.writing(series) as writer:
                task = SeriesTask(self._catalog, writer, old, planned.as_of, request.window)
                now = planned
                if not task.starts_from(planned):
                    now = task.summary()
                    if exactly and now != planned:
                        raise LedgerConflictError(
                            f"Another process has changed {series} while you were asked. "
                            "Nothing of it was restored.",
                            "Run the command again and look at what it would restore now.",
                        )
                return self._restore(writer, task, now) if now else now
        except CorruptPartitionError as error:
            raise self._catalog.explained(error) from error

    def _restore(
        self, writer: SeriesWriter, task: SeriesTask, planned: SeriesRestoration
    ) -> SeriesRestoration:
        ensure_space(self._disk, space_needed(task.most_bars(planned.written)))
        names = (*planned.written, *planned.removed)
        with self._progress.track(f"Restoring {task.series}", len(planned.written)) as progress:
            recorded = writer.commit(
                Lazily((name for name in names if name not in task.forgotten), task.change),
                [*task.removals(), *task.restorations(planned.written)],
                progress,
            )
        return attrs.evolve(planned, before=recorded[0].seq - 1)
