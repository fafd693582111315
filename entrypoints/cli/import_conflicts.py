"""Asks a person how bars of a file and held ones are to be settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from entrypoints.cli.wording import counted, safe

if TYPE_CHECKING:
    from application.conflicts import OnConflict, Overlap
    from application.import_policy import Conflict
    from entrypoints.cli.screen import Screen

MOST_DAYS = 10


@attrs.frozen
class AskingPerson:
    """A `Person` at the terminal."""

    screen: Screen

    def choose(self, conflict: Conflict) -> OnConflict:
        """Show what each way would do, and ask which to go."""
        from application.conflicts import OnConflict

        overlap = conflict.overlap
        self._say(
            f"{safe(str(conflict.file))} overlaps {conflict.series} in the Parquet catalog: "
            f"{counted(overlap.different, 'bar')} with other values, {overlap.identical:,} the "
            f"same, {overlap.new:,} new."
        )
        for line in day_lines(conflict, MOST_DAYS):
            self._say(line)
        for line in policy_lines(overlap):
            self._say(line)
        choice = click.prompt("Which", type=click.Choice(["skip", "overwrite", "merge"]), err=True)
        return OnConflict(choice)

    def let_vanish(self, conflict: Conflict) -> bool:
        """Ask whether held bars may go that the file lacks."""
        return click.confirm(
            f"{counted(conflict.overlap.vanishing, 'held bar')} that the file lacks will vanish. "
            "Go on?",
            err=True,
        )

    def _say(self, line: str) -> None:
        self.screen.err.print(line, markup=False)


def policy_lines(overlap: Overlap) -> list[str]:
    """Return what each way of settling does, a line each."""
    vanishing = (
        f"; {counted(overlap.vanishing, 'held bar')} that it lacks vanish"
        if overlap.vanishing
        else ""
    )
    return [
        f"  skip       keeps the held bars and adds {counted(overlap.new, 'new bar')}",
        f"  overwrite  replaces the file's days: {overlap.different:,} bars replaced, "
        f"{overlap.new:,} added{vanishing}",
        f"  merge      takes the file's bars one by one: {overlap.different:,} replaced, "
        f"{overlap.new:,} added, all others stay",
    ]


def day_lines(conflict: Conflict, most: int | None = None) -> list[str]:
    """Return the counts of each day on which bars differ, a line each, then those of the others.

    Days after the first `most` are summed up.
    """
    days = conflict.days
    lines = [
        f"  {date}  {day.different:>6,} different {day.identical:>6,} the same "
        f"{day.new:>6,} new {day.vanishing:>6,} held only"
        for date, day in list(days.items())[:most]
    ]
    hidden = len(days) - len(lines)
    if hidden:
        lines.append(f"  and {counted(hidden, 'more such day')}")
    other = conflict.elsewhere
    if days and (other.identical or other.new):
        lines.append(f"  other days  {other.identical:>17,} the same {other.new:>6,} new")
    return lines
