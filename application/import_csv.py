"""Takes a CSV file into the catalog: reads, checks every row, settles conflicts, publishes."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from application.catalog import Catalog
from application.conflicts import OnConflict, Overlap
from application.instruments import definition
from application.partition_changes import PartitionChanges
from application.rows import NewBars, bars_of_rows
from application.series_writer import SeriesWriter, inferred_change
from application.space import SpaceNeeded, ensure_space, revisions_needed, space_needed
from domain.bar_type import BarType
from domain.bars import Bars
from domain.errors import ConflictError, CorruptPartitionError, TimeZoneNeededError
from domain.events import CsvImported
from domain.instrument import InstrumentId, Series
from domain.ports import BarFileReader, Clock, FileLayout, Progress, TradingCalendar
from domain.sessions import Stamp
from domain.upkeep import DiskSpace
from domain.venues import venue

SOURCE = "csv"


@attrs.frozen
class CsvImport:
    """What is to be imported. `bar_type` None stands for the one that the spacing shows."""

    path: Path
    instrument_id: InstrumentId
    bar_type: BarType | None = None
    time_zone: str | None = None
    stamp: Stamp = Stamp.OPEN
    on_conflict: OnConflict = OnConflict.ASK
    bars_may_vanish: bool = False
    dry_run: bool = False


@attrs.frozen
class CsvImportResult:
    """What an import did, or would have done.

    `start` and `end` are the first and last date of the file's bars by the venue's clock.
    `space` is an estimate of what the change takes on the disk.
    """

    file: str
    series: Series
    rows: int
    bars_written: int
    bars_skipped: int
    bars_replaced: int
    partitions: int
    start: dt.date
    end: dt.date
    stamp: Stamp
    bar_type_inferred: bool
    on_conflict: OnConflict
    space: SpaceNeeded


Ask = Callable[[Series, Overlap], OnConflict]
"""Asks a person how to settle a conflict."""


class ImportCsv:
    """The use case; `ask` is None where nobody is there to be asked."""

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

    def run(self, request: CsvImport, ask: Ask | None = None) -> CsvImportResult:
        """Import one file, or refuse it whole.

        Raises:
            UnreadableFileError, RowsRefusedError, PrecisionError: the file or rows of it cannot
                be taken.
            TimeZoneNeededError, BarTypeNeededError, ConflictError: more must be said.
            NotEnoughSpaceError: the disk has less room than the change needs.
            CatalogError, LedgerError: the catalog cannot be written.
        """
        new = self._new_bars(request)
        damaged: set[str] = set()
        while True:
            try:
                return self._import(request, new, ask, damaged)
            except CorruptPartitionError as error:
                # What is damaged is lost already; it must not keep its own bars from coming back.
                if not request.dry_run and not self._catalog.quarantine(error):
                    raise
                damaged.add(error.partition.path)
                self._progress.warn(f"{error.message} Its bars count as missing.")

    def _new_bars(self, request: CsvImport) -> NewBars:
        availability = self._catalog.availability()
        try:
            rows = self._reader.read(request.path, FileLayout(request.time_zone))
        except TimeZoneNeededError as error:
            raise TimeZoneNeededError(error.message, _zone_commands(request)) from error
        return bars_of_rows(
            rows,
            request.instrument_id,
            bar_type=request.bar_type,
            stamp=request.stamp,
            calendar=self._calendar,
            calendar_name=availability.calendar_of(request.instrument_id),
            now=self._clock.now(),
        )

    def _import(
        self, request: CsvImport, new: NewBars, ask: Ask | None, damaged: set[str]
    ) -> CsvImportResult:
        # Settled before the lock is taken: a person may take their time to answer.
        holdings = self._catalog.availability().holdings(new.series)
        before = self._catalog.reader(holdings.without(damaged))
        changes = PartitionChanges(before, new.bars)
        policy = _policy(request, new.series, changes.overlap, ask)
        result = _result(request, new, changes, policy, self._space(request, changes, policy))
        if request.dry_run:
            return result
        ensure_space(self._disk, result.space)
        with self._catalog.writing(new.series) as writer:
            if writer.holdings.partitions != before.holdings.partitions:
                # Another process was quicker: what was decided is applied to what is held now.
                decided = policy if ask and changes.overlap.different else None
                changes = PartitionChanges(writer, new.bars)
                policy = _policy(request, new.series, changes.overlap, None, decided)
                space = self._space(request, changes, policy)
                result = _result(request, new, changes, policy, space)
                ensure_space(self._disk, space)
            if changes.settled(policy):
                self._commit(request, new, result, writer, changes.settled(policy))
        return result

    def _space(
        self, request: CsvImport, changes: PartitionChanges, policy: OnConflict
    ) -> SpaceNeeded:
        least = self._precisions(request.instrument_id)
        return space_needed(revisions_needed(changes.holdings, changes.settled(policy), least))

    def _precisions(self, instrument_id: InstrumentId) -> tuple[int, int]:
        known = definition(instrument_id, self._catalog.availability())
        return (known.price_precision, known.size_precision) if known else (0, 0)

    def _commit(
        self,
        request: CsvImport,
        new: NewBars,
        result: CsvImportResult,
        writer: SeriesWriter,
        partitions: Mapping[str, Bars],
    ) -> None:
        imported = CsvImported(
            series=result.series,
            file=request.path.name,
            sha256=new.sha256,
            rows=result.rows,
            bars_written=result.bars_written,
            bars_skipped=result.bars_skipped,
            bars_replaced=result.bars_replaced,
            time_zone=request.time_zone,
            stamp=request.stamp.value,
            on_conflict=result.on_conflict.value,
        )
        detail = f"{request.path.name} sha256:{new.sha256[:16]}"
        changes = {
            name: inferred_change(bars, result.series.bar_type, SOURCE, detail)
            for name, bars in partitions.items()
        }
        precisions = self._precisions(request.instrument_id)
        with self._progress.track(f"Importing {request.path.name}", len(partitions)) as task:
            writer.commit(changes, [imported], task, precisions)


def _policy(
    request: CsvImport,
    series: Series,
    overlap: Overlap,
    ask: Ask | None,
    decided: OnConflict | None = None,
) -> OnConflict:
    policy = decided or request.on_conflict
    if policy is OnConflict.ASK:
        if not overlap.different:
            return OnConflict.SKIP
        policy = ask(series, overlap) if ask else OnConflict.ASK
    if policy is OnConflict.ASK:
        raise ConflictError(
            f"{overlap.different} bars of {request.path.name} differ from the bars that the "
            "Parquet catalog holds.",
            "Say which to keep: --on-conflict skip, overwrite or merge.",
        )
    if policy is OnConflict.OVERWRITE and overlap.vanishing and not request.bars_may_vanish:
        raise ConflictError(
            f"Overwriting would remove {overlap.vanishing} held bars that "
            f"{request.path.name} does not have.",
            "Add --yes to remove them, or use --on-conflict merge to keep them.",
        )
    return policy


def _zone_commands(request: CsvImport) -> str:
    """Return the two commands that a file of naive stamps leaves to choose from."""
    words = ("barledger", "import-csv", str(request.path), "-i", str(request.instrument_id))
    command = f"{shlex.join(words)} --timezone"
    zone = venue(request.instrument_id.venue).zone
    local = "America/New_York" if zone == "UTC" else zone
    return (
        f"If the file holds exchange time: {command} {local}\nIf the file holds UTC: {command} UTC"
    )


def _result(
    request: CsvImport,
    new: NewBars,
    changes: PartitionChanges,
    policy: OnConflict,
    space: SpaceNeeded,
) -> CsvImportResult:
    overlap = changes.overlap
    replaced = 0 if policy is OnConflict.SKIP else overlap.different
    return CsvImportResult(
        file=str(request.path),
        series=new.series,
        rows=new.rows,
        bars_written=overlap.new + replaced,
        bars_skipped=overlap.identical + overlap.different - replaced,
        bars_replaced=replaced,
        partitions=len(changes.settled(policy)),
        start=new.dates[0],
        end=new.dates[-1],
        stamp=request.stamp,
        bar_type_inferred=request.bar_type is None,
        on_conflict=policy,
        space=space,
    )
