"""What is to be imported from a CSV file, and what that did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs

from application.conflicts import OnConflict, Overlap
from application.import_policy import Conflict
from application.space import SpaceNeeded
from domain.bar_files import BarFile, FileLayout
from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series
from domain.sessions import Stamp
from domain.suspicions import Suspicion


@attrs.frozen
class CsvImport:
    """What is to be imported. `bar_type` None stands for the one that the spacing shows.

    `stamp` None is the open of intraday bars; the date alone labels longer ones. `sparse` tells
    that bars can be so far apart that their steps say nothing of their length.
    """

    file: BarFile
    instrument_id: InstrumentId
    bar_type: BarType | None = None
    layout: FileLayout = attrs.field(factory=FileLayout)
    stamp: Stamp | None = None
    prices_may_be_negative: bool = False
    sparse: bool = False
    on_conflict: OnConflict = OnConflict.ASK
    bars_may_vanish: bool = False
    dry_run: bool = False


@attrs.frozen
class CsvImportResult:
    """What an import did, or would have done.

    `start` and `end` are the first and last date of the file's bars by the venue's clock.
    `on_conflict` is None where a dry run cannot say, because it would have to be asked; what is
    counted then is what skipping does. `by_day` has the days on which bars were held already.
    `notes` tell what was found about the file without being told. `space` is an estimate of what
    the change takes on the disk. `event` is the number under which the ledger has the import, None
    where nothing was changed.
    """

    source: BarFile
    series: Series
    rows: int
    partitions: int
    start: dt.date
    end: dt.date
    stamp: Stamp
    bar_type_inferred: bool
    on_conflict: OnConflict | None
    overlap: Overlap
    by_day: Mapping[dt.date, Overlap]
    notes: tuple[str, ...]
    suspicions: tuple[Suspicion, ...]
    space: SpaceNeeded
    event: int | None = None

    @property
    def file(self) -> str:
        """The file as a command names it."""
        return self.source.argument

    @property
    def conflict(self) -> Conflict:
        """How the new bars met held ones."""
        return Conflict(self.source, self.series, self.overlap, self.by_day)

    @property
    def policy(self) -> OnConflict:
        """What the counts are counted by."""
        return self.on_conflict or OnConflict.SKIP

    @property
    def bars_written(self) -> int:
        """Bars of the file that were taken."""
        return self.overlap.written(self.policy)

    @property
    def bars_skipped(self) -> int:
        """Bars of the file that were not, because the held ones stay."""
        return self.overlap.skipped(self.policy)

    @property
    def bars_replaced(self) -> int:
        """Held bars that have other values now."""
        return self.overlap.replaced(self.policy)

    @property
    def bars_removed(self) -> int:
        """Held bars that are gone, with none of the file's in their place."""
        return self.overlap.vanished(self.policy)
