"""A source of bars that were put into it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.bars import Bars
from domain.errors import BarledgerError
from domain.fetching import (
    Answer,
    FetchedBars,
    HistoryStart,
    Lacks,
    SeriesFailed,
    Stray,
    Waiting,
    Wanted,
)
from domain.gaps import trading_time
from domain.instrument import Instrument, Series
from domain.intervals import NO_TIME, IntervalSet
from domain.sessions import Session, date_of_label, period_dates

_FAR = 2**62
Happening = (
    Waiting | Stray | Lacks | SeriesFailed | FetchedBars | BarledgerError | KeyboardInterrupt
)
Script = Mapping[int, Happening]
"""What happens in one call instead of, or before, its answer of that number, counted from 0."""


class MemoryMarketDataSource:
    """A `MarketDataSource` that serves `bars`, so many `sessions` an answer, series by turns.

    Nothing that closes after `now` (UTC nanoseconds) is there yet. Each call of `fetch` takes the
    next of `scripts`; once there are none, nothing happens but answers. `requests` and `found`
    are what it was asked for. `bars` and `now` may change between two calls.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        bars: Mapping[Series, Bars],
        *,
        now: int = _FAR,
        sessions: int = 5,
        scripts: Iterable[Script] = (),
    ) -> None:
        self._instruments = tuple(instruments)
        self.bars = dict(bars)
        self.now = now
        self._sessions = sessions
        self._scripts = iter(scripts)
        self.requests: list[tuple[Wanted, ...]] = []
        self.found: list[str] = []
        self.closed = 0

    def name(self) -> str:
        """Return the name under which the source is recorded."""
        return "memory"

    def find(self, text: str) -> Sequence[Instrument]:
        """Return the instruments whose ID or symbol is `text`."""
        self.found.append(text)
        return [one for one in self._instruments if text in (str(one.id), one.id.symbol)]

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Yield the bars of some sessions of each series by turns, and what the script says."""
        self.requests.append(tuple(wanted))
        script = next(self._scripts, {})
        failed: set[Series] = set()
        for number, answer in enumerate(_by_turns([self._answers(one) for one in wanted])):
            yield from _happening(script.get(number), failed)
            if answer.series not in failed:
                yield answer

    def close(self) -> None:
        """Count the call: nothing is open."""
        self.closed += 1

    def _answers(self, wanted: Wanted) -> Iterator[HistoryStart | FetchedBars]:
        bars = self.bars.get(wanted.series, Bars.empty())
        if wanted.asks_history_start and len(bars):
            yield HistoryStart(wanted.series, int(bars.ts_open[0]))
        bars = bars.take(bars.ts_event <= self.now)
        lacking = (one for one in wanted.sessions if _time_of((one,), wanted))
        periods = [
            tuple(run) for _, run in itertools.groupby(lacking, lambda one: _period(one, wanted))
        ]
        for some in itertools.batched(periods, self._sessions):
            yield _answer(wanted, some, bars)


def _period(session: Session, wanted: Wanted) -> object:
    return period_dates(session.date, wanted.series.bar_type)[0]


def _answer(wanted: Wanted, periods: Sequence[tuple[Session, ...]], bars: Bars) -> FetchedBars:
    """Return what there is of some sessions, those of one week or month together."""
    attested = empty = NO_TIME
    given = np.zeros(len(bars), np.bool_)
    for sessions in periods:
        time = _time_of(sessions, wanted)
        mask = _of_period(wanted, sessions, time, bars)
        attested, given = attested.union(time), given | mask
        if not mask.any():
            empty = empty.union(time)
    return FetchedBars(wanted.series, attested, bars.take(given), empty)


def _time_of(sessions: Sequence[Session], wanted: Wanted) -> IntervalSet:
    """Return what is wanted of some sessions."""
    hours = IntervalSet(tuple(one for each in sessions for one in trading_time(each)))
    return wanted.time.intersection(hours)


def _of_period(
    wanted: Wanted, sessions: Sequence[Session], time: IntervalSet, bars: Bars
) -> NDArray[np.bool_]:
    if not wanted.series.bar_type.is_intraday:
        first, last = period_dates(sessions[0].date, wanted.series.bar_type)
        dates = [first <= date_of_label(int(label)) <= last for label in bars.ts_open]
        return np.array(dates, np.bool_)
    mask = np.zeros(len(bars), np.bool_)
    for one in time:
        mask |= (bars.ts_open >= one.start) & (bars.ts_open < one.end)
    return mask


def _by_turns[T](streams: Sequence[Iterator[T]]) -> Iterator[T]:
    """Yield one of each stream, then the next of each, until all are at their end."""
    for turn in itertools.zip_longest(*streams):
        yield from (one for one in turn if one is not None)


def _happening(what: Happening | None, failed: set[Series]) -> Iterator[Answer]:
    if isinstance(what, BaseException):
        raise what
    if isinstance(what, SeriesFailed):
        failed.add(what.series)
    if what is not None:
        yield what
