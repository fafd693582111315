"""Deletes superseded revisions of a certain age, to free space."""

from __future__ import annotations

import attrs

from application.catalog import Catalog
from application.chosen_series import chosen_series
from domain.availability import Availability
from domain.bar_type import BarType
from domain.errors import DiskFullError
from domain.events import PartitionWritten, RevisionsDiscarded
from domain.history import Revision
from domain.instrument import Series
from domain.ports import BarRepository, Clock, Progress
from domain.sessions import NANOSECONDS_IN_DAY, instant_text
from domain.sizes import size_text
from domain.upkeep import CatalogFiles, FilePlace, RevisionHistory

DEFAULT_DAYS = 30
# What one event takes at most, with the ledger's log and its index.
_EVENT = 256 * 1024


@attrs.frozen
class HistoryToDiscard:
    """Which superseded revisions are to go: those that ended at least `days` days ago.

    No instrument stands for all, and so does no bar type.
    """

    days: int = DEFAULT_DAYS
    instruments: tuple[str, ...] = ()
    bar_type: BarType | None = None


@attrs.frozen
class SeriesDiscard:
    """What goes, or went, of one series' history.

    `revisions` ended between `oldest` and `newest`, UTC nanoseconds. `left` had gone before, but
    for their files, which an earlier deletion was kept from. `size` is bytes.
    """

    series: Series
    revisions: tuple[PartitionWritten, ...]
    left: tuple[PartitionWritten, ...]
    size: int
    oldest: int | None
    newest: int | None
    freed: int | None = None


@attrs.frozen
class SetAside:
    """Files that lie out of the way in a place of the catalog, which `gc` never deletes."""

    files: int = 0
    size: int = 0


@attrs.frozen
class DiscardPlan:
    """What goes of the whole catalog: what had ended before `ended_before`, UTC nanoseconds."""

    ended_before: int
    series: tuple[SeriesDiscard, ...]
    orphans: SetAside
    quarantine: SetAside

    @property
    def size(self) -> int:
        """The bytes of all that goes."""
        return sum(one.size for one in self.series)

    @property
    def files(self) -> int:
        """How many files go."""
        return sum(len(one.revisions) + len(one.left) for one in self.series)


class DiscardHistory:
    """The use case: first it plans, and what was planned is carried out series by series."""

    def __init__(
        self,
        catalog: Catalog,
        repository: BarRepository,
        history: RevisionHistory,
        files: CatalogFiles,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._catalog = catalog
        self._repository = repository
        self._history = history
        self._files = files
        self._clock = clock
        self._progress = progress

    def plan(self, request: HistoryToDiscard) -> DiscardPlan:
        """Return what would go.

        Raises:
            InvalidInstrumentIdError, AmbiguousSymbolError, DataNotFoundError: the request.
        """
        availability = self._catalog.availability()
        chosen = chosen_series(availability, request.instruments, request.bar_type)
        before = self._clock.now() - request.days * NANOSECONDS_IN_DAY
        present, orphans, quarantine = self._look()
        planned = []
        if not self._clock_is_wrong(availability):
            planned = [self._planned(series, before, present) for series in chosen]
        some = tuple(one for one in planned if one.revisions or one.left)
        return DiscardPlan(before, some, orphans, quarantine)

    def _clock_is_wrong(self, availability: Availability) -> bool:
        last = max((held.updated for held in availability.series.values()), default=0)
        now = self._clock.now()
        if now >= last:
            return False
        self._progress.warn(
            f"This machine's clock says {instant_text(now)}, and yet the Parquet catalog was "
            f"changed at {instant_text(last)}: no age can be told, so nothing is deleted."
        )
        return True

    def _look(self) -> tuple[frozenset[tuple[Series, str, int]], SetAside, SetAside]:
        """Return the revisions that lie in the histories, and what lies out of the way."""
        present, sizes = set(), {FilePlace.ORPHANS: SetAside(), FilePlace.QUARANTINE: SetAside()}
        for found in self._files.find():
            if found.place in sizes:
                before = sizes[found.place]
                sizes[found.place] = SetAside(before.files + 1, before.size + found.size)
            elif found.place is FilePlace.HISTORY and found.series and found.partition:
                present.add((found.series, found.partition, found.revision or 1))
        return frozenset(present), sizes[FilePlace.ORPHANS], sizes[FilePlace.QUARANTINE]

    def _planned(
        self, series: Series, before: int, present: frozenset[tuple[Series, str, int]]
    ) -> SeriesDiscard:
        known = list(self._catalog.history(series))
        going = [one for one in known if _may_go(one, before)]
        left = [
            one.event
            for one in known
            if one.discarded and (series, one.event.partition, one.event.revision) in present
        ]
        ends = [one.ended.recorded_at for one in going if one.ended]
        events = tuple(one.event for one in going)
        size = sum(one.size for one in (*events, *left))
        return SeriesDiscard(
            series, events, tuple(left), size, min(ends, default=None), max(ends, default=None)
        )

    def carry_out(self, planned: SeriesDiscard, plan: DiscardPlan) -> SeriesDiscard:
        """Delete what was planned of one series: first the ledger says so, then the files go.

        Raises:
            CatalogBusyError: a backup is being made.
            CatalogError, LedgerError: the catalog cannot be written.
        """
        with self._history.exclusively():
            try:
                return self._carry_out(planned, plan)
            except DiskFullError as error:
                # The event comes first, or a deletion could look like damage: it needs room.
                with self._repository.lock(planned.series):
                    if not self._history.make_room(planned.series):
                        raise _full(plan) from error
            try:
                return self._carry_out(planned, plan)
            except DiskFullError as error:
                raise _full(plan) from error

    def _carry_out(self, planned: SeriesDiscard, plan: DiscardPlan) -> SeriesDiscard:
        with self._catalog.writing(planned.series) as writer:
            known = self._catalog.history(planned.series)
            found = [known.find(one.partition, one.revision) for one in planned.revisions]
            same = [
                now
                for one, now in zip(planned.revisions, found, strict=True)
                if now and now.event == one
            ]
            going = tuple(one.event for one in same if _may_go(one, plan.ended_before))
            if going:
                size = sum(one.size for one in going)
                numbers = tuple((one.partition, one.revision) for one in going)
                writer.record(
                    [RevisionsDiscarded(planned.series, numbers, size, plan.ended_before)]
                )
            gone = (one.event for one in same if one.discarded)
            freed = self._history.discard((*going, *gone, *planned.left))
        return attrs.evolve(planned, revisions=going, freed=freed)


def _full(plan: DiscardPlan) -> DiskFullError:
    aside = plan.orphans.files + plan.quarantine.files
    those = f" {aside:,} files were set aside or are in quarantine: barledger needs none." * (
        aside > 0
    )
    return DiskFullError(
        "The Parquet catalog's disk is full, and a deletion is recorded before it is done, "
        f"which takes up to {size_text(_EVENT)}.",
        f"Free that much by other means, then run the same command again.{those}",
    )


def _may_go(revision: Revision, before: int) -> bool:
    """Whether a revision is old enough: what was found damaged is not in the history."""
    return (
        revision.ended is not None
        and revision.ended.recorded_at <= before
        and revision.corrupted is None
        and revision.discarded is None
    )
