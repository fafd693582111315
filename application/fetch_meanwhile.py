"""Bars that others write while a fetch runs: it could not compare their level before."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from application.fetch_joins import joined_text, level_difference, level_of
from application.fetch_merging import Arrived
from application.fetch_plan import SeriesPlan
from application.fetch_request import Keep
from application.fetch_texts import dates_text, meanwhile_text
from application.series_writer import SeriesWriter
from domain.bars import Bars
from domain.events import PartitionWritten, Recorded
from domain.partitions import names_within
from domain.ports import Progress


class Meanwhile:
    """Compares what is about to be published with what the plan could not know."""

    def __init__(
        self, progress: Progress, plan: SeriesPlan, source: str, keep: Keep | None
    ) -> None:
        self._progress = progress
        self._plan = plan
        self._source = source
        self._keep = keep
        held = plan.holdings.partitions
        names = zip(held, held.each("revision"), strict=True)
        self._known = set(names)
        self._told: set[tuple[str, int]] = set()

    def wrote(self, recorded: Iterable[Recorded]) -> None:
        """Take note of what the fetch itself has written."""
        events = (one.event for one in recorded)
        written = (one for one in events if isinstance(one, PartitionWritten))
        self._known.update(map(_id_of, written))

    def check(self, writer: SeriesWriter, arrived: Arrived) -> None:
        """Compare bars of others that are new where `arrived` goes, or in sessions beside it.

        Raises:
            LevelDifferenceError: they are on another level, and nobody said to keep them.
        """
        new = [one for one in self._beside(writer, arrived) if self._is_strange(one)]
        if not new or self._plan.instrument is None:
            return
        held = Bars.concat([writer.read(one.partition) for one in new])
        date = new[0].trading_dates[0]
        level = level_of(date, arrived.bars, held, self._plan.instrument, self._plan.series)
        if level.differs and self._keep is not Keep.HELD:
            raise level_difference(self._plan, [level], self._source)
        if level.differs or not level.bars:
            self._tell(new, joined_text([level], self._source) or "")

    def _tell(self, new: list[PartitionWritten], text: str) -> None:
        if not {_id_of(one) for one in new} <= self._told:
            self._told.update(map(_id_of, new))
            dates = dates_text([date for one in new for date in one.trading_dates])
            self._progress.warn(meanwhile_text(self._plan.name, dates, text))

    def _is_strange(self, held: PartitionWritten) -> bool:
        return held.source != self._source and _id_of(held) not in self._known

    def _beside(self, writer: SeriesWriter, arrived: Arrived) -> list[PartitionWritten]:
        """Return what is held of the sessions that arrived, and of those beside them."""
        plan, bar_type = self._plan, self._plan.series.bar_type
        dates = [one.date for one in plan.known]
        first = bisect.bisect_left(dates, arrived.parts[0].date)
        last = bisect.bisect_right(dates, arrived.parts[-1].sessions[-1].date) - 1
        near = plan.near([dates[max(first - 1, 0)], dates[min(last + 1, len(dates) - 1)]])
        start, end = near[0].utc_dates(bar_type)[0], near[-1].utc_dates(bar_type)[1]
        held = writer.holdings.partitions
        return [held[name] for name in names_within(held, start, end)]


def _id_of(held: PartitionWritten) -> tuple[str, int]:
    return held.partition, held.revision
