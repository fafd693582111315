"""What the ledger knows of an earlier point: what time it was, and what of it is gone since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from application.catalog import Catalog, partitions_within
from application.past import Past
from domain.as_of import AsOf
from domain.availability import Availability
from domain.history import Revision, SeriesHistory
from domain.instrument import Series
from domain.ports import Progress
from domain.window import Window


@attrs.frozen
class Then:
    """The catalog at one point, and all that became of the series of which `histories` tell.

    `recorded` is when the event was, or before the first event when that was, UTC nanoseconds.
    """

    availability: Availability
    past: Past
    recorded: int
    histories: Mapping[Series, SeriesHistory]

    def now(self, as_of: AsOf | None) -> int:
        """Return what time it was, in UTC nanoseconds: the one that was asked for, if one was.

        A clock can have been slow when an event was recorded. So it is never earlier than the
        close of any bar that was held by then, nor, for a point that is an event, than any event
        before it.
        """
        revisions = [
            one
            for history in self.histories.values()
            for one in history
            if one.written.seq <= self.past.seq
        ]
        proved = [one.event.last_close for one in revisions]
        if as_of is not None and as_of.time is not None:
            return max(as_of.time, *proved) if proved else as_of.time
        recorded = [time for one in revisions for time in self._times(one)]
        return max(self.recorded, *proved, *recorded) if proved else self.recorded

    def _times(self, revision: Revision) -> Iterator[int]:
        for one in (revision.written, revision.ended, revision.corrupted, revision.discarded):
            if one is not None and one.seq <= self.past.seq:
                yield one.recorded_at

    def warn_of_discarded(self, window: Window, progress: Progress) -> None:
        """Warn of partitions that were held then and whose files were deleted to free space."""
        for series, history in self.histories.items():
            held = partitions_within(self.availability.holdings(series), window)
            found = [history.find(one.partition, one.revision) for one in held]
            gone = [one for one in found if one is not None and one.discarded is not None]
            if gone:
                progress.warn(_warning(series, gone))


def then_of(
    catalog: Catalog, availability: Availability, past: Past, chosen: Sequence[Series]
) -> Then:
    """Return what is known of that point from the events of the `chosen` series.

    Where none was chosen that had any by then, those of all others say what time it was.
    """
    read = chosen or list(availability.series)
    recorded = past.time if past.seq else catalog.recorded_at(1)
    return Then(availability, past, recorded, {one: catalog.history(one) for one in read})


def _warning(series: Series, gone: Sequence[Revision]) -> str:
    number = f"{len(gone):,} partitions that were" if len(gone) > 1 else "1 partition that was"
    return (
        f"{series}: {number} held then can no longer be read: `barledger gc` deleted the old "
        "files to free space. A backtest of them needs a backup that was made before."
    )
