"""One series as it is and as it was, and how the one becomes the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

import attrs

from application.catalog import Catalog
from application.chosen_series import partitions_touched
from application.cutting import surely_inside, surely_outside
from application.restoration import Restoration, Restored
from application.series_writer import Change, Removal, SeriesReader, removed
from domain.availability import SeriesHoldings
from domain.errors import CorruptPartitionError
from domain.events import PartitionRemoved, PartitionRestored, PartitionWritten
from domain.instrument import Series
from domain.partitions import trading_dates
from domain.window import Window


@attrs.frozen
class SeriesRestoration:
    """What comes back, or came back, of one series, as it was after the event `as_of`.

    `written` partitions get `bars` back, `removed` ones held nothing then; `bars_gone` were not
    there then. `dates`, by the venue's clock, are those of the bars that come or go. `before`
    is the event after which all was as it had been, once something has changed.
    """

    series: Series
    as_of: int
    dates: tuple[dt.date, ...] = ()
    bars: int = 0
    bars_gone: int = 0
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    before: int | None = None
    holdings: SeriesHoldings | None = attrs.field(default=None, eq=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


def _uncounted(steps: int) -> None:
    del steps


class SeriesTask:
    """What has to be done to one series so that `window` holds what it held after `as_of`.

    `forgotten` are damaged partitions that held nothing then.
    """

    def __init__(
        self,
        catalog: Catalog,
        reader: SeriesReader,
        then: SeriesHoldings,
        as_of: int,
        window: Window,
    ) -> None:
        self.series = then.series
        self._catalog = catalog
        self._now = reader.holdings
        self._then = then
        self._as_of = as_of
        self._window = window
        self._restoration = Restoration(reader, window, as_of)
        self.names = partitions_touched(window, then, self._now)
        self.forgotten = dict(self._forgotten())

    def _forgotten(self) -> Iterator[tuple[str, PartitionWritten]]:
        for name in sorted(self._now.corrupt.intersection(self.names)):
            if name not in self._then.partitions and name not in self._then.corrupt:
                last = self._catalog.history(self.series).last(name)
                if last and surely_inside(last.event, self._window):
                    yield name, last.event

    def starts_from(self, planned: SeriesRestoration) -> bool:
        """Whether the series is what it was when it was planned."""
        held = planned.holdings
        return (
            held is not None
            and held.revisions == self._now.revisions
            and held.corrupt == self._now.corrupt
            and held.partitions == self._now.partitions
        )

    def summary(self, advance: Callable[[int], None] = _uncounted) -> SeriesRestoration:
        """Return what changes; `advance` is told of each partition.

        Raises:
            CorruptPartitionError, ConflictError: it cannot be done.
        """
        dates: set[dt.date] = set()
        written, gone, bars, bars_gone = [], [], 0, 0
        for name in self.names:
            what = self._restored(name)
            if isinstance(what.change, Change):
                written.append(name)
            elif what.change or name in self.forgotten:
                gone.append(name)
            for part in (what.back, what.gone):
                dates.update(trading_dates(part, self.series))
            bars += len(what.back)
            bars_gone += len(what.gone)
            advance(1)
        return SeriesRestoration(
            self.series,
            self._as_of,
            tuple(sorted(dates)),
            bars,
            bars_gone,
            tuple(written),
            tuple(gone),
            holdings=self._now,
        )

    def _restored(self, name: str) -> Restored:
        if name in self._then.corrupt:
            self._check_was_sound(name)
            return Restored()
        return self._restoration.of(self._now.partitions.get(name), self._then.partitions.get(name))

    def _check_was_sound(self, name: str) -> None:
        revision = self._then.revisions[name]
        if self._now.revisions.get(name) == revision:
            return
        found = self._catalog.history(self.series).find(name, revision)
        if found and not surely_outside(found.event, self._window):
            raise CorruptPartitionError(
                found.event, "it was known as damaged at that point already"
            )

    def most_bars(self, written: Iterable[str]) -> Iterator[int]:
        """Yield how many bars each partition can hold afterwards at the most."""
        for name in written:
            both = self._now.partitions.get(name), self._then.partitions.get(name)
            yield sum(one.bars for one in both if one)

    def change(self, name: str) -> Change | Removal:
        """Return what becomes of a partition that changes."""
        change = self._restored(name).change
        if change is None:
            raise ValueError(f"{name} does not change")
        return change

    def removals(self) -> Iterator[PartitionRemoved]:
        """Yield the events of damaged partitions that held nothing then."""
        for one in self.forgotten.values():
            yield removed(one, f"it held nothing after event {self._as_of}")

    def restorations(self, written: Iterable[str]) -> Iterator[PartitionRestored]:
        """Yield the events that stand beside those of the new revisions."""
        for name in written:
            then = self._then.partitions.get(name)
            if then is not None:
                yield PartitionRestored(
                    self.series, name, self._now.next_revision(name), then.revision, self._as_of
                )
