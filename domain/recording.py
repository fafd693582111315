"""The event that records a revision."""

from __future__ import annotations

import attrs

from domain.events import PartitionWritten, WriteCause
from domain.partitions import trading_dates
from domain.ports import NewPartition, StoredFile


def draft_of(new: NewPartition, cause: WriteCause) -> PartitionWritten:
    """Return the event of a revision whose file is not known yet: it has no path, hash or size."""
    bars = new.bars
    return PartitionWritten(
        series=new.series,
        partition=new.partition,
        revision=new.revision,
        path="",
        sha256="",
        size=0,
        bars=len(bars),
        first_open=int(bars.ts_open[0]),
        last_close=int(bars.ts_event[-1]),
        price_precision=bars.price_precision,
        size_precision=bars.size_precision,
        trading_dates=trading_dates(bars, new.series),
        coverage=new.coverage,
        basis=new.basis,
        source=new.source,
        detail=new.detail,
        cause=cause,
    )


def stored_as(draft: PartitionWritten, stored: StoredFile) -> PartitionWritten:
    """Return the event of the revision once its file is known."""
    return attrs.evolve(draft, path=stored.path, sha256=stored.sha256, size=stored.size)
