"""A judged series in JSON, for `check` and for `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.gaps import Status
from domain.sessions import instant_text

if TYPE_CHECKING:
    from application.files_at_hand import FileDamage
    from application.series_check import SeriesCheck
    from domain.stretches import Stretch


def series_document(one: SeriesCheck) -> dict[str, Any]:
    """Return what `check` says of a series; `list` adds to it."""
    (start, end), checked = one.available or (None, None), one.checked
    return {
        "instrument_id": str(one.series.instrument_id),
        "bar_type": str(one.series.bar_type),
        "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None,
        "trading_days": len(one.held.dates),
        "bars": one.held.bars,
        "bars_exact": one.held.exact,
        "sessions": {
            **{status.value: one.sessions.get(status, 0) for status in Status},
            "confirmed_empty": one.confirmed_empty,
            "not_over": one.not_over,
        },
        "gaps": [_gap(gap) for gap in one.gaps],
        "checked": {"start": checked[0].isoformat(), "end": checked[1].isoformat()}
        if checked
        else None,
        "calendar": one.calendar,
        "hours": one.hours.value,
        "damaged": [{"path": each.partition.path, "problem": each.problem} for each in one.damaged],
    }


def _gap(gap: Stretch) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": gap.start.isoformat(),
        "end": gap.end.isoformat(),
        "status": gap.status.value,
    }
    if gap.status is Status.PARTIAL:
        holes = (hole for one in gap.judged for hole in one.holes)
        row["holes"] = [[instant_text(hole.start), instant_text(hole.end)] for hole in holes]
    return row


def damage_text(one: SeriesCheck) -> str:
    """Return a sentence on the files that are not as they were written."""
    shown = "; ".join(f"{each.partition.path}: {each.problem}" for each in one.damaged[:_SHOWN])
    more = f"; and {len(one.damaged) - _SHOWN} more" if len(one.damaged) > _SHOWN else ""
    return (
        f"{one.series}: {_partitions(one.damaged)} damaged: {shown}{more}. "
        "Record it and put the rest in order with: barledger verify --repair --yes"
    )


_SHOWN = 3


def _partitions(damaged: tuple[FileDamage, ...]) -> str:
    return "1 partition is" if len(damaged) == 1 else f"{len(damaged):,} partitions are"
