"""A catalog in memory and a source to fetch from, for tests of the use case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import attrs
import numpy as np
from numpy.typing import NDArray

from adapters.memory.clock import MemoryClock
from adapters.memory.market_data_source import MemoryMarketDataSource, Script
from adapters.memory.trading_calendar import MemoryTradingCalendar
from application.fetch import FetchBars
from application.fetch_request import FetchItem, FetchOutcome, FetchRequest, Keep, SeriesOutcome
from domain.bars import Bars
from domain.events import Event
from domain.fetching import Answer, FetchedBars, Wanted
from domain.gaps import Judged, judge, trading_time
from domain.instrument import Instrument, InstrumentClass, Series
from domain.intervals import Interval, IntervalSet
from domain.ports import TradingCalendar
from domain.sessions import Hours, Session
from domain.window import FAR_FUTURE, FAR_PAST
from tests.builders import AAPL, MINUTE, NEW_YORK, utc
from tests.memory_catalog import MemoryCatalog, window

NOW = utc("2024-03-01T12:00:00")


def weekdays(first: str, last: str, *, closed: Sequence[str] = ()) -> list[Session]:
    """Return sessions from 09:30 to 16:00 in New York on each weekday that is not `closed`."""
    found, date = [], dt.date.fromisoformat(first)
    while date <= dt.date.fromisoformat(last):
        if date.weekday() < 5 and date.isoformat() not in closed:
            found.append(Session(date, _at(date, 9, 30), _at(date, 16, 0)))
        date += dt.timedelta(days=1)
    return found


def _at(date: dt.date, hour: int, minute: int) -> int:
    at = dt.datetime.combine(date, dt.time(hour, minute), NEW_YORK).astimezone(dt.UTC)
    return utc(f"{at:%Y-%m-%dT%H:%M:%S}")


def bars_of(
    time: Iterable[tuple[int, int]], *, price: int = 18_000, length: int = MINUTE, digits: int = 2
) -> Bars:
    """Return bars of `length` that fill each stretch of `time`, no two alike."""
    opens = np.concatenate([np.arange(a, b, length, dtype=np.int64) for a, b in time])
    steps = (opens // length) % 997
    close = price + steps
    return Bars(
        opens,
        opens + length,
        close - 1,
        close + 2,
        close - 2,
        close,
        100 + steps,
        digits,
        0,
    )


def session_minutes(sessions: Iterable[Session], *, price: int = 18_000) -> Bars:
    """Return the minutes of `sessions`, which are the same whenever they are asked for."""
    return bars_of([(one.open, one.close) for one in sessions], price=price)


def share(series: Series) -> Instrument:
    kind = InstrumentClass.EQUITY
    return Instrument(series.instrument_id, kind, "USD", 2, 0, Decimal("0.01"), Decimal(1))


SESSIONS = weekdays("2023-12-01", "2024-03-29", closed=("2023-12-25", "2024-01-01", "2024-01-15"))


@attrs.define
class Desk:
    """What a trader has: a catalog, and a source that serves `bars`."""

    bars: Mapping[Series, Bars]
    now: int = NOW
    sessions: Sequence[Session] = tuple(SESSIONS)
    instruments: Sequence[Instrument] = ()
    chunk: int = 3
    scripts: Iterable[Script] = ()
    memory: MemoryCatalog = attrs.field(init=False)
    source: MemoryMarketDataSource = attrs.field(init=False)
    calendar: TradingCalendar = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.memory = MemoryCatalog(clock=MemoryClock(self.now))
        self.calendar = MemoryTradingCalendar(
            {"here": self.sessions},
            {one.instrument_id.venue: "here" for one in self.bars},
        )
        known = self.instruments or [share(one) for one in self.bars]
        self.source = MemoryMarketDataSource(
            known, self.bars, now=self.now, sessions=self.chunk, scripts=self.scripts
        )

    @property
    def use_case(self) -> FetchBars:
        memory = self.memory
        return FetchBars(
            memory.catalog, self.source, self.calendar, memory.clock, memory.progress, memory.disk
        )

    def fetch(
        self,
        start: str | None = "2024-01-02",
        end: str | None = "2024-01-12",
        *series: Series,
        keep: Keep | None = None,
        refetch: bool = False,
        update: bool = False,
        hours: Hours = Hours.REGULAR,
    ) -> FetchOutcome:
        items = [
            FetchItem(str(one.instrument_id), one.bar_type) for one in series or tuple(self.bars)
        ]
        return self.use_case.run(
            FetchRequest(tuple(items), window(start, end), hours, refetch, keep, update)
        )

    def one(self, *args: str | None, **more: object) -> SeriesOutcome:
        (outcome,) = self.fetch(*args, **more).series  # type: ignore[arg-type]
        return outcome

    def held(self, series: Series = AAPL) -> Bars:
        return self.memory.bars(series)

    def judged(self, series: Series = AAPL) -> list[Judged]:
        everything = Interval(FAR_PAST, FAR_FUTURE)
        return judge(self.sessions, self.memory.holdings(series), everything, self.now)

    def events(self, *kinds: type[Event]) -> list[Event]:
        found = [one.event for one in self.memory.ledger.replay()]
        return [one for one in found if isinstance(one, kinds)] if kinds else found

    @property
    def asked(self) -> list[IntervalSet]:
        """The time that each request was for."""
        return [one.time for request in self.source.requests for one in request]

    def asked_dates(self) -> list[str]:
        """The sessions that were asked for, one request after the other."""
        return [
            session.date.isoformat()
            for request in self.source.requests
            for one in request
            for session in one.sessions
            if one.time.intersection(trading_time(session))
        ]


class CarefulSource(MemoryMarketDataSource):
    """A source that, of sessions which are on or ended within an hour, speaks to the last bar.

    Of sessions in `unknown`, and of long bars that are not there yet, it can say nothing.
    """

    unknown: Sequence[Session] = ()

    def fetch(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        asked = {one.series: one for one in wanted}
        for answer in super().fetch(wanted):
            if isinstance(answer, FetchedBars):
                answer = self._careful(answer, asked[answer.series])
            yield answer

    def _careful(self, answer: FetchedBars, wanted: Wanted) -> FetchedBars:
        unsaid = IntervalSet.of(*((one.open, one.close) for one in self.unknown))
        for one in wanted.sessions:
            if one.close + 60 * MINUTE > self.now:
                closes = answer.bars.ts_event[_of(one, answer.bars)]
                last = max(int(closes[-1]) if len(closes) else 0, one.open)
                unsaid = unsaid.union(IntervalSet.of((last, max(one.close, last))))
        attested = answer.attested.difference(unsaid)
        empty = answer.empty.intersection(attested)
        return attrs.evolve(answer, attested=attested, empty=empty)


def _of(session: Session, bars: Bars) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (bars.ts_event > session.open) & (bars.ts_event <= session.close)
    return inside


def careful(desk: Desk, *, now: int | None = None, unknown: Sequence[Session] = ()) -> Desk:
    """Let a desk's source be careful, by a clock of its own."""
    known = desk.instruments or [share(one) for one in desk.bars]
    source = CarefulSource(
        known, desk.bars, now=desk.now if now is None else now, sessions=desk.chunk
    )
    source.unknown = unknown
    desk.source = source
    return desk


def scaled(bars: Bars, factor: int) -> Bars:
    """Return the same bars at so many times their prices."""
    return attrs.evolve(
        bars,
        open=bars.open * factor,
        high=bars.high * factor,
        low=bars.low * factor,
        close=bars.close * factor,
    )


def window_of(bars: Bars, first: Session, last: Session) -> Bars:
    """Return the bars from one session to another."""
    return bars.take((bars.ts_open >= first.open) & (bars.ts_open < last.close))
