"""Takes a CSV file into the catalog: reads, checks every row, settles conflicts, publishes."""

from __future__ import annotations

import functools

import attrs

from application.catalog import Catalog
from application.conflicts import OnConflict
from application.csv_import import CsvImport, CsvImportResult
from application.import_policy import Conflict, Person, Policy
from application.instruments import definition
from application.new_bars import NewBars
from application.partition_changes import PartitionChanges
from application.rows import CheckedRows, Reading, RowCheck
from application.series_writer import (
    Change,
    Lazily,
    Removal,
    SeriesReader,
    SeriesWriter,
    inferred_change,
)
from application.space import ensure_space, revisions_needed, space_needed
from domain.availability import Availability
from domain.bar_files import BarFileReader, FileRows
from domain.errors import CorruptPartitionError
from domain.events import CsvImported
from domain.instrument import Series
from domain.ports import Clock, Progress, TradingCalendar
from domain.sessions import Stamp
from domain.upkeep import DiskSpace

SOURCE = "csv"
_FEW_BARS = 1_000_000


class ImportCsv:
    """The use case."""

    def __init__(
        self,
        catalog: Catalog,
        reader: BarFileReader,
        calendar: TradingCalendar,
        clock: Clock,
        progress: Progress,
        disk: DiskSpace,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._calendar = calendar
        self._clock = clock
        self._progress = progress
        self._disk = disk

    def run(self, request: CsvImport, person: Person | None = None) -> CsvImportResult:
        """Import one file, or refuse it whole; `person` is None where nobody can be asked.

        Raises:
            UnreadableFileError, InvalidLayoutError, RowsRefusedError, PrecisionError: the file or
                rows of it cannot be taken.
            TimeZoneNeededError, DateOrderNeededError, BarTypeNeededError, BarTypeMismatchError,
                ConflictError: more must be said, or something else.
            NotEnoughSpaceError: the disk has less room than the change needs.
            CatalogError, LedgerError: the catalog cannot be written.
        """
        availability = self._catalog.availability()
        policy = Policy(request.on_conflict, request.bars_may_vanish, person)
        with self._reader.reading(request.file, request.layout, self._progress) as rows:
            checked = self._checked(rows, request, availability)
            importing = _Import(self._catalog, self._progress, self._disk, request, rows, checked)
            return importing(policy)

    def _checked(
        self, rows: FileRows, request: CsvImport, availability: Availability
    ) -> CheckedRows:
        reading = Reading(
            request.file,
            request.instrument_id,
            request.bar_type,
            request.stamp,
            availability.calendar_of(request.instrument_id),
            self._clock.now(),
            functools.partial(_least_precisions, availability),
            request.prices_may_be_negative,
            request.sparse,
            request.layout.time_zone,
        )
        with self._progress.track(f"Checking {request.file}", RowCheck.steps(rows)) as task:
            checked = RowCheck(rows, reading, self._calendar, task).run()
        for suspicion in checked.suspicions:
            self._progress.warn(f"{request.file}: {suspicion.sentence}")
        return checked


class _Import:
    """One file whose rows are right, on its way into the catalog."""

    def __init__(
        self,
        catalog: Catalog,
        progress: Progress,
        disk: DiskSpace,
        request: CsvImport,
        rows: FileRows,
        checked: CheckedRows,
    ) -> None:
        self._catalog = catalog
        self._progress = progress
        self._disk = disk
        self._request = request
        self._rows = rows
        self._new: NewBars = checked.bars
        self._suspicions = checked.suspicions
        self._damaged: set[str] = set()

    def __call__(self, policy: Policy) -> CsvImportResult:
        while True:
            try:
                return self._import(policy)
            except CorruptPartitionError as error:
                # What is damaged is lost already; it must not keep its own bars from coming back.
                if not self._request.dry_run and not self._catalog.quarantine(error):
                    raise
                self._damaged.add(error.partition.path)
                self._progress.warn(f"{error.message} Its bars count as missing.")

    def _import(self, policy: Policy) -> CsvImportResult:
        # Settled before the lock is taken: a person may take their time to answer.
        holdings = self._catalog.availability().holdings(self._new.series)
        before = self._catalog.reader(holdings.without(self._damaged))
        changes = self._compared(before)
        conflict = self._conflict(changes)
        if self._request.dry_run:
            return self._result(changes, policy.look(conflict))
        result = self._result(changes, policy.settle(conflict))
        ensure_space(self._disk, result.space)
        with self._catalog.writing(self._new.series) as writer:
            if writer.holdings.partitions != before.holdings.partitions:
                # Another process was quicker: what was decided is applied to what is held now.
                changes = self._compared(writer)
                policy = attrs.evolve(policy, person=None)
                result = self._result(changes, policy.settle(self._conflict(changes)))
                ensure_space(self._disk, result.space)
            if result.partitions:
                event = self._commit(writer, changes, result)
                result = attrs.evolve(result, event=event)
        return result

    def _compared(self, held: SeriesReader) -> PartitionChanges:
        changes = PartitionChanges(held, self._new)
        changes.refuse_doubles()
        if not changes.steps:
            return changes
        with self._progress.track(f"Comparing {self._request.file}", changes.steps) as task:
            return changes.compare(task)

    def _conflict(self, changes: PartitionChanges) -> Conflict:
        return Conflict(self._request.file, self._new.series, changes.overlap, changes.by_day)

    def _result(self, changes: PartitionChanges, policy: OnConflict | None) -> CsvImportResult:
        # Of what would be asked, merging writes the most.
        written = changes.changing(policy or OnConflict.MERGE)
        (price, size), (least_price, least_size) = self._new.precisions, self._least()
        precisions = max(price, least_price), max(size, least_size)
        files = revisions_needed(changes.holdings, written, precisions)
        return CsvImportResult(
            source=self._request.file,
            series=self._new.series,
            rows=self._rows.rows,
            partitions=len(changes.changing(policy or OnConflict.SKIP)),
            start=self._new.dates[0],
            end=self._new.dates[-1],
            stamp=self._request.stamp or Stamp.OPEN,
            bar_type_inferred=self._request.bar_type is None,
            on_conflict=policy,
            overlap=changes.overlap,
            by_day=changes.by_day,
            notes=self._rows.notes,
            suspicions=self._suspicions,
            space=space_needed(files),
        )

    def _least(self) -> tuple[int, int]:
        return _least_precisions(self._catalog.availability(), self._new.series)

    def _commit(
        self, writer: SeriesWriter, changes: PartitionChanges, result: CsvImportResult
    ) -> int:
        file = self._request.file
        detail = f"{file.name} sha256:{self._rows.sha256[:16]}"
        bar_type = result.series.bar_type

        def change(name: str) -> Change | Removal:
            return inferred_change(changes.after(name, result.policy), bar_type, SOURCE, detail)

        names = changes.changing(result.policy)
        lazily = Lazily(names, change)
        # Whoever writes goes through them twice, which is quicker where they fit into memory.
        todo = lazily if sum(names.values()) > _FEW_BARS else dict(lazily)
        with self._progress.track(f"Importing {file}", len(names)) as task:
            recorded = writer.commit(todo, [self._event(result)], task, self._least())
        return recorded[-1].seq

    def _event(self, result: CsvImportResult) -> CsvImported:
        layout = self._request.layout
        return CsvImported(
            series=result.series,
            file=self._request.file.name,
            sha256=self._rows.sha256,
            rows=result.rows,
            bars_written=result.bars_written,
            bars_skipped=result.bars_skipped,
            bars_replaced=result.bars_replaced,
            time_zone=layout.time_zone,
            stamp=result.stamp.value,
            on_conflict=result.policy.value,
            bars_removed=result.bars_removed,
            clock_change=layout.clock_change.value if layout.clock_change else None,
            date_order=layout.date_order.value if layout.date_order else None,
        )


def _least_precisions(availability: Availability, series: Series) -> tuple[int, int]:
    """Return the digits of prices and sizes that the series has whatever the new bars need."""
    held = availability.holdings(series)
    known = definition(series.instrument_id, availability)
    price, size = (known.price_precision, known.size_precision) if known else (0, 0)
    return max(price, held.price_precision), max(size, held.size_precision)
