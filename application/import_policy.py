"""How new bars that differ from held ones are settled: by what was said, or by asking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

import attrs

from application.conflicts import OnConflict, Overlap
from domain.bar_files import BarFile
from domain.errors import ConflictError
from domain.instrument import Series

_DAYS_TOLD = 5


@attrs.frozen
class Conflict:
    """New bars of a file meet held ones, on the whole and by day of the venue."""

    file: BarFile
    series: Series
    overlap: Overlap
    by_day: Mapping[dt.date, Overlap]

    @property
    def days(self) -> Mapping[dt.date, Overlap]:
        """The days on which bars differ, or would vanish by overwriting."""
        return {
            date: overlap
            for date, overlap in self.by_day.items()
            if overlap.different or overlap.vanishing
        }

    @property
    def elsewhere(self) -> Overlap:
        """What was counted on all other days, where nothing differs."""
        told = sum(self.days.values(), Overlap())
        return Overlap(self.overlap.new - told.new, self.overlap.identical - told.identical)


class Person(Protocol):
    """Somebody who can be asked."""

    def choose(self, conflict: Conflict) -> OnConflict:
        """Return which of skip, overwrite and merge they want."""

    def let_vanish(self, conflict: Conflict) -> bool:
        """Return whether they let overwriting take away held bars that the file lacks."""


@attrs.define
class Policy:
    """Settles one import; what a person has said stands until its end.

    `person` is None where nobody can be asked.
    """

    wanted: OnConflict
    bars_may_vanish: bool
    person: Person | None

    def settle(self, conflict: Conflict) -> OnConflict:
        """Return what to do.

        Raises:
            ConflictError: it was not said, and nobody is there to say it or to agree.
        """
        overlap = conflict.overlap
        if self.wanted is OnConflict.ASK:
            if not overlap.different:
                return OnConflict.SKIP
            self.wanted = self._choice(conflict)
        vanishing = overlap.vanished(self.wanted)
        if vanishing and not self.bars_may_vanish:
            self.bars_may_vanish = self._agreed(conflict)
        return self.wanted

    def look(self, conflict: Conflict) -> OnConflict | None:
        """Return what would be done, or None where it would have to be asked."""
        if self.wanted is not OnConflict.ASK:
            return self.wanted
        return None if conflict.overlap.different else OnConflict.SKIP

    def _choice(self, conflict: Conflict) -> OnConflict:
        if self.person is not None:
            return self.person.choose(conflict)
        overlap = conflict.overlap
        raise ConflictError(
            f"{overlap.different:,} bars of {conflict.file} differ from the bars that the Parquet "
            f"catalog holds of {conflict.series}; {overlap.identical:,} are the same, "
            f"{overlap.new:,} are new.{_days_text(conflict)}",
            "Say which to keep: --on-conflict skip, overwrite or merge. Skip keeps the held bars "
            "and adds the new ones, merge takes the file's bars one by one, overwrite replaces "
            f"the days that it has{_vanishing_text(overlap)}.",
            documents(conflict.by_day),
        )

    def _agreed(self, conflict: Conflict) -> bool:
        if self.person is not None and self.person.let_vanish(conflict):
            return True
        raise ConflictError(
            f"Overwriting would remove {conflict.overlap.vanishing:,} held bars of "
            f"{conflict.series} that {conflict.file} does not have; nothing was written."
            f"{_days_text(conflict)}",
            "Add --yes to remove them, or use --on-conflict merge to keep them.",
            documents(conflict.by_day),
        )


def documents(by_day: Mapping[dt.date, Overlap]) -> list[Mapping[str, object]]:
    """Return the days that have held bars in the words of the JSON."""
    return [
        {
            "day": date.isoformat(),
            "new": overlap.new,
            "identical": overlap.identical,
            "different": overlap.different,
            "vanishing": overlap.vanishing,
        }
        for date, overlap in by_day.items()
    ]


def _vanishing_text(overlap: Overlap) -> str:
    return f" ({overlap.vanishing:,} held bars would vanish)" if overlap.vanishing else ""


def _days_text(conflict: Conflict) -> str:
    days = list(conflict.days.items())
    lines = [
        f"\n  {date}: {day.different:,} different, {day.identical:,} the same, {day.new:,} new, "
        f"{day.vanishing:,} held that the file lacks"
        for date, day in days[:_DAYS_TOLD]
    ]
    if len(days) > _DAYS_TOLD:
        lines.append(f"\n  and {len(days) - _DAYS_TOLD:,} more such days; --dry-run shows them all")
    other = conflict.elsewhere
    if other.identical or other.new:
        lines.append(f"\n  on other days: {other.identical:,} the same, {other.new:,} new")
    return "".join(lines)
