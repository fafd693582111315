"""Entries of the ledger as lines: who did it when, and below that what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entrypoints.cli.wording import safe

if TYPE_CHECKING:
    from application.event_runs import Run
    from domain.events import Recorded
    from domain.standing import Entry


def entry_lines(entry: Entry) -> list[str]:
    """Return the lines of one event."""
    from entrypoints.cli.event_texts import sentence

    return [_heading(entry.recorded, entry.recorded.seq), f"    {sentence(entry)}"]


def run_lines(run: Run) -> list[str]:
    """Return the lines of what one command did in one transaction."""
    from entrypoints.cli.run_texts import summary

    told = (summary(tally) for tally in run.tallies.values())
    return [_heading(run.first, run.last_seq, run.events), *(f"    {one}" for one in told)]


def _heading(first: Recorded, last_seq: int, events: int = 1) -> str:
    # Where not all of a run fits what was asked for, its numbers are no range.
    between = "-" if events == last_seq - first.seq + 1 else "…"
    numbers = f"{first.seq}" if events == 1 else f"{first.seq}{between}{last_seq}"
    origin = first.origin
    who = safe(f"{origin.user}@{origin.host}  {origin.command}")
    return f"{numbers}  {_time(first.recorded_at)}  {who}"


def _time(stamp: int) -> str:
    """Return a time to the second; the ledger's own has more digits than anyone reads."""
    from domain.sessions import instant_text

    return instant_text(stamp // 10**9 * 10**9)
