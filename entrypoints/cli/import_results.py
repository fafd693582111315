"""What an import did, or would do, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.sizes import size_text
from entrypoints.cli.import_conflicts import day_lines, policy_lines
from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.csv_import import CsvImportResult
    from entrypoints.cli.screen import Screen


def show(screen: Screen, result: CsvImportResult, *, dry_run: bool) -> None:
    """Print a result."""
    found = " (found from the spacing)" if result.bar_type_inferred else ""
    screen.show_text(
        f"{safe(str(result.source))}: {counted(result.rows, 'row')}, {result.series}{found}, "
        f"{result.start} to {result.end}"
    )
    if result.series.bar_type.is_intraday:
        screen.show_text(f"  stamps are read as the {result.stamp.value} of a bar")
    for note in result.notes:
        screen.show_text(f"  {safe(note)}")
    if dry_run:
        _show_plan(screen, result)
    else:
        screen.show_text(f"  {_counts(result, 'written')}")
        if result.bars_replaced or result.bars_removed:
            screen.show_text(f"  bar by bar: barledger ledger show {result.event} --bars")


def _show_plan(screen: Screen, result: CsvImportResult) -> None:
    for line in day_lines(result.conflict):
        screen.show_text(line)
    if result.on_conflict is None:
        screen.show_text("  --on-conflict would have to say what to do, or you would be asked:")
        for line in policy_lines(result.overlap):
            screen.show_text(line)
    else:
        screen.show_text(f"  {_counts(result, 'would be written')}")
    screen.show_text(f"  about {size_text(result.space.size)} of disk space would be taken")


def _counts(result: CsvImportResult, verb: str) -> str:
    removed = f", {result.bars_removed:,} held ones removed" if result.bars_removed else ""
    return (
        f"{counted(result.bars_written, 'bar')} {verb} in "
        f"{counted(result.partitions, 'partition')}, {result.bars_skipped:,} skipped, "
        f"{result.bars_replaced:,} replaced{removed}"
    )


def document(result: CsvImportResult, *, dry_run: bool) -> dict[str, Any]:
    """Return a result in the words of the JSON."""
    from application.import_policy import documents

    estimate = {"bytes_estimated": result.space.size} if dry_run else {}
    return {
        "file": result.file,
        "instrument_id": str(result.series.instrument_id),
        "bar_type": str(result.series.bar_type),
        "rows": result.rows,
        "bars_written": result.bars_written,
        "bars_skipped": result.bars_skipped,
        "bars_replaced": result.bars_replaced,
        "bars_removed": result.bars_removed,
        "partitions": result.partitions,
        "start": result.start.isoformat(),
        "end": result.end.isoformat(),
        "stamp": result.stamp.value,
        "on_conflict": result.on_conflict.value if result.on_conflict else None,
        "conflicts": documents(result.by_day),
        "event": result.event,
        "notes": list(result.notes),
        "suspicious": [
            {"kind": one.kind, "count": one.count, "line": one.first_line, "text": one.sentence}
            for one in result.suspicions
        ],
        **estimate,
    }
