"""What fetches from a simulated gateway over TCP, into a catalog on disk or into memory."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import attrs
from dependency_injector import providers

from adapters.memory.clock import MemoryClock
from adapters.memory.progress import MemoryProgress
from adapters.simulated_gateway.history_request import HistoryRequest
from adapters.simulated_gateway.server import SimulatedGateway
from application.fetch_request import FetchItem, FetchRequest, SeriesOutcome
from domain.bars import Bars
from domain.errors import BarledgerError
from domain.events import Event
from domain.fetching import Answer, FetchedBars, SeriesFailed, Wanted
from domain.gaps import Judged, judge, trading_time
from domain.instrument import Instrument, Series
from domain.intervals import Interval, IntervalSet
from domain.sessions import Hours, Session
from domain.window import FAR_FUTURE, FAR_PAST, Window
from entrypoints.cli.gateway_options import GatewayChoice
from entrypoints.container import Container, wire
from tests.builders import utc
from tests.integration.ibkr.serving import CALENDARS, market_of
from tests.memory_catalog import window

Opening = Callable[..., "Desk"]
LATER = utc("2024-12-31T22:00:00")


@attrs.define
class Desk:
    """A gateway, and a catalog in `folder` that is filled from it; all clocks stand still."""

    folder: Path
    gateway: SimulatedGateway
    clock: MemoryClock
    instruments: Mapping[Series, Instrument]
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    client_id: int | None = None
    _looked_at: int = 0

    @classmethod
    @contextmanager
    def opened(
        cls,
        folder: Path,
        bars: Mapping[Series, Bars],
        *instruments: Instrument,
        now: int = LATER,
        here: int | None = None,
        **options: Any,
    ) -> Iterator[Self]:
        """Serve `bars` at the gateway's time `now`; this machine's clock says `here`."""
        known = {one.id: one for one in instruments}
        gateway = SimulatedGateway(market_of(bars, *instruments), CALENDARS, lambda: now, **options)
        with gateway:
            clock = MemoryClock(now if here is None else here)
            yield cls(folder, gateway, clock, {one: known[one.instrument_id] for one in bars})

    @contextmanager
    def wired(self) -> Iterator[Container]:
        """Wire the parts as a command does, but for the clock."""
        at = GatewayChoice("127.0.0.1", self.gateway.port, self.client_id)
        container = wire(self.folder, "test", self.progress, at)
        container.clock.override(providers.Object(self.clock))
        container.calendar.override(providers.Object(CALENDARS))
        try:
            yield container
        finally:
            container.source().close()
            container.ledger().close()

    def answers(self, *wanted: Wanted) -> list[Answer]:
        """Return all that the source answers."""
        with self.wired() as container:
            return list(container.source().fetch(wanted))

    def given(self, wanted: Wanted) -> Bars:
        """Return all bars that the source gives, which must answer for all that is wanted."""
        found = self.answers(wanted)
        for one in found:
            if isinstance(one, SeriesFailed):
                raise one.error
        answers = [one for one in found if isinstance(one, FetchedBars)]
        assert IntervalSet(tuple(each for one in answers for each in one.attested)) == wanted.time
        return Bars.concat([one.bars for one in answers])

    def fetch(
        self, series: Series, start: str, end: str, *, hours: Hours = Hours.REGULAR, **how: Any
    ) -> SeriesOutcome:
        """Fetch what is missing into the catalog."""
        item = FetchItem(str(series.instrument_id), series.bar_type)
        with self.wired() as container:
            request = FetchRequest((item,), window(start, end), hours, **how)
            (outcome,) = container.fetch_bars().run(request).series
            return outcome

    def refused(self, series: Series, start: str, end: str) -> BarledgerError:
        """Fetch what cannot be had, and return the error."""
        try:
            self.fetch(series, start, end)
        except BarledgerError as error:
            return error
        raise AssertionError("nothing failed")

    def asked(self) -> list[HistoryRequest]:
        """Return the requests for history since the last look."""
        every = self.gateway.history_requests()
        new, self._looked_at = list(every[self._looked_at :]), len(every)
        return new

    def questions(self) -> list[tuple[str, str]]:
        """Return the ends and durations of these requests, in order of time."""
        return sorted((one.end, one.duration) for one in self.asked())

    def waits(self) -> list[str]:
        """Return what was told of waits, in order, without their seconds, which are by chance.

        What was told twice in a row is there once.
        """
        told = [without_seconds(one) for one in self.progress.stood if one]
        return [one for place, one in enumerate(told) if told[place - 1 : place] != [one]]

    def connections(self) -> int:
        """Return how many connections there were so far."""
        return len({one.connection for one in self.gateway.seen})

    def held(self, series: Series) -> Bars:
        """Return all bars that the catalog holds."""
        with self.wired() as container:
            catalog = container.catalog()
            return Bars.concat(catalog.load(catalog.availability().holdings(series), Window()))

    def judged(self, series: Series, sessions: Sequence[Session]) -> list[Judged]:
        """Return what the ledger says of sessions that are over."""
        with self.wired() as container:
            holdings = container.catalog().availability().holdings(series)
            everything = Interval(FAR_PAST, FAR_FUTURE)
            return judge(sessions, holdings, everything, self.clock.now())

    def events[E: Event](self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        with self.wired() as container:
            recorded = [one.event for one in container.ledger().replay()]
        return [one for one in recorded if isinstance(one, kind)]

    def wanted(
        self,
        series: Series,
        sessions: Sequence[Session],
        time: IntervalSet | None = None,
        **more: Any,
    ) -> Wanted:
        """Return the wish for all of `sessions`, or for `time` alone."""
        whole = IntervalSet(tuple(one for each in sessions for one in trading_time(each)))
        instrument = self.instruments[series]
        return Wanted(series, instrument, tuple(sessions), time or whole, **more)


def sessions_of(
    instrument: Instrument, first: str, last: str, hours: Hours = Hours.REGULAR
) -> list[Session]:
    """Return the sessions of an instrument from one date to another."""
    dates = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return list(CALENDARS.sessions(instrument.id, *dates, instrument.calendar, hours))


def without_seconds(told: str) -> str:
    """Return a sentence about a wait without its length."""
    return re.sub(r"\bin [\d.]+ seconds?\b", "in a moment", told)
