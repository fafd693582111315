"""What a fetch is asked for, and what became of it."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping

import attrs

from domain.bar_type import BarType
from domain.instrument import InstrumentId, Series
from domain.sessions import Hours
from domain.window import Window


class Keep(enum.Enum):
    """Whose bars to keep where fetched prices differ in level from those of other sources."""

    HELD = "held"
    """The held ones stay as they are, and fetched ones go in beside them."""
    FETCHED = "fetched"
    """All bars of other sources in the series are fetched anew and replaced."""


@attrs.frozen
class FetchItem:
    """A series that is wanted: the instrument's `name` as typed, and its ID once it is known."""

    name: str
    bar_type: BarType
    instrument_id: InstrumentId | None = None


@attrs.frozen
class FetchRequest:
    """Which bars are wanted.

    `refetch` asks for all of the window, held or not. `keep` settles a difference in level, which
    is refused where it is None. `update` takes the window from what is held to the last session
    that is over. With `needs_all` nothing is fetched where an instrument is not known; without,
    the others are.
    """

    items: tuple[FetchItem, ...]
    window: Window = attrs.field(factory=Window)
    hours: Hours = Hours.REGULAR
    refetch: bool = False
    keep: Keep | None = None
    update: bool = False
    needs_all: bool = False


@attrs.frozen
class SeriesOutcome:
    """What a fetch did to one series; `name` is the instrument as it was typed.

    `start` and `end` are the first and last date of the sessions that were meant, None where
    there is none. `bars_fetched` are new or took the place of others. `days_written` counts
    sessions that got bars, `days_held` those that nothing was lacking of, and `confirmed_empty`
    those of which the source has no bar. Of the sessions `left` it has nothing, or not all,
    and that is not confirmed; or what others gave of them stays. `joined` tells how prices compare
    with those held from other sources, None where there was nothing to compare.

    The sessions `early` lie before `history_start` (UTC nanoseconds), where the source's bars
    begin. It `is_to_come` where no session of the range is over. The sessions `silent` are long
    over, and the source gave nothing of them, where nothing else of the range came or is held.
    """

    series: Series
    name: str
    start: dt.date | None
    end: dt.date | None
    bars_fetched: int = 0
    days_written: int = 0
    days_held: int = 0
    confirmed_empty: int = 0
    left: tuple[dt.date, ...] = ()
    joined: str | None = None
    early: tuple[dt.date, ...] = ()
    history_start: int | None = None
    is_to_come: bool = False
    silent: tuple[dt.date, ...] = ()

    def document(self) -> dict[str, object]:
        """Return the outcome in the words of the JSON."""
        return {
            "instrument_id": str(self.series.instrument_id),
            "bar_type": str(self.series.bar_type),
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "bars_fetched": self.bars_fetched,
            "days_written": self.days_written,
            "days_held": self.days_held,
            "confirmed_empty": self.confirmed_empty,
            "left": [date.isoformat() for date in self.left],
            "joined": self.joined,
        }


@attrs.frozen
class FetchOutcome:
    """What a fetch did, series by series in the order of the request.

    `names` are those that were typed, with the instruments that they turned out to mean: two of
    them can mean one.
    """

    series: tuple[SeriesOutcome, ...]
    names: Mapping[str, InstrumentId] = attrs.field(factory=dict)

    @property
    def bars_fetched(self) -> int:
        """How many bars came from the source in all."""
        return sum(one.bars_fetched for one in self.series)

    def document(self) -> dict[str, list[dict[str, object]]]:
        """Return the outcome in the words of the JSON."""
        return {"series": [one.document() for one in self.series]}
