"""What is told of stretches that a source has no bars of, amid sessions that it has bars of."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

from application.fetch_plan import SeriesPlan
from application.fetch_texts import shown_source
from domain.fetching import Lacks
from domain.intervals import NO_TIME, Interval, IntervalSet
from domain.venues import venue

_SHOWN = 5


class Holes:
    """Holes of one series, until they are told."""

    def __init__(self, plan: SeriesPlan, source: str) -> None:
        self._name = plan.name
        self._zone = venue(plan.series.instrument_id.venue).tzinfo
        self._source = shown_source(source)
        self._twice, self._once = NO_TIME, NO_TIME

    def add(self, lacks: Lacks) -> None:
        """Take note of what is lacking."""
        if lacks.asked_twice:
            self._twice = self._twice.union(lacks.holes)
        else:
            self._once = self._once.union(lacks.holes)

    def texts(self) -> Iterator[str]:
        """Yield what is to be told, each once."""
        twice, once = self._twice, self._once
        self._twice = self._once = NO_TIME
        if twice:
            yield (
                f"{self._name}: {self._source} has no bars of {stretches_text(twice, self._zone)}, "
                "asked twice. That counts as its answer: only a fetch with --refetch asks again."
            )
        if once:
            yield (
                f"{self._name}: {self._source} gave no bars of {stretches_text(once, self._zone)}, "
                "and was not asked again for so many holes. A fetch of these days with --refetch "
                "asks again."
            )


def stretches_text(time: IntervalSet, zone: zoneinfo.ZoneInfo) -> str:
    """Return the first stretches of `time` by the clock `zone`, and how many there are more."""
    shown = ", ".join(_stretch(one, zone) for one in time.intervals[:_SHOWN])
    more = len(time.intervals) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _stretch(one: Interval, zone: zoneinfo.ZoneInfo) -> str:
    start, end = (dt.datetime.fromtimestamp(at // 10**9, zone) for at in (one.start, one.end))
    day = "" if start.date() == end.date() else f"{end:%Y-%m-%d} "
    return f"{start:%Y-%m-%d} from {_clock(start)} to {day}{_clock(end)}"


def _clock(at: dt.datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
